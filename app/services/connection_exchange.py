"""Settings and connections as a file that can be shared: never a token or a password, neither written nor read.

What a file would do is planned first and shown; only what the operator leaves ticked is done. An address of a
connection that is there is never changed by a file: its stored token would be sent to another server.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from app.core.connection import Connection, Environment, Platform
from app.core.errors import Invalid, KnownError
from app.core.text import plain
from app.platforms.postgres.dsn import Dsn
from app.platforms.traits import traits_of
from app.services.connections import ConnectionDraft
from app.services.json_places import Path, Places

if TYPE_CHECKING:
    from app.services.connections import ConnectionBook

FORMAT, VERSION = "tenantry-settings", 1
MAX_CHARACTERS = 2_000_000
_MOST = 1_000
_NAMES = ("name", "platform", "address", "environment", "read_only", "guarded", "main_database")
_SUPPORTED = (Platform.INSTANT, Platform.POSTGRES)


class ImportKind(StrEnum):
    ADD = "add"
    CHANGE = "change"
    LEAVE = "leave"
    REFUSE = "refuse"


@dataclass(frozen=True)
class Given:
    """A connection as a file names it, and the line it stands on. A file can guard a connection, never unguard it."""

    label: str
    platform: Platform
    address: str
    environment: Environment
    is_read_only: bool
    is_guarded: bool
    main_database: str | None
    line: int


@dataclass(frozen=True)
class Exchange:
    """What was read. ``settings`` and ``keys`` are as they stand; ``notes`` are sentences, each with its line."""

    settings: Mapping[str, object]
    keys: Mapping[str, str]
    connections: tuple[Given, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class ConnectionEntry:
    """What an import would do with one connection. ``is_advised`` is False where it takes a guard away."""

    kind: ImportKind
    label: str
    sentence: str
    draft: ConnectionDraft | None = None
    connection_id: str | None = None
    is_advised: bool = True


@dataclass(frozen=True)
class Imported:
    """Connections that were added and still need a token, others that were put, and what could not be."""

    without_token: tuple[Connection, ...]
    put: tuple[Connection, ...]
    failures: tuple[str, ...]


# Writing


def write_exchange(
    connections: Iterable[Connection], settings: Mapping[str, object], keys: Mapping[str, str] | None = None
) -> str:
    """The text of the file. The connection to the local platform is left out: every Tenantry has its own."""
    content = {
        "format": FORMAT,
        "version": VERSION,
        "settings": dict(settings),
        "keys": dict(keys or {}),
        "connections": [_written(each) for each in connections if not each.is_builtin],
    }
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def _written(connection: Connection) -> dict[str, object]:
    address = connection.base_url
    if traits_of(connection).has_sql:
        address = Dsn.parse(address)[0].to_text()
    return {
        "name": connection.label,
        "platform": connection.platform.value,
        "address": address,
        "environment": connection.environment.value,
        "read_only": connection.is_kept_read_only,
        "guarded": connection.is_guarded,
        "main_database": connection.foundation_app_id,
    }


# Reading


def read_exchange(text: str) -> Exchange:
    """Raises Invalid, naming the line, for what is no such file."""
    if len(text) > MAX_CHARACTERS:
        raise Invalid("The file is too large to hold settings.", remedy="Choose a file that Tenantry has exported.")
    try:
        content = json.loads(text)
    except json.JSONDecodeError as error:
        raise _wrong(f"line {error.lineno}, column {error.colno}: {error.msg}") from None
    except (RecursionError, ValueError):
        raise _wrong("it is nested too deeply or has a number that is too long") from None
    places = Places(text)
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise _wrong(f"line {places.line(('format',))}: “format” is not “{FORMAT}”")
    version = content.get("version")
    if version != VERSION:
        raise Invalid(
            f"The file is of version {plain(str(version), 20)}; this Tenantry reads version {VERSION}.",
            remedy="Update Tenantry, or export the file again from the older one.",
        )
    if places.twice:
        raise _wrong(f"line {places.line(places.twice[0])}: {_path(places.twice[0])} is given twice")
    notes: list[str] = []
    settings = _members(content, "settings", places)
    keys = {name: each for name, each in _members(content, "keys", places).items() if isinstance(each, str)}
    return Exchange(settings, keys, tuple(_connections(content.get("connections", []), places, notes)), tuple(notes))


def _members(content: dict[str, Any], name: str, places: Places) -> dict[str, Any]:
    found = content.get(name, {})
    if not isinstance(found, dict):
        raise _wrong(f"line {places.line((name,))}: “{name}” is no object")
    return found


def _connections(found: object, places: Places, notes: list[str]) -> Iterable[Given]:
    if not isinstance(found, list):
        raise _wrong(f"line {places.line(('connections',))}: “connections” is no list")
    if len(found) > _MOST:
        raise _wrong(f"it names more than {_MOST:,} connections")
    return [_given(each, ("connections", at), places, notes) for at, each in enumerate(found)]


def _given(found: object, path: Path, places: Places, notes: list[str]) -> Given:
    if not isinstance(found, dict):
        raise _wrong(f"line {places.line(path)}: {_path(path)} is no object")
    for name in found:
        if name not in _NAMES:
            line = places.line((*path, name))
            notes.append(f"Line {line}: “{plain(name, 40)}” is not taken. Tokens and passwords are entered by hand.")
    environment = _one_of(Environment, found, "environment", path, places)
    is_production = environment is Environment.PRODUCTION
    return Given(
        _text(found, "name", path, places),
        _one_of(Platform, found, "platform", path, places),
        _text(found, "address", path, places),
        environment,
        _truth(found, "read_only", path, places, default=is_production),
        _truth(found, "guarded", path, places, default=is_production) or is_production,
        _text(found, "main_database", path, places) if found.get("main_database") is not None else None,
        places.line(path),
    )


def _text(found: dict[str, Any], name: str, path: Path, places: Places) -> str:
    value = found.get(name)
    if not isinstance(value, str):
        raise _wrong(f"line {places.line((*path, name))}: {_path((*path, name))} is no text")
    return value


def _truth(found: dict[str, Any], name: str, path: Path, places: Places, *, default: bool) -> bool:
    value = found.get(name, default)
    if not isinstance(value, bool):
        raise _wrong(f"line {places.line((*path, name))}: {_path((*path, name))} is neither true nor false")
    return value


def _one_of(kind: Any, found: dict[str, Any], name: str, path: Path, places: Places) -> Any:
    text = _text(found, name, path, places)
    try:
        return kind(text)
    except ValueError:
        known = ", ".join(each.value for each in kind)
        line = places.line((*path, name))
        raise _wrong(f"line {line}: {_path((*path, name))} is “{plain(text, 40)}”, and can be {known}") from None


def _path(path: Path) -> str:
    """``connections[2].address``."""
    text = "".join(f"[{each + 1}]" if isinstance(each, int) else f".{plain(each, 40)}" for each in path)
    return f"“{text.removeprefix('.')}”"


def _wrong(what: str) -> Invalid:
    return Invalid(
        f"This is no file of settings that Tenantry can read: {what}.",
        remedy="Choose a file that Tenantry has exported, or correct it there. Nothing was changed.",
    )


# Planning and doing


class ConnectionExchange:
    """Plans what a file would do with the connections, and does it."""

    def __init__(self, book: ConnectionBook) -> None:
        self._book = book

    def plan(self, given: Iterable[Given]) -> tuple[ConnectionEntry, ...]:
        existing = list(self._book.all())
        labels = {each.label for each in existing}
        entries = []
        for each in given:
            entry = self._entry(each, existing, labels)
            labels.add(entry.label)
            entries.append(entry)
        return tuple(entries)

    def _entry(self, given: Given, existing: list[Connection], labels: set[str]) -> ConnectionEntry:
        label = " ".join(given.label.split())
        if given.platform not in _SUPPORTED:
            return _refused(label, given, f"{given.platform.value.capitalize()} cannot be connected to yet.")
        same = next((each for each in existing if _is_same(each, given)), None)
        if same is not None:
            return self._change(same, given)
        name = _free(label, labels)
        draft = ConnectionDraft(
            label=name,
            platform=given.platform,
            base_url=given.address,
            environment=given.environment,
            is_read_only=given.is_read_only,
            foundation_app_id=given.main_database,
            is_guarded=given.is_guarded,
        )
        try:
            made = self._book.check(draft)
        except Invalid as error:
            return _refused(name, given, " ".join(each.message for each in error.fields) or error.sentence)
        words = _words(made)
        if name != label:
            words = f"{words}; “{plain(label, 60)}” is the name of another connection here"
        return ConnectionEntry(ImportKind.ADD, name, words, draft)

    def _change(self, old: Connection, given: Given) -> ConnectionEntry:
        old = old.as_kept()
        new = replace(
            old,
            environment=given.environment,
            is_read_only=given.is_read_only,
            is_guarded=old.is_guarded or given.is_guarded,
            foundation_app_id=given.main_database,
        )
        differences = _differences(old, new)
        if old.is_builtin or not differences:
            why = "It belongs to Tenantry." if old.is_builtin else "It is here already, and the same."
            return ConnectionEntry(ImportKind.LEAVE, old.label, why, connection_id=old.id)
        draft = ConnectionDraft(
            label=old.label,
            platform=old.platform,
            base_url=old.base_url,
            environment=new.environment,
            is_read_only=new.is_read_only,
            is_guarded=new.is_guarded,
            foundation_app_id=new.foundation_app_id,
        )
        loosens = (old.is_read_only and not new.is_read_only) or (
            old.environment is Environment.PRODUCTION and new.environment is not Environment.PRODUCTION
        )
        sentence = ("Takes a guard away: " if loosens else "") + "; ".join(differences)
        return ConnectionEntry(ImportKind.CHANGE, old.label, sentence, draft, old.id, not loosens)

    async def apply(self, entries: Iterable[ConnectionEntry]) -> Imported:
        """Do these; one that fails does not keep the others."""
        without_token: list[Connection] = []
        put: list[Connection] = []
        failures: list[str] = []
        for each in entries:
            if each.draft is None:
                continue
            try:
                if each.kind is ImportKind.ADD:
                    made = await self._book.add(each.draft)
                    (put if traits_of(made).is_file else without_token).append(made)
                elif each.connection_id is not None:
                    put.append(await self._book.update(each.connection_id, each.draft))
            except KnownError as error:
                failures.append(f"{each.label}: {error.sentence}")
        return Imported(tuple(without_token), tuple(put), tuple(failures))


def _is_same(connection: Connection, given: Given) -> bool:
    """The same place on the same platform; what it is called does not matter."""
    return connection.platform is given.platform and connection.base_url == given.address.strip().rstrip("/")


def _free(label: str, labels: set[str]) -> str:
    number, name = 2, label
    while name in labels:
        name, number = f"{label} ({number})", number + 1
    return name


def _words(connection: Connection) -> str:
    parts = [connection.platform.value.capitalize(), connection.environment.value]
    if connection.is_read_only:
        parts.append("read-only")
    if not traits_of(connection).is_file:
        parts.append("without its token")
    return f"{plain(connection.base_url, 120)} ({', '.join(parts)})"


def _differences(old: Connection, new: Connection) -> list[str]:
    found = []
    if old.environment is not new.environment:
        found.append(f"environment: {old.environment.value} becomes {new.environment.value}")
    if old.is_read_only != new.is_read_only:
        found.append("becomes read-only" if new.is_read_only else "is not read-only any more")
    if old.is_guarded != new.is_guarded:
        found.append("writes need unlocking")
    if old.foundation_app_id != new.foundation_app_id:
        before, after = (plain(each or "none", 60) for each in (old.foundation_app_id, new.foundation_app_id))
        found.append(f"registry: {before} becomes {after}")
    return found


def _refused(label: str, given: Given, why: str) -> ConnectionEntry:
    return ConnectionEntry(ImportKind.REFUSE, label, f"Line {given.line}: {why}")

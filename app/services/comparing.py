"""Any two schemas side by side, and apps with the same schema together."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from app.core.apps import AppState
from app.core.connection import Environment
from app.core.errors import Invalid, KnownError, NotFound, Unsupported
from app.core.refs import AppRef
from app.core.text import plain
from app.platforms.traits import INSTANT, POSTGRES, Traits
from app.schema.compare import compare
from app.services.directory import Progress
from app.services.directory_refresh import WORKERS_LOCAL, WORKERS_REMOTE
from app.services.side_by_side import for_each
from app.services.workshop_words import (
    AppSource,
    Comparison,
    FileSource,
    Side,
    Source,
    TemplateSource,
)

if TYPE_CHECKING:
    from app.schema.cohorts import Cohort
    from app.schema.model import Schema
    from app.services.catalog import Catalog
    from app.services.clients import ClientPool
    from app.services.connections import ConnectionBook
    from app.services.directory import Directory
    from app.services.platform_side import PlatformSide
    from app.services.templates import TemplateShelf
    from app.services.versions import SchemaVersions

# Beyond this a file is not a schema that a person wrote; it would hold up everything else for seconds.
FILE_LIMIT = 32 * 1024 * 1024
OnProgress = Callable[[Progress], None]


class Comparing:
    """Sides are brought into one form: the platform's of the app that takes part, else Instant's."""

    def __init__(
        self,
        platforms: PlatformSide,
        catalog: Catalog,
        templates: TemplateShelf,
        versions: SchemaVersions,
    ) -> None:
        self._platforms = platforms
        self._catalog = catalog
        self._templates = templates
        self._versions = versions

    async def side(self, source: Source, traits: Traits | None = None) -> Side:
        """Raises NotFound, TextErrors, Invalid for a file that cannot be read, and the client's errors. A file is read
        as a text of ``traits``; without them, as its name says."""
        if isinstance(source, AppSource):
            return await self._app(source.ref)
        if isinstance(source, FileSource):
            schema = await asyncio.to_thread(read_file, source.path, traits or _traits_of_file(source.path))
            return Side(plain(source.path.name, 80), schema)
        if isinstance(source, TemplateSource):
            template = self._templates.get(source.name)
            return Side(f"Template {template.title}", template.schema)
        schema = await self._versions.get(source.ref, source.fingerprint)
        return Side(f"{self._platforms.title(source.ref)}, version {source.fingerprint[:8]}", schema)

    async def compare(self, left: Source, right: Source) -> Comparison:
        """What turns the left into the right; raises as ``side`` does, and Unsupported across platforms."""
        traits = self._traits(left, right)
        one, other = await asyncio.gather(self.side(left, traits), self.side(right, traits))
        return await asyncio.to_thread(_compared, traits, one, other, _live(left, one), _live(right, other))

    def _traits(self, left: Source, right: Source) -> Traits:
        """Of the platform that both sides are on; raises Unsupported where there is no such."""
        one, other = self._traits_of(left, right), self._traits_of(right, left)
        if one.has_sql != other.has_sql:
            raise Unsupported(
                f"A schema of {one.platform_label} cannot be compared with one of {other.platform_label}: their types "
                "do not mean the same.",
                remedy="Choose two apps, versions or files of the same platform.",
            )
        return other

    def _traits_of(self, source: Source, beside: Source) -> Traits:
        """Templates are Instant's; a script of SQL is read in the words of the database beside it."""
        if isinstance(source, TemplateSource):
            return INSTANT
        if not isinstance(source, FileSource):
            return self._platforms.traits(source.ref)
        own = _traits_of_file(source.path)
        if not own.has_sql or isinstance(beside, FileSource | TemplateSource):
            return own
        found = self._platforms.traits(beside.ref)
        return found if found.has_sql else own

    async def _app(self, ref: AppRef) -> Side:
        title = self._platforms.title(ref)
        try:
            return Side(title, (await self._catalog.schema(ref)).schema)
        except NotFound:
            raise
        except KnownError:
            known = await self._catalog.last_known(ref)
            if known is None:
                raise
            return Side(f"{title}, as last known", known.schema)


def _traits_of_file(path: Path) -> Traits:
    return POSTGRES if path.suffix.lower() == ".sql" else INSTANT


def read_file(path: Path, traits: Traits = INSTANT) -> Schema:
    """Blocks. Raises TextErrors with each problem's line, and Invalid where the file itself is not readable."""
    form = traits.text
    if form is None or form.parse is None:
        raise Invalid(f"{path.name} cannot be read as a schema of {traits.platform_label}.")
    choose = "Choose an instant.schema.ts file, or a script of SQL."
    try:
        if path.stat().st_size > FILE_LIMIT:
            raise Invalid(f"{path.name} is too large to be a schema.", remedy=choose)
        text = path.read_text("utf-8")
    except OSError as error:
        raise Invalid(
            f"{path.name} cannot be read: {error.strerror or error}.", remedy="Check the file, then choose it again."
        ) from error
    except UnicodeDecodeError as error:
        raise Invalid(f"{path.name} is not a text in UTF-8.", remedy=choose) from error
    return form.parse(text).schema


def _live(source: Source, side: Side) -> Schema | None:
    """A side that is (or was) a live schema has the platform's own parts; files and templates leave them out."""
    return None if isinstance(source, FileSource | TemplateSource) else side.schema


def _compared(
    traits: Traits, left: Side, right: Side, left_live: Schema | None, right_live: Schema | None
) -> Comparison:
    from app.schema.renames import suggest

    canonical = traits.canonical
    with_system_parts = traits.text.completed if traits.text is not None else _as_it_is

    one, other = left.schema, right.schema
    if left_live is None and right_live is not None:
        one = with_system_parts(one, right_live)
    if right_live is None and left_live is not None:
        other = with_system_parts(other, left_live)
    one, other = canonical(one), canonical(other)
    plan, suggestions = compare(one, other), suggest(one, other)
    return Comparison(Side(left.label, one), Side(right.label, other), plan, suggestions)


def _as_it_is(schema: Schema, _live: Schema) -> Schema:
    return schema


class Cohorts:
    """Groups apps by schema. A refresh leaves a number for each schema that it read; only one app of each number is
    read again for its fingerprint, and those of which there is no number."""

    def __init__(self, connections: ConnectionBook, clients: ClientPool, directory: Directory) -> None:
        self._connections = connections
        self._clients = clients
        self._directory = directory
        self._fingerprints: dict[int, str] = {}

    async def all(self, connection_id: str | None, on_progress: OnProgress) -> tuple[Cohort, ...]:
        """The largest first; apps that cannot be read are left out. ``connection_id`` None: all connections."""
        from app.schema.cohorts import cohorts

        refs = self._refs(connection_id)
        failed: set[AppRef] = set()
        # An app whose schema changed since the refresh brings a new number, under which others may be.
        while unread := self._unread(refs, failed):
            await self._read_all(unread, failed, on_progress)
        items = [(ref, text) for ref in refs if (text := self._fingerprint(ref)) is not None]
        return await asyncio.to_thread(cohorts, items)

    def _refs(self, connection_id: str | None) -> list[AppRef]:
        is_all = connection_id is None
        apps = self._directory.inventory() if is_all else self._directory.apps_of(connection_id or "")
        return [AppRef(each.connection_id, each.app_id) for each in apps if each.state != AppState.MISSING.value]

    def _fingerprint(self, ref: AppRef) -> str | None:
        mark = self._directory.mark_of(ref)
        return None if mark is None else self._fingerprints.get(mark)

    def _unread(self, refs: Iterable[AppRef], failed: set[AppRef]) -> list[AppRef]:
        """Those without a number, and the first of each number whose fingerprint is not known."""
        chosen: list[AppRef] = []
        seen: set[int] = set(self._fingerprints)
        for ref in refs:
            mark = self._directory.mark_of(ref)
            if ref in failed or mark in seen:
                continue
            chosen.append(ref)
            if mark is not None:
                seen.add(mark)
        return chosen

    async def _read_all(self, refs: list[AppRef], failed: set[AppRef], on_progress: OnProgress) -> None:
        done = 0

        async def read(ref: AppRef) -> None:
            nonlocal done
            if not await self._read(ref):
                failed.add(ref)
            done += 1
            on_progress(Progress(done, len(refs), "Reading schemas"))

        await for_each(refs, read, self._workers(refs))

    async def _read(self, ref: AppRef) -> bool:
        try:
            schema = await (await self._clients.get(ref.connection_id)).read_schema(ref.app_id)
        except KnownError:
            return False
        self._fingerprints[hash(schema)] = schema.fingerprint()
        self._directory.take_schema(ref, schema)
        # A connection that was removed meanwhile takes nothing.
        return self._directory.mark_of(ref) is not None

    def _workers(self, refs: list[AppRef]) -> int:
        found = (self._connections.find(each.connection_id) for each in refs)
        is_local = all(each is not None and each.environment is Environment.LOCAL for each in found)
        return WORKERS_LOCAL if is_local else WORKERS_REMOTE

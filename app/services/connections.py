"""The operator's connections."""

from __future__ import annotations

import asyncio
import unicodedata
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlsplit

from app.core.changes import Changes
from app.core.connection import Connection, Environment, Platform, TokenKind
from app.core.errors import FieldError, Invalid, NotFound, Unsupported
from app.core.refs import AppRef, is_uuid, new_id
from app.core.secret import Secret
from app.core.status import Health
from app.core.text import plain
from app.platforms.contract import Probe
from app.platforms.postgres.dsn import Dsn
from app.platforms.traits import traits_of
from app.services.sql_address import make_file

if TYPE_CHECKING:
    from app.services.audit import AuditTrail
    from app.services.clients import ClientPool
    from app.services.hub import ChangeHub
    from app.services.tokens import TokenKeeper

LABEL_LIMIT = 80
BUILTIN_LABEL = "Instant · local"
# Fixed, so that the last-known inventory of the local platform is found again.
BUILTIN_ID = "00000000-0000-4000-8000-000000000001"
_URL_LIMIT = 500
_INCOMPLETE = "The connection is not complete."


class ConnectionStore(Protocol):
    """What is needed of the local database; its methods block."""

    def all(self) -> tuple[Connection, ...]: ...

    def add(self, connection: Connection) -> None: ...

    def update(self, connection: Connection) -> None: ...

    def remove(self, connection_id: str) -> None: ...


@dataclass(frozen=True, slots=True)
class ConnectionDraft:
    """What the dialog collects. A token that is None leaves the stored one as it is; of a SQL connection,
    ``platform_token`` is the password, kept as it is. ``makes_file``: a SQLite file that is not there is made.
    ``is_guarded``: whether writes need unlocking; None asks for it in production only."""

    label: str
    platform: Platform
    base_url: str
    environment: Environment
    is_read_only: bool = False
    foundation_app_id: str | None = None
    platform_token: Secret | None = None
    dash_token: Secret | None = None
    makes_file: bool = False
    is_guarded: bool | None = None


class ConnectionBook:
    """Connections live in the local database, their tokens in the vault; ``all`` answers from memory."""

    def __init__(
        self, store: ConnectionStore, tokens: TokenKeeper, hub: ChangeHub, connections: tuple[Connection, ...] = ()
    ) -> None:
        self._store = store
        self._tokens = tokens
        self._hub = hub
        self._connections = {each.id: each for each in connections}
        self._clients: ClientPool | None = None
        self._before_removal: list[Callable[[str], Awaitable[None]]] = []
        self._as_it_is: Callable[[Connection], Connection] = _unchanged
        self._trail: AuditTrail | None = None

    def on_remove(self, forget: Callable[[str], Awaitable[None]]) -> None:
        """``forget`` is awaited before a connection is removed; where it raises, the connection stays."""
        self._before_removal.append(forget)

    def use(self, clients: ClientPool) -> None:
        """The clients that must follow what changes here."""
        self._clients = clients

    def show_as(self, as_it_is: Callable[[Connection], Connection]) -> None:
        """What is answered for a connection is what ``as_it_is`` makes of what is kept: see ``Guards.shown``."""
        self._as_it_is = as_it_is

    def record_in(self, trail: AuditTrail) -> None:
        """From now on, what the operator does to connections is in the audit trail."""
        self._trail = trail

    async def load(self) -> None:
        self._connections = {each.id: each for each in await asyncio.to_thread(self._store.all)}

    def all(self) -> tuple[Connection, ...]:
        return tuple(map(self._as_it_is, self._connections.values()))

    def find(self, connection_id: str) -> Connection | None:
        connection = self._connections.get(connection_id)
        return None if connection is None else self._as_it_is(connection)

    def get(self, connection_id: str) -> Connection:
        connection = self.find(connection_id)
        if connection is None:
            raise NotFound("This connection was removed.")
        return connection

    async def add(self, draft: ConnectionDraft) -> Connection:
        """Raises Invalid with the fields that are wrong."""
        connection = self._checked(new_id(), draft)
        await _made_file(connection, draft)
        async with self._recorded(connection, "add connection"):
            await asyncio.to_thread(self._store.add, connection)
            self._connections[connection.id] = connection
            await self._keep_tokens(connection.id, draft)
        self._hub.publish(Changes(connections=True))
        return connection

    async def update(self, connection_id: str, draft: ConnectionDraft) -> Connection:
        """Raises Invalid with the fields that are wrong, NotFound where it was removed in the meantime."""
        old = self.get(connection_id)
        connection = replace(self._checked(connection_id, draft), is_builtin=old.is_builtin)
        if old.is_builtin:
            # Its address, kind and tokens are those of the process that Tenantry runs.
            connection = replace(connection, base_url=old.base_url, environment=old.environment, platform=old.platform)
        await self._ensure_password_stays(old, connection, draft)
        await _made_file(connection, draft)
        async with self._recorded(connection, "edit connection"):
            await self._put(connection)
            if not old.is_builtin:
                await self._keep_tokens(connection_id, draft)
        self._retire(connection_id)
        self._hub.publish(Changes(connections=True))
        return connection

    async def remove(self, connection_id: str) -> None:
        """Forgets its tokens and its last-known inventory too; the platform itself is not touched."""
        if self.get(connection_id).is_builtin:
            raise Unsupported("The connection to the local platform belongs to Tenantry and stays.")
        for forget in self._before_removal:
            await forget(connection_id)
        async with self._recorded(self.get(connection_id), "remove connection"):
            await self._tokens.forget(connection_id)
        await asyncio.to_thread(self._store.remove, connection_id)
        self._connections.pop(connection_id, None)
        self._retire(connection_id)
        self._hub.publish(Changes(connections=True, apps=frozenset((connection_id,))))

    def check(self, draft: ConnectionDraft) -> Connection:
        """The connection that ``add`` would make of it, under an ID of its own. Raises Invalid as ``add`` does."""
        return self._checked(new_id(), draft)

    async def test(self, draft: ConnectionDraft, connection_id: str | None = None) -> Probe:
        """Ask the platform how it is, without storing anything.

        ``connection_id`` names the connection that is edited: tokens that the draft leaves out are taken from it.
        """
        assert self._clients is not None
        connection = self._checked(connection_id or new_id(), draft)
        if connection_id is not None:
            await self._ensure_password_stays(self.get(connection_id), connection, draft)
        if await _is_to_be_made(connection, draft):
            return Probe(Health.UP, None, "The file is not there yet: it is made when you save.")
        platform = draft.platform_token or await self._stored(connection_id, TokenKind.PLATFORM)
        dash = draft.dash_token or await self._stored(connection_id, TokenKind.DASH)
        client = await self._clients.temporary(connection, platform, dash)
        try:
            return await client.probe()
        finally:
            await client.aclose()

    async def put_builtin(self, base_url: str, foundation_app_id: str) -> Connection:
        """The connection to the local platform, made on first start; later its address follows the port."""
        old = self._connections.get(BUILTIN_ID)
        if old is None:
            builtin = Connection(
                id=BUILTIN_ID,
                label=BUILTIN_LABEL,
                platform=Platform.INSTANT,
                base_url=base_url,
                environment=Environment.LOCAL,
                foundation_app_id=foundation_app_id,
                is_builtin=True,
            )
            await asyncio.to_thread(self._store.add, builtin)
            self._connections = {BUILTIN_ID: builtin, **self._connections}
        elif old.base_url != base_url:
            await self._put(replace(old, base_url=base_url))
        else:
            return old
        self._retire(BUILTIN_ID)
        self._hub.publish(Changes(connections=True))
        return self._connections[BUILTIN_ID]

    def _recorded(self, connection: Connection, action: str) -> AbstractAsyncContextManager[object]:
        if self._trail is None:
            return nullcontext()
        modes = ("read-only", connection.is_kept_read_only), ("guarded", connection.is_guarded)
        words = [plain(connection.label, 80), connection.environment.value, *(word for word, is_on in modes if is_on)]
        return self._trail.recorded(AppRef(connection.id, ""), action, ", ".join(words))

    async def _put(self, connection: Connection) -> None:
        await asyncio.to_thread(self._store.update, connection)
        self._connections[connection.id] = connection

    async def _stored(self, connection_id: str | None, kind: TokenKind) -> Secret | None:
        return await self._tokens.get(connection_id, kind) if connection_id else None

    async def _keep_tokens(self, connection_id: str, draft: ConnectionDraft) -> None:
        for kind, token in ((TokenKind.PLATFORM, draft.platform_token), (TokenKind.DASH, draft.dash_token)):
            if token:
                # A password may begin and end with spaces.
                is_password = self.get(connection_id).platform is Platform.POSTGRES
                await self._tokens.set(connection_id, kind, token if is_password else Secret(token.reveal().strip()))

    async def _ensure_password_stays(self, old: Connection, new: Connection, draft: ConnectionDraft) -> None:
        """A stored password is for one user of one server: another one must not be sent it. Raises Invalid."""
        if draft.platform_token is not None or not traits_of(new).has_sql or _login(old) == _login(new):
            return
        if await self._stored(old.id, TokenKind.PLATFORM) is not None:
            message = "The server or the user is another one now: enter the password again."
            raise Invalid(_INCOMPLETE, fields=(FieldError("platform_token", message),))

    def _retire(self, connection_id: str) -> None:
        if self._clients is not None:
            self._clients.forget(connection_id)

    def _checked(self, connection_id: str, draft: ConnectionDraft) -> Connection:
        if draft.platform is Platform.POSTGRES:
            return self._checked_sql(connection_id, draft)
        label = " ".join(draft.label.split())
        errors = tuple(
            FieldError(field, message)
            for field, message in (
                *_label_errors(label, {each.label for each in self.all() if each.id != connection_id}),
                *_url_errors(draft.base_url.strip()),
                *_foundation_errors((draft.foundation_app_id or "").strip(), draft.platform),
                *_token_errors("platform_token", draft.platform_token),
                *_token_errors("dash_token", draft.dash_token),
            )
        )
        if errors:
            raise Invalid(_INCOMPLETE, fields=errors)
        return Connection(
            id=connection_id,
            label=label,
            platform=draft.platform,
            base_url=draft.base_url.strip().rstrip("/"),
            environment=draft.environment,
            is_read_only=draft.is_read_only,
            foundation_app_id=(draft.foundation_app_id or "").strip().lower() or None,
            is_guarded=_is_guarded(draft),
        )

    def _checked_sql(self, connection_id: str, draft: ConnectionDraft) -> Connection:
        """``foundation_app_id`` is the main database's name, exactly as it is."""
        label = " ".join(draft.label.split())
        others = {each.label for each in self.all() if each.id != connection_id}
        errors = [FieldError(*each) for each in _label_errors(label, others)]
        address = draft.base_url
        try:
            dsn, password = Dsn.parse(address)
            address = dsn.to_text()
            if password is not None:
                errors.append(FieldError("base_url", "Leave the password out of the address; it has its own field."))
        except Invalid as error:
            errors += error.fields
        if draft.platform_token is not None and "\0" in draft.platform_token.reveal():
            errors.append(FieldError("platform_token", "A password cannot hold this character; copy it again."))
        if errors:
            raise Invalid(_INCOMPLETE, fields=tuple(errors))
        return Connection(
            id=connection_id,
            label=label,
            platform=draft.platform,
            base_url=address,
            environment=draft.environment,
            is_read_only=draft.is_read_only,
            foundation_app_id=draft.foundation_app_id or None,
            is_guarded=_is_guarded(draft),
        )


def _unchanged(connection: Connection) -> Connection:
    return connection


def _is_guarded(draft: ConnectionDraft) -> bool:
    return draft.environment is Environment.PRODUCTION if draft.is_guarded is None else draft.is_guarded


async def _is_to_be_made(connection: Connection, draft: ConnectionDraft) -> bool:
    if not draft.makes_file or not traits_of(connection).is_file:
        return False
    return not await asyncio.to_thread(Path(Dsn.parse(connection.base_url)[0].database).exists)


def _login(connection: Connection) -> tuple[str, str]:
    dsn, _password = Dsn.parse(connection.base_url)
    return dsn.server, dsn.user


async def _made_file(connection: Connection, draft: ConnectionDraft) -> None:
    if draft.makes_file and traits_of(connection).is_file:
        await asyncio.to_thread(make_file, Path(Dsn.parse(connection.base_url)[0].database))


def _label_errors(label: str, others: set[str]) -> Iterator[tuple[str, str]]:
    if not label:
        yield "label", "Enter a name for the connection."
    elif len(label) > LABEL_LIMIT:
        yield "label", f"At most {LABEL_LIMIT} characters."
    elif any(unicodedata.category(char) in {"Cc", "Cf", "Cs"} for char in label):
        yield "label", "Invisible characters are not allowed."
    elif label in others:
        yield "label", "Another connection has this name."


def _url_errors(url: str) -> Iterator[tuple[str, str]]:
    if not url:
        yield "base_url", "Enter the address of the platform's API, for example https://api.instantdb.com."
        return
    try:
        parts = urlsplit(url)
        has_good_port = parts.port is None or parts.port > 0
    except ValueError:
        yield "base_url", "This is not a valid address."
        return
    if parts.scheme not in {"http", "https"}:
        yield "base_url", "The address starts with https:// (or http:// on this machine)."
    elif not parts.hostname or not has_good_port or len(url) > _URL_LIMIT or any(char.isspace() for char in url):
        yield "base_url", "This is not a valid address."
    elif parts.username is not None or parts.password is not None:
        yield "base_url", "Leave user name and password out of the address; the token has a field of its own."
    elif parts.query or parts.fragment:
        yield "base_url", "Leave out everything from the first ? or # on."


def _foundation_errors(app_id: str, platform: Platform) -> Iterator[tuple[str, str]]:
    if app_id and platform is Platform.INSTANT and not is_uuid(app_id):
        yield "foundation_app_id", "An app ID of Instant is a UUID, 36 characters with hyphens."


def _token_errors(field: str, token: Secret | None) -> Iterator[tuple[str, str]]:
    text = token.reveal().strip() if token else ""
    if text and not all(33 <= ord(char) <= 126 for char in text):
        yield field, "A token has no spaces and only plain characters; copy it again."

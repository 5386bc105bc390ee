"""Creating, renaming and deleting apps."""

from __future__ import annotations

import unicodedata
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.core.apps import AppSummary
from app.core.connection import Connection
from app.core.errors import (
    Conflict,
    FieldError,
    Invalid,
    KnownError,
    NotFound,
    PlatformFault,
    ReadOnly,
    Timeout,
    Unsupported,
)
from app.core.refs import AppRef, new_id
from app.platforms.traits import traits_of

if TYPE_CHECKING:
    from app.platforms.contract import PlatformClient, RemoteApp
    from app.services.audit import AuditTrail
    from app.services.catalog import Catalog
    from app.services.clients import ClientPool
    from app.services.connections import ConnectionBook
    from app.services.directory import Directory
    from app.services.templates import Template, TemplateShelf


@dataclass(frozen=True, slots=True)
class Organisation:
    """Where an app can be put instead of the token's own account."""

    id: str
    title: str


TITLE_LIMIT = 200
DATABASE_NAME_BYTES = 63
# Invisible, but part of how Persian, Indian scripts and emoji are written.
_JOINERS = frozenset("\u200c\u200d")


class AppLifecycle:
    """Each act is in the audit trail with its outcome, and the inventory follows at once."""

    def __init__(
        self,
        connections: ConnectionBook,
        clients: ClientPool,
        templates: TemplateShelf,
        directory: Directory,
        catalog: Catalog,
        trail: AuditTrail,
    ) -> None:
        self._connections = connections
        self._clients = clients
        self._templates = templates
        self._directory = directory
        self._catalog = catalog
        self._trail = trail

    async def create(
        self,
        connection_id: str,
        title: str,
        template_name: str | None = None,
        org_id: str | None = None,
        *,
        app_id: str | None = None,
    ) -> AppSummary:
        """Create an app, from a template or blank.

        The ID is chosen here (or given by a caller that repeats itself), so that a repeat cannot make a second app.
        Raises Invalid with the field ``title`` or ``template_name``, ReadOnly, and the client's errors.
        """
        connection = self._writable(connection_id)
        if traits_of(connection).has_sql:
            return await self._create_database(connection, title, template_name, app_id or new_id())
        title = checked_title(title)
        template = self._template(template_name)
        ref = AppRef(connection_id, app_id or new_id())
        client = await self._clients.get(connection_id)
        async with self._trail.recorded(ref, "create", f"{title} on {connection.label}", title):
            remote = await _created(client, ref.app_id, title, template, org_id)
        return await self._directory.put(connection_id, remote, template.name if template else "")

    async def _create_database(
        self, connection: Connection, name: str, template_name: str | None, mark: str
    ) -> AppSummary:
        """Its name becomes its app ID; ``mark`` tells a repeat from somebody else's database of this name."""
        if template_name not in (None, "", "blank"):
            raise Unsupported("Templates are for apps on Instant; a database begins empty.")
        name = checked_database_name(name)
        client = await self._clients.get(connection.id)
        async with self._trail.recorded(AppRef(connection.id, name), "create", f"{name} on {connection.label}", name):
            try:
                remote = await client.create_app(name, app_id=mark)
            except (Timeout, PlatformFault) as error:
                if not error.may_have_taken_effect:
                    raise
                remote = await client.create_app(name, app_id=mark)
            except Conflict as error:
                raise Invalid(error.sentence, fields=(FieldError("title", error.sentence),)) from error
        return await self._directory.put(connection.id, remote)

    async def organisations(self, connection_id: str) -> tuple[Organisation, ...]:
        """Those that an app can be created in, by title; none where the platform has no such thing.

        Raises the client's errors.
        """
        list_orgs = getattr(await self._clients.get(connection_id), "list_orgs", None)
        found = await list_orgs() if list_orgs is not None else ()
        return tuple(sorted((Organisation(each.id, each.title) for each in found), key=lambda each: each.title))

    async def rename(self, ref: AppRef, title: str) -> AppSummary:
        """Raises Invalid with the field ``title``, ReadOnly, and the client's errors."""
        self._writable(ref.connection_id)
        title = checked_title(title)
        client = await self._clients.get(ref.connection_id)
        async with self._trail.recorded(ref, "rename", title):
            remote = await client.rename_app(ref.app_id, title)
        return await self._directory.put(ref.connection_id, remote)

    async def delete(self, ref: AppRef) -> None:
        """Delete an app; one that is gone already counts as deleted.

        Instant keeps a deleted app for two days, but offers no way to bring it back. The foundation is refused.
        """
        connection = self._writable(ref.connection_id)
        if ref.app_id == connection.foundation_app_id:
            if traits_of(connection).has_sql:
                raise Unsupported(
                    "This is the main database: it knows whose every store is.",
                    remedy="Take it out of the connection first, if it really is to be dropped.",
                )
            raise Unsupported(
                "This app is the foundation: it knows who owns every other app.",
                remedy="Take it out of the connection first, if it really is to be deleted.",
            )
        client = await self._clients.get(ref.connection_id)
        async with self._trail.recorded(ref, "delete"):
            with suppress(NotFound):
                await client.delete_app(ref.app_id)
        self._catalog.forget(ref)
        await self._directory.drop(ref)

    def _writable(self, connection_id: str) -> Connection:
        connection = self._connections.get(connection_id)
        if connection.is_read_only:
            raise ReadOnly(
                f"{connection.label} is a read-only connection.",
                remedy="Edit the connection to allow writes, or use another one.",
            )
        return connection

    def _template(self, name: str | None) -> Template | None:
        if name is None:
            return None
        template = self._templates.find(name)
        if template is None:
            message = "This template does not exist any more."
            raise Invalid("The app cannot be created.", fields=(FieldError("template_name", message),))
        return template


def checked_database_name(name: str) -> str:
    """The name without white space around it; raises Invalid with the field ``title``. Anything else is PostgreSQL's
    to refuse: names with quotes, blanks and emoji are fine."""
    name = checked_title(name)
    if len(name.encode()) <= DATABASE_NAME_BYTES:
        return name
    message = f"A name in PostgreSQL has at most {DATABASE_NAME_BYTES} bytes; this one has {len(name.encode())}."
    raise Invalid("The name is not acceptable.", fields=(FieldError("title", message),))


def checked_title(title: str) -> str:
    """The title without white space around it; raises Invalid with the field ``title``.

    Instant itself takes a title of any length; Tenantry stops where a list becomes unreadable. Right-to-left
    letters and markup are fine (they are shown as plain text), what could reorder or hide text is not.
    """
    title = title.strip()
    if not title:
        message = "Enter a title."
    elif len(title) > TITLE_LIMIT:
        message = f"A title has at most {TITLE_LIMIT} characters; this one has {len(title):,}."
    elif any(unicodedata.category(char) in {"Cc", "Cf", "Cs"} and char not in _JOINERS for char in title):
        message = "A title is one line without invisible characters."
    else:
        return title
    raise Invalid("The title is not acceptable.", fields=(FieldError("title", message),))


async def _created(
    client: PlatformClient, app_id: str, title: str, template: Template | None, org_id: str | None
) -> RemoteApp:
    schema = template.schema if template and template.schema.entities else None
    rules = template.rules if template else None
    try:
        return await client.create_app(title, app_id=app_id, schema=schema, rules=rules, org_id=org_id)
    except (Timeout, PlatformFault) as error:
        # The answer was lost, not necessarily the app: its ID is ours, so it can be asked for.
        found = await _found(client, app_id) if error.may_have_taken_effect else None
        if found is None:
            raise
        # Whether its schema arrived too is not known: a repeat under the same ID completes it.
        return await client.create_app(title, app_id=app_id, schema=schema, rules=rules, org_id=org_id)


async def _found(client: PlatformClient, app_id: str) -> RemoteApp | None:
    try:
        return await client.get_app(app_id)
    except KnownError:
        return None

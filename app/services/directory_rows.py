"""What the directory knows of one connection, and the rows that follow from it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from app.core.apps import AppKind, AppState, AppSummary
from app.core.connection import Connection
from app.core.errors import KnownError, PlatformFault, RateLimited, Timeout, Unreachable
from app.core.refs import AppRef
from app.platforms.contract import RemoteApp
from app.platforms.traits import traits_of
from app.schema.drift import Difference, differences, summary
from app.services.following import Following
from app.services.registry import Claim, Registry

if TYPE_CHECKING:
    from app.schema.model import Schema
    from app.services.connections import ConnectionBook
    from app.services.templates import Template, TemplateShelf

_STATUS_STATES = {"read-only": AppState.READ_ONLY, "disabled": AppState.DISABLED}


@dataclass
class Shelf:
    """What is known of one connection; rows by app ID, in the order of listing."""

    rows: dict[str, AppSummary] = field(default_factory=dict)
    listed: dict[str, RemoteApp] = field(default_factory=dict)
    registry: Registry | None = None
    registry_error: KnownError | None = None
    drifts: dict[str, tuple[Difference, ...]] = field(default_factory=dict)
    marks: dict[str, int] = field(default_factory=dict)
    unread: dict[str, KnownError] = field(default_factory=dict)
    is_fresh: bool = False


class Rows:
    """Makes the rows of a shelf: from the list, the registry, the schemas, and what each app follows."""

    def __init__(self, connections: ConnectionBook, templates: TemplateShelf, following: Following) -> None:
        self._connections = connections
        self._templates = templates
        self._following = following

    def put_all(self, connection: Connection, shelf: Shelf, now: int) -> None:
        """In place of the old ones."""
        shelf.rows = {each.app_id: self.row(connection, shelf, each, now) for each in shelf.listed.values()} | {
            each.app_id: each for each in missing(connection, shelf)
        }

    def row(self, connection: Connection, shelf: Shelf, remote: RemoteApp, now: int) -> AppSummary:
        """A row from the list and the registry; what its schema says is kept from before."""
        old = shelf.rows.get(remote.app_id)
        claims = shelf.registry.by_app.get(remote.app_id, ()) if shelf.registry else ()
        kind = _kind(connection, remote.app_id, claims, old if shelf.registry is None else None)
        known = self._following.get(AppRef(connection.id, remote.app_id))
        template = known.template if known else old.template if old else ""
        row = AppSummary(
            connection_id=connection.id,
            app_id=remote.app_id,
            title=remote.title,
            owner=_owner(claims) if shelf.registry or old is None else old.owner,
            kind=kind.value,
            agents=old.agents if old else -1,
            created_at=remote.created_at,
            seen_at=now,
            org=remote.org_title or remote.org_id or "",
            template=template,
        )
        return self.judged(shelf, row, remote, old)

    def judged(self, shelf: Shelf, row: AppSummary, remote: RemoteApp | None, old: AppSummary | None) -> AppSummary:
        """The row with its state and the words for it."""
        drift = summary(shelf.drifts[row.app_id]) if row.app_id in shelf.drifts else _last_known_drift(old)
        is_unowned = self._has_tenants(row.connection_id) and _is_unowned(shelf.registry, row)
        status = _STATUS_STATES.get(remote.status) if remote else None
        words = [status.value] if status else []
        words += [drift] if drift else []
        behind = self._behind(row)
        words += [behind] if behind else []
        words += ["no owner in registry"] if is_unowned else []
        state = status or (AppState.DRIFTED if drift or behind else AppState.UNOWNED if is_unowned else AppState.OK)
        return row._replace(state=state.value, note="; ".join(words))

    def _behind(self, row: AppSummary) -> str:
        known = self._following.get(AppRef(row.connection_id, row.app_id))
        template = self._templates.find(known.template) if known else None
        if known is None or template is None or not 0 < known.version < template.version:
            return ""
        return f"version {known.version} of its template, which is at {template.version}"

    def note_failure(self, shelf: Shelf, app_id: str, error: KnownError, *, is_elsewhere: bool) -> None:
        """What the whole platform cannot do is no fault of the app; a store elsewhere is its own server."""
        row = shelf.rows.get(app_id)
        is_its_own = is_elsewhere or not isinstance(error, Unreachable | Timeout | RateLimited | PlatformFault)
        if row is not None and is_its_own:
            shelf.rows[app_id] = row._replace(state=AppState.UNKNOWN.value, note=error.sentence)

    def take_schema(self, connection: Connection, shelf: Shelf, app_id: str, schema: Schema) -> None:
        # Six times cheaper than a fingerprint, and a number instead of a schema for each of 10,000 apps.
        shelf.marks[app_id] = hash(schema)
        row = shelf.rows.get(app_id)
        if row is None:
            return
        template = self._template_of(row, schema)
        found = differences(schema, template.schema) if template else ()
        shelf.drifts.pop(app_id, None)
        if found:
            shelf.drifts[app_id] = found
        agents = sum(not each.is_system for each in schema.entities)
        ref = AppRef(connection.id, app_id)
        if template is not None and not found:
            self._following.caught_up(ref, template.name, template.version)
        known = self._following.get(ref)
        name = known.template if known else template.name if template else ""
        row = row._replace(agents=agents, template=name)
        shelf.rows[app_id] = self.judged(shelf, row, shelf.listed.get(app_id), None)

    def _template_of(self, row: AppSummary, schema: Schema) -> Template | None:
        """As it was said, or remembered from its creation; a tenant without one follows what its entities look like."""
        known = self._following.get(AppRef(row.connection_id, row.app_id))
        if known is not None:
            return self._templates.find(known.template)
        if not self._has_tenants(row.connection_id):
            # Templates are Instant's: a database is not measured by one that its tables happen to look like.
            return None
        remembered = self._templates.find(row.template) if row.template else None
        if remembered is not None or row.kind != AppKind.TENANT.value:
            return remembered
        return self._templates.recognise(schema)

    def _has_tenants(self, connection_id: str) -> bool:
        """Whether each of its apps should belong to somebody, and follow a template."""
        connection = self._connections.find(connection_id)
        return connection is not None and traits_of(connection).has_registry_app


def _kind(connection: Connection, app_id: str, claims: tuple[Claim, ...], last_known: AppSummary | None) -> AppKind:
    if app_id == connection.foundation_app_id:
        return AppKind.FOUNDATION
    if claims:
        return claims[0].kind
    # The registry could not be read: better what was last known than nothing.
    return AppKind(last_known.kind) if last_known else AppKind.OTHER


def _owner(claims: tuple[Claim, ...]) -> str:
    return ", ".join(dict.fromkeys(claim.owner for claim in claims if claim.owner))


def _is_unowned(registry: Registry | None, row: AppSummary) -> bool:
    """An organisation owns its apps itself; so does nobody else but the registry's users and tasks."""
    if registry is None or not registry.is_complete or row.kind == AppKind.FOUNDATION.value:
        return False
    return not row.owner and not row.org and row.app_id not in registry.others


def _last_known_drift(old: AppSummary | None) -> str:
    """The words about drift in the note of a row from before this session's schema was read."""
    words = old.note.split("; ") if old else []
    return next((each for each in words if each.startswith("drift: ")), "")


def missing(connection: Connection, shelf: Shelf) -> list[AppSummary]:
    """Rows for apps that the registry names and the platform does not list."""
    if shelf.registry is None:
        return []
    is_instant = traits_of(connection).has_registry_app
    note = "in the registry, but not found on the platform" if is_instant else "named as a store, but not found"
    return [
        AppSummary(
            connection_id=connection.id,
            app_id=app_id,
            title=claims[0].name or (old.title if (old := shelf.rows.get(app_id)) else "(title unknown)"),
            owner=_owner(claims),
            kind=claims[0].kind.value,
            state=AppState.MISSING.value,
            created_at=claims[0].created_at,
            seen_at=old.seen_at if (old := shelf.rows.get(app_id)) else 0,
            note=note,
        )
        for app_id, claims in shelf.registry.by_app.items()
        if app_id not in shelf.listed
    ]

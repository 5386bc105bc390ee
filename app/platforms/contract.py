"""What every platform client offers; buttons in the window exist because a capability does."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from app.core.secret import Secret
from app.core.status import Finding, Health
from app.schema.model import Schema

if TYPE_CHECKING:
    from app.platforms.postgres.dsn import Place
    from app.schema.check import Rules
    from app.schema.compare import Plan, Renames


@dataclass(frozen=True, slots=True)
class Capability:
    """Whether something can be done here, and where not, why (a sentence for the operator)."""

    is_available: bool
    reason: str = ""


YES = Capability(True)


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What this connection can do with the tokens and the mode that it has."""

    create_app: Capability = YES
    rename_app: Capability = YES
    delete_app: Capability = YES
    read_schema: Capability = YES
    push_schema: Capability = YES
    read_rows: Capability = YES
    write_rows: Capability = YES
    permissions: Capability = YES
    organisations: Capability = YES
    set_status: Capability = YES
    rotate_tokens: Capability = YES
    back_up: Capability = YES
    restore: Capability = YES


@dataclass(frozen=True, slots=True)
class Probe:
    """The answer to "how are you, and what may I do?". ``latency_ms`` is None where no answer came.

    A probe never raises a known error: it says in ``health``, ``sentence`` and ``remedy`` what is wrong.
    """

    health: Health
    latency_ms: float | None
    sentence: str = ""
    remedy: str = ""
    capabilities: Capabilities = field(default_factory=Capabilities)
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class RemoteApp:
    """An app as its platform lists it. ``created_at`` is seconds since the epoch (0 unknown), ``status`` is
    ``active``, ``read-only`` or ``disabled``. ``admin_token`` only where the platform gave it."""

    app_id: str
    title: str
    created_at: int = 0
    org_id: str | None = None
    org_title: str = ""
    status: str = "active"
    admin_token: Secret | None = None


@dataclass(frozen=True, slots=True)
class LiveSchema:
    """A schema just read, with what its platform needs to change it (``native``: IDs, soft-deleted parts…; opaque)."""

    schema: Schema
    fingerprint: str
    native: Any = field(default=None, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class RenderedStep:
    """One thing that the platform will be asked to do: ``text`` is the request's own text (JSON, SQL).

    ``operation`` is the index of the plan's step that it belongs to; ``note`` says what is special about it. ``lock``
    tells in words what it locks and for how long; what is not ``is_transactional`` takes effect by itself, and stays
    where a later step fails. ``phase`` names the steps that are sent together, ``order`` is the place among all that
    is sent.
    """

    operation: int
    text: str
    is_background: bool = False
    note: str = ""
    lock: str = ""
    is_transactional: bool = True
    phase: str = ""
    order: int = 0


@dataclass(frozen=True, slots=True)
class RowCount:
    """Rows that a step of the plan touches; ``rows`` is None where it cannot be known (``sentence`` says why).

    ``is_blocking``: with these rows the step is going to fail.
    """

    operation: int
    rows: int | None
    sentence: str
    is_blocking: bool = False


@dataclass(frozen=True, slots=True)
class OffendingRow:
    """A row that stands in a job's way; ``value`` is its value as JSON text, cut to a length."""

    entity_id: str
    value: str = ""
    kind: str = ""


@dataclass(frozen=True, slots=True)
class PushJob:
    """Background work of a push. ``place`` is ``entity.attribute``; ``status`` waiting, processing, completed or
    errored; ``done``/``total`` in the platform's units, None where unknown; ``error`` a sentence."""

    id: str
    title: str
    place: str
    status: str
    done: int | None = None
    total: int | None = None
    error: str = ""
    rows: tuple[OffendingRow, ...] = ()
    row_count: int | None = None


@dataclass(frozen=True, slots=True)
class PushProgress:
    """``phase`` is reading, sending, jobs or verifying."""

    phase: str
    jobs: tuple[PushJob, ...] = ()


class PlatformClient(Protocol):
    """The part that is the same on all platforms. All coroutines raise ``core.errors`` only.

    Clients live on the engine's loop and are closed by whoever made them.
    """

    async def probe(self) -> Probe: ...

    async def list_apps(self) -> tuple[RemoteApp, ...]:
        """All apps that the token can see, each once, in the platform's order."""

    async def get_app(self, app_id: str) -> RemoteApp: ...

    async def create_app(
        self,
        title: str,
        *,
        app_id: str,
        schema: Schema | None = None,
        rules: dict[str, Any] | None = None,
        org_id: str | None = None,
    ) -> RemoteApp:
        """Create an app under the caller's ID, so that a repeat finds the first instead of making a second.

        Where an app is known by its name (SQL), the ID only marks whose it is: the answer has the real one, and
        somebody else's app of this name is a Conflict.
        """

    async def rename_app(self, app_id: str, title: str) -> RemoteApp: ...

    async def delete_app(self, app_id: str) -> None: ...

    async def read_schema(self, app_id: str) -> Schema: ...

    @property
    def schema_rules(self) -> Rules:
        """What a schema on this platform may be."""

    async def read_live(self, app_id: str) -> LiveSchema:
        """The schema now, with what a push needs to change it."""

    def render(self, live: LiveSchema, plan: Plan, *, restores: bool = False) -> tuple[RenderedStep, ...]:
        """What ``send_plan`` would send; pure. ``restores``: dropped parts come back with their data where possible."""

    def renames_between(self, before: LiveSchema, after: LiveSchema) -> Renames | None:
        """What of ``before`` is what of ``after`` under another name, for sure; pure. Names alone cannot tell whether
        two parts changed places. None where it keeps no IDs."""

    async def count_rows(
        self, app_id: str, plan: Plan, on_count: Callable[[RowCount], None] = lambda _count: None
    ) -> tuple[RowCount, ...]:
        """Rows that the plan's steps touch, each told as soon as it is known."""

    async def send_plan(
        self,
        app_id: str,
        live: LiveSchema,
        plan: Plan,
        on_progress: Callable[[PushProgress], None] = lambda _progress: None,
        *,
        restores: bool = False,
    ) -> tuple[PushJob, ...]:
        """Apply the plan to the schema that ``live`` is, and follow its jobs to their end.

        A failed job is in the result. An error with ``may_have_taken_effect`` leaves it to the caller to read what
        did; any other error means that nothing was changed.
        """

    async def aclose(self) -> None: ...


@dataclass(frozen=True, slots=True)
class TableSize:
    """``rows_estimate`` is the platform's own guess (-1 where it never counted), ``bytes`` with indexes."""

    entity: str
    rows_estimate: int
    bytes: int


@dataclass(frozen=True, slots=True)
class RowPage:
    """Rows as plain Python values in the order of ``columns``; ``next_key`` goes into the next call's ``after``, None
    at the end."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    next_key: Any = None


@dataclass(frozen=True, slots=True)
class StoreHealth:
    """How one database is; ``tables``, ``bytes``, ``open_connections`` are None where they are not known.

    ``counted_at`` is when these were asked for, in seconds since the epoch; 0 where they were not.
    """

    is_reachable: bool
    latency_ms: float | None = None
    tables: int | None = None
    bytes: int | None = None
    version: str = ""
    open_connections: int | None = None
    sentence: str = ""
    remedy: str = ""
    counted_at: float = 0.0


class SqlClient(PlatformClient, Protocol):
    """What only a platform that speaks SQL offers (``Traits.has_sql``)."""

    async def entity_names(self, app_id: str) -> tuple[str, ...]:
        """Of all tables, in order of name; one cheap question, also for thousands."""

    async def sizes(self, app_id: str) -> tuple[TableSize, ...]: ...

    async def rows(
        self,
        app_id: str,
        entity: str,
        *,
        columns: Sequence[str] | None = None,
        where: Mapping[str, Any] | None = None,
        after: Any = None,
        limit: int = 500,
    ) -> RowPage:
        """A page in the order of the primary key; ``where`` are columns that equal a value (None: that are null)."""

    async def counts_by(self, app_id: str, entity: str, column: str) -> Mapping[Any, int]:
        """Rows of each value of a column, in one grouped question; rows without one are left out."""

    async def write(self, app_id: str, statements: Sequence[tuple[str, Mapping[str, Any]]]) -> None:
        """All in one transaction, values bound by name (``:name``); raises ReadOnly on a read-only connection."""

    async def check(self, app_id: str, place: Place | None = None, known: StoreHealth | None = None) -> StoreHealth:
        """Never raises a known error: it says in ``sentence`` and ``remedy`` what is wrong. With ``place`` it is gone
        to that way, as the program goes whose store it is. What was counted for ``known`` is not counted again: that
        takes a new connection about as long as half of the connecting."""

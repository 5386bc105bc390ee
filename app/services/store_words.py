"""The values that the services of main databases and stores hand out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from app.services.main_map import MainMap, Mode, ModeSource, SecretPlace

if TYPE_CHECKING:
    from app.platforms.contract import StoreHealth

TableKind = Literal["system", "application", "other"]


@dataclass(frozen=True, slots=True)
class StoreRow:
    """Where a workspace's store is, as its pointer says; never with a password.

    ``app_id`` is "" where the pointer cannot be read, and ``problem`` says why, in a sentence; beside an ``app_id`` it
    says why the password is not known. ``record_id`` is the row's own ID ("" where the table has none, or where the
    store was set here). ``is_own``: set here by the operator, and the main database does not say it. ``provider`` as
    the row has it (untrusted).
    """

    app_id: str
    dsn_text: str
    secret_place: SecretPlace = "none"
    record_id: str = ""
    problem: str = ""
    provider: str = ""
    is_own: bool = False

    @property
    def is_readable(self) -> bool:
        return bool(self.app_id)


@dataclass(frozen=True, slots=True)
class Workspace:
    """Names are untrusted text. Counts are -1 where the main database has no such table; ``created_at`` is seconds
    since the epoch, 0 where it is not said. ``store`` is None where no row points to one; of several rows the first
    that can be read counts, and ``pointers`` says how many there are. ``is_in_main``: it has no store, though others
    have, and its rows are still in the main database."""

    id: str
    name: str
    members: int = -1
    roles: int = -1
    teams: int = -1
    invites: int = -1
    store: StoreRow | None = None
    created_at: int = 0
    pointers: int = 0
    is_in_main: bool = False


@dataclass(frozen=True, slots=True)
class StoreCheck:
    """``health`` is None where the store could not even be asked; numbers are -1 while unknown."""

    app_id: str
    health: StoreHealth | None
    latency_ms: float | None
    tables: int
    bytes: int
    checked_at: float
    sentence: str
    remedy: str

    @property
    def is_reachable(self) -> bool:
        return self.health is not None and self.health.is_reachable


@dataclass(frozen=True, slots=True)
class MainOverview:
    """``tables`` has every table of the main database. ``mode_note`` says in a sentence where the mode comes from;
    ``notes`` are sentences about what the document names and this database does not have. ``columns`` holds the
    columns of the system tables, for those who map names."""

    connection_id: str
    app_id: str
    mode: Mode
    mode_source: ModeSource
    mode_note: str
    map: MainMap
    tables: Mapping[str, TableKind]
    workspaces: tuple[Workspace, ...]
    read_at: float
    notes: tuple[str, ...] = ()
    columns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    env_folder: str = ""


@dataclass(frozen=True, slots=True)
class Route:
    """Where a table of a workspace is. ``app_id`` is that of the main database where ``store`` is "main"."""

    app_id: str
    store: Literal["main", "store"]
    entity: str


@dataclass(frozen=True, slots=True)
class StoreChange:
    """What setting or clearing a store would do, in sentences; ``warnings`` need a second look."""

    workspace_id: str
    before: StoreRow | None
    after: StoreRow | None
    sentences: tuple[str, ...]
    warnings: tuple[str, ...] = ()

"""What is wrong between a main database and its stores, worked out from what was read. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from app.core.refs import AppRef
from app.core.status import Severity

if TYPE_CHECKING:
    from app.services.store_words import MainOverview

StoreFindingKind = Literal[
    "system-in-store",
    "application-in-main",
    "orphan-store",
    "shared-store",
    "dangling-reference",
    "drifted-store",
    "open-connections",
    "store-missing",
    "unreachable",
]
# What the window offers beside a finding; "" for nothing.
StoreAction = Literal["", "set-store", "move", "open-schema", "compare", "check", "scan"]


@dataclass(frozen=True, slots=True)
class StoreFinding:
    """``key`` is stable over refreshes. ``refs`` are the databases it is about, the one to open first;
    ``workspace_ids`` the workspaces, ``entities`` the tables. ``details`` are further sentences."""

    kind: StoreFindingKind
    key: str
    severity: Severity
    sentence: str
    remedy: str = ""
    action: StoreAction = ""
    refs: tuple[AppRef, ...] = ()
    workspace_ids: tuple[str, ...] = ()
    entities: tuple[str, ...] = ()
    details: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Dangling:
    """Rows of a store whose ``column`` holds IDs that the main database's ``target`` does not have.

    ``missing`` counts IDs, ``rows`` rows; ``samples`` are the first few IDs.
    """

    app_id: str
    entity: str
    column: str
    target: str
    rows: int
    missing: int
    samples: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class OpenConnections:
    """Of one application on one database; times are in seconds."""

    app_id: str
    application: str
    user: str
    total: int
    idle_in_transaction: int
    longest_idle_s: float


@dataclass(frozen=True, slots=True)
class StoreFacts:
    """All that findings follow from. ``tables`` are those of each database that answered, by app ID; ``failures`` the
    sentences of those that did not. ``main_rows`` are counts of application tables in the main database (-1: more than
    were counted). ``notes`` say what was not looked at."""

    overview: MainOverview
    tables: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    failures: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    main_rows: Mapping[str, int] = field(default_factory=dict)
    fingerprints: Mapping[str, str] = field(default_factory=dict)
    differences: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    dangling: tuple[Dangling, ...] = ()
    connections: tuple[OpenConnections, ...] = ()
    notes: tuple[str, ...] = ()


def findings_of(facts: StoreFacts) -> tuple[StoreFinding, ...]:
    """Errors first, then warnings, then information."""
    return ()

"""The values of moving a workspace to a store of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from app.core.secret import Secret
from app.services.store_move_plan import Way

if TYPE_CHECKING:
    from app.platforms.postgres.dsn import Dsn
    from app.schema.model import Schema
    from app.services.main_map import SecretPlace

# The steps in order; each says what is done. A move whose old rows were removed (or kept for good) is forgotten.
STEPS = ("begun", "created", "copied", "verified", "switched")


@dataclass(frozen=True, slots=True)
class MoveTable:
    """``rows`` are those of the workspace.

    ``sentence`` says how its rows are told. ``choices`` are the ways that are possible here, the proposed one first;
    ``way`` is "" where the operator has to choose. ``has_key``: without a primary key it is begun anew after a stop.
    """

    entity: str
    way: Way | Literal[""]
    rows: int
    sentence: str
    choices: tuple[Way, ...] = ()
    has_key: bool = True


@dataclass(frozen=True, slots=True)
class MovePlan:
    """``tables`` in the order in which they are copied, parents first. With ``refusals`` it cannot be run.

    ``schema`` is what the store gets; ``main_app_id`` and ``app_id`` are the databases it goes from and to.
    """

    connection_id: str
    workspace_id: str
    workspace: str
    main_app_id: str
    app_id: str
    target: Dsn
    tables: tuple[MoveTable, ...]
    schema: Schema
    creates_database: bool = False
    refusals: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    sentences: tuple[str, ...] = ()
    password: Secret | None = field(default=None, repr=False)
    place: SecretPlace = "vault"

    @property
    def order(self) -> tuple[str, ...]:
        return tuple(each.entity for each in self.tables if each.way not in ("", "leave"))

    @property
    def rows(self) -> int:
        return sum(each.rows for each in self.tables if each.way not in ("", "leave"))

    @property
    def can_run(self) -> bool:
        return not self.refusals


@dataclass(frozen=True, slots=True)
class MoveProgress:
    """``phase`` is creating, copying, verifying, switching or removing; ``entity`` the table in hand, "" between
    them; counts are rows of the whole move."""

    phase: str
    done: int
    total: int
    entity: str = ""


@dataclass(frozen=True, slots=True)
class TableProof:
    """What the verification found: equal counts and checksums on both sides."""

    entity: str
    rows: int
    checksum: str


@dataclass(frozen=True, slots=True)
class MoveOutcome:
    """``late`` are tables of the main database that were written to between verification and switch."""

    workspace_id: str
    app_id: str
    proofs: tuple[TableProof, ...]
    sentence: str
    late: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class OpenMove:
    """A move that is not finished, or whose old rows are still in the main database (``step`` is "switched")."""

    connection_id: str
    workspace_id: str
    workspace: str
    app_id: str
    step: str
    done: int
    total: int
    started_at: float
    error: str = ""

    @property
    def is_switched(self) -> bool:
        return self.step == STEPS[-1]


@dataclass(frozen=True, slots=True)
class RemovalTable:
    """``rows`` of the workspace that are still in the main database; ``verified``: they are as they were verified."""

    entity: str
    rows: int
    verified: bool


@dataclass(frozen=True, slots=True)
class RemovalPlan:
    """Children first. With ``refusals`` nothing can be removed."""

    connection_id: str
    workspace_id: str
    workspace: str
    app_id: str
    tables: tuple[RemovalTable, ...]
    refusals: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    sentences: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RemovalOutcome:
    """Rows by table; ``kept`` were not found in the store, or something still leads to them."""

    removed: Mapping[str, int]
    kept: Mapping[str, int]
    sentence: str


OnProgress = Callable[[MoveProgress], None]


def ignore(_progress: MoveProgress) -> None:
    return

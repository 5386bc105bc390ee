"""A workspace's application tables moved from the main database to a store of its own (local to hosted).

Every step is in the journal before the next begins: a move that was killed or cut off goes on where it stopped, and no
row comes twice. The pointer is switched only after counts and checksums of all tables agree; old rows stay until
somebody asks for their removal.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from app.core.errors import Unsupported
from app.core.secret import Secret

if TYPE_CHECKING:
    from app.platforms.postgres.dsn import Dsn
    from app.schema.model import Schema
    from app.services.main_map import SecretPlace

# How a table's rows are told to belong to a workspace: a column of its own, a chain of foreign keys to a table that
# has one, the memberships of its users, or what the operator chose: all rows, or none (the table is left behind).
Way = Literal["column", "chain", "members", "all", "leave"]
# The steps in order; each says what is done. A move whose old rows were removed (or kept for good) is forgotten.
STEPS = ("begun", "created", "copied", "verified", "switched")


@dataclass(frozen=True, slots=True)
class MoveTable:
    """``rows`` are those of the workspace; ``others`` belong to no workspace by the same way and stay (-1 not counted).

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


def _ignore(_progress: MoveProgress) -> None:
    return


class StoreMoving:
    """All methods raise the client's errors, NotFound for what is not there, ReadOnly, and Unsupported."""

    async def plan(
        self,
        connection_id: str,
        workspace_id: str,
        target_dsn: str,
        password: Secret | None = None,
        *,
        place: SecretPlace = "vault",
        choices: Mapping[str, Way] | None = None,
    ) -> MovePlan:
        """What a move would do; writes nothing. ``choices``: how the operator wants a table's rows told, by entity.

        Raises Invalid with the field ``base_url`` where the address cannot be a store, Conflict where a move of this
        workspace is open.
        """
        raise Unsupported("Not yet.")

    async def run(self, plan: MovePlan, on_progress: OnProgress = _ignore) -> MoveOutcome:
        """Raises Invalid where the plan has refusals, Conflict where both sides do not agree in the end (the pointer is
        not switched then, and the move stays open)."""
        raise Unsupported("Not yet.")

    async def resume(
        self, connection_id: str, workspace_id: str, on_progress: OnProgress = _ignore, password: Secret | None = None
    ) -> MoveOutcome:
        """Go on with an open move. Raises Invalid with the field ``password`` where the store asks for one and it is
        not given: passwords are in no journal."""
        raise Unsupported("Not yet.")

    async def open_moves(self, connection_id: str) -> tuple[OpenMove, ...]:
        """The oldest first."""
        raise Unsupported("Not yet.")

    async def forget(self, connection_id: str, workspace_id: str) -> None:
        """Give up an open move; what was copied stays in the store. After the switch: keep the old rows for good."""
        raise Unsupported("Not yet.")

    async def plan_removal(self, connection_id: str, workspace_id: str, password: Secret | None = None) -> RemovalPlan:
        """What ``remove_old_rows`` would remove; writes nothing."""
        raise Unsupported("Not yet.")

    async def remove_old_rows(
        self, connection_id: str, workspace_id: str, on_progress: OnProgress = _ignore, password: Secret | None = None
    ) -> RemovalOutcome:
        """Remove the workspace's rows from the main database, children first, and only those that are in the store."""
        raise Unsupported("Not yet.")

    async def aclose(self) -> None:
        """All of the journal is on disk afterwards."""

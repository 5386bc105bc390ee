"""A main database with known workspaces, stores and findings, for the tests of what shows them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from app.core.connection import Connection, Environment, Platform
from app.core.errors import Conflict, KnownError, NotFound
from app.core.refs import AppRef
from app.core.secret import Secret
from app.core.status import Severity
from app.platforms.contract import StoreHealth
from app.platforms.postgres.dsn import Dsn, store_id
from app.schema.model import Schema
from app.services.directory import Progress
from app.services.main_map import MainMap
from app.services.store_findings import StoreFinding
from app.services.store_moving import (
    MoveOutcome,
    MovePlan,
    MoveProgress,
    MoveTable,
    OpenMove,
    RemovalOutcome,
    RemovalPlan,
    RemovalTable,
    TableProof,
)
from app.services.store_words import MainOverview, StoreChange, StoreCheck, StoreRow, Workspace
from tests.ui.content_fakes import fake_services

MAIN = "acme_main"
URL = "postgresql://tenantry@db.acme.example:5432/postgres"
CONNECTION = Connection(
    "pg", "PostgreSQL · staging", Platform.POSTGRES, URL, Environment.STAGING, foundation_app_id=MAIN
)
PRODUCTION = replace(CONNECTION, label="PostgreSQL · production", environment=Environment.PRODUCTION)
READ_ONLY = replace(CONNECTION, is_read_only=True)
CHECKED_AT = 1_700_000_000.0
NAMES = MainMap(
    users="users",
    workspaces="workspaces",
    workspace_users="workspace_users",
    workspace_invites="workspace_invites",
    workspace_apps="workspace_apps",
    roles="roles",
    teams="teams",
    user_id="id",
    user_email="email",
    workspace_id="id",
    workspace_name="name",
    workspace_created_at="created_at",
    member_workspace="workspace_id",
    invite_workspace="workspace_id",
    role_workspace="workspace_id",
    team_workspace="workspace_id",
    app_record="id",
    app_workspace="workspace_id",
    app_url="database_url",
)
TABLES: Mapping[str, Any] = {
    **dict.fromkeys(NAMES.system.values(), "system"),
    **dict.fromkeys(("chats", "messages", "pages"), "application"),
    "audit_log": "other",
}
COLUMNS = {
    "workspaces": ("created_at", "id", "name", "owner_id", "slug"),
    "users": ("created_at", "email", "id", "name"),
    "workspace_apps": ("database_url", "id", "status", "updated_at", "workspace_id"),
    "workspace_users": ("joined_at", "role_id", "user_id", "workspace_id"),
    "workspace_invites": ("email", "expires_at", "id", "token", "workspace_id"),
    "roles": ("id", "name", "permissions", "workspace_id"),
    "teams": ("id", "name", "workspace_id"),
}


def store(name: str, place: Any = "vault") -> StoreRow:
    return StoreRow(name, f"postgresql://tenantry@db.acme.example:5432/{name}", place, f"r-{name}")


def workspaces() -> tuple[Workspace, ...]:
    """Well, drifted, not reachable, without a store, with a pointer that cannot be read, and on another server."""
    unreadable = StoreRow("", "", "none", "r-4", problem="Its address has no host.")
    far = StoreRow("eu.example:6432/ember", "postgresql://app@eu.example:6432/ember", "row", "r-5")
    return (
        Workspace("w-aurora", "Aurora Labs", 24, 4, 3, 2, store("store_aurora"), 1_690_000_000),
        Workspace("w-blue", "Blue Harbor", 8, 3, 1, 0, store("store_blue"), 1_691_000_000),
        Workspace("w-cobalt", "Cobalt Press", 112, 6, 9, 14, store("store_cobalt"), 1_692_000_000),
        Workspace("w-dune", "Dune Works", 3, 2, 0, 1, None, 1_693_000_000),
        Workspace("w-ember", "Ember & Oak", 41, 4, 5, 0, far, 1_694_000_000),
        Workspace("w-fjord", "Fjord Studio", 1, 1, 0, 0, unreadable, 1_695_000_000),
    )


def check_of(app_id: str, latency_ms: float = 3.4, tables: int = 8, size: int = 8_400_000) -> StoreCheck:
    health = StoreHealth(True, latency_ms, tables, size)
    return StoreCheck(app_id, health, latency_ms, tables, size, CHECKED_AT, "", "")


def unreachable(app_id: str) -> StoreCheck:
    sentence, remedy = "No server answers at eu.example:6432.", "Check the address and the network, then try again."
    return StoreCheck(app_id, None, None, -1, -1, CHECKED_AT, sentence, remedy)


def findings() -> tuple[StoreFinding, ...]:
    def ref(name: str) -> AppRef:
        return AppRef("pg", name)

    return (
        StoreFinding(
            "unreachable",
            "unreachable:ember",
            Severity.ERROR,
            "The store of Ember & Oak cannot be reached: no server answers at eu.example:6432.",
            "Check the address and the network, or point the workspace elsewhere.",
            "set-store",
            (ref("eu.example:6432/ember"),),
            ("w-ember",),
        ),
        StoreFinding(
            "store-missing",
            "store-missing:dune",
            Severity.ERROR,
            "Dune Works has no store, so its product cannot read chats, documents or pages.",
            "Say where its store is, or move its tables to a new one.",
            "set-store",
            (),
            ("w-dune",),
        ),
        StoreFinding(
            "application-in-main",
            "application-in-main:pages",
            Severity.WARNING,
            "4 rows of pages are left in the main database, although application tables belong into stores.",
            "Move them to the workspace’s store.",
            "move",
            (ref(MAIN),),
            (),
            ("pages",),
        ),
        StoreFinding(
            "drifted-store",
            "drifted-store:blue",
            Severity.WARNING,
            "The store of Blue Harbor differs from 3 of its siblings.",
            "Compare the two, and push what is missing.",
            "compare",
            (ref("store_blue"), ref("store_aurora")),
            ("w-blue",),
            ("messages",),
            ("messages.created_at is missing.", "The index messages_chat_id_created_at is missing."),
        ),
        StoreFinding(
            "orphan-store",
            "orphan-store:old",
            Severity.INFO,
            "Nobody points to store_old, which looks like a store: 8 tables.",
            "Give it to its workspace, or back it up and delete it.",
            "set-store",
            (ref("store_old"),),
        ),
    )


def deep_findings() -> tuple[StoreFinding, ...]:
    dangling = StoreFinding(
        "dangling-reference",
        "dangling-reference:cobalt:chats.user_id",
        Severity.WARNING,
        "2 rows of chats in the store of Cobalt Press name a user who does not exist.",
        "Look at the rows; the user may have been deleted.",
        "open-schema",
        (AppRef("pg", "store_cobalt"),),
        ("w-cobalt",),
        ("chats",),
    )
    return (*findings(), dangling)


class FakeUndo:
    """Of what was written last for each workspace; ``is_exact=False`` for none of it."""

    def __init__(self, stores: FakeStores) -> None:
        self._stores = stores
        self.is_exact = True
        self.former: dict[str, StoreRow | None] = {}

    def is_possible(self, connection_id: str, workspace_id: str) -> bool:
        return self.is_exact and workspace_id in self.former

    async def describe(self, connection_id: str, workspace_id: str) -> StoreChange:
        before = self.former[workspace_id]
        dsn_text = before.dsn_text if before is not None else None
        return await self._stores.describe_store_change(connection_id, workspace_id, dsn_text, None, "none")

    async def put_back(self, connection_id: str, workspace_id: str) -> StoreRow | None:
        self._stores._note("put_back", workspace_id)
        return self.former[workspace_id]


class FakeStores:
    """``error`` is raised by whatever is asked next; ``invalid`` only by what writes."""

    def __init__(self) -> None:
        self.calls: list[tuple[Any, ...]] = []
        self.error: KnownError | None = None
        self.refusal: KnownError | None = None
        self.found: tuple[Workspace, ...] = workspaces()
        self.mode: Any = "hosted"
        self.mode_source: Any = ".env"
        self.names = NAMES
        self.notes: tuple[str, ...] = ()
        self.checks: dict[str, StoreCheck] = {}
        self.warnings: tuple[str, ...] = ()
        self.bad = frozenset({"eu.example:6432/ember"})
        self.shallow, self.deep = findings(), deep_findings()
        self.undo = FakeUndo(self)

    def _note(self, *call: Any) -> None:
        self.calls.append(call)
        if self.error is not None:
            raise self.error

    def asked(self, name: str) -> list[tuple[Any, ...]]:
        return [call[1:] for call in self.calls if call[0] == name]

    async def overview(self, connection_id: str, *, is_fresh: bool = True) -> MainOverview:
        self._note("overview", connection_id)
        note = "APP_MODE=hosted in /srv/product/.env."
        return MainOverview(
            connection_id,
            MAIN,
            self.mode,
            self.mode_source,
            note,
            self.names,
            TABLES,
            self.found,
            CHECKED_AT,
            self.notes,
            COLUMNS,
        )

    async def set_mode(self, connection_id: str, mode: Any) -> None:
        self._note("set_mode", mode)
        self.mode, self.mode_source = mode or "hosted", "chosen" if mode else ".env"

    async def set_env_folder(self, connection_id: str, folder: str) -> None:
        self._note("set_env_folder", folder)

    async def set_map(self, connection_id: str, names: MainMap) -> None:
        self._note("set_map", names)
        if self.refusal is not None:
            raise self.refusal
        self.names = names

    async def check(
        self,
        connection_id: str,
        app_ids: Iterable[str] | None = None,
        on_check: Callable[[StoreCheck], None] | None = None,
        concurrency: int = 20,
        on_progress: Callable[[Progress], None] | None = None,
    ) -> tuple[StoreCheck, ...]:
        self._note("check", None if app_ids is None else tuple(app_ids))
        wanted = app_ids or dict.fromkeys(each.store.app_id for each in self.found if each.store and each.store.app_id)
        made = tuple(unreachable(each) if each in self.bad else check_of(each) for each in wanted)
        for at, each in enumerate(made):
            self.checks[each.app_id] = each
            if on_check is not None:
                on_check(each)
            if on_progress is not None:
                on_progress(Progress(at + 1, len(made), "Checking"))
        return made

    def last_checks(self, connection_id: str) -> dict[str, StoreCheck]:
        return dict(self.checks)

    async def describe_store_change(
        self, connection_id: str, workspace_id: str, dsn_text: str | None, password: Secret | None, place: Any
    ) -> StoreChange:
        self._note("describe", workspace_id, dsn_text, password is not None, place)
        before = next(each for each in self.found if each.id == workspace_id).store
        if dsn_text is None:
            return StoreChange(workspace_id, before, None, ("The row of workspace_apps is removed.",))
        app_id = _app_id(dsn_text)
        where = "the keyring of this machine" if place == "vault" else "the row"
        lines = [f"workspace_apps.database_url becomes {dsn_text}.", f"The store is {app_id}."]
        lines += [f"The password goes to {where}."] if password is not None else []
        after = StoreRow(app_id, dsn_text, place)
        return StoreChange(workspace_id, before, after, tuple(lines), self.warnings)

    async def set_store(
        self, connection_id: str, workspace_id: str, dsn_text: str, password: Secret | None, place: Any
    ) -> StoreRow:
        self._note("set_store", workspace_id, dsn_text, password.reveal() if password else None, place)
        if self.refusal is not None:
            raise self.refusal
        row = StoreRow(_app_id(dsn_text), dsn_text, place)
        self.undo.former[workspace_id] = next(each.store for each in self.found if each.id == workspace_id)
        self.found = tuple(replace(each, store=row) if each.id == workspace_id else each for each in self.found)
        return row

    async def clear_store(self, connection_id: str, workspace_id: str) -> None:
        self._note("clear_store", workspace_id)
        self.found = tuple(replace(each, store=None) if each.id == workspace_id else each for each in self.found)

    async def findings(
        self, connection_id: str, *, deep: bool = False, on_progress: Callable[[Progress], None] | None = None
    ) -> tuple[StoreFinding, ...]:
        self._note("findings", deep)
        return self.deep if deep else self.shallow


def _app_id(dsn_text: str) -> str:
    return store_id(Dsn.parse(dsn_text)[0], Dsn.parse(URL)[0])


def move_tables() -> tuple[MoveTable, ...]:
    return (
        MoveTable("chats", "column", 1_204, "Rows whose workspace_id is that of Dune Works.", ("column",)),
        MoveTable("messages", "chain", 18_930, "Rows whose chat_id leads to a chat of Dune Works.", ("chain",)),
        MoveTable("documents", "column", 312, "Rows whose workspace_id is that of Dune Works.", ("column",)),
        MoveTable("votes", "chain", 640, "Rows whose message_id leads to a message of Dune Works.", ("chain",), False),
        MoveTable("pages", "column", 26, "Rows whose workspace_id is that of Dune Works.", ("column", "leave")),
    )


class FakeMoving:
    """``unsure`` are tables whose way has to be chosen; ``error`` is raised by ``run`` and leaves the move open."""

    def __init__(self) -> None:
        self.calls: list[tuple[Any, ...]] = []
        self.error: KnownError | None = None
        self.plan_error: KnownError | None = None
        self.unsure: frozenset[str] = frozenset()
        self.warnings: tuple[str, ...] = ()
        self.refusals: tuple[str, ...] = ()
        self.moves: tuple[OpenMove, ...] = ()
        self.late: tuple[str, ...] = ()
        self.kept: dict[str, int] = {}

    def asked(self, name: str) -> list[tuple[Any, ...]]:
        return [call[1:] for call in self.calls if call[0] == name]

    async def plan(
        self,
        connection_id: str,
        workspace_id: str,
        target_dsn: str,
        password: Secret | None = None,
        *,
        place: Any = "vault",
        choices: Mapping[str, Any] | None = None,
    ) -> MovePlan:
        chosen = dict(choices or {})
        self.calls.append(("plan", workspace_id, target_dsn, password.reveal() if password else None, place, chosen))
        if self.plan_error is not None:
            raise self.plan_error
        tables = tuple(self._table(each, chosen) for each in move_tables())
        missing = tuple(f"Say how the rows of {each.entity} are told." for each in tables if not each.way)
        dsn = Dsn.parse(target_dsn)[0]
        return MovePlan(
            connection_id,
            workspace_id,
            "Dune Works",
            MAIN,
            _app_id(target_dsn),
            dsn,
            tables,
            Schema(),
            True,
            (*self.refusals, *missing),
            self.warnings,
            (
                f"The database {dsn.database} is created on {dsn.server}.",
                "5 tables are created in it, as they are in acme_main.",
                "Their rows are copied in pages, parents first, and counts and checksums are compared.",
                "Only then workspace_apps points Dune Works to it. The old rows stay until you remove them.",
            ),
            password,
            place,
        )

    def _table(self, table: MoveTable, chosen: Mapping[str, Any]) -> MoveTable:
        if table.entity in chosen:
            return replace(table, way=chosen[table.entity], choices=("all", "leave"))
        return replace(table, way="", choices=("all", "leave")) if table.entity in self.unsure else table

    async def run(self, plan: MovePlan, on_progress: Callable[[MoveProgress], None]) -> MoveOutcome:
        self.calls.append(("run", plan.workspace_id, plan.app_id))
        on_progress(MoveProgress("copying", 1_204, plan.rows, "messages"))
        if self.error is not None:
            self.moves = (open_move(error=self.error.sentence),)
            raise self.error
        return self._outcome()

    def _outcome(self) -> MoveOutcome:
        self.moves = (open_move("switched"),)
        proofs = tuple(TableProof(each.entity, each.rows, "9f3c2a7e") for each in move_tables())
        return MoveOutcome("w-dune", "store_dune", proofs, "Dune Works uses store_dune now.", self.late)

    async def resume(
        self,
        connection_id: str,
        workspace_id: str,
        on_progress: Callable[[MoveProgress], None],
        password: Secret | None = None,
    ) -> MoveOutcome:
        self.calls.append(("resume", workspace_id, password.reveal() if password else None))
        if self.error is not None:
            raise self.error
        return self._outcome()

    async def open_moves(self, connection_id: str) -> tuple[OpenMove, ...]:
        return self.moves

    async def forget(self, connection_id: str, workspace_id: str) -> None:
        self.calls.append(("forget", workspace_id))
        self.moves = ()

    async def plan_removal(self, connection_id: str, workspace_id: str, password: Any = None) -> RemovalPlan:
        self.calls.append(("plan_removal", workspace_id))
        tables = tuple(RemovalTable(each.entity, each.rows, True) for each in reversed(move_tables()))
        sentence = "Each row is removed only where the store has it."
        return RemovalPlan(
            connection_id, workspace_id, "Dune Works", "store_dune", tables, self.refusals, self.warnings, (sentence,)
        )

    async def remove_old_rows(
        self, connection_id: str, workspace_id: str, on_progress: Callable[[MoveProgress], None], password: Any = None
    ) -> RemovalOutcome:
        self.calls.append(("remove", workspace_id))
        self.moves = ()
        removed = {each.entity: each.rows for each in move_tables()}
        return RemovalOutcome(removed, self.kept, "21,112 rows of Dune Works are removed from acme_main.")


def open_move(step: str = "created", error: str = "", done: int = 4_200) -> OpenMove:
    return OpenMove("pg", "w-dune", "Dune Works", "store_dune", step, done, 21_112, CHECKED_AT, error)


def lost() -> Conflict:
    return Conflict("The connection to db.acme.example broke while messages was copied.", remedy="Go on with the move.")


def gone() -> NotFound:
    return NotFound("acme_main is not there any more.", remedy="Edit the connection and name the main database.")


def store_services() -> Any:
    """What ``content_fakes`` has, and main databases."""
    made = fake_services()
    made.stores = FakeStores()
    made.store_moving = FakeMoving()
    return made

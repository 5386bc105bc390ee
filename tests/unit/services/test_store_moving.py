"""Moving a workspace's rows to a store of its own: on a real server and in files."""

from __future__ import annotations

import asyncio
import itertools
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from app.core.errors import Conflict, Invalid, NotFound, ReadOnly
from app.core.secret import Secret
from app.platforms.postgres.dsn import Dsn
from app.schema.model import Schema
from app.services.store_move_words import MovePlan
from tests.support.moving_services import Moving, moving_on
from tests.support.postgres_server import PostgresServer
from tests.support.store_services import MAIN
from tests.support.store_world import APPLICATION_TABLES, World, application_sql, insert, local_files, local_world, uid

_NUMBERS = itertools.count(1)


@dataclass
class Place:
    """A main database in local mode, and where a store may be. ``sql`` runs a statement in the database of a DSN and
    gives what it answers as text."""

    world: World
    folder: Path
    new_store: str
    sql: Callable[[str, str], str]
    make_store: Callable[[str], None]

    @property
    def main(self) -> str:
        return self.world.main_dsn

    @property
    def workspace(self) -> str:
        return self.world.workspace_ids[1]

    def rows(self, dsn: str, table: str, where: str = "true") -> int:
        return int(self.sql(dsn, f"SELECT count(*) FROM {table} WHERE {where}"))

    def opened(self, **changes: Any) -> Any:
        return moving_on(self.main, self.folder / "tenantry.db", **changes)


def _on_server(postgres: PostgresServer, folder: Path) -> Place:
    prefix = f"moving_{next(_NUMBERS)}"

    def sql(dsn: str, statement: str) -> str:
        return postgres.psql(Dsn.parse(dsn)[0].database, statement)

    def make_store(script: str) -> None:
        postgres.create_database(f"{prefix}_own")
        postgres.psql(f"{prefix}_own", script)

    return Place(local_world(postgres, prefix), folder, postgres.dsn(f"{prefix}_own"), sql, make_store)


def _in_files(folder: Path) -> Place:
    def sql(dsn: str, statement: str) -> str:
        connection = sqlite3.connect(Dsn.parse(dsn)[0].database)
        try:
            with connection:
                connection.execute("PRAGMA foreign_keys=ON")
                rows = connection.execute(statement).fetchall()
            return "\n".join("|".join(map(str, row)) for row in rows)
        finally:
            connection.close()

    own = f"sqlite:///{folder / 'own.db'}"

    def make_store(script: str) -> None:
        connection = sqlite3.connect(folder / "own.db")
        connection.executescript(script)
        connection.close()

    return Place(local_files(folder), folder, own, sql, make_store)


@pytest.fixture(params=["server", "files"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    if request.param == "files":
        yield _in_files(tmp_path)
        return
    yield _on_server(request.getfixturevalue("postgres"), tmp_path)


# What is decided before SQL is written is the same for both; a server's moves are cut off all along in tests/e2e.
in_files = pytest.mark.parametrize("place", ["files"], indirect=True)


@pytest.fixture
def on_server(postgres: PostgresServer, tmp_path: Path) -> Place:
    return _on_server(postgres, tmp_path)


async def move(opened: Moving, place: Place, **choices: Any) -> Any:
    plan = await opened.moving.plan(MAIN, place.workspace, place.new_store, choices=choices)
    assert plan.refusals == ()
    return await opened.moving.run(plan)


def same_everywhere(place: Place) -> None:
    """Each application table of the store has this workspace's rows of the main database, and no others."""
    of = {
        "messages": "chat_id IN (SELECT id FROM chats WHERE workspace_id = '{}')",
        "votes": "chat_id IN (SELECT id FROM chats WHERE workspace_id = '{}')",
        "streams": "chat_id IN (SELECT id FROM chats WHERE workspace_id = '{}')",
        "suggestions": "document_id IN (SELECT id FROM documents WHERE workspace_id = '{}')",
    }
    for table in APPLICATION_TABLES:
        where = of.get(table, "workspace_id = '{}'").format(place.workspace)
        query = f"SELECT * FROM {table} WHERE {{}} ORDER BY 1, 2"
        here, there = place.sql(place.main, query.format(where)), place.sql(place.new_store, query.format("true"))
        assert here == there != "", table


# The whole way


async def test_move_copies_all_rows_switches_the_pointer_and_leaves_the_old_ones(place):
    before = {table: place.rows(place.main, table) for table in APPLICATION_TABLES}
    async with place.opened() as opened:
        plan = await opened.moving.plan(MAIN, place.workspace, place.new_store)
        assert plan.can_run
        assert plan.creates_database
        assert plan.rows == 82
        assert place.rows(place.main, "workspace_apps") == 0
        told: list[Any] = []
        outcome = await opened.moving.run(plan, told.append)
        assert {each.entity: each.rows for each in outcome.proofs} == {each.entity: each.rows for each in plan.tables}
        assert outcome.late == ()
        assert [each.phase for each in told if each.phase != "copying"][0] == "creating"
        assert (told[-1].phase, told[-1].done, told[-1].total) == ("switching", 82, 82)
        same_everywhere(place)
        (workspace,) = [each for each in await opened.stores.workspaces(MAIN) if each.id == place.workspace]
        assert workspace.store is not None
        assert workspace.store.app_id == plan.app_id
        (still,) = await opened.moving.open_moves(MAIN)
        assert still.is_switched
        assert (still.done, still.total) == (82, 82)
    assert {table: place.rows(place.main, table) for table in APPLICATION_TABLES} == before


async def test_tables_that_a_move_makes_are_in_the_trail_with_what_was_there_before(place):
    async with place.opened() as opened:
        plan = await opened.moving.plan(MAIN, place.workspace, place.new_store)
        await opened.moving.run(plan)
        acts = opened.moving._audit._store.recent(20)
    made = [each for each in reversed(acts) if each.action == "create tables"]
    assert {(each.app_id, each.outcome, each.after) for each in made} == {(plan.app_id, "done", "")}
    assert made[0].before == Schema().fingerprint()
    assert "chats" in made[0].detail
    # What it is in the end nobody reads; what it was in between is known by what came then.
    assert len({each.before for each in made}) == len(made)
    moved = next(each for each in acts if each.action == "move workspace")
    assert (moved.before, moved.after) == ("", "")


async def test_old_rows_are_removed_on_request_children_first_and_only_of_this_workspace(place):
    async with place.opened() as opened:
        await move(opened, place)
        plan = await opened.moving.plan_removal(MAIN, place.workspace)
        assert plan.refusals == ()
        assert sum(each.rows for each in plan.tables) == 82
        entities = [each.entity for each in plan.tables]
        assert entities.index("votes") < entities.index("messages") < entities.index("chats")
        outcome = await opened.moving.remove_old_rows(MAIN, place.workspace)
        assert sum(outcome.removed.values()) == 82
        assert outcome.kept == {}
        assert await opened.moving.open_moves(MAIN) == ()
    assert place.rows(place.main, "chats", f"workspace_id = '{place.workspace}'") == 0
    assert (place.rows(place.main, "chats"), place.rows(place.main, "messages")) == (16, 64)
    assert (place.rows(place.new_store, "chats"), place.rows(place.new_store, "messages")) == (8, 32)


async def test_parents_come_before_children_and_sentences_tell_whose_rows_are_whose(place):
    async with place.opened() as opened:
        plan = await opened.moving.plan(MAIN, place.workspace, place.new_store)
    order = plan.order
    assert order.index("chats") < order.index("messages") < order.index("votes")
    told = {each.entity: (each.way, each.sentence) for each in plan.tables}
    assert told["chats"] == ("column", "Rows of chats say their workspace themselves, in workspace_id.")
    assert told["messages"][0] == "chain"
    assert told["messages"][1].endswith("chat_id leads to: messages → chats.workspace_id.")
    left_out = next(each for each in plan.sentences if each.startswith("Foreign keys"))
    assert "chats.user_id → users" in left_out
    assert "messages" not in left_out


# What stands in the way


async def test_table_that_nothing_leads_to_a_workspace_is_refused_until_something_is_chosen(place):
    place.sql(place.main, "DROP TABLE pages")
    place.sql(place.main, "CREATE TABLE pages (id integer PRIMARY KEY, path text NOT NULL)")
    place.sql(place.main, "INSERT INTO pages VALUES (1, '/'), (2, '/help')")
    async with place.opened() as opened:
        plan = await opened.moving.plan(MAIN, place.workspace, place.new_store)
        (pages,) = [each for each in plan.tables if each.entity == "pages"]
        assert pages.way == ""
        assert pages.choices == ("all", "leave")
        assert plan.refusals == (pages.sentence,)
        assert "pages" not in plan.order
        with pytest.raises(Invalid):
            await opened.moving.run(plan)
        left = await opened.moving.plan(MAIN, place.workspace, place.new_store, choices={"pages": "leave"})
        assert left.can_run
        assert any(each.startswith("pages stays in the main") for each in left.warnings)
        await move(opened, place, pages="all")
        assert place.rows(place.new_store, "pages") == 2
        outcome = await opened.moving.remove_old_rows(MAIN, place.workspace)
        # What was copied whosever it is belongs to the others as well.
        assert "pages" not in outcome.removed
    assert place.rows(place.main, "pages") == 2


async def test_rows_are_told_by_the_membership_of_their_users_where_nothing_else_does(place):
    place.sql(place.main, "CREATE TABLE notes (id integer PRIMARY KEY, user_id text NOT NULL, text text)")
    # Of the second workspace are the users 1 and 2, of the third 2, 3 and 4.
    only_here, in_both, elsewhere = (uid("user", each) for each in (1, 2, 7))
    rows = f"(1, '{only_here}', 'mine'), (2, '{elsewhere}', 'not mine'), (3, '{in_both}', 'both')"
    place.sql(place.main, f"INSERT INTO notes VALUES {rows}")
    async with place.opened() as opened:
        plan = await opened.moving.plan(MAIN, place.workspace, place.new_store)
        (notes,) = [each for each in plan.tables if each.entity == "notes"]
        assert (notes.way, notes.rows) == ("members", 2)
        assert notes.sentence == "Rows of notes belong to the workspace whose member user_id is."
        assert any("in other workspaces too" in each for each in plan.warnings)
        await opened.moving.run(plan)
        assert place.sql(place.new_store, "SELECT text FROM notes ORDER BY id") == "mine\nboth"
        await opened.moving.remove_old_rows(MAIN, place.workspace)
    # What another workspace can claim as well stays.
    assert place.sql(place.main, "SELECT text FROM notes ORDER BY id") == "not mine\nboth"


async def test_rows_that_lead_to_rows_of_another_workspace_are_refused(place):
    chat, message = uid("chat", 1, 0), uid("message", 0, 0, 0)
    place.sql(place.main, f"INSERT INTO votes VALUES ('{chat}', '{message}', true)")
    async with place.opened() as opened:
        plan = await opened.moving.plan(MAIN, place.workspace, place.new_store)
    (sentence,) = plan.refusals
    assert sentence.startswith("1 row of votes lead by message_id to rows of messages that are not this workspace's.")


async def test_store_with_rows_or_with_other_columns_is_refused(place):
    row = insert("chats", uid("chat", 1, 0), place.workspace, uid("user", 1), "There already", "private")
    dialect = "sqlite" if place.main.startswith("sqlite") else "postgresql"
    place.make_store(application_sql(dialect) + row + "DROP TABLE pages; CREATE TABLE pages (id integer PRIMARY KEY);")
    async with place.opened() as opened:
        plan = await opened.moving.plan(MAIN, place.workspace, place.new_store)
    assert not plan.creates_database
    assert plan.refusals == (
        "The table chats of the store has rows already.",
        "The store has a table pages already, with other columns.",
    )


async def test_empty_tables_of_a_store_are_used(place):
    dialect = "sqlite" if place.main.startswith("sqlite") else "postgresql"
    place.make_store(application_sql(dialect) + "CREATE TABLE more (id integer PRIMARY KEY);")
    async with place.opened() as opened:
        await move(opened, place)
    same_everywhere(place)
    assert place.rows(place.new_store, "more") == 0


@in_files
async def test_main_database_itself_and_the_store_of_another_workspace_are_no_store(place):
    async with place.opened() as opened:
        with pytest.raises(Invalid, match="main database itself") as refused:
            await opened.moving.plan(MAIN, place.workspace, place.main)
        assert refused.value.fields[0].field == "base_url"
        await move(opened, place)
        with pytest.raises(Invalid, match="the store of Blue Harbor"):
            await opened.moving.plan(MAIN, place.world.workspace_ids[0], place.new_store)
        with pytest.raises(Invalid, match="and so are its stores"):
            wrong = "postgresql://u@h/d" if place.main.startswith("sqlite") else "sqlite:////x.db"
            await opened.moving.plan(MAIN, place.world.workspace_ids[0], wrong)


@in_files
async def test_store_that_another_workspace_is_on_its_way_to_is_refused(place):
    async with place.opened() as opened:
        await stopped(opened, place, "copying")
        with pytest.raises(Invalid, match="Blue Harbor is being moved to this store"):
            await opened.moving.plan(MAIN, place.world.workspace_ids[0], place.new_store)


async def test_new_file_has_a_name_that_is_known_as_a_database(tmp_path):
    place = _in_files(tmp_path)
    async with place.opened() as opened:
        with pytest.raises(Invalid, match="ends with"):
            await opened.moving.plan(MAIN, place.workspace, f"sqlite:///{tmp_path / 'own'}")
        elsewhere = await opened.moving.plan(MAIN, place.workspace, "sqlite:////nowhere/own.db")
    assert elsewhere.refusals[0].startswith("The store cannot be read.")


async def test_password_of_an_open_move_is_kept_in_the_vault_until_its_end(on_server, postgres):
    secret = Secret(postgres.password)
    target = Dsn.parse(on_server.new_store)[0].to_text()
    async with on_server.opened() as opened:
        plan = await opened.moving.plan(MAIN, on_server.workspace, target, secret)
        assert postgres.password not in repr(plan)
        with pytest.raises(Stop):
            await opened.moving.run(plan, stop_at("copying"))
        kept = [name for name, _kind in opened.vault.kept if name.startswith("move:")]
        assert len(kept) == 1
        await opened.moving.resume(MAIN, on_server.workspace)
        assert not [name for name, _kind in opened.vault.kept if name.startswith("move:")]
    assert postgres.password.encode() not in (on_server.folder / "tenantry.db").read_bytes()
    async with on_server.opened() as opened:
        await opened.moving.connection_removed(MAIN)


@in_files
async def test_read_only_connection_plans_and_runs_nothing(place):
    async with place.opened(is_read_only=True) as opened:
        plan = await opened.moving.plan(MAIN, place.workspace, place.new_store)
        assert "Main is a read-only connection." in plan.refusals
        with pytest.raises(Invalid):
            await opened.moving.run(plan)
        with pytest.raises(ReadOnly):
            await opened.moving.resume(MAIN, place.workspace)


@in_files
async def test_unknown_workspace_and_move_are_not_found(place):
    async with place.opened() as opened:
        with pytest.raises(NotFound):
            await opened.moving.plan(MAIN, uid("nobody"), place.new_store)
        for ask in (opened.moving.resume, opened.moving.forget, opened.moving.plan_removal):
            with pytest.raises(NotFound):
                await ask(MAIN, place.workspace)


# Writes in the meantime


def once(phase: str, act: Callable[[], object]) -> Callable[[Any], None]:
    """Acts when the move comes to a phase."""
    done: list[object] = []

    def heard(progress: Any) -> None:
        if progress.phase == phase and not done:
            done.append(act())

    return heard


async def test_rows_written_while_they_are_copied_are_brought_up_to_date_before_the_switch(place):
    def write() -> None:
        chat = uid("chat", 1, 0)
        place.sql(place.main, f"UPDATE chats SET title = 'Renamed' WHERE id = '{chat}'")
        place.sql(place.main, f"DELETE FROM streams WHERE chat_id = '{chat}'")
        place.sql(place.main, insert("messages", uid("late"), chat, "user", "[]"))

    async with place.opened() as opened:
        plan = await opened.moving.plan(MAIN, place.workspace, place.new_store)
        outcome = await opened.moving.run(plan, once("verifying", write))
    assert outcome.late == ()
    same_everywhere(place)
    assert place.rows(place.new_store, "messages") == 33


@in_files
async def test_rows_that_do_not_stop_changing_keep_the_workspace_from_being_switched(place):
    numbers = itertools.count()

    def heard(progress: Any) -> None:
        if progress.phase == "verifying" and progress.entity == "chats":
            place.sql(place.main, f"UPDATE chats SET title = 'Title {next(numbers)}'")

    async with place.opened() as opened:
        plan = await opened.moving.plan(MAIN, place.workspace, place.new_store)
        with pytest.raises(Conflict, match="chats differs after it was copied"):
            await opened.moving.run(plan, heard)
        assert place.rows(place.main, "workspace_apps") == 0
        (still,) = await opened.moving.open_moves(MAIN)
        assert still.step == "copied"
        assert "chats differs" in still.error
        with pytest.raises(Conflict, match="is open"):
            await opened.moving.plan(MAIN, place.workspace, place.new_store)
        await opened.moving.resume(MAIN, place.workspace)
        same_everywhere(place)


async def test_rows_written_between_verification_and_switch_are_told(place):
    late = insert("messages", uid("late"), uid("chat", 1, 0), "user", "[]")
    async with place.opened() as opened:
        plan = await opened.moving.plan(MAIN, place.workspace, place.new_store)
        outcome = await opened.moving.run(plan, once("switching", lambda: place.sql(place.main, late)))
        assert outcome.late == ("messages",)
        assert "somebody wrote to messages" in outcome.sentence
        # What the store does not have stays, and what it leads to with it.
        plan = await opened.moving.plan_removal(MAIN, place.workspace)
        assert [each.entity for each in plan.tables if not each.verified] == ["messages"]
        removed = await opened.moving.remove_old_rows(MAIN, place.workspace)
        assert removed.kept == {"messages": 1, "chats": 1}
        assert [each.step for each in await opened.moving.open_moves(MAIN)] == ["switched"]
        await opened.moving.forget(MAIN, place.workspace)
        assert await opened.moving.open_moves(MAIN) == ()
    assert place.rows(place.main, "messages", f"id = '{uid('late')}'") == 1


# Old rows


async def test_old_rows_that_something_else_leads_to_stay(place):
    id_type = "text" if place.main.startswith("sqlite") else "uuid"
    place.sql(
        place.main,
        f"CREATE TABLE bookmarks (id integer PRIMARY KEY, chat_id {id_type} REFERENCES chats (id) ON DELETE CASCADE)",
    )
    place.sql(place.main, f"INSERT INTO bookmarks VALUES (1, '{uid('chat', 1, 3)}')")
    async with place.opened() as opened:
        await move(opened, place, bookmarks="leave")
        removed = await opened.moving.remove_old_rows(MAIN, place.workspace)
    assert removed.kept == {"chats": 1}
    assert place.rows(place.main, "bookmarks") == 1


@in_files
async def test_old_rows_stay_where_the_store_lost_them_or_is_not_used_any_more(place):
    async with place.opened() as opened:
        await move(opened, place)
        place.sql(place.new_store, "DELETE FROM pages")
        removed = await opened.moving.remove_old_rows(MAIN, place.workspace)
        assert removed.kept == {"pages": 1}
        await opened.stores.clear_store(MAIN, place.workspace)
        plan = await opened.moving.plan_removal(MAIN, place.workspace)
        assert "does not use the store" in plan.refusals[0]
        with pytest.raises(Conflict):
            await opened.moving.remove_old_rows(MAIN, place.workspace)
    assert place.rows(place.main, "pages", f"workspace_id = '{place.workspace}'") == 1


@in_files
async def test_old_rows_are_the_only_ones_before_the_switch(place):
    async with place.opened() as opened:
        await stopped(opened, place, "copying")
        with pytest.raises(Conflict, match="not finished"):
            await opened.moving.plan_removal(MAIN, place.workspace)


class Stop(Exception):
    pass


def stop_at(phase: str, entity: str = "") -> Callable[[Any], None]:
    def heard(progress: Any) -> None:
        if progress.phase == phase and (not entity or progress.entity == entity):
            raise Stop

    return heard


async def stopped(opened: Moving, place: Place, phase: str, entity: str = "") -> MovePlan:
    """A move that came to this phase, and no further."""
    plan = await opened.moving.plan(MAIN, place.workspace, place.new_store)
    with pytest.raises(Stop):
        await opened.moving.run(plan, stop_at(phase, entity))
    return plan


# Going on


@pytest.mark.parametrize(
    ("place", "phase"),
    [("server", "verifying"), *(("files", each) for each in ("creating", "copying", "verifying", "switching"))],
    indirect=["place"],
)
async def test_move_that_was_cut_off_goes_on(place, phase):
    async with place.opened() as opened:
        plan = await stopped(opened, place, phase)
        assert place.rows(place.main, "workspace_apps") == 0
    async with place.opened() as opened:
        (still,) = await opened.moving.open_moves(MAIN)
        assert not still.is_switched
        assert still.app_id == plan.app_id
        outcome = await opened.moving.resume(MAIN, place.workspace)
        assert sum(each.rows for each in outcome.proofs) == 82
        with pytest.raises(Conflict, match="finished"):
            await opened.moving.resume(MAIN, place.workspace)
    same_everywhere(place)


@in_files
async def test_move_that_is_stopped_by_the_operator_goes_on(place):
    async with place.opened() as opened:
        plan = await opened.moving.plan(MAIN, place.workspace, place.new_store)
        tasks: list[asyncio.Task[Any]] = []
        heard = once("copying", lambda: tasks[0].cancel())
        tasks.append(asyncio.ensure_future(opened.moving.run(plan, heard)))
        with pytest.raises(asyncio.CancelledError):
            await tasks[0]
        (still,) = await opened.moving.open_moves(MAIN)
        assert (still.step, still.error) == ("created", "")
        await opened.moving.resume(MAIN, place.workspace)
    same_everywhere(place)


@in_files
async def test_move_runs_once_at_a_time(place):
    async with place.opened() as opened:
        plan = await opened.moving.plan(MAIN, place.workspace, place.new_store)
        running = asyncio.ensure_future(opened.moving.run(plan))
        while not await opened.moving.open_moves(MAIN):
            pass
        with pytest.raises(Conflict, match="running"):
            await opened.moving.resume(MAIN, place.workspace)
        with pytest.raises(Conflict, match="running"):
            await opened.moving.forget(MAIN, place.workspace)
        await running
    same_everywhere(place)


@in_files
async def test_store_that_the_workspace_was_pointed_to_by_hand_is_not_written(place):
    async with place.opened() as opened:
        await stopped(opened, place, "copying", "messages")
        await opened.stores.set_store(MAIN, place.workspace, place.new_store, None, "row")
        with pytest.raises(Conflict, match="points to .* already"):
            await opened.moving.resume(MAIN, place.workspace)
        await opened.moving.forget(MAIN, place.workspace)
        with pytest.raises(Invalid, match="points to this store already"):
            await opened.moving.plan(MAIN, place.workspace, place.new_store)


async def test_database_that_was_made_but_not_marked_is_used(on_server, postgres):
    async with on_server.opened() as opened:
        plan = await opened.moving.plan(MAIN, on_server.workspace, on_server.new_store)
        assert plan.creates_database
        postgres.create_database(plan.app_id)
        await opened.moving.run(plan)
    same_everywhere(on_server)


async def test_database_that_somebody_else_filled_meanwhile_is_left_alone(on_server, postgres):
    async with on_server.opened() as opened:
        plan = await opened.moving.plan(MAIN, on_server.workspace, on_server.new_store)
        postgres.create_database(plan.app_id)
        postgres.psql(plan.app_id, "CREATE TABLE theirs (id integer)")
        with pytest.raises(Conflict):
            await opened.moving.run(plan)
    assert postgres.psql(plan.app_id, "SELECT relname FROM pg_class WHERE relname IN ('chats', 'theirs')") == "theirs"


@in_files
async def test_move_that_was_given_up_leaves_no_trace_but_its_store(place):
    async with place.opened() as opened:
        await stopped(opened, place, "copying", "messages")
        await opened.moving.forget(MAIN, place.workspace)
        assert await opened.moving.open_moves(MAIN) == ()
        again = await opened.moving.plan(MAIN, place.workspace, place.new_store)
        assert "The table chats of the store has rows already." in again.refusals


# A server's own


async def test_store_of_another_role_asks_for_its_password_to_go_on(on_server, postgres):
    name = Dsn.parse(on_server.new_store)[0].database
    postgres.create_database(name)
    role = f"owner_{name}"
    postgres.psql("postgres", f"CREATE ROLE {role} LOGIN PASSWORD 'p@ss/wörd'; ALTER DATABASE {name} OWNER TO {role}")
    target = postgres.dsn(name, user=role, with_password=False)
    secret = Secret("p@ss/wörd")
    async with on_server.opened() as opened:
        plan = await opened.moving.plan(MAIN, on_server.workspace, target, secret, place="row")
        assert plan.can_run, plan.refusals
        with pytest.raises(Stop):
            await opened.moving.run(plan, stop_at("copying", "messages"))
    async with on_server.opened() as opened:
        with pytest.raises(Invalid) as asked:
            await opened.moving.resume(MAIN, on_server.workspace)
        assert asked.value.fields[0].field == "password"
        await opened.moving.resume(MAIN, on_server.workspace, password=secret)
    same_everywhere(on_server)


async def test_every_kind_of_value_arrives_as_it_was(on_server):
    """Types that have a text of their own only, numbers from sequences, circles, and a table without a key."""
    on_server.sql(on_server.main, WILD)
    async with on_server.opened() as opened:
        plan = await opened.moving.plan(MAIN, on_server.workspace, on_server.new_store)
        assert plan.can_run, plan.refusals
        assert '"wild ""table: 100%"' in plan.order
        assert any("logs has no primary key" in each for each in plan.warnings)
        with pytest.raises(Stop):
            await opened.moving.run(plan, stop_at("verifying"))
        await opened.moving.resume(MAIN, on_server.workspace)
        for table in ('"wild ""table: 100%"', "logs", "nodes", "left_side", "right_side"):
            query = f"SELECT * FROM {table} ORDER BY 1"
            here, there = on_server.sql(on_server.main, query), on_server.sql(on_server.new_store, query)
            assert here == there != "", table
        # Numbers go on after the highest, and what leads where is enforced again.
        row = "INSERT INTO nodes (workspace_id, name) VALUES ('{}', 'new') RETURNING id"
        assert on_server.sql(on_server.new_store, row.format(on_server.workspace)) == "4"
        links = "SELECT count(*) FROM pg_constraint WHERE contype = 'f' AND convalidated AND conrelid = '{}'::regclass"
        for table in ("nodes", "left_side", "right_side"):
            assert on_server.sql(on_server.new_store, links.format(table)) == "1"
        removed = await opened.moving.remove_old_rows(MAIN, on_server.workspace)
    # Rows that lead to each other in a circle are not taken apart.
    assert removed.kept == {"left_side": 1, "right_side": 1}
    assert on_server.rows(on_server.main, "nodes") == 0 == on_server.rows(on_server.main, "logs")


WILD = f"""
SET client_min_messages = warning;
CREATE TYPE mood AS ENUM ('sad', 'it''s fine', 'hap"py');
CREATE TABLE "wild ""table: 100%" (
  "the id: %s" bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, workspace_id uuid NOT NULL REFERENCES workspaces (id),
  m mood, moods mood[], n numeric, big numeric(38, 10), f double precision, r real, t text, c char(5), v varchar(9),
  b bytea, j json, jb jsonb, i interval, ts timestamp, tz timestamptz, d date, ti time, a text[], aa integer[][],
  ip inet, mac macaddr, rng int4range, bits bit varying(8),
  doubled bigint GENERATED ALWAYS AS (length(t)) STORED);
INSERT INTO "wild ""table: 100%" (workspace_id, m, moods, n, big, f, r, t, c, v, b, j, jb, i, ts, tz, d, ti, a, aa, ip,
  mac, rng, bits)
VALUES ('{uid("workspace", 1)}', 'hap"py', '{{sad,NULL,"it''s fine"}}', 'NaN', 12345678901234567890.0123456789, 0.1,
  1e-7, E'tab\\t, quote '' " \\\\ 🐘', 'ab', 'v', '\\x00ff10', '{{"b": 1,  "a": [1, null]}}', '{{"b": 1, "a": null}}',
  '1 year 2 months 3 days 04:05:06.789', '2024-02-29 12:00:00.123456', 'infinity', '0044-03-15 BC', '24:00',
  '{{"a,b",NULL,"","\\"q\\""}}', '{{{{1,2}},{{3,4}}}}', '2001:db8::1/64', '08:00:2b:01:02:03', '[1,5)', '10101'),
 ('{uid("workspace", 1)}', NULL, NULL, 'Infinity', NULL, '-Infinity', 'NaN', '', '', '', '', 'null', 'null', NULL, NULL,
  '-infinity', NULL, NULL, '{{}}', NULL, NULL, NULL, 'empty', '');
CREATE TABLE logs (workspace_id uuid NOT NULL, line text);
INSERT INTO logs SELECT '{uid("workspace", 1)}', 'line ' || n % 7 FROM generate_series(1, 250) n;
CREATE TABLE nodes (id serial PRIMARY KEY, workspace_id uuid NOT NULL, parent_id integer REFERENCES nodes (id),
  name text);
INSERT INTO nodes (workspace_id, parent_id, name) VALUES ('{uid("workspace", 1)}', NULL, 'root'),
  ('{uid("workspace", 1)}', 1, 'child'), ('{uid("workspace", 1)}', 2, 'grandchild');
CREATE TABLE left_side (id integer PRIMARY KEY, workspace_id uuid NOT NULL, other integer NOT NULL);
CREATE TABLE right_side (id integer PRIMARY KEY, workspace_id uuid NOT NULL, other integer NOT NULL);
ALTER TABLE left_side ADD FOREIGN KEY (other) REFERENCES right_side (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE right_side ADD FOREIGN KEY (other) REFERENCES left_side (id) DEFERRABLE INITIALLY DEFERRED;
BEGIN;
INSERT INTO left_side VALUES (1, '{uid("workspace", 1)}', 1);
INSERT INTO right_side VALUES (1, '{uid("workspace", 1)}', 1);
COMMIT;
"""

"""A main database and its stores in the real window, on a real PostgreSQL: connect, look, push, take back, move."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.support.postgres_server import PostgresServer
from tests.support.program import WINDOW_TITLE, Desktop, StartOn, eventually, wait_for_samples
from tests.support.store_world import hosted_world, local_world

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240), pytest.mark.xdist_group("window")]


class Run:
    """The program with a profile of its own, driven by keyboard."""

    def __init__(self, place: Desktop, start_on: StartOn, profile: Path) -> None:
        self.place = place
        self.profile = profile
        self.program = start_on(profile)
        self.window = place.wait_for_window(f"^{WINDOW_TITLE}$")
        wait_for_samples(profile)

    def rows(self, sql: str) -> list[tuple[object, ...]]:
        """Of the program's own database."""
        with closing(sqlite3.connect(self.profile / "data" / "tenantry.db")) as database:
            return database.execute(sql).fetchall()

    def connect(self, label: str, dsn: str) -> None:
        """By the dialog, as a main database."""
        place = self.place
        place.focus(self.window)
        place.keys("ctrl+shift+n")
        place.focus(place.wait_for_window("^Add connection"))
        place.keys("alt+p", "Down", "Tab", "alt+n")
        place.type(label)
        place.keys("alt+c")
        place.type(dsn)
        place.keys("Tab", "alt+m")
        place.act_until("^Add connection", ("Return",), "")
        eventually(lambda: self.rows(f"SELECT 1 FROM connections WHERE label = '{label}'"), "the connection")
        place.focus(self.window)

    def workspaces(self, search: str) -> str:
        """What Ctrl+C copies of all rows in the tab of workspaces that the search leaves."""
        place = self.place
        place.clear_clipboard()
        place.focus(self.window)
        place.keys("ctrl+shift+w", "ctrl+a")
        place.type(search)
        place.keys("Down", "ctrl+a", "ctrl+c")
        return place.clipboard()


@pytest.fixture
def run(place: Desktop, start_on: StartOn, tmp_path: Path) -> Run:
    return Run(place, start_on, tmp_path / "profile")


def test_store_gets_a_column_and_an_index_and_loses_them_again(run: Run, place: Desktop, postgres: PostgresServer):
    hosted_world(postgres, "shown", has_findings=True)
    run.connect("Acme", postgres.dsn("shown_main"))
    # Two workspaces share a store, and one has system tables in its own.
    wanted = {"shown_store_0", "shown_store_2"}
    eventually(lambda: wanted <= set(run.workspaces("finding").split()), "workspaces with findings", 60)

    place.keys("ctrl+f", "ctrl+a")
    place.type("shown_store_1")
    place.keys("Down", "Return")

    def drafted() -> bool:
        return bool(run.rows("SELECT 1 FROM drafts WHERE app_id = 'shown_store_1'"))

    def staged() -> bool:
        """The key does nothing until the schema is there; what is staged is kept a little later."""
        place.keys("ctrl+shift+a")
        try:
            return eventually(drafted, "the staged edit", 3)
        except AssertionError:
            return False

    eventually(staged, "a new attribute", 60)
    place.keys("ctrl+a")
    place.type("archived_at")
    place.keys("Return", "Right", "F2", "ctrl+a")
    place.type("timestamptz")
    place.keys("Return", "Right", "Right", "Right", "space")
    place.keys("ctrl+Return")
    place.act_until("^Review changes", ("ctrl+Return",), "^Pushed")
    assert _columns(postgres, "shown_store_1", "chats")["archived_at"] == "timestamp with time zone"
    indexes = "SELECT indexdef FROM pg_indexes WHERE indexname = 'chats_archived_at_idx'"
    assert postgres.psql("shown_store_1", indexes).endswith("USING btree (archived_at)")
    place.act_until("^Pushed", ("Return",), "")

    place.focus(run.window)
    place.keys("ctrl+h")
    place.act_until("^History", ("alt+u",), "^Undo push")
    place.act_until("^Undo push", ("ctrl+Return", "alt+i"), "^Undone")
    assert "archived_at" not in _columns(postgres, "shown_store_1", "chats")
    assert postgres.psql("shown_store_1", indexes) == ""
    assert postgres.psql("shown_store_1", "SELECT count(*) FROM chats") == "8"
    assert run.program.process.poll() is None


def test_workspace_moves_to_a_store_of_its_own(run: Run, place: Desktop, postgres: PostgresServer):
    world = local_world(postgres, "alone")
    run.connect("Solo", world.main_dsn)
    _choose_hosted(run, place)
    mode = eventually(lambda: _mode(run), "the mode that was chosen")
    assert mode == "hosted"

    _ask_for_move(run, place)
    place.type(postgres.dsn("alone_blue"))
    place.keys("Tab")
    pointer = f"SELECT database_url FROM workspace_apps WHERE workspace_id = '{world.workspace_ids[1]}'"

    def moved() -> str:
        # The plan of the move, then the move itself.
        place.press_in("^Move to its own store", "alt+l", "alt+m")
        return postgres.psql("alone_main", pointer)

    eventually(moved, "the pointer to the store", 60)
    assert "alone_blue" in postgres.psql("alone_main", pointer)
    assert postgres.password not in postgres.psql("alone_main", pointer)
    messages = "SELECT count(*) FROM messages"
    assert postgres.psql("alone_blue", messages) == "32"
    assert postgres.psql("alone_main", messages) == "96"

    def removed() -> bool:
        # What is left there goes only on request, after a plan of its own.
        place.press_in("^Move to its own store", "alt+i", "alt+r")
        return postgres.psql("alone_main", messages) == "64"

    eventually(removed, "the old rows to go", 60)
    assert postgres.psql("alone_blue", messages) == "32"
    assert run.program.process.poll() is None


def _choose_hosted(run: Run, place: Desktop) -> None:
    def ask() -> None:
        place.focus(run.window)
        # From the search box back over "Names…" to "Mode…".
        place.keys("ctrl+shift+w", "shift+Tab", "shift+Tab", "space")

    place.open_by(ask, "^Main database")
    place.act_until("^Main database", ("alt+h", "alt+s"), "")


def _ask_for_move(run: Run, place: Desktop) -> None:
    def ask() -> None:
        run.workspaces("blue harbor")
        # From the table back to the last button above it.
        place.keys("shift+Tab", "space")

    place.focus(place.open_by(ask, "^Move to its own store"))


def _mode(run: Run) -> object:
    found = run.rows("SELECT text FROM foundation_maps")
    return json.loads(str(found[0][0]))["main"].get("mode") if found else None


def _columns(postgres: PostgresServer, database: str, table: str) -> dict[str, str]:
    sql = f"SELECT column_name, data_type FROM information_schema.columns WHERE table_name = '{table}'"
    return dict(line.split("|") for line in postgres.psql(database, sql).splitlines())

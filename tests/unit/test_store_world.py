"""The databases that tests of stores stand on."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from tests.support.postgres_server import PostgresServer
from tests.support.store_world import APPLICATION_TABLES, SYSTEM_TABLES, hosted_files, hosted_world, local_world


def test_hosted_world_has_what_it_says(postgres: PostgresServer) -> None:
    world = hosted_world(postgres, "said", has_findings=True)
    pointers = postgres.psql("said_main", "SELECT workspace_id, database_url FROM workspace_apps ORDER BY 1")
    assert dict(line.split("|") for line in pointers.splitlines()) == world.stores
    assert world.homeless not in world.stores
    assert world.stores[world.shared[0]] == world.stores[world.shared[1]]
    assert postgres.psql("said_store_3", "SELECT count(*) FROM chats") == "9"
    assert world.orphan_store.endswith("/said_store_left_behind")


def test_local_world_is_one_database(postgres: PostgresServer) -> None:
    local_world(postgres, "single", chats=2)
    names = postgres.psql("single_main", "SELECT tablename FROM pg_tables WHERE schemaname = 'public'").split()
    assert sorted(names) == sorted((*SYSTEM_TABLES, *APPLICATION_TABLES))
    assert postgres.psql("single_main", "SELECT count(*) FROM messages") == str(3 * 2 * 4)


def test_files_hold_the_same(tmp_path: Path) -> None:
    world = hosted_files(tmp_path, workspaces=2)
    path = world.stores[world.workspace_ids[1]].removeprefix("sqlite:///")
    with sqlite3.connect(path) as connection:
        assert connection.execute("SELECT count(*) FROM chats").fetchone() == (8,)
    connection.close()

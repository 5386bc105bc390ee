"""A process that is killed with SIGKILL in the middle of a move: another one finishes it, and no row is there twice."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from app.platforms.postgres.dsn import Dsn
from tests.support.killed import Teller, run_until_killed
from tests.support.moving_services import moving_on
from tests.support.postgres_server import PostgresServer
from tests.support.store_services import MAIN
from tests.support.store_world import APPLICATION_TABLES, local_world, uid

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

WORKSPACE = uid("workspace", 1)
# A table without a primary key, and more rows than go into one batch.
MORE = f"""
CREATE TABLE logs (workspace_id uuid NOT NULL, line text NOT NULL);
INSERT INTO logs SELECT '{WORKSPACE}', 'line ' || n % 7 FROM generate_series(1, 350) n;
INSERT INTO messages (id, chat_id, role, parts)
 SELECT gen_random_uuid(), '{uid("chat", 1, 0)}', 'user', '[]' FROM generate_series(1, 700);
"""
TABLES = (*APPLICATION_TABLES, "logs")
_ROWS = "SELECT '{name}', CAST(t AS text) FROM {table} t"
_PRELOADED = (
    "alembic.command",
    "alembic.operations",
    "psycopg",
    "sqlalchemy.dialects.postgresql.psycopg",
    "app.platforms.postgres.client",
    "app.platforms.postgres.server_push",
    "app.services.store_move_run",
)


def _move(main_dsn: str, target: str, database: Path, tell: Teller) -> None:
    async def run() -> None:
        async with moving_on(main_dsn, database, tell) as opened:
            if await opened.moving.open_moves(MAIN):
                await opened.moving.resume(MAIN, WORKSPACE)
                return
            plan = await opened.moving.plan(MAIN, WORKSPACE, target)
            tell.note("planned")
            await opened.moving.run(plan)

    asyncio.run(run())


def move_until_killed(main_dsn: str, target: str, database: Path, after: int) -> tuple[list[str], bool]:
    return run_until_killed(_move, main_dsn, target, database, after=after, preloaded=_PRELOADED)


def rows(postgres: PostgresServer, dsn: str, tables: dict[str, str]) -> dict[str, list[str]]:
    """All rows, sorted, by table; ``tables`` says where each is to be read from."""
    asked = ";".join(_ROWS.format(name=name, table=table) for name, table in tables.items())
    found: dict[str, list[str]] = {name: [] for name in tables}
    for line in postgres.psql(Dsn.parse(dsn)[0].database, asked).splitlines():
        name, _bar, row = line.partition("|")
        found[name].append(row)
    return {name: sorted(each) for name, each in found.items()}


def expected(postgres: PostgresServer, main_dsn: str) -> dict[str, list[str]]:
    of_chat = f"(SELECT * FROM {{}} WHERE chat_id IN (SELECT id FROM chats WHERE workspace_id = '{WORKSPACE}'))"
    of_document = of_chat.replace("chat_id", "document_id").replace("FROM chats", "FROM documents")
    own = f"(SELECT * FROM {{}} WHERE workspace_id = '{WORKSPACE}')"
    ways = {"messages": of_chat, "votes": of_chat, "streams": of_chat, "suggestions": of_document}
    return rows(postgres, main_dsn, {table: ways.get(table, own).format(table) for table in TABLES})


def pointers(postgres: PostgresServer, main_dsn: str) -> str:
    return postgres.psql(Dsn.parse(main_dsn)[0].database, "SELECT workspace_id FROM workspace_apps")


@pytest.fixture
def main_dsn(postgres: PostgresServer, request: pytest.FixtureRequest) -> str:
    prefix = f"kill_{abs(hash(request.node.name)) % 10**8}"
    world = local_world(postgres, prefix)
    postgres.psql(f"{prefix}_main", MORE)
    return world.main_dsn


def store_of(main_dsn: str, number: int) -> str:
    return f"{main_dsn.removesuffix('_main')}_own_{number}"


async def finish(main_dsn: str, target: str, database: Path) -> None:
    async with moving_on(main_dsn, database) as opened:
        moves = await opened.moving.open_moves(MAIN)
        if not moves:
            await opened.moving.run(await opened.moving.plan(MAIN, WORKSPACE, target))
        elif not moves[0].is_switched:
            await opened.moving.resume(MAIN, WORKSPACE)
        assert [each.is_switched for each in await opened.moving.open_moves(MAIN)] == [True]


def check(postgres: PostgresServer, main_dsn: str, target: str, wanted: dict[str, list[str]]) -> None:
    assert rows(postgres, target, {table: table for table in TABLES}) == wanted
    assert pointers(postgres, main_dsn) == WORKSPACE
    # Nothing of the old ones is lost.
    assert expected(postgres, main_dsn) == wanted


def count_of_steps(postgres: PostgresServer, main_dsn: str, folder: Path) -> tuple[int, int]:
    """The steps of planning, and all of them, where nobody interferes; the pointer is taken back."""
    steps, is_killed = move_until_killed(main_dsn, store_of(main_dsn, 0), folder / "undisturbed.db", 0)
    assert not is_killed
    assert {"journal: begun", "journal: changed"} <= set(steps)
    postgres.psql(Dsn.parse(main_dsn)[0].database, "DELETE FROM workspace_apps")
    return steps.index("planned"), len(steps) - 1


def test_process_killed_all_along_a_move_is_finished_by_another(postgres, main_dsn, tmp_path):
    wanted = expected(postgres, main_dsn)
    assert len(wanted["messages"]) == 732
    first, last = count_of_steps(postgres, main_dsn, tmp_path)
    moments = sorted({first + (last - first) * part // 8 for part in range(1, 9)})
    for number, after in enumerate(moments, 1):
        target, database = store_of(main_dsn, number), tmp_path / f"{number}.db"
        move_until_killed(main_dsn, target, database, after)
        asyncio.run(finish(main_dsn, target, database))
        check(postgres, main_dsn, target, wanted)
        postgres.psql(Dsn.parse(main_dsn)[0].database, "DELETE FROM workspace_apps")


def test_process_killed_again_and_again_comes_to_an_end(postgres, main_dsn, tmp_path):
    """Each time one goes on where the last one was stopped, and is stopped a little later itself."""
    wanted = expected(postgres, main_dsn)
    first, last = count_of_steps(postgres, main_dsn, tmp_path)
    target, database = store_of(main_dsn, 1), tmp_path / "again.db"
    after, tries, is_killed = first + 4, 0, True
    later = (last - first) // 7
    while is_killed:
        _steps, is_killed = move_until_killed(main_dsn, target, database, after)
        after, tries = after + later, tries + 1
    assert tries > 3
    asyncio.run(finish(main_dsn, target, database))
    check(postgres, main_dsn, target, wanted)

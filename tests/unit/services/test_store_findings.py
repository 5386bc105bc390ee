"""What is wrong between a main database and its stores: told from facts, and read from a real server and files."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest

from app.core.errors import NotFound
from app.core.refs import AppRef
from app.core.status import Severity
from app.platforms.postgres.dsn import Dsn
from app.services import store_references
from app.services.main_map import MainMap
from app.services.store_findings import Dangling, Drift, OpenConnections, StoreFacts, StoreFinding, findings_of
from app.services.store_scan import StoreScan
from app.services.store_words import MainOverview, StoreRow, Workspace
from tests.support.postgres_server import PostgresServer
from tests.support.store_services import MAIN, opened_stores
from tests.support.store_world import World, hosted_files, hosted_world, local_world, uid

_NUMBERS = itertools.count(1)


@pytest.fixture(params=["server", "files"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    if request.param == "files":
        yield hosted_files(tmp_path, has_findings=True)
        return
    postgres: PostgresServer = request.getfixturevalue("postgres")
    yield hosted_world(postgres, f"found_{next(_NUMBERS)}", has_findings=True)


async def found(world: World, *, deep: bool = False, **changes: Any) -> dict[str, list[StoreFinding]]:
    """Findings by kind; of the server that tests share, only what is about this world."""
    async with opened_stores(world, **changes) as opened:
        findings = await StoreScan(opened.stores, opened.clients).findings(MAIN, deep=deep)
    prefix = Dsn.parse(world.main_dsn)[0].database.removesuffix("main").removesuffix("main.db")
    mine = [each for each in findings if all(ref.app_id.startswith(prefix) for ref in each.refs)]
    by_kind: dict[str, list[StoreFinding]] = {}
    for each in mine:
        by_kind.setdefault(each.kind, []).append(each)
    return by_kind


def app_id(dsn: str) -> str:
    return Dsn.parse(dsn)[0].database


async def test_quick_look_finds_what_tables_and_pointers_tell(world):
    by_kind = await found(world)
    (missing,) = by_kind["store-missing"]
    assert (missing.workspace_ids, missing.action, missing.severity) == ((world.homeless,), "set-store", Severity.ERROR)
    (shared,) = by_kind["shared-store"]
    assert set(shared.workspace_ids) == set(world.shared)
    assert shared.sentence.startswith("2 workspaces have the one store")
    (intruded,) = by_kind["system-in-store"]
    assert (intruded.workspace_ids, intruded.entities) == ((world.intruded,), ("users",))
    assert intruded.action == "open-schema"
    (orphan,) = by_kind["orphan-store"]
    assert orphan.refs == (AppRef(MAIN, app_id(world.orphan_store)),)
    rows, empty = by_kind["application-in-main"]
    assert (rows.entities, rows.action, rows.severity) == (("pages",), "move", Severity.WARNING)
    assert "pages (1 row)" in rows.sentence
    assert "chats" in empty.entities
    assert empty.severity is Severity.INFO
    # Rows and schemas are read on request only.
    assert not {"dangling-reference", "drifted-store", "unreachable"} & by_kind.keys()


async def test_deep_look_finds_rows_that_lead_nowhere_and_schemas_that_drift(world):
    by_kind = await found(world, deep=True)
    (dangling,) = by_kind["dangling-reference"]
    assert (dangling.workspace_ids, dangling.entities) == ((world.dangling,), ("chats",))
    assert "1 row of chats" in dangling.sentence
    assert "names 1 ID in user_id that users does not have" in dangling.sentence
    assert dangling.details == (f"For example {uid('nobody')}.",)
    (drifted,) = by_kind["drifted-store"]
    assert (drifted.workspace_ids, drifted.entities) == ((world.drifted,), ("messages",))
    assert [each.app_id for each in drifted.refs][0] == app_id(world.stores[world.drifted])
    assert len(drifted.refs) == 2
    assert any("created_at" in each for each in drifted.details)
    assert drifted.action == "compare"


async def test_store_that_cannot_be_read_is_told_with_what_to_do(world, postgres, tmp_path):
    gone = world.stores[world.dangling]
    if gone.startswith("sqlite"):
        Path(app_id(gone)).unlink()
    else:
        postgres.drop_database(app_id(gone))
    (unreachable,) = (await found(world, deep=True))["unreachable"]
    assert (unreachable.workspace_ids, unreachable.action) == ((world.dangling,), "check")
    assert unreachable.remedy


async def test_local_mode_has_all_tables_in_one_place(postgres):
    world = local_world(postgres, f"found_{next(_NUMBERS)}")
    assert await found(world, deep=True) == {}


async def test_transaction_left_open_by_an_application_is_told(postgres):
    world = hosted_world(postgres, f"found_{next(_NUMBERS)}", workspaces=2)
    store = next(iter(world.stores.values()))
    with psycopg.connect(store, application_name="next-app") as left:
        left.execute("SELECT 1")
        async with opened_stores(world) as opened:
            facts = await StoreScan(opened.stores, opened.clients).facts(MAIN)
    (seen,) = [each for each in facts.connections if each.application == "next-app"]
    assert (seen.app_id, seen.total, seen.idle_in_transaction) == (app_id(store), 1, 1)
    assert seen.longest_idle_s >= 0


async def test_many_stores_are_asked_once_each_and_progress_is_told(postgres):
    world = hosted_world(postgres, f"found_{next(_NUMBERS)}", workspaces=5)
    told: list[Any] = []
    async with opened_stores(world) as opened:
        await StoreScan(opened.stores, opened.clients).findings(MAIN, on_progress=told.append)
        names = {app_id(each) for each in world.stores.values()}
        asked = [
            each.path for each in opened.calls if each.path.partition(":")[0] in names and "connect" not in each.path
        ]
    assert [each.done for each in told if each.text.startswith("Reading the tables of stores")] == [1, 2, 3, 4, 5]
    assert len(asked) == 5


async def test_rows_are_compared_in_pages_never_one_by_one(postgres, monkeypatch):
    monkeypatch.setattr(store_references, "_PAGE", 50)
    world = hosted_world(postgres, f"found_{next(_NUMBERS)}", workspaces=1)
    store = app_id(next(iter(world.stores.values())))
    more = f"""INSERT INTO chats (id, workspace_id, user_id, title) SELECT gen_random_uuid(), '{uid("workspace", 0)}',
      CASE WHEN n % 2 = 0 THEN '{uid("user", 1)}' ELSE '{uid("gone")}' END::uuid, 'x' FROM generate_series(1, 400) n"""
    postgres.psql(store, more)
    async with opened_stores(world) as opened:
        findings = await StoreScan(opened.stores, opened.clients).findings(MAIN, deep=True)
        pages = [each for each in opened.calls if each.path == f"{store}: read rows"]
    (dangling,) = [each for each in findings if each.kind == "dangling-reference"]
    assert dangling.sentence.startswith("200 rows of chats")
    assert "1 ID in user_id" in dangling.sentence
    assert 8 < len(pages) < 20


async def test_table_that_is_too_long_is_read_in_part_and_says_so(postgres, monkeypatch):
    monkeypatch.setattr(store_references, "_PAGE", 2)
    monkeypatch.setattr(store_references, "MOST_ROWS", 4)
    world = hosted_world(postgres, f"found_{next(_NUMBERS)}", workspaces=1)
    incomplete = [each.sentence for each in (await found(world, deep=True))["incomplete"]]
    assert any(each.startswith("Of chats in ") and "only the first 4 rows" in each for each in incomplete)


async def test_connection_without_a_main_database_has_no_findings(postgres):
    world = hosted_world(postgres, f"found_{next(_NUMBERS)}", workspaces=1)
    async with opened_stores(world, foundation_app_id=None) as opened:
        with pytest.raises(NotFound):
            await StoreScan(opened.stores, opened.clients).findings(MAIN)


# From facts alone


def overview(*workspaces: Workspace, mode: Any = "hosted", **tables: Any) -> MainOverview:
    names = MainMap(users="users", workspaces="workspaces")
    return MainOverview(MAIN, "main", mode, "chosen", "", names, tables, workspaces, 0.0)


def workspace(number: int, app_id: str | None, **row: Any) -> Workspace:
    store = None if app_id is None else StoreRow(app_id, f"postgresql://h/{app_id}", **row)
    return Workspace(f"w{number}", f"Company {number}", store=store)


def test_nothing_wrong_gives_no_findings():
    facts = StoreFacts(overview(workspace(1, "one")), tables={"one": ("chats", "messages")})
    assert findings_of(facts) == ()


def test_sibling_to_compare_with_is_a_sound_one():
    stores = [workspace(number, name) for number, name in enumerate(("odd", "intruded", "both", "both", "sound"))]
    drifts = {"odd": Drift(("gone", "intruded", "both", "sound"), ("chats",), ())}
    tables = {"intruded": ("chats", "users"), "sound": ("chats",), "odd": (), "both": ()}
    facts = StoreFacts(overview(*stores), tables=tables, failures={"gone": ("It is gone.", "")}, drifts=drifts)
    (drifted,) = [each for each in findings_of(facts) if each.kind == "drifted-store"]
    assert [each.app_id for each in drifted.refs] == ["odd", "sound"]
    assert "differs from that of 4 other stores" in drifted.sentence


def test_workspaces_still_in_the_main_database_are_offered_to_be_moved():
    late = [replace(workspace(number, None), is_in_main=True) for number in (2, 3)]
    facts = StoreFacts(overview(workspace(1, "one"), *late, workspace(4, None)), main_rows={"chats": 2, "votes": 0})
    missing, rows, empty = findings_of(facts)
    assert (missing.kind, missing.workspace_ids) == ("store-missing", ("w4",))
    assert (rows.kind, rows.action, rows.workspace_ids) == ("application-in-main", "move", ("w2", "w3"))
    assert rows.details == ("Still there: Company 2, Company 3.",)
    assert empty.remedy.endswith("It can be removed here.")


def test_pointer_that_cannot_be_read_says_why():
    (finding,) = findings_of(StoreFacts(overview(workspace(1, "", problem="It is encrypted."))))
    assert finding.kind == "store-missing"
    assert finding.sentence.endswith("cannot be read. It is encrypted.")


def test_main_database_as_a_store_is_offered_to_be_moved():
    (finding,) = findings_of(StoreFacts(overview(workspace(1, "main")), tables={"main": ("users", "chats")}))
    assert (finding.kind, finding.action, finding.severity) == ("system-in-store", "move", Severity.ERROR)


def test_another_main_database_is_no_store_left_behind():
    tables = ("users", "workspaces", "roles", "chats", "messages")
    assert findings_of(StoreFacts(overview(), tables={"another": tables})) == ()


@pytest.mark.parametrize(
    ("total", "idle", "seconds", "severity"),
    [(5, 0, 0.0, None), (5, 1, 5.0, None), (20, 0, 0.0, Severity.INFO), (1, 1, 7200.0, Severity.WARNING)],
)
def test_connections_are_told_where_they_are_many_or_hold_a_transaction(total, idle, seconds, severity):
    seen = OpenConnections("one", "web", "app", total, idle, seconds)
    findings = findings_of(StoreFacts(overview(workspace(1, "one")), connections=(seen,)))
    assert [each.severity for each in findings] == ([severity] if severity else [])
    if severity is Severity.WARNING:
        assert "1 transaction left open, the longest for 2 hours" in findings[0].sentence


def test_names_from_a_database_are_shown_plain_and_keys_stay_the_same():
    lost = Dangling("one", "chats", "user_id", "users", 3, 2, ("a\nb\u202e",))
    facts = StoreFacts(overview(workspace(1, "one")), dangling=(lost,))
    (finding,), (again,) = findings_of(facts), findings_of(facts)
    assert finding.details == ("For example a b.",)
    assert finding.key == again.key


def test_worst_findings_come_first():
    facts = StoreFacts(
        overview(workspace(1, None), workspace(2, "two")),
        tables={"left": ("chats", "messages")},
        main_rows={"pages": 0},
        notes=("Not all was looked at.",),
    )
    assert [each.severity for each in findings_of(facts)] == sorted(
        (each.severity for each in findings_of(facts)), key=["error", "warning", "info"].index
    )
    assert findings_of(facts)[-1].kind == "incomplete"


def test_more_rows_than_are_counted_are_not_given_a_number():
    (finding,) = findings_of(StoreFacts(overview(), main_rows={"chats": -1}))
    assert "chats (more than 100,000 rows)" in finding.sentence

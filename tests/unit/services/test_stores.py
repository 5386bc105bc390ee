"""Main databases and stores in SQLite files, with the real client."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from app.core.connection import Environment, Platform, TokenKind
from app.core.errors import Conflict, FieldError, Invalid, NotFound, ReadOnly, Timeout, Unsupported
from app.core.secret import Secret
from app.services.directory import Progress
from app.services.main_map import APPLICATION_TABLES, SYSTEM_TABLES, MainSettings, MainSettingsBook
from app.services.store_keeping import StoreKeeper, vault_id
from app.services.store_words import StoreCheck, StoreRow, Workspace
from tests.support.store_services import MAIN, KeptMaps, Opened, main_connection, opened_stores
from tests.support.store_world import hosted_files, insert, local_files, uid
from tests.unit.services.fakes import FakeVault


def execute(dsn: str, script: str) -> None:
    with sqlite3.connect(dsn.removeprefix("sqlite:///")) as connection:
        connection.executescript(script)
    connection.close()


def path_of(dsn: str) -> str:
    return dsn.removeprefix("sqlite:///")


async def workspace(opened: Opened, workspace_id: str) -> Workspace:
    return next(each for each in await opened.stores.workspaces(MAIN) if each.id == workspace_id)


# Reading


async def test_hosted_main_database_is_read(tmp_path: Path) -> None:
    world = hosted_files(tmp_path, workspaces=5)
    async with opened_stores(world) as opened:
        overview = await opened.stores.overview(MAIN)
    assert (overview.mode, overview.mode_source, overview.app_id) == ("hosted", "guessed", path_of(world.main_dsn))
    assert set(overview.map.system) == set(SYSTEM_TABLES)
    by_id = {each.id: each for each in overview.workspaces}
    assert set(by_id) == set(world.workspace_ids)
    third = by_id[world.workspace_ids[3]]
    assert (third.name, third.members, third.roles, third.teams, third.invites) == ("Dune Works", 4, 2, 1, 1)
    assert by_id[world.workspace_ids[1]].invites == 0
    assert third.created_at > 0
    assert third.store is not None
    assert third.store.app_id == path_of(world.stores[third.id])
    assert overview.tables["users"] == "system"
    assert {"id", "workspace_id", "database_url"} < set(overview.columns["workspace_apps"])


async def test_local_main_database_is_read(tmp_path: Path) -> None:
    world = local_files(tmp_path)
    async with opened_stores(world) as opened:
        overview = await opened.stores.overview(MAIN)
        assert {name: overview.tables[name] for name in APPLICATION_TABLES} == dict.fromkeys(
            APPLICATION_TABLES, "application"
        )
        assert overview.mode == "local"
        assert [each.store for each in overview.workspaces] == [None] * 3
        route = await opened.stores.for_table(MAIN, world.workspace_ids[0], "chats")
        assert (route.store, route.app_id, route.entity) == ("main", overview.app_id, "chats")


@pytest.mark.parametrize("has_columns", [True, False])
async def test_others_stay_in_the_main_database_when_the_first_gets_a_store(tmp_path: Path, has_columns: bool) -> None:
    world = local_files(tmp_path)
    first, second, third = world.workspace_ids
    owned = ("chats", "documents", "tables", "pages")
    script = [f"DELETE FROM {table} WHERE workspace_id = '{third}'" for table in owned]
    if not has_columns:
        script = [f"DROP TABLE {table}" for table in ("votes", "streams", "messages", "suggestions", *owned)]
        script.append("CREATE TABLE chats (id text PRIMARY KEY, owner text)")
    execute(world.main_dsn, ";".join(script))
    async with opened_stores(world) as opened:
        await opened.stores.set_store(MAIN, first, f"sqlite:///{tmp_path / 'first.db'}", None, "none")
        overview = await opened.stores.overview(MAIN)
        assert (overview.mode, overview.mode_source) == ("hosted", "guessed")
        expected = {first: False, second: True, third: not has_columns}
        assert {each.id: each.is_in_main for each in overview.workspaces} == expected
        with pytest.raises(NotFound) as caught:
            await opened.stores.for_table(MAIN, second, "chats")
        assert "still in the main database" in caught.value.sentence


async def test_number_of_questions_does_not_depend_on_that_of_workspaces(tmp_path: Path) -> None:
    (tmp_path / "few").mkdir()
    (tmp_path / "many").mkdir()
    few, many = hosted_files(tmp_path / "few", workspaces=1), hosted_files(tmp_path / "many", workspaces=30)
    async with opened_stores(few) as opened:
        await opened.stores.overview(MAIN)
        asked = len(opened.calls)
    async with opened_stores(many) as opened:
        await opened.stores.overview(MAIN)
        assert len(opened.calls) == asked


async def test_what_was_read_is_good_enough_where_that_was_said(tmp_path: Path) -> None:
    async with opened_stores(hosted_files(tmp_path)) as opened:
        first = await opened.stores.overview(MAIN)
        asked = len(opened.calls)
        assert await opened.stores.overview(MAIN, is_fresh=False) is first
        assert len(opened.calls) == asked
        assert await opened.stores.overview(MAIN) is not first


async def test_encrypted_pointers_are_told(tmp_path: Path) -> None:
    world = hosted_files(tmp_path)
    execute(world.main_dsn, f"UPDATE workspace_apps SET database_url = '{'deadbeef' * 8}'")
    async with opened_stores(world) as opened:
        overview = await opened.stores.overview(MAIN)
        assert any(
            each.startswith("3 workspaces: The value in database_url looks encrypted") for each in overview.notes
        )
        with pytest.raises(Unsupported, match="looks encrypted"):
            await opened.stores.for_table(MAIN, world.workspace_ids[0], "chats")


@pytest.mark.parametrize(
    ("reference", "words"),
    [("vault:tenantry", "this one's has not"), ("arn:aws:secret", "only the product can read it")],
)
async def test_password_that_is_kept_elsewhere_is_told(tmp_path: Path, reference: str, words: str) -> None:
    world = hosted_files(tmp_path, workspaces=1)
    script = f"""ALTER TABLE workspace_apps ADD COLUMN secret_ref text;
    UPDATE workspace_apps SET database_url = 'postgresql://app@db.example/x', secret_ref = '{reference}';"""
    execute(world.main_dsn, script)
    async with opened_stores(world) as opened:
        store = (await workspace(opened, world.workspace_ids[0])).store
    assert store is not None
    assert (store.is_readable, store.app_id) == (True, "db.example:5432/x")
    assert words in store.problem
    assert "arn:aws" not in repr(store)


async def test_several_rows_of_a_workspace_count_by_the_first_that_can_be_read(tmp_path: Path) -> None:
    world = hosted_files(tmp_path, workspaces=1)
    key = world.workspace_ids[0]
    script = """ALTER TABLE workspace_apps RENAME TO old; CREATE TABLE workspace_apps
      (id text PRIMARY KEY, workspace_id text, provider text, database_url text);"""
    rows = [("a", "slack", "https://hooks.example/x"), ("b", "sealed", "deadbeef" * 8)]
    rows.append(("c", "postgres", world.stores[key]))
    columns = "id, workspace_id, provider, database_url"
    script += "".join(insert("workspace_apps", each[0], key, *each[1:], columns=columns) for each in rows)
    execute(world.main_dsn, script)
    async with opened_stores(world) as opened:
        found = await workspace(opened, key)
    assert found.store is not None
    assert (found.store.record_id, found.store.provider, found.pointers) == ("c", "postgres", 3)


async def test_main_database_without_anything_is_empty_and_says_so(tmp_path: Path) -> None:
    execute(f"sqlite:///{tmp_path}/main.db", "CREATE TABLE notes (id integer PRIMARY KEY)")
    async with opened_stores(f"sqlite:///{tmp_path}/main.db") as opened:
        overview = await opened.stores.overview(MAIN)
    assert overview.workspaces == ()
    assert overview.notes[0].startswith("The main database has no table that looks like users, workspaces")


@pytest.mark.parametrize(
    ("changes", "kind"),
    [({"foundation_app_id": None}, NotFound), ({"platform": Platform.INSTANT, "base_url": "https://x"}, Unsupported)],
)
async def test_connection_without_a_main_database_is_refused(
    tmp_path: Path, changes: dict[str, Any], kind: type[Exception]
) -> None:
    async with opened_stores(hosted_files(tmp_path), **changes) as opened:
        assert not opened.stores.has_main_database(MAIN)
        for ask in (opened.stores.overview(MAIN), opened.stores.check(MAIN), opened.stores.set_mode(MAIN, "local")):
            with pytest.raises(kind):
                await ask
        assert await opened.stores.places(MAIN).known() == ()


async def test_connection_that_leads_elsewhere_is_read_anew(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "other").mkdir()
    one, other = hosted_files(tmp_path / "one", workspaces=1), local_files(tmp_path / "other", workspaces=4)
    async with opened_stores(one) as opened:
        assert len((await opened.stores.overview(MAIN)).workspaces) == 1
        moved, _none = main_connection(other.main_dsn)
        opened.connections._connections[MAIN] = moved
        opened.clients.forget(MAIN)
        assert len((await opened.stores.overview(MAIN, is_fresh=False)).workspaces) == 4


# What the operator says


async def test_mode_is_chosen_kept_and_taken_back(tmp_path: Path) -> None:
    async with opened_stores(hosted_files(tmp_path), environ={"APP_MODE": "hosted"}) as opened:
        assert (await opened.stores.overview(MAIN)).mode_source == "environment"
        await opened.stores.set_mode(MAIN, "local")
        overview = await opened.stores.overview(MAIN, is_fresh=False)
        assert (overview.mode, overview.mode_source) == ("local", "chosen")
        assert (await opened.again().overview(MAIN)).mode == "local"
        await opened.stores.set_mode(MAIN, None)
        assert (await opened.stores.overview(MAIN)).mode_source == "environment"
        assert [each[4] for each in opened.audit] == ["set mode", "set mode"]
        assert any(MAIN in each.apps for each in opened.heard)


async def test_folder_of_an_env_file_is_kept(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("APP_MODE=local\nPOSTGRES_URL=sqlite:///" + str(tmp_path / "main.db"))
    async with opened_stores(hosted_files(tmp_path)) as opened:
        await opened.stores.set_env_folder(MAIN, f" {tmp_path} ")
        overview = await opened.stores.overview(MAIN)
        assert (overview.mode, overview.mode_source, overview.env_folder) == ("local", ".env", str(tmp_path))


async def test_names_are_mapped_and_only_what_was_said_is_kept(tmp_path: Path) -> None:
    world = hosted_files(tmp_path)
    execute(world.main_dsn, "ALTER TABLE workspace_apps RENAME COLUMN database_url TO zeiger")
    async with opened_stores(world) as opened:
        overview = await opened.stores.overview(MAIN)
        assert [each.store for each in overview.workspaces] == [None] * 3
        with pytest.raises(Invalid) as refused:
            await opened.stores.set_map(MAIN, replace(overview.map, app_url="zeigr", users="people"))
        assert {each.field for each in refused.value.fields} == {"app_url", "users"}
        await opened.stores.set_map(MAIN, replace(overview.map, app_url="zeiger", application=("users",)))
        again = await opened.stores.overview(MAIN, is_fresh=False)
        assert all(each.store is not None and each.store.app_id for each in again.workspaces)
        assert MainSettings.from_text(opened.maps.kept[MAIN]).names == {"app_url": "zeiger"}


# Checking


async def test_all_stores_are_checked_once_each(tmp_path: Path) -> None:
    world = hosted_files(tmp_path, has_findings=True)
    seen: list[StoreCheck] = []
    progress: list[Progress] = []
    async with opened_stores(world) as opened:
        checks = await opened.stores.check(MAIN, on_check=seen.append, on_progress=progress.append, concurrency=3)
        assert {each.app_id for each in checks} == {path_of(each) for each in world.stores.values()}
        assert len(checks) == len(seen) == 4
        assert all(each.is_reachable and each.tables >= 8 and each.bytes > 0 for each in checks)
        assert (progress[-1].done, progress[-1].total) == (4, 4)
        assert set(opened.stores.last_checks(MAIN)) == {each.app_id for each in checks}


async def test_check_of_many_counts_what_was_counted_long_ago_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.services.stores._MANY", 2)
    world = hosted_files(tmp_path, workspaces=3)
    async with opened_stores(world) as opened:
        first = await opened.stores.check(MAIN)
        path = path_of(world.stores[world.workspace_ids[0]])
        with closing(sqlite3.connect(path)) as database:
            database.execute("CREATE TABLE another (id integer PRIMARY KEY)")
        again = {each.app_id: each.tables for each in await opened.stores.check(MAIN)}
        assert again == {each.app_id: each.tables for each in first}
        # One that is asked by itself is asked everything.
        (one,) = await opened.stores.check(MAIN, [path])
        assert one.tables == again[path] + 1


async def test_store_that_is_gone_fails_alone(tmp_path: Path) -> None:
    world = hosted_files(tmp_path)
    gone = path_of(world.stores[world.workspace_ids[1]])
    Path(gone).unlink()
    async with opened_stores(world) as opened:
        checks = {each.app_id: each for each in await opened.stores.check(MAIN)}
        assert not checks[gone].is_reachable
        assert checks[gone].sentence
        assert sum(each.is_reachable for each in checks.values()) == 2
        (one,) = await opened.stores.check(MAIN, [gone])
        assert not one.is_reachable


# Changing a store


async def test_store_is_set_with_a_preview(tmp_path: Path) -> None:
    world = hosted_files(tmp_path, has_findings=True)
    async with opened_stores(world) as opened:
        change = await opened.stores.describe_store_change(MAIN, world.homeless, world.orphan_store, None, "none")
        assert change.before is None
        assert change.after is not None
        assert change.sentences[0] == f"Fjord Studio gets the store {path_of(world.orphan_store)}."
        assert "A row is added to workspace_apps" in change.sentences[1]
        assert change.warnings == ()
        assert (await workspace(opened, world.homeless)).store is None
        row = await opened.stores.set_store(MAIN, world.homeless, world.orphan_store, None, "none")
        assert row.app_id == path_of(world.orphan_store)
        assert row.record_id
        assert (await opened.stores.for_table(MAIN, world.homeless, "chats")).app_id == row.app_id
        assert opened.audit[-1][3:6] == (path_of(world.main_dsn), "set store", "done")


async def test_store_is_replaced_and_others_are_left_alone(tmp_path: Path) -> None:
    world = hosted_files(tmp_path, has_findings=True)
    first, second = world.workspace_ids[:2]
    async with opened_stores(world) as opened:
        before = {each.id: each.store for each in await opened.stores.workspaces(MAIN)}
        change = await opened.stores.describe_store_change(MAIN, first, world.stores[second], None, "none")
        assert "in place of" in change.sentences[0]
        assert "gets new values: database_url" in change.sentences[1]
        assert any("is the store of Blue Harbor already" in each for each in change.warnings)
        await opened.stores.set_store(MAIN, first, world.stores[second], None, "none")
        after = {each.id: each.store for each in await opened.stores.workspaces(MAIN)}
        assert {key for key in after if after[key] != before[key]} == {first}


async def test_main_database_as_a_store_and_production_are_warned_of(tmp_path: Path) -> None:
    world = hosted_files(tmp_path)
    async with opened_stores(world, environment=Environment.PRODUCTION) as opened:
        key = world.workspace_ids[0]
        change = await opened.stores.describe_store_change(MAIN, key, world.main_dsn, None, "none")
        assert any("is production" in each for each in change.warnings)
        assert "This is the main database itself." in change.warnings


async def test_address_that_is_none_is_refused_by_its_field(tmp_path: Path) -> None:
    world = hosted_files(tmp_path)
    async with opened_stores(world) as opened:
        for text in ("nonsense", "postgresql://a:hunter2@h/x"):
            with pytest.raises(Invalid) as refused:
                await opened.stores.describe_store_change(MAIN, world.workspace_ids[0], text, None, "vault")
            assert [each.field for each in refused.value.fields] == ["dsn_text"]
            assert isinstance(refused.value.fields[0], FieldError)
            assert "hunter2" not in str(refused.value)
        with pytest.raises(NotFound):
            await opened.stores.describe_store_change(MAIN, "nobody", world.main_dsn, None, "vault")


async def test_store_is_cleared_and_says_what_goes(tmp_path: Path) -> None:
    world = hosted_files(tmp_path)
    key = world.workspace_ids[0]
    async with opened_stores(world) as opened:
        change = await opened.stores.describe_store_change(MAIN, key, None, None, "none")
        assert change.after is None
        assert any("status, updated_at" in each for each in change.warnings)
        await opened.stores.clear_store(MAIN, key)
        assert (await workspace(opened, key)).store is None
        with pytest.raises(Unsupported, match="has no store"):
            await opened.stores.clear_store(MAIN, key)
        with pytest.raises(NotFound, match="has no store"):
            await opened.stores.for_table(MAIN, key, "chats")
        assert Path(path_of(world.stores[key])).exists()


async def test_read_only_connection_is_refused_before_anything_is_asked(tmp_path: Path) -> None:
    world = hosted_files(tmp_path)
    async with opened_stores(world, is_read_only=True) as opened:
        with pytest.raises(ReadOnly):
            await opened.stores.set_store(MAIN, world.workspace_ids[0], world.main_dsn, None, "none")
        with pytest.raises(ReadOnly):
            await opened.stores.clear_store(MAIN, world.workspace_ids[0])
        assert opened.calls == []


async def test_store_of_an_encrypted_row_is_kept_here_and_the_row_is_left_alone(tmp_path: Path) -> None:
    world = hosted_files(tmp_path)
    sealed, key = "deadbeef" * 8, world.workspace_ids[0]
    execute(world.main_dsn, f"UPDATE workspace_apps SET database_url = '{sealed}'")
    async with opened_stores(world) as opened:
        change = await opened.stores.describe_store_change(MAIN, key, world.stores[key], None, "none")
        assert any("Tenantry alone keeps this address" in each for each in change.sentences)
        row = await opened.stores.set_store(MAIN, key, world.stores[key], None, "none")
        assert row.is_own
        assert (await opened.stores.for_table(MAIN, key, "chats")).app_id == path_of(world.stores[key])
        again = {each.id: each for each in (await opened.again().overview(MAIN)).workspaces}
        assert again[key].store == row
        await opened.stores.clear_store(MAIN, key)
        cleared = (await workspace(opened, key)).store
        assert cleared is not None
        assert not cleared.is_readable
        with pytest.raises(Unsupported, match="cannot read"):
            await opened.stores.clear_store(MAIN, key)
    with sqlite3.connect(path_of(world.main_dsn)) as connection:
        found = connection.execute("SELECT DISTINCT database_url FROM workspace_apps").fetchall()
    connection.close()
    assert found == [(sealed,)]


@pytest.mark.parametrize("before", [None, Secret("older")])
async def test_password_is_taken_back_where_the_row_is_refused(before: Secret | None) -> None:
    vault, maps = FakeVault(), KeptMaps()
    name = vault_id(MAIN, "w1")
    if before is not None:
        vault.kept[name, TokenKind.PLATFORM] = before
        maps.kept[MAIN] = MainSettings(vaulted=frozenset({"w1"})).to_text()
    keeper = StoreKeeper(MainSettingsBook(maps), vault)
    connection, _none = main_connection("sqlite:////main.db")
    present: Any = SimpleNamespace(
        connection=connection,
        workspace=Workspace("w1", "One", store=StoreRow("a", "postgresql://h/a", "vault" if before else "none")),
        reading=SimpleNamespace(overview=SimpleNamespace(app_id="main")),
    )
    intent: Any = SimpleNamespace(
        password=Secret("newer"), place="vault", row=SimpleNamespace(statement=("X", {})), is_own=False, dsn=None
    )

    for error, left in ((Invalid("No."), before), (Timeout("?", may_have_taken_effect=True), Secret("newer"))):

        async def write(_app_id: str, _statements: Any, error: Exception = error) -> None:
            raise error

        client: Any = SimpleNamespace(write=write)
        with pytest.raises(type(error)):
            await keeper.put(present, intent, client)
        assert vault.kept.get((name, TokenKind.PLATFORM)) == left


async def test_row_that_says_nothing_yet_is_filled_in_place(tmp_path: Path) -> None:
    world = hosted_files(tmp_path, has_findings=True)
    columns = "id, workspace_id, database_url"
    execute(world.main_dsn, insert("workspace_apps", uid("empty"), world.homeless, "", columns=columns))
    async with opened_stores(world) as opened:
        assert (await workspace(opened, world.homeless)).store is None
        row = await opened.stores.set_store(MAIN, world.homeless, world.orphan_store, None, "none")
        assert row.record_id == uid("empty")


async def test_change_that_somebody_undid_at_once_is_told(tmp_path: Path) -> None:
    world = hosted_files(tmp_path)
    execute(
        world.main_dsn,
        "CREATE TRIGGER stubborn AFTER UPDATE OF database_url ON workspace_apps WHEN new.database_url <> '' "
        "BEGIN UPDATE workspace_apps SET database_url = '' WHERE id = new.id; END;",
    )
    async with opened_stores(world) as opened:
        with pytest.raises(Conflict, match="does not say what was written"):
            await opened.stores.set_store(MAIN, world.workspace_ids[0], world.main_dsn, None, "none")


# For others


async def test_places_lead_to_stores_and_to_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "far").mkdir()
    world = hosted_files(tmp_path)
    far = tmp_path / "far" / "store.db"
    Path(path_of(world.stores[world.workspace_ids[0]])).rename(far)
    execute(world.main_dsn, f"UPDATE workspace_apps SET database_url = 'sqlite:///{far}' WHERE id = '{pointer(0)}'")
    async with opened_stores(world) as opened:
        places = opened.stores.places(MAIN)
        assert await places.known() == (str(far),)
        place = await places(str(far))
        assert place is not None
        assert (place.dsn.database, place.password) == (str(far), None)
        assert await places(path_of(world.main_dsn)) is None
        assert await places("/nowhere.db") is None
        assert await opened.stores.places("gone").known() == ()
        client = await opened.clients.get(MAIN)
        assert str(far) in {each.app_id for each in await client.list_apps()}


def pointer(number: int) -> str:
    return uid("pointer", uid("workspace", number))


async def test_registry_shows_workspaces_as_owners(tmp_path: Path) -> None:
    world = hosted_files(tmp_path, has_findings=True)
    async with opened_stores(world) as opened:
        registry = await opened.stores.registry(MAIN)
    shared = registry.by_app[path_of(world.stores[world.shared[0]])]
    assert {each.owner for each in shared} == {"Aurora Labs", "Ember & Oak"}
    assert {each.owner_ids[0] for each in registry.claims} == set(world.stores)
    assert registry.foundation_app_id == path_of(world.main_dsn)


async def test_whoever_shows_owners_is_told_of_each_change(tmp_path: Path) -> None:
    world = hosted_files(tmp_path, has_findings=True)
    told: list[str] = []

    async def read_again(connection_id: str) -> None:
        told.append(connection_id)
        raise NotFound("The server is gone.")

    async with opened_stores(world) as opened:
        opened.stores.on_change(read_again)
        await opened.stores.set_store(MAIN, world.homeless, world.orphan_store, None, "none")
        await opened.stores.clear_store(MAIN, world.homeless)
        await opened.stores.set_mode(MAIN, "local")
        assert told == [MAIN] * 3


async def test_findings_are_those_of_the_world(tmp_path: Path) -> None:
    async with opened_stores(hosted_files(tmp_path, has_findings=True)) as opened:
        found = {each.kind for each in await opened.stores.findings(MAIN)}
    assert {"store-missing", "shared-store", "system-in-store", "orphan-store"} <= found


async def test_passwords_of_stores_go_with_their_connection(tmp_path: Path) -> None:
    world = hosted_files(tmp_path)
    async with opened_stores(world) as opened:
        name = vault_id(MAIN, "w1")
        opened.vault.kept[name, TokenKind.PLATFORM] = Secret("hunter2")
        opened.maps.kept[MAIN] = MainSettings(vaulted=frozenset({"w1"})).to_text()
        await opened.connections.remove(MAIN)
        assert opened.vault.kept == {}


async def test_ids_that_are_numbers_work_too(tmp_path: Path) -> None:
    main = f"sqlite:///{tmp_path}/main.db"
    script = """
    CREATE TABLE workspace (id integer PRIMARY KEY, title text, created integer);
    CREATE TABLE workspace_app (id integer PRIMARY KEY, workspace integer REFERENCES workspace (id), dsn text);
    INSERT INTO workspace VALUES (1, 'One', 1700000000000), (2, 'Two', 1700000000);
    """
    execute(main, script)
    async with opened_stores(main) as opened:
        one, two = await opened.stores.workspaces(MAIN)
        assert (one.id, one.name, one.created_at, one.members) == ("1", "One", 1_700_000_000, -1)
        assert two.created_at == 1_700_000_000
        row = await opened.stores.set_store(MAIN, "2", f"sqlite:///{tmp_path}/two.db", None, "none")
        assert (row.record_id, row.app_id) == ("1", f"{tmp_path}/two.db")

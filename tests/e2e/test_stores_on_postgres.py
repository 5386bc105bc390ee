"""Main databases and stores on a real server: services without a window."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest

from app.core.connection import TokenKind
from app.core.errors import KnownError, NotFound, ReadOnly, Unsupported
from app.core.secret import Secret
from app.services.store_keeping import vault_id
from app.services.store_words import StoreRow, Workspace
from tests.support.postgres_server import PostgresServer, quoted
from tests.support.store_services import MAIN, Opened, opened_stores
from tests.support.store_world import World, hosted_world, insert, local_world, system_sql, uid

HARD = "p@ss/w:ord ?#%&é'\"\\ 🐘"


@pytest.fixture
def prefix(postgres: PostgresServer, request: pytest.FixtureRequest) -> Iterator[str]:
    """Of databases that are dropped at the end."""
    name = f"s{zlib.crc32(request.node.name.encode())}"
    yield name
    listed = postgres.psql("postgres", f"SELECT datname FROM pg_database WHERE datname LIKE '{name}%'")
    for each in listed.splitlines():
        postgres.drop_database(each)


@pytest.fixture
def role(postgres: PostgresServer, prefix: str) -> Iterator[str]:
    """A tenant's own user, with a password that has every special character."""
    name = f"{prefix} o'ner"
    postgres.psql("postgres", f"CREATE ROLE {quoted(name)} LOGIN PASSWORD {literal(HARD)}")
    yield name
    for each in postgres.psql("postgres", f"SELECT datname FROM pg_database WHERE datname LIKE '{prefix}%'").split(
        "\n"
    ):
        postgres.psql(each or "postgres", f"DROP OWNED BY {quoted(name)}")
    postgres.psql("postgres", f"DROP ROLE {quoted(name)}")


def literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def pointers(postgres: PostgresServer, world_prefix: str, columns: str = "database_url") -> list[str]:
    return postgres.psql(f"{world_prefix}_main", f"SELECT {columns} FROM workspace_apps ORDER BY workspace_id").split(
        "\n"
    )


async def workspace(opened: Opened, workspace_id: str) -> Workspace:
    return next(each for each in await opened.stores.workspaces(MAIN) if each.id == workspace_id)


async def store_of(opened: Opened, workspace_id: str) -> StoreRow:
    found = (await workspace(opened, workspace_id)).store
    assert found is not None
    return found


def spoken(opened: Opened) -> str:
    """Everything that is written down somewhere."""
    return repr((opened.audit, opened.calls, opened.maps.kept, opened.heard))


async def test_hosted_world_is_read_checked_and_routed(postgres: PostgresServer, prefix: str) -> None:
    world = hosted_world(postgres, prefix, workspaces=20)
    async with opened_stores(world) as opened:
        overview = await opened.stores.overview(MAIN)
        assert (overview.mode, overview.app_id, len(overview.workspaces)) == ("hosted", f"{prefix}_main", 20)
        assert {each.store.app_id for each in overview.workspaces if each.store} == {
            f"{prefix}_store_{number}" for number in range(20)
        }
        assert {each.store.secret_place for each in overview.workspaces if each.store} == {"row"}
        first = next(each for each in overview.workspaces if each.id == world.workspace_ids[3])
        assert (first.members, first.roles, first.teams, first.invites) == (4, 2, 1, 1)
        checks = await opened.stores.check(MAIN)
        assert len(checks) == 20
        assert all(each.is_reachable and each.tables == 8 for each in checks)
        route = await opened.stores.for_table(MAIN, world.workspace_ids[0], "messages")
        assert (route.store, route.app_id) == ("store", f"{prefix}_store_0")
        assert (await opened.stores.for_table(MAIN, world.workspace_ids[0], "user")).app_id == f"{prefix}_main"
        with pytest.raises(Unsupported, match="system table"):
            await opened.stores.for_table(MAIN, world.workspace_ids[0], "users", "store")
        client: Any = await opened.clients.get(MAIN)
        page = await client.rows(route.app_id, route.entity, limit=3)
        assert len(page.rows) == 3
        assert postgres.password not in spoken(opened)


async def test_local_world_routes_everything_to_the_main_database(postgres: PostgresServer, prefix: str) -> None:
    world = local_world(postgres, prefix)
    async with opened_stores(world) as opened:
        for table in ("users", "chats", "votes"):
            route = await opened.stores.for_table(MAIN, world.workspace_ids[0], table, "store")
            assert (route.app_id, route.store) == (f"{prefix}_main", "main")
        await opened.stores.set_mode(MAIN, "hosted")
        with pytest.raises(NotFound, match="has no store"):
            await opened.stores.for_table(MAIN, world.workspace_ids[0], "chats")
        assert await opened.stores.check(MAIN) == ()


async def test_store_with_a_hard_password_is_set_in_the_row_and_reached_by_it(
    postgres: PostgresServer, prefix: str, role: str
) -> None:
    world = hosted_world(postgres, prefix)
    name = f'{prefix} "größe" 🐘/x'
    postgres.create_database(name)
    address = f"postgresql://{quote(role, safe='')}@127.0.0.1:{postgres.port}/{quote(name, safe='')}"
    key = world.workspace_ids[0]
    async with opened_stores(world) as opened:
        row = await opened.stores.set_store(MAIN, key, address, Secret(HARD), "row")
        assert (row.app_id, row.secret_place, row.dsn_text) == (name, "row", address)
        (check,) = await opened.stores.check(MAIN, [name])
        assert check.is_reachable, check.sentence
        assert quote(HARD, safe="") in "\n".join(pointers(postgres, prefix))
        wrong = await opened.stores.set_store(MAIN, key, address, Secret("wrong"), "row")
        (check,) = await opened.stores.check(MAIN, [wrong.app_id])
        assert not check.is_reachable
        assert check.remedy
        assert HARD not in spoken(opened)
        assert quote(HARD, safe="") not in spoken(opened)


async def test_password_goes_from_the_row_to_the_vault_and_back(
    postgres: PostgresServer, prefix: str, role: str
) -> None:
    world = hosted_world(postgres, prefix)
    key = world.workspace_ids[0]
    address = f"postgresql://{quote(role, safe='')}@localhost:{postgres.port}/{prefix}_store_0"
    async with opened_stores(world) as opened:
        row = await opened.stores.set_store(MAIN, key, address, Secret(HARD), "vault")
        assert (row.app_id, row.secret_place) == (f"localhost:{postgres.port}/{prefix}_store_0", "vault")
        assert opened.vault.kept[vault_id(MAIN, key), TokenKind.PLATFORM] == Secret(HARD)
        assert address in pointers(postgres, prefix)
        places = opened.stores.places(MAIN)
        assert await places.known() == (row.app_id,)
        place = await places(row.app_id)
        assert place is not None
        assert place.password == Secret(HARD)
        client: Any = await opened.clients.get(MAIN)
        assert (await client.check(row.app_id)).is_reachable

        # Without a word about the password it stays the same, wherever it is kept.
        row = await opened.stores.set_store(MAIN, key, f"{address}?sslmode=prefer", None, "row")
        assert row.secret_place == "row"
        assert (vault_id(MAIN, key), TokenKind.PLATFORM) not in opened.vault.kept
        assert any(quote(HARD, safe="") in each for each in pointers(postgres, prefix))
        assert (await client.check(row.app_id)).is_reachable

        # To another user nobody's password goes along.
        other = f"postgresql://somebody@localhost:{postgres.port}/{prefix}_store_0"
        row = await opened.stores.set_store(MAIN, key, other, None, "row")
        assert row.secret_place == "none"
        assert other in pointers(postgres, prefix)


async def test_store_without_a_password_is_reached_the_connections_own_way_and_nowhere_else(
    postgres: PostgresServer, prefix: str
) -> None:
    world = hosted_world(postgres, prefix)
    first, second = world.workspace_ids[:2]
    async with opened_stores(world) as opened:
        beside = postgres.dsn(f"{prefix}_store_0", with_password=False)
        await opened.stores.set_store(MAIN, first, beside, None, "none")
        change = await opened.stores.describe_store_change(MAIN, first, beside, Secret(HARD), "none")
        assert "No password is kept: the one that was entered is left out." in change.sentences
        elsewhere = beside.replace("127.0.0.1", "localhost")
        row = await opened.stores.set_store(MAIN, second, elsewhere, None, "none")
        checks = {each.app_id: each for each in await opened.stores.check(MAIN)}
        assert checks[f"{prefix}_store_0"].is_reachable
        assert not checks[row.app_id].is_reachable
        assert "password" in checks[row.app_id].sentence


async def test_vault_is_warned_of_where_there_is_none(postgres: PostgresServer, prefix: str) -> None:
    world = hosted_world(postgres, prefix, workspaces=1)
    async with opened_stores(world, vault_kind="memory") as opened:
        change = await opened.stores.describe_store_change(
            MAIN, world.workspace_ids[0], world.stores[world.workspace_ids[0]], None, "vault"
        )
        assert any("The product cannot read this vault" in each for each in change.warnings)
        assert any("for this session only" in each for each in change.warnings)


async def test_refused_write_leaves_row_and_vault_as_they_were(postgres: PostgresServer, prefix: str) -> None:
    world = hosted_world(postgres, prefix)
    key = world.workspace_ids[0]
    postgres.psql(f"{prefix}_main", "ALTER TABLE workspace_apps ADD CHECK (database_url LIKE '%store_0%') NOT VALID")
    before = pointers(postgres, prefix)
    async with opened_stores(world) as opened:
        with pytest.raises(KnownError):
            await opened.stores.set_store(MAIN, key, postgres.dsn("elsewhere"), Secret("new-secret"), "vault")
        assert pointers(postgres, prefix) == before
        assert (vault_id(MAIN, key), TokenKind.PLATFORM) not in opened.vault.kept
        assert opened.audit[-1][5].startswith("failed: ")
        assert "new-secret" not in spoken(opened)


TABLES = {
    "parts": """host text, port integer, dbname text, username text, password text, ssl_mode text""",
    "config": """provider text NOT NULL, config jsonb NOT NULL DEFAULT '{}'""",
    "secret": """connection_string text, secret_ref text""",
}


@pytest.mark.parametrize("form", TABLES)
@pytest.mark.parametrize("place", ["row", "vault"])
async def test_stores_are_written_in_each_form(postgres: PostgresServer, prefix: str, form: str, place: Any) -> None:
    world = hosted_world(postgres, prefix, workspaces=2)
    postgres.psql(
        f"{prefix}_main",
        "DROP TABLE workspace_apps; CREATE TABLE workspace_app (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, "
        f"workspace_id uuid NOT NULL REFERENCES workspaces (id), {TABLES[form]}, updated_at timestamptz NOT NULL)",
    )
    first, second = world.workspace_ids[:2]
    async with opened_stores(world) as opened:
        overview = await opened.stores.overview(MAIN)
        assert overview.map.workspace_apps == "workspace_app"
        for key, target in ((first, 0), (first, 1), (second, 0)):
            row = await opened.stores.set_store(MAIN, key, postgres.dsn(f"{prefix}_store_{target}"), None, place)
            assert (row.app_id, row.secret_place, row.is_own) == (f"{prefix}_store_{target}", place, False)
        assert postgres.psql(f"{prefix}_main", "SELECT count(*) FROM workspace_app") == "2"
        text = postgres.psql(f"{prefix}_main", "SELECT * FROM workspace_app")
        assert (postgres.password in text) is (place == "row")
        assert ("vault:tenantry" in text) is (place == "vault")
        assert all(each.is_reachable for each in await opened.stores.check(MAIN))
        again = (await opened.again().overview(MAIN)).workspaces
        assert [each.store for each in again] == [each.store for each in await opened.stores.workspaces(MAIN)]
        await opened.stores.clear_store(MAIN, first)
        assert (await workspace(opened, first)).store is None
        assert postgres.psql(f"{prefix}_main", "SELECT count(*) FROM workspace_app") == "1"


@pytest.mark.parametrize("form", ["url", *TABLES])
@pytest.mark.parametrize(("place", "other"), [("row", "vault"), ("vault", "row"), ("vault", "none")])
async def test_store_that_was_changed_is_put_back_with_its_password(
    postgres: PostgresServer, prefix: str, role: str, form: str, place: Any, other: Any
) -> None:
    world = hosted_world(postgres, prefix, workspaces=2)
    table = "workspace_apps"
    if form != "url":
        table = "workspace_app"
        postgres.psql(
            f"{prefix}_main",
            f"DROP TABLE workspace_apps; CREATE TABLE {table} (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, "
            f"workspace_id uuid NOT NULL REFERENCES workspaces (id), {TABLES[form]}, updated_at timestamptz NOT NULL)",
        )
    key = world.workspace_ids[0]
    address = f"postgresql://{quote(role, safe='')}@localhost:{postgres.port}/{prefix}_store_0"
    elsewhere = f"postgresql://somebody@127.0.0.1:{postgres.port}/{prefix}_store_1"
    row = f"SELECT to_jsonb(t) - 'updated_at' FROM {table} t ORDER BY id"
    async with opened_stores(world) as opened:
        await opened.stores.set_store(MAIN, key, address, Secret(HARD), place)
        before, kept = postgres.psql(f"{prefix}_main", row), dict(opened.vault.kept)
        await opened.stores.set_store(MAIN, key, elsewhere, Secret("another"), other)
        assert postgres.psql(f"{prefix}_main", row) != before
        found = await opened.stores.undo.put_back(MAIN, key)
        assert found is not None
        assert (found.dsn_text, found.secret_place) == (address, place)
        assert postgres.psql(f"{prefix}_main", row) == before
        assert opened.vault.kept == kept
        client: Any = await opened.clients.get(MAIN)
        assert (await client.check(found.app_id)).is_reachable
        assert HARD not in spoken(opened)
        assert "another" not in spoken(opened)


async def test_encrypted_rows_are_worked_around_with_a_store_set_here(postgres: PostgresServer, prefix: str) -> None:
    world = hosted_world(postgres, prefix)
    postgres.psql(f"{prefix}_main", "UPDATE workspace_apps SET database_url = repeat('deadbeef', 9)")
    key = world.workspace_ids[0]
    async with opened_stores(world) as opened:
        assert not (await store_of(opened, key)).is_readable
        with pytest.raises(Unsupported, match="cannot go into the row"):
            await opened.stores.set_store(MAIN, key, world.stores[key], None, "row")
        row = await opened.stores.set_store(MAIN, key, world.stores[key], None, "vault")
        assert (row.is_own, row.secret_place) == (True, "vault")
        assert set(pointers(postgres, prefix)) == {"deadbeef" * 9}
        (check,) = await opened.stores.check(MAIN)
        assert check.is_reachable
        assert postgres.password not in spoken(opened)


async def test_singular_tables_in_another_schema_are_a_main_database_too(postgres: PostgresServer, prefix: str) -> None:
    postgres.create_database(f"{prefix}_main")
    script = f"""
    CREATE SCHEMA "core.app"; SET search_path = "core.app";
    CREATE TABLE "User" (id serial PRIMARY KEY, email text);
    CREATE TABLE "Workspace" (id serial PRIMARY KEY, name text, "createdAt" timestamp DEFAULT now());
    CREATE TABLE "WorkspaceUser" ("workspaceId" int REFERENCES "Workspace", "userId" int REFERENCES "User");
    CREATE TABLE "WorkspaceApp" (id serial PRIMARY KEY, "workspaceId" int REFERENCES "Workspace", "databaseUrl" text);
    INSERT INTO "User" (email) VALUES ('a'), ('b');
    INSERT INTO "Workspace" (name) VALUES ('One'), ('Two');
    INSERT INTO "WorkspaceUser" VALUES (1, 1), (1, 2), (2, 1);
    INSERT INTO "WorkspaceApp" ("workspaceId", "databaseUrl") VALUES (1, '{postgres.dsn(f"{prefix}_main")}');
    """
    postgres.psql(f"{prefix}_main", script)
    async with opened_stores(postgres.dsn(f"{prefix}_main")) as opened:
        one, two = sorted(await opened.stores.workspaces(MAIN), key=lambda each: each.id)
        assert (one.name, one.members, one.roles) == ("One", 2, -1)
        assert two.store is None
        row = await opened.stores.set_store(MAIN, "2", postgres.dsn("x"), None, "row")
        assert row.app_id == "x"
        assert (await opened.stores.for_table(MAIN, "1", "users")).entity == '"core.app".User'


async def test_main_database_with_a_hard_name_is_read_on_a_read_only_connection(
    postgres: PostgresServer, prefix: str
) -> None:
    name = f'{prefix} "ma/in:5432/x" 🐘'
    main = postgres.create_database(name)
    rows = [
        insert("users", uid("user"), "a@example.com", "A", columns="id, email, name"),
        insert("workspaces", uid("one"), "One", "one", uid("user"), columns="id, name, slug, owner_id"),
        insert("workspace_apps", uid("p"), uid("one"), main, columns="id, workspace_id, database_url"),
    ]
    postgres.psql(name, system_sql() + "\n".join(rows))
    async with opened_stores(main, is_read_only=True) as opened:
        assert opened.connections.get(MAIN).foundation_app_id == name
        (one,) = await opened.stores.workspaces(MAIN)
        assert one.store is not None
        assert one.store.app_id == name
        (check,) = await opened.stores.check(MAIN)
        assert check.is_reachable
        with pytest.raises(ReadOnly):
            await opened.stores.clear_store(MAIN, one.id)
        await opened.stores.set_mode(MAIN, "local")
        assert (await opened.stores.overview(MAIN)).mode == "local"


async def test_findings_of_the_world_are_found(postgres: PostgresServer, prefix: str) -> None:
    world: World = hosted_world(postgres, prefix, has_findings=True)
    async with opened_stores(world) as opened:
        found = await opened.stores.findings(MAIN, deep=True)
    mine = {each.kind for each in found if not each.refs or each.refs[0].app_id.startswith(prefix)}
    assert mine >= {
        "store-missing",
        "shared-store",
        "system-in-store",
        "application-in-main",
        "orphan-store",
        "dangling-reference",
        "drifted-store",
    }


async def test_registry_and_checks_take_a_store_that_does_not_answer(postgres: PostgresServer, prefix: str) -> None:
    world = hosted_world(postgres, prefix)
    dead = "postgresql://app:secret-of-dead@127.0.0.1:1/gone"
    row = insert("workspace_apps", uid("dead"), world.workspace_ids[0], dead, columns="id, workspace_id, database_url")
    postgres.psql(
        f"{prefix}_main", f"DELETE FROM workspace_apps WHERE workspace_id = '{world.workspace_ids[0]}'; {row}"
    )
    async with opened_stores(world) as opened:
        checks = {each.app_id: each for each in await opened.stores.check(MAIN)}
        assert [each.is_reachable for each in checks.values()].count(False) == 1
        assert checks["127.0.0.1:1/gone"].sentence
        registry = await opened.stores.registry(MAIN)
        assert "127.0.0.1:1/gone" in registry.by_app
        assert "secret-of-dead" not in spoken(opened) + repr(checks) + repr(registry)

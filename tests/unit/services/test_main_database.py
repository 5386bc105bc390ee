"""What a main database calls its parts, and in which mode it is."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from app.core.errors import Invalid
from app.platforms.postgres.dsn import Dsn
from app.schema.model import Attribute, Entity, Index, Link, LinkEnd, Schema
from app.services.main_database import bare, check_map, classified, introspected, notes_on, said_names
from app.services.main_map import MainMap, MainSettings, OwnStore
from app.services.main_mode import said_mode

MAIN = Dsn("postgresql", "app", "db.example", 5432, "main")


def table(name: str, *columns: str, key: str = "id", **values: object) -> Entity:
    indexes = (Index(f"{name}_pkey", (key,), True, "primary"),) if key in columns else ()
    return Entity(name, tuple(Attribute(each) for each in columns), indexes, **values)


def reference(table: str, column: str, target: str, there: str = "id") -> Link:
    name = f"{table}_{column}_fkey"
    return Link(name, LinkEnd(table, name, "one"), LinkEnd(target, "", "many"), columns=((column, there),))


PLURAL = Schema(
    (
        table("users", "id", "email", "created_at"),
        table("workspaces", "id", "name", "slug", "created_at"),
        table("workspace_users", "workspace_id", "user_id"),
        table("workspace_invites", "id", "workspace_id", "token"),
        table("workspace_apps", "id", "workspace_id", "database_url"),
        table("roles", "id", "workspace_id", "name"),
        table("teams", "id", "workspace_id", "name"),
        table("chats", "id", "user_id"),
        table("audit_log", "id"),
    )
)


def test_documents_names_are_found() -> None:
    found = introspected(PLURAL)
    assert found.system == {name: name for name in found.system}
    assert len(found.system) == 7
    assert (found.workspace_name, found.workspace_created_at, found.user_email) == ("name", "created_at", "email")
    assert (found.app_record, found.app_workspace, found.app_url) == ("id", "workspace_id", "database_url")
    assert found.has_pointer
    assert notes_on(found) == ()


def test_singular_camel_case_and_other_schemas_are_found() -> None:
    schema = Schema(
        (
            table("auth.users", "id", "email"),
            table("User", "id", "emailAddress"),
            table("crm.Workspace", "id", "displayName", "createdAt"),
            table("WorkspaceUser", "workspaceId", "userId"),
            table("workspace_invitation", "id", "workspaceId"),
            table("WorkspaceApp", "id", "workspaceId", "connectionString", "providerType"),
            table("Message_v2", "id", "chatId"),
        )
    )
    found = introspected(schema)
    assert found.users == "User"
    assert (found.workspaces, found.workspace_name) == ("crm.Workspace", "displayName")
    assert (found.workspace_users, found.member_workspace) == ("WorkspaceUser", "workspaceId")
    assert found.workspace_invites == "workspace_invitation"
    assert (found.app_url, found.app_provider) == ("connectionString", "providerType")
    assert (found.roles, found.teams) == ("", "")
    assert notes_on(found)[0].startswith("The main database has no table that looks like roles, teams.")
    assert classified(schema, found)["Message_v2"] == "application"
    assert classified(schema, found)["auth.users"] == "other"


def test_singular_is_taken_where_there_is_no_plural_and_views_are_not() -> None:
    schema = Schema((table("workspace", "id", "name"), table("workspaces", "id", "name", is_system=True)))
    assert introspected(schema).workspaces == "workspace"


def test_foreign_key_says_which_column_leads_to_the_workspace() -> None:
    schema = Schema(
        (table("workspaces", "id", "name"), table("workspace_apps", "id", "tenant_id", "owner", "url")),
        (reference("workspace_apps", "owner", "workspaces"),),
    )
    assert introspected(schema).app_workspace == "owner"


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        (("database_url",), {"app_url": "database_url"}),
        (("url", "connection_string"), {"app_url": "connection_string"}),
        (("dsn",), {"app_url": "dsn"}),
        (("encrypted_database_url",), {"app_url": "encrypted_database_url"}),
        (("db_url_enc",), {"app_url": "db_url_enc"}),
        (
            ("db_host", "db_port", "db_name", "db_user", "db_password", "ssl_mode"),
            {
                "app_host": "db_host",
                "app_port": "db_port",
                "app_database": "db_name",
                "app_user": "db_user",
                "app_password": "db_password",
                "app_options": "ssl_mode",
            },
        ),
        (("provider", "config"), {"app_provider": "provider", "app_config": "config"}),
        (("credentials", "secret_ref"), {"app_config": "credentials", "app_secret": "secret_ref"}),
        (("note",), {"app_url": "", "app_host": "", "app_config": ""}),
    ],
)
def test_columns_of_pointers_are_recognised(columns: tuple[str, ...], expected: dict[str, str]) -> None:
    found = introspected(Schema((table("workspace_apps", "id", "workspace_id", *columns),)))
    assert {name: getattr(found, name) for name in expected} == expected


def test_pointer_without_a_known_column_is_told() -> None:
    found = introspected(Schema((table("workspace_apps", "id", "workspace_id", "note"),)))
    assert not found.has_pointer
    assert any("No column of workspace_apps looks like" in each for each in notes_on(found))
    lost = introspected(Schema((table("workspace_apps", "id", "database_url"),)))
    assert any("leads to a workspace" in each for each in notes_on(lost))


def test_tables_are_classified() -> None:
    schema = Schema(
        (*PLURAL.entities, table("reactions", "id", "chat_id"), table("stickers", "id", "reaction_id")),
        (reference("reactions", "chat_id", "chats"), reference("stickers", "reaction_id", "reactions")),
    )
    kinds = classified(schema, introspected(schema))
    assert kinds["chats"] == kinds["reactions"] == kinds["stickers"] == "application"
    assert kinds["users"] == kinds["workspace_apps"] == "system"
    assert kinds["audit_log"] == "other"


def test_operator_classifies_tables_himself() -> None:
    names = MainSettings(application=("audit_log",), others=("chats",)).over(introspected(PLURAL))
    kinds = classified(PLURAL, names)
    assert (kinds["audit_log"], kinds["chats"]) == ("application", "other")


def test_names_that_are_not_there_are_refused_by_their_field() -> None:
    names = MainMap(users="people", workspaces="workspaces", workspace_name="label")
    with pytest.raises(Invalid) as refused:
        check_map(PLURAL, names)
    assert {each.field for each in refused.value.fields} == {"users", "workspace_name"}


def test_columns_of_a_table_that_was_said_are_found_by_themselves() -> None:
    spaces = table("spaces", "key", "title", key="key")
    schema = Schema(
        (*(each for each in PLURAL.entities if each.name != "workspaces"), spaces),
        (reference("teams", "name", "spaces", "key"),),
    )
    before = introspected(schema)
    assert (before.workspaces, before.workspace_id) == ("", "")
    said = said_names(schema, before, replace(before, workspaces="spaces"))
    assert said == {"workspaces": "spaces"}
    found = introspected(schema, said)
    assert (found.workspace_id, found.workspace_name, found.team_workspace) == ("key", "title", "name")
    also = said_names(schema, found, replace(found, workspace_name="key", teams=""))
    assert also == {"workspaces": "spaces", "workspace_name": "key", "teams": ""}
    assert introspected(schema, also).teams == ""
    assert said_names(schema, found, replace(found, workspaces="")) == {}


def test_names_that_are_not_there_are_not_kept() -> None:
    with pytest.raises(Invalid):
        said_names(PLURAL, introspected(PLURAL), replace(introspected(PLURAL), workspaces="spaces"))


def test_one_table_for_two_things_and_odd_names_are_refused() -> None:
    with pytest.raises(Invalid) as refused:
        MainMap(users="people", teams="people", roles="a\nb").checked()
    assert {each.field for each in refused.value.fields} == {"teams", "roles"}
    assert MainMap(users=" people ").checked().users == "people"


def test_bare_names() -> None:
    assert bare("Database URL") == bare("databaseUrl") == bare("encrypted_database-url") == "databaseurl"
    assert bare("Vote_v2") == "vote"
    assert bare("größe") == "größe"


def test_settings_come_back_from_their_text() -> None:
    settings = MainSettings(
        names={"users": "people"},
        application=("notes",),
        others=("x",),
        mode="hosted",
        env_folder="/srv/app",
        stores={"w1": OwnStore("postgresql://a@b:5432/c", "vault")},
        vaulted=frozenset({"w1", "w2"}),
    )
    assert MainSettings.from_text(settings.to_text()) == settings
    assert MainSettings.from_text("{}") == MainSettings()


@pytest.mark.parametrize(
    "text",
    [
        '{"main": {"mode": "cloud", "names": {"users": 5}, "stores": {"w": {}}, "vaulted": [1, "w"]}}',
        '{"main": []}',
        '{"users": "$users", "others": ["a"]}',
    ],
)
def test_settings_that_are_odd_are_left_out(text: str) -> None:
    found = MainSettings.from_text(text)
    assert (found.mode, found.names, found.stores) == (None, {}, {})
    assert found.vaulted <= {"w"}


# Mode


async def said(
    settings: MainSettings, environ: dict[str, str] | None = None, pointers: int = 0
) -> tuple[str, str, str]:
    found = await said_mode(settings, MAIN, {"users": "system", "chats": "application"}, pointers, environ or {})
    return found.mode, found.source, found.note


async def test_mode_that_was_chosen_comes_first() -> None:
    assert (await said(MainSettings(mode="hosted"), {"APP_MODE": "local"}))[:2] == ("hosted", "chosen")


async def test_mode_of_the_environment() -> None:
    assert (await said(MainSettings(), {"APP_MODE": " Hosted "}))[:2] == ("hosted", "environment")
    same = {"APP_MODE": "hosted", "POSTGRES_URL": "postgres://other:pw@db.example:6543/main"}
    assert (await said(MainSettings(), same))[:2] == ("hosted", "environment")


async def test_mode_of_another_database_or_of_no_kind_is_left_out() -> None:
    other = {"APP_MODE": "hosted", "POSTGRES_URL": "postgres://other:pw-secret@db.example/other"}
    mode, source, note = await said(MainSettings(), other)
    assert (mode, source) == ("local", "guessed")
    assert "another POSTGRES_URL" in note
    assert "pw-secret" not in note
    assert "neither local nor hosted" in (await said(MainSettings(), {"APP_MODE": "cloud"}))[2]


async def test_mode_of_an_env_file(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("APP_MODE=local\n")
    assert (await said(MainSettings(env_folder=str(tmp_path)), pointers=3))[:2] == ("local", ".env")
    (tmp_path / ".env.local").write_text('APP_MODE="hosted" # mine\n')
    assert (await said(MainSettings(env_folder=str(tmp_path))))[:2] == ("hosted", ".env")
    assert (await said(MainSettings(env_folder=str(tmp_path)), {"APP_MODE": "local"}))[1] == "environment"


async def test_folder_without_an_env_file_is_told(tmp_path: Path) -> None:
    _mode, source, note = await said(MainSettings(env_folder=str(tmp_path)))
    assert source == "guessed"
    assert f"There is no .env that can be read in {tmp_path}." in note


async def test_mode_is_guessed_from_the_tables() -> None:
    assert (await said(MainSettings()))[0] == "local"
    assert (await said(MainSettings(), pointers=2))[0] == "hosted"
    assert (await said_mode(MainSettings(), MAIN, {"users": "system"}, 0, {})).mode == "hosted"

"""Rows as places of stores, and places as rows."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.errors import NotFound, Unsupported
from app.core.secret import Secret
from app.platforms.postgres.dsn import Dsn
from app.schema.model import Attribute, Entity
from app.schema.types import BooleanType, DateType, JsonType, NumberType, StringType
from app.services.main_map import MainMap
from app.services.store_pointers import MARKER, Pointer, read_pointer, reference_problem
from app.services.store_writing import PointerTable, address_with, clear_row, set_row

URL = MainMap(workspace_apps="workspace_apps", app_record="id", app_workspace="workspace_id", app_url="database_url")
PARTS = MainMap(
    workspace_apps="workspace_apps",
    app_record="id",
    app_workspace="workspace_id",
    app_host="host",
    app_port="port",
    app_database="dbname",
    app_user="username",
    app_password="password",
    app_options="sslmode",
)
CONFIG = MainMap(workspace_apps="workspace_apps", app_record="id", app_workspace="workspace_id", app_config="config")
STORE = Dsn("postgresql", "app", "db.example", 5433, "st/ore", (("sslmode", "require"),))
PASSWORD = Secret("p@ss/w:ord ?#%é")
TEXT = "postgresql://app:p%40ss%2Fw%3Aord%20%3F%23%25%C3%A9@db.example:5433/st%2Fore?sslmode=require"


def read(value: Any, names: MainMap = URL) -> Pointer:
    return read_pointer({names.app_url or names.app_config: value}, names)


def test_connection_string_is_read_without_its_password() -> None:
    pointer = read(TEXT)
    assert (pointer.dsn, pointer.password, pointer.secret_place) == (STORE, PASSWORD, "row")
    assert "p%40ss" not in repr(pointer)


def test_keywords_and_values_are_read() -> None:
    pointer = read("host=db.example port=5433 dbname=shop user=app password='it is' sslmode=require")
    assert pointer.dsn == replace(STORE, database="shop")
    assert pointer.password == Secret("it is")


def test_parts_are_read() -> None:
    row = {"host": "db.example", "port": 5433, "dbname": "shop", "username": "app", "password": " x ", "sslmode": True}
    pointer = read_pointer(row, PARTS)
    assert pointer.dsn == replace(STORE, database="shop")
    assert pointer.password == Secret(" x ")


@pytest.mark.parametrize(
    "config",
    [
        {"databaseUrl": TEXT},
        {"credentials": {"connection_string": TEXT}, "region": "eu"},
        {"database": {"url": TEXT}},
        {"host": "db.example", "port": "5433", "database": "st/ore", "user": "app", "ssl": True, "pass": "p"},
        {"postgres": {"host": "db.example", "port": 5433, "dbname": "st/ore", "username": "app", "sslmode": "require"}},
    ],
)
def test_json_is_read_however_it_nests(config: dict[str, Any]) -> None:
    assert read(config, CONFIG).dsn == STORE
    assert read(json.dumps(config), CONFIG).dsn == STORE
    assert read(json.dumps(config), URL).dsn == STORE


@pytest.mark.parametrize(
    "text",
    [
        "gAAAAABmZ0m2Nw8bq1kQm9yq3Zk0v9o2w1b6f1Q==",
        "enc:v1:6f1c",
        "3f2a9c:aa01bb02cc03:ffee0011223344556677",
        "deadbeef" * 8,
        "U2FsdGVkX1+abcdefghijklmnopqrstuvw==",
    ],
)
def test_encrypted_value_is_told_and_not_guessed_at(text: str) -> None:
    pointer = read(text)
    assert pointer.dsn is None
    assert pointer.is_sealed
    assert "encrypted" in pointer.problem
    assert text not in pointer.problem


@pytest.mark.parametrize("text", ["not a thing", "postgresql://a:hunter2@h:99999/x", "mysql://a:hunter2@h/x"])
def test_value_that_cannot_be_read_is_told_without_its_password(text: str) -> None:
    pointer = read(text)
    assert pointer.dsn is None
    assert pointer.problem
    assert not pointer.is_sealed
    assert "hunter2" not in pointer.problem


@pytest.mark.parametrize("value", [None, "", "  ", {}, {"webhook": "x"}, "https://hooks.example/abc"])
def test_row_of_something_else_says_nothing(value: Any) -> None:
    assert read(value).is_empty or value == {"webhook": "x"}
    assert read(value, CONFIG).is_empty


def test_references_to_passwords() -> None:
    names = replace(URL, app_secret="secret_ref")
    plain = "postgresql://app@db.example/x"
    ours = read_pointer({"database_url": plain, "secret_ref": MARKER}, names)
    assert (ours.secret_place, ours.password) == ("vault", None)
    theirs = read_pointer({"database_url": plain, "secret_ref": "arn:aws:secret/1"}, names)
    assert (theirs.secret_place, theirs.password) == ("none", None)
    assert "only the product" in reference_problem(theirs)
    assert reference_problem(ours) == ""
    assert "arn:aws" not in reference_problem(theirs)


# Writing


def column(name: str, kind: Any = None, **values: Any) -> Attribute:
    return Attribute(name, kind or StringType(native="text"), **values)


def pointer_table(names: MainMap, *more: Attribute, provider: str = "") -> PointerTable:
    columns = [
        column("id", is_required=True),
        column("workspace_id", is_required=True),
        *(column(each) for each in (names.app_url, names.app_host, names.app_database, names.app_user) if each),
        *(column(each) for each in (names.app_password, names.app_options, names.app_secret) if each),
        *((column(names.app_port, NumberType("integer", native="integer")),) if names.app_port else ()),
        *((column(names.app_config, JsonType(native="jsonb")),) if names.app_config else ()),
        *more,
    ]
    return PointerTable(Entity("workspace_apps", tuple(columns)), names, "sqlite", provider)


def written(table: PointerTable, row: dict[str, Any] | None, password: Secret | None, place: Any) -> dict[str, Any]:
    """The row as a database has it after the statement."""
    connection = sqlite3.connect(":memory:")
    connection.row_factory = sqlite3.Row
    columns = ", ".join(f'"{each.name}"' for each in table.entity.attributes)
    connection.execute(f"CREATE TABLE workspace_apps ({columns})")
    if row is not None:
        marks = ", ".join("?" for _ in row)
        names = ", ".join(f'"{each}"' for each in row)
        connection.execute(f"INSERT INTO workspace_apps ({names}) VALUES ({marks})", tuple(row.values()))
    text, values = set_row(table, row, "w1", STORE, password, place).statement
    connection.execute(text, dict(values))
    found = dict(connection.execute("SELECT * FROM workspace_apps").fetchone())
    connection.close()
    return found


OLD_URL = {"id": "r1", "workspace_id": "w1", "database_url": "postgresql://old:secret@h/x"}
OLD_PARTS = {"id": "r1", "workspace_id": "w1", "host": "h", "port": 1, "dbname": "d", "username": "u", "password": "p"}


@pytest.mark.parametrize("row", [None, OLD_URL])
def test_address_is_written_with_the_password_only_where_that_was_chosen(row: dict[str, Any] | None) -> None:
    table = pointer_table(URL)
    assert written(table, row, PASSWORD, "row")["database_url"] == TEXT
    hidden = written(table, row, PASSWORD, "vault")["database_url"]
    assert hidden == STORE.to_text()


@pytest.mark.parametrize("row", [None, OLD_PARTS])
def test_parts_are_written_and_read_back(row: dict[str, Any] | None) -> None:
    table = pointer_table(PARTS)
    kept = written(table, row, PASSWORD, "row")
    assert read_pointer(kept, PARTS) == Pointer(STORE, PASSWORD)
    marked = written(table, row, PASSWORD, "vault")
    assert marked["password"] == MARKER
    assert read_pointer(marked, PARTS).secret_place == "vault"
    assert written(table, row, None, "none")["password"] is None


@pytest.mark.parametrize(
    "config",
    [
        None,
        {"databaseUrl": "postgresql://old:secret@h/x", "region": "eu"},
        {"credentials": {"host": "h", "port": "1", "database": "d", "user": "u", "password": "secret"}, "region": "eu"},
        {"connection": {"url": "postgresql://h/x", "password": "secret"}, "region": "eu"},
    ],
)
@pytest.mark.parametrize("place", ["row", "vault", "none"])
def test_json_is_changed_where_the_address_was(config: dict[str, Any] | None, place: Any) -> None:
    row = None if config is None else {"id": "r1", "workspace_id": "w1", "config": json.dumps(config)}
    kept = written(pointer_table(CONFIG), row, None if place == "none" else PASSWORD, place)
    pointer = read_pointer(kept, CONFIG)
    assert (pointer.dsn, pointer.secret_place) == (STORE, place)
    assert pointer.password == (PASSWORD if place == "row" else None)
    assert "secret@" not in kept["config"]
    assert '"secret"' not in kept["config"]
    assert config is None or json.loads(kept["config"])["region"] == "eu"


def test_marker_goes_into_the_secret_column_and_leaves_references_of_the_product_alone() -> None:
    names = replace(URL, app_secret="secret_ref")
    table = pointer_table(names)
    assert written(table, {**OLD_URL, "secret_ref": None}, PASSWORD, "vault")["secret_ref"] == MARKER
    assert written(table, {**OLD_URL, "secret_ref": MARKER}, PASSWORD, "row")["secret_ref"] is None
    assert written(table, {**OLD_URL, "secret_ref": "arn:1"}, PASSWORD, "vault")["secret_ref"] == "arn:1"


def test_new_row_gets_what_it_needs() -> None:
    names = replace(URL, app_provider="provider")
    table = pointer_table(
        names,
        column("provider", is_required=True),
        column("settings", JsonType(native="jsonb"), is_required=True),
        column("created_at", DateType(native="timestamptz"), is_required=True),
        column("status", is_required=True, default="'active'"),
        provider="supabase",
    )
    found = written(table, None, None, "none")
    assert len(found["id"]) == 36
    assert (found["workspace_id"], found["provider"], found["settings"]) == ("w1", "supabase", "{}")
    assert found["created_at"]
    assert found["status"] is None


def test_new_row_that_needs_what_nobody_knows_is_refused() -> None:
    table = pointer_table(URL, column("plan", is_required=True), column("region", is_required=True))
    with pytest.raises(Unsupported, match="needs plan, region"):
        set_row(table, None, "w1", STORE, None, "none")


def test_time_of_change_is_touched() -> None:
    table = pointer_table(URL, column("updatedAt", DateType(native="timestamp")))
    assert written(table, {**OLD_URL, "updatedAt": "2020-01-01"}, None, "none")["updatedAt"] > "2024"


def test_options_and_files_that_have_no_column_are_refused() -> None:
    table = pointer_table(replace(PARTS, app_options=""))
    with pytest.raises(Unsupported, match="no column for sslmode"):
        set_row(table, None, "w1", STORE, None, "none")
    with pytest.raises(Unsupported, match="no place for a SQLite file"):
        set_row(table, None, "w1", Dsn("sqlite", database="/x.db", port=0), None, "none")
    with pytest.raises(Unsupported, match="No column"):
        set_row(pointer_table(replace(URL, app_url="")), None, "w1", STORE, None, "none")


def test_switch_for_tls() -> None:
    table = replace(pointer_table(PARTS))
    entity = Entity("workspace_apps", (column("id"), column("sslmode", BooleanType(native="boolean"))))
    values = set_row(replace(table, entity=entity), OLD_PARTS, "w1", STORE, None, "none").statement[1]
    assert True in values.values()


def test_cleared_row_is_the_one_that_was_read_and_says_what_goes_with_it() -> None:
    change = clear_row(pointer_table(URL), {**OLD_URL, "plan": "pro", "note": None})
    assert change.statement == ('DELETE FROM workspace_apps WHERE "id" = :key', {"key": "r1"})
    assert change.losses == ("plan",)
    with pytest.raises(NotFound):
        clear_row(pointer_table(URL), {"database_url": "x"})


def test_names_with_colons_are_no_parameters() -> None:
    names = replace(URL, app_url="a:url")
    table = PointerTable(Entity("apps:x", (column("id"), column("a:url"))), names, "postgresql")
    text, _values = set_row(table, {"id": 1}, "w1", STORE, None, "none").statement
    assert text == 'UPDATE "apps\\:x" SET "a\\:url" = :v0 WHERE "id" = :key'


def test_change_hides_its_statement() -> None:
    assert "p%40ss" not in repr(set_row(pointer_table(URL), OLD_URL, "w1", STORE, PASSWORD, "row"))


NAMES = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=12).filter(str.strip)


@given(user=NAMES, database=NAMES, password=NAMES)
def test_any_password_and_name_comes_back_from_the_address(user: str, database: str, password: str) -> None:
    dsn = Dsn("postgresql", user, "db.example", 5432, database)
    assert Dsn.parse(address_with(dsn, Secret(password))) == (dsn, Secret(password))

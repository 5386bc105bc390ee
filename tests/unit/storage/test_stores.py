"""What is put into the local database comes out as it was."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from app.core.connection import Environment, Platform
from app.core.errors import Conflict, NotFound
from app.core.refs import AppRef
from app.core.status import ConnectionStatus, Finding, FindingAction, FindingKind, Health, Severity
from app.storage.stores import AuditEntry, AuditStore, CachedSchema, ConnectionStore, InventoryStore, StatusStore

from .conftest import make_app, make_connection

HOSTILE = "\u202etitle <b>'); DROP TABLE apps;--\n\U0001f600 \u05e9\u05dc\u05d5\u05dd"


@pytest.fixture
def connections(database):
    return ConnectionStore(database)


@pytest.fixture
def inventory(database, cloud):
    return InventoryStore(database)


def test_connection_added_reads_back_with_every_field(connections):
    connection = make_connection(
        "x",
        platform=Platform.CONVEX,
        environment=Environment.STAGING,
        is_read_only=True,
        foundation_app_id="f",
        is_builtin=True,
    )
    connections.add(connection)
    assert connections.get("x") == connection
    assert connections.all() == (connection,)


def test_connections_come_in_the_order_of_adding_with_the_builtin_first(connections):
    for name in ("b", "a"):
        connections.add(make_connection(name))
    connections.add(make_connection("own", is_builtin=True))
    assert [each.id for each in connections.all()] == ["own", "b", "a"]


def test_connection_added_twice_is_a_conflict(connections, cloud):
    with pytest.raises(Conflict):
        connections.add(cloud)


def test_connection_updated_keeps_its_place(connections):
    for name in ("a", "b"):
        connections.add(make_connection(name))
    changed = make_connection("a", label="New", is_read_only=True)
    connections.update(changed)
    assert connections.all() == (changed, make_connection("b"))


def test_connection_that_is_gone_cannot_be_updated(connections):
    with pytest.raises(NotFound):
        connections.update(make_connection("gone"))
    assert connections.get("gone") is None


def test_connection_removed_takes_everything_along_but_the_audit_trail(database, connections, inventory):
    inventory.replace("cloud", [make_app(1)])
    inventory.put_schema(AppRef("cloud", "app-1"), "{}", "f", 1.0)
    StatusStore(database).put(ConnectionStatus("cloud"))
    AuditStore(database).add("ann", 1.0, "cloud", "app-1", "delete", "done")
    connections.remove("cloud")
    connections.remove("cloud")
    assert (connections.all(), inventory.all(), inventory.fingerprints(), StatusStore(database).all()) == (
        (),
        (),
        {},
        (),
    )
    assert len(AuditStore(database).recent(10)) == 1


def test_inventory_replaced_reads_back_with_every_field_in_its_order(inventory):
    apps = tuple(make_app(number) for number in (3, 1, 2))
    assert inventory.replace("cloud", apps) == 3
    assert inventory.all() == apps


def test_inventory_replaced_again_changes_only_what_differs(inventory, database):
    inventory.replace("cloud", [make_app(number) for number in range(5)])
    wanted = [make_app(0), make_app(1, title="Renamed"), make_app(3), make_app(4), make_app(9)]
    assert inventory.replace("cloud", wanted) == 3
    assert sorted(inventory.all()) == sorted(wanted)
    assert inventory.replace("cloud", wanted) == 0


@pytest.mark.parametrize("field", [f for f in make_app(1)._fields if f not in {"connection_id", "app_id"}])
def test_inventory_notices_a_change_of_any_field(inventory, field):
    inventory.replace("cloud", [make_app(1)])
    changed = make_app(1, **{field: 77 if isinstance(getattr(make_app(1), field), int) else "changed"})
    assert inventory.replace("cloud", [changed]) == 1
    assert inventory.all() == (changed,)


def test_inventory_replaced_leaves_other_connections_alone(inventory, connections):
    connections.add(make_connection("other"))
    inventory.replace("other", [make_app(1, "other")])
    inventory.replace("cloud", [make_app(1)])
    inventory.replace("cloud", [])
    assert inventory.all() == (make_app(1, "other"),)


def test_inventory_without_an_app_forgets_its_schema(inventory):
    inventory.replace("cloud", [make_app(1), make_app(2)])
    for number in (1, 2):
        inventory.put_schema(AppRef("cloud", f"app-{number}"), "{}", f"f{number}", 1.0)
    inventory.replace("cloud", [make_app(2)])
    assert inventory.fingerprints() == {AppRef("cloud", "app-2"): "f2"}


@pytest.mark.parametrize("title", ["", HOSTILE, "x" * 10_000, "NULL", '"\\'])
def test_inventory_keeps_any_title(inventory, title):
    inventory.replace("cloud", [make_app(1, title=title)])
    assert inventory.all() == (make_app(1, title=title),)


def test_inventory_given_text_that_sqlite_cannot_keep_keeps_the_rest(inventory):
    inventory.replace("cloud", [make_app(1, title="a\ud800b\x00c")])
    assert inventory.all()[0].title == "a?bc"


def test_inventory_of_a_connection_that_is_gone_is_refused(inventory):
    with pytest.raises(NotFound):
        inventory.replace("gone", [make_app(1)])
    with pytest.raises(NotFound):
        inventory.upsert(make_app(1, "gone"))
    with pytest.raises(NotFound):
        inventory.put_schema(AppRef("gone", "a"), "{}", "f", 1.0)
    assert inventory.all() == ()


def test_inventory_of_ten_thousand_apps_comes_back_whole(inventory):
    apps = tuple(make_app(number) for number in range(10_000))
    assert inventory.replace("cloud", apps) == 10_000
    assert inventory.all() == apps


def test_app_upserted_is_added_then_changed_in_its_place(inventory):
    inventory.upsert(make_app(1))
    inventory.upsert(make_app(2))
    inventory.upsert(make_app(1, title="Renamed"))
    assert inventory.all() == (make_app(1, title="Renamed"), make_app(2))


def test_app_removed_takes_its_schema_along(inventory):
    inventory.replace("cloud", [make_app(1), make_app(2)])
    ref = AppRef("cloud", "app-1")
    inventory.put_schema(ref, "{}", "f", 1.0)
    inventory.remove(ref)
    inventory.remove(ref)
    assert inventory.all() == (make_app(2),)
    assert inventory.get_schema(ref) is None


def test_schema_put_again_replaces_the_first(inventory):
    ref = AppRef("cloud", "app-1")
    inventory.put_schema(ref, '{"a": 1}', "f1", 1.5)
    inventory.put_schemas(
        {ref: CachedSchema('{"a": 2}', "f2", 2.5), AppRef("cloud", "app-2"): CachedSchema("{}", "g", 1)}
    )
    inventory.put_schemas({})
    assert inventory.get_schema(ref) == CachedSchema('{"a": 2}', "f2", 2.5)
    assert inventory.fingerprints() == {ref: "f2", AppRef("cloud", "app-2"): "g"}


def test_status_put_again_replaces_the_first_with_all_its_findings(database, cloud):
    store = StatusStore(database)
    store.put(ConnectionStatus("cloud", Health.UNKNOWN))
    findings = (
        Finding(
            "k1", FindingKind.APP_GONE, Severity.ERROR, "cloud", HOSTILE, "detail", "app-1", (FindingAction.RETRY,)
        ),
        Finding("k2", FindingKind.PLATFORM_CLOSING, Severity.WARNING, "cloud", "It closes."),
    )
    status = ConnectionStatus("cloud", Health.DEGRADED, 81.25, 1.5, 18, 240, "Slow.", "Wait.", findings)
    store.put(status)
    assert store.all() == (status,)


def test_status_of_a_connection_that_is_gone_is_refused(database):
    with pytest.raises(NotFound):
        StatusStore(database).put(ConnectionStatus("gone"))


def test_audit_recent_gives_the_newest_first_and_no_more_than_asked(database):
    store = AuditStore(database)
    for number in range(5):
        store.add("ann", float(number), "cloud", f"app-{number}", "rename", "done", HOSTILE)
    recent = store.recent(2)
    assert recent[0] == AuditEntry(4.0, "ann", "cloud", "app-4", "rename", "done", HOSTILE)
    assert [each.app_id for each in recent] == ["app-4", "app-3"]


def test_local_database_has_no_column_for_a_secret(database, cloud):
    with closing(sqlite3.connect(database.path)) as raw:
        columns = {
            column
            for (table,) in raw.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
            for (column,) in raw.execute("SELECT name FROM pragma_table_info(?)", (table,))
        }
    assert not [name for name in columns if any(word in name for word in ("token", "secret", "password", "key"))]

"""The journal, the foundation's names and followed templates in the real database file."""

import pytest

from app.core.errors import NotFound
from app.core.refs import AppRef
from app.storage.database import Database
from app.storage.foundation_stores import FollowedStore, JournalStore, KeptEntry, MapStore
from app.storage.stores import AuditEntry, AuditStore, ConnectionStore, InventoryStore
from tests.unit.storage.conftest import make_app, make_connection


def entry(key: str = "k", **changes) -> KeptEntry:
    values = {
        "id": key,
        "connection_id": "cloud",
        "foundation_app_id": "f",
        "kind": "user",
        "owner_id": "u",
        "app_id": "a",
        "title": "Diary",
        "started_at": 5.0,
    }
    return KeptEntry(**{**values, **changes})


def test_entry_begun_is_read_back_after_reopening(database, cloud, database_path):
    begun = entry(title="Diary \U0001f600", template="todo", template_version=2)
    assert JournalStore(database).write([begun]) == {"k": begun}
    database.close()
    again = Database.open(database_path)
    assert JournalStore(again).get("k") == begun
    assert JournalStore(again).get("other") is None
    again.close()


def test_entry_begun_again_stays_as_it_is_and_is_given(database, cloud):
    store = JournalStore(database)
    store.write([entry()])
    assert store.write([entry(app_id="another"), entry("new")]) == {"k": entry(), "new": entry("new")}


def test_changes_come_before_removals_and_those_before_what_is_begun(database, cloud):
    store = JournalStore(database)
    store.write([entry("a"), entry("b")])
    kept = store.write([entry("a", app_id="new")], [("b", {"step": "created", "error": "x\x00\ud800"})], ["a"])
    assert kept["a"].app_id == "new"
    assert store.get("b") == entry("b", step="created", error="x?")
    store.write(removed=["a", "b", "c"])
    assert store.of("cloud") == ()


def test_entries_of_a_connection_are_the_oldest_first_and_go_with_it(database, cloud):
    ConnectionStore(database).add(make_connection("other"))
    store = JournalStore(database)
    store.write(
        [entry("new", started_at=9.0), entry("old", started_at=1.0, kind="task"), entry("x", connection_id="other")]
    )
    assert [each.id for each in store.of("cloud")] == ["old", "new"]
    assert [each.id for each in store.of("cloud", "task")] == ["old"]
    ConnectionStore(database).remove("cloud")
    assert store.of("cloud") == ()
    assert store.get("x") is not None


def test_entry_for_a_removed_connection_is_refused_with_all_that_came_with_it(database, cloud):
    store = JournalStore(database)
    with pytest.raises(NotFound):
        store.write([entry("a"), entry("b", connection_id="gone")])
    assert store.of("cloud") == ()


def test_a_thousand_entries_are_one_write(database, cloud):
    store = JournalStore(database)
    keys = [str(number) for number in range(1_200)]
    assert len(store.write([entry(key) for key in keys])) == 1_200
    store.write(removed=keys[:1_100])
    assert len(store.of("cloud")) == 100


def test_names_of_a_foundation_are_kept_replaced_and_removed(database, cloud):
    store = MapStore(database)
    assert store.get("cloud") is None
    store.put("cloud", "{}")
    store.put("cloud", '{"app": "registry"}')
    assert store.get("cloud") == '{"app": "registry"}'
    store.remove("cloud")
    assert store.get("cloud") is None
    with pytest.raises(NotFound):
        store.put("gone", "{}")


def test_followed_templates_are_kept_by_app_and_go_with_the_connection(database, cloud):
    store = FollowedStore(database)
    one, two = AppRef("cloud", "one"), AppRef("cloud", "two")
    store.put_many([])
    store.put_many([(one, "todo", 1), (two, "chat", 3)])
    store.put(one, "todo", 2)
    assert store.get(one) == ("todo", 2)
    assert store.of("cloud") == {"one": ("todo", 2), "two": ("chat", 3)}
    store.remove(two)
    assert store.get(two) is None
    with pytest.raises(NotFound):
        store.put(AppRef("gone", "x"), "todo", 1)
    ConnectionStore(database).remove("cloud")
    assert store.of("cloud") == {}


def test_many_apps_and_many_acts_are_kept_together(database, cloud):
    apps = [make_app(number) for number in range(1_500)]
    InventoryStore(database).upsert_many(apps)
    InventoryStore(database).upsert_many([apps[0]._replace(title="Renamed")])
    assert len(InventoryStore(database).all()) == 1_500
    assert InventoryStore(database).all()[0].title == "Renamed"
    acts = [AuditEntry(float(number), "ada", "cloud", "a", "create", "done", "x\x00") for number in range(3)]
    AuditStore(database).add_many([])
    AuditStore(database).add_many(acts)
    assert [(each.at, each.detail) for each in AuditStore(database).recent(9)] == [(2.0, "x"), (1.0, "x"), (0.0, "x")]

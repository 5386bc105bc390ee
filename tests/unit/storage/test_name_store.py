"""Names of schemas in the real database file."""

from __future__ import annotations

from app.core.refs import AppRef
from app.storage.name_store import NamedApp, NameStore
from app.storage.stores import ConnectionStore, InventoryStore
from tests.unit.storage.conftest import make_app

A, B = NamedApp("cloud", "a", "s1"), NamedApp("cloud", "b", "s1")


def test_names_put_are_read_back(database, cloud):
    store = NameStore(database)
    store.put({"s1": '[["todos",["title"],false]]'}, [A, B])
    assert store.all() == ({"s1": '[["todos",["title"],false]]'}, [A, B])
    store.put({"s1": "ignored", "s2": "[]"}, [A._replace(shape="s2")])
    shapes, apps = store.all()
    assert shapes == {"s1": '[["todos",["title"],false]]', "s2": "[]"}
    assert sorted(apps) == [A._replace(shape="s2"), B]


def test_names_of_a_connection_that_is_gone_are_left_out(database, cloud):
    store = NameStore(database)
    store.put({"s1": "[]"}, [A, NamedApp("gone", "x", "s1")])
    assert store.all()[1] == [A]
    ConnectionStore(database).remove("cloud")
    assert store.all()[1] == []


def test_tidy_forgets_apps_that_are_not_in_the_inventory(database, cloud):
    inventory, store, listed = InventoryStore(database), NameStore(database), A._replace(app_id="app-1")
    inventory.replace("cloud", [make_app(1)])
    store.put({"s1": "[]", "s2": "[]"}, [listed, B._replace(shape="s2")])
    store.tidy()
    assert store.all() == ({"s1": "[]"}, [listed])
    inventory.remove(AppRef("cloud", "app-1"))
    store.tidy()
    assert store.all() == ({}, [])


def test_text_that_sqlite_cannot_keep_is_replaced(database, cloud):
    store = NameStore(database)
    store.put({"s1": "x\x00\ud800"}, [A._replace(app_id="a\x00")])
    assert store.all() == ({"s1": "x ?"}, [A._replace(app_id="a ")])

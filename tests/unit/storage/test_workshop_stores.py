"""Staged edits, versions and pushes in the real database file."""

import sqlite3
from contextlib import closing

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine

from app.core.errors import NotFound
from app.core.refs import AppRef
from app.storage import database as database_module
from app.storage.database import Database
from app.storage.stores import ConnectionStore
from app.storage.workshop_stores import (
    VERSIONS_PER_APP,
    DraftStore,
    KeptPush,
    PushStore,
    VersionStore,
    pack,
    unpack,
)

REF = AppRef("cloud", "app-1")
OTHER = AppRef("cloud", "app-2")


def values(**changes):
    defaults = {
        "at": 5.0,
        "who": "ada",
        "connection_id": "cloud",
        "connection_label": "The cloud",
        "app_id": "app-1",
        "app_title": "Diary",
        "steps": ("Add notes.",),
        "plan": "[1]",
        "did": None,
        "outcome": "started",
        "sentence": "",
        "before": "aa",
        "after": "",
    }
    return {**defaults, **changes}


def push(**changes) -> KeptPush:
    return KeptPush(**values(**changes))


def never() -> str:
    raise AssertionError("asked for")


def test_draft_put_is_read_back_and_survives_reopening(database, cloud, database_path):
    DraftStore(database).put(REF, "f1", lambda: "base", "edits \U0001f600", 3, 7.5)
    database.close()
    again = Database.open(database_path)
    assert DraftStore(again).get(REF) == ("f1", "base", "edits \U0001f600", 3, 7.5)
    assert DraftStore(again).notes() == ((REF, 7.5, 3),)
    again.close()


def test_draft_put_again_writes_its_base_only_where_it_is_another(database, cloud):
    store = DraftStore(database)
    store.put(REF, "f1", lambda: "base", "one", 1, 1.0)
    store.put(REF, "f1", never, "two", 2, 2.0)
    assert store.get(REF) == ("f1", "base", "two", 2, 2.0)
    store.put(REF, "f2", lambda: "other", "three", 3, 3.0)
    assert store.get(REF) == ("f2", "other", "three", 3, 3.0)


def test_drafts_are_listed_newest_first_and_removed_one_by_one(database, cloud):
    store = DraftStore(database)
    for at, ref in enumerate((REF, OTHER)):
        store.put(ref, "f", lambda: "b", "e", at, float(at))
    assert [each.ref for each in store.notes()] == [OTHER, REF]
    assert store.remove(OTHER)
    assert not store.remove(OTHER)
    assert [each.ref for each in store.notes()] == [REF]
    assert store.get(OTHER) is None


def test_draft_of_a_removed_connection_is_refused_and_goes_with_it(database, cloud):
    with pytest.raises(NotFound):
        DraftStore(database).put(AppRef("gone", "x"), "f", lambda: "b", "e", 1, 1.0)
    DraftStore(database).put(REF, "f", lambda: "b", "e", 1, 1.0)
    ConnectionStore(database).remove("cloud")
    assert DraftStore(database).notes() == ()


def test_version_that_is_the_newest_already_is_not_kept_twice(database, cloud):
    store = VersionStore(database)
    assert store.add(REF, "a", 1.0, "seen", "", lambda: "A")
    assert not store.add(REF, "a", 2.0, "seen", "", never)
    assert store.add(REF, "b", 3.0, "push", "note", lambda: "B")
    assert store.add(REF, "a", 4.0, "seen", "", lambda: "A again")
    assert [(each.fingerprint, each.at) for each in store.all(REF)] == [("a", 4.0), ("b", 3.0), ("a", 1.0)]
    assert store.text(REF, "a") == "A again"
    assert store.text(REF, "zz") is None
    assert store.all(OTHER) == ()


def test_versions_are_bounded_per_app(database, cloud):
    store = VersionStore(database)
    store.add(OTHER, "other", 0.0, "seen", "", lambda: "O")
    for number in range(VERSIONS_PER_APP + 7):
        store.add(REF, f"f{number}", float(number), "seen", "", str)
    kept = store.all(REF)
    assert len(kept) == VERSIONS_PER_APP
    assert (kept[0].fingerprint, kept[-1].fingerprint) == (f"f{VERSIONS_PER_APP + 6}", "f7")
    assert len(store.all(OTHER)) == 1


def test_push_started_is_there_before_it_ends_and_can_be_completed(database):
    store = PushStore(database)
    push_id = store.add(**values())
    assert store.get(push_id) == push(id=push_id)
    store.change(push_id, outcome="done", after="bb", did="[1]", sentence="Done\x00 \ud800")
    assert store.get(push_id) == push(id=push_id, outcome="done", after="bb", did="[1]", sentence="Done ?")
    assert store.get(push_id + 1) is None


def test_pushes_are_given_newest_first_of_one_app_or_all_and_outlive_the_connection(database, cloud):
    store = PushStore(database)
    first, second, third = (store.add(**values(app_id=each)) for each in ("app-1", "app-2", "app-1"))
    ConnectionStore(database).remove("cloud")
    assert [each.id for each in store.recent(None, 10)] == [third, second, first]
    assert [each.id for each in store.recent(None, 2)] == [third, second]
    assert [each.id for each in store.recent(REF, 10)] == [third, first]


@pytest.mark.parametrize("damaged", [b"", b"x", pack("text")[:-3]])
def test_unpack_of_what_is_damaged_is_a_value_error(damaged):
    with pytest.raises(ValueError):
        unpack(damaged)


def test_database_of_the_first_version_is_migrated_with_all_it_holds(database_path):
    config = Config()
    config.set_main_option("script_location", str(database_module.Path(database_module.__file__).parent / "migrations"))
    engine = create_engine(f"sqlite:///{database_path}")
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
    engine.dispose()
    with closing(sqlite3.connect(database_path)) as raw, raw:
        raw.execute("INSERT INTO connections VALUES ('c', 'C', 'instant', 'https://c', 'local', 0, NULL, 0, 1)")
        raw.execute("INSERT INTO schemas VALUES ('c', 'app', '{}', 'f', 1.0)")
    database = Database.open(database_path)
    assert [each.id for each in ConnectionStore(database).all()] == ["c"]
    DraftStore(database).put(AppRef("c", "app"), "f", lambda: "b", "e", 1, 1.0)
    database.close()

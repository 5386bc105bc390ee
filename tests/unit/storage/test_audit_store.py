"""The audit trail is looked through in pages, and stays so at a hundred thousand acts."""

from __future__ import annotations

import pytest

from app.core.audit import AuditFilter
from app.core.errors import Invalid
from app.core.refs import AppRef
from app.storage.audit_store import AuditBook
from app.storage.database import Database
from app.storage.stores import AuditEntry, AuditStore, ConnectionStore, InventoryStore
from app.storage.workshop_stores import PushStore

from .conftest import make_app, make_connection

REF = AppRef("cloud", "app-1")


@pytest.fixture
def trail(database: Database, cloud: object) -> AuditStore:
    InventoryStore(database).replace("cloud", (make_app(1),))
    return AuditStore(database)


@pytest.fixture
def book(database: Database) -> AuditBook:
    return AuditBook(database)


def _push(database: Database) -> int:
    return PushStore(database).add(
        at=1.0,
        who="ada",
        connection_id="cloud",
        connection_label="The cloud",
        app_id="app-1",
        app_title="Diary 1",
        steps=("Adds the entity “notes”.", "Drops the attribute “notes.old”."),
        plan="{}",
        did=None,
        outcome="done",
        sentence="",
        before="fp-before",
        after="fp-after",
        undoes=None,
    )


def test_act_knows_where_it_was_done_and_what_the_app_was_called(trail: AuditStore, book: AuditBook) -> None:
    trail.add("ada", 10.0, "cloud", "app-1", "rename", "done", "Diary")
    (record,) = book.page(AuditFilter(), None, 10).records
    assert (record.connection_label, record.environment, record.app_title) == ("The cloud", "production", "Diary 1")
    assert (record.who, record.at, record.action, record.result) == ("ada", 10.0, "rename", "done")


def test_act_on_an_app_that_is_not_known_yet_has_the_title_it_comes_with(trail: AuditStore, book: AuditBook) -> None:
    trail.add("ada", 10.0, "cloud", "app-new", "create", "done", "Notes on The cloud", title="Notes")
    trail.add("ada", 11.0, "cloud", "app-1", "rename", "done", "Diary", title="Notes")
    titles = [each.app_title for each in book.page(AuditFilter(), None, 10).records]
    assert titles == ["Diary 1", "Notes"]


def test_act_on_an_app_that_is_gone_has_its_last_title(trail: AuditStore, book: AuditBook, database: Database) -> None:
    trail.add("ada", 10.0, "cloud", "app-1", "rename", "done", "")
    InventoryStore(database).replace("cloud", ())
    trail.add("ada", 11.0, "cloud", "app-1", "delete", "done", "")
    ConnectionStore(database).remove("cloud")
    assert [each.app_title for each in book.page(AuditFilter(), None, 10).records] == ["Diary 1", "Diary 1"]
    assert book.places() == (("cloud", "The cloud"),)


def test_push_comes_with_its_plan_and_both_fingerprints(trail: AuditStore, book: AuditBook, database: Database) -> None:
    push_id = _push(database)
    trail.add("ada", 10.0, "cloud", "app-1", "undo push", "partial", f"push {push_id}")
    trail.add("ada", 11.0, "cloud", "app-1", "create", "done", f"push {push_id}")
    trail.add("ada", 12.0, "cloud", "app-1", "push", "done", "push of another version")
    other, created, push = book.page(AuditFilter(), None, 10).records
    assert push.steps[1] == "Drops the attribute “notes.old”."
    assert (push.before, push.after, push.result) == ("fp-before", "fp-after", "failed")
    assert created.steps == other.steps == ()
    assert [each.id for each in book.page(AuditFilter(text="notes.old fp-before"), None, 10).records] == [push.id]


def test_act_that_is_no_push_has_its_own_fingerprints(trail: AuditStore, book: AuditBook, database: Database) -> None:
    trail.add("ada", 10.0, "cloud", "app-2", "clone", "done", "Copy, from app-1", after="fp-copy")
    push_id = _push(database)
    trail.add("ada", 11.0, "cloud", "app-1", "push", "done", f"push {push_id}")
    push, clone = book.page(AuditFilter(), None, 10).records
    assert (clone.before, clone.after, clone.steps) == ("", "fp-copy", ())
    assert (push.before, push.after) == ("fp-before", "fp-after")
    assert [each.id for each in book.page(AuditFilter(text="fp-copy"), None, 10).records] == [clone.id]


def test_filters_leave_out_what_they_say(trail: AuditStore, book: AuditBook, database: Database) -> None:
    ConnectionStore(database).add(make_connection("other", label="100% mine_"))
    trail.add_many(
        [
            AuditEntry(10.0, "ada", "cloud", "app-1", "create", "done", "one"),
            AuditEntry(20.0, "bo", "other", "x", "delete", "failed: no answer", "two"),
            AuditEntry(30.0, "bo", "cloud", "app-2", "push", "cancelled", "three"),
            AuditEntry(40.0, "bo", "cloud", "app-2", "push", "nothing", "four"),
        ]
    )

    def found(**wanted: object) -> list[str]:
        return [each.detail for each in book.page(AuditFilter(**wanted), None, 10).records]  # type: ignore[arg-type]

    assert found() == ["four", "three", "two", "one"]
    assert found(connection_id="other") == ["two"]
    assert found(kind="push") == ["four", "three"]
    assert found(outcome="done") == ["four", "one"]
    assert found(outcome="failed") == ["two"]
    assert found(outcome="cancelled") == ["three"]
    assert found(since=20.0, until=40.0) == ["three", "two"]
    assert found(text="BO cloud") == ["four", "three"]
    assert found(text="0% mine_") == ["two"]
    assert found(text="_ine") == found(text="%x%") == []
    assert found(text="one " * 700) == found(text="one")
    assert book.kinds() == ("create", "delete", "push")


def test_a_filter_of_very_many_words_says_so(book: AuditBook) -> None:
    assert book.page(AuditFilter(text=" ".join(f"w{each}" for each in range(100))), None, 10).records == ()
    with pytest.raises(Invalid, match="101 words") as refused:
        book.page(AuditFilter(text=" ".join(f"w{each}" for each in range(101))), None, 10)
    assert "100" in refused.value.remedy


def test_hundred_thousand_acts_are_read_a_page_at_a_time(
    trail: AuditStore, book: AuditBook, database: Database
) -> None:
    acts = ("create", "push", "delete", "rename")
    trail.add_many(
        [
            AuditEntry(float(at), "ada", "cloud", f"app-{at % 50}", acts[at % 4], "done", str(at))
            for at in range(100_000)
        ]
    )
    first = book.page(AuditFilter(), None, 300)
    assert (first.total, len(first.records), first.has_more) == (100_000, 300, True)
    second = book.page(AuditFilter(), first.records[-1].id, 300)
    assert (second.total, second.records[0].detail) == (-1, "99699")
    last = book.page(AuditFilter(kind="push", text="app-1 ada"), 400, 300)
    assert not last.has_more
    with database.read() as connection:
        plan = connection.exec_driver_sql(
            "EXPLAIN QUERY PLAN SELECT id FROM audit WHERE action = 'push' AND id < 900 ORDER BY id DESC LIMIT 300"
        ).all()
    # By the index of the kind or by the ID: neither looks at all entries, nor sorts them.
    assert "SEARCH audit" in str(plan)
    assert "TEMP B-TREE" not in str(plan)

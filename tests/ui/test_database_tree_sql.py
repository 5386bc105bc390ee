"""The tree over databases of tables: schemas, tables, and what a table has, each asked for when it is opened."""

from __future__ import annotations

from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QAbstractItemModelTester
from pytestqt.qtbot import QtBot

from app.core.apps import AppSummary
from app.core.errors import Unreachable
from app.core.refs import AppRef
from app.ui.tree.database_tree import DatabaseTree
from app.ui.tree.tree_groups import TreeGroups
from app.ui.tree.tree_model import PAGE
from app.ui.tree.tree_nodes import NodeKind, app_key
from app.ui.tree.tree_tables import TableNames, by_schema, parts_of
from app.ui.work.runner import Runner
from tests.ui.content_fakes import LOCAL, apps, runner, services
from tests.ui.sql_fakes import SCHEMA, STORE, STORES
from tests.ui.tree_fakes import opened, texts

__all__ = ["runner", "services"]
OTHER = AppRef(STORES.id, "store_bo")
_WARN = QAbstractItemModelTester.FailureReportingMode.Warning


class Catalog:
    """``names`` and ``schema`` as a database gives them; ``asked`` says what was wanted."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []
        self.names_of: dict[str, tuple[str, ...]] = {
            STORE.app_id: tuple(each.name for each in SCHEMA.entities),
            OTHER.app_id: ("votes", "notes"),
        }
        self.error: Unreachable | None = None
        self.inner: Any = None

    async def names(self, ref: AppRef) -> tuple[str, ...]:
        self.asked.append(("names", ref.app_id))
        if self.error is not None:
            raise self.error
        return self.names_of[ref.app_id]

    async def schema(self, ref: AppRef, refresh: bool = False) -> Any:
        self.asked.append(("schema", ref.app_id))
        if self.error is not None:
            raise self.error
        return await self.inner.schema(ref, refresh)


@pytest.fixture
def catalog(services: Any) -> Catalog:
    made = Catalog()
    made.inner = services.catalog
    made.inner.schema_of = lambda _ref: SCHEMA
    services.catalog = made
    return made


@pytest.fixture
def tree(qtbot: QtBot, runner: Runner, catalog: Catalog) -> DatabaseTree:
    made = DatabaseTree(runner)
    qtbot.addWidget(made)
    made.resize(320, 700)
    made.show()
    stores = [AppSummary(STORES.id, each, each, "", "other", "ok", 4) for each in (STORE.app_id, OTHER.app_id)]
    made.set_groups(TreeGroups((LOCAL, STORES), [*apps(), *stores]))
    return made


def test_tables_stand_below_their_schemas_and_are_asked_for_by_name_only(
    qtbot: QtBot, tree: DatabaseTree, catalog: Catalog
) -> None:
    app = opened(tree, qtbot, STORE)
    assert texts(tree, app) == ["public", "audit"]
    public, audit = tree.model.index(0, 0, app), tree.model.index(1, 0, app)
    assert tree.model.rowCount(public) == 0
    tree.view.expand(public)
    tree.view.expand(audit)
    assert texts(tree, public) == ["chats", "messages", "open_chats"]
    assert texts(tree, audit) == ["votes"]
    assert catalog.asked == [("names", STORE.app_id)]


def test_tables_of_one_schema_stand_below_their_database(qtbot: QtBot, tree: DatabaseTree) -> None:
    assert texts(tree, opened(tree, qtbot, OTHER)) == ["notes", "votes"]


def test_a_table_that_is_opened_shows_columns_keys_and_indexes(
    qtbot: QtBot, tree: DatabaseTree, catalog: Catalog
) -> None:
    app = opened(tree, qtbot, STORE)
    tree.view.expand(tree.model.index(0, 0, app))
    table = tree.model.table_index(STORE, "messages")
    tree.view.expand(table)
    assert texts(tree, table) == ["Loading…"]
    qtbot.waitUntil(lambda: len(texts(tree, tree.model.table_index(STORE, "messages"))) > 1)
    table = tree.model.table_index(STORE, "messages")
    assert texts(tree, table) == [
        *("id", "chat_id", "body", "mood", "created_at"),
        "messages_chat_id_fkey",
        *("messages_pkey", "messages_recent_idx", "messages_body_idx"),
    ]
    kinds = [tree.model.node(tree.model.index(row, 0, table)).kind for row in (5, 6, 7)]  # type: ignore[union-attr]
    assert kinds == [NodeKind.LINK, NodeKind.KEY, NodeKind.INDEX]
    # The next table is there at once.
    other = tree.model.table_index(STORE, "chats")
    tree.view.expand(other)
    assert texts(tree, other)[0] == "id"
    assert catalog.asked == [("names", STORE.app_id), ("schema", STORE.app_id)]


def test_a_table_that_cannot_be_read_says_so_below_it_and_can_be_tried_again(
    qtbot: QtBot, tree: DatabaseTree, catalog: Catalog
) -> None:
    app = opened(tree, qtbot, STORE)
    tree.view.expand(tree.model.index(0, 0, app))
    catalog.error = Unreachable("Stores does not answer.")
    tree.view.expand(tree.model.table_index(STORE, "chats"))
    qtbot.waitUntil(lambda: texts(tree, tree.model.table_index(STORE, "chats")) == ["Stores does not answer."])
    assert texts(tree, tree.model.index_of(app_key(STORE))) == ["public", "audit"]
    catalog.error = None
    tree.view.activated.emit(tree.model.index(0, 0, tree.model.table_index(STORE, "chats")))
    qtbot.waitUntil(lambda: texts(tree, tree.model.table_index(STORE, "chats"))[0] == "id")


def test_what_is_open_stays_open_when_tables_come_and_go(qtbot: QtBot, tree: DatabaseTree, catalog: Catalog) -> None:
    app = opened(tree, qtbot, STORE)
    tree.view.expand(tree.model.index(0, 0, app))
    tree.view.expand(tree.model.table_index(STORE, "chats"))
    qtbot.waitUntil(lambda: texts(tree, tree.model.table_index(STORE, "chats"))[0] == "id")
    tester = QAbstractItemModelTester(tree.model, _WARN)
    tester.setUseFetchMore(False)
    tree.model.set_names(STORE, ("chats", "audit.votes", "more.things"))
    tree._reopen(STORE)
    app = tree.model.index_of(app_key(STORE))
    assert texts(tree, app) == ["public", "audit", "more"]
    table = tree.model.table_index(STORE, "chats")
    assert tree.view.isExpanded(table)
    assert tester.model() is tree.model
    assert texts(tree, table)[0] == "id"


def test_many_tables_come_in_pages(qtbot: QtBot, tree: DatabaseTree, catalog: Catalog) -> None:
    catalog.names_of[OTHER.app_id] = tuple(f"t{number:04}" for number in range(PAGE + 10))
    app = opened(tree, qtbot, OTHER)
    assert tree.model.rowCount(app) == PAGE + 1
    assert texts(tree, app)[-1] == "Show 10 more of 10"
    tree.model.fetchMore(app)
    index = tree.model.table_index(OTHER, f"t{PAGE + 9:04}")
    assert index.isValid()
    assert tree.model.rowCount(app) == PAGE + 10


def test_a_table_is_found_by_schema_and_name_and_shown(qtbot: QtBot, tree: DatabaseTree) -> None:
    opened(tree, qtbot, STORE)
    opened(tree, qtbot, OTHER)
    qtbot.keyClick(tree.view, Qt.Key.Key_F, Qt.KeyboardModifier.ControlModifier)
    assert tree.field.hasFocus()
    qtbot.keyClicks(tree.field, "votes")
    qtbot.waitUntil(lambda: tree.found_model.count == 2)
    assert tree.found_note.text() == "2 tables in 2 databases"
    qtbot.keyClicks(tree.field, "x")
    qtbot.waitUntil(lambda: tree.found_model.count == 0)
    tree.field.clear()
    qtbot.keyClicks(tree.field, "audit.vo")
    qtbot.keyClick(tree.field, Qt.Key.Key_Return)
    node = tree.model.node(tree.view.currentIndex())
    assert node is not None
    assert (node.text, node.ref) == ("votes", STORE)
    assert tree.field.text() == ""
    assert tree.view.isVisible()


def test_searching_lists_the_database_of_the_current_row(qtbot: QtBot, tree: DatabaseTree) -> None:
    index = tree.model.index_of(app_key(OTHER))
    tree.view.expand(index.parent())
    tree.view.setCurrentIndex(index)
    qtbot.keyClicks(tree.field, "notes")
    qtbot.waitUntil(lambda: tree.found_model.count == 1)
    qtbot.keyClick(tree.field, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: tree.view.currentIndex().data() == "notes")


def test_without_databases_of_tables_there_is_no_field(qtbot: QtBot, tree: DatabaseTree) -> None:
    tree.set_groups(TreeGroups((LOCAL,), apps()))
    assert tree.field.isHidden()
    tree.enter_find()
    assert not tree.field.hasFocus()


def test_names_are_taken_apart_as_in_sql() -> None:
    assert [parts_of(each) for each in ("a", "s.a", '"s.x".a', '"a.b"', "a.b.c")] == [
        ("", "a"),
        ("s", "a"),
        ("s.x", "a"),
        ("", "a.b"),
        ("", "a.b.c"),
    ]
    assert by_schema(("z.b", "b", "A", "z.a")) == [("", ["A", "b"]), ("z", ["z.a", "z.b"])]


def test_found_tables_are_in_order_of_how_well_they_fit() -> None:
    names = TableNames()
    names.put(STORE, ("votes", "devotes", "audit.votes_old", "votes.list"))
    assert [each.entity for each in names.find("Votes")] == ["votes", "audit.votes_old", "votes.list", "devotes"]
    assert [each.entity for each in names.find("public.vo")] == ["votes"]
    assert names.find("  ") == []


def test_a_table_is_opened_from_its_row_and_from_what_it_has(qtbot: QtBot, tree: DatabaseTree) -> None:
    app = opened(tree, qtbot, STORE)
    tree.view.expand(tree.model.index(0, 0, app))
    table = tree.model.table_index(STORE, "messages")
    tree.view.expand(table)
    qtbot.waitUntil(lambda: len(texts(tree, tree.model.table_index(STORE, "messages"))) > 1)
    table = tree.model.table_index(STORE, "messages")
    for index in (table, tree.model.index(2, 0, table)):
        action = tree.make_menu(index).actions()[0]
        assert action.text() == "Open messages"
        with qtbot.waitSignal(tree.entity_activated) as told:
            action.trigger()
        assert told.args == [STORE, "messages"]
    assert tree.make_menu(app).actions()[0].text() == "Open"

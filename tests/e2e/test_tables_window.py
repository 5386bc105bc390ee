"""Tables of a real PostgreSQL edited in the window's own widgets, pushed, read back, and taken back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QLineEdit
from pytestqt.qtbot import QtBot

from app.core.connection import Environment, Platform, TokenKind
from app.core.refs import AppRef
from app.platforms.postgres.dsn import Dsn
from app.services.connections import ConnectionDraft
from app.ui.editor.attribute_grid_model import AttributeColumn
from app.ui.editor.entity_dialog import EntityDialog
from app.ui.editor.foreign_key_grid_model import KeyColumn
from app.ui.editor.index_grid_model import IndexColumn
from app.ui.editor.schema_editor import SchemaEditor
from app.ui.editor.schema_grid import SchemaGrid
from app.ui.plans.plan_dialog import PlanDialog
from app.ui.plans.plan_words import Stage
from app.ui.tree.tree_nodes import app_key
from app.ui.tree.tree_tables import FoundTable
from app.ui.window.main_window import MainWindow
from tests.support.postgres_server import PostgresServer
from tests.support.real_window import PATIENCE_MS, asked, real_window

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]
_TABLES = """
CREATE SCHEMA audit;
CREATE TYPE mood AS ENUM ('happy', 'sad');
CREATE TABLE chats (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), title text NOT NULL);
CREATE TABLE messages (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), chat_id uuid NOT NULL, body text, mood mood);
CREATE TABLE audit.entries (id bigserial PRIMARY KEY, said text);
INSERT INTO chats (title) SELECT 'Chat ' || n FROM generate_series(1, 5) AS n;
INSERT INTO messages (chat_id, body) SELECT id, 'Hello' FROM chats;
"""


@pytest.fixture
def window(qtbot: QtBot, tmp_path: Path) -> Iterator[MainWindow]:
    yield from real_window(qtbot, tmp_path)


@pytest.fixture
def ref(qtbot: QtBot, window: MainWindow, postgres: PostgresServer, database: str) -> AppRef:
    postgres.psql(database, _TABLES)
    dsn, password = Dsn.parse(postgres.dsn(database))
    draft = ConnectionDraft("Stores", Platform.POSTGRES, dsn.to_text(), Environment.STAGING, platform_token=password)

    async def connect(services: Any) -> str:
        made = await services.connections.add(draft)
        assert password is not None
        await services.tokens.set(made.id, TokenKind.PLATFORM, password)
        await services.directory.refresh([made.id])
        return str(made.id)

    return AppRef(asked(qtbot, window, connect), database)


@pytest.fixture
def editor(qtbot: QtBot, window: MainWindow, ref: AppRef) -> SchemaEditor:
    qtbot.waitUntil(lambda: window.data.connection(ref.connection_id) is not None, timeout=PATIENCE_MS)
    qtbot.waitUntil(lambda: window.data.app(ref) is not None, timeout=PATIENCE_MS)
    window.open_app(ref)
    view: Any = window.tabs.currentWidget()
    qtbot.waitUntil(lambda: view.editor is not None and view.editor.document.is_open, timeout=PATIENCE_MS)
    return view.editor  # type: ignore[no-any-return]


def enter(qtbot: QtBot, grid: SchemaGrid, row: int, column: int, text: str) -> None:
    grid.setFocus()
    grid.show_rows([row], column)
    if grid.state() != grid.State.EditingState:
        grid.edit_cell(grid.currentIndex())
    type_in(qtbot, grid, text)


def type_in(qtbot: QtBot, grid: SchemaGrid, text: str) -> None:
    editors = [each for each in grid.viewport().findChildren(QLineEdit) if each.isVisibleTo(grid)]
    editors[0].selectAll()
    qtbot.keyClicks(editors[0], text)
    qtbot.keyClick(QApplication.activePopupWidget() or editors[0], Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: grid.state() != grid.State.EditingState)


def push(qtbot: QtBot, editor: SchemaEditor) -> PlanDialog:
    qtbot.waitUntil(lambda: editor.document.is_reviewed and bool(editor.document.plan), timeout=PATIENCE_MS)
    editor.review()
    dialog = next(each for each in QApplication.topLevelWidgets() if isinstance(each, PlanDialog) and each.isVisible())
    qtbot.waitUntil(lambda: dialog.stage is not Stage.WAITING, timeout=PATIENCE_MS)
    assert dialog.stage is Stage.REVIEW, dialog.message.sentence.text()
    assert dialog.can_act(), dialog.review_page.blocker
    dialog.act()
    qtbot.waitUntil(lambda: dialog.stage is not Stage.PUSHING, timeout=PATIENCE_MS)
    assert dialog.stage is Stage.ENDED, dialog.message.sentence.text()
    return dialog


def left(report: Any) -> object:
    """What a report says is still to do."""
    steps = report.remaining.plan().steps if report.remaining is not None else ()
    return [each.error for each in report.jobs if each.error], steps


def described(postgres: PostgresServer, database: str, sql: str) -> list[str]:
    return [each for each in postgres.psql(database, sql).splitlines() if each]


_COLUMNS = """SELECT column_name || ' ' || data_type || ' ' || coalesce(column_default, '-')
    FROM information_schema.columns WHERE table_name = 'messages' ORDER BY column_name"""
_INDEXES = "SELECT indexdef FROM pg_indexes WHERE tablename = 'messages' ORDER BY indexname"
_CONSTRAINTS = """SELECT pg_get_constraintdef(oid) FROM pg_constraint
    WHERE conrelid = 'messages'::regclass AND contype IN ('f', 'c') ORDER BY conname"""


def test_a_table_is_edited_pushed_and_taken_back(
    qtbot: QtBot, window: MainWindow, editor: SchemaEditor, postgres: PostgresServer, ref: AppRef
) -> None:
    document, grids = editor.document, editor.grids
    database = ref.app_id
    before = [described(postgres, database, sql) for sql in (_COLUMNS, _INDEXES, _CONSTRAINTS)]
    document.select("messages")
    grids.attributes.add()
    type_in(qtbot, grids.attributes, "tokens")
    row = grids.attributes.grid.row_of("tokens")
    assert row is not None
    enter(qtbot, grids.attributes, row, AttributeColumn.TYPE, "bigint")
    enter(qtbot, grids.attributes, row, AttributeColumn.DEFAULT, "40+2")
    enter(qtbot, grids.attributes, row, AttributeColumn.COMMENT, "How many it took")
    grids.links.add()
    type_in(qtbot, grids.links, "chat_id")
    enter(qtbot, grids.links, 0, KeyColumn.NAME, "messages_in_chats")
    assert grids.indexes is not None
    grids.indexes.add()
    type_in(qtbot, grids.indexes, "chat_id, lower(body)")
    row = grids.indexes.grid.rowCount() - 1
    enter(qtbot, grids.indexes, row, IndexColumn.NAME, "messages_found_idx")
    enter(qtbot, grids.indexes, row, IndexColumn.WHERE, "body is not null")
    editor.edit_table()
    table = next(each for each in QApplication.topLevelWidgets() if isinstance(each, EntityDialog) and each.isVisible())
    qtbot.keyClicks(table.comment, "What was said")
    table.checks.add("messages_short", "length(body)<1000")
    table.act()
    dialog = push(qtbot, editor)
    report = dialog._report
    assert report is not None
    assert report.outcome == "done", (report.sentence, left(report))
    dialog.accept()
    assert "tokens bigint (40 + 2)" in described(postgres, database, _COLUMNS)
    assert any("lower(body)" in each and "body IS NOT NULL" in each for each in described(postgres, database, _INDEXES))
    assert described(postgres, database, _CONSTRAINTS) == [
        "FOREIGN KEY (chat_id) REFERENCES chats(id)",
        "CHECK ((length(body) < 1000))",
    ]
    qtbot.waitUntil(lambda: document.is_reviewed and not document.is_changed, timeout=PATIENCE_MS)

    async def take_back(services: Any) -> Any:
        (done,) = await services.workshop.pushes(ref)
        undo = await services.workshop.undo(done.id)
        return await services.workshop.push(ref, undo.draft, lambda _progress: None, undoes=done.id)

    assert asked(qtbot, window, take_back).outcome == "done"
    assert [described(postgres, database, sql) for sql in (_COLUMNS, _INDEXES, _CONSTRAINTS)] == before


def test_a_table_and_values_of_an_enum_are_added(
    qtbot: QtBot, editor: SchemaEditor, postgres: PostgresServer, ref: AppRef
) -> None:
    document, grids = editor.document, editor.grids
    document.select("messages")
    row = grids.attributes.grid.row_of("mood")
    assert row is not None
    enter(qtbot, grids.attributes, row, AttributeColumn.TYPE, "mood ('happy', 'sad', 'curious')")
    editor.add_entity()
    name = editor.entities.view.findChild(QLineEdit)
    assert name is not None
    name.selectAll()
    qtbot.keyClicks(name, "audit.remarks")
    qtbot.keyClick(name, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: document.selected_entity == "audit.remarks")
    dialog = push(qtbot, editor)
    report = dialog._report
    assert report is not None
    assert report.outcome == "done", (report.sentence, left(report))
    dialog.accept()
    assert described(postgres, ref.app_id, "SELECT unnest(enum_range(NULL::mood))") == ["happy", "sad", "curious"]
    keys = "SELECT conname || ' ' || pg_get_constraintdef(oid) FROM pg_constraint WHERE conname LIKE 'remarks%'"
    assert "remarks_pkey PRIMARY KEY (id)" in described(postgres, ref.app_id, keys)


def test_the_tree_lists_and_finds_tables(qtbot: QtBot, window: MainWindow, ref: AppRef) -> None:
    qtbot.waitUntil(lambda: window.tree is not None, timeout=PATIENCE_MS)
    tree = window.tree
    assert tree is not None
    qtbot.waitUntil(lambda: tree.model.index_of(app_key(ref)).isValid(), timeout=PATIENCE_MS)
    tree.show_table(FoundTable(ref, "audit.entries"))
    qtbot.waitUntil(lambda: tree.view.currentIndex().data() == "entries", timeout=PATIENCE_MS)
    tree.view.expand(tree.view.currentIndex())

    def parts() -> list[str]:
        table = tree.model.table_index(ref, "audit.entries")
        return [tree.model.index(row, 0, table).data() for row in range(tree.model.rowCount(table))]

    qtbot.waitUntil(lambda: set(parts()) == {"id", "said", "entries_pkey"}, timeout=PATIENCE_MS)
    qtbot.keyClicks(tree.field, "public.mess")
    qtbot.waitUntil(lambda: tree.found_model.count == 1)
    qtbot.keyClick(tree.field, Qt.Key.Key_Return)
    assert tree.view.currentIndex().data() == "messages"


def test_a_table_is_opened_from_the_tree(qtbot: QtBot, window: MainWindow, ref: AppRef) -> None:
    qtbot.waitUntil(lambda: window.data.app(ref) is not None and window.tree is not None, timeout=PATIENCE_MS)
    assert window.tree is not None
    window.tree.entity_activated.emit(ref, "messages")
    view: Any = window.tabs.currentWidget()
    qtbot.waitUntil(lambda: view.editor is not None and view.editor.document.is_open, timeout=PATIENCE_MS)
    assert view.editor.document.selected_entity == "messages"

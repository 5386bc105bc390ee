"""The schema as text: in step with the grids both ways, nothing that is typed is lost, errors where they are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor, QGuiApplication, QHelpEvent, QKeySequence, QTextCursor
from PySide6.QtWidgets import QToolTip
from pytestqt.qtbot import QtBot

from app.core.errors import Invalid
from app.core.refs import AppRef
from app.platforms.contract import Capability
from app.schema.formats import instant_ts, sql
from app.schema.formats.instant_form import canonical
from app.schema.model import Attribute, Entity, Link, LinkEnd, Schema
from app.schema.types import BooleanType, NumberType, StringType
from app.ui.editor.schema_text_edit import SchemaTextEdit
from app.ui.editor.schema_text_view import SchemaTextView
from app.ui.look import theme
from app.ui.look.theme import colours
from app.ui.schema.schema_document import SchemaDocument
from app.ui.work.runner import Runner
from tests.ui.content_fakes import ANA, LOCAL, runner, services
from tests.ui.sql_fakes import open_document

__all__ = ["runner", "services"]

SCHEMA = canonical(
    Schema(
        (
            Entity(
                "todos",
                (Attribute("title", StringType(), is_required=True), Attribute("done", BooleanType(), is_indexed=True)),
            ),
            Entity("chats", (Attribute("name", StringType()),)),
            Entity("$users", (Attribute("email", StringType(), is_unique=True),), is_system=True),
        ),
        (Link("todosOwner", LinkEnd("todos", "owner", "one"), LinkEnd("$users", "todos", "many")),),
    )
)
PRIORITY = Attribute("priority", NumberType())
BROKEN = ("done: i.boolean()", "done: i.bolean()")


class Texts:
    """The real text of the platform, as the workshop gives it; ``error`` is raised instead."""

    def __init__(self) -> None:
        self.error: Invalid | None = None
        self.parsed = 0

    async def text(self, schema: Schema, previous_text: str | None = None, ref: AppRef | None = None) -> str:
        if self.error is not None:
            raise self.error
        return instant_ts.render(schema) if previous_text is None else instant_ts.edit(previous_text, schema)

    async def parse_text(self, text: str, ref: AppRef | None = None) -> instant_ts.ParsedText:
        self.parsed += 1
        return instant_ts.parse(text)


@pytest.fixture
def texts(services: Any) -> Texts:
    made = Texts()
    services.workshop.text, services.workshop.parse_text = made.text, made.parse_text
    services.workshop.schema_of = lambda _ref: SCHEMA
    return made


@pytest.fixture
def document(runner: Runner, services: Any, texts: Texts) -> SchemaDocument:
    made = SchemaDocument(runner, LOCAL, ANA, "Ana’s workspace", runner)
    made.open(services.workshop.opened(AppRef("local", ANA)))
    return made


@pytest.fixture
def view(qtbot: QtBot, runner: Runner, document: SchemaDocument) -> SchemaTextView:
    made = SchemaTextView(document, runner)
    qtbot.addWidget(made)
    made.resize(600, 600)
    made.show()
    qtbot.waitUntil(lambda: made.applied is not None)
    return made


def text_of(view: SchemaTextView) -> str:
    return view.edit.toPlainText()


def swap(view: SchemaTextView, before: str, after: str) -> None:
    """Select some text and type over it, as a person would."""
    start = text_of(view).index(before)
    cursor = view.edit.textCursor()
    cursor.setPosition(start)
    cursor.setPosition(start + len(before), QTextCursor.MoveMode.KeepAnchor)
    cursor.insertText(after)
    view.edit.setTextCursor(cursor)


def press(qtbot: QtBot, view: SchemaTextView, key: QKeySequence.StandardKey) -> None:
    qtbot.keySequence(view.edit, QKeySequence(key))


def names(document: SchemaDocument, entity: str = "todos") -> set[str]:
    found = document.draft.wanted.entity(entity)
    return set() if found is None else {each.name for each in found.attributes}


def sentence(view: SchemaTextView) -> str:
    return "" if view.note is None else view.note.sentence.text()


def test_text_view_shows_the_platforms_own_text(view: SchemaTextView) -> None:
    assert "todos: i.entity({" in text_of(view)
    assert sentence(view) == ""
    assert not view.is_unfinished


def test_text_view_what_is_typed_becomes_one_undo_step(
    view: SchemaTextView, document: SchemaDocument, qtbot: QtBot
) -> None:
    swap(view, "title: i.string()", "title: i.string(),\n      priority: i.number().optional()")
    assert names(document) == {"title", "done"}
    qtbot.waitUntil(lambda: "priority" in names(document))
    assert document.undo_stack.count() == 1
    assert document.undo_stack.undoText() == "Edit the text"
    assert not view.is_unfinished


def test_text_view_typing_on_is_the_same_undo_step(
    view: SchemaTextView, document: SchemaDocument, qtbot: QtBot
) -> None:
    swap(view, "title: i.string()", "title: i.number()")
    qtbot.waitUntil(lambda: document.undo_stack.count() == 1 and not view.is_unfinished)
    swap(view, "name: i.string()", "name: i.number()")
    qtbot.waitUntil(lambda: not view.is_unfinished)
    assert document.undo_stack.count() == 1


def test_text_view_edit_that_changes_no_meaning_is_no_step(
    view: SchemaTextView, document: SchemaDocument, qtbot: QtBot
) -> None:
    swap(view, "todos: i.entity({", "// what is to be done\n    todos: i.entity({")
    qtbot.waitUntil(lambda: not view.is_unfinished)
    assert document.undo_stack.count() == 0
    assert "// what is to be done" in text_of(view)


def test_text_view_follows_the_grids_with_the_smallest_change(
    view: SchemaTextView, document: SchemaDocument, qtbot: QtBot
) -> None:
    swap(view, "chats: i.entity({", "// where they talk\n    chats: i.entity({")
    qtbot.waitUntil(lambda: not view.is_unfinished)
    cursor = view.edit.textCursor()
    cursor.setPosition(text_of(view).index("chats: i.entity"))
    view.edit.setTextCursor(cursor)
    document.edit("Add todos.priority", lambda draft: draft.add_attribute("todos", PRIORITY))
    qtbot.waitUntil(lambda: "priority: i.number()" in text_of(view))
    assert "// where they talk" in text_of(view)
    assert text_of(view)[view.edit.textCursor().position() :].startswith("chats: i.entity")


def test_text_view_undo_takes_typing_back_until_it_is_applied_then_the_documents_steps(
    view: SchemaTextView, document: SchemaDocument, qtbot: QtBot
) -> None:
    original = text_of(view)
    swap(view, "title: i.string()", "title: i.number()")
    qtbot.waitUntil(lambda: not view.is_unfinished)
    applied = text_of(view)
    swap(view, *BROKEN)
    press(qtbot, view, QKeySequence.StandardKey.Undo)
    assert text_of(view) == applied
    qtbot.waitUntil(lambda: not view.is_unfinished)
    assert document.undo_stack.index() == 1
    press(qtbot, view, QKeySequence.StandardKey.Undo)
    assert document.undo_stack.index() == 0
    qtbot.waitUntil(lambda: text_of(view) == original)
    press(qtbot, view, QKeySequence.StandardKey.Redo)
    qtbot.waitUntil(lambda: text_of(view) == applied)
    assert document.undo_stack.index() == 1


def test_text_view_undone_text_comes_back_with_its_comments(
    view: SchemaTextView, document: SchemaDocument, qtbot: QtBot
) -> None:
    swap(view, "chats: i.entity({", "// where they talk\n    chats: i.entity({")
    qtbot.waitUntil(lambda: not view.is_unfinished)
    commented = text_of(view)
    document.edit("Drop chats", lambda draft: draft.drop_entity("chats"))
    qtbot.waitUntil(lambda: "chats" not in text_of(view))
    document.undo_stack.undo()
    qtbot.waitUntil(lambda: text_of(view) == commented)


def test_text_view_error_is_underlined_listed_and_told_and_the_grids_stay(
    view: SchemaTextView, document: SchemaDocument, qtbot: QtBot
) -> None:
    swap(view, *BROKEN)
    qtbot.waitUntil(lambda: bool(view.problems))
    assert sentence(view) == "The text has 1 error; the grids show the last state without."
    line = text_of(view)[: text_of(view).index("i.bolean")].count("\n") + 1
    assert view.problem_list.item(0).text().startswith(f"line {line}: ")
    assert view.problem_list.accessibleName() == "1 error in the text"
    waves = [each for each in view.edit.extraSelections() if each.format.underlineColor() == QColor(colours().danger)]
    assert [each.cursor.blockNumber() + 1 for each in waves] == [line]
    assert names(document) == {"title", "done"}
    assert document.undo_stack.count() == 0


def test_text_view_error_in_the_list_leads_to_its_place(view: SchemaTextView, qtbot: QtBot) -> None:
    swap(view, *BROKEN)
    qtbot.waitUntil(lambda: view.problem_list.isVisible())
    view.edit.go_to(1)
    view.problem_list.setCurrentRow(0)
    qtbot.keyClick(view.problem_list, Qt.Key.Key_Return)
    assert view.edit.textCursor().blockNumber() + 1 == view.problems[0].line


def test_text_view_error_has_a_tooltip_of_plain_text(view: SchemaTextView, qtbot: QtBot) -> None:
    swap(view, *BROKEN)
    qtbot.waitUntil(lambda: bool(view.problems))
    view.edit.go_to(view.problems[0].line, view.problems[0].column)
    place = view.edit.cursorRect().center()
    view.edit.viewportEvent(QHelpEvent(QHelpEvent.Type.ToolTip, place, QPoint(5, 5)))
    assert "bolean" in QToolTip.text()
    QToolTip.hideText()


def test_text_view_mended_text_is_applied_and_the_errors_go(
    view: SchemaTextView, document: SchemaDocument, qtbot: QtBot
) -> None:
    swap(view, *BROKEN)
    qtbot.waitUntil(lambda: bool(view.problems))
    swap(view, "i.bolean()", "i.number()")
    qtbot.waitUntil(lambda: not view.is_unfinished)
    assert sentence(view) == ""
    assert not view.problem_list.isVisible()
    found = document.draft.wanted.entity("todos")
    assert found is not None
    done = found.attribute("done")
    assert done is not None
    assert done.type == NumberType()


def test_text_view_unfinished_text_survives_hiding_and_edits_in_the_grids(
    view: SchemaTextView, document: SchemaDocument, qtbot: QtBot
) -> None:
    swap(view, *BROKEN)
    qtbot.waitUntil(lambda: bool(view.problems))
    broken = text_of(view)
    view.hide()
    document.edit("Add todos.priority", lambda draft: draft.add_attribute("todos", PRIORITY))
    view.show()
    assert text_of(view) == broken
    assert view.note is not None
    assert "changed since" in view.note.detail.text()


def test_text_view_text_that_was_overtaken_is_used_only_when_asked(
    view: SchemaTextView, document: SchemaDocument, qtbot: QtBot
) -> None:
    swap(view, *BROKEN)
    qtbot.waitUntil(lambda: bool(view.problems))
    document.edit("Add todos.priority", lambda draft: draft.add_attribute("todos", PRIORITY))
    swap(view, "i.bolean()", "i.number()")
    qtbot.waitUntil(lambda: sentence(view).startswith("The grids were changed"))
    assert "priority" in names(document)
    assert view.note is not None
    qtbot.mouseClick(view.note.buttons[0], Qt.MouseButton.LeftButton)
    assert names(document) == {"title", "done"}
    document.undo_stack.undo()
    assert "priority" in names(document)


def test_text_view_unfinished_text_can_be_dropped_for_the_grids_state(
    view: SchemaTextView, document: SchemaDocument, qtbot: QtBot
) -> None:
    swap(view, *BROKEN)
    qtbot.waitUntil(lambda: bool(view.problems))
    document.edit("Add todos.priority", lambda draft: draft.add_attribute("todos", PRIORITY))
    assert view.note is not None
    qtbot.mouseClick(view.note.buttons[0], Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: "priority: i.number()" in text_of(view))
    assert "bolean" not in text_of(view)
    assert not view.is_unfinished


def test_text_view_renamed_key_is_suggested_as_a_rename(
    view: SchemaTextView, document: SchemaDocument, qtbot: QtBot
) -> None:
    swap(view, "title: i.string()", "titles: i.string()")
    qtbot.waitUntil(lambda: bool(document.suggestions))
    (suggestion,) = document.suggestions
    assert (suggestion.kind, "title" in suggestion.old, "titles" in suggestion.new) == ("attribute", True, True)


def test_text_view_of_a_schema_that_cannot_be_locked_open_is_read_only(
    qtbot: QtBot, runner: Runner, services: Any, texts: Texts
) -> None:
    services.workshop.push = Capability(False, "This token may not change schemas.")
    document = SchemaDocument(runner, LOCAL, ANA, "Ana", runner)
    document.open(services.workshop.opened(AppRef("local", ANA)))
    view = SchemaTextView(document, runner)
    qtbot.addWidget(view)
    view.show()
    qtbot.waitUntil(lambda: view.applied is not None)
    assert view.edit.isReadOnly()
    assert view.edit.accessibleDescription() == "This token may not change schemas."


def test_text_view_schema_without_a_text_says_why(
    qtbot: QtBot, runner: Runner, document: SchemaDocument, texts: Texts
) -> None:
    texts.error = Invalid("Instant does not know the type bytes.")
    view = SchemaTextView(document, runner)
    qtbot.addWidget(view)
    view.show()
    qtbot.waitUntil(lambda: sentence(view) == "Instant does not know the type bytes.")


def test_text_view_find_goes_from_hit_to_hit_and_round(view: SchemaTextView, qtbot: QtBot) -> None:
    press(qtbot, view, QKeySequence.StandardKey.Find)
    assert view.find_bar.isVisible()
    qtbot.keyClicks(view.find_bar.field, "todos")
    qtbot.waitUntil(lambda: view.edit.textCursor().selectedText() == "todos")
    first = view.edit.textCursor().position()
    qtbot.keyClick(view.find_bar.field, Qt.Key.Key_Return)
    assert view.edit.textCursor().position() > first
    qtbot.keyClick(view.find_bar.field, Qt.Key.Key_Return, Qt.KeyboardModifier.ShiftModifier)
    assert view.edit.textCursor().position() == first
    view.find_bar.field.setText("nowhere at all")
    qtbot.waitUntil(lambda: view.find_bar.found.text() == "Not found")
    qtbot.keyClick(view.find_bar.field, Qt.Key.Key_Escape)
    assert not view.find_bar.isVisible()


def test_text_view_entity_chosen_elsewhere_comes_into_sight(view: SchemaTextView, document: SchemaDocument) -> None:
    view.edit.clearFocus()
    document.select("todos")
    assert view.edit.textCursor().block().text().strip() == "todos: i.entity({"


def test_text_view_follows_the_theme(view: SchemaTextView, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    def first_colour() -> str:
        formats = view.edit.document().findBlockByNumber(2).layout().formats()
        return formats[0].format.foreground().color().name() if formats else ""

    qtbot.waitUntil(lambda: first_colour() == theme.LIGHT.info)
    monkeypatch.setattr(theme, "_current", theme.DARK)
    view.edit.refresh_looks()
    qtbot.waitUntil(lambda: first_colour() == theme.DARK.info)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", "a\nb"),
        ("a\nb", ""),
        ("one two three", "one 2 three"),
        ("aaa", "aaaa"),
        ("a😀b😀c", "a😀x😀c"),
        ("same", "same"),
        ("x\ny\nz", "x\nz"),
    ],
)
def test_text_edit_replaced_text_is_exactly_the_new_one(qtbot: QtBot, before: str, after: str) -> None:
    edit = SchemaTextEdit()
    qtbot.addWidget(edit)
    edit.replace_text(before)
    edit.replace_text(after)
    assert edit.toPlainText() == after
    assert not edit.document().isUndoAvailable()


def test_text_edit_long_text_comes_in_pieces_and_is_whole_for_whoever_asks(qtbot: QtBot) -> None:
    edit = SchemaTextEdit()
    qtbot.addWidget(edit)
    text = "\n".join(f"line {number}" for number in range(9000)) + "\n"
    told: list[bool] = []
    edit.edited.connect(lambda: told.append(True))
    edit.replace_text(text)
    assert edit.blockCount() < 9000
    assert edit.text() == text
    qtbot.waitUntil(lambda: edit.toPlainText() == text)
    edit.replace_text(text.replace("line 4000\n", ""))
    assert "line 4000" not in edit.toPlainText()
    assert told == []


def test_text_edit_key_pressed_while_the_text_comes_in_loses_nothing(qtbot: QtBot) -> None:
    edit = SchemaTextEdit()
    qtbot.addWidget(edit)
    text = "x\n" * 9000
    edit.replace_text(text)
    qtbot.keyClicks(edit, "y")
    assert edit.toPlainText() == f"y{text}"


def test_text_edit_colours_what_is_in_sight_and_comments_over_lines(qtbot: QtBot) -> None:
    edit = SchemaTextEdit()
    qtbot.addWidget(edit)
    edit.resize(400, 200)
    edit.show()
    edit.replace_text('/* a\nb */ const x = "y"; // z\n' + "name: i.string(),\n" * 5000)
    qtbot.waitUntil(lambda: bool(edit.document().findBlockByNumber(1).layout().formats()))
    second = edit.document().findBlockByNumber(1).layout().formats()
    assert [(each.start, each.length) for each in second] == [(0, 4), (5, 5), (15, 3), (20, 4)]
    assert not edit.document().findBlockByNumber(4000).layout().formats()
    edit.go_to(4000)
    qtbot.waitUntil(lambda: bool(edit.document().findBlockByNumber(4000).layout().formats()))


def test_text_view_long_error_is_wrapped_in_a_narrow_pane(view: SchemaTextView, qtbot: QtBot) -> None:
    swap(view, *BROKEN)
    qtbot.waitUntil(lambda: view.problem_list.isVisible())
    view.resize(700, 500)
    qtbot.waitUntil(lambda: view.problem_list.width() == 700)
    wide = view.problem_list.item(0).sizeHint().height()
    view.resize(160, 500)
    qtbot.waitUntil(lambda: view.problem_list.width() == view.width() < 400)
    assert view.problem_list.item(0).sizeHint().height() > wide
    assert view.problem_list.horizontalScrollBar().maximum() == 0
    assert view.problem_list.item(0).toolTip().startswith(view.problem_list.item(0).text())


# SQL


def sql_view(qtbot: QtBot, runner: Runner, services: Any) -> SchemaTextView:
    document = open_document(runner, services)
    services.workshop.text = _sql_text
    made = SchemaTextView(document, runner)
    qtbot.addWidget(made)
    made.resize(700, 500)
    made.show()
    qtbot.waitUntil(lambda: bool(made.edit.text()))
    return made


async def _sql_text(schema: Schema, previous_text: str | None = None, ref: AppRef | None = None) -> str:
    return "\n".join(f"CREATE TABLE {each.name} (\n  id uuid DEFAULT 'x' -- the key\n);\n" for each in schema.entities)


def test_sql_is_edited_as_text(qtbot: QtBot, runner: Runner, services: Any) -> None:
    view = sql_view(qtbot, runner, services)
    document = view._document

    async def parse_text(text: str, ref: AppRef | None = None) -> sql.ParsedText:
        return sql.parse(text)

    services.workshop.parse_text = parse_text
    assert not view.edit.isReadOnly()
    name = document.draft.wanted.entities[0].name
    qtbot.waitUntil(lambda: view.applied is not None)
    swap(view, "id uuid DEFAULT 'x' -- the key", "id bigint NOT NULL, -- the key\n  note text DEFAULT 'x'")
    qtbot.waitUntil(lambda: bool(view.applied) and view.applied is document.draft.wanted and document.draft.is_changed)
    entity = document.draft.wanted.entity(name)
    assert entity is not None
    assert [(each.name, each.default) for each in entity.attributes] == [("id", None), ("note", "'x'::text")]
    swap(view, "bigint", "bigint(3)")
    qtbot.waitUntil(lambda: bool(view.problems))
    assert view.problems[0].sentence == "bigint(3) is no type."


def test_sql_is_coloured(qtbot: QtBot, runner: Runner, services: Any) -> None:
    view = sql_view(qtbot, runner, services)
    layout = view.edit.document().findBlockByNumber(1).layout()
    qtbot.waitUntil(lambda: len(layout.formats()) == 3)
    text = view.edit.document().findBlockByNumber(1).text()
    assert [text[each.start : each.start + each.length] for each in layout.formats()] == [
        "DEFAULT",
        "'x'",
        "-- the key",
    ]


def test_sql_is_copied_and_saved(qtbot: QtBot, runner: Runner, services: Any, tmp_path: Path) -> None:
    view = sql_view(qtbot, runner, services)
    view.head.copy_button.click()
    assert QGuiApplication.clipboard().text() == view.edit.text()
    dialog = view.ask_file()
    assert dialog.defaultSuffix() == "sql"
    dialog.reject()
    place = tmp_path / "store_ana.sql"
    view.save(place)
    qtbot.waitUntil(place.exists)
    assert place.read_text("utf-8") == view.edit.text()

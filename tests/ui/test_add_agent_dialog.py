"""Adding an agent, by hand and from a template."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QAbstractButton, QLabel, QWidget
from pytestqt.qtbot import QtBot

from app.schema.model import Link, LinkEnd
from app.schema.types import NumberType
from app.ui.agents.add_agent_dialog import AddAgentDialog
from app.ui.agents.agent_parts import FieldRow, LinkRow
from app.ui.schema.schema_document import SchemaDocument
from app.ui.work.runner import Runner
from tests.ui.agents_fakes import FakeLibrary, library
from tests.ui.content_fakes import ANA, CLOUD, LOCAL, apps, runner, services, window
from tests.ui.workshop_fakes import nameless

__all__ = ["library", "runner", "services", "window"]


@pytest.fixture
def document(runner: Runner, services: Any, library: FakeLibrary, window: QWidget) -> SchemaDocument:
    made = SchemaDocument(runner, LOCAL, ANA, "Ana’s workspace", window)
    made.open(services.workshop.opened(made.ref))
    return made


@pytest.fixture
def dialog(qtbot: QtBot, runner: Runner, document: SchemaDocument, window: QWidget) -> Iterator[AddAgentDialog]:
    made = AddAgentDialog(runner, document, LOCAL, apps()[1], window)
    made.open()
    qtbot.waitUntil(lambda: made.template_page.template is not None)
    yield made  # noqa: PT022 - as a generator it holds on to the dialog until the test is over


def type_name(dialog: AddAgentDialog, qtbot: QtBot, name: str) -> None:
    edit = dialog.hand_page.name_edit
    edit.clear()
    qtbot.keyClicks(edit, name)


def field(dialog: AddAgentDialog, at: int = 0) -> FieldRow:
    row = dialog.hand_page.fields.rows[at]
    assert isinstance(row, FieldRow)
    return row


def steps(dialog: AddAgentDialog) -> list[str]:
    return [line.sentence for line in dialog.preview.lines]


def test_dialog_by_hand_shows_what_it_adds_to_the_plan_and_stages_it_as_one_step(
    dialog: AddAgentDialog, document: SchemaDocument, qtbot: QtBot
) -> None:
    assert not dialog.action_button.isEnabled()
    type_name(dialog, qtbot, "invoices")
    qtbot.keyClicks(field(dialog).name_edit, "total")
    field(dialog).type_box.setCurrentIndex(field(dialog).type_box.findText("number"))
    qtbot.keyClick(field(dialog).required, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: len(steps(dialog)) == 1)
    assert "invoices" in steps(dialog)[0]
    with qtbot.waitSignal(dialog.staged) as staged:
        qtbot.mouseClick(dialog.action_button, Qt.MouseButton.LeftButton)
    assert staged.args == [True]
    made = document.draft.wanted.entity("invoices")
    assert made is not None
    assert [(each.name, each.type, each.is_required) for each in made.attributes] == [("total", NumberType(), True)]
    document.undo_stack.undo()
    assert not document.is_changed


def test_dialog_stages_for_a_later_review(dialog: AddAgentDialog, qtbot: QtBot) -> None:
    type_name(dialog, qtbot, "invoices")
    qtbot.keyClicks(field(dialog).name_edit, "total")
    with qtbot.waitSignal(dialog.staged) as staged:
        qtbot.mouseClick(dialog.stage_button, Qt.MouseButton.LeftButton)
    assert staged.args == [False]


def test_dialog_says_while_typing_that_a_name_is_taken(dialog: AddAgentDialog, qtbot: QtBot) -> None:
    qtbot.keyClicks(field(dialog).name_edit, "total")
    type_name(dialog, qtbot, "notes")
    assert "There is an entity notes already" in dialog.hand_page.name_field.error
    assert not dialog.action_button.isEnabled()
    type_name(dialog, qtbot, "notes2")
    assert dialog.hand_page.name_field.error == ""
    assert dialog.action_button.isEnabled()


def test_dialog_says_which_names_the_platform_keeps(dialog: AddAgentDialog, qtbot: QtBot) -> None:
    type_name(dialog, qtbot, "$mine")
    assert "belong to Instant" in dialog.hand_page.name_field.error
    type_name(dialog, qtbot, "mine")
    qtbot.keyClicks(field(dialog).name_edit, "id")
    assert "every entity has id already" in field(dialog).error


def test_dialog_name_of_an_agent_that_is_going_is_refused(
    dialog: AddAgentDialog, document: SchemaDocument, qtbot: QtBot
) -> None:
    document.edit("Remove", lambda draft: draft.drop_entity("notes"))
    qtbot.keyClicks(field(dialog).name_edit, "total")
    type_name(dialog, qtbot, "notes")
    assert "removed or renamed in the pending changes" in dialog.hand_page.name_field.error


def test_dialog_marks_the_later_of_two_fields_with_one_name(dialog: AddAgentDialog, qtbot: QtBot) -> None:
    type_name(dialog, qtbot, "invoices")
    qtbot.keyClicks(field(dialog).name_edit, "total")
    qtbot.mouseClick(dialog.hand_page.fields.add_button, Qt.MouseButton.LeftButton)
    qtbot.keyClicks(field(dialog, 1).name_edit, "total")
    assert (field(dialog).error, bool(field(dialog, 1).error)) == ("", True)
    qtbot.mouseClick(field(dialog, 1).remove_button, Qt.MouseButton.LeftButton)
    assert dialog.action_button.isEnabled()


def test_dialog_needs_a_field(dialog: AddAgentDialog, qtbot: QtBot) -> None:
    type_name(dialog, qtbot, "invoices")
    assert dialog.preview.sentence.text().startswith("Add a field")
    assert not dialog.stage_button.isEnabled()


def test_dialog_links_follow_the_names_until_they_are_typed(
    dialog: AddAgentDialog, document: SchemaDocument, qtbot: QtBot
) -> None:
    qtbot.mouseClick(dialog.hand_page.links.add_button, Qt.MouseButton.LeftButton)
    row = dialog.hand_page.links.rows[0]
    assert isinstance(row, LinkRow)
    assert row.error == ""
    type_name(dialog, qtbot, "invoices")
    qtbot.keyClicks(field(dialog).name_edit, "total")
    row.entity_box.setCurrentIndex(row.entity_box.findData("notes"))
    assert (row.label_edit.text(), row.reverse_edit.text()) == ("notes", "invoices")
    row.label_edit.clear()
    qtbot.keyClicks(row.label_edit, "remark")
    row.entity_box.setCurrentIndex(row.entity_box.findData("todos"))
    assert row.label_edit.text() == "remark"
    qtbot.waitUntil(lambda: len(steps(dialog)) == 2)
    qtbot.mouseClick(dialog.stage_button, Qt.MouseButton.LeftButton)
    forward, reverse = LinkEnd("invoices", "remark", "one"), LinkEnd("todos", "invoices", "many")
    assert Link("invoicesRemark", forward, reverse) in document.draft.wanted.links


def test_dialog_says_that_a_label_is_taken_at_the_other_end(dialog: AddAgentDialog, qtbot: QtBot) -> None:
    type_name(dialog, qtbot, "invoices")
    qtbot.keyClicks(field(dialog).name_edit, "total")
    row = dialog.hand_page.links.add()
    assert isinstance(row, LinkRow)
    row.entity_box.setCurrentIndex(row.entity_box.findData("todos"))
    row.reverse_edit.clear()
    qtbot.keyClicks(row.reverse_edit, "owner")
    assert "todos" in row.error
    assert "owner" in row.error
    assert not dialog.action_button.isEnabled()


def test_dialog_links_lead_to_agents_and_to_users_only(dialog: AddAgentDialog) -> None:
    row = dialog.hand_page.links.add()
    assert isinstance(row, LinkRow)
    shown = [row.entity_box.itemText(at) for at in range(row.entity_box.count())]
    assert shown == ["notes", "todos", "$users", "this agent"]


def test_dialog_from_a_template_offers_free_names_and_copies_with_links(
    dialog: AddAgentDialog, document: SchemaDocument, qtbot: QtBot
) -> None:
    dialog.tabs.setCurrentIndex(1)
    page = dialog.template_page
    page.template_box.setCurrentIndex(page.template_box.findData("todo"))
    assert [(row.name, row.new_name) for row in page.rows] == [("todos", "todos2"), ("lists", "lists")]
    assert "There is an entity todos already" in page.rows[0].note.text()
    qtbot.waitUntil(lambda: len(steps(dialog)) == 3)
    qtbot.mouseClick(dialog.stage_button, Qt.MouseButton.LeftButton)
    assert document.draft.wanted.entity("todos2") is not None
    assert document.undo_stack.undoText() == "Add 2 agents from Todo"
    assert any(each.forward.entity == "todos2" for each in document.draft.wanted.links)


def test_dialog_from_a_template_says_while_typing_that_a_name_is_taken(dialog: AddAgentDialog, qtbot: QtBot) -> None:
    dialog.tabs.setCurrentIndex(1)
    row = dialog.template_page.rows[0]
    row.edit.clear()
    qtbot.keyClicks(row.edit, "notes")
    assert "There is an entity notes already" in row.note.text()
    assert not dialog.action_button.isEnabled()
    qtbot.keyClick(row.check, Qt.Key.Key_Space)
    assert dialog.action_button.isEnabled()
    assert list(dialog.template_page.names) == ["lists"]


def test_dialog_blank_templates_are_not_offered(dialog: AddAgentDialog) -> None:
    box = dialog.template_page.template_box
    assert [box.itemText(at) for at in range(box.count())] == ["Todo", "Support desk"]


def test_dialog_on_a_connection_that_becomes_read_only_adds_nothing(
    dialog: AddAgentDialog, document: SchemaDocument, qtbot: QtBot
) -> None:
    type_name(dialog, qtbot, "invoices")
    qtbot.keyClicks(field(dialog).name_edit, "total")
    document.set_connection(replace(LOCAL, is_read_only=True))
    assert not dialog.action_button.isEnabled()
    assert "read-only" in dialog.message.remedy.text()


def test_dialog_says_where_it_acts(qtbot: QtBot, runner: Runner, document: SchemaDocument, window: QWidget) -> None:
    made = AddAgentDialog(runner, document, CLOUD, apps()[1], window)
    made.open()
    assert made.heading.text() == "Add agent to Ana’s workspace"
    assert made.badge.isVisible()
    assert made.place.text() == CLOUD.label


@pytest.mark.parametrize("page", [0, 1])
def test_dialog_no_two_parts_share_a_letter(dialog: AddAgentDialog, page: int) -> None:
    """Where two do, Alt and the letter only moves between them."""
    dialog.tabs.setCurrentIndex(page)
    parts = [*dialog.findChildren(QAbstractButton), *dialog.findChildren(QLabel)]
    texts = [each.text() for each in parts if each.isVisible()] + [dialog.tabs.tabText(at) for at in (0, 1)]
    letters = [key for text in texts if (key := QKeySequence.mnemonic(text).toString())]
    assert len(letters) >= 4
    assert len(letters) == len(set(letters)), letters


def test_dialog_everything_that_takes_the_keyboard_has_a_name(dialog: AddAgentDialog) -> None:
    dialog.hand_page.links.add()
    assert nameless(dialog) == []
    dialog.tabs.setCurrentIndex(1)
    assert nameless(dialog) == []

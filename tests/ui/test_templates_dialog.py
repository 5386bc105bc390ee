"""The shelf of templates, and saving an app as one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QPushButton, QWidget
from pytestqt.qtbot import QtBot

from app.core.errors import FieldError, Invalid, KnownError, Unreachable
from app.services.template_library import BrokenTemplate
from app.ui.agents.save_template_dialog import SaveTemplateDialog
from app.ui.agents.templates_dialog import TemplatesDialog
from app.ui.work.runner import Runner
from tests.ui.agents_fakes import OWN, FakeLibrary, library
from tests.ui.content_fakes import LOCAL, apps, runner, services, window
from tests.ui.workshop_fakes import nameless

__all__ = ["library", "runner", "services", "window"]


@pytest.fixture
def dialog(qtbot: QtBot, runner: Runner, library: FakeLibrary, window: QWidget) -> Iterator[TemplatesDialog]:
    made = TemplatesDialog(runner, window, app_title="Ana’s workspace")
    made.open()
    qtbot.waitUntil(lambda: made.chosen is not None)
    yield made  # noqa: PT022 - as a generator it holds on to the dialog until the test is over


def texts(dialog: TemplatesDialog) -> list[str]:
    return [dialog.list.item(at).text() for at in range(dialog.list.count())]


def choose(dialog: TemplatesDialog, text: str) -> None:
    dialog.list.setCurrentRow(next(at for at, each in enumerate(texts(dialog)) if each.startswith(text)))


def answer(dialog: TemplatesDialog, qtbot: QtBot, text: str) -> None:
    button: QPushButton = next(each for each in dialog.notes.rows[0].buttons if each.text() == text)
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


# The shelf


def test_dialog_lists_own_and_shipped_templates(dialog: TemplatesDialog) -> None:
    assert texts(dialog) == [
        "YOUR OWN",
        "Support desk   1 agent",
        "WITH TENANTRY",
        "Todo   2 agents",
        "Custom   blank",
    ]
    assert dialog.origin.text() == "support-desk · version 3 · your own · 2 apps follow it"
    assert [row.name for row in dialog.card.model.rows] == ["notes"]


def test_dialog_shipped_templates_can_be_shared_and_not_changed(dialog: TemplatesDialog) -> None:
    choose(dialog, "Todo")
    assert dialog.title_edit.isReadOnly()
    assert not dialog.delete_button.isVisible()
    assert not dialog.save_button.isVisible()
    assert dialog.export_button.isEnabled()


def test_dialog_saves_another_title_and_description(
    dialog: TemplatesDialog, qtbot: QtBot, library: FakeLibrary
) -> None:
    assert not dialog.save_button.isEnabled()
    dialog.title_edit.setFocus()
    dialog.title_edit.selectAll()
    qtbot.keyClicks(dialog.title_edit, "Help desk")
    with qtbot.waitSignal(dialog.told):
        qtbot.mouseClick(dialog.save_button, Qt.MouseButton.LeftButton)
    assert library.asked("save") == [("save", replace(OWN, title="Help desk"), True)]
    qtbot.waitUntil(lambda: texts(dialog)[1] == "Help desk   1 agent")
    assert not dialog.save_button.isEnabled()


def test_dialog_says_beside_the_field_what_is_wrong(
    dialog: TemplatesDialog, qtbot: QtBot, library: FakeLibrary
) -> None:
    library.error = Invalid("No.", fields=(FieldError("title", "A title has at most 100 characters."),))
    qtbot.keyClicks(dialog.title_edit, "!")
    qtbot.mouseClick(dialog.save_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: dialog.fields["title"].error == "A title has at most 100 characters.")
    assert dialog.title_edit.text() == "Support desk!"


def test_dialog_keeps_what_was_typed_while_another_is_looked_at(dialog: TemplatesDialog, qtbot: QtBot) -> None:
    qtbot.keyClicks(dialog.title_edit, "!")
    choose(dialog, "Todo")
    assert dialog.title_edit.text() == "Todo"
    choose(dialog, "Support desk")
    assert dialog.title_edit.text() == "Support desk!"
    assert dialog.save_button.isEnabled()


def test_dialog_asks_before_it_closes_over_unsaved_changes(dialog: TemplatesDialog, qtbot: QtBot) -> None:
    qtbot.keyClicks(dialog.title_edit, "!")
    choose(dialog, "Todo")
    qtbot.keyClick(dialog, Qt.Key.Key_Escape)
    assert dialog.isVisible()
    assert dialog.notes.rows[0].sentence.text() == "The changes to “Support desk” are not saved."
    with qtbot.waitSignal(dialog.finished):
        answer(dialog, qtbot, "Discard")


def test_dialog_deletes_after_a_second_look(dialog: TemplatesDialog, qtbot: QtBot, library: FakeLibrary) -> None:
    qtbot.mouseClick(dialog.delete_button, Qt.MouseButton.LeftButton)
    assert "2 apps follow it and will stay as they are" in dialog.notes.rows[0].detail.text()
    answer(dialog, qtbot, "Keep")
    assert not dialog.notes.isVisible()
    qtbot.mouseClick(dialog.delete_button, Qt.MouseButton.LeftButton)
    answer(dialog, qtbot, "Delete")
    qtbot.waitUntil(lambda: len(texts(dialog)) == 3)
    assert library.asked("delete") == [("delete", "support-desk")]


def test_dialog_copies_a_template_as_text(dialog: TemplatesDialog, qtbot: QtBot) -> None:
    with qtbot.waitSignal(dialog.told):
        qtbot.mouseClick(dialog.copy_button, Qt.MouseButton.LeftButton)
    assert QGuiApplication.clipboard().text() == '{"name": "support-desk"}'


def test_dialog_exports_to_the_chosen_file(
    dialog: TemplatesDialog, qtbot: QtBot, library: FakeLibrary, tmp_path: Path
) -> None:
    chooser = dialog.sharing.ask_export()
    assert chooser is not None
    with qtbot.waitSignal(dialog.told) as told:
        chooser.fileSelected.emit(str(tmp_path / "desk.json"))
    assert library.asked("export") == [("export", "support-desk", tmp_path / "desk.json")]
    assert told.args == ["Exported to desk.json"]
    chooser.close()


def test_dialog_imports_a_file_and_shows_it(
    dialog: TemplatesDialog, qtbot: QtBot, library: FakeLibrary, tmp_path: Path
) -> None:
    chooser = dialog.sharing.ask_import()
    with qtbot.waitSignal(dialog.told):
        chooser.fileSelected.emit(str(tmp_path / "fresh.json"))
    qtbot.waitUntil(lambda: dialog.title_edit.text() == "Fresh")
    assert library.asked("save") == [("save", library.imported, False)]
    chooser.close()


@pytest.mark.parametrize(
    ("text", "name", "overwrite"), [("Replace", "support-desk", True), ("Keep both", "desk-2", False)]
)
def test_dialog_import_under_a_taken_name_asks(
    dialog: TemplatesDialog, qtbot: QtBot, library: FakeLibrary, text: str, name: str, overwrite: bool
) -> None:
    library.imported = replace(OWN, title="Desk")
    dialog.sharing.take_file(Path("desk.json"))
    qtbot.waitUntil(lambda: bool(dialog.notes.rows))
    assert library.asked("save") == []
    answer(dialog, qtbot, text)
    qtbot.waitUntil(lambda: bool(library.asked("save")))
    _save, template, is_over = library.asked("save")[0]
    assert (template.name, template.title, is_over) == (name, "Desk", overwrite)


def test_dialog_import_never_replaces_a_shipped_template(
    dialog: TemplatesDialog, qtbot: QtBot, library: FakeLibrary
) -> None:
    library.imported = replace(OWN, name="todo")
    dialog.sharing.take_file(Path("todo.json"))
    qtbot.waitUntil(lambda: bool(dialog.notes.rows))
    assert [each.text() for each in dialog.notes.rows[0].buttons] == ["Keep both"]


def test_dialog_import_of_no_template_says_where_it_is_wrong(
    dialog: TemplatesDialog, qtbot: QtBot, library: FakeLibrary
) -> None:
    library.error = Invalid("The text is not a template.", fields=(FieldError("name", "Line 2, name: A name has…"),))
    dialog.sharing.take_file(Path("wrong.json"))
    qtbot.waitUntil(lambda: bool(dialog.notes.rows))
    row = dialog.notes.rows[0]
    assert (row.sentence.text(), row.detail.text()) == ("The text is not a template.", "Line 2, name: A name has…")


def test_dialog_tells_of_files_that_cannot_be_used(
    qtbot: QtBot, runner: Runner, library: FakeLibrary, window: QWidget
) -> None:
    library.broken_files = (BrokenTemplate("bad.json", "The template bad.json cannot be used."),)
    made = TemplatesDialog(runner, window)
    made.open()
    qtbot.waitUntil(lambda: bool(made.notes.rows))
    assert made.notes.rows[0].sentence.text() == "The template bad.json cannot be used."
    assert not made.new_button.isVisible()


def test_dialog_everything_that_takes_the_keyboard_has_a_name(dialog: TemplatesDialog) -> None:
    assert nameless(dialog) == []


# Saving


@pytest.fixture
def saving(qtbot: QtBot, runner: Runner, library: FakeLibrary, window: QWidget) -> Iterator[SaveTemplateDialog]:
    made = SaveTemplateDialog(runner, LOCAL, apps()[1], ("notes",), window)
    made.open()
    qtbot.waitUntil(lambda: bool(made.choice.boxes))
    yield made  # noqa: PT022 - as a generator it holds on to the dialog until the test is over


def test_saving_keeps_the_chosen_agents_under_a_new_name(
    saving: SaveTemplateDialog, qtbot: QtBot, library: FakeLibrary
) -> None:
    assert saving.choice.chosen == ("notes",)
    assert not saving.action_button.isEnabled()
    qtbot.keyClicks(saving.title_edit, "Notes")
    with qtbot.waitSignal(saving.saved):
        qtbot.mouseClick(saving.action_button, Qt.MouseButton.LeftButton)
    assert library.asked("from_app") == [("from_app", "", ("notes",), "Notes", "")]
    assert [(each[1].name, each[2]) for each in library.asked("save")] == [("made", False)]


def test_saving_all_agents_keeps_the_whole_app(saving: SaveTemplateDialog, qtbot: QtBot, library: FakeLibrary) -> None:
    qtbot.keyClick(saving.choice.boxes["todos"], Qt.Key.Key_Space)
    qtbot.keyClicks(saving.title_edit, "All")
    with qtbot.waitSignal(saving.saved):
        qtbot.mouseClick(saving.action_button, Qt.MouseButton.LeftButton)
    assert library.asked("from_app") == [("from_app", "", None, "All", "")]


def test_saving_over_an_own_template_begins_with_its_title(
    saving: SaveTemplateDialog, qtbot: QtBot, library: FakeLibrary
) -> None:
    saving.place_box.setCurrentIndex(1)
    assert (saving.title_edit.text(), saving.description_edit.toPlainText()) == ("Support desk", "Tickets.")
    with qtbot.waitSignal(saving.saved):
        qtbot.mouseClick(saving.action_button, Qt.MouseButton.LeftButton)
    assert [(each[1].name, each[2]) for each in library.asked("save")] == [("support-desk", True)]


def test_saving_needs_an_agent(saving: SaveTemplateDialog, qtbot: QtBot) -> None:
    qtbot.keyClicks(saving.title_edit, "Nothing")
    qtbot.keyClick(saving.choice.boxes["notes"], Qt.Key.Key_Space)
    assert saving.note.text() == "Choose at least one agent."
    assert not saving.action_button.isEnabled()


@pytest.mark.parametrize("error", [Unreachable("Nothing answers."), KnownError("The disk is full.")])
def test_saving_that_fails_says_why_and_keeps_what_was_typed(
    saving: SaveTemplateDialog, qtbot: QtBot, library: FakeLibrary, error: KnownError
) -> None:
    library.error = error
    qtbot.keyClicks(saving.title_edit, "Notes")
    qtbot.mouseClick(saving.action_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: saving.message.sentence.text() == error.sentence)
    assert saving.title_edit.text() == "Notes"


def test_saving_without_the_schema_says_why(
    qtbot: QtBot, runner: Runner, library: FakeLibrary, services: Any, window: QWidget
) -> None:
    services.workshop.error = Unreachable("Nothing answers.")
    made = SaveTemplateDialog(runner, LOCAL, apps()[1], None, window)
    made.open()
    qtbot.waitUntil(lambda: made.message.sentence.text() == "Nothing answers.")
    assert not made.action_button.isEnabled()


def test_saving_everything_that_takes_the_keyboard_has_a_name(saving: SaveTemplateDialog) -> None:
    assert nameless(saving) == []

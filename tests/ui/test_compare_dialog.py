"""Any two schemas side by side."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from app.core.connection import Environment
from app.core.errors import NotFound
from app.core.refs import AppRef
from app.schema.compare import Plan
from app.services.workshop_words import AppSource, FileSource, TemplateSource, VersionSource
from app.ui.plans.compare_dialog import CompareDialog
from app.ui.plans.source_picker import Choices, find
from app.ui.work.runner import Runner
from tests.ui.content_fakes import GIL, apps, runner, services, window
from tests.ui.workshop_fakes import BASE, PLAN, REF, WANTED, FakeWorkshop, nameless, workshop

__all__ = ["runner", "services", "window", "workshop"]

TODO = TemplateSource("todo")
SUGGESTION = SimpleNamespace(
    kind="attribute", old="todos.due_at", new="todos.due", score=0.9, reason="same type", renames=None
)


def _opened(qtbot: QtBot, runner: Runner, window: QWidget, *sides: Any) -> CompareDialog:
    dialog = CompareDialog(runner, *(sides or (None, None)), parent=window)
    dialog.open()
    qtbot.waitUntil(lambda: dialog.left.app_list.count() > 0)
    return dialog


@pytest.fixture
def compared(qtbot: QtBot, runner: Runner, window: QWidget, workshop: FakeWorkshop) -> CompareDialog:
    dialog = _opened(qtbot, runner, window, AppSource(REF), TODO)
    qtbot.waitUntil(dialog.tree.isVisible)
    return dialog


def test_find_wants_every_word_and_looks_in_title_id_and_owner() -> None:
    rows = apps()
    choices = Choices(rows, tuple(f"{app.title} {app.app_id} {app.owner}".lower() for app in rows))
    assert [app.title for app in find(choices, "ana WORK")] == ["Ana’s workspace"]
    assert [app.title for app in find(choices, "gil@")] == ["Gil"]
    assert find(choices, "gil nobody") == []


def test_dialog_compares_as_soon_as_both_sides_are_chosen(
    qtbot: QtBot, runner: Runner, window: QWidget, workshop: FakeWorkshop
) -> None:
    dialog = _opened(qtbot, runner, window)
    assert dialog.empty.title.text() == "Choose two sides"
    for picker, text in ((dialog.left, "ana"), (dialog.right, "gil")):
        picker.filter_box.clear()
        qtbot.keyClicks(picker.filter_box, text)
        qtbot.keyClick(picker.filter_box, Qt.Key.Key_Down)
    qtbot.waitUntil(dialog.tree.isVisible)
    assert workshop.asked("compare") == [("compare", AppSource(REF), AppSource(AppRef("local", GIL)))]


def test_dialog_shows_the_steps_by_entity(compared: CompareDialog) -> None:
    (head,) = [compared.tree.topLevelItem(at) for at in range(compared.tree.topLevelItemCount())]
    assert head is not None
    assert head.text(0) == "todos   6 differences"
    assert head.childCount() == 6
    assert head.child(5).data(0, Qt.ItemDataRole.AccessibleTextRole).startswith("destroys data: ")
    assert compared.direction.text() == "These steps would turn Ana’s workspace into Todo (template)."
    assert compared.left.badge.environment is Environment.LOCAL


def test_dialog_equal_sides_say_so(qtbot: QtBot, runner: Runner, window: QWidget, workshop: FakeWorkshop) -> None:
    workshop.compared = replace(workshop.compared, plan=Plan())
    dialog = _opened(qtbot, runner, window, AppSource(REF), TODO)
    qtbot.waitUntil(lambda: dialog.empty.title.text() == "No differences")
    assert not dialog.stage_button.isVisible()


def test_dialog_swaps_the_sides(compared: CompareDialog, qtbot: QtBot, workshop: FakeWorkshop) -> None:
    qtbot.mouseClick(compared.swap_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: workshop.asked("compare")[-1] == ("compare", TODO, AppSource(REF)))
    qtbot.waitUntil(lambda: not compared.stage_button.isVisible())


def test_dialog_stages_the_changes_in_the_left_app(compared: CompareDialog, qtbot: QtBot) -> None:
    assert compared.stage_button.text() == "Stage these changes in “Ana’s workspace”"
    with qtbot.waitSignal(compared.stage_requested) as staged:
        qtbot.mouseClick(compared.stage_button, Qt.MouseButton.LeftButton)
    ref, draft = staged.args
    assert (ref, draft.base, draft.wanted) == (REF, BASE, WANTED)


def test_dialog_copies_the_differences(compared: CompareDialog, qtbot: QtBot) -> None:
    with qtbot.waitSignal(compared.copied):
        qtbot.mouseClick(compared.copy_button, Qt.MouseButton.LeftButton)
    text = QGuiApplication.clipboard().text()
    assert text.startswith("# From Ana’s workspace to Todo (template)")
    assert f"- {PLAN.steps[5].describe()}" in text


def test_dialog_side_that_cannot_be_read_says_why(
    qtbot: QtBot, runner: Runner, window: QWidget, workshop: FakeWorkshop
) -> None:
    workshop.error = NotFound("The app is not there any more.")
    dialog = _opened(qtbot, runner, window, AppSource(REF), TODO)
    qtbot.waitUntil(lambda: bool(dialog.notes.rows))
    assert dialog.notes.rows[0].sentence.text() == "The app is not there any more."


def test_dialog_rejected_rename_is_gone(qtbot: QtBot, runner: Runner, window: QWidget, workshop: FakeWorkshop) -> None:
    suggestions: Any = (SUGGESTION,)
    workshop.compared = replace(workshop.compared, suggestions=suggestions)
    dialog = _opened(qtbot, runner, window, AppSource(REF), TODO)
    qtbot.waitUntil(lambda: bool(dialog.notes.rows))
    qtbot.mouseClick(dialog.notes.rows[0].buttons[1], Qt.MouseButton.LeftButton)
    assert not dialog.notes.rows


def test_picker_past_of_an_app_lists_its_versions(
    qtbot: QtBot, runner: Runner, window: QWidget, workshop: FakeWorkshop
) -> None:
    older = workshop.known_versions[1].fingerprint
    dialog = _opened(qtbot, runner, window, VersionSource(REF, older), AppSource(REF))
    qtbot.waitUntil(lambda: bool(workshop.asked("compare")))
    assert workshop.asked("compare")[-1] == ("compare", VersionSource(REF, older), AppSource(REF))
    assert dialog.left.version_box.count() == 2


def test_picker_file_is_shown_with_its_path(
    qtbot: QtBot, runner: Runner, window: QWidget, workshop: FakeWorkshop
) -> None:
    dialog = _opened(qtbot, runner, window)
    dialog.right.set_source(FileSource(Path("/tmp/instant.schema.ts")))
    assert dialog.right.file_label.text() == "/tmp/instant.schema.ts"
    assert dialog.right.source == FileSource(Path("/tmp/instant.schema.ts"))


def test_picker_that_finds_nothing_says_so(
    qtbot: QtBot, runner: Runner, window: QWidget, workshop: FakeWorkshop
) -> None:
    dialog = _opened(qtbot, runner, window)
    qtbot.keyClicks(dialog.left.filter_box, "zzz")
    assert dialog.left.app_list.item(0).text() == "No app has all of these words."
    assert dialog.left.source is None


def test_dialog_everything_that_takes_the_keyboard_has_a_name(compared: CompareDialog) -> None:
    assert nameless(compared) == []


def test_picker_keyboard_in_the_list_chooses_nothing_by_itself(
    qtbot: QtBot, runner: Runner, window: QWidget, workshop: FakeWorkshop
) -> None:
    dialog = _opened(qtbot, runner, window)
    window.activateWindow()
    dialog.right.app_list.setFocus(Qt.FocusReason.TabFocusReason)
    qtbot.waitUntil(lambda: dialog.right.app_list.currentRow() == 0)
    assert dialog.right.source is None
    qtbot.keyClick(dialog.right.app_list, Qt.Key.Key_Down)
    assert dialog.right.source is not None


def test_dialog_side_that_cannot_be_read_is_tried_again(
    qtbot: QtBot, runner: Runner, window: QWidget, workshop: FakeWorkshop
) -> None:
    workshop.error = NotFound("The app is not there any more.")
    dialog = _opened(qtbot, runner, window, AppSource(REF), TODO)
    qtbot.waitUntil(lambda: bool(dialog.notes.rows))
    assert dialog.empty.title.text() == "Not compared"
    workshop.error = None
    qtbot.mouseClick(dialog.empty.button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(dialog.tree.isVisible)
    assert not dialog.notes.rows


def _offered(picker: Any) -> list[str]:
    return [picker.app_list.item(row).text() for row in range(picker.app_list.count())]


def test_dialog_lists_apps_in_order_and_the_left_one_not_on_the_right(
    qtbot: QtBot, runner: Runner, window: QWidget, workshop: FakeWorkshop
) -> None:
    dialog = _opened(qtbot, runner, window)
    offered = _offered(dialog.left)
    titles = [each.partition(" · ")[0] for each in offered]
    assert titles == ["Ana’s workspace", "calm-green-delta", "Gil", "tar", "Eva"]
    dialog.left.set_source(AppSource(REF))
    assert _offered(dialog.right) == offered[1:]
    # With its own past an app is compared.
    dialog.right.kind_box.setCurrentIndex(dialog.right.kind_box.findData("version"))
    assert _offered(dialog.right) == offered

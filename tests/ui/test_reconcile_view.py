"""The registry against the platform, in the window."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication, QKeySequence
from PySide6.QtWidgets import QDialog, QTreeWidgetItem
from pytestqt.qtbot import QtBot

from app.core.changes import Changes
from app.core.connection import Environment
from app.core.errors import Unreachable
from app.core.refs import AppRef
from app.ui.foundation.mend_dialog import MendDialog
from app.ui.foundation.owner_dialog import OwnerDialog
from app.ui.foundation.reconcile_view import ReconcileView
from app.ui.work.runner import Runner
from tests.ui.content_fakes import GIL, runner
from tests.ui.foundation_fakes import ALI, CONNECTION, FREE, OLD, findings, foundation_services

__all__ = ["runner"]
LEFT = Qt.MouseButton.LeftButton
GONE, SEVERAL, UNOWNED, DEAD, DRIFTED = (each.key for each in findings())


@pytest.fixture
def services() -> Any:
    return foundation_services()


@pytest.fixture
def view(qtbot: QtBot, runner: Runner) -> ReconcileView:
    return _shown(qtbot, ReconcileView(runner, CONNECTION))


def _shown(qtbot: QtBot, view: ReconcileView) -> ReconcileView:
    qtbot.addWidget(view)
    view.resize(1100, 600)
    view.show()
    qtbot.waitUntil(lambda: view.found is not None)
    return view


def test_view_asked_for_an_app_it_does_not_know_looks_again_once(
    view: ReconcileView, qtbot: QtBot, services: Any
) -> None:
    whole = services.reconciler.found
    services.reconciler.found = whole[:2]
    view.read()
    qtbot.waitUntil(lambda: UNOWNED not in view._items)
    services.reconciler.found = whole
    view.go_to(FREE)
    qtbot.waitUntil(lambda: UNOWNED in view._items)
    assert view.tree.currentItem() is _item(view, UNOWNED)
    view.tree.setCurrentItem(_item(view, GONE))
    view.read()
    qtbot.waitUntil(lambda: view.refresh_button.isEnabled())
    assert view.tree.currentItem() is _item(view, GONE)


def _item(view: ReconcileView, key: str) -> QTreeWidgetItem:
    return view._items[key]


def _dialog(view: ReconcileView, kind: type[QDialog]) -> Any:
    return next(each for each in view.window().findChildren(kind) if each.isVisible())


def _preview(view: ReconcileView, qtbot: QtBot) -> Any:
    qtbot.mouseClick(view.mend_button, LEFT)
    dialog = _dialog(view, MendDialog)
    qtbot.waitUntil(lambda: dialog.sentences.count() > 0)
    return dialog


def test_view_findings_are_grouped_by_kind(view: ReconcileView) -> None:
    groups = [view.tree.topLevelItem(at) for at in range(view.tree.topLevelItemCount())]
    assert [group.text(0) for group in groups if group is not None] == [
        "Entries whose app is gone",
        "Users with several apps",
        "Apps that nobody owns",
        "Dead admin tokens",
        "Drifted schemas",
    ]
    assert view.count_label.text() == "5 findings"
    assert _item(view, GONE).text(1) == "Remove from the registry"


def test_view_nothing_is_marked_at_first(view: ReconcileView) -> None:
    assert view.choices.marked() == ()
    assert not view.mend_button.isEnabled()


def test_view_each_mend_is_offered_with_its_sentence(view: ReconcileView) -> None:
    view.tree.setCurrentItem(_item(view, SEVERAL))
    assert list(view.pane.radios) == [f"keep:{ALI}", f"keep:{OLD}"]
    assert view.pane.radios[f"keep:{ALI}"].isChecked()


def test_view_keyboard_stays_on_the_chosen_mend(view: ReconcileView, qtbot: QtBot) -> None:
    view.activateWindow()
    view.tree.setCurrentItem(_item(view, SEVERAL))
    view.pane.radios[f"keep:{ALI}"].setFocus()
    qtbot.waitUntil(view.pane.radios[f"keep:{ALI}"].hasFocus)
    qtbot.keyClick(view.pane.radios[f"keep:{ALI}"], Qt.Key.Key_Down)
    qtbot.waitUntil(lambda: view.pane.radios[f"keep:{OLD}"].isChecked())
    qtbot.waitUntil(lambda: view.pane.radios[f"keep:{OLD}"].hasFocus())


def test_view_one_finding_is_mended_by_the_chosen_way(view: ReconcileView, qtbot: QtBot, services: Any) -> None:
    view.tree.setCurrentItem(_item(view, SEVERAL))
    view.pane.radios[f"keep:{OLD}"].click()
    qtbot.waitUntil(lambda: view.pane.radios[f"keep:{OLD}"].isChecked())
    qtbot.mouseClick(view.pane.mend_button, LEFT)
    dialog = _dialog(view, MendDialog)
    qtbot.waitUntil(lambda: dialog.sentences.count() == 1)
    assert dialog.sentences.item(0).text() == "Keeps 5d2f, unlinks the other."
    assert services.reconciler.asked("mend") == []
    qtbot.mouseClick(dialog.action_button, LEFT)
    qtbot.waitUntil(lambda: view.count_label.text() == "4 findings")
    assert services.reconciler.asked("mend") == [{SEVERAL: f"keep:{OLD}"}]
    assert dialog.about.text() == "1 of 1 finding done."


def test_view_destruction_needs_a_second_look(view: ReconcileView, qtbot: QtBot, services: Any) -> None:
    _item(view, GONE).setCheckState(0, Qt.CheckState.Checked)
    dialog = _preview(view, qtbot)
    assert not dialog.action_button.isEnabled()
    dialog.act()
    assert services.reconciler.asked("mend") == []
    dialog.check.click()
    assert dialog.action_button.isEnabled()
    qtbot.mouseClick(dialog.action_button, LEFT)
    qtbot.waitUntil(lambda: services.reconciler.asked("mend") == [{GONE: "remove"}])


def test_view_production_asks_for_a_name(qtbot: QtBot, runner: Runner) -> None:
    connection = replace(CONNECTION, environment=Environment.PRODUCTION)
    view = _shown(qtbot, ReconcileView(runner, connection))
    _item(view, GONE).setCheckState(0, Qt.CheckState.Checked)
    dialog = _preview(view, qtbot)
    assert dialog.check is None
    assert not dialog.action_button.isEnabled()
    dialog.name_edit.setText("Instant · local")
    assert dialog.action_button.isEnabled()


def test_view_mend_that_needs_a_user_asks_for_one(view: ReconcileView, qtbot: QtBot, services: Any) -> None:
    assert not view.choices.can_mark(UNOWNED)
    view.tree.setCurrentItem(_item(view, UNOWNED))
    qtbot.mouseClick(view.pane.owner_button, LEFT)
    dialog = _dialog(view, OwnerDialog)
    qtbot.waitUntil(lambda: dialog.list.count() == 2)
    assert [dialog.list.item(at).text() for at in range(2)] == ["bo@example.com", "zoe@example.com"]
    dialog.filter_edit.setText("zoe")
    qtbot.mouseClick(dialog.action_button, LEFT)
    assert view.choices.marked() == (UNOWNED,)
    assert _item(view, UNOWNED).text(1) == "Link to zoe@example.com"
    _preview(view, qtbot)
    assert services.reconciler.asked("preview") == [{UNOWNED: "link:u-zoe"}]


def test_view_refused_mend_cannot_be_marked(view: ReconcileView) -> None:
    view.tree.setCurrentItem(_item(view, DEAD))
    assert not view.pane.radios["rotate"].isEnabled()
    assert view.pane.mend_button is not None
    assert not view.pane.mend_button.isEnabled()
    view.mark_all()
    assert view.choices.marked() == (GONE, SEVERAL, DRIFTED)
    view.mark_all()
    assert view.choices.marked() == ()


def test_view_group_takes_a_mend_for_all(view: ReconcileView, qtbot: QtBot) -> None:
    group = _item(view, UNOWNED).parent()
    assert group is not None
    view.tree.setCurrentItem(group)
    assert list(view.pane.group_buttons) == ["other"]
    qtbot.mouseClick(view.pane.group_buttons["other"], LEFT)
    qtbot.waitUntil(lambda: view.choices.marked() == (UNOWNED,))
    qtbot.waitUntil(lambda: group.checkState(0) is Qt.CheckState.Checked)


def test_view_group_is_marked_and_unmarked_as_a_whole(view: ReconcileView) -> None:
    group = _item(view, SEVERAL).parent()
    assert group is not None
    group.setCheckState(0, Qt.CheckState.Checked)
    assert view.choices.marked() == (SEVERAL,)
    group.setCheckState(0, Qt.CheckState.Unchecked)
    assert view.choices.marked() == ()


def test_view_failed_mend_stays_with_its_reason(view: ReconcileView, qtbot: QtBot, services: Any) -> None:
    services.reconciler.failing = frozenset({SEVERAL})
    view.mark_all()
    dialog = _preview(view, qtbot)
    dialog.check.click()
    qtbot.mouseClick(dialog.action_button, LEFT)
    qtbot.waitUntil(lambda: view.count_label.text() == "4 findings")
    assert dialog.about.text() == "2 of 3 findings done, 1 could not be."
    assert dialog.notes.rows[0].sentence.text() == "The platform did not answer."
    view.tree.setCurrentItem(_item(view, SEVERAL))
    labels = [each.text() for each in view.pane.widget().findChildren(type(view.read_label))]
    assert "The last try failed: The platform did not answer." in labels


def test_view_drift_leads_to_a_plan(view: ReconcileView, qtbot: QtBot) -> None:
    _item(view, DRIFTED).setCheckState(0, Qt.CheckState.Checked)
    dialog = _preview(view, qtbot)
    qtbot.mouseClick(dialog.action_button, LEFT)
    qtbot.waitUntil(lambda: len(dialog.notes.rows) == 1)
    button = dialog.notes.rows[0].buttons[0]
    assert button.shortcut() == QKeySequence("Alt+R")
    assert button.accessibleName().startswith("Review the plan…: ")
    with qtbot.waitSignal(view.plan_requested) as asked:
        qtbot.mouseClick(button, LEFT)
    assert asked.args[0] == AppRef("local", GIL)


def test_view_checks_again_after_a_push(view: ReconcileView, qtbot: QtBot, services: Any) -> None:
    services.hub.publish(Changes(apps=frozenset({"local"})))
    services.hub.publish(Changes(pushes=frozenset({AppRef("local", GIL)})))
    qtbot.waitUntil(lambda: len(services.reconciler.asked("check")) == 2)


def test_view_all_well_says_what_was_compared(qtbot: QtBot, runner: Runner, services: Any) -> None:
    services.reconciler.found = ()
    view = _shown(qtbot, ReconcileView(runner, CONNECTION))
    qtbot.waitUntil(view.well_mark.isVisible)
    assert view.empty.title.text() == "All well"
    assert view.empty.sentence.text() == "12 registry entries and 23 apps were compared: everything fits."


def test_view_with_a_note_all_is_not_well(qtbot: QtBot, runner: Runner, services: Any) -> None:
    services.reconciler.found, services.reconciler.notes = (), ("The registry is too large.",)
    view = _shown(qtbot, ReconcileView(runner, CONNECTION))
    assert view.empty.title.text() != "All well"
    assert not view.well_mark.isVisible()
    assert len(view.notes.rows) == 1


def test_view_tokens_are_tried_only_when_asked(view: ReconcileView, qtbot: QtBot, services: Any) -> None:
    view.token_check.click()
    qtbot.mouseClick(view.refresh_button, LEFT)
    qtbot.waitUntil(lambda: services.reconciler.asked("check") == [False, True])


def test_view_read_only_shows_but_does_not_mend(qtbot: QtBot, runner: Runner) -> None:
    view = _shown(qtbot, ReconcileView(runner, replace(CONNECTION, is_read_only=True)))
    view.mark_all()
    assert not view.mend_button.isEnabled()
    view.tree.setCurrentItem(_item(view, GONE))
    assert view.pane.mend_button is not None
    assert not view.pane.mend_button.isEnabled()


def test_view_failed_check_is_told_and_tried_again(qtbot: QtBot, runner: Runner, services: Any) -> None:
    services.reconciler.error = Unreachable("The platform did not answer.")
    view = ReconcileView(runner, CONNECTION)
    qtbot.addWidget(view)
    view.show()
    qtbot.waitUntil(lambda: view.empty.title.text() == "The platform did not answer.")
    services.reconciler.error = None
    qtbot.mouseClick(view.empty.button, LEFT)
    qtbot.waitUntil(lambda: view.found is not None)


def test_view_app_id_of_a_finding_is_copied(view: ReconcileView, qtbot: QtBot) -> None:
    view.tree.setCurrentItem(_item(view, UNOWNED))
    with qtbot.waitSignal(view.copied):
        view.pane.copy_requested.emit(AppRef("local", FREE))
    assert QGuiApplication.clipboard().text() == FREE

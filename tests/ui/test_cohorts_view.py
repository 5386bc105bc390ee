"""Apps grouped by schema."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QApplication, QTreeWidgetItem
from pytestqt.qtbot import QtBot

from app.core.errors import Unreachable
from app.core.refs import AppRef
from app.services.workshop_words import AppSource
from app.ui.plans.cohorts_view import CohortsView
from app.ui.work.runner import Runner
from tests.ui.content_fakes import apps, runner, services
from tests.ui.workshop_fakes import FakeWorkshop, nameless, workshop

__all__ = ["runner", "services", "workshop"]

REFS = tuple(AppRef(app.connection_id, app.app_id) for app in apps())


def _cohort(fingerprint: str, *refs: AppRef) -> Any:
    return SimpleNamespace(fingerprint=fingerprint, refs=refs)


@pytest.fixture
def view(qtbot: QtBot, runner: Runner, workshop: FakeWorkshop) -> CohortsView:
    workshop.grouped = (_cohort("1f2e3d4c5b6a7980", *REFS[:4]), _cohort("90a1b2c3d4e5f607", REFS[4]))
    made = CohortsView(runner)
    qtbot.addWidget(made)
    made.show()
    made.read()
    qtbot.waitUntil(made.tree.isVisible)
    return made


def _row(view: CohortsView, at: int) -> QTreeWidgetItem:
    item = view.tree.topLevelItem(at)
    assert item is not None
    return item


def test_view_groups_have_count_and_examples(view: CohortsView) -> None:
    first, odd = _row(view, 0), _row(view, 1)
    assert [first.text(column) for column in range(3)] == [
        "Version A · 1f2e3d4c",
        "4",
        "tar, Ana’s workspace, Gil and 1 more",
    ]
    assert odd.text(0) == "Odd one · 90a1b2c3"
    assert view.sentence.text()


def test_view_apps_are_listed_when_their_group_is_opened(view: CohortsView) -> None:
    first = _row(view, 0)
    assert first.childCount() == 0
    first.setExpanded(True)
    assert [first.child(at).text(0) for at in range(4)] == ["tar", "Ana’s workspace", "Gil", "Eva"]


def test_view_two_groups_are_compared_by_an_app_of_each(view: CohortsView, qtbot: QtBot) -> None:
    assert not view.compare_button.isEnabled()
    _row(view, 1).setSelected(True)
    with qtbot.waitSignal(view.compare_requested) as asked:
        qtbot.mouseClick(view.compare_button, Qt.MouseButton.LeftButton)
    assert asked.args == [AppSource(REFS[0]), AppSource(REFS[4])]


def test_view_enter_opens_an_app(view: CohortsView, qtbot: QtBot) -> None:
    _row(view, 0).setExpanded(True)
    view.tree.setCurrentItem(_row(view, 0).child(1))
    view.tree.setFocus()
    with qtbot.waitSignal(view.open_requested) as opened:
        qtbot.keyClick(view.tree, Qt.Key.Key_Return)
    assert opened.args == [REFS[1]]


def test_view_groups_one_connection(view: CohortsView, qtbot: QtBot, workshop: FakeWorkshop) -> None:
    assert workshop.asked("cohorts") == [("cohorts", None)]
    view.connection_box.setFocus()
    qtbot.keyClick(view.connection_box, Qt.Key.Key_Down)
    qtbot.waitUntil(lambda: ("cohorts", "local") in workshop.calls)


def test_view_that_cannot_be_filled_says_why_and_tries_again(
    qtbot: QtBot, runner: Runner, workshop: FakeWorkshop
) -> None:
    workshop.error = Unreachable("Nothing answers.")
    made = CohortsView(runner)
    qtbot.addWidget(made)
    made.show()
    qtbot.mouseClick(made.empty.button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: made.empty.title.text() == "Nothing answers.")
    workshop.error, workshop.grouped = None, (_cohort("1f2e3d4c5b6a7980", *REFS),)
    qtbot.mouseClick(made.empty.button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(made.tree.isVisible)


def test_view_everything_that_takes_the_keyboard_has_a_name(view: CohortsView) -> None:
    assert nameless(view) == []


def test_view_that_was_not_read_has_one_way_to_begin(qtbot: QtBot, runner: Runner) -> None:
    made = CohortsView(runner)
    qtbot.addWidget(made)
    assert made.refresh_button.isHidden()
    assert made.empty.button.text() == "Group apps"


def test_view_groups_follow_the_size_of_text(view: CohortsView, qtbot: QtBot) -> None:
    before = QApplication.font()
    small = _row(view, 0).font(0).pointSizeF()
    larger = QFont(before)
    larger.setPointSizeF(before.pointSizeF() * 1.5)
    QApplication.setFont(larger)
    try:
        qtbot.waitUntil(lambda: _row(view, 0).font(0).pointSizeF() > small)
        assert not view.refresh_button.isHidden()
    finally:
        QApplication.setFont(before)

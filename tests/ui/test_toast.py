"""Messages that can be answered: how long they stay, what keys do, and what they never cover."""

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QCursor, QEnterEvent
from PySide6.QtWidgets import QApplication, QDialog, QLineEdit, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from app.ui.parts.toast import Toast, Toasts


@pytest.fixture
def window(qtbot: QtBot) -> Iterator[QWidget]:
    made = QWidget()
    made.resize(700, 400)
    box = QVBoxLayout(made)
    made.edit, made.bar = QLineEdit(), QWidget()  # type: ignore[attr-defined]
    box.addWidget(made.edit)
    box.addStretch(1)
    made.bar.setFixedHeight(50)
    box.addWidget(made.bar)
    qtbot.addWidget(made)
    made.show()
    made.activateWindow()
    made.edit.setFocus()
    yield made
    made.close()


@pytest.fixture
def toasts(window: QWidget) -> Toasts:
    return Toasts(window, obstacles=lambda: (window.bar,))


def test_show_tells_without_taking_the_focus(qtbot: QtBot, window: QWidget, toasts: Toasts) -> None:
    qtbot.waitUntil(lambda: window.edit.hasFocus())
    toast = toasts.show("Closed the tab of “Ana”", "Reopen", lambda: None)
    assert toast.isVisible()
    assert toast.label.text() == "Closed the tab of “Ana”"
    assert toast.button.accessibleName() == "Reopen: Closed the tab of “Ana”"
    assert window.edit.hasFocus()


def test_button_acts_once_and_the_message_goes(qtbot: QtBot, toasts: Toasts) -> None:
    done: list[str] = []
    toast = toasts.show("Renamed", "Undo", lambda: done.append("undo"))
    qtbot.mouseClick(toast.button, Qt.MouseButton.LeftButton)
    assert done == ["undo"]
    assert toasts.shown == ()
    toasts.answer_newest()
    assert done == ["undo"]


def test_answer_newest_takes_the_newest_that_offers_something(toasts: Toasts) -> None:
    done: list[str] = []
    toasts.show("One", "Undo", lambda: done.append("one"))
    toasts.show("Two", "Undo", lambda: done.append("two"))
    toasts.show("Three")
    toasts.answer_newest()
    assert done == ["two"]
    toasts.answer_newest()
    assert done == ["two", "one"]
    assert [each.label.text() for each in toasts.shown] == ["Three"]


def test_there_are_never_more_than_three(toasts: Toasts) -> None:
    for number in range(5):
        toasts.show(f"Message {number}")
    assert [each.label.text() for each in toasts.shown] == ["Message 2", "Message 3", "Message 4"]


def test_time_over_takes_it_away(qtbot: QtBot, window: QWidget, toasts: Toasts) -> None:
    # Under the pointer it would stay, and where an earlier test left that is anybody's guess.
    QCursor.setPos(window.mapToGlobal(QPoint(1, 1)))
    toasts.show("Copied", seconds=0.01)
    qtbot.waitUntil(lambda: toasts.shown == () and window.findChildren(Toast) == [])


def test_time_stands_still_under_the_pointer(toasts: Toasts) -> None:
    toast = toasts.show("Copied")
    assert toast.timer.isActive()
    at = QPointF(5, 5)
    QApplication.sendEvent(toast, QEnterEvent(at, at, at))
    assert not toast.timer.isActive()
    QApplication.sendEvent(toast, QEvent(QEvent.Type.Leave))
    assert toast.timer.isActive()


def test_time_stands_still_with_the_focus_and_escape_gives_it_back(
    qtbot: QtBot, window: QWidget, toasts: Toasts
) -> None:
    qtbot.waitUntil(lambda: window.edit.hasFocus())
    toast = toasts.show("Renamed", "Undo", lambda: None)
    toasts.focus_newest()
    assert toast.button.hasFocus()
    assert not toast.timer.isActive()
    qtbot.keyClick(toast.button, Qt.Key.Key_Escape)
    assert toasts.shown == ()
    assert window.edit.hasFocus()


def test_they_never_cover_the_obstacle_nor_each_other(qtbot: QtBot, window: QWidget, toasts: Toasts) -> None:
    for text in ("One", "A message that is long enough to need more than one line " * 4, "Three"):
        toasts.show(text, "Undo", lambda: None)

    def is_clear() -> bool:
        places = [each.geometry() for each in toasts.shown]
        pairs = [(a, b) for at, a in enumerate(places) for b in places[at + 1 :]]
        return (
            not any(a.intersects(b) for a, b in pairs)
            and not any(place.intersects(window.bar.geometry()) for place in places)
            and all(window.rect().contains(place) for place in places)
        )

    qtbot.waitUntil(is_clear)
    window.bar.setFixedHeight(120)
    qtbot.waitUntil(lambda: window.bar.height() == 120 and is_clear())
    window.resize(420, 360)
    qtbot.waitUntil(is_clear)


def test_text_is_never_read_as_markup(toasts: Toasts) -> None:
    toast = toasts.show("Renamed to <b>x</b>\u202e")
    assert toast.label.textFormat() == Qt.TextFormat.PlainText
    assert "\u202e" not in toast.label.text()


def test_time_stands_still_behind_a_dialog(qtbot: QtBot, window: QWidget, toasts: Toasts) -> None:
    dialog = QDialog(window)
    dialog.open()
    qtbot.waitUntil(lambda: QApplication.activeModalWidget() is dialog)
    toast = toasts.show("Pushed 3 steps", "History…", lambda: None)
    assert not toast.timer.isActive()
    dialog.close()
    qtbot.waitUntil(toast.timer.isActive)

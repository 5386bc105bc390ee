"""Unlocking and locking from the window, over the real guards."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from app.core.connection import Environment
from app.core.gate import current_act
from app.services.guards import Guards, Unlocked
from app.ui.connections.guard_bar import GuardBar, left_text
from app.ui.connections.unlock_dialog import UnlockDialog
from app.ui.parts.confirmation import Confirmation, TypedName
from app.ui.window.main_window import MainWindow
from app.ui.window.window_trust import WindowTrust
from tests.ui.shell_fakes import CLOUD, LOCAL, FakeServices
from tests.ui.window_fakes import Open

READ_ONLY = replace(LOCAL, environment=Environment.STAGING, is_builtin=False, label="Shop", is_read_only=True)
GUARDED = replace(CLOUD, label="Live", is_guarded=True)


class Trail:
    def __init__(self) -> None:
        self.acts: list[str] = []

    def add(self, who: str, at: float, connection_id: str, app_id: str, action: str, outcome: str, detail: str) -> None:
        self.acts.append(f"{action} {connection_id}")


class GuardedServices(FakeServices):
    """The real guards over two connections."""

    def __init__(self) -> None:
        super().__init__()
        self.kept = {each.id: each for each in (READ_ONLY, GUARDED)}
        self.trail = Trail()
        self.guards = Guards(self.kept.get, self.hub, self.trail)
        self.connections.all = lambda: tuple(map(self.guards.shown, self.kept.values()))

    async def aclose(self) -> None:
        await self.guards.aclose()
        await super().aclose()


@pytest.fixture
def services() -> GuardedServices:
    return GuardedServices()


@pytest.fixture
def window(qtbot: QtBot, open_window: Open, services: GuardedServices) -> MainWindow:
    made = open_window(services)
    qtbot.waitUntil(lambda: len(made.data.connections) == 2)
    return made


def _dialog(qtbot: QtBot, window: MainWindow) -> UnlockDialog:
    qtbot.waitUntil(lambda: window.findChild(UnlockDialog) is not None)
    dialog = window.findChild(UnlockDialog)
    assert isinstance(dialog, UnlockDialog)
    return dialog


def _bar(window: MainWindow) -> GuardBar | None:
    return window.findChild(WindowTrust).bar


def _unlock(qtbot: QtBot, window: MainWindow, connection_id: str, typed: str = "") -> None:
    window.choose_connection(connection_id)
    window.registry["connection.unlock"].trigger()
    dialog = _dialog(qtbot, window)
    if dialog.name_edit is not None:
        qtbot.keyClicks(dialog.name_edit, typed)
    with qtbot.waitSignal(dialog.finished):
        qtbot.mouseClick(dialog.action_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: (bar := _bar(window)) is not None and connection_id in bar.rows)


def test_read_only_connection_unlocked_says_how_long_and_locks_again(
    qtbot: QtBot, window: MainWindow, services: GuardedServices
) -> None:
    _unlock(qtbot, window, "c1")
    bar = _bar(window)
    assert bar is not None
    assert bar.isVisible()
    words = bar.rows["c1"].words.text()
    assert words.startswith("Shop is unlocked for ")
    assert words.endswith(("10:00", "9:59", "9:58", "9:57"))
    qtbot.waitUntil(lambda: (shown := window.data.connection("c1")) is not None and shown.is_unlocked)
    qtbot.waitUntil(lambda: not window.registry["connection.unlock"].isEnabled())
    qtbot.mouseClick(bar.rows["c1"].lock_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not bar.isVisible())
    assert services.trail.acts == ["unlock c1", "lock c1"]
    assert not services.guards.is_unlocked("c1")


def test_production_is_unlocked_by_its_name_only(qtbot: QtBot, window: MainWindow, services: GuardedServices) -> None:
    window.choose_connection("c2")
    window.registry["connection.unlock"].trigger()
    dialog = _dialog(qtbot, window)
    assert dialog.name_edit is not None
    said = " ".join(each.text() for each in dialog.findChildren(QLabel))
    assert "Live (production environment) keeps its writes locked." in said
    assert dialog.action_button.text() == "&Unlock for 10 minutes"
    assert not dialog.action_button.isEnabled()
    qtbot.keyClicks(dialog.name_edit, "live")
    assert not dialog.action_button.isEnabled()
    dialog.act()
    assert services.trail.acts == []
    dialog.name_edit.selectAll()
    qtbot.keyClicks(dialog.name_edit, "Live")
    dialog.minutes_box.setValue(3)
    assert dialog.action_button.text() == "&Unlock for 3 minutes"
    with qtbot.waitSignal(dialog.finished):
        qtbot.mouseClick(dialog.action_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: (bar := _bar(window)) is not None and bar.isVisible())
    assert services.guards.all()[0].left_s <= 180


def test_write_that_is_refused_asks_for_unlocking(qtbot: QtBot, window: MainWindow, services: GuardedServices) -> None:
    async def write(given: object) -> None:
        services.guards.listen()
        assert current_act() is not None
        services.guards.gate_of(GUARDED).admit("push")

    window.runner.start(write, owner=window, title="Push", failed=lambda _error: True)
    dialog = _dialog(qtbot, window)
    assert dialog.connection.id == "c2"
    dialog.reject()


def test_actions_are_grey_where_there_is_nothing_to_unlock(qtbot: QtBot, window: MainWindow) -> None:
    window.choose_connection("c1")
    assert window.registry["connection.unlock"].isEnabled()
    assert not window.registry["connection.lock"].isEnabled()


@pytest.mark.parametrize(
    ("seconds", "text"), [(581.9, "9:41"), (600, "10:00"), (0, "0:00"), (-3, "0:00"), (59, "0:59")]
)
def test_time_that_is_left_in_minutes_and_seconds(seconds: float, text: str) -> None:
    assert left_text(seconds) == text


def test_bar_goes_when_either_clock_says_so(qtbot: QtBot) -> None:
    clocks = {"now": 1_000.0, "running": 5.0}
    bar = GuardBar(clock=lambda: clocks["now"], running=lambda: clocks["running"])
    qtbot.addWidget(bar)
    state = Unlocked("c2", 1_000.0, 1_600.0, 600.0)
    for change in ({"now": 1_600.0}, {"running": 605.0}, {"now": 999.0}):
        clocks |= {"now": 1_000.0, "running": 5.0}
        bar.show_unlocked((state,), {"c2": GUARDED})
        assert bar.isVisibleTo(None)
        assert bar.rows["c2"].words.text() == "Live is unlocked for 10:00"
        clocks |= change
        with qtbot.waitSignal(bar.over):
            bar.look()
        assert not bar.rows


def test_any_push_in_production_asks_for_the_name_and_says_how_many_and_where(qtbot: QtBot) -> None:
    confirmation = Confirmation(GUARDED, "Billing", "app-1")
    qtbot.addWidget(confirmation)
    confirmation.ask(0, 3, needs_name=True)
    assert confirmation.edit is not None
    label = confirmation.findChild(QLabel)
    assert isinstance(label, QLabel)
    assert label.text() == "3 changes are sent on Live (production environment). &Type the app’s title to go on"
    assert not confirmation.is_given
    qtbot.keyClicks(confirmation.edit, "Billing")
    assert confirmation.is_given
    confirmation.ask(0, 3, needs_name=False)
    assert confirmation.is_given
    assert confirmation.isHidden()


def test_name_of_the_connection_is_asked_for_in_production_only(qtbot: QtBot) -> None:
    name = TypedName(GUARDED, "1 app is unlinked")
    qtbot.addWidget(name)
    assert name.edit is not None
    assert not name.is_given
    qtbot.keyClicks(name.edit, "Live")
    assert name.is_given
    elsewhere = TypedName(READ_ONLY, "1 app is unlinked")
    qtbot.addWidget(elsewhere)
    assert elsewhere.edit is None
    assert elsewhere.is_given

"""The first run: what is offered, what each choice does, and that it is never in the way again."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot

from app.storage.last_known import LastKnown
from app.ui.connections.connection_dialog import ConnectionDialog, Kind
from app.ui.help.help_view import HelpView
from app.ui.help.welcome_view import WelcomeView
from app.ui.window.main_window import MainWindow
from app.ui.window.settings_exchange import SettingsExchange
from tests.ui.shell_fakes import ANA, CLOUD, LOCAL, FakeServices
from tests.ui.window_fakes import Open, wait_for_services


@pytest.fixture
def open_window(open_window: Open) -> Open:
    """Before its services are there."""
    return lambda: open_window(FakeServices(), starts=False)


def _begin(qtbot: QtBot, window: MainWindow) -> None:
    window.runner.open()
    window.complete()
    window.comfort.greet()
    wait_for_services(qtbot, window)


def _page(window: MainWindow) -> WelcomeView:
    page = window.tabs.currentWidget()
    assert isinstance(page, WelcomeView)
    return page


def test_first_run_welcomes_and_says_where_tokens_go(qtbot: QtBot, open_window: Open) -> None:
    window = open_window()
    _begin(qtbot, window)
    page = _page(window)
    assert page.look_button.isVisible()
    assert page.tokens.text().startswith("Token: OS keyring. Tokens and passwords are kept in the keyring")


def test_profile_that_knows_apps_is_not_welcomed(qtbot: QtBot, open_window: Open) -> None:
    window = open_window()
    window.show_last_known(LastKnown((LOCAL,), (ANA,), ()))
    _begin(qtbot, window)
    assert window.tabs.currentWidget() is window.overview
    assert window.tabs.count() == 1


def test_window_that_was_closed_once_is_not_welcomed_again(qtbot: QtBot, open_window: Open) -> None:
    first = open_window()
    _begin(qtbot, first)
    assert isinstance(first.tabs.currentWidget(), WelcomeView)
    with qtbot.waitSignal(first.closed):
        first.close()
    second = open_window()
    _begin(qtbot, second)
    assert second.tabs.count() == 1


def test_enter_presses_the_button_that_has_the_keyboard(qtbot: QtBot, open_window: Open) -> None:
    window = open_window()
    _begin(qtbot, window)
    button = _page(window).look_button
    button.setFocus()
    qtbot.keyClick(button, Qt.Key.Key_Return, Qt.KeyboardModifier.ShiftModifier)
    assert window.tabs.currentWidget() is not window.overview
    qtbot.keyClick(button, Qt.Key.Key_Return)
    assert window.tabs.currentWidget() is window.overview


def test_enter_in_a_field_presses_no_button_that_the_keyboard_goes_to_then(qtbot: QtBot, open_window: Open) -> None:
    window = open_window()
    _begin(qtbot, window)
    window.tabs.setCurrentWidget(window.overview)
    pressed: list[bool] = []
    button, field = window.toolbar.create_button, window.overview.app_list.filter_box
    button.clicked.connect(pressed.append)
    field.returnPressed.connect(button.setFocus)
    field.setFocus()
    qtbot.keyClick(field, Qt.Key.Key_Return)
    assert pressed == []


def test_look_around_leads_to_the_sample_tenants_and_is_remembered(qtbot: QtBot, open_window: Open) -> None:
    window = open_window()
    _begin(qtbot, window)
    qtbot.mouseClick(_page(window).look_button, Qt.MouseButton.LeftButton)
    assert window.tabs.currentWidget() is window.overview
    assert window.tabs.count() == 1
    window.comfort.greet()
    assert window.tabs.count() == 1


@pytest.mark.parametrize(
    ("button", "kind"),
    [("instant_button", Kind.INSTANT), ("postgres_button", Kind.POSTGRES), ("sqlite_button", Kind.SQLITE)],
)
def test_connect_opens_the_form_of_that_kind(qtbot: QtBot, open_window: Open, button: str, kind: Kind) -> None:
    window = open_window()
    _begin(qtbot, window)
    page = _page(window)
    qtbot.mouseClick(getattr(page, button), Qt.MouseButton.LeftButton)
    dialog = window.findChild(ConnectionDialog)
    assert dialog is not None
    assert dialog.kind is kind
    dialog.reject()
    assert window.tabs.currentWidget() is page
    dialog.saved.emit(CLOUD)
    assert window.tabs.currentWidget() is window.overview


def test_env_file_is_asked_for_in_the_form(qtbot: QtBot, open_window: Open) -> None:
    window = open_window()
    _begin(qtbot, window)
    qtbot.mouseClick(_page(window).env_button, Qt.MouseButton.LeftButton)
    dialog = window.findChild(ConnectionDialog)
    chooser = dialog.findChild(QFileDialog)
    assert chooser is not None
    chooser.reject()
    dialog.reject()


def test_import_asks_for_a_file_and_leaves_the_page_when_it_is_done(
    qtbot: QtBot, open_window: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(SettingsExchange, "choose_import", lambda _self: asked.append("import"))
    window = open_window()
    _begin(qtbot, window)
    qtbot.mouseClick(_page(window).import_button, Qt.MouseButton.LeftButton)
    assert asked == ["import"]
    window.comfort.exchange.imported.emit()
    assert window.tabs.currentWidget() is window.overview


def test_first_steps_open_the_help(qtbot: QtBot, open_window: Open) -> None:
    window = open_window()
    _begin(qtbot, window)
    qtbot.mouseClick(_page(window).help_button, Qt.MouseButton.LeftButton)
    page = window.tabs.currentWidget()
    assert isinstance(page, HelpView)
    assert page.shown == "first-steps"


def test_menu_shows_it_at_any_time(qtbot: QtBot, open_window: Open) -> None:
    window = open_window()
    window.show_last_known(LastKnown((LOCAL,), (ANA,), ()))
    _begin(qtbot, window)
    window.registry["help.welcome"].trigger()
    assert isinstance(window.tabs.currentWidget(), WelcomeView)
    window.close_current_tab()
    assert window.tabs.currentWidget() is window.overview

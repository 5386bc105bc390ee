"""The welcome page in its tab: shown by itself once, for a profile that was never used, and from the menu."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from app.ui.connections.connection_dialog import ConnectionDialog, Kind
    from app.ui.settings.settings import WindowSettings
    from app.ui.window.main_window import MainWindow

_KEY, _TAB = "welcome/done", "welcome"


def is_never_used(settings: WindowSettings) -> bool:
    """Whether no window was ever closed on this profile, and nothing was chosen on the page."""
    return settings.geometry.isEmpty() and settings.read_text(_KEY) is None


class WindowWelcome(QObject):
    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._page: QWidget | None = None

    def show(self) -> None:
        self._page = self._window.app_tabs.page(_TAB, "Welcome", self._made)

    def _made(self) -> QWidget:
        from app.ui.help.welcome_view import WelcomeView

        page = WelcomeView(self._window.data)
        page.look_around_requested.connect(self._look_around)
        page.connect_requested.connect(self._connect)
        page.env_requested.connect(self._read_env)
        page.import_requested.connect(self._import)
        page.help_requested.connect(lambda: self._window.comfort.show_help("first-steps"))
        page.destroyed.connect(self._gone)
        return page

    def _gone(self) -> None:
        self._page = None
        self._window.settings.write_text(_KEY, "true")

    def _close(self) -> None:
        window = self._window
        window.settings.write_text(_KEY, "true")
        if self._page is not None:
            window.app_tabs.close_at(window.tabs.indexOf(self._page))
        window.tabs.setCurrentWidget(window.overview)

    def _look_around(self) -> None:
        from app.services.connections import BUILTIN_ID

        window = self._window
        self._close()
        if window.data.connection(BUILTIN_ID) is not None:
            window.choose_connection(BUILTIN_ID)
        window.overview.app_list.setFocus()

    def _connect(self, kind: Kind) -> None:
        dialog = self._dialog()
        at = dialog.kind_box.findData(kind)
        dialog.kind_box.setCurrentIndex(at)
        dialog.kind_box.activated.emit(at)
        dialog.open()

    def _read_env(self) -> None:
        dialog = self._dialog()
        dialog.open()
        dialog.imports.file_button.click()

    def _dialog(self) -> ConnectionDialog:
        from app.ui.connections.connection_dialog import ConnectionDialog

        dialog = ConnectionDialog(self._window.runner, parent=self._window)
        dialog.saved.connect(lambda _connection: self._close())
        return dialog

    def _import(self) -> None:
        exchange = self._window.comfort.exchange
        exchange.imported.connect(self._close)
        exchange.choose_import()

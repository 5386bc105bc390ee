"""Run as a program: opens the real window and works in it with tokens, by its own widgets, as an operator would.

Reads its orders from the file named by its first argument (a file, because a command line is public)::

    {"profile": …, "api_uri": …, "platform_token": …, "dash_token": …, "wrong_token": …, "pasted_token": …}

Prints ``step: <name>`` as it goes and ends with the exit code of the window. It patches nothing but the moment
when the window is shown, where it sets its own clock going.
"""

from __future__ import annotations

import json
import os
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

from PySide6.QtCore import Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit, QWidget

from app.__main__ import main
from app.core.refs import AppRef
from app.core.status import Health
from app.ui.apps.create_app_dialog import CreateAppDialog
from app.ui.apps.rename_app_dialog import RenameAppDialog
from app.ui.connections.connection_dialog import ConnectionDialog
from app.ui.program import application

W = TypeVar("W", bound=QWidget)
Condition = Callable[[], object]
_LIMIT_S = 60.0
_EVERY_MS = 20


class Hands:
    """Takes one step after the other; each step is a condition that the next part waits for."""

    def __init__(self, start: application.Start, orders: dict[str, str]) -> None:
        self._window, self._orders = start.window, orders
        self._steps = self._work()
        self._waiting: tuple[str, Condition] = ("the first step", lambda: True)
        self._since = time.monotonic()
        self._clock = QTimer(interval=_EVERY_MS)
        self._clock.timeout.connect(self._look)
        self._clock.start()

    def _look(self) -> None:
        name, condition = self._waiting
        try:
            if condition():
                self._waiting = next(self._steps)
                self._since = time.monotonic()
                print(f"step: {self._waiting[0]}", flush=True)
            elif time.monotonic() - self._since > _LIMIT_S:
                raise AssertionError(f"waited {_LIMIT_S:g} s in vain: {name}")
        except StopIteration:
            self._clock.stop()
        except BaseException:  # noqa: BLE001 shown, then the end
            traceback.print_exc()
            sys.stderr.flush()
            # The window would go on for ever without hands.
            os._exit(70)

    def _work(self) -> Iterator[tuple[str, Condition]]:
        window, data, orders = self._window, self._window.data, self._orders
        yield "the local platform is listed", lambda: len(data.table.rows) > 5
        yield from self._add("Marked", orders["platform_token"], orders["dash_token"], is_right=True)
        marked = next(each.id for each in data.connections if each.label == "Marked")
        yield "the marked connection is up", lambda: self._health(marked) is Health.UP
        yield from self._create_and_rename(marked)
        yield from self._add("Wrong", orders["wrong_token"], orders["wrong_token"], is_right=False)
        wrong = next(each.id for each in data.connections if each.label == "Wrong")
        yield "the wrong token is refused", lambda: self._health(wrong) is Health.UNAUTHORISED
        yield from self._paste()
        window.registry["view.refresh"].trigger()
        yield "the refresh is through", lambda: "refused" in self._told() or self._health(marked) is Health.UP
        yield "the platform is stopped", (Path(orders["profile"]).parent / "platform-stopped").exists
        window.registry["view.refresh"].trigger()
        yield "the marked connection is unreachable", lambda: self._health(marked) is Health.UNREACHABLE
        window.close()
        yield "the window is closed", lambda: not window.isVisible()

    def _add(
        self, label: str, platform_token: str, dash_token: str, *, is_right: bool
    ) -> Iterator[tuple[str, Condition]]:
        self._window.registry["connection.add"].trigger()
        yield f"a dialog to add {label}", lambda: self._dialog(ConnectionDialog)
        dialog = self._dialog(ConnectionDialog)
        assert dialog is not None
        _enter(dialog.label_edit, label)
        _enter(dialog.instant.url_edit, self._orders["api_uri"])
        _enter(dialog.instant.platform_token.edit, platform_token)
        _enter(dialog.instant.dash_token.edit, dash_token)
        _press(dialog.test_button)
        yield f"{label} is tested", lambda: dialog.test_result.headline.text() not in ("", "Testing…")
        said = dialog.test_result.headline.text()
        assert ("Up" in said) is is_right, said
        _press(dialog.action_button)
        yield f"{label} is saved", lambda: any(each.label == label for each in self._window.data.connections)
        yield "its dialog is gone", lambda: self._dialog(ConnectionDialog) is None

    def _create_and_rename(self, connection_id: str) -> Iterator[tuple[str, Condition]]:
        window = self._window
        window.choose_connection(connection_id)
        window.registry["app.create"].trigger()
        yield "a dialog to create", lambda: self._dialog(CreateAppDialog)
        create = self._dialog(CreateAppDialog)
        assert create is not None
        create.connection_box.setCurrentIndex(create.connection_box.findData(connection_id))
        _enter(create.title_edit, "Marked app")
        _press(create.action_button)
        yield "the app is created", lambda: self._title_of(connection_id) == "Marked app"
        row = next(each for each in window.data.table.rows if each.connection_id == connection_id)
        ref = AppRef(connection_id, row.app_id)
        yield "it is selected", lambda: window.overview.app_list.select_app(ref)
        window.registry["app.rename"].trigger()
        yield "a dialog to rename", lambda: self._dialog(RenameAppDialog)
        rename = self._dialog(RenameAppDialog)
        assert rename is not None
        _enter(rename.findChildren(QLineEdit)[0], "Renamed app")
        _press(rename.action_button)
        yield "the app is renamed", lambda: self._title_of(connection_id) == "Renamed app"

    def _paste(self) -> Iterator[tuple[str, Condition]]:
        """A token under a public name is called out, and the dialog is left without saving."""
        self._window.registry["connection.add"].trigger()
        yield "a dialog to paste into", lambda: self._dialog(ConnectionDialog)
        dialog = self._dialog(ConnectionDialog)
        assert dialog is not None
        dialog.imports.paste_button.click()
        dialog.imports.paste_edit.setPlainText(f"EXPO_PUBLIC_INSTANT_PLATFORM_TOKEN={self._orders['pasted_token']}\n")
        _press(dialog.imports.read_button)
        token = dialog.instant.platform_token.edit
        yield "the pasted token is taken", lambda: token.text() == self._orders["pasted_token"]
        _press(dialog.cancel_button)
        yield "that dialog is gone", lambda: self._dialog(ConnectionDialog) is None

    def _dialog(self, kind: type[W]) -> W | None:
        shown = [each for each in QApplication.topLevelWidgets() if isinstance(each, kind) and each.isVisible()]
        return shown[0] if shown else None

    def _health(self, connection_id: str) -> Any:
        status = self._window.data.statuses.get(connection_id)
        return status.health if status else None

    def _title_of(self, connection_id: str) -> str:
        return next((row.title for row in self._window.data.table.rows if row.connection_id == connection_id), "")

    def _told(self) -> str:
        return " ".join(each.sentence for each in self._window.data.statuses.values())


def _enter(edit: QLineEdit, text: str) -> None:
    edit.setFocus()
    edit.selectAll()
    QTest.keyClicks(edit, text)


def _press(button: QWidget) -> None:
    assert button.isEnabled(), f"{button.objectName()} is grey"
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)


def run(orders_path: Path) -> int:
    orders: dict[str, str] = json.loads(orders_path.read_text("utf-8"))
    begin = application.Start.begin
    hands: list[Hands] = []

    def begin_with_hands(start: application.Start) -> None:
        begin(start)
        hands.append(Hands(start, orders))

    application.Start.begin = begin_with_hands  # type: ignore[method-assign]
    return main(["--profile", orders["profile"]])


if __name__ == "__main__":
    sys.exit(run(Path(sys.argv[1])))

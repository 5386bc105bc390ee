"""What comes in from outside while the window is open: second launches, and files that the desktop hands over."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, QSocketNotifier
from PySide6.QtGui import QFileOpenEvent
from PySide6.QtWidgets import QApplication

from app.storage.instance import Handover
from app.ui.program.entry import Entry

if TYPE_CHECKING:
    from app.ui.program.single_instance import SingleInstance
    from app.ui.window.main_window import MainWindow


class Arrivals(QObject):
    """Opens what this start was asked for, and from then on what others are."""

    def __init__(self, window: MainWindow, entry: Entry, files: OpenedFiles | None, parent: QObject) -> None:
        super().__init__(parent)
        self._window, self._entry = window, entry
        self._knock: QSocketNotifier | None = None
        self._single: SingleInstance | None = None
        self._knock = self._watched_door()
        if files is not None:
            files.hand_to(self.take)
        if entry.asked.targets:
            window.launch.open_texts(entry.asked.targets)

    def _watched_door(self) -> QSocketNotifier | None:
        """Qt's network library costs 3 MB: it is loaded when somebody is at the door, where the door can be watched
        without it."""
        door = self._entry.instance.door
        if door is None:
            self._listen()
            return None
        knock = QSocketNotifier(door.fileno(), QSocketNotifier.Type.Read, self)
        knock.activated.connect(self._listen)
        return knock

    def _listen(self) -> None:
        from app.ui.program.single_instance import SingleInstance

        if self._single is not None:
            return
        if self._knock is not None:
            self._knock.setEnabled(False)
        window = self._window
        self._single = SingleInstance(self._entry.instance, lambda: not window.closing.is_running, self)
        self._single.handed.connect(self.take)

    def take(self, handover: Handover) -> None:
        if handover.activation:
            # Where Qt's platform plug-in looks when a window asks to come to the front (Wayland).
            os.environ["XDG_ACTIVATION_TOKEN"] = handover.activation
        self._window.launch.come_to_front()
        os.environ.pop("XDG_ACTIVATION_TOKEN", None)
        self._window.launch.open_texts(handover.targets)

    def close(self) -> None:
        if self._knock is not None:
            self._knock.setEnabled(False)
        if self._single is not None:
            self._single.close()
        self._entry.instance.close_door()


class OpenedFiles(QObject):
    """macOS tells of files and addresses by an event of the application, the first ones before there is a window."""

    def __init__(self, application: QApplication) -> None:
        super().__init__(application)
        self._early: list[Handover] = []
        self._take: Callable[[Handover], object] = self._early.append
        application.installEventFilter(self)

    def hand_to(self, take: Callable[[Handover], object]) -> None:
        """What came until now, and what comes from now on."""
        early, self._early, self._take = self._early, [], take
        for each in early:
            take(each)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.FileOpen and isinstance(event, QFileOpenEvent):
            self._take(Handover((event.file() or event.url().toString(),)))
            return True
        return False

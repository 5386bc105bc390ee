"""What the engine's thread tells while it works, looked at by the window a few times a second."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

from PySide6.QtCore import QObject, QTimer

T = TypeVar("T")
_LOOK_EVERY_MS = 60


class Mailbox(QObject, Generic[T]):
    """Any thread may ``put``; ``take`` is called on the UI thread with all that came since, while it is open."""

    def __init__(self, take: Callable[[list[T]], None], parent: QObject) -> None:
        super().__init__(parent)
        self._take = take
        self._letters: deque[T] = deque()
        self._looking = QTimer(self, interval=_LOOK_EVERY_MS)
        self._looking.timeout.connect(self._look)

    @property
    def put(self) -> Callable[[T], None]:
        """Outlives this object: what is put after its end is lost."""
        return self._letters.append

    def open(self) -> None:
        """Forget what is in it, and begin to look. What is put by older work goes elsewhere."""
        self._letters = deque()
        self._looking.start()

    def close(self) -> None:
        """Hand over the rest, and look no more."""
        self._looking.stop()
        self._look()

    def _look(self) -> None:
        letters: list[T] = []
        while self._letters:
            letters.append(self._letters.popleft())
        if letters:
            self._take(letters)

"""Short messages over the window that can be answered: what was done, and the way back or onward."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from PySide6.QtCore import QEvent, QObject, QPoint, Qt, QTimer, Signal
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent, QEnterEvent, QFocusEvent, QKeyEvent
from PySide6.QtWidgets import QApplication, QFrame, QHBoxLayout, QPushButton, QSizePolicy, QToolButton, QWidget

from app.core.text import plain
from app.ui.look.icons import sign
from app.ui.look.theme import colours
from app.ui.work.scope import is_alive

from .badges import text_label

_MOST = 3
_EDGE, _GAP = 14, 8
_LONGEST = 300
_LETTERS = 68
_MOVES = (
    QEvent.Type.Resize,
    QEvent.Type.Move,
    QEvent.Type.Show,
    QEvent.Type.Hide,
    QEvent.Type.LayoutRequest,
)


class Toast(QFrame):
    """One message. Its time stands still while the pointer or the focus is on it."""

    gone = Signal(object)

    def __init__(
        self, parent: QWidget, text: str, action_text: str, action: Callable[[], object] | None, seconds: float
    ) -> None:
        super().__init__(parent)
        self.setProperty("overlay", True)  # it is meant to lie over what is there
        self._action = action
        self._focus_before: QWidget | None = None
        self.label = text_label(plain(text, _LONGEST))
        self.label.setWordWrap(True)
        # With its parent from the start: shown without one it would be a window of its own for a moment.
        self.button = QPushButton(action_text, self)
        self.button.setVisible(action is not None)
        self.button.setAutoDefault(False)
        self.button.setAccessibleName(f"{action_text.replace('&', '').rstrip('…')}: {self.label.text()}")
        self.button.clicked.connect(self.answer)
        self.close_button = QToolButton()
        self.close_button.setAccessibleName("Close the message")
        self.close_button.setToolTip("Close (Esc)")
        self.close_button.clicked.connect(self.end)
        self.timer = QTimer(self, singleShot=True, interval=int(seconds * 1000))
        self.timer.timeout.connect(self.end)
        self.setAccessibleName(self.label.text())
        self._lay_out()
        self.refresh_looks()
        for part in (self.button, self.close_button):
            part.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
            part.installEventFilter(self)

    def _lay_out(self) -> None:
        metrics = self.fontMetrics()
        room = metrics.averageCharWidth() * _LETTERS
        self.label.setMinimumWidth(min(room, metrics.horizontalAdvance(self.label.text()) + 4))
        self.label.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        row = QHBoxLayout(self)
        row.setContentsMargins(14, 8, 8, 8)
        row.setSpacing(12)
        row.addWidget(self.label, 1)
        row.addWidget(self.button)
        row.addWidget(self.close_button)

    def refresh_looks(self) -> None:
        look = colours()
        self.close_button.setIcon(sign("close", "tip_muted"))
        self.setStyleSheet(
            f"Toast {{ background: {look.tip}; border: 1px solid {look.line_strong}; border-radius: 8px; }}"
            f"QLabel {{ color: {look.tip_text}; }}"
            f"QPushButton {{ color: {look.tip_text}; background: transparent; border: 1px solid {look.tip_muted};"
            " padding: 3px 10px; font-weight: 600; }"
            f"QPushButton:hover, QToolButton:hover {{ background: {look.neutral}; }}"
            f"QPushButton:focus, QToolButton:focus {{ border: 2px solid {look.tip_text}; }}"
            "QPushButton:focus { padding: 2px 9px; }"
        )

    # Its time

    def enterEvent(self, event: QEnterEvent) -> None:
        super().enterEvent(event)
        self.timer.stop()

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self._go_on()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if isinstance(event, QFocusEvent):
            self.timer.stop() if event.gotFocus() else self._go_on()
        return bool(super().eventFilter(watched, event))

    def _go_on(self) -> None:
        if not self.underMouse() and not self.has_focus():
            self.timer.start()

    # Answering

    def has_focus(self) -> bool:
        return self.button.hasFocus() or self.close_button.hasFocus()

    def take_focus(self) -> None:
        if not self.has_focus():
            self._focus_before = QApplication.focusWidget()
        (self.button if self._action is not None else self.close_button).setFocus(Qt.FocusReason.ShortcutFocusReason)

    def answer(self) -> None:
        """Do what it offers, once."""
        action, self._action = self._action, None
        self.end()
        if action is not None:
            action()

    @property
    def can_answer(self) -> bool:
        return self._action is not None

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.end()
        else:
            super().keyPressEvent(event)

    def end(self) -> None:
        self.timer.stop()
        before = self._focus_before
        if self.has_focus() and before is not None and is_alive(before):
            before.setFocus(Qt.FocusReason.OtherFocusReason)
        self.hide()
        self.gone.emit(self)


class Toasts(QObject):
    """Stacked above the lower right corner of ``place``, the newest lowest, at most three.

    They stay clear of what ``obstacles`` names, for as long as that is in sight.
    """

    changed = Signal()  # there are others now

    def __init__(
        self,
        window: QWidget,
        place: QWidget | None = None,
        obstacles: Callable[[], Iterable[QWidget]] = tuple,
        keys: Callable[[], str] = str,
    ) -> None:
        """``keys`` are those that answer the newest, as they are shown; "" for none."""
        super().__init__(window)
        self._keys = keys
        self._place, self._obstacles = place or window, obstacles
        self._toasts: list[Toast] = []
        self._watched: list[QWidget] = []
        self._place.installEventFilter(self)
        window.installEventFilter(self)

    def show(
        self,
        text: str,
        action_text: str = "",
        action: Callable[[], object] | None = None,
        seconds: float = 8,
    ) -> Toast:
        """Tell it now. ``action`` is called when the button with ``action_text`` is pressed, or its key."""
        toast = Toast(self._place, text, action_text, action, seconds)
        toast.gone.connect(self._forget)
        self._toasts.append(toast)
        for old in self._toasts[:-_MOST]:
            old.end()
        if QApplication.activeModalWidget() is None:
            toast.timer.start()
        self.settle()
        toast.show()
        self.settle()
        keys, answer = self._keys(), action_text.replace("&", "").rstrip("…")
        if keys:
            toast.button.setToolTip(f"{answer} ({keys})")
        spoken = f" {answer}: {keys}." if action is not None and keys else ""
        told = QAccessibleAnnouncementEvent(toast, f"{toast.label.text()}{spoken}")
        QAccessible.updateAccessibility(told)
        self.changed.emit()
        return toast

    @property
    def shown(self) -> tuple[Toast, ...]:
        """Oldest first."""
        return tuple(self._toasts)

    @property
    def can_answer(self) -> bool:
        return any(each.can_answer for each in self._toasts)

    def answer_newest(self) -> None:
        newest = next((each for each in reversed(self._toasts) if each.can_answer), None)
        if newest is not None:
            newest.answer()

    def focus_newest(self) -> None:
        if self._toasts:
            self._toasts[-1].take_focus()

    def refresh_looks(self) -> None:
        for each in self._toasts:
            each.refresh_looks()
        self.settle()

    def _forget(self, toast: Toast) -> None:
        if toast in self._toasts:
            self._toasts.remove(toast)
            toast.deleteLater()
            self.settle()
            self.changed.emit()

    # Where they are

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if self._toasts and event.type() in _MOVES:
            self.settle()
        elif event.type() == QEvent.Type.WindowBlocked:
            # Behind a dialog they cannot be answered: their time stands still until it is closed.
            for toast in self._toasts:
                toast.timer.stop()
        elif event.type() == QEvent.Type.WindowUnblocked:
            for toast in self._toasts:
                toast.timer.start()
        return bool(super().eventFilter(watched, event))

    def settle(self) -> None:
        """Put them where nothing is covered that must be seen."""
        if not self._toasts:
            return
        bottom = self._place.height() - _EDGE
        for each in self._obstacles():
            if each not in self._watched:
                each.installEventFilter(self)
                self._watched = [old for old in self._watched if is_alive(old)] + [each]
            if each.isVisible() and each.height():
                bottom = min(bottom, each.mapTo(self._place, QPoint(0, 0)).y() - _GAP)
        for toast in reversed(self._toasts):
            room = self._place.width() - 2 * _EDGE
            width = min(toast.sizeHint().width(), room)
            height = max(toast.heightForWidth(width), toast.minimumSizeHint().height())
            toast.setGeometry(self._place.width() - _EDGE - width, bottom - height, width, height)
            toast.raise_()
            bottom -= height + _GAP

"""The frame of every dialog that does something on a platform: where, what, progress, and what went wrong."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

from PySide6.QtCore import QEvent, Qt, QTimer
from PySide6.QtGui import QKeyEvent, QShowEvent
from PySide6.QtWidgets import QDialog, QHBoxLayout, QProgressBar, QPushButton, QVBoxLayout, QWidget

from app.core.connection import Connection
from app.core.errors import Invalid, KnownError
from app.core.status import Severity
from app.ui.work.runner import SHOWN_AFTER_S, Runner, Ticket

from . import dialog_size
from .badges import ElidedLabel, StateMark, text_label
from .environment_badge import EnvironmentBadge
from .form_area import FormArea
from .form_field import FormField, clear_errors, show_invalid

if TYPE_CHECKING:
    from app.services.suite import Services

T = TypeVar("T")


class ActionDialog(QDialog):
    """Opened with ``open()``; deletes itself when it is finished.

    While it works, what was typed stays and cannot be changed, and Cancel ends the work. A failure is shown in
    the dialog: beside a field where it is about one, else as a sentence with its remedy.
    """

    # Whether the content is higher than a small screen with large text, and is scrolled there.
    scrolls = False

    def __init__(self, runner: Runner, heading: str, action: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._runner = runner
        self._ticket: Ticket | None = None
        self.fields: dict[str, FormField] = {}
        self.setWindowTitle(heading)
        self.heading = text_label(heading, "heading")
        self.place = ElidedLabel("", look="muted")
        self.badge = EnvironmentBadge()
        self.badge.hide()
        self.content = QWidget()
        self.body = QVBoxLayout(self.content)
        self.body.setContentsMargins(0, 0, 0, 0)
        self.body.setSpacing(12)
        self.message = _Message()
        self.progress = QProgressBar()
        self.progress.setRange(0, 0)
        self.progress.setTextVisible(False)
        self.progress.setAccessibleName("Working")
        self.progress.hide()
        self.action_button = QPushButton(action)
        self.action_button.setProperty("look", "primary")
        self.action_button.setDefault(True)
        self.action_button.clicked.connect(self.act)
        self.cancel_button = QPushButton("Cancel")
        self.cancel_button.setAutoDefault(False)
        self.cancel_button.clicked.connect(self.reject)
        # Soon over is not worth a flicker.
        self._late = QTimer(self, singleShot=True, interval=int(SHOWN_AFTER_S * 1000))
        self._late.timeout.connect(self.progress.show)
        self.finished.connect(self.deleteLater)
        self._lay_out()

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        top.setSpacing(8)
        top.addWidget(self.heading)
        top.addStretch(1)
        top.addWidget(self.place)
        top.addWidget(self.badge)
        self.buttons = QHBoxLayout()
        self.buttons.addStretch(1)
        self.buttons.addWidget(self.cancel_button)
        self.buttons.addWidget(self.action_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(22, 20, 22, 18)
        layout.setSpacing(14)
        layout.addLayout(top)
        layout.addWidget(FormArea(self.content) if self.scrolls else self.content, 1)
        layout.addWidget(self.message)
        layout.addWidget(self.progress)
        layout.addLayout(self.buttons)
        self.setMinimumWidth(480)

    def set_place(self, connection: Connection | None) -> None:
        """Which connection this acts on, with its environment."""
        self.badge.setVisible(connection is not None)
        self.place.set_text(connection.label if connection else "")
        if connection is not None:
            self.badge.set_environment(connection.environment)

    def add_field(self, name: str, field: FormField) -> FormField:
        self.fields[name] = field
        self.body.addWidget(field)
        return field

    def event(self, event: QEvent) -> bool:
        is_done = super().event(event)
        if event.type() == QEvent.Type.LayoutRequest:
            self._grow()
            self.order_tabs()
        return is_done

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.order_tabs()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Ctrl+Enter does what the dialog is for, wherever the keyboard is; a key held down since before does not."""
        is_enter = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
        if not is_enter or not event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            super().keyPressEvent(event)
        elif not event.isAutoRepeat() and self.action_button.isVisible():
            self.action_button.click()

    def order_tabs(self) -> None:
        """Tab goes through the content first, then through the buttons from left to right."""
        last = self._last_of_content()
        for at in range(self.buttons.count()):
            item = self.buttons.itemAt(at)
            button = item.widget() if item is not None else None
            if button is not None:
                if last is not None:
                    QWidget.setTabOrder(last, button)
                last = button

    def _last_of_content(self) -> QWidget | None:
        # Not along Qt's own chain: there each part's handle would depend on the one before, and go with it.
        for each in reversed(self.content.findChildren(QWidget)):
            # Lists that drop down are windows of their own.
            if each.focusPolicy() & Qt.FocusPolicy.TabFocus and self.content.isAncestorOf(each):
                return each
        return None

    def _grow(self) -> None:
        """The window grows with what is said in it, instead of pressing the fields together."""
        layout = self.layout()
        if layout is None or not self.isVisible():
            return
        width = max(self.width(), layout.totalMinimumSize().width())
        height = layout.totalHeightForWidth(width) if layout.hasHeightForWidth() else layout.totalSizeHint().height()
        # Where even the screen is too low, what can be scrolled gives way.
        height = min(height, dialog_size.room_for(self).height())
        if width > self.width() or height > self.height():
            self.resize(width, max(height, self.height()))

    # Acting

    def act(self) -> None:
        """What the main button does; overridden."""
        raise NotImplementedError

    @property
    def is_working(self) -> bool:
        return self._ticket is not None

    def begin(self, work: Callable[[Services], Awaitable[T]], title: str, done: Callable[[T], None]) -> None:
        clear_errors(self.fields)
        self.message.clear()
        self._set_working(True)

        def finish(result: T) -> None:
            self._set_working(False)
            done(result)

        self._ticket = self._runner.start(
            work, owner=self, title=title, done=finish, failed=self._fail, cancelled=self._stopped
        )

    def _fail(self, error: KnownError) -> bool:
        self._set_working(False)
        self.show_error(error)
        return True

    def _stopped(self) -> None:
        self._set_working(False)

    def show_error(self, error: KnownError) -> None:
        if isinstance(error, Invalid):
            rest = show_invalid(self.fields, error)
            if rest:
                self.message.tell(rest, error.remedy if not error.fields else "")
            return
        self.message.tell(error.sentence, error.remedy)

    def _set_working(self, is_working: bool) -> None:
        if not is_working:
            self._ticket = None
            self._late.stop()
            self.progress.hide()
        else:
            self._late.start()
        self.content.setEnabled(not is_working)
        self.action_button.setEnabled(not is_working and self.can_act())
        if not is_working:
            self.action_button.setFocus()

    def can_act(self) -> bool:
        """Whether the main button is of use now; overridden."""
        return True

    def reject(self) -> None:
        """Cancel and Esc end the work first, and leave the dialog open with what was typed."""
        if self._ticket is not None:
            ticket = self._ticket
            self._ticket = None
            ticket.cancel()
            self._set_working(False)
            self.message.tell("Cancelled.", "If it had been sent already, a refresh shows whether it took effect.")
            return
        super().reject()


class _Message(QWidget):
    """What went wrong and what to do, read out when it appears."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.sentence = text_label("", "errorText")
        self.remedy = text_label("", "muted")
        texts = QVBoxLayout()
        texts.setSpacing(2)
        for label in (self.sentence, self.remedy):
            label.setWordWrap(True)
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            texts.addWidget(label)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addWidget(StateMark(Severity.ERROR), 0, Qt.AlignmentFlag.AlignTop)
        layout.addLayout(texts, 1)
        self.hide()

    def tell(self, sentence: str, remedy: str) -> None:
        self.sentence.setText(sentence)
        self.remedy.setText(remedy)
        self.remedy.setVisible(bool(remedy))
        self.setAccessibleName(f"{sentence} {remedy}".strip())
        self.show()

    def clear(self) -> None:
        self.sentence.setText("")
        self.remedy.setText("")
        self.hide()

"""Finding in the text: a strip under the editor, opened by Ctrl+F."""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QKeyEvent, QKeySequence, QShortcut, QTextCursor, QTextDocument
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QToolButton, QWidget

from app.ui.look.icons import sign
from app.ui.parts.badges import text_label

from .schema_text_edit import SchemaTextEdit


class TextFindBar(QWidget):
    """Finds as one types, and goes round at the end; Enter and Shift+Enter, Escape closes."""

    def __init__(self, edit: SchemaTextEdit, parent: QWidget) -> None:
        super().__init__(parent)
        self._edit = edit
        self.field = QLineEdit()
        self.field.setPlaceholderText("Find in the text")
        self.field.setAccessibleName("Find in the text")
        self.field.setClearButtonEnabled(True)
        self.found = text_label("", "small")
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 4, 8, 4)
        row.addWidget(self.field, 1)
        row.addWidget(self.found)
        for text, name, step in (("↑", "Previous", False), ("↓", "Next", True)):
            button = QToolButton()
            button.setText(text)
            button.setAccessibleName(name)
            button.setToolTip(f"{name} ({'Enter' if step else 'Shift+Enter'})")
            button.clicked.connect(lambda _=False, step=step: self.step(step))
            row.addWidget(button)
        close = QToolButton()
        close.setIcon(sign("close"))
        close.setAccessibleName("Close")
        close.clicked.connect(self.leave)
        row.addWidget(close)
        # A large text is not searched at each letter of somebody who types fast.
        self._timer = QTimer(self, singleShot=True, interval=80)
        self._timer.timeout.connect(self._search_here)
        self.field.textChanged.connect(lambda _text: self._timer.start())
        for key, is_down in (("F3", True), ("Shift+F3", False)):
            shortcut = QShortcut(QKeySequence(key), parent)
            shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            shortcut.activated.connect(lambda is_down=is_down: self.step(is_down))
        self.hide()

    def enter(self) -> None:
        """Show it, with what is selected in the text to begin with."""
        selected = self._edit.textCursor().selectedText()
        if selected and len(selected) < 200 and "\u2029" not in selected:
            self.field.setText(selected)
        self.show()
        self.field.setFocus()
        self.field.selectAll()

    def leave(self) -> None:
        self.hide()
        self._edit.setFocus()

    def step(self, is_down: bool) -> None:
        """The next hit from the cursor on, or the one before."""
        self._search(self._edit.textCursor(), is_down)

    def _search_here(self) -> None:
        cursor = self._edit.textCursor()
        cursor.setPosition(cursor.selectionStart())
        self._search(cursor, True)

    def _search(self, start: QTextCursor, is_down: bool) -> None:
        text = self.field.text()
        if not text:
            self.found.setText("")
            return
        self._edit.finish_loading()
        flags = QTextDocument.FindFlag(0) if is_down else QTextDocument.FindFlag.FindBackward
        document = self._edit.document()
        hit = document.find(text, start, flags)
        if hit.isNull():
            edge = QTextCursor(document)
            edge.movePosition(QTextCursor.MoveOperation.Start if is_down else QTextCursor.MoveOperation.End)
            hit = document.find(text, edge, flags)
        self.found.setText("" if not hit.isNull() else "Not found")
        if not hit.isNull():
            self._edit.setTextCursor(hit)
            self._edit.ensureCursorVisible()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.leave()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.step(not event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        else:
            super().keyPressEvent(event)

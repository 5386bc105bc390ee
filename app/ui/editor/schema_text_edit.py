"""An editor for code: line numbers, the current line, errors underlined, colours for what is in sight."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QEvent, QMimeData, QRect, QSize, Qt, QTimer, Signal
from PySide6.QtGui import (
    QColor,
    QFont,
    QFontMetricsF,
    QHelpEvent,
    QKeyEvent,
    QKeySequence,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QTextCharFormat,
    QTextCursor,
    QTextFormat,
)
from PySide6.QtWidgets import QPlainTextEdit, QTextEdit, QToolTip, QWidget

from app.core.text import plain
from app.ui.look.theme import colours, mono_font

from .sql_highlighter import SqlHighlighter
from .ts_highlighter import TsHighlighter

if TYPE_CHECKING:
    from app.schema.formats.instant_ts import TextProblem

_INDENT: Final = "  "
_MOST_MARKS: Final = 100
# Lines that Qt takes in within a frame; a longer text comes in pieces.
_PIECE: Final = 1_500


class SchemaTextEdit(QPlainTextEdit):
    """Its undo keys are signals: whoever owns the text decides what is undone."""

    edited = Signal()  # by the operator, not by ``replace_text``
    undo_wanted = Signal()
    redo_wanted = Signal()
    find_wanted = Signal()

    def __init__(self, parent: QWidget | None = None, *, is_sql: bool = False) -> None:
        super().__init__(parent)
        self.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.setTabChangesFocus(True)
        self.highlighter = SqlHighlighter(self.document()) if is_sql else TsHighlighter(self.document())
        self._problems: tuple[TextProblem, ...] = ()
        self._is_replacing = False
        self._rest = ""
        self._load_timer = QTimer(self, singleShot=True, interval=0)
        self._load_timer.timeout.connect(self._load_piece)
        self._numbers = _LineNumbers(self)
        # Colours follow in the next turn: marking lines while Qt lays them out is not allowed.
        self._colour_timer = QTimer(self, singleShot=True, interval=0)
        self._colour_timer.timeout.connect(self._colour)
        self.document().contentsChange.connect(self._contents_changed)
        self.blockCountChanged.connect(lambda _count: self._fit_numbers())
        self.updateRequest.connect(self._scrolled)
        self.cursorPositionChanged.connect(self._mark)
        self.refresh_looks()

    # Text

    def replace_text(self, text: str) -> None:
        """Make this the text by changing only what differs: the cursor and what is in sight stay. No ``edited``; what
        could be undone here is forgotten."""
        self.finish_loading()
        before = self.toPlainText()
        if not before:
            self._rest = text
            self._load_piece()
            return
        start, end_before, end_after = _difference(before, text)
        if before != text:
            top = self.verticalScrollBar().value()
            self._put(_units(before, start), _units(before, end_before), text[start:end_after])
            self.verticalScrollBar().setValue(top)
        self.forget_undo()

    def text(self) -> str:
        """All of it, also while it is still coming in."""
        return self.toPlainText() + self._rest

    def finish_loading(self) -> None:
        while self._rest:
            self._load_piece()

    def _load_piece(self) -> None:
        cut = _after_lines(self._rest, _PIECE)
        piece, self._rest = self._rest[:cut], self._rest[cut:]
        end = self.document().characterCount() - 1
        place = self.textCursor()
        at = place.position()
        self._put(end, end, piece)
        if at == end:
            # A cursor at the end goes along with what is put there.
            place.setPosition(at)
            self.setTextCursor(place)
        self.forget_undo()
        if self._rest:
            self._load_timer.start()

    def _put(self, start: int, end: int, text: str) -> None:
        self._is_replacing = True
        try:
            cursor = QTextCursor(self.document())
            cursor.setPosition(start)
            cursor.setPosition(end, QTextCursor.MoveMode.KeepAnchor)
            cursor.insertText(text)
        finally:
            self._is_replacing = False

    def forget_undo(self) -> None:
        self.document().clearUndoRedoStacks()

    def go_to(self, line: int, column: int = 0) -> None:
        """Put the cursor at a line (from 1) and column (characters from 0), in the middle of what is in sight."""
        if line >= self.blockCount():
            self.finish_loading()
        block = self.document().findBlockByNumber(max(0, min(line, self.blockCount()) - 1))
        cursor = QTextCursor(block)
        cursor.setPosition(block.position() + min(_units(block.text(), column), max(0, block.length() - 1)))
        self.setTextCursor(cursor)
        self.centerCursor()

    def _contents_changed(self, position: int, _removed: int, added: int) -> None:
        if self.highlighter.is_busy:
            return
        # Lines between the two ends are new, and have no colours yet.
        for each in (position, position + added):
            self.highlighter.touch(self.document().findBlock(each))
        self._colour_timer.start()
        if not self._is_replacing:
            self.edited.emit()

    # Keys

    def insertFromMimeData(self, source: QMimeData) -> None:
        self.finish_loading()
        super().insertFromMimeData(source)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        self.finish_loading()
        if event.matches(QKeySequence.StandardKey.Undo):
            self.undo_wanted.emit()
        elif event.matches(QKeySequence.StandardKey.Redo):
            self.redo_wanted.emit()
        elif event.matches(QKeySequence.StandardKey.Find):
            self.find_wanted.emit()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and not self.isReadOnly():
            self._new_line()
        else:
            super().keyPressEvent(event)

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
            keys = (QKeySequence.StandardKey.Undo, QKeySequence.StandardKey.Redo, QKeySequence.StandardKey.Find)
            if any(event.matches(each) for each in keys):
                event.accept()
                return True
        return super().event(event)

    def _new_line(self) -> None:
        """As deep as the line before, deeper after an opening bracket."""
        cursor = self.textCursor()
        before = cursor.block().text()[: cursor.positionInBlock()]
        indent = before[: len(before) - len(before.lstrip())]
        deeper = _INDENT if before.rstrip()[-1:] in ("{", "(", "[") else ""
        cursor.insertText(f"\n{indent}{deeper}")
        self.setTextCursor(cursor)
        self.ensureCursorVisible()

    # Errors

    def show_problems(self, problems: tuple[TextProblem, ...]) -> None:
        self._problems = problems
        self._mark()
        self._numbers.mark(frozenset(each.line for each in problems))

    def problem_at(self, cursor: QTextCursor) -> TextProblem | None:
        at = cursor.position()
        for each in self._problems[:_MOST_MARKS]:
            start, end = self._span(each)
            if start <= at <= end:
                return each
        return None

    def _span(self, problem: TextProblem) -> tuple[int, int]:
        """Where a problem begins and ends in the document; at least one character wide."""
        start = self._position(problem.line, problem.column)
        end = self._position(problem.end_line, problem.end_column)
        if end <= start:
            end = start + 1
            if start >= self.document().characterCount() - 1:
                start, end = max(0, start - 1), start
        return start, end

    def _position(self, line: int, column: int) -> int:
        block = self.document().findBlockByNumber(line - 1)
        if not block.isValid():
            return self.document().characterCount() - 1
        return block.position() + min(_units(block.text(), column), max(0, block.length() - 1))

    def _mark(self) -> None:
        look = colours()
        line = QTextEdit.ExtraSelection()
        line.format.setBackground(QColor(look.card))
        line.format.setProperty(QTextFormat.Property.FullWidthSelection, True)
        line.cursor = self.textCursor()
        line.cursor.clearSelection()
        wave = QTextCharFormat()
        wave.setUnderlineStyle(QTextCharFormat.UnderlineStyle.WaveUnderline)
        wave.setUnderlineColor(QColor(look.danger))
        marks = [line]
        for each in self._problems[:_MOST_MARKS]:
            mark = QTextEdit.ExtraSelection()
            mark.format = wave
            start, end = self._span(each)
            mark.cursor = QTextCursor(self.document())
            mark.cursor.setPosition(start)
            mark.cursor.setPosition(end, QTextCursor.MoveMode.KeepAnchor)
            marks.append(mark)
        self.setExtraSelections(marks)

    def viewportEvent(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            problem = self.problem_at(self.cursorForPosition(event.pos()))
            if problem is None:
                QToolTip.hideText()
            else:
                text = f"{plain(problem.sentence, 300)} {plain(problem.remedy, 300)}".strip()
                QToolTip.showText(event.globalPos(), f"<p>{html.escape(text)}</p>", self)
            return True
        return super().viewportEvent(event)

    # Looks

    def refresh_looks(self) -> None:
        font = mono_font()
        if font != self.font():
            self.setFont(font)
        self.setTabStopDistance(QFontMetricsF(font).horizontalAdvance(" ") * 2)
        self.highlighter.refresh_looks()
        self._fit_numbers()
        self._mark()
        self._colour_timer.start()

    def _colour(self) -> None:
        first = self.firstVisibleBlock()
        height = max(1.0, self.blockBoundingRect(first).height())
        self.highlighter.paint(first, int(self.viewport().height() / height) + 3)

    def _scrolled(self, rect: QRect, dy: int) -> None:
        if dy:
            self._numbers.scroll(0, dy)
            self._colour_timer.start()
        else:
            self._numbers.update(0, rect.y(), self._numbers.width(), rect.height())

    def _fit_numbers(self) -> None:
        self.setViewportMargins(self._numbers.sizeHint().width(), 0, 0, 0)
        self._place_numbers()

    def _place_numbers(self) -> None:
        inside = self.contentsRect()
        self._numbers.setGeometry(inside.left(), inside.top(), self._numbers.sizeHint().width(), inside.height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._place_numbers()
        self._colour_timer.start()

    def paint_numbers(self, event: QPaintEvent, wrong: frozenset[int]) -> None:
        look, current = colours(), self.textCursor().blockNumber()
        painter = QPainter(self._numbers)
        painter.fillRect(event.rect(), QColor(look.surface))
        block = self.firstVisibleBlock()
        top = self.blockBoundingGeometry(block).translated(self.contentOffset()).top()
        width = self._numbers.width() - 10
        bold = QFont(self.font())
        bold.setBold(True)
        while block.isValid() and top <= event.rect().bottom():
            height = self.blockBoundingRect(block).height()
            number = block.blockNumber()
            is_wrong = number + 1 in wrong
            painter.setFont(bold if number == current or is_wrong else self.font())
            painter.setPen(QColor(look.danger if is_wrong else look.text if number == current else look.muted))
            # A sign beside the number: colour alone does not tell.
            text = f"✕ {number + 1}" if is_wrong else str(number + 1)
            painter.drawText(0, round(top), width, round(height), int(Qt.AlignmentFlag.AlignRight), text)
            top += height
            block = block.next()
        painter.end()


class _LineNumbers(QWidget):
    """The strip at the left of the text."""

    def __init__(self, edit: SchemaTextEdit) -> None:
        super().__init__(edit)
        self._edit = edit
        self._wrong: frozenset[int] = frozenset()

    def mark(self, lines: frozenset[int]) -> None:
        self._wrong = lines
        self.update()

    def sizeHint(self) -> QSize:
        digits = max(2, len(str(self._edit.blockCount())))
        return QSize(round(QFontMetricsF(self._edit.font()).horizontalAdvance("0") * (digits + 2)) + 14, 0)

    def paintEvent(self, event: QPaintEvent) -> None:
        self._edit.paint_numbers(event, self._wrong)


def _difference(before: str, after: str) -> tuple[int, int, int]:
    """Where two texts begin to differ, and where that ends in each of them."""
    start = _common(before, after)
    tail = _common(before[start:][::-1], after[start:][::-1])
    return start, len(before) - tail, len(after) - tail


def _common(one: str, other: str) -> int:
    """Length of the common start; by halving, since comparing slices is quick."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _after_lines(text: str, count: int) -> int:
    """Where the line after the first ``count`` begins, or the end."""
    at = 0
    for _ in range(count):
        found = text.find("\n", at)
        if found < 0:
            return len(text)
        at = found + 1
    return at


def _units(text: str, count: int) -> int:
    """Length of the first ``count`` characters as Qt counts: beyond the basic plane each is two."""
    head = text[:count]
    return len(head) if head.isascii() else len(head.encode("utf-16-le")) // 2

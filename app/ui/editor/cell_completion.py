"""Completes what is typed into a cell, from the words that fit there."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, Qt, QTimer
from PySide6.QtWidgets import QCompleter, QLineEdit

Index = QModelIndex | QPersistentModelIndex
_MOST_IN_SIGHT = 12


class ListCompleter(QCompleter):
    """Completes the last of several words that commas separate."""

    def splitPath(self, path: str) -> list[str]:
        return [path.rpartition(",")[2].strip()]

    def pathFromIndex(self, index: Index) -> str:
        editor = self.widget()
        before = editor.text().rpartition(",")[0] if isinstance(editor, QLineEdit) else ""
        word = str(index.data())
        return f"{before}, {word}" if before else word


def complete(
    editor: QLineEdit,
    words: Sequence[str],
    *,
    is_list: bool,
    judge: Callable[[], str],
    take: Callable[[], None],
) -> None:
    """``is_list``: each of several words, separated by commas. ``judge`` marks what is typed and says what is wrong
    with it, "" for nothing; ``take`` takes it and closes the editor."""
    completer = ListCompleter(list(words), editor) if is_list else QCompleter(list(words), editor)
    completer.setFilterMode(Qt.MatchFlag.MatchContains)
    completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
    completer.setMaxVisibleItems(_MOST_IN_SIGHT)
    editor.setCompleter(completer)

    def taken() -> None:
        # Setting the text from the list is no edit of the line's own.
        editor.setModified(True)
        judge()

    # After the line has taken it over.
    completer.activated.connect(lambda _word: QTimer.singleShot(0, editor, taken))

    def entered() -> None:
        popup = completer.popup()
        is_open = popup is not None and popup.isVisible() and not popup.currentIndex().isValid()
        if popup is not None and is_open and not judge():
            popup.hide()
            QTimer.singleShot(0, editor, take)

    # With the list open, Enter comes here and not to the delegate; what is typed and complete is taken at once.
    editor.returnPressed.connect(entered)

"""Gives actions other keys: search one, press the new keys, and see whose they are."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QHBoxLayout,
    QHeaderView,
    QKeySequenceEdit,
    QLineEdit,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from app.ui.actions.actions import shown_keys, shown_text
from app.ui.parts.badges import text_label
from app.ui.parts.dialog_size import fit, space_rows

from .keymap import Keymap

_NAME = Qt.ItemDataRole.UserRole


class KeymapDialog(QDialog):
    """What is changed here is in force at once. Show it with ``open()``."""

    def __init__(self, keymap: Keymap, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Change keys")
        self.keymap = keymap
        self.field = QLineEdit()
        self.field.setProperty("look", "filter")
        self.field.setPlaceholderText("Find an action, or keys such as Ctrl+R")
        self.field.setAccessibleName("Find an action")
        self.field.setClearButtonEnabled(True)
        self.field.textChanged.connect(self._narrow)
        self.table = _table()
        self.table.itemSelectionChanged.connect(self._show_chosen)
        self.heading = text_label("", "title")
        self.keys = QKeySequenceEdit()
        self.table.itemActivated.connect(lambda _item: self.keys.setFocus())
        self.keys.setMaximumSequenceLength(1)
        self.keys.setAccessibleName("New keys")
        self.keys.setAccessibleDescription("Press the keys that the action should have; Tab leaves.")
        self.keys.keySequenceChanged.connect(lambda _keys: self._tell())
        self.note = text_label("")
        self.note.setWordWrap(True)
        self.assign_button = _button("&Assign", self.assign, "primary")
        self.none_button = _button("&No keys", self.clear)
        self.reset_button = _button("&Reset", self.reset)
        self.reset_all_button = _button("Reset a&ll", self.reset_all)
        self.close_button = _button("Close", self.accept)
        self._lay_out()
        keymap.registry.changed.connect(self._fill)
        self._fill()
        self.table.setCurrentCell(0, 0)
        self.field.setFocus()

    def _lay_out(self) -> None:
        row = QHBoxLayout()
        row.setSpacing(8)
        for part in (self.keys, self.assign_button, self.none_button, self.reset_button):
            row.addWidget(part, 1 if part is self.keys else 0)
        below = QHBoxLayout()
        below.addWidget(self.reset_all_button)
        below.addStretch(1)
        below.addWidget(self.close_button)
        box = QVBoxLayout(self)
        box.setContentsMargins(16, 14, 16, 14)
        box.setSpacing(9)
        box.addWidget(self.field)
        box.addWidget(self.table, 1)
        box.addWidget(self.heading)
        box.addLayout(row)
        box.addWidget(self.note)
        box.addLayout(below)
        self.note.setMinimumHeight(self.fontMetrics().height() * 2 + 6)
        fit(self, 122, 36)

    # The list

    def _fill(self) -> None:
        chosen, registry = self.chosen(), self.keymap.registry
        names = [each.objectName() for each in registry]
        self.table.blockSignals(True)
        self.table.setRowCount(len(names))
        for row, name in enumerate(names):
            keys, own = registry.keys_of(name), registry.keys_of(name) != registry.default_keys(name)
            place = registry.menu_of(name).replace("/", " › ") or registry.where_of(name)
            was = shown_keys(registry.default_keys(name)) or "none"
            texts = (shown_text(registry[name]), shown_keys(keys) or "—", f"yours, was {was}" if own else "", place)
            for column, text in enumerate(texts):
                item = self.table.item(row, column)
                if item is None:
                    item = QTableWidgetItem(text)
                    item.setData(_NAME, name)
                    item.setToolTip(registry.help_of(name))
                    self.table.setItem(row, column, item)
                elif item.text() != text:
                    # Only what is another text now: each item that is set makes the table measure itself.
                    item.setText(text)
        self.table.blockSignals(False)
        self._narrow(self.field.text())
        self.choose(chosen)
        self.reset_all_button.setEnabled(bool(registry.own_keys))

    def _narrow(self, text: str) -> None:
        """Rows that have every word, in their action, keys, place or help."""
        terms = text.lower().split()
        for row in range(self.table.rowCount()):
            items = [self.table.item(row, column) for column in range(self.table.columnCount())]
            hay = " ".join(f"{item.text()} {item.toolTip()}" for item in items if item is not None).lower()
            self.table.setRowHidden(row, not all(term in hay for term in terms))
        current = self.table.currentRow()
        if terms and (current < 0 or self.table.isRowHidden(current)):
            shown = next((row for row in range(self.table.rowCount()) if not self.table.isRowHidden(row)), -1)
            self.table.setCurrentCell(shown, 0)

    def chosen(self) -> str:
        """The name of the action that is chosen, "" for none."""
        item = self.table.item(self.table.currentRow(), 0)
        return str(item.data(_NAME)) if item is not None else ""

    def choose(self, name: str) -> None:
        for row in range(self.table.rowCount()):
            item = self.table.item(row, 0)
            if item is not None and item.data(_NAME) == name:
                self.table.setCurrentCell(row, 0)
        self._show_chosen()

    # The keys

    def _show_chosen(self) -> None:
        name = self.chosen()
        first = self.keymap.registry.keys_of(name).partition("; ")[0] if name else ""
        self.keys.blockSignals(True)
        self.keys.setKeySequence(QKeySequence(first))
        self.keys.blockSignals(False)
        self._tell()

    def _pressed(self) -> str:
        return self.keys.keySequence().toString(QKeySequence.SequenceFormat.PortableText)

    def _tell(self) -> None:
        name, pressed, registry = self.chosen(), self._pressed(), self.keymap.registry
        has_keys = bool(name and registry.keys_of(name))
        is_own = bool(name) and registry.keys_of(name) != registry.default_keys(name)
        is_same = bool(name) and pressed in registry.keys_of(name).split("; ")
        refusal = self.keymap.refusal(pressed) if pressed and not is_same else ""
        owners = self.keymap.owners(pressed, name) if pressed else []
        self.heading.setText(f"Keys for “{self.keymap.title(name)}”: press them here" if name else "Choose an action")
        self.assign_button.setText("Take &over" if owners and not refusal else "&Assign")
        self.assign_button.setEnabled(bool(name and pressed) and not refusal and not is_same)
        self.none_button.setEnabled(has_keys)
        self.reset_button.setEnabled(is_own)
        self.keys.setEnabled(bool(name))
        taken = ", ".join(f"“{self.keymap.title(each)}”" for each in owners)
        said = f"{shown_keys(pressed)} is taken by {taken}, which would have no such keys any more." if owners else ""
        warning = self.keymap.warning(pressed) if pressed and not is_same else ""
        self.note.setText(refusal or f"{said} {warning}".strip())
        self.note.setAccessibleName(self.note.text())

    def assign(self) -> None:
        name, pressed = self.chosen(), self._pressed()
        losers = self.keymap.assign(name, pressed)
        taken = f" Taken from “{self.keymap.title(losers[0])}”." if losers else ""
        self.note.setText(f"“{self.keymap.title(name)}” has {shown_keys(pressed)} now.{taken}")
        self.table.setFocus()

    def clear(self) -> None:
        name = self.chosen()
        self.keymap.assign(name, "")
        self.note.setText(f"“{self.keymap.title(name)}” has no keys now; the menus and Jump to still have it.")
        self.table.setFocus()

    def reset(self) -> None:
        name = self.chosen()
        self.keymap.reset(name)
        keys = shown_keys(self.keymap.registry.keys_of(name)) or "no keys"
        self.note.setText(f"“{self.keymap.title(name)}” has {keys} again.")
        self.table.setFocus()

    def reset_all(self) -> None:
        self.keymap.reset_all()
        self.note.setText("All actions have the keys again that they came with.")
        self.table.setFocus()


def _table() -> QTableWidget:
    table = QTableWidget(0, 4)
    table.setAccessibleName("Actions and their keys")
    table.setHorizontalHeaderLabels(["Action", "Keys", "Changed", "Where"])
    table.verticalHeader().hide()
    table.setShowGrid(False)
    table.setTabKeyNavigation(False)
    table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
    header = table.horizontalHeader()
    header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
    header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
    letter = table.fontMetrics().averageCharWidth()
    for column, letters in ((1, 26), (2, 22), (3, 26)):
        header.resizeSection(column, letter * letters)
    table.setWordWrap(False)
    space_rows(table)
    return table


def _button(text: str, act: object, look: str = "") -> QPushButton:
    button = QPushButton(text)
    button.setAutoDefault(False)
    if look:
        button.setProperty("look", look)
    button.clicked.connect(lambda: act() if callable(act) else None)
    return button

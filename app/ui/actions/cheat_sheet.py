"""F1: every action with its keys, and the keys that parts of the window handle by themselves."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFont
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QHBoxLayout,
    QHeaderView,
    QLineEdit,
    QPushButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from app.ui.parts.badges import text_label
from app.ui.parts.dialog_size import fit

from .actions import ActionRegistry, shown_keys, shown_text


class CheatSheet(QDialog):
    """By menu and by part of the window; the field above finds by word or by key. Show it with ``open()``."""

    change_requested = Signal(str)  # the action that is chosen, "" for none

    def __init__(self, registry: ActionRegistry, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Shortcuts")
        self._registry = registry
        self.field = QLineEdit()
        self.field.setProperty("look", "filter")
        self.field.setPlaceholderText("Find by word or by key")
        self.field.setAccessibleName("Find by word or by key")
        self.field.setClearButtonEnabled(True)
        self.field.textChanged.connect(self._narrow)
        self.tree = QTreeWidget()
        self.tree.setAccessibleName("Shortcuts")
        self.tree.setColumnCount(3)
        self.tree.setHeaderLabels(["Action", "Keys", "What it does"])
        self.tree.setRootIsDecorated(False)
        self.tree.setUniformRowHeights(True)
        self.tree.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.note = text_label("", "muted")
        self.change_button = QPushButton("C&hange keys…")
        self.change_button.setAutoDefault(False)
        self.change_button.clicked.connect(lambda: self.change_requested.emit(self.chosen()))
        self.close_button = QPushButton("Close")
        self.close_button.setAutoDefault(False)
        self.close_button.clicked.connect(self.accept)
        self._lay_out()
        registry.changed.connect(self._fill)
        self._fill()
        self.field.setFocus()

    def _lay_out(self) -> None:
        below = QHBoxLayout()
        below.addWidget(self.change_button)
        below.addWidget(self.note, 1)
        below.addWidget(self.close_button)
        box = QVBoxLayout(self)
        box.setContentsMargins(14, 14, 14, 12)
        box.setSpacing(9)
        box.addWidget(self.field)
        box.addWidget(self.tree, 1)
        box.addLayout(below)
        fit(self, 152, 38)
        header = self.tree.header()
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Interactive)
        header.setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
        header.resizeSection(0, self.fontMetrics().averageCharWidth() * 43)

    def _fill(self) -> None:
        registry = self._registry
        self.tree.clear()
        heads: dict[str, QTreeWidgetItem] = {}
        for action in registry:
            name = action.objectName()
            inner = registry.menu_of(name).partition("/")[2].replace("/", " › ")
            text = f"{inner} › {shown_text(action)}" if inner else shown_text(action)
            keys = shown_keys(registry.keys_of(name)) or "—"
            item = self._entry(heads, registry.where_of(name), text, keys, registry.help_of(name))
            item.setData(0, Qt.ItemDataRole.UserRole, name)
        for note in registry.notes:
            self._entry(heads, note.where, note.text, note.keys, "")
        self._narrow(self.field.text())

    def _entry(
        self, heads: dict[str, QTreeWidgetItem], where: str, text: str, keys: str, sentence: str
    ) -> QTreeWidgetItem:
        head = heads.get(where)
        if head is None:
            head = heads[where] = QTreeWidgetItem(self.tree, [where[:1].upper() + where[1:]])
            head.setFlags(Qt.ItemFlag.ItemIsEnabled)
            font = QFont(self.tree.font())
            font.setBold(True)
            head.setFont(0, font)
            head.setExpanded(True)
        item = QTreeWidgetItem(head, [text, keys, sentence])
        item.setToolTip(2, sentence)
        return item

    def _narrow(self, text: str) -> None:
        """Entries that have every word; a word of a heading shows all below it."""
        terms, count = text.lower().split(), 0
        for at in range(self.tree.topLevelItemCount()):
            head = self.tree.topLevelItem(at)
            if head is None:
                continue
            shown = 0
            for row in range(head.childCount()):
                item = head.child(row)
                if item is None:
                    continue
                hay = " ".join([head.text(0), *(item.text(column) for column in range(3))]).lower()
                item.setHidden(not all(term in hay for term in terms))
                shown += not item.isHidden()
            head.setHidden(not shown)
            count += shown
        self.note.setText("" if count else "No action and no key has all of these words.")

    def chosen(self) -> str:
        item = self.tree.currentItem()
        return str(item.data(0, Qt.ItemDataRole.UserRole) or "") if item is not None else ""

"""Help: the shortcuts, and what this program is."""

from __future__ import annotations

import platform
from pathlib import Path

from PySide6.QtCore import QSize, Qt, qVersion
from PySide6.QtGui import QIcon, QKeySequence
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QLabel,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from app.ui.actions import ActionRegistry
from app.ui.badges import text_label

# Keys that belong to a part of the window and are no actions of it.
_IN_PLACE = (
    ("List of apps: copy the selected app IDs", "Ctrl+C"),
    ("List of apps: open, rename, delete", "Enter, F2, Del"),
    ("Jump: copy the app's ID", "Ctrl+Enter"),
    ("Close a message or a dialog", "Esc"),
)


class ShortcutsDialog(QDialog):
    """Every key there is, read from the registry of actions."""

    def __init__(self, actions: ActionRegistry, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Shortcuts")
        rows = [
            (
                action.text().replace("&", "").rstrip("…"),
                action.shortcut().toString(QKeySequence.SequenceFormat.NativeText),
            )
            for action in actions
            if not action.shortcut().isEmpty()
        ]
        self.table = _table([*rows, *_IN_PLACE])
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        box = QVBoxLayout(self)
        box.setContentsMargins(14, 14, 14, 12)
        box.addWidget(self.table)
        box.addWidget(buttons)
        self.resize(520, 460)


def _table(rows: list[tuple[str, str]]) -> QTableWidget:
    table = QTableWidget(len(rows), 2)
    table.setAccessibleName("Shortcuts")
    table.setHorizontalHeaderLabels(["What it does", "Keys"])
    table.verticalHeader().hide()
    table.setShowGrid(False)
    table.setTabKeyNavigation(False)
    table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    for at, row in enumerate(rows):
        for column, text in enumerate(row):
            table.setItem(at, column, QTableWidgetItem(text))
    header = table.horizontalHeader()
    header.setStretchLastSection(True)
    header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
    table.setColumnWidth(0, 330)
    return table


class AboutDialog(QDialog):
    """Name, version, licence, and where this operator's data is."""

    def __init__(self, icon: QIcon, data_dir: Path, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        from app import __version__

        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("About Tenantry")
        picture = QLabel()
        picture.setPixmap(icon.pixmap(QSize(64, 64)))
        texts = QVBoxLayout()
        texts.setSpacing(6)
        texts.addWidget(text_label("Tenantry", "heading"))
        texts.addWidget(text_label("The operator's desktop for multi-tenant databases"))
        for line in (
            f"Version {__version__} · Python {platform.python_version()} · Qt {qVersion()}",
            "Apache License 2.0",
            f"Data: {data_dir}",
        ):
            label = text_label(line, "muted")
            label.setTextInteractionFlags(
                Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
            )
            texts.addWidget(label)
        row = QHBoxLayout()
        row.setSpacing(18)
        row.addWidget(picture, 0, Qt.AlignmentFlag.AlignTop)
        row.addLayout(texts, 1)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        box = QVBoxLayout(self)
        box.setContentsMargins(20, 20, 20, 14)
        box.setSpacing(14)
        box.addLayout(row)
        box.addWidget(buttons)

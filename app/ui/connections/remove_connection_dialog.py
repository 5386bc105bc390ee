"""Asks before a connection is forgotten."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from app.core.connection import Connection
from app.core.text import plain
from app.ui.parts.badges import text_label
from app.ui.parts.environment_badge import EnvironmentBadge


class RemoveConnectionDialog(QDialog):
    """Accepted when the operator said yes; nothing is done in here."""

    def __init__(self, connection: Connection, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Remove connection")
        head = QHBoxLayout()
        head.setSpacing(9)
        head.addWidget(text_label(plain(connection.label, 80), "heading"))
        head.addWidget(EnvironmentBadge(connection.environment))
        head.addStretch(1)
        explanation = text_label(
            "Tenantry forgets this connection, its stored tokens and its last-known apps. "
            "The platform and its apps are not touched. This cannot be undone, but the connection can be added again."
        )
        explanation.setWordWrap(True)
        self.remove_button = QPushButton("&Remove connection")
        self.remove_button.setProperty("look", "danger")
        self.remove_button.setAutoDefault(False)
        self.remove_button.clicked.connect(self.accept)
        self.cancel_button = QPushButton("Cancel")
        self.cancel_button.clicked.connect(self.reject)
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        buttons.addWidget(self.cancel_button)
        buttons.addWidget(self.remove_button)
        box = QVBoxLayout(self)
        box.setContentsMargins(20, 18, 20, 14)
        box.setSpacing(14)
        box.addLayout(head)
        box.addWidget(text_label(plain(connection.base_url, 200), "muted"))
        box.addWidget(explanation, 1)
        box.addLayout(buttons)
        self.setMinimumWidth(460)
        self.cancel_button.setFocus()

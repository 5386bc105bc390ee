"""Help: what this program is."""

from __future__ import annotations

import platform
from pathlib import Path

from PySide6.QtCore import QSize, Qt, qVersion
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QLabel,
    QVBoxLayout,
    QWidget,
)

from app.ui.parts.badges import text_label


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

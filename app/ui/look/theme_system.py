"""What the desktop is set to: dark or light, high contrast or not, and what its palette is."""

from __future__ import annotations

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QGuiApplication, QPalette


class SystemLook(QObject):
    """``changed``: the desktop was set otherwise, while the program runs."""

    changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        # WORKAROUND: asked for once more after its wrapper went, it comes back as deleted (PySide6 6.11).
        self._hints = QGuiApplication.styleHints()
        self._accessibility = self._hints.accessibility()
        self._hints.colorSchemeChanged.connect(self.changed)
        self._accessibility.contrastPreferenceChanged.connect(self.changed)

    @property
    def is_dark(self) -> bool:
        return self._hints.colorScheme() == Qt.ColorScheme.Dark

    @property
    def wants_contrast(self) -> bool:
        return self._accessibility.contrastPreference() == Qt.ContrastPreference.HighContrast

    def palette(self) -> QPalette:
        """What the desktop gives, whatever the program has put in its place."""
        own = QGuiApplication.palette()
        QGuiApplication.setPalette(QPalette())
        try:
            return QGuiApplication.palette()
        finally:
            QGuiApplication.setPalette(own)

"""A secret in the clipboard, for half a minute."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, QMimeData, QObject, QTimer
from PySide6.QtGui import QGuiApplication

from app.core.secret import Secret

CLEARED_AFTER_S = 30
# Clipboard managers that know the hint do not keep what has it.
_HINT = "x-kde-passwordManagerHint"


class SecretClipboard(QObject):
    """Lives as long as the program, so that closing what copied does not leave the secret behind."""

    def __init__(self, parent: QObject | None = None, *, after_s: float = CLEARED_AFTER_S) -> None:
        super().__init__(parent)
        self._held: Secret | None = None
        self.after_s = after_s  # of what is copied from now on
        self._timer = QTimer(self, singleShot=True)
        self._timer.timeout.connect(self.clear)

    @property
    def is_holding(self) -> bool:
        return self._held is not None

    def copy(self, secret: Secret) -> None:
        data = QMimeData()
        data.setText(secret.reveal())
        data.setData(_HINT, b"secret")
        QGuiApplication.clipboard().setMimeData(data)
        self._held = secret
        self._timer.start(int(self.after_s * 1000))

    def clear(self) -> None:
        """Only what was put here: what was copied since by others stays."""
        held, self._held = self._held, None
        self._timer.stop()
        if held is not None and Secret(QGuiApplication.clipboard().text()) == held:
            QGuiApplication.clipboard().clear()


_shared: SecretClipboard | None = None


def secret_clipboard() -> SecretClipboard:
    """The one of the program; clears also when the program ends."""
    global _shared
    if _shared is None:
        _shared = SecretClipboard()
        application = QCoreApplication.instance()
        if application is not None:
            application.aboutToQuit.connect(_shared.clear)
    return _shared

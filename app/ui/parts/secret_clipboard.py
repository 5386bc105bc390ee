"""A secret in the clipboard: not kept by clipboard managers, and gone after the time that was chosen."""

from __future__ import annotations

import sys

from PySide6.QtCore import QCoreApplication, QEvent, QMimeData, QObject, Qt, QTimer
from PySide6.QtGui import QClipboard, QGuiApplication, QKeyEvent, QKeySequence
from PySide6.QtWidgets import QLineEdit

from app.core.secret import Secret

CLEARED_AFTER_S = 30
# Clipboard managers of Linux desktops that know the hint do not keep what has it.
_HINT = "x-kde-passwordManagerHint"
# Windows keeps what has these out of its history, the cloud, and programs that watch the clipboard.
_WINDOWS = (
    ("ExcludeClipboardContentFromMonitorProcessing", b"\0\0\0\0"),
    ("CanIncludeInClipboardHistory", b"\0\0\0\0"),
    ("CanUploadToCloudClipboard", b"\0\0\0\0"),
)
# By agreement of the clipboard managers of macOS (nspasteboard.org).
_MAC = ("org.nspasteboard.ConcealedType", "org.nspasteboard.TransientType")


def secret_data(secret: Secret, platform: str = sys.platform) -> QMimeData:
    """The text with all marks that tell managers of this system to leave it alone."""
    data = QMimeData()
    data.setText(secret.reveal())
    data.setData(_HINT, b"secret")
    if platform == "win32":
        for name, value in _WINDOWS:
            data.setData(f'application/x-qt-windows-mime;value="{name}"', value)
    elif platform == "darwin":
        _know_mac_types()
        for name in _MAC:
            data.setData(name, b"")
    return data


def _know_mac_types() -> None:
    """Without it Qt would write types of its own making in their place."""
    global _mac_types
    if _mac_types is None:
        from PySide6 import QtGui

        base = getattr(QtGui, "QUtiMimeConverter", None)
        if base is not None:
            _mac_types = _converter(base)


def _converter(base: type) -> object:
    class Concealed(base):  # type: ignore[misc]
        def utiForMime(self, mime: str) -> str:
            return mime if mime in _MAC else ""

        def mimeForUti(self, uti: str) -> str:
            return uti if uti in _MAC else ""

        def canConvert(self, mime: str, uti: str) -> bool:
            return mime == uti and mime in _MAC

        def convertFromMime(self, _mime: str, _data: object, _uti: str) -> list[bytes]:
            return [b""]

    made: object = Concealed()
    return made


_mac_types: object | None = None


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
        QGuiApplication.clipboard().setMimeData(secret_data(secret))
        self._held = secret
        self._timer.start(int(self.after_s * 1000))

    def clear(self) -> None:
        """Only what was put here: what was copied since by others stays."""
        held, self._held = self._held, None
        self._timer.stop()
        if held is None:
            return
        clipboard = QGuiApplication.clipboard()
        modes = [QClipboard.Mode.Clipboard]
        if clipboard.supportsSelection():
            # Where it was pasted and marked with the mouse.
            modes.append(QClipboard.Mode.Selection)
        for mode in modes:
            if Secret(clipboard.text(mode)) == held:
                clipboard.clear(mode)


class CopyAsSecret(QObject):
    """What is copied out of a line with a secret in it goes the same way as by the button for it."""

    def __init__(self, edit: QLineEdit) -> None:
        super().__init__(edit)
        edit.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)
        edit.setDragEnabled(False)
        edit.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        is_key = event.type() in (QEvent.Type.KeyPress, QEvent.Type.ShortcutOverride)
        if not is_key or not isinstance(event, QKeyEvent) or not isinstance(watched, QLineEdit):
            return False
        if not (event.matches(QKeySequence.StandardKey.Copy) or event.matches(QKeySequence.StandardKey.Cut)):
            return False
        if event.type() == QEvent.Type.KeyPress and watched.hasSelectedText():
            secret_clipboard().copy(Secret(watched.selectedText()))
        event.accept()
        return True


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

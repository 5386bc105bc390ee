"""A copied secret is marked for clipboard managers, and goes away."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace

import pytest
from PySide6.QtCore import QMimeData, Qt
from PySide6.QtGui import QClipboard, QGuiApplication
from PySide6.QtWidgets import QLineEdit
from pytestqt.qtbot import QtBot

from app.core.secret import Secret
from app.ui.parts import secret_clipboard as module
from app.ui.parts.secret_clipboard import CopyAsSecret, SecretClipboard, secret_clipboard, secret_data

TOKEN = Secret("the-token-of-a-test")


@pytest.fixture(autouse=True)
def _clean(qapp: object) -> Iterator[None]:
    yield
    QGuiApplication.clipboard().clear()


@pytest.mark.parametrize(
    ("platform", "marks"),
    [
        ("linux", {}),
        (
            "win32",
            {
                'application/x-qt-windows-mime;value="ExcludeClipboardContentFromMonitorProcessing"': b"\0\0\0\0",
                'application/x-qt-windows-mime;value="CanIncludeInClipboardHistory"': b"\0\0\0\0",
                'application/x-qt-windows-mime;value="CanUploadToCloudClipboard"': b"\0\0\0\0",
            },
        ),
        ("darwin", {"org.nspasteboard.ConcealedType": b"", "org.nspasteboard.TransientType": b""}),
    ],
)
def test_secret_is_marked_for_the_managers_of_each_system(platform: str, marks: dict[str, bytes]) -> None:
    data = secret_data(TOKEN, platform)
    assert data.text() == TOKEN.reveal()
    assert data.data("x-kde-passwordManagerHint") == b"secret"
    formats = set(data.formats())
    for name, value in marks.items():
        assert name in formats
        assert data.data(name) == value


def test_copied_secret_is_cleared_after_the_seconds_that_are_set(qtbot: QtBot) -> None:
    clipboard = SecretClipboard(after_s=1000)
    clipboard.after_s = 0
    clipboard.copy(TOKEN)
    qtbot.waitUntil(lambda: not clipboard.is_holding)
    assert QGuiApplication.clipboard().text() == ""


def test_end_of_the_program_clears_only_what_is_still_ours(qtbot: QtBot) -> None:
    clipboard = SecretClipboard(after_s=1000)
    clipboard.copy(TOKEN)
    clipboard.clear()
    assert QGuiApplication.clipboard().text() == ""
    clipboard.copy(TOKEN)
    QGuiApplication.clipboard().setText("of somebody else")
    clipboard.clear()
    assert QGuiApplication.clipboard().text() == "of somebody else"


class TwoClipboards:
    """Those of X11: what was copied, and what was marked with the mouse. The platform of the tests has one only."""

    def __init__(self) -> None:
        self.texts = dict.fromkeys((QClipboard.Mode.Clipboard, QClipboard.Mode.Selection), "")

    def supportsSelection(self) -> bool:
        return True

    def setMimeData(self, data: QMimeData) -> None:
        self.texts[QClipboard.Mode.Clipboard] = data.text()

    def text(self, mode: QClipboard.Mode) -> str:
        return self.texts[mode]

    def clear(self, mode: QClipboard.Mode) -> None:
        self.texts[mode] = ""


@pytest.mark.parametrize(("marked", "is_left"), [(TOKEN.reveal(), False), ("of somebody else", True)])
def test_secret_that_was_marked_with_the_mouse_goes_too(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, marked: str, is_left: bool
) -> None:
    system = TwoClipboards()
    monkeypatch.setattr(module, "QGuiApplication", SimpleNamespace(clipboard=lambda: system))
    clipboard = SecretClipboard(after_s=1000)
    clipboard.copy(TOKEN)
    system.texts[QClipboard.Mode.Selection] = marked
    clipboard.clear()
    assert system.texts == {
        QClipboard.Mode.Clipboard: "",
        QClipboard.Mode.Selection: marked if is_left else "",
    }


def test_keys_copy_a_shown_secret_as_one(qtbot: QtBot) -> None:
    edit = QLineEdit(TOKEN.reveal())
    qtbot.addWidget(edit)
    CopyAsSecret(edit)
    edit.show()
    edit.selectAll()
    qtbot.keyClick(edit, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert QGuiApplication.clipboard().mimeData().data("x-kde-passwordManagerHint") == b"secret"
    assert secret_clipboard().is_holding
    secret_clipboard().clear()
    assert QGuiApplication.clipboard().text() == ""

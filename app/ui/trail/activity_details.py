"""One call in full: headers and bodies, or the statement, without secrets."""

from __future__ import annotations

import json
import time

from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QDialog, QHBoxLayout, QPlainTextEdit, QPushButton, QVBoxLayout, QWidget

from app.core.activity import ActivityEntry, ShownCall
from app.core.connection import Connection
from app.core.text import plain
from app.ui.look.theme import mono_font
from app.ui.parts.badges import text_label
from app.ui.parts.dialog_size import fit
from app.ui.parts.environment_badge import EnvironmentBadge

from .curl_text import curl_text

_GONE = "Only the latest 200 calls are kept in full: this one is not there any more."
_NOT_KEPT = "Of this call nothing else was kept."


class ActivityDetailsDialog(QDialog):
    """What is shown is what is copied; tokens are in neither."""

    def __init__(
        self, entry: ActivityEntry, connection: Connection | None, status: str, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("Call")
        self.finished.connect(self.deleteLater)
        self._method = plain(entry.method, 10)
        self.call = entry.details.shown() if entry.details is not None else None
        self.text = QPlainTextEdit(details_text(entry, self.call, status))
        self.text.setReadOnly(True)
        self.text.setTabChangesFocus(True)
        self.text.setFont(mono_font())
        self.text.setAccessibleName("The call in full")
        self.curl_button = QPushButton("Copy as c&url")
        self.curl_button.setToolTip("The token is left out: the command takes it from $TOKEN")
        self.curl_button.setEnabled(self.call is not None and bool(self.call.url))
        self.copy_button = QPushButton("&Copy all")
        self.close_button = QPushButton("Close")
        self.close_button.setDefault(True)
        self.curl_button.clicked.connect(self.copy_curl)
        self.copy_button.clicked.connect(lambda: QGuiApplication.clipboard().setText(self.text.toPlainText()))
        self.close_button.clicked.connect(self.accept)
        self._lay_out(entry, connection)
        fit(self, 100, 34)

    def _lay_out(self, entry: ActivityEntry, connection: Connection | None) -> None:
        head = QHBoxLayout()
        head.setSpacing(8)
        title = text_label(f"{self._method} {plain(entry.path, 90)}", "heading")
        title.setWordWrap(True)
        head.addWidget(title, 1)
        if connection is not None:
            head.addWidget(text_label(plain(connection.label, 40), "muted"))
            head.addWidget(EnvironmentBadge(connection.environment))
        buttons = QHBoxLayout()
        buttons.addWidget(self.curl_button)
        buttons.addWidget(self.copy_button)
        buttons.addStretch(1)
        buttons.addWidget(self.close_button)
        box = QVBoxLayout(self)
        box.setContentsMargins(20, 18, 20, 14)
        box.setSpacing(12)
        box.addLayout(head)
        box.addWidget(self.text, 1)
        box.addLayout(buttons)

    def copy_curl(self) -> None:
        if self.call is not None and self.call.url:
            QGuiApplication.clipboard().setText(curl_text(self._method, self.call))


def details_text(entry: ActivityEntry, call: ShownCall | None, status: str) -> str:
    when = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(entry.at))
    lines = [f"{when}   {plain(status, 160)}   {entry.ms:,.0f} ms"]
    if call is None:
        return "\n".join([*lines, "", _GONE if entry.details is not None else _NOT_KEPT])
    if not call.url:
        return "\n".join([*lines, "", call.request, *_cut(call.is_request_cut)])
    lines += ["", "REQUEST", f"{plain(entry.method, 10)} {call.url}", *_headers(call.request_headers)]
    if call.request:
        lines += ["", _body(call.request, call.is_request_cut), *_cut(call.is_request_cut)]
    if call.answer_headers or call.answer:
        lines += ["", "ANSWER", plain(status, 160), *_headers(call.answer_headers)]
        lines += ["", _body(call.answer, call.is_answer_cut), *_cut(call.is_answer_cut)]
    return "\n".join(lines)


def _headers(headers: tuple[tuple[str, str], ...]) -> list[str]:
    return [f"{plain(name, 80)}: {plain(value, 400)}" for name, value in headers]


def _body(text: str, is_cut: bool) -> str:
    """JSON with line breaks where it is whole; anything else as it came."""
    if not is_cut:
        try:
            return json.dumps(json.loads(text), indent=2, ensure_ascii=False)
        except (ValueError, RecursionError):
            pass
    return text


def _cut(is_cut: bool) -> list[str]:
    return ["… (cut: only the beginning is kept)"] if is_cut else []

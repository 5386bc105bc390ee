"""The part of the connection dialog for Instant: its server, the foundation, the tokens."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QLineEdit, QWidget

from app.core.connection import Connection, Environment
from app.core.secret import Secret
from app.services.sql_address import is_loopback_url
from app.ui.look.theme import mono_font
from app.ui.parts.form_area import two_columns
from app.ui.parts.form_field import ChoiceBox, FormField, TokenEdit

# (name, address, environment that is likely there)
PRESETS = (
    ("Instant Cloud", "https://api.instantdb.com", Environment.PRODUCTION),
    ("Self-hosted Instant", "http://localhost:8888", Environment.STAGING),
    ("Other address", "", Environment.STAGING),
)
_OTHER = len(PRESETS) - 1


class InstantFields(QWidget):
    """``changed``: what was tested is another connection now. ``preset_taken`` and ``address_typed`` carry what the
    environment and the name may follow."""

    changed = Signal()
    preset_taken = Signal(int)
    address_typed = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.preset_box = ChoiceBox()
        self.url_edit = QLineEdit()
        self.foundation_edit = QLineEdit()
        self.platform_token = TokenEdit()
        self.dash_token = TokenEdit()
        self.url_edit.setFont(mono_font())
        self.foundation_edit.setFont(mono_font())
        self.foundation_edit.setPlaceholderText("optional, 36 characters")
        for name, *_rest in PRESETS:
            self.preset_box.addItem(name)
        self.fields = self._make_fields()
        grid = two_columns(self)
        for at, name in enumerate(("preset", "base_url")):
            grid.addWidget(self.fields[name], 0, at, Qt.AlignmentFlag.AlignTop)
        grid.addWidget(self.fields["foundation_app_id"], 1, 0, 1, 2)
        for at, name in enumerate(("platform_token", "dash_token")):
            grid.addWidget(self.fields[name], 2, at, Qt.AlignmentFlag.AlignTop)
        self.preset_box.activated.connect(self.take_preset)
        self.url_edit.textEdited.connect(self._follow_url)
        for edit in (self.url_edit, self.platform_token.edit, self.dash_token.edit):
            edit.textChanged.connect(lambda _text: self.changed.emit())

    def _make_fields(self) -> dict[str, FormField]:
        return {
            "preset": FormField("Instant &server", self.preset_box),
            "base_url": FormField("&Address of the API", self.url_edit),
            "foundation_app_id": FormField(
                "&Foundation app ID",
                self.foundation_edit,
                hint="The app that holds the registry of users, apps and tasks.",
            ),
            "platform_token": FormField(
                "Platform &token",
                self.platform_token,
                marked=self.platform_token.edit,
                hint="A personal access token, per_…",
            ),
            "dash_token": FormField(
                "&Dashboard token",
                self.dash_token,
                marked=self.dash_token.edit,
                hint="Only for app status and new admin tokens.",
            ),
        }

    def fill(self, connection: Connection) -> None:
        self.url_edit.setText(connection.base_url)
        self.preset_box.setCurrentIndex(_preset_of(connection.base_url))
        self.foundation_edit.setText(connection.foundation_app_id or "")

    def lock_builtin(self) -> None:
        """Address and tokens of the local platform are made at each start; entering others would do nothing."""
        for name in ("preset", "base_url", "platform_token", "dash_token"):
            self.fields[name].setEnabled(False)
        for token in (self.platform_token, self.dash_token):
            token.edit.setPlaceholderText("Made by Tenantry at each start")
        self.fields["base_url"].set_hint("This is the local platform that Tenantry runs.")

    @property
    def is_on_this_machine(self) -> bool:
        return is_loopback_url(self.url_edit.text())

    def take_preset(self, at: int) -> None:
        _name, url, _environment = PRESETS[at]
        self.preset_box.setCurrentIndex(at)
        self.url_edit.setText(url)
        self.fields["base_url"].set_error("")
        self.preset_taken.emit(at)
        if not url:
            self.url_edit.setFocus()

    def address(self) -> str:
        return self.url_edit.text()

    def foundation(self) -> str | None:
        return self.foundation_edit.text() or None

    def _follow_url(self, text: str) -> None:
        self.preset_box.setCurrentIndex(_preset_of(text))
        self.address_typed.emit(text)


def token_of(token: TokenEdit) -> Secret | None:
    """White space around a token came with the copying."""
    text = token.edit.text().strip()
    return Secret(text) if text else None


def _preset_of(url: str) -> int:
    plain_url = url.strip().rstrip("/").lower()
    return next((at for at, each in enumerate(PRESETS) if each[1] and each[1] == plain_url), _OTHER)

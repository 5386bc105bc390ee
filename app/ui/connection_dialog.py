"""Adds, edits or removes a connection; its token goes to the vault and nowhere else."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QFileDialog,
    QGridLayout,
    QHBoxLayout,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from app.core.connection import Connection, Environment, Platform, TokenKind
from app.core.errors import Invalid, KnownError
from app.core.secret import Secret
from app.core.status import Health
from app.core.text import plain

from .action_dialog import ActionDialog
from .badges import StateMark, text_label
from .env_import_note import EnvImportNote
from .form_field import CheckBox, ChoiceBox, FormField, TokenEdit, clear_errors
from .icons import state_word
from .runner import Runner, Ticket
from .theme import mono_font

if TYPE_CHECKING:
    from app.platforms.contract import Probe
    from app.services.connections import ConnectionDraft
    from app.services.env_file import EnvImport
    from app.services.suite import Services

# (name, address, environment that is likely there)
PRESETS = (
    ("Instant Cloud", "https://api.instantdb.com", Environment.PRODUCTION),
    ("Self-hosted Instant", "http://localhost:8888", Environment.STAGING),
    ("Other address", "", Environment.STAGING),
)
_OTHER = len(PRESETS) - 1
_ENVIRONMENTS = (
    (Environment.LOCAL, "Local"),
    (Environment.STAGING, "Staging"),
    (Environment.PRODUCTION, "Production"),
)
_STORED = "Stored; leave empty to keep it"
_READ_LIMIT = 1_000_001


class ConnectionDialog(ActionDialog):
    """``saved`` carries the Connection, ``removed`` the ID of the one that is gone."""

    saved = Signal(object)
    removed = Signal(str)

    def __init__(self, runner: Runner, connection: Connection | None = None, parent: QWidget | None = None) -> None:
        heading = "Edit connection" if connection else "Add connection"
        super().__init__(runner, heading, "Save", parent)
        self._connection = connection
        # An environment that somebody chose is not changed because the address was.
        self._is_environment_chosen = connection is not None
        self._test: Ticket | None = None
        self._chooser: QFileDialog | None = None
        self.preset_box = ChoiceBox()
        self.label_edit = QLineEdit()
        self.url_edit = QLineEdit()
        self.environment_box = ChoiceBox()
        self.read_only_box = CheckBox("Read-only: only requests that change nothing are sent")
        self.foundation_edit = QLineEdit()
        self.platform_token = TokenEdit()
        self.dash_token = TokenEdit()
        self.vault_label = text_label("", "small")
        self.import_note = EnvImportNote()
        self.paste_edit = QPlainTextEdit()
        self.test_result = _TestResult()
        self._build()
        self._fill()
        self._follow_environment()
        runner.start(_vault_sentence, owner=self, title="Look at the keyring", done=self._tell_vault, quiet=True)

    # Building

    def _build(self) -> None:
        self.setMinimumWidth(640)
        self.url_edit.setFont(mono_font())
        self.foundation_edit.setFont(mono_font())
        self.foundation_edit.setPlaceholderText("optional, 36 characters")
        for name, *_rest in PRESETS:
            self.preset_box.addItem(name)
        for environment, word in _ENVIRONMENTS:
            self.environment_box.addItem(word, environment)
        grid = QGridLayout()
        grid.setHorizontalSpacing(14)
        grid.setVerticalSpacing(12)
        grid.setColumnStretch(0, 1)
        grid.setColumnStretch(1, 1)
        self.fields = self._make_fields()
        for at, name in enumerate(("label", "preset", "base_url", "environment")):
            grid.addWidget(self.fields[name], at // 2, at % 2, Qt.AlignmentFlag.AlignTop)
        grid.addWidget(self.fields["foundation_app_id"], 2, 0, 1, 2)
        for column, name in enumerate(("platform_token", "dash_token")):
            grid.addWidget(self.fields[name], 3, column, Qt.AlignmentFlag.AlignTop)
        self.body.addLayout(grid)
        self.body.addWidget(self.vault_label)
        self.body.addWidget(self.read_only_box)
        self.body.addWidget(self._import_part())
        self.body.addWidget(self.test_result)
        self.body.addStretch(1)
        self._add_buttons()
        self._connect()

    def _make_fields(self) -> dict[str, FormField]:
        return {
            "label": FormField("&Name", self.label_edit),
            "preset": FormField("Instant &server", self.preset_box),
            "base_url": FormField("&Address of the API", self.url_edit),
            "environment": FormField("&Environment", self.environment_box),
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

    def _import_part(self) -> QWidget:
        part = QWidget()
        self.file_button = QPushButton("Import from .env…")
        self.paste_button = QPushButton("Paste .env text")
        self.paste_button.setCheckable(True)
        self.environment_button = QPushButton("Use environment variables")
        self.read_button = QPushButton("Read the text")
        row = QHBoxLayout()
        row.setContentsMargins(0, 0, 0, 0)
        for button in (self.file_button, self.paste_button, self.environment_button):
            button.setProperty("look", "small")
            button.setAutoDefault(False)
            row.addWidget(button)
        row.addStretch(1)
        self.paste_edit.setAccessibleName("Text of an .env file")
        self.paste_edit.setPlaceholderText("PLATFORM_TOKEN=per_…\nINSTANT_APP_ID=…")
        self.paste_edit.setFixedHeight(88)
        self.paste_edit.setTabChangesFocus(True)
        self.read_button.setAutoDefault(False)
        self.read_button.setProperty("look", "small")
        self._paste = QWidget()
        paste = QVBoxLayout(self._paste)
        paste.setContentsMargins(0, 0, 0, 0)
        paste.addWidget(self.paste_edit)
        paste.addWidget(self.read_button, 0, Qt.AlignmentFlag.AlignLeft)
        self._paste.hide()
        layout = QVBoxLayout(part)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(row)
        layout.addWidget(self._paste)
        layout.addWidget(self.import_note)
        return part

    def _add_buttons(self) -> None:
        self.test_button = QPushButton("Test")
        self.test_button.setAutoDefault(False)
        self.buttons.insertWidget(0, self.test_button)
        self.remove_button = QPushButton("Remove…")
        self.remove_button.setAutoDefault(False)
        self.remove_button.setVisible(self._connection is not None and not self._connection.is_builtin)
        self.buttons.insertWidget(1, self.remove_button)

    def _connect(self) -> None:
        self.preset_box.activated.connect(self._take_preset)
        self.url_edit.textEdited.connect(self._follow_url)
        self.environment_box.activated.connect(lambda _at: self._keep_environment())
        self.environment_box.currentIndexChanged.connect(self._follow_environment)
        self.file_button.clicked.connect(self._choose_file)
        self.paste_button.toggled.connect(self._show_paste)
        self.read_button.clicked.connect(self._read_pasted)
        self.environment_button.clicked.connect(self._read_environment)
        self.test_button.clicked.connect(self.test)
        self.remove_button.clicked.connect(self._ask_to_remove)
        for edit in (self.url_edit, self.platform_token.edit, self.dash_token.edit):
            # What was tested is another connection now.
            edit.textChanged.connect(lambda _text: self._forget_test())

    def _fill(self) -> None:
        old = self._connection
        if old is None:
            self._take_preset(0)
            self.label_edit.setFocus()
            return
        self.label_edit.setText(old.label)
        self.url_edit.setText(old.base_url)
        self.preset_box.setCurrentIndex(_preset_of(old.base_url))
        self.environment_box.setCurrentIndex(self.environment_box.findData(old.environment))
        self.read_only_box.setChecked(old.is_read_only)
        self.foundation_edit.setText(old.foundation_app_id or "")
        self.label_edit.setFocus()
        if old.is_builtin:
            self._lock_builtin()
        else:
            self._ask_what_is_stored(old.id)

    def _lock_builtin(self) -> None:
        """Address and tokens of the local platform are made at each start; entering others would do nothing."""
        for name in ("preset", "base_url", "environment", "platform_token", "dash_token"):
            self.fields[name].setEnabled(False)
        for token in (self.platform_token, self.dash_token):
            token.edit.setPlaceholderText("Made by Tenantry at each start")
        for button in (self.file_button, self.paste_button, self.environment_button):
            button.setEnabled(False)
        self.fields["base_url"].set_hint("This is the local platform that Tenantry runs.")

    # Following what is entered

    def _take_preset(self, at: int) -> None:
        name, url, environment = PRESETS[at]
        self.preset_box.setCurrentIndex(at)
        self.url_edit.setText(url)
        self.environment_box.setCurrentIndex(self.environment_box.findData(environment))
        self.fields["base_url"].set_error("")
        if not self.label_edit.text() or self.label_edit.text() in {each[0] for each in PRESETS}:
            self.label_edit.setText(name if url else "")
        if not url:
            self.url_edit.setFocus()

    def _follow_url(self, text: str) -> None:
        self.preset_box.setCurrentIndex(_preset_of(text))
        if not self._is_environment_chosen and _is_loopback(text):
            self.environment_box.setCurrentIndex(self.environment_box.findData(Environment.LOCAL))

    def _keep_environment(self) -> None:
        self._is_environment_chosen = True

    def _follow_environment(self) -> None:
        self.badge.set_environment(self.environment)
        self.badge.show()

    def _forget_test(self) -> None:
        if self._test is not None:
            ticket, self._test = self._test, None
            ticket.cancel()
        self.test_button.setEnabled(True)
        self.test_result.hide()

    def _ask_what_is_stored(self, connection_id: str) -> None:
        """A token is said to be stored only where it is; without a keyring it went with the last session."""
        edits = {TokenKind.PLATFORM: self.platform_token.edit, TokenKind.DASH: self.dash_token.edit}

        async def read(services: Services) -> list[TokenKind]:
            return [kind for kind in edits if await services.tokens.get(connection_id, kind) is not None]

        def tell(stored: list[TokenKind]) -> None:
            for kind, edit in edits.items():
                edit.setPlaceholderText(_STORED if kind in stored else "None is stored")

        # Where the keyring cannot be read, nothing is claimed; saving will say what is the matter.
        self._runner.start(
            read, owner=self, title="Look for stored tokens", done=tell, failed=lambda _error: True, quiet=True
        )

    def _tell_vault(self, sentence: str) -> None:
        self.vault_label.setText(sentence)

    @property
    def environment(self) -> Environment:
        # Qt keeps the text of an enum's value, not the enum.
        return Environment(self.environment_box.currentData())

    def _draft(self) -> ConnectionDraft:
        from app.services.connections import ConnectionDraft

        return ConnectionDraft(
            label=self.label_edit.text(),
            platform=self._connection.platform if self._connection else Platform.INSTANT,
            base_url=self.url_edit.text(),
            environment=self.environment,
            is_read_only=self.read_only_box.isChecked(),
            foundation_app_id=self.foundation_edit.text() or None,
            platform_token=_secret(self.platform_token),
            dash_token=_secret(self.dash_token),
        )

    # Importing

    def _choose_file(self) -> None:
        chooser = self._chooser = QFileDialog(self, "Import from .env")
        chooser.setFileMode(QFileDialog.FileMode.ExistingFile)
        chooser.setNameFilters(["Environment files (.env .env.* *.env)", "All files (*)"])
        chooser.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        chooser.fileSelected.connect(self.import_file)
        chooser.open()

    def import_file(self, path: str) -> None:
        """Read the file on the engine's side and take what is in it."""
        self._runner.start(
            partial(_read_file, path=path),
            owner=self,
            title="Read an .env file",
            done=self._take_import,
            failed=self._import_failed,
            replaces="import",
        )

    def _show_paste(self, is_shown: bool) -> None:
        self._paste.setVisible(is_shown)
        if is_shown:
            self.paste_edit.setFocus()

    def _read_pasted(self) -> None:
        text = self.paste_edit.toPlainText()
        # It holds tokens: once read, they have no business in sight.
        self.paste_edit.clear()
        self.paste_button.setChecked(False)
        self._runner.start(
            partial(_read_text, text=text),
            owner=self,
            title="Read .env text",
            done=self._take_import,
            replaces="import",
        )

    def _read_environment(self) -> None:
        self._runner.start(
            _read_variables, owner=self, title="Read variables", done=self._take_import, replaces="import"
        )

    def _take_import(self, found: EnvImport) -> None:
        taken: list[str] = []
        if found.platform_token is not None:
            self.platform_token.edit.setText(found.platform_token.reveal())
            self.fields["platform_token"].set_error("")
            taken.append("platform token")
        if found.foundation_app_id is not None:
            self.foundation_edit.setText(found.foundation_app_id)
            self.fields["foundation_app_id"].set_error("")
            taken.append("foundation app ID")
        self.import_note.tell(taken, found)

    def _import_failed(self, error: KnownError) -> bool:
        self.import_note.tell_failure(error.sentence)
        return True

    # Testing, saving, removing

    def test(self) -> None:
        """Ask the platform with what is entered; nothing is stored."""
        clear_errors(self.fields)
        self.message.clear()
        draft = self._draft()
        connection_id = self._connection.id if self._connection else None

        async def probe(services: Services) -> Probe:
            return await services.connections.test(draft, connection_id)

        self.test_button.setEnabled(False)
        self.test_result.wait()
        self._test = self._runner.start(
            probe,
            owner=self,
            title="Test a connection",
            done=self._show_probe,
            failed=self._test_failed,
            replaces="test",
        )

    def _show_probe(self, probe: Probe) -> None:
        self._test = None
        self.test_button.setEnabled(True)
        self.test_result.tell(probe.health, probe.latency_ms, probe.sentence, probe.remedy)

    def _test_failed(self, error: KnownError) -> bool:
        self._test = None
        self.test_button.setEnabled(True)
        if isinstance(error, Invalid):
            self.test_result.hide()
            self.show_error(error)
        else:
            self.test_result.tell(Health.UNREACHABLE, None, error.sentence, error.remedy)
        return True

    def act(self) -> None:
        if self.is_working:
            return
        draft, old = self._draft(), self._connection

        async def save(services: Services) -> Connection:
            if old is None:
                return await services.connections.add(draft)
            return await services.connections.update(old.id, draft)

        self.begin(save, "Save the connection", self._finish)

    def _finish(self, connection: Connection) -> None:
        self.saved.emit(connection)
        self.accept()

    def _ask_to_remove(self) -> None:
        from .remove_connection_dialog import RemoveConnectionDialog

        if self._connection is None or self.is_working:
            return
        question = RemoveConnectionDialog(self._connection, self)
        question.accepted.connect(self._remove)
        question.open()

    def _remove(self) -> None:
        old = self._connection
        if old is None or self.is_working:
            return
        connection_id = old.id

        async def remove(services: Services) -> None:
            await services.connections.remove(connection_id)

        self.begin(remove, f"Remove {plain(old.label, 40)}", lambda _none: self._gone(connection_id))

    def _gone(self, connection_id: str) -> None:
        self.removed.emit(connection_id)
        self.accept()


class _TestResult(QWidget):
    """What the platform answered, as shape, word and sentence."""

    def __init__(self) -> None:
        super().__init__()
        self.mark = StateMark(Health.UNKNOWN)
        self.headline = text_label("", "title")
        self.sentence = text_label("", "muted")
        self.sentence.setWordWrap(True)
        texts = QVBoxLayout()
        texts.setSpacing(2)
        texts.addWidget(self.headline)
        texts.addWidget(self.sentence)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addWidget(self.mark, 0, Qt.AlignmentFlag.AlignTop)
        layout.addLayout(texts, 1)
        self.hide()

    def wait(self) -> None:
        self._show(Health.UNKNOWN, "Testing…", "")

    def tell(self, health: Health, latency_ms: float | None, sentence: str, remedy: str) -> None:
        after = f" · {latency_ms:,.0f} ms" if latency_ms is not None else ""
        self._show(health, f"{state_word(health)}{after}", " ".join(part for part in (sentence, remedy) if part))

    def _show(self, health: Health, headline: str, sentence: str) -> None:
        self.mark.set_state(health)
        self.headline.setText(headline)
        self.sentence.setText(plain(sentence, 600))
        self.sentence.setVisible(bool(sentence))
        self.setAccessibleName(f"{headline} {sentence}".strip())
        self.show()


def _preset_of(url: str) -> int:
    plain_url = url.strip().rstrip("/").lower()
    return next((at for at, each in enumerate(PRESETS) if each[1] and each[1] == plain_url), _OTHER)


def _is_loopback(url: str) -> bool:
    try:
        return urlsplit(url.strip()).hostname in {"localhost", "127.0.0.1", "::1"}
    except ValueError:  # half an address, as it is while it is typed
        return False


def _secret(token: TokenEdit) -> Secret | None:
    text = token.edit.text().strip()
    return Secret(text) if text else None


async def _vault_sentence(services: Services) -> str:
    return services.tokens.state().sentence


async def _read_text(_services: Services, text: str) -> EnvImport:
    from app.services.env_file import read_env

    return read_env(text)


async def _read_variables(_services: Services) -> EnvImport:
    from app.services.env_file import from_environment

    return from_environment()


async def _read_file(_services: Services, path: str) -> EnvImport:
    """Raises Invalid where the file cannot be read as text."""
    import asyncio

    from app.services.env_file import read_env

    return read_env(await asyncio.to_thread(_text_of, Path(path)))


def _text_of(path: Path) -> str:
    try:
        with path.open(encoding="utf-8") as file:
            return file.read(_READ_LIMIT)
    except (OSError, UnicodeDecodeError) as error:
        raise Invalid(f"{plain(path.name, 60)} cannot be read as a text file.", details=type(error).__name__) from error

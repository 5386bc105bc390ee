"""Adds, edits or removes a connection; its token or password goes to the vault and nowhere else."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QLineEdit, QPushButton, QWidget

from app.core.connection import Connection, Environment, Platform, TokenKind
from app.core.errors import Invalid, KnownError
from app.core.status import Health
from app.core.text import plain
from app.platforms.traits import traits_of
from app.ui.parts.action_dialog import ActionDialog
from app.ui.parts.badges import text_label
from app.ui.parts.check_mark import CheckBox
from app.ui.parts.form_field import ChoiceBox, FormField, clear_errors
from app.ui.work.runner import Runner, Ticket

from .connection_dialog_instant import PRESETS, InstantFields, token_of
from .connection_dialog_sql import FileFields, ServerFields
from .connection_test_result import ConnectionTestResult
from .env_import_part import EnvImportPart

if TYPE_CHECKING:
    from app.platforms.contract import Probe
    from app.services.connections import ConnectionDraft
    from app.services.env_file import EnvImport
    from app.services.suite import Services


class Kind(StrEnum):
    """What one connects to."""

    INSTANT = "Instant"
    POSTGRES = "PostgreSQL"
    SQLITE = "SQLite file"


_ENVIRONMENTS = (
    (Environment.LOCAL, "Local"),
    (Environment.STAGING, "Staging"),
    (Environment.PRODUCTION, "Production"),
)
_STORED = "Stored; leave empty to keep it"
_PRESET_NAMES = frozenset(each[0] for each in PRESETS)


class ConnectionDialog(ActionDialog):
    """``saved`` carries the Connection, ``removed`` the ID of the one that is gone."""

    saved = Signal(object)
    removed = Signal(str)

    scrolls = True

    def __init__(self, runner: Runner, connection: Connection | None = None, parent: QWidget | None = None) -> None:
        heading = "Edit connection" if connection else "Add connection"
        super().__init__(runner, heading, "Save", parent)
        self._connection = connection
        # An environment that somebody chose is not changed because the address was.
        self._is_environment_chosen = connection is not None
        self._test: Ticket | None = None
        self.label_edit = QLineEdit()
        self.kind_box = ChoiceBox()
        self.environment_box = ChoiceBox()
        self.instant, self.server, self.file = InstantFields(), ServerFields(), FileFields()
        self._parts: dict[Kind, InstantFields | ServerFields | FileFields] = {
            Kind.INSTANT: self.instant,
            Kind.POSTGRES: self.server,
            Kind.SQLITE: self.file,
        }
        self.read_only_box = CheckBox("Read-only: only requests that change nothing are sent")
        self.guarded_box = CheckBox("Guarded: changes are sent only while it is unlocked")
        # As the environment is, until somebody chooses.
        self._is_guard_chosen = connection is not None
        self.vault_label = text_label("", "small")
        self.imports = EnvImportPart(runner)
        self.test_result = ConnectionTestResult()
        self._build()
        self._fill()
        self._follow_environment()
        runner.start(_vault_sentence, owner=self, title="Look at the keyring", done=self._tell_vault, quiet=True)

    # Building

    def _build(self) -> None:
        self.setMinimumWidth(640)
        for kind in Kind:
            self.kind_box.addItem(kind.value, kind)
        for environment, word in _ENVIRONMENTS:
            self.environment_box.addItem(word, environment)
        self._common = {
            "label": FormField("&Name", self.label_edit),
            "kind": FormField("&Platform", self.kind_box),
            "environment": FormField("&Environment", self.environment_box),
        }
        grid = QGridLayout()
        grid.setHorizontalSpacing(14)
        grid.setVerticalSpacing(12)
        for column, stretch in enumerate((2, 1, 1)):
            grid.setColumnStretch(column, stretch)
        for column, field in enumerate(self._common.values()):
            grid.addWidget(field, 0, column, Qt.AlignmentFlag.AlignTop)
        self.body.addLayout(grid)
        for part in self._parts.values():
            self.body.addWidget(part)
        self.body.addWidget(self.vault_label)
        self.body.addWidget(self.read_only_box)
        self.body.addWidget(self.guarded_box)
        self.body.addWidget(self.imports)
        self.body.addWidget(self.test_result)
        self.body.addStretch(1)
        self._add_buttons()
        self._connect()
        self._show_kind()

    def _add_buttons(self) -> None:
        self.test_button = QPushButton("Test")
        self.test_button.setAutoDefault(False)
        self.buttons.insertWidget(0, self.test_button)
        self.remove_button = QPushButton("Remove…")
        self.remove_button.setAutoDefault(False)
        self.buttons.insertWidget(1, self.remove_button)
        self.remove_button.setVisible(self._connection is not None and not self._connection.is_builtin)

    def _connect(self) -> None:
        self.kind_box.activated.connect(lambda _at: self._choose_kind())
        self.environment_box.activated.connect(lambda _at: self._keep_environment())
        self.guarded_box.clicked.connect(self._keep_guard)
        self.environment_box.currentIndexChanged.connect(self._follow_environment)
        self.instant.preset_taken.connect(self._take_preset)
        self.instant.address_typed.connect(lambda _text: self._follow_address())
        self.server.host_edit.textEdited.connect(lambda _text: self._follow_address())
        self.server.split.connect(lambda _password: self._name_after_database())
        self.server.file_pasted.connect(self._take_file)
        for part in self._parts.values():
            part.changed.connect(self._forget_test)
        self.imports.found.connect(self._take_import)
        self.test_button.clicked.connect(self.test)
        self.remove_button.clicked.connect(self._ask_to_remove)

    def _fill(self) -> None:
        old = self._connection
        if old is None:
            self.instant.take_preset(0)
            self.label_edit.setFocus()
            return
        self.label_edit.setText(old.label)
        self._set_kind(_kind_of(old))
        # Another platform is another connection: its apps, history and tokens would be strangers.
        self._common["kind"].setEnabled(False)
        self._parts[self.kind].fill(old)
        self.environment_box.setCurrentIndex(self.environment_box.findData(old.environment))
        self.read_only_box.setChecked(old.is_kept_read_only)
        self.guarded_box.setChecked(old.is_guarded)
        self.label_edit.setFocus()
        if old.is_builtin:
            self._common["environment"].setEnabled(False)
            self.instant.lock_builtin()
            self.imports.lock()
        else:
            self._ask_what_is_stored(old.id)

    # Following what is entered

    @property
    def kind(self) -> Kind:
        # Qt keeps the text of an enum's value, not the enum.
        return Kind(self.kind_box.currentData())

    @property
    def environment(self) -> Environment:
        return Environment(self.environment_box.currentData())

    def _set_kind(self, kind: Kind) -> None:
        self.kind_box.setCurrentIndex(self.kind_box.findData(kind))
        self._show_kind()

    def _choose_kind(self) -> None:
        self._show_kind()
        if self.kind is not Kind.INSTANT and self.label_edit.text() in _PRESET_NAMES:
            self.label_edit.clear()
        if not self._is_environment_chosen:
            is_local = self.kind is Kind.SQLITE or self._is_on_this_machine
            self._set_environment(Environment.LOCAL if is_local else Environment.STAGING)

    def _show_kind(self) -> None:
        for kind, part in self._parts.items():
            part.setVisible(kind is self.kind)
        self.fields = {**self._common, **self._parts[self.kind].fields}
        self.vault_label.setVisible(self.kind is not Kind.SQLITE)
        self._forget_test()

    @property
    def _is_on_this_machine(self) -> bool:
        part = self._parts[self.kind]
        return isinstance(part, FileFields) or part.is_on_this_machine

    def _set_environment(self, environment: Environment) -> None:
        self.environment_box.setCurrentIndex(self.environment_box.findData(environment))

    def _take_preset(self, at: int) -> None:
        name, url, environment = PRESETS[at]
        self._set_environment(environment)
        if not self.label_edit.text() or self.label_edit.text() in _PRESET_NAMES:
            self.label_edit.setText(name if url else "")

    def _follow_address(self) -> None:
        if not self._is_environment_chosen and self._is_on_this_machine:
            self._set_environment(Environment.LOCAL)
        if self._connection is None and self.kind is Kind.INSTANT and self.label_edit.text() in _PRESET_NAMES:
            # Any other address is one's own server.
            self.label_edit.setText(PRESETS[min(self.instant.preset_box.currentIndex(), 1)][0])

    def _name_after_database(self) -> None:
        self._follow_address()
        if not self.label_edit.text():
            self.label_edit.setText(plain(self.server.database_edit.text(), 60))

    def _take_file(self, path: str) -> None:
        if self._connection is None:
            self._set_kind(Kind.SQLITE)
            self._choose_kind()
            self.file.take_path(path)

    def _keep_guard(self) -> None:
        self._is_guard_chosen = True

    def _keep_environment(self) -> None:
        self._is_environment_chosen = True

    def _follow_environment(self) -> None:
        self.badge.set_environment(self.environment)
        if not self._is_guard_chosen:
            self.guarded_box.setChecked(self.environment is Environment.PRODUCTION)
        self.badge.show()

    def _forget_test(self) -> None:
        if self._test is not None:
            ticket, self._test = self._test, None
            ticket.cancel()
        self.test_result.hide()

    def _ask_what_is_stored(self, connection_id: str) -> None:
        """A token is said to be stored only where it is; without a keyring it went with the last session."""
        password = self.server.password.edit if self.kind is Kind.POSTGRES else self.instant.platform_token.edit
        edits = {TokenKind.PLATFORM: password, TokenKind.DASH: self.instant.dash_token.edit}

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

    def _draft(self) -> ConnectionDraft:
        """Raises Invalid with the fields that cannot be put together."""
        from app.services.connections import ConnectionDraft

        label, environment, is_read_only = self.label_edit.text(), self.environment, self.read_only_box.isChecked()
        if self.kind is Kind.INSTANT:
            return ConnectionDraft(
                label=label,
                platform=Platform.INSTANT,
                base_url=self.instant.address(),
                environment=environment,
                is_read_only=is_read_only,
                is_guarded=self.guarded_box.isChecked(),
                foundation_app_id=self.instant.foundation(),
                platform_token=token_of(self.instant.platform_token),
                dash_token=token_of(self.instant.dash_token),
            )
        part = self.server if self.kind is Kind.POSTGRES else self.file
        return ConnectionDraft(
            label=label,
            platform=Platform.POSTGRES,
            base_url=part.address(),
            environment=environment,
            is_read_only=is_read_only,
            is_guarded=self.guarded_box.isChecked(),
            foundation_app_id=part.main_database(),
            platform_token=self.server.secret() if self.kind is Kind.POSTGRES else None,
            makes_file=self.kind is Kind.SQLITE and self.file.makes_file,
        )

    # Importing

    def _take_import(self, found: EnvImport) -> None:
        taken: list[str] = []
        url = found.database_url
        if url is not None and self._takes_database(found):
            if self.kind is Kind.INSTANT:
                self._set_kind(Kind.POSTGRES)
                self._choose_kind()
            self.server.take_address(url.reveal())
            if not self.server.fields["base_url"].error:
                taken.append("address of the database")
        if found.platform_token is not None and self.kind is Kind.INSTANT:
            self.instant.platform_token.edit.setText(found.platform_token.reveal())
            self.fields["platform_token"].set_error("")
            taken.append("platform token")
        if found.foundation_app_id is not None and self.kind is Kind.INSTANT:
            self.instant.foundation_edit.setText(found.foundation_app_id)
            self.fields["foundation_app_id"].set_error("")
            taken.append("foundation app ID")
        self.imports.note.tell(taken, found)

    def _takes_database(self, found: EnvImport) -> bool:
        """A file with both is read for the platform that is chosen."""
        if self.kind is Kind.INSTANT:
            return self._connection is None and found.platform_token is None and found.foundation_app_id is None
        return self._connection is None or self.kind is Kind.POSTGRES

    # Testing, saving, removing

    def test(self) -> None:
        """Ask the platform with what is entered; nothing is stored."""
        clear_errors(self.fields)
        self.message.clear()
        try:
            draft = self._draft()
        except Invalid as error:
            self.test_result.hide()
            self.show_error(error)
            return
        connection_id = self._connection.id if self._connection else None

        async def probe(services: Services) -> Probe:
            return await services.connections.test(draft, connection_id)

        # The button stays as it is: pressed again it tests anew, and the keyboard stays on it.
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
        self.test_result.tell(probe.health, probe.latency_ms, probe.sentence, probe.remedy)

    def _test_failed(self, error: KnownError) -> bool:
        self._test = None
        if isinstance(error, Invalid):
            self.test_result.hide()
            self.show_error(error)
        else:
            self.test_result.tell(Health.UNREACHABLE, None, error.sentence, error.remedy)
        return True

    def act(self) -> None:
        if self.is_working:
            return
        clear_errors(self.fields)
        try:
            draft, old = self._draft(), self._connection
        except Invalid as error:
            self.show_error(error)
            return

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


def _kind_of(connection: Connection) -> Kind:
    if connection.platform is not Platform.POSTGRES:
        return Kind.INSTANT
    return Kind.SQLITE if traits_of(connection).is_file else Kind.POSTGRES


async def _vault_sentence(services: Services) -> str:
    return services.tokens.state().sentence

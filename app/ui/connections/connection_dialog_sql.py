"""The parts of the connection dialog for a PostgreSQL server and for a SQLite file."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QLineEdit, QPushButton, QVBoxLayout, QWidget

from app.core.connection import Connection
from app.core.errors import Invalid
from app.core.secret import Secret
from app.services.sql_address import (
    VERIFYING,
    ServerParts,
    address_of,
    file_address,
    is_loopback,
    parts_of,
    path_of,
    split_address,
)
from app.ui.look.theme import mono_font
from app.ui.parts.check_mark import CheckBox
from app.ui.parts.form_area import two_columns
from app.ui.parts.form_field import ChoiceBox, FormField, TokenEdit

_TLS = (
    ("prefer", "Where the server offers it"),
    ("require", "Required"),
    ("verify-ca", "Required, certificate checked"),
    ("verify-full", "Required, certificate and name checked"),
    ("disable", "Off"),
    ("allow", "Only where the server insists"),
)
_MAIN = "&Main database: it holds users and workspaces, and knows their stores"
_MAIN_HINT = "Workspaces, their stores and what is wrong with them are read from it."


class PasteEdit(QLineEdit):
    """Takes a connection string, and hands it over as soon as it is pasted or Enter is pressed."""

    given = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self._length = 0
        self.setFont(mono_font())
        self.setEchoMode(QLineEdit.EchoMode.PasswordEchoOnEdit)
        self.setInputMethodHints(Qt.InputMethodHint.ImhSensitiveData | Qt.InputMethodHint.ImhNoPredictiveText)
        self.textChanged.connect(self._follow)
        self.editingFinished.connect(self._give)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.text():
            # It is to be split now, and not to press the dialog's main button.
            self._give()
            event.accept()
            return
        super().keyPressEvent(event)

    def _follow(self, text: str) -> None:
        grown, self._length = len(text) - self._length, len(text)
        if grown > 8 and "://" in text:
            self._give()

    def _give(self) -> None:
        if self.text():
            self.given.emit(self.text())


class ServerFields(QWidget):
    """``changed``: what was tested is another connection now. ``split`` carries the password of a pasted address."""

    changed = Signal()
    split = Signal(object)
    file_pasted = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self._others: tuple[tuple[str, str], ...] = ()
        self._is_tls_chosen = False
        self.paste_edit = PasteEdit()
        self.paste_edit.setPlaceholderText("postgresql://user:password@host:5432/database")
        self.host_edit, self.port_edit = QLineEdit(), QLineEdit("5432")
        self.database_edit, self.user_edit = QLineEdit(), QLineEdit()
        self.certificate_edit = QLineEdit()
        self.certificate_edit.setPlaceholderText("~/.postgresql/root.crt")
        self.tls_box = ChoiceBox()
        for mode, words in _TLS:
            self.tls_box.addItem(words, mode)
        self.password = TokenEdit()
        self.password.reveal.setAccessibleName("Show the password")
        self.main_box = CheckBox(_MAIN)
        self.main_box.setToolTip(_MAIN_HINT)
        for edit in (self.host_edit, self.port_edit, self.database_edit, self.user_edit, self.certificate_edit):
            edit.setFont(mono_font())
        self.fields = self._make_fields()
        self._lay_out()
        self._connect()

    def _make_fields(self) -> dict[str, FormField]:
        paste = FormField(
            "Paste a &connection string",
            self.paste_edit,
            hint="It is split into the fields below; the password goes to its own.",
        )
        return {
            "base_url": paste,
            "host": FormField("&Host", self.host_edit),
            "port": FormField("Po&rt", self.port_edit),
            "database": FormField("&Database", self.database_edit),
            "user": FormField("&User", self.user_edit),
            "platform_token": FormField(
                "Pass&word", self.password, marked=self.password.edit, hint="Kept exactly as it is."
            ),
            "tls": FormField("T&LS", self.tls_box),
            "root_certificate": FormField(
                "Root certi&ficate", self.certificate_edit, hint="A file in PEM form, or the word system."
            ),
        }

    def _lay_out(self) -> None:
        grid = two_columns(self)
        grid.addWidget(self.fields["base_url"], 0, 0, 1, 2)
        names = ("host", "port", "database", "user", "platform_token", "tls", "root_certificate")
        for at, name in enumerate(names):
            grid.addWidget(self.fields[name], 1 + at // 2, at % 2, Qt.AlignmentFlag.AlignTop)
        grid.addWidget(self.main_box, 5, 0, 1, 2)
        self._follow_tls()

    def _connect(self) -> None:
        self.paste_edit.given.connect(self.take_address)
        self.tls_box.activated.connect(lambda _at: self._choose_tls())
        self.tls_box.currentIndexChanged.connect(self._follow_tls)
        self.host_edit.textEdited.connect(self._follow_host)
        for edit in (self.host_edit, self.port_edit, self.database_edit, self.user_edit, self.password.edit):
            edit.textChanged.connect(lambda _text: self.changed.emit())
        self.certificate_edit.textChanged.connect(lambda _text: self.changed.emit())

    @property
    def first(self) -> QWidget:
        return self.host_edit

    @property
    def is_on_this_machine(self) -> bool:
        return is_loopback(self.host_edit.text())

    def fill(self, connection: Connection) -> None:
        self._is_tls_chosen = True
        self._take(parts_of(connection.base_url))
        self.main_box.setChecked(connection.foundation_app_id is not None)

    def take_address(self, text: str) -> None:
        """Split a connection string into the fields, or say beside it why that cannot be."""
        try:
            found, password = split_address(text)
        except Invalid as error:
            self.fields["base_url"].set_error(f"{error.sentence} {error.remedy}".strip())
            return
        self.fields["base_url"].set_error("")
        # It may hold a password: once read, it has no business in sight.
        self.paste_edit.clear()
        if isinstance(found, Path):
            self.file_pasted.emit(str(found))
            return
        self._is_tls_chosen = found.tls != "prefer"
        self._take(found)
        if not self._is_tls_chosen:
            self._follow_host()
        if password is not None:
            self.password.edit.setText(password.reveal())
        for field in self.fields.values():
            field.set_error("")
        self.split.emit(password)

    def address(self) -> str:
        """Raises Invalid with the fields that are wrong."""
        return address_of(
            ServerParts(
                host=self.host_edit.text(),
                port=self.port_edit.text(),
                database=self.database_edit.text(),
                user=self.user_edit.text(),
                tls=self.tls_box.currentData(),
                root_certificate=self.certificate_edit.text() if self._is_verifying else "",
                others=self._others,
            )
        )

    def main_database(self) -> str | None:
        return self.database_edit.text() if self.main_box.isChecked() else None

    def secret(self) -> Secret | None:
        """As it was entered: a password may begin and end with spaces."""
        text = self.password.edit.text()
        return Secret(text) if text else None

    @property
    def _is_verifying(self) -> bool:
        return self.tls_box.currentData() in VERIFYING

    def _take(self, parts: ServerParts) -> None:
        self._others = parts.others
        self.host_edit.setText(parts.host)
        self.port_edit.setText(parts.port)
        self.database_edit.setText(parts.database)
        self.user_edit.setText(parts.user)
        self.tls_box.setCurrentIndex(max(0, self.tls_box.findData(parts.tls)))
        self.certificate_edit.setText(parts.root_certificate)

    def _choose_tls(self) -> None:
        self._is_tls_chosen = True

    def _follow_host(self) -> None:
        """Away from this machine, nothing should go over the wire in the clear unless somebody says so."""
        if not self._is_tls_chosen:
            is_near = self.is_on_this_machine or not self.host_edit.text()
            self.tls_box.setCurrentIndex(self.tls_box.findData("prefer" if is_near else "require"))

    def _follow_tls(self) -> None:
        self.fields["root_certificate"].setVisible(self._is_verifying)
        self.changed.emit()


class FileFields(QWidget):
    """``changed``: another file was named."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._new_path = ""
        self._chooser: QFileDialog | None = None
        self.path_edit = QLineEdit()
        self.path_edit.setFont(mono_font())
        self.path_edit.setPlaceholderText("/folder/file.db")
        self.open_button, self.new_button = QPushButton("&Open…"), QPushButton("New &file…")
        for button, name in ((self.open_button, "Open an existing file"), (self.new_button, "Make a new file")):
            button.setAutoDefault(False)
            button.setAccessibleName(name)
        self.main_box = CheckBox(_MAIN)
        self.main_box.setToolTip(_MAIN_HINT)
        editor = QWidget()
        row = QHBoxLayout(editor)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.path_edit, 1)
        row.addWidget(self.open_button)
        row.addWidget(self.new_button)
        field = FormField("SQLite fi&le", editor, marked=self.path_edit, hint="A new file is made when you save.")
        self.fields = {"path": field, "base_url": field}
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(12)
        layout.addWidget(field)
        layout.addWidget(self.main_box)
        self.path_edit.textChanged.connect(lambda _text: self.changed.emit())
        self.open_button.clicked.connect(lambda: self._choose(is_new=False))
        self.new_button.clicked.connect(lambda: self._choose(is_new=True))

    @property
    def first(self) -> QWidget:
        return self.path_edit

    @property
    def makes_file(self) -> bool:
        """The file is to be made, because it was chosen as a new one."""
        return bool(self._new_path) and self.path_edit.text() == self._new_path

    def fill(self, connection: Connection) -> None:
        self.path_edit.setText(path_of(connection.base_url))
        self.main_box.setChecked(connection.foundation_app_id is not None)

    def take_path(self, path: str, *, is_new: bool = False) -> None:
        self._new_path = path if is_new else ""
        self.path_edit.setText(path)
        self.fields["path"].set_error("")

    def address(self) -> str:
        """Raises Invalid with the field that is wrong."""
        return file_address(self.path_edit.text())

    def main_database(self) -> str | None:
        return self.path_edit.text() if self.main_box.isChecked() else None

    def _choose(self, *, is_new: bool) -> None:
        chooser = self._chooser = QFileDialog(self, "New SQLite file" if is_new else "Open a SQLite file")
        chooser.setFileMode(QFileDialog.FileMode.AnyFile if is_new else QFileDialog.FileMode.ExistingFile)
        chooser.setNameFilters(["SQLite files (*.db *.sqlite *.sqlite3)", "All files (*)"])
        if is_new:
            chooser.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
            chooser.setDefaultSuffix("db")
            # A file that exists is opened as it is: nothing is ever written over.
            chooser.setOption(QFileDialog.Option.DontConfirmOverwrite)
        chooser.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        chooser.fileSelected.connect(lambda path: self.take_path(path, is_new=is_new))
        chooser.open()

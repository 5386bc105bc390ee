"""Where a database is: pasted as one address or entered in parts, the password apart."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QIntValidator
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QLineEdit, QPushButton, QVBoxLayout, QWidget

from app.core.errors import FieldError, Invalid, KnownError
from app.core.secret import Secret
from app.ui.look.theme import mono_font
from app.ui.parts.form_field import ChoiceBox, FormField, TokenEdit

if TYPE_CHECKING:
    from app.platforms.postgres.dsn import Dsn

_SERVER, _FILE = 0, 1
_TLS = (
    ("prefer", "If the server offers it"),
    ("require", "Always"),
    ("verify-full", "Always, and check the certificate"),
    ("verify-ca", "Always, and check who signed it"),
    ("disable", "Never"),
)
# So many letters at once were pasted, not typed.
_PASTED = 4


class DsnForm(QWidget):
    """``changed``: another address or password. The address in the form never holds the password for long."""

    changed = Signal()

    def __init__(self, parent: QWidget | None = None, *, address_label: str = "&Address") -> None:
        super().__init__(parent)
        self._length = 0
        self._told = ("", "")
        self.kind_box = ChoiceBox()
        self.address_edit, self.host_edit, self.port_edit = QLineEdit(), QLineEdit(), QLineEdit()
        self.database_edit, self.user_edit, self.file_edit = QLineEdit(), QLineEdit(), QLineEdit()
        self.tls_box = ChoiceBox()
        self.password_edit = TokenEdit()
        self.file_button = QPushButton("&Browse…")
        self._options: tuple[tuple[str, str], ...] = ()
        self._chooser: QFileDialog | None = None
        self.fields = self._make_fields(address_label)
        self._build()
        self._connect()
        self._show_kind()

    def _make_fields(self, address_label: str) -> dict[str, FormField]:
        file_row = QWidget()
        box = QHBoxLayout(file_row)
        box.setContentsMargins(0, 0, 0, 0)
        box.addWidget(self.file_edit, 1)
        box.addWidget(self.file_button)
        password = self.password_edit
        password.reveal.setAccessibleName("Show the password")
        return {
            "base_url": FormField(address_label, self.address_edit, hint="Paste it whole, or fill in the parts below."),
            "kind": FormField("&Kind", self.kind_box),
            "host": FormField("&Host", self.host_edit),
            "port": FormField("P&ort", self.port_edit),
            "database": FormField("&Database", self.database_edit),
            "user": FormField("&User", self.user_edit),
            "tls": FormField("&Encryption (TLS)", self.tls_box),
            "file": FormField("&File", file_row, marked=self.file_edit),
            "password": FormField("&Password", password, marked=password.edit),
        }

    def _build(self) -> None:
        for edit in (self.address_edit, self.host_edit, self.database_edit, self.user_edit, self.file_edit):
            edit.setFont(mono_font())
        self.address_edit.setPlaceholderText("postgresql://user:password@host:5432/database")
        self.port_edit.setPlaceholderText("5432")
        self.port_edit.setValidator(QIntValidator(1, 65535, self.port_edit))
        self.kind_box.addItem("PostgreSQL server")
        self.kind_box.addItem("SQLite file")
        for mode, words in _TLS:
            self.tls_box.addItem(words, mode)
        self.file_button.setAutoDefault(False)
        self.tls_box.setSizeAdjustPolicy(ChoiceBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.tls_box.setMinimumContentsLength(12)
        self.port_edit.setMinimumWidth(self.fontMetrics().averageCharWidth() * 10)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(10)
        layout.addWidget(self.fields["base_url"])
        for row in ((("kind", 0), ("host", 5), ("port", 1), ("file", 5)), (("database", 4), ("user", 3), ("tls", 3))):
            line = QHBoxLayout()
            line.setSpacing(14)
            for name, share in row:
                line.addWidget(self.fields[name], share, Qt.AlignmentFlag.AlignTop)
            layout.addLayout(line)
        layout.addWidget(self.fields["password"])
        self.setFocusProxy(self.address_edit)

    def _connect(self) -> None:
        self.address_edit.textEdited.connect(self._read_address)
        self.address_edit.editingFinished.connect(lambda: self._read_address(self.address_edit.text(), is_whole=True))
        for edit in (self.host_edit, self.port_edit, self.database_edit, self.user_edit, self.file_edit):
            edit.textEdited.connect(lambda _text: self._write_address())
        self.tls_box.activated.connect(lambda _at: self._write_address())
        self.kind_box.activated.connect(lambda _at: self._change_kind())
        self.password_edit.edit.textEdited.connect(lambda _text: self._tell())
        self.file_button.clicked.connect(self._choose_file)

    # What it says

    @property
    def is_empty(self) -> bool:
        return not self.address_edit.text().strip()

    @property
    def is_file(self) -> bool:
        return self.kind_box.currentIndex() == _FILE

    def dsn(self) -> Dsn:
        """Raises Invalid, with fields of this form."""
        from app.platforms.postgres.dsn import Dsn

        text = self.address_edit.text().strip()
        if not text:
            raise Invalid("The address is missing.", fields=(FieldError("base_url", "Enter where the database is."),))
        return Dsn.parse(text)[0]

    def dsn_text(self) -> str:
        """Without a password; raises Invalid."""
        return self.dsn().to_text()

    def password(self) -> Secret | None:
        """None where nothing was entered."""
        text = self.password_edit.edit.text()
        return Secret(text) if text else None

    def forget_password(self) -> None:
        self.password_edit.edit.clear()

    # What it shows

    def show_dsn(self, text: str) -> None:
        """An address that is there already; one that cannot be read is shown as it is."""
        self.address_edit.setText(text)
        self._read_address(text, is_whole=True)

    def set_password_hint(self, text: str) -> None:
        self.password_edit.edit.setPlaceholderText(text)

    def _read_address(self, text: str, *, is_whole: bool = False) -> None:
        from app.platforms.postgres.dsn import Dsn

        is_whole = is_whole or len(text) - self._length >= _PASTED
        self._length = len(text)
        try:
            dsn, password = Dsn.parse(text)
        except KnownError:
            self._tell()
            return
        if not is_whole and password is not None:
            self._tell()
            return
        if password is not None:
            self.password_edit.edit.setText(password.reveal())
            self.address_edit.setText(dsn.to_text())
            self._length = len(self.address_edit.text())
        self._show_parts(dsn)
        self.fields["base_url"].set_error("")
        self._tell()

    def _show_parts(self, dsn: Dsn) -> None:
        self.kind_box.setCurrentIndex(_FILE if dsn.is_sqlite else _SERVER)
        self._show_kind()
        self._options = tuple(each for each in dsn.options if each[0] != "sslmode")
        if dsn.is_sqlite:
            self.file_edit.setText(dsn.database)
            return
        self.host_edit.setText(dsn.host)
        self.port_edit.setText(str(dsn.port))
        self.database_edit.setText(dsn.database)
        self.user_edit.setText(dsn.user)
        self.tls_box.setCurrentIndex(max(0, self.tls_box.findData(dsn.option("sslmode") or "prefer")))

    def _write_address(self) -> None:
        """After a part was edited."""
        from app.platforms.postgres.dsn import Dsn

        if self.is_file:
            path = self.file_edit.text().strip()
            self.address_edit.setText(Dsn("sqlite", database=path, port=0).to_text() if path else "")
        else:
            tls = str(self.tls_box.currentData())
            options = self._options if tls == "prefer" else (*self._options, ("sslmode", tls))
            made = Dsn(
                "postgresql",
                self.user_edit.text().strip(),
                self.host_edit.text().strip() or "localhost",
                int(self.port_edit.text() or 5432),
                self.database_edit.text() or "postgres",
            )
            self.address_edit.setText(replace(made, options=tuple(sorted(options))).to_text())
        self._length = len(self.address_edit.text())
        self.fields["base_url"].set_error("")
        self._tell()

    def _tell(self) -> None:
        """Leaving a field that says the same as before changes nothing."""
        state = (self.address_edit.text(), self.password_edit.edit.text())
        if state != self._told:
            self._told = state
            self.changed.emit()

    def _change_kind(self) -> None:
        self._show_kind()
        self._write_address()
        (self.file_edit if self.is_file else self.host_edit).setFocus()

    def _show_kind(self) -> None:
        for name in ("host", "port", "database", "user", "tls", "password"):
            self.fields[name].setVisible(not self.is_file)
        self.fields["file"].setVisible(self.is_file)

    def _choose_file(self) -> None:
        chooser = self._chooser = QFileDialog(self, "Choose a SQLite file")
        chooser.setNameFilters(["SQLite files (*.db *.sqlite *.sqlite3)", "All files (*)"])
        chooser.setFileMode(QFileDialog.FileMode.AnyFile)
        chooser.setOption(QFileDialog.Option.DontConfirmOverwrite)
        chooser.fileSelected.connect(self._take_file)
        chooser.open()

    def _take_file(self, path: str) -> None:
        self.file_edit.setText(path)
        self._write_address()

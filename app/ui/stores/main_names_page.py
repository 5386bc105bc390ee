"""The names of a main database's system tables and of their columns, chosen from those that there are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QGridLayout, QSizePolicy, QVBoxLayout, QWidget

from app.core.text import plain
from app.ui.parts.badges import text_label
from app.ui.parts.form_field import ChoiceBox, FormField

if TYPE_CHECKING:
    from app.services.store_words import MainOverview

# (table, its label, its columns with their labels)
_GROUPS: tuple[tuple[str, str, tuple[tuple[str, str], ...]], ...] = (
    ("users", "Users", (("user_id", "ID"), ("user_email", "E-mail"))),
    (
        "workspaces",
        "Workspaces",
        (("workspace_id", "ID"), ("workspace_name", "Name"), ("workspace_created_at", "Created")),
    ),
    ("workspace_users", "Members", (("member_workspace", "Workspace"),)),
    ("workspace_invites", "Invites", (("invite_workspace", "Workspace"),)),
    ("roles", "Roles", (("role_workspace", "Workspace"),)),
    ("teams", "Teams", (("team_workspace", "Workspace"),)),
    (
        "workspace_apps",
        "Pointers to stores",
        (
            ("app_record", "ID"),
            ("app_workspace", "Workspace"),
            ("app_url", "Address (whole)"),
            ("app_host", "Host"),
            ("app_port", "Port"),
            ("app_database", "Database"),
            ("app_user", "User"),
            ("app_password", "Password"),
            ("app_options", "Options"),
            ("app_config", "JSON of either"),
            ("app_secret", "Reference to a password"),
            ("app_provider", "Provider"),
        ),
    ),
)
_NONE = "not there"


class MainNamesPage(QWidget):
    """``changed``: another name was chosen."""

    changed = Signal()

    def __init__(self, overview: MainOverview, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._overview = overview
        self.boxes: dict[str, ChoiceBox] = {}
        self.fields: dict[str, FormField] = {}
        self._build()

    def _build(self) -> None:
        columns = QGridLayout(self)
        columns.setHorizontalSpacing(18)
        columns.setVerticalSpacing(16)
        *small, pointers = _GROUPS
        for at, group in enumerate(small):
            columns.addLayout(self._group(*group), at // 2, at % 2)
        columns.addLayout(self._group(*pointers), 0, 2, 4, 1)
        for at in range(3):
            columns.setColumnStretch(at, 1)
        columns.setRowStretch(4, 1)

    def _group(self, table: str, title: str, names: Sequence[tuple[str, str]]) -> QVBoxLayout:
        box = QVBoxLayout()
        box.setSpacing(6)
        box.addWidget(text_label(title, "title"))
        box.addWidget(self._field(table, "Table", f"{title}: table", tuple(self._overview.tables)))
        chosen = str(getattr(self._overview.map, table))
        for name, label in names:
            box.addWidget(self._field(name, label, f"{title}: {label}", self._columns(chosen)))
        box.addStretch(1)
        self.boxes[table].activated.connect(lambda _at: self._follow_table(table, names))
        return box

    def _columns(self, table: str) -> tuple[str, ...]:
        return self._overview.columns.get(table, ())

    def _field(self, name: str, label: str, spoken: str, choices: Sequence[str]) -> FormField:
        box = self.boxes[name] = ChoiceBox()
        box.setSizeAdjustPolicy(ChoiceBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        box.setMinimumContentsLength(14)
        box.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        _fill(box, choices, str(getattr(self._overview.map, name)))
        box.activated.connect(lambda _at: self.changed.emit())
        field = self.fields[name] = FormField(label, box)
        box.setAccessibleName(spoken)
        return field

    def _follow_table(self, table: str, names: Sequence[tuple[str, str]]) -> None:
        """The columns are those of the table that is chosen; of one that was not read yet they come after saving."""
        chosen = str(self.boxes[table].currentData())
        columns = self._columns(chosen)
        for name, _label in names:
            now = str(self.boxes[name].currentData())
            _fill(self.boxes[name], columns, now if now in columns or not columns else "")
        hint = "Its columns can be chosen once this is saved." if chosen and not columns else ""
        self.fields[table].set_hint(hint)

    def values(self) -> dict[str, str]:
        return {name: str(box.currentData()) for name, box in self.boxes.items()}


def _fill(box: ChoiceBox, choices: Sequence[str], chosen: str) -> None:
    box.clear()
    box.addItem(_NONE, "")
    for each in dict.fromkeys((*choices, chosen)):
        if each:
            box.addItem(plain(each, 80), each)
    box.setCurrentIndex(max(0, box.findData(chosen)))

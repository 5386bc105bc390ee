"""The mode of a main database, what its tables and columns are called, and which tables are the tenants'."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import (
    QButtonGroup,
    QFileDialog,
    QFrame,
    QHBoxLayout,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QScrollArea,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from app.core.connection import Connection
from app.core.errors import Invalid, KnownError
from app.core.text import plain
from app.ui.parts.action_dialog import ActionDialog
from app.ui.parts.badges import text_label
from app.ui.parts.check_mark import CheckDelegate, RadioButton
from app.ui.parts.dialog_size import fit
from app.ui.work.runner import Runner

from .main_names_page import MainNamesPage

if TYPE_CHECKING:
    from app.services.main_map import MainMap, Mode
    from app.services.store_words import MainOverview
    from app.services.suite import Services

_TABLE = Qt.ItemDataRole.UserRole
_MODES: tuple[tuple[Mode | None, str, str], ...] = (
    (None, "&Automatic", "As APP_MODE in the environment or in .env says; where neither does, as the tables look."),
    ("local", "&Local", "Main database and store are one: system and application tables are in this database."),
    (
        "hosted",
        "&Hosted",
        "System tables are here, application tables in a store per workspace, which workspace_apps points to.",
    ),
)
SOURCES = {
    "chosen": "chosen here",
    "environment": "from the environment",
    ".env": "from .env",
    "guessed": "guessed from the tables",
}
MODE, NAMES, TABLES = 0, 1, 2


class MainDatabaseDialog(ActionDialog):
    """Writes to this machine only, never to the database. ``saved`` carries a sentence."""

    saved = Signal(str)

    def __init__(
        self, runner: Runner, connection: Connection, overview: MainOverview, parent: QWidget | None = None
    ) -> None:
        super().__init__(runner, "Main database", "&Save", parent)
        self._connection_id, self._overview = connection.id, overview
        self._folder: str | None = None
        self._chooser: QFileDialog | None = None
        self.set_place(connection)
        self.tabs = QTabWidget()
        self.radios: dict[str, RadioButton] = {}
        self.folder_label = text_label("", "small")
        self.names = MainNamesPage(overview)
        self.search_box = QLineEdit()
        self.list = QListWidget()
        self._build()
        self._tell()

    def _build(self) -> None:
        self.fields.update(self.names.fields)
        self.tabs.setAccessibleName("Parts of the main database")
        self.tabs.addTab(_scrolled(self._mode_page()), "M&ode")
        self.tabs.addTab(_scrolled(self.names), "&Names of tables and columns")
        self.tabs.addTab(self._tables_page(), "Ta&bles of the tenants")
        self.body.addWidget(self.tabs, 1)
        self.names.changed.connect(self._tell)
        fit(self, 110, 36)

    def show_part(self, part: int) -> None:
        """``MODE``, ``NAMES`` or ``TABLES``."""
        self.tabs.setCurrentIndex(part)

    # Mode

    def _mode_page(self) -> QWidget:
        page = QWidget()
        box = QVBoxLayout(page)
        box.setSpacing(6)
        now = f"Now: {self._overview.mode}, {SOURCES[self._overview.mode_source]}."
        for text, look in ((now, "title"), (plain(self._overview.mode_note, 300), "muted")):
            label = text_label(text, look)
            label.setWordWrap(True)
            box.addWidget(label)
            label.setVisible(bool(text))
        box.addSpacing(6)
        group = QButtonGroup(page)
        chosen = self._chosen_mode()
        for mode, name, sentence in _MODES:
            radio = self.radios[mode or ""] = RadioButton(name)
            radio.setAccessibleDescription(sentence)
            radio.setChecked(mode == chosen)
            radio.toggled.connect(lambda _on: self._tell())
            group.addButton(radio)
            box.addWidget(radio)
            label = text_label(sentence, "small")
            label.setWordWrap(True)
            label.setContentsMargins(24, 0, 0, 6)
            box.addWidget(label)
        box.addLayout(self._folder_row())
        box.addStretch(1)
        return page

    def _folder_row(self) -> QHBoxLayout:
        button = QPushButton("&Folder of .env…")
        button.setProperty("look", "small")
        button.setAutoDefault(False)
        button.setToolTip("The folder of the product, whose .env names APP_MODE")
        button.clicked.connect(self._choose_folder)
        self.folder_label.setWordWrap(True)
        row = QHBoxLayout()
        row.addWidget(button)
        row.addWidget(self.folder_label, 1)
        return row

    def _choose_folder(self) -> None:
        chooser = self._chooser = QFileDialog(self, "The folder whose .env says APP_MODE")
        chooser.setFileMode(QFileDialog.FileMode.Directory)
        chooser.setOption(QFileDialog.Option.ShowDirsOnly)
        chooser.fileSelected.connect(self.take_folder)
        chooser.open()

    def take_folder(self, folder: str) -> None:
        self._folder = folder
        self.folder_label.setText(plain(folder, 200))
        self.radios[""].setChecked(True)
        self._tell()

    def _chosen_mode(self) -> Mode | None:
        return self._overview.mode if self._overview.mode_source == "chosen" else None

    def _mode(self) -> Mode | None:
        return next((mode for mode, *_ in _MODES if self.radios[mode or ""].isChecked()), None)

    # Tables of the tenants

    def _tables_page(self) -> QWidget:
        page = QWidget()
        box = QVBoxLayout(page)
        about = text_label(
            "A table that is marked holds the tenants’ data: in hosted mode it belongs into the stores.", "muted"
        )
        about.setWordWrap(True)
        self.search_box.setProperty("look", "filter")
        self.search_box.setPlaceholderText("Search tables")
        self.search_box.setAccessibleName("Search tables")
        self.search_box.setClearButtonEnabled(True)
        self.search_box.textChanged.connect(self._search)
        self.list.setAccessibleName("Tables; marked: of the tenants")
        self.list.setItemDelegate(CheckDelegate(self.list))
        self.list.setUniformItemSizes(True)
        self.list.setStyleSheet("QListView::item { padding: 3px 2px; }")
        for table, kind in sorted(self._overview.tables.items()):
            if kind != "system":
                item = QListWidgetItem(plain(table, 120))
                item.setData(_TABLE, table)
                item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable)
                item.setCheckState(Qt.CheckState.Checked if kind == "application" else Qt.CheckState.Unchecked)
                self.list.addItem(item)
        self.list.itemChanged.connect(lambda _item: self._tell())
        for part in (about, self.search_box, self.list):
            box.addWidget(part)
        if not self.list.count():
            about.setText("This database holds system tables only: there is nothing to tell apart.")
            self.search_box.hide()
        return page

    def _search(self, text: str) -> None:
        wanted = text.casefold()
        for at in range(self.list.count()):
            item = self.list.item(at)
            item.setHidden(wanted not in item.text().casefold())

    def _classified(self) -> dict[str, tuple[str, ...]]:
        """What the operator says himself: what he said before, and what he changed now."""
        before = self._overview.map
        application, others = dict.fromkeys(before.application), dict.fromkeys(before.others)
        for at in range(self.list.count()):
            item = self.list.item(at)
            table, is_on = str(item.data(_TABLE)), item.checkState() is Qt.CheckState.Checked
            if is_on == (self._overview.tables.get(table) == "application"):
                continue
            (others if is_on else application).pop(table, None)
            (application if is_on else others)[table] = None
        return {"application": tuple(application), "others": tuple(others)}

    # Saving

    def can_act(self) -> bool:
        return self._mode() != self._chosen_mode() or self._folder is not None or self._is_other_map()

    def _is_other_map(self) -> bool:
        return self._edited_map() != self._overview.map

    def _edited_map(self) -> MainMap:
        edited: dict[str, Any] = {**self.names.values(), **self._classified()}
        return replace(self._overview.map, **edited)

    def _tell(self) -> None:
        self.action_button.setEnabled(self.can_act() and not self.is_working)

    def act(self) -> None:
        if self.is_working or not self.can_act():
            return
        connection_id, mode, folder = self._connection_id, self._mode(), self._folder
        is_other_mode, names = mode != self._chosen_mode(), self._edited_map() if self._is_other_map() else None

        async def save(services: Services) -> None:
            if names is not None:
                await services.stores.set_map(connection_id, names)
            if folder is not None:
                await services.stores.set_env_folder(connection_id, folder)
            if is_other_mode:
                await services.stores.set_mode(connection_id, mode)

        self.begin(save, "Save what is said of the main database", self._saved)

    def _saved(self, _none: None) -> None:
        self.saved.emit("Saved mode and names of the main database")
        self.accept()

    def show_error(self, error: KnownError) -> None:
        """Comes to the page whose field is wrong; the field can take the keyboard only once it is in sight."""
        if isinstance(error, Invalid) and any(each.field in self.names.fields for each in error.fields):
            self.show_part(NAMES)
            QTimer.singleShot(0, self, lambda: ActionDialog.show_error(self, error))
            return
        super().show_error(error)


def _scrolled(page: QWidget) -> QScrollArea:
    area = QScrollArea()
    area.setWidgetResizable(True)
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setWidget(page)
    return area

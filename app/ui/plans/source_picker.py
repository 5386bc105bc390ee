"""Chooses one side of a comparison: an app, an app's past, a file, or a template."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QFileDialog,
    QHBoxLayout,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from app.core.apps import AppSummary
from app.core.connection import Connection
from app.core.refs import AppRef
from app.core.text import plain
from app.services.workshop_words import AppSource, FileSource, Source, TemplateSource, VersionSource
from app.ui.parts.ages import ago
from app.ui.parts.badges import text_label
from app.ui.parts.environment_badge import EnvironmentBadge
from app.ui.parts.form_field import ChoiceBox
from app.ui.work.runner import Runner

if TYPE_CHECKING:
    from app.services.suite import Services
    from app.services.templates import Template
    from app.services.workshop_words import SchemaVersion

_MOST_SHOWN = 50
_DATA = Qt.ItemDataRole.UserRole
_KINDS = (("App", "app"), ("Past of an app", "version"), ("File", "file"), ("Template", "template"))
_PLACES = {"app": 0, "version": 0, "file": 1, "template": 2}


@dataclass(frozen=True, slots=True)
class Choices:
    """What there is to choose from; ``haystack`` holds the lower-cased "title, ID, owner" of each app."""

    apps: tuple[AppSummary, ...] = ()
    haystack: tuple[str, ...] = ()
    connections: tuple[Connection, ...] = ()
    templates: tuple[Template, ...] = ()
    by_ref: Mapping[AppRef, AppSummary] = field(default_factory=dict)

    def connection(self, connection_id: str) -> Connection | None:
        return next((each for each in self.connections if each.id == connection_id), None)

    def app(self, ref: AppRef) -> AppSummary | None:
        return self.by_ref.get(ref)


async def read_choices(services: Services) -> Choices:
    """On the engine: all of it is in memory there. Apps in order of their connections and titles."""
    connections = tuple(services.connections.all())
    places = {each.id: at for at, each in enumerate(connections)}
    last = len(places)
    apps = tuple(
        sorted(
            services.directory.inventory(),
            key=lambda app: (places.get(app.connection_id, last), app.title.lower(), app.app_id),
        )
    )
    haystack = tuple(f"{app.title} {app.app_id} {app.owner}".lower() for app in apps)
    by_ref = {AppRef(app.connection_id, app.app_id): app for app in apps}
    return Choices(apps, haystack, connections, tuple(services.templates.all()), by_ref)


def find(choices: Choices, query: str, without: AppRef | None = None) -> list[AppSummary]:
    """The first apps in which every word occurs; ``without`` is left out."""
    rows: Sequence[int] = range(len(choices.apps))
    for word in query.lower().split():
        rows = [row for row in rows if word in choices.haystack[row]]
    found = (choices.apps[row] for row in rows[: _MOST_SHOWN + 1])
    return [each for each in found if AppRef(each.connection_id, each.app_id) != without][:_MOST_SHOWN]


class SourcePicker(QWidget):
    """``changed`` says that ``source`` is another; None while nothing is chosen."""

    changed = Signal()

    def __init__(self, runner: Runner, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._runner, self._name = runner, name
        self._choices = Choices()
        self._ref: AppRef | None = None
        self._path: Path | None = None
        self._wanted: Source | None = None
        self._excluded: AppRef | None = None
        self.kind_box = ChoiceBox()
        self.filter_box = QLineEdit()
        self.app_list = QListWidget()
        self.version_box = ChoiceBox()
        self.file_button = QPushButton("Choose a &file…")
        self.file_label = text_label("No file chosen", "muted")
        self.template_box = ChoiceBox()
        self.badge = EnvironmentBadge()
        self._pages = QStackedWidget()
        self._build()
        self._lay_out()

    def _build(self) -> None:
        name = self._name
        for text, key in _KINDS:
            self.kind_box.addItem(text, key)
        self.kind_box.setAccessibleName(f"{name}: what to compare")
        self.kind_box.currentIndexChanged.connect(self._follow_kind)
        self.filter_box.setPlaceholderText("Type to find an app")
        self.filter_box.setAccessibleName(f"{name}: find an app by title, ID or owner")
        self.filter_box.setMaxLength(200)
        self.filter_box.setClearButtonEnabled(True)
        self.filter_box.textEdited.connect(self._search)
        self.filter_box.installEventFilter(self)
        self.app_list.setAccessibleName(f"{name}: apps found")
        self.app_list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.app_list.setFixedHeight((self.fontMetrics().height() + 8) * 4)
        # Not the current row: a list that the keyboard comes to makes its first row the current one.
        self.app_list.itemSelectionChanged.connect(self._choose_app)
        self.version_box.setAccessibleName(f"{name}: version")
        self.version_box.currentIndexChanged.connect(lambda _at: self.changed.emit())
        self.template_box.setAccessibleName(f"{name}: template")
        self.template_box.currentIndexChanged.connect(lambda _at: self.changed.emit())
        self.file_button.setAutoDefault(False)
        self.file_button.clicked.connect(self._ask_for_file)
        self.file_label.setWordWrap(True)
        self.badge.hide()

    def _lay_out(self) -> None:
        apps = _page(self.filter_box, self.app_list, self.version_box)
        for page in (apps, _page(self.file_button, self.file_label), _page(self.template_box)):
            self._pages.addWidget(page)
        head = QHBoxLayout()
        head.addWidget(text_label(self._name.upper(), "sectionHead"))
        head.addWidget(self.kind_box)
        head.addStretch(1)
        head.addWidget(self.badge)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(6)
        box.addLayout(head)
        box.addWidget(self._pages)
        self._follow_kind()

    # What is chosen

    @property
    def kind(self) -> str:
        return str(self.kind_box.currentData())

    @property
    def source(self) -> Source | None:
        match self.kind:
            case "app":
                return AppSource(self._ref) if self._ref else None
            case "version":
                fingerprint = self.version_box.currentData()
                return VersionSource(self._ref, fingerprint) if self._ref and fingerprint else None
            case "file":
                return FileSource(self._path) if self._path else None
            case _:
                name = self.template_box.currentData()
                return TemplateSource(name) if name else None

    def set_choices(self, choices: Choices) -> None:
        self._choices = choices
        self.template_box.blockSignals(True)
        self.template_box.clear()
        for each in choices.templates:
            self.template_box.addItem(plain(each.title, 60), each.name)
        self.template_box.blockSignals(False)
        if self._wanted is not None:
            self.set_source(self._wanted)
        else:
            self._search(self.filter_box.text())

    def set_source(self, source: Source) -> None:
        """May come before the choices do."""
        self._wanted = source
        match source:
            case AppSource(ref):
                self._set_kind("app")
                self._set_ref(ref)
            case VersionSource(ref):
                self._set_kind("version")
                self._set_ref(ref)
            case FileSource(path):
                self._set_kind("file")
                self.set_path(path)
            case TemplateSource(name):
                self._set_kind("template")
                self.template_box.setCurrentIndex(self.template_box.findData(name))
        self.changed.emit()

    def set_path(self, path: Path) -> None:
        self._path = path
        self.file_label.setText(plain(str(path), 300))
        self.changed.emit()

    def _set_kind(self, kind: str) -> None:
        self.kind_box.setCurrentIndex(self.kind_box.findData(kind))

    def _follow_kind(self) -> None:
        self._pages.setCurrentIndex(_PLACES[self.kind])
        self.version_box.setVisible(self.kind == "version")
        if self._excluded is not None:
            self._search(self.filter_box.text())
        self._show_badge()
        if self.kind == "version":
            self._read_versions()
        self.changed.emit()

    def _show_badge(self) -> None:
        connection = self._choices.connection(self._ref.connection_id) if self._ref else None
        is_shown = connection is not None and self.kind in ("app", "version")
        self.badge.setVisible(is_shown)
        if connection is not None:
            self.badge.set_environment(connection.environment)

    # Apps

    def exclude(self, ref: AppRef | None) -> None:
        """Do not offer this app (its past is offered): the other side has it."""
        if ref != self._excluded:
            self._excluded = ref
            self._search(self.filter_box.text())
            if self._ref is not None:
                self._mark(self._ref)

    def _search(self, query: str) -> None:
        self.app_list.blockSignals(True)
        self.app_list.clear()
        without = self._excluded if self.kind == "app" and self._excluded != self._ref else None
        for app in find(self._choices, query, without):
            self.app_list.addItem(self._item(app))
        if not self.app_list.count() and self._choices.apps:
            nothing = QListWidgetItem("No app has all of these words.")
            nothing.setFlags(Qt.ItemFlag.NoItemFlags)
            self.app_list.addItem(nothing)
        self.app_list.blockSignals(False)

    def _item(self, app: AppSummary) -> QListWidgetItem:
        connection = self._choices.connection(app.connection_id)
        where = f" · {plain(connection.label, 40)}" if connection else ""
        owner = f" · {plain(app.owner, 60)}" if app.owner else ""
        item = QListWidgetItem(f"{plain(app.title, 80) or 'untitled'}{owner}{where}")
        item.setData(_DATA, AppRef(app.connection_id, app.app_id))
        item.setToolTip(app.app_id)
        return item

    def _choose_app(self) -> None:
        chosen = self.app_list.selectedItems()
        ref = chosen[0].data(_DATA) if chosen else None
        if ref is not None:
            self._set_ref(ref, is_typed=True)

    def _set_ref(self, ref: AppRef, *, is_typed: bool = False) -> None:
        self._ref = ref
        app = self._choices.app(ref)
        title = (plain(app.title, 80) or "untitled") if app is not None else ref.app_id
        if not is_typed:
            self.filter_box.setText(title)
            self._search(title if app is not None else "")
            self._mark(ref)
        self._show_badge()
        if self.kind == "version":
            self._read_versions()
        self.changed.emit()

    def _mark(self, ref: AppRef) -> None:
        self.app_list.blockSignals(True)
        for row in range(self.app_list.count()):
            if self.app_list.item(row).data(_DATA) == ref:
                self.app_list.setCurrentRow(row)
                break
        self.app_list.blockSignals(False)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Arrow keys walk through the apps found while the keyboard stays in the box."""
        if watched is self.filter_box and isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            step = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1}.get(Qt.Key(event.key()))
            if step is not None:
                row = max(0, min(self.app_list.count() - 1, self.app_list.currentRow() + step))
                self.app_list.setCurrentRow(row)
                return True
        return super().eventFilter(watched, event)

    # Versions

    def _read_versions(self) -> None:
        ref = self._ref
        if ref is None:
            return

        async def read(services: Services) -> tuple[SchemaVersion, ...]:
            return await services.workshop.versions(ref)

        self._runner.start(
            read, owner=self, title="Read the versions", done=self._take_versions, replaces="versions", quiet=True
        )

    def _take_versions(self, versions: Sequence[SchemaVersion]) -> None:
        wanted = self._wanted.fingerprint if isinstance(self._wanted, VersionSource) else None
        self.version_box.blockSignals(True)
        self.version_box.clear()
        for each in versions:
            self.version_box.addItem(version_text(each, time.time()), each.fingerprint)
        if not versions:
            self.version_box.addItem("No earlier version is kept", None)
        self.version_box.setCurrentIndex(max(0, self.version_box.findData(wanted)))
        self.version_box.blockSignals(False)
        self.changed.emit()

    # Files

    def _ask_for_file(self) -> None:
        dialog = QFileDialog(self, "Choose a schema file", "", "Schema (*.ts *.js *.sql);;All files (*)")
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(lambda path: self.set_path(Path(path)))
        dialog.open()


def version_text(version: SchemaVersion, now: float) -> str:
    """ "3 h ago · pushed · 1f2e3d4c · Add todos.due"."""
    origin = "pushed" if version.origin == "push" else "seen"
    note = f" · {plain(version.note, 80)}" if version.note else ""
    return f"{ago(version.at, now)} · {origin} · {version.fingerprint[:8]}{note}"


def _page(*widgets: QWidget) -> QWidget:
    page = QWidget()
    box = QVBoxLayout(page)
    box.setContentsMargins(0, 0, 0, 0)
    box.setSpacing(6)
    for widget in widgets:
        box.addWidget(widget)
    box.addStretch(1)
    return page

"""Apps grouped by schema: which are alike, which is the odd one, and what sets two groups apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QTimer, Signal
from PySide6.QtGui import Qt
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QProgressBar,
    QPushButton,
    QStackedWidget,
    QTreeWidget,
    QTreeWidgetItem,
    QTreeWidgetItemIterator,
    QVBoxLayout,
    QWidget,
)

from app.core.apps import AppSummary
from app.core.connection import Connection
from app.core.errors import KnownError
from app.core.refs import AppRef
from app.core.text import plain
from app.core.words import counted
from app.services.workshop_words import AppSource
from app.ui.look.theme import mono_font, scaled_font
from app.ui.parts.badges import text_label
from app.ui.parts.empty_state import EmptyState
from app.ui.parts.form_field import ChoiceBox
from app.ui.work.runner import SHOWN_AFTER_S, ProgressReporter, Runner

if TYPE_CHECKING:
    from app.schema.cohorts import Cohort
    from app.services.suite import Services

_MOST_APPS = 200
_MOST_COHORTS = 500
_EXAMPLES = 3
_KEY = Qt.ItemDataRole.UserRole
_ACCESSIBLE = Qt.ItemDataRole.AccessibleTextRole


@dataclass(frozen=True, slots=True)
class _Grouped:
    cohorts: tuple[Cohort, ...]
    sentence: str
    apps: dict[AppRef, AppSummary]
    connections: tuple[Connection, ...]


class CohortsView(QWidget):
    """Groups with their apps below; two chosen rows (groups or apps) can be compared.

    ``open_requested`` carries the AppRef to open; ``compare_requested`` two sources: where nothing answers it, use
    ``CompareDialog``.
    """

    open_requested = Signal(object)
    compare_requested = Signal(object, object)

    def __init__(self, runner: Runner, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._runner = runner
        self._found = _Grouped((), "", {}, ())
        self.connection_box = ChoiceBox()
        self.sentence = text_label("", "title")
        self.tree = QTreeWidget()
        self.empty = EmptyState()
        self.progress = QProgressBar()
        self.refresh_button = QPushButton("&Group again")
        self.open_button = QPushButton("&Open app")
        self.compare_button = QPushButton("&Compare the two")
        self._stack = QStackedWidget()
        self._slow = QTimer(self, singleShot=True, interval=int(SHOWN_AFTER_S * 1000))
        self._look = QTimer(self, interval=100)
        self._reporter = ProgressReporter()
        self._build()
        self._lay_out()
        self._follow()

    def _build(self) -> None:
        self.setAccessibleName("Apps grouped by schema")
        self.connection_box.addItem("All connections", None)
        self.connection_box.setAccessibleName("Connection")
        self.connection_box.activated.connect(lambda _at: self.read())
        self.tree.setAccessibleName("Groups of apps with the same schema")
        self.tree.setHeaderLabels(["Schema", "Apps", "For example"])
        self.tree.setUniformRowHeights(True)
        self.tree.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        header = self.tree.header()
        header.setSectionResizeMode(2, QHeaderView.ResizeMode.Stretch)
        header.setStretchLastSection(True)
        self._size_columns()
        self.tree.itemSelectionChanged.connect(self._follow)
        self.tree.itemExpanded.connect(self._fill)
        self.tree.itemActivated.connect(lambda item, _column: self._activate(item))
        self.empty.activated.connect(self.read)
        self.progress.setTextVisible(False)
        self.progress.setAccessibleName("Reading schemas")
        self.progress.hide()
        self._slow.timeout.connect(self.progress.show)
        self._look.timeout.connect(self._show_progress)
        for button, act in (
            (self.refresh_button, self.read),
            (self.open_button, self._open_chosen),
            (self.compare_button, self._compare_chosen),
        ):
            button.setAutoDefault(False)
            button.clicked.connect(act)

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setSpacing(10)
        head.addWidget(text_label("Schema groups", "heading"))
        head.addWidget(self.connection_box)
        head.addStretch(1)
        for button in (self.open_button, self.compare_button, self.refresh_button):
            head.addWidget(button)
        self._stack.addWidget(self.tree)
        self._stack.addWidget(self.empty)
        box = QVBoxLayout(self)
        box.setContentsMargins(14, 10, 14, 10)
        box.setSpacing(8)
        box.addLayout(head)
        box.addWidget(self.sentence)
        box.addWidget(self.progress)
        box.addWidget(self._stack, 1)
        self.setFocusProxy(self.tree)
        self.sentence.setWordWrap(True)
        self.empty.tell("Not grouped yet", "Reads the schema of each app, and puts equal ones together.", "Group apps")
        self._stack.setCurrentWidget(self.empty)
        self.refresh_button.hide()

    # Reading

    def read(self) -> None:
        connection_id: str | None = self.connection_box.currentData()
        reporter = self._reporter = ProgressReporter()
        self._slow.start()
        self._look.start()
        self.refresh_button.setEnabled(False)

        async def group(services: Services) -> _Grouped:
            from app.schema.cohorts import sentence

            found = await services.workshop.cohorts(connection_id, reporter)
            apps = {AppRef(each.connection_id, each.app_id): each for each in services.directory.inventory()}
            return _Grouped(found, sentence(found), apps, tuple(services.connections.all()))

        self._runner.start(
            group,
            owner=self,
            title="Group the apps by schema",
            done=self._take,
            failed=self._fail,
            cancelled=self._settle,
            replaces="cohorts",
            reporter=reporter,
        )

    def _show_progress(self) -> None:
        done, total, text = self._reporter.read()
        self.progress.setRange(0, total)
        self.progress.setValue(done)
        self.progress.setAccessibleDescription(text)

    def _settle(self) -> None:
        self._slow.stop()
        self._look.stop()
        self.progress.hide()
        self.refresh_button.setEnabled(True)

    def _fail(self, error: KnownError) -> bool:
        self._settle()
        self.empty.tell(plain(error.sentence, 300), plain(error.remedy, 300), "Try again")
        self._stack.setCurrentWidget(self.empty)
        self.refresh_button.hide()
        return True

    def _take(self, found: _Grouped) -> None:
        self._settle()
        self._found = found
        self.sentence.setText(found.sentence)
        self._fill_connections(found.connections)
        self.tree.clear()
        items = [self._group(at, each) for at, each in enumerate(found.cohorts[:_MOST_COHORTS])]
        self.tree.addTopLevelItems(items)
        if not items:
            self.empty.tell("No schemas", "No app could be read.", "Try again")
        self._stack.setCurrentWidget(self.tree if items else self.empty)
        self.refresh_button.setVisible(bool(items))
        if items:
            self.tree.setCurrentItem(items[0])
        self._follow()

    def _fill_connections(self, connections: Sequence[Connection]) -> None:
        chosen = self.connection_box.currentData()
        self.connection_box.clear()
        self.connection_box.addItem("All connections", None)
        for each in connections:
            self.connection_box.addItem(f"{plain(each.label, 60)} ({each.environment.value})", each.id)
        self.connection_box.setCurrentIndex(max(0, self.connection_box.findData(chosen)))

    # Rows

    def _group(self, at: int, cohort: Cohort) -> QTreeWidgetItem:
        count = len(cohort.refs)
        name = "Odd one" if count == 1 and len(self._found.cohorts) > 1 else f"Version {_letters(at)}"
        examples = ", ".join(self._title(ref) for ref in cohort.refs[:_EXAMPLES])
        more = f" and {count - _EXAMPLES:,} more" if count > _EXAMPLES else ""
        item = QTreeWidgetItem([f"{name} · {cohort.fingerprint[:8]}", f"{count:,}", f"{examples}{more}"])
        item.setFont(0, scaled_font(1.0, is_bold=True))
        item.setData(0, _KEY, cohort)
        item.setData(0, _ACCESSIBLE, f"{name}, {counted(count, 'app')}: {examples}{more}")
        item.setToolTip(0, cohort.fingerprint)
        item.setChildIndicatorPolicy(QTreeWidgetItem.ChildIndicatorPolicy.ShowIndicator)
        return item

    def _fill(self, item: QTreeWidgetItem) -> None:
        """A group's apps are listed when it is opened."""
        cohort = item.data(0, _KEY)
        if cohort is None or isinstance(cohort, AppRef) or item.childCount():
            return
        item.addChildren([self._app_item(ref) for ref in cohort.refs[:_MOST_APPS]])
        if len(cohort.refs) > _MOST_APPS:
            rest = QTreeWidgetItem([f"… and {len(cohort.refs) - _MOST_APPS:,} more"])
            rest.setFlags(Qt.ItemFlag.ItemIsEnabled)
            item.addChild(rest)

    def _app_item(self, ref: AppRef) -> QTreeWidgetItem:
        app = self._found.apps.get(ref)
        owner = plain(app.owner, 80) if app is not None else ""
        item = QTreeWidgetItem([self._title(ref), "", f"{ref.app_id}   {owner}".rstrip()])
        item.setFont(2, mono_font())
        item.setData(0, _KEY, ref)
        return item

    def _title(self, ref: AppRef) -> str:
        app = self._found.apps.get(ref)
        return (plain(app.title, 60) or "untitled") if app is not None else ref.app_id

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange and hasattr(self, "_stack"):
            self._restyle()

    def _restyle(self) -> None:
        """Fonts of their own do not follow the size of the window's text."""
        self._size_columns()
        rows = QTreeWidgetItemIterator(self.tree)
        while (item := rows.value()) is not None:
            if item.parent() is None:
                item.setFont(0, scaled_font(1.0, is_bold=True))
            else:
                item.setFont(2, mono_font())
            rows += 1

    def _size_columns(self) -> None:
        width = self.fontMetrics().averageCharWidth()
        self.tree.setColumnWidth(0, width * 44)
        self.tree.setColumnWidth(1, width * 12)

    # Acting

    @property
    def chosen_refs(self) -> tuple[AppRef, ...]:
        """One app for each chosen row: the first of a group stands for it."""
        refs: list[AppRef] = []
        for item in self.tree.selectedItems():
            value = item.data(0, _KEY)
            if value is not None:
                refs.append(value if isinstance(value, AppRef) else value.refs[0])
        return tuple(refs)

    def _follow(self) -> None:
        count = len(self.chosen_refs)
        self.open_button.setEnabled(count == 1)
        self.compare_button.setEnabled(count == 2)

    def _activate(self, item: QTreeWidgetItem) -> None:
        value = item.data(0, _KEY)
        if isinstance(value, AppRef):
            self.open_requested.emit(value)

    def _open_chosen(self) -> None:
        if len(self.chosen_refs) == 1:
            self.open_requested.emit(self.chosen_refs[0])

    def _compare_chosen(self) -> None:
        refs = self.chosen_refs
        if len(refs) == 2:
            self.compare_requested.emit(AppSource(refs[0]), AppSource(refs[1]))


def _letters(at: int) -> str:
    """A, B, … Z, AA, AB…"""
    text = ""
    at += 1
    while at:
        at, rest = divmod(at - 1, 26)
        text = chr(65 + rest) + text
    return text

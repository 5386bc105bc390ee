"""One app's structure, to be read: its entities, their attributes and links, and what to copy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, Qt, QTimer, Signal
from PySide6.QtGui import QBrush, QColor, QGuiApplication, QKeySequence, QShortcut, QShowEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QSplitter,
    QStackedWidget,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from app.core.apps import AppSummary
from app.core.changes import Changes
from app.core.connection import Connection
from app.core.errors import KnownError
from app.core.refs import AppRef
from app.core.text import plain
from app.schema.model import Attribute, Entity, Link, LinkEnd, Schema

from .app_list_model import STATE_WORDS, moment
from .badges import ElidedLabel, StateMark, rule, text_label
from .copy_formats import copied_sentence
from .empty_state import EmptyState
from .environment_badge import EnvironmentBadge
from .icons import app_state, sign
from .runner import Runner
from .theme import colours, mono_font
from .type_names import type_name

if TYPE_CHECKING:
    from app.services.catalog import SchemaSnapshot
    from app.services.suite import Services

_ATTRIBUTE_COLUMNS = ("Attribute", "Type", "Required", "Unique", "Indexed")
_LINK_COLUMNS = ("Label", "Has", "To", "Reverse label", "On delete")
_YES = "✓"
_MARK_MS = 1400


class AppView(QWidget):
    """A tab. The structure is read when the tab is first shown.

    ``rename_requested`` and ``delete_requested`` carry the AppRef, ``copied`` a sentence for the status bar.
    """

    rename_requested = Signal(object)
    delete_requested = Signal(object)
    copied = Signal(str)

    def __init__(self, runner: Runner, connection: Connection, app: AppSummary, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._runner = runner
        self.ref = AppRef(app.connection_id, app.app_id)
        self._app = app
        self._schema: Schema | None = None
        self._is_asked = False
        self.badge = EnvironmentBadge(connection.environment)
        self.title = ElidedLabel("", look="heading")
        self.state_mark = StateMark(app_state(app.state))
        self.about = text_label("", "muted")
        self.copy_button = QPushButton()
        self.empty = EmptyState()
        self.entity_list = QListWidget()
        self.entity_title = text_label("", "title")
        self.attribute_table = _table(_ATTRIBUTE_COLUMNS, "Attributes")
        self.link_table = _table(_LINK_COLUMNS, "Links")
        self.links_head = text_label("LINKS", "sectionHead")
        self.read_label = text_label("", "small")
        self._stack = QStackedWidget()
        self._build()
        self._connect()
        self.set_app(app)
        self.empty.tell("Reading the structure…", "", "")

    def _build(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(self._head())
        layout.addWidget(rule())
        self._stack.addWidget(self.empty)
        self._stack.addWidget(self._content())
        layout.addWidget(self._stack, 1)

    def _head(self) -> QVBoxLayout:
        self.rename_button = QPushButton("Rename…")
        self.delete_button = QPushButton("Delete…")
        self.reload_button = QPushButton("Read again")
        self.copy_button.setFont(mono_font())
        self.copy_button.setIcon(sign("copy"))
        self.copy_button.setToolTip("Click to copy · Ctrl+C copies too")
        for button in (self.copy_button, self.rename_button, self.delete_button, self.reload_button):
            button.setProperty("look", "small")
        top = QHBoxLayout()
        top.setSpacing(8)
        top.addWidget(self.state_mark)
        top.addWidget(self.title, 1)
        for part in (self.badge, self.reload_button, self.rename_button, self.delete_button):
            top.addWidget(part)
        second = QHBoxLayout()
        second.setSpacing(12)
        second.addWidget(self.copy_button)
        second.addWidget(self.about, 1)
        second.addWidget(self.read_label)
        head = QVBoxLayout()
        head.setContentsMargins(14, 12, 14, 12)
        head.setSpacing(8)
        head.addLayout(top)
        head.addLayout(second)
        return head

    def _content(self) -> QWidget:
        self.entity_list.setAccessibleName("Entities")
        self.entity_list.setFont(mono_font())
        self.entity_list.setMinimumWidth(140)
        self.entity_list.setStyleSheet("QListWidget { padding: 6px; } QListWidget::item { padding: 4px 8px; }")
        right = QWidget()
        layout = QVBoxLayout(right)
        layout.setContentsMargins(14, 10, 14, 0)
        layout.setSpacing(6)
        layout.addWidget(self.entity_title)
        layout.addWidget(self.attribute_table, 3)
        layout.addWidget(self.links_head)
        layout.addWidget(self.link_table, 2)
        splitter = QSplitter(Qt.Orientation.Horizontal)
        splitter.addWidget(self.entity_list)
        splitter.addWidget(right)
        splitter.setStretchFactor(1, 1)
        splitter.setSizes([200, 700])
        splitter.setChildrenCollapsible(False)
        splitter.setHandleWidth(1)
        return splitter

    def _connect(self) -> None:
        self.copy_button.clicked.connect(self.copy_id)
        self.rename_button.clicked.connect(lambda: self.rename_requested.emit(self.ref))
        self.delete_button.clicked.connect(lambda: self.delete_requested.emit(self.ref))
        self.reload_button.clicked.connect(lambda: self.load(is_fresh=True))
        self.empty.activated.connect(lambda: self.load(is_fresh=True))
        self.entity_list.currentRowChanged.connect(self._show_entity)
        self._runner.changed.connect(self._follow)
        copy = QShortcut(QKeySequence(QKeySequence.StandardKey.Copy), self)
        copy.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        copy.activated.connect(self.copy_id)
        self._mark_timer = QTimer(self, singleShot=True, interval=_MARK_MS)
        self._mark_timer.timeout.connect(lambda: self.copy_button.setText(self._app.app_id))

    # The app itself

    @property
    def app(self) -> AppSummary:
        return self._app

    def set_app(self, app: AppSummary) -> None:
        """The same app with what is known of it now."""
        self._app = app
        self.title.set_text(plain(app.title) or "untitled")
        self.state_mark.set_state(app_state(app.state))
        self.copy_button.setText(app.app_id)
        self.copy_button.setAccessibleName(f"Copy app ID {app.app_id}")
        state = plain(app.note, 120) or STATE_WORDS.get(app.state, app.state)
        parts = [plain(app.owner, 80) or "nobody", app.kind, state]
        if app.template:
            parts.append(f"follows {plain(app.template, 40)}")
        self.about.setText(" · ".join(parts))

    def set_connection(self, connection: Connection) -> None:
        self.badge.set_environment(connection.environment)

    def copy_id(self) -> None:
        QGuiApplication.clipboard().setText(self._app.app_id)
        self.copy_button.setText("✓ Copied")
        self._mark_timer.start()
        self.copied.emit(copied_sentence([self._app]))

    # Its structure

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if not self._is_asked:
            self.load()

    def load(self, *, is_fresh: bool = False) -> None:
        """Read the structure; with ``is_fresh`` from the platform, even where it is known already."""
        self._is_asked = True
        ref = self.ref
        if self._schema is None:
            self.empty.tell("Reading the structure…", "", "")

        async def read(services: Services) -> SchemaSnapshot:
            return await services.catalog.schema(ref, refresh=is_fresh)

        self._runner.start(
            read,
            owner=self,
            title=f"Read the structure of {plain(self._app.title, 40)}",
            done=self._take,
            failed=self._fail,
            replaces="structure",
        )

    def _take(self, snapshot: SchemaSnapshot) -> None:
        self.set_schema(snapshot.schema)
        self.read_label.setText(f"Read {moment(snapshot.read_at)}")

    def _fail(self, error: KnownError) -> bool:
        if self._schema is not None:
            # What was read before stays in sight; the message bar says why there is nothing newer.
            return False
        self.empty.tell("The structure could not be read", f"{error.sentence} {error.remedy}".strip(), "Retry")
        return True

    def _follow(self, changes: Changes) -> None:
        if self.ref in changes.schemas and self._is_asked:
            self.load()

    def set_schema(self, schema: Schema) -> None:
        """Show a structure; the entity that was selected stays so."""
        chosen = self.entity_list.currentItem()
        before = chosen.data(Qt.ItemDataRole.UserRole) if chosen else None
        self._schema = schema
        entities = self._entities()
        self.entity_list.blockSignals(True)
        self.entity_list.clear()
        for each in entities:
            item = QListWidgetItem(plain(each.name, 80))
            item.setData(Qt.ItemDataRole.UserRole, each.name)
            if each.is_system:
                item.setForeground(QBrush(QColor(colours().muted)))
                item.setToolTip("Comes with the platform")
            self.entity_list.addItem(item)
        self.entity_list.blockSignals(False)
        if not entities:
            self.empty.tell("No entities yet", "This app has no structure.", "Read again")
            self._stack.setCurrentWidget(self.empty)
            return
        self._stack.setCurrentIndex(1)
        names = [each.name for each in entities]
        row = names.index(before) if before in names else 0
        self.entity_list.setCurrentRow(row)
        self._show_entity(row)

    def _entities(self) -> list[Entity]:
        entities = self._schema.entities if self._schema else ()
        return sorted(entities, key=lambda each: (each.is_system, each.name.lower()))

    def _show_entity(self, row: int) -> None:
        entities = self._entities()
        if not 0 <= row < len(entities) or self._schema is None:
            return
        entity = entities[row]
        count = len(entity.attributes)
        self.entity_title.setText(f"{plain(entity.name, 80)} · {count} attribute{'' if count == 1 else 's'}")
        _fill(self.attribute_table, [_attribute_row(each) for each in entity.attributes])
        links = [cells for link in self._schema.links for cells in _link_rows(link, entity.name)]
        _fill(self.link_table, links)
        self.links_head.setText("LINKS" if links else "NO LINKS")
        self.link_table.setVisible(bool(links))

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and self._schema is not None:
            self.copy_button.setIcon(sign("copy"))


def _attribute_row(attribute: Attribute) -> tuple[str, ...]:
    return (
        plain(attribute.name, 100),
        plain(type_name(attribute.type), 80),
        _YES if attribute.is_required else "",
        _YES if attribute.is_unique else "",
        _YES if attribute.is_indexed else "",
    )


def _link_rows(link: Link, entity: str) -> list[tuple[str, ...]]:
    """A link as it is seen from an entity; two rows where it leads from the entity to itself."""
    sides = ((link.forward, link.reverse), (link.reverse, link.forward))
    return [_link_row(end, other) for end, other in sides if end.entity == entity]


def _link_row(end: LinkEnd, other: LinkEnd) -> tuple[str, ...]:
    return (
        plain(end.label, 80) + (" (required)" if end.is_required else ""),
        end.has,
        plain(other.entity, 80),
        f"{plain(other.label, 80)} ({other.has})",
        end.on_delete or "keep",
    )


def _table(columns: Sequence[str], name: str) -> QTableWidget:
    table = QTableWidget(0, len(columns))
    table.setHorizontalHeaderLabels(list(columns))
    table.setAccessibleName(name)
    table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    table.setShowGrid(False)
    table.setTabKeyNavigation(False)
    table.setWordWrap(False)
    table.setStyleSheet("QTableWidget::item { padding-left: 4px; }")
    table.verticalHeader().hide()
    header = table.horizontalHeader()
    header.setHighlightSections(False)
    header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
    header.setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
    return table


def _fill(table: QTableWidget, rows: Sequence[Sequence[str]]) -> None:
    mono = mono_font()
    height = max(26, table.fontMetrics().height() + 10)
    table.verticalHeader().setDefaultSectionSize(height)
    table.clearContents()
    table.setRowCount(len(rows))
    for at, cells in enumerate(rows):
        for column, text in enumerate(cells):
            item = QTableWidgetItem(text)
            if column == 0:
                item.setFont(mono)
            if text == _YES:
                head = table.horizontalHeaderItem(column)
                item.setData(Qt.ItemDataRole.AccessibleTextRole, head.text() if head else "yes")
            table.setItem(at, column, item)

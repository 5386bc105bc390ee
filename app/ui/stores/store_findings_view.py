"""What is wrong between a main database and its stores: each finding, what mends it, and the scan of the rows."""

from __future__ import annotations

import html
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QPoint, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QHeaderView,
    QProgressBar,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QSplitter,
    QStackedWidget,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from app.core.apps import AppState
from app.core.text import plain
from app.core.words import counted
from app.ui.look.icons import state_icon
from app.ui.look.theme import scaled_font
from app.ui.parts.ages import ago
from app.ui.parts.badges import ElidedLabel, StateMark, text_label
from app.ui.parts.flow_layout import FlowLayout

if TYPE_CHECKING:
    from app.services.store_findings import StoreFinding

_KEY = Qt.ItemDataRole.UserRole
_ACCESSIBLE = Qt.ItemDataRole.AccessibleTextRole
_MOST_SHOWN = 500
# In the order in which they are mended best; a kind from a newer version goes last, under its own name.
KIND_TITLES: Mapping[str, str] = {
    "unreachable": "Stores that cannot be reached",
    "store-missing": "Workspaces without a store",
    "shared-store": "Workspaces that share a store",
    "system-in-store": "System tables in a store",
    "application-in-main": "Application tables left in the main database",
    "dangling-reference": "References to users or workspaces that do not exist",
    "drifted-store": "Stores whose schema differs from their siblings",
    "orphan-store": "Stores that nobody points to",
    "open-connections": "Connections left open",
}
_MOST_DETAILS = 12


class _Tree(QTreeWidget):
    acted = Signal()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and not event.modifiers():
            self.acted.emit()
        else:
            super().keyPressEvent(event)


class StoreFindingsView(QWidget):
    """``answers`` says what can be done about a finding, as (label, act), the first of them by Enter.

    ``scan_requested``: the rows are to be scanned; ``cancel_requested``: no more.
    """

    scan_requested = Signal()
    cancel_requested = Signal()

    def __init__(
        self,
        answers: Callable[[StoreFinding], Sequence[tuple[str, Callable[[], object]]]],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._answers = answers
        self._found: dict[str, StoreFinding] = {}
        self._items: dict[str, QTreeWidgetItem] = {}
        self._is_scanning = False
        self.heading = text_label("Findings", "title")
        self.count_label = text_label("", "chip")
        self.note_label = ElidedLabel(look="small")
        self.progress = QProgressBar()
        self.scan_button = QPushButton("Scan the rows")
        self.tree = _Tree()
        self.detail = QScrollArea()
        self.buttons: list[QPushButton] = []
        self.split = QSplitter(Qt.Orientation.Horizontal)
        self.well = QWidget()
        self.well_label = text_label("", "muted")
        self.stack = QStackedWidget()
        self._build()
        self.show_findings((), 0.0, is_deep=False)

    def _build(self) -> None:
        self.setAccessibleName("Findings about stores")
        self.progress.setTextVisible(False)
        self.progress.setAccessibleName("Scanning the rows")
        self.progress.setMaximumWidth(self.fontMetrics().averageCharWidth() * 24)
        self.progress.hide()
        self.scan_button.setProperty("look", "small")
        self.scan_button.setAutoDefault(False)
        self.scan_button.setToolTip("Also compares schemas, and looks for references to nobody, page by page")
        self.scan_button.clicked.connect(self._press_scan)
        head = QHBoxLayout()
        head.setContentsMargins(14, 8, 14, 6)
        head.setSpacing(8)
        head.addWidget(self.heading)
        head.addWidget(self.count_label)
        head.addWidget(self.note_label, 1)
        head.addWidget(self.progress)
        head.addWidget(self.scan_button)
        self._build_tree()
        self.detail.setWidgetResizable(True)
        self.detail.setFrameShape(QFrame.Shape.NoFrame)
        self.detail.setAccessibleName("The chosen finding")
        width = self.fontMetrics().averageCharWidth()
        self.detail.setMinimumWidth(width * 30)
        self.split.addWidget(self.tree)
        self.split.addWidget(self.detail)
        self.split.setSizes([width * 100, width * 60])
        self.split.setStretchFactor(0, 3)
        self.split.setStretchFactor(1, 2)
        self.split.setChildrenCollapsible(False)
        self.split.setHandleWidth(1)
        row = QHBoxLayout(self.well)
        row.setContentsMargins(14, 4, 14, 10)
        self.well_mark = StateMark(AppState.OK)
        self.well_label.setWordWrap(True)
        row.addWidget(self.well_mark, 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(self.well_label, 1, Qt.AlignmentFlag.AlignTop)
        self.stack.addWidget(self.split)
        self.stack.addWidget(self.well)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(0)
        box.addLayout(head)
        box.addWidget(self.stack, 1)
        self.setFocusProxy(self.tree)

    def _build_tree(self) -> None:
        tree = self.tree
        tree.setAccessibleName("Findings")
        tree.setHeaderHidden(True)
        tree.setUniformRowHeights(True)
        tree.setFrameShape(QFrame.Shape.NoFrame)
        tree.setIndentation(16)
        tree.setStyleSheet("QTreeView::item { padding: 3px 2px; }")
        tree.setMinimumWidth(200)
        tree.header().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        tree.currentItemChanged.connect(lambda now, _before: self._show_current(now))
        tree.itemDoubleClicked.connect(lambda *_: self.act())
        tree.acted.connect(self.act)
        tree.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        tree.customContextMenuRequested.connect(self._show_menu)

    # What was found

    def show_findings(self, found: Sequence[StoreFinding], at: float, *, is_deep: bool) -> None:
        """``at`` is when it was looked for, 0.0 for not yet; ``is_deep``: rows and schemas, too."""
        now = self._current_key()
        self._found = {each.key: each for each in found}
        self._items = {}
        self.tree.clear()
        groups: dict[str, list[StoreFinding]] = {kind: [] for kind in KIND_TITLES}
        for each in found:
            groups.setdefault(each.kind, []).append(each)
        for kind, rows in groups.items():
            if rows:
                self.tree.addTopLevelItem(self._group(kind, rows))
        self.tree.expandAll()
        self.count_label.setText(f"{len(found):,}")
        self.count_label.setVisible(bool(found))
        what = "rows and schemas, too" if is_deep else "not the rows"
        self.note_label.set_text(f"Looked for {ago(at, time.time())}: {what}" if at else "")
        self._tell_well(at, is_deep=is_deep)
        self.stack.setCurrentWidget(self.split if found else self.well)
        first = self.tree.topLevelItem(0)
        item = self._items.get(now) or (first.child(0) if first is not None else None)
        if item is not None:
            self.tree.setCurrentItem(item)

    def _tell_well(self, at: float, *, is_deep: bool) -> None:
        if not at:
            words = "Not looked for yet."
        elif is_deep:
            words = "Nothing was found: tables, pointers, schemas and references fit."
        else:
            words = "Nothing was found in tables and pointers. “Scan the rows” also compares schemas and references."
        self.well_label.setText(words)
        self.well_mark.set_state(AppState.OK if at else AppState.UNKNOWN)

    def _group(self, kind: str, rows: Sequence[StoreFinding]) -> QTreeWidgetItem:
        title = KIND_TITLES.get(kind, plain(kind, 40))
        group = QTreeWidgetItem([f"{title}  ·  {len(rows):,}"])
        group.setFont(0, scaled_font(1.0, is_bold=True))
        group.setData(0, _ACCESSIBLE, f"{title}, {counted(len(rows), 'finding')}")
        for each in rows[:_MOST_SHOWN]:
            item = self._items[each.key] = QTreeWidgetItem([plain(each.sentence, 300)])
            item.setData(0, _KEY, each.key)
            item.setIcon(0, state_icon(each.severity))
            item.setToolTip(0, f"<p>{html.escape(plain(each.sentence, 500))}</p>")
            group.addChild(item)
        if len(rows) > _MOST_SHOWN:
            rest = QTreeWidgetItem([f"… and {len(rows) - _MOST_SHOWN:,} more: mend these first, then look again"])
            rest.setFlags(Qt.ItemFlag.ItemIsEnabled)
            group.addChild(rest)
        return group

    @property
    def findings(self) -> tuple[StoreFinding, ...]:
        return tuple(self._found.values())

    def current(self) -> StoreFinding | None:
        return self._found.get(self._current_key())

    def go_to(self, key: str) -> None:
        item = self._items.get(key)
        if item is not None:
            self.tree.setCurrentItem(item)
            self.tree.scrollToItem(item)

    def _current_key(self) -> str:
        item = self.tree.currentItem()
        return str(item.data(0, _KEY) or "") if item is not None else ""

    # One finding

    def _show_current(self, item: QTreeWidgetItem | None) -> None:
        finding = self._found.get(str(item.data(0, _KEY) or "")) if item is not None else None
        self.buttons = []
        page = QWidget()
        box = QVBoxLayout(page)
        box.setContentsMargins(14, 8, 12, 10)
        box.setSpacing(8)
        if finding is None:
            words = plain(item.text(0), 200) if item is not None else ""
            box.addWidget(_wrapped(words, "muted"))
        else:
            box.addWidget(_wrapped(plain(finding.sentence, 600), "title"))
            if finding.remedy:
                box.addWidget(_wrapped(plain(finding.remedy, 600), ""))
            box.addLayout(self._answer_row(finding))
            for each in finding.details[:_MOST_DETAILS]:
                box.addWidget(_wrapped(plain(each, 400), "muted"))
            if len(finding.details) > _MOST_DETAILS:
                box.addWidget(_wrapped(f"And {len(finding.details) - _MOST_DETAILS:,} more.", "muted"))
        box.addStretch(1)
        self.detail.setWidget(page)

    def _answer_row(self, finding: StoreFinding) -> FlowLayout:
        rows = FlowLayout(spacing=6)
        for text, act in self._answers(finding):
            button = QPushButton(text)
            button.setProperty("look", "small")
            button.setAutoDefault(False)
            button.setAccessibleName(f"{text.replace('&', '')}: {plain(finding.sentence, 200)}")
            button.clicked.connect(lambda _=False, act=act: act())
            self.buttons.append(button)
            rows.addWidget(button)
        return rows

    def act(self) -> None:
        """What mends the current finding first."""
        finding = self.current()
        answers = self._answers(finding) if finding is not None else ()
        if answers:
            answers[0][1]()

    def _show_menu(self, at: QPoint) -> None:
        from app.ui.parts.row_table import menu_of

        finding = self.current()
        if finding is None:
            return
        menu = menu_of(self, [(text, act, True) for text, act in self._answers(finding)])
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        if menu.actions():
            menu.popup(self.tree.viewport().mapToGlobal(at))

    # The scan

    def _press_scan(self) -> None:
        (self.cancel_requested if self._is_scanning else self.scan_requested).emit()

    @property
    def is_scanning(self) -> bool:
        return self._is_scanning

    def set_scanning(self, is_scanning: bool) -> None:
        self._is_scanning = is_scanning
        self.progress.setRange(0, 0)
        self.progress.setVisible(is_scanning)
        self.scan_button.setText("Cancel the scan" if is_scanning else "Scan the rows")

    def show_progress(self, done: int, total: int, text: str) -> None:
        if self._is_scanning:
            self.progress.setRange(0, total)
            self.progress.setValue(done)
            self.progress.setAccessibleDescription(text)
            if text:
                self.note_label.set_text(plain(text, 160))

    def changeEvent(self, event: QEvent) -> None:
        """Marks are icons here: in other colours they are made anew."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "_items"):
            for key, item in self._items.items():
                item.setIcon(0, state_icon(self._found[key].severity))


def _wrapped(text: str, look: str) -> QWidget:
    label = text_label(text, look)
    label.setWordWrap(True)
    label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.MinimumExpanding)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return label

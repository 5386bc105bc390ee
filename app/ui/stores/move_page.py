"""The tables of a move: how their rows are told, and how far each is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from app.core.apps import AppState
from app.core.status import Severity
from app.core.text import plain
from app.ui.look.icons import State, state_icon
from app.ui.look.theme import mono_font
from app.ui.parts.badges import text_label
from app.ui.parts.form_field import ChoiceBox

if TYPE_CHECKING:
    from app.services.store_moving import MoveTable, RemovalTable, TableProof

_TABLE, _ROWS, _HOW, _STATE = 0, 1, 2, 3
_ACCESSIBLE = Qt.ItemDataRole.AccessibleTextRole
WAY_WORDS: Mapping[str, str] = {
    "column": "By its column",
    "chain": "By what its rows belong to",
    "members": "By the workspace’s members",
    "all": "All rows",
    "leave": "Leave the table behind",
    "": "Choose…",
}
_PHASES: Mapping[str, tuple[State, str]] = {
    "": (AppState.UNKNOWN, "To be copied"),
    "leave": (AppState.DISABLED, "Stays"),
    "choose": (Severity.WARNING, "Choose how they are told"),
    "copying": (AppState.CREATING, "Copying…"),
    "copied": (AppState.CREATING, "Copied"),
    "verifying": (AppState.CREATING, "Verifying…"),
    "verified": (AppState.OK, "Verified"),
    "switched": (AppState.OK, "Verified, in use"),
    "changed": (Severity.WARNING, "Changed since it was verified"),
    "removing": (AppState.CREATING, "Removing…"),
    "to-remove": (Severity.WARNING, "To be removed"),
    "removed": (AppState.OK, "Removed"),
    "kept": (Severity.WARNING, "Kept"),
}


class MovePage(QWidget):
    """``way_chosen`` carries an entity and the way that its rows are to be told by."""

    way_chosen = Signal(str, str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.tree = QTreeWidget()
        self.choice = QWidget()
        self.sentence = text_label("", "muted")
        self.box = ChoiceBox()
        self._can_choose = False
        self._tables: dict[str, MoveTable] = {}
        self._items: dict[str, QTreeWidgetItem] = {}
        self._phases: dict[str, str] = {}
        self._order: tuple[str, ...] = ()
        self._build()

    def _build(self) -> None:
        tree = self.tree
        tree.setAccessibleName("Tables of the move")
        tree.setRootIsDecorated(False)
        tree.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        tree.setHeaderLabels(["Table", "Rows", "How its rows are told", "State"])
        tree.headerItem().setTextAlignment(_ROWS, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        tree.setStyleSheet("QTreeView::item { padding: 4px 4px; }")
        header = tree.header()
        header.setStretchLastSection(False)
        header.setSectionResizeMode(_HOW, QHeaderView.ResizeMode.Stretch)
        for at in (_TABLE, _ROWS, _STATE):
            header.setSectionResizeMode(at, QHeaderView.ResizeMode.ResizeToContents)
        tree.setMinimumHeight(min(120, self.fontMetrics().height() * 8))
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(6)
        box.addWidget(tree)
        box.addWidget(self.choice)
        row = QHBoxLayout(self.choice)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(10)
        self.sentence.setWordWrap(True)
        row.addWidget(self.sentence, 1)
        row.addWidget(self.box)
        self.choice.hide()
        self.box.activated.connect(lambda _at: self._choose())
        tree.currentItemChanged.connect(lambda *_: self._show_current())
        self.setFocusProxy(tree)

    # What is shown

    def show_plan(self, tables: Sequence[MoveTable]) -> None:
        self.tree.headerItem().setText(_HOW, "How its rows are told")
        item = self.tree.currentItem()
        now = self._order_of(item) if item is not None else ""
        self._begin(each.entity for each in tables if each.way not in ("", "leave"))
        self._tables = {each.entity: each for each in tables}
        for each in tables:
            item = self._add(each.entity, each.rows, plain(each.sentence, 300))
            phase = "choose" if not each.way else "leave" if each.way == "leave" else ""
            self._set_phase(each.entity, phase)
            if not each.has_key:
                item.setToolTip(_TABLE, "Without a primary key: begun anew where the copy is interrupted")
        first = next((each.entity for each in tables if not each.way), tables[0].entity if tables else "")
        self.go_to(now if now in self._items else first)
        self.set_choosing(True)

    def show_removal(self, tables: Sequence[RemovalTable]) -> None:
        self.tree.headerItem().setText(_HOW, "Proof")
        self._begin(each.entity for each in tables)
        for each in tables:
            words = "As they were verified in the store" if each.verified else "Changed since they were verified"
            self._add(each.entity, each.rows, words)
            self._set_phase(each.entity, "to-remove" if each.verified else "changed")

    def show_proofs(self, proofs: Iterable[TableProof], late: Iterable[str]) -> None:
        """After the switch: what was verified, and what was written to since."""
        self.tree.headerItem().setText(_HOW, "Proof")
        self.set_choosing(False)
        found = {each.entity: each for each in proofs}
        if not self._items:
            self._begin(found)
            for each in found.values():
                self._add(each.entity, each.rows, "")
        changed = set(late)
        for entity, item in self._items.items():
            proof = found.get(entity)
            if proof is None:
                continue
            item.setText(_ROWS, f"{proof.rows:,}")
            item.setText(_HOW, f"Counts and checksums agree: {plain(proof.checksum, 40)}")
            self._set_phase(entity, "changed" if entity in changed else "switched")

    def show_removed(self, removed: Mapping[str, int], kept: Mapping[str, int]) -> None:
        for entity, item in self._items.items():
            rest = kept.get(entity, 0)
            words = f"{removed.get(entity, 0):,} removed" + (f", {rest:,} kept" if rest else "")
            item.setText(_HOW, words)
            self._set_phase(entity, "kept" if rest else "removed")

    def show_progress(self, phase: str, entity: str) -> None:
        """Tables before the one in hand have been through the phase."""
        ended = {"copying": "copied", "verifying": "verified", "removing": "removed"}.get(phase)
        if phase == "switching":
            ended, entity = "verified", ""
        if ended is None:
            return
        reached = self._order.index(entity) if entity in self._order else len(self._order) if not entity else 0
        if phase != "switching" and not entity:
            return
        for at, each in enumerate(self._order):
            if at < reached:
                self._set_phase(each, ended)
            elif at == reached:
                self._set_phase(each, phase)
            elif phase == "verifying":
                self._set_phase(each, "copied")

    def phase(self, entity: str) -> str:
        return self._phases.get(entity, "")

    @property
    def is_empty(self) -> bool:
        return not self._items

    def clear(self) -> None:
        self._begin(())

    # Inside

    def _begin(self, order: Iterable[str]) -> None:
        self.tree.clear()
        self._items, self._phases, self._tables, self._order = {}, {}, {}, tuple(order)
        self.choice.hide()

    def _add(self, entity: str, rows: int, how: str) -> QTreeWidgetItem:
        item = self._items[entity] = QTreeWidgetItem([plain(entity, 120), f"{rows:,}" if rows >= 0 else "—", how, ""])
        item.setFont(_TABLE, mono_font())
        item.setTextAlignment(_ROWS, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        item.setToolTip(_HOW, how)
        item.setData(_ROWS, _ACCESSIBLE, f"{rows:,} rows")
        self.tree.addTopLevelItem(item)
        return item

    # The way of the table in hand

    def _show_current(self) -> None:
        """How its rows are told, whole, and the other ways that there are."""
        item = self.tree.currentItem()
        table = self._tables.get(self._order_of(item)) if item is not None else None
        self.choice.setVisible(table is not None and self._can_choose)
        if table is None:
            return
        name = plain(table.entity, 80)
        self.sentence.setText(plain(table.sentence, 400))
        self.box.setAccessibleName(f"How the rows of {name} are told")
        self.box.clear()
        for way in dict.fromkeys((table.way, *table.choices)):
            self.box.addItem(WAY_WORDS.get(way, plain(way, 40)), way)
        self.box.setCurrentIndex(0)
        self.box.setVisible(self.box.count() > 1)

    def _order_of(self, item: QTreeWidgetItem) -> str:
        return next((entity for entity, each in self._items.items() if each is item), "")

    def go_to(self, entity: str) -> None:
        item = self._items.get(entity)
        if item is not None:
            self.tree.setCurrentItem(item)

    def set_choosing(self, can_choose: bool) -> None:
        """Whether ways can be chosen now."""
        self._can_choose = can_choose
        self._show_current()

    def _choose(self) -> None:
        item, way = self.tree.currentItem(), str(self.box.currentData() or "")
        table = self._tables.get(self._order_of(item)) if item is not None else None
        if table is not None and way and way != table.way:
            self.way_chosen.emit(table.entity, way)

    def _set_phase(self, entity: str, phase: str) -> None:
        item = self._items.get(entity)
        if item is None or self._phases.get(entity) == phase:
            return
        self._phases[entity] = phase
        state, words = _PHASES[phase]
        item.setIcon(_STATE, state_icon(state))
        item.setText(_STATE, words)
        item.setToolTip(_STATE, words)

    def changeEvent(self, event: QEvent) -> None:
        """Marks are icons here: in other colours they are made anew."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "_items"):
            for entity, item in self._items.items():
                item.setIcon(_STATE, state_icon(_PHASES[self._phases[entity]][0]))

"""The registry against the platform: what does not fit, by kind, and the mending of one or many at once."""

from __future__ import annotations

import html
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, Qt, QTimer, Signal
from PySide6.QtWidgets import QHeaderView, QLayout, QSplitter, QTreeWidget, QTreeWidgetItem, QVBoxLayout, QWidget

from app.core.apps import AppState
from app.core.changes import Changes
from app.core.connection import Connection
from app.core.refs import AppRef
from app.core.status import Severity
from app.core.text import plain
from app.core.words import counted
from app.ui.look.icons import state_icon
from app.ui.look.theme import scaled_font
from app.ui.parts.badges import StateMark
from app.ui.parts.check_mark import CheckBox, CheckDelegate
from app.ui.parts.note_row import NoteRow
from app.ui.work.runner import ProgressReporter, Runner

from .foundation_page import FoundationPage
from .mend_pane import MendPane
from .reconcile_model import Choices, Owner, kind_title, well_sentence

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from app.services.reconcile_words import MendOutcome, Reconciliation, RegistryFinding
    from app.services.suite import Services

_KEY = Qt.ItemDataRole.UserRole
_ACCESSIBLE = Qt.ItemDataRole.AccessibleTextRole
_MOST_SHOWN = 500
_LOOK_MS = 120


class ReconcileView(FoundationPage):
    """A tab of one connection. ``plan_requested`` carries an AppRef and the Draft that a mend offers."""

    plan_requested = Signal(object, object)

    def __init__(self, runner: Runner, connection: Connection, parent: QWidget | None = None) -> None:
        super().__init__(runner, connection, "Reconcile", parent)
        self.choices = Choices()
        self.found: Reconciliation | None = None
        self._failures: dict[str, str] = {}
        self._items: dict[str, QTreeWidgetItem] = {}
        self._wanted = ""
        self._is_filling = False
        self._reporter = ProgressReporter()
        self._look = QTimer(self, interval=_LOOK_MS)
        self.tree = QTreeWidget()
        self.pane = MendPane(self.choices)
        self.split = QSplitter(Qt.Orientation.Horizontal)
        self.token_check = CheckBox("Try the admin tokens, too")
        self.well_mark = StateMark(AppState.OK, factor=2.6)
        self._build()
        self.settle_buttons()

    def _build(self) -> None:
        self.refresh_button.setText("Check again")
        self.token_check.setToolTip("Each admin token of the registry is tried with one small call")
        self.tools.addWidget(self.token_check)
        self.tools.addStretch(1)
        self.mark_button = self.add_button(self.tools, "Mark all", lambda: self.mark_all())
        self.mend_button = self.add_button(self.tools, "Preview…", self.mend_marked, writes=True, look="primary")
        self._build_tree()
        self.split.addWidget(self.tree)
        self.split.addWidget(self.pane)
        self.split.setStretchFactor(0, 3)
        self.split.setStretchFactor(1, 2)
        self.split.setChildrenCollapsible(False)
        self.split.setHandleWidth(1)
        width = self.fontMetrics().averageCharWidth()
        self.pane.setMinimumWidth(width * 46)
        self.split.setSizes([width * 110, width * 60])
        self.stack.addWidget(self.split)
        self.setFocusProxy(self.tree)
        box: QLayout | None = self.empty.layout()
        if isinstance(box, QVBoxLayout):
            box.insertWidget(1, self.well_mark, 0, Qt.AlignmentFlag.AlignHCenter)
        self.well_mark.hide()
        self._look.timeout.connect(self._show_progress)
        pane = self.pane
        pane.mend_chosen.connect(self._choose_mend)
        pane.group_mend_chosen.connect(self.choose_for_all)
        pane.owner_wanted.connect(self.choose_owner)
        pane.mend_requested.connect(lambda key: self._mend((key,)))
        pane.open_requested.connect(self.open_requested)
        pane.copy_requested.connect(self._copy_ref)

    def _build_tree(self) -> None:
        tree = self.tree
        tree.setAccessibleName("Findings")
        tree.setHeaderLabels(["Finding", "Mend"])
        tree.setUniformRowHeights(True)
        tree.setItemDelegateForColumn(0, CheckDelegate(tree))
        tree.setStyleSheet("QTreeView::item { padding: 4px 2px; }")
        tree.setMinimumWidth(320)
        tree.header().setStretchLastSection(False)
        tree.header().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        tree.setColumnWidth(1, self.fontMetrics().averageCharWidth() * 30)
        tree.currentItemChanged.connect(lambda now, _before: self._show_current(now))
        tree.itemChanged.connect(self._marked)

    # Checking

    def read(self) -> None:
        self._reporter = ProgressReporter()
        self._look.start()
        self.refresh_button.setEnabled(False)
        super().read()

    def reading(self) -> Callable[[Services], Awaitable[Reconciliation]]:
        connection_id, reporter, tokens = self.connection.id, self._reporter, self.token_check.isChecked()
        return lambda services: services.reconciler.check(connection_id, reporter, tokens=tokens)

    def _show_progress(self) -> None:
        done, total, text = self._reporter.read()
        self.progress.setRange(0, total)
        self.progress.setValue(done)
        self.progress.setAccessibleDescription(text)
        self.read_label.setText(plain(text, 80) if self.progress.isVisible() and text else self.read_label.text())

    def _ended(self) -> None:
        super()._ended()
        self._look.stop()
        self.refresh_button.setEnabled(True)

    def _follow(self, changes: Changes) -> None:
        """A check reads everything, so it does not follow each change; only schemas that were pushed are its own
        mends, ended elsewhere."""
        if self._is_asked and any(ref.connection_id == self.connection.id for ref in changes.pushes):
            self._settle.start()

    def take(self, found: Reconciliation) -> None:
        self.found = found
        at = self._current_key()
        self.choices.take(found.findings)
        self._failures = {key: why for key, why in self._failures.items() if self.choices.finding(key) is not None}
        self._fill()
        self.notes.show_rows(NoteRow(Severity.WARNING, plain(note, 300)) for note in found.notes)
        total = len(found.findings)
        self.show_count(total, total, "finding", is_narrowed=False)
        self.well_mark.setVisible(found.is_well)
        if total:
            self.stack.setCurrentWidget(self.split)
            item = self._items.get(at) or self._group_of(at) or self.tree.topLevelItem(0)
            if item is not None:
                self.tree.setCurrentItem(item)
            self._choose(self._wanted)
        else:
            title = "All well" if found.is_well else "No findings in what could be compared"
            self.empty.tell(title, well_sentence(found) if found.is_well else "See the notes above.", "")
            self.stack.setCurrentWidget(self.empty)
        self._wanted = ""

    def go_to(self, app_id: str) -> None:
        """Choose the first finding about this app; where there is none, look again."""
        if not self._choose(app_id):
            self._wanted = app_id
            if self._has_read:
                self.read()

    def _choose(self, app_id: str) -> bool:
        for key, item in self._items.items():
            finding = self.choices.finding(key)
            if finding is not None and any(ref.app_id == app_id for ref in finding.refs):
                self.tree.setCurrentItem(item)
                return True
        return False

    # Rows

    def _fill(self) -> None:
        self._is_filling = True
        self.tree.clear()
        self._items = {}
        for kind, rows in self.choices.groups.items():
            self.tree.addTopLevelItem(self._group_item(kind, rows))
        self._is_filling = False
        self.tree.expandAll()
        self._tell_marks()

    def _group_item(self, kind: str, rows: Sequence[RegistryFinding]) -> QTreeWidgetItem:
        group = QTreeWidgetItem([kind_title(kind), counted(len(rows), "finding")])
        group.setFont(0, scaled_font(1.0, is_bold=True))
        group.setToolTip(0, kind_title(kind))
        group.setData(0, _KEY, kind)
        group.setData(0, _ACCESSIBLE, f"{kind_title(kind)}, {counted(len(rows), 'finding')}")
        group.setFlags(group.flags() | Qt.ItemFlag.ItemIsUserCheckable)
        group.setCheckState(0, Qt.CheckState.Unchecked)
        for each in rows[:_MOST_SHOWN]:
            group.addChild(self._finding_item(each))
        if len(rows) > _MOST_SHOWN:
            rest = QTreeWidgetItem([f"… and {len(rows) - _MOST_SHOWN:,} more, marked together with the group"])
            rest.setFlags(Qt.ItemFlag.ItemIsEnabled)
            group.addChild(rest)
        return group

    def _finding_item(self, finding: RegistryFinding) -> QTreeWidgetItem:
        item = QTreeWidgetItem([plain(finding.sentence, 300), ""])
        item.setData(0, _KEY, finding.key)
        item.setToolTip(0, f"<p>{html.escape(plain(finding.sentence, 500))}</p>")
        self._items[finding.key] = item
        self._dress(finding.key)
        return item

    def _dress(self, key: str) -> None:
        """Mark, mend and failure of a row as they are now."""
        item = self._items.get(key)
        if item is None:
            return
        was, self._is_filling = self._is_filling, True
        mend, can_mark = self.choices.mend(key), self.choices.can_mark(key)
        flags = item.flags() | Qt.ItemFlag.ItemIsUserCheckable
        item.setFlags(flags if can_mark else flags & ~Qt.ItemFlag.ItemIsUserCheckable)
        is_marked = self.choices.is_marked(key)
        state = Qt.CheckState.Checked if is_marked else Qt.CheckState.Unchecked
        # What cannot be marked yet has no box at all.
        item.setData(0, Qt.ItemDataRole.CheckStateRole, state if can_mark else None)
        item.setText(1, self.choices.label(key))
        item.setToolTip(1, item.text(1))
        failure = self._failures.get(key)
        if failure:
            item.setIcon(1, state_icon(Severity.ERROR))
        elif mend is not None and mend.is_destructive:
            item.setIcon(1, state_icon(Severity.WARNING))
        else:
            item.setIcon(1, state_icon(AppState.UNKNOWN if not can_mark else Severity.INFO))
        words = "failed last time" if failure else "destroys something" if mend and mend.is_destructive else ""
        spoken = "needs a choice first" if not can_mark else "marked" if is_marked else "not marked"
        item.setData(0, _ACCESSIBLE, f"{item.text(0)} {spoken}")
        item.setData(1, _ACCESSIBLE, f"Mend: {item.text(1)} {words}".strip())
        self._is_filling = was

    def _group_of(self, kind: str) -> QTreeWidgetItem | None:
        for at in range(self.tree.topLevelItemCount()):
            item = self.tree.topLevelItem(at)
            if item is not None and item.data(0, _KEY) == kind:
                return item
        return None

    # Marking

    def _marked(self, item: QTreeWidgetItem, column: int) -> None:
        if self._is_filling or column != 0:
            return
        key, is_on = str(item.data(0, _KEY)), item.checkState(0) is not Qt.CheckState.Unchecked
        keys = [key]
        if item.parent() is None:
            keys = [each.key for each in self.choices.groups.get(key, ())]
            # Where some need a choice first, the group is never marked as a whole.
            is_on = any(self.choices.can_mark(each) and not self.choices.is_marked(each) for each in keys)
        self.choices.mark(keys, is_on)
        self._tell_marks()

    def mark_all(self) -> None:
        """Mark all that can be mended without a further choice; all marked already: none."""
        keys = [key for rows in self.choices.groups.values() for key in (each.key for each in rows)]
        can = [key for key in keys if self.choices.can_mark(key)]
        self.choices.mark(can, any(not self.choices.is_marked(key) for key in can))
        self._tell_marks()

    def _tell_marks(self) -> None:
        self._is_filling = True
        for kind, rows in self.choices.groups.items():
            marked = sum(self.choices.is_marked(each.key) for each in rows)
            group = self._group_of(kind)
            if group is not None:
                part = Qt.CheckState.Unchecked if not marked else Qt.CheckState.PartiallyChecked
                group.setCheckState(0, Qt.CheckState.Checked if marked == len(rows) else part)
        self._is_filling = False
        for key in self._items:
            self._dress(key)
        self.settle_buttons()
        item = self.tree.currentItem()
        if item is not None and item.parent() is None:
            self._show_current(item)

    def settle_buttons(self) -> None:
        count = len(self.choices.marked())
        self.mend_button.setText(f"Preview {counted(count, 'mend')}…" if count else "Preview mends…")
        self.mend_button.setEnabled(self.can_write and count > 0)
        can = [each.key for rows in self.choices.groups.values() for each in rows if self.choices.can_mark(each.key)]
        self.mark_button.setEnabled(bool(can))
        is_all = bool(can) and all(self.choices.is_marked(key) for key in can)
        self.mark_button.setText("Mark none" if is_all else "Mark all")

    # The pane

    def _current_key(self) -> str:
        item = self.tree.currentItem()
        return str(item.data(0, _KEY)) if item is not None else ""

    def _show_current(self, item: QTreeWidgetItem | None) -> None:
        key = str(item.data(0, _KEY)) if item is not None else ""
        finding = self.choices.finding(key)
        if finding is not None:
            self.pane.show_finding(finding, self._failures.get(key, ""), can_write=self.can_write)
        elif key in self.choices.groups:
            self.pane.show_group(key)
        else:
            self.pane.clear()

    def _choose_mend(self, key: str, mend_key: str) -> None:
        self.choices.choose(key, mend_key)
        self._tell_marks()
        # The pane is made anew while a button of it is still being pressed.
        QTimer.singleShot(0, self, lambda: self._show_current(self.tree.currentItem()))

    def choose_for_all(self, kind: str, mend_key: str) -> None:
        """The same mend for all findings of a kind, and all of them marked."""
        keys = [each.key for each in self.choices.groups.get(kind, ())]
        for key in keys:
            self.choices.choose(key, mend_key)
        self.choices.mark(keys, True)
        QTimer.singleShot(0, self, self._tell_marks)

    def choose_owner(self, key: str) -> None:
        from .owner_dialog import OwnerDialog

        mend = self.choices.mend(key)
        if mend is None or not mend.asks:
            return

        def take(owner: Owner) -> None:
            self.choices.set_owner(key, owner)
            self.choices.mark([key], True)
            self._tell_marks()
            self._show_current(self.tree.currentItem())

        dialog = OwnerDialog(self._runner, self.connection, mend.asks, self.window())
        dialog.chosen.connect(take)
        dialog.open()

    def _copy_ref(self, ref: AppRef) -> None:
        self.copy(ref.app_id, f"Copied {plain(ref.app_id, 60)}")

    def changeEvent(self, event: QEvent) -> None:
        """Marks are icons here: in other colours they are made anew."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "_items"):
            for key in self._items:
                self._dress(key)

    # Mending

    def mend_marked(self) -> None:
        self._mend(self.choices.marked())

    def _mend(self, keys: Sequence[str]) -> None:
        from .mend_dialog import MendDialog

        choices = self.choices.as_choices(keys)
        if not choices or not self.can_write:
            return
        destroying = self.choices.destroying(choices)
        subjects = {key: each.sentence for key in choices if (each := self.choices.finding(key)) is not None}
        window = self.window()
        dialog = MendDialog(self._runner, self.connection, choices, destroying, window, subjects=subjects)
        dialog.mended.connect(self._mended)
        dialog.plan_requested.connect(self.plan_requested)
        dialog.open()

    def _mended(self, outcomes: Sequence[MendOutcome]) -> None:
        for each in outcomes:
            self._failures.pop(each.key, None)
            if not each.ok:
                self._failures[each.key] = each.sentence
        good = sum(each.ok for each in outcomes)
        self.copied.emit(f"{good:,} of {counted(len(outcomes), 'finding')} done")
        self.read()

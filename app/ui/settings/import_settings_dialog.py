"""What a file of settings would add, change and leave; only what stays ticked is done."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QTreeWidget, QTreeWidgetItem, QWidget

from app.core.status import Severity
from app.core.text import plain
from app.core.words import counted
from app.services.connection_exchange import ConnectionEntry, ConnectionExchange, Exchange, Imported, ImportKind
from app.ui.actions.actions import shown_keys
from app.ui.parts.action_dialog import ActionDialog
from app.ui.parts.dialog_size import fit
from app.ui.parts.note_row import NoteRow, NoteStack
from app.ui.work.runner import Runner

from .keymap import Keymap
from .preferences import SETTINGS, Preferences, Value

if TYPE_CHECKING:
    from app.services.suite import Services

_WORDS = {
    ImportKind.ADD: "add",
    ImportKind.CHANGE: "change",
    ImportKind.LEAVE: "leave as it is",
    ImportKind.REFUSE: "cannot be taken",
}


@dataclass(frozen=True)
class Line:
    """One line of the preview; ``what`` is what is done with it."""

    kind: ImportKind
    title: str
    sentence: str
    what: object = None
    is_advised: bool = True


class ImportSettingsDialog(ActionDialog):
    imported = Signal(int, object)  # how many settings and keys, Imported
    keys_chosen = Signal(object)  # keys by action

    def __init__(
        self,
        runner: Runner,
        preferences: Preferences,
        keymap: Keymap,
        exchange: Exchange,
        entries: Iterable[ConnectionEntry],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(runner, "Import settings and connections", "Import", parent)
        self._preferences = preferences
        self.tree = QTreeWidget()
        self.notes = NoteStack()
        self._items: list[tuple[QTreeWidgetItem, Line]] = []
        self._lay_out_preview()
        self._add_group("Settings", setting_lines(exchange.settings, preferences))
        self._add_group("Keys", key_lines(exchange.keys, keymap))
        self._add_group("Connections", [connection_line(each) for each in entries])
        self.notes.show_rows([NoteRow(Severity.WARNING, plain(each, 200)) for each in self._told(exchange)])
        self.tree.itemChanged.connect(lambda _item, _column: self._tell_count())
        self._tell_count()
        self.tree.setFocus()

    def _lay_out_preview(self) -> None:
        self.tree.setAccessibleName("What the import would do")
        self.tree.setHeaderLabels(["What", "Is done", "How"])
        self.tree.setRootIsDecorated(False)
        self.tree.setUniformRowHeights(True)
        self.tree.setStyleSheet("QTreeWidget::item { padding: 3px 0; }")
        metrics = self.fontMetrics()
        self.tree.setColumnWidth(0, metrics.averageCharWidth() * 38)
        self.tree.setColumnWidth(1, metrics.averageCharWidth() * 18)
        self.body.addWidget(self.tree, 1)
        self.body.addWidget(self.notes)
        fit(self, 160, 36)

    def _told(self, exchange: Exchange) -> list[str]:
        has_new = any(line.kind is ImportKind.ADD and isinstance(line.what, ConnectionEntry) for _, line in self._items)
        tokens = "The file holds no tokens: enter each one in its connection afterwards."
        return [*exchange.notes[:3], *([tokens] if has_new else [])]

    def _add_group(self, title: str, lines: Iterable[Line]) -> None:
        found = list(lines)
        if not found:
            return
        head = QTreeWidgetItem(self.tree, [title])
        font = head.font(0)
        font.setBold(True)
        head.setFont(0, font)
        head.setFlags(Qt.ItemFlag.ItemIsEnabled)
        head.setFirstColumnSpanned(True)
        for line in found:
            item = QTreeWidgetItem(head, [plain(line.title, 80), _WORDS[line.kind], plain(line.sentence, 300)])
            item.setToolTip(2, plain(line.sentence, 300))
            can_do = line.kind in (ImportKind.ADD, ImportKind.CHANGE)
            flags = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
            if can_do:
                flags |= Qt.ItemFlag.ItemIsUserCheckable
                item.setCheckState(0, Qt.CheckState.Checked if line.is_advised else Qt.CheckState.Unchecked)
            item.setFlags(flags)
            self._items.append((item, line))
        head.setExpanded(True)

    # What is chosen

    def chosen(self) -> list[Line]:
        return [
            line
            for item, line in self._items
            if line.kind in (ImportKind.ADD, ImportKind.CHANGE) and item.checkState(0) is Qt.CheckState.Checked
        ]

    def _tell_count(self) -> None:
        count = len(self.chosen())
        self.action_button.setText(f"Import {counted(count, 'entry', 'entries')}" if count else "Import")
        self.action_button.setEnabled(self.can_act())

    def can_act(self) -> bool:
        return bool(self.chosen())

    def act(self) -> None:
        if self.is_working or not self.can_act():
            return
        lines = self.chosen()
        entries = [line.what for line in lines if isinstance(line.what, ConnectionEntry)]

        async def put(services: Services) -> Imported:
            return await ConnectionExchange(services.connections).apply(entries)

        self.begin(put, "Import settings and connections", lambda done: self._finish(lines, done))

    def _finish(self, lines: list[Line], done: Imported) -> None:
        keys = {name: str(keys) for kind, name, keys in _asked(lines) if kind == "key"}
        settings = [(name, value) for kind, name, value in _asked(lines) if kind == "setting"]
        self.accept()
        if keys:
            self.keys_chosen.emit(keys)
        for name, value in settings:
            self._preferences.set(name, value)
        self.imported.emit(len(settings) + len(keys), done)


def _asked(lines: list[Line]) -> list[tuple[str, str, Value]]:
    return [line.what for line in lines if isinstance(line.what, tuple)]


def setting_lines(given: Mapping[str, object], preferences: Preferences) -> list[Line]:
    """What would become of each setting that a file names."""
    known = {each.key: each for each in SETTINGS}
    lines = []
    for key, value in given.items():
        setting = known.get(key)
        if setting is None:
            lines.append(Line(ImportKind.REFUSE, key, "This Tenantry has no such setting."))
            continue
        fitting = setting.fitting(value)
        now = preferences.get(key)
        if fitting is None or (not isinstance(value, str) and type(value) is not setting.type):
            lines.append(Line(ImportKind.REFUSE, setting.label, f"It cannot be {plain(str(value), 40)}."))
        elif fitting == now:
            lines.append(Line(ImportKind.LEAVE, setting.label, f"It is {setting.said(now)} already."))
        else:
            sentence = f"{setting.said(now)} becomes {setting.said(fitting)}"
            lines.append(Line(ImportKind.CHANGE, setting.label, sentence, ("setting", key, fitting)))
    return lines


def key_lines(given: Mapping[str, str], keymap: Keymap) -> list[Line]:
    lines = []
    for name, keys in given.items():
        if name not in keymap.registry:
            lines.append(Line(ImportKind.REFUSE, name, "This Tenantry has no such command."))
            continue
        title, now = keymap.title(name), keymap.registry.keys_of(name)
        refusal = next((why for each in keys.split("; ") if keys and (why := keymap.refusal(each))), "")
        if refusal:
            lines.append(Line(ImportKind.REFUSE, title, refusal))
        elif keys == now:
            lines.append(Line(ImportKind.LEAVE, title, f"It has {shown_keys(now) or 'no keys'} already."))
        else:
            sentence = f"{shown_keys(now) or 'no keys'} becomes {shown_keys(keys) or 'no keys'}"
            lines.append(Line(ImportKind.CHANGE, title, sentence, ("key", name, keys)))
    return lines


def connection_line(entry: ConnectionEntry) -> Line:
    return Line(entry.kind, entry.label, entry.sentence, entry, entry.is_advised)

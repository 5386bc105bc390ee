"""The steps from one schema to another, grouped by entity."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QFont, QGuiApplication, QKeySequence, QShortcut
from PySide6.QtWidgets import QTreeWidget, QTreeWidgetItem, QWidget

from app.core.text import plain
from app.core.words import counted
from app.ui.look.theme import scaled_font

from .plan_text import StepLine, risk_word
from .risk_mark import risk_icon

_MOST_ENTITIES = 500
_MOST_STEPS = 1_000
# Steps that are listed at once; those of the other entities are made when somebody looks.
_OPEN_STEPS = 120
_LINES = Qt.ItemDataRole.UserRole
_ACCESSIBLE = Qt.ItemDataRole.AccessibleTextRole


class DifferenceTree(QTreeWidget):
    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Differences by entity")
        self.setHeaderHidden(True)
        self.setColumnCount(1)
        self.setUniformRowHeights(True)
        self.itemExpanded.connect(self._fill)
        QShortcut(QKeySequence.StandardKey.Copy, self, self._copy, context=Qt.ShortcutContext.WidgetShortcut)

    def show_lines(self, lines: Sequence[StepLine]) -> None:
        self.clear()
        groups: dict[str, list[StepLine]] = {}
        for line in lines:
            groups.setdefault(plain(line.entity), []).append(line)
        names = sorted(groups)
        bold = scaled_font(1.0, is_bold=True)
        heads = [_group(name, groups[name], bold) for name in names[:_MOST_ENTITIES]]
        self.addTopLevelItems(heads)
        if len(names) > _MOST_ENTITIES:
            self.addTopLevelItem(_rest(len(names) - _MOST_ENTITIES, "entity", "entities"))
        room = _OPEN_STEPS
        for name, head in zip(names, heads, strict=False):
            room -= len(groups[name])
            if room < 0 and head is not heads[0]:
                break
            head.setExpanded(True)
        if heads:
            self.setCurrentItem(heads[0])

    def _fill(self, head: QTreeWidgetItem) -> None:
        lines: list[StepLine] = head.data(0, _LINES) or []
        if head.childCount() or not lines:
            return
        head.addChildren([_step(line) for line in lines[:_MOST_STEPS]])
        if len(lines) > _MOST_STEPS:
            head.addChild(_rest(len(lines) - _MOST_STEPS, "difference", "differences"))

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText("\n".join(item.text(0) for item in self.selectedItems()))


def _group(name: str, lines: Sequence[StepLine], bold: QFont) -> QTreeWidgetItem:
    worst = max(line.risk for line in lines)
    head = QTreeWidgetItem([f"{plain(name, 120)}   {counted(len(lines), 'difference')}"])
    head.setFont(0, bold)
    head.setData(0, _ACCESSIBLE, f"{name}, {counted(len(lines), 'difference')}, worst: {risk_word(worst)}")
    head.setData(0, _LINES, lines)
    head.setChildIndicatorPolicy(QTreeWidgetItem.ChildIndicatorPolicy.ShowIndicator)
    return head


def _step(line: StepLine) -> QTreeWidgetItem:
    item = QTreeWidgetItem([line.sentence])
    item.setIcon(0, risk_icon(line.risk))
    item.setToolTip(0, f"{risk_word(line.risk).capitalize()}: {line.sentence}")
    item.setData(0, _ACCESSIBLE, f"{risk_word(line.risk)}: {line.sentence}")
    return item


def _rest(number: int, singular: str, plural: str) -> QTreeWidgetItem:
    return QTreeWidgetItem([f"… and {counted(number, f'more {singular}', f'more {plural}')}"])

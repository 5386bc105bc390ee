"""The steps from one schema to another, grouped by entity."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication, QKeySequence, QShortcut
from PySide6.QtWidgets import QTreeWidget, QTreeWidgetItem, QWidget

from app.core.text import plain

from .ages import counted
from .plan_text import StepLine, risk_word
from .risk_mark import risk_icon
from .theme import scaled_font

_MOST_STEPS = 2_000
_MOST_OPEN = 60
_ACCESSIBLE = Qt.ItemDataRole.AccessibleTextRole


class DifferenceTree(QTreeWidget):
    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Differences by entity")
        self.setHeaderHidden(True)
        self.setColumnCount(1)
        self.setUniformRowHeights(True)
        QShortcut(QKeySequence.StandardKey.Copy, self, self._copy, context=Qt.ShortcutContext.WidgetShortcut)

    def show_lines(self, lines: Sequence[StepLine]) -> None:
        self.clear()
        groups: dict[str, list[StepLine]] = {}
        for line in lines[:_MOST_STEPS]:
            groups.setdefault(line.place.partition(".")[0], []).append(line)
        heads = [_group(name, groups[name]) for name in sorted(groups)]
        self.addTopLevelItems(heads)
        for head in heads[:_MOST_OPEN]:
            head.setExpanded(True)
        if len(lines) > _MOST_STEPS:
            self.addTopLevelItem(QTreeWidgetItem([f"… and {len(lines) - _MOST_STEPS:,} more"]))

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText("\n".join(item.text(0) for item in self.selectedItems()))


def _group(name: str, lines: Sequence[StepLine]) -> QTreeWidgetItem:
    worst = max(line.risk for line in lines)
    head = QTreeWidgetItem([f"{plain(name, 120)}   {counted(len(lines), 'difference')}"])
    head.setFont(0, scaled_font(1.0, is_bold=True))
    head.setData(0, _ACCESSIBLE, f"{name}, {counted(len(lines), 'difference')}, worst: {risk_word(worst)}")
    for line in lines:
        item = QTreeWidgetItem([line.sentence])
        item.setIcon(0, risk_icon(line.risk))
        item.setToolTip(0, f"{risk_word(line.risk).capitalize()}: {line.sentence}")
        item.setData(0, _ACCESSIBLE, f"{risk_word(line.risk)}: {line.sentence}")
        head.addChild(item)
    return head

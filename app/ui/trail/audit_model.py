"""The acts of the audit trail as a table: read page by page as one scrolls, so that its length does not matter."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt, Signal
from PySide6.QtGui import QColor

from app.core.audit import AuditRecord
from app.core.text import plain
from app.ui.look.theme import colours

HEADERS = ("When", "Who", "What", "App", "Connection", "Environment", "How it ended", "About")
# How many letters each usually has.
LETTERS = (24, 10, 17, 24, 22, 17, 27, 30)
OUTCOME, ABOUT = 6, 7
_DISPLAY, _FOREGROUND, _TOOLTIP = 0, 9, 3
_NONE = QModelIndex()
Index = QModelIndex | QPersistentModelIndex


def when_text(at: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(at))


def environment_text(record: AuditRecord) -> str:
    """Production is spelled out in capitals: colour alone does not tell."""
    return "PRODUCTION" if record.environment == "production" else record.environment.capitalize()


def outcome_text(record: AuditRecord) -> str:
    """With a sign before it, so that a failure is seen without colour."""
    sign = {"done": "✓", "cancelled": "–"}.get(record.result, "✕")
    return plain(f"{sign} {record.outcome}", 200)


def about_text(record: AuditRecord) -> str:
    """Of a push what it was to do, as far as one line says it; its number is among the details."""
    if not record.steps:
        return plain(record.detail, 200)
    more = len(record.steps) - 1
    first = plain(record.steps[0], 200)
    return f"{first.removesuffix('.')}, and {more:,} more." if more else first


def details_text(record: AuditRecord) -> str:
    """All that is known of an act, to be read and copied."""
    app = plain(record.app_title, 120) or "—"
    lines = [
        f"When          {when_text(record.at)}",
        f"Who           {plain(record.who, 80) or '—'}",
        f"What          {plain(record.action, 80)}",
        f"App           {app}" + (f"  ({plain(record.app_id, 120)})" if record.app_id else ""),
        f"Connection    {plain(record.connection_label, 80) or plain(record.connection_id, 80)}",
        f"Environment   {environment_text(record) or '—'}",
        f"Outcome       {plain(record.outcome, 600)}",
    ]
    if record.detail:
        lines.append(f"About         {plain(record.detail, 600)}")
    if record.before or record.after:
        lines += [f"Schema before {record.before or '—'}", f"Schema after  {record.after or '—'}"]
    if record.steps:
        lines += ["", "Plan", *(f"  {at}. {plain(each, 400)}" for at, each in enumerate(record.steps, 1))]
    return "\n".join(lines)


class AuditModel(QAbstractTableModel):
    """``more_wanted`` carries the ID before which the next page begins."""

    more_wanted = Signal(int)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.records: list[AuditRecord] = []
        self._has_more = False
        self._is_asking = False

    def show(self, records: Sequence[AuditRecord], *, has_more: bool) -> None:
        self.beginResetModel()
        self.records, self._has_more, self._is_asking = list(records), has_more, False
        self.endResetModel()

    def append(self, records: Sequence[AuditRecord], *, has_more: bool) -> None:
        self._has_more, self._is_asking = has_more, False
        if records:
            first = len(self.records)
            self.beginInsertRows(_NONE, first, first + len(records) - 1)
            self.records += records
            self.endInsertRows()

    def give_up(self) -> None:
        """The page did not come; scrolling asks again."""
        self._is_asking = False

    def canFetchMore(self, parent: Index) -> bool:
        return not parent.isValid() and self._has_more and not self._is_asking

    def fetchMore(self, parent: Index) -> None:
        if self.canFetchMore(parent) and self.records:
            self._is_asking = True
            self.more_wanted.emit(self.records[-1].id)

    def rowCount(self, parent: Index = _NONE) -> int:
        return 0 if parent.isValid() else len(self.records)

    def columnCount(self, parent: Index = _NONE) -> int:
        return 0 if parent.isValid() else len(HEADERS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = 0) -> Any:
        if orientation == Qt.Orientation.Horizontal and role == _DISPLAY:
            return HEADERS[section]
        return None

    def data(self, index: Index, role: int = 0) -> Any:
        record = self.records[index.row()]
        if role == _DISPLAY:
            return self._text(record, index.column())
        if role == _TOOLTIP:
            return self._text(record, index.column())
        if role == _FOREGROUND:
            return self._colour(record, index.column())
        return None

    @staticmethod
    def _text(record: AuditRecord, column: int) -> str:
        if column == OUTCOME:
            return outcome_text(record)
        if column == ABOUT:
            return about_text(record)
        label = record.connection_label or record.connection_id
        title = record.app_title or record.app_id
        texts = (when_text(record.at), record.who, record.action, title, label, environment_text(record))
        return plain(texts[column], 120)

    @staticmethod
    def _colour(record: AuditRecord, column: int) -> QColor | None:
        look = colours()
        if column == OUTCOME:
            return QColor({"done": look.good, "cancelled": look.muted}.get(record.result, look.danger))
        return QColor(look.muted) if column in (0, 1) else None

"""The entities of a schema as rows of a list, and places that were found in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from app.core.text import plain
from app.schema.model import Entity
from app.ui.schema.entity_marks import EntityMark
from app.ui.schema.schema_document import SchemaDocument
from app.ui.schema.schema_find import Found

Index = QModelIndex | QPersistentModelIndex
_NO_PARENT = QModelIndex()


@dataclass(frozen=True, slots=True)
class EntityRow:
    """One row; ``is_head`` is a heading that cannot be selected. ``mark`` is a kind of change or ""."""

    name: str
    side: str = ""
    mark: str = ""
    note: str = ""
    is_system: bool = False
    has_problem: bool = False
    is_head: bool = False
    found: Found | None = None


class EntityListModel(QAbstractListModel):
    """Rows that are replaced as a whole; what did not change is not repainted."""

    def __init__(self, document: SchemaDocument, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._document = document
        self.rows: list[EntityRow] = []

    def set_rows(self, rows: list[EntityRow]) -> None:
        if len(rows) != len(self.rows):
            self.beginResetModel()
            self.rows = rows
            self.endResetModel()
            return
        before, self.rows = self.rows, rows
        pairs = zip(before, rows, strict=True)
        changed = [at for at, (old, new) in enumerate(pairs) if old is not new and old != new]
        if changed:
            self.dataChanged.emit(self.index(changed[0]), self.index(changed[-1]))

    def row_of(self, name: str) -> int | None:
        return next((at for at, row in enumerate(self.rows) if row.name == name and not row.is_head), None)

    def rowCount(self, parent: Index = _NO_PARENT) -> int:
        return 0 if parent.isValid() else len(self.rows)

    def flags(self, index: Index) -> Qt.ItemFlag:
        if not index.isValid() or self.rows[index.row()].is_head:
            return Qt.ItemFlag.NoItemFlags
        found = Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemNeverHasChildren
        return found if self.lock(index.row()) else found | Qt.ItemFlag.ItemIsEditable

    def lock(self, at: int) -> str:
        """Why this entity cannot be renamed or removed, "" where it can."""
        row = self.rows[at]
        if row.found is not None:
            return "This is a place that was found."
        if row.is_system:
            return f"{plain(row.name, 60)} comes with the platform: it cannot be renamed or removed."
        return self._document.lock_reason or ("It is removed with the next push." if row.mark == "removed" else "")

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid() or index.row() >= len(self.rows):
            return None
        row = self.rows[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return plain(row.name, 120)
        if role == Qt.ItemDataRole.EditRole:
            return row.name
        if role == Qt.ItemDataRole.AccessibleTextRole:
            parts = (plain(row.name, 120), row.side, row.mark, row.note)
            return ", ".join(each for each in (*parts, "has problems" if row.has_problem else "") if each)
        if role == Qt.ItemDataRole.ToolTipRole and not row.is_head:
            said = f"{row.mark} {row.note}".strip()
            return f"{plain(row.name, 120)}: {said}" if said else ("Comes with the platform" if row.is_system else None)
        return None


class EntityRows:
    """Makes the rows of a document's entities; those of entities that stayed the same object are made once."""

    def __init__(self, document: SchemaDocument) -> None:
        self._document = document
        self._kept: dict[str, tuple[Entity, EntityMark | None, bool, EntityRow]] = {}

    def rows(self) -> list[EntityRow]:
        """The operator's entities by name, removed ones among them, then those of the platform under a heading."""
        marks, wanted = self._document.entity_marks(), self._document.draft.wanted
        broken = {each.place.split(".", 1)[0] for each in self._document.problems if each.is_error}
        made = [self._row(each, marks.get(each.name), each.name in broken) for each in wanted.entities]
        own = [row for row in made if not row.is_system]
        system = [row for row in made if row.is_system]
        standing = {row.name for row in made} if any(each.kind == "removed" for each in marks.values()) else set()
        own += [
            EntityRow(name, mark="removed", note=mark.note)
            for name, mark in marks.items()
            if mark.kind == "removed" and name not in standing
        ]
        own.sort(key=_order)
        system.sort(key=_order)
        return [*own, EntityRow("SYSTEM", is_head=True), *system] if system else own

    def _row(self, entity: Entity, mark: EntityMark | None, is_broken: bool) -> EntityRow:
        kept = self._kept.get(entity.name)
        if kept is not None and kept[0] is entity and kept[1] == mark and kept[2] is is_broken:
            return kept[3]
        kind, note = (mark.kind, mark.note) if mark is not None else ("", "")
        row = EntityRow(entity.name, str(len(entity.attributes)), kind, note, entity.is_system, is_broken)
        self._kept[entity.name] = (entity, mark, is_broken, row)
        return row


def _order(row: EntityRow) -> str:
    return row.name.lower()

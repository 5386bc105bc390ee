"""The agents of a document as rows: fields, links, rows in the database, origin, and what is staged for each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from app.core.text import plain
from app.core.words import counted
from app.schema.draft import Draft
from app.schema.model import Attribute, Entity, Link, Schema
from app.ui.schema.schema_document import SchemaDocument
from app.ui.schema.type_names import type_name

if TYPE_CHECKING:
    from app.services.agents import Agent

Index = QModelIndex | QPersistentModelIndex
_NONE = QModelIndex()
_MOST_SPOKEN = 12


@dataclass(frozen=True, slots=True)
class Known:
    """What was read of the live agents, by name; ``titles`` of templates by name."""

    agents: Mapping[str, Agent]
    titles: Mapping[str, str]


NOTHING_KNOWN = Known({}, {})


@dataclass(frozen=True, slots=True)
class AgentRow:
    """``mark`` is a kind of change or "", ``rows`` and ``template`` "" where they are not known (yet)."""

    name: str
    fields: tuple[tuple[str, str], ...]
    links: tuple[str, ...]
    rows: str = ""
    template: str = ""
    mark: str = ""
    note: str = ""
    has_problem: bool = False

    @property
    def is_removed(self) -> bool:
        return self.mark == "removed"

    @property
    def spoken(self) -> str:
        fields = ", ".join(name for name, _kind in self.fields[:_MOST_SPOKEN])
        parts = (
            plain(self.name, 120),
            f"{self.mark} {self.note}".strip(),
            "has problems" if self.has_problem else "",
            self.rows,
            f"from the template {self.template}" if self.template else "",
            f"{counted(len(self.fields), 'field')}: {fields}" if fields else "no fields",
            f"{counted(len(self.links), 'link')}: {', '.join(self.links[:_MOST_SPOKEN])}" if self.links else "",
        )
        return "; ".join(each for each in parts if each)


def agent_rows(document: SchemaDocument, known: Known) -> list[AgentRow]:
    """By name; removed ones stay in sight until they are pushed."""
    draft, marks = document.draft, document.entity_marks()
    broken = {each.place.split(".", 1)[0] for each in document.problems if each.is_error}
    old_names = {new: old for old, new in draft.renames.entities}
    links = _links_by_entity(draft.wanted)
    rows = []
    for entity in draft.wanted.entities:
        if not entity.is_system:
            mark = marks.get(entity.name)
            kind, note = (mark.kind, mark.note) if mark is not None else ("", "")
            live = None if kind == "new" else known.agents.get(old_names.get(entity.name, entity.name))
            has_problem = entity.name in broken
            rows.append(_row(entity, links.get(entity.name, ()), live, known, kind, note, has_problem=has_problem))
    rows += _removed(draft, {row.name for row in rows}, known)
    return sorted(rows, key=lambda row: (row.name.lower(), row.name))


def rows_of(schema: Schema) -> list[AgentRow]:
    """Those of a schema that is nobody's yet."""
    links = _links_by_entity(schema)
    made = (
        _row(each, links.get(each.name, ()), None, NOTHING_KNOWN, "", "", has_problem=False)
        for each in schema.entities
        if not each.is_system
    )
    return sorted(made, key=lambda row: (row.name.lower(), row.name))


def _removed(draft: Draft, standing: set[str], known: Known) -> Iterable[AgentRow]:
    gone = {old for old, _new in draft.renames.entities} | standing
    links = _links_by_entity(draft.base) if len(gone) < len(draft.base.entities) else {}
    for entity in draft.base.entities:
        if not entity.is_system and entity.name not in gone and draft.wanted.entity(entity.name) is None:
            live = known.agents.get(entity.name)
            yield _row(entity, links.get(entity.name, ()), live, known, "removed", "", has_problem=False)


def _row(
    entity: Entity, links: Iterable[str], live: Agent | None, known: Known, mark: str, note: str, *, has_problem: bool
) -> AgentRow:
    rows, template = "", ""
    if live is not None:
        template = plain(known.titles.get(live.template, live.template), 40)
        if live.rows is not None:
            rows = f"{live.rows:,}+ rows" if live.has_more_rows else counted(live.rows, "row")
    fields = tuple((plain(each.name, 60), _kind(each)) for each in entity.attributes if not _is_plain_id(each))
    return AgentRow(entity.name, fields, tuple(links), rows, template, mark, plain(note, 80), has_problem)


def _is_plain_id(attribute: Attribute) -> bool:
    return attribute.name == "id"


def _kind(attribute: Attribute) -> str:
    """The type, with a sign for each flag: ``string *`` is required."""
    return plain(type_name(attribute.type), 40) + ("*" if attribute.is_required else "")


def _links_by_entity(schema: Schema) -> Mapping[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for link in schema.links:
        for name, words in _ends(link):
            found.setdefault(name, []).append(words)
    return {name: tuple(sorted(words)) for name, words in found.items()}


def _ends(link: Link) -> Iterable[tuple[str, str]]:
    for own, other in ((link.forward, link.reverse), (link.reverse, link.forward)):
        many = " (many)" if own.has == "many" else ""
        yield own.entity, f"{plain(own.label, 60)} → {plain(other.entity, 60)}{many}"


class AgentModel(QAbstractListModel):
    """All rows, or those whose name, fields or links hold a text."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.all_rows: list[AgentRow] = []
        self.rows: list[AgentRow] = []
        self._filter = ""

    def set_rows(self, rows: list[AgentRow]) -> None:
        self.all_rows = rows
        self._show([row for row in rows if _holds(row, self._filter)])

    def set_filter(self, text: str) -> None:
        self._filter = text.strip().lower()
        self._show([row for row in self.all_rows if _holds(row, self._filter)])

    def _show(self, rows: list[AgentRow]) -> None:
        """Rows that stay where they are are not laid out anew."""
        if [row.name for row in rows] != [row.name for row in self.rows]:
            self.beginResetModel()
            self.rows = rows
            self.endResetModel()
            return
        before, self.rows = self.rows, rows
        changed = [at for at, (old, new) in enumerate(zip(before, rows, strict=True)) if old != new]
        if changed:
            self.dataChanged.emit(self.index(changed[0]), self.index(changed[-1]))

    def row_of(self, name: str) -> int | None:
        return next((at for at, row in enumerate(self.rows) if row.name == name), None)

    def rowCount(self, parent: Index = _NONE) -> int:
        return 0 if parent.isValid() else len(self.rows)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid() or index.row() >= len(self.rows):
            return None
        row = self.rows[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return plain(row.name, 120)
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return row.spoken
        return None


def _holds(row: AgentRow, text: str) -> bool:
    if not text:
        return True
    names = (row.name, row.template, *(name for name, _kind in row.fields), *row.links)
    return any(text in each.lower() for each in names)

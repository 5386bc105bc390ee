"""The foreign keys of one entity as rows: the links of platforms where a link is over columns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Any

from app.core.errors import Invalid
from app.core.text import plain
from app.core.words import free_name
from app.schema.draft import Draft, Mark
from app.schema.model import Link, LinkKey, OnDelete, link_key
from app.ui.schema.extras import extra_of, with_extra
from app.ui.schema.link_choices import changed_link, named_anew, names_taken, new_link, with_name
from app.ui.schema.sql_lists import written

from .linked_rows import LinkedRow, LinkedRowsModel
from .schema_grid_model import (
    Cell,
    Choice,
    EditorKind,
    Index,
    change_cell,
    removed_mark,
)

_ON_DELETE: dict[OnDelete | None, str] = {
    None: "no action",
    "cascade": "cascade",
    "restrict": "restrict",
    "set-null": "set null",
}


class KeyColumn(IntEnum):
    NAME = 0
    COLUMNS = 1
    TO = 2
    TO_COLUMNS = 3
    ON_DELETE = 4
    CHANGE = 5


_EDITORS: dict[int, EditorKind] = {
    KeyColumn.NAME: "line",
    KeyColumn.COLUMNS: "words",
    KeyColumn.TO: "search",
    KeyColumn.TO_COLUMNS: "words",
    KeyColumn.ON_DELETE: "choice",
}
_WHAT = {KeyColumn.COLUMNS: "columns", KeyColumn.TO: "to", KeyColumn.TO_COLUMNS: "to_columns"}
_TITLES: dict[int, str] = {
    KeyColumn.NAME: "Rename {} to {}",
    KeyColumn.COLUMNS: "Let {} be over {}",
    KeyColumn.TO: "Lead {} to {}",
    KeyColumn.TO_COLUMNS: "Lead {} to {}",
    KeyColumn.ON_DELETE: "On delete of {}: {}",
}


@dataclass(frozen=True, slots=True)
class KeyRow(LinkedRow):
    pass


class ForeignKeyGridModel(LinkedRowsModel[KeyRow]):
    titles = ("Foreign key", "Over", "To", "Its attributes", "On delete", "")
    spoken_titles = ("Foreign key", "Over the attributes", "To", "Attributes there", "On delete", "Change")

    first = KeyColumn.COLUMNS

    # Rows

    def _build(self, draft: Draft) -> list[KeyRow]:
        name = self.entity
        if draft.wanted.entity(name) is None:
            links = [each for each in draft.base.links if each.forward.entity == name]
            return [self._row(each, removed_mark(None), is_removed=True) for each in links]
        marks = self.document.marks(name)
        rows = [
            self._row(each, marks.get(each.forward.label)) for each in draft.wanted.links if each.forward.entity == name
        ]
        old = next((was for was, now in draft.renames.entities if now == name), name)
        gone = (each for each in draft.removed(name).links if each.forward.entity == old)
        return rows + [self._row(each, removed_mark(marks.get(each.forward.label)), is_removed=True) for each in gone]

    def _row(self, link: Link, mark: Mark | None, *, is_removed: bool = False) -> KeyRow:
        lock = _lock(link, is_removed)
        place, is_off = f"{link.forward.entity}.{link.forward.label}", bool(lock)

        def problem(*fields: str) -> Any:
            return None if is_removed else self.problem(place, *fields)

        cells = (
            Cell("name", plain(link.forward.label, 100), is_locked=is_off, problem=problem("label", "name", "")),
            Cell("code", _listed(link, 0), is_locked=is_off, problem=problem("columns", "type", "attributes")),
            Cell("name", plain(link.reverse.entity, 80), is_locked=is_off, problem=problem("entity")),
            Cell("code", _listed(link, 1), is_locked=is_off, problem=problem("to_columns")),
            Cell("text", _on_delete(link), is_locked=is_off, problem=problem("on_delete")),
            change_cell(_without_name(mark, link.forward.label)),
        )
        return KeyRow((link_key(link), is_removed), cells, mark, is_removed, lock, link)

    def place(self, row: int) -> str:
        return f"{self.entity}.{self.row(row).link.forward.label}"

    def row_of(self, name: str) -> int | None:
        standing = self.find(lambda each: each.link.forward.label == name and not each.is_removed)
        return self.find(lambda each: each.link.forward.label == name) if standing is None else standing

    # Editors

    def editor_kind(self, index: Index) -> EditorKind:
        return _EDITORS.get(index.column(), "")

    def is_list(self, column: int) -> bool:
        return column in (KeyColumn.COLUMNS, KeyColumn.TO_COLUMNS)

    def completions(self, index: Index) -> Sequence[str]:
        link = self.row(index.row()).link
        name = link.forward.entity if index.column() == KeyColumn.COLUMNS else link.reverse.entity
        entity = self.document.draft.wanted.entity(name)
        return [written([each.name]) for each in entity.attributes] if entity is not None else []

    def edit_text(self, index: Index) -> str:
        link = self.row(index.row()).link
        match index.column():
            case KeyColumn.NAME:
                return link.forward.label
            case KeyColumn.COLUMNS:
                return written(mine for mine, _ in link.columns)
            case KeyColumn.TO:
                return link.reverse.entity
            case KeyColumn.TO_COLUMNS:
                return written(theirs for _, theirs in link.columns)
            case _:
                return _on_delete(link)

    def choices(self, index: Index) -> Sequence[Choice]:
        if index.column() == KeyColumn.TO:
            found = (each.name for each in self.document.draft.wanted.entities if not each.is_system)
            return [Choice(plain(each, 80), each) for each in sorted(found, key=str.lower)]
        rules = self.document.rules
        allowed: tuple[OnDelete | None, ...] = (None, *(rules.on_delete if rules is not None else ()))
        has = self.row(index.row()).link.forward.on_delete
        return [Choice(_ON_DELETE[each], each) for each in dict.fromkeys((*allowed, has))]

    # Edits

    def change_of(self, rows: Sequence[int], column: int, value: Any) -> tuple[str, Callable[[Draft], Draft]] | None:
        if column not in _EDITORS:
            return None
        changes: dict[LinkKey, Link] = {}
        for row in map(self.row, rows):
            changed = self._changed(row.link, column, value)
            if column != KeyColumn.NAME and row.mark is not None and row.mark.kind == "new":
                changed = named_anew(row.link, changed)
            if changed != row.link:
                changes[link_key(row.link)] = changed
        if not changes:
            return None

        def make(draft: Draft) -> Draft:
            for key, link in changes.items():
                draft = draft.change_link(key, link)
            return draft

        said = _ON_DELETE[value] if column == KeyColumn.ON_DELETE else plain(str(value), 60)
        return _TITLES[column].format(self._named(rows), said), make

    def _changed(self, link: Link, column: int, value: Any) -> Link:
        if column == KeyColumn.NAME:
            return with_name(link, str(value).strip())
        if column == KeyColumn.ON_DELETE:
            extra = with_extra(link.extra, "set_default", None)
            return replace(link, forward=replace(link.forward, on_delete=value), extra=extra)
        return changed_link(self.document.draft, link, _WHAT[KeyColumn(column)], str(value))

    def _named(self, rows: Sequence[int]) -> str:
        entity = plain(self.entity, 60)
        if len(rows) == 1:
            return f"{entity}.{plain(self.row(rows[0]).link.forward.label, 60)}"
        return f"{len(rows)} foreign keys of {entity}"

    def _new_problem(self, row: int, column: int, value: Any, after: Draft) -> str:
        if column != KeyColumn.NAME:
            return ""
        return self.document.refusal_of_name(after, self.entity, str(value).strip())

    def add(self, key: str = "") -> str:
        """Add a foreign key over an attribute that is called after a table, else over one that is added with it;
        returns its name, "" where it was refused."""
        draft = self.document.draft
        entity = draft.wanted.entity(self.entity)
        if entity is None:
            return ""
        try:
            link, column = new_link(draft.wanted, entity)
        except Invalid as error:
            self.document.refused.emit(f"{error.sentence} {error.remedy}".strip(), self.entity)
            return ""

        def make(each: Draft) -> Draft:
            if column is not None:
                each = each.add_attribute(entity.name, column)
            return each.add_link(link)

        title = f"Add the foreign key {plain(entity.name, 60)}.{plain(link.forward.label, 60)}"
        return link.forward.label if self.document.edit(title, make, key=key) else ""

    def duplicate(self, rows: Sequence[int]) -> list[str]:
        """Foreign keys over the same under free names, one undo step; returns their names."""
        taken = names_taken(self.document.draft.wanted, self.entity)
        made = []
        for link in (self.row(at).link for at in rows if not self.row(at).is_removed):
            name = free_name(f"{link.forward.label}_copy", taken)
            taken.add(name)
            made.append(replace(with_name(link, name), is_system=False))
        return [each.forward.label for each in made] if self._add_links(rows, made) else []

    def explain(self, row: int) -> str:
        """What "on delete" means in this row, in names."""
        link = self.row(row).link
        mine, theirs = plain(link.forward.entity, 60), plain(link.reverse.entity, 60)
        if extra_of(link.extra, "set_default"):
            return f"When a row of {theirs} is deleted, rows of {mine} that lead to it get the default."
        match link.forward.on_delete:
            case "cascade":
                return f"When a row of {theirs} is deleted, rows of {mine} that lead to it are deleted too."
            case "set-null":
                return f"When a row of {theirs} is deleted, rows of {mine} that lead to it lead nowhere."
            case _:
                return f"A row of {theirs} that rows of {mine} lead to cannot be deleted."

    def _tip(self, row: int, column: int) -> str:
        said = super()._tip(row, column)
        return said or (self.explain(row) if column == KeyColumn.ON_DELETE else "")


def _without_name(mark: Mark | None, name: str) -> Mark | None:
    """The row says already which foreign key it is about."""
    return replace(mark, note=mark.note.replace(f"{name} ", "", 1)) if mark is not None else None


def _listed(link: Link, side: int) -> str:
    return plain(written(pair[side] for pair in link.columns), 160)


def _on_delete(link: Link) -> str:
    return "set default" if extra_of(link.extra, "set_default") else _ON_DELETE[link.forward.on_delete]


def _lock(link: Link, is_removed: bool) -> str:
    if is_removed:
        return "It is removed with the next push. Delete or Undo brings it back."
    return "It comes with the platform: it can be read, not changed." if link.is_system else ""

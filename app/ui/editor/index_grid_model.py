"""The indexes of one entity as rows: what they are over, of which kind, and what is going to happen to each."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Any

from app.core.errors import FieldError, Invalid
from app.core.text import plain
from app.core.words import free_name
from app.schema.draft import Draft, Mark
from app.schema.formats.sql_names import implied_name, split_name
from app.schema.model import Entity, Index
from app.ui.schema.entity_start import PRIMARY
from app.ui.schema.extras import extra_of, with_extra
from app.ui.schema.index_marks import index_marks, removed_indexes
from app.ui.schema.sql_lists import named, split_list, written

from .schema_grid_model import Cell, Choice, EditorKind, GridRow, SchemaGridModel, change_cell, removed_mark
from .schema_grid_model import Index as QtIndex

_WORD = re.compile(r'[\w$]+|"(?:[^"]|"")+"')
_ORDER = re.compile(r"\s+(?:(?:asc|desc)(?:\s+nulls\s+(?:first|last))?|nulls\s+(?:first|last))\s*$", re.IGNORECASE)
_KEY = re.compile(r"""(?P<column>[\w$]+|"(?:[^"]|"")+")\s+[\w\s".]+""")


class IndexColumn(IntEnum):
    NAME = 0
    KEYS = 1
    UNIQUE = 2
    KIND = 3
    WHERE = 4
    CHANGE = 5


_EDITORS: dict[int, EditorKind] = {
    IndexColumn.NAME: "line",
    IndexColumn.KEYS: "words",
    IndexColumn.UNIQUE: "flag",
    IndexColumn.KIND: "choice",
    IndexColumn.WHERE: "line",
}


@dataclass(frozen=True, slots=True)
class IndexRow(GridRow):
    index: Index


class IndexGridModel(SchemaGridModel[IndexRow]):
    titles = ("Index", "Over", "Unique", "Kind", "Where", "")
    spoken_titles = ("Index", "Attributes or expressions", "Unique", "Kind", "Only rows where", "Change")

    first = IndexColumn.KEYS

    # Rows

    def _build(self, draft: Draft) -> list[IndexRow]:
        entity = draft.wanted.entity(self.entity)
        if entity is None:
            gone = draft.base.entity(self.entity)
            mark = removed_mark(None)
            return [self._row(gone, each, mark, is_removed=True) for each in gone.indexes] if gone else []
        marks = index_marks(draft, entity)
        rows = [self._row(entity, each, marks.get(each.name)) for each in entity.indexes]
        return rows + [
            self._row(entity, each, removed_mark(None), is_removed=True) for each in removed_indexes(draft, entity)
        ]

    def _row(self, entity: Entity, index: Index, mark: Mark | None, *, is_removed: bool = False) -> IndexRow:
        lock = self._lock(entity, is_removed)
        place, is_off = f"{entity.name}.{index.name}", bool(lock)

        def problem(*fields: str) -> Any:
            return None if is_removed else self.problem(place, *fields)

        is_primary = index.kind == PRIMARY
        cells = (
            Cell(
                "name", plain(index.name, 100), is_locked=is_off, problem=problem("name", ""), sign="key" * is_primary
            ),
            Cell("code", plain(keys_text(index), 160), is_locked=is_off, problem=problem("attributes", "columns")),
            Cell("flag", is_on=index.is_unique or is_primary, is_locked=is_off or is_primary),
            Cell("text", _kind_word(index), is_locked=is_off, problem=problem("kind")),
            Cell("code", plain(extra_of(index.extra, "where", ""), 160), is_locked=is_off, problem=problem("where")),
            change_cell(mark),
        )
        return IndexRow((index.name, is_removed), cells, mark, is_removed, lock, index)

    def _lock(self, entity: Entity, is_removed: bool) -> str:
        if is_removed:
            return "It is removed with the next push. Delete or Undo brings it back."
        rules = self.document.rules
        if entity.is_system and (rules is None or entity.name not in rules.extendable):
            return f"{plain(entity.name, 60)} can be read here, not changed."
        return ""

    def lock_of_cell(self, row: int, column: int) -> str:
        if self.row(row).index.kind != PRIMARY or column not in (IndexColumn.UNIQUE, IndexColumn.WHERE):
            return ""
        if column == IndexColumn.UNIQUE:
            return "A primary key is unique."
        return "A primary key is over all rows."

    def place(self, row: int) -> str:
        return f"{self.entity}.{self.row(row).index.name}"

    def row_of(self, name: str) -> int | None:
        standing = self.find(lambda each: each.index.name == name and not each.is_removed)
        return self.find(lambda each: each.index.name == name) if standing is None else standing

    # Editors

    def editor_kind(self, index: QtIndex) -> EditorKind:
        return _EDITORS.get(index.column(), "")

    def is_list(self, column: int) -> bool:
        return column == IndexColumn.KEYS

    def completions(self, index: QtIndex) -> Sequence[str]:
        entity = self.document.draft.wanted.entity(self.entity)
        return [written([each.name]) for each in entity.attributes] if entity is not None else []

    def edit_text(self, index: QtIndex) -> str:
        found = self.row(index.row()).index
        match index.column():
            case IndexColumn.NAME:
                return found.name
            case IndexColumn.KEYS:
                return keys_text(found)
            case IndexColumn.WHERE:
                return str(extra_of(found.extra, "where", ""))
            case _:
                return self.row(index.row()).cells[index.column()].text

    def choices(self, index: QtIndex) -> Sequence[Choice]:
        rules, has = self.document.rules, self.row(index.row()).index.kind
        kinds = dict.fromkeys((*(rules.index_kinds if rules is not None else ()), has))
        return [Choice(_KIND_WORDS.get(each, each), each) for each in kinds]

    # Edits

    def change_of(self, rows: Sequence[int], column: int, value: Any) -> tuple[str, Callable[[Draft], Draft]] | None:
        entity = self.document.draft.wanted.entity(self.entity)
        if entity is None or column not in _EDITORS:
            return None
        changes: dict[str, Index] = {}
        for row in map(self.row, rows):
            changed = _changed(entity, row.index, column, value)
            if row.mark is not None and row.mark.kind == "new":
                changed = _named_anew(entity, row.index, changed)
            if changed != row.index and column != IndexColumn.NAME:
                # It is built anew.
                changed = replace(changed, extra=with_extra(changed.extra, "invalid", None))
            if changed != row.index:
                changes[row.index.name] = changed
        if not changes:
            return None
        name = entity.name

        def make(draft: Draft) -> Draft:
            for old, new in changes.items():
                draft = draft.change_index(name, old, new)
                if new.kind == PRIMARY:
                    draft = _required(draft, name, new)
            return draft

        return f"{_TITLES[column]} {self._named(list(changes))}", make

    def _named(self, names: Sequence[str]) -> str:
        if len(names) == 1:
            return f"{plain(self.entity, 60)}.{plain(names[0], 60)}"
        return f"{len(names)} indexes of {plain(self.entity, 60)}"

    def add(self, key: str = "") -> str:
        """Add an index over the first attribute that has none; returns its name, "" where it was refused."""
        entity = self.document.draft.wanted.entity(self.entity)
        if entity is None or not entity.attributes:
            reason = f"{plain(self.entity, 60)} has no attribute that an index could be over."
            self.document.refused.emit(reason, self.entity)
            return ""
        over = {name for each in entity.indexes for name in each.attributes[:1]}
        bare = (each.name for each in entity.attributes if each.name not in over and not _has_index(each))
        first = next(bare, entity.attributes[0].name)
        rules = self.document.rules
        kinds = rules.index_kinds if rules is not None else ()
        kind = next((each for each in kinds if each != PRIMARY), "")
        made = Index("", (first,), kind=kind)
        made = replace(made, name=self._free_name(entity, made))
        title = f"Add the index {plain(entity.name, 60)}.{plain(made.name, 60)}"
        is_made = self.document.edit(title, lambda draft: draft.add_index(entity.name, made), key=key)
        return made.name if is_made else ""

    def _free_name(self, entity: Entity, index: Index) -> str:
        gone = {each.index.name for each in self._rows if each.is_removed}
        taken = {each.name for each in entity.indexes} | gone | implied_names(entity)
        return free_name(usual_name(entity, index), taken)

    def duplicate(self, rows: Sequence[int]) -> list[str]:
        """Indexes over the same, under free names, one undo step; returns their names. There is one primary key."""
        entity = self.document.draft.wanted.entity(self.entity)
        found = [each.index for each in (self.row(at) for at in rows) if not each.is_removed]
        found = [each for each in found if each.kind != PRIMARY]
        if entity is None or not found:
            return []
        taken = {each.name for each in entity.indexes} | implied_names(entity)
        made = []
        for each in found:
            extra = with_extra(each.extra, "invalid", None)
            made.append(replace(each, name=free_name(f"{each.name}_copy", taken), extra=extra))
            taken.add(made[-1].name)

        def make(draft: Draft) -> Draft:
            for each in made:
                draft = draft.add_index(entity.name, each)
            return draft

        names = [each.name for each in made]
        return names if self.document.edit(f"Duplicate {self._named([each.name for each in found])}", make) else []

    def remove_or_restore(self, rows: Sequence[int]) -> bool:
        """Remove what is there; where all of it is removed already, bring it back. One undo step."""
        free = [self.row(at) for at in rows if self.row(at).is_removed or not self.lock(at, IndexColumn.NAME)]
        standing = [each.index for each in free if not each.is_removed]
        found, entity = standing or [each.index for each in free], self.entity
        if not found:
            return False

        def make(draft: Draft) -> Draft:
            for each in found:
                draft = draft.drop_index(entity, each.name) if standing else draft.add_index(entity, each)
            return draft

        return self.document.edit(f"{'Remove' if standing else 'Restore'} {self._named([e.name for e in found])}", make)


_KIND_WORDS = {PRIMARY: "primary key"}
_TITLES: dict[int, str] = {
    IndexColumn.NAME: "Rename",
    IndexColumn.KEYS: "Change what is in",
    IndexColumn.UNIQUE: "Change whether values are unique in",
    IndexColumn.KIND: "Change the kind of",
    IndexColumn.WHERE: "Change the rows of",
}


def keys_text(index: Index) -> str:
    """What an index is over, as it is written."""
    parts = extra_of(index.extra, "expressions")
    if isinstance(parts, list) and parts:
        return ", ".join(map(str, parts))
    return written(index.attributes)


def usual_name(entity: Entity, index: Index) -> str:
    """What the database would call it."""
    try:
        table = split_name(entity.name)[1]
    except Invalid:
        table = entity.name
    if index.kind == PRIMARY:
        return implied_name(table, "", "pkey")
    plain_parts = index.attributes or ("expr",)
    suffix = "key" if index.is_unique else "idx"
    return implied_name(table, "_".join(plain_parts), suffix)


def implied_names(entity: Entity) -> set[str]:
    """Names of the indexes that are flags of attributes."""
    try:
        table = split_name(entity.name)[1]
    except Invalid:
        return set()
    pairs = ((each.name, (("key", each.is_unique), ("idx", each.is_indexed))) for each in entity.attributes)
    return {implied_name(table, name, suffix) for name, flags in pairs for suffix, is_on in flags if is_on}


def _has_index(attribute: Any) -> bool:
    return bool(attribute.is_unique or attribute.is_indexed)


def _changed(entity: Entity, index: Index, column: int, value: Any) -> Index:
    match column:
        case IndexColumn.NAME:
            return replace(index, name=str(value).strip())
        case IndexColumn.KEYS:
            return _over(entity, index, str(value))
        case IndexColumn.UNIQUE:
            return _with_unique(index, bool(value))
        case IndexColumn.KIND:
            return _of_kind(index, str(value))
        case _:
            return replace(index, extra=with_extra(index.extra, "where", str(value).strip()))


def _over(entity: Entity, index: Index, text: str) -> Index:
    """The index over other keys. Raises Invalid where a part is no attribute and no expression."""
    parts, names = split_list(text), [each.name for each in entity.attributes]
    if not parts:
        raise _refused("attributes", f"The index {plain(index.name, 60)} is over nothing. Enter an attribute.")
    parts = [ordered(part) for part in parts]
    whole = [named(part, names) for part in parts]
    columns = [named(_column_of(part), names) for part in parts]
    for part, column in zip(parts, columns, strict=True):
        if column is None and _WORD.fullmatch(part):
            remedy = "Enter one of its attributes, or an expression such as lower(name)."
            raise _refused("attributes", f"{plain(entity.name, 60)} has no attribute {plain(part, 60)}. {remedy}")
    standing = tuple(each for each in columns if each is not None)
    if len(set(standing)) < len(standing):
        raise _refused("attributes", "An attribute is in the list twice.")
    if None not in whole:
        return replace(index, attributes=standing, extra=with_extra(index.extra, "expressions", None))
    if index.kind == PRIMARY or extra_of(index.extra, "constraint"):
        raise _refused("attributes", "A key is over attributes only, without expressions and without an order.")
    exact = [written([column]) if column is not None else part for part, column in zip(parts, whole, strict=True)]
    return replace(index, attributes=standing, extra=with_extra(index.extra, "expressions", exact))


def _column_of(part: str) -> str:
    """The column of a key that is one with an order or an operator class; the whole part where it is none."""
    found = _KEY.fullmatch(part)
    return found["column"] if found is not None else part


def ordered(part: str) -> str:
    """A key as the database writes it: the words of its order in capitals, without those that go without saying."""
    found = _ORDER.search(part)
    if found is None:
        return part
    words = " ".join(found.group().upper().split())
    usual = {"ASC": "", "ASC NULLS LAST": "", "NULLS LAST": "", "ASC NULLS FIRST": "NULLS FIRST"}
    words = usual.get(words, words).replace("DESC NULLS FIRST", "DESC")
    return f"{part[: found.start()].rstrip()} {words}".strip()


def _with_unique(index: Index, is_unique: bool) -> Index:
    extra = index.extra if is_unique else with_extra(index.extra, "constraint", None)
    return replace(index, is_unique=is_unique, extra=extra)


def _of_kind(index: Index, kind: str) -> Index:
    if kind == PRIMARY:
        if extra_of(index.extra, "expressions"):
            raise _refused("kind", "A primary key is over attributes only, without expressions and without an order.")
        return replace(index, kind=kind, is_unique=True, extra=())
    return replace(index, kind=kind)


def _named_anew(entity: Entity, before: Index, after: Index) -> Index:
    """The name of a new index that was made of what it is over stays so; in the database names stay as they are."""
    if before.name != usual_name(entity, before) or after.name != before.name:
        return after
    taken = {each.name for each in entity.indexes if each.name != before.name} | implied_names(entity)
    return replace(after, name=free_name(usual_name(entity, after), taken))


def _required(draft: Draft, entity: str, key: Index) -> Draft:
    """What is in a primary key cannot be missing."""
    for name in key.attributes:
        draft = draft.change_attribute(entity, name, is_required=True)
    return draft


def _refused(field: str, sentence: str) -> Invalid:
    return Invalid(sentence, fields=(FieldError(field, sentence),))


def _kind_word(index: Index) -> str:
    word = _KIND_WORDS.get(index.kind, index.kind)
    return "unique constraint" if extra_of(index.extra, "constraint") and index.kind != PRIMARY else plain(word, 40)

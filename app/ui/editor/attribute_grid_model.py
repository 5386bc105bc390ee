"""The attributes of one entity as rows: name, type, flags, and what is going to happen to each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Any

from PySide6.QtCore import QObject

from app.core.text import plain
from app.core.words import free_name
from app.platforms.traits import traits_of
from app.schema.draft import Draft, Mark
from app.schema.model import Attribute, Entity
from app.schema.types import AnyType, Type
from app.ui.schema.entity_start import PRIMARY, entity_kind
from app.ui.schema.extras import extra_of, with_extra
from app.ui.schema.schema_document import SchemaDocument
from app.ui.schema.type_entry import read_type, same_enum_elsewhere, text_of_type, type_words
from app.ui.schema.type_names import type_name

from .schema_grid_model import Cell, Choice, EditorKind, GridRow, Index, SchemaGridModel, change_cell, removed_mark

_NEW_NAME = "attribute"


class AttributeColumn(IntEnum):
    NAME = 0
    TYPE = 1
    REQUIRED = 2
    UNIQUE = 3
    INDEXED = 4
    DEFAULT = 5
    COMMENT = 6
    CHANGE = 7


_LINES = frozenset({AttributeColumn.NAME, AttributeColumn.DEFAULT, AttributeColumn.COMMENT})
_FLAGS = {
    AttributeColumn.REQUIRED: ("is_required", "required", "optional"),
    AttributeColumn.UNIQUE: ("is_unique", "unique", "not unique"),
    AttributeColumn.INDEXED: ("is_indexed", "indexed", "not indexed"),
}


@dataclass(frozen=True, slots=True)
class AttributeRow(GridRow):
    attribute: Attribute


class AttributeGridModel(SchemaGridModel[AttributeRow]):
    """On a platform of columns a type is free text, and default and comment have cells of their own."""

    titles = ("Attribute", "Type", "Required", "Unique", "Indexed", "Default", "Comment", "")
    spoken_titles = (*titles[:-1], "Change")

    def __init__(self, document: SchemaDocument, parent: QObject | None = None) -> None:
        self.has_sql = traits_of(document.connection).has_sql
        self.hidden = frozenset() if self.has_sql else frozenset({AttributeColumn.DEFAULT, AttributeColumn.COMMENT})
        super().__init__(document, parent)

    # Rows

    def _build(self, draft: Draft) -> list[AttributeRow]:
        entity = draft.wanted.entity(self.entity)
        if entity is None:
            gone = draft.base.entity(self.entity)
            mark = removed_mark(None)
            return [self._row(gone, each, mark, is_removed=True) for each in gone.attributes] if gone else []
        marks = self.document.marks(self.entity)
        removed = draft.removed(self.entity).attributes
        rows = [self._row(entity, each, marks.get(each.name)) for each in entity.attributes]
        gone_rows = [self._row(entity, each, removed_mark(marks.get(each.name)), is_removed=True) for each in removed]
        return _merged(rows, gone_rows, _base_order(draft, self.entity))

    def _row(
        self, entity: Entity, attribute: Attribute, mark: Mark | None, *, is_removed: bool = False
    ) -> AttributeRow:
        lock = _lock(entity, attribute, is_removed, is_closed=self._is_closed(entity))
        place = f"{entity.name}.{attribute.name}"

        def problem(*fields: str) -> Any:
            return None if is_removed else self.problem(place, *fields)

        cells = (
            Cell(
                "name",
                plain(attribute.name, 100),
                is_locked=bool(lock),
                problem=problem("name", "" if self.has_sql else "default", ""),
                sign="key" if attribute.name in primary_key(entity) else "",
            ),
            Cell("chip", plain(type_name(attribute.type), 80), is_locked=bool(lock), problem=problem("type")),
            Cell("flag", is_on=attribute.is_required, is_locked=bool(lock), problem=problem("is_required")),
            Cell("flag", is_on=attribute.is_unique, is_locked=bool(lock), problem=problem("is_unique")),
            Cell("flag", is_on=attribute.is_indexed, is_locked=bool(lock), problem=problem("is_indexed")),
            Cell("code", plain(_default_text(attribute), 120), is_locked=bool(lock), problem=problem("default")),
            Cell("note", plain(extra_of(attribute.extra, "comment", ""), 120), is_locked=bool(lock)),
            _change(mark, attribute),
        )
        return AttributeRow((attribute.name, is_removed), cells, mark, is_removed, lock, attribute)

    def _is_closed(self, entity: Entity) -> bool:
        """Whether the entity is the platform's own, and takes nothing (a view)."""
        rules = self.document.rules
        return self.has_sql and entity.is_system and (rules is None or entity.name not in rules.extendable)

    def place(self, row: int) -> str:
        return f"{self.entity}.{self.row(row).attribute.name}"

    def row_of(self, name: str) -> int | None:
        standing = self.find(lambda each: each.attribute.name == name and not each.is_removed)
        return self.find(lambda each: each.attribute.name == name) if standing is None else standing

    def attributes(self, rows: Iterable[int]) -> list[Attribute]:
        return [self.row(at).attribute for at in rows]

    # Editors

    def editor_kind(self, index: Index) -> EditorKind:
        column = index.column()
        if column in _FLAGS:
            return "flag"
        if column in _LINES:
            return "line"
        if column == AttributeColumn.TYPE:
            return "words" if self._has_free_types else "choice"
        return ""

    @property
    def _has_free_types(self) -> bool:
        rules = self.document.rules
        return rules is not None and rules.parse_type is not None

    def edit_text(self, index: Index) -> str:
        attribute = self.row(index.row()).attribute
        match index.column():
            case AttributeColumn.NAME:
                return attribute.name
            case AttributeColumn.DEFAULT:
                return attribute.default or ""
            case AttributeColumn.COMMENT:
                return str(extra_of(attribute.extra, "comment", ""))
            case _:
                return text_of_type(attribute.type) if self._has_free_types else type_name(attribute.type)

    def lock_of_cell(self, row: int, column: int) -> str:
        made_by = _made_by(self.row(row).attribute)
        if column == AttributeColumn.DEFAULT and made_by:
            return f"The database makes the values of this attribute: {plain(made_by, 200)}."
        return ""

    def completions(self, index: Index) -> Sequence[str]:
        return type_words(self.document.rules, self.document.draft)

    def choices(self, index: Index) -> Sequence[Choice]:
        """The types of the platform, and the one that the attribute has where the platform's list lacks it."""
        rules = self.document.rules
        has = self.row(index.row()).attribute.type
        types: tuple[Type, ...] = rules.types if rules is not None else ()
        listed = types if has in types else (*types, has)
        return [Choice(plain(type_name(each), 80), each) for each in listed]

    # Edits

    def change_of(self, rows: Sequence[int], column: int, value: Any) -> tuple[str, Callable[[Draft], Draft]] | None:
        if column == AttributeColumn.NAME:
            return self._rename(self.row(rows[0]).attribute.name, str(value).strip())
        if column == AttributeColumn.TYPE:
            return self._set_type(rows, value)
        if column == AttributeColumn.DEFAULT:
            text = str(value).strip()
            said = f"Set the default of {{}} to {_braced(text)}" if text else "Remove the default of {}"
            return self._change(rows, said, default=text or None)
        if column == AttributeColumn.COMMENT:
            return self._set_comment(rows, str(value).strip())
        if column in _FLAGS:
            field, on, off = _FLAGS[AttributeColumn(column)]
            return self._change(rows, f"Make {{}} {on if value else off}", **{field: bool(value)})
        return None

    def _set_type(self, rows: Sequence[int], value: Any) -> tuple[str, Callable[[Draft], Draft]] | None:
        """``value`` is a type or, where types are free text, the text of one. Raises Invalid."""
        rules = self.document.rules
        if isinstance(value, str):
            assert rules is not None
            value = read_type(value, rules, self.document.draft)
        made = self._change(rows, f"Set the type of {{}} to {_braced(type_name(value))}", type=value)
        if made is None:
            return None
        title, make = made
        return title, lambda draft: same_enum_elsewhere(make(draft), value)

    def _set_comment(self, rows: Sequence[int], text: str) -> tuple[str, Callable[[Draft], Draft]] | None:
        found = self.attributes(rows)
        changed = {each.name: with_extra(each.extra, "comment", text) for each in found}
        changed = {each.name: changed[each.name] for each in found if each.extra != changed[each.name]}
        entity = self.entity
        if not changed:
            return None

        def make(draft: Draft) -> Draft:
            for name, extra in changed.items():
                draft = draft.change_attribute(entity, name, extra=extra)
            return draft

        return f"{'Set' if text else 'Remove'} the comment of {self._named(list(changed))}", make

    def _rename(self, old: str, new: str) -> tuple[str, Callable[[Draft], Draft]] | None:
        entity = self.entity
        if old == new:
            return None
        title = f"Rename {plain(entity, 60)}.{plain(old, 60)} to {plain(new, 60)}"
        return title, lambda draft: draft.rename_attribute(entity, old, new)

    def _change(self, rows: Sequence[int], title: str, **changes: Any) -> tuple[str, Callable[[Draft], Draft]] | None:
        field, value = next(iter(changes.items()))
        names = [each.name for each in self.attributes(rows) if getattr(each, field) != value]
        entity = self.entity
        if not names:
            return None

        def make(draft: Draft) -> Draft:
            for name in names:
                draft = draft.change_attribute(entity, name, **changes)
            return draft

        return title.format(self._named(names)), make

    def _named(self, names: Sequence[str]) -> str:
        if len(names) == 1:
            return f"{plain(self.entity, 60)}.{plain(names[0], 60)}"
        return f"{len(names)} attributes of {plain(self.entity, 60)}"

    def _new_problem(self, row: int, column: int, value: Any, after: Draft) -> str:
        is_name = column == AttributeColumn.NAME
        return self.document.refusal_of_name(after, self.entity, str(value).strip()) if is_name else ""

    def add(self, key: str = "") -> str:
        """Add an attribute under a free name; returns the name, "" where it was refused."""
        entity = self.document.draft.wanted.entity(self.entity)
        if entity is None:
            self.document.edit("Add an attribute", lambda draft: draft)
            return ""
        name = free_name(_NEW_NAME, {each.name for each in entity.attributes} | self._removed_names())
        made = Attribute(name, self._first_type())
        title = f"Add {plain(self.entity, 60)}.{name}"
        is_made = self.document.edit(title, lambda draft: draft.add_attribute(entity.name, made), key=key)
        return name if is_made else ""

    def _removed_names(self) -> set[str]:
        return {each.attribute.name for each in self._rows if each.is_removed}

    def _first_type(self) -> Type:
        rules = self.document.rules
        return rules.types[0] if rules is not None and rules.types else AnyType()

    def duplicate(self, rows: Sequence[int]) -> list[str]:
        """Copies beside the originals, one undo step; returns their names."""
        entity = self.document.draft.wanted.entity(self.entity)
        sources = [self.row(at).attribute.name for at in rows if not self.row(at).is_removed]
        if entity is None or not sources:
            return []
        taken = {each.name for each in entity.attributes} | self._removed_names()
        names: dict[str, str] = {}
        for each in sources:
            names[each] = free_name(f"{each}_copy", taken)
            taken.add(names[each])

        def make(draft: Draft) -> Draft:
            for old, new in names.items():
                draft = draft.duplicate_attribute(entity.name, old, new)
            return draft

        is_made = self.document.edit(f"Duplicate {self._named(sources)}", make)
        return list(names.values()) if is_made else []

    def remove_or_restore(self, rows: Sequence[int]) -> bool:
        """Remove what is there; where all of it is removed already, bring it back. One undo step."""
        free = [self.row(at) for at in rows if self.row(at).is_removed or not self.lock(at, AttributeColumn.NAME)]
        standing = [each.attribute.name for each in free if not each.is_removed]
        names = standing or [each.attribute.name for each in free]
        entity = self.entity
        if not names:
            return False

        def make(draft: Draft) -> Draft:
            for name in names:
                act = draft.drop_attribute if standing else draft.restore_attribute
                draft = act(entity, name)
            return draft

        return self.document.edit(f"{'Remove' if standing else 'Restore'} {self._named(names)}", make)


def _change(mark: Mark | None, attribute: Attribute) -> Cell:
    """A change of the type from where to where: ``string → date``."""
    cell = change_cell(mark)
    before = mark.before if mark is not None else None
    if not isinstance(before, Attribute) or mark is None or mark.kind != "changed" or before.type == attribute.type:
        return cell
    old, new = plain(type_name(before.type), 60), plain(type_name(attribute.type), 60)
    return replace(cell, note=cell.note.replace(f"was {old}", f"{old} → {new}", 1))


def primary_key(entity: Entity) -> tuple[str, ...]:
    """The names of the attributes in it, () where there is none."""
    return next((each.attributes for each in entity.indexes if each.kind == PRIMARY), ())


def _made_by(attribute: Attribute) -> str:
    """How the database itself makes the values, "" where it does not."""
    generated = extra_of(attribute.extra, "generated", "")
    identity = extra_of(attribute.extra, "identity", "")
    return f"= {generated}" if generated else (f"identity, {identity}" if identity else "")


def _default_text(attribute: Attribute) -> str:
    return _made_by(attribute) or attribute.default or ""


def _braced(text: str) -> str:
    """For a title that is formatted later."""
    return plain(text, 60).replace("{", "{{").replace("}", "}}")


def _lock(entity: Entity, attribute: Attribute, is_removed: bool, *, is_closed: bool = False) -> str:
    if is_removed:
        return "It is removed with the next push. Delete or Undo brings it back."
    if is_closed:
        return f"{plain(entity.name, 60)} is a {entity_kind(entity)}: it can be read here, not changed."
    if attribute.is_system:
        return f"{plain(attribute.name, 60)} comes with the platform: it can be read, not changed."
    return ""


def _base_order(draft: Draft, entity: str) -> list[str]:
    """The names of the entity's attributes as they were, in their order."""
    old = next((was for was, now in draft.renames.entities if now == entity), entity)
    base = draft.base.entity(old)
    now = {was: new for owner, was, new in draft.renames.attributes if owner == old}
    return [now.get(each.name, each.name) for each in base.attributes] if base else []


def _merged(rows: list[AttributeRow], gone: list[AttributeRow], order: list[str]) -> list[AttributeRow]:
    """Removed rows stay where they were: after the attribute that stood before them."""
    if not gone:
        return rows
    waiting = {each.attribute.name: each for each in gone}
    follows: dict[str, list[AttributeRow]] = {}
    standing = {each.attribute.name for each in rows}
    before = ""
    for name in order:
        if name in waiting:
            follows.setdefault(before, []).append(waiting.pop(name))
        elif name in standing:
            before = name
    result = list(follows.get("", []))
    for each in rows:
        result.append(each)
        result.extend(follows.get(each.attribute.name, ()))
    return [*result, *waiting.values()]

"""The links of one entity as rows, each seen from that entity; a link of an entity to itself has two rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Any, Literal

from app.core.text import plain
from app.core.words import free_name
from app.schema.draft import Draft
from app.schema.model import Link, LinkEnd, LinkKey, OnDelete, link_key

from .linked_rows import LinkedRow, LinkedRowsModel
from .schema_grid_model import Cell, Choice, Index, change_cell, removed_mark

_ON_DELETE: dict[OnDelete | None, str] = {
    None: "keep",
    "cascade": "cascade",
    "restrict": "restrict",
    "set-null": "set null",
}


class LinkColumn(IntEnum):
    LABEL = 0
    HAS = 1
    TO = 2
    REVERSE_LABEL = 3
    REVERSE_HAS = 4
    REQUIRED = 5
    ON_DELETE = 6
    CHANGE = 7


_EDITORS: dict[int, Literal["line", "choice", "search", "flag"]] = {
    LinkColumn.LABEL: "line",
    LinkColumn.HAS: "choice",
    LinkColumn.TO: "search",
    LinkColumn.REVERSE_LABEL: "line",
    LinkColumn.REVERSE_HAS: "choice",
    LinkColumn.REQUIRED: "flag",
    LinkColumn.ON_DELETE: "choice",
}
# (which end a column is about: own or other, field of the end, words for the undo step)
_FIELDS: dict[int, tuple[bool, str, str]] = {
    LinkColumn.LABEL: (True, "label", "Rename {} to {}"),
    LinkColumn.HAS: (True, "has", "Let {} have {}"),
    LinkColumn.TO: (False, "entity", "Lead {} to {}"),
    LinkColumn.REVERSE_LABEL: (False, "label", "Rename the reverse label of {} to {}"),
    LinkColumn.REVERSE_HAS: (False, "has", "Let the reverse of {} have {}"),
    LinkColumn.REQUIRED: (True, "is_required", "Make {} {}"),
    LinkColumn.ON_DELETE: (True, "on_delete", "On delete of {}: {}"),
}


@dataclass(frozen=True, slots=True)
class LinkRow(LinkedRow):
    is_forward: bool

    @property
    def own(self) -> LinkEnd:
        return self.link.forward if self.is_forward else self.link.reverse

    @property
    def other(self) -> LinkEnd:
        return self.link.reverse if self.is_forward else self.link.forward


class LinkGridModel(LinkedRowsModel[LinkRow]):
    titles = ("Label", "Has", "To", "Reverse label", "Has", "Required", "On delete", "")
    spoken_titles = ("Label", "Has", "To", "Reverse label", "Reverse has", "Required", "On delete", "Change")

    # Rows

    def _build(self, draft: Draft) -> list[LinkRow]:
        name = self.entity
        is_gone = draft.wanted.entity(name) is None
        if is_gone:
            links = [each for each in draft.base.links if name in (each.forward.entity, each.reverse.entity)]
            return [
                self._row(each, side, removed_mark(None), is_removed=True)
                for each in links
                for side in _sides(each, name)
            ]
        marks = self.document.marks(name)
        rows = [
            self._row(each, is_forward, marks.get(_own(each, is_forward).label))
            for each in draft.wanted.links
            if name in (each.forward.entity, each.reverse.entity)
            for is_forward in _sides(each, name)
        ]
        # As they were: under the name that the entity had then.
        old = next((was for was, now in draft.renames.entities if now == name), name)
        return rows + [
            self._row(each, side, removed_mark(marks.get(_own(each, side).label)), is_removed=True)
            for each in draft.removed(name).links
            for side in _sides(each, old)
        ]

    def _row(self, link: Link, is_forward: bool, mark: Any, *, is_removed: bool = False) -> LinkRow:
        own, other = (link.forward, link.reverse) if is_forward else (link.reverse, link.forward)
        lock = _lock(link, is_removed)
        places = (f"{link.forward.entity}.{link.forward.label}", f"{own.entity}.{own.label}")

        def problem(place: str, *fields: str) -> Any:
            return None if is_removed else self.problem(place, *fields)

        def own_problem(*fields: str) -> Any:
            return problem(places[1], *fields) or (problem(places[0], *fields) if is_forward else None)

        other_place = f"{other.entity}.{other.label}"
        is_off = bool(lock)
        cells = (
            Cell("name", plain(own.label, 80), is_locked=is_off, problem=own_problem("label", "name", "")),
            Cell("text", own.has, is_locked=is_off, problem=own_problem("has", "cardinality")),
            Cell("name", plain(other.entity, 80), is_locked=is_off, problem=own_problem("entity")),
            Cell("name", plain(other.label, 80), is_locked=is_off, problem=problem(other_place, "label", "name")),
            Cell("text", other.has, is_locked=is_off, problem=problem(other_place, "has", "cardinality")),
            Cell("flag", is_on=own.is_required, is_locked=is_off, problem=own_problem("is_required")),
            Cell("text", _ON_DELETE[own.on_delete], is_locked=is_off, problem=own_problem("on_delete")),
            change_cell(mark),
        )
        return LinkRow((link_key(link), is_forward, is_removed), cells, mark, is_removed, lock, link, is_forward)

    def place(self, row: int) -> str:
        own = self.row(row).own
        return f"{own.entity}.{own.label}"

    def row_of(self, label: str) -> int | None:
        standing = self.find(lambda each: each.own.label == label and not each.is_removed)
        return self.find(lambda each: each.own.label == label) if standing is None else standing

    # Editors

    def editor_kind(self, index: Index) -> Literal["line", "choice", "search", "flag", ""]:
        return _EDITORS.get(index.column(), "")

    def edit_text(self, index: Index) -> str:
        row = self.row(index.row())
        match index.column():
            case LinkColumn.LABEL:
                return row.own.label
            case LinkColumn.REVERSE_LABEL:
                return row.other.label
            case LinkColumn.TO:
                return row.other.entity
            case _:
                return row.cells[index.column()].text

    def choices(self, index: Index) -> Sequence[Choice]:
        match index.column():
            case LinkColumn.HAS | LinkColumn.REVERSE_HAS:
                return (Choice("one", "one"), Choice("many", "many"))
            case LinkColumn.TO:
                names = sorted((each.name for each in self.document.draft.wanted.entities), key=str.lower)
                return [Choice(plain(each, 80), each) for each in names]
            case LinkColumn.ON_DELETE:
                return self._rules_on_delete(self.row(index.row()).own.on_delete)
            case _:
                return ()

    def _rules_on_delete(self, has: OnDelete | None) -> list[Choice]:
        rules = self.document.rules
        allowed: tuple[OnDelete | None, ...] = (None, *(rules.on_delete if rules is not None else ()))
        listed = dict.fromkeys((*allowed, has))
        return [Choice(_ON_DELETE[each], each) for each in listed]

    # Edits

    def change_of(self, rows: Sequence[int], column: int, value: Any) -> tuple[str, Callable[[Draft], Draft]] | None:
        if column not in _FIELDS:
            return None
        is_own, field, words = _FIELDS[column]
        if isinstance(value, str):
            value = value.strip()
        changes: dict[LinkKey, Link] = {}
        for row in (self.row(at) for at in rows):
            key = link_key(row.link)
            now = changes.get(key, row.link)
            is_forward = row.is_forward is is_own
            changed = _with_end(now, is_forward, **{field: value})
            if changed != now:
                changes[key] = changed
        if not changes:
            return None
        return words.format(self._named(rows), _said(column, value)), lambda draft: _changed(draft, changes)

    def _named(self, rows: Sequence[int]) -> str:
        entity = plain(self.entity, 60)
        return f"{entity}.{plain(self.row(rows[0]).own.label, 60)}" if len(rows) == 1 else f"links of {entity}"

    def _new_problem(self, row: int, column: int, value: Any, after: Draft) -> str:
        if column not in (LinkColumn.LABEL, LinkColumn.REVERSE_LABEL):
            return ""
        end = self.row(row).own if column == LinkColumn.LABEL else self.row(row).other
        return self.document.refusal_of_name(after, end.entity, str(value).strip())

    def add(self, key: str = "") -> str:
        """Add a link to the first other entity under free labels; returns its label, "" where it was refused."""
        draft, name = self.document.draft, self.entity
        entity = draft.wanted.entity(name)
        if entity is None:
            self.document.edit("Add a link", lambda each: each)
            return ""
        to = next((each.name for each in draft.wanted.entities if each.name != name and not each.is_system), name)
        label = free_name(to, self._taken(draft, name))
        reverse = free_name(name, self._taken(draft, to) | ({label} if to == name else set()))
        made = Link(_link_name(name, label), LinkEnd(name, label, "one"), LinkEnd(to, reverse, "many"))
        title = f"Add the link {plain(name, 60)}.{plain(label, 60)}"
        return label if self.document.edit(title, lambda each: each.add_link(made), key=key) else ""

    @staticmethod
    def _taken(draft: Draft, name: str) -> set[str]:
        entity = draft.wanted.entity(name)
        ends = (end for link in draft.wanted.links for end in (link.forward, link.reverse))
        taken = {end.label for end in ends if end.entity == name}
        return taken | {each.name for each in entity.attributes} if entity else taken

    def duplicate(self, rows: Sequence[int]) -> list[str]:
        """Links of the same kind under free labels, one undo step; returns their labels on this side."""
        draft = self.document.draft
        made: dict[str, Link] = {}
        taken: dict[str, set[str]] = {}

        def free(end: LinkEnd) -> LinkEnd:
            known = taken.setdefault(end.entity, self._taken(draft, end.entity))
            label = free_name(f"{end.label}_copy", known)
            known.add(label)
            return replace(end, label=label)

        for row in (self.row(at) for at in rows):
            if not row.is_removed:
                copy = replace(
                    row.link, forward=free(row.link.forward), reverse=free(row.link.reverse), is_system=False
                )
                copy = replace(copy, name=_link_name(copy.forward.entity, copy.forward.label))
                made[_own(copy, row.is_forward).label] = copy
        return list(made) if self._add_links(rows, tuple(made.values())) else []

    def explain(self, row: int) -> str:
        """What "on delete" means in this row, in names."""
        own, other = self.row(row).own, self.row(row).other
        mine, theirs = plain(own.entity, 60), plain(other.entity, 60)
        match own.on_delete:
            case "cascade":
                return f"When the linked {theirs} are deleted, these {mine} are deleted too."
            case "restrict":
                return f"A {theirs} that still has {mine} cannot be deleted."
            case "set-null":
                return f"When the linked {theirs} are deleted, the link of these {mine} is emptied."
            case _:
                return f"When the linked {theirs} are deleted, these {mine} stay."

    def _tip(self, row: int, column: int) -> str:
        said = super()._tip(row, column)
        return said or (self.explain(row) if column == LinkColumn.ON_DELETE else "")


def _own(link: Link, is_forward: bool) -> LinkEnd:
    return link.forward if is_forward else link.reverse


def _sides(link: Link, entity: str) -> Iterator[bool]:
    if link.forward.entity == entity:
        yield True
    if link.reverse.entity == entity:
        yield False


def _with_end(link: Link, is_forward: bool, **changes: Any) -> Link:
    """The link with one end changed; a name that was made of the forward end stays so."""
    if not is_forward:
        return replace(link, reverse=replace(link.reverse, **changes))
    forward = replace(link.forward, **changes)
    is_derived = link.name == _link_name(link.forward.entity, link.forward.label)
    name = _link_name(forward.entity, forward.label) if is_derived else link.name
    return replace(link, name=name, forward=forward)


def _changed(draft: Draft, changes: dict[LinkKey, Link]) -> Draft:
    for key, link in changes.items():
        draft = draft.change_link(key, link)
    return draft


def _said(column: int, value: Any) -> str:
    match column:
        case LinkColumn.REQUIRED:
            return "required" if value else "optional"
        case LinkColumn.ON_DELETE:
            return _ON_DELETE[value]
        case _:
            return plain(str(value), 60)


def _link_name(entity: str, label: str) -> str:
    return f"{entity}{label[:1].upper()}{label[1:]}"


def _lock(link: Link, is_removed: bool) -> str:
    if is_removed:
        return "It is removed with the next push. Delete or Undo brings it back."
    if link.is_system:
        return "This link comes with the platform: it can be read, not changed."
    return ""

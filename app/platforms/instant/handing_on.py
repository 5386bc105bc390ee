"""Renames to names that are still in use: what the parts are called between a first and a second request.

A part *waits* while another holds the name that it is to get; it is *wanted* where its present name is needed. Who
does not wait moves at once; who waits keeps its name, or, where that is wanted too, gets a temporary one. Of an entity
that is renamed all parts do the same, so that it is never torn apart.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from .parts import Form, Name, Origin, Part, PartTable

TEMPORARY = "_renaming"


def midway_forms(table: PartTable, parts: list[Part]) -> dict[str, Form]:
    """By part ID, the form after the first request, for parts that are then not at their end; ``parts`` are live."""
    waiting, wanted = _waiting_and_wanted(table, parts)
    if not waiting:
        return {}
    plan = _Midway(
        {part.id for part in waiting},
        {part.id for part in wanted},
        _renamed_entities(waiting),
        _renamed_entities(wanted),
        _Temporary({name for part in table.all for form in (part.before, part.now) if form for name in form.names}),
    )
    forms = {part.id: plan.form(part) for part in parts}
    return {part.id: forms[part.id] for part in parts if forms[part.id] != part.now}


def _waiting_and_wanted(table: PartTable, parts: list[Part]) -> tuple[list[Part], list[Part]]:
    holders = {name: part for part in parts if part.before for name in part.before.names}
    waiting: list[Part] = []
    wanted: list[Part] = []
    for part in parts:
        held = [holders[new] for old, new in _ends(part) if old != new and new in holders]
        waiting += [part] * bool(held)
        wanted += held
    for part in table.all:
        if part.origin is Origin.NEW and not part.is_dropped:
            wanted += [holders[name] for name in part.now.names if name in holders]
    return waiting, wanted


def _ends(part: Part) -> Iterator[tuple[Name, Name]]:
    """Each end's present and final name."""
    assert part.before is not None
    yield part.before.forward, part.now.forward
    if part.before.reverse and part.now.reverse:
        yield part.before.reverse, part.now.reverse


def _renamed_entities(parts: list[Part]) -> set[str]:
    return {old[0] for part in parts for old, new in _ends(part) if old[0] != new[0]}


@dataclass(frozen=True, slots=True)
class _Midway:
    waiting: set[str]
    wanted: set[str]
    waiting_entities: set[str]
    wanted_entities: set[str]
    names: _Temporary

    def form(self, part: Part) -> Form:
        ends = [self._end(part, old, new) for old, new in _ends(part)]
        return replace(part.now, forward=ends[0], reverse=ends[1] if len(ends) > 1 else None)

    def _end(self, part: Part, old: Name, new: Name) -> Name:
        if old[0] != new[0]:
            if old[0] not in self.waiting_entities:
                return new
            return (self.names.entity(old[0]), new[1]) if old[0] in self.wanted_entities else old
        if old == new or part.id not in self.waiting:
            return new
        return self.names.label(old) if part.id in self.wanted else old


class _Temporary:
    """Names that nobody has; the same entity always gets the same one."""

    def __init__(self, taken: set[Name]) -> None:
        self._labels: dict[str, set[str]] = {}
        for entity, label in taken:
            self._labels.setdefault(entity, set()).add(label)
        self._entities: dict[str, str] = {}

    def entity(self, name: str) -> str:
        if name not in self._entities:
            self._entities[name] = _free(name, self._labels)
            self._labels[self._entities[name]] = set()
        return self._entities[name]

    def label(self, name: Name) -> Name:
        labels = self._labels.setdefault(name[0], set())
        found = _free(name[1], labels)
        labels.add(found)
        return name[0], found


def _free(name: str, taken: set[str] | dict[str, set[str]]) -> str:
    found = name + TEMPORARY
    while found in taken:
        found += "_"
    return found

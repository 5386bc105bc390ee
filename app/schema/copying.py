"""Copies of entities in another schema: under free names, with the links between them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from app.core.errors import FieldError, Invalid
from app.core.words import free_name

from .columns import indexes_for
from .draft_edits import index_names
from .draft_names import labels_of, shown
from .formats.sql_names import cut, table_of
from .model import Attribute, Entity, Link, LinkEnd, Schema
from .references import with_renamed

if TYPE_CHECKING:
    from .draft import Draft


@dataclass(frozen=True, slots=True)
class NewName:
    """``proposed`` is what ``name`` will be called; ``sentence`` says why it is another, "" where it is the same."""

    name: str
    proposed: str
    sentence: str = ""


def own_names(schema: Schema, chosen: Collection[str] | None = None) -> tuple[str, ...]:
    """Names of the entities that are not the platform's, in their order; ``chosen`` None: all.

    Raises Invalid for a chosen one that is not there.
    """
    names = tuple(each.name for each in schema.entities if not each.is_system)
    if chosen is None:
        return names
    gone = sorted(set(chosen) - set(names))
    if gone:
        raise Invalid(f"There is no agent {shown(gone[0])} to copy.", remedy="Choose among those that are there.")
    return tuple(each for each in names if each in set(chosen))


def going(draft: Draft) -> frozenset[str]:
    """Live entities that the staged edits remove or rename: something new under such a name would take over the rows
    of the old, or stand in the way of taking the edits back."""
    return frozenset(each.name for each in draft.base.entities if draft.wanted.entity(each.name) is None)


def going_words(name: str) -> str:
    return f"{shown(name)} is removed or renamed in the staged edits. Push them first, or choose another name."


def new_names(schema: Schema, names: Iterable[str], also_taken: Collection[str] = ()) -> tuple[NewName, ...]:
    """Free names in ``schema`` for entities that come from elsewhere."""
    wanted = list(names)
    present = {*(each.name for each in schema.entities), *also_taken}
    # A copy must not take the name that another one of them has.
    taken = present | set(wanted)
    found: list[NewName] = []
    for name in wanted:
        if name not in present:
            found.append(NewName(name, name))
            continue
        proposed = free_name(name, taken)
        taken.add(proposed)
        sentence = f"There is an entity {shown(name)} already: this one will be called {shown(proposed)}."
        found.append(NewName(name, proposed, sentence))
    return tuple(found)


def with_copies(draft: Draft, source: Schema, names: Mapping[str, str]) -> Draft:
    """The draft with copies of these entities of ``source`` (name there to name here), with the links between them.

    Links that lead to an entity which is not copied come along where one of its name is here. A label that is taken
    at such an entity gets a number. Raises Invalid with the name in ``source`` as field where a new name is taken.
    """
    _ensure_free(draft, names)
    for entity in source.entities:
        if entity.name in names:
            new = names[entity.name]
            indexes = indexes_for(new, entity.name, entity.indexes, index_names(draft.wanted))
            draft = draft.add_entity(new, _copied(entity, names), indexes, entity.extra)
    for link in source.links:
        ends = {link.forward.entity, link.reverse.entity}
        if not link.is_system and ends & names.keys() and _is_here(draft, ends - names.keys()):
            draft = draft.add_link(_fitting(draft, link, names))
    return draft


def _copied(entity: Entity, names: Mapping[str, str]) -> tuple[Attribute, ...]:
    return tuple(replace(each, type=with_renamed(each.type, names), is_system=False) for each in entity.attributes)


def _ensure_free(draft: Draft, names: Mapping[str, str]) -> None:
    present, leaving = {each.name for each in draft.wanted.entities}, going(draft)
    wrong: list[FieldError] = []
    for name, new in names.items():
        if not new.strip():
            wrong.append(FieldError(name, f"{shown(name)} needs a name here. Enter one."))
        elif new in leaving:
            wrong.append(FieldError(name, going_words(new)))
        elif new in present:
            free = free_name(new, present | set(names.values()))
            wrong.append(FieldError(name, f"There is an entity {shown(new)} already. {shown(free)} is free."))
        present.add(new)
    if wrong:
        raise Invalid(wrong[0].message.partition(". ")[0] + ".", fields=tuple(wrong), remedy="Choose another name.")


def _is_here(draft: Draft, others: Collection[str]) -> bool:
    return all(draft.wanted.entity(each) is not None for each in others)


def _fitting(draft: Draft, link: Link, names: Mapping[str, str]) -> Link:
    forward = _end(draft, link.forward, names, ())
    reverse = _end(draft, link.reverse, names, (forward.label,) if forward.entity == _name(link.reverse, names) else ())
    is_same = (forward, reverse) == (link.forward, link.reverse)
    if link.columns:
        return _over_columns(draft, link, forward, reverse)
    name = link.name if is_same else forward.entity + forward.label[:1].upper() + forward.label[1:]
    return replace(link, name=name, forward=forward, reverse=reverse)


def _over_columns(draft: Draft, link: Link, forward: LinkEnd, reverse: LinkEnd) -> Link:
    """Its name begins with that of its table, where it did, and no other link of the table has it."""
    before, after = table_of(link.forward.entity), table_of(forward.entity)
    name = link.name
    if before != after and name.startswith(before):
        name = cut(f"{after}{name.removeprefix(before)}")
    name = free_name(name, {each.name for each in draft.wanted.links if each.forward.entity == forward.entity})
    forward, reverse = replace(forward, label=name), replace(reverse, label=link.reverse.label)
    return replace(link, name=name, forward=forward, reverse=reverse)


def _end(draft: Draft, end: LinkEnd, names: Mapping[str, str], others: Iterable[str]) -> LinkEnd:
    entity = _name(end, names)
    if end.entity in names:
        return replace(end, entity=entity)
    found = draft.wanted.entity(entity)
    taken = labels_of(draft.wanted, entity) | {each.name for each in (found.attributes if found else ())} | set(others)
    return replace(end, entity=entity, label=free_name(end.label, taken))


def _name(end: LinkEnd, names: Mapping[str, str]) -> str:
    return names.get(end.entity, end.entity)

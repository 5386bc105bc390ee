"""Whether links can be: their ends, labels, cardinalities and rules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from . import check_names, check_sql
from .check_rules import Found, Problem, Rules, shown
from .model import Entity, Link, LinkEnd, LinkKey, link_key

Place = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Links:
    """All entities by name, and how many ends of links there are at each place."""

    entities: Mapping[str, Entity]
    ends: Mapping[Place, int]
    keys: Mapping[LinkKey, int]
    rules: Rules


def check_link(link: Link, known: Links) -> Found:
    """What concerns one end stands at the place of that end."""
    if link.is_system:
        return
    is_twice = is_declared_twice(link, known.keys)
    if is_twice:
        forward = link.forward
        sentence = f"The link {_place(forward)} to {_place(link.reverse)} is declared twice."
        place = f"{forward.entity}.{forward.label}"
        yield Problem(place, "link", "label", sentence, "Remove one of the two.")
    if known.rules.links_have_columns:
        yield from _over_columns(link, known)
        return
    for end, other in ((link.forward, link.reverse), (link.reverse, link.forward)):
        yield from _entity(end, other, known)
        yield from check_names.label(end.entity, end.label, known.rules)
        if not is_twice:
            yield from _label_conflicts(end, other, known)
        yield from _on_delete(end, other, known.rules)
    yield from _required(link, known.rules)


def _over_columns(link: Link, known: Links) -> Found:
    forward, reverse = link.forward, link.reverse
    if reverse.entity not in known.entities:
        yield from _entity(reverse, forward, known)
    yield from _on_delete(forward, reverse, known.rules)
    if not forward.label.strip():
        place = f"{forward.entity}.{forward.label}"
        yield Problem(place, "link", "label", f"A link of {shown(forward.entity)} has no name.", "Enter one.")
    yield from check_sql.check_link(link, known.entities, known.rules)


def is_declared_twice(link: Link, keys: Mapping[LinkKey, int]) -> bool:
    """Also as its own reverse."""
    key = link_key(link)
    turned = (*key[2:], *key[:2])
    return keys.get(key, 0) > 1 or (turned != key and keys.get(turned, 0) > 0)


def _place(end: LinkEnd) -> str:
    return f"{shown(end.entity)}.{shown(end.label)}"


def _entity(end: LinkEnd, other: LinkEnd, known: Links) -> Found:
    rules = known.rules
    if end.entity not in known.entities:
        place = f"{other.entity}.{other.label}"
        sentence = f"The link {_place(other)} leads to {shown(end.entity)}, which is not there."
        yield Problem(place, "link", "entity", sentence, "Choose another entity, or add this one.")
    elif end.entity in rules.system_entities and end.entity not in rules.extendable:
        place = f"{other.entity}.{other.label}"
        sentence = f"The link {_place(other)} leads to {shown(end.entity)}, which belongs to {rules.platform}."
        yield Problem(place, "link", "entity", sentence, "Choose another entity.")


def _label_conflicts(end: LinkEnd, other: LinkEnd, known: Links) -> Found:
    entity = known.entities.get(end.entity)
    place, rules = f"{end.entity}.{end.label}", known.rules
    remedy = "Choose another label."
    if entity is not None and entity.attribute(end.label) is not None:
        sentence = f"{shown(end.entity)} has an attribute and a link that are both called {shown(end.label)}."
        yield Problem(place, "link", "label", sentence, remedy)
    elif (end.entity, end.label) in rules.system_attributes or _is_system_end(end, rules):
        sentence = f"{_place(end)} comes with {rules.platform}."
        yield Problem(place, "link", "label", sentence, remedy)
    elif (end.entity, end.label) == (other.entity, other.label):
        sentence = f"Both ends of the link are called {shown(end.label)} at {shown(end.entity)}."
        yield Problem(place, "link", "label", sentence, remedy)
    elif known.ends.get((end.entity, end.label), 0) > 1:
        sentence = f"{shown(end.entity)} has several links that are called {shown(end.label)}."
        yield Problem(place, "link", "label", sentence, remedy)


def _is_system_end(end: LinkEnd, rules: Rules) -> bool:
    place = (end.entity, end.label)
    return any(place in (key[:2], key[2:]) for key in rules.system_links)


def _on_delete(end: LinkEnd, other: LinkEnd, rules: Rules) -> Found:
    place = f"{end.entity}.{end.label}"
    if end.on_delete is None:
        return
    if end.on_delete not in rules.on_delete:
        sentence = f"{_place(end)}: {rules.platform} has no rule “{end.on_delete}” for deleting."
        yield Problem(place, "link", "on_delete", sentence, f"Choose {_listed(('keep', *rules.on_delete))}.")
    elif end.on_delete == "cascade" and end.has == "many" and not rules.can_cascade_many:
        sentence = (
            f"{_place(end)} leads to many {shown(other.entity)}: "
            f"these {shown(end.entity)} cannot be deleted with one of them."
        )
        yield Problem(place, "link", "on_delete", sentence, "Let it have one, or choose keep.")


def _listed(words: tuple[str, ...]) -> str:
    return " or ".join(words)


def _required(link: Link, rules: Rules) -> Found:
    forward, reverse = link.forward, link.reverse
    if forward.is_required and forward.entity in rules.system_entities and not rules.can_require_on_system:
        sentence = f"{_place(forward)} is required, but {shown(forward.entity)} belongs to {rules.platform}."
        yield Problem(f"{forward.entity}.{forward.label}", "link", "is_required", sentence, "Make it optional.")
    if reverse.is_required and not rules.can_require_reverse:
        sentence = f"{_place(reverse)} is required, but it is the reverse of {_place(forward)}."
        remedy = "Make it optional, or declare the link from this side."
        yield Problem(f"{reverse.entity}.{reverse.label}", "link", "is_required", sentence, remedy)

"""Which drops and adds may be renames in truth: suggestions that the operator confirms, never guessed silently."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal, TypeVar

from .matching import Matching, Renames, match, matched_names
from .model import Attribute, Entity, Link, LinkEnd, Schema
from .references import with_renamed
from .risks import holds

Kind = Literal["entity", "attribute", "link"]
Part = TypeVar("Part")

_NO_RENAMES = Renames()
_LEAST_SCORE = 0.45
# More pairs than this are not looked at one by one: only those that share a word or a part.
_MOST_PAIRS = 2_500
# A word that so many parts have tells nothing.
_COMMON = 40


@dataclass(frozen=True, slots=True)
class RenameSuggestion:
    """``old`` and ``new`` are places (``todos.title``); ``renames`` is what to add when it is confirmed."""

    kind: Kind
    old: str
    new: str
    score: float
    reason: str
    renames: Renames


@dataclass(frozen=True, slots=True)
class _Likeness:
    score: float
    reason: str


def suggest(actual: Schema, wanted: Schema, renames: Renames = _NO_RENAMES) -> tuple[RenameSuggestion, ...]:
    """Best first, each old and each new part at most once; only of what would be dropped and added."""
    matching = match(actual, wanted, renames)
    found = [*_entities(matching), *_attributes(matching), *_links(matching)]
    return tuple(sorted(found, key=lambda each: (-each.score, each.kind, each.old)))


def with_rename(renames: Renames, suggestion: RenameSuggestion) -> Renames:
    """``renames`` and the confirmed one."""
    more = suggestion.renames
    return Renames(
        renames.entities + more.entities,
        renames.attributes + more.attributes,
        renames.links + more.links,
        renames.indexes + more.indexes,
    )


# Entities


def _entities(matching: Matching) -> Iterator[RenameSuggestion]:
    kept = set(matching.entities.values())
    dropped = [each for name, each in matching.old.items() if name not in matching.entities and not each.is_system]
    added = [each for name, each in matching.new.items() if name not in kept and not each.is_system]
    for old, new, likeness in _best(dropped, added, _entity_features, _entity_likeness):
        renames = Renames(entities=((old.name, new.name),))
        yield RenameSuggestion("entity", old.name, new.name, likeness.score, likeness.reason, renames)


def _entity_features(entity: Entity) -> Iterator[Hashable]:
    yield from _words(entity.name)
    for attribute in entity.attributes:
        yield attribute.name, ""


def _entity_likeness(old: Entity, new: Entity, is_only: bool) -> _Likeness:
    before, after = ({(each.name, each.type) for each in entity.attributes} for entity in (old, new))
    names = _similarity(old.name, new.name)
    shared = len(before & after)
    parts = shared / max(1, len(before | after))
    score = 0.65 * parts + 0.3 * names + 0.05 * is_only
    reasons = []
    if shared:
        of = max(len(before), len(after))
        reasons.append("the same attributes" if shared == of else f"{shared} of {of} attributes are the same")
    if names >= 0.5:
        reasons.append("the names are similar")
    return _Likeness(round(score, 3), _sentence(reasons))


# Attributes


def _attributes(matching: Matching) -> Iterator[RenameSuggestion]:
    moved = {old: new for old, new in matching.entities.items() if old != new}
    for old_name, new_name in matching.entities.items():
        before, after = matching.old[old_name], matching.new[new_name]
        if before is not after and before.attributes != after.attributes:
            yield from _attributes_of(before, after, matching, moved)


def _attributes_of(
    before: Entity, after: Entity, matching: Matching, moved: dict[str, str]
) -> Iterator[RenameSuggestion]:
    old = {each.name: each for each in before.attributes}
    new = {each.name: each for each in after.attributes}
    names = matched_names(old, new, tuple(matching.attribute_renames.get(before.name, {}).items()))
    kept = set(names.values())
    dropped = [each for name, each in old.items() if name not in names and not each.is_system]
    added = [each for name, each in new.items() if name not in kept and not each.is_system]
    if not dropped or not added:
        return
    old_places, new_places = ({name: place for place, name in enumerate(each)} for each in (old, new))

    def likeness(one: Attribute, other: Attribute, is_only: bool) -> _Likeness:
        is_near = abs(old_places[one.name] - new_places[other.name]) <= 1
        return _attribute_likeness(one, other, moved, is_near, is_only)

    def features(each: Attribute) -> Iterator[Hashable]:
        yield from _words(each.name)
        places = old_places if old_places.get(each.name) is not None else new_places
        yield "at", places[each.name] // 4

    for one, other, likely in _best(dropped, added, features, likeness):
        renames = Renames(attributes=((before.name, one.name, other.name),))
        places = f"{before.name}.{one.name}", f"{after.name}.{other.name}"
        yield RenameSuggestion("attribute", *places, likely.score, likely.reason, renames)


def _attribute_likeness(
    old: Attribute, new: Attribute, moved: dict[str, str], is_near: bool, is_only: bool
) -> _Likeness:
    before = with_renamed(old.type, moved)
    names = _similarity(old.name, new.name)
    same_type, fits = before == new.type, holds(new.type, before)
    same_flags = (old.is_required, old.is_unique, old.is_indexed) == (new.is_required, new.is_unique, new.is_indexed)
    kinds = 0.3 if same_type else 0.2 if type(before) is type(new.type) else 0.12 if fits else 0.0
    score = 0.45 * names + kinds + 0.1 * same_flags + 0.1 * is_near + 0.05 * is_only
    reasons = []
    if same_type:
        reasons.append("the type is the same")
    if names >= 0.5:
        reasons.append("the names are similar")
    if is_near:
        reasons.append("it stands at the same place")
    return _Likeness(round(score, 3), _sentence(reasons))


# Links


def _links(matching: Matching) -> Iterator[RenameSuggestion]:
    """Between the same two entities only: a link that leads elsewhere is another one."""
    kept = set(matching.links.values())
    dropped: defaultdict[tuple[str, str], list[Link]] = defaultdict(list)
    added: defaultdict[tuple[str, str], list[Link]] = defaultdict(list)
    for key, link in matching.old_links.items():
        if key not in matching.links and not link.is_system and {key[0], key[2]} <= matching.entities.keys():
            dropped[matching.entities[key[0]], matching.entities[key[2]]].append(link)
    for key, link in matching.new_links.items():
        if key not in kept and not link.is_system:
            added[key[0], key[2]].append(link)
    for ends, links in dropped.items():
        for old, new, likely in _best(links, added.get(ends, ()), _link_features, _link_likeness):
            sides = (old.forward.entity, old.forward.label), (new.forward.entity, new.forward.label)
            places = ".".join(sides[0]), ".".join(sides[1])
            yield RenameSuggestion("link", *places, likely.score, likely.reason, Renames(links=(sides,)))


def _link_features(link: Link) -> Iterator[Hashable]:
    yield from _words(link.forward.label)
    yield from _words(link.reverse.label)


def _link_likeness(old: Link, new: Link, is_only: bool) -> _Likeness:
    names = max(
        (_similarity(old.forward.label, new.forward.label) + _similarity(old.reverse.label, new.reverse.label)) / 2,
        0.8 * (old.forward.label == new.forward.label or old.reverse.label == new.reverse.label),
    )
    same_rules = _rules(old.forward) == _rules(new.forward) and _rules(old.reverse) == _rules(new.reverse)
    score = 0.3 + 0.45 * names + 0.15 * same_rules + 0.1 * is_only
    reasons = ["it leads between the same entities"]
    if names >= 0.5:
        reasons.append("the labels are similar")
    if same_rules:
        reasons.append("the rules are the same")
    return _Likeness(round(score, 3), _sentence(reasons))


def _rules(end: LinkEnd) -> tuple[object, ...]:
    return end.has, end.is_required, end.on_delete


# Any parts


def _best(
    dropped: Sequence[Part],
    added: Sequence[Part],
    features: Callable[[Part], Iterable[Hashable]],
    likeness: Callable[[Part, Part, bool], _Likeness],
) -> Iterator[tuple[Part, Part, _Likeness]]:
    """The likeliest pairs, each part at most once."""
    is_only = len(dropped) == len(added) == 1
    scored = []
    for old, new in _pairs(dropped, added, features):
        likely = likeness(dropped[old], added[new], is_only)
        if likely.score >= _LEAST_SCORE:
            scored.append((-likely.score, old, new, likely))
    taken_old: set[int] = set()
    taken_new: set[int] = set()
    for _score, old, new, likely in sorted(scored, key=lambda each: each[:3]):
        if old not in taken_old and new not in taken_new:
            taken_old.add(old)
            taken_new.add(new)
            yield dropped[old], added[new], likely


def _pairs(
    dropped: Sequence[Part], added: Sequence[Part], features: Callable[[Part], Iterable[Hashable]]
) -> Iterable[tuple[int, int]]:
    if len(dropped) * len(added) <= _MOST_PAIRS:
        return [(old, new) for old in range(len(dropped)) for new in range(len(added))]
    holders: defaultdict[Hashable, list[int]] = defaultdict(list)
    for old, part in enumerate(dropped):
        for feature in set(features(part)):
            holders[feature].append(old)
    return {
        (old, new)
        for new, part in enumerate(added)
        for feature in set(features(part))
        if len(holders.get(feature, ())) <= _COMMON
        for old in holders.get(feature, ())
    }


def _words(name: str) -> list[str]:
    """``dueDate`` and ``due_date`` have the words ``due`` and ``date``."""
    return [each.lower() for each in re.findall(r"[A-Z]?[^\W_A-Z]+|[A-Z]+|\d+", name)]


def _similarity(old: str, new: str) -> float:
    """0 to 1; names of the same words in any order and spelling are almost equal."""
    one, other = _words(old[:80]), _words(new[:80])
    if one and sorted(one) == sorted(other):
        return 0.95
    letters = SequenceMatcher(None, "".join(one), "".join(other)).ratio()
    shared = len(set(one) & set(other)) / max(1, len(set(one) | set(other)))
    return max(letters, shared)


def _sentence(reasons: list[str]) -> str:
    text = ", and ".join(reasons) if len(reasons) < 3 else f"{', '.join(reasons[:-1])}, and {reasons[-1]}"
    return f"{text[:1].upper()}{text[1:]}." if text else "Nothing else was removed and added here."

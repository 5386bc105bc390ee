"""What a push did, judged by the schema before it and the schema after it. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from app.core.errors import StalePlan
from app.schema.compare import Plan, Renames, compare
from app.schema.draft import Draft
from app.schema.model import Entity, Schema
from app.schema.operations import (
    DropAttribute,
    DropEntity,
    DropIndex,
    DropLink,
    Operation,
    RenameAttribute,
    RenameEntity,
    RenameIndex,
    RenameLink,
)
from app.schema.renames_left import renames_left

if TYPE_CHECKING:
    from app.schema.merge import Merge

_RENAMES = (RenameEntity, RenameAttribute, RenameIndex, RenameLink)
_DROPS = (DropEntity, DropAttribute, DropIndex, DropLink)
Form = Callable[[Schema], Schema]


@dataclass(frozen=True, slots=True)
class Aftermath:
    """``did`` is what took effect, with the ``renames`` in it; ``remaining`` what is still to do on today's schema.

    ``count`` of the ``total`` steps took effect as a whole.
    """

    did: Plan
    renames: Renames
    remaining: Draft
    count: int
    total: int

    @property
    def is_all(self) -> bool:
        return not self.remaining.plan()

    @property
    def is_nothing(self) -> bool:
        return not self.did


def aftermath(
    pushed: Draft, live: Schema, form: Form = lambda schema: schema, known: Renames | None = None
) -> Aftermath:
    """``pushed`` in canonical form, ``live`` as it is now. Another operator's changes at the same time are no part of
    ``did``, and stay in ``remaining``. ``known``: what is called otherwise now, by the platform's own IDs; without it
    names have to do, which cannot tell a part that is halfway to its new name from another that is new."""
    plan = pushed.plan()
    if not compare(live, pushed.wanted):
        return Aftermath(plan, pushed.renames, Draft(live, live), len(plan), len(plan))
    done = renames_done(pushed, live) if known is None else _of_push(known, pushed)
    changed, meant = compare(pushed.base, live, done), _places(plan) | _places(plan.reverse())
    did = Plan(tuple(each for each in changed.steps if each.place in meant or isinstance(each, _RENAMES)))
    base, left = _after_renames(pushed, done) if known is None else _under(pushed, live, done)
    if len(did) == len(changed):
        remaining = Draft(live, pushed.wanted, left)
    else:
        remaining = _remaining(base, live, Draft(base, pushed.wanted, left), form)
    to_do = remaining.plan()
    if not to_do:
        return Aftermath(plan, pushed.renames, remaining, len(plan), len(plan))
    undone = _places(to_do)
    count = sum(1 for step in plan.steps if step.place not in undone)
    return Aftermath(did, done, remaining, count, len(plan))


def _of_push(known: Renames, pushed: Draft) -> Renames:
    """Without what somebody else renamed meanwhile: that is a change of theirs like any other."""
    wanted = pushed.renames
    entities = {old for old, _new in wanted.entities}
    attributes = {each[:2] for each in wanted.attributes}
    links = {old for old, _new in wanted.links}
    return Renames(
        tuple(each for each in known.entities if each[0] in entities),
        tuple(each for each in known.attributes if each[:2] in attributes),
        tuple(each for each in known.links if each[0] in links),
        known.indexes,
    )


def _under(pushed: Draft, live: Schema, done: Renames) -> tuple[Schema, Renames]:
    """The base under the names that its parts surely have now, and the renames that are left to do from there."""
    left = renames_left(pushed.base, done, pushed.renames)
    return _renamed(pushed.base, compare(pushed.base, live, done).steps, done) or pushed.base, left


def merged(mine: Draft, live: Schema, keep_mine: frozenset[str] = frozenset()) -> Merge:
    """The draft on top of ``live``. Renames that are live already are no difference between the two."""
    from app.schema.merge import merge

    base, left = _after_renames(mine, renames_done(mine, live))
    return merge(base, live, Draft(base, mine.wanted, left), keep_mine)


def renames_done(pushed: Draft, live: Schema) -> Renames:
    """Those whose new name is there and whose old name is gone."""
    found = _arrived(pushed, live)
    straight = _without_reused(found, pushed)
    if found == straight:
        return found
    # A name that another part has afterwards is there either way: what stands under it tells which it is.
    return min((found, straight), key=lambda each: len(compare(_after_renames(pushed, each)[0], live)))


def _without_reused(renames: Renames, pushed: Draft) -> Renames:
    """Without those whose old name is wanted for another part, and those that wait for such a name."""
    entities = [each for each in renames.entities if pushed.wanted.entity(each[0]) is None]
    attributes = [each for each in renames.attributes if not _is_reused(pushed, each[0], each[1])]
    while True:
        kept = {old for old, _new in pushed.renames.entities} - {old for old, _new in entities}
        held = {each[:2] for each in pushed.renames.attributes} - {each[:2] for each in attributes}
        fewer = [each for each in entities if each[1] not in kept]
        less = [each for each in attributes if (each[0], each[2]) not in held]
        if (fewer, less) == (entities, attributes):
            return replace(renames, entities=tuple(entities), attributes=tuple(attributes))
        entities, attributes = fewer, less


def _is_reused(pushed: Draft, entity: str, name: str) -> bool:
    names = dict(pushed.renames.entities)
    found = pushed.wanted.entity(names.get(entity, entity))
    return found is not None and found.attribute(name) is not None


def _arrived(pushed: Draft, live: Schema) -> Renames:
    renames = pushed.renames
    entities = tuple(
        (old, new)
        for old, new in renames.entities
        if live.entity(new) is not None and (live.entity(old) is None or pushed.wanted.entity(old) is not None)
    )
    done = dict(entities)
    attributes = tuple(
        (entity, old, new)
        for entity, old, new in renames.attributes
        if _has_attribute(live.entity(done.get(entity, entity)), old, new, _is_reused(pushed, entity, old))
    )
    links = tuple(pair for pair in renames.links if _has_link(live, pair, done))
    indexes = tuple(each for each in renames.indexes if _has_index(live, done.get(each[0], each[0]), each[2]))
    return Renames(entities, attributes, links, indexes)


def _has_attribute(entity: Entity | None, old: str, new: str, is_reused: bool) -> bool:
    if entity is None or entity.attribute(new) is None:
        return False
    return is_reused or entity.attribute(old) is None


def _has_link(live: Schema, pair: tuple[tuple[str, str], tuple[str, str]], done: dict[str, str]) -> bool:
    """The new end names its entity as wanted; live it may still have its old name."""
    (old_entity, old_label), (_, new_label) = pair
    entity = done.get(old_entity, old_entity)
    labels = {each.forward.label for each in live.links if each.forward.entity == entity}
    return new_label in labels and (old_label not in labels or old_label == new_label)


def _has_index(live: Schema, entity: str, new: str) -> bool:
    found = live.entity(entity)
    return found is not None and any(each.name == new for each in found.indexes)


def _after_renames(pushed: Draft, done: Renames) -> tuple[Schema, Renames]:
    """The base under the names that it has now, and the renames that are left to do, in these names."""
    if not done:
        return pushed.base, pushed.renames
    found = _renamed(pushed.base, compare(pushed.base, pushed.wanted, done).steps, done)
    return (pushed.base, pushed.renames) if found is None else (found, _left(pushed.renames, done))


def _renamed(base: Schema, steps: tuple[Operation, ...], done: Renames) -> Schema | None:
    """The base after the renames among the steps, and after as few of the drops as it takes; None where none do."""
    freed = _freed(done)
    choices: tuple[Callable[[Operation], bool], ...] = (
        lambda step: False,
        lambda step: _frees(step, freed),
        lambda step: isinstance(step, _DROPS),
    )
    for keeps in choices:
        try:
            return Plan(tuple(each for each in steps if isinstance(each, _RENAMES) or keeps(each))).apply(base)
        except StalePlan:
            # A new name was another part's before: that one was dropped, or the name could not have come.
            continue
    return None


def _freed(done: Renames) -> frozenset[tuple[str, str]]:
    """Entity (old name) and part of what must be gone for these renames; the part is "" for the entity itself."""
    was = {new: old for old, new in done.entities}
    parts = {(entity, new) for entity, _old, new in done.attributes}
    labels = {(was.get(new[0], new[0]), new[1]) for _old, new in done.links}
    return frozenset({(new, "") for _old, new in done.entities} | parts | labels)


def _frees(step: Operation, freed: frozenset[tuple[str, str]]) -> bool:
    if isinstance(step, DropEntity):
        return (step.entity.name, "") in freed
    if isinstance(step, DropAttribute):
        return (step.entity, step.attribute.name) in freed
    if isinstance(step, DropLink):
        ends = (step.link.forward, step.link.reverse)
        return any((end.entity, "") in freed or (end.entity, end.label) in freed for end in ends)
    return False


def _left(renames: Renames, done: Renames) -> Renames:
    now = dict(done.entities)
    return Renames(
        entities=tuple(each for each in renames.entities if each not in done.entities),
        attributes=tuple((now.get(e[0], e[0]), *e[1:]) for e in renames.attributes if e not in done.attributes),
        links=tuple(((now.get(e[0][0], e[0][0]), e[0][1]), e[1]) for e in renames.links if e not in done.links),
        indexes=tuple((now.get(e[0], e[0]), *e[1:]) for e in renames.indexes if e not in done.indexes),
    )


def _remaining(base: Schema, live: Schema, mine: Draft, form: Form) -> Draft:
    """Where both changed the same part, what was pushed is what is still wanted."""
    from app.schema.merge import merge

    merged = merge(base, live, mine)
    if merged.conflicts:
        merged = merge(base, live, mine, frozenset(each.place for each in merged.conflicts))
    return replace(merged.draft, wanted=form(merged.draft.wanted))


def _places(plan: Plan) -> frozenset[str]:
    return frozenset(each.place for each in plan.steps)

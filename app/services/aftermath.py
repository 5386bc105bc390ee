"""What a push did, judged by the schema before it and the schema after it. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from app.core.errors import StalePlan
from app.schema.compare import Plan, Renames, compare
from app.schema.draft import Draft
from app.schema.model import Entity, Schema
from app.schema.operations import RenameAttribute, RenameEntity, RenameIndex, RenameLink

if TYPE_CHECKING:
    from app.schema.merge import Merge

_RENAMES = (RenameEntity, RenameAttribute, RenameIndex, RenameLink)
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


def aftermath(pushed: Draft, live: Schema, form: Form = lambda schema: schema) -> Aftermath:
    """``pushed`` in canonical form, ``live`` as it is now. Another operator's changes at the same time are no part of
    ``did``, and stay in ``remaining``."""
    plan = pushed.plan()
    done = renames_done(pushed, live)
    base, left = _after_renames(pushed, done)
    remaining = _remaining(base, live, Draft(base, pushed.wanted, left), form)
    did = plan if not remaining.plan() else _did(pushed.base, live, done, plan)
    undone = _places(remaining.plan())
    count = sum(1 for step in plan.steps if step.place not in undone)
    return Aftermath(did, pushed.renames if did is plan else done, remaining, count, len(plan))


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
    """Without those whose old name is wanted for another part."""
    return replace(
        renames,
        entities=tuple(each for each in renames.entities if pushed.wanted.entity(each[0]) is None),
        attributes=tuple(each for each in renames.attributes if not _is_reused(pushed, each[0], each[1])),
    )


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
    try:
        steps = compare(pushed.base, pushed.wanted, done).steps
        base = Plan(tuple(each for each in steps if isinstance(each, _RENAMES))).apply(pushed.base)
    except StalePlan:
        # A new name is taken by what the same plan drops first: what is left is then told part by part.
        return pushed.base, pushed.renames
    return base, _left(pushed.renames, done)


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


def _did(before: Schema, live: Schema, done: Renames, plan: Plan) -> Plan:
    """What changed, without what the push did not mean to touch: that was somebody else."""
    meant = _places(plan) | _places(plan.reverse())
    return Plan(tuple(each for each in compare(before, live, done).steps if each.place in meant))


def _places(plan: Plan) -> frozenset[str]:
    return frozenset(each.place for each in plan.steps)

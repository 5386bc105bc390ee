"""The names that the parts of a merge want to have, and who has to give way where several want the same."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from .merge_parts import Decisions, MergedEntity, Three
from .merge_words import same_name
from .model import Attribute, Link, LinkEnd


@dataclass(slots=True)
class Claim:
    """A result that wants a name. ``give_up`` takes it back to what they have, or away; ``remove`` removes it."""

    is_ours: bool
    old: str
    give_up: Callable[[], None]
    remove: Callable[[], None]


def resolve_names(claims: Callable[[], Mapping[str, list[Claim]]], decisions: Decisions) -> None:
    """Until nobody claims what another one has. ``claims`` are by place, gathered anew after each decision.

    It ends: each decision takes one of our names away, or one of their parts.
    """
    while True:
        clash = next(
            (
                (place, ours, [each for each in found if each is not ours])
                for place, found in claims().items()
                if len(found) > 1 and (ours := next((each for each in found if each.is_ours), None)) is not None
            ),
            None,
        )
        if clash is None:
            return
        place, ours, others = clash
        if decisions.keeps(same_name(place, ours.old)) and not any(each.is_ours for each in others):
            for each in others:
                each.remove()
        else:
            ours.give_up()


def entity_claims(entities: Iterable[MergedEntity]) -> Mapping[str, list[Claim]]:
    """By the name that is wanted."""
    found: dict[str, list[Claim]] = {}
    for each in entities:
        if each.three.result is not None:
            found.setdefault(each.name, []).append(_entity_claim(each))
    return found


def part_claims(entities: Iterable[MergedEntity], links: Iterable[Three[Link]]) -> Mapping[str, list[Claim]]:
    """Of attributes and of the labels of links, which share their names; by place."""
    found: dict[str, list[Claim]] = {}
    for entity in entities:
        if entity.three.result is None:
            continue
        for three in entity.attributes or ():
            if three.result is not None:
                found.setdefault(f"{entity.name}.{three.result.name}", []).append(_attribute_claim(three))
    for link in links:
        for claimed, claim in _link_claims(link):
            found.setdefault(claimed, []).append(claim)
    return found


def _entity_claim(entity: MergedEntity) -> Claim:
    three = entity.three
    old = three.theirs.name if three.theirs is not None else ""

    def remove() -> None:
        three.result = None

    def give_up() -> None:
        if old:
            entity.name = old
        else:
            remove()

    return Claim(entity.name != old, old, give_up, remove)


def _attribute_claim(three: Three[Attribute]) -> Claim:
    old = three.theirs.name if three.theirs is not None else ""
    result = three.result

    def remove() -> None:
        three.result = None

    def give_up() -> None:
        three.result = replace(result, name=old) if old and result is not None else None

    return Claim(result is not None and result.name != old, old, give_up, remove)


def _link_claims(three: Three[Link]) -> Iterator[tuple[str, Claim]]:
    """One for each end."""
    theirs, result = three.theirs, three.result
    if result is None:
        return

    def remove() -> None:
        three.result = None

    def give_up() -> None:
        three.result = _with_labels(result, theirs) if theirs is not None else None

    for end, live in zip(_ends(result), _ends(theirs) if theirs is not None else (None, None), strict=True):
        old = live.label if live is not None else ""
        yield f"{end.entity}.{end.label}", Claim(end.label != old, old, give_up, remove)


def _with_labels(link: Link, other: Link) -> Link:
    return replace(
        link,
        name=other.name,
        forward=replace(link.forward, label=other.forward.label),
        reverse=replace(link.reverse, label=other.reverse.label),
    )


def _ends(link: Link) -> tuple[LinkEnd, LinkEnd]:
    return link.forward, link.reverse

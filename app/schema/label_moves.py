"""Renames of attributes and links in an order in which no two parts of an entity ever have one name.

Attributes and the labels of links share the names of their entity: an attribute may take the label that a link gives
up, and the other way round.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from .model import Link
from .moves import Move, free_name, ordered
from .operations import RenameAttribute, RenameLink

_Slots = frozenset[tuple[str, str]]
_FreeLabel = Callable[[str], str]


class LabelMoves:
    """Entities are by their new names."""

    def __init__(self) -> None:
        self._moves: list[_AttributeMove | _LinkMove] = []

    def add_attribute(self, entity: str, old: str, new: str) -> None:
        self._moves.append(_AttributeMove(entity, old, new))

    def add_link(self, before: Link, after: Link) -> None:
        """``after`` differs in its name and labels only."""
        self._moves.append(_LinkMove(before, after))

    @property
    def taken_slots(self) -> frozenset[tuple[str, str]]:
        """Entity and name of all that a part moves to."""
        return frozenset(slot for each in self._moves for slot in each.new_slots)

    def steps(self, labels: Callable[[], set[str]]) -> Iterator[RenameAttribute | RenameLink]:
        """``labels`` gives all names that are in use; asked only where names are exchanged in a circle."""
        taken: set[str] = set()

        def free_label(label: str) -> str:
            if not taken:
                taken.update(labels())
            found = free_name(label, taken.__contains__)
            taken.add(found)
            return found

        slots = (Move(at, each.old_slots, each.new_slots) for at, each in enumerate(self._moves))
        for at, how in ordered(slots):
            move = self._moves[at]
            yield move.step_aside(free_label) if how == "away" else move.arrive()


@dataclass(slots=True)
class _AttributeMove:
    entity: str
    old: str
    new: str

    @property
    def old_slots(self) -> _Slots:
        return frozenset({(self.entity, self.old)})

    @property
    def new_slots(self) -> _Slots:
        return frozenset({(self.entity, self.new)})

    def step_aside(self, free_label: _FreeLabel) -> RenameAttribute:
        step = RenameAttribute(self.entity, self.old, free_label(self.old))
        self.old = step.new
        return step

    def arrive(self) -> RenameAttribute:
        return RenameAttribute(self.entity, self.old, self.new)


@dataclass(slots=True)
class _LinkMove:
    before: Link
    after: Link

    @property
    def old_slots(self) -> _Slots:
        return _ends(self.before)

    @property
    def new_slots(self) -> _Slots:
        return _ends(self.after)

    def step_aside(self, free_label: _FreeLabel) -> RenameLink:
        forward, reverse = self.before.forward, self.before.reverse
        away = replace(
            self.before,
            forward=replace(forward, label=free_label(forward.label)),
            # An end without a label takes nobody's name.
            reverse=replace(reverse, label=free_label(reverse.label)) if reverse.label else reverse,
        )
        step = RenameLink(self.before, away)
        self.before = away
        return step

    def arrive(self) -> RenameLink:
        return RenameLink(self.before, self.after)


def _ends(link: Link) -> _Slots:
    return frozenset((end.entity, end.label) for end in (link.forward, link.reverse) if end.label)

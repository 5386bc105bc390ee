"""Two edits of the same parts brought together: presence, properties and names, whatever kind of part it is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Generic, TypeVar

from .merge_words import MergeConflict, both_added, both_changed, they_removed, you_removed
from .model import Attribute, Entity, Index, Link, LinkEnd

Part = TypeVar("Part", Attribute, Index, Link, Entity)
Valued = TypeVar("Valued", Attribute, Index, Link, Entity, LinkEnd)


@dataclass(slots=True)
class Three(Generic[Part]):
    """One part as it was, as they have it, and as it is wanted here; None where it is not there.

    All speak of entities by the names that these have in the result.
    """

    base: Part | None = None
    theirs: Part | None = None
    mine: Part | None = None
    result: Part | None = None


@dataclass(slots=True)
class MergedEntity:
    """One entity three ways with its attributes and indexes, and the name that it has in the result."""

    three: Three[Entity]
    name: str = ""
    attributes: list[Three[Attribute]] | None = None
    indexes: list[Three[Index]] | None = None


@dataclass(slots=True)
class Decisions:
    """What was decided so far; ``keeps`` says where the operator wants the own side."""

    keep_mine: frozenset[str]
    conflicts: dict[str, MergeConflict] = field(default_factory=dict)

    def keeps(self, conflict: MergeConflict) -> bool:
        self.conflicts.setdefault(conflict.place, conflict)
        return conflict.place in self.keep_mine


def matched(
    base: Mapping[Any, Part], theirs: Mapping[Any, Part], mine: Mapping[Any, Part], our_names: Mapping[Any, Any]
) -> list[Three[Part]]:
    """Parts by name; ``our_names`` maps those of the base to those here. In their order, then what is only here.

    Where they have what we renamed under the new name too, and not under the old one, they renamed it as well.
    """
    found: list[Three[Part]] = []
    taken_theirs: set[Any] = set()
    taken_mine: set[Any] = set()
    for name, part in base.items():
        our = our_names.get(name)
        same = our is not None and our != name and name not in theirs and our in theirs and our not in base
        their = our if same else name
        three = Three(part, theirs.get(their), mine.get(our) if our is not None else None)
        taken_theirs.add(their)
        taken_mine.add(our)
        found.append(three)
    added: dict[Any, Three[Part]] = {
        name: Three(theirs=part) for name, part in theirs.items() if name not in taken_theirs
    }
    for name, part in mine.items():
        if name in taken_mine:
            continue
        if name in added:
            added[name].mine = part
        else:
            found.append(Three(mine=part))
    found += added.values()
    return found


def settle(
    three: Three[Part],
    place: Callable[[Part], str],
    fields: Iterable[str],
    decisions: Decisions,
    *,
    is_changed: Callable[[Part, Part], bool] = lambda one, other: one != other,
) -> None:
    """Fill in the result, None where the part goes."""
    base, theirs, mine = three.base, three.theirs, three.mine
    if theirs is not None and mine is not None:
        three.result = both(base, theirs, mine, place(mine), tuple(fields), decisions)
    elif base is None:
        three.result = theirs if theirs is not None else mine
    elif theirs is not None:
        is_kept = is_changed(base, theirs) and not decisions.keeps(you_removed(place(theirs)))
        three.result = theirs if is_kept else None
    elif mine is not None:
        is_kept = is_changed(base, mine) and decisions.keeps(they_removed(place(mine)))
        three.result = mine if is_kept else None


def both(
    base: Any | None, theirs: Valued, mine: Any, place: str, fields: tuple[str, ...], decisions: Decisions
) -> Valued:
    """``theirs`` with those fields that are other ones here; ``base`` None where both sides added it."""
    changes: dict[str, Any] = {}
    clashes: list[str] = []
    for name in fields:
        was = getattr(base, name) if base is not None else None
        their, our = getattr(theirs, name), getattr(mine, name)
        if our == their or (base is not None and our == was):
            continue
        changes[name] = our
        if base is None or their != was:
            clashes.append(name)
    if clashes:
        tell = both_changed if base is not None else both_added
        if not decisions.keeps(tell(place, clashes, theirs, mine)):
            changes = {name: value for name, value in changes.items() if name not in clashes}
    return replace(theirs, **changes) if changes else theirs

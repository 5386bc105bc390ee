"""One schema, changed by two: what it was, what they made of it, what is staged here; no Qt in here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .part_text import AS_BEFORE, old_place, part_text, side_text, steps_by_place

if TYPE_CHECKING:
    from app.schema.draft import Draft
    from app.schema.merge import Merge


@dataclass(frozen=True, slots=True)
class PlaceLine:
    """One part that somebody changed, three ways. ``conflict`` is a sentence, "" where both fit together."""

    place: str
    base: str
    theirs: str
    mine: str
    conflict: str = ""
    is_mine: bool = False


def place_lines(draft: Draft, merge: Merge) -> tuple[PlaceLine, ...]:
    """Conflicts first, then by name. Takes its time with many changes: not for the UI thread."""
    theirs, mine = steps_by_place(merge.theirs), steps_by_place(merge.mine)
    conflicts = {each.place: each for each in merge.conflicts}
    lines = []
    for place in {**theirs, **mine, **conflicts}:
        their_text = side_text(theirs.get(place, ()), merge.draft.base, place)
        my_text = side_text(mine.get(place, ()), draft.wanted, place)
        conflict = conflicts.get(place)
        if conflict is not None:
            their_text = _first(their_text, conflict.theirs)
            my_text = _first(my_text, conflict.mine)
        sentence = conflict.sentence if conflict is not None else ""
        before = part_text(draft.base, old_place([*theirs.get(place, ()), *mine.get(place, ())], place))
        lines.append(PlaceLine(place, before, their_text, my_text, sentence, place in mine))
    return tuple(sorted(lines, key=lambda line: (not line.conflict, line.place)))


def _first(text: str, otherwise: str) -> str:
    """What a step made of the part says more than that it was changed; without a step, what the merge says of it."""
    return otherwise or text if text == AS_BEFORE else text

"""The order in which renames can be done one by one, when one takes the name that another gives up."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

Name = TypeVar("Name", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Move(Generic[Name]):
    """A part gives up its old names and takes its new ones; parts with one name have sets of one."""

    part: int
    old: frozenset[Name]
    new: frozenset[Name]


def ordered(moves: Iterable[Move[Name]]) -> Iterator[tuple[int, str]]:
    """Yields ``(part, "direct")``; for one part of each circle ``(part, "away")`` first, to a name that nobody has, and
    ``(part, "back")`` from there later. Names of parts that do not move are not taken by any move."""
    pending = {move.part: move for move in moves}
    holder = {name: move.part for move in pending.values() for name in move.old}
    waiting: dict[Name, list[int]] = {}
    away: set[int] = set()
    ready = deque(pending)
    while pending:
        while ready:
            part = ready.popleft()
            move = pending.get(part)
            if move is None:
                continue
            blocked = next((name for name in move.new if holder.get(name, part) != part), None)
            if blocked is not None:
                waiting.setdefault(blocked, []).append(part)
                continue
            yield part, "back" if part in away else "direct"
            del pending[part]
            _free(move, part, holder, waiting, ready)
        if pending:
            part, move = next((each, move) for each, move in pending.items() if each not in away)
            away.add(part)
            yield part, "away"
            _free(move, part, holder, waiting, ready)
            ready.append(part)


def _free(
    move: Move[Name], part: int, holder: dict[Name, int], waiting: dict[Name, list[int]], ready: deque[int]
) -> None:
    for name in move.old:
        if holder.get(name) == part:
            del holder[name]
            ready.extend(waiting.pop(name, ()))


def free_name(name: str, is_taken: Callable[[str], bool]) -> str:
    """A name like this one that nobody has."""
    candidate, number = f"{name}_tmp", 2
    while is_taken(candidate):
        candidate, number = f"{name}_tmp{number}", number + 1
    return candidate

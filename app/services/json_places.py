"""Where the parts of a JSON text stand, for telling what is wrong with them; and names that are given twice."""

from __future__ import annotations

import re
from collections.abc import Callable
from json import decoder

Path = tuple[str | int, ...]

_SPACE = re.compile(r"[ \t\r\n]*")
_SCALAR = re.compile(r"[^\s,\]}]+")
# A string as json itself reads it; the stubs leave the function out.
_scanstring: Callable[[str, int], tuple[str, int]] = vars(decoder)["scanstring"]


class Places:
    """Of a text that ``json.loads`` takes. ``twice`` are paths of members whose name their object had already."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._starts: dict[Path, int] = {}
        self.twice: list[Path] = []
        self._value((), _skip(text, 0))

    def line(self, path: Path) -> int:
        """From 1; of the nearest part around it where it is not there itself."""
        while path and path not in self._starts:
            path = path[:-1]
        return self._text.count("\n", 0, self._starts.get(path, 0)) + 1

    def _value(self, path: Path, at: int) -> int:
        """The end of the value that begins at ``at``."""
        self._starts.setdefault(path, at)
        match self._text[at]:
            case '"':
                return _scanstring(self._text, at + 1)[1]
            case "{":
                return self._members(path, at + 1)
            case "[":
                return self._items(path, at + 1)
        found = _SCALAR.match(self._text, at)
        return found.end() if found else at + 1

    def _members(self, path: Path, at: int) -> int:
        at = _skip(self._text, at)
        while self._text[at] != "}":
            name, end = _scanstring(self._text, at + 1)
            member = (*path, name)
            if member in self._starts:
                self.twice.append(member)
            self._starts[member] = at
            end = self._value(member, _skip(self._text, _skip(self._text, end) + 1))
            at = self._next(end)
        return at + 1

    def _items(self, path: Path, at: int) -> int:
        at, number = _skip(self._text, at), 0
        while self._text[at] != "]":
            at = self._next(self._value((*path, number), at))
            number += 1
        return at + 1

    def _next(self, end: int) -> int:
        at = _skip(self._text, end)
        return _skip(self._text, at + 1) if self._text[at] == "," else at


def _skip(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at

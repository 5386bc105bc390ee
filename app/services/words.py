"""Names of three words (``swift-blue-river``) for databases: easy to say, and hardly ever the same twice."""

from __future__ import annotations

import random
from collections.abc import Container
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from app.storage.paths import resources_dir

_FILES = ("adjectives.txt", "colours.txt", "nouns.txt")
# With every name tried this often taken, three words are no longer enough.
_TRIES = 64


@dataclass(frozen=True, slots=True)
class WordLists:
    """One list for each place in a name; no word is in two of them."""

    first: tuple[str, ...]
    second: tuple[str, ...]
    third: tuple[str, ...]

    @property
    def combinations(self) -> int:
        return len(self.first) * len(self.second) * len(self.third)


@cache
def word_lists(folder: Path | None = None) -> WordLists:
    """Those that come with Tenantry; blocks on the disk the first time."""
    base = folder or resources_dir() / "words"
    return WordLists(*(tuple((base / name).read_text("ascii").split()) for name in _FILES))


def three_word_name(rng: random.Random, taken: Container[str], words: WordLists | None = None) -> str:
    """A name that is not in ``taken``; the same for the same ``rng`` and ``taken``.

    Where chance meets taken names only, a number is added.
    """
    lists = words or word_lists()
    for _ in range(_TRIES):
        name = _name(rng, lists)
        if name not in taken:
            return name
    number = 2
    while (numbered := f"{name}-{number}") in taken:
        number += 1
    return numbered


def _name(rng: random.Random, lists: WordLists) -> str:
    return "-".join(rng.choice(each) for each in (lists.first, lists.second, lists.third))

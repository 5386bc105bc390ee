"""Lists of columns and expressions as an operator writes them: ``email, lower(name), "odd, name"``."""

from __future__ import annotations

from collections.abc import Iterable

from app.schema.formats.sql_names import quoted

_CLOSES = {"(": ")", "[": "]"}


def split_list(text: str) -> list[str]:
    """The parts between commas that stand in no quotes and no brackets, without the spaces around; no empty ones."""
    parts, depth, quote, start = [], 0, "", 0
    for at, letter in enumerate(text):
        if quote:
            quote = "" if letter == quote else quote
        elif letter in "'\"":
            quote = letter
        elif letter in _CLOSES:
            depth += 1
        elif letter in _CLOSES.values():
            depth -= 1
        elif letter == "," and depth <= 0:
            parts.append(text[start:at])
            start = at + 1
    parts.append(text[start:])
    return [part for part in (each.strip() for each in parts) if part]


def written(names: Iterable[str]) -> str:
    """Names of columns as a list; those that need it in quotes."""
    return ", ".join(map(quoted, names))


def named(part: str, names: Iterable[str]) -> str | None:
    """The column that a part of a list means: as it is written, without its quotes, or else in lower case."""
    known = set(names)
    if part in known:
        return part
    if len(part) > 1 and part[0] == part[-1] == '"':
        bare = part[1:-1].replace('""', '"')
        return bare if bare in known else None
    return part.lower() if part.lower() in known else None

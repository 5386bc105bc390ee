"""The parts of an index, from PostgreSQL's ``pg_get_indexdef``: what it tells of keys one by one is not exact."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from app.schema.formats.sql_words import without_brackets

_TOKEN: Final = re.compile(r"""'(?:[^']|'')*'|"(?:[^"]|"")*"|[()\[\],]|[^'"()\[\],\s]+|\s+""")


@dataclass(frozen=True, slots=True)
class IndexText:
    """``keys`` as they stand in SQL, with collation, operator class and order; ``where`` without brackets around it."""

    keys: tuple[str, ...]
    include: tuple[str, ...] = ()
    where: str = ""


def parsed(definition: str, before: str = "USING") -> IndexText:
    """``before`` is the last word in front of the keys' brackets, but for names."""
    tokens = _TOKEN.findall(definition)
    at = _word(tokens, before, 0)
    keys, at = _bracketed(tokens, at)
    include: tuple[str, ...] = ()
    following = _word(tokens, "INCLUDE", at)
    if following < len(tokens):
        include, at = _bracketed(tokens, following)
    start = _word(tokens, "WHERE", at)
    where = "".join(tokens[start + 1 :]).strip()
    return IndexText(keys, tuple(_bare(each) for each in include), without_brackets(where))


def _word(tokens: list[str], word: str, start: int) -> int:
    """Where the word stands outside of brackets; the end where it does not."""
    depth = 0
    for at in range(start, len(tokens)):
        if tokens[at] in ("(", "["):
            depth += 1
        elif tokens[at] in (")", "]"):
            depth -= 1
        elif depth == 0 and tokens[at].upper() == word:
            return at
    return len(tokens)


def _bracketed(tokens: list[str], start: int) -> tuple[tuple[str, ...], int]:
    """What stands between commas in the next brackets, and where they end."""
    first = next((at for at in range(start, len(tokens)) if tokens[at] == "("), len(tokens))
    parts: list[str] = [""]
    depth = 0
    for at in range(first, len(tokens)):
        token = tokens[at]
        depth += {"(": 1, "[": 1, ")": -1, "]": -1}.get(token, 0)
        if depth == 0:
            return tuple(each.strip() for each in parts), at + 1
        if token == "," and depth == 1:
            parts.append("")
        elif at > first:
            parts[-1] += token
    return (), len(tokens)


def _bare(name: str) -> str:
    return name[1:-1].replace('""', '"') if name.startswith('"') else name

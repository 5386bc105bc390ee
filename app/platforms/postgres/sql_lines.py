"""A statement as a line that may be shown anywhere: its first words, and none of its values."""

from __future__ import annotations

import re
from typing import Final

_TEXTS: Final = re.compile(r"[eE]?'(?:[^'\\]|''|\\.)*'?|\$(\w*)\$.*?(?:\$\1\$|\Z)", re.DOTALL)
_NUMBERS: Final = re.compile(r"(?<![\w\"$.])\d[\d.]*")
_COMMENT: Final = re.compile(r"\A\s*/\*(.*?)\*/", re.DOTALL)
_LENGTH: Final = 60


def without_values(statement: str) -> str:
    """The whole statement with its own line breaks; texts and numbers in it are masked."""
    return _NUMBERS.sub("…", _TEXTS.sub("…", statement))


def first_words(statement: str) -> str:
    """At most 60 characters; what a statement says of itself in a leading comment stands for it."""
    said = _COMMENT.match(statement)
    if said is not None:
        return " ".join(said[1].split())[:_LENGTH]
    line = " ".join(_NUMBERS.sub("…", _TEXTS.sub("…", statement[:2000])).split())
    return line if len(line) <= _LENGTH else line[: _LENGTH - 1].rstrip() + "…"

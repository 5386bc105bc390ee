"""Staged edits of a schema: what it was, what it shall be, and which names are the same thing."""

from __future__ import annotations

from dataclasses import dataclass

from .compare import Renames
from .model import Schema


@dataclass(frozen=True, slots=True)
class Draft:
    """``base`` is the live schema that the edits started from; each edit makes another draft."""

    base: Schema
    wanted: Schema
    renames: Renames = Renames()

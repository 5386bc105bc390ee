"""How the program was started, as far as the window has to know."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from app.storage.instance import Handover, Instance


class Entry(NamedTuple):
    """``asked`` is what to open, texts that nobody has judged; ``clean`` takes secrets out of text."""

    instance: Instance
    asked: Handover
    clean: Callable[[str], str]

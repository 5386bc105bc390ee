"""A gate that a test opens and closes."""

from __future__ import annotations

from app.core.errors import Locked


class Latch:
    def __init__(self, *, is_open: bool = False, is_read_only: bool = True) -> None:
        self.is_open = is_open
        self._is_read_only = is_read_only
        self.asked: list[str] = []

    @property
    def is_read_only(self) -> bool:
        return self._is_read_only and not self.is_open

    def admit(self, doing: str) -> None:
        self.asked.append(doing)
        if not self.is_open:
            raise Locked(f"Could not {doing}: it is locked.", "c1")

"""What the C library keeps of the memory that was given back."""

from __future__ import annotations

import sys

import pytest

from app.ui.program import allocator


class Library:
    def __init__(self, takes: bool = True) -> None:
        self.takes, self.told = takes, list[tuple[int, int]]()

    def mallopt(self, name: int, value: int) -> int:
        self.told.append((name, value))
        return int(self.takes or name != -8)

    def malloc_trim(self, pad: int) -> int:
        self.told.append((0, pad))
        return 1


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only the C library of Linux has settings")
def test_this_system_takes_the_settings_and_gives_memory_back() -> None:
    assert allocator.settle()
    assert allocator.give_back()


def test_all_settings_are_told_even_where_one_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    library = Library(takes=False)
    monkeypatch.setattr(allocator, "_library", lambda: library)
    assert not allocator.settle()
    assert [name for name, _ in library.told] == [-3, -1, -8]


@pytest.mark.parametrize("platform", ["darwin", "win32"])
def test_other_systems_are_left_alone(monkeypatch: pytest.MonkeyPatch, platform: str) -> None:
    monkeypatch.setattr(sys, "platform", platform)
    assert not allocator.settle()
    assert not allocator.give_back()

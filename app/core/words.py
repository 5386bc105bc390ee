"""Counts and names in the form that they are shown in, everywhere alike."""

from __future__ import annotations

from collections.abc import Container


def counted(number: int, one: str, many: str = "") -> str:
    """ "1 app", "23 apps", "1,204 apps"; ``many`` where an s does not make it."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def free_name(name: str, taken: Container[str]) -> str:
    """``name``, or with the first number that makes it free: notes, notes2, notes3."""
    found, number = name, 2
    while found in taken:
        found, number = f"{name}{number}", number + 1
    return found

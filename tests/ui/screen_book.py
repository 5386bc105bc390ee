"""The registry that the modules of screens fill."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from PySide6.QtWidgets import QWidget

from tests.ui.stage import Stage

W = TypeVar("W", bound=QWidget)
SCREENS: dict[str, Callable[[Stage], QWidget]] = {}


def screen(name: str) -> Callable[[Callable[[Stage], W]], Callable[[Stage], W]]:
    """Registers a function that builds a screen."""

    def add(build: Callable[[Stage], W]) -> Callable[[Stage], W]:
        assert name not in SCREENS
        SCREENS[name] = build
        return build

    return add

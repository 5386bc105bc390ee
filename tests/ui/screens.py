"""Every screen and dialog of the program, over fakes with realistic data: what is measured, walked and rendered.

Whoever adds a screen adds a function with ``@screen("its-name")`` here or in one of the ``*_screens`` beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from PySide6.QtWidgets import QWidget

from tests.ui import screen_book
from tests.ui.screen_book import screen
from tests.ui.stage import Stage

# These fill the registry.
from tests.ui import app_screens, comfort_screens, dialog_screens, launch_screens, window_screens  # isort: skip
from tests.ui import trust_screens  # isort: skip

__all__ = [
    "SCREENS",
    "WINDOW_PAGES",
    "app_screens",
    "comfort_screens",
    "dialog_screens",
    "launch_screens",
    "trust_screens",
    "window_screens",
    "screen",
]

# By name, in the order in which they are told of. Each builds its screen on a stage and gives the top-level widget.
SCREENS: Mapping[str, Callable[[Stage], QWidget]] = screen_book.SCREENS

# Those that show the main window, each with another page or part of it.
WINDOW_PAGES = (
    "overview",
    "overview-production",
    "overview-empty",
    "unlocked",
    "activity",
    "jobs",
    "users",
    "tasks",
    "reconcile",
    "workspaces",
    "cohorts",
    "doctor",
    "schema-grids",
    "schema-diagram",
    "schema-text",
    "tables-grids",
    "tables-diagram",
    "tables-sql",
    "agents",
    "help",
    "welcome",
    "messages",
)

"""The order in which Tab goes through the main window: as one reads it, whenever its parts were made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QWidget

if TYPE_CHECKING:
    from .main_window import MainWindow


def focus_next(window: MainWindow, *, is_forward: bool) -> bool:
    """Move the keyboard to the part after or before; False where there is none."""
    now = QApplication.focusWidget()
    # One that Tab does not reach has its place in the order all the same.
    parts = in_order(window, now)
    if not parts or parts == [now]:
        return False
    at = parts.index(now) if now in parts else -1 if is_forward else 0
    reason = Qt.FocusReason.TabFocusReason if is_forward else Qt.FocusReason.BacktabFocusReason
    parts[(at + (1 if is_forward else -1)) % len(parts)].setFocus(reason)
    return True


def in_order(window: MainWindow, also: QWidget | None = None) -> list[QWidget]:
    """All that Tab reaches, and ``also``: toolbar, tree, messages, tabs, what the tab in front has, lower panel."""
    overview = window.overview
    regions = [
        window.toolbar,
        window.production_bar,
        window.tree_dock,
        window.messages,
        window.tabs.tabBar(),
        overview.cards,
        overview.strip,
        overview.app_list,
        window.tabs,
        window.bottom_dock,
    ]
    found: list[tuple[int, int, QWidget]] = []
    part, number = window.nextInFocusChain(), 0
    while part is not None and part is not window:
        number += 1
        if part is also or _is_reached(part, window):
            found.append((_region(part, regions), number, part))
        part = part.nextInFocusChain()
    return [each for _, _, each in sorted(found, key=lambda entry: entry[:2])]


def _is_reached(part: QWidget, window: QWidget) -> bool:
    if not part.focusPolicy() & Qt.FocusPolicy.TabFocus or part.focusProxy() is not None:
        return False
    return part.isEnabled() and part.isVisible() and part.window() is window


def _region(part: QWidget, regions: list[QWidget]) -> int:
    """The first region that a part is in; what is in none comes last."""
    return next((at for at, each in enumerate(regions) if each is part or each.isAncestorOf(part)), len(regions))

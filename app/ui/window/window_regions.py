"""The regions of the main window, as they are read: how Tab and F6 go through them, and where lost focus goes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QItemSelectionModel, Qt
from PySide6.QtWidgets import QAbstractItemView, QApplication, QDockWidget, QScrollArea, QWidget

from app.ui.parts.reading_order import holder, is_stop, stops

if TYPE_CHECKING:
    from .main_window import MainWindow

_TAB, _BACKTAB = Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason


def regions(window: MainWindow) -> list[QWidget]:
    """Those in sight: what is above the tabs, the databases, the tabs with their messages, the lower panel, the status.

    A toolbar that came later (unlocked connections) is read where it stands.
    """
    bars = sorted((each for each in window.bars if each.isVisible()), key=lambda each: (each.y(), each.x()))
    centre = window.centralWidget()
    parts = [*bars, window.tree_dock, *([centre] if centre is not None else []), window.bottom_dock, window.status]
    return [each for each in parts if each.isVisible()]


def step(window: MainWindow, *, is_next: bool) -> bool:
    """Tab, or Shift+Tab: to what is read next. Focus that is lost with its widget stays near by."""
    now = QApplication.focusWidget()
    if now is None or now is window or not window.isAncestorOf(now):
        return recover(window)
    now = holder(now)
    if not (now.isVisible() and now.isEnabled()):
        return _stay_near(window, now)
    order = [each for region in regions(window) for each in stops(region, now)]
    if now not in order:
        return recover(window)
    at = (order.index(now) + (1 if is_next else -1)) % len(order)
    _focus(order[at], _TAB if is_next else _BACKTAB)
    return True


def _stay_near(window: MainWindow, gone: QWidget) -> bool:
    """The stop after it in its own region, else the one before; where its region is gone, the page in front."""
    region = next((each for each in regions(window) if each.isAncestorOf(gone)), None)
    order = stops(region, gone) if region is not None else []
    if gone in order:
        at = order.index(gone)
        near = [each for each in [*order[at + 1 :], *reversed(order[:at])] if is_stop(each)]
        page = window.tabs.currentWidget()
        # What was in a page stays in it, and what was above the page goes back into it.
        inside = [each for each in near if page is not None and page.isAncestorOf(each)]
        is_about_page = region is window.centralWidget()
        if is_about_page and page is not None and not page.isAncestorOf(gone):
            return recover(window)
        if inside or near:
            _focus((inside or near)[0], Qt.FocusReason.OtherFocusReason)
            return True
    return recover(window)


def recover(window: MainWindow) -> bool:
    """The keyboard into the page in front, where it was in it."""
    page = window.tabs.currentWidget()
    return page is not None and enter(page)


def go(window: MainWindow, way: int) -> None:
    """F6: to the next region that the keyboard can be in, where it was in it."""
    now = QApplication.focusWidget()
    found = regions(window)
    at = next((at for at, each in enumerate(found) if now is not None and each.isAncestorOf(now)), None)
    if at is None:
        recover(window)
        return
    for distance in range(1, len(found)):
        region = found[(at + way * distance) % len(found)]
        page = window.tabs.currentWidget() if region is window.centralWidget() else None
        if enter(page if page is not None else region):
            return


def enter(part: QWidget) -> bool:
    """Where the keyboard was in it, else where the part itself wants it, else its first stop."""
    before = part.focusWidget()
    if before is not None and before is not part and is_stop(before):
        _focus(before, Qt.FocusReason.OtherFocusReason)
        return True
    inner = part.widget() if isinstance(part, QDockWidget) else part
    proxy = inner.focusProxy() if inner is not None else None
    while proxy is not None and proxy.focusProxy() is not None:
        proxy = proxy.focusProxy()
    first = proxy if proxy is not None and is_stop(proxy) else next(iter(stops(part)), None)
    if first is None:
        return False
    _focus(first, Qt.FocusReason.OtherFocusReason)
    return True


def _focus(widget: QWidget, reason: Qt.FocusReason) -> None:
    widget.setFocus(reason)
    if isinstance(widget, QAbstractItemView):
        _mark_row(widget)
    at = widget.parentWidget()
    while at is not None:
        if isinstance(at, QScrollArea):
            at.ensureWidgetVisible(widget)
        at = at.parentWidget()


def _mark_row(view: QAbstractItemView) -> None:
    """In a list without a selection nobody would see where the keyboard is."""
    selection, row = view.selectionModel(), view.currentIndex()
    if selection is not None and row.isValid() and not selection.hasSelection():
        flag = QItemSelectionModel.SelectionFlag
        selection.select(row, flag.Select | flag.Rows)

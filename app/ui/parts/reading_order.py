"""The order in which somebody reads a part of the window: from the top down, from left to right, column by column.

Qt's own order of Tab is the order in which widgets were made; pages, cards and rows that come later are out of place in
it, and a container that hands the keyboard to a part of it is a shortcut past all that is between.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from PySide6.QtCore import QRect, Qt
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractScrollArea,
    QAbstractSpinBox,
    QComboBox,
    QHeaderView,
    QLabel,
    QLineEdit,
    QProgressBar,
    QScrollArea,
    QScrollBar,
    QSplitter,
    QTabBar,
    QWidget,
)

# The keyboard walks about in these by other keys than Tab, or there is nothing in them for it. Nor may what Qt makes
# and takes away within them be asked for: PySide 6.11 keeps dead handles of it.
_WHOLE = (
    QAbstractButton,
    QAbstractSpinBox,
    QComboBox,
    QHeaderView,
    QLabel,
    QLineEdit,
    QProgressBar,
    QScrollBar,
    QTabBar,
)


def stops(part: QWidget, kept: QWidget | None = None) -> list[QWidget]:
    """Where Tab stops in a part of the window, in the order of reading.

    ``kept`` has the place where it is (or was), whether or not Tab would stop there.
    """
    path = _path(kept)
    return list(_walk(part, path)) if part.isVisible() or part in path else []


def is_stop(widget: QWidget) -> bool:
    """Whether Tab comes to it now."""
    takes_tab = bool(widget.focusPolicy() & Qt.FocusPolicy.TabFocus) and widget.focusProxy() is None
    return takes_tab and widget.isEnabled() and widget.isVisible() and not widget.size().isEmpty()


def _is_only_around(part: QWidget) -> bool:
    """Whether what it scrolls comes into sight by what is in it, or there is nothing to scroll."""
    if type(part) is not QScrollArea:
        return False
    inside = part.widget()
    has_stops = inside is not None and next(_walk(inside, []), None) is not None
    return has_stops or part.verticalScrollBar().maximum() <= 0


def holder(widget: QWidget) -> QWidget:
    """What counts as one stop: of an editor in a cell its grid, of a part of a control the whole."""
    found, at = widget, widget.parentWidget()
    while at is not None and not at.isWindow():
        if _is_whole(at):
            found = at
        at = at.parentWidget()
    return found


def in_reading_order(places: Sequence[QRect]) -> list[int]:
    """The numbers of places, sorted: parted into rows where that can be done, else into columns, and these again."""
    return _parted(places, list(range(len(places))))


def _parted(places: Sequence[QRect], at: list[int]) -> list[int]:
    if len(at) < 2:
        return at
    for start, end in ((QRect.top, QRect.bottom), (QRect.left, QRect.right)):
        groups = _groups(places, at, start, end)
        if len(groups) > 1:
            return [each for group in groups for each in _parted(places, group)]
    return sorted(at, key=lambda each: (places[each].top(), places[each].left()))


def _groups(
    places: Sequence[QRect], at: list[int], start: Callable[[QRect], int], end: Callable[[QRect], int]
) -> list[list[int]]:
    """What overlaps in one direction is one group."""
    groups: list[list[int]] = []
    reached = 0
    for each in sorted(at, key=lambda each: start(places[each])):
        if groups and start(places[each]) <= reached:
            groups[-1].append(each)
            reached = max(reached, end(places[each]))
        else:
            groups.append([each])
            reached = end(places[each])
    return groups


def _walk(part: QWidget, path: list[QWidget]) -> Iterator[QWidget]:
    if (is_stop(part) and not _is_only_around(part)) or (path and part is path[0]):
        yield part
    if not _is_whole(part):
        for child in _children(part, path):
            yield from _walk(child, path)


def _children(part: QWidget, path: list[QWidget]) -> list[QWidget]:
    """Those in sight; what lies over the others comes last."""
    found = [each for each in part.children() if isinstance(each, QWidget) and _is_in_sight(each, part, path)]
    over = [each for each in found if each.property("overlay")]
    beside = [each for each in found if each not in over]
    return [*_sorted(beside), *_sorted(over)]


def _sorted(widgets: list[QWidget]) -> list[QWidget]:
    return [widgets[at] for at in in_reading_order([each.geometry() for each in widgets])]


def _is_in_sight(widget: QWidget, parent: QWidget, path: list[QWidget]) -> bool:
    if widget in path:
        return True
    # A splitter moves what it has no room for out of sight.
    is_folded = isinstance(parent, QSplitter) and not parent.rect().intersects(widget.geometry())
    return widget.isVisible() and not widget.isWindow() and not is_folded


def _path(widget: QWidget | None) -> list[QWidget]:
    """A widget and all that it is in."""
    found = []
    while widget is not None:
        found.append(widget)
        widget = None if widget.isWindow() else widget.parentWidget()
    return found


def _is_whole(widget: QWidget) -> bool:
    if isinstance(widget, QScrollArea):
        return False
    return isinstance(widget, (*_WHOLE, QAbstractScrollArea))

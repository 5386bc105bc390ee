"""What somebody who cannot see a screen, or has no mouse, meets on it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from PySide6.QtCore import QEvent, QObject, QPoint, QRect, Qt
from PySide6.QtGui import QAccessible
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractScrollArea,
    QComboBox,
    QDialog,
    QGraphicsView,
    QGroupBox,
    QHeaderView,
    QKeySequenceEdit,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QScrollArea,
    QScrollBar,
    QTabBar,
    QTabWidget,
    QTextEdit,
    QToolBar,
    QWidget,
)

from tests.ui.fitting import is_folded

_ROLE = QAccessible.Role
# A control whose role says only that something is there tells nobody what can be done with it.
_SENSELESS = {_ROLE.NoRole, _ROLE.Client, _ROLE.Pane, _ROLE.Window}
# Qt has no role for these; their names tell.
_WITHOUT_ROLE = (QGraphicsView, QScrollArea, QKeySequenceEdit)
# Never windows of their own.
_PARTS = (QLabel, QAbstractButton, QLineEdit)
_MNEMONIC = re.compile(r"&(?!&)(\w)")


def faults(top: QWidget) -> list[str]:
    """Sentences about what is wrong."""
    controls = [each for each in top.findChildren(QWidget) if is_control(each, top)]
    return [*_nameless(controls), *_mnemonics(top), *_tab_order(top, controls)]


def is_control(widget: QWidget, top: QWidget) -> bool:
    """Whether the keyboard can come to it. Parts of controls are spoken of with them."""
    if widget.window() is not top.window() or not widget.isVisibleTo(top) or widget.objectName().startswith("qt_"):
        return False
    if not widget.focusPolicy() & Qt.FocusPolicy.TabFocus or not widget.isEnabled():
        return False
    if isinstance(widget.parentWidget(), QComboBox) or isinstance(widget, QScrollBar | QHeaderView):
        return False
    return not (type(widget) is QScrollArea or type(widget) is QWidget or isinstance(widget, QToolBar))


class Flashes(QObject):
    """Notes each part that is shown as a window of its own, before it has its place: it would be seen for a moment."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Show and isinstance(watched, _PARTS) and watched.isWindow():
            self.found.append(f"{told(watched)} is shown before it has its place")
        return False


# Names


def _nameless(controls: list[QWidget]) -> Iterator[str]:
    for each in controls:
        spoken = QAccessible.queryAccessibleInterface(each)
        if spoken is None:
            yield f"{told(each)} is not known to screen readers"
            continue
        name = spoken.text(QAccessible.Text.Name)
        if isinstance(each, QTabBar | QTabWidget):
            names = [each.tabText(at) or _tab_name(each, at) for at in range(each.count())]
            if not all(names):
                yield f"{told(each)} has a tab without a name"
            continue
        if not name.strip():
            yield f"{told(each)} has no name"
        if spoken.role() in _SENSELESS and not isinstance(each, _WITHOUT_ROLE):
            yield f"{told(each)} {name!r} has no role ({spoken.role().name})"
        if _is_sign(name) and not spoken.text(QAccessible.Text.Description):
            yield f"{told(each)} is named {name!r}, which nobody can say"


def _tab_name(bar: QTabBar | QTabWidget, at: int) -> str:
    return (bar if isinstance(bar, QTabBar) else bar.tabBar()).accessibleTabName(at)


def _is_sign(name: str) -> bool:
    return bool(name) and not any(each.isalnum() for each in name)


# Mnemonics


def _mnemonics(top: QWidget) -> Iterator[str]:
    """Two controls with one letter: the keyboard goes from one to the other, and does neither."""
    found: Counter[str] = Counter()
    who: dict[str, list[str]] = {}
    for each in top.findChildren(QWidget):
        if each.window() is not top.window() or not each.isVisibleTo(top):
            continue
        for text in _texts_of(each):
            letter = _MNEMONIC.search(text.replace("&&", ""))
            if letter:
                found[letter[1].lower()] += 1
                who.setdefault(letter[1].lower(), []).append(text)
    for letter, count in found.items():
        if count > 1:
            yield f"Alt+{letter.upper()} stands for {' and '.join(repr(each) for each in who[letter])}"


def _texts_of(widget: QWidget) -> Iterator[str]:
    if isinstance(widget, QLabel):
        if widget.buddy() is not None:
            yield widget.text()
    elif isinstance(widget, QAbstractButton):
        yield widget.text()
    elif isinstance(widget, QTabBar):
        yield from (widget.tabText(at) for at in range(widget.count()))
    elif isinstance(widget, QGroupBox):
        yield widget.title()


# The order of Tab


def _tab_order(top: QWidget, controls: list[QWidget]) -> Iterator[str]:
    """Tab visits each control once, from the top down and from left to right, and nothing that cannot be seen."""
    stops = _stops(top)
    missing = [each for each in controls if each not in stops and not _is_reached(each, stops)]
    for each in missing:
        yield f"Tab does not come to {told(each)}"
    for each in stops:
        if _is_out_of_sight(each):
            yield f"Tab comes to {told(each)}, which cannot be seen"
    if isinstance(top, QDialog):
        yield from _out_of_order(top, [each for each in stops if each in controls])


def _stops(top: QWidget) -> list[QWidget]:
    found, at = [], top.nextInFocusChain()
    for _ in range(10_000):
        if at is top or at is None:
            break
        is_stop = at.window() is top.window() and bool(at.focusPolicy() & Qt.FocusPolicy.TabFocus)
        if is_stop and at.isEnabled() and at.isVisibleTo(top):
            found.append(at)
        at = at.nextInFocusChain()
    return found


def _is_out_of_sight(widget: QWidget) -> bool:
    """Without a size, or where a splitter has no room for it; what is scrolled away comes into sight with the focus."""
    return is_folded(widget) or widget.size().isEmpty()


def _is_reached(widget: QWidget, stops: list[QWidget]) -> bool:
    """Of buttons that exclude each other, Tab visits the chosen one; what has a proxy is visited as that."""
    return widget.focusProxy() in stops


def _out_of_order(top: QWidget, stops: list[QWidget]) -> Iterator[str]:
    """Tab goes round: only once may it go back, from the end to the beginning."""
    back = [
        (one, other)
        for one, other in zip(stops, (*stops[1:], *stops[:1]), strict=False)
        if goes_back(place_in(top, one), place_in(top, other))
    ]
    if len(back) > 1:
        yield from (f"Tab goes back from {told(one)} to {told(other)}" for one, other in back)


def goes_back(first: QRect, second: QRect) -> bool:
    """The next stop lies wholly above in the same column, or to the left in the same row."""
    if first.isEmpty() or second.isEmpty():
        return False
    is_above = second.bottom() < first.top()
    is_same_row_left = abs(first.center().y() - second.center().y()) < 6 and second.right() < first.left()
    shares_column = second.left() <= first.right() and first.left() <= second.right()
    return (is_above and shares_column) or is_same_row_left


def place_in(top: QWidget, widget: QWidget) -> QRect:
    """Where it is; nowhere where it is scrolled away."""
    place = widget.rect().translated(widget.mapTo(top, QPoint(0, 0)))
    at = widget.parentWidget()
    while at is not None and at is not top:
        if isinstance(at.parent(), QAbstractScrollArea):
            place = place.intersected(at.rect().translated(at.mapTo(top, QPoint(0, 0))))
        at = at.parentWidget()
    return place


def told(widget: QWidget) -> str:
    words = widget.accessibleName() or widget.objectName()
    text = getattr(widget, "text", None)
    if not words and callable(text):
        words = str(text())
    if not words and isinstance(widget, QLineEdit | QPlainTextEdit | QTextEdit):
        words = widget.placeholderText()
    parent = widget.parentWidget()
    return f"{type(widget).__name__} {words!r} (in {type(parent).__name__})"

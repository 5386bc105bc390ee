"""Whether what a screen shows has room: texts, controls beside each other, and parts within the whole."""

from __future__ import annotations

from collections.abc import Iterator

from PySide6.QtCore import QPoint, QSize, Qt
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractScrollArea,
    QCheckBox,
    QComboBox,
    QDialog,
    QHeaderView,
    QLabel,
    QLineEdit,
    QPushButton,
    QRadioButton,
    QScrollBar,
    QSizeGrip,
    QSplitter,
    QSplitterHandle,
    QTabBar,
    QToolButton,
    QWidget,
)

from app.ui.parts.badges import ElidedLabel
from tests.ui.painted import Text

SCREEN = QSize(1280, 720)
_SLACK = 1.6  # rounding of widths and heights of glyphs
_PARTS = (QScrollBar, QSizeGrip, QSplitterHandle)


def misfits(top: QWidget, painted: list[Text]) -> list[str]:
    """Sentences about what has too little room."""
    return [*_cut_texts(top, painted), *_small_controls(top), *_outside(top), *_overlaps(top), *_too_large(top)]


def _too_large(top: QWidget) -> Iterator[str]:
    """A dialog has to fit on a small screen; what does not fit into it is scrolled."""
    if isinstance(top, QDialog) and (top.width() > SCREEN.width() or top.height() > SCREEN.height()):
        yield f"{_name(top)} is {top.size().toTuple()}, the screen {SCREEN.toTuple()}"


# Texts


def _cut_texts(top: QWidget, painted: list[Text]) -> Iterator[str]:
    whole = top.rect().toRectF()
    for text in painted:
        start = QPoint(int(text.rect.left()) + 1, int(text.rect.center().y()))
        owner = top.childAt(start)
        if owner is None or not whole.contains(text.rect.center()) or isinstance(owner, _PARTS):
            continue
        if owner.objectName().startswith("qt_qmainwindow"):
            continue
        if text.text.rstrip().endswith("…") and not _tells_all(top, owner, start, text.text.rstrip()):
            yield f"{text.text!r} is cut and nothing tells the rest ({_name(owner)})"
        if isinstance(owner, QLabel | QAbstractButton) and text.text.strip() in owner.text().replace("&", ""):
            right = owner.mapTo(top, QPoint(owner.width(), 0)).x()
            if text.rect.right() > right + max(_SLACK, text.rect.width() * 0.02):
                yield f"{text.text!r} runs out of {_name(owner)} by {text.rect.right() - right:.0f}"


def _tells_all(top: QWidget, owner: QWidget, at: QPoint, shown: str) -> bool:
    """Whether the text was meant to end so, or a tool tip tells all of it."""
    place, text = owner.mapFrom(top, at), shown
    view = owner.parent()
    if view is not None and view.inherits(
        "QGraphicsView"
    ):  # what is in it can be seen nearer, and has tool tips of its own
        return True
    is_room = any(isinstance(each, QWidget) for each in owner.children()) and not isinstance(view, QAbstractScrollArea)
    if is_room:
        return True  # it paints no text: what is there is the hidden half of a neighbour's row
    if isinstance(owner, QLabel | QAbstractButton) and text.rstrip("…").strip() not in owner.text():
        return True  # it lies over what has the text
    if isinstance(owner, QLineEdit):  # the field has a name that tells what it is for
        return True
    if isinstance(owner, QTabBar):
        tab = owner.tabAt(place)
        is_its_own = tab >= 0 and owner.tabText(tab).startswith(text.rstrip("…").strip())
        return not is_its_own or bool(owner.tabToolTip(tab))
    if isinstance(view, QHeaderView) and view.viewport() is owner:
        section = view.logicalIndexAt(place)
        model = view.model()
        whole = model.headerData(section, view.orientation(), Qt.ItemDataRole.DisplayRole)
        tip = model.headerData(section, view.orientation(), Qt.ItemDataRole.ToolTipRole)
        return bool(tip) or _same(str(whole), text)
    if isinstance(view, QAbstractItemView) and view.viewport() is owner:
        index = view.indexAt(place)
        roles = (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole)
        is_its_own = any(text.rstrip("…").strip() in str(index.data(role) or "") for role in roles)
        return not is_its_own or bool(index.data(Qt.ItemDataRole.ToolTipRole))
    if any(_same(each.text(), text) for each in top.findChildren(QLabel) + top.findChildren(QAbstractButton)):
        return True
    return bool(owner.toolTip() or (owner.parentWidget() and owner.parentWidget().toolTip()))


def _same(whole: str, shown: str) -> bool:
    """Mnemonics split a text, so that only its end may have been painted."""
    return _ends_so(whole.replace("&", ""), shown)


def _ends_so(whole: str, shown: str) -> bool:
    return whole.rstrip().endswith(shown.lstrip())


# Controls


def _shown(top: QWidget) -> list[QWidget]:
    return [
        each
        for each in top.findChildren(QWidget)
        if each.isVisibleTo(top) and not _is_other(each, top) and not is_folded(each)
    ]


def is_folded(widget: QWidget) -> bool:
    """Where a splitter has no room for it."""
    at: QWidget | None = widget
    while at is not None and not at.isWindow():
        parent = at.parentWidget()
        if isinstance(parent, QSplitter) and parent.indexOf(at) >= 0 and parent.sizes()[parent.indexOf(at)] == 0:
            return True
        at = parent
    return False


def _is_other(widget: QWidget, top: QWidget) -> bool:
    return widget.window() is not top.window() or widget.objectName().startswith("qt_qmainwindow")


def _small_controls(top: QWidget) -> Iterator[str]:
    for each in _shown(top):
        if isinstance(each, ElidedLabel) or not _has_text(each):
            continue
        if isinstance(each, QLabel):
            yield from _small_label(each)
        elif isinstance(each, QPushButton | QCheckBox | QRadioButton | QToolButton):
            hint = (
                each.minimumSizeHint().expandedTo(each.sizeHint()) if isinstance(each, QToolButton) else each.sizeHint()
            )
            if (each.width() < hint.width() - _SLACK or each.height() < hint.height() - _SLACK) and not each.toolTip():
                yield f"{_name(each)} is {each.size().toTuple()}, its text needs {hint.toTuple()}"
        elif isinstance(each, QTabBar):
            for at in range(each.count()):
                needed = each.fontMetrics().horizontalAdvance(each.tabText(at).replace("&&", "&"))
                if each.tabRect(at).width() < needed and not each.tabToolTip(at):
                    yield f"The tab {each.tabText(at)!r} is too narrow"


def _has_text(widget: QWidget) -> bool:
    if isinstance(widget, QTabBar):
        return True
    return isinstance(widget, QLabel | QAbstractButton) and bool(widget.text())


def _small_label(label: QLabel) -> Iterator[str]:
    inside = label.contentsRect().size()
    if label.wordWrap():
        needed = label.heightForWidth(label.width())
        if label.height() < needed - _SLACK:
            yield f"{_name(label)} is {label.height()} high, its lines need {needed}"
        return
    hint = label.sizeHint()
    if label.width() < hint.width() - _SLACK or label.height() < hint.height() - _SLACK:
        yield f"{_name(label)} is {label.size().toTuple()} ({inside.toTuple()} inside), its text needs {hint.toTuple()}"


# Places


def _outside(top: QWidget) -> Iterator[str]:
    for each in _shown(top):
        parent = each.parentWidget()
        if parent is None or isinstance(each, _PARTS) or _moves_within(parent) or each.size().isEmpty():
            continue
        if not parent.rect().adjusted(-1, -1, 1, 1).contains(each.geometry()):
            place = each.geometry().getRect()
            yield f"{_name(each)} at {place} is not within {_name(parent)} {parent.size().toTuple()}"


def _moves_within(parent: QWidget) -> bool:
    """A viewport shows a part of what is in it, a bar of tabs scrolls."""
    area = parent.parent()
    return (isinstance(area, QAbstractScrollArea) and area.viewport() is parent) or isinstance(parent, QTabBar)


def _overlaps(top: QWidget) -> Iterator[str]:
    families: dict[QWidget, list[QWidget]] = {}
    for each in _shown(top):
        parent = each.parentWidget()
        if parent is not None and not isinstance(each, _PARTS) and not each.size().isEmpty():
            families.setdefault(parent, []).append(each)
    for parent, children in families.items():
        if isinstance(parent, QLineEdit | QTabBar | QComboBox | QAbstractScrollArea) or _moves_within(parent):
            continue
        for at, one in enumerate(children):
            for other in children[at + 1 :]:
                shared = one.geometry().intersected(other.geometry())
                if shared.width() > 1 and shared.height() > 1 and not _is_laid_over(one, other):
                    yield f"{_name(one)} and {_name(other)} overlap by {shared.size().toTuple()}"


def _is_laid_over(one: QWidget, other: QWidget) -> bool:
    """What is meant to lie over its neighbours says so with the property ``overlay``."""
    return any(each.property("overlay") for each in (one, other))


def _name(widget: QWidget) -> str:
    words = widget.accessibleName() or widget.objectName()
    text = getattr(widget, "text", None)
    if not words and callable(text):
        words = str(text())
    return f"{type(widget).__name__} {words!r}"

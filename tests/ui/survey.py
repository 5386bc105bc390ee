"""Each screen in each theme and size of text, with what is wrong with it; built once, asked many times."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache

from PySide6.QtCore import QModelIndex, QPoint, Qt
from PySide6.QtWidgets import QAbstractItemView, QAbstractScrollArea, QApplication, QWidget

from app.ui.look.theme import Theme, ThemeChoice
from app.ui.parts import dialog_size
from tests.ui.fitting import SCREEN, misfits
from tests.ui.painted import Pixels, Text, texts
from tests.ui.screens import SCREENS
from tests.ui.stage import Stage
from tests.ui.walking import Flashes, faults

LEAST = 4.5
LOOKS = {
    100: (ThemeChoice.LIGHT, ThemeChoice.DARK, ThemeChoice.CONTRAST),
    120: (ThemeChoice.LIGHT,),
    200: (ThemeChoice.DARK, ThemeChoice.LIGHT),
}
SCALED = (ThemeChoice.DARK,)  # where the display itself is scaled


@dataclass
class Survey:
    """Sentences about what is wrong, by theme; ``access`` is about the tree of widgets."""

    pale: dict[ThemeChoice, list[str]] = field(default_factory=dict)
    tight: dict[ThemeChoice, list[str]] = field(default_factory=dict)
    access: list[str] = field(default_factory=list)


@cache
def survey(name: str, per_cent: int, themes: tuple[ThemeChoice, ...] = ()) -> Survey:
    """A screen as it comes up with the size of text, seen in each of the themes: the first is the one it comes up in,
    the others are chosen while it is there."""
    application = QApplication.instance()
    assert isinstance(application, QApplication)
    before = application.font(), application.palette(), application.styleSheet()
    themes, made = themes or LOOKS[per_cent], Survey()
    stage = Stage(application, Theme(application, themes[0], per_cent))
    screen, dialog_size.room_for = dialog_size.room_for, lambda _widget: SCREEN * dialog_size.OF_SCREEN
    flashes = Flashes()
    application.installEventFilter(flashes)
    try:
        widget = SCREENS[name](stage)
        stage.quiet()
        application.removeEventFilter(flashes)
        for theme in themes:
            stage.theme.set_choice(theme)
            stage.quiet()
            painted = texts(widget)
            made.pale[theme] = pale(widget, painted)
            made.tight[theme] = misfits(widget, painted)
        if ThemeChoice.LIGHT in themes and per_cent == 100:
            made.access = faults(widget) + flashes.found
    finally:
        application.removeEventFilter(flashes)
        stage.close()
        dialog_size.room_for = screen
        application.setFont(before[0])
        application.setPalette(before[1])
        application.setStyleSheet(before[2])
    return made


def pale(widget: QWidget, painted: list[Text]) -> list[str]:
    """Texts that stand off too little from what is behind them."""
    pixels = Pixels(widget)
    # What is selected in a line is painted twice at one place, in two colours: what is seen of it is the better one.
    best: dict[tuple[str, object], tuple[float, Text]] = {}
    for text in painted:
        is_left_out = is_disabled(widget, text.middle) or is_half_hidden(widget, text)
        ratio = None if is_left_out else pixels.measured(text, LEAST)
        place = (text.text, text.rect.toRect().getRect())
        if ratio is not None and ratio >= best.get(place, (0.0, text))[0]:
            best[place] = (ratio, text)
    return [
        f"{text.text!r} at {text.middle.toTuple()}: {ratio:.1f} ({text.colour.name()})"
        for ratio, text in best.values()
        if ratio < LEAST
    ]


def is_half_hidden(top: QWidget, text: Text) -> bool:
    """A line at the edge of what scrolls; what is measured would be the neighbour's ground."""
    x, rect = text.middle.x(), text.rect.toRect()
    ends = [top.childAt(QPoint(x, y)) for y in (rect.top() + 3, rect.bottom() - 3)]
    return ends[0] is not ends[1] and any(isinstance(each and each.parent(), QAbstractScrollArea) for each in ends)


def is_disabled(top: QWidget, at: QPoint) -> bool:
    """Whether what is there cannot be used: a control, or an item of a list."""
    widget = top.childAt(at)
    if widget is None:
        return False
    if not widget.isEnabled():
        return True
    view = widget.parent()
    if isinstance(view, QAbstractItemView) and view.viewport() is widget:
        index: QModelIndex = view.indexAt(widget.mapFrom(top, at))
        return index.isValid() and not index.flags() & Qt.ItemFlag.ItemIsEnabled
    return False

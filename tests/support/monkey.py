"""A seeded monkey at the window: it picks something that can be seen and clicks, types, drags, scrolls, shuts.

What it did can be done again by its log (``tests.support.monkey_world``): an action names its widget by the way to it.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from PySide6.QtCore import QEvent, QObject, QPoint, QPointF, QRect, QSize, Qt
from PySide6.QtGui import QAction, QContextMenuEvent, QGuiApplication, QInputMethodEvent, QMouseEvent, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractScrollArea,
    QAbstractSlider,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QDialog,
    QHeaderView,
    QLineEdit,
    QMainWindow,
    QMenu,
    QMenuBar,
    QPlainTextEdit,
    QSplitterHandle,
    QTabBar,
    QTabWidget,
    QTextEdit,
    QWidget,
)

_SORTS: tuple[type[QWidget], ...] = (
    QHeaderView,
    QAbstractItemView,
    QAbstractButton,
    QLineEdit,
    QComboBox,
    QAbstractSpinBox,
    QPlainTextEdit,
    QTextEdit,
    QAbstractScrollArea,
    QTabBar,
    QSplitterHandle,
    QAbstractSlider,
    QMenuBar,
)
_TEXTS = (
    "a",
    "chats",
    "messages",
    "created at",
    "Ada",
    "todo_2",
    "0",
    "-17",
    "3.5e9",
    "true",
    "{}",
    '{"a": [1, "b"]}',
    "' OR 1=1 --",
    "<b>bold</b>",
    "i.entity({ x: i.string() })",
    "Zażółć gęślą jaźń",
    "日本語のテーブル",
    "مرحبا بالعالم",
    "🐘👩‍👩‍👧‍👦e\u0301\u0301\u0301",
    "\u202eright to left\u2066",
    "a\u0000b\u0007\u200b",
    "one\ntwo\r\nthree\tfour",
    "%s %d {0} {name} \\n $HOME &amp;",
    "../../no/such/file.db",
    "x" * 300,
    "ünïcödé " * 700,
)
_K = Qt.Key
_NONE, _CTRL, _SHIFT, _ALT = (
    Qt.KeyboardModifier.NoModifier,
    Qt.KeyboardModifier.ControlModifier,
    Qt.KeyboardModifier.ShiftModifier,
    Qt.KeyboardModifier.AltModifier,
)
_KEYS: tuple[tuple[Qt.Key, Qt.KeyboardModifier], ...] = (
    *((key, _NONE) for key in (_K.Key_Tab, _K.Key_Up, _K.Key_Down, _K.Key_Left, _K.Key_Right, _K.Key_Return)),
    *((key, _NONE) for key in (_K.Key_Escape, _K.Key_Delete, _K.Key_Backspace, _K.Key_Space, _K.Key_Home, _K.Key_End)),
    *((key, _NONE) for key in (_K.Key_PageUp, _K.Key_PageDown, _K.Key_F2, _K.Key_F3, _K.Key_Menu, _K.Key_Insert)),
    *((key, _CTRL) for key in (_K.Key_A, _K.Key_C, _K.Key_V, _K.Key_X, _K.Key_Z, _K.Key_F, _K.Key_Tab, _K.Key_Return)),
    *((key, _SHIFT) for key in (_K.Key_Down, _K.Key_Up, _K.Key_Tab, _K.Key_End, _K.Key_Delete, _K.Key_F10)),
    *((key, _ALT) for key in (_K.Key_Up, _K.Key_Down, _K.Key_Left, _K.Key_Right)),
    (_K.Key_Z, _CTRL | _SHIFT),
)
# How often each thing is tried, in relation to the others.
_WEIGHTS = {
    "click": 44,
    "double": 7,
    "menu": 5,
    "type": 12,
    "key": 14,
    "action": 8,
    "bar": 2,
    "drag": 4,
    "scroll": 4,
    "resize": 1,
    "shut": 3,
    "wait": 2,
    "visit": 1,
}


@dataclass(frozen=True)
class _Mood:
    """``stays``: how often it looks no further than the page in front; ``shuts``: how soon it tires of a dialog."""

    stays: float
    shuts: int
    weights: dict[str, int]


_MOODS = (
    _Mood(0.5, 6, {}),
    _Mood(0.9, 2, {"visit": 2, "resize": 0, "action": 4}),
    _Mood(0.97, 1, {"visit": 1, "resize": 0, "action": 0, "bar": 0, "type": 24}),
    _Mood(0.3, 3, {"action": 40}),
)
_MOST_ITEMS = 60


@dataclass(frozen=True)
class Action:
    """``window`` and ``path`` lead to the widget; ``said`` is for people."""

    kind: str
    window: str
    path: tuple[str, ...]
    said: str
    data: dict[str, Any] = field(default_factory=dict)


def windows() -> list[QWidget]:
    """What is open, in the order in which it was opened or nearly so."""
    return [each for each in QApplication.topLevelWidgets() if each.isVisible() and not _is_tip(each)]


def front(choose: Callable[[Sequence[QWidget]], QWidget]) -> QWidget | None:
    """What an operator could use now: a menu before a dialog before the windows."""
    found = QApplication.activePopupWidget() or QApplication.activeModalWidget()
    if found is not None:
        return found
    open_now = [each for each in windows() if each.windowType() in (Qt.WindowType.Window, Qt.WindowType.Dialog)]
    return choose(sorted(open_now, key=_name)) if open_now else None


class Monkey:
    """``perform`` does what ``choose`` chose; ``spared`` are names of actions of the window it leaves alone."""

    def __init__(self, seed: int, actions: Callable[[], Sequence[QAction]], spared: frozenset[str]) -> None:
        self._random = random.Random(seed)
        self._actions, self._spared = actions, spared
        self._window: QWidget | None = None
        self._mood, self._left = _MOODS[0], 0

    # Choosing

    def choose(self) -> tuple[Action, QWidget] | None:
        self._left -= 1
        if self._left < 0:
            self._mood, self._left = self._random.choice(_MOODS), self._random.randint(40, 160)
        # Held until the action is done: with the handle of a window that is Qt's own go those of its parts.
        window = self._window = front(self._random.choice)
        if window is None:
            return None
        hold(window)
        if isinstance(window, QMenu):
            return self._choose_entry(window)
        is_main = isinstance(window, QMainWindow)
        kinds = {**_WEIGHTS, **(self._mood.weights if is_main else {"shut": self._mood.shuts, "bar": 0, "visit": 0})}
        kind = self._random.choices(list(kinds), list(kinds.values()))[0]
        widget, data = getattr(self, f"_choose_{kind}")(window)
        return (_action(kind, widget, data), widget) if widget is not None else None

    def _choose_click(self, window: QWidget) -> tuple[QWidget | None, dict[str, Any]]:
        widget = self._some(window)
        if widget is None:
            return None, {}
        modifiers = self._random.choice((_NONE, _NONE, _NONE, _NONE, _CTRL, _SHIFT))
        return widget, {**self._spot(widget), "modifiers": modifiers.value}

    def _choose_double(self, window: QWidget) -> tuple[QWidget | None, dict[str, Any]]:
        widget = self._some(window)
        return widget, self._spot(widget) if widget is not None else {}

    _choose_menu = _choose_double

    def _choose_drag(self, window: QWidget) -> tuple[QWidget | None, dict[str, Any]]:
        widget = self._some(window)
        if widget is None:
            return None, {}
        data = self._spot(widget)
        return widget, {**data, "by": [self._random.randint(-160, 160), self._random.randint(-120, 120)]}

    def _choose_scroll(self, window: QWidget) -> tuple[QWidget | None, dict[str, Any]]:
        areas = [each for each in _usable(window) if isinstance(each, QAbstractScrollArea)]
        if not areas:
            return None, {}
        widget = self._random.choice(areas)
        data = {"turn": self._random.choice((-960, -120, 120, 960)), "ctrl": self._random.random() < 0.15}
        return widget, {**self._spot(widget), **data, "across": self._random.random() < 0.2}

    def _choose_type(self, window: QWidget) -> tuple[QWidget | None, dict[str, Any]]:
        widget = _with_keys(window)
        how = self._random.choice(("keys", "keys", "commit", "paste"))
        return widget, {"how": how, "text": self._random.choice(_TEXTS)}

    def _choose_key(self, window: QWidget) -> tuple[QWidget | None, dict[str, Any]]:
        key, modifiers = self._random.choice(_KEYS)
        times = self._random.choice((1, 1, 1, 2, 8))
        return _with_keys(window), {"key": key.value, "modifiers": modifiers.value, "times": times}

    def _choose_action(self, window: QWidget) -> tuple[QWidget | None, dict[str, Any]]:
        """By its keys where it has some and they are free to be heard, as an operator would."""
        can = [each for each in self._actions() if each.isEnabled() and each.objectName() not in self._spared]
        if not can or not isinstance(window, QMainWindow):
            return None, {}
        return window, {"name": self._random.choice(can).objectName()}

    def _choose_visit(self, window: QWidget) -> tuple[QWidget | None, dict[str, Any]]:
        return window, {"number": self._random.randrange(1_000)}

    def _choose_bar(self, window: QWidget) -> tuple[QWidget | None, dict[str, Any]]:
        bars = [each for each in parts(window) if isinstance(each, QMenuBar) and each.isVisible() and each.actions()]
        if not bars:
            return None, {}
        at = bars[0].actionGeometry(self._random.choice(bars[0].actions())).center()
        return bars[0], {"at": [at.x(), at.y()]}

    def _choose_resize(self, window: QWidget) -> tuple[QWidget | None, dict[str, Any]]:
        return window, {"size": [self._random.randint(300, 1900), self._random.randint(200, 1100)]}

    def _choose_shut(self, window: QWidget) -> tuple[QWidget | None, dict[str, Any]]:
        if isinstance(window, QMainWindow):
            return None, {}
        return window, {"how": self._random.choice(("close", "reject", "escape"))}

    def _choose_wait(self, window: QWidget) -> tuple[QWidget | None, dict[str, Any]]:
        return window, {"ms": self._random.choice((60, 200, 600))}

    def _choose_entry(self, menu: QMenu) -> tuple[Action, QWidget]:
        entries = [each for each in menu.actions() if each.isEnabled() and each.isVisible() and not each.isSeparator()]
        entries = [each for each in entries if each.objectName() not in self._spared]
        if not entries or self._random.random() < 0.15:
            return _action("shut", menu, {"how": "escape"}), menu
        entry = self._random.choice(entries)
        at = menu.actionGeometry(entry).center()
        return _action("entry", menu, {"at": [at.x(), at.y()], "text": entry.text()}), menu

    def _some(self, window: QWidget) -> QWidget | None:
        """One of a sort first: a page full of buttons has few tables."""
        sorts: dict[type[QWidget] | None, list[QWidget]] = {}
        tabs = window.findChild(QTabWidget)
        page = (
            tabs.currentWidget() if isinstance(tabs, QTabWidget) and self._random.random() < self._mood.stays else None
        )
        for each in _usable(window, page):
            sorts.setdefault(next((kind for kind in _SORTS if isinstance(each, kind)), None), []).append(each)
        if not sorts:
            return None
        kinds = list(sorts)
        weights = [{None: 0.7, QAbstractButton: 4.0, QAbstractItemView: 2.0}.get(each, 1.0) for each in kinds]
        return self._random.choice(sorts[self._random.choices(kinds, weights)[0]])

    def _spot(self, widget: QWidget) -> dict[str, Any]:
        """A place in the widget that can be seen: of a view mostly an item."""
        area = _surface(widget)
        seen = area.visibleRegion().boundingRect()
        at = self._item_spot(widget, seen) or QPoint(
            self._random.randint(seen.left(), max(seen.left(), seen.right())),
            self._random.randint(seen.top(), max(seen.top(), seen.bottom())),
        )
        if isinstance(widget, QAbstractButton):
            at = seen.center()
        return {"at": [at.x(), at.y()]}

    def _item_spot(self, widget: QWidget, seen: QRect) -> QPoint | None:
        if isinstance(widget, QTabBar) and widget.count():
            return widget.tabRect(self._random.randrange(widget.count())).intersected(seen).center()
        if not isinstance(widget, QAbstractItemView) or isinstance(widget, QHeaderView) or self._random.random() < 0.1:
            return None
        spots = list(_items(widget, seen))
        return self._random.choice(spots) if spots else None


def _items(view: QAbstractItemView, seen: QRect) -> Iterator[QPoint]:
    """The middles of the items in sight, found by looking at points."""
    step = max(8, seen.height() // 24)
    for y in range(seen.top() + 4, seen.bottom(), step):
        for x in range(seen.left() + 6, seen.right(), max(40, seen.width() // 8)):
            index = view.indexAt(QPoint(x, y))
            if index.isValid():
                yield QPoint(x, y)


# Doing


@dataclass(frozen=True)
class Hands:
    """``between`` is called from one key to the next: an operator's keys come one by one."""

    actions: Callable[[], Sequence[QAction]]
    between: Callable[[], None]
    visit: Callable[[int], None]  # open some app


def perform(action: Action, widget: QWidget, hands: Hands) -> None:
    """The widget may be gone when this returns."""
    if _is_here(widget):
        _DEEDS[action.kind](widget, action.data, hands)


def _click(widget: QWidget, data: dict[str, Any], _: Hands) -> None:
    _to_front(widget)
    modifiers = Qt.KeyboardModifier(data.get("modifiers", 0))
    QTest.mouseClick(_surface(widget), Qt.MouseButton.LeftButton, modifiers, QPoint(*data["at"]))


def _double(widget: QWidget, data: dict[str, Any], _: Hands) -> None:
    _to_front(widget)
    area, at = _surface(widget), QPoint(*data["at"])
    left, none = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
    QTest.mouseClick(area, left, _NONE, at)
    for kind, held in ((QEvent.Type.MouseButtonDblClick, left), (QEvent.Type.MouseButtonRelease, none)):
        if not _is_here(area) or _is_blocked(area):
            return
        _send(area, kind, at, left, held)


def _menu(widget: QWidget, data: dict[str, Any], _: Hands) -> None:
    _to_front(widget)
    area, at = _surface(widget), QPoint(*data["at"])
    QTest.mousePress(area, Qt.MouseButton.RightButton, _NONE, at)
    event = QContextMenuEvent(QContextMenuEvent.Reason.Mouse, at, area.mapToGlobal(at))
    QApplication.sendEvent(area, event)
    if _is_here(area):
        QTest.mouseRelease(area, Qt.MouseButton.RightButton, _NONE, at)


def _drag(widget: QWidget, data: dict[str, Any], _: Hands) -> None:
    _to_front(widget)
    area, start, by = _surface(widget), QPoint(*data["at"]), QPoint(*data["by"])
    left, none = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
    QTest.mousePress(area, left, _NONE, start)
    for part in (0.2, 0.6, 1.0):
        if not _is_here(area):
            return
        _send(area, QEvent.Type.MouseMove, start + by * part, none, left)
    if _is_here(area):
        _send(area, QEvent.Type.MouseButtonRelease, start + by, left, none)


def _send(area: QWidget, kind: QEvent.Type, at: QPoint, button: Qt.MouseButton, held: Qt.MouseButton) -> None:
    event = QMouseEvent(kind, QPointF(at), QPointF(area.mapToGlobal(at)), button, held, _NONE)
    QApplication.sendEvent(area, event)


def _scroll(widget: QWidget, data: dict[str, Any], _: Hands) -> None:
    area, at = _surface(widget), QPoint(*data["at"])
    turn = QPoint(data["turn"], 0) if data["across"] else QPoint(0, data["turn"])
    event = QWheelEvent(
        QPointF(at),
        QPointF(area.mapToGlobal(at)),
        QPoint(),
        turn,
        Qt.MouseButton.NoButton,
        _CTRL if data["ctrl"] else _NONE,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(area, event)


def _type(widget: QWidget, data: dict[str, Any], hands: Hands) -> None:
    text, how = data["text"], data["how"]
    if how == "paste":
        QGuiApplication.clipboard().setText(text)
        QTest.keyClick(widget, _K.Key_V, _CTRL)
    elif how == "keys" and text.isascii() and text.isprintable():
        for letter in text[:24]:
            # Letters may open, close and move things: they go on to whoever listens then.
            widget = _listener(widget)
            if not _is_here(widget):
                return
            QTest.keyClick(widget, letter)
            hands.between()
    else:
        event = QInputMethodEvent("", [])
        event.setCommitString(text)
        QApplication.sendEvent(widget, event)


def _key(widget: QWidget, data: dict[str, Any], hands: Hands) -> None:
    for _time in range(data["times"]):
        listener = _listener(widget)
        if not _is_here(listener):
            return
        QTest.keyClick(listener, Qt.Key(data["key"]), Qt.KeyboardModifier(data["modifiers"]))
        hands.between()


def _act(_: QWidget, data: dict[str, Any], hands: Hands) -> None:
    found = next((each for each in hands.actions() if each.objectName() == data["name"]), None)
    if found is not None:
        found.trigger()


def _visit(_: QWidget, data: dict[str, Any], hands: Hands) -> None:
    hands.visit(data["number"])


def _press_entry(widget: QWidget, data: dict[str, Any], _: Hands) -> None:
    QTest.mouseMove(widget, QPoint(*data["at"]))
    if _is_here(widget):
        QTest.mouseClick(widget, Qt.MouseButton.LeftButton, _NONE, QPoint(*data["at"]))


def _resize(widget: QWidget, data: dict[str, Any], _: Hands) -> None:
    widget.resize(QSize(*data["size"]))


def _shut(widget: QWidget, data: dict[str, Any], _: Hands) -> None:
    if data["how"] == "reject" and isinstance(widget, QDialog):
        widget.reject()
    elif data["how"] == "close" or not isinstance(widget, (QDialog, QMenu)):
        widget.close()
    else:
        QTest.keyClick(_listener(widget), _K.Key_Escape)


def _wait(_: QWidget, __: dict[str, Any], ___: Hands) -> None:
    """Whoever drives the monkey waits."""


_DEEDS: dict[str, Callable[[QWidget, dict[str, Any], Hands], None]] = {
    "click": _click,
    "double": _double,
    "menu": _menu,
    "drag": _drag,
    "scroll": _scroll,
    "type": _type,
    "key": _key,
    "action": _act,
    "bar": _click,
    "entry": _press_entry,
    "resize": _resize,
    "shut": _shut,
    "wait": _wait,
    "visit": _visit,
}


# Finding widgets, and finding them again

_held: dict[int, QObject] = {}


def hold(part: QObject) -> None:
    """Keep the handle of what Qt itself made, until ``let_go``.

    WORKAROUND: asking something for its parts makes their handles depend on its own, and those that the program itself
    has go with it when the next collection takes it (PySide 6.11).
    """
    if type(part).__module__.startswith("PySide6"):
        _held[id(part)] = part


def let_go() -> None:
    """Of what is gone: the handles would be kept for good."""
    from shiboken6 import isValid

    for key in [key for key, each in _held.items() if not isValid(each)]:
        del _held[key]


def parts(of: QObject) -> Iterator[QObject]:
    """All that is in it, from the top.

    WORKAROUND: what ``findChildren`` gives of what Qt itself made stays as a dead handle for as long as there is what
    it was asked of: the scroll bars of every grid that was ever open (PySide 6.11).
    """
    hold(of)
    for each in of.children():
        yield each
        yield from parts(each)


def find(action: Action) -> QWidget | None:
    """The widget of an action of an earlier run, None where there is none like it now."""
    for window in windows():
        if _name(window) != action.window:
            continue
        found: QWidget | None = window
        for step in action.path:
            found = next((each for name, each in _steps(found) if name == step), None)
            if found is None:
                break
        if found is not None and found.isVisible() and found.isEnabled():
            return found
    return None


def _action(kind: str, widget: QWidget, data: dict[str, Any]) -> Action:
    window, path = widget.window(), list[str]()
    above = widget
    while above is not window:
        parent = above.parentWidget()
        path.insert(0, next(name for name, each in _steps(parent) if each is above))
        above = parent
    return Action(kind, _name(window), tuple(path), _said(widget), data)


def _steps(parent: QWidget) -> Iterator[tuple[str, QWidget]]:
    counted: dict[str, int] = {}
    for each in parent.children():
        if isinstance(each, QWidget) and not each.isWindow():
            name = f"{type(each).__name__} {each.objectName()}".strip()
            counted[name] = counted.get(name, -1) + 1
            yield f"{name} {counted[name]}", each


def _name(window: QWidget) -> str:
    return f"{type(window).__name__} {window.objectName()}".strip()


def _said(widget: QWidget) -> str:
    text = getattr(widget, "text", None)
    words = widget.accessibleName() or (str(text()) if callable(text) else "") or widget.objectName()
    return f"{type(widget).__name__} “{words[:40]}”"


def _usable(window: QWidget, part: QWidget | None = None) -> list[QWidget]:
    return [
        each
        for each in parts(part or window)
        if isinstance(each, QWidget)
        and each.isVisible()
        and each.isEnabled()
        and each.window() is window
        and (isinstance(each, _SORTS) or each.focusPolicy() != Qt.FocusPolicy.NoFocus or _is_pressed_by_hand(each))
        and not _surface(each).visibleRegion().isEmpty()
    ]


def _is_pressed_by_hand(widget: QWidget) -> bool:
    return "mousePressEvent" in type(widget).__dict__


def _surface(widget: QWidget) -> QWidget:
    """What gets the events of a mouse."""
    return widget.viewport() if isinstance(widget, QAbstractScrollArea) else widget


def _with_keys(window: QWidget) -> QWidget:
    focused = window.focusWidget()
    return focused if focused is not None and focused.isVisible() else window


def _listener(widget: QWidget) -> QWidget:
    """Who gets a key: what has the keyboard in an open menu or list, else in the window in front."""
    popup = QApplication.activePopupWidget()
    if popup is not None:
        return popup.focusWidget() or popup
    found, modal = QApplication.focusWidget() or widget, QApplication.activeModalWidget()
    if modal is not None and _is_blocked(found):
        return modal.focusWidget() or modal
    return found


def _is_blocked(widget: QWidget) -> bool:
    """A dialog came in front of it: Qt lets nothing through to it, but what is sent to it directly."""
    handle, modal = widget.window().windowHandle(), QApplication.activeModalWidget()
    return modal is not None and handle is not None and modal is not widget.window() and not _is_within(widget, modal)


def _is_within(widget: QWidget, window: QWidget) -> bool:
    above: QWidget | None = widget.window()
    while above is not None and above is not window:
        above = above.parentWidget()
    return above is window


def _to_front(widget: QWidget) -> None:
    window = widget.window()
    if window is not QApplication.activeWindow() and window.windowType() != Qt.WindowType.Popup:
        window.activateWindow()


def _is_here(widget: QWidget) -> bool:
    from shiboken6 import isValid

    return isValid(widget) and widget.isVisible()


def _is_tip(widget: QWidget) -> bool:
    return widget.windowType() in (Qt.WindowType.ToolTip, Qt.WindowType.SplashScreen)

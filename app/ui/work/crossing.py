"""What goes between the window's thread and others: messages in, and never a part of the window out.

Python frees an object on whichever thread lets go of it last. Where that is a widget, or anything of Qt's with a timer
or children, and the thread is not the window's, the program crashes later, somewhere else. So no other thread is given
anything that holds a part of the window. What it is to do holds values; what it has to tell goes by a ``Courier``, or
lies in a ``Mailbox`` where a look now and then will do.
"""

from __future__ import annotations

import functools
import threading
import types
from collections.abc import Callable
from typing import Generic, TypeVar

from PySide6.QtCore import QObject, Qt, Signal

M = TypeVar("M")
_DEEP_ENOUGH = 6
_LONG = 16  # a tuple with more in it is data; ten thousand apps would hold the window for a tenth of a second


class _Slot(QObject):
    dropped = Signal(object)


class Courier(Generic[M]):
    """Any thread may hold it, and ``send``; ``receive`` is called on the UI thread, as long as ``owner`` is there."""

    def __init__(self, owner: QObject, receive: Callable[[M], None]) -> None:
        self._lock = threading.RLock()
        self._slot: _Slot | None = _Slot(owner)
        # Always queued: who sends something from the UI thread is not called back in the middle of that.
        self._slot.dropped.connect(receive, Qt.ConnectionType.QueuedConnection)
        owner.destroyed.connect(self.end)

    def send(self, message: M) -> None:
        """Without effect after the end."""
        with self._lock:
            if self._slot is not None:
                self._slot.dropped.emit(message)

    def end(self) -> None:
        """On the UI thread: no message is taken any more; what was sent before may still be received."""
        with self._lock:
            self._slot = None


def part_of_window(work: object) -> QObject | None:
    """What of Qt's a function or method holds that another thread is to call; None as it should be."""
    return _found(work, _DEEP_ENOUGH)


def _found(held: object, depth: int) -> QObject | None:
    if isinstance(held, QObject):
        return held
    if depth == 0:
        return None
    for each in _held_by(held):
        found = _found(each, depth - 1)
        if found is not None:
            return found
    return None


def _held_by(holder: object) -> tuple[object, ...]:
    if isinstance(holder, types.MethodType):
        return (holder.__self__, holder.__func__)
    if isinstance(holder, functools.partial):
        return (holder.func, *holder.args, *holder.keywords.values())
    if isinstance(holder, types.FunctionType):
        return (*(holder.__defaults__ or ()), *map(_content, holder.__closure__ or ()))
    if isinstance(holder, tuple):
        return holder if len(holder) <= _LONG else ()
    is_own = type(holder).__module__.startswith("app.ui.") and not isinstance(holder, Courier)
    return tuple(getattr(holder, "__dict__", {}).values()) if is_own else ()


def _content(cell: types.CellType) -> object:
    try:
        return cell.cell_contents
    except ValueError:  # it is filled later
        return None

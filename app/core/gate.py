"""Whether writes may begin on a connection, asked where requests are sent; and which writes belong together."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Protocol

from .errors import ReadOnly


class Act:
    """What was begun together: once one of its writes was let through to a connection, so are those that follow, also
    where the connection is locked meanwhile. What has ended lets nothing through.

    An act inside another is a part of it. ``is_asked``: the operator waits for it, or did.
    """

    __slots__ = ("_admitted", "_whole", "is_asked", "is_over")

    def __init__(self, whole: Act | None = None, *, is_asked: bool = False) -> None:
        self._admitted: set[str] = set()
        self._whole = whole
        self.is_asked: bool = is_asked or (whole is not None and whole.is_asked)
        self.is_over = False

    def admit(self, connection_id: str) -> None:
        self._admitted.add(connection_id)
        if self._whole is not None:
            self._whole.admit(connection_id)

    def is_admitted(self, connection_id: str) -> bool:
        if not self.is_over and connection_id in self._admitted:
            return True
        return self._whole is not None and self._whole.is_admitted(connection_id)


_current: ContextVar[Act | None] = ContextVar("act", default=None)


def current_act() -> Act | None:
    return _current.get()


@contextmanager
def act(*, is_asked: bool = False) -> Iterator[Act]:
    """All writes inside, and inside the tasks that are begun inside, belong together until the block is left.

    What goes on after whoever began it has gone opens a block of its own.
    """
    begun = Act(_current.get(), is_asked=is_asked)
    token = _current.set(begun)
    try:
        yield begun
    finally:
        begun.is_over = True
        _current.reset(token)


class Gate(Protocol):
    """Of one connection; any thread may ask."""

    @property
    def is_read_only(self) -> bool:
        """Whether only reads are sent now, by the operator's own wish."""

    def admit(self, doing: str) -> None:
        """Raises ReadOnly where no write may begin; ``doing`` completes "Could not …"."""


class FixedGate:
    """Open or closed for good."""

    def __init__(self, is_read_only: bool) -> None:
        self._is_read_only = is_read_only

    @property
    def is_read_only(self) -> bool:
        return self._is_read_only

    def admit(self, doing: str) -> None:
        if self._is_read_only:
            raise ReadOnly(
                f"Could not {doing}: this connection is read-only.",
                remedy="Turn off read-only in the connection's settings, if you are sure.",
            )

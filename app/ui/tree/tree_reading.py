"""What the tree of databases asks the engine for: structures, and the names of tables."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, TypeVar

from PySide6.QtCore import QObject, Signal

from app.core.errors import KnownError
from app.core.refs import AppRef
from app.ui.work.runner import Runner

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from app.services.catalog import SchemaSnapshot
    from app.services.suite import Services

T = TypeVar("T")


class TreeReading(QObject):
    """Asked again for the same, it forgets that it was asked before."""

    schema_read = Signal(object, object)  # AppRef, SchemaSnapshot
    names_read = Signal(object, object)  # AppRef, tuple of names
    failed = Signal(object, str)  # AppRef, sentence

    def __init__(self, runner: Runner, parent: QObject) -> None:
        super().__init__(parent)
        self._runner = runner

    def schema(self, ref: AppRef, *, refresh: bool = False) -> None:
        """What is known will do, unless a ``refresh`` is wanted."""

        async def read(services: Services) -> SchemaSnapshot:
            return await services.catalog.schema(ref, refresh=refresh)

        self._start(ref, "schema", read, "Read a structure", partial(self.schema_read.emit, ref))

    def names(self, ref: AppRef) -> None:
        async def read(services: Services) -> tuple[str, ...]:
            return await services.catalog.names(ref)

        self._start(ref, "names", read, "List the tables", partial(self.names_read.emit, ref))

    def _start(
        self, ref: AppRef, kind: str, read: Callable[[Services], Awaitable[T]], title: str, done: Callable[[T], None]
    ) -> None:
        def fail(error: KnownError) -> bool:
            self.failed.emit(ref, error.sentence)
            return True

        replaces = f"{kind} {ref.connection_id} {ref.app_id}"
        self._runner.start(read, owner=self, title=title, done=done, failed=fail, replaces=replaces)

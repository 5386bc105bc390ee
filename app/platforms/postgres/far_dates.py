"""Dates that Python has no value for are read as the server's own text: ``infinity``, years before 1 and after 9999,
and intervals of months, which have no length of their own."""

from __future__ import annotations

from typing import Any, Final

_TYPES: Final = ("date", "timestamp", "timestamptz", "interval")


def keep_far_dates(raw: Any) -> None:
    """On one connection of the driver; without it one such value fails the whole page that it is on."""
    for name in _TYPES:
        raw.adapters.register_loader(name, _kept(raw, name))


def _kept(raw: Any, name: str) -> Any:
    import psycopg
    from psycopg.adapt import Loader
    from psycopg.pq import Format

    usual = raw.adapters.get_loader(raw.adapters.types[name].oid, Format.TEXT)
    is_interval = name == "interval"

    class Kept(Loader):
        def __init__(self, oid: int, context: Any = None) -> None:
            super().__init__(oid, context)
            self._usual = usual(oid, context)

        def load(self, data: Any) -> Any:
            text = bytes(data)
            if is_interval and any(word in text for word in (b"inf", b"mon", b"year")):
                return text.decode()
            try:
                return self._usual.load(data)
            except psycopg.DataError:
                return text.decode()

    return Kept

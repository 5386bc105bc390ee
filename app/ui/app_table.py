"""The rows of the app-ID list, with what filtering and sorting need prepared; no Qt in here."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import IntEnum
from itertools import accumulate, compress, repeat
from operator import contains, itemgetter
from typing import Any, NamedTuple

from app.core.apps import AppKind, AppState, AppSummary
from app.core.connection import Connection, Environment
from app.core.refs import AppRef
from app.core.text import plain


class AppColumn(IntEnum):
    """The columns of the list, in their order on screen."""

    STATE = 0
    TITLE = 1
    APP_ID = 2
    OWNER = 3
    KIND = 4
    WHERE = 5
    AGENTS = 6
    CREATED = 7
    SEEN = 8


KIND_RANK = {
    AppKind.FOUNDATION.value: 0,
    AppKind.TENANT.value: 1,
    AppKind.TASK.value: 2,
    AppKind.OTHER.value: 3,
}
# What needs an eye comes first when the list is sorted by state.
STATE_RANK = {
    AppState.MISSING.value: 0,
    AppState.DISABLED.value: 1,
    AppState.UNOWNED.value: 2,
    AppState.DRIFTED.value: 3,
    AppState.READ_ONLY.value: 4,
    AppState.CREATING.value: 5,
    AppState.UNKNOWN.value: 6,
    AppState.OK.value: 7,
}
_ENVIRONMENT_RANK = {Environment.PRODUCTION: "0", Environment.STAGING: "1", Environment.LOCAL: "2"}
# Below this share of hits, walking from hit to hit in one text beats asking row after row.
_RARE = 0.04
# Sorts behind every letter: rows without an owner go last.
_LAST = "\U0010ffff"


def shown(text: str) -> str:
    """``plain`` with a short way for the usual case, because it runs for every cell on screen."""
    if len(text) <= 200 and text.isascii() and text.isprintable():
        return text
    return plain(text)


class AppTable:
    """All apps in a fixed order; row ids are positions in ``rows``.

    It is never changed after it was built, so it may be built on any thread (100,000 rows take about a tenth of
    a second) and handed over. Orders by column are computed on demand and kept.
    """

    __slots__ = ("_connections", "_index", "_orders", "haystack", "rows")

    def __init__(self, rows: Sequence[AppSummary] = (), connections: Mapping[str, Connection] | None = None) -> None:
        self.rows: tuple[AppSummary, ...] = tuple(rows)
        self._connections = dict(connections or {})
        hay = [f"{row[2]}\n{row[1]}\n{row[3]}".lower().replace("\0", " ") for row in self.rows]
        self.haystack: list[str] = hay
        self._orders: dict[tuple[int, bool], RowOrder] = {}
        self._index: dict[tuple[str, str], int] | None = None

    def __len__(self) -> int:
        return len(self.rows)

    def ref(self, row_id: int) -> AppRef:
        row = self.rows[row_id]
        return AppRef(row.connection_id, row.app_id)

    def find(self, ref: AppRef) -> int | None:
        """The row id of an app, None where it is not in the table."""
        if self._index is None:
            # Plain tuples: 100,000 references would take ten times as long to make.
            self._index = dict(zip(map(itemgetter(0, 1), self.rows), range(len(self.rows)), strict=True))
        return self._index.get((ref.connection_id, ref.app_id))

    def order(self, column: int, *, is_descending: bool) -> RowOrder:
        """All rows in the order of a column; equal keys keep the order of the rows."""
        order = self._orders.get((column, is_descending))
        if order is None:
            # The text of an order takes some 20 MB at 100,000 rows; only one is looked at.
            for other in self._orders.values():
                other.forget_text()
            order = self._orders[(column, is_descending)] = RowOrder(self._sorted(column, is_descending), self.haystack)
        return order

    def _sorted(self, column: int, is_descending: bool) -> list[int]:
        other = self._orders.get((column, not is_descending))
        if other is not None:
            return other.ids[::-1]
        key = self._key(column)
        keys = [key(row) for row in self.rows]
        ids = sorted(range(len(keys)), key=keys.__getitem__)
        return ids[::-1] if is_descending else ids

    def _key(self, column: int) -> Callable[[AppSummary], Any]:
        if column == AppColumn.WHERE:
            places = {each.id: self._place_key(each) for each in self._connections.values()}
            return lambda row: places.get(row.connection_id, _LAST) + row.title.lower()
        return _KEYS[AppColumn(column)]

    @staticmethod
    def _place_key(connection: Connection) -> str:
        return f"{_ENVIRONMENT_RANK[connection.environment]}{connection.label.lower()}\0"


_KEYS: dict[AppColumn, Callable[[AppSummary], Any]] = {
    AppColumn.STATE: lambda row: f"{STATE_RANK.get(row.state, 6)}{row.title.lower()}",
    AppColumn.TITLE: lambda row: row.title.lower(),
    AppColumn.APP_ID: lambda row: row.app_id,
    AppColumn.OWNER: lambda row: row.owner.lower() or _LAST,
    AppColumn.KIND: lambda row: f"{KIND_RANK.get(row.kind, 3)}{row.title.lower()}",
    AppColumn.AGENTS: lambda row: row.agents,
    AppColumn.CREATED: lambda row: row.created_at,
    AppColumn.SEEN: lambda row: row.seen_at,
}


def words(query: str) -> tuple[str, ...]:
    """The lower-cased words of a query; a row matches when it contains each of them."""
    return tuple(query.lower().replace("\0", " ").split())


class RowOrder:
    """An order of all rows, and how to find rows in it. Places are positions in this order, ascending.

    The rows lie side by side in memory in the order in which they are read: twice as fast as jumping about. That
    text is made for the first query (a twentieth of a second at 100,000 rows).
    """

    __slots__ = ("_hay", "_source", "_starts", "_text", "ids", "places")

    def __init__(self, ids: list[int], haystack: list[str]) -> None:
        self.ids = ids
        # Made once: picking from them is cheaper than making 100,000 numbers for each query.
        self.places: list[int] = list(range(len(ids)))
        self._source = haystack
        self._hay: list[str] | None = None
        self._text = ""
        self._starts: list[int] = []

    @property
    def hay(self) -> list[str]:
        if self._hay is None:
            self._text = "\0".join([self._source[at] for at in self.ids])
            self._hay = self._text.split("\0") if self.ids else []
            self._starts = list(accumulate((len(each) + 1 for each in self._hay), initial=0))
        return self._hay

    def forget_text(self) -> None:
        self._hay, self._text, self._starts = None, "", []

    def containing(self, term: str) -> list[int]:
        """The places whose row contains a lower-cased term."""
        if self.share(term) < _RARE:
            return self._containing_rare(term)
        return list(compress(self.places, map(contains, self.hay, repeat(term))))

    def share(self, term: str) -> float:
        """About which part of the rows contains a term, from a sample of 500."""
        hay = self.hay
        sample = hay[:: len(hay) // 500 + 1]
        return sum(term in each for each in sample) / max(1, len(sample))

    def _containing_rare(self, term: str) -> list[int]:
        """Walks from hit to hit in the one text; a third of the time where there are few."""
        text, starts = self._text, self._starts
        hits: list[int] = []
        at = text.find(term)
        while at >= 0:
            place = bisect_right(starts, at) - 1
            hits.append(place)
            at = text.find(term, starts[place + 1])
        return hits

    def narrowed(self, places: list[int], terms: Iterable[str]) -> list[int]:
        """Those of the places whose row contains all terms."""
        for term in terms:
            hay = self.hay
            places = [at for at in places if term in hay[at]]
        return places

    def rows(self, places: list[int]) -> list[int]:
        """The row ids at these places."""
        if len(places) == len(self.ids):
            return self.ids
        ids = self.ids
        return [ids[at] for at in places]


class Found(NamedTuple):
    """The answer to a query: its words, where the matching rows are in the order, and their row ids."""

    terms: tuple[str, ...]
    places: list[int]
    visible: list[int]


class AppFilter:
    """Which rows are visible, and in which order: a query, a connection and a sort column over one table.

    ``visible`` holds row ids; take it, never change it. A query that can only match less than the one before
    narrows the previous hits, where they are few, instead of reading the whole table again.
    """

    def __init__(self, table: AppTable | None = None) -> None:
        self.table = table or AppTable()
        self.column: int = AppColumn.KIND
        self.is_descending = False
        self.connection_id: str | None = None
        self.terms: tuple[str, ...] = ()
        self.total = 0  # rows there are before the query, after the connection
        self.visible: list[int] = []
        self._base: list[int] | None = None  # places of the connection's rows, None for all
        self._places: list[int] = []
        self._restart()

    def set_table(self, table: AppTable) -> None:
        self.table = table
        self._restart()

    def set_connection(self, connection_id: str | None) -> bool:
        if connection_id == self.connection_id:
            return False
        self.connection_id = connection_id
        self._restart()
        return True

    def set_order(self, column: int, *, is_descending: bool) -> None:
        self.column, self.is_descending = column, is_descending
        self._restart()

    def set_query(self, query: str) -> bool:
        """True where the visible rows are others now."""
        found = self.search(query)
        if found is None:
            return False
        is_other = found.visible != self.visible
        self.take(found)
        return is_other

    def search(self, query: str) -> Found | None:
        """What a query would show, without showing it; None where it says the same as the one before."""
        terms = words(query)
        if terms == self.terms:
            return None
        if _narrows(self.terms, terms) and len(self._places) * 5 < len(self.table) * 4:
            places = self._order.narrowed(self._places, terms)
        else:
            places = self._searched(terms)
        return Found(terms, places, self._order.rows(places))

    def take(self, found: Found) -> None:
        self.terms, self._places, self.visible = found.terms, found.places, found.visible

    @property
    def _order(self) -> RowOrder:
        return self.table.order(self.column, is_descending=self.is_descending)

    def _restart(self) -> None:
        order, rows, wanted = self._order, self.table.rows, self.connection_id
        self._base = None
        if wanted is not None:
            self._base = [place for place, at in enumerate(order.ids) if rows[at][0] == wanted]
        self.total = len(self.table) if self._base is None else len(self._base)
        self._places = self._searched(self.terms)
        self.visible = order.rows(self._places)

    def _searched(self, terms: tuple[str, ...]) -> list[int]:
        order = self._order
        if self._base is not None:
            return order.narrowed(self._base, terms)
        if not terms:
            return order.places
        # The rarest word first leaves the least for the others.
        first, *others = sorted(terms, key=order.share)
        return order.narrowed(order.containing(first), others)


def _narrows(before: tuple[str, ...], after: tuple[str, ...]) -> bool:
    """True where whatever matches ``after`` also matched ``before``."""
    return all(any(old in new for new in after) for old in before)

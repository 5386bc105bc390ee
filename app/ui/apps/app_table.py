"""The rows of the app-ID list, with what filtering and sorting need prepared; no Qt in here."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from enum import IntEnum
from itertools import compress, repeat
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
_RARE = 0.03
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

    __slots__ = ("_connections", "_ids_text", "_index", "_missing", "_orders", "haystack", "rows")

    def __init__(
        self,
        rows: Sequence[AppSummary] = (),
        connections: Mapping[str, Connection] | None = None,
        known: AppTable | None = None,
    ) -> None:
        """``known`` is the table before this one: what it worked out for rows that stayed is taken over."""
        self.rows: tuple[AppSummary, ...] = tuple(rows)
        self._connections = dict(connections or {})
        self.haystack: list[str] = _haystack(self.rows, known)
        self._orders: dict[tuple[int, bool], list[int]] = {}
        self._index: dict[tuple[str, str], int] | None = None
        self._ids_text: str | None = None
        self._missing: Counter[str] | None = None

    def __len__(self) -> int:
        return len(self.rows)

    def is_of(self, rows: tuple[AppSummary, ...], connections: Mapping[str, Connection]) -> bool:
        """Whether a table of these would be the same."""
        return self.rows == rows and self._connections == connections

    def ref(self, row_id: int) -> AppRef:
        row = self.rows[row_id]
        return AppRef(row.connection_id, row.app_id)

    def find(self, ref: AppRef) -> int | None:
        """The row id of an app, None where it is not in the table."""
        if self._index is None:
            # Plain tuples: 100,000 references would take ten times as long to make.
            self._index = dict(zip(map(itemgetter(0, 1), self.rows), range(len(self.rows)), strict=True))
        return self._index.get((ref.connection_id, ref.app_id))

    @property
    def missing(self) -> Counter[str]:
        """By connection, how many of the rows are of apps that are not on the platform."""
        if self._missing is None:
            state = AppState.MISSING.value
            self._missing = Counter(row.connection_id for row in self.rows if row.state == state)
        return self._missing

    def is_in_ids(self, letter: str) -> bool:
        """Whether any app ID has this lower-cased letter. IDs are mostly hexadecimal: most words are not in them."""
        if self._ids_text is None:
            self._ids_text = "\0".join(map(itemgetter(1), self.rows)).lower()
        return letter in self._ids_text

    def order(self, column: int, *, is_descending: bool) -> list[int]:
        """All row ids in the order of a column; equal keys keep the order of the rows. Never change it."""
        ids = self._orders.get((column, is_descending))
        if ids is None:
            ids = self._orders[(column, is_descending)] = self._sorted(column, is_descending)
        return ids

    def _sorted(self, column: int, is_descending: bool) -> list[int]:
        other = self._orders.get((column, not is_descending))
        if other is not None:
            return other[::-1]
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


def _haystack(rows: tuple[AppSummary, ...], known: AppTable | None) -> list[str]:
    """Lower-cased title, owner and ID of each row; the ID comes last, for RowOrder cuts it off."""
    found = dict(zip(map(id, known.rows), known.haystack, strict=True)) if known is not None else {}
    return [found.get(id(row)) or f"{row[2]}\n{row[3]}\n{row[1]}".lower().replace("\0", " ") for row in rows]


def words(query: str) -> tuple[str, ...]:
    """The lower-cased words of a query; a row matches when it contains each of them."""
    return tuple(query.lower().replace("\0", " ").split())


class _Hay:
    """Lower-cased texts of rows side by side in memory, in the order in which they are read, and as one text."""

    __slots__ = ("rows", "text")

    def __init__(self, text: str, rows: list[str]) -> None:
        self.text = text
        self.rows = rows

    def share(self, term: str) -> float:
        """About which part of the rows contains a term, from a sample of 500."""
        sample = self.rows[:: len(self.rows) // 500 + 1]
        return sum(term in each for each in sample) / max(1, len(sample))

    def containing(self, term: str, places: list[int]) -> list[int]:
        """Those of ``places`` (as many as rows) whose row contains a term."""
        if self.share(term) < _RARE:
            return self._containing_rare(term)
        return list(compress(places, map(contains, self.rows, repeat(term))))

    def _containing_rare(self, term: str) -> list[int]:
        """Walks from hit to hit in the one text; half the time where there are few."""
        find, count = self.text.find, self.text.count
        hits: list[int] = []
        place = counted = 0
        at = find(term)
        while at >= 0:
            place += count("\0", counted, at)
            hits.append(place)
            counted = find("\0", at)
            at = find(term, counted) if counted >= 0 else -1
        return hits


class RowOrder:
    """Rows in an order, and how to find some of them. Places are positions in this order, ascending.

    What is searched is made for the first query (a twentieth of a second at 100,000 rows), or before that, piece by
    piece, with ``prepare``.
    """

    __slots__ = ("_full", "_table", "_text", "_words", "ids", "places")

    def __init__(self, table: AppTable, ids: list[int]) -> None:
        self.ids = ids
        # Made once: picking from them is cheaper than making 100,000 numbers for each query.
        self.places: list[int] = list(range(len(ids)))
        self._table = table
        self._text: str | None = None
        self._full: _Hay | None = None
        self._words: _Hay | None = None

    def prepare(self) -> bool:
        """One piece of what the first query would have to make, some 15 ms at 100,000 rows; False: nothing is left."""
        if self._text is None:
            source = self._table.haystack
            self._text = "\0".join([source[at] for at in self.ids])
        elif self._full is None:
            self._full = _Hay(self._text, self._text.split("\0") if self.ids else [])
        elif self._words is None:
            rows = [each.rpartition("\n")[0] for each in self._full.rows]
            self._words = _Hay("\0".join(rows), rows)
        else:
            return False
        return True

    def _hay(self, term: str) -> _Hay:
        """Without the IDs, which are half of the text, where a letter of the term is in none of them."""
        while self._full is None:
            self.prepare()
        if all(map(self._table.is_in_ids, term)):
            return self._full
        while self._words is None:
            self.prepare()
        return self._words

    def search(self, terms: Iterable[str]) -> list[int]:
        """The places of all rows that contain all of these lower-cased terms."""
        # The rarest word first leaves the least for the others.
        ranked = sorted(terms, key=lambda term: self._hay(term).share(term))
        if not ranked:
            return self.places
        return self.narrowed(self._hay(ranked[0]).containing(ranked[0], self.places), ranked[1:])

    def narrowed(self, places: list[int], terms: Iterable[str]) -> list[int]:
        """Those of the places whose row contains all terms."""
        for term in terms:
            rows = self._hay(term).rows
            places = [at for at in places if term in rows[at]]
        return places


class Found(NamedTuple):
    """The answer to a query: its words, and where the matching rows are in the order."""

    terms: tuple[str, ...]
    places: list[int]


class AppFilter:
    """Which rows are visible, and in which order: a query, a connection and a sort column over one table.

    The answers on the way to the one that is shown are kept as long as each can only match less than the one
    before: typing narrows them, where they are few, instead of reading the whole table again, and erasing finds
    them ready.
    """

    def __init__(self, table: AppTable | None = None) -> None:
        self.table = table or AppTable()
        self.column: int = AppColumn.KIND
        self.is_descending = False
        self.connection_id: str | None = None
        self._order = RowOrder(self.table, [])
        self._trail: list[Found] = [Found((), [])]
        self._restart()

    @property
    def terms(self) -> tuple[str, ...]:
        return self._trail[-1].terms

    @property
    def places(self) -> list[int]:
        """Where the visible rows are in the order; take it, never change it."""
        return self._trail[-1].places

    @property
    def visible(self) -> list[int]:
        """The visible row ids. It takes milliseconds to make at 100,000 rows: ``row_id`` where a few will do."""
        ids = self._order.ids
        return [ids[at] for at in self.places]

    @property
    def count(self) -> int:
        """Visible rows."""
        return len(self.places)

    @property
    def total(self) -> int:
        """Rows there are before the query, after the connection."""
        return len(self._order.ids)

    @property
    def missing(self) -> int:
        """How many of ``total`` are of apps that are not on the platform."""
        missing = self.table.missing
        return missing.total() if self.connection_id is None else missing[self.connection_id]

    def row_id(self, row: int) -> int:
        """Which row of the table is the visible one at ``row``."""
        return self._order.ids[self.places[row]]

    def row_of(self, row_id: int | None) -> int | None:
        """Where a row of the table is visible; None where it is not."""
        if row_id is None or row_id not in self._order.ids:
            return None
        place, places = self._order.ids.index(row_id), self.places
        at = bisect_left(places, place)
        return at if at < len(places) and places[at] == place else None

    def rows_of(self, row_ids: Collection[int]) -> list[int]:
        """Where these rows of the table are visible, ascending."""
        if len(row_ids) <= 8:
            return sorted(at for each in row_ids if (at := self.row_of(each)) is not None)
        chosen, ids = set(row_ids), self._order.ids
        return [row for row, place in enumerate(self.places) if ids[place] in chosen]

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
        is_other = found.places != self.places
        self.take(found)
        return is_other

    def search(self, query: str) -> Found | None:
        """What a query would show, without showing it; None where it says the same as the one before."""
        terms = words(query)
        if terms == self.terms:
            return None
        wider = next(each for each in reversed(self._trail) if _narrows(each.terms, terms))
        if wider.terms == terms:
            return wider
        if len(wider.places) * 5 < self.total * 4:
            places = self._order.narrowed(wider.places, terms)
        else:
            places = self._order.search(terms)
        return Found(terms, wider.places if len(places) == len(wider.places) else places)

    def take(self, found: Found) -> None:
        while self._trail[1:] and not _narrows(self._trail[-1].terms, found.terms):
            self._trail.pop()
        if found.terms != self.terms:
            self._trail.append(found)

    def prepare(self) -> bool:
        """See :meth:`RowOrder.prepare`."""
        return self._order.prepare()

    def _restart(self) -> None:
        terms, rows, wanted = self.terms, self.table.rows, self.connection_id
        ids = self.table.order(self.column, is_descending=self.is_descending)
        if wanted is not None:
            ids = [at for at in ids if rows[at][0] == wanted]
        self._order = RowOrder(self.table, ids)
        self._trail = [Found((), self._order.places)]
        if terms:
            self._trail.append(Found(terms, self._order.search(terms)))


def _narrows(before: tuple[str, ...], after: tuple[str, ...]) -> bool:
    """True where whatever matches ``after`` also matched ``before``."""
    return all(any(old in new for new in after) for old in before)

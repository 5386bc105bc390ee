"""Searches apps, entities and their parts in small steps, so that no keystroke waits for all of them; no Qt in here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from heapq import nlargest
from itertools import compress, repeat
from operator import contains
from typing import NamedTuple

from app.core.apps import AppSummary
from app.services.search_index import NamePool, SearchIndex
from app.ui.parts.fuzzy import BEGINS, EXACT, WORDS_INSIDE, scatter_test, score

from .palette_query import Dotted, Query, dotted, parsed

MOST_SHOWN = 80
_CHUNK = 1_000
# So many are weighed one by one; of more than that only those that begin with what was typed.
_MOST_WEIGHED = 240
# Of a name that many apps have, so many are shown; "owner.name" finds the others.
_APPS_PER_NAME = 6
_FEW = 20
_MOST_KEPT = 600
_WEIGHED_AT_ONCE = 40


class Found(NamedTuple):
    """``row`` is the app's; ``entity`` and ``part`` its own spelling, "" for the app itself; ``others`` says how many
    more apps have the same."""

    score: int
    row: int
    entity: str = ""
    part: str = ""
    others: int = 0


class PaletteSearch:
    """``start`` begins anew, ``advance`` goes on until it is told to stop; ``found`` is what there is so far."""

    def __init__(self, rows: Sequence[AppSummary] = (), haystack: Sequence[str] = ()) -> None:
        """``haystack`` has "title, owner, ID" of each row, in lower case and a line each."""
        self.rows, self._hay = rows, haystack
        self.index: SearchIndex | None = None
        self.query = parsed("")
        self.is_done = True
        self._best: list[Found] = []
        self._steps: Iterator[None] = iter(())
        # Which rows have the words of a query: as long as one letter follows the other, only these are looked at.
        self._trail: list[tuple[Query, list[int]]] = []
        self._apps_of: dict[str, list[int]] = {}

    def set_index(self, index: SearchIndex) -> None:
        """The names in the schemas of these rows; what is being searched is searched again."""
        if index.rows is self.rows:
            self.index = index
            self.start(self.query)

    def start(self, query: Query) -> None:
        self.query, self.is_done = query, False
        self._best = []
        while self._trail and not query.narrows(self._trail[-1][0]):
            self._trail.pop()
        self._steps = self._search(query) if query.terms else iter(())

    def advance(self, is_time: Callable[[], bool]) -> bool:
        """Search until it is time to stop; True where there is nothing left."""
        for _ in self._steps:
            if is_time():
                return False
        self.is_done = True
        return True

    def found(self) -> list[Found]:
        """The best, best first."""
        return nlargest(MOST_SHOWN, self._best)

    def _add(self, found: Found) -> None:
        self._best.append(found)
        if len(self._best) > _MOST_KEPT:
            self._best = nlargest(MOST_SHOWN * 2, self._best)

    # The order of looking

    def _search(self, query: Query) -> Iterator[None]:
        if query.kind in ("", "app"):
            yield from self._search_apps(query)
        if self.index is not None and query.kind in ("", "entity"):
            yield from self._search_names(self.index, query)
        if query.kind in ("", "app") and len(self._best) < _FEW and len(query.whole) > 1:
            yield from self._search_scattered(query)
        if query.kind == "" and not self._best:
            yield from self._search_before_dot(query)

    # Apps

    def _search_apps(self, query: Query) -> Iterator[None]:
        at: list[int] = []
        known = self._trail[-1][1] if self._trail else None
        weighed = 0
        for places in self._having(query.terms, known):
            at += places
            if weighed > _MOST_WEIGHED:
                places = [row for row in places if self._hay[row].startswith(query.whole)]
            for number, row in enumerate(places[:_MOST_WEIGHED]):
                self._add(Found(self._app_score(row, query.whole, query.terms), row))
                if number % _WEIGHED_AT_ONCE == 0:
                    yield
            weighed += len(places)
            yield
        if not self._trail or self._trail[-1][0] != query:
            self._trail.append((query, at))

    def _having(self, terms: Sequence[str], known: list[int] | None = None) -> Iterator[list[int]]:
        """Chunk by chunk, the rows that have all terms; of the ``known`` ones only."""
        first, *others = sorted(terms, key=len, reverse=True)
        for start in range(0, len(self._hay) if known is None else len(known), _CHUNK):
            if known is None:
                hay = self._hay[start : start + _CHUNK]
                places = list(compress(range(start, start + len(hay)), map(contains, hay, repeat(first))))
            else:
                places = [row for row in known[start : start + _CHUNK] if first in self._hay[row]]
            for term in others:
                places = [row for row in places if term in self._hay[row]]
            yield places

    def _app_score(self, row: int, whole: str, terms: Sequence[str]) -> int:
        hay = self._hay[row]
        title, _, rest = hay.partition("\n")
        owner, _, app_id = rest.rpartition("\n")
        best = max(score(title, whole, terms), score(owner, whole, terms) - 40)
        if whole in app_id:
            best = max(best, EXACT if app_id == whole else BEGINS - 60 if app_id.startswith(whole) else 250)
        return best if best > 0 else WORDS_INSIDE - 60

    def _search_scattered(self, query: Query) -> Iterator[None]:
        """Titles that have the letters in this order."""
        test, had = scatter_test("".join(query.terms)), {each.row for each in self._best if not each.entity}
        for start in range(0, len(self._hay), _CHUNK):
            hay = self._hay[start : start + _CHUNK]
            for row in compress(range(start, start + len(hay)), map(test, hay)):
                title = self._hay[row].partition("\n")[0]
                weight = 0 if row in had else score(title, query.whole, query.terms)
                if weight:
                    self._add(Found(weight, row))
                yield
            yield

    def _search_before_dot(self, query: Query) -> Iterator[None]:
        """The apps that are named before a dot: what they have was never read, or is called something else."""
        for each in dotted(query):
            terms = tuple(each.app.split())
            for places in self._having(terms):
                for row in places[: _FEW - len(self._best)]:
                    self._add(Found(self._app_score(row, each.app, terms) // 2, row))
                yield

    # Entities and parts

    def _search_names(self, index: SearchIndex, query: Query) -> Iterator[None]:
        for each in dotted(query):
            yield from self._search_dotted(index, each)
        for pool, discount in ((index.entities, 10), (index.parts, 60)):
            if pool is index.entities or len(query.whole) > 1:
                yield from self._search_pool(index, pool, query, discount)

    def _search_pool(self, index: SearchIndex, pool: NamePool, query: Query, discount: int) -> Iterator[None]:
        hits: list[int] = []
        for places in _places(pool.texts, query.whole):
            hits += places
            yield
        if not hits and len(query.whole) > 1:
            test = scatter_test("".join(query.terms))
            for start in range(0, len(pool.texts), _CHUNK):
                names = pool.texts[start : start + _CHUNK]
                hits += compress(range(start, start + len(names)), map(test, names))
                yield
        if len(hits) > _MOST_WEIGHED:
            begins = [at for at in hits if pool.texts[at].startswith(query.whole)]
            hits = (begins or hits)[:_MOST_WEIGHED]
        for number, at in enumerate(hits):
            weight = score(pool.texts[at], query.whole, query.terms)
            if weight:
                self._add_name(index, pool.places[at], weight - discount)
            if number % 20 == 0:
                yield

    def _add_name(self, index: SearchIndex, places: Iterable[tuple[int, ...]], weight: int) -> None:
        """Some of the apps that have a name; names of the platform itself come after the others."""
        shown: list[Found] = []
        count = 0
        for place in places:
            entity = index.shapes[place[0]][place[1]]
            part = entity.parts[place[2]] if len(place) > 2 else ""
            rows = index.shape_rows[place[0]]
            count += len(rows)
            less = 80 if entity.is_system else 0
            for row in rows[: _APPS_PER_NAME - len(shown)]:
                shown.append(Found(weight - less, row, entity.name, part))
        for each in shown:
            self._add(each._replace(others=count - len(shown)))

    def _search_dotted(self, index: SearchIndex, wanted: Dotted) -> Iterator[None]:
        shapes: dict[int, list[tuple[int, str, str]]] = {}
        for _ in self._match_shapes(index, wanted, shapes):
            yield
        if not shapes:
            return
        terms = tuple(wanted.app.split())
        apps = self._apps_of.get(wanted.app)
        if apps is None:
            apps = []
            for places in self._having(terms):
                apps += places
                yield
            if len(self._apps_of) > 8:
                self._apps_of.clear()
            self._apps_of[wanted.app] = apps
        count = 0
        for at, row in enumerate(apps):
            for weight, entity, part in shapes.get(index.row_shapes[row], ()):
                ours = self._app_score(row, wanted.app, terms) if count < _MOST_WEIGHED else 0
                self._add(Found((ours + weight) // 2 + 90, row, entity, part))
                count += 1
            if at % _WEIGHED_AT_ONCE == 0:
                yield
            if count > _MOST_WEIGHED * 4:
                return

    @staticmethod
    def _match_shapes(
        index: SearchIndex, wanted: Dotted, shapes: dict[int, list[tuple[int, str, str]]]
    ) -> Iterator[None]:
        """Which shapes have what is wanted, with how well it matches."""
        hits: list[int] = []
        for places in _places(index.entities.texts, wanted.entity):
            hits += places
            yield
        for number, at in enumerate(hits):
            name = index.entities.texts[at]
            weight = score(name, wanted.entity, (wanted.entity,)) if wanted.entity else BEGINS - len(name)
            for shape, entity_at in index.entities.places[at]:
                entity = index.shapes[shape][entity_at]
                less = 80 if entity.is_system and not wanted.entity else 0
                if wanted.part is None:
                    shapes.setdefault(shape, []).append((weight - less, entity.name, ""))
                    continue
                for part in entity.parts:
                    if wanted.part in (low := part.lower()):
                        ours = score(low, wanted.part, (wanted.part,)) if wanted.part else BEGINS - len(low)
                        shapes.setdefault(shape, []).append(((weight + ours) // 2, entity.name, part))
            if number % 20 == 0:
                yield


def _places(texts: Sequence[str], part: str) -> Iterator[list[int]]:
    """Chunk by chunk, where ``part`` is in a text."""
    for start in range(0, len(texts), _CHUNK):
        chunk = texts[start : start + _CHUNK]
        yield list(compress(range(start, start + len(chunk)), map(contains, chunk, repeat(part))))

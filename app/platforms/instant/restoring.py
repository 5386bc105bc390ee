"""Which dropped attributes come back instead of new ones being made, so that their values do too."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from .live import Dropped
from .parts import Name, Origin, Part, PartTable, make_restored


def restore_parts(table: PartTable, dropped: Iterable[Dropped]) -> None:
    """New parts of the table become restored ones where something dropped fits; the ``id`` attributes first, because
    they say whose rows an entity has."""
    shelf, names = _Shelf(dropped), table.final_names()
    new = [part for part in table.all if part.origin is Origin.NEW and not part.is_dropped]
    for part in sorted(new, key=lambda each: not each.is_id):
        found = shelf.take(table, names, part)
        if found is not None:
            make_restored(part, found)


class _Shelf:
    """Dropped attributes by their labels, each taken once."""

    def __init__(self, dropped: Iterable[Dropped]) -> None:
        self._by_labels: dict[tuple[str, str | None], list[Dropped]] = {}
        for each in dropped:
            self._by_labels.setdefault(_labels(each.forward, each.reverse), []).append(each)

    def take(self, table: PartTable, names: Mapping[Name, Part], part: Part) -> Dropped | None:
        """The one with the part's own names before one whose entity had another name then; the latest of those."""
        found = self._by_labels.get(_labels(part.now.forward, part.now.reverse), [])
        fitting = [each for each in found if _fits(table, names, part, each)]
        if not fitting:
            return None
        chosen = max(fitting, key=lambda each: (_has_names(part, each), each.dropped_at))
        found.remove(chosen)
        return chosen


def _labels(forward: Name, reverse: Name | None) -> tuple[str, str | None]:
    return forward[1], reverse[1] if reverse else None


def _has_names(part: Part, dropped: Dropped) -> bool:
    return (dropped.forward, dropped.reverse) == (part.now.forward, part.now.reverse)


def _fits(table: PartTable, names: Mapping[Name, Part], part: Part, dropped: Dropped) -> bool:
    """It must belong to the rows that the entity has in the end, and its old names must be free."""
    if part.is_id:
        return _has_names(part, dropped)
    id_part = table.id_part(part.now.forward[0])
    is_of_rows = id_part is not None and id_part.id == dropped.id_attribute
    if not is_of_rows and not (_has_names(part, dropped) and (id_part is None or not dropped.id_attribute)):
        return False
    old = [dropped.forward, *([dropped.reverse] if dropped.reverse else [])]
    return all(names.get(name) in (None, part) for name in old)

"""References from a store to users and workspaces of the main database that do not exist.

The IDs of the main database are read once, in pages; each table of a store is read in pages by its key and compared
with them here: never a query per row.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from app.core.text import plain
from app.services.main_database import bare
from app.services.store_findings import Dangling

if TYPE_CHECKING:
    from app.platforms.postgres.belonging import TableShape
    from app.platforms.postgres.copying import Bulk, Key
    from app.schema.model import Schema
    from app.services.main_map import MainMap

USER_WORDS = frozenset({"userid", "useruuid", "ownerid", "owneruserid", "authorid", "creatorid", "memberid"})
WORKSPACE_WORDS = frozenset({"workspaceid", "workspaceuuid", "workspace", "tenantid"})
_PAGE = 5_000
# More IDs than this are not held, more rows than this of one table are not read: the notes say so.
MOST_IDS = 2_000_000
MOST_ROWS = 1_000_000
_SAMPLES = 3


@dataclass(frozen=True, slots=True)
class KnownIds:
    """``entity`` is the table of the main database that has them; not ``is_complete`` where there are too many."""

    entity: str
    ids: frozenset[str]
    is_complete: bool = True


async def known_ids(main: Bulk, entity: str, column: str) -> KnownIds | None:
    """All IDs of a table of the main database; None where it is not there."""
    shape = _only((await main.shapes([entity])).get(entity), (column,)) if entity and column else None
    if shape is None:
        return None
    found: set[str] = set()
    after: Key | None = None
    while True:
        page = await main.page(shape, "TRUE", {}, after, _PAGE)
        at = shape.columns.index(column)
        found.update(str(row[at]) for row in page.rows if row[at] is not None)
        after = page.last
        if after is None or len(found) > MOST_IDS:
            return KnownIds(entity, frozenset(found), after is None)


def references_of(schema: Schema, names: MainMap, main: Schema | None = None) -> dict[str, dict[str, str]]:
    """Of each table of a store the columns that hold users or workspaces, with the main database's table of those.

    By the column's name, or because the same column of the main database has a foreign key to them.
    """
    mapped = dict(_linked(main, names)) if main is not None else {}
    found: dict[str, dict[str, str]] = {}
    inner = {(link.forward.entity, here) for link in schema.links for here, _there in link.columns}
    for entity in schema.entities:
        if entity.is_system or entity.name in names.system.values():
            continue
        for each in entity.attributes:
            target = mapped.get((entity.name, each.name)) or _named(bare(each.name), names)
            if target and (entity.name, each.name) not in inner:
                found.setdefault(entity.name, {})[each.name] = target
    return found


def _linked(main: Schema, names: MainMap) -> Iterator[tuple[tuple[str, str], str]]:
    targets = {names.users, names.workspaces} - {""}
    for link in main.links:
        if link.reverse.entity in targets and len(link.columns) == 1:
            yield (link.forward.entity, link.columns[0][0]), link.reverse.entity


def _named(word: str, names: MainMap) -> str:
    return names.users if word in USER_WORDS else names.workspaces if word in WORKSPACE_WORDS else ""


async def dangling(
    store: Bulk,
    columns: Mapping[str, Mapping[str, str]],
    known: Mapping[str, KnownIds],
    on_rows: Callable[[str, int], None],
) -> tuple[tuple[Dangling, ...], tuple[str, ...]]:
    """What of a store leads nowhere, and sentences about what was not looked at. ``on_rows`` hears of each page: the
    table, and how many rows it had."""
    shapes = await store.shapes(list(columns))
    found: list[Dangling] = []
    notes: list[str] = []
    for entity, targets in columns.items():
        asked = {column: known[target] for column, target in targets.items() if target in known}
        asked = {column: ids for column, ids in asked.items() if ids.is_complete}
        shape = _only(shapes.get(entity), tuple(asked))
        if shape is not None and asked:
            missing, is_whole = await _missing(store, shape, asked, on_rows)
            found += _found(store.app_id, entity, asked, missing)
            if not is_whole:
                name, where = plain(entity, 60), plain(store.app_id, 60)
                notes.append(f"Of {name} in {where} only the first {MOST_ROWS:,} rows were read.")
    return tuple(found), tuple(notes)


async def _missing(
    store: Bulk, shape: TableShape, asked: Mapping[str, KnownIds], on_rows: Callable[[str, int], None]
) -> tuple[dict[str, Counter[str]], bool]:
    missing: dict[str, Counter[str]] = {column: Counter() for column in asked}
    places = [(column, shape.columns.index(column), asked[column].ids) for column in asked]
    after: Key | None = None
    read = 0
    while True:
        page = await store.page(shape, "TRUE", {}, after, _PAGE)
        for column, at, ids in places:
            missing[column].update(value for row in page.rows if (value := _text(row[at])) and value not in ids)
        read += len(page.rows)
        on_rows(shape.entity, len(page.rows))
        after = page.last
        if after is None or read >= MOST_ROWS:
            return missing, after is None


def _found(
    app_id: str, entity: str, asked: Mapping[str, KnownIds], missing: Mapping[str, Counter[str]]
) -> Iterator[Dangling]:
    for column, counts in missing.items():
        if counts:
            samples = tuple(each for each, _count in counts.most_common(_SAMPLES))
            yield Dangling(app_id, entity, column, asked[column].entity, counts.total(), len(counts), samples)


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def _only(shape: TableShape | None, columns: tuple[str, ...]) -> TableShape | None:
    """The same table with these columns and its key alone; None where one of them is not there."""
    if shape is None or not set(columns) <= set(shape.columns):
        return None
    kept = [each for each in shape.columns if each in columns or each in shape.key]
    return replace(shape, columns=tuple(kept), types=tuple(shape.type_of(each) for each in kept))

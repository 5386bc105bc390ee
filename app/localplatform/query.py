"""InstaQL queries: decoded JSON in, a tree of entities out.

One query for the IDs of a page, one for the facts of all its entities, two for each level of links: the number of
SQL statements depends on the shape of the query, never on the number of rows.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from app.localplatform import errors, values
from app.localplatform.attr_set import Attr, AttrSet
from app.localplatform.query_forms import Cursor, Form, FormReader, Options
from app.localplatform.query_where import MissingAttribute, Sql, WhereBuilder

Entity = dict[str, Any]
Visible = Callable[[str, Entity], bool]
HiddenFields = Callable[[str, Entity], frozenset[str]]

_CREATED: Final = "serverCreatedAt"
_SMALL_SET: Final = 2000
# What SQLite says to a statement beyond its limits.
_TOO_COMPLEX: Final = ("parser stack overflow", "Expression tree is too large", "too many", "at most")


@dataclass(frozen=True, slots=True)
class QueryResult:
    """``page_info`` and ``aggregate`` are by top-level namespace, in wire form (``start-cursor``…, ``count``).

    ``etypes`` are the namespaces that the answer depends on.
    """

    tree: dict[str, Any]
    page_info: dict[str, dict[str, Any]] = field(default_factory=dict)
    aggregate: dict[str, dict[str, Any]] = field(default_factory=dict)
    etypes: frozenset[str] = frozenset()


def query(
    conn: sqlite3.Connection,
    app_id: str,
    attrs: AttrSet,
    q: dict[str, Any],
    *,
    inference: bool = False,
    visible: Visible | None = None,
    hidden_fields: HiddenFields | None = None,
    is_admin: bool = True,
    file_url: Callable[[str], str] | None = None,
) -> QueryResult:
    """``visible(etype, entity)`` and ``hidden_fields(etype, entity)`` carry the permission rules of the caller.

    ``file_url`` makes the address of a stored file from its location ID. A namespace or attribute that does not
    exist gives an empty list. Raises PlatformError (validation-failed, data-type ``query``).
    """
    run = _Run(conn, app_id, attrs, q, inference, visible, hidden_fields, is_admin, file_url)
    try:
        return run.result()
    except (UnicodeEncodeError, OverflowError):
        message = "The query contains a value that cannot be stored."
        raise errors.validation_failed("query", None, [{"message": message}]) from None
    except (sqlite3.OperationalError, RecursionError) as error:
        if isinstance(error, sqlite3.OperationalError) and not str(error).startswith(_TOO_COMPLEX):
            raise
        message = "The query has too many or too deeply nested conditions."
        raise errors.validation_failed("query", None, [{"message": message}]) from None


@dataclass(frozen=True, slots=True)
class _Row:
    """One entity of a page with what it is ordered by."""

    entity_id: str
    key: values.Key
    text: str
    created_at: int


@dataclass(frozen=True, slots=True)
class _Order:
    attr: Attr
    direction: str
    is_created: bool

    @property
    def column(self) -> str:
        return "o.created_at" if self.is_created else "o.key"

    def position_of(self, row: _Row) -> Any:
        return row.created_at if self.is_created else row.key


@dataclass(slots=True)
class _Run:
    conn: sqlite3.Connection
    app_id: str
    attrs: AttrSet
    root: Any
    inference: bool
    visible: Visible | None
    hidden_fields: HiddenFields | None
    is_admin: bool
    file_url: Callable[[str], str] | None
    etypes: set[str] = field(default_factory=set)

    def result(self) -> QueryResult:
        forms = FormReader(self.attrs, self.root).read()
        tree: dict[str, Any] = {}
        pages: dict[str, dict[str, Any]] = {}
        counts: dict[str, dict[str, Any]] = {}
        for form in forms:
            self._check(form)
            tree[form.key] = self._top(form, pages, counts)
        return QueryResult(tree, pages, counts, frozenset(self.etypes))

    def _error(self, expected: str, path: Sequence[Any], *messages: str) -> errors.PlatformError:
        found = [{"expected": expected, "in": list(path), "message": message} for message in messages]
        return errors.validation_failed("query", self.root, found)

    def _check(self, form: Form) -> None:
        """What is wrong in a form whether or not there are rows: links that are none, aggregates."""
        self.etypes.add(form.etype or form.key)
        if form.options.is_aggregate and not self.is_admin:
            message = "Aggregates are currently only available for admin queries."
            raise self._error("admin?", (*form.path, "$", "aggregate"), message)
        if form.options.is_aggregate and form.children:
            message = "You can not combine aggregates with child queries at this time."
            raise self._error("valid-query?", (*form.path, "$", "aggregate"), message)
        for child in form.children:
            attr = self.attrs.find(form.etype or "", child.key)
            if attr is not None and not attr.is_ref:
                message = f"{form.etype}.{child.key} needs to be a link"
                raise errors.validation_failed("attr", attr.to_wire(), [{"message": message}])
            self._check(child)

    # -- top level

    def _top(self, form: Form, pages: dict[str, dict[str, Any]], counts: dict[str, dict[str, Any]]) -> list[Any]:
        etype = form.key
        try:
            matching = self._matching(form, etype)
            if self.attrs.find(etype, "id") is None:
                raise MissingAttribute
        except MissingAttribute:
            if form.options.is_aggregate:
                counts[form.key] = {"count": 0}
            return []
        order = self._order(form, etype)
        if form.options.is_aggregate:
            counts[form.key] = {"count": self._count(etype, matching)}
            return []
        page = _Page(self, form.options, order, *self._narrowed(matching))
        rows = page.rows()
        if form.options.is_paged:
            pages[form.key] = page.info(rows)
        return self._entities(form, etype, [row.entity_id for row in rows])

    def _matching(self, form: Form, etype: str) -> Sql | None:
        builder = WhereBuilder(self.app_id, self.attrs, self.root)
        try:
            return builder.matching(etype, form.options.where, form.path)
        finally:
            self.etypes |= builder.etypes

    def _narrowed(self, matching: Sql | None) -> tuple[Sql | None, bool]:
        """A small set becomes a list of IDs, so that the page is read by entity; True in that case.

        SQLite alone reads the whole namespace and tests each entity, however few match.
        """
        if matching is None:
            return None, False
        # No DISTINCT: it would make SQLite walk an index that is in the order of entities.
        sql = f"SELECT e FROM ({matching.text}) LIMIT {_SMALL_SET + 1}"
        ids = [row[0] for row in self.conn.execute(sql, matching.parameters)]
        if len(ids) > _SMALL_SET:
            return matching, False
        return Sql("SELECT value FROM json_each(?)", (json.dumps(ids),)), True

    def _count(self, etype: str, matching: Sql | None) -> int:
        id_attr = self.attrs.find(etype, "id")
        assert id_attr is not None
        text = "SELECT count(*) FROM triples WHERE app_id = ? AND attr_id = ? AND is_id = 1"
        parameters: tuple[Any, ...] = (self.app_id, id_attr.id)
        if matching is not None:
            text += f" AND entity_id IN ({matching.text})"
            parameters += matching.parameters
        return int(self.conn.execute(text, parameters).fetchone()[0])

    def _order(self, form: Form, etype: str) -> _Order:
        label, direction = form.options.order or (_CREATED, "asc")
        is_created = label == _CREATED
        attr = self.attrs.find(etype, "id" if is_created else label)
        path = (*form.path, "$", "order")
        if attr is None:
            raise self._error("supported-order?", path, f"There is no `{label}` attribute for {etype}.")
        problems = [] if is_created else _order_problems(attr)
        if problems:
            raise self._error("supported-order?", path, *problems)
        for name, cursor in (("before", form.options.before), ("after", form.options.after)):
            if cursor is not None and (cursor.attr_id != attr.id or (is_created and cursor.created_at is None)):
                message = f"Invalid {name} cursor. {self._wrong_cursor(attr, cursor)}"
                raise self._error("valid-cursor?", (*form.path, "$", name), message)
        return _Order(attr, direction, is_created)

    def _wrong_cursor(self, attr: Attr, cursor: Cursor) -> str:
        found = self.attrs.by_id.get(cursor.attr_id)
        wanted = _order_label(attr)
        start = f"The query orders by `{wanted}`, but the query that returned the cursor orders by"
        return f"{start} a missing attribute." if found is None else f"{start} `{_order_label(found)}`."

    # -- entities

    def _entities(self, form: Form, etype: str, ids: list[str]) -> list[Entity]:
        """In the order of ``ids``; those that the caller may not see are left out."""
        loaded = self._load(etype, ids, form.options.fields)
        shown = [eid for eid in ids if eid in loaded]
        for child in form.children:
            linked = self._children(child, etype, shown)
            for eid in shown:
                loaded[eid][child.key] = linked[eid]
        return [loaded[eid] for eid in shown]

    def _load(self, etype: str, ids: Sequence[str], fields: tuple[str, ...] | None) -> dict[str, Entity]:
        labels = {attr.id: attr.label for attr in self.attrs.of_etype(etype) if attr.is_one}
        id_attr = self.attrs.find(etype, "id")
        entities: dict[str, Entity] = {}
        sql = """SELECT entity_id, attr_id, value FROM triples
                 WHERE app_id = ? AND entity_id IN (SELECT value FROM json_each(?))"""
        facts = self.conn.execute(sql, (self.app_id, json.dumps(list(dict.fromkeys(ids)))))
        rows = [row for row in facts if row[1] in labels]
        # Decoding one long text takes a quarter of the time of decoding each value by itself.
        decoded = json.loads(f"[{','.join([row[2] for row in rows])}]")
        for (eid, attr_id, _), value in zip(rows, decoded, strict=True):
            entities.setdefault(eid, {})[labels[attr_id]] = value
        known = {eid: entity for eid, entity in entities.items() if id_attr is not None and "id" in entity}
        return {
            e: self._trimmed(etype, entity, fields) for e, entity in known.items() if self._is_visible(etype, entity)
        }

    def _is_visible(self, etype: str, entity: Entity) -> bool:
        return self.visible is None or self.visible(etype, entity)

    def _trimmed(self, etype: str, entity: Entity, fields: tuple[str, ...] | None) -> Entity:
        hidden = self.hidden_fields(etype, entity) if self.hidden_fields else frozenset()
        if etype == "$files" and self.file_url is not None and entity.get("location-id"):
            entity = {**entity, "url": self.file_url(entity["location-id"])}
        return {
            label: value
            for label, value in entity.items()
            if label == "id" or (label not in hidden and (fields is None or label in fields))
        }

    # -- links

    def _children(self, form: Form, etype: str, parents: list[str]) -> dict[str, Any]:
        forward = self.attrs.find(etype, form.key)
        attr = forward or self.attrs.find_reverse(etype, form.key)
        is_single = self.inference and attr is not None and (attr.is_one if forward else attr.is_unique)
        lists: dict[str, list[Entity]] = {eid: [] for eid in parents}
        if attr is not None and form.etype is not None and parents:
            pairs = self._links(attr, forward is not None, parents)
            self._fill(form, form.etype, pairs, lists)
        if is_single:
            return {eid: entities[0] if entities else None for eid, entities in lists.items()}
        return dict(lists)

    def _links(self, attr: Attr, is_forward: bool, parents: list[str]) -> list[tuple[str, str]]:
        """(parent, child) pairs."""
        ids = json.dumps(parents)
        if is_forward:
            sql = """SELECT entity_id, substr(key, 2) FROM triples INDEXED BY triples_by_entity
                     WHERE app_id = ? AND attr_id = ? AND key IS NOT NULL
                     AND entity_id IN (SELECT value FROM json_each(?))"""
        else:
            sql = """SELECT substr(key, 2), entity_id FROM triples WHERE app_id = ? AND attr_id = ?
                     AND key IN (SELECT 's' || value FROM json_each(?))"""
        return self.conn.execute(sql, (self.app_id, attr.id, ids)).fetchall()

    def _fill(self, form: Form, etype: str, pairs: list[tuple[str, str]], lists: dict[str, list[Entity]]) -> None:
        targets = self._targets(form, etype, {child for _, child in pairs})
        entities = {entity["id"]: entity for entity in self._entities(form, etype, targets)}
        rank = {eid: position for position, eid in enumerate(targets)}
        for parent, child in sorted(pairs, key=lambda pair: rank.get(pair[1], -1)):
            if child in entities:
                # A copy each: the same entity may hang under several parents.
                lists[parent].append(dict(entities[child]))

    def _targets(self, form: Form, etype: str, ids: Iterable[str]) -> list[str]:
        """Those of ``ids`` that meet the conditions, in the form's order."""
        id_attr = self.attrs.find(etype, "id")
        try:
            matching = self._matching(form, etype)
        except MissingAttribute:
            return []
        if id_attr is None:
            return []
        label, direction = form.options.order or (_CREATED, "asc")
        order_attr = None if label == _CREATED else self.attrs.find(etype, label)
        sql = f"""SELECT t.entity_id FROM triples t INDEXED BY triples_by_entity
            LEFT JOIN triples o ON o.app_id = t.app_id AND o.entity_id = t.entity_id AND o.attr_id = ?
            WHERE t.app_id = ? AND t.attr_id = ? AND t.entity_id IN (SELECT value FROM json_each(?))
            {f"AND t.entity_id IN ({matching.text})" if matching else ""}
            ORDER BY {"o.key" if label != _CREATED else "t.created_at"} {direction}, t.entity_id {direction}"""
        order_id = order_attr.id if order_attr else id_attr.id
        parameters = (
            order_id,
            self.app_id,
            id_attr.id,
            json.dumps(list(ids)),
            *(matching.parameters if matching else ()),
        )
        return [row[0] for row in self.conn.execute(sql, parameters)]


def _order_label(attr: Attr) -> str:
    return _CREATED if attr.label == "id" else attr.label


def _order_problems(attr: Attr) -> list[str]:
    name = f"The `{attr.etype}.{attr.label}` attribute"
    problems = []
    if attr.is_checking_data_type:
        problems.append(
            f"{name} is still in the process of validating its type. It must finish before ordering by the attribute."
        )
    if attr.is_indexing:
        problems.append(f"{name} is still in the process of indexing. It must finish before ordering by the attribute.")
    if not attr.is_indexed:
        problems.append(f"{name} is not indexed. Only indexed and typed attributes can be used to order by.")
    if attr.checked_data_type is None:
        problems.append(f"{name} is not typed. Only typed and indexed attributes can be used to order by.")
    if not attr.is_one:
        problems.append(
            f"{name} has cardinality `{attr.cardinality}`. "
            "Only attributes with cardinality `one` can be used to order by."
        )
    return problems


class _Page:
    """The window of rows that limit, offset and cursors ask for."""

    def __init__(self, run: _Run, options: Options, order: _Order, matching: Sql | None, is_small: bool) -> None:
        self._run = run
        self._options = options
        self._order = order
        self._matching = matching
        self._index = " INDEXED BY triples_by_entity" if is_small else ""
        self._has_more = False

    def rows(self) -> list[_Row]:
        options = self._options
        tests = []
        if options.after is not None:
            tests.append(self._beyond(options.after, is_after=True, inclusive=options.after_inclusive))
        if options.before is not None:
            tests.append(self._beyond(options.before, is_after=False, inclusive=options.before_inclusive))
        limit = None if options.limit is None else options.limit + 1
        found = self._select(tests, limit, options.offset, is_reversed=options.is_last)
        if options.limit is not None and len(found) > options.limit:
            self._has_more = True
            found = found[: options.limit]
        return found[::-1] if options.is_last else found

    def info(self, rows: list[_Row]) -> dict[str, Any]:
        return {
            "start-cursor": self._cursor(rows[0]) if rows else None,
            "end-cursor": self._cursor(rows[-1]) if rows else None,
            "has-next-page?": self._has_next(rows),
            "has-previous-page?": self._has_previous(rows),
        }

    def _cursor(self, row: _Row) -> list[Any]:
        return [row.entity_id, self._order.attr.id, json.loads(row.text), row.created_at]

    def _has_next(self, rows: list[_Row]) -> bool:
        options = self._options
        if not options.limit and not options.before:
            return False
        if options.limit and not options.before and not options.is_last:
            return self._has_more
        return bool(rows) and self._exists(rows[-1], is_after=True)

    def _has_previous(self, rows: list[_Row]) -> bool:
        options = self._options
        if not options.after and not options.offset and not options.is_last:
            return False
        if not rows:
            return bool(options.offset or options.after)
        if options.is_last and options.limit and not options.after:
            return self._has_more
        return self._exists(rows[0], is_after=False)

    def _exists(self, row: _Row, *, is_after: bool) -> bool:
        test = self._comparison(self._order.position_of(row), row.entity_id, is_after=is_after, inclusive=False)
        return bool(self._select([test], 1, 0))

    def _beyond(self, cursor: Cursor, *, is_after: bool, inclusive: bool) -> Sql:
        if self._order.is_created:
            position: values.Key = cursor.created_at
        else:
            try:
                position = values.key_of(cursor.value, self._order.attr.checked_data_type)
            except ValueError:
                message = f"Invalid cursor. `{values.dumps(cursor.value)}` is not a date."
                raise errors.validation_failed("query", self._run.root, [{"message": message}]) from None
        return self._comparison(position, cursor.entity_id, is_after=is_after, inclusive=inclusive)

    def _comparison(self, position: values.Key, entity_id: str, *, is_after: bool, inclusive: bool) -> Sql:
        """Rows on one side of a position; nulls come before everything else."""
        column = self._order.column
        sign = ">" if is_after == (self._order.direction == "asc") else "<"
        tie = f"({column} IS ? AND o.entity_id {sign}{'=' if inclusive else ''} ?)"
        if position is None:
            beyond = f"{column} IS NOT NULL" if sign == ">" else "0"
            return Sql(f"({beyond} OR {tie})", (None, entity_id))
        nulls = f" OR {column} IS NULL" if sign == "<" else ""
        return Sql(f"({column} {sign} ?{nulls} OR {tie})", (position, position, entity_id))

    def _select(self, tests: list[Sql], limit: int | None, offset: int, *, is_reversed: bool = False) -> list[_Row]:
        order, run = self._order, self._run
        parts = [Sql("o.app_id = ? AND o.attr_id = ?", (run.app_id, order.attr.id))]
        if order.is_created:
            parts.append(Sql("o.is_id = 1"))  # what the index by age is for
        if self._matching is not None:
            parts.append(Sql(f"o.entity_id IN ({self._matching.text})", self._matching.parameters))
        parts.extend(tests)
        is_descending = (order.direction == "desc") != is_reversed
        direction = "DESC" if is_descending else "ASC"
        sql = (
            f"SELECT o.entity_id, o.key, o.value, o.created_at FROM triples o{self._index} WHERE "
            + " AND ".join(part.text for part in parts)
            + f" ORDER BY {order.column} {direction}, o.entity_id {direction} LIMIT ? OFFSET ?"
        )
        parameters = [p for part in parts for p in part.parameters]
        found = run.conn.execute(sql, (*parameters, -1 if limit is None else limit, offset))
        return [_Row(*row) for row in found]

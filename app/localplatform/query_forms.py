"""The shape of a query: InstaQL as JSON, checked and made into :class:`Form` values.

Follows ``coerce-forms!`` of ``db/instaql.clj`` in the reference server, its messages included.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from app.localplatform import errors, values
from app.localplatform.attr_set import AttrSet

Path = tuple[str, ...]

OPERATORS: Final = ("$in", "$not", "$isNull", "$gt", "$gte", "$lt", "$lte", "$like", "$ilike")
ENTITY_ID_PREFIX: Final = "$entityIdStartsWith"


@dataclass(frozen=True, slots=True)
class Condition:
    """One test at the end of a path of links; ``operator`` is ``=`` or one of :data:`OPERATORS`."""

    path: Path
    operator: str
    value: Any


@dataclass(frozen=True, slots=True)
class Group:
    """``kind`` is ``or`` or ``and``; each member has links of its own, also where paths are equal."""

    kind: str
    members: tuple[Condition | Group, ...]


Where = tuple[Condition | Group, ...]


@dataclass(frozen=True, slots=True)
class Cursor:
    """``created_at`` is milliseconds since the epoch, None where the cursor has none."""

    entity_id: str
    attr_id: str
    value: Any
    created_at: int | None


@dataclass(frozen=True, slots=True)
class Options:
    where: Where = ()
    order: tuple[str, str] | None = None  # field, asc | desc
    limit: int | None = None  # of limit, first or last
    is_last: bool = False
    offset: int = 0
    after: Cursor | None = None
    before: Cursor | None = None
    after_inclusive: bool = False
    before_inclusive: bool = False
    is_aggregate: bool = False
    fields: tuple[str, ...] | None = None

    @property
    def is_paged(self) -> bool:
        return bool(self.limit or self.offset or self.after or self.before or self.order)


@dataclass(frozen=True, slots=True)
class Form:
    """``key`` is the name in the query: a namespace at the top, a link's label below; ``etype`` None: no such link."""

    key: str
    etype: str | None
    level: int
    options: Options
    children: tuple[Form, ...]
    path: tuple[str, ...]  # where in the query, for messages


class FormReader:
    """Reads one query; ``root`` goes into the errors."""

    def __init__(self, attrs: AttrSet, root: Any) -> None:
        self._attrs = attrs
        self._root = root

    def error(self, expected: str, path: Sequence[Any], message: str | None = None) -> errors.PlatformError:
        error: dict[str, Any] = {"expected": expected, "in": list(path)}
        if message is not None:
            error["message"] = message
        return errors.validation_failed("query", self._root, [error])

    def read(self) -> tuple[Form, ...]:
        query = self._root
        if isinstance(query, dict):
            query = {name: value for name, value in query.items() if name != "$$ruleParams"}
        return self._forms(query, (), None, 0)

    def _map(self, value: Any, path: Path) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise self.error("map?", path)
        return value

    def _forms(self, query: Any, path: Path, parent: str | None, level: int) -> tuple[Form, ...]:
        return tuple(self._form(key, body, (*path, key), parent, level) for key, body in self._map(query, path).items())

    def _form(self, key: str, body: Any, path: Path, parent: str | None, level: int) -> Form:
        etype = key if level == 0 else link_etype(self._attrs, parent, key)
        body = self._map(body, path)
        options = self._options(body.get("$", {}), (*path, "$"), level)
        children = {name: value for name, value in body.items() if name != "$"}
        return Form(key, etype, level, options, self._forms(children, path, etype, level + 1), path)

    def _options(self, raw: Any, path: Path, level: int) -> Options:
        raw = self._map(raw if raw is not None else {}, path)
        unknown = set(raw) - _OPTION_NAMES
        where = tuple(self._where(raw.get("where"), (*path, "where")))
        order = self._order(raw.get("order"), (*path, "order"))
        limits = {name: self._whole(raw, name, path, 1) for name in ("limit", "first", "last")}
        offset = self._whole(raw, "offset", path, 0)
        after, before = (self._cursor(raw.get(name), (*path, name)) for name in ("after", "before"))
        inclusive = [self._flag(raw, name, path) for name in ("afterInclusive", "beforeInclusive")]
        is_aggregate = self._aggregate(raw.get("aggregate"), path)
        fields = self._fields(raw.get("fields"), path)
        if unknown:
            message = "We only support `where`, `order`, `limit`, `offset`, `before`, and `after` clauses."
            raise self.error("supported-options?", path, message)
        if level > 0 and (raw.get("offset") is not None or after or before):
            message = (
                "We currently only support `offset`, `before`, and `after` clauses on the top-level field. "
                "Limit fields will be ignored"
            )
            raise self.error("supported-options?", path, message)
        given = [name for name, value in limits.items() if value is not None]
        if len(given) > 1:
            names = " or ".join(f"`{name}`" for name in given)
            raise self.error("supported-options?", path, f"Only provide one of {names}.")
        return Options(
            where,
            order,
            limits[given[0]] if given else None,
            given == ["last"],
            offset or 0,
            after,
            before,
            inclusive[0],
            inclusive[1],
            is_aggregate,
            fields,
        )

    def _whole(self, raw: dict[str, Any], name: str, path: Path, least: int) -> int | None:
        value = raw.get(name)
        if value is None or value is False:
            return None
        if isinstance(value, int) and not isinstance(value, bool) and value >= least:
            return value
        kind = "positive" if least else "non-negative"
        message = f"The {name} field must be a {kind} integer. Got {values.dumps(value)}."
        raise self.error("supported-options?", (*path, name), message)

    def _flag(self, raw: dict[str, Any], name: str, path: Path) -> bool:
        value = raw.get(name)
        if value is None:
            return False
        if not isinstance(value, bool):
            raise self.error("boolean?", (*path, name))
        return value

    def _aggregate(self, value: Any, path: Path) -> bool:
        if value is None or value is False:
            return False
        if value != "count":
            message = f'The aggregate field only accepts "count", got {values.dumps(value)}.'
            raise self.error("supported-options?", (*path, "aggregate"), message)
        return True

    def _fields(self, value: Any, path: Path) -> tuple[str, ...] | None:
        if value is None or value is False:
            return None
        if not isinstance(value, list):
            message = "The `fields` property should be an array of field names."
            raise self.error("array?", (*path, "fields"), message)
        return tuple(str(name) for name in value)

    def _order(self, value: Any, path: Path) -> tuple[str, str] | None:
        if value is None:
            return None
        order = self._map(value, path)
        if len(order) > 1:
            message = f"We only support a single key in the `order` clause. Got {','.join(order)}."
            raise self.error("single-key?", path, message)
        for field, direction in order.items():
            if direction not in ("asc", "desc"):
                got = values.dumps(direction)
                message = f'We only support "asc" or "desc" in the `order` clause. Got {got}.'
                raise self.error("valid-direction?", (*path, field), message)
            return field, direction
        return None

    def _cursor(self, value: Any, path: Path) -> Cursor | None:
        if value is None or value is False:
            return None
        got = values.dumps(value)
        if not isinstance(value, list):
            raise self.error("join-row?", path, f"Expected a join row for the cursor, got {got}.")
        if len(value) not in (3, 4):
            raise self.error("join-row?", path, f"Expected a join row with 4 items for the cursor, got {got}.")
        entity_id, attr_id = values.as_uuid(value[0]), values.as_uuid(value[1])
        if attr_id is None:
            message = (
                f"Expected a join row with a uuid attribute id in the second position, got {values.dumps(value[1])}."
            )
            raise self.error("join-row?", path, message)
        created_at = value[3] if len(value) == 4 else None
        if created_at is not None and (isinstance(created_at, bool) or not isinstance(created_at, int)):
            message = (
                f"Expected a join row with an integer created_at in the last position, got {values.dumps(created_at)}."
            )
            raise self.error("join-row?", path, message)
        if entity_id is None:
            raise self.error("uuid?", path, f"Expected a join row with an entity id, got {values.dumps(value[0])}.")
        return Cursor(entity_id, attr_id, value[2], created_at)

    # -- where

    def _where(self, value: Any, path: Path) -> list[Condition | Group]:
        if value is None:
            return []
        return [c for name, test in self._map(value, path).items() for c in self._coerce(name, test, path)]

    def _coerce(self, name: str, test: Any, path: Path) -> list[Condition | Group]:
        if name in ("or", "and") and isinstance(test, list):
            return self._group(name, test, path)
        return self._test(tuple(name.split(".")), test, (*path, name))

    def _group(self, kind: str, tests: list[Any], path: Path) -> list[Condition | Group]:
        if not tests:
            message = f"The list of `{kind}` conditions can't be empty."
            raise self.error("non-empty-list?", (*path, kind), message)
        members: list[Condition | Group] = []
        for test in tests:
            conditions = self._where(self._map(test, (*path, kind)), (*path, kind))
            members.extend(conditions if kind == "and" else _joined("and", conditions))
        return _joined(kind, members)

    def _test(self, path: Path, test: Any, where: Path) -> list[Condition | Group]:
        if not isinstance(test, dict):
            if not _is_where_value(test):
                raise self._bad_where(where)
            return [Condition(path, "=", test)]
        known = {"in", "$ne", ENTITY_ID_PREFIX, *OPERATORS}
        if not test or not set(test) <= known:
            raise self._bad_where(where)
        name = next((n for n in ("$not", "$ne") if n in test), next(iter(test)))
        operator = {"in": "$in", "$ne": "$not"}.get(name, name)
        if not _OPERANDS[operator](test[name]):
            raise self._bad_where((*where, name))
        if operator == "$not":
            nulls = [Condition(p, "$isNull", True) for p in _grown(path)]
            return [Group("or", (Condition(path, "$not", test[name]), *nulls))]
        if operator == "$isNull" and test[name]:
            return _joined("or", [Condition(p, "$isNull", True) for p in _grown(path)])
        return [Condition(path, operator, test[name])]

    def _bad_where(self, path: Path) -> errors.PlatformError:
        return errors.validation_failed("coerced-query", self._root, [{"expected": "where-v", "in": list(path)}])


_OPTION_NAMES: Final = frozenset(
    {
        "where",
        "order",
        "limit",
        "first",
        "last",
        "offset",
        "before",
        "after",
        "beforeInclusive",
        "afterInclusive",
        "aggregate",
        "fields",
    }
)


def _is_where_value(value: Any) -> bool:
    return isinstance(value, str | int | float | bool)


def _is_list(value: Any) -> bool:
    return isinstance(value, list) and all(item is None or _is_where_value(item) for item in value)


_OPERANDS: Final[dict[str, Callable[[Any], bool]]] = {
    "$in": _is_list,
    "$isNull": lambda value: isinstance(value, bool),
    ENTITY_ID_PREFIX: lambda value: isinstance(value, str),
    **dict.fromkeys(("$not", "$gt", "$gte", "$lt", "$lte", "$like", "$ilike"), _is_where_value),
}


def _joined(kind: str, members: list[Condition | Group]) -> list[Condition | Group]:
    """A group without needless nesting: groups of the same kind melt together, one alone stands for itself."""
    flat: list[Condition | Group] = []
    for member in members:
        flat.extend(member.members if isinstance(member, Group) and member.kind == kind else [member])
    return flat if len(flat) <= 1 else [Group(kind, tuple(flat))]


def _grown(path: Path) -> list[Path]:
    return [path[: length + 1] for length in range(len(path))]


def link_etype(attrs: AttrSet, etype: str | None, label: str) -> str | None:
    """The namespace at the other end of a link, from either side."""
    if etype is None:
        return None
    forward = attrs.find(etype, label)
    if forward is not None and forward.reverse_identity is not None:
        return forward.reverse_identity.etype
    reverse = attrs.find_reverse(etype, label)
    return reverse.etype if reverse is not None else None

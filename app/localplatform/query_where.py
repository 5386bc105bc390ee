"""Conditions as SQL: every condition is a SELECT of the entity IDs (column ``e``) that meet it.

Sets are combined with IN and UNION, so that SQLite can start from whichever index is selective; nothing is
evaluated row by row in Python.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from app.localplatform import errors, values
from app.localplatform.attr_set import Attr, AttrSet
from app.localplatform.query_forms import ENTITY_ID_PREFIX, Condition, Group

# A list travels as one parameter, however long it is.
_ANY_OF: Final = "(SELECT value FROM json_each(?))"
_MAX_UNION: Final = 400
_COMPARATORS: Final = {"$gt": ">", "$gte": ">=", "$lt": "<", "$lte": "<="}


class MissingAttribute(Exception):
    """The condition names an attribute that does not exist: the answer is empty."""


@dataclass(frozen=True, slots=True)
class Sql:
    text: str
    parameters: tuple[Any, ...] = ()


def _in(column: str, part: Sql, *, negated: bool = False) -> Sql:
    return Sql(f"{column} {'NOT ' if negated else ''}IN ({part.text})", part.parameters)


def _all_of(parts: Sequence[Sql], glue: str) -> Sql:
    return Sql(glue.join(part.text for part in parts), tuple(p for part in parts for p in part.parameters))


class WhereBuilder:
    """For one query; collects the namespaces that conditions look at in ``etypes``."""

    def __init__(self, app_id: str, attrs: AttrSet, root: Any) -> None:
        self._app_id = app_id
        self._attrs = attrs
        self._root = root
        self.etypes: set[str] = set()

    def matching(self, etype: str, where: Iterable[Condition | Group], path: tuple[str, ...]) -> Sql | None:
        """The IDs that meet all conditions; None where there is no condition. Raises MissingAttribute."""
        members = tuple(where)
        return self._conjunction(etype, members, path) if members else None

    # -- combining

    def _conjunction(self, etype: str, members: Sequence[Condition | Group], path: tuple[str, ...]) -> Sql:
        """Conditions below the same link must be met by the same linked entity."""
        self.etypes.add(etype)
        sets: list[Sql] = []
        below: dict[str, list[Condition | Group]] = {}
        for member in members:
            if isinstance(member, Group):
                sets.append(self._group(etype, member, path))
            elif len(member.path) > 1:
                rest = Condition(member.path[1:], member.operator, member.value)
                below.setdefault(member.path[0], []).append(rest)
            else:
                sets.append(self._leaf(etype, member, path))
        for label, conditions in below.items():
            sets.append(self._through_link(etype, label, conditions, path))
        return _intersection(sets)

    def _group(self, etype: str, group: Group, path: tuple[str, ...]) -> Sql:
        members = _gathered(group.members) if group.kind == "or" else group.members
        sets = [self._conjunction(etype, (member,), path) for member in members]
        return _union(sets) if group.kind == "or" else _intersection(sets)

    def _through_link(self, etype: str, label: str, conditions: list[Condition | Group], path: tuple[str, ...]) -> Sql:
        attr, is_forward = self._link(etype, label)
        other = (attr.reverse_etype or "") if is_forward else attr.etype
        return self._linked(attr, is_forward, self._conjunction(other, conditions, path))

    def _link(self, etype: str, label: str) -> tuple[Attr, bool]:
        attr, is_forward = self._find(etype, label)
        if not attr.is_ref:
            message = f"{etype}.{label} needs to be a link"
            raise errors.validation_failed("attr", attr.to_wire(), [{"message": message}])
        return attr, is_forward

    def _find(self, etype: str, label: str) -> tuple[Attr, bool]:
        forward = self._attrs.find(etype, label)
        attr = forward or self._attrs.find_reverse(etype, label)
        if attr is None:
            raise MissingAttribute
        return attr, forward is not None

    def _linked(self, attr: Attr, is_forward: bool, targets: Sql) -> Sql:
        """The entities on this side whose link leads into ``targets``."""
        if is_forward:
            keys = f"SELECT 's' || e FROM ({targets.text})"
            text = f"SELECT entity_id AS e FROM triples WHERE app_id = ? AND attr_id = ? AND key IN ({keys})"
        else:
            text = (
                "SELECT substr(key, 2) AS e FROM triples WHERE app_id = ? AND attr_id = ? "
                f"AND entity_id IN (SELECT e FROM ({targets.text}))"
            )
        return Sql(text, (self._app_id, attr.id, *targets.parameters))

    # -- one condition

    def _leaf(self, etype: str, condition: Condition, path: tuple[str, ...]) -> Sql:
        label = condition.path[0]
        if label == ENTITY_ID_PREFIX:
            return self._id_prefix(etype, condition.value)
        attr, is_forward = self._find(etype, label)
        where = (*path, "$", "where", label)
        if condition.operator == "$isNull":
            return self._null(etype, attr, is_forward, bool(condition.value))
        if attr.is_ref:
            return self._link_test(attr, is_forward, condition, label, where)
        return self._value_test(attr, condition, where)

    def _ids(self, etype: str) -> Sql:
        id_attr = self._attrs.find(etype, "id")
        if id_attr is None:
            raise MissingAttribute
        return self._facts(id_attr, "is_id = 1")

    def _facts(self, attr: Attr, test: str, *parameters: Any, column: str = "entity_id") -> Sql:
        text = f"SELECT {column} AS e FROM triples WHERE app_id = ? AND attr_id = ? AND {test}"
        return Sql(text, (self._app_id, attr.id, *parameters))

    def _id_prefix(self, etype: str, value: Any) -> Sql:
        prefix = str(value).lower()
        ids = self._ids(etype)
        # '~' sorts after every character of a UUID.
        text = f"{ids.text} AND entity_id >= ? AND entity_id < ?"
        return Sql(text, (*ids.parameters, prefix, prefix + "~"))

    def _null(self, etype: str, attr: Attr, is_forward: bool, is_null: bool) -> Sql:
        ids = self._ids(etype)
        column = "entity_id" if is_forward else "substr(key, 2)"
        present = self._facts(attr, "key IS NOT NULL", column=column)
        test = _in("entity_id", present, negated=is_null)
        return Sql(f"{ids.text} AND {test.text}", (*ids.parameters, *test.parameters))

    def _link_test(self, attr: Attr, is_forward: bool, condition: Condition, label: str, path: tuple[str, ...]) -> Sql:
        if condition.operator == "$in":
            ids = [self._uuid_in(item, condition.value, label, path) for item in condition.value]
            return self._link_facts(attr, is_forward, "IN", ids)
        if condition.operator not in ("=", "$not"):
            raise self._not_a_uuid({condition.operator: condition.value}, label, path)
        plain = values.as_uuid(condition.value)
        if plain is None:
            shown = condition.value if condition.operator == "=" else {"$not": condition.value}
            raise self._not_a_uuid(shown, label, path)
        return self._link_facts(attr, is_forward, "=" if condition.operator == "=" else "<>", [plain])

    def _link_facts(self, attr: Attr, is_forward: bool, test: str, ids: list[str]) -> Sql:
        column, keys = ("key", ["s" + i for i in ids]) if is_forward else ("entity_id", ids)
        operand = _ANY_OF if test == "IN" else "?"
        parameter = json.dumps(keys) if test == "IN" else keys[0]
        shown = "entity_id" if is_forward else "substr(key, 2)"
        return self._facts(attr, f"{column} {test} {operand}", parameter, column=shown)

    def _uuid_in(self, item: Any, everything: Any, label: str, path: tuple[str, ...]) -> str:
        plain = values.as_uuid(item)
        if plain is None:
            found, all_text = values.dumps(item), values.dumps(everything)
            message = f"Expected {label} to match on a uuid, found {found} in {all_text}"
            raise self._error("uuid?", path, message)
        return plain

    def _not_a_uuid(self, value: Any, label: str, path: tuple[str, ...]) -> errors.PlatformError:
        return self._error("uuid?", path, f"Expected {label} to be a uuid, got {values.dumps(value)}")

    def _value_test(self, attr: Attr, condition: Condition, path: tuple[str, ...]) -> Sql:
        operator, value = condition.operator, condition.value
        if operator in _COMPARATORS:
            key = self._comparison_key(attr, operator, value, path)
            return self._facts(attr, f"key {_COMPARATORS[operator]} ?", key)
        if operator in ("$like", "$ilike"):
            return self._pattern(attr, operator, value, path)
        if operator == "$in":
            return self._one_of(attr, value, path)
        key = self._equality_key(attr, value, path)
        return self._facts(attr, "key = ?" if operator == "=" else "key <> ?", key)

    def _one_of(self, attr: Attr, wanted: list[Any], path: tuple[str, ...]) -> Sql:
        keys = [self._equality_key(attr, item, path) for item in wanted if item is not None]
        test, parameter = f"key IN {_ANY_OF}", json.dumps(keys)
        if None in wanted:
            if not attr.is_indexed or attr.is_indexing:
                name = f"{attr.etype}.{attr.label}"
                message = f"Only indexed attrs can check for `nil` in `$in`. {name} is not indexed."
                raise self._error("indexed?", (*path[:-1], "$in"), message)
            return _union([self._facts(attr, test, parameter), self._null(attr.etype, attr, True, True)])
        return self._facts(attr, test, parameter)

    def _pattern(self, attr: Attr, operator: str, value: Any, path: tuple[str, ...]) -> Sql:
        self._check_comparable(attr, path)
        if not isinstance(value, str):
            message = (
                f"The $like value for `{attr.etype}.{attr.label}` must be a string, but the query got the value "
                f"`{values.dumps(value)}` of type `{values.json_type(value)}`."
            )
            raise self._error("string?", (*path, operator), message)
        if attr.checked_data_type != "string":
            raise self._wrong_type(attr, value, (*path, operator))
        if operator == "$like":
            return self._facts(attr, "key LIKE ? ESCAPE '\\'", "s" + value)
        return self._facts(attr, "casefold(key) LIKE ? ESCAPE '\\'", "s" + value.lower())

    # -- types

    def _check_comparable(self, attr: Attr, path: tuple[str, ...]) -> None:
        name = f"The `{attr.etype}.{attr.label}` attribute"
        finish = "It must finish before using comparison operators."
        if attr.is_checking_data_type:
            message = f"{name} is still in the process of checking its data type. {finish}"
            raise self._error("checked-data-type?", path, message)
        if attr.is_indexing:
            raise self._error("indexed?", path, f"{name} is still in the process of indexing. {finish}")
        if not attr.is_indexed:
            raise self._error("indexed?", path, f"{name} must be indexed to use comparison operators.")
        if attr.checked_data_type is None:
            message = f"{name} must have an enforced type to use comparison operators."
            raise self._error("checked-data-type?", path, message)

    def _comparison_key(self, attr: Attr, operator: str, value: Any, path: tuple[str, ...]) -> values.Key:
        self._check_comparable(attr, path)
        path = (*path, operator)
        if attr.checked_data_type == "date" and not isinstance(value, bool):
            return self._date_key(attr, value, path)
        if values.json_type(value) != attr.checked_data_type:
            raise self._wrong_type(attr, value, path)
        return values.key_of(value)

    def _equality_key(self, attr: Attr, value: Any, path: tuple[str, ...]) -> values.Key:
        checked = None if attr.is_checking_data_type else attr.checked_data_type
        if checked == "date":
            if value in ("now", "today", "tomorrow", "yesterday"):
                raise self._bad_date(attr, value, path)
            if isinstance(value, bool):
                raise self._wrong_type(attr, value, path)
            return self._date_key(attr, value, path)
        if checked is not None and values.json_type(value) != checked:
            raise self._wrong_type(attr, value, path)
        if attr.label == "id":
            value = values.as_uuid(value) or value
        return values.key_of(value)

    def _date_key(self, attr: Attr, value: Any, path: tuple[str, ...]) -> int:
        try:
            return values.date_key(value)
        except (ValueError, OverflowError):
            raise self._bad_date(attr, value, path) from None

    def _bad_date(self, attr: Attr, value: Any, path: tuple[str, ...]) -> errors.PlatformError:
        message = (
            f"The data type of `{attr.etype}.{attr.label}` is `date`, but the query got value "
            f"`{values.dumps(value)}` of type `{values.json_type(value)}`."
        )
        return self._error("date-string?", path, message)

    def _wrong_type(self, attr: Attr, value: Any, path: tuple[str, ...]) -> errors.PlatformError:
        message = (
            f"The data type of `{attr.etype}.{attr.label}` is `{attr.checked_data_type}`, but the query got the value "
            f"`{values.dumps(value)}` of type `{values.json_type(value)}`."
        )
        return self._error(f"{attr.checked_data_type}?", path, message)

    def _error(self, expected: str, path: tuple[str, ...], message: str) -> errors.PlatformError:
        return errors.validation_failed(
            "query", self._root, [{"expected?": expected, "in": list(path), "message": message}]
        )


def _gathered(members: Sequence[Condition | Group]) -> list[Condition | Group]:
    """Alternatives for one and the same path become one test against a list."""
    wanted: dict[tuple[str, ...], list[Any]] = {}
    others: list[Condition | Group] = []
    for member in members:
        if isinstance(member, Condition) and member.operator == "=" and member.path[-1] != ENTITY_ID_PREFIX:
            wanted.setdefault(member.path, []).append(member.value)
        else:
            others.append(member)
    for path, found in wanted.items():
        others.append(Condition(path, "$in", found) if len(found) > 1 else Condition(path, "=", found[0]))
    return others


def _union(sets: Sequence[Sql]) -> Sql:
    if len(sets) > _MAX_UNION:
        middle = len(sets) // 2
        return _union([_union(sets[:middle]), _union(sets[middle:])])
    return _all_of([Sql(f"SELECT e FROM ({part.text})", part.parameters) for part in sets], " UNION ")


def _intersection(sets: Sequence[Sql]) -> Sql:
    if len(sets) == 1:
        return sets[0]
    first, *others = sets
    tests = _all_of([_in("e", Sql(f"SELECT e FROM ({part.text})", part.parameters)) for part in others], " AND ")
    return Sql(f"SELECT e FROM ({first.text}) WHERE {tests.text}", (*first.parameters, *tests.parameters))

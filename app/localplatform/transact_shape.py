"""The steps that a transaction is sent with, as canonical low-level ones, or an error that names the position."""

from __future__ import annotations

from typing import Any, Literal

from app.localplatform import errors, values
from app.localplatform.attr_set import AttrSet
from app.localplatform.transact_steps import (
    ATTR_ACTIONS,
    LOW_ACTIONS,
    TRIPLE_ACTIONS,
    Step,
    check_admin_steps,
    to_low_steps,
)

Dialect = Literal["admin", "realtime"]


def low_steps(attrs: AttrSet, steps: Any, dialect: Dialect | None, throw_on_missing_attrs: bool) -> list[Step]:
    if _is_realtime(steps, dialect):
        return [_normal(attrs, steps, index, step) for index, step in enumerate(_checked_list(steps))]
    check_admin_steps(steps)
    admin = [_without_id(step) for step in steps]
    low = to_low_steps(attrs, admin, throw_on_missing_attrs=throw_on_missing_attrs)
    return [_normal(attrs, low, index, step) for index, step in enumerate(low)]


def _is_realtime(steps: Any, dialect: Dialect | None) -> bool:
    if dialect is not None or not isinstance(steps, list):
        return dialect == "realtime"
    low = LOW_ACTIONS | {"update-attr", "restore-attr"}
    return any(isinstance(step, list) and step and isinstance(step[0], str) and step[0] in low for step in steps)


def _without_id(step: Step) -> Step:
    if len(step) > 3 and isinstance(step[3], dict) and "id" in step[3]:
        return [*step[:3], {label: value for label, value in step[3].items() if label != "id"}, *step[4:]]
    return step


def _checked_list(steps: Any) -> list[Any]:
    if not isinstance(steps, list):
        raise errors.validation_failed("tx-steps", steps, [{"expected": "coll?", "in": []}])
    return steps


def _shape_error(steps: Any, expected: str, *path: int) -> errors.PlatformError:
    return errors.validation_failed("tx-steps", steps, [{"expected": expected, "in": list(path)}])


def _normal(attrs: AttrSet, steps: list[Any], index: int, step: Any) -> Step:
    """A copy with canonical UUIDs, or an error that names the position."""
    if not isinstance(step, list) or len(step) < 2 or not isinstance(step[0], str):
        raise _shape_error(steps, "coll?", index)
    action = step[0]
    if action in TRIPLE_ACTIONS:
        return _normal_triple(attrs, steps, index, step)
    if action in ("delete-entity", "rule-params"):
        eid = _normal_eid(attrs, steps, index, step[1])
        if len(step) > 2 and not isinstance(step[2], str | None):
            raise _shape_error(steps, "string?", index, 2)
        return [action, eid, *step[2:]] if len(step) > 2 else [action, eid, None]
    if action in ("delete-attr", "restore-attr"):
        attr_id = values.as_uuid(step[1])
        if attr_id is None:
            raise _shape_error(steps, "uuid?", index, 1)
        return [action, attr_id]
    if action not in ATTR_ACTIONS:
        raise _shape_error(steps, "tx-step", index, 0)
    return [action, step[1]]


def _normal_triple(attrs: AttrSet, steps: list[Any], index: int, step: Step) -> Step:
    if len(step) < 4:
        raise _shape_error(steps, "triple", index)
    eid = _normal_eid(attrs, steps, index, step[1])
    attr_id = values.as_uuid(step[2])
    if attr_id is None:
        raise _shape_error(steps, "uuid?", index, 2)
    value = step[3]
    if isinstance(value, list) and len(value) == 2 and values.as_uuid(value[0]):
        value = [values.as_uuid(value[0]), value[1]]
        _check_id_lookup(attrs, steps, value, [index, 3])
    options = step[4] if len(step) > 4 and isinstance(step[4], dict) else {}
    return [step[0], eid, attr_id, value, options]


def _normal_eid(attrs: AttrSet, steps: list[Any], index: int, eid: Any) -> Any:
    plain = values.as_uuid(eid)
    if plain is not None:
        return plain
    if isinstance(eid, list) and len(eid) == 2 and values.as_uuid(eid[0]):
        lookup = [values.as_uuid(eid[0]), eid[1]]
        _check_id_lookup(attrs, steps, lookup, [index, 1])
        return lookup
    message = f"Invalid entity ID '{eid}'. Entity IDs must be UUIDs. Use id() or lookup() to generate a valid UUID."
    raise errors.validation_failed("tx-steps", steps, [{"message": message, "in": [index, 1]}])


def _check_id_lookup(attrs: AttrSet, steps: Any, lookup: list[Any], path: list[int]) -> None:
    attr = attrs.by_id.get(lookup[0])
    if attr is not None and attr.label == "id" and values.as_uuid(lookup[1]) is None:
        message = (
            f"Invalid lookup '{lookup}'. The lookup attribute is '{attr.etype}.{attr.label}', "
            "but the lookup value is not a valid UUID."
        )
        raise errors.validation_failed("tx-steps", steps, [{"message": message, "in": path}])

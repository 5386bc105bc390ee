"""Attributes as clients send them: what is taken, and what is said of what is not."""

from __future__ import annotations

from typing import Any, Final

from app.localplatform import catalog, errors, values
from app.localplatform.attr_set import Attr, Identity


def from_wire(wire: dict[str, Any], *, catalog_name: str = "user") -> Attr:
    """``wire`` as it was validated by :func:`checked_attr`."""
    reverse = wire.get("reverse-identity")
    return Attr(
        id=wire["id"],
        value_type=wire["value-type"],
        cardinality=wire["cardinality"],
        forward_identity=Identity(*wire["forward-identity"]),
        reverse_identity=Identity(*reverse) if reverse else None,
        is_unique=bool(wire.get("unique?")),
        is_indexed=bool(wire.get("index?")),
        is_required=bool(wire.get("required?")),
        checked_data_type=wire.get("checked-data-type"),
        on_delete=wire.get("on-delete"),
        on_delete_reverse=wire.get("on-delete-reverse"),
        catalog=catalog_name,
    )


_REQUIRED_FIELDS: Final = ("id", "forward-identity", "value-type", "cardinality", "unique?", "index?")


def _step_error(wire: Any, expected: str, path: list[Any]) -> errors.PlatformError:
    return errors.validation_failed("tx-steps", wire, [{"expected": expected, "in": path}])


def _checked_identity(wire: dict[str, Any], side: str) -> list[str]:
    identity = wire.get(side)
    if not isinstance(identity, list | tuple) or len(identity) != 3:
        raise _step_error(wire, "identity", [side])
    ident_id = values.as_uuid(identity[0])
    if ident_id is None:
        raise _step_error(wire, "uuid?", [side, 0])
    for position in (1, 2):
        if not isinstance(identity[position], str) or not identity[position].strip():
            raise _step_error(wire, "non-blank-string?", [side, position])
    return [ident_id, identity[1], identity[2]]


def checked_attr(wire: Any) -> dict[str, Any]:
    """A complete, valid copy of a wire attr; unknown fields are dropped."""
    if not isinstance(wire, dict):
        raise _step_error(wire, "map?", [])
    for name in _REQUIRED_FIELDS:
        if name not in wire and name not in ("unique?", "index?"):
            raise _step_error(wire, f"(contains? % :{name})", [])
    checked = checked_update(wire)
    if checked["value-type"] == "ref" and "reverse-identity" not in checked:
        raise _step_error(wire, "(contains? % :reverse-identity)", [])
    if checked["value-type"] == "blob":
        # A blob has one value; the platform stores the cardinality as sent, and no client sends another.
        checked["cardinality"] = checked.get("cardinality") or "one"
    return checked


_CHOICES: Final = {
    "value-type": ("blob", "ref"),
    "cardinality": ("one", "many"),
    "on-delete": ("cascade", None),
    "on-delete-reverse": ("cascade", None),
    "checked-data-type": (*sorted(values.CHECKED_TYPES), None),
}
_BOOLEANS: Final = ("unique?", "index?", "required?")


def checked_update(wire: Any) -> dict[str, Any]:
    if not isinstance(wire, dict):
        raise _step_error(wire, "map?", [])
    attr_id = values.as_uuid(wire.get("id"))
    if attr_id is None:
        raise _step_error(wire, "uuid?", ["id"])
    checked: dict[str, Any] = {"id": attr_id}
    for side in ("forward-identity", "reverse-identity"):
        if wire.get(side) is not None:
            checked[side] = _checked_identity(wire, side)
    for name, choices in _CHOICES.items():
        if name in wire:
            if wire[name] not in choices:
                raise _step_error(wire, name, [name])
            checked[name] = wire[name]
    for name in _BOOLEANS:
        if wire.get(name) is not None:
            if not isinstance(wire[name], bool):
                raise _step_error(wire, "boolean?", [name])
            checked[name] = wire[name]
    return checked


def check_system_names(wire: dict[str, Any]) -> None:
    for side in ("forward-identity", "reverse-identity"):
        if side not in wire:
            continue
        _, etype, label = wire[side]
        if catalog.is_reserved_name(etype, label):
            message = f"{etype}.{label} is a system column and it already exists."
            raise errors.validation_failed("attributes", wire, [{"message": message}])
        if etype.startswith("$") and etype not in catalog.EDITABLE_ETYPES:
            message = f"$ is reserved for system tables. You can't create {etype}"
            raise errors.validation_failed("attributes", wire, [{"message": message}])


def check_required_on_system(wire: dict[str, Any], etype: str) -> None:
    if wire.get("required?") and etype.startswith("$"):
        message = (
            "You can't create a required system attribute. Make sure it's optional."
            " Check out the docs to learn more:"
            " https://www.instantdb.com/docs/modeling-data#required-constraints"
        )
        raise errors.PlatformError("validation-failed", message)

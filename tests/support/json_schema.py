"""The part of JSON Schema that template.schema.json uses, so that tests can hold our own reader to it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_TYPES: Mapping[str, type | tuple[type, ...]] = {"object": dict, "string": str, "integer": int, "boolean": bool}
_KNOWN = {
    *("$schema", "$defs", "$ref", "title", "description", "default", "type", "enum", "const", "not", "allOf"),
    *("required", "properties", "additionalProperties", "propertyNames", "minProperties"),
    *("pattern", "minLength", "maxLength", "minimum", "maximum"),
}


def is_valid(data: Any, schema: Mapping[str, Any], root: Mapping[str, Any] | None = None) -> bool:
    """Raises for a keyword that it does not know."""
    root = root or schema
    assert set(schema) <= _KNOWN, set(schema) - _KNOWN
    if "$ref" in schema and not is_valid(data, root["$defs"][schema["$ref"].rpartition("/")[2]], root):
        return False
    if "enum" in schema and data not in schema["enum"]:
        return False
    if "const" in schema and data != schema["const"]:
        return False
    if "not" in schema and is_valid(data, schema["not"], root):
        return False
    if not all(is_valid(data, each, root) for each in schema.get("allOf", ())):
        return False
    return _has_type(data, schema) and _of_type(data, schema, root)


def _has_type(data: Any, schema: Mapping[str, Any]) -> bool:
    kind = schema.get("type")
    if kind is None:
        return True
    return isinstance(data, _TYPES[kind]) and (kind == "boolean" or not isinstance(data, bool))


def _of_type(data: Any, schema: Mapping[str, Any], root: Mapping[str, Any]) -> bool:
    if isinstance(data, str):
        fits = schema.get("minLength", 0) <= len(data) <= schema.get("maxLength", len(data))
        return fits and re.search(schema.get("pattern", ""), data) is not None
    if isinstance(data, int):
        return bool(schema.get("minimum", data) <= data <= schema.get("maximum", data))
    return _is_object(data, schema, root) if isinstance(data, dict) else True


def _is_object(data: dict[str, Any], schema: Mapping[str, Any], root: Mapping[str, Any]) -> bool:
    if set(schema.get("required", ())) - data.keys() or len(data) < schema.get("minProperties", 0):
        return False
    if not all(is_valid(name, schema.get("propertyNames", {}), root) for name in data):
        return False
    known, others = schema.get("properties", {}), schema.get("additionalProperties", {})
    for name, value in data.items():
        if name not in known and others is False:
            return False
        if not is_valid(value, known.get(name, others), root):
            return False
    return True

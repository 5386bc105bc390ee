"""Short names of types, as they are shown."""

from __future__ import annotations

from . import types

_PLAIN = {
    types.StringType: "string",
    types.BooleanType: "boolean",
    types.JsonType: "json",
    types.AnyType: "any",
    types.BytesType: "bytes",
    types.NullType: "null",
}


def type_name(kind: types.Type) -> str:
    """One or a few words; the platform's own spelling where there is one."""
    native: str = getattr(kind, "native", "")
    return native or _name(kind)


def _name(kind: types.Type) -> str:
    match kind:
        case types.NumberType() | types.DateType():
            return {"datetime": "date"}.get(kind.kind, kind.kind)
        case types.IdType():
            return f"id of {kind.entity}" if kind.entity else "id"
        case types.LiteralType():
            return repr(kind.value)
        case types.EnumType():
            return kind.name or " | ".join(kind.values)
        case types.ArrayType():
            return f"{type_name(kind.item)}[]"
        case types.ObjectType():
            return "object"
        case types.RecordType():
            return f"{type_name(kind.key)} → {type_name(kind.value)}"
        case types.UnionType():
            return " | ".join(type_name(each) for each in kind.options)
        case types.NativeType():
            return kind.name
        case _:
            return _PLAIN.get(type(kind), "unknown")

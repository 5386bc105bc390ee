"""What a change can do to rows that exist; each function looks at one part before and after, never at a schema."""

from __future__ import annotations

import enum

from .model import Attribute, Index, Link, LinkEnd
from .types import (
    AnyType,
    ArrayType,
    BooleanType,
    EnumType,
    JsonType,
    LiteralType,
    NumberKind,
    NumberType,
    ObjectType,
    RecordType,
    StringType,
    Type,
    UnionType,
)


class Risk(enum.IntEnum):
    """What a step can do to rows that exist; ordered, the worst is the greatest."""

    SAFE = 0
    SLOW = 1
    MAY_FAIL = 2
    DESTROYS = 3

    @property
    def words(self) -> str:
        return _WORDS[self]


_WORDS = {
    Risk.SAFE: "safe",
    Risk.SLOW: "slow",
    Risk.MAY_FAIL: "may fail on existing data",
    Risk.DESTROYS: "destroys data",
}
# Each kind of number holds all values of those named with it.
_HOLDS: dict[NumberKind, frozenset[NumberKind]] = {
    "integer": frozenset({"integer"}),
    "bigint": frozenset({"bigint", "integer"}),
    "float": frozenset({"float", "integer"}),
    "decimal": frozenset({"decimal", "bigint", "integer"}),
    "number": frozenset({"number", "float", "integer"}),
}


def of_new_attribute(attribute: Attribute) -> Risk:
    """On an entity that may have rows already: they have no value, or all have the default."""
    has_default = attribute.default is not None
    if attribute.is_unique and has_default:
        return Risk.MAY_FAIL
    return Risk.MAY_FAIL if attribute.is_required and not has_default else Risk.SAFE


def of_attribute(before: Attribute, after: Attribute) -> Risk:
    makes_stricter = after.is_required > before.is_required or after.is_unique > before.is_unique
    if makes_stricter:
        return Risk.MAY_FAIL
    indexes = Risk.SLOW if after.is_indexed > before.is_indexed else Risk.SAFE
    return max(indexes, of_type(before.type, after.type))


def of_type(before: Type, after: Type) -> Risk:
    if before == after:
        return Risk.SAFE
    if not holds(after, before):
        return Risk.MAY_FAIL
    # The same values in another spelling of the platform's: it may write every row again.
    return Risk.SLOW if holds(before, after) and type(before) is type(after) else Risk.SAFE


def of_new_index(index: Index) -> Risk:
    return Risk.MAY_FAIL if index.is_unique or index.kind == "primary" else Risk.SLOW


def of_index(before: Index, after: Index) -> Risk:
    """A unique one over more attributes than before cannot meet duplicates that were not there."""
    was_as_strict = before.is_unique and set(before.attributes) <= set(after.attributes)
    return Risk.MAY_FAIL if after.is_unique and not was_as_strict else Risk.SLOW


def of_new_link(link: Link) -> Risk:
    return Risk.MAY_FAIL if link.forward.is_required or link.reverse.is_required else Risk.SAFE


def of_link(before: Link, after: Link) -> Risk:
    return max(_of_end(before.forward, after.forward), _of_end(before.reverse, after.reverse))


def _of_end(before: LinkEnd, after: LinkEnd) -> Risk:
    narrows = before.has == "many" and after.has == "one"
    return Risk.MAY_FAIL if narrows or after.is_required > before.is_required else Risk.SAFE


def holds(wide: Type, narrow: Type) -> bool:
    """Whether every value of ``narrow`` is one of ``wide``; False also where that cannot be said for sure."""
    if wide == narrow or isinstance(wide, AnyType | JsonType):
        return True
    if isinstance(narrow, UnionType):
        return all(holds(wide, each) for each in narrow.options)
    if isinstance(wide, UnionType):
        return any(holds(each, narrow) for each in wide.options)
    return _holds_alike(wide, narrow)


def _holds_alike(wide: Type, narrow: Type) -> bool:
    match wide, narrow:
        case StringType(), StringType():
            return wide.form in ("", narrow.form) and _reaches(wide.max_length, narrow.max_length)
        case StringType(), EnumType():
            return not wide.form and all(_reaches(wide.max_length, len(each)) for each in narrow.values)
        case StringType() | NumberType() | BooleanType() | EnumType(), LiteralType():
            return _holds_value(wide, narrow.value)
        case EnumType(), EnumType():
            return set(narrow.values) <= set(wide.values)
        case NumberType(), NumberType():
            return _holds_number(wide, narrow)
        case ArrayType(), ArrayType():
            return holds(wide.item, narrow.item)
        case RecordType(), RecordType():
            return holds(wide.key, narrow.key) and holds(wide.value, narrow.value)
        case ObjectType(), ObjectType():
            return _holds_object(wide, narrow)
        case _:
            return type(wide) is type(narrow) and _without_native(wide) == _without_native(narrow)


def _holds_value(wide: Type, value: str | int | float | bool) -> bool:
    match wide:
        case StringType():
            return isinstance(value, str) and not wide.form and _reaches(wide.max_length, len(value))
        case EnumType():
            return value in wide.values
        case BooleanType():
            return isinstance(value, bool)
        case NumberType(kind="number", minimum=None, maximum=None):
            return isinstance(value, int | float) and not isinstance(value, bool)
        case _:
            return False


def _holds_number(wide: NumberType, narrow: NumberType) -> bool:
    if wide.kind != narrow.kind and narrow.kind not in _HOLDS[wide.kind]:
        return False
    has_same_digits = (wide.precision, wide.scale) in ((narrow.precision, narrow.scale), (None, None))
    low = wide.minimum is None or (narrow.minimum is not None and wide.minimum <= narrow.minimum)
    high = wide.maximum is None or (narrow.maximum is not None and wide.maximum >= narrow.maximum)
    return has_same_digits and low and high


def _holds_object(wide: ObjectType, narrow: ObjectType) -> bool:
    """The same fields, each as wide or wider; a new one only if it may be missing."""
    old = {each.name: each for each in narrow.fields}
    if old.keys() - {each.name for each in wide.fields}:
        return False
    for field in wide.fields:
        before = old.get(field.name)
        if before is None:
            if field.is_required:
                return False
        elif field.is_required > before.is_required or not holds(field.type, before.type):
            return False
    return True


def _reaches(wide: int | None, narrow: int | None) -> bool:
    return wide is None or (narrow is not None and wide >= narrow)


def _without_native(kind: Type) -> tuple[object, ...]:
    return tuple(getattr(kind, slot) for slot in kind.__slots__ if slot != "native")

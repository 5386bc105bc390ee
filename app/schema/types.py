"""The type algebra: what an attribute's value can be, on any platform, without loss.

All types are frozen and hashable. ``native`` keeps a platform's own spelling (``varchar(20)``, ``bigserial``)
where the algebra alone would lose it; it takes part in equality.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal as _Literal

NumberKind = _Literal["number", "integer", "bigint", "float", "decimal"]
DateKind = _Literal["datetime", "date", "time", "interval"]


@dataclass(frozen=True, slots=True)
class StringType:
    """``max_length`` in characters, None for no limit; ``form`` is a format such as ``email`` or ``url``."""

    max_length: int | None = None
    form: str = ""
    native: str = ""


@dataclass(frozen=True, slots=True)
class NumberType:
    kind: NumberKind = "number"
    precision: int | None = None
    scale: int | None = None
    minimum: float | None = None
    maximum: float | None = None
    native: str = ""


@dataclass(frozen=True, slots=True)
class BooleanType:
    native: str = ""


@dataclass(frozen=True, slots=True)
class DateType:
    kind: DateKind = "datetime"
    has_time_zone: bool = True
    native: str = ""


@dataclass(frozen=True, slots=True)
class JsonType:
    native: str = ""


@dataclass(frozen=True, slots=True)
class AnyType:
    native: str = ""


@dataclass(frozen=True, slots=True)
class BytesType:
    native: str = ""


@dataclass(frozen=True, slots=True)
class NullType:
    native: str = ""


@dataclass(frozen=True, slots=True)
class IdType:
    """The ID of an entity; ``entity`` is its name."""

    entity: str
    native: str = ""


@dataclass(frozen=True, slots=True)
class LiteralType:
    value: str | int | float | bool


@dataclass(frozen=True, slots=True)
class EnumType:
    """``name`` is the type's own name on platforms where enums have one, else ""."""

    values: tuple[str, ...]
    name: str = ""


@dataclass(frozen=True, slots=True)
class ArrayType:
    item: Type
    native: str = ""


@dataclass(frozen=True, slots=True)
class ObjectField:
    name: str
    type: Type
    is_required: bool = True


@dataclass(frozen=True, slots=True)
class ObjectType:
    fields: tuple[ObjectField, ...] = ()


@dataclass(frozen=True, slots=True)
class RecordType:
    """A map with keys of one type and values of another."""

    key: Type
    value: Type


@dataclass(frozen=True, slots=True)
class UnionType:
    options: tuple[Type, ...]


@dataclass(frozen=True, slots=True)
class NativeType:
    """A type that only its platform knows; ``name`` is its exact text."""

    name: str


Type = (
    StringType
    | NumberType
    | BooleanType
    | DateType
    | JsonType
    | AnyType
    | BytesType
    | NullType
    | IdType
    | LiteralType
    | EnumType
    | ArrayType
    | ObjectType
    | RecordType
    | UnionType
    | NativeType
)

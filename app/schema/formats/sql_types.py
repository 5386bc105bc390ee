"""SQL types as types of the model and back, exact in both directions.

``native`` is the short usual spelling (``timestamptz``, ``varchar(20)``), whichever of its spellings was read.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final, NoReturn

from app.core.errors import FieldError, Invalid
from app.core.text import plain
from app.schema.type_names import type_name
from app.schema.types import (
    AnyType,
    ArrayType,
    BooleanType,
    BytesType,
    DateType,
    EnumType,
    JsonType,
    NativeType,
    NumberType,
    StringType,
    Type,
)

from .sql_names import Dialect, entity_name, home_schema, quoted, split_name

_WORD = r'(?:"(?:[^"]|"")+"|[^\W\d][\w$]*)'
_TYPE: Final = re.compile(
    rf"(?P<name>{_WORD}(?:\s*\.\s*{_WORD})*(?:\s+{_WORD})*?)"
    rf"(?:\s*\((?P<args>[^()]*)\))?"
    rf"(?P<tail>(?:\s+(?!array\b|collate\b){_WORD})*?)"
    rf"(?P<dims>(?:\s*\[\s*\d*\s*\])+|\s+array(?:\s*\[\s*\d*\s*\])?)?"
    rf"(?:\s+collate\s+(?P<collation>{_WORD}(?:\s*\.\s*{_WORD})?))?",
    re.IGNORECASE,
)
# Other spellings, and what they are called here.
_SAME: Final[Mapping[str, str]] = {
    "int": "integer",
    "int2": "smallint",
    "int4": "integer",
    "int8": "bigint",
    "serial2": "smallserial",
    "serial4": "serial",
    "serial8": "bigserial",
    "decimal": "numeric",
    "dec": "numeric",
    "float4": "real",
    "float8": "double precision",
    "bool": "boolean",
    "character varying": "varchar",
    "char varying": "varchar",
    "nchar varying": "varchar",
    "national character varying": "varchar",
    "national char varying": "varchar",
    "character": "char",
    "national character": "char",
    "national char": "char",
    "nchar": "char",
    "timestamp with time zone": "timestamptz",
    "timestamp without time zone": "timestamp",
    "time with time zone": "timetz",
    "time without time zone": "time",
    "varbit": "bit varying",
}
_INTEGERS: Final = {
    "smallint": "integer",
    "integer": "integer",
    "bigint": "bigint",
    "smallserial": "integer",
    "serial": "integer",
    "bigserial": "bigint",
}
SERIALS: Final[Mapping[str, str]] = {"smallserial": "smallint", "serial": "integer", "bigserial": "bigint"}
"""Columns of these types are of the second one, with a sequence of their own."""

# What PostgreSQL 18 has by itself, beside those that the model knows.
_OWN: Final = """
    uuid money bit xml tsvector tsquery inet cidr macaddr macaddr8 point line lseg box path polygon circle oid xid
    xid8 cid tid name regclass regproc regprocedure regoper regoperator regtype regrole regnamespace regconfig
    regdictionary regcollation pg_lsn pg_snapshot txid_snapshot jsonpath refcursor int2vector oidvector
    int4range int8range numrange tsrange tstzrange daterange
    int4multirange int8multirange nummultirange tsmultirange tstzmultirange datemultirange"""
_BUILT_IN: Final = frozenset(_OWN.split()) | {"bit varying", '"char"'}


def type_of(text: str, enums: Mapping[str, tuple[str, ...]] = {}, dialect: Dialect = "postgresql") -> Type:
    """The type that a column of ``text`` has; ``enums`` are the values of all enums by their names, qualified like
    entities. Raises Invalid where the text can be no type."""
    bare = " ".join(text.split())
    if bare in enums:
        return EnumType(enums[bare], bare)
    return _sqlite_type(bare) if dialect == "sqlite" else _postgres_type(text.strip(), enums)


def text_of(kind: Type, dialect: Dialect = "postgresql") -> str:
    """The type as it stands in SQL; raises Invalid for types that the database does not have."""
    native: str = getattr(kind, "native", "")
    if native:
        return native
    match kind:
        case NativeType():
            return kind.name
        case EnumType() if kind.name and dialect == "postgresql":
            schema, name = split_name(kind.name)
            return quoted(name) if schema == "public" else f"{quoted(schema)}.{quoted(name)}"
        case ArrayType() if dialect == "postgresql":
            return f"{text_of(kind.item)}[]"
        case AnyType() if dialect == "sqlite":
            return ""
        case StringType() | NumberType() | BooleanType() | DateType() | JsonType() | BytesType():
            return _usual(kind, dialect)
        case _:
            label = "SQLite" if dialect == "sqlite" else "PostgreSQL"
            raise Invalid(f"{label} has no type for {plain(type_name(kind), 60)}.", remedy="Choose another type.")


def takes(kind: Type, dialect: Dialect = "postgresql") -> bool:
    """Whether the database has such a type, as far as can be told without asking it."""
    try:
        text_of(kind, dialect)
    except Invalid:
        return False
    return True


def is_built_in(kind: Type) -> bool:
    """Whether PostgreSQL has it by itself; other types come from extensions, or were made in the database."""
    item = kind.item if isinstance(kind, ArrayType) else kind
    return not isinstance(item, NativeType) or item.name.partition("(")[0] in _BUILT_IN


# PostgreSQL


def _postgres_type(text: str, enums: Mapping[str, tuple[str, ...]]) -> Type:
    found = _TYPE.fullmatch(text)
    if found is None:
        _refuse(text)
    name = _spelled(found["name"] + found["tail"])
    is_array = found["dims"] is not None
    args = _args(found["args"])
    enum = _enum(name, enums) if args is None else None
    kind = enum or _known(name, args, found["collation"], text)
    return ArrayType(kind) if is_array else kind


def _spelled(name: str) -> str:
    """Lower case outside of double quotes, one space between words, none around dots."""
    parts = re.split(r'("(?:[^"]|"")+")', name)
    spelled = "".join(each if at % 2 else re.sub(r"\s+", " ", each.lower()) for at, each in enumerate(parts))
    return re.sub(r"\s*\.\s*", ".", spelled).strip().removeprefix("pg_catalog.")


def _args(text: str | None) -> tuple[str, ...] | None:
    return None if text is None else tuple(each.strip() for each in text.split(","))


def _enum(name: str, enums: Mapping[str, tuple[str, ...]]) -> EnumType | None:
    if not enums or " " in name.replace('" "', ""):
        return None
    parts = [each[1:-1].replace('""', '"') if each[0] == '"' else each for each in re.findall(_WORD, name)]
    qualified = entity_name(*parts) if len(parts) == 2 else entity_name("", parts[0])
    return EnumType(enums[qualified], qualified) if qualified in enums else None


def _known(name: str, args: tuple[str, ...] | None, collation: str | None, text: str) -> Type:
    name = _SAME.get(name, name)
    suffix = f" collate {collation}" if collation else ""
    shape = name if args is None else f"{name}({','.join(args)})"
    if name in ("varchar", "char", "bpchar", "text"):
        return _string(name, args, suffix, text)
    if name in _INTEGERS and args is None:
        return NumberType("bigint" if _INTEGERS[name] == "bigint" else "integer", native=name)
    if name == "numeric":
        return _numeric(args, text)
    if name in ("real", "double precision") and args is None:
        return NumberType("float", native=name)
    if name == "float":
        return _float(args, text)
    date = _date(name, args)
    if date is not None:
        return date
    plain_type = _PLAIN.get(name)
    if plain_type is not None and args is None:
        return plain_type
    if args is not None and (name in _INTEGERS or name in _PLAIN or name in _DATES or name == "uuid"):
        _refuse(text, f"{name} takes no length.")
    if " " in re.sub(r'"[^"]*"', "", name).strip() and name != "bit varying":
        # All types of several words are known by now.
        _refuse(text)
    if name in ("bit", "bit varying") and args is not None:
        _numbers(args, 1, text)
    return NativeType((f"{name}(1)" if shape == "bit" else shape) + suffix)


_PLAIN: Final[Mapping[str, Type]] = {
    "boolean": BooleanType(native="boolean"),
    "jsonb": JsonType(native="jsonb"),
    "json": JsonType(native="json"),
    "bytea": BytesType(native="bytea"),
}


def _string(name: str, args: tuple[str, ...] | None, suffix: str, text: str) -> StringType:
    if args is None:
        return StringType(1, native=f"char(1){suffix}") if name == "char" else StringType(native=f"{name}{suffix}")
    if name == "text":
        _refuse(text)
    (length,) = _numbers(args, 1, text)
    name = "char" if name == "bpchar" else name
    return StringType(length, native=f"{name}({length}){suffix}")


def _numeric(args: tuple[str, ...] | None, text: str) -> NumberType:
    if args is None:
        return NumberType("decimal", native="numeric")
    numbers = _numbers(args, 2, text)
    precision, scale = numbers[0], numbers[1] if len(numbers) > 1 else 0
    if not 1 <= precision <= 1000:
        _refuse(text, "The precision of numeric is 1 to 1000.")
    return NumberType("decimal", precision, scale, native=f"numeric({precision},{scale})")


def _float(args: tuple[str, ...] | None, text: str) -> NumberType:
    bits = 53 if args is None else _numbers(args, 1, text)[0]
    if not 1 <= bits <= 53:
        _refuse(text, "The precision of float is 1 to 53.")
    return NumberType("float", native="real" if bits <= 24 else "double precision")


_DATES: Final[Mapping[str, DateType]] = {
    "timestamptz": DateType("datetime", True),
    "timestamp": DateType("datetime", False),
    "date": DateType("date", False),
    "time": DateType("time", False),
    "timetz": DateType("time", True),
}


def _date(name: str, args: tuple[str, ...] | None) -> DateType | None:
    shape = name if args is None else f"{name}({','.join(args)})"
    if name == "interval" or name.startswith("interval "):
        return DateType("interval", False, native=shape)
    found = _DATES.get(name)
    if found is None or (args is not None and (name == "date" or not all(each.isdigit() for each in args))):
        return None
    return DateType(found.kind, found.has_time_zone, native=shape)


def _numbers(args: tuple[str, ...], most: int, text: str) -> tuple[int, ...]:
    if len(args) > most or not all(re.fullmatch(r"-?\d{1,9}", each) for each in args) or int(args[0]) < 1:
        _refuse(text)
    return tuple(map(int, args))


def _refuse(
    text: str, remedy: str = "Write it as in SQL: text, varchar(20), integer, timestamptz, uuid[]."
) -> NoReturn:
    sentence = f"{plain(text, 60)} is no type." if text.strip() else "A type is missing."
    raise Invalid(sentence, fields=(FieldError("type", f"{sentence} {remedy}"),), remedy=remedy)


# SQLite takes any words as a type; what a column can hold follows from letters in them.

_SQLITE_TYPE: Final = re.compile(r"([^\W\d][\w$]*(?: [^\W\d][\w$]*)*) ?(?:\( ?([+-]?\d+) ?(?:, ?([+-]?\d+) ?)?\))?")


def _sqlite_type(text: str) -> Type:
    if not text:
        return AnyType()
    found = _SQLITE_TYPE.fullmatch(text)
    if found is None:
        _refuse(text, "Write words, and one or two numbers in brackets: varchar(20), numeric(10,2).")
    name = found[1].lower()
    args = tuple(int(each) for each in found.groups()[1:] if each is not None)
    native = f"{name}({','.join(map(str, args))})" if args else name
    length = args[0] if args and args[0] > 0 else None
    if "int" in name and "point" not in name and "interval" not in name:
        return NumberType("bigint" if "big" in name or "8" in name else "integer", native=native)
    if any(each in name for each in ("char", "clob", "text")):
        return StringType(length, native=native)
    if "blob" in name:
        return BytesType(native=native)
    if name in ("real", "float", "double", "double precision"):
        return NumberType("float", native=native)
    if name in ("numeric", "decimal"):
        return NumberType("decimal", length, args[1] if len(args) > 1 else None, native=native)
    return _SQLITE_WORDS[name](native) if name in _SQLITE_WORDS else NativeType(native)


_SQLITE_WORDS: Final[Mapping[str, Callable[[str], Type]]] = {
    "boolean": lambda native: BooleanType(native=native),
    "bool": lambda native: BooleanType(native=native),
    "date": lambda native: DateType("date", False, native=native),
    "datetime": lambda native: DateType("datetime", False, native=native),
    "timestamp": lambda native: DateType("datetime", False, native=native),
    "time": lambda native: DateType("time", False, native=native),
    "json": lambda native: JsonType(native=native),
    "jsonb": lambda native: JsonType(native=native),
    "any": lambda native: AnyType(native=native),
}


# Types that came from another platform


def _usual(kind: StringType | NumberType | BooleanType | DateType | JsonType | BytesType, dialect: Dialect) -> str:
    """The spelling of a type that brings none along."""
    is_sqlite = dialect == "sqlite"
    match kind:
        case StringType():
            return f"varchar({kind.max_length})" if kind.max_length else "text"
        case NumberType():
            return _usual_number(kind, is_sqlite)
        case BooleanType():
            return "boolean"
        case DateType(kind="datetime"):
            return "datetime" if is_sqlite else "timestamptz" if kind.has_time_zone else "timestamp"
        case DateType(kind="time"):
            return "timetz" if kind.has_time_zone and not is_sqlite else "time"
        case DateType():
            return kind.kind
        case JsonType():
            return "json" if is_sqlite else "jsonb"
        case BytesType():
            return "blob" if is_sqlite else "bytea"


def _usual_number(kind: NumberType, is_sqlite: bool) -> str:
    if kind.kind in ("integer", "bigint"):
        return kind.kind
    if kind.kind == "decimal":
        return f"numeric({kind.precision},{kind.scale or 0})" if kind.precision else "numeric"
    return "real" if is_sqlite else "double precision"


__all__ = ["SERIALS", "home_schema", "is_built_in", "takes", "text_of", "type_of"]

"""What a change of a table can do to rows that exist, where a database says it otherwise than the model alone can."""

from __future__ import annotations

import json
import re

from .columns import CHECK
from .formats.sql_types import SERIALS
from .model import Attribute, Extra, Link
from .risks import Risk, holds
from .types import ArrayType, DateType, EnumType, JsonType, NativeType, NumberType, StringType, Type

_INTEGERS = {"smallint": 2, "smallserial": 2, "integer": 4, "serial": 4, "bigint": 8, "bigserial": 8}
# Each row gets its own value: the whole table is written.
_VOLATILE = re.compile(
    r"\b(gen_random_uuid|uuid_generate_\w+|uuidv\d|random|nextval|clock_timestamp|timeofday)\s*\(", re.I
)
_DIGITS = re.compile(r"\((\d+)\)")


def is_sql(kind: Type) -> bool:
    """Whether it is in a database's own spelling."""
    if isinstance(kind, ArrayType):
        return is_sql(kind.item)
    return isinstance(kind, NativeType) or bool(getattr(kind, "native", "")) or bool(getattr(kind, "name", ""))


def of_type(before: Type, after: Type) -> Risk:
    """SAFE where only the catalogue changes, SLOW where every row is written or read anew."""
    if before == after:
        return Risk.SAFE
    match before, after:
        case ArrayType(), ArrayType():
            return max(Risk.SLOW, of_type(before.item, after.item))
        case EnumType(), EnumType() if before.name == after.name:
            return Risk.SAFE if set(before.values) <= set(after.values) else Risk.MAY_FAIL
        case NumberType(), NumberType():
            return _of_number(before, after)
        case StringType(), StringType():
            return _of_string(before, after)
        case DateType(), DateType():
            return _of_date(before, after)
        case JsonType(), JsonType():
            return Risk.SLOW
        case _, StringType(max_length=None) if not isinstance(before, StringType):
            # Everything can be written as a text.
            return Risk.SLOW
    return Risk.MAY_FAIL


def _of_number(before: NumberType, after: NumberType) -> Risk:
    old, new = _INTEGERS.get(before.native), _INTEGERS.get(after.native)
    if old is not None and new is not None:
        if new < old:
            return Risk.MAY_FAIL
        # The same width only gets or loses a sequence.
        return Risk.SLOW if new > old else Risk.SAFE
    if before.kind == after.kind == "decimal":
        return _of_decimal(before, after)
    return Risk.SLOW if holds(after, before) and before.native != "double precision" else Risk.MAY_FAIL


def _of_decimal(before: NumberType, after: NumberType) -> Risk:
    if after.precision is None:
        return Risk.SAFE
    if before.precision is None or (before.scale or 0) != (after.scale or 0):
        return Risk.MAY_FAIL
    return Risk.SAFE if after.precision >= before.precision else Risk.MAY_FAIL


def _of_string(before: StringType, after: StringType) -> Risk:
    if not holds(after, before):
        return Risk.MAY_FAIL
    (old, old_collation), (new, new_collation) = (_word_and_collation(each.native) for each in (before, after))
    is_padded = "char" in (old, new) and old != new
    return Risk.SLOW if is_padded or old_collation != new_collation else Risk.SAFE


def _word_and_collation(native: str) -> tuple[str, str]:
    name, _, collation = native.partition(" collate ")
    return name.partition("(")[0], collation


def _of_date(before: DateType, after: DateType) -> Risk:
    if before.kind != after.kind:
        is_wider = (before.kind, after.kind) == ("date", "datetime")
        return Risk.SLOW if is_wider else Risk.MAY_FAIL
    if before.has_time_zone != after.has_time_zone:
        return Risk.SLOW
    old, new = (_DIGITS.search(each.native) for each in (before, after))
    narrows = new is not None and (old is None or int(new[1]) < int(old[1]))
    return Risk.MAY_FAIL if narrows else Risk.SAFE


def of_new_attribute(attribute: Attribute) -> Risk:
    extra = dict(attribute.extra)
    fills_itself = "generated" in extra or "identity" in extra or getattr(attribute.type, "native", "") in SERIALS
    default = attribute.default or ""
    if fills_itself:
        return Risk.SLOW
    if attribute.is_required and not default:
        return Risk.MAY_FAIL
    is_volatile = bool(_VOLATILE.search(default))
    if attribute.is_unique and default and not is_volatile:
        return Risk.MAY_FAIL
    return Risk.SLOW if is_volatile or attribute.is_indexed or attribute.is_unique else Risk.SAFE


def of_attribute_extra(before: Extra, after: Extra) -> Risk:
    old, new = dict(before), dict(after)
    changed = {each for each in {**old, **new} if old.get(each) != new.get(each)}
    return Risk.SLOW if changed & {"generated", "collation", "virtual"} else Risk.SAFE


def of_entity_extra(before: Extra, after: Extra) -> Risk:
    """A check that is new, or another one, has to hold for all rows."""
    old = dict(before)
    changed = {name for name, value in after if old.get(name) != value}
    if any(name.startswith((CHECK, "exclude ")) for name in changed):
        return Risk.MAY_FAIL
    return Risk.MAY_FAIL if {"partition_by"} & (changed | (old.keys() - dict(after).keys())) else Risk.SAFE


def of_new_link(link: Link) -> Risk:
    """Not checked against rows that are there, it is made at once."""
    return Risk.SAFE if _is_true(link.extra, "not_valid") else Risk.MAY_FAIL


def of_link(before: Link, after: Link) -> Risk:
    if before.columns != after.columns:
        return of_new_link(after)
    if _is_true(before.extra, "not_valid") and not _is_true(after.extra, "not_valid"):
        return Risk.MAY_FAIL
    # A rule cannot be changed: the constraint is made anew, and reads all rows.
    return Risk.SLOW if before != after else Risk.SAFE


def _is_true(extra: Extra, name: str) -> bool:
    text = dict(extra).get(name)
    try:
        return text is not None and bool(json.loads(text))
    except ValueError:
        return False

"""Parts of the model as the texts that statements are made of."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from app.core.errors import Invalid
from app.core.text import plain
from app.schema.formats.sql_names import Dialect, implied_name, quoted, split_name
from app.schema.formats.sql_types import text_of
from app.schema.model import Attribute, Entity, Extra, Index, Link
from app.schema.types import ArrayType, EnumType, Type

from .render import ColumnText, ForeignKeyText, IndexText, KeyText, Table

_CHECK = "check "
_EXCLUDE = "exclude "
_ON_DELETE = {"cascade": "CASCADE", "restrict": "RESTRICT", "set-null": "SET NULL", None: None}
_ON_UPDATE = re.compile(r"cascade|restrict|set null|set default", re.IGNORECASE)


def extra(parts: Extra, name: str) -> Any:
    """The value of an extra, None where there is none."""
    text = dict(parts).get(name)
    return None if text is None else _value(text)


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def checks_of(parts: Extra) -> dict[str, str]:
    """Expressions by the names of their constraints."""
    return {name.removeprefix(_CHECK): str(_value(text)) for name, text in parts if name.startswith(_CHECK)}


def exclusions_of(parts: Extra) -> dict[str, str]:
    """Exclusion constraints by their names, as SQL says them."""
    return {name.removeprefix(_EXCLUDE): str(_value(text)) for name, text in parts if name.startswith(_EXCLUDE)}


def comment_of(parts: Extra) -> str | None:
    found = extra(parts, "comment")
    return None if found is None else str(found)


def has_row_security(parts: Extra) -> bool:
    return extra(parts, "row_security") is True


def enum_of(kind: Type) -> EnumType | None:
    """The enum that a type is, or is an array of."""
    while isinstance(kind, ArrayType):
        kind = kind.item
    return kind if isinstance(kind, EnumType) and kind.name else None


def column_text(attribute: Attribute, dialect: Dialect = "postgresql") -> ColumnText:
    generated = extra(attribute.extra, "generated")
    return ColumnText(
        attribute.name,
        text_of(attribute.type, dialect),
        attribute.is_required,
        attribute.default,
        str(extra(attribute.extra, "identity") or "").lower(),
        None if generated is None else str(generated),
        extra(attribute.extra, "virtual") is True,
        collation_of(attribute),
    )


def collation_of(attribute: Attribute) -> str:
    """As it stands in SQL."""
    found = extra(attribute.extra, "collation")
    if not found:
        return ""
    return str(found) if str(found).startswith('"') else quoted_path(str(found))


def quoted_path(name: str) -> str:
    """A name that may have a schema, as it stands in SQL."""
    schema, own = split_name(name)
    return quoted(own) if schema == "public" else f"{quoted(schema)}.{quoted(own)}"


def unique_name(entity: str, column: str) -> str:
    return implied_name(split_name(entity)[1], column, "key")


def index_name(entity: str, column: str) -> str:
    return implied_name(split_name(entity)[1], column, "idx")


def is_key(index: Index) -> bool:
    """A constraint, not only an index."""
    return index.kind == "primary" or extra(index.extra, "constraint") is True


def key_text(index: Index) -> KeyText:
    deferrable, initially = _deferral(index.extra)
    return KeyText(
        index.name,
        index.attributes,
        tuple(extra(index.extra, "include") or ()),
        extra(index.extra, "nulls_not_distinct") is True,
        deferrable,
        initially,
    )


def index_text(index: Index, name: str | None = None) -> IndexText:
    expressions = extra(index.extra, "expressions")
    parts = [(str(each), True) for each in expressions] if expressions else [(each, False) for each in index.attributes]
    where = extra(index.extra, "where")
    return IndexText(
        name or index.name,
        tuple(parts),
        index.is_unique or index.kind == "primary",
        index.kind if index.kind not in ("", "btree", "primary") else "",
        None if where is None else str(where),
        tuple(extra(index.extra, "include") or ()),
        extra(index.extra, "nulls_not_distinct") is True,
    )


def link_name(link: Link) -> str:
    return link.name or link.forward.label


def foreign_key(link: Link, dialect: Dialect = "postgresql") -> ForeignKeyText:
    """Raises Invalid where it has no columns, or a rule that SQL has not."""
    if not link.columns:
        raise Invalid(
            f"The link {plain(link_name(link), 80)} of {plain(link.forward.entity, 80)} names no columns.",
            remedy="Choose the columns of both tables that it joins.",
        )
    deferrable, initially = _deferral(link.extra)
    on_delete = "SET DEFAULT" if extra(link.extra, "set_default") else _ON_DELETE[link.forward.on_delete]
    match = extra(link.extra, "match")
    return ForeignKeyText(
        link_name(link),
        Table.of(link.reverse.entity, dialect),
        link.columns,
        on_delete,
        _on_update(link),
        deferrable,
        initially,
        str(match).upper() if match else None,
    )


def _on_update(link: Link) -> str | None:
    text = str(extra(link.extra, "on_update") or "").replace("-", " ")
    if not text or text.lower() == "no action":
        return None
    if not _ON_UPDATE.fullmatch(text):
        raise Invalid(f"The link {plain(link_name(link), 80)} has an unknown rule for updates: {plain(text, 40)}.")
    return text.upper()


def _deferral(parts: Extra) -> tuple[bool | None, str | None]:
    found = extra(parts, "deferrable")
    if not found:
        return None, None
    return True, "DEFERRED" if "deferred" in str(found).lower() else None


def texts_of(entity: Entity) -> Iterator[str]:
    """All SQL texts in it, where a value of an enum may be meant."""
    for attribute in entity.attributes:
        yield from texts_of_attribute(attribute)
    for index in entity.indexes:
        yield from (value for _, value in index.extra)
    yield from (value for _, value in entity.extra)


def texts_of_attribute(attribute: Attribute) -> Iterator[str]:
    if attribute.default is not None:
        yield attribute.default
    yield from (value for _, value in attribute.extra)

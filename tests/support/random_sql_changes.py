"""Changes of what columns, keys and enums are, beside the edits of ``random_sql``; the same for a seed."""

from __future__ import annotations

import json
import random
from dataclasses import replace

from hypothesis import strategies as st

from app.schema.columns import to_json
from app.schema.draft import Draft
from app.schema.formats.sql_form import canonical
from app.schema.formats.sql_names import Dialect, quoted
from app.schema.formats.sql_types import type_of
from app.schema.model import Attribute, Entity, Index, Schema
from app.schema.types import EnumType, Type
from tests.support.random_sql import _ENUMS, _SQLITE_TYPES, _TYPES, _Maker, random_sql_draft

_NUMBERS = ("integer", "bigint", "smallint", "numeric(10,2)", "double precision")
_TIMES = ("timestamptz", "date")
_OBJECTS = ("json", "jsonb")
_VALUES = (("sad", "ok", "happy"), ("new", "sad", "ok", "happy"), ("sad", "happy"), ("happy", "ok", "it's"))


def sql_changes(dialect: Dialect = "postgresql") -> st.SearchStrategy[Draft]:
    """Drafts whose columns become something else, some of them under another name."""
    return st.randoms(use_true_random=False).map(lambda rng: random_sql_changes(rng, dialect))


def random_sql_changes(rng: random.Random, dialect: Dialect) -> Draft:
    draft = random_sql_draft(rng, dialect, edits=4, only_renames=True)
    enums = {"mood": rng.choice(_VALUES), "Größe": _ENUMS["Größe"]}
    linked = {(each.forward.entity, here) for each in draft.wanted.links for here, _ in each.columns}
    linked |= {
        (one.name, key)
        for one in draft.wanted.entities
        for each in one.indexes
        if each.kind == "primary"
        for key in each.attributes
    }
    changer = _Changer(rng, dialect, enums, linked)
    entities = tuple(map(changer.entity, draft.wanted.entities))
    links = tuple(replace(each, extra=() if rng.random() < 0.3 else each.extra) for each in draft.wanted.links)
    return replace(draft, wanted=canonical(Schema(entities, links), dialect))


class _Changer:
    def __init__(
        self, rng: random.Random, dialect: Dialect, enums: dict[str, tuple[str, ...]], linked: set[tuple[str, str]]
    ) -> None:
        self.rng = rng
        self.maker = _Maker(rng, dialect)
        self.dialect = dialect
        self.enums = enums
        self.linked = linked

    def entity(self, entity: Entity) -> Entity:
        computed = " ".join(value for each in entity.attributes for name, value in each.extra if name == "generated")
        attributes = []
        for each in entity.attributes:
            is_used = json.dumps(quoted(each.name), ensure_ascii=False)[1:-1] in computed
            is_kept = is_used or each.extra or (entity.name, each.name) in self.linked
            made = self.enum(each) if is_kept or self.rng.random() < 0.4 else self.attribute(each)
            attributes.append(made)
        before = {each.name: each.type for each in entity.attributes}
        changed = {each.name for each in attributes if each.type != before[each.name]}
        indexes = [self.index(each) for each in entity.indexes if not changed & self._in(each, entity)]
        return replace(
            entity,
            attributes=tuple(attributes),
            indexes=tuple(indexes),
            extra=self.maker.entity_extra([each for each in attributes if each.name != "twice"]),
        )

    @staticmethod
    def _in(index: Index, entity: Entity) -> set[str]:
        texts = " ".join(json.dumps(json.loads(value), ensure_ascii=False) for _, value in index.extra)
        named = {
            each.name for each in entity.attributes if json.dumps(quoted(each.name), ensure_ascii=False)[1:-1] in texts
        }
        return named | set(index.attributes)

    def enum(self, attribute: Attribute) -> Attribute:
        if not isinstance(attribute.type, EnumType):
            return attribute
        return replace(attribute, type=EnumType(self.enums[attribute.type.name], attribute.type.name), default=None)

    def attribute(self, attribute: Attribute) -> Attribute:
        text = self._other(attribute)
        default = self._default(text) if self.rng.random() < 0.4 else None
        can_index = text not in _OBJECTS
        return replace(
            attribute,
            type=type_of(text, self.enums, self.dialect),
            default=default,
            is_required=self.rng.random() < 0.4,
            is_unique=can_index and self.rng.random() < 0.4,
            is_indexed=can_index and self.rng.random() < 0.4,
            extra=(("comment", to_json("Changed: 50%\t'x'")),)
            if self.maker.is_postgres and self.rng.random() < 0.2
            else (),
        )

    def _default(self, text: str) -> str | None:
        types = _TYPES if self.maker.is_postgres else _SQLITE_TYPES
        found = types.get(text) or None
        if text == "mood":
            return f"'{self.enums['mood'][0]}'::mood"
        return found

    def _other(self, attribute: Attribute) -> str:
        """A type that there is a cast to."""
        text = self._text(attribute.type)
        if not self.maker.is_postgres:
            return self.rng.choice([*_SQLITE_TYPES, text])
        if text == "text":
            return self.rng.choice(list(_TYPES))
        for group in (_NUMBERS, _TIMES, _OBJECTS):
            if text in group:
                return self.rng.choice((*group, "text"))
        return self.rng.choice((text, "text", "varchar(20)"))

    @staticmethod
    def _text(kind: Type) -> str:
        if isinstance(kind, EnumType):
            return quoted(kind.name)
        from app.schema.formats.sql_types import text_of

        return text_of(kind)

    def index(self, index: Index) -> Index:
        if index.kind != "btree" or self.rng.random() < 0.6:
            return index
        if any(name == "constraint" for name, _ in index.extra):
            return replace(
                index,
                extra=(("constraint", "true"), ("deferrable", '"deferred"')) if self.maker.is_postgres else index.extra,
            )
        return replace(index, is_unique=not index.is_unique)

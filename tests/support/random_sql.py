"""Schemas that PostgreSQL or SQLite can hold and give back unchanged, and edits of them; the same for a seed.

``sql_schemas(dialect)`` and ``sql_edits(dialect)`` are for hypothesis; ``random_sql_schema`` takes a seeded random.
All are in canonical form, their expressions in the spelling in which PostgreSQL gives them back.
"""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from dataclasses import replace

from hypothesis import strategies as st

from app.core.errors import Invalid
from app.schema.draft import Draft
from app.schema.formats.sql_form import canonical
from app.schema.formats.sql_names import Dialect, implied_name, quoted, table_of
from app.schema.formats.sql_types import type_of
from app.schema.model import Attribute, Entity, Extra, Index, Link, LinkEnd, OnDelete, Schema, link_key

_ENUMS = {"mood": ("sad", "ok", "happy"), "Größe": ("S", "it's L")}
_TABLES = ("users", "chats", "Messages", "order", "my table", '"a.b"', "größe", "votes🙂")
_COLUMNS = (
    "title",
    "Name",
    "select",
    "due date",
    "größe",
    "a.b",
    'say "hi"',
    "size",
    "note",
    "done",
    "kind",
    "emoji🙂",
)
# Types with a default as PostgreSQL spells it.
_TYPES: dict[str, str] = {
    "text": "'it''s'::text",
    "varchar(20)": "'x'::character varying",
    "integer": "0",
    "bigint": "42",
    "smallint": "1",
    "numeric(10,2)": "1.50",
    "double precision": "0.5",
    "boolean": "true",
    "timestamptz": "now()",
    "date": "CURRENT_DATE",
    "jsonb": "'{}'::jsonb",
    "uuid": "gen_random_uuid()",
    "bytea": "",
    "text[]": "",
    "mood": "'ok'::mood",
    '"Größe"': "",
    "interval": "",
    "inet": "",
}
_SQLITE_TYPES: dict[str, str] = {
    "text": "'it''s'",
    "varchar(20)": "'x'",
    "integer": "0",
    "bigint": "42",
    "real": "0.5",
    "numeric(10,2)": "1.50",
    "boolean": "true",
    "datetime": "CURRENT_TIMESTAMP",
    "json": "'{}'",
    "blob": "",
}
_NUMBERS = frozenset({"integer", "bigint", "smallint"})
_RULES: tuple[OnDelete | None, ...] = (None, "cascade", "restrict", "set-null")


def sql_schemas(dialect: Dialect = "postgresql", *, tables: int = 4) -> st.SearchStrategy[Schema]:
    return st.randoms(use_true_random=False).map(lambda rng: random_sql_schema(rng, dialect, tables=tables))


def sql_edits(dialect: Dialect = "postgresql", *, edits: int = 12) -> st.SearchStrategy[Draft]:
    """Drafts of a schema after some edits, as the workshop makes them."""
    return st.randoms(use_true_random=False).map(lambda rng: random_sql_draft(rng, dialect, edits=edits))


def sql_renames(dialect: Dialect = "postgresql") -> st.SearchStrategy[Draft]:
    """Drafts in which attributes and entities were renamed, and nothing else was done."""
    return st.randoms(use_true_random=False).map(lambda rng: random_sql_draft(rng, dialect, edits=6, only_renames=True))


def random_sql_schema(rng: random.Random, dialect: Dialect = "postgresql", *, tables: int = 4) -> Schema:
    pool = [*_TABLES, "aux.items", 'aux."x.y"'] if dialect == "postgresql" else list(_TABLES)
    names = rng.sample(pool, rng.randint(1, min(tables, len(pool))))
    names += [f"t{number}" for number in range(tables - len(pool))]
    maker = _Maker(rng, dialect)
    entities = {name: maker.entity(name) for name in names}
    links = [link for _ in range(rng.randint(0, len(names))) if (link := maker.link(entities)) is not None]
    return canonical(
        Schema(tuple(entities.values()), tuple({link_key(each): each for each in links}.values())), dialect
    )


def random_sql_draft(
    rng: random.Random, dialect: Dialect = "postgresql", *, edits: int = 12, only_renames: bool = False
) -> Draft:
    return edited(rng, random_sql_schema(rng, dialect), dialect, edits=edits, only_renames=only_renames)


def edited(
    rng: random.Random, base: Schema, dialect: Dialect = "postgresql", *, edits: int = 12, only_renames: bool = False
) -> Draft:
    """Some edits of a schema."""
    draft = Draft(base, base)
    editor = _Editor(rng, dialect)
    for _ in range(rng.randint(1, edits)):
        try:
            draft = editor.rename(draft) if only_renames else editor.edit(draft)
        except Invalid:
            # A name that is taken, or a part that is gone: the operator would choose another.
            continue
    return replace(draft, wanted=canonical(draft.wanted, dialect))


class _Maker:
    def __init__(self, rng: random.Random, dialect: Dialect) -> None:
        self.rng = rng
        self.dialect = dialect
        self.types = _TYPES if dialect == "postgresql" else _SQLITE_TYPES

    @property
    def is_postgres(self) -> bool:
        return self.dialect == "postgresql"

    def chance(self, percent: int) -> bool:
        return self.rng.randrange(100) < percent

    def entity(self, name: str) -> Entity:
        key = self.rng.choice(("bigint", "uuid", "bigserial", "identity") if self.is_postgres else ("integer", "text"))
        extra = (("identity", '"by default"'),) if key == "identity" else ()
        kind = self._type("bigint" if key == "identity" else key)
        columns = [Attribute("id", kind, is_required=True, extra=extra)]
        columns += [self.attribute(each) for each in self.rng.sample(_COLUMNS, self.rng.randint(0, 6))]
        numbers = [each.name for each in columns if self._spelled(each) in _NUMBERS and not each.extra]
        if numbers and self.chance(20):
            own = quoted(self.rng.choice(numbers))
            made = (("generated", json.dumps(f"{own} * 2", ensure_ascii=False)),)
            columns.append(Attribute("twice", self._type("bigint" if self.is_postgres else "integer"), extra=made))
        indexes = [Index(implied_name(table_of(name), "", "pkey"), ("id",), True, "primary")]
        indexes += self.indexes(name, columns)
        return Entity(name, tuple(columns), tuple(indexes), extra=self.entity_extra(columns))

    def attribute(self, name: str) -> Attribute:
        text = self.rng.choice(list(self.types))
        default = self.types[text] if self.types[text] and self.chance(40) else None
        can_index = text not in ("json", "jsonb")
        extra: Extra = (("comment", '"What it\'s for"'),) if self.is_postgres and self.chance(15) else ()
        flags = [self.chance(30), can_index and self.chance(15), can_index and self.chance(20)]
        return Attribute(name, self._type(text), flags[0], flags[1], flags[2], default, extra=extra)

    def indexes(self, entity: str, columns: Sequence[Attribute]) -> list[Index]:
        found: list[Index] = []
        for number in range(self.rng.randint(0, 2)):
            name = f"{table_of(entity)[:20]}_{number}_ix{self.rng.randint(0, 99)}"
            found.append(self.index(name, columns))
        return found

    def index(self, name: str, columns: Sequence[Attribute]) -> Index:
        plain = [each.name for each in columns if self._spelled(each) not in ("json", "jsonb")]
        objects = [each.name for each in columns if self._spelled(each) == "jsonb"]
        over = tuple(self.rng.sample(plain, self.rng.randint(1, min(3, len(plain)))))
        if objects and self.chance(50):
            return Index(name, (objects[0],), False, "gin")
        extra: list[tuple[str, str]] = []
        if self.chance(20):
            parts = [f"{quoted(each)} DESC" for each in over]
            extra.append(("expressions", json.dumps(parts, ensure_ascii=False)))
        if self.chance(20):
            extra.append(("where", json.dumps(f"{quoted(over[0])} IS NOT NULL", ensure_ascii=False)))
        # A table that is made with two keys over the same columns keeps one of them.
        is_constraint = not extra and over != ("id",) and self.chance(25)
        if is_constraint:
            extra.append(("constraint", "true"))
        is_unique = is_constraint or self.chance(25)
        return Index(name, over, is_unique, "btree", tuple(sorted(extra)))

    def entity_extra(self, columns: Sequence[Attribute]) -> Extra:
        extra: list[tuple[str, str]] = []
        numbers = [each.name for each in columns if self._spelled(each) in _NUMBERS]
        texts = [each.name for each in columns if self._spelled(each) == "text"]
        if numbers and self.chance(30):
            extra.append(("check positive", json.dumps(f"{quoted(numbers[0])} > 0", ensure_ascii=False)))
        if texts and self.chance(30):
            extra.append(("check long enough", json.dumps(f"length({quoted(texts[0])}) > 2", ensure_ascii=False)))
        if self.is_postgres and self.chance(20):
            extra.append(("comment", '"Ein \\"Text\\""'))
        if self.is_postgres and self.chance(15):
            extra.append(("row_security", "true"))
        return tuple(sorted(extra))

    def link(self, entities: dict[str, Entity]) -> Link | None:
        """To a primary key, over a column that is made for it."""
        here, there = (self.rng.choice(sorted(entities)) for _ in range(2))
        column = f"{table_of(there).replace('.', '')[:8]} ref"
        if entities[here].attribute(column) is None:
            key = entities[there].attribute("id")
            assert key is not None
            native = {"bigserial": "bigint"}.get(self._spelled(key))
            kind = self._type(native) if native else key.type
            entities[here] = replace(
                entities[here],
                attributes=(*entities[here].attributes, Attribute(column, kind, is_indexed=self.chance(50))),
            )
        name = implied_name(table_of(here), column, "fkey")
        extra: Extra = (("on_update", '"cascade"'),) if self.chance(20) else ()
        forward = LinkEnd(here, name, "one", on_delete=self.rng.choice(_RULES))
        return Link(name, forward, LinkEnd(there, "", "many"), False, extra, ((column, "id"),))

    def _type(self, text: str):  # type: ignore[no-untyped-def]
        return type_of(text, _ENUMS, self.dialect)

    @staticmethod
    def _spelled(attribute: Attribute) -> str:
        kind = attribute.type
        return getattr(kind, "native", "") or getattr(kind, "name", "")


class _Editor:
    def __init__(self, rng: random.Random, dialect: Dialect) -> None:
        self.rng = rng
        self.maker = _Maker(rng, dialect)

    def edit(self, draft: Draft) -> Draft:
        doings = (
            self.rename,
            self.rename,
            self._add_attribute,
            self._drop_attribute,
            self._change_attribute,
            self._index,
            self._link,
            self._add_entity,
            self._drop_entity,
            self._restore,
            self._extra,
        )
        return self.rng.choice(doings)(draft)

    def rename(self, draft: Draft) -> Draft:
        entity = self._entity(draft)
        if self.rng.random() < 0.25:
            return draft.rename_entity(entity.name, self.rng.choice((*_TABLES, f"renamed {self.rng.randint(0, 5)}")))
        new = self.rng.choice((*_COLUMNS, f"moved {self.rng.randint(0, 5)}"))
        return draft.rename_attribute(entity.name, self.rng.choice(entity.attributes).name, new)

    def _add_attribute(self, draft: Draft) -> Draft:
        return draft.add_attribute(self._entity(draft).name, self.maker.attribute(self.rng.choice(_COLUMNS)))

    def _drop_attribute(self, draft: Draft) -> Draft:
        entity = self._entity(draft)
        name = self.rng.choice(entity.attributes).name
        if name == "id" or entity.attribute("twice") is not None:
            return draft
        return draft.drop_attribute(entity.name, name)

    def _change_attribute(self, draft: Draft) -> Draft:
        entity = self._entity(draft)
        name = self.rng.choice(entity.attributes).name
        if name == "id" or name.endswith(" ref"):
            return draft
        return draft.change_attribute(entity.name, name, is_required=self.rng.random() < 0.5, is_indexed=True)

    def _index(self, draft: Draft) -> Draft:
        entity = self._entity(draft)
        if len(entity.indexes) > 1 and self.rng.random() < 0.5:
            index = self.rng.choice([each for each in entity.indexes if each.kind != "primary"] or [None])
            return draft if index is None else draft.drop_index(entity.name, index.name)
        return draft.add_index(entity.name, self.maker.index(f"new ix {self.rng.randint(0, 999)}", entity.attributes))

    def _link(self, draft: Draft) -> Draft:
        links = draft.wanted.links
        if links and self.rng.random() < 0.5:
            link = self.rng.choice(links)
            if self.rng.random() < 0.5:
                return draft.drop_link(link_key(link))
            name = f"fk {self.rng.randint(0, 999)}"
            changed = replace(
                link, name=name, forward=replace(link.forward, label=name, on_delete=self.rng.choice(_RULES))
            )
            return draft.change_link(link_key(link), changed)
        entities = {each.name: each for each in draft.wanted.entities if each.attribute("id") is not None}
        if not entities:
            return draft
        before = dict(entities)
        link = self.maker.link(entities)
        if link is None:
            return draft
        here = link.forward.entity
        for attribute in entities[here].attributes[len(before[here].attributes) :]:
            draft = draft.add_attribute(here, attribute)
        return draft.add_link(link)

    def _add_entity(self, draft: Draft) -> Draft:
        made = self.maker.entity(f"fresh {self.rng.randint(0, 9)}")
        draft = draft.add_entity(made.name, made.attributes)
        for index in made.indexes:
            draft = draft.add_index(made.name, index)
        return draft

    def _drop_entity(self, draft: Draft) -> Draft:
        return draft.drop_entity(self._entity(draft).name)

    def _restore(self, draft: Draft) -> Draft:
        entity = self._entity(draft)
        gone = draft.removed(entity.name).attributes
        return draft.restore_attribute(entity.name, gone[0].name) if gone else draft

    def _extra(self, draft: Draft) -> Draft:
        entity = self._entity(draft)
        changed = replace(entity, extra=self.maker.entity_extra(entity.attributes))
        entities = tuple(changed if each is entity else each for each in draft.wanted.entities)
        return replace(draft, wanted=Schema(entities, draft.wanted.links))

    def _entity(self, draft: Draft) -> Entity:
        found = [each for each in draft.wanted.entities if each.attributes]
        if not found:
            raise Invalid("No table is left.")
        return self.rng.choice(found)

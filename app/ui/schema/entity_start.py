"""What a new entity begins with, and what kind of thing an entity is."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from app.core.errors import Invalid
from app.schema.formats.sql_names import implied_name, split_name
from app.schema.model import Attribute, Entity, Index

from .extras import extra_of

if TYPE_CHECKING:
    from app.schema.check import Rules
    from app.schema.draft import Draft

PRIMARY = "primary"
_ID = "id"


def add_entity(draft: Draft, name: str, rules: Rules | None) -> Draft:
    """A new entity; where entities are tables, with an ``id`` that is made by itself as its primary key."""
    if rules is None or rules.parse_type is None or PRIMARY not in rules.index_kinds:
        return draft.add_entity(name)
    is_small = rules.platform == "SQLite"
    kind = rules.parse_type("integer" if is_small else "uuid")
    default = None if is_small else "gen_random_uuid()"
    key = Attribute(_ID, kind, is_required=True, default=default)
    made = draft.add_entity(name, (key,))
    return made.add_index(name.strip(), Index(_key_name(name.strip()), (_ID,), True, PRIMARY))


def rename_entity(draft: Draft, old: str, new: str, rules: Rules | None) -> Draft:
    """The primary key of an entity that is new in this draft gets the name that fits the new one."""
    renamed, new = draft.rename_entity(old, new), new.strip()
    entity = renamed.wanted.entity(new)
    is_new = draft.base.entity(old) is None and all(now != old for _was, now in draft.renames.entities)
    if entity is None or not is_new or rules is None or PRIMARY not in rules.index_kinds:
        return renamed
    key = next((each for each in entity.indexes if each.kind == PRIMARY), None)
    if key is None or key.name != _key_name(old):
        return renamed
    return renamed.change_index(new, key.name, replace(key, name=_key_name(new)))


def _key_name(entity: str) -> str:
    """As the database would call it. A name that cannot be one is refused elsewhere."""
    try:
        return implied_name(split_name(entity)[1], "", "pkey")
    except Invalid:
        return f"{entity}_pkey"


def entity_kind(entity: Entity) -> str:
    """In a word or two: ``table``, ``view``…"""
    return str(extra_of(entity.extra, "kind", "table"))

"""What a new foreign key could be, and what it leads to when its table or its columns change; no Qt in here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from app.core.errors import FieldError, Invalid
from app.core.text import plain
from app.core.words import free_name
from app.schema.formats.sql_names import implied_name, split_name
from app.schema.model import Attribute, Entity, Link, LinkEnd, Schema
from app.schema.types import Type

from .entity_start import PRIMARY
from .sql_lists import named, split_list

if TYPE_CHECKING:
    from app.schema.draft import Draft


def table_of(entity: str) -> str:
    """The table without its schema."""
    try:
        return split_name(entity)[1]
    except Invalid:
        return entity


def key_of(entity: Entity) -> tuple[str, ...]:
    """What a foreign key leads to when nothing else is said: the primary key, else the first unique attribute."""
    primary = next((each.attributes for each in entity.indexes if each.kind == PRIMARY), ())
    if primary:
        return primary
    return next(((each.name,) for each in entity.attributes if each.is_unique), ())


def usual_name(link: Link) -> str:
    """What the database would call it."""
    return implied_name(table_of(link.forward.entity), "_".join(mine for mine, _ in link.columns), "fkey")


def names_taken(schema: Schema, entity: str) -> set[str]:
    found = schema.entity(entity)
    labels = {each.forward.label for each in schema.links if each.forward.entity == entity}
    return labels | ({each.name for each in found.indexes} if found is not None else set())


def new_link(schema: Schema, entity: Entity) -> tuple[Link, Attribute | None]:
    """A foreign key that suits the entity, and the attribute that has to be added for it. Raises Invalid.

    An attribute that is called after a table (``owner_id``, ``chats_id``) and leads nowhere yet is taken first.
    """
    targets = {each.name: each for each in schema.entities if not each.is_system and len(key_of(each)) == 1}
    if not targets:
        sentence = "No table has a primary key over one attribute, which a foreign key could lead to."
        raise Invalid(sentence, remedy="Give the table that is meant a primary key first.")
    found = _by_name(schema, entity, targets)
    if found is not None:
        return _made(schema, entity.name, found[0], targets[found[1]]), None
    to = next((each for each in targets.values() if each.name != entity.name), next(iter(targets.values())))
    key = to.attribute(key_of(to)[0])
    taken = {each.name for each in entity.attributes}
    column = Attribute(free_name(f"{_singular(table_of(to.name))}_{key_of(to)[0]}", taken))
    if key is not None:
        column = replace(column, type=_plain_of(key))
    return _made(schema, entity.name, column.name, to), column


def _plain_of(key: Attribute) -> Type:
    """The type of a value that leads to a key: one that counts by itself is only stored."""
    from app.schema.formats.sql_types import type_of

    native = getattr(key.type, "native", "")
    counted = {"serial": "integer", "bigserial": "bigint", "smallserial": "smallint"}
    return type_of(counted[native]) if native in counted else key.type


def _by_name(schema: Schema, entity: Entity, targets: dict[str, Entity]) -> tuple[str, str] | None:
    used = {mine for link in schema.links if link.forward.entity == entity.name for mine, _ in link.columns}
    stems: dict[str, str] = {}
    for name in targets:
        table = table_of(name)
        stems.setdefault(table, name)
        stems.setdefault(_singular(table), name)
    for each in entity.attributes:
        stem, _, key = each.name.rpartition("_")
        if stem in stems and each.name not in used and key == key_of(targets[stems[stem]])[0]:
            return each.name, stems[stem]
    return None


def _singular(table: str) -> str:
    if table.endswith("ies") and len(table) > 4:
        return f"{table[:-3]}y"
    return table[:-1] if table.endswith("s") and not table.endswith("ss") and len(table) > 2 else table


def _made(schema: Schema, entity: str, column: str, to: Entity) -> Link:
    pairs = ((column, key_of(to)[0]),)
    made = Link("", LinkEnd(entity, "", "one"), LinkEnd(to.name, "", "many"), columns=pairs)
    return with_name(made, free_name(usual_name(made), names_taken(schema, entity)))


def with_name(link: Link, name: str) -> Link:
    return replace(link, name=name, forward=replace(link.forward, label=name))


def named_anew(before: Link, after: Link) -> Link:
    """The name of a new foreign key that was made of its columns stays so."""
    return with_name(after, usual_name(after)) if before.forward.label == usual_name(before) else after


def leading_to(link: Link, target: Entity) -> Link:
    """The foreign key to another table. Raises Invalid where its key is over another number of columns."""
    mine, theirs = [one for one, _ in link.columns], key_of(target)
    if len(theirs) != len(mine):
        known = {each.name for each in target.attributes}
        theirs = tuple(other for _, other in link.columns if other in known)
    if len(theirs) != len(mine):
        key = ", ".join(plain(each, 40) for each in key_of(target)) or "nothing"
        sentence = f"The key of {plain(target.name, 60)} is over {key}; this foreign key has {len(mine)}."
        raise _refused("entity", f"{sentence} Enter the attributes that lead there first.")
    return replace(
        link, reverse=replace(link.reverse, entity=target.name), columns=tuple(zip(mine, theirs, strict=True))
    )


def over(link: Link, text: str, entity: Entity, target: Entity | None) -> Link:
    """The foreign key from other attributes of its table. Raises Invalid."""
    mine = _columns(text, entity, "columns")
    theirs = [other for _, other in link.columns]
    if len(theirs) != len(mine):
        theirs = list(key_of(target)) if target is not None else []
    if len(theirs) != len(mine):
        raise _refused("columns", f"It leads to {_count(len(theirs))}, so it needs as many here.")
    return replace(link, columns=tuple(zip(mine, theirs, strict=True)))


def onto(link: Link, text: str, target: Entity) -> Link:
    """The foreign key to other attributes of the table that it leads to. Raises Invalid."""
    theirs = _columns(text, target, "to_columns")
    mine = [one for one, _ in link.columns]
    if len(theirs) != len(mine):
        raise _refused("to_columns", f"It is over {_count(len(mine))} here, so it leads to as many.")
    return replace(link, columns=tuple(zip(mine, theirs, strict=True)))


def _count(number: int) -> str:
    return "1 attribute" if number == 1 else f"{number} attributes"


def _columns(text: str, entity: Entity, field: str) -> list[str]:
    names, parts = [each.name for each in entity.attributes], split_list(text)
    found = []
    for part in parts:
        name = named(part, names)
        if name is None:
            raise _refused(field, f"{plain(entity.name, 60)} has no attribute {plain(part, 60)}.")
        found.append(name)
    if not found or len(set(found)) < len(found):
        raise _refused(field, "Enter one or more attributes, each once.")
    return found


def _refused(field: str, sentence: str) -> Invalid:
    return Invalid(sentence, fields=(FieldError(field, sentence),))


def changed_link(draft: Draft, link: Link, what: str, value: str) -> Link:
    """``what`` is ``to``, ``columns`` or ``to_columns``. Raises Invalid."""
    entity, target = draft.wanted.entity(link.forward.entity), draft.wanted.entity(link.reverse.entity)
    if what == "to":
        target = draft.wanted.entity(value)
        if target is None:
            raise _refused("entity", f"There is no table {plain(value, 60)}.")
        return link if target.name == link.reverse.entity else leading_to(link, target)
    if entity is None or target is None:
        return link
    return over(link, value, entity, target) if what == "columns" else onto(link, value, target)


def referring(schema: Schema, entity: str) -> Sequence[Link]:
    """The foreign keys of others that lead to an entity."""
    return [each for each in schema.links if each.reverse.entity == entity and each.forward.entity != entity]

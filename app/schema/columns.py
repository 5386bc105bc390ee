"""Attributes under other names wherever else they are named: in indexes, links, and SQL texts that a database keeps
beside its parts (checks, conditions and expressions of indexes, generated values)."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from functools import partial

from app.core.words import free_name

from .formats.sql_names import cut, table_of
from .formats.sql_words import with_names, words_of
from .model import Attribute, Entity, Extra, Index, Link

Names = Mapping[str, str]

CHECK = "check "
"""Checks of an entity are in its extra under this and their name."""

_SQL_TEXTS = frozenset({"where", "generated", "partition_by"})


def extra_after(extra: Extra, names: Names) -> Extra:
    """The very same object where nothing in it names one of them."""
    if not extra or not names:
        return extra
    changed = tuple((name, _value_after(name, value, names)) for name, value in extra)
    return extra if changed == extra else changed


def attribute_after(attribute: Attribute, names: Names) -> Attribute:
    """What others are called in its extra; its own name stays."""
    extra = extra_after(attribute.extra, names)
    return attribute if extra is attribute.extra else replace(attribute, extra=extra)


def index_after(index: Index, names: Names) -> Index:
    over = tuple(names.get(each, each) for each in index.attributes)
    extra = extra_after(index.extra, names)
    is_same = extra is index.extra and over == index.attributes
    return index if is_same else replace(index, attributes=over, extra=extra)


def entity_after(entity: Entity, names: Names) -> Entity:
    """All but the names of the attributes themselves."""
    if not names:
        return entity
    return replace(
        entity,
        attributes=tuple(attribute_after(each, names) for each in entity.attributes),
        indexes=tuple(index_after(each, names) for each in entity.indexes),
        extra=extra_after(entity.extra, names),
    )


def link_after(link: Link, here: Names, there: Names) -> Link:
    """``here`` are names of the forward entity, ``there`` those of the reverse one."""
    if not link.columns or not (here or there):
        return link
    columns = tuple((here.get(one, one), there.get(other, other)) for one, other in link.columns)
    return link if columns == link.columns else replace(link, columns=columns)


def link_after_rename(link: Link, entity: str, names: Names) -> Link:
    """After attributes of one entity, which may be at both ends, got other names."""
    here = names if link.forward.entity == entity else {}
    return link_after(link, here, names if link.reverse.entity == entity else {})


def has_column(link: Link, entity: str, name: str) -> bool:
    if not link.columns:
        return False
    is_here = link.forward.entity == entity and any(one == name for one, _other in link.columns)
    return is_here or (link.reverse.entity == entity and any(other == name for _one, other in link.columns))


def names_column(index: Index, name: str) -> bool:
    """Whether an index is over an attribute, or names it in an expression or its condition."""
    return name in index.attributes or any(name in _words(*each) for each in index.extra)


def checks_over(extra: Extra, name: str) -> Extra:
    """Those of the checks that name an attribute."""
    return tuple(each for each in extra if each[0].startswith(CHECK) and name in _words(*each))


def _words(name: str, value: str) -> frozenset[str]:
    found: set[str] = set()

    def keep(text: str) -> str:
        found.update(words_of(text))
        return text

    _mapped(name, value, keep, found.add)
    return frozenset(found)


def _value_after(name: str, value: str, names: Names) -> str:
    changed = _mapped(name, value, partial(with_names, names=names), lambda each: names.get(each, each))
    return value if changed is None else changed


def _mapped(name: str, value: str, sql: Callable[[str], str], column: Callable[[str], str | None]) -> str | None:
    """The JSON text with each SQL text and each name of an attribute in it replaced; None where it has none."""
    if not (name in _SQL_TEXTS or name.startswith(CHECK) or name in ("expressions", "include")):
        return None
    try:
        known = json.loads(value)
    except ValueError:
        return None
    if isinstance(known, str):
        changed: object = sql(known)
    elif isinstance(known, list) and all(isinstance(each, str) for each in known):
        changed = [column(each) if name == "include" else sql(each) for each in known]
    else:
        return None
    return None if changed == known else to_json(changed)


def indexes_for(entity: str, old: str, indexes: tuple[Index, ...], taken: Collection[str]) -> tuple[Index, ...]:
    """Indexes of the entity ``old`` for a copy of it. In a database they share one room of names (their kind tells):
    what begins with the old table's name begins with the new one's, and all are free."""
    found: list[Index] = []
    used = set(taken)
    for index in indexes:
        name = index.name
        if index.kind:
            before, after = table_of(old), table_of(entity)
            name = f"{after}{name.removeprefix(before)}" if name.startswith(before) else f"{after}_{name}"
            name = free_name(cut(name), used)
        used.add(name)
        found.append(index if name == index.name else replace(index, name=name))
    return tuple(found)


def to_json(value: object) -> str:
    """As the values of an extra are written."""
    return json.dumps(value, ensure_ascii=False)

"""Steps in the operator's words; names as they are, cut by whoever shows them."""

from __future__ import annotations

from collections.abc import Iterator

from app.core.words import counted

from . import sql_wording
from .model import Attribute, Entity, Extra, Index, Link, LinkEnd
from .type_names import type_name
from .types import EnumType, Type


def add_entity(entity: Entity) -> str:
    return f"Add the entity {entity.name} with {counted(len(entity.attributes), 'attribute')}."


def change_extra(name: str, before: Extra, after: Extra) -> str:
    old, new = dict(before), dict(after)
    keys = [key for key in {**old, **new} if old.get(key) != new.get(key)]
    parts = ", ".join(sql_wording.of_extra(key, old.get(key), new.get(key)) for key in keys)
    return f"Change the entity {name}: {parts}."


def attribute(value: Attribute) -> str:
    """``a required, unique string``."""
    flags = [
        word
        for word, holds in (
            ("required", value.is_required),
            ("unique", value.is_unique),
            ("indexed", value.is_indexed),
        )
        if holds
    ]
    kind = type_name(value.type)
    words = f"{', '.join(flags)} {kind}".strip()
    article = "an" if words[0] in "aeio" else "a"
    default = f" with the default {value.default}" if value.default is not None else ""
    return f"{article} {words}{default}"


def attribute_change(before: Attribute, after: Attribute) -> str:
    return ", ".join(_attribute_parts(before, after))


def _attribute_parts(before: Attribute, after: Attribute) -> Iterator[str]:
    if before.type != after.type:
        old, new = type_name(before.type), type_name(after.type)
        # Two types can have one short name: a limit or a list of fields differs.
        yield f"type {old} → {new}" if old != new else f"another {new}{_enum_values(before.type, after.type)}"
    for word, was, now in (
        ("required", before.is_required, after.is_required),
        ("unique", before.is_unique, after.is_unique),
        ("indexed", before.is_indexed, after.is_indexed),
    ):
        if was != now:
            yield word if now else f"no longer {word}"
    if before.default != after.default:
        yield f"default {before.default or 'none'} → {after.default or 'none'}"
    if before.is_system != after.is_system:
        yield "now the platform's own" if after.is_system else "no longer the platform's own"
    if before.extra != after.extra:
        yield from sql_wording.of_extras(before.extra, after.extra)


def _enum_values(before: Type, after: Type) -> str:
    """Which values an enum of one name gets and loses."""
    if not (isinstance(before, EnumType) and isinstance(after, EnumType)):
        return ""
    added = [each for each in after.values if each not in before.values]
    gone = [each for each in before.values if each not in after.values]
    parts = [f"adds {', '.join(added)}"] if added else []
    parts += [f"removes {', '.join(gone)}"] if gone else []
    return f" ({'; '.join(parts) or 'in another order'})"


def index(value: Index) -> str:
    over = ", ".join(sql_wording.keys_of(value) or value.attributes)
    if value.kind == "primary":
        return f"primary key {value.name} on {over}"
    kind = " ".join(each for each in ("unique" if value.is_unique else "", value.kind) if each)
    return f"{kind} index {value.name} on {over}{sql_wording.condition_of(value)}".strip()


def link_place(link: Link) -> str:
    return f"{link.forward.entity}.{link.forward.label}"


def link_words(value: Link) -> str:
    """``goals.todos ↔ todos.goal``; of a link over attributes its name and both: ``fk: todos.goal → goals.id``."""
    if value.columns:
        return f"{value.name or value.forward.label}: {sql_wording.columns_of(value)}"
    return f"{link_place(value)} ↔ {value.reverse.entity}.{value.reverse.label}"


def link(value: Link) -> str:
    """``goals.todos (many) ↔ todos.goal (one)`` with its rules."""
    if value.columns:
        return f"{link_words(value)}; {', '.join(sql_wording.rules_of(value))}"
    rules = [*_rules(value.forward), *_rules(value.reverse)]
    ends = f"{_end(value.forward)} ↔ {_end(value.reverse)}"
    return f"{ends}; {', '.join(rules)}" if rules else ends


def drop_link(value: Link) -> str:
    if value.columns:
        return f"Delete the link {link_words(value)}: values stay, and may lead nowhere from then on."
    return f"Delete the link {link_words(value)}: what was linked by it will not be any more."


def _end(end: LinkEnd) -> str:
    return f"{end.entity}.{end.label} ({end.has})"


def _rules(end: LinkEnd) -> Iterator[str]:
    if end.is_required:
        yield f"{end.entity}.{end.label} is required"
    if end.on_delete:
        yield _on_delete(end)


def _on_delete(end: LinkEnd) -> str:
    match end.on_delete:
        case "cascade":
            return f"rows of {end.entity} go when what {end.label} leads to is deleted"
        case "restrict":
            return f"what {end.label} leads to cannot be deleted while rows of {end.entity} have it"
        case "set-null":
            return f"{end.entity}.{end.label} is emptied when what it leads to is deleted"
    return f"rows of {end.entity} stay when what {end.label} leads to is deleted"


def rename_link(before: Link, after: Link) -> str:
    if link_words(before) == link_words(after) or after.columns:
        return f"Rename the link {before.name} to {after.name}."
    return f"Rename the link {link_words(before)} to {link_words(after)}, keeping its connections."


def link_change(before: Link, after: Link) -> str:
    if after.columns:
        return ", ".join(sql_wording.link_changes(before, after)) or "its ends"
    parts = [*_end_parts(before.forward, after.forward), *_end_parts(before.reverse, after.reverse)]
    if before.extra != after.extra or before.is_system != after.is_system:
        parts.append("what the platform keeps beside it")
    return ", ".join(parts)


def _end_parts(before: LinkEnd, after: LinkEnd) -> Iterator[str]:
    name = f"{after.entity}.{after.label}"
    if before.has != after.has:
        yield f"{name} leads to {after.has} instead of {before.has}"
    if before.is_required != after.is_required:
        yield f"{name} is {'now' if after.is_required else 'no longer'} required"
    if before.on_delete != after.on_delete:
        yield _on_delete(after)

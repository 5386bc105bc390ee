"""Steps in the operator's words; names as they are, cut by whoever shows them."""

from __future__ import annotations

from collections.abc import Iterator

from app.core.words import counted

from .model import Attribute, Entity, Extra, Index, Link, LinkEnd
from .type_names import type_name


def add_entity(entity: Entity) -> str:
    return f"Add the entity {entity.name} with {counted(len(entity.attributes), 'attribute')}."


def change_extra(name: str, before: Extra, after: Extra) -> str:
    old, new = dict(before), dict(after)
    keys = [key for key in {**old, **new} if old.get(key) != new.get(key)]
    parts = ", ".join(f"{key} {old.get(key, 'none')} → {new.get(key, 'none')}" for key in keys)
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
        yield f"type {old} → {new}" if old != new else f"another {new}"
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
        yield "what the platform keeps beside it"


def index(value: Index) -> str:
    kind = " ".join(each for each in ("unique" if value.is_unique else "", value.kind) if each)
    return f"{kind} index {value.name} on {', '.join(value.attributes)}".strip()


def link_place(link: Link) -> str:
    return f"{link.forward.entity}.{link.forward.label}"


def link_words(link: Link) -> str:
    """``goals.todos ↔ todos.goal``."""
    return f"{link_place(link)} ↔ {link.reverse.entity}.{link.reverse.label}"


def link(value: Link) -> str:
    """``goals.todos (many) ↔ todos.goal (one)`` with its rules."""
    rules = [*_rules(value.forward), *_rules(value.reverse)]
    ends = f"{_end(value.forward)} ↔ {_end(value.reverse)}"
    return f"{ends}; {', '.join(rules)}" if rules else ends


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
    if link_words(before) == link_words(after):
        return f"Rename the link {before.name} to {after.name}."
    return f"Rename the link {link_words(before)} to {link_words(after)}, keeping its connections."


def link_change(before: Link, after: Link) -> str:
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

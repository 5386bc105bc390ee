"""Whether a schema holds the two registries, and what adds the missing parts. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from app.core.errors import Invalid
from app.core.text import plain
from app.schema.draft import Draft
from app.schema.model import Attribute, Cardinality, Entity, Link, LinkEnd, Schema
from app.schema.types import DateType, NumberType, StringType
from app.services.foundation_map import FoundationMap

_LIMIT = 60


@dataclass(frozen=True, slots=True)
class FoundationShape:
    """``missing`` are sentences, of what either registry lacks.

    Each draft adds what is missing: for both registries, for the one of users' apps, for the one of tasks' databases.
    It is None where nothing is missing there, or where it cannot be added (``conflicts`` says why).
    """

    has_apps_registry: bool
    has_databases_registry: bool
    missing: tuple[str, ...] = ()
    draft: Draft | None = field(default=None, repr=False)
    apps_draft: Draft | None = field(default=None, repr=False)
    databases_draft: Draft | None = field(default=None, repr=False)
    conflicts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Registry:
    """One registry, as the documents have it, under the foundation's names.

    All of ``entity`` has to be there. The ``others`` are the foundation's own: they have to be there, and what is in
    them is only for the case that they are not.
    """

    entity: Entity
    others: tuple[Entity, ...]
    link: Link


def shape_of(schema: Schema, names: FoundationMap) -> FoundationShape:
    apps, databases, origin = _apps(names), _databases(names), _origin(names)
    lacks_apps, lacks_databases, lacks_origin = (missing_in(schema, each) for each in (apps, databases, origin))
    missing = tuple(dict.fromkeys((*lacks_apps, *lacks_databases, *lacks_origin)))
    conflicts: list[str] = []
    return FoundationShape(
        has_apps_registry=not lacks_apps,
        has_databases_registry=not lacks_databases,
        missing=missing,
        draft=_draft(schema, (apps, databases, origin), conflicts),
        apps_draft=_draft(schema, (apps,), conflicts),
        databases_draft=_draft(schema, (databases, origin), conflicts),
        conflicts=tuple(dict.fromkeys(conflicts)),
    )


def missing_in(schema: Schema, registry: _Registry) -> tuple[str, ...]:
    """A sentence for each part that is not there."""
    live = {each.name: each for each in schema.entities}
    found = [
        f"The entity {_shown(each.name)} is missing."
        for each in (registry.entity, *registry.others)
        if each.name not in live and not _is_platforms(each)
    ]
    if registry.entity.name in live:
        there = {each.name for each in live[registry.entity.name].attributes}
        found += [
            f"The attribute {_shown(registry.entity.name)}.{_shown(each.name)} is missing."
            for each in registry.entity.attributes
            if each.name not in there
        ]
    if not _has_link(schema, registry.link):
        found.append(f"The link {_words(registry.link)} is missing.")
    return tuple(found)


def _apps(names: FoundationMap) -> _Registry:
    """``app{appid}`` linked to users, of document 000."""
    return _Registry(
        Entity(names.app, (Attribute(names.app_id, StringType()),)),
        (Entity(names.users, (Attribute(names.email, StringType(), is_unique=True, is_indexed=True),)),),
        _link((names.app, names.app_users, "many"), (names.users, names.user_apps, "many")),
    )


def _databases(names: FoundationMap) -> _Registry:
    """``databases{…}`` linked one-to-one to tasks, of document 001."""
    attributes = (
        Attribute(names.database_app_id, StringType(), is_required=True, is_unique=True, is_indexed=True),
        Attribute(names.admin_token, StringType(), is_required=True),
        Attribute(names.name, StringType(), is_required=True),
        Attribute(names.created_at, DateType(), is_required=True, is_indexed=True),
    )
    tasks = (Attribute(names.task_title, StringType()), Attribute(names.task_created_at, DateType(), is_indexed=True))
    return _Registry(
        Entity(names.databases, attributes),
        (Entity(names.tasks, tasks),),
        _link((names.tasks, names.main_database, "one"), (names.databases, names.task, "one")),
    )


def _origin(names: FoundationMap) -> _Registry:
    """The iteration that a database came from, of document 001; the registry works without it."""
    attributes = (
        Attribute(names.iteration_number, NumberType(), is_indexed=True),
        Attribute(names.iteration_created_at, DateType(), is_indexed=True),
    )
    return _Registry(
        Entity(names.databases),
        (Entity(names.iterations, attributes),),
        _link((names.databases, names.origin_iteration, "one"), (names.iterations, names.originated_databases, "many")),
    )


def _draft(schema: Schema, registries: Iterable[_Registry], conflicts: list[str]) -> Draft | None:
    """None where nothing is missing, or where a missing part cannot be added: ``conflicts`` gets the reason."""
    draft = Draft(schema, schema)
    try:
        for each in registries:
            draft = _with(draft, each)
    except Invalid as error:
        conflicts += [each.message for each in error.fields] or [error.sentence]
        return None
    return draft if draft.is_changed else None


def _with(draft: Draft, registry: _Registry) -> Draft:
    for entity in (registry.entity, *registry.others):
        if draft.wanted.entity(entity.name) is None and not _is_platforms(entity):
            draft = draft.add_entity(entity.name, entity.attributes)
    live = draft.wanted.entity(registry.entity.name)
    for attribute in registry.entity.attributes:
        if live is not None and live.attribute(attribute.name) is None:
            draft = draft.add_attribute(registry.entity.name, attribute)
    return draft if _has_link(draft.wanted, registry.link) else draft.add_link(registry.link)


def _is_platforms(entity: Entity) -> bool:
    """Every app of the platform has it, whether its schema says so or not."""
    return entity.name.startswith("$")


def _link(forward: tuple[str, str, Cardinality], reverse: tuple[str, str, Cardinality]) -> Link:
    return Link(f"{forward[0]}{forward[1][:1].upper()}{forward[1][1:]}", LinkEnd(*forward), LinkEnd(*reverse))


def _has_link(schema: Schema, wanted: Link) -> bool:
    """Whichever of its ends is the forward one."""
    ends = {(wanted.forward.entity, wanted.forward.label), (wanted.reverse.entity, wanted.reverse.label)}
    return any(
        {(each.forward.entity, each.forward.label), (each.reverse.entity, each.reverse.label)} == ends
        for each in schema.links
    )


def _words(link: Link) -> str:
    ends = (link.forward, link.reverse)
    return " ↔ ".join(f"{_shown(each.entity)}.{_shown(each.label)}" for each in ends)


def _shown(name: str) -> str:
    return plain(name, _LIMIT)

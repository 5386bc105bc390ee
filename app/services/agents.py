"""A tenant's agents: what is there, and staged edits that add, copy and remove them.

Nothing here sends anything: each edit is a draft on top of the app's staged edits, for the plan dialog.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from app.core.errors import FieldError, Invalid, KnownError
from app.core.words import free_name
from app.schema.check import Problem, Rules, check_entity
from app.schema.check_rules import shown
from app.schema.copying import NewName, going, going_words, new_names, own_names, with_copies
from app.schema.draft import Draft
from app.schema.drift import is_same_type
from app.schema.model import Attribute, Entity, Link, LinkEnd, Schema
from app.schema.references import referenced

if TYPE_CHECKING:
    from app.core.refs import AppRef
    from app.services.clients import ClientPool
    from app.services.template_library import TemplateLibrary
    from app.services.templates import Template
    from app.services.workshop import SchemaWorkshop

# One query names so many agents at most, and asks for so many IDs in all, and of each.
MOST_COUNTED = 100
MOST_IDS = 5_000
MOST_ROWS = 1_000


@dataclass(frozen=True, slots=True)
class Rows:
    """With ``has_more`` there are at least so many."""

    count: int
    has_more: bool = False


@dataclass(frozen=True, slots=True)
class Agent:
    """``rows`` is None where they could not be counted; with ``has_more_rows`` there are at least so many.

    ``template`` is the name of the template that it is from, "" where it is the tenant's own.
    """

    name: str
    attributes: tuple[Attribute, ...]
    links: tuple[Link, ...]
    rows: int | None = None
    template: str = ""
    has_more_rows: bool = False


class Agents:
    def __init__(self, workshop: SchemaWorkshop, clients: ClientPool, library: TemplateLibrary) -> None:
        self._workshop = workshop
        self._clients = clients
        self._library = library

    # Reading

    async def of(self, ref: AppRef, *, with_rows: bool = True, refresh: bool = False) -> tuple[Agent, ...]:
        """By name, of the live schema. Raises the client's errors where nothing is known of the schema; rows that
        cannot be counted are None."""
        schema = (await self._workshop.open(ref, refresh)).base.schema
        origin = _Origin(self._library.all(), self._library.template_of(ref))
        entities = sorted((each for each in schema.entities if not each.is_system), key=lambda each: each.name)
        links = _links_by_entity(schema)
        counted = await self._rows_or_none(ref, [each.name for each in entities]) if with_rows else {}
        return tuple(
            _agent(each, links.get(each.name, ()), origin.of(each), counted.get(each.name)) for each in entities
        )

    async def rows(self, ref: AppRef, names: Iterable[str]) -> Mapping[str, Rows]:
        """Of these agents, the first 100 of them, in one query; bounded. Raises the client's errors."""
        asked = list(dict.fromkeys(names))[:MOST_COUNTED]
        query = getattr(await self._clients.get(ref.connection_id), "query", None)
        if not asked or query is None:
            return {}
        most = min(MOST_ROWS, MOST_IDS // len(asked))
        # The Admin API has no numbers and no next page: one row more than is counted tells that there are more.
        answer = await query(ref.app_id, {each: {"$": {"limit": most + 1, "fields": ["id"]}} for each in asked})
        found = {each: len(rows) for each in asked if isinstance(rows := answer.get(each), list)}
        return {name: Rows(min(count, most), count > most) for name, count in found.items()}

    async def _rows_or_none(self, ref: AppRef, names: list[str]) -> Mapping[str, Rows]:
        try:
            return await self.rows(ref, names)
        except KnownError:
            return {}

    # Adding

    async def new_names(
        self, ref: AppRef, template_name: str, entity_names: Collection[str] | None = None
    ) -> tuple[NewName, ...]:
        """For each agent of the template (None: all) the name that ``draft_with_template`` would give it, with a
        sentence where its own is taken."""
        template = self._library.get(template_name)
        draft, _rules = await self._start(ref)
        return new_names(draft.wanted, own_names(template.schema, entity_names), going(draft))

    async def draft_with_template(
        self,
        ref: AppRef,
        template_name: str,
        entity_names: Collection[str] | None = None,
        names: Mapping[str, str] | None = None,
    ) -> Draft:
        """With copies of the template's agents (None: all) and the links between them.

        ``names`` from name in the template to name in the app; those that it leaves out get the free ones that
        ``new_names`` tells. Raises Invalid, with the agent's name in the template as field, where a given name is taken
        or cannot be.
        """
        template = self._library.get(template_name)
        draft, rules = await self._start(ref)
        chosen = own_names(template.schema, entity_names)
        free = {each.name: each.proposed for each in new_names(draft.wanted, chosen, going(draft))}
        given = {name: new.strip() for name, new in (names or {}).items() if name in free}
        return await asyncio.to_thread(_copied, draft, template.schema, {**free, **given}, rules)

    async def draft_with_entity(self, ref: AppRef, entity: Entity, links: Iterable[Link] = ()) -> Draft:
        """With one agent made by hand. Raises Invalid with the fields of ``wrong_with``."""
        draft, rules = await self._start(ref)
        entity, wanted = replace(entity, name=entity.name.strip()), tuple(links)
        wrong = await asyncio.to_thread(wrong_with, draft.wanted, rules, entity, wanted)
        if entity.name in going(draft):
            wrong = (FieldError("name", going_words(entity.name)), *wrong)
        if wrong:
            raise Invalid("The agent cannot be added so.", fields=wrong)
        draft = draft.add_entity(entity.name, entity.attributes)
        for link in wanted:
            draft = draft.add_link(link)
        return draft

    async def draft_with_copy(self, ref: AppRef, name: str, new_name: str = "") -> Draft:
        """With a copy of one agent, without its links; "" for a free name. Raises Invalid with the field ``name``."""
        draft, rules = await self._start(ref)
        leaving = going(draft)
        new = new_name.strip() or free_name(name, {*leaving, *(each.name for each in draft.wanted.entities)})
        if new in leaving:
            raise Invalid("The copy cannot be called so.", fields=(FieldError("name", going_words(new)),))
        draft = draft.duplicate_entity(name, new)
        wrong = [each for each in check_entity(draft.wanted, new, rules) if each.part == "entity" and each.is_error]
        if wrong:
            raise Invalid(wrong[0].sentence, fields=(FieldError("name", _words(wrong[0])),), remedy=wrong[0].remedy)
        return draft

    async def draft_without(self, ref: AppRef, names: Iterable[str]) -> Draft:
        """Without these agents and their links. Raises Invalid where one is not there, or is the platform's."""
        draft, _rules = await self._start(ref)
        for name in names:
            draft = draft.drop_entity(name)
        return draft

    async def _start(self, ref: AppRef) -> tuple[Draft, Rules]:
        """What is staged for the app, so that an edit here loses none of it."""
        opened = await self._workshop.open(ref)
        return opened.draft or Draft(opened.base.schema, opened.base.schema), opened.rules


def wrong_with(schema: Schema, rules: Rules, entity: Entity, links: Iterable[Link] = ()) -> tuple[FieldError, ...]:
    """What keeps a new agent from ``schema``; quick enough to be asked while typing.

    Fields are ``name``, ``attributes``, ``attributes.<name>`` and ``links.<label at the agent's side>``.
    """
    present = {each.name for each in schema.entities}
    wrong: list[FieldError] = []
    name, ends = entity.name, tuple(links)
    if name in present:
        other = free_name(name, present)
        wrong.append(FieldError("name", f"There is an entity {shown(name)} already. {shown(other)} is free."))
        # The rest is looked at under a free name: all that is wrong is told at once.
        entity, ends = replace(entity, name=other), tuple(_renamed(each, name, other) for each in ends)
    problems = check_entity(_around(schema, entity, ends), entity.name, rules)
    wrong += [FieldError(_field(each, entity, ends), _words(each)) for each in problems if each.is_error]
    return tuple(wrong)


def _around(schema: Schema, entity: Entity, links: tuple[Link, ...]) -> Schema:
    """The new agent with what of the schema it touches: all of a thousand entities would be felt at each key."""
    near = {end.entity for link in links for end in (link.forward, link.reverse)}
    near |= {name for each in entity.attributes for name in referenced(each.type)}
    known = tuple(each for each in schema.entities if each.name in near)
    touching = tuple(each for each in schema.links if near & {each.forward.entity, each.reverse.entity})
    return Schema((*known, entity), (*touching, *links))


def _renamed(link: Link, old: str, new: str) -> Link:
    return replace(link, forward=_at(link.forward, old, new), reverse=_at(link.reverse, old, new))


def _at(end: LinkEnd, old: str, new: str) -> LinkEnd:
    return replace(end, entity=new) if end.entity == old else end


def _field(problem: Problem, entity: Entity, links: Iterable[Link]) -> str:
    if problem.part == "entity":
        return problem.field
    if problem.part == "link":
        for link in links:
            sides = (link.forward, link.reverse)
            if any(f"{end.entity}.{end.label}" == problem.place for end in sides):
                mine = next((end for end in sides if end.entity == entity.name), link.forward)
                return f"links.{mine.label}"
    part = "links" if problem.part == "link" else "attributes"
    return f"{part}.{problem.place.removeprefix(f'{entity.name}.')}"


def _words(problem: Problem) -> str:
    return f"{problem.sentence} {problem.remedy}".strip()


def _copied(draft: Draft, source: Schema, names: Mapping[str, str], rules: Rules) -> Draft:
    copied = with_copies(draft, source, names)
    wrong = [
        FieldError(name, _words(problem))
        for name, new in names.items()
        for problem in check_entity(copied.wanted, new, rules)
        if problem.is_error and problem.part == "entity"
    ]
    if wrong:
        raise Invalid("These agents cannot be added so.", fields=tuple(wrong))
    return copied


def _links_by_entity(schema: Schema) -> Mapping[str, tuple[Link, ...]]:
    found: dict[str, list[Link]] = {}
    for link in schema.links:
        for name in {link.forward.entity, link.reverse.entity}:
            found.setdefault(name, []).append(link)
    return {name: tuple(links) for name, links in found.items()}


def _agent(entity: Entity, links: tuple[Link, ...], template: str, rows: Rows | None) -> Agent:
    count, has_more = (rows.count, rows.has_more) if rows is not None else (None, False)
    return Agent(entity.name, entity.attributes, links, count, template, has_more)


class _Origin:
    """From which template an agent is. The app's own template has its names; of another one an agent has to have all
    attributes, and may have got a number behind its name when it was added."""

    def __init__(self, templates: Iterable[Template], followed: Template | None) -> None:
        self._followed = followed
        self._known: dict[str, list[tuple[Template, Entity]]] = {}
        for template in templates:
            for entity in template.schema.entities:
                if not entity.is_system:
                    self._known.setdefault(entity.name, []).append((template, entity))

    def of(self, entity: Entity) -> str:
        if self._followed is not None and entity.name in self._followed.entity_names:
            return self._followed.name
        names = dict.fromkeys((entity.name, entity.name.rstrip("0123456789")))
        for template, known in (each for name in names for each in self._known.get(name, ())):
            if _has_all(entity, known):
                return template.name
        return ""


def _has_all(entity: Entity, known: Entity) -> bool:
    there = {each.name: each.type for each in entity.attributes}
    return all(each.name in there and is_same_type(there[each.name], each.type) for each in known.attributes)

"""An agent made by hand, as it was typed so far: what is wrong with each part, and the draft that it makes. No Qt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.core.errors import Invalid
from app.core.text import plain
from app.schema.check import check_entity
from app.schema.copying import with_copies
from app.schema.model import Attribute, Cardinality, Entity, Link, LinkEnd, Schema
from app.services.agents import wrong_with

if TYPE_CHECKING:
    from app.schema.check import Rules
    from app.schema.draft import Draft

# The name of a new agent stands for it in links before it has one.
NEW = ""


@dataclass(frozen=True, slots=True)
class LinkInput:
    """``entity`` is the other end, ``NEW`` for the agent itself; ``has`` is how many of it the agent has."""

    label: str
    has: Cardinality
    entity: str
    reverse_label: str
    reverse_has: Cardinality


@dataclass(frozen=True, slots=True)
class AgentInput:
    name: str
    fields: tuple[Attribute, ...]
    links: tuple[LinkInput, ...] = ()


@dataclass(frozen=True, slots=True)
class Judged:
    """``fields`` and ``links`` have a sentence for each row, "" where it is right; ``draft`` is None where anything
    is wrong."""

    draft: Draft | None
    name: str
    fields: tuple[str, ...]
    links: tuple[str, ...]
    rest: str = ""

    @property
    def first(self) -> str:
        """The first of what is wrong, "" for nothing."""
        return next((each for each in (self.name, *self.fields, *self.links, self.rest) if each), "")


def judge(draft: Draft, rules: Rules, typed: AgentInput) -> Judged:
    """Quick enough for each key that is pressed."""
    entity = Entity(typed.name, typed.fields)
    links = tuple(_link(typed.name, each) for each in typed.links)
    said = {each.field: each.message for each in wrong_with(draft.wanted, rules, entity, links)}
    name = said.pop("name", "") or _removed(draft, typed.name)
    fields = _of_rows([f"attributes.{each.name}" for each in typed.fields], said)
    ends = _of_rows([f"links.{each.label}" for each in typed.links], said)
    rest = next(iter(said.values()), "")
    if name or rest or any(fields) or any(ends):
        return Judged(None, name, fields, ends, rest)
    try:
        made = draft.add_entity(typed.name, typed.fields)
        for each in links:
            made = made.add_link(each)
    except Invalid as error:
        return Judged(None, "", fields, ends, plain(error.sentence, 300))
    return Judged(made, "", fields, ends)


def _removed(draft: Draft, name: str) -> str:
    """A new agent under the name of one that is going would take its rows: that is another thing to ask for."""
    if name and draft.base.entity(name) is not None and draft.wanted.entity(name) is None:
        shown = plain(name, 60)
        return f"{shown} is removed or renamed in the pending changes. Push them first, or choose another name."
    return ""


def _of_rows(keys: Sequence[str], said: dict[str, str]) -> tuple[str, ...]:
    """Where two rows have one name, it is the later one that is marked."""
    last = {key: at for at, key in enumerate(keys)}
    found = tuple(said.get(key, "") if last[key] == at else "" for at, key in enumerate(keys))
    for key in keys:
        said.pop(key, None)
    return found


def _link(name: str, typed: LinkInput) -> Link:
    label = typed.label
    forward = LinkEnd(name, label, typed.has)
    reverse = LinkEnd(typed.entity or name, typed.reverse_label, typed.reverse_has)
    return Link(f"{name}{label[:1].upper()}{label[1:]}", forward, reverse)


# From a template


@dataclass(frozen=True, slots=True)
class JudgedCopies:
    """``wrong`` has a sentence for each agent, by its name in the template, that cannot be added so."""

    draft: Draft | None
    wrong: dict[str, str]


def judge_copies(draft: Draft, rules: Rules, source: Schema, names: Mapping[str, str]) -> JudgedCopies:
    """Copies of a template's agents, from their names there to their names here."""
    wrong = {name: said for name, new in names.items() if (said := _removed(draft, new))}
    try:
        made = with_copies(draft, source, names)
    except Invalid as error:
        wrong |= {each.field: plain(each.message, 300) for each in error.fields}
        return JudgedCopies(None, wrong)
    for name, new in names.items():
        found = (each for each in check_entity(made.wanted, new, rules) if each.is_error)
        problem = next(found, None)
        if problem is not None and name not in wrong:
            wrong[name] = plain(f"{problem.sentence} {problem.remedy}".strip(), 300)
    return JudgedCopies(None if wrong or not names else made, wrong)

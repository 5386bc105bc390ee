"""Which rows a plan's steps touch, as questions about the live schema: names are followed back through renames."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from app.core.text import plain
from app.schema.compare import Plan
from app.schema.model import Attribute, Link
from app.schema.operations import (
    AddAttribute,
    AddEntity,
    AddLink,
    ChangeAttribute,
    ChangeLink,
    DropAttribute,
    DropEntity,
    DropLink,
    Operation,
    RenameAttribute,
    RenameEntity,
    RenameLink,
)

from .parts import type_name

Name = tuple[str, str]
Look = Literal["repeated", "other-type", "too-long", "several"]


@dataclass(frozen=True, slots=True)
class Question:
    """``entity`` and ``label`` are names in the live schema. Without ``look`` the rows of ``where`` are counted;
    with it the values are read and looked through. ``words``: "{rows} row{s} …", and a few verbs in braces.
    """

    operation: int
    entity: str
    words: str
    is_blocking: bool = False
    where: tuple[tuple[str, Any], ...] = ()
    label: str = ""
    look: Look | None = None
    type: str | None = None

    @property
    def filter(self) -> dict[str, Any] | None:
        return dict(self.where) or None


def questions_of(plan: Plan) -> tuple[Question, ...]:
    """Steps that touch no rows, and parts that the plan itself adds, ask nothing."""
    names = _Names()
    found: list[Question] = []
    for number, step in enumerate(plan.steps):
        found += _questions(number, step, names)
        names.take(step)
    return tuple(found)


class _Names:
    """Present names to those of the live schema; what the plan adds has none."""

    def __init__(self) -> None:
        self._entities: dict[str, str | None] = {}
        self._labels: dict[Name, str | None] = {}

    def entity(self, name: str) -> str | None:
        return self._entities.get(name, name)

    def label(self, entity: str, label: str) -> str | None:
        return self._labels.get((entity, label), label)

    def take(self, step: Operation) -> None:
        match step:
            case RenameEntity(old, new):
                self._rename_entity(old, new)
            case AddEntity(entity):
                self._entities[entity.name] = None
            case AddAttribute(entity_name, attribute):
                self._labels[entity_name, attribute.name] = None
            case RenameAttribute(entity_name, old, new):
                self._labels[entity_name, new] = self.label(entity_name, old)
            case AddLink(link):
                for end in (link.forward, link.reverse):
                    self._labels[end.entity, end.label] = None
            case RenameLink(before, after):
                pairs = ((before.forward, after.forward), (before.reverse, after.reverse))
                known = [(new.entity, new.label, self.label(old.entity, old.label)) for old, new in pairs]
                self._labels |= {(entity, label): live for entity, label, live in known}

    def _rename_entity(self, old: str, new: str) -> None:
        self._entities[new] = self.entity(old)
        moved = {(new, label): live for (entity, label), live in self._labels.items() if entity == old}
        self._labels = {name: live for name, live in self._labels.items() if name[0] not in {old, new}} | moved
        self._entities.pop(old, None)


def _questions(number: int, step: Operation, names: _Names) -> list[Question]:
    match step:
        case DropEntity(entity):
            return _of_entity(number, names, entity.name, "{rows} row{s} of {entity} {go} with it.")
        case DropAttribute(entity_name, attribute):
            return _with_value(number, names, entity_name, attribute.name)
        case DropLink(link):
            return _with_value(number, names, link.forward.entity, link.forward.label)
        case AddAttribute(entity_name, attribute) if attribute.is_required:
            return _lacking_new(number, names, entity_name, attribute.name)
        case AddLink(link) if link.forward.is_required:
            return _lacking_new(number, names, link.forward.entity, link.forward.label)
        case ChangeAttribute(entity_name, before, after):
            return _changed_attribute(number, names, entity_name, before, after)
        case ChangeLink(before_link, after_link):
            return _changed_link(number, names, before_link, after_link)
    return []


def _of_entity(number: int, names: _Names, entity: str, words: str, *, is_blocking: bool = False) -> list[Question]:
    live = names.entity(entity)
    return [] if live is None else [Question(number, live, _said(words, entity), is_blocking)]


def _said(words: str, entity: str, label: str = "") -> str:
    return words.replace("{entity}", plain(entity, 60)).replace("{label}", plain(label, 60))


def _with_value(number: int, names: _Names, entity: str, label: str) -> list[Question]:
    live, live_label = names.entity(entity), names.label(entity, label)
    if live is None or live_label is None:
        return []
    words = _said("{rows} row{s} of {entity} {lose} {its} {label}.", entity, label)
    return [Question(number, live, words, where=((live_label, {"$isNull": False}),), label=live_label)]


def _lacking_new(number: int, names: _Names, entity: str, label: str) -> list[Question]:
    words = _said("{rows} row{s} of {entity} {has} no value for {label}.", entity, label)
    return _of_entity(number, names, entity, words, is_blocking=True)


def _lacking(number: int, names: _Names, entity: str, label: str) -> list[Question]:
    live, live_label = names.entity(entity), names.label(entity, label)
    if live is None or live_label is None:
        return _lacking_new(number, names, entity, label)
    words = _said("{rows} row{s} of {entity} {has} no value for {label}.", entity, label)
    return [Question(number, live, words, True, ((live_label, {"$isNull": True}),), live_label)]


def _looked(
    number: int, names: _Names, entity: str, label: str, words: str, look: Look, kind: str | None = None
) -> list[Question]:
    live, live_label = names.entity(entity), names.label(entity, label)
    if live is None or live_label is None:
        return []
    where = ((live_label, {"$isNull": False}),)
    # The platform reads more forms of dates than we do: only it can say that one is none.
    is_sure = kind != "date"
    return [Question(number, live, _said(words, entity, label), is_sure, where, live_label, look, kind)]


def _changed_attribute(number: int, names: _Names, entity: str, before: Attribute, after: Attribute) -> list[Question]:
    found: list[Question] = []
    label = after.name
    if after.is_required and not before.is_required:
        found += _lacking(number, names, entity, label)
    if after.is_unique and not before.is_unique:
        words = "{rows} row{s} of {entity} {share} {its} {label} with another."
        found += _looked(number, names, entity, label, words, "repeated")
    wanted = type_name(label, after.type)
    if wanted is not None and wanted != type_name(label, before.type):
        words = f"{{rows}} row{{s}} of {{entity}} {{has}} a {{label}} that is no {wanted}."
        found += _looked(number, names, entity, label, words, "other-type", wanted)
    if (after.is_indexed and not before.is_indexed) and not after.is_unique:
        words = "{rows} row{s} of {entity} {has} a {label} that is too long for an index."
        found += _looked(number, names, entity, label, words, "too-long")
    return found


def _changed_link(number: int, names: _Names, before: Link, after: Link) -> list[Question]:
    found: list[Question] = []
    if after.forward.is_required and not before.forward.is_required:
        found += _lacking(number, names, after.forward.entity, after.forward.label)
    for old, new in ((before.forward, after.forward), (before.reverse, after.reverse)):
        if old.has == "many" and new.has == "one":
            words = "{rows} row{s} of {entity} {has} several {label}."
            found += _looked(number, names, new.entity, new.label, words, "several")
    return found

"""Walking through a plan: each step of it changes the table of parts as the platform will."""

from __future__ import annotations

from dataclasses import replace

from app.core.errors import Unsupported
from app.core.text import plain
from app.schema.compare import Plan
from app.schema.model import Entity
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

from .live import Native
from .parts import ID, Form, Origin, Part, PartTable, form_of_attribute, form_of_link, stale


class Walk:
    """One plan over one schema."""

    def __init__(self, native: Native) -> None:
        self.table = PartTable(native.attributes)
        self._native = native

    def run(self, plan: Plan) -> PartTable:
        for number, step in enumerate(plan.steps):
            self._take(number, step)
        self.table.final_names()
        return self.table

    def _take(self, number: int, step: Operation) -> None:
        match step:
            case AddEntity(entity):
                self._add_entity(number, entity)
            case DropEntity(entity):
                self._drop_entity(number, entity.name)
            case RenameEntity(old, new):
                self._rename_entity(number, old, new)
            case AddAttribute(entity_name, attribute):
                self._add(number, form_of_attribute(entity_name, attribute))
            case AddLink(link):
                self._add(number, form_of_link(link))
            case _:
                self._change(number, step)

    def _change(self, number: int, step: Operation) -> None:
        table = self.table
        match step:
            case DropAttribute(entity, attribute):
                table.drop(table.attribute(entity, attribute.name), number)
            case DropLink(link):
                table.drop(table.link(link), number)
            case RenameAttribute(entity, old, new):
                part = table.attribute(entity, old)
                table.change(part, replace(part.now, forward=(entity, new)), number)
            case ChangeAttribute(entity, before, after):
                table.change(table.attribute(entity, before.name), form_of_attribute(entity, after), number)
            case RenameLink(before_link, after_link) | ChangeLink(before_link, after_link):
                table.change(table.link(before_link), form_of_link(after_link), number)
            case _:
                raise Unsupported("Instant knows no indexes over several attributes, and no options of entities.")

    def _add_entity(self, number: int, entity: Entity) -> None:
        if entity.indexes:
            raise Unsupported(f"{plain(entity.name, 80)} has an index over several attributes: Instant knows none.")
        if self.table.id_part(entity.name) is not None:
            raise stale((entity.name, ID), "is there already")
        self._add(number, Form((entity.name, ID), is_unique=True))
        for attribute in entity.attributes:
            self._add(number, form_of_attribute(entity.name, attribute))

    def _drop_entity(self, number: int, name: str) -> None:
        parts = self.table.of_entity(name)
        if not parts:
            raise stale((name, ID), "is not there")
        for part in parts:
            self.table.drop(part, number)

    def _rename_entity(self, number: int, old: str, new: str) -> None:
        if not self.table.of_entity(old):
            raise stale((old, ID), "is not there")
        self.table.rename_entity(old, new, number)

    def _add(self, number: int, form: Form) -> None:
        names = [*form.forward, *(form.reverse or ())]
        new_id = self._native.new_id
        idents = (new_id("forward", *names), new_id("reverse", *names) if form.reverse else None)
        part = Part(new_id("attribute", *names), idents, None, form, Origin.NEW)
        part.reasons["add"] = number
        self.table.add(part)

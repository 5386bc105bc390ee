"""What can be done to a schema, as data: each step says what it is, what it risks and how it is taken back.

Names in a step are those that hold when its turn comes: after a RenameEntity, later steps use the new name. A step
never touches another part, except that renames carry references along (ends of links, the entity of an IdType,
attributes of an index).
"""

from __future__ import annotations

import abc
from dataclasses import dataclass, field, replace

from . import risks, sql_risks
from . import wording as words
from .model import Attribute, Entity, Extra, Index, Link, Schema
from .risks import Risk
from .working import Working

__all__ = [
    "AddAttribute",
    "AddEntity",
    "AddIndex",
    "AddLink",
    "ChangeAttribute",
    "ChangeEntity",
    "ChangeIndex",
    "ChangeLink",
    "DropAttribute",
    "DropEntity",
    "DropIndex",
    "DropLink",
    "Operation",
    "RenameAttribute",
    "RenameEntity",
    "RenameIndex",
    "RenameLink",
    "Risk",
]


class _Step(abc.ABC):
    __slots__ = ()

    @abc.abstractmethod
    def carry_out(self, state: Working) -> None:
        """Raises StalePlan where the step does not fit."""

    def apply(self, schema: Schema) -> Schema:
        """The schema after this step; raises StalePlan where the step does not fit. Many steps: ``Plan.apply``."""
        state = Working(schema)
        self.carry_out(state)
        return state.schema()

    @abc.abstractmethod
    def describe(self) -> str:
        """One sentence for the operator."""

    @property
    @abc.abstractmethod
    def place(self) -> str:
        """``todos``, ``todos.title``, or the forward end of a link (``todos.owner``), by the name before the step."""

    @property
    def risk(self) -> Risk:
        return Risk.SAFE


@dataclass(frozen=True, slots=True)
class AddEntity(_Step):
    """A new entity with its attributes and indexes; its links are steps of their own."""

    entity: Entity

    def carry_out(self, state: Working) -> None:
        state.add_entity(self.entity)

    def reverse(self) -> DropEntity:
        return DropEntity(self.entity)

    def describe(self) -> str:
        return words.add_entity(self.entity)

    @property
    def place(self) -> str:
        return self.entity.name


@dataclass(frozen=True, slots=True)
class DropEntity(_Step):
    """The whole entity is kept in the step, so that it can be reversed; its links were dropped before."""

    entity: Entity

    def carry_out(self, state: Working) -> None:
        state.drop_entity(self.entity)

    def reverse(self) -> AddEntity:
        return AddEntity(self.entity)

    def describe(self) -> str:
        return f"Delete the entity {self.entity.name} with all its rows."

    @property
    def place(self) -> str:
        return self.entity.name

    @property
    def risk(self) -> Risk:
        return Risk.DESTROYS


@dataclass(frozen=True, slots=True)
class RenameEntity(_Step):
    old: str
    new: str

    def carry_out(self, state: Working) -> None:
        state.rename_entity(self.old, self.new)

    def reverse(self) -> RenameEntity:
        return RenameEntity(self.new, self.old)

    def describe(self) -> str:
        return f"Rename the entity {self.old} to {self.new}, keeping its rows."

    @property
    def place(self) -> str:
        return self.old


@dataclass(frozen=True, slots=True)
class ChangeEntity(_Step):
    """What a platform keeps beyond the model (``Entity.extra``) becomes another."""

    entity: str
    before: Extra
    after: Extra

    def carry_out(self, state: Working) -> None:
        state.set_extra(self.entity, self.before, self.after)

    def reverse(self) -> ChangeEntity:
        return ChangeEntity(self.entity, self.after, self.before)

    def describe(self) -> str:
        return words.change_extra(self.entity, self.before, self.after)

    @property
    def place(self) -> str:
        return self.entity

    @property
    def risk(self) -> Risk:
        return sql_risks.of_entity_extra(self.before, self.after)


@dataclass(frozen=True, slots=True)
class AddAttribute(_Step):
    entity: str
    attribute: Attribute

    def carry_out(self, state: Working) -> None:
        state.add_attribute(self.entity, self.attribute)

    def reverse(self) -> DropAttribute:
        return DropAttribute(self.entity, self.attribute)

    def describe(self) -> str:
        return f"Add {self.entity}.{self.attribute.name}, {words.attribute(self.attribute)}."

    @property
    def place(self) -> str:
        return f"{self.entity}.{self.attribute.name}"

    @property
    def risk(self) -> Risk:
        if sql_risks.is_sql(self.attribute.type):
            return sql_risks.of_new_attribute(self.attribute)
        return risks.of_new_attribute(self.attribute)


@dataclass(frozen=True, slots=True)
class DropAttribute(_Step):
    entity: str
    attribute: Attribute

    def carry_out(self, state: Working) -> None:
        state.drop_attribute(self.entity, self.attribute)

    def reverse(self) -> AddAttribute:
        return AddAttribute(self.entity, self.attribute)

    def describe(self) -> str:
        return f"Delete {self.entity}.{self.attribute.name} with all its values."

    @property
    def place(self) -> str:
        return f"{self.entity}.{self.attribute.name}"

    @property
    def risk(self) -> Risk:
        return Risk.DESTROYS


@dataclass(frozen=True, slots=True)
class RenameAttribute(_Step):
    entity: str
    old: str
    new: str

    def carry_out(self, state: Working) -> None:
        state.rename_attribute(self.entity, self.old, self.new)

    def reverse(self) -> RenameAttribute:
        return RenameAttribute(self.entity, self.new, self.old)

    def describe(self) -> str:
        return f"Rename {self.entity}.{self.old} to {self.new}, keeping its values."

    @property
    def place(self) -> str:
        return f"{self.entity}.{self.old}"


@dataclass(frozen=True, slots=True)
class ChangeAttribute(_Step):
    """Type, flags, default or extra; ``before`` and ``after`` have the same name."""

    entity: str
    before: Attribute
    after: Attribute

    def carry_out(self, state: Working) -> None:
        state.change_attribute(self.entity, self.before, self.after)

    def reverse(self) -> ChangeAttribute:
        return ChangeAttribute(self.entity, self.after, self.before)

    def describe(self) -> str:
        changes = words.attribute_change(self.before, self.after)
        return f"Change {self.entity}.{self.after.name}: {changes}."

    @property
    def place(self) -> str:
        return f"{self.entity}.{self.after.name}"

    @property
    def risk(self) -> Risk:
        if not (sql_risks.is_sql(self.before.type) and sql_risks.is_sql(self.after.type)):
            return risks.of_attribute(self.before, self.after)
        # What flags do is the same everywhere.
        flags = risks.of_attribute(replace(self.before, type=self.after.type), self.after)
        extra = sql_risks.of_attribute_extra(self.before.extra, self.after.extra)
        return max(flags, extra, sql_risks.of_type(self.before.type, self.after.type))


@dataclass(frozen=True, slots=True)
class AddIndex(_Step):
    entity: str
    index: Index

    def carry_out(self, state: Working) -> None:
        state.add_index(self.entity, self.index)

    def reverse(self) -> DropIndex:
        return DropIndex(self.entity, self.index)

    def describe(self) -> str:
        return f"Add to {self.entity} the {words.index(self.index)}."

    @property
    def place(self) -> str:
        return f"{self.entity}.{self.index.name}"

    @property
    def risk(self) -> Risk:
        return risks.of_new_index(self.index)


@dataclass(frozen=True, slots=True)
class DropIndex(_Step):
    entity: str
    index: Index

    def carry_out(self, state: Working) -> None:
        state.drop_index(self.entity, self.index)

    def reverse(self) -> AddIndex:
        return AddIndex(self.entity, self.index)

    def describe(self) -> str:
        return f"Remove from {self.entity} the {words.index(self.index)}; its rows stay."

    @property
    def place(self) -> str:
        return f"{self.entity}.{self.index.name}"


@dataclass(frozen=True, slots=True)
class RenameIndex(_Step):
    entity: str
    old: str
    new: str

    def carry_out(self, state: Working) -> None:
        state.rename_index(self.entity, self.old, self.new)

    def reverse(self) -> RenameIndex:
        return RenameIndex(self.entity, self.new, self.old)

    def describe(self) -> str:
        return f"Rename the index {self.old} of {self.entity} to {self.new}."

    @property
    def place(self) -> str:
        return f"{self.entity}.{self.old}"


@dataclass(frozen=True, slots=True)
class ChangeIndex(_Step):
    entity: str
    before: Index
    after: Index

    def carry_out(self, state: Working) -> None:
        state.change_index(self.entity, self.before, self.after)

    def reverse(self) -> ChangeIndex:
        return ChangeIndex(self.entity, self.after, self.before)

    def describe(self) -> str:
        return f"Build an index of {self.entity} anew, as the {words.index(self.after)}."

    @property
    def place(self) -> str:
        return f"{self.entity}.{self.after.name}"

    @property
    def risk(self) -> Risk:
        return risks.of_index(self.before, self.after)


@dataclass(frozen=True, slots=True)
class AddLink(_Step):
    """``has_no_rows``: an entity whose rows would all need the link is new in the same plan, and has none."""

    link: Link
    has_no_rows: bool = field(default=False, compare=False)

    def carry_out(self, state: Working) -> None:
        state.add_link(self.link)

    def reverse(self) -> DropLink:
        return DropLink(self.link)

    def describe(self) -> str:
        return f"Add the link {words.link(self.link)}."

    @property
    def place(self) -> str:
        return words.link_place(self.link)

    @property
    def risk(self) -> Risk:
        if self.has_no_rows:
            return Risk.SAFE
        return sql_risks.of_new_link(self.link) if self.link.columns else risks.of_new_link(self.link)


@dataclass(frozen=True, slots=True)
class DropLink(_Step):
    link: Link

    def carry_out(self, state: Working) -> None:
        state.drop_link(self.link)

    def reverse(self) -> AddLink:
        return AddLink(self.link)

    def describe(self) -> str:
        return words.drop_link(self.link)

    @property
    def place(self) -> str:
        return words.link_place(self.link)

    @property
    def risk(self) -> Risk:
        """A link over attributes leaves their values as they are."""
        return Risk.SAFE if self.link.columns else Risk.DESTROYS


@dataclass(frozen=True, slots=True)
class RenameLink(_Step):
    """Name or labels change; entities, cardinalities and rules stay."""

    before: Link
    after: Link

    def carry_out(self, state: Working) -> None:
        state.change_link(self.before, self.after)

    def reverse(self) -> RenameLink:
        return RenameLink(self.after, self.before)

    @property
    def is_name_only(self) -> bool:
        """Its labels stay; platforms that keep no names of links have nothing to do."""
        return (self.before.forward, self.before.reverse) == (self.after.forward, self.after.reverse)

    def describe(self) -> str:
        return words.rename_link(self.before, self.after)

    @property
    def place(self) -> str:
        return words.link_place(self.before)


@dataclass(frozen=True, slots=True)
class ChangeLink(_Step):
    """Cardinality, required, on delete or extra change; name and labels stay."""

    before: Link
    after: Link

    def carry_out(self, state: Working) -> None:
        state.change_link(self.before, self.after)

    def reverse(self) -> ChangeLink:
        return ChangeLink(self.after, self.before)

    def describe(self) -> str:
        return f"Change the link {words.link_words(self.after)}: {words.link_change(self.before, self.after)}."

    @property
    def place(self) -> str:
        return words.link_place(self.after)

    @property
    def risk(self) -> Risk:
        of_link = sql_risks.of_link if self.after.columns else risks.of_link
        return of_link(self.before, self.after)


Operation = (
    AddEntity
    | DropEntity
    | RenameEntity
    | ChangeEntity
    | AddAttribute
    | DropAttribute
    | RenameAttribute
    | ChangeAttribute
    | AddIndex
    | DropIndex
    | RenameIndex
    | ChangeIndex
    | AddLink
    | DropLink
    | RenameLink
    | ChangeLink
)

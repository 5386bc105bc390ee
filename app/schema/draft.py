"""Staged edits of a schema: what it was, what it shall be, and which names are the same thing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

from . import draft_edits, draft_links, draft_marks, draft_restores
from .compare import Plan, Renames, compare
from .draft_marks import Mark, Removed
from .model import Attribute, Entity, Link, LinkKey, Schema, link_key

if TYPE_CHECKING:
    from .renames import RenameSuggestion

Part = TypeVar("Part", Entity, Link)

__all__ = ["Draft", "Mark", "Removed"]


@dataclass(frozen=True, slots=True)
class Draft:
    """``base`` is the live schema that the edits started from; each edit makes another draft.

    Untouched parts are the same objects in both schemas, so that comparing after one edit is cheap. An edit that
    cannot be staged (no name, a name that is taken, a part that is not there or belongs to the platform) raises
    Invalid with the field it is about; whatever else is wrong can be staged, and is told by ``check``.
    """

    base: Schema
    wanted: Schema
    renames: Renames = Renames()

    # What is staged

    @property
    def is_changed(self) -> bool:
        return self.wanted is not self.base and bool(self.plan())

    def plan(self) -> Plan:
        return compare(self.base, self.wanted, self.renames)

    def marks(self, entity: str) -> dict[str, Mark]:
        """What happens to the parts of one entity: attributes by name, links by the label that the entity has."""
        return draft_marks.marks_of(self, entity)

    def removed(self, entity: str) -> Removed:
        """What the base has in this entity and the draft has not."""
        return draft_marks.removed_of(self, entity)

    # Entities and attributes

    def add_entity(self, name: str, attributes: Iterable[Attribute] = ()) -> Draft:
        return draft_edits.add_entity(self, name, tuple(attributes))

    def drop_entity(self, name: str) -> Draft:
        """Its links go with it."""
        return draft_edits.drop_entity(self, name)

    def duplicate_entity(self, name: str, new_name: str) -> Draft:
        return draft_edits.duplicate_entity(self, name, new_name)

    def rename_entity(self, old: str, new: str) -> Draft:
        return draft_edits.rename_entity(self, old, new)

    def add_attribute(self, entity: str, attribute: Attribute) -> Draft:
        return draft_edits.add_attribute(self, entity, attribute)

    def drop_attribute(self, entity: str, name: str) -> Draft:
        return draft_edits.drop_attribute(self, entity, name)

    def rename_attribute(self, entity: str, old: str, new: str) -> Draft:
        return draft_edits.rename_attribute(self, entity, old, new)

    def change_attribute(self, entity: str, name: str, **changes: Any) -> Draft:
        """Fields of ``Attribute``; a ``name`` among them is a rename."""
        return draft_edits.change_attribute(self, entity, name, changes)

    def duplicate_attribute(self, entity: str, name: str, new: str) -> Draft:
        return draft_edits.duplicate_attribute(self, entity, name, new)

    # Links

    def add_link(self, link: Link) -> Draft:
        return draft_links.add_link(self, link)

    def drop_link(self, key: LinkKey) -> Draft:
        return draft_links.drop_link(self, key)

    def change_link(self, key: LinkKey, new_link: Link) -> Draft:
        """Other labels are a rename; another entity at one end makes it another link."""
        return draft_links.change_link(self, key, new_link)

    # Taking a removal back; names are those of the base

    def restore_entity(self, name: str) -> Draft:
        return draft_restores.restore_entity(self, name)

    def restore_attribute(self, entity: str, name: str) -> Draft:
        return draft_restores.restore_attribute(self, entity, name)

    def restore_link(self, key: LinkKey) -> Draft:
        return draft_restores.restore_link(self, key)

    # The whole

    def replace(self, wanted: Schema, renames: Renames | None = None) -> Draft:
        """Another wanted schema, as the text gives it; parts that are equal stay the same objects."""
        return Draft(self.base, _sharing(wanted, self.wanted), self.renames if renames is None else renames)

    def confirm(self, suggestion: RenameSuggestion) -> Draft:
        from .renames import with_rename

        return replace(self, renames=with_rename(self.renames, suggestion))

    def discard(self) -> Draft:
        return Draft(self.base, self.base)


def _sharing(wanted: Schema, known: Schema) -> Schema:
    entities = {each.name: each for each in known.entities}
    links = {link_key(each): each for each in known.links}
    return Schema(
        tuple(_known(each, entities.get(each.name)) for each in wanted.entities),
        tuple(_known(each, links.get(link_key(each))) for each in wanted.links),
    )


def _known(part: Part, known: Part | None) -> Part:
    return known if known is not None and known == part else part

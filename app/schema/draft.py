"""Staged edits of a schema: what it was, what it shall be, and which names are the same thing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from . import draft_edits as edits
from . import draft_indexes as indexes
from . import draft_links as links
from . import draft_restores as restores
from .compare import Plan, Renames, compare
from .draft_marks import Mark, Removed, marks_of, removed_of
from .model import Attribute, Extra, Index, Link, LinkKey, Schema

if TYPE_CHECKING:
    from .renames import RenameSuggestion

__all__ = ["Draft", "Mark", "Removed"]


@dataclass(frozen=True, slots=True)
class Draft:
    """``base`` is the live schema that the edits started from; each edit makes another draft.

    Edits share what they do not touch with the draft before. They raise Invalid for what cannot be at all: a name twice
    in one place, no name, a part that is not there, a change of what the platform owns. What the platform would refuse
    is found by ``check``. A part that gets a name and later the first one again is not renamed; a part that was added
    in this draft is new under any name.
    """

    base: Schema
    wanted: Schema
    renames: Renames = Renames()

    @property
    def is_changed(self) -> bool:
        """Whether a push would do anything."""
        return self.wanted is not self.base and bool(self.plan())

    def plan(self) -> Plan:
        return compare(self.base, self.wanted, self.renames)

    def marks(self, entity: str) -> dict[str, Mark]:
        """By name of the attribute or label of the link's end, of those parts of one entity that are not as before.

        Removed parts are among them under their old names, where no other part has the name now.
        """
        return marks_of(self, entity)

    def removed(self, entity: str) -> Removed:
        """Parts of the entity in the base that are not wanted any more, as they were."""
        return removed_of(self, entity)

    # Entities

    def add_entity(
        self,
        name: str,
        attributes: Iterable[Attribute] = (),
        indexes: Iterable[Index] = (),
        extra: Extra = (),
    ) -> Draft:
        return edits.add_entity(self, name.strip(), tuple(attributes), tuple(indexes), extra)

    def drop_entity(self, name: str) -> Draft:
        """With its links."""
        return edits.drop_entity(self, name)

    def duplicate_entity(self, name: str, new_name: str) -> Draft:
        """The copy has the attributes and indexes, and no links; nothing of it belongs to the platform."""
        return edits.duplicate_entity(self, name, new_name.strip())

    def rename_entity(self, old: str, new: str) -> Draft:
        return edits.rename_entity(self, old, new.strip())

    # Attributes

    def add_attribute(self, entity: str, attribute: Attribute) -> Draft:
        return edits.add_attribute(self, entity, attribute)

    def drop_attribute(self, entity: str, name: str) -> Draft:
        """With the indexes over it."""
        return edits.drop_attribute(self, entity, name)

    def rename_attribute(self, entity: str, old: str, new: str) -> Draft:
        return edits.rename_attribute(self, entity, old, new.strip())

    def change_attribute(self, entity: str, name: str, /, **changes: Any) -> Draft:
        """``changes`` are fields of Attribute; a ``name`` among them is a rename."""
        return edits.change_attribute(self, entity, name, changes)

    def duplicate_attribute(self, entity: str, name: str, new: str) -> Draft:
        """The copy stands right after its original."""
        return edits.duplicate_attribute(self, entity, name, new.strip())

    # Indexes

    def add_index(self, entity: str, index: Index) -> Draft:
        return indexes.add_index(self, entity, index)

    def drop_index(self, entity: str, name: str) -> Draft:
        return indexes.drop_index(self, entity, name)

    def change_index(self, entity: str, name: str, new: Index) -> Draft:
        """Another name is a rename."""
        return indexes.change_index(self, entity, name, new)

    # Links

    def add_link(self, link: Link) -> Draft:
        return links.add_link(self, link)

    def drop_link(self, key: LinkKey) -> Draft:
        return links.drop_link(self, key)

    def change_link(self, key: LinkKey, new_link: Link) -> Draft:
        """Other labels are a rename; an end at another entity makes it another link."""
        return links.change_link(self, key, new_link)

    # Back

    def restore_entity(self, name: str) -> Draft:
        """``name`` in the base. Its links come back too, where the other end is still there."""
        return restores.restore_entity(self, name)

    def restore_attribute(self, entity: str, name: str) -> Draft:
        """``entity`` as it is called now, ``name`` as it was called in the base."""
        return restores.restore_attribute(self, entity, name)

    def restore_link(self, key: LinkKey) -> Draft:
        """``key`` in the base."""
        return restores.restore_link(self, key)

    # The whole

    def replace(self, wanted: Schema, renames: Renames | None = None) -> Draft:
        """Another wanted schema, as a text gives it; what is equal in it stays the same object.

        Renames that were made stay, unless others are given: one that finds its names no more does nothing.
        """
        return replace(self, wanted=_sharing(wanted, self.wanted), renames=self.renames if renames is None else renames)

    def confirm(self, suggestion: RenameSuggestion) -> Draft:
        """What looked like a drop and an add is one part with another name."""
        from .renames import with_rename

        return replace(self, renames=with_rename(self.renames, suggestion))

    def discard(self) -> Draft:
        return Draft(self.base, self.base)


def _sharing(wanted: Schema, known: Schema) -> Schema:
    entities = {each: each for each in known.entities}
    links_of = {each: each for each in known.links}
    return Schema(
        tuple(entities.get(each, each) for each in wanted.entities),
        tuple(links_of.get(each, each) for each in wanted.links),
    )

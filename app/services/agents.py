"""A tenant's agents: what is there, and staged edits that add, copy and remove them.

Nothing here sends anything: each edit is a draft on top of the app's staged edits, for the plan dialog.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from app.core.refs import AppRef
    from app.schema.copying import NewName
    from app.schema.draft import Draft
    from app.schema.model import Attribute, Entity, Link
    from app.services.clients import ClientPool
    from app.services.template_library import TemplateLibrary
    from app.services.workshop import SchemaWorkshop


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

    async def of(self, ref: AppRef, *, with_rows: bool = True, refresh: bool = False) -> tuple[Agent, ...]:
        """By name, of the live schema. Raises the client's errors where nothing is known of the schema; rows that
        cannot be counted are None."""
        raise NotImplementedError

    async def new_names(
        self, ref: AppRef, template_name: str, entity_names: Collection[str] | None = None
    ) -> tuple[NewName, ...]:
        """For each agent of the template (None: all) the name that ``draft_with_template`` would give it, with a
        sentence where its own is taken."""
        raise NotImplementedError

    async def draft_with_template(
        self,
        ref: AppRef,
        template_name: str,
        entity_names: Collection[str] | None = None,
        new_names: Mapping[str, str] | None = None,
    ) -> Draft:
        """With copies of the template's agents (None: all) and the links between them.

        ``new_names`` from name in the template to name in the app; those that it leaves out get the free ones of
        ``new_names``. Raises Invalid, with the agent's name in the template as field, where a given name is taken.
        """
        raise NotImplementedError

    async def draft_with_entity(self, ref: AppRef, entity: Entity, links: Iterable[Link] = ()) -> Draft:
        """With one agent made by hand. Raises Invalid with the fields ``name``, ``attributes.<name>``,
        ``links.<label>``."""
        raise NotImplementedError

    async def draft_with_copy(self, ref: AppRef, name: str, new_name: str = "") -> Draft:
        """With a copy of one agent, without its links; "" for a free name."""
        raise NotImplementedError

    async def draft_without(self, ref: AppRef, names: Iterable[str]) -> Draft:
        """Without these agents and their links."""
        raise NotImplementedError

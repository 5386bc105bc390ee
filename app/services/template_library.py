"""All templates, those that come with Tenantry and the operator's own, and the apps that follow them."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from app.core.changes import Changes
from app.core.errors import Conflict, Invalid, KnownError, NotFound, Unsupported
from app.core.text import plain
from app.schema.bring_up import brought_up
from app.schema.copying import own_names
from app.schema.draft import Draft
from app.schema.drift import Difference, differences
from app.schema.model import Entity, Link, Schema
from app.services import template_text
from app.services.templates import Template, TemplateShelf
from app.storage.template_files import read_file

if TYPE_CHECKING:
    from pathlib import Path

    from app.core.refs import AppRef
    from app.services.catalog import Catalog
    from app.services.directory import Directory
    from app.services.following import Following
    from app.services.hub import ChangeHub
    from app.services.workshop import SchemaWorkshop
    from app.storage.template_files import TemplateFile, TemplateFiles


@dataclass(frozen=True, slots=True)
class BrokenTemplate:
    """A file of the operator's that is left alone; ``sentence`` says what is wrong with it."""

    file: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Standing:
    """How an app stands to the template that it follows.

    ``version`` is the one that it was made from or last brought up to, 0 where that is not known; ``template`` is the
    present one, None where it was deleted. ``differences`` are against the present one. ``is_remembered``: it was said,
    not guessed from the names of the app's entities.
    """

    name: str
    version: int
    template: Template | None
    differences: tuple[Difference, ...]
    is_remembered: bool = True

    @property
    def is_behind(self) -> bool:
        return self.template is not None and 0 < self.version < self.template.version


class TemplateLibrary:
    """One shelf for all templates. What is on it is read at the start; own templates are files of this profile."""

    def __init__(
        self,
        shelf: TemplateShelf,
        files: TemplateFiles,
        following: Following,
        workshop: SchemaWorkshop,
        catalog: Catalog,
        directory: Directory,
        hub: ChangeHub,
    ) -> None:
        self._shelf = shelf
        self._files = files
        self._following = following
        self._workshop = workshop
        self._catalog = catalog
        self._directory = directory
        self._hub = hub
        self._broken: tuple[BrokenTemplate, ...] = ()
        self._lock = asyncio.Lock()

    # The shelf

    async def load(self) -> None:
        """Read the operator's own templates again. A file that is no template is left alone, and told by ``broken``."""
        async with self._lock:
            files = await asyncio.to_thread(self._files.read_all)
            shipped = {each.name for each in self._shelf.all() if not each.is_own}
            own: list[Template] = []
            broken: list[BrokenTemplate] = []
            for file in files:
                found = await asyncio.to_thread(_read, file, shipped)
                (own if isinstance(found, Template) else broken).append(found)  # type: ignore[arg-type]
            for name in {each.name for each in self._shelf.all() if each.is_own} - {each.name for each in own}:
                self._shelf.remove(name)
            for each in own:
                self._shelf.put(each)
            self._broken = tuple(broken)

    def all(self) -> tuple[Template, ...]:
        """Those that come with Tenantry, then the operator's own (``is_own``), blank ones last."""
        return self._shelf.all()

    def get(self, name: str) -> Template:
        """Raises NotFound."""
        return self._shelf.get(name)

    def find(self, name: str) -> Template | None:
        return self._shelf.find(name)

    def broken(self) -> tuple[BrokenTemplate, ...]:
        """Files among the operator's own that cannot be used."""
        return self._broken

    def notices(self) -> tuple[KnownError, ...]:
        """``broken``, for the operator to read at the start."""
        remedy = "Correct the file or take it out of the folder; Tenantry leaves it alone."
        return tuple(KnownError(each.sentence, remedy=remedy, details=each.file) for each in self._broken)

    def free_name(self, title: str) -> str:
        """A name for a new template of this title."""
        return template_text.name_from(title, {each.name for each in self._shelf.all()})

    # The operator's own

    async def save(self, template: Template, overwrite: bool = False) -> Template:
        """Keep a template as the operator's own; what it is now. Saving the same again changes nothing.

        In place of another one, its version grows where the schema or the rules change. Raises Invalid for what a
        template cannot be, and Conflict where the name is taken.
        """
        name = template_text.checked_name(template.name)
        async with self._lock:
            kept = self._shelf.find(name)
            if kept is not None and not kept.is_own:
                raise Conflict(f"{kept.title} comes with Tenantry, and stays as it is.", remedy=_OTHER_NAME)
            wanted = _following_on(template, kept)
            text = template_text.render(wanted)
            # What is on the shelf is what the next start will read.
            saved = replace(await asyncio.to_thread(template_text.parse, text), is_own=True)
            if saved == kept:
                return saved
            if kept is not None and not overwrite:
                sentence = f"There is a template {plain(kept.title, 60)} named {name} already."
                raise Conflict(sentence, remedy="Choose another name, or save over it.")
            if kept is None:
                await self._ensure_no_file(name)
            await self._written(saved, text)
            self._shelf.put(saved)
        await self._tell(self._following.followers(name))
        return saved

    async def delete(self, name: str) -> None:
        """Delete an own template; apps that follow it stay as they are. Raises NotFound, and Unsupported for one that
        comes with Tenantry."""
        async with self._lock:
            template = self._shelf.get(name)
            if not template.is_own:
                raise Unsupported(f"{template.title} comes with Tenantry, and cannot be deleted.")
            try:
                await asyncio.to_thread(self._files.delete, name)
            except OSError as error:
                raise _disk_error(template, "deleted", error) from error
            self._shelf.remove(name)
        await self._tell(self._following.followers(name))

    def export_text(self, name: str) -> str:
        """A file's text, to share. Raises NotFound."""
        return template_text.render(self._shelf.get(name))

    def import_text(self, text: str) -> Template:
        """The template that a text holds, to look at and then ``save``. Raises Invalid: each of its ``fields`` is the
        place of a problem, with the line in its message."""
        return replace(template_text.parse(text), is_own=True)

    async def export_file(self, name: str, path: Path) -> None:
        """Write a template where the operator chose. Raises NotFound, and KnownError where the disk refuses."""
        template, text = self._shelf.get(name), self.export_text(name)
        try:
            await asyncio.to_thread(path.write_text, text, "utf-8")
        except OSError as error:
            sentence = f"{plain(template.title, 60)} could not be written to {path.name}: {error.strerror or error}."
            raise KnownError(sentence, remedy="Choose another place.") from error

    async def import_file(self, path: Path) -> Template:
        """As ``import_text``; raises Invalid too where the file cannot be read."""
        return await asyncio.to_thread(self._imported, path)

    def _imported(self, path: Path) -> Template:
        file = read_file(path)
        if file.text is None:
            raise Invalid(f"{plain(path.name, 80)} cannot be read: {file.error}.", remedy="Choose a template file.")
        return self.import_text(file.text)

    def from_app(
        self,
        schema: Schema,
        name: str,
        entity_names: Collection[str] | None,
        title: str,
        description: str = "",
    ) -> Template:
        """A template of these agents of an app (None: all) with the links between them; not saved yet.

        ``name`` "" for a free one. Links to the platform's own entities come along, other links that lead out of the
        selection do not (``left_out``). Raises Invalid for what a template cannot hold.
        """
        names = own_names(schema, entity_names)
        chosen = _selected(schema, frozenset(names), is_all=entity_names is None)
        template = Template(
            template_text.checked_name(name or self.free_name(title)), 1, title, description, chosen, is_own=True
        )
        return replace(template_text.parse(template_text.render(template)), is_own=True)

    # Following

    def followed(self, ref: AppRef) -> tuple[str, int] | None:
        """Name and version of the template that the app follows, as it was said; None where nothing was."""
        known = self._following.get(ref)
        return None if known is None or not known.template else (known.template, known.version)

    def template_of(self, ref: AppRef) -> Template | None:
        """The one that the app follows, as it was said or as the directory takes it."""
        name = self._name_of(ref)
        return self._shelf.find(name) if name else None

    def followers(self, name: str) -> tuple[AppRef, ...]:
        return self._following.followers(name)

    async def follow(self, ref: AppRef, name: str | None) -> None:
        """From now on the app follows this template as it is now, None for none. Raises NotFound."""
        template = self._shelf.get(name) if name is not None else None
        await self._following.put(ref, template.name if template else "", template.version if template else 0)
        await self._tell((ref,))
        self._hub.publish(Changes(apps=frozenset((ref.connection_id,))))

    async def standing(self, ref: AppRef) -> Standing | None:
        """How the app stands to its template now, None where it follows none. Raises the client's errors."""
        name = self._name_of(ref)
        if not name:
            return None
        template, known = self._shelf.find(name), self._following.get(ref)
        schema = (await self._catalog.schema(ref)).schema
        found = differences(schema, template.schema) if template is not None else ()
        return Standing(name, known.version if known else 0, template, found, known is not None)

    async def draft_to_template(self, ref: AppRef, *, keeps_extras: bool = False) -> Draft:
        """On top of the app's staged edits, what brings it up to its template; a draft without a plan where it is.

        What the template's agents have beyond it is dropped, unless ``keeps_extras``; other agents stay. Raises
        NotFound where the app follows none, Invalid where a name that it needs is taken, and the client's errors.
        """
        name = self._name_of(ref)
        if not name:
            raise NotFound("This app follows no template.", remedy="Choose the template that it is to follow.")
        template = self._shelf.find(name)
        if template is None:
            sentence = f"The template {plain(name, 60)}, which this app follows, does not exist any more."
            raise NotFound(sentence, remedy="Import it again, or choose another one.")
        opened = await self._workshop.open(ref, refresh=True)
        draft = opened.draft or Draft(opened.base.schema, opened.base.schema)
        return await asyncio.to_thread(brought_up, draft, template.schema, keeps_extras=keeps_extras)

    def _name_of(self, ref: AppRef) -> str:
        """As it was said; else as the directory takes it."""
        known = self._following.get(ref)
        if known is not None:
            return known.template
        app = self._directory.find(ref)
        return app.template if app is not None else ""

    async def _tell(self, refs: tuple[AppRef, ...]) -> None:
        """Drift is told at once where the schema is known, of a few of the apps; of others with the next refresh."""
        self._directory.template_changed(refs)
        for ref in refs[:_MOST_TOLD]:
            known = await self._catalog.last_known(ref)
            if known is not None:
                self._directory.take_schema(ref, known.schema)

    # Files

    async def _ensure_no_file(self, name: str) -> None:
        """A file that could not be read may be somebody's work: it is not written over."""
        if await asyncio.to_thread(self._files.read, name) is not None:
            sentence = f"There is a file {name}.json among the templates already, which Tenantry did not read."
            raise Conflict(sentence, remedy=f"Look at {self._files.path(name)}, or choose another name.")

    async def _written(self, template: Template, text: str) -> None:
        try:
            await asyncio.to_thread(self._files.write, template.name, text)
        except OSError as error:
            raise _disk_error(template, "saved", error) from error


def left_out(schema: Schema, entity_names: Collection[str] | None) -> tuple[Link, ...]:
    """Links of the chosen agents that a template of them does not have, because the other end is not chosen."""
    if entity_names is None:
        return ()
    chosen = set(entity_names)
    return tuple(
        link
        for link in schema.links
        if not link.is_system
        and chosen & {link.forward.entity, link.reverse.entity}
        and not all(_comes_along(schema, each, chosen) for each in (link.forward.entity, link.reverse.entity))
    )


# Each one's schema may have to be read from the local database.
_MOST_TOLD = 50
_OTHER_NAME = "Save it under another name."


def _read(file: TemplateFile, shipped: Collection[str]) -> Template | BrokenTemplate:
    path = f"{file.name}.json"
    if file.text is None:
        return BrokenTemplate(path, f"The template {plain(path, 80)} cannot be read: {file.error}.")
    try:
        template = template_text.parse(file.text)
    except Invalid as error:
        return BrokenTemplate(path, f"The template {plain(path, 80)} cannot be used. {error.sentence}")
    if template.name != file.name:
        sentence = f"The file {plain(path, 80)} holds a template named {template.name}: both have to be the same."
        return BrokenTemplate(path, sentence)
    if template.name in shipped:
        return BrokenTemplate(path, f"The file {path} has the name of a template that comes with Tenantry.")
    return replace(template, is_own=True)


def _following_on(template: Template, kept: Template | None) -> Template:
    """With the version that it has to have in place of ``kept``."""
    if kept is None:
        return template
    is_same = template.schema.normalised() == kept.schema.normalised() and template.rules == kept.rules
    return replace(template, version=kept.version if is_same else max(kept.version + 1, template.version))


def _selected(schema: Schema, names: frozenset[str], *, is_all: bool) -> Schema:
    entities = tuple(_bare(each) for each in schema.entities if each.name in names or (is_all and each.is_system))
    links = tuple(
        replace(link, extra=())
        for link in schema.links
        if not link.is_system
        and names & {link.forward.entity, link.reverse.entity}
        and all(_comes_along(schema, each, names) for each in (link.forward.entity, link.reverse.entity))
    )
    return Schema(tuple(each for each in entities if each.attributes or not each.is_system), links)


def _comes_along(schema: Schema, name: str, chosen: Collection[str]) -> bool:
    entity = schema.entity(name)
    return name in chosen or (entity is not None and entity.is_system)


def _bare(entity: Entity) -> Entity:
    """Without what the platform itself gives every app."""
    parts = tuple(replace(each, extra=()) for each in entity.attributes if not each.is_system and each.name != "id")
    return Entity(entity.name, parts, entity.indexes, entity.is_system)


def _disk_error(template: Template, verb: str, error: OSError) -> KnownError:
    sentence = f"The template {plain(template.title, 60)} could not be {verb}: {error.strerror or error}."
    return KnownError(sentence, remedy="Check the disk and the folder of the templates, then try again.")

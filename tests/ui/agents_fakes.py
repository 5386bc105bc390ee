"""Agents and templates with known answers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from app.core.errors import Conflict, KnownError
from app.core.refs import AppRef
from app.schema.drift import differences
from app.schema.model import Attribute, Entity, Link, LinkEnd, Schema
from app.schema.types import BooleanType, NumberType, StringType
from app.services.agents import Agent
from app.services.template_library import BrokenTemplate, Standing
from app.services.templates import Template

USERS = Entity("$users", (Attribute("email", StringType(), is_unique=True),), is_system=True)
TODOS = Entity("todos", (Attribute("title", StringType(), is_required=True), Attribute("done", BooleanType())))
NOTES = Entity("notes", (Attribute("text", StringType()),))
OWNER = Link("todosOwner", LinkEnd("todos", "owner", "one"), LinkEnd("$users", "todos", "many"))
LIVE = Schema((TODOS, NOTES, USERS), (OWNER,))
LISTS = Entity("lists", (Attribute("name", StringType()),))
IN_LIST = Link("todosList", LinkEnd("todos", "list", "one"), LinkEnd("lists", "todos", "many"))
TODO = Template(
    "todo",
    2,
    "Todo",
    "Task management.",
    Schema((replace(TODOS, attributes=(*TODOS.attributes, Attribute("rank", NumberType()))), LISTS), (IN_LIST,)),
)
OWN = Template("support-desk", 3, "Support desk", "Tickets.", Schema((NOTES,)), is_own=True)
BLANK = Template("custom", 1, "Custom", "Nothing yet.", Schema())


class FakeAgents:
    def __init__(self) -> None:
        self.asked: list[AppRef] = []
        self.error: KnownError | None = None
        self.found: tuple[Agent, ...] = (
            Agent("todos", TODOS.attributes, (OWNER,), 38, "todo"),
            Agent("notes", NOTES.attributes, (), 1000, "", has_more_rows=True),
        )

    async def of(self, ref: AppRef) -> tuple[Agent, ...]:
        self.asked.append(ref)
        if self.error is not None:
            raise self.error
        return self.found


class FakeLibrary:
    """``calls`` says what was asked."""

    def __init__(self) -> None:
        self.templates: list[Template] = [TODO, OWN, BLANK]
        self.calls: list[tuple[Any, ...]] = []
        self.error: KnownError | None = None
        self.followed: str | None = "todo"
        self.live = LIVE
        self.broken_files: tuple[BrokenTemplate, ...] = ()
        self.imported: Template = replace(OWN, name="fresh", title="Fresh")

    def all(self) -> tuple[Template, ...]:
        return tuple(self.templates)

    def find(self, name: str) -> Template | None:
        return next((each for each in self.templates if each.name == name), None)

    def broken(self) -> tuple[BrokenTemplate, ...]:
        return self.broken_files

    def followers(self, name: str) -> tuple[AppRef, ...]:
        return (AppRef("local", "a"), AppRef("local", "b")) if name == "support-desk" else ()

    def free_name(self, title: str) -> str:
        return title.lower().replace(" ", "-") + "-2"

    async def standing(self, ref: AppRef) -> Standing | None:
        if self.error is not None:
            raise self.error
        template = self.find(self.followed) if self.followed else None
        found = differences(self.live, template.schema) if template is not None else ()
        return Standing(self.followed, 1, template, found) if self.followed else None

    async def follow(self, ref: AppRef, name: str | None) -> None:
        self.calls.append(("follow", ref, name))
        self.followed = name

    def from_app(self, schema: Schema, name: str, names: Any, title: str, description: str = "") -> Template:
        self.calls.append(("from_app", name, names, title, description))
        return Template(name or "made", 1, title, description, schema, is_own=True)

    async def save(self, template: Template, overwrite: bool = False) -> Template:
        self.calls.append(("save", template, overwrite))
        if self.error is not None:
            raise self.error
        kept = self.find(template.name)
        if kept is not None and not overwrite:
            raise Conflict(f"There is a template named {template.name} already.")
        self.templates = [each for each in self.templates if each.name != template.name] + [template]
        return template

    async def delete(self, name: str) -> None:
        self.calls.append(("delete", name))
        self.templates = [each for each in self.templates if each.name != name]

    def export_text(self, name: str) -> str:
        return f'{{"name": "{name}"}}'

    async def export_file(self, name: str, path: Path) -> None:
        self.calls.append(("export", name, path))

    async def import_file(self, path: Path) -> Template:
        if self.error is not None:
            raise self.error
        return self.imported

    def asked(self, what: str) -> list[tuple[Any, ...]]:
        return [call for call in self.calls if call[0] == what]


@pytest.fixture
def library(services: Any) -> FakeLibrary:
    services.workshop.schema_of = lambda ref: LIVE
    services.agents = FakeAgents()
    services.template_library = FakeLibrary()
    return services.template_library  # type: ignore[no-any-return]

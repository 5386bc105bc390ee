"""What the official ``@instantdb/platform`` pushes and what Tenantry pushes come to the same schema.

Where they differ on purpose, a test of its own says how.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from app.core.connection import Connection, Environment, Platform
from app.core.refs import new_id
from app.core.secret import Secret
from app.platforms.http_words import Tokens
from app.platforms.instant.client import InstantClient
from app.platforms.registry import make_client
from app.schema.compare import Renames, compare
from app.schema.formats.instant_form import canonical
from app.schema.formats.instant_wire import wire_attributes
from app.schema.model import Attribute, Entity, Link, LinkEnd, Schema
from app.schema.types import AnyType, BooleanType, DateType, NumberType, StringType, Type
from tests.contract.platform_contract import own
from tests.judge.conftest import HERE, Server, run_node
from tests.support.random_schemas import random_pair

pytestmark = pytest.mark.judge

NO_RENAMES = Renames()
SCRIPT = HERE / "js" / "schema_steps.mjs"
_TYPE_NAMES: dict[Type, str] = {
    StringType(): "string",
    NumberType(): "number",
    BooleanType(): "boolean",
    DateType(): "date",
    AnyType(): "json",
}


@dataclass
class Official:
    """The official client, asked to push several schemas in one run."""

    environment: dict[str, str]
    folder: Path
    asked: list[dict[str, Any]] = field(default_factory=list)

    def ask(self, app_id: str, wanted: Schema, *renames: str) -> None:
        self.asked.append({"appId": app_id, "defs": defs_of(wanted), "renames": list(renames)})

    def run(self) -> list[dict[str, Any]]:
        file = self.folder / "asked.json"
        file.write_text(json.dumps(self.asked), encoding="utf-8")
        answers: list[dict[str, Any]] = json.loads(run_node(self.environment, str(SCRIPT), str(file)))
        return answers


@pytest.fixture
def official(judge_environment: dict[str, str], tmp_path: Path) -> Official:
    return Official(judge_environment, tmp_path)


@pytest.fixture
async def client(server: Server) -> AsyncIterator[InstantClient]:
    connection = Connection("c1", "Local", Platform.INSTANT, server.api_uri, Environment.LOCAL)
    made = make_client(
        connection, Tokens(Secret(server.platform_token), Secret(server.dash_token)), lambda _entry: None
    )
    yield made
    await made.aclose()


def defs_of(schema: Schema) -> dict[str, Any]:
    """As ``i.schema`` has it, entities without attributes included; links under numbers."""
    return {
        "entities": {
            each.name: {"attrs": {part.name: _attribute(part) for part in each.attributes}} for each in schema.entities
        },
        "links": {
            f"link{number}": {"forward": _end(each.forward) | _required(each), "reverse": _end(each.reverse)}
            for number, each in enumerate(schema.links)
        },
    }


def _attribute(part: Attribute) -> dict[str, Any]:
    config = {"unique": part.is_unique, "indexed": part.is_indexed}
    return {"valueType": _TYPE_NAMES[part.type], "required": part.is_required, "config": config}


def _end(end: LinkEnd) -> dict[str, Any]:
    rule = {"onDelete": end.on_delete} if end.on_delete else {}
    return {"on": end.entity, "label": end.label, "has": end.has, **rule}


def _required(link: Link) -> dict[str, Any]:
    return {"required": True} if link.forward.is_required else {}


async def app_with(client: InstantClient, schema: Schema) -> str:
    app = await client.create_app("Judged", app_id=new_id())
    await push(client, app.app_id, schema)
    return app.app_id


async def push(client: InstantClient, app_id: str, wanted: Schema, renames: Renames = NO_RENAMES) -> None:
    live = await client.read_live(app_id)
    system = Schema(
        tuple(each for each in live.schema.entities if each.is_system),
        tuple(each for each in live.schema.links if each.is_system),
    )
    whole = canonical(Schema(wanted.entities + system.entities, wanted.links + system.links))
    jobs = await client.send_plan(app_id, live, compare(live.schema, whole, renames))
    assert [job.error for job in jobs if job.status != "completed"] == []


async def schema_of(client: InstantClient, app_id: str) -> Schema:
    return own((await client.read_live(app_id)).schema)


async def test_official_client_and_ours_come_to_the_same_schema(client: InstantClient, official: Official) -> None:
    pairs = [random_pair(seed, is_plain=True) for seed in range(20)]
    theirs = [await app_with(client, pair.before) for pair in pairs]
    ours = [await app_with(client, pair.before) for pair in pairs]
    for app_id, pair in zip(theirs, pairs, strict=True):
        renames = [f"{entity}.{old}:{entity}.{new}" for entity, old, new in pair.renames.attributes]
        official.ask(app_id, pair.after, *renames)
    for answer in official.run():
        assert answer.get("error") is None, answer
        assert answer["failed"] == []
    for their_app, our_app, pair in zip(theirs, ours, pairs, strict=True):
        await push(client, our_app, pair.after, pair.renames)
        assert await schema_of(client, our_app) == await schema_of(client, their_app) == own(pair.after)


TODOS = Entity("todos", (Attribute("title", StringType()),))
PEOPLE = Entity("people", (Attribute("name", StringType()),))
OWNER = Link("", LinkEnd("todos", "owner", "one", on_delete="cascade"), LinkEnd("people", "todos", "many"))
LINKED = canonical(Schema((TODOS, PEOPLE), (OWNER,)))


async def titles_of(client: InstantClient, app_id: str, entity: str) -> list[Any]:
    return [row.get("title") for row in (await client.query(app_id, {entity: {}}))[entity]]


async def test_renamed_entity_keeps_its_rows_with_ours_and_loses_them_with_the_official_client(
    client: InstantClient, official: Official
) -> None:
    """It knows no renames of entities: it drops one and adds the other."""
    before = Schema((TODOS,))
    after = Schema((replace(TODOS, name="tasks"),))
    apps = [await app_with(client, before) for _ in range(2)]
    for app_id in apps:
        await client.transact(app_id, [["update", "todos", new_id(), {"title": "kept"}]])
    theirs, ours = apps
    official.ask(theirs, after)
    assert official.run()[0].get("error") is None
    await push(client, ours, after, Renames(entities=(("todos", "tasks"),)))
    assert await schema_of(client, theirs) == await schema_of(client, ours) == own(after)
    assert await titles_of(client, theirs, "tasks") == []
    assert await titles_of(client, ours, "tasks") == ["kept"]


async def test_renamed_link_keeps_its_cascade_with_ours_and_loses_it_with_the_official_client(
    client: InstantClient, official: Official
) -> None:
    """An update that does not repeat the rules removes them, and it repeats none."""
    renamed = replace(OWNER, forward=replace(OWNER.forward, label="assignee"))
    after = canonical(Schema((TODOS, PEOPLE), (renamed,)))
    theirs, ours = [await app_with(client, LINKED) for _ in range(2)]
    official.ask(theirs, after, "todos.owner:todos.assignee")
    assert official.run()[0].get("error") is None
    await push(client, ours, after, Renames(links=((("todos", "owner"), ("todos", "assignee")),)))
    assert (await schema_of(client, ours)).links[0].forward.on_delete == "cascade"
    assert (await schema_of(client, theirs)).links[0].forward.on_delete is None


async def test_swapped_attributes_change_places_with_ours_and_stay_with_the_official_client(
    client: InstantClient, official: Official
) -> None:
    """It looks for renames only among names that come and go. Ours takes two requests and temporary names: in one
    statement of the platform the names stand in each other's way."""
    both = (Attribute("note", StringType()), Attribute("title", StringType()))
    schema = Schema((Entity("todos", both),))
    theirs, ours = [await app_with(client, schema) for _ in range(2)]
    for app_id in (theirs, ours):
        await client.transact(app_id, [["update", "todos", new_id(), {"title": "t", "note": "n"}]])
    official.ask(theirs, schema, "todos.title:todos.note", "todos.note:todos.title")
    assert official.run()[0] == {"steps": [], "failed": []}
    await push(client, ours, schema, Renames(attributes=(("todos", "title", "note"), ("todos", "note", "title"))))
    assert await titles_of(client, theirs, "todos") == ["t"]
    assert await titles_of(client, ours, "todos") == ["n"]


async def test_new_ids_of_idents_and_attributes_are_three_different_ones_with_ours(client: InstantClient) -> None:
    """The official client gives an attribute's forward ident the attribute's own ID."""
    app_id = await app_with(client, LINKED)
    for wire in wire_attributes(await client.read_wire_schema(app_id)):
        if wire["catalog"] == "user":
            idents = [wire[side][0] for side in ("forward-identity", "reverse-identity") if wire.get(side)]
            assert len({wire["id"], *idents}) == 1 + len(idents)

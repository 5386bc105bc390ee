"""The law of a push, on the local platform: what is compared and pushed is what is read back, and rows stay."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from app.core.connection import Connection, Environment, Platform
from app.core.refs import new_id
from app.core.secret import Secret
from app.platforms.contract import LiveSchema
from app.platforms.http_words import Tokens
from app.platforms.instant.client import InstantClient
from app.platforms.instant.steps import steps_of
from app.platforms.registry import make_client
from app.schema.compare import Plan, Renames, compare
from app.schema.formats.instant_form import canonical
from app.schema.model import Attribute, Entity, Schema
from app.schema.renames_left import renames_left
from app.schema.types import AnyType, BooleanType, DateType, NumberType, StringType, Type
from tests.contract.platform_contract import own
from tests.support.local_platform import RunningPlatform, local_platform
from tests.support.random_schemas import Pair, random_pair

pytestmark = pytest.mark.timeout(120)

NO_RENAMES = Renames()
SEEDS = range(25)
_VALUES: dict[Type, Any] = {
    StringType(): "text",
    NumberType(): 7,
    BooleanType(): True,
    DateType(): "2026-08-21T10:00:00Z",
    AnyType(): {"any": ["thing"]},
}


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPlatform]:
    with local_platform(tmp_path_factory.mktemp("platform") / "data") as running:
        yield running


@pytest.fixture
async def client(platform: RunningPlatform) -> AsyncIterator[InstantClient]:
    connection = Connection("c1", "Local", Platform.INSTANT, platform.api_uri, Environment.LOCAL)
    tokens = Tokens(Secret(platform.platform_token), Secret(platform.dash_token))
    made = make_client(connection, tokens, lambda _entry: None)
    yield made
    await made.aclose()


@pytest.fixture
async def app_id(client: InstantClient) -> AsyncIterator[str]:
    app = await client.create_app("Law", app_id=new_id())
    yield app.app_id
    await client.delete_app(app.app_id)


async def push(
    client: InstantClient, app_id: str, wanted: Schema, renames: Renames = NO_RENAMES, *, restores: bool = False
) -> LiveSchema:
    """Push and read back; all jobs are done."""
    live = await client.read_live(app_id)
    whole = with_system(live, wanted)
    plan = compare(live.schema, whole, renames)
    jobs = await client.send_plan(app_id, live, plan, restores=restores)
    assert [(job.title, job.error) for job in jobs if job.status != "completed"] == []
    after = await client.read_live(app_id)
    assert own(after.schema) == own(whole)
    assert compare(after.schema, whole) == Plan()
    return after


def with_system(live: LiveSchema, schema: Schema) -> Schema:
    system = live.schema
    entities = tuple(each for each in system.entities if each.is_system)
    links = tuple(each for each in system.links if each.is_system)
    return canonical(Schema(schema.entities + entities, schema.links + links))


async def write_rows(client: InstantClient, app_id: str, schema: Schema) -> dict[str, tuple[str, dict[str, Any]]]:
    """One row in each entity, with a value for each attribute; links that are required are left to the caller."""
    rows = {
        each.name: (new_id(), {part.name: _VALUES[part.type] for part in each.attributes}) for each in schema.entities
    }
    await client.transact(app_id, [["update", name, row_id, row] for name, (row_id, row) in rows.items()])
    return rows


@pytest.mark.parametrize("seed", SEEDS)
async def test_push_makes_the_live_schema_the_wanted_one(client: InstantClient, app_id: str, seed: int) -> None:
    pair = random_pair(seed)
    await push(client, app_id, pair.before)
    await push(client, app_id, pair.after, pair.renames)


@pytest.mark.parametrize("seed", range(100, 110))
async def test_push_undone_is_the_schema_before(client: InstantClient, app_id: str, seed: int) -> None:
    pair = random_pair(seed)
    before = await push(client, app_id, pair.before)
    live = await client.read_live(app_id)
    plan = compare(live.schema, with_system(live, pair.after), pair.renames)
    await client.send_plan(app_id, live, plan)
    live = await client.read_live(app_id)
    jobs = await client.send_plan(app_id, live, plan.reverse(), restores=True)
    assert [job for job in jobs if job.status != "completed"] == []
    after = await client.read_live(app_id)
    assert own(after.schema) == own(before.schema)
    assert after.fingerprint == before.fingerprint


@pytest.mark.parametrize("seed", range(300, 312))
async def test_push_broken_after_its_first_request_goes_on_from_there_without_loss(
    client: InstantClient, app_id: str, seed: int
) -> None:
    pair = random_pair(seed)
    before = await push(client, app_id, pair.before)
    wanted = with_system(before, pair.after)
    plan = compare(before.schema, wanted, pair.renames)
    for request in steps_of(before, plan).requests[:1]:
        await client.apply_steps(app_id, [step.wire for step in request if not step.is_background])
    now = await client.read_live(app_id)
    kept = {wire["id"] for wire in now.native.attributes}
    left = renames_left(before.schema, client.renames_between(before, now), pair.renames)
    jobs = await client.send_plan(app_id, now, compare(now.schema, wanted, left))
    assert [job for job in jobs if job.status != "completed"] == []
    after = await client.read_live(app_id)
    assert after.schema == wanted
    assert kept == {wire["id"] for wire in after.native.attributes}


def lenient(pair: Pair) -> Pair:
    """Without requirements and types, which rows could not meet."""
    return Pair(_lenient(pair.before), _lenient(pair.after), pair.renames)


def _lenient(schema: Schema) -> Schema:
    entities = tuple(
        Entity(each.name, tuple(Attribute(part.name, is_unique=part.is_unique) for part in each.attributes))
        for each in schema.entities
    )
    links = tuple(
        type(each)(each.name, type(each.forward)(each.forward.entity, each.forward.label, "many"), each.reverse)
        for each in schema.links
    )
    return canonical(Schema(entities, links))


@pytest.mark.parametrize("seed", range(200, 215))
async def test_push_keeps_the_rows_of_what_is_kept(client: InstantClient, app_id: str, seed: int) -> None:
    pair = lenient(random_pair(seed))
    await push(client, app_id, pair.before)
    rows = await write_rows(client, app_id, pair.before)
    await push(client, app_id, pair.after, pair.renames)
    entities = dict(pair.renames.entities)
    labels = {(entity, old): new for entity, old, new in pair.renames.attributes}
    for before in pair.before.entities:
        after = pair.after.entity(entities.get(before.name, before.name))
        if after is None or (before.name not in entities and after.name in entities.values()):
            continue
        row_id, values = rows[before.name]
        (row,) = (await client.query(app_id, {after.name: {"$": {"where": {"id": row_id}}}}))[after.name]
        old_of = {new: old for (entity, old), new in labels.items() if entity == before.name}
        for part in after.attributes:
            old = old_of.get(part.name, part.name)
            was_moved = (before.name, old) in labels and part.name not in old_of
            if before.attribute(old) is not None and not was_moved:
                assert row[part.name] == values[old]


async def test_push_of_hundreds_of_parts(client: InstantClient, app_id: str) -> None:
    pair = random_pair(4, size=40)
    assert sum(1 + len(each.attributes) for each in pair.before.entities) + len(pair.before.links) > 200
    await push(client, app_id, pair.before)
    await push(client, app_id, pair.after, pair.renames)

"""The schema workshop on the real local platform and the real database file: push, stale, undo, restart."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from app.core.connection import Connection, Environment, Platform
from app.core.errors import NotFound
from app.core.refs import AppRef, new_id
from app.core.secret import Secret
from app.platforms.http_words import Tokens
from app.platforms.registry import make_client
from app.schema.draft import Draft
from app.schema.formats.instant_form import canonical
from app.schema.model import Attribute, Link, LinkEnd
from app.schema.types import BooleanType, NumberType, StringType
from app.services.catalog import Catalog
from app.services.clients import ClientPool
from app.services.comparing import Cohorts, Comparing
from app.services.connections import ConnectionBook
from app.services.directory import Directory
from app.services.drafts import DraftShelf
from app.services.hub import ChangeHub
from app.services.platform_side import PlatformSide
from app.services.push_history import PushHistory
from app.services.pushing import Pusher
from app.services.templates import TemplateShelf
from app.services.tokens import TokenKeeper
from app.services.undoing import Undoing
from app.services.versions import SchemaVersions
from app.services.workshop import SchemaWorkshop
from app.storage.database import Database
from app.storage.stores import AuditStore, ConnectionStore, InventoryStore
from app.storage.workshop_stores import DraftStore, PushStore, VersionStore
from tests.contract.platform_contract import TODO
from tests.support.local_platform import RunningPlatform, local_platform
from tests.unit.services.fakes import FakeVault

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120), pytest.mark.xdist_group("workshop-on-local-platform")]


@pytest.fixture(scope="module")
def platform(tmp_path_factory) -> Iterator[RunningPlatform]:
    with local_platform(tmp_path_factory.mktemp("platform") / "data") as running:
        yield running


@pytest.fixture
def connection(platform) -> Connection:
    return Connection("c1", "Local", Platform.INSTANT, platform.api_uri, Environment.LOCAL)


@pytest.fixture
def client(platform, connection):
    """Somebody else's client."""
    return make_client(connection, tokens_of(platform), lambda _entry: None)


@pytest.fixture
async def ref(client) -> AsyncIterator[AppRef]:
    app = await client.create_app("Workshop", app_id=new_id(), schema=TODO)
    yield AppRef("c1", app.app_id)
    await client.aclose()


def tokens_of(platform: RunningPlatform) -> Tokens:
    return Tokens(Secret(platform.platform_token), Secret(platform.dash_token))


@asynccontextmanager
async def workshop(path: Path, platform: RunningPlatform, connection: Connection) -> AsyncIterator[SchemaWorkshop]:
    """One operator with a profile of their own."""
    database = Database.open(path)
    hub = ChangeHub()
    store, inventory = ConnectionStore(database), InventoryStore(database)
    if store.get(connection.id) is None:
        store.add(connection)
    book = ConnectionBook(store, TokenKeeper(FakeVault(), hub), hub, store.all())
    clients = ClientPool(
        book.find,
        TokenKeeper(FakeVault(), hub),
        lambda _entry: None,
        make=lambda found, _platform, _dash, on_call: make_client(found, tokens_of(platform), on_call),
    )
    shelf = TemplateShelf([])
    directory = Directory(book, clients, shelf, inventory, hub)
    versions = SchemaVersions(VersionStore(database))
    catalog = Catalog(clients, directory, inventory, hub, versions=versions)
    directory.on_schema(catalog.saw)
    platforms = PlatformSide(book, clients, directory, catalog)
    drafts = DraftShelf(DraftStore(database), hub)
    history = PushHistory(PushStore(database), AuditStore(database), hub)
    made = SchemaWorkshop(
        platforms,
        catalog,
        drafts,
        Pusher(platforms, drafts, history),
        history,
        versions,
        Undoing(platforms, history, versions, drafts),
        Comparing(platforms, catalog, shelf, versions),
        Cohorts(book, clients, directory),
    )
    try:
        yield made
    finally:
        await made.aclose()
        await directory.aclose()
        await catalog.aclose()
        await clients.aclose()
        database.close()


def edited(base) -> Draft:
    draft = Draft(base, base)
    draft = draft.rename_entity("todos", "tasks")
    draft = draft.rename_attribute("tasks", "title", "headline")
    draft = draft.drop_attribute("people", "age")
    draft = draft.add_entity("tags", (Attribute("name", StringType(), is_unique=True, is_indexed=True),))
    return draft.add_link(Link("", LinkEnd("tasks", "tags", "many"), LinkEnd("tags", "tasks", "many")))


async def rows_of(client, ref: AppRef, entity: str) -> list[dict]:
    return (await client.query(ref.app_id, {entity: {}}))[entity]


async def test_push_and_undo_leave_the_rows_intact(tmp_path, platform, connection, client, ref):
    todo, person = new_id(), new_id()
    await client.transact(
        ref.app_id,
        [
            ["update", "people", person, {"email": "ada@example.com", "age": 36}],
            ["update", "todos", todo, {"title": "Write", "done": False}],
            ["link", "todos", todo, {"owner": person}],
        ],
    )
    async with workshop(tmp_path / "db", platform, connection) as mine:
        base = (await mine.open(ref)).base.schema
        draft = edited(base)
        review = await mine.review(ref, draft)
        assert review.problems == ()
        assert review.rendered
        report = await mine.push(ref, draft)
        assert (report.outcome, report.error) == ("done", None), report.sentence
        assert report.live.schema == canonical(draft.wanted)
        assert [each["headline"] for each in await rows_of(client, ref, "tasks")] == ["Write"]
        undo = await mine.undo(report.push_id)
        assert undo.conflicts == ()
        back = await mine.push(ref, undo.draft, undoes=report.push_id)
        assert back.outcome == "done", back.sentence
        assert back.live.schema == base
        assert [each["title"] for each in await rows_of(client, ref, "todos")] == ["Write"]
        assert [(each["email"], each["age"]) for each in await rows_of(client, ref, "people")] == [
            ("ada@example.com", 36)
        ]
        assert [each.outcome for each in await mine.pushes(ref)] == ["done", "done"]


async def test_push_on_a_schema_that_another_changed_is_merged(tmp_path, platform, connection, client, ref):
    async with workshop(tmp_path / "db", platform, connection) as mine:
        draft = edited((await mine.open(ref)).base.schema)
        live = await client.read_live(ref.app_id)
        other = Draft(live.schema, live.schema).add_attribute("people", Attribute("nick", StringType()))
        await client.send_plan(ref.app_id, live, other.plan())
        report = await mine.push(ref, draft)
        assert report.outcome == "stale"
        assert report.merge.conflicts == ()
        again = await mine.push(ref, report.merge.draft)
        assert again.outcome == "done", again.sentence
        assert again.live.schema.entity("people").attribute("nick") is not None
        assert again.live.schema.entity("tasks") is not None


async def test_push_whose_job_fails_shows_the_rows_and_goes_on_after_they_are_mended(
    tmp_path, platform, connection, client, ref
):
    person = new_id()
    await client.transact(ref.app_id, [["update", "people", person, {"email": "ada@example.com"}]])
    async with workshop(tmp_path / "db", platform, connection) as mine:
        base = (await mine.open(ref)).base.schema
        draft = Draft(base, base).change_attribute("people", "age", is_required=True)
        draft = draft.add_attribute("todos", Attribute("rank", NumberType()))
        report = await mine.push(ref, draft)
        assert report.outcome == "partial", report.sentence
        (job,) = [each for each in report.jobs if each.status == "errored"]
        (row,) = await mine.offending_rows(ref, job)
        assert row["id"] == person
        kept = await mine.open(ref)
        assert (kept.draft, kept.is_base_old) == (report.remaining, False)
        assert [each.place for each in kept.draft.plan().steps] == ["people.age"]
        await client.transact(ref.app_id, [["update", "people", person, {"age": 36}]])
        assert (await mine.push(ref, kept.draft)).outcome == "done"


@pytest.mark.parametrize("kind", ["drop", "truncate"])
async def test_push_whose_answer_is_lost_finds_out_by_reading(tmp_path, platform, connection, ref, kind):
    async with workshop(tmp_path / "db", platform, connection) as mine:
        draft = edited((await mine.open(ref)).base.schema)
        await set_faults(platform, [{"kind": kind, "path": "*/schema/steps/apply", "count": 1}])
        report = await mine.push(ref, draft)
        await set_faults(platform, [])
        assert report.outcome in ("done", "partial", "failed"), report.sentence
        assert report.error is not None or "All the same" in report.sentence
        while report.outcome != "done":
            report = await mine.push(ref, report.remaining or draft)
        live = (await mine.open(ref, refresh=True)).base.schema
        assert live == canonical(draft.wanted)
        assert await mine.drafts() == ()


async def set_faults(platform: RunningPlatform, faults: list) -> None:
    async with httpx.AsyncClient(base_url=platform.api_uri, headers=platform.headers) as http:
        (await http.post("/local/faults", json={"faults": faults})).raise_for_status()


async def test_push_of_an_app_deleted_meanwhile_keeps_the_draft(tmp_path, platform, connection, client, ref):
    async with workshop(tmp_path / "db", platform, connection) as mine:
        draft = edited((await mine.open(ref)).base.schema)
        await mine.save_draft(ref, draft)
        await client.delete_app(ref.app_id)
        with pytest.raises(NotFound, match="not on Local any more"):
            await mine.push(ref, draft)
        assert (await mine.open(ref)).draft == draft


async def test_draft_survives_a_program_that_is_gone_without_closing(tmp_path, platform, connection, ref):
    path = tmp_path / "db"
    async with workshop(path, platform, connection) as mine:
        draft = edited((await mine.open(ref)).base.schema)
        await mine.save_draft(ref, draft)
        # Nothing is closed yet: this is what a killed program leaves behind.
        async with workshop(path, platform, connection) as again:
            opened = await again.open(ref)
            assert (opened.draft, opened.is_base_old) == (draft, False)
            assert (await again.push(ref, opened.draft)).outcome == "done"


async def test_two_operators_who_push_100_times_at_once_lose_no_edit(tmp_path, platform, connection, ref):
    async with (
        workshop(tmp_path / "one", platform, connection) as one,
        workshop(tmp_path / "two", platform, connection) as two,
    ):
        for number in range(100):
            await asyncio.gather(*(landed(each, ref, f"by{who}_{number}") for who, each in enumerate((one, two))))
        schema = (await one.open(ref, refresh=True)).base.schema
    names = {each.name for each in schema.entity("todos").attributes}
    assert {f"by{who}_{number}" for who in range(2) for number in range(100)} <= names


async def landed(mine: SchemaWorkshop, ref: AppRef, name: str) -> None:
    base = (await mine.open(ref, refresh=True)).base.schema
    draft = Draft(base, base).add_attribute("todos", Attribute(name, BooleanType()))
    while (report := await mine.push(ref, draft)).outcome != "done":
        assert report.outcome == "stale", report.sentence
        draft = report.merge.draft

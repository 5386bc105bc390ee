"""Any two schemas side by side, and apps with the same schema together."""

from types import SimpleNamespace

import pytest

from app.core.errors import Invalid, KnownError, NotFound, Unreachable, Unsupported
from app.core.refs import AppRef
from app.platforms.contract import RemoteApp
from app.platforms.traits import POSTGRES
from app.schema.draft import Draft
from app.schema.formats.instant_form import canonical
from app.schema.model import Attribute, Entity, Schema
from app.schema.types import DateType
from app.services.catalog import SchemaSnapshot
from app.services.comparing import FILE_LIMIT, Comparing
from app.services.workshop import AppSource, FileSource, TemplateSource, VersionSource
from tests.unit.services.fakes import shelf, uid
from tests.unit.services.workshop_fakes import REF, TODO, FakePlatform, World

MORE = canonical(Draft(TODO, TODO).add_attribute("todos", Attribute("done")).wanted)


def ref(number: int) -> AppRef:
    return AppRef("c1", uid(number))


def many(*schemas: Schema) -> World:
    platform = FakePlatform(*(RemoteApp(uid(number), f"App {number}") for number in range(len(schemas))))
    platform.schemas = {uid(number): each for number, each in enumerate(schemas)}
    return World(platform)


async def test_cohorts_group_apps_by_schema_the_largest_first():
    world = many(TODO, MORE, TODO, TODO, Schema(), MORE)
    await world.directory.refresh()
    found = await world.workshop.cohorts()
    assert [(each.fingerprint, len(each.refs)) for each in found] == [
        (TODO.fingerprint(), 3),
        (MORE.fingerprint(), 2),
        (Schema().fingerprint(), 1),
    ]
    assert set(found[0].refs) == {ref(0), ref(2), ref(3)}


async def test_cohorts_read_one_app_of_each_group_after_a_refresh():
    world = many(*[TODO] * 30, *[MORE] * 20)
    await world.directory.refresh()
    world.platform.calls.clear()
    heard = []
    await world.workshop.cohorts(on_progress=heard.append)
    assert len(world.platform.calls) == 2
    assert (heard[-1].done, heard[-1].total) == (2, 2)
    world.platform.calls.clear()
    assert [len(each.refs) for each in await world.workshop.cohorts("c1")] == [30, 20]
    assert world.platform.calls == []


async def test_cohorts_without_a_refresh_read_all_with_a_few_at_a_time():
    world = many(*[TODO] * 30)
    await world.directory.refresh()
    for number in range(30):
        world.directory._shelves["c1"].marks.pop(uid(number))
    (cohort,) = await world.workshop.cohorts()
    assert len(cohort.refs) == 30
    assert world.platform.most_in_flight <= 20


async def test_cohorts_leave_out_what_cannot_be_read():
    world = many(TODO, MORE)
    await world.directory.refresh()
    world.directory._shelves["c1"].marks.clear()
    world.platform.fail[f"read_schema:{uid(1)}"] = Unreachable("Nobody answers.")
    (cohort,) = await world.workshop.cohorts()
    assert cohort.refs == (ref(0),)


async def test_cohorts_see_that_an_app_changed_since_the_refresh():
    world = many(TODO, TODO, MORE)
    await world.directory.refresh()
    world.platform.schemas[uid(0)] = MORE
    found = await world.workshop.cohorts()
    assert {each.fingerprint: set(each.refs) for each in found} == {
        MORE.fingerprint(): {ref(0), ref(2)},
        TODO.fingerprint(): {ref(1)},
    }


async def test_two_apps_are_compared():
    world = many(TODO, MORE)
    await world.directory.refresh()
    found = await world.workshop.compare_sides(AppSource(ref(0)), AppSource(ref(1)))
    assert [each.place for each in found.plan.steps] == ["todos.done"]
    assert (found.left.label, found.right.label) == ("App 0", "App 1")
    assert found.suggestions == ()


async def test_app_is_compared_with_its_own_past():
    world = World()
    await world.workshop.open(REF)
    world.platform.schemas[uid(1)] = MORE
    await world.workshop.open(REF, refresh=True)
    past = (await world.workshop.versions(REF))[-1]
    found = await world.workshop.compare_sides(VersionSource(REF, past.fingerprint), AppSource(REF))
    assert [each.place for each in found.plan.steps] == ["todos.done"]
    assert past.fingerprint[:8] in found.left.label


async def test_app_is_compared_with_a_template():
    world = World()
    found = await world.workshop.compare_sides(TemplateSource("notes"), AppSource(REF))
    assert {each.place for each in found.plan.steps} == {"notes", "todos", "people", "todos.owner"}
    assert found.left.label == "Template Notes"
    with pytest.raises(NotFound):
        await world.workshop.side(TemplateSource("nothing"))


async def test_app_is_compared_with_its_own_file(tmp_path):
    world = World()
    path = tmp_path / "instant.schema.ts"
    path.write_text(await world.workshop.text(TODO), "utf-8")
    found = await world.workshop.compare_sides(FileSource(path), AppSource(REF))
    assert not found.plan
    assert found.left.label == "instant.schema.ts"


async def test_file_with_a_mistake_is_refused_with_its_line(tmp_path):
    path = tmp_path / "instant.schema.ts"
    path.write_text("import { i } from '@instantdb/core';\nconst s = i.schema({ entities: { a: i.entity({ x: }) } })")
    with pytest.raises(Invalid) as caught:
        await World().workshop.side(FileSource(path))
    assert caught.value.problems[0].line == 2


@pytest.mark.parametrize("kind", ["missing", "folder", "binary", "large"])
async def test_file_that_is_none_is_refused(tmp_path, kind):
    path = tmp_path / "instant.schema.ts"
    if kind == "folder":
        path.mkdir()
    elif kind == "binary":
        path.write_bytes(b"\xff\xfe\x00")
    elif kind == "large":
        with path.open("wb") as file:
            file.truncate(FILE_LIMIT + 1)
    with pytest.raises(KnownError, match=r"instant\.schema\.ts"):
        await World().workshop.side(FileSource(path))


async def test_app_that_cannot_be_read_is_compared_as_last_known():
    world = World()
    await world.workshop.open(REF)
    next_start = World(world.platform, world.stores)
    next_start.connections.schemas = world.connections.schemas
    world.platform.fail["read_schema"] = Unreachable("Nobody answers.")
    side = await next_start.workshop.side(AppSource(REF))
    assert side.schema == TODO
    assert "last known" in side.label


async def test_text_is_read_back_as_the_same_schema():
    world = World()
    text = await world.workshop.text(MORE)
    assert canonical((await world.workshop.parse_text(text)).schema) == MORE
    assert await world.workshop.text(MORE, text) == text


def databases(**schemas: Schema) -> Comparing:
    async def schema(ref: AppRef) -> SchemaSnapshot:
        return SchemaSnapshot(schemas[ref.app_id], 1.0, "")

    platforms = SimpleNamespace(traits=lambda _ref: POSTGRES, title=lambda ref: ref.app_id)
    return Comparing(platforms, SimpleNamespace(schema=schema), shelf(), SimpleNamespace())


async def test_compare_of_databases_is_in_the_form_of_sql():
    one, two = (
        Schema((Entity("notes", (Attribute("at", DateType(native=text)),)),))
        for text in ("timestamp with time zone", "timestamptz")
    )
    comparing = databases(one=one, two=two)
    found = await comparing.compare(AppSource(AppRef("c1", "one")), AppSource(AppRef("c1", "two")))
    assert not found.plan


async def test_compare_of_a_database_with_a_template_is_refused():
    with pytest.raises(Unsupported, match="PostgreSQL cannot be compared with one of Instant"):
        await databases().compare(AppSource(REF), TemplateSource("notes"))


async def test_compare_of_a_database_with_a_script_of_sql_reads_it_in_its_words(tmp_path):
    path = tmp_path / "notes.sql"
    path.write_text("CREATE TABLE notes (id integer PRIMARY KEY, title text NOT NULL, at timestamptz);\n")
    comparing = databases(shop=Schema())
    made = await comparing.compare(AppSource(AppRef("c1", "shop")), FileSource(path))
    assert [each.name for each in made.right.schema.entities] == ["notes"]
    again = databases(shop=made.right.schema)
    assert not (await again.compare(FileSource(path), AppSource(AppRef("c1", "shop")))).plan
    with pytest.raises(Unsupported):
        await comparing.compare(FileSource(path), TemplateSource("notes"))
    assert (await comparing.side(FileSource(path))).schema == made.right.schema

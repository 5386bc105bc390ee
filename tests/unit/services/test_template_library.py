"""The shelf with the operator's own templates, and the apps that follow one."""

import os
import stat
from dataclasses import replace

import pytest

from app.core.apps import AppState
from app.core.errors import Conflict, Invalid, KnownError, NotFound, Unsupported
from app.core.refs import AppRef
from app.schema.draft import Draft
from app.schema.drift import differences
from app.schema.formats.instant_form import canonical
from app.schema.model import Attribute, Entity, Link, LinkEnd, Schema
from app.schema.types import EnumType, NumberType, StringType
from app.services.template_library import TemplateLibrary, left_out
from app.services.templates import Template
from app.storage.template_files import TemplateFiles
from tests.unit.services.fakes import uid
from tests.unit.services.workshop_fakes import REF, TODO, World

TASKS = Schema(
    (
        Entity("todos", (Attribute("title", StringType()), Attribute("rank", NumberType(), is_indexed=True))),
        Entity("people", (Attribute("email", StringType(), is_unique=True), Attribute("name", StringType()))),
    ),
    (Link("todosOwner", LinkEnd("todos", "owner", "one"), LinkEnd("people", "todos", "many")),),
)
MINE = Template("mine", 1, "Mine", "My own.", TASKS, is_own=True)


class Shop(World):
    def __init__(self, folder) -> None:
        super().__init__()
        self.files = TemplateFiles(folder)
        self.library = TemplateLibrary(
            self.shelf, self.files, self.following, self.workshop, self.catalog, self.directory, self.hub
        )

    @property
    def row(self):
        return self.directory.find(REF)


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "data" / "templates"


@pytest.fixture
async def shop(folder):
    made = Shop(folder)
    await made.directory.refresh()
    yield made
    await made.workshop.aclose()
    await made.following.aclose()


def wider(schema=TASKS, name="note") -> Schema:
    return Draft(schema, schema).add_attribute("todos", Attribute(name, StringType())).wanted


# The shelf


async def test_a_saved_template_is_on_the_shelf_and_after_the_next_start(shop, folder):
    saved = await shop.library.save(MINE)
    assert saved == MINE
    assert [each.name for each in shop.library.all()] == ["notes", "mine", "blank"]
    again = Shop(folder)
    await again.library.load()
    assert again.library.get("mine") == MINE
    assert again.library.broken() == ()


@pytest.mark.skipif(os.name != "posix", reason="modes of files")
async def test_the_file_is_for_the_operator_alone(shop, folder):
    await shop.library.save(MINE)
    assert stat.S_IMODE((folder / "mine.json").stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert [each.name for each in folder.iterdir()] == ["mine.json"]


async def test_saving_the_same_again_changes_nothing(shop, folder):
    await shop.library.save(MINE)
    before = (folder / "mine.json").stat()
    assert await shop.library.save(MINE) == MINE
    assert (folder / "mine.json").stat().st_ino == before.st_ino


async def test_saving_over_another_has_to_be_said(shop):
    await shop.library.save(MINE)
    with pytest.raises(Conflict, match="named mine already"):
        await shop.library.save(replace(MINE, schema=wider()))
    assert shop.library.get("mine") == MINE


async def test_the_version_grows_with_the_schema_and_not_with_the_title(shop):
    await shop.library.save(MINE)
    assert (await shop.library.save(replace(MINE, title="Ours"), overwrite=True)).version == 1
    assert (await shop.library.save(replace(MINE, schema=wider()), overwrite=True)).version == 2
    assert (await shop.library.save(replace(MINE, schema=wider(), rules={"a": {}}), overwrite=True)).version == 3
    assert (await shop.library.save(replace(MINE, version=9), overwrite=True)).version == 9


async def test_a_template_that_comes_with_tenantry_stays_as_it_is(shop):
    shipped = shop.library.get("notes")
    with pytest.raises(Conflict, match="comes with Tenantry"):
        await shop.library.save(replace(MINE, name="notes"), overwrite=True)
    with pytest.raises(Unsupported, match="cannot be deleted"):
        await shop.library.delete("notes")
    assert shop.library.get("notes") == shipped


@pytest.mark.parametrize("name", ["", "../mine", "Mine", "a/b", "a b", "x" * 61])
async def test_a_name_that_is_no_file_name_is_refused(shop, folder, name):
    with pytest.raises(Invalid) as caught:
        await shop.library.save(replace(MINE, name=name))
    assert caught.value.fields[0].field == "name"
    assert not folder.exists()


async def test_a_deleted_template_is_gone_from_the_shelf_and_the_disk(shop, folder):
    await shop.library.save(MINE)
    await shop.library.delete("mine")
    assert shop.library.find("mine") is None
    assert list(folder.iterdir()) == []
    with pytest.raises(NotFound):
        await shop.library.delete("mine")


async def test_broken_files_are_told_and_left_alone(shop, folder):
    folder.mkdir(parents=True)
    texts = {
        "torn.json": '{"name": "torn", ',
        "other.json": shop.library.export_text("notes"),
        "notes.json": shop.library.export_text("notes"),
        "binary.json": b"\xff\xfe".decode("latin-1"),
    }
    for name, text in texts.items():
        (folder / name).write_text(text, "latin-1")
    await shop.library.load()
    told = {each.file: each.sentence for each in shop.library.broken()}
    assert "line 1" in told["torn.json"]
    assert "holds a template named notes" in told["other.json"]
    assert "comes with Tenantry" in told["notes.json"]
    assert "UTF-8" in told["binary.json"]
    assert [each.sentence for each in shop.library.notices()] == list(told.values())
    with pytest.raises(Conflict, match=r"torn\.json"):
        await shop.library.save(replace(MINE, name="torn"), overwrite=True)
    assert {each.name: each.read_text("latin-1") for each in folder.iterdir()} == texts


async def test_a_file_that_was_put_there_or_taken_away_is_seen_when_loading_again(shop, folder):
    await shop.library.save(MINE)
    (folder / "mine.json").rename(folder / "gone.txt")
    await shop.library.load()
    assert shop.library.find("mine") is None
    (folder / "gone.txt").rename(folder / "mine.json")
    await shop.library.load()
    assert shop.library.get("mine") == MINE


async def test_a_disk_that_takes_nothing_is_told_and_the_shelf_stays(shop, folder):
    folder.parent.mkdir()
    folder.write_text("not a folder")
    with pytest.raises(KnownError, match="Mine could not be saved"):
        await shop.library.save(MINE)
    assert shop.library.find("mine") is None


async def test_a_template_is_shared_as_a_text(shop, folder, tmp_path):
    await shop.library.save(MINE)
    other = Shop(tmp_path / "other")
    imported = other.library.import_text(shop.library.export_text("mine"))
    assert imported == MINE
    assert other.library.find("mine") is None
    await other.library.save(imported)
    assert other.library.get("mine") == MINE


async def test_a_template_is_shared_as_a_file(shop, tmp_path):
    await shop.library.save(MINE)
    await shop.library.export_file("mine", tmp_path / "shared.json")
    assert await shop.library.import_file(tmp_path / "shared.json") == MINE
    with pytest.raises(Invalid, match=r"gone\.json cannot be read"):
        await shop.library.import_file(tmp_path / "gone.json")
    with pytest.raises(KnownError, match="could not be written to a: "):
        await shop.library.export_file("mine", tmp_path / "no folder" / "a")


async def test_an_imported_text_with_a_mistake_is_told_with_its_place(shop):
    await shop.library.save(MINE)
    text = shop.library.export_text("mine").replace('"number"', '"numeral"')
    with pytest.raises(Invalid) as caught:
        shop.library.import_text(text)
    assert caught.value.fields[0].field == "schema.entities.todos.rank.type"


# From an app


LIVE = canonical(
    Schema(
        (
            *TASKS.entities,
            Entity(
                "$users",
                (Attribute("email", StringType(), is_system=True), Attribute("nick", StringType())),
                is_system=True,
            ),
        ),
        (
            *TASKS.links,
            Link("peopleUser", LinkEnd("people", "user", "one"), LinkEnd("$users", "person", "one")),
        ),
    )
)


def test_a_template_of_a_whole_app_has_no_parts_of_the_platform(folder):
    template = Shop(folder).library.from_app(LIVE, "", None, "Everything", "What Ada has.")
    assert (template.name, template.version, template.title) == ("everything", 1, "Everything")
    assert differences(LIVE, template.schema) == ()
    assert [each.name for each in template.schema.entity("$users").attributes] == ["nick"]
    assert len(template.schema.links) == 2


def test_a_template_of_a_selection_leaves_out_links_that_lead_out_of_it(folder):
    template = Shop(folder).library.from_app(LIVE, "people", {"people"}, "People")
    assert template.entity_names == {"people"}
    assert [each.forward.label for each in template.schema.links] == ["user"]
    assert [each.forward.label for each in left_out(LIVE, {"people"})] == ["owner"]
    assert left_out(LIVE, None) == left_out(LIVE, {"people", "todos"}) == ()


def test_a_selection_of_what_is_not_there_is_refused(folder):
    with pytest.raises(Invalid, match="no agent gone"):
        Shop(folder).library.from_app(LIVE, "x", {"gone"}, "X")


def test_a_type_that_a_template_cannot_hold_is_refused(folder):
    schema = Schema((Entity("things", (Attribute("kind", EnumType(("a",))),)),))
    with pytest.raises(Invalid, match="cannot hold"):
        Shop(folder).library.from_app(schema, "x", None, "X")


# Following


async def test_what_was_said_goes_before_what_it_looks_like(shop):
    await shop.library.save(MINE)
    assert shop.row.template == ""
    await shop.library.follow(REF, "mine")
    assert shop.library.followed(REF) == ("mine", 1)
    assert shop.row.template == "mine"
    assert shop.row.state == AppState.OK
    await shop.directory.refresh()
    assert (shop.row.template, shop.row.note) == ("mine", "drift: 1 attribute")


async def test_drift_from_the_followed_template_is_shown_at_once_where_the_schema_is_known(shop):
    await shop.library.save(MINE)
    await shop.catalog.schema(REF)
    await shop.library.follow(REF, "mine")
    assert shop.row.state == AppState.DRIFTED
    assert shop.row.note == "drift: 1 attribute"
    standing = await shop.library.standing(REF)
    assert (standing.name, standing.version, standing.is_remembered, standing.is_behind) == ("mine", 1, True, False)
    assert [each.sentence for each in standing.differences] == ["people.email is not unique."]


async def test_following_none_is_remembered_too(shop):
    await shop.library.save(MINE)
    await shop.library.follow(REF, "mine")
    await shop.library.follow(REF, None)
    assert shop.library.followed(REF) is None
    await shop.directory.refresh()
    assert (shop.row.template, shop.row.state) == ("", AppState.OK)
    assert await shop.library.standing(REF) is None
    with pytest.raises(NotFound, match="follows no template"):
        await shop.library.draft_to_template(REF)


async def test_following_what_is_not_there_is_refused(shop):
    with pytest.raises(NotFound):
        await shop.library.follow(REF, "gone")
    assert shop.library.followed(REF) is None


async def test_what_is_followed_outlives_the_session(shop, folder):
    await shop.library.save(MINE)
    await shop.library.follow(REF, "mine")
    again = Shop(folder)
    again.followed.kept = dict(shop.followed.kept)
    await again.following.load(["c1"])
    await again.library.load()
    await again.directory.refresh()
    assert again.library.followed(REF) == ("mine", 1)
    assert again.row.note == "drift: 1 attribute"


async def test_an_app_of_an_older_version_is_behind_until_it_is_brought_up(shop):
    await shop.library.save(replace(MINE, schema=TODO))
    await shop.library.follow(REF, "mine")
    await shop.library.save(replace(MINE, schema=wider(TODO)), overwrite=True)
    assert shop.row.note == "version 1 of its template, which is at 2"
    await shop.catalog.schema(REF)
    assert shop.row.state == AppState.DRIFTED
    assert shop.row.note == "drift: 1 attribute; version 1 of its template, which is at 2"
    assert (await shop.library.standing(REF)).is_behind
    report = await shop.workshop.push(REF, await shop.library.draft_to_template(REF))
    assert report.outcome == "done"
    assert shop.library.followed(REF) == ("mine", 2)
    assert (shop.row.state, shop.row.note) == (AppState.OK, "")
    await shop.following.aclose()
    assert shop.followed.kept[REF] == ("mine", 2)


async def test_a_deleted_template_leaves_its_apps_as_they_are_and_says_so(shop):
    await shop.library.save(MINE)
    await shop.catalog.schema(REF)
    await shop.library.follow(REF, "mine")
    await shop.library.delete("mine")
    assert (shop.row.template, shop.row.state) == ("mine", AppState.OK)
    standing = await shop.library.standing(REF)
    assert (standing.name, standing.template, standing.differences) == ("mine", None, ())
    with pytest.raises(NotFound, match="does not exist any more"):
        await shop.library.draft_to_template(REF)


async def test_a_deleted_template_that_is_saved_again_is_what_it_was(shop, folder):
    await shop.library.save(MINE)
    kept = await shop.library.save(replace(MINE, schema=TODO), overwrite=True)
    await shop.catalog.schema(REF)
    await shop.library.follow(REF, "mine")
    (file,) = folder.iterdir()
    text = file.read_text()
    await shop.library.delete("mine")
    assert await shop.library.save(kept) == kept
    assert file.read_text() == text
    assert shop.library.followed(REF) == ("mine", kept.version)
    assert shop.library.template_of(REF) == kept


async def test_an_own_template_is_not_guessed(shop):
    await shop.library.save(replace(MINE, schema=TODO))
    assert shop.shelf.recognise(TODO) is None


async def test_a_deleted_app_follows_nothing(shop):
    await shop.library.save(MINE)
    await shop.library.follow(REF, "mine")
    await shop.directory.drop(REF)
    assert shop.library.followed(REF) is None
    assert shop.followed.kept == {}


async def test_followers_are_named(shop):
    await shop.library.save(MINE)
    await shop.library.follow(REF, "mine")
    await shop.library.follow(AppRef("c1", uid(9)), "notes")
    assert shop.library.followers("mine") == (REF,)


# Bringing up


async def test_bringing_up_is_a_plan_that_ends_drift_and_is_empty_the_second_time(shop):
    await shop.library.save(replace(MINE, schema=wider()))
    await shop.library.follow(REF, "mine")
    draft = await shop.library.draft_to_template(REF)
    assert differences(draft.wanted, wider()) == ()
    assert draft.plan()
    assert shop.platform.sent == []
    assert (await shop.workshop.push(REF, draft)).outcome == "done"
    again = await shop.library.draft_to_template(REF)
    assert not again.is_changed
    assert shop.row.note == ""


async def test_bringing_up_keeps_what_is_staged_and_the_agents_of_the_tenant(shop):
    await shop.library.save(replace(MINE, schema=wider()))
    await shop.library.follow(REF, "mine")
    base = (await shop.workshop.open(REF)).base.schema
    await shop.workshop.save_draft(REF, Draft(base, base).add_entity("diary", (Attribute("text", StringType()),)))
    draft = await shop.library.draft_to_template(REF)
    assert draft.wanted.entity("diary") is not None
    assert draft.wanted.entity("todos").attribute("note") is not None


async def test_what_the_template_does_not_have_is_dropped_only_where_wanted(shop):
    await shop.library.save(replace(MINE, schema=Schema((Entity("todos", (Attribute("title", StringType()),)),))))
    await shop.library.follow(REF, "mine")
    dropped = await shop.library.draft_to_template(REF)
    assert dropped.wanted.entity("todos").attribute("rank") is None
    kept = await shop.library.draft_to_template(REF, keeps_extras=True)
    assert not kept.is_changed


async def test_an_app_made_from_a_template_follows_it(shop):
    await shop.library.save(MINE)
    await shop.directory.put("c1", shop.platform.apps[uid(1)], "mine")
    assert shop.library.followed(REF) == ("mine", 1)

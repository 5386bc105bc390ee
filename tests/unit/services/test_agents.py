"""Agents of an app: what is listed, and edits that are staged on top of what was."""

import pytest

from app.core.errors import FieldError, Invalid, NotFound, Unauthorised
from app.platforms.instant.schema_rules import RULES
from app.schema.draft import Draft
from app.schema.formats.instant_form import canonical
from app.schema.model import Attribute, Entity, Link, LinkEnd, Schema
from app.schema.types import BooleanType, JsonType, NumberType, StringType
from app.services.agents import MOST_COUNTED, MOST_ROWS, Agents, Rows, wrong_with
from app.services.template_library import TemplateLibrary
from app.services.templates import Template
from app.storage.template_files import TemplateFiles
from tests.unit.services.fakes import uid
from tests.unit.services.workshop_fakes import REF, TODO, World

TEXT = Attribute("text", StringType())
CHAT = Schema(
    (
        Entity("rooms", (Attribute("name", StringType(), is_unique=True, is_indexed=True),)),
        Entity("lines", (TEXT, Attribute("meta", JsonType()))),
        Entity("people", (Attribute("handle", StringType()),)),
    ),
    (
        Link("linesRoom", LinkEnd("lines", "room", "one", False, "cascade"), LinkEnd("rooms", "lines", "many")),
        Link("linesAuthor", LinkEnd("lines", "author", "one"), LinkEnd("people", "todos", "many")),
        Link("peopleFriends", LinkEnd("people", "friends", "many"), LinkEnd("people", "friendOf", "many")),
    ),
)


class Office(World):
    def __init__(self, folder) -> None:
        super().__init__()
        self.shelf.put(Template("chat", 2, "Chat", "", CHAT))
        self.library = TemplateLibrary(
            self.shelf, TemplateFiles(folder), self.following, self.workshop, self.catalog, self.directory, self.hub
        )
        self.agents = Agents(self.workshop, self.pool, self.library)

    async def stage(self, change) -> None:
        base = (await self.workshop.open(REF)).base.schema
        await self.workshop.save_draft(REF, change(Draft(base, base)))


@pytest.fixture
async def office(tmp_path):
    made = Office(tmp_path / "templates")
    await made.directory.refresh()
    yield made
    await made.workshop.aclose()


def rows_of(office, counts):
    """The platform's answers to queries for IDs; the queries that were asked."""
    asked = []

    async def query(app_id, query):
        asked.append(query)
        return {name: [{"id": str(each)} for each in range(min(counts[name], body["$"]["limit"]))]
                for name, body in query.items() if name in counts}  # fmt: skip

    office.platform.query = query
    return asked


def ends(draft) -> set:
    return {
        (each.forward.entity, each.forward.label, each.reverse.entity, each.reverse.label)
        for each in draft.wanted.links
    }


# Listing


async def test_agents_are_listed_by_name_with_their_links_and_rows(office):
    rows_of(office, {"todos": 3, "people": 0})
    people, todos = await office.agents.of(REF)
    assert (people.name, people.rows, people.template) == ("people", 0, "")
    assert (todos.name, todos.rows, todos.has_more_rows) == ("todos", 3, False)
    assert [each.name for each in todos.attributes] == ["rank", "title"]
    assert people.links == todos.links == TODO.links


async def test_the_entities_of_the_platform_are_no_agents(office):
    office.platform.schemas[uid(1)] = canonical(Schema((*TODO.entities, Entity("$users", (TEXT,), is_system=True))))
    assert [each.name for each in await office.agents.of(REF, with_rows=False)] == ["people", "todos"]


async def test_rows_are_asked_for_in_one_query_of_bounded_size(office):
    asked = rows_of(office, {f"e{number}": 5_000 for number in range(300)})
    counted = await office.agents.rows(REF, [f"e{number}" for number in range(300)])
    (query,) = asked
    assert len(query) == len(counted) == MOST_COUNTED
    assert sum(each["$"]["limit"] for each in query.values()) <= 5_000 + MOST_COUNTED
    assert all(each["$"]["fields"] == ["id"] for each in query.values())
    assert counted["e0"] == Rows(50, has_more=True)


async def test_a_few_agents_are_counted_further(office):
    rows_of(office, {"todos": 5_000, "people": MOST_ROWS})
    assert await office.agents.rows(REF, ["todos", "people"]) == {
        "todos": Rows(MOST_ROWS, has_more=True),
        "people": Rows(MOST_ROWS),
    }


async def test_rows_that_cannot_be_counted_are_unknown(office):
    office.platform.fail["query"] = Unauthorised("Not this app.")
    assert [each.rows for each in await office.agents.of(REF)] == [None, None]


async def test_an_agent_without_an_answer_is_unknown(office):
    rows_of(office, {"todos": 1})
    assert [each.rows for each in await office.agents.of(REF)] == [None, 1]


async def test_where_an_agent_is_from_is_told_by_the_followed_template_and_by_its_parts(office):
    handle, extra = Attribute("handle", StringType()), Attribute("extra", NumberType())
    office.platform.schemas[uid(1)] = canonical(
        Schema(
            (
                Entity("notes", (extra,)),
                Entity("rooms", (extra,)),
                Entity("lines2", (TEXT, Attribute("meta", JsonType()), extra)),
                Entity("people", (handle,)),
                Entity("diary", (TEXT,)),
            )
        )
    )
    await office.library.follow(REF, "notes")
    found = {each.name: each.template for each in await office.agents.of(REF, with_rows=False)}
    assert found == {"notes": "notes", "rooms": "", "lines2": "chat", "people": "chat", "diary": ""}


async def test_an_app_that_is_gone_has_no_agents(office):
    del office.platform.schemas[uid(1)]
    with pytest.raises(NotFound):
        await office.agents.of(REF)


# From a template


async def test_agents_of_a_template_come_with_the_links_between_them(office):
    draft = await office.agents.draft_with_template(REF, "chat", ["rooms", "lines"])
    assert draft.wanted.entity("rooms").attributes == CHAT.entity("rooms").attributes
    assert ("lines", "room", "rooms", "lines") in ends(draft)
    link = next(each for each in draft.wanted.links if each.forward.label == "room")
    assert link.forward.on_delete == "cascade"
    assert office.platform.sent == []


async def test_taken_names_get_free_ones_and_say_so_and_links_follow(office):
    names = await office.agents.new_names(REF, "chat")
    assert {each.name: each.proposed for each in names} == {"rooms": "rooms", "lines": "lines", "people": "people2"}
    assert [each.sentence for each in names if each.sentence] == [
        "There is an entity people already: this one will be called people2."
    ]
    draft = await office.agents.draft_with_template(REF, "chat")
    assert draft.wanted.entity("people").attributes == TODO.entity("people").attributes
    assert {("lines", "author", "people2", "todos"), ("people2", "friends", "people2", "friendOf")} <= ends(draft)
    assert (await office.workshop.push(REF, draft)).outcome == "done"


async def test_a_template_can_be_added_again_and_again(office):
    for number in (2, 3, 4):
        await office.workshop.push(REF, await office.agents.draft_with_template(REF, "chat"))
        names = {each.name for each in office.live.entities}
        assert f"people{number}" in names
    assert {"rooms", "rooms2", "rooms3"} <= names


async def test_links_to_what_is_there_already_take_free_labels(office):
    draft = await office.agents.draft_with_template(REF, "chat", ["lines"])
    assert draft.wanted.entity("rooms") is None
    assert ends(draft) - ends(Draft(TODO, TODO)) == {("lines", "author", "people", "todos2")}


async def test_given_names_are_taken_and_the_links_follow_them(office):
    draft = await office.agents.draft_with_template(REF, "chat", ["rooms", "lines"], {"rooms": " channels "})
    assert ("lines", "room", "channels", "lines") in ends(draft)
    assert draft.wanted.entity("rooms") is None


@pytest.mark.parametrize(
    ("names", "field", "words"),
    [
        ({"rooms": "todos"}, "rooms", "There is an entity todos already. todos2 is free."),
        ({"rooms": "same", "lines": "same"}, "lines", "There is an entity same already. same2 is free."),
        ({"rooms": " "}, "rooms", "rooms needs a name here. Enter one."),
        ({"rooms": "a b"}, "rooms", "The entity a b has a name that cannot be used in queries and files."),
        ({"rooms": "$rooms"}, "rooms", "$rooms: names with $ belong to Instant."),
    ],
)
async def test_given_names_that_cannot_be_are_told_at_their_agent(office, names, field, words):
    with pytest.raises(Invalid) as caught:
        await office.agents.draft_with_template(REF, "chat", ["rooms", "lines"], names)
    (wrong,) = caught.value.fields
    assert wrong.field == field
    assert wrong.message.startswith(words)


async def test_unknown_templates_and_agents_are_refused(office):
    with pytest.raises(NotFound):
        await office.agents.draft_with_template(REF, "gone")
    with pytest.raises(Invalid, match="no agent gone"):
        await office.agents.draft_with_template(REF, "chat", ["gone"])


async def test_a_blank_template_adds_nothing(office):
    draft = await office.agents.draft_with_template(REF, "blank")
    assert not draft.is_changed


# By hand


async def test_an_agent_by_hand_comes_with_its_links(office):
    link = Link("", LinkEnd("diary", "author", "one"), LinkEnd("people", "diary", "many"))
    draft = await office.agents.draft_with_entity(REF, Entity(" diary ", (TEXT,)), [link])
    assert (await office.workshop.push(REF, draft)).outcome == "done"
    assert office.live.entity("diary").attributes == (TEXT,)
    assert len(office.live.links) == 2


async def test_edits_are_added_to_what_is_staged(office):
    await office.stage(lambda draft: draft.add_entity("diary", (TEXT,)))
    draft = await office.agents.draft_with_entity(REF, Entity("notes", (TEXT,)))
    assert {each.name for each in draft.wanted.entities} == {"todos", "people", "diary", "notes"}
    with pytest.raises(Invalid) as caught:
        await office.agents.draft_with_entity(REF, Entity("diary", (TEXT,)))
    assert caught.value.fields == (FieldError("name", "There is an entity diary already. diary2 is free."),)


async def test_the_name_of_an_agent_that_is_going_is_not_taken(office):
    """A push would hand its rows to the new one."""
    await office.stage(lambda draft: draft.drop_entity("people").rename_entity("todos", "tasks"))
    for name in ("people", "todos"):
        with pytest.raises(Invalid) as by_hand:
            await office.agents.draft_with_entity(REF, Entity(name, (TEXT,)))
        with pytest.raises(Invalid) as copied:
            await office.agents.draft_with_copy(REF, "tasks", name)
        with pytest.raises(Invalid) as from_template:
            await office.agents.draft_with_template(REF, "chat", ["rooms"], {"rooms": name})
        for caught, field in ((by_hand, "name"), (copied, "name"), (from_template, "rooms")):
            assert [each.field for each in caught.value.fields] == [field]
            assert "Push them first" in caught.value.fields[0].message
    (people,) = await office.agents.new_names(REF, "chat", ["people"])
    assert people.proposed == "people2"


def fields_of(entity, *links) -> dict[str, str]:
    return {each.field: each.message for each in wrong_with(TODO, RULES, entity, links)}


@pytest.mark.parametrize(
    ("entity", "field", "words"),
    [
        (Entity("todos", (TEXT,)), "name", "todos already. todos2 is free."),
        (Entity("", (TEXT,)), "name", "no name"),
        (Entity("a b", (TEXT,)), "name", "cannot be used"),
        (Entity("$mine", (TEXT,)), "name", "belong to Instant"),
        (Entity("diary"), "attributes", "no attributes"),
        (Entity("diary", (Attribute("id", StringType()),)), "attributes.id", "id already"),
        (Entity("diary", (TEXT, Attribute("text", BooleanType()))), "attributes.text", "2 attributes text"),
        (Entity("diary", (Attribute("", StringType()), TEXT)), "attributes.", "no name"),
    ],
)
def test_what_is_wrong_is_told_while_typing(entity, field, words):
    assert words in fields_of(entity)[field]


@pytest.mark.parametrize(
    ("mine", "other", "field", "words"),
    [
        (LinkEnd("diary", "owner", "one"), LinkEnd("gone", "diary", "many"), "links.owner", "not there"),
        (LinkEnd("diary", "owner", "one"), LinkEnd("people", "todos", "many"), "links.owner", "several links"),
        (LinkEnd("diary", "owner", "one"), LinkEnd("people", "name", "many"), "links.owner", "both called name"),
        (LinkEnd("diary", "text", "one"), LinkEnd("people", "diary", "many"), "links.text", "both called text"),
        (LinkEnd("diary", "", "one"), LinkEnd("people", "diary", "many"), "links.", "no label"),
    ],
)
def test_what_is_wrong_with_a_link_is_told_at_the_agents_side(mine, other, field, words):
    for link in (Link("", mine, other), Link("", other, mine)):
        found = fields_of(Entity("diary", (TEXT,)), link)
        assert any(words in message for where, message in found.items() if where == field), found


def test_all_that_is_wrong_is_told_at_once():
    link = Link("", LinkEnd("todos", "x", "one"), LinkEnd("gone", "y", "many"))
    assert set(fields_of(Entity("todos", (Attribute("id"),)), link)) == {"name", "attributes.id", "links.x"}


def test_nothing_is_wrong_with_a_fine_agent():
    link = Link("", LinkEnd("diary", "author", "one"), LinkEnd("people", "diary", "many"))
    assert fields_of(Entity("diary", (TEXT,)), link) == {}


# Copies and removal


async def test_a_copy_gets_a_free_name_and_no_links(office):
    draft = await office.agents.draft_with_copy(REF, "todos")
    assert draft.wanted.entity("todos2").attributes == TODO.entity("todos").attributes
    assert draft.wanted.links == TODO.links
    assert (await office.agents.draft_with_copy(REF, "todos", " chores ")).wanted.entity("chores") is not None


@pytest.mark.parametrize("name", ["people", "a b", "$x"])
async def test_a_copy_under_a_name_that_cannot_be_is_refused(office, name):
    with pytest.raises(Invalid) as caught:
        await office.agents.draft_with_copy(REF, "todos", name)
    assert [each.field for each in caught.value.fields] == ["name"]


async def test_removed_agents_go_with_their_links_by_a_plan(office):
    draft = await office.agents.draft_without(REF, ["people"])
    assert [each.name for each in draft.wanted.entities] == ["todos"]
    assert draft.wanted.links == ()
    assert office.platform.sent == []
    with pytest.raises(Invalid, match="no entity gone"):
        await office.agents.draft_without(REF, ["gone"])

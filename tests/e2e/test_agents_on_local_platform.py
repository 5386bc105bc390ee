"""Agents and templates through all services on the real local platform, with a throwaway profile."""

from __future__ import annotations

import pytest

from app.core.apps import AppState
from app.core.errors import Invalid
from app.core.refs import AppRef
from app.schema.drift import differences
from app.schema.model import Attribute, Entity, Link, LinkEnd
from app.schema.types import NumberType, StringType
from app.services.connections import BUILTIN_ID
from app.services.suite import Services
from tests.support.opened_services import opened

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120), pytest.mark.xdist_group("services-on-local-platform")]

DIARY = Entity("diary", (Attribute("text", StringType(), is_required=True), Attribute("mood", NumberType())))
OWNER = Link("", LinkEnd("diary", "author", "one", on_delete="cascade"), LinkEnd("users", "diary", "many"))


async def made(services: Services, title: str, template: str | None = None) -> AppRef:
    app = await services.lifecycle.create(BUILTIN_ID, title, template)
    return AppRef(BUILTIN_ID, app.app_id)


async def push(services: Services, ref: AppRef, draft) -> None:
    report = await services.workshop.push(ref, draft)
    assert report.outcome == "done", report


def names_of(agents) -> dict[str, str]:
    return {each.name: each.template for each in agents}


async def test_agents_go_from_one_app_to_a_template_to_another_app(profile):
    async with opened(profile) as services:
        agents, library = services.agents, services.template_library
        ada, bob = await made(services, "Ada's", "todo"), await made(services, "Bob's")

        # By hand, and from a template of which one name is taken.
        await push(services, ada, await agents.draft_with_entity(ada, DIARY, [OWNER]))
        draft = await agents.draft_with_template(ada, "chat")
        assert [each.proposed for each in await agents.new_names(ada, "chat") if each.sentence] == ["users2"]
        await push(services, ada, draft)
        found = await agents.of(ada, refresh=True)
        assert names_of(found) == {
            "channels": "chat",
            "diary": "",
            "messages": "chat",
            "todos": "todo",
            "users": "todo",
            "users2": "chat",
        }
        messages = next(each for each in found if each.name == "messages")
        assert {link.reverse.entity for link in messages.links} == {"channels", "users2"}
        assert library.followed(ada) == ("todo", 1)

        # Some of them as a template of the operator's own.
        schema = (await services.catalog.schema(ada)).schema
        mine = library.from_app(schema, "", {"diary", "users", "todos"}, "Ada's way")
        saved = await library.save(mine)
        assert (saved.name, saved.is_own) == ("ada-s-way", True)

        # Applied to an app that has nothing.
        await push(services, bob, await agents.draft_with_template(bob, saved.name))
        await library.follow(bob, saved.name)
        assert names_of(await agents.of(bob)) == dict.fromkeys(("diary", "todos", "users"), saved.name)
        standing = await library.standing(bob)
        assert (standing.version, standing.differences) == (1, ())
        row = services.directory.find(bob)
        assert (row.template, row.agents, "drift" in row.note) == (saved.name, 3, False)

    # All of it outlives the session.
    async with opened(profile) as services:
        assert services.template_library.get(saved.name) == saved
        assert services.template_library.followed(bob) == (saved.name, 1)
        assert services.directory.find(bob).template == saved.name


async def test_a_new_version_is_drift_until_the_app_is_brought_up_to_it(profile):
    async with opened(profile) as services:
        library = services.template_library
        ref = await made(services, "Ada's", "todo")
        schema = (await services.catalog.schema(ref)).schema
        saved = await library.save(library.from_app(schema, "mine", None, "Mine"))
        await library.follow(ref, "mine")
        assert services.directory.find(ref).state != AppState.DRIFTED

        wider = await services.agents.draft_with_entity(ref, DIARY, [OWNER])
        again = await library.save(library.from_app(wider.wanted, "mine", None, "Mine"), overwrite=True)
        assert (saved.version, again.version) == (1, 2)
        assert services.directory.find(ref).state == AppState.DRIFTED
        standing = await library.standing(ref)
        assert standing.is_behind
        assert {each.place for each in standing.differences} == {"diary", "link diary.author"}

        draft = await library.draft_to_template(ref)
        assert [each.describe() for each in draft.plan().steps]
        review = await services.workshop.review(ref, draft)
        assert review.problems == ()
        await push(services, ref, draft)
        assert library.followed(ref) == ("mine", 2)
        assert services.directory.find(ref).state != AppState.DRIFTED
        assert not (await library.draft_to_template(ref)).is_changed
        await services.directory.refresh()
        assert services.directory.find(ref).state != AppState.DRIFTED


async def test_a_sample_tenant_that_drifted_is_brought_up_with_its_own_agents_kept(profile):
    async with opened(profile) as services:
        drifted = next(each for each in services.directory.inventory() if each.note.startswith("drift: "))
        ref = AppRef(BUILTIN_ID, drifted.app_id)
        before = (await services.catalog.schema(ref)).schema
        template = services.template_library.template_of(ref)
        assert not (await services.template_library.standing(ref)).is_remembered
        own = {each.name for each in before.entities} - template.entity_names
        draft = await services.template_library.draft_to_template(ref)
        await push(services, ref, draft)
        after = (await services.catalog.schema(ref)).schema
        assert differences(after, template.schema) == ()
        assert own <= {each.name for each in after.entities}
        assert not (await services.template_library.draft_to_template(ref)).is_changed


async def test_rows_are_counted_and_a_taken_name_is_refused_before_anything_is_sent(profile):
    async with opened(profile) as services:
        tenant = next(each for each in services.directory.inventory() if each.template == "todo")
        ref = AppRef(BUILTIN_ID, tenant.app_id)
        found = {each.name: each.rows for each in await services.agents.of(ref)}
        assert all(rows is not None for rows in found.values())
        assert found["todos"] > 0
        with pytest.raises(Invalid, match="cannot be added so"):
            await services.agents.draft_with_entity(ref, Entity("todos", (Attribute("text", StringType()),)))
        assert await services.workshop.pushes(ref) == ()


async def test_a_broken_template_file_is_told_at_the_start_and_left_alone(profile):
    profile.templates_dir.mkdir(parents=True)
    broken = profile.templates_dir / "mine.json"
    broken.write_text("{", "utf-8")
    async with opened(profile) as services:
        assert any("mine.json" in each.sentence for each in services.notices)
        assert services.template_library.find("mine") is None
    assert broken.read_text("utf-8") == "{"

"""The foundation of the sample data on the real local platform: what does not fit is found, mended, and then well."""

from dataclasses import replace

import pytest

from app.core.errors import Conflict, NotFound
from app.core.refs import AppRef
from app.services.connections import BUILTIN_ID, ConnectionDraft
from app.services.foundation_map import FoundationMap
from app.services.sample_data import FOUNDATION_APP_ID, sample_id
from tests.support.opened_services import opened

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("services-on-local-platform")]


async def client_of(services):
    return await services.reconciler._clients.get(BUILTIN_ID)


async def user_ids(services) -> dict[str, str]:
    return {each.email: each.user_id for each in await services.foundation.users(BUILTIN_ID)}


async def test_every_finding_of_the_sample_data_is_found_mended_and_then_all_is_well(profile):
    async with opened(profile) as services:
        reconciler, client = services.reconciler, await client_of(services)
        # What the sample data has not: a token that somebody replaced without telling the registry.
        await client.rotate_admin_token(sample_id("app", "survey"))
        found = await reconciler.check(BUILTIN_ID, tokens=True)
        assert [each.key for each in found.findings] == [
            f"missing-app:{sample_id('app', 'ines-old')}",
            f"missing-app:{sample_id('app', 'jonas')}",
            f"duplicate-entry:{sample_id('app', 'dilara')}",
            f"several-apps:{sample_id('user', 'ines@example.com')}",
            f"unowned-app:{sample_id('app', 'spring-demo')}",
            f"dead-token:{sample_id('database', 'survey')}",
            f"drifted:{sample_id('app', 'farah')}",
        ]
        assert (found.counts["entries"], found.counts["apps"], found.counts["tokens"]) == (16, 16, 4)

        kaito = (await user_ids(services))["kaito@example.com"]
        choices = {each.key: each.mends[0].choose(kaito) for each in found.findings}
        assert len(await reconciler.preview(BUILTIN_ID, choices)) == len(choices)
        outcomes = await reconciler.mend(BUILTIN_ID, choices)
        assert all(each.ok for each in outcomes), outcomes
        (offer,) = [each for each in outcomes if each.draft is not None]
        assert (await reconciler.check(BUILTIN_ID, tokens=True)).counts["drifted"] == 1
        report = await services.workshop.push(offer.ref, offer.draft)
        assert report.outcome == "done", report

        after = await reconciler.check(BUILTIN_ID, tokens=True)
        assert after.is_well, after
        rows = {each.email: each for each in await services.foundation.users(BUILTIN_ID)}
        assert rows["kaito@example.com"].app_ids == (sample_id("app", "spring-demo"),)
        assert rows["ines@example.com"].app_ids == (sample_id("app", "ines"),)
        assert rows["dilara@example.com"].app_ids == (sample_id("app", "dilara"),)
        assert rows["jonas@example.com"].state == "no app"

        before = await client.query(FOUNDATION_APP_ID, {"app": {"$users": {}}, "databases": {"task": {}}})
        reconciler._last[BUILTIN_ID] = found
        again = await reconciler.mend(BUILTIN_ID, choices)
        assert all(each.ok and each.draft is None for each in again), again
        assert await client.query(FOUNDATION_APP_ID, {"app": {"$users": {}}, "databases": {"task": {}}}) == before
        assert (await reconciler.check(BUILTIN_ID, tokens=True)).is_well


async def test_marks_and_mends_are_known_at_the_next_start(profile):
    key = f"unowned-app:{sample_id('app', 'spring-demo')}"
    async with opened(profile) as services:
        await services.reconciler.check(BUILTIN_ID)
        (outcome,) = await services.reconciler.mend(BUILTIN_ID, {key: "other"})
        assert outcome.ok
    async with opened(profile) as services:
        found = await services.reconciler.check(BUILTIN_ID)
        assert key not in {each.key for each in found.findings}


async def test_users_are_created_linked_and_unlinked_as_the_platform_has_it(profile):
    async with opened(profile) as services:
        foundation, app_id = services.foundation, sample_id("app", "spring-demo")
        zoe = await foundation.create_user(BUILTIN_ID, "zoe@example.com")
        with pytest.raises(Conflict):
            await foundation.create_user(BUILTIN_ID, "zoe@example.com")
        await foundation.link(BUILTIN_ID, zoe.user_id, app_id)
        await foundation.link(BUILTIN_ID, zoe.user_id, app_id)
        with pytest.raises(Conflict):
            await foundation.link(BUILTIN_ID, zoe.user_id, sample_id("app", "depot"))
        with pytest.raises(Conflict):
            await foundation.link(BUILTIN_ID, zoe.user_id, sample_id("app", "ada"))
        with pytest.raises(NotFound):
            await foundation.link(BUILTIN_ID, sample_id("nobody"), app_id)
        row = next(each for each in await foundation.users(BUILTIN_ID) if each.user_id == zoe.user_id)
        assert (row.email, row.app_ids, row.state, row.agents) == ("zoe@example.com", (app_id,), "ok", 2)
        assert row.created_at > 0
        await foundation.unlink(BUILTIN_ID, zoe.user_id, app_id)
        found = await services.reconciler.check(BUILTIN_ID)
        assert f"unlinked-entry:{app_id}" in {each.key for each in found.findings}


async def test_tasks_and_iterations_have_their_databases(profile):
    async with opened(profile) as services:
        tasks = {each.task_id: each for each in await services.foundation.tasks(BUILTIN_ID)}
        iterations = {each.task_id: each for each in await services.foundation.iterations(BUILTIN_ID)}
        databases = await services.foundation.databases(BUILTIN_ID)
    survey, archive = tasks[sample_id("task", "survey")], tasks[sample_id("task", "archive")]
    assert (survey.state, survey.database.name, survey.database.has_token) == ("ready", "swift-blue-river", True)
    assert survey.database.app.title == "swift-blue-river"
    assert (archive.state, archive.database) == ("none", None)
    assert [each.app_id for each in iterations[survey.task_id].databases] == [sample_id("app", "survey")]
    assert len(databases) == 4


async def test_blank_app_becomes_a_foundation_by_its_draft(profile):
    async with opened(profile) as services:
        app = await services.lifecycle.create(BUILTIN_ID, "Second foundation")
        connection = services.connections.find(BUILTIN_ID)
        draft = ConnectionDraft(
            connection.label,
            connection.platform,
            connection.base_url,
            connection.environment,
            foundation_app_id=app.app_id,
        )
        await services.connections.update(BUILTIN_ID, draft)
        shape = await services.foundation.shape(BUILTIN_ID)
        assert not shape.has_apps_registry
        report = await services.workshop.push(AppRef(BUILTIN_ID, app.app_id), shape.draft)
        assert report.outcome == "done", report
        shape = await services.foundation.shape(BUILTIN_ID)
        assert (shape.has_apps_registry, shape.has_databases_registry, shape.missing) == (True, True, ())
        user = await services.foundation.create_user(BUILTIN_ID, "ada@example.com")
        await services.foundation.link(BUILTIN_ID, user.user_id, sample_id("app", "ada"))
        assert (await services.foundation.users(BUILTIN_ID))[0].state == "ok"


async def test_foundation_without_a_registry_reads_as_empty(profile):
    async with opened(profile) as services:
        names = replace(FoundationMap(), app="nowhere", databases="nor", tasks="here", iterations="either")
        await services.foundation.set_map(BUILTIN_ID, names)
        assert {each.state for each in await services.foundation.users(BUILTIN_ID)} == {"no app"}
        assert await services.foundation.tasks(BUILTIN_ID) == ()
        assert await services.foundation.iterations(BUILTIN_ID) == ()
        names = replace(
            FoundationMap(), admin_token="none", origin_iteration="of", task="these", name="is", created_at="x"
        )
        await services.foundation.set_map(BUILTIN_ID, names)
        assert {each.name for each in await services.foundation.databases(BUILTIN_ID)} == {""}

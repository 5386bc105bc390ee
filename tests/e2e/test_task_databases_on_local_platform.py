"""Databases of tasks with all services together on the real local platform, as a process, with a throwaway profile."""

import asyncio

import httpx
import pytest

from app.core.apps import AppState
from app.core.errors import Invalid, Unauthorised
from app.core.refs import AppRef
from app.services.connections import BUILTIN_ID
from app.services.sample_data import FOUNDATION_APP_ID, sample_id
from tests.support.opened_services import opened

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("task-databases-on-local-platform")]

# The task of the sample data that has no database.
TITLE = "Read in the old archive"
SURVEY_RECORD = sample_id("database", "survey")
SURVEY = AppRef(BUILTIN_ID, sample_id("app", "survey"))


async def task_row(services, title=TITLE):
    return next(each for each in await services.foundation.tasks(BUILTIN_ID) if each.title == title)


async def opens(services, record_id: str, app_id: str) -> bool:
    """Whether the token in the registry is a token of its app."""
    token = await services.task_databases.reveal_token(BUILTIN_ID, record_id)
    answer = await asyncio.to_thread(
        httpx.post,
        f"{services.local_platform.info.api_uri}/admin/query",
        json={"query": {"items": {}}},
        headers={"authorization": f"Bearer {token.reveal()}", "app-id": app_id},
    )
    return answer.status_code == 200


async def break_platform(services, *faults: dict) -> None:
    info = services.local_platform.info
    headers = {"authorization": f"Bearer {info.platform_token.reveal()}"}
    answer = await asyncio.to_thread(
        httpx.post, f"{info.api_uri}/local/faults", json={"faults": list(faults)}, headers=headers
    )
    answer.raise_for_status()


async def test_database_of_a_task_is_created_recorded_and_linked_behind_the_caller(profile):
    async with opened(profile) as services:
        task = await task_row(services)
        begun = await services.task_databases.create(BUILTIN_ID, task.task_id)
        assert (begun.state, begun.name.count("-")) == ("creating", 2)
        assert (await task_row(services)).state in {"creating", "ready"}
        ready = await services.task_databases.wait(BUILTIN_ID, task.task_id)
        row = await task_row(services)
        assert (ready.state, row.state) == ("ready", "ready")
        assert (row.database.name, row.database.app_id, row.database.has_token) == (begun.name, ready.app_id, True)
        assert await opens(services, row.database.record_id, row.database.app_id)
        listed = services.directory.find(AppRef(BUILTIN_ID, ready.app_id))
        assert (listed.title, listed.owner, listed.state) == (begun.name, f"task: {TITLE}", AppState.OK)
        assert await services.provisioning.open_journal(BUILTIN_ID) == ()


async def test_second_database_for_a_task_is_not_made(profile):
    async with opened(profile) as services:
        task = await task_row(services, "Sort the survey answers")
        count = len(services.directory.apps_of(BUILTIN_ID))
        await services.task_databases.create(BUILTIN_ID, task.task_id)
        state = await services.task_databases.wait(BUILTIN_ID, task.task_id)
        assert state.was_there
        assert state.sentence == "This task has a database already: swift-blue-river. Nothing was done."
        await services.directory.refresh()
        assert len(services.directory.apps_of(BUILTIN_ID)) == count


async def test_database_that_was_begun_when_the_program_ended_is_there_after_the_next_start(profile):
    async with opened(profile) as services:
        task = await task_row(services)
        count = len(services.directory.apps_of(BUILTIN_ID))
        begun = await services.task_databases.create(BUILTIN_ID, task.task_id)
    async with opened(profile) as services:
        # The work has been taken up by the start itself, or is done already.
        await services.task_databases.resume()
        await services.task_databases.wait(BUILTIN_ID, task.task_id)
        await services.directory.refresh()
        row = await task_row(services)
        assert (row.state, row.database.name) == ("ready", begun.name)
        assert len(services.directory.apps_of(BUILTIN_ID)) == count + 1


async def test_database_that_failed_says_why_and_is_made_by_a_retry_without_a_second_app(profile):
    async with opened(profile) as services:
        task = await task_row(services)
        services.task_databases._sleep = _at_once
        count = len(services.directory.apps_of(BUILTIN_ID))
        await break_platform(services, {"kind": "server-error", "path": "/admin/transact"})
        await services.task_databases.create(BUILTIN_ID, task.task_id)
        failed = await services.task_databases.wait(BUILTIN_ID, task.task_id)
        assert (failed.state, failed.sentence != "", failed.remedy != "") == ("failed", True, True)
        row = await task_row(services)
        assert (row.state, row.error) == ("failed", failed.sentence)
        await break_platform(services)
        await services.task_databases.retry(BUILTIN_ID, task.task_id)
        ready = await services.task_databases.wait(BUILTIN_ID, task.task_id)
        assert (ready.state, ready.name) == ("ready", failed.name)
        await services.directory.refresh()
        assert len(services.directory.apps_of(BUILTIN_ID)) == count + 1
        assert (await task_row(services)).state == "ready"


async def _at_once(_seconds: float) -> None:
    pass


async def test_tokens_are_replaced_and_the_old_ones_are_dead(profile):
    async with opened(profile) as services:
        records = await services.foundation.databases(BUILTIN_ID)
        client = await services.task_databases._clients.get(BUILTIN_ID)
        old = await services.task_databases.reveal_token(BUILTIN_ID, SURVEY_RECORD)
        outcomes = await services.task_databases.rotate_token(BUILTIN_ID, [each.record_id for each in records])
        assert [each.ok for each in outcomes] == [True] * len(records)
        for each in records:
            assert await opens(services, each.record_id, each.app_id)
        with pytest.raises(Unauthorised):
            await client.query(SURVEY.app_id, {"items": {}}, admin_token=old)


@pytest.mark.parametrize("kind", ["server-error", "drop"])
@pytest.mark.parametrize("path", ["/dash/apps/*/tokens", "/admin/transact"])
async def test_replacing_a_token_that_breaks_is_finished_at_the_next_start(profile, path, kind):
    """There is no keyring here: whatever was in the vault is lost with the first program."""
    async with opened(profile) as services:
        old = await services.task_databases.reveal_token(BUILTIN_ID, SURVEY_RECORD)
        await break_platform(services, {"kind": kind, "path": path})
        (outcome,) = await services.task_databases.rotate_token(BUILTIN_ID, [SURVEY_RECORD])
        assert not outcome.ok
    async with opened(profile) as services:
        await services.task_databases.resume()
        assert await services.task_databases.open_rotations(BUILTIN_ID) == ()
        assert await opens(services, SURVEY_RECORD, SURVEY.app_id)
        assert await services.task_databases.reveal_token(BUILTIN_ID, SURVEY_RECORD) != old


async def test_databases_of_old_tasks_are_archived_brought_back_and_deleted(profile):
    async with opened(profile) as services:
        databases = services.task_databases
        records = [each.record_id for each in await services.foundation.databases(BUILTIN_ID)][:2]
        assert all(each.ok for each in await databases.archive(BUILTIN_ID, records))
        states = [each.app.state for each in await services.foundation.databases(BUILTIN_ID)]
        assert states.count(AppState.READ_ONLY.value) == 2
        back = await databases.preview_cleanup(BUILTIN_ID, records, "unarchive")
        assert all(each.ok for each in await databases.clean_up(back))
        preview = await databases.preview_cleanup(BUILTIN_ID, records, "delete")
        assert preview.goes[0] == "2 databases with all rows and admin tokens."
        assert all(each.ok for each in await databases.clean_up(preview))
        left = {each.record_id for each in await services.foundation.databases(BUILTIN_ID)}
        assert left.isdisjoint(records)
        await services.directory.refresh()
        assert not {each.app_id for each in preview.items} & {
            each.app_id for each in services.directory.apps_of(BUILTIN_ID)
        }


async def test_task_whose_database_was_deleted_gets_another(profile):
    async with opened(profile) as services:
        task = await task_row(services)
        first = await _made(services, task.task_id)
        row = await task_row(services)
        assert all(each.ok for each in await services.task_databases.delete(BUILTIN_ID, [row.database.record_id]))
        second = await _made(services, task.task_id)
        assert (second.state, second.was_there) == ("ready", False)
        # The platform keeps a deleted app for two days: its ID is not free.
        assert second.app_id != first.app_id
        assert (await task_row(services)).database.app_id == second.app_id


async def _made(services, task_id: str):
    await services.task_databases.create(BUILTIN_ID, task_id)
    return await services.task_databases.wait(BUILTIN_ID, task_id)


async def test_clone_for_an_iteration_has_schema_rows_links_and_its_place_in_the_registry(profile):
    async with opened(profile) as services:
        iteration = (await services.foundation.iterations(BUILTIN_ID))[0]
        source = AppRef(BUILTIN_ID, sample_id("app", "ada"))
        row = await services.task_databases.clone(source, "fork of ada", True, iteration_id=iteration.iteration_id)
        client = await services.task_databases._clients.get(BUILTIN_ID)
        query = {"todos": {each.forward.label: {} for each in (await client.read_schema(source.app_id)).links}}
        original, copied = await client.query(source.app_id, query), await client.query(row.app_id, query)
        assert original["todos"]
        assert _by_id(copied["todos"]) == _by_id(original["todos"])
        assert await client.read_schema(row.app_id) == await client.read_schema(source.app_id)
        after = next(
            each
            for each in await services.foundation.iterations(BUILTIN_ID)
            if each.iteration_id == iteration.iteration_id
        )
        (made,) = [each for each in after.databases if each.app_id == row.app_id]
        assert (made.name, made.has_token) == ("fork of ada", True)
        assert await opens(services, made.record_id, row.app_id)


def _by_id(rows: list) -> dict:
    return {each["id"]: each for each in rows}


async def test_foundation_is_never_cleaned_up_or_copied(profile):
    async with opened(profile) as services:
        assert FOUNDATION_APP_ID not in {each.app_id for each in await services.foundation.databases(BUILTIN_ID)}
        with pytest.raises(Invalid, match="The foundation is not copied"):
            await services.task_databases.clone(AppRef(BUILTIN_ID, FOUNDATION_APP_ID), "tar 2")

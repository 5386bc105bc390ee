"""All services together on the real local platform, as a process, with a throwaway profile."""

import asyncio
import os

import pytest

from app.bootstrap import build_services
from app.core.apps import AppKind, AppState
from app.core.connection import Environment, Platform
from app.core.errors import Invalid, NotFound, ReadOnly
from app.core.refs import AppRef
from app.core.secret import Secret
from app.core.status import FindingKind, Health
from app.services.connections import BUILTIN_ID, ConnectionDraft
from app.services.sample_data import FOUNDATION_APP_ID, sample_id
from app.storage.paths import Profile
from tests.support.opened_services import opened

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("services-on-local-platform")]


async def test_first_start_shows_the_sample_tenants_with_owner_and_kind(profile):
    async with opened(profile) as services:
        apps = {each.app_id: each for each in services.directory.inventory()}
    assert apps[FOUNDATION_APP_ID].kind == AppKind.FOUNDATION
    ada = apps[sample_id("app", "ada")]
    assert (ada.owner, ada.kind, ada.template, ada.state) == ("ada@example.com", "tenant", "todo", AppState.OK)
    survey = apps[sample_id("app", "survey")]
    assert (survey.title, survey.owner) == ("swift-blue-river", "task: Sort the survey answers")
    assert apps[sample_id("app", "depot")].org == "Field Works"
    assert sum(each.state == AppState.MISSING for each in apps.values()) == 2


async def test_first_start_shows_every_honest_problem_as_a_finding(profile):
    async with opened(profile) as services:
        (status,) = await services.status.check()
    assert status.health is Health.UP
    assert status.latency_ms is not None
    assert {each.kind for each in status.findings} == {
        FindingKind.APP_GONE,
        FindingKind.APP_CLAIMED_TWICE,
        FindingKind.SEVERAL_APPS,
        FindingKind.SCHEMA_DRIFT,
        FindingKind.APP_UNOWNED,
        FindingKind.TASK_WITHOUT_DATABASE,
    }
    assert status.app_count == 16


async def test_app_created_from_a_template_renamed_and_deleted_is_so_on_the_platform(profile):
    async with opened(profile) as services:
        row = await services.lifecycle.create(BUILTIN_ID, "Nadia's chat", "chat")
        ref = AppRef(BUILTIN_ID, row.app_id)
        snapshot = await services.catalog.schema(ref)
        assert {each.name for each in snapshot.schema.entities if not each.is_system} == {
            "channels",
            "messages",
            "users",
        }
        await services.lifecycle.rename(ref, "Nadia & co")
        await services.directory.refresh()
        listed = services.directory.find(ref)
        assert (listed.title, listed.template, listed.agents, listed.note) == (
            "Nadia & co",
            "chat",
            3,
            "no owner in registry",
        )
        await services.lifecycle.delete(ref)
        await services.directory.refresh()
        assert services.directory.find(ref) is None
        with pytest.raises(NotFound):
            await services.catalog.schema(ref)


async def test_inventory_status_and_template_are_known_at_the_next_start(profile):
    async with opened(profile) as services:
        row = await services.lifecycle.create(BUILTIN_ID, "Blank", "custom")
        await services.status.check()
        before = services.directory.inventory()
    services = await build_services(profile)
    try:
        assert services.directory.inventory() == before
        assert services.directory.find(AppRef(BUILTIN_ID, row.app_id)).template == "custom"
        (status,) = services.status.all()
        assert status.health is Health.UP
    finally:
        await services.aclose()


async def test_sample_app_that_the_operator_deleted_stays_deleted(profile):
    ref = AppRef(BUILTIN_ID, sample_id("app", "spring-demo"))
    async with opened(profile) as services:
        await services.lifecycle.delete(ref)
    async with opened(profile) as services:
        assert services.directory.find(ref) is None


async def test_local_platform_that_is_killed_comes_back_by_itself(profile):
    async with opened(profile) as services:
        first = await services.local_platform.start()
        os.kill(services.local_platform._process.pid, 9)
        while services.local_platform.info in (first, None):
            await asyncio.sleep(0.02)
        assert await services.directory.refresh() == ()
        assert len(services.directory.inventory()) == 18


async def test_second_connection_to_the_platform_reads_the_same_apps_and_read_only_writes_nothing(profile):
    async with opened(profile) as services:
        info = await services.local_platform.start()
        draft = ConnectionDraft(
            label="Read only",
            platform=Platform.INSTANT,
            base_url=info.api_uri,
            environment=Environment.STAGING,
            is_read_only=True,
            foundation_app_id=FOUNDATION_APP_ID,
            platform_token=Secret(info.platform_token.reveal()),
        )
        assert (await services.connections.test(draft)).health is Health.UP
        added = await services.connections.add(draft)
        assert await services.directory.refresh([added.id]) == ()
        mine = {each.app_id: each.owner for each in services.directory.apps_of(added.id)}
        assert mine == {each.app_id: each.owner for each in services.directory.apps_of(BUILTIN_ID)}
        with pytest.raises(ReadOnly):
            await services.lifecycle.rename(AppRef(added.id, FOUNDATION_APP_ID), "x")
        await services.connections.remove(added.id)
        assert services.directory.apps_of(added.id) == ()


async def test_connection_with_a_foreign_token_is_unauthorised_and_says_so(profile):
    async with opened(profile) as services:
        info = await services.local_platform.start()
        draft = ConnectionDraft(
            label="Foreign",
            platform=Platform.INSTANT,
            base_url=info.api_uri,
            environment=Environment.STAGING,
            platform_token=Secret("per_" + "0" * 64),
        )
        added = await services.connections.add(draft)
        (status,) = await services.status.check(added.id)
        assert status.health is Health.UNAUTHORISED
        assert FindingKind.TOKEN_REJECTED in {each.kind for each in status.findings}


async def test_create_with_an_empty_title_is_marked_at_its_field(profile):
    async with opened(profile) as services:
        with pytest.raises(Invalid) as caught:
            await services.lifecycle.create(BUILTIN_ID, "")
        assert [each.field for each in caught.value.fields] == ["title"]


async def test_tokens_of_the_local_platform_are_in_no_file_of_the_profile(profile, tmp_path):
    async with opened(profile) as services:
        info = await services.local_platform.start()
        await services.status.check()
    secrets = [each.reveal().encode() for each in (info.platform_token, info.dash_token)]
    for path in (tmp_path / "profile").rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert not any(secret in content for secret in secrets), path


async def test_window_opens_without_a_local_platform_and_says_why(tmp_path):
    profile = Profile.at(tmp_path / "profile")
    profile.make()
    profile.local_platform_dir.write_text("a file in the place of the folder")
    services = await build_services(profile)
    try:
        (status,) = await services.status.check()
        assert status.health is Health.UNREACHABLE
        assert "local platform cannot start" in status.sentence
        assert "Retry" in status.remedy
        profile.local_platform_dir.unlink()
        (status,) = await services.status.check()
        assert status.health is Health.UP
    finally:
        await services.aclose()

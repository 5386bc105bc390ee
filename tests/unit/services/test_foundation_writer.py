"""The registry's records and links: written twice is the same as written once."""

import pytest

from app.core.errors import Conflict
from app.core.secret import Secret
from app.services.foundation_map import FoundationMap
from app.services.foundation_writer import FoundationWriter, Owner, Record, has_one_already, no_registry, stable_id
from tests.unit.services.fakes import FOUNDATION
from tests.unit.services.provision_fakes import FakePlatform

APP = "00000000-0000-4000-9000-000000000001"


@pytest.fixture
def platform() -> FakePlatform:
    return FakePlatform()


@pytest.fixture
def writer(platform) -> FoundationWriter:
    return FoundationWriter(platform, FOUNDATION)


async def test_app_recorded_and_linked_twice_is_there_once(platform, writer):
    user = platform.add_user("ada@example.com")
    for _ in range(2):
        record_id = await writer.record_app(APP)
        await writer.link_user(user, record_id)
    assert platform.rows["app"] == {writer.app_record_id(APP): {"appid": APP}}
    assert await writer.user(user, APP) == (
        Owner(user, "ada@example.com", (APP,)),
        Record(record_id, APP, (user,)),
    )


async def test_record_of_somebody_else_is_used_and_not_doubled(platform, writer):
    platform.rows["app"]["theirs"] = {"appid": APP}
    assert await writer.record_app(APP) == "theirs"
    assert await writer.app_records(APP) == (Record("theirs", APP),)
    platform.rows["databases"]["theirs"] = {"instantAppId": APP}
    assert await writer.record_database(APP, Secret("t"), "name", 0) == "theirs"
    assert len(platform.rows["databases"]) == 1


async def test_database_recorded_twice_has_the_last_values_and_keeps_its_token(platform, writer):
    task = platform.add_task("Sort")
    record_id = await writer.record_database(APP, Secret("token"), "swift-blue-river", 1_790_000_000)
    await writer.record_database(APP, None, "calm-red-fox", 1_790_000_000)
    await writer.link_task(task, record_id)
    assert platform.rows["databases"] == {
        record_id: {
            "instantAppId": APP,
            "adminToken": "token",
            "name": "calm-red-fox",
            "createdAt": "2026-09-21T14:13:20.000Z",
        }
    }
    assert await writer.task(task, APP) == (
        Owner(task, "Sort", (APP,)),
        Record(record_id, APP, (task,), "calm-red-fox", 1_790_000_000),
    )


async def test_unlinked_and_deleted_twice_is_gone_once(platform, writer):
    user, task = platform.add_user(), platform.add_task()
    of_user = await writer.record_app(APP)
    of_task = await writer.record_database(APP, None, "n", 0)
    await writer.link_user(user, of_user)
    await writer.link_task(task, of_task)
    for _ in range(2):
        await writer.unlink_user(user, of_user)
        await writer.unlink_task(task, of_task)
    assert platform.links == set()
    for _ in range(2):
        await writer.delete_app_record(of_user)
        await writer.delete_database_record(of_task)
    assert (platform.rows["app"], platform.rows["databases"]) == ({}, {})


async def test_owner_that_is_not_there_is_none(writer):
    assert await writer.user("nobody", APP) == (None, None)
    assert await writer.task("nothing") == (None, None)


async def test_each_write_is_a_transaction_of_its_own(platform, writer):
    user = platform.add_user()
    await writer.link_user(user, await writer.record_app(APP))
    assert [len(each) for each in platform.writes] == [1, 1]


async def test_missing_names_each_part_by_the_foundations_own_names(platform):
    assert await FoundationWriter(platform, FOUNDATION).missing("user") == ()
    assert await FoundationWriter(platform, FOUNDATION).missing("task") == ()
    names = FoundationMap(app="registry", main_database="store")
    assert await FoundationWriter(platform, FOUNDATION, names).missing("user") == (
        "registry.appid",
        "registry.$users",
    )
    assert await FoundationWriter(platform, FOUNDATION, names).missing("task") == ("tasks.store",)


def test_stable_id_differs_with_each_word():
    ids = {stable_id("f", "p", "a"), stable_id("f", "p", "b"), stable_id("f", "q", "a"), stable_id("g", "p", "a")}
    assert len(ids) == 4
    assert stable_id("f", "p", "a") in ids


def test_refusals_say_what_to_do():
    refusal = has_one_already("Ada", "Diary")
    assert isinstance(refusal, Conflict)
    assert "would allow several" in refusal.sentence
    assert "unlink" in refusal.remedy
    assert "Reconcile" in has_one_already("Ada", "Diary", is_gone=True).remedy
    assert no_registry("Cloud", ("app.appid",)).sentence == "The foundation of Cloud lacks app.appid."

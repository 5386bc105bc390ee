"""A record that was just written is known before the registry is read again."""

from dataclasses import replace

from app.core.apps import AppKind
from app.services.registry import Claim, Registry
from tests.unit.services.fakes import FOUNDATION
from tests.unit.services.provision_fakes import House

OLD = Claim("r1", "a1", AppKind.TENANT, ("ada@example.com",), owner_ids=("u1",))
NEW = Claim("r2", "a2", AppKind.TASK, ("Sort",), "swift-blue-river", owner_ids=("t1",))


def registry(**changes) -> Registry:
    return Registry("c1", FOUNDATION, **{"claims": (OLD,), **changes})


def test_claim_is_added_as_if_it_had_been_read():
    changed = registry().with_claim(NEW)
    assert changed.claims == (OLD, NEW)
    assert changed.by_app == replace(changed).by_app == {"a1": (OLD,), "a2": (NEW,)}


def test_claim_of_the_same_record_is_replaced():
    renamed = replace(OLD, owners=("bela@example.com",))
    changed = registry(claims=(OLD, NEW)).with_claim(renamed)
    assert changed.claims == (NEW, renamed)
    assert changed.by_app == replace(changed).by_app


def test_second_record_of_an_app_is_kept_beside_the_first():
    second = replace(OLD, record_id="r3")
    changed = registry().with_claim(second)
    assert changed.by_app == {"a1": (OLD, second)}


def test_task_that_got_its_database_is_not_without_one_any_more():
    changed = registry(tasks_without_database=("Other", "Sort", "Sort")).with_claim(NEW)
    assert changed.tasks_without_database == ("Other", "Sort")


async def test_created_app_says_the_same_before_and_after_the_registry_is_read():
    house = await House().opened()
    await house.directory.refresh(["c1"])
    user = house.platform.add_user()
    row = await house.provisioning.create_for_user("c1", user, "notes")
    before, _error = house.directory.known_registry("c1")
    assert before.by_app[row.app_id][0].owner_ids == (user,)
    await house.directory.refresh(["c1"])
    (after,) = [each for each in house.directory.inventory() if each.app_id == row.app_id]
    assert after._replace(seen_at=row.seen_at) == row
    assert house.directory.known_registry("c1")[0].by_app == before.by_app

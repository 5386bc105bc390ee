import pytest

from app.core.apps import AppKind
from app.services.registry import read_registry, seconds
from tests.unit.services.fakes import FOUNDATION, FakeClient, uid


async def read(**rows):
    client = FakeClient()
    client.rows = {name.replace("users_", "$users"): value for name, value in rows.items()}
    return await read_registry(client, "c1", FOUNDATION, 5.0), client


async def test_read_registry_of_document_000_gives_owners_by_app():
    registry, _ = await read(
        app=[
            {"id": "r1", "appid": uid(1).upper(), "$users": [{"id": "u1", "email": "ada@example.com"}]},
            {"id": "r2", "appid": uid(2), "$users": [{"id": "u2"}]},
            {"id": "r3", "appid": None, "$users": []},
        ]
    )
    assert {app: claims[0].owner for app, claims in registry.by_app.items()} == {
        uid(1): "ada@example.com",
        uid(2): "u2",
    }
    assert registry.claims[0].kind is AppKind.TENANT


async def test_read_registry_of_document_001_gives_tasks_and_what_lacks_a_database():
    registry, client = await read(
        databases=[
            {"id": "d", "instantAppId": uid(3), "name": "swift-blue-river", "createdAt": 1_700_000_000_000,
             "task": [{"id": "t", "title": "Sort"}]},
        ],
        tasks=[{"id": "t", "title": "Sort", "mainDatabase": [{"id": "d"}]}, {"id": "t2", "title": "Wait"}],
    )  # fmt: skip
    claim = registry.by_app[uid(3)][0]
    assert (claim.owner, claim.kind, claim.name, claim.created_at) == (
        "task: Sort",
        AppKind.TASK,
        "swift-blue-river",
        1_700_000_000,
    )
    assert registry.tasks_without_database == ("Wait",)
    asked = next(each["databases"] for each in client.queries if "databases" in each)
    assert "adminToken" not in asked["$"]["fields"]


async def test_read_registry_finds_users_with_several_apps_and_apps_with_several_records():
    ada = {"id": "u1", "email": "ada@example.com"}
    registry, _ = await read(
        app=[
            {"id": "r1", "appid": uid(1), "$users": [ada]},
            {"id": "r2", "appid": uid(2), "$users": [ada]},
            {"id": "r3", "appid": uid(2), "$users": []},
        ]
    )
    assert registry.apps_of_users == {"ada@example.com": (uid(1), uid(2))}
    assert len(registry.by_app[uid(2)]) == 2


async def test_read_registry_pages_to_the_end():
    rows = [{"id": f"r{number}", "appid": uid(number), "$users": []} for number in range(1_100)]
    registry, client = await read(app=rows)
    assert len(registry.claims) == 1_100
    assert [each["app"]["$"]["offset"] for each in client.queries if "app" in each] == [0, 500, 1000]
    assert registry.is_complete


async def test_read_registry_with_hostile_values_skips_them():
    registry, _ = await read(
        app=[{"id": 1, "appid": {"x": 1}}, {"appid": "<b>"}, "row"],
        databases=[{"id": "d", "instantAppId": uid(1), "createdAt": "yesterday", "task": "t"}],
    )
    assert [claim.app_id for claim in registry.claims] == ["<b>", uid(1)]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1_700_000_000_000, 1_700_000_000),
        ("2023-11-14T22:13:20Z", 1_700_000_000),
        ("2023-11-14T22:13:20", 1_700_000_000),
        (None, 0),
        (True, 0),
        ("soon", 0),
    ],
)
def test_seconds_reads_what_instant_gives_for_a_date(value, expected):
    assert seconds(value) == expected

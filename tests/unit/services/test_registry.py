import pytest

from app.core.apps import AppKind
from app.services.foundation_map import FoundationMap
from app.services.registry import read_registry, read_tokens, seconds
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


async def test_read_registry_by_other_names_finds_the_same():
    client = FakeClient()
    client.rows = {
        "accounts": [{"id": "r1", "instant": uid(1), "people": [{"id": "u1", "mail": "ada@example.com"}]}],
        "stores": [{"id": "d1", "ref": uid(2), "title": "n", "job": {"id": "t1", "words": "Sort"}, "of": {"id": "i"}}],
        "jobs": [{"id": "t1", "words": "Sort", "store": {"id": "d1"}}, {"id": "t2", "words": "Wait"}],
    }
    names = FoundationMap(
        app="accounts", app_id="instant", app_users="people", email="mail", databases="stores", database_app_id="ref",
        name="title", task="job", tasks="jobs", task_title="words", main_database="store", origin_iteration="of",
        others=(uid(3),),
    )  # fmt: skip
    registry = await read_registry(client, "c1", FOUNDATION, 5.0, names)
    user, task = registry.claims
    assert (user.owners, user.owner_ids) == (("ada@example.com",), ("u1",))
    assert (task.owners, task.owner_ids, task.name, task.iteration_id) == (("Sort",), ("t1",), "n", "i")
    assert registry.tasks_without_database == ("Wait",)
    assert registry.others == {uid(3)}


async def test_read_registry_takes_a_row_that_comes_on_two_pages_once():
    rows = [{"id": f"r{number % 600}", "appid": uid(number % 600), "$users": []} for number in range(700)]
    registry, _ = await read(app=rows)
    assert len(registry.claims) == 600
    assert all(len(each) == 1 for each in registry.by_app.values())


async def test_read_tokens_leaves_out_records_without_one_and_shows_none():
    client = FakeClient()
    client.rows = {"databases": [{"id": "d1", "adminToken": uid(7)}, {"id": "d2"}, {"id": "d3", "adminToken": 5}]}
    tokens = await read_tokens(client, FOUNDATION, FoundationMap())
    assert {each: token.reveal() for each, token in tokens.items()} == {"d1": uid(7)}
    assert uid(7) not in repr(tokens)

from collections import Counter
from pathlib import Path

import pytest

from app.core.errors import Unreachable
from app.core.refs import is_uuid
from app.core.secret import Secret
from app.platforms.contract import RemoteApp
from app.services.sample_data import FOUNDATION_APP_ID, load, sample_id, seed
from app.services.templates import TemplateShelf

RESOURCES = Path(__file__).parents[3] / "resources"


class Platform:
    """Keeps apps, rows and links; ``calls_left`` makes it break after so many writes."""

    def __init__(self) -> None:
        self.apps: dict[str, RemoteApp] = {}
        self.schemas: dict = {}
        self.rows: dict[tuple[str, str, str], dict] = {}
        self.links: set[tuple] = set()
        self.rotated: list[str] = []
        self.calls_left = 10_000

    def _count(self) -> None:
        self.calls_left -= 1
        if self.calls_left < 0:
            raise Unreachable("Killed.")

    async def get_app(self, app_id):
        return self.apps[app_id]

    async def create_app(self, title, *, app_id, schema=None, rules=None, org_id=None):
        self._count()
        token = None if app_id in self.apps else Secret(f"token-{app_id}")
        self.apps[app_id] = RemoteApp(app_id, title, org_id=org_id)
        self.schemas[app_id] = schema
        return RemoteApp(app_id, title, org_id=org_id, admin_token=token)

    async def transact(self, app_id, steps, *, is_repeatable=False):
        self._count()
        assert is_repeatable
        for action, entity, row_id, values in steps:
            assert is_uuid(row_id)
            if action == "update":
                self.rows.setdefault((app_id, entity, row_id), {}).update(values)
            else:
                assert action == "link"
                self.links |= {
                    (app_id, entity, row_id, label, one)
                    for label, target in values.items()
                    for one in (target if isinstance(target, list) else [target])
                }
        return 1

    async def query(self, app_id, query):
        ((entity, body),) = query.items()
        wanted = body["$"]["where"]["id"]
        return {entity: [{"id": key[2]} for key in self.rows if key == (app_id, entity, wanted)]}

    async def rotate_admin_token(self, app_id, new=None):
        self.rotated.append(app_id)
        return Secret("fresh")


async def organisations(title: str) -> str:
    return "org-1"


@pytest.fixture
async def run():
    data = await load(RESOURCES / "sample")
    templates = TemplateShelf.load(RESOURCES / "templates")

    async def run(platform: Platform) -> None:
        await seed(platform, data, templates, organisations)

    return run


async def test_seed_makes_the_foundation_with_users_and_both_registries(run):
    platform = Platform()
    await run(platform)
    assert platform.apps[FOUNDATION_APP_ID].title == "tar"
    assert {each.name for each in platform.schemas[FOUNDATION_APP_ID].entities} == {
        "app",
        "tasks",
        "iterations",
        "databases",
    }
    counts = Counter(entity for app_id, entity, _ in platform.rows if app_id == FOUNDATION_APP_ID)
    assert counts == {"$users": 12, "app": 12, "tasks": 5, "iterations": 5, "databases": 4}


async def test_seed_has_the_honest_problems(run):
    platform = Platform()
    await run(platform)
    named = {row["appid"] for (app_id, entity, _), row in platform.rows.items() if entity == "app" and "appid" in row}
    assert len(named - platform.apps.keys()) == 2
    assert sample_id("app", "spring-demo") in platform.apps.keys() - named
    assert platform.apps[sample_id("app", "depot")].org_id == "org-1"
    templates = TemplateShelf.load(RESOURCES / "templates")
    drifted = platform.schemas[sample_id("app", "farah")]
    assert templates.recognise(drifted).name == "todo"
    assert drifted != templates.get("todo").schema


async def test_seed_writes_only_attributes_and_links_that_its_schemas_have(run):
    platform = Platform()
    await run(platform)
    for (app_id, entity, _), row in platform.rows.items():
        if entity.startswith("$"):
            continue
        attributes = platform.schemas[app_id].entity(entity)
        assert attributes is not None, entity
        assert row.keys() <= {each.name for each in attributes.attributes}
    for app_id, entity, row_id, label, target in platform.links:
        ends = [
            (end.entity, end.label) for link in platform.schemas[app_id].links for end in (link.forward, link.reverse)
        ]
        assert (entity, label) in ends
        assert (app_id, entity, row_id) in platform.rows
        assert any(key[0] == app_id and key[2] == target for key in platform.rows)


async def test_seed_again_changes_nothing(run):
    platform = Platform()
    await run(platform)
    before = (dict(platform.apps), {key: dict(row) for key, row in platform.rows.items()}, set(platform.links))
    await run(platform)
    assert (platform.apps, platform.rows, platform.links) == before
    assert platform.rotated == []


@pytest.mark.parametrize("calls", [0, 1, 7, 16, 25, 27])
async def test_seed_stopped_anywhere_goes_on_to_the_same_end(run, calls):
    whole, broken = Platform(), Platform()
    await run(whole)
    broken.calls_left = calls
    with pytest.raises(Unreachable):
        await run(broken)
    broken.calls_left = 10_000
    await run(broken)
    assert broken.apps == whole.apps
    assert broken.links == whole.links
    assert broken.rows.keys() == whole.rows.keys()
    assert all(row.get("adminToken", "x") for row in broken.rows.values())

"""A local platform with many apps, ready for a profile to open."""

from __future__ import annotations

import asyncio

import httpx

from app.schema.formats.instant_wire import defs_from_schema
from app.services.templates import TemplateShelf
from app.storage.paths import Profile, resources_dir
from tests.support.local_platform import local_platform

_WORKERS = 8


def fill(profile: Profile, apps: int) -> None:
    """Make ``apps`` apps with the schema of a template in the local platform of ``profile``."""
    profile.make()
    profile.local_platform_dir.mkdir(exist_ok=True)
    schema = defs_from_schema(TemplateShelf.load(resources_dir() / "templates").get("chat").schema)
    with local_platform(profile.local_platform_dir) as running:
        asyncio.run(_create(running.api_uri, running.headers, schema, apps))


async def _create(api_uri: str, headers: dict[str, str], schema: object, apps: int) -> None:
    numbers = iter(range(apps))
    async with httpx.AsyncClient(base_url=api_uri, headers=headers, timeout=60) as client:

        async def work() -> None:
            for number in numbers:
                body = {"title": f"Tenant {number:04}", "schema": schema}
                answer = await client.post("/superadmin/apps", json=body)
                if answer.is_error:
                    raise RuntimeError(answer.text)

        await asyncio.gather(*(work() for _ in range(_WORKERS)))

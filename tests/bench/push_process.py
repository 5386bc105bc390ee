"""One push of a schema file, as a process: read the live schema, compare, send, follow the jobs, read back."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from app.core.connection import Connection, Environment, Platform
from app.core.secret import Secret
from app.platforms.registry import Tokens, make_client
from app.schema.compare import compare
from app.schema.formats.instant_form import canonical
from app.schema.formats.instant_ts import parse
from app.schema.model import Schema


async def push(api_uri: str, token: str, app_id: str, path: Path) -> None:
    connection = Connection("bench", "Bench", Platform.INSTANT, api_uri, Environment.LOCAL)
    client = make_client(connection, Tokens(platform=Secret(token)), lambda _entry: None)
    try:
        wanted = canonical(parse(path.read_text()).schema)
        live = await client.read_live(app_id)
        plan = compare(live.schema, _with_platform_parts(wanted, live.schema))
        jobs = await client.send_plan(app_id, live, plan)
        assert all(job.status == "completed" for job in jobs), jobs
        after = await client.read_live(app_id)
        assert not compare(after.schema, _with_platform_parts(wanted, after.schema))
    finally:
        await client.aclose()


def _with_platform_parts(wanted: Schema, live: Schema) -> Schema:
    """A file says nothing of what comes with the platform."""
    own = {each.name for each in wanted.entities}
    return Schema(
        (*wanted.entities, *(each for each in live.entities if each.is_system and each.name not in own)),
        (*wanted.links, *(each for each in live.links if each.is_system)),
    ).normalised()


if __name__ == "__main__":
    asyncio.run(push(sys.argv[1], sys.argv[2], sys.argv[3], Path(sys.argv[4])))

"""A push: a plan's statements on a connection of its own, each told as it goes."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
from collections.abc import Callable
from typing import TYPE_CHECKING

from app.core.errors import KnownError, StalePlan, Unsupported
from app.platforms.contract import LiveSchema, PushJob, PushProgress
from app.schema.formats.sql_names import Dialect

from .limits import Limits
from .steps import SqlStep, steps_of

if TYPE_CHECKING:
    import sqlalchemy as sa

    from app.schema.compare import Plan

    from .client import PostgresClient
    from .dsn import Place

OnProgress = Callable[[PushProgress], None]

LIMITS = Limits(statement_timeout_s=0, lock_timeout_s=2, is_autocommit=True, is_write=True, has_foreign_keys=False)
PAUSES_S: tuple[float, ...] = (0.2, 0.5, 1.0, 2.0)


async def send_plan(
    client: PostgresClient, app_id: str, live: LiveSchema, plan: Plan, on_progress: OnProgress, *, restores: bool
) -> tuple[PushJob, ...]:
    """See the contract. What is no longer needed after a lost connection is taken back through another one."""
    place = await client.place_of(app_id)
    if place.dsn.is_transaction_pooler:
        raise Unsupported(
            "A schema cannot be changed through a pooler that changes servers between transactions.",
            remedy="Use the port of the server itself, or of a pooler in session mode (5432).",
        )
    dialect: Dialect = "sqlite" if place.dsn.is_sqlite else "postgresql"
    steps = await client.engines.aside(lambda: steps_of(live, plan, dialect, restores), doing="push")
    on_progress(PushProgress("sending"))
    left: list[str] = []
    try:
        return await client.engines.run(
            place, _work(place, live, steps, _on_loop(on_progress), left), doing="push", limits=LIMITS
        )
    except KnownError:
        if left:
            await _take_back(client, place, tuple(left))
        raise


def _work(
    place: Place, live: LiveSchema, steps: tuple[SqlStep, ...], tell: OnProgress, left: list[str]
) -> Callable[[sa.Connection], tuple[PushJob, ...]]:
    def work(connection: sa.Connection) -> tuple[PushJob, ...]:
        from .file_push import FilePush
        from .server_push import ServerPush

        if place.dsn.is_sqlite:
            return FilePush(connection, place, live, steps, tell).run()
        return ServerPush(connection, place, live, steps, tell, left).run()

    return work


def _on_loop(on_progress: OnProgress) -> OnProgress:
    """Told on the loop that listens, whatever thread says it."""
    loop = asyncio.get_running_loop()

    def tell(progress: PushProgress) -> None:
        # A loop that has ended has nobody left to tell.
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(on_progress, progress)

    return tell


async def _take_back(client: PostgresClient, place: Place, statements: tuple[str, ...]) -> None:
    """The connection broke while something was half there; where the server is gone, it stays."""

    def work(connection: sa.Connection) -> None:
        for statement in statements:
            connection.exec_driver_sql(statement, execution_options={"no_parameters": True})

    with contextlib.suppress(KnownError):
        await client.engines.run(place, work, doing="clean up after a push", limits=LIMITS)


def ensure_same(live: LiveSchema, now: LiveSchema) -> None:
    if now.fingerprint != live.fingerprint:
        raise StalePlan("The database was changed while the push was on its way: nothing was sent.")


def lock_number(name: str) -> int:
    """A number for an advisory lock: 63 bits, the same for a name."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big") >> 1

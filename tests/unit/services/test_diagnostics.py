"""What a report of a bug is told: kinds, states and counts, no names and no secrets."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from app.core.activity import ActivityEntry
from app.core.connection import Connection, Environment, Platform
from app.core.refs import AppRef
from app.core.status import ConnectionStatus, Health
from app.services.activity import ActivityLog
from app.services.diagnostics import describe
from app.services.workshop_words import DraftNote

SQL = Connection(
    "c2",
    "Customer Ltd",
    Platform.POSTGRES,
    "postgresql://ann:hunter2@db.example:5432/shop?sslkey=k",
    Environment.STAGING,
)
BROKEN = Connection("c3", "Broken", Platform.INSTANT, "http://[half", Environment.LOCAL, is_read_only=True)


def services_with(*connections: Connection, statuses: tuple[ConnectionStatus, ...] = ()) -> Any:
    async def drafts() -> tuple[DraftNote, ...]:
        return (DraftNote(AppRef("c2", "x"), 1.0, 2),)

    return SimpleNamespace(
        connections=SimpleNamespace(all=lambda: connections),
        directory=SimpleNamespace(inventory=lambda: (SimpleNamespace(connection_id="c2"),) * 3),
        status=SimpleNamespace(all=lambda: statuses),
        tokens=SimpleNamespace(state=lambda: SimpleNamespace(sentence="Token: OS keyring")),
        workshop=SimpleNamespace(drafts=drafts),
        activity=ActivityLog(),
    )


async def test_describe_numbers_connections_and_leaves_names_and_passwords_out() -> None:
    status = ConnectionStatus("c2", Health.DEGRADED, 41.6, 1.0, 3, 9, "It answers slowly.")
    text = await describe(services_with(SQL, BROKEN, statuses=(status,)))
    assert (
        "1. postgres, staging, postgresql://db.example, degraded, 42 ms, findings: 0, apps: 3, It answers slowly."
        in text
    )
    assert "2. instant, local, an address that cannot be read, read-only, not checked, apps: 0" in text
    assert "Apps with staged edits: 1 (2 changes)" in text
    for left_out in ("bert", "hunter2", "sslkey", "Customer", "/shop"):
        assert left_out not in text


async def test_describe_tells_the_last_calls_that_failed() -> None:
    services = services_with(SQL)
    for number in range(30):
        services.activity.record(ActivityEntry(0.0, "c2", "GET", f"/apps/{number}", 500 if number % 2 else 200, 3.4))
    services.activity.record(ActivityEntry(0.0, "c9", "POST", "/silent", 0, 10_000.0, "timed out"))
    lines = (await describe(services)).splitlines()
    assert "00:00:00 UTC connection 1: GET /apps/29 → 500, 3 ms" in lines
    assert "00:00:00 UTC connection ?: POST /silent → no answer, 10000 ms, timed out" in lines
    assert not any("/apps/28 " in line or "/apps/3 " in line for line in lines)


async def test_describe_tells_the_last_errors_of_the_log(tmp_path: Path) -> None:
    log = tmp_path / "tenantry.log"
    log.write_text(
        "2026-11-21T08:00:00.000Z INFO app.x [engine] all is well, no ERROR here at all, as far as can be seen now\n"
        "2026-11-21T08:00:01.000Z ERROR app.x [engine] it broke\n    Traceback\n"
    )
    text = await describe(services_with(SQL), log)
    assert "ERROR app.x [engine] it broke" in text
    assert "all is well" not in text


@pytest.mark.parametrize("name", ["gone.log", "."])
async def test_describe_without_a_readable_log_says_none(tmp_path: Path, name: str) -> None:
    text = await describe(services_with(SQL), tmp_path / name)
    assert text.endswith("-- Last errors in the log --\nnone\n")

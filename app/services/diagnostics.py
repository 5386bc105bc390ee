"""What a report of a bug needs to know of this Tenantry: kinds, states and counts, no names and no secrets."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterable

    from app.core.activity import ActivityEntry
    from app.core.connection import Connection
    from app.core.status import ConnectionStatus
    from app.services.suite import Services

_LAST = 10
_TAIL_BYTES = 64 * 1024
_REFUSED = 400


async def describe(services: Services, log_path: Path | None = None) -> str:
    """On the engine. Connections are numbered, not named; of their addresses only scheme and host are told."""
    connections, inventory = services.connections.all(), services.directory.inventory()
    statuses = {each.connection_id: each for each in services.status.all()}
    drafts = await services.workshop.drafts()
    apps = [app.connection_id for app in inventory]
    numbers = {each.id: at for at, each in enumerate(connections, 1)}
    lines = ["-- Connections --"]
    lines += [
        f"{numbers[each.id]}. {_connection(each, statuses.get(each.id), apps.count(each.id))}" for each in connections
    ]
    lines += [
        "",
        "-- Counts --",
        f"Connections: {len(connections)}",
        f"Apps: {len(apps)}",
        f"Apps with staged edits: {len(drafts)} ({sum(each.changes for each in drafts)} changes)",
        services.tokens.state().sentence,
        "",
        "-- Last calls that failed --",
        *(_calls(services.activity.recent(), numbers) or ["none"]),
        "",
        "-- Last errors in the log --",
        *((await asyncio.to_thread(_errors, log_path) if log_path is not None else []) or ["none"]),
    ]
    return "\n".join(lines) + "\n"


def _connection(connection: Connection, status: ConnectionStatus | None, apps: int) -> str:
    parts = [connection.platform.value, connection.environment.value, _place(connection.base_url)]
    if connection.is_read_only:
        parts.append("read-only")
    if status is None:
        parts.append("not checked")
    else:
        parts.append(status.health.value)
        if status.latency_ms is not None:
            parts.append(f"{status.latency_ms:.0f} ms")
        parts.append(f"findings: {len(status.findings)}")
    parts.append(f"apps: {apps}")
    if status is not None and status.sentence:
        parts.append(status.sentence)
    return ", ".join(parts)


def _place(address: str) -> str:
    """Scheme and host: no user, no password, no path."""
    try:
        parts = urlsplit(address)
        host = parts.hostname or ""
    except ValueError:
        return "an address that cannot be read"
    return f"{parts.scheme}://{host}" if parts.scheme and host else parts.scheme or "no address"


def _calls(entries: Iterable[ActivityEntry], numbers: dict[str, int]) -> list[str]:
    failed = [each for each in entries if each.status == 0 or each.status >= _REFUSED]
    return [
        f"{_time(each.at)} connection {numbers.get(each.connection_id, '?')}: {each.method} {each.path} "
        f"→ {each.status or 'no answer'}, {each.ms:.0f} ms{f', {each.note}' if each.note else ''}"
        for each in failed[-_LAST:]
    ]


def _errors(log_path: Path) -> list[str]:
    try:
        with open(log_path, "rb") as file:
            size = file.seek(0, 2)
            file.seek(max(0, size - _TAIL_BYTES))
            text = file.read(_TAIL_BYTES).decode("utf-8", "replace")
    except OSError:
        return []
    found = [line for line in text.splitlines() if " ERROR " in line[:60] or " CRITICAL " in line[:60]]
    return [line[:400] for line in found[-_LAST:]]


def _time(at: float) -> str:
    return time.strftime("%H:%M:%S UTC", time.gmtime(at))

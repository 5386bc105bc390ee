"""How rows of the local database read as values; standard library only, because the first paint needs it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from sys import intern
from typing import Any

from app.core.apps import AppSummary
from app.core.connection import Connection, Environment, Platform
from app.core.status import ConnectionStatus, Finding, FindingAction, FindingKind, Health, Severity

# The newest migration. The window reads a database of exactly this revision before anything is migrated.
REVISION = "0006"

CONNECTION_COLUMNS = (
    "id",
    "label",
    "platform",
    "base_url",
    "environment",
    "is_read_only",
    "foundation_app_id",
    "is_builtin",
    "is_guarded",
)
APP_COLUMNS = AppSummary._fields
STATUS_COLUMNS = (
    "connection_id",
    "health",
    "latency_ms",
    "checked_at",
    "app_count",
    "entity_count",
    "sentence",
    "remedy",
    "findings",
)

_RECURRING = tuple(map(APP_COLUMNS.index, ("connection_id", "kind", "state", "org", "template", "note")))

_CONNECTION, _APP, _STATUS = map(", ".join, (CONNECTION_COLUMNS, APP_COLUMNS, STATUS_COLUMNS))
SELECT_CONNECTIONS = f"SELECT {_CONNECTION} FROM connections ORDER BY is_builtin DESC, position"  # noqa: S608 our names
SELECT_STATUSES = f"SELECT {_STATUS} FROM statuses ORDER BY connection_id"  # noqa: S608 our names
# The whole inventory as one row. sqlite3 gives up the interpreter lock for every row that it steps to, and
# waits up to 5 ms to have it back while another thread computes: 10,000 rows, read while the window is being
# imported, took 28 s one by one and 0.1 s like this.
SELECT_APPS = f"SELECT json_group_array(json_array({_APP})) FROM (SELECT {_APP} FROM apps ORDER BY rowid)"  # noqa: S608 our names


def connection_of(row: Sequence[Any]) -> Connection:
    """From a row in the order of ``CONNECTION_COLUMNS``; raises ValueError for an unknown name in it."""
    id_, label, platform, base_url, environment, is_read_only, foundation, is_builtin, is_guarded = row
    return Connection(
        id=id_,
        label=label,
        platform=Platform(platform),
        base_url=base_url,
        environment=Environment(environment),
        is_read_only=bool(is_read_only),
        foundation_app_id=foundation,
        is_builtin=bool(is_builtin),
        is_guarded=bool(is_guarded),
    )


def apps_of(text: str) -> tuple[AppSummary, ...]:
    """From the only value of ``SELECT_APPS``. Texts that recur in every row are held once: 3 MB of 10,000 rows."""
    rows = json.loads(text)
    for row in rows:
        for column in _RECURRING:
            row[column] = intern(row[column])
    return tuple(map(AppSummary._make, rows))


def status_of(row: Sequence[Any]) -> ConnectionStatus:
    """From a row in the order of ``STATUS_COLUMNS``; raises ValueError for an unknown name in it."""
    connection_id, health, latency_ms, checked_at, app_count, entity_count, sentence, remedy, findings = row
    return ConnectionStatus(
        connection_id=connection_id,
        health=Health(health),
        latency_ms=latency_ms,
        checked_at=checked_at,
        app_count=app_count,
        entity_count=entity_count,
        sentence=sentence,
        remedy=remedy,
        findings=tuple(_finding_of(connection_id, values) for values in json.loads(findings)),
    )


def findings_text(findings: Sequence[Finding]) -> str:
    """The JSON text of the column ``findings``; the connection is that of the row."""
    return json.dumps(
        [[f.key, f.kind, f.severity, f.title, f.detail, f.app_id, list(f.actions)] for f in findings],
        separators=(",", ":"),
    )


def _finding_of(connection_id: str, values: Sequence[Any]) -> Finding:
    key, kind, severity, title, detail, app_id, actions = values
    return Finding(
        key=key,
        kind=FindingKind(kind),
        severity=Severity(severity),
        connection_id=connection_id,
        title=title,
        detail=detail,
        app_id=app_id,
        actions=tuple(FindingAction(action) for action in actions),
    )

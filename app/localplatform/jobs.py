"""Background indexing jobs: rows, their wire form, and the work itself.

A job goes through ``waiting`` → ``processing`` → ``completed`` | ``errored``. It is a row before the request that made
it is answered, so a restart takes it up again. The check and the change of the attribute are one transaction.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from . import archive_tables as archive_tables  # loads its tables along with those of this module
from . import errors
from .attr_changes import set_flags
from .attr_checks import missing_required
from .attr_set import Attr
from .attrs import load_attrs
from .store import Store, register_ddl
from .values import CHECKED_TYPES, MAX_INDEXED_BYTES, is_type, json_type
from .web import new_id, now_ms, timestamp

Json = Any

__all__ = ["CHECKED_TYPES", "JOB_TYPES", "create_job", "find_job", "jobs_of_group", "next_job_id", "run_job"]

SAMPLE_SIZE = 10

register_ddl(
    """
    CREATE TABLE IF NOT EXISTS indexing_jobs (
        serial INTEGER PRIMARY KEY AUTOINCREMENT,
        id TEXT NOT NULL UNIQUE,
        app_id TEXT NOT NULL,
        group_id TEXT,
        attr_id TEXT NOT NULL,
        job_type TEXT NOT NULL,
        job_status TEXT NOT NULL,
        job_stage TEXT NOT NULL,
        work_estimate INTEGER,
        work_completed INTEGER,
        error TEXT,
        error_detail TEXT,
        checked_data_type TEXT,
        invalid_unique_value TEXT,
        invalid_entity_id TEXT,
        error_data TEXT,
        created_at INTEGER NOT NULL,
        updated_at INTEGER NOT NULL,
        done_at INTEGER
    ) STRICT;
    CREATE INDEX IF NOT EXISTS indexing_jobs_by_group ON indexing_jobs (app_id, group_id);
    CREATE INDEX IF NOT EXISTS indexing_jobs_open ON indexing_jobs (serial)
        WHERE job_status IN ('waiting', 'processing')
    """
)

_FIELDS = (
    "id",
    "app_id",
    "group_id",
    "attr_id",
    "job_type",
    "job_status",
    "job_stage",
    "work_estimate",
    "work_completed",
    "error",
    "error_detail",
    "checked_data_type",
    "invalid_unique_value",
    "invalid_entity_id",
    "error_data",
    "created_at",
    "updated_at",
    "done_at",
)
_SELECT = f"SELECT {', '.join(_FIELDS)} FROM indexing_jobs"
_RAW_ONLY = ("error_detail", "invalid_entity_id")

Row = dict[str, Json]


@dataclass(frozen=True, slots=True)
class Failure:
    """Why the data does not fit; ``fields`` are columns of the job."""

    error: str
    fields: dict[str, Json]


Check = Callable[[sqlite3.Connection, Row, Attr], Failure | None]


@dataclass(frozen=True, slots=True)
class JobType:
    """``start`` are the attribute's flags while the job runs, ``done`` those it leaves behind."""

    serial_key: str
    start: dict[str, Json]
    done: Callable[[Row], dict[str, Json]]
    check: Check | None = None


def _rows(conn: sqlite3.Connection, where: str, args: tuple[Json, ...]) -> list[Row]:
    rows = conn.execute(f"{_SELECT} WHERE {where} ORDER BY serial", args)
    return [dict(zip(_FIELDS, row, strict=True)) for row in rows]


def create_job(
    conn: sqlite3.Connection,
    app_id: str,
    attr_id: str,
    job_type: str,
    *,
    checked_data_type: str | None = None,
    group_id: str | None = None,
) -> dict[str, Json]:
    """The raw row, as the platform answers a push with; validation-failed for a type it does not know."""
    if job_type not in JOB_TYPES:
        raise errors.validation_failed("job-type", job_type, [{"message": f"Invalid job type {job_type}."}])
    if job_type == "check-data-type" and checked_data_type not in CHECKED_TYPES:
        raise errors.param_malformed(["body", "checked-data-type"], checked_data_type)
    if attr_id not in load_attrs(conn, app_id).by_id:
        raise errors.record_not_found("attrs", [{"attr-id": attr_id}])
    job_id, at = new_id(), now_ms()
    checked = checked_data_type if job_type == "check-data-type" else None
    conn.execute(
        "INSERT INTO indexing_jobs (id, app_id, group_id, attr_id, job_type, job_status, job_stage, checked_data_type, "
        "created_at, updated_at) VALUES (?, ?, ?, ?, ?, 'waiting', 'estimate-work', ?, ?, ?)",
        (job_id, app_id, group_id, attr_id, job_type, checked, at, at),
    )
    row = _wire(_rows(conn, "id = ?", (job_id,))[0])
    return {**row, "job_serial_key": JOB_TYPES[job_type].serial_key, "worker_id": None, "job_dependency": None}


def _wire(row: Row) -> dict[str, Json]:
    wire = dict(row)
    for name in ("created_at", "updated_at", "done_at"):
        wire[name] = timestamp(row[name])
    for name in ("invalid_unique_value", "error_data"):
        wire[name] = None if row[name] is None else json.loads(row[name])
    return wire


def client_wire(conn: sqlite3.Connection, row: Row) -> dict[str, Json]:
    """With the attribute's name and, after a failure, up to ten of the facts that caused it."""
    wire = {name: value for name, value in _wire(row).items() if name not in _RAW_ONLY}
    attr = load_attrs(conn, row["app_id"]).by_id.get(row["attr_id"])
    wire["attr_name"] = f"{attr.etype}.{attr.label}" if attr else None
    wire["invalid_triples_sample"] = _sample(conn, row, attr) if attr and row["error"] else None
    return wire


def find_job(conn: sqlite3.Connection, app_id: str, job_id: str) -> dict[str, Json] | None:
    rows = _rows(conn, "app_id = ? AND id = ?", (app_id, job_id))
    return client_wire(conn, rows[0]) if rows else None


def jobs_of_group(conn: sqlite3.Connection, app_id: str, group_id: str) -> list[dict[str, Json]]:
    return [client_wire(conn, row) for row in _rows(conn, "app_id = ? AND group_id = ?", (app_id, group_id))]


# ---- what does not fit

_FACTS = "SELECT entity_id, value FROM triples WHERE app_id = ? AND attr_id = ?"


def _sample(conn: sqlite3.Connection, row: Row, attr: Attr) -> list[dict[str, Json]] | None:
    finder = _SAMPLES.get(row["error"])
    found = finder(conn, row, attr) if finder else None
    if found is None:
        return None
    return [{"entity_id": e, "value": v, "json_type": json_type(v)} for e, v in found[:SAMPLE_SIZE]]


Facts = list[tuple[str, Json]]


def _wrong_type(conn: sqlite3.Connection, row: Row, attr: Attr) -> Facts:
    found: Facts = []
    for entity_id, text in conn.execute(_FACTS + " AND key IS NOT NULL ORDER BY entity_id", (row["app_id"], attr.id)):
        value = json.loads(text)
        if not is_type(value, row["checked_data_type"] or ""):
            found.append((entity_id, value))
            if len(found) == SAMPLE_SIZE:
                break
    return found


def _repeated(conn: sqlite3.Connection, row: Row, attr: Attr) -> Facts:
    sql = (
        _FACTS + " AND key = (SELECT key FROM triples WHERE app_id = ? AND attr_id = ? AND key IS NOT NULL "
        "GROUP BY key HAVING count(*) > 1 LIMIT 1) ORDER BY entity_id LIMIT ?"
    )
    args = (row["app_id"], attr.id, row["app_id"], attr.id, SAMPLE_SIZE)
    return [(e, json.loads(v)) for e, v in conn.execute(sql, args)]


def _too_large(conn: sqlite3.Connection, row: Row, attr: Attr) -> Facts:
    # Length in bytes of the JSON text, the measure that writes are held to.
    sql = _FACTS + " AND length(CAST(value AS BLOB)) > ? ORDER BY entity_id LIMIT ?"
    rows = conn.execute(sql, (row["app_id"], attr.id, MAX_INDEXED_BYTES, SAMPLE_SIZE))
    return [(e, json.loads(v)) for e, v in rows]


def _missing(conn: sqlite3.Connection, row: Row, attr: Attr) -> Facts:
    data = json.loads(row["error_data"] or "{}")
    return [(entity_id, None) for entity_id in data.get("entity-ids", ())]


_SAMPLES: dict[str, Callable[[sqlite3.Connection, Row, Attr], Facts]] = {
    "invalid-triple-error": _wrong_type,
    "triple-not-unique-error": _repeated,
    "triple-too-large-error": _too_large,
    "missing-required-error": _missing,
}


def _check_type(conn: sqlite3.Connection, row: Row, attr: Attr) -> Failure | None:
    return Failure("invalid-triple-error", {}) if _wrong_type(conn, row, attr) else None


def _check_size(conn: sqlite3.Connection, row: Row, attr: Attr) -> Failure | None:
    found = _too_large(conn, row, attr)
    return Failure("triple-too-large-error", {"invalid_entity_id": found[0][0]}) if found else None


def _check_unique(conn: sqlite3.Connection, row: Row, attr: Attr) -> Failure | None:
    if too_large := _check_size(conn, row, attr):
        return too_large
    found = _repeated(conn, row, attr)
    return Failure("triple-not-unique-error", {"invalid_unique_value": json.dumps(found[0][1])}) if found else None


def _check_required(conn: sqlite3.Connection, row: Row, attr: Attr) -> Failure | None:
    missing = missing_required(conn, row["app_id"], attr, -1)
    if not missing:
        return None
    ids = missing[:SAMPLE_SIZE]
    data = {"count": len(missing), "etype": attr.etype, "label": attr.label, "entity-ids": ids}
    detail = (
        f"Attribute {attr.label} ({attr.id}) can't be marked required because at least "
        f"{len(missing)} {attr.etype} entities are missing it."
    )
    return Failure("missing-required-error", {"error_data": json.dumps(data), "error_detail": detail})


def _flags(**flags: Json) -> Callable[[Row], dict[str, Json]]:
    return lambda row: flags


def _typed(row: Row) -> dict[str, Json]:
    return {"checked_data_type": row["checked_data_type"], "is_checking_data_type": False}


_CHECKING: dict[str, Json] = {"is_checking_data_type": True}
_INDEXING: dict[str, Json] = {"is_indexing": True}
_SETTING_UNIQUE: dict[str, Json] = {"is_setting_unique": True}

JOB_TYPES: dict[str, JobType] = {
    "check-data-type": JobType("data-type", _CHECKING, _typed, _check_type),
    "remove-data-type": JobType("data-type", _CHECKING, _flags(checked_data_type=None, is_checking_data_type=False)),
    "index": JobType("index", _INDEXING, _flags(is_indexed=True, is_indexing=False), _check_size),
    "remove-index": JobType("index", _INDEXING, _flags(is_indexed=False, is_indexing=False)),
    "unique": JobType("unique", _SETTING_UNIQUE, _flags(is_unique=True, is_setting_unique=False), _check_unique),
    "remove-unique": JobType("unique", _SETTING_UNIQUE, _flags(is_unique=False, is_setting_unique=False)),
    "required": JobType("required", {}, _flags(is_required=True), _check_required),
    "remove-required": JobType("required", {}, _flags(is_required=False)),
}


# ---- the work


def next_job_id(conn: sqlite3.Connection) -> str | None:
    """The oldest job that is not done, interrupted ones included."""
    sql = "SELECT id FROM indexing_jobs WHERE job_status IN ('waiting', 'processing') ORDER BY serial LIMIT 1"
    row = conn.execute(sql).fetchone()
    return row[0] if row else None


def run_job(store: Store, job_id: str) -> None:
    """Two transactions: mark as processing, then check and change. Safe to repeat after a crash between them."""
    with store.write() as conn:
        _begin(store, conn, _rows(conn, "id = ?", (job_id,))[0])
    with store.write() as conn:
        row = _rows(conn, "id = ?", (job_id,))[0]
        if row["job_status"] == "processing":
            _finish(store, conn, row)


def _begin(store: Store, conn: sqlite3.Connection, row: Row) -> None:
    attr = load_attrs(conn, row["app_id"]).by_id.get(row["attr_id"])
    if attr is None or attr.is_system:
        _update(conn, row, job_status="errored", error="invalid-attr-state-error", done_at=now_ms())
        return
    sql = "SELECT count(*) FROM triples WHERE app_id = ? AND attr_id = ?"
    estimate = conn.execute(sql, (row["app_id"], attr.id)).fetchone()[0]
    _update(conn, row, job_status="processing", job_stage="validate", work_estimate=estimate, work_completed=0)
    if start := JOB_TYPES[row["job_type"]].start:
        set_flags(conn, row["app_id"], attr.id, **start)
        store.note_commit(conn, row["app_id"], ())


def _finish(store: Store, conn: sqlite3.Connection, row: Row) -> None:
    attr = load_attrs(conn, row["app_id"]).by_id.get(row["attr_id"])
    if attr is None:
        _update(conn, row, job_status="errored", error="invalid-attr-state-error", done_at=now_ms())
        return
    job_type = JOB_TYPES[row["job_type"]]
    failure = job_type.check(conn, row, attr) if job_type.check else None
    if failure:
        _update(conn, row, job_status="errored", error=failure.error, done_at=now_ms(), **failure.fields)
        flags = dict.fromkeys(job_type.start, False)
    else:
        done = {"job_stage": "update-attr-done", "work_completed": row["work_estimate"], "done_at": now_ms()}
        _update(conn, row, job_status="completed", **done)
        flags = job_type.done(row)
    if flags:
        set_flags(conn, row["app_id"], attr.id, **flags)
    store.note_commit(conn, row["app_id"], (attr.etype,))


def fail_unexpectedly(store: Store, job_id: str, detail: str) -> None:
    """A bug struck while the job ran: it ends, so that it does not come back for ever."""
    with store.write() as conn:
        for row in _rows(conn, "id = ?", (job_id,)):
            fields = {"job_status": "errored", "error": "unexpected-error", "error_detail": detail}
            _update(conn, row, done_at=now_ms(), **fields)


def _update(conn: sqlite3.Connection, row: Row, **fields: Json) -> None:
    # Clients compare whole-second times to see progress, so each step moves the time on.
    sets = {**fields, "updated_at": max(now_ms(), row["updated_at"] + 1)}
    assignments = ", ".join(f"{name} = ?" for name in sets)
    conn.execute(f"UPDATE indexing_jobs SET {assignments} WHERE id = ?", (*sets.values(), row["id"]))

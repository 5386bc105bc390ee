"""Backups of an app: a job reads one snapshot into files beside the database, under signed URLs.

The layout is that of the platform's archives: ``config.json``, ``entities/<etype>.jsonl``, ``files/<location id>``.
"""

from __future__ import annotations

import json
import logging
import os
import shutil
import sqlite3
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import apps, errors
from .attr_set import Attr, AttrSet
from .attrs import load_attrs
from .schema_wire import defs_of
from .storage_files import FileShelf, all_files
from .store import Store
from .web import new_id, now_ms, timestamp

Json = Any
Row = dict[str, Json]

logger = logging.getLogger(__name__)

LIFE_MS = 30 * 24 * 3600 * 1000
URL_LIFE_S = 12 * 3600
DONE = ("completed", "errored", "cancelled")

_JOB_FIELDS = (
    "id",
    "app_id",
    "app_backup_id",
    "job_status",
    "description",
    "work_estimate",
    "work_completed",
    "created_at",
    "updated_at",
    "done_at",
)
_BACKUP_FIELDS = ("id", "isn", "backup_at", "files_size", "db_size", "description", "expires_at", "manifest")


@dataclass(frozen=True, slots=True)
class Part:
    """One file: ``name`` in the archive, ``disk_name`` in the backup's folder, ``path`` where users see it."""

    name: str
    size: int
    disk_name: str
    path: str | None = None

    @property
    def is_stored_file(self) -> bool:
        return self.name.startswith("files/")


# ---- jobs


def _job_wire(row: tuple[Json, ...]) -> Row:
    wire = dict(zip(_JOB_FIELDS, row, strict=True))
    return {**wire, **{name: timestamp(wire[name]) for name in ("created_at", "updated_at", "done_at")}}


def _jobs(conn: sqlite3.Connection, where: str, args: tuple[Json, ...]) -> list[Row]:
    sql = f"SELECT {', '.join(_JOB_FIELDS)} FROM app_backup_jobs WHERE {where} ORDER BY serial DESC"
    return [_job_wire(row) for row in conn.execute(sql, args)]


def create_job(conn: sqlite3.Connection, app: apps.AppRow, description: str | None) -> Row:
    """One at a time for each app; ephemeral apps have none."""
    if app.is_ephemeral:
        message = "Ephemeral apps can't be backed up."
        raise errors.validation_failed("app-backup-job", {"app-id": app.id}, [{"message": message}])
    if active_jobs(conn, app.id):
        message = "A backup is already in progress for this app."
        raise errors.validation_failed("app-backup-job", {"app-id": app.id}, [{"message": message}])
    job_id, at = new_id(), now_ms()
    conn.execute(
        "INSERT INTO app_backup_jobs (id, app_id, job_status, description, created_at, updated_at) "
        "VALUES (?, ?, 'waiting', ?, ?, ?)",
        (job_id, app.id, description, at, at),
    )
    return _jobs(conn, "id = ?", (job_id,))[0]


def active_jobs(conn: sqlite3.Connection, app_id: str) -> list[Row]:
    return _jobs(conn, "app_id = ? AND job_status IN ('waiting', 'processing')", (app_id,))


def get_job(conn: sqlite3.Connection, app_id: str, job_id: str) -> Row:
    found = _jobs(conn, "app_id = ? AND id = ?", (app_id, job_id))
    if not found:
        raise errors.record_not_found("app-backup-job", [{"app-id": app_id, "job-id": job_id}])
    return found[0]


def cancel_job(conn: sqlite3.Connection, app_id: str, job_id: str) -> Row:
    """A job that is done already stays as it is."""
    if get_job(conn, app_id, job_id)["job_status"] not in DONE:
        _set_job(conn, job_id, job_status="cancelled", done_at=now_ms())
    return get_job(conn, app_id, job_id)


def _set_job(conn: sqlite3.Connection, job_id: str, **fields: Json) -> None:
    sets = {**fields, "updated_at": now_ms()}
    assignments = ", ".join(f"{name} = ?" for name in sets)
    conn.execute(f"UPDATE app_backup_jobs SET {assignments} WHERE id = ?", (*sets.values(), job_id))


def run_next(store: Store) -> bool:
    """Works on the oldest open job; False when there is none."""
    with store.write() as conn:
        sql = (
            "SELECT id, app_id, description FROM app_backup_jobs "
            "WHERE job_status IN ('waiting', 'processing') ORDER BY serial LIMIT 1"
        )
        row = conn.execute(sql).fetchone()
        if row is None:
            return False
        _set_job(conn, row[0], job_status="processing")
    job_id, app_id, description = row
    try:
        _run(store, job_id, app_id, description)
    except Exception:
        logger.exception("Backup failed")
        with store.write() as conn:
            _set_job(conn, job_id, job_status="errored", done_at=now_ms())
    return True


def _run(store: Store, job_id: str, app_id: str, description: str | None) -> None:
    backup_id = new_id()
    folder = _folder(store, backup_id)
    try:
        with store.read() as conn:
            app = apps.get_app(conn, app_id)
            isn, parts = _write_parts(store, conn, app, folder, description)
        with store.write() as conn:
            if get_job(conn, app_id, job_id)["job_status"] != "processing":
                raise _Cancelled
            _insert(conn, backup_id, app_id, isn, description, parts)
            done = len(parts)
            _set_job(
                conn,
                job_id,
                job_status="completed",
                app_backup_id=backup_id,
                work_estimate=done,
                work_completed=done,
                done_at=now_ms(),
            )
    except _Cancelled:
        shutil.rmtree(folder, ignore_errors=True)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


class _Cancelled(Exception):
    pass


# ---- writing


def _folder(store: Store, backup_id: str) -> Path:
    return store.data_dir / "backups" / backup_id


def _write_parts(
    store: Store, conn: sqlite3.Connection, app: apps.AppRow, folder: Path, description: str | None
) -> tuple[str, list[Part]]:
    folder.mkdir(mode=0o700, parents=True)
    attrs = load_attrs(conn, app.id)
    parts: list[Part] = []
    counts: dict[str, int] = {}
    triples = 0
    for number, etype in enumerate(sorted(attrs.etypes())):
        path = folder / f"entities-{number}"
        count, facts = _write_entities(conn, app.id, attrs, etype, path)
        triples += facts
        if count:
            counts[etype] = count
            parts.append(Part(f"entities/{etype}.jsonl", path.stat().st_size, path.name))
        else:
            path.unlink()
    parts += _copy_files(store, conn, app.id, folder)
    isn = str(conn.execute("SELECT coalesce(max(id), 0) FROM transactions").fetchone()[0])
    config = _config(conn, app, attrs, counts, triples, isn, description)
    return isn, [_write_config(folder, config), *parts]


def _config(
    conn: sqlite3.Connection,
    app: apps.AppRow,
    attrs: AttrSet,
    counts: dict[str, int],
    triples: int,
    isn: str,
    description: str | None,
) -> Row:
    return {
        "counts": counts,
        "tripleCount": triples,
        "schema": defs_of(attrs),
        "rules": apps.current_rules(conn, app.id),
        "webhooks": [],
        "emailTemplates": [],
        "authorizedRedirectOrigins": [],
        "title": app.title,
        "appId": app.id,
        "backupAt": timestamp(now_ms()),
        "isn": isn,
        "description": description,
    }


def _write_config(folder: Path, config: Row) -> Part:
    path = folder / "config"
    _write_lines(path, [json.dumps(config, ensure_ascii=False)])
    return Part("config.json", path.stat().st_size, path.name)


def _write_lines(path: Path, lines: Iterable[str]) -> int:
    count = 0
    with path.open("w", encoding="utf-8") as file:
        for line in lines:
            file.write(line + "\n")
            count += 1
        file.flush()
        os.fsync(file.fileno())
    return count


def _write_entities(conn: sqlite3.Connection, app_id: str, attrs: AttrSet, etype: str, path: Path) -> tuple[int, int]:
    """How many entities and facts."""
    own = {attr.id: attr for attr in attrs.of_etype(etype)}
    sql = (
        "SELECT t.entity_id, i.created_at, t.attr_id, t.value FROM triples i "
        "JOIN triples t ON t.app_id = i.app_id AND t.entity_id = i.entity_id "
        "WHERE i.app_id = ? AND i.attr_id = ? ORDER BY i.created_at, i.entity_id, t.rowid"
    )
    id_attr = attrs.find(etype, "id")
    if id_attr is None:
        return _write_lines(path, ()), 0
    facts = 0

    def lines() -> Iterator[str]:
        nonlocal facts
        for entity, created_at, count in _grouped(conn.execute(sql, (app_id, id_attr.id)), own):
            facts += count
            yield json.dumps({"entity": entity, "createdAt": created_at}, ensure_ascii=False)

    return _write_lines(path, lines()), facts


def _grouped(rows: Iterable[tuple[str, int, str, str]], own: dict[str, Attr]) -> Iterator[tuple[Row, int, int]]:
    """Facts in order of entities → each entity with its creation time and its number of facts."""
    current: str | None = None
    entity: Row = {}
    created, count = 0, 0
    for entity_id, created_at, attr_id, text in rows:
        if entity_id != current:
            if current is not None:
                yield entity, created, count
            current, entity, created, count = entity_id, {}, created_at, 0
        attr = own.get(attr_id)
        if attr is not None:
            count += 1
            _put(entity, attr, json.loads(text))
    if current is not None:
        yield entity, created, count


def _put(entity: Row, attr: Attr, value: Json) -> None:
    if attr.is_one:
        entity[attr.label] = value
    else:
        entity.setdefault(attr.label, []).append(value)


def _copy_files(store: Store, conn: sqlite3.Connection, app_id: str, folder: Path) -> list[Part]:
    shelf = FileShelf(store.data_dir)
    parts = []
    for number, file in enumerate(all_files(conn, app_id)):
        source, target = shelf.path_of(app_id, file.location_id), folder / f"file-{number}"
        shutil.copyfile(source, target)
        parts.append(Part(f"files/{file.location_id}", target.stat().st_size, target.name, file.path))
    return parts


def _insert(
    conn: sqlite3.Connection, backup_id: str, app_id: str, isn: str, description: str | None, parts: list[Part]
) -> None:
    at = now_ms()
    files_size = sum(part.size for part in parts if part.is_stored_file)
    db_size = sum(part.size for part in parts if not part.is_stored_file)
    manifest = json.dumps([[part.name, part.size, part.disk_name, part.path] for part in parts])
    conn.execute(
        "INSERT INTO app_backups VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (backup_id, app_id, isn, at, files_size, db_size, description, at + LIFE_MS, manifest),
    )


# ---- reading


def _rows(conn: sqlite3.Connection, where: str, args: tuple[Json, ...]) -> list[Row]:
    sql = (
        f"SELECT {', '.join(_BACKUP_FIELDS)} FROM app_backups "
        f"WHERE expires_at > ? AND {where} ORDER BY backup_at DESC, rowid DESC"
    )
    return [dict(zip(_BACKUP_FIELDS, row, strict=True)) for row in conn.execute(sql, (now_ms(), *args))]


def list_backups(conn: sqlite3.Connection, app_id: str) -> list[Row]:
    return [_wire(row) for row in _rows(conn, "app_id = ?", (app_id,))]


def _wire(row: Row) -> Row:
    wire = {name: value for name, value in row.items() if name != "manifest"}
    times = {name: timestamp(row[name]) for name in ("backup_at", "expires_at")}
    return {**wire, **times, "uncompressed_size": row["db_size"]}


def parts_of(conn: sqlite3.Connection, app_id: str, backup_id: str) -> list[Part]:
    rows = _rows(conn, "app_id = ? AND id = ?", (app_id, backup_id))
    if not rows:
        raise errors.record_not_found("app-backup", [{"app-id": app_id, "backup-id": backup_id}])
    return [Part(*part) for part in json.loads(rows[0]["manifest"])]


def delete_backup(store: Store, conn: sqlite3.Connection, app_id: str, backup_id: str) -> None:
    parts_of(conn, app_id, backup_id)
    conn.execute("DELETE FROM app_backups WHERE id = ?", (backup_id,))
    shutil.rmtree(_folder(store, backup_id), ignore_errors=True)


_EXPIRED = "SELECT id FROM app_backups WHERE expires_at <= ? OR app_id NOT IN (SELECT id FROM apps)"


def has_expired(conn: sqlite3.Connection) -> bool:
    return conn.execute(_EXPIRED, (now_ms(),)).fetchone() is not None


def sweep(store: Store, conn: sqlite3.Connection) -> None:
    """Remove backups that have expired, or whose app is gone for good."""
    for (backup_id,) in conn.execute(_EXPIRED, (now_ms(),)).fetchall():
        conn.execute("DELETE FROM app_backups WHERE id = ?", (backup_id,))
        shutil.rmtree(_folder(store, backup_id), ignore_errors=True)


def part_url(store: Store, base_url: str, app_id: str, backup_id: str, part: Part) -> str:
    """Good for twelve hours for whoever holds it."""
    expires = str(int(time.time()) + URL_LIFE_S)
    signature = FileShelf(store.data_dir).sign("backup", app_id, backup_id, part.disk_name, expires)
    query = f"expires={expires}&signature={signature}"
    return f"{base_url}/local/backups/{app_id}/{backup_id}/{part.disk_name}?{query}"


def signed_path(
    store: Store, conn: sqlite3.Connection, app_id: str, backup_id: str, disk_name: str, expires: str, signature: str
) -> Path | None:
    """The file that a URL of :func:`part_url` leads to; None for one that is forged, expired, or of no backup."""
    is_signed = FileShelf(store.data_dir).is_signed(signature, "backup", app_id, backup_id, disk_name, expires)
    if not is_signed or int(expires) < time.time():
        return None
    is_known = any(part.disk_name == disk_name for part in parts_of(conn, app_id, backup_id))
    return _folder(store, backup_id) / disk_name if is_known else None

"""Restoring an app from an archive: all of it, in one transaction, or nothing."""

from __future__ import annotations

import json
import logging
import re
import shutil
import sqlite3
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from . import apps, errors, plan
from .attr_changes import fill_nulls, note_inferred
from .attr_set import Attr, AttrSet
from .attrs import load_attrs
from .storage_files import FileShelf
from .store import Store
from .transact import transact
from .values import as_uuid, dumps, inferred_type, key_of
from .web import now_ms, timestamp

Json = Any
Row = dict[str, Json]

logger = logging.getLogger(__name__)

MAX_LINE_BYTES = 32 * 2**20
MAX_FILE_BYTES = 512 * 2**20
RECENT = 20
_FIELDS = ("id", "app_id", "title", "job_status", "progress", "error", "created_at", "done_at", "updated_at")
_LOCATION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")


class BadArchive(Exception):
    """The archive cannot be restored; the text says why."""


def archive_path(store: Store, job_id: str) -> Path:
    folder = store.data_dir / "restores"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder / f"{job_id}.zip"


# ---- jobs


def check_free(conn: sqlite3.Connection, app_id: str) -> None:
    """An ID stays taken for two days after its app was deleted."""
    if conn.execute("SELECT 1 FROM apps WHERE id = ?", (app_id,)).fetchone():
        message = "An app already exists with this id, so the restore can't create it."
        raise errors.validation_failed("restore", {"app-id": app_id}, [{"message": message}])


def create_job(
    conn: sqlite3.Connection,
    job_id: str,
    app_id: str,
    *,
    creator_id: str | None,
    org_id: str | None,
    title: str | None,
) -> Row:
    at = now_ms()
    conn.execute(
        "INSERT INTO app_restore_jobs (id, app_id, creator_id, org_id, title, job_status, created_at, updated_at) "
        "VALUES (?, ?, ?, ?, ?, 'waiting', ?, ?)",
        (job_id, app_id, creator_id, org_id, title, at, at),
    )
    return _jobs(conn, "id = ?", (job_id,))[0]


def _jobs(conn: sqlite3.Connection, where: str, args: tuple[Json, ...]) -> list[Row]:
    sql = f"SELECT {', '.join(_FIELDS)} FROM app_restore_jobs WHERE {where} ORDER BY serial DESC LIMIT {RECENT}"
    rows = [dict(zip(_FIELDS, row, strict=True)) for row in conn.execute(sql, args)]
    times = ("created_at", "done_at", "updated_at")
    return [{**row, **{name: timestamp(row[name]) for name in times}} for row in rows]


def recent_jobs(conn: sqlite3.Connection) -> list[Row]:
    return _jobs(conn, "1", ())


def find_job(conn: sqlite3.Connection, job_id: str) -> Row | None:
    return next(iter(_jobs(conn, "id = ?", (job_id,))), None)


def cancel_job(conn: sqlite3.Connection, job_id: str) -> Row | None:
    """Only one that has not begun: the restore itself is one transaction."""
    sql = (
        "UPDATE app_restore_jobs SET job_status = 'cancelled', done_at = ?, updated_at = ? "
        "WHERE id = ? AND job_status = 'waiting'"
    )
    conn.execute(sql, (now_ms(), now_ms(), job_id))
    return find_job(conn, job_id)


def _finish(conn: sqlite3.Connection, job_id: str, status: str, error: str | None = None) -> None:
    sql = (
        "UPDATE app_restore_jobs SET job_status = ?, error = ?, progress = ?, done_at = ?, updated_at = ? WHERE id = ?"
    )
    progress = "done" if status == "completed" else None
    conn.execute(sql, (status, error, progress, now_ms(), now_ms(), job_id))


def run_next(store: Store) -> bool:
    """Works on the oldest open job; False when there is none."""
    with store.write() as conn:
        sql = (
            "SELECT id, app_id, creator_id, org_id, title FROM app_restore_jobs "
            "WHERE job_status IN ('waiting', 'processing') ORDER BY serial LIMIT 1"
        )
        row = conn.execute(sql).fetchone()
        if row is None:
            return False
        conn.execute("UPDATE app_restore_jobs SET job_status = 'processing' WHERE id = ?", (row[0],))
    _run(store, *row)
    return True


def _run(store: Store, job_id: str, app_id: str, creator_id: str | None, org_id: str | None, title: str | None) -> None:
    path = archive_path(store, job_id)
    try:
        with zipfile.ZipFile(path) as archive, store.write() as conn:
            check_free(conn, app_id)
            config = _config(archive)
            apps.create_app(conn, title=_title(title, config), creator_id=creator_id, org_id=org_id, app_id=app_id)
            etypes = _fill(store, conn, app_id, archive, config)
            _finish(conn, job_id, "completed")
            store.note_commit(conn, app_id, etypes)
    except BadArchive as error:
        _fail(store, job_id, app_id, str(error))
    except errors.PlatformError as error:
        _fail(store, job_id, app_id, error.message)
    except (zipfile.BadZipFile, FileNotFoundError):
        _fail(store, job_id, app_id, "The upload is not a zip archive.")
    except Exception:
        logger.exception("Restore failed")
        _fail(store, job_id, app_id, "Something went wrong while the archive was read.")
    finally:
        path.unlink(missing_ok=True)


def _fail(store: Store, job_id: str, app_id: str, sentence: str) -> None:
    """The rows went with the transaction; the files go here, unless they belong to an app of that ID."""
    with store.write() as conn:
        if conn.execute("SELECT 1 FROM apps WHERE id = ?", (app_id,)).fetchone() is None:
            FileShelf(store.data_dir).remove_app(app_id)
        _finish(conn, job_id, "errored", sentence)


def _title(title: str | None, config: Row) -> str:
    given = config.get("title")
    return title or (given if isinstance(given, str) and given.strip() else "Restored app")


# ---- reading the archive


def _config(archive: zipfile.ZipFile) -> Row:
    names = [info.filename for info in archive.infolist()]
    if not names or names[0] != "config.json":
        raise BadArchive("Expected first entry in zip file to be config.json.")
    if archive.getinfo("config.json").file_size > MAX_LINE_BYTES:
        raise BadArchive("Backup config.json is too large.")
    try:
        config = json.loads(archive.read("config.json"))
    except ValueError as error:
        raise BadArchive("Backup config.json is malformed.") from error
    if not isinstance(config, dict) or not isinstance(config.get("schema"), dict):
        raise BadArchive("Backup config.json is malformed: expected an object with a schema key.")
    return config


def _fill(store: Store, conn: sqlite3.Connection, app_id: str, archive: zipfile.ZipFile, config: Row) -> set[str]:
    if isinstance(config.get("rules"), dict):
        apps.put_rules(conn, app_id, config["rules"])
    steps = plan.plan(conn, app_id, config["schema"], check_types=True)["steps"]
    if steps:
        transact(conn, app_id, steps)
    attrs = load_attrs(conn, app_id)
    locations: set[str] = set()
    seen: dict[str, set[str]] = {}
    etypes = set()
    for info in _entity_entries(archive):
        etype = info.filename.removeprefix("entities/").removesuffix(".jsonl")
        _insert_entities(conn, app_id, attrs, etype, _lines(archive, info), locations, seen)
        etypes.add(etype)
    note_inferred(conn, app_id, attrs, seen)
    for attr in attrs.all:
        if attr.is_indexed and not attr.is_ref and attr.etype in etypes:
            fill_nulls(conn, app_id, attr)
    _store_files(store, app_id, archive, locations)
    return etypes


def _entity_entries(archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    """Checks that nothing unexpected is in the archive, and that files come last."""
    found: list[zipfile.ZipInfo] = []
    has_files = False
    for info in archive.infolist()[1:]:
        name = info.filename
        if name.startswith("files/"):
            has_files = True
        elif has_files:
            raise BadArchive("Expected a file entry in the zip file.")
        elif name.startswith("entities/") and name.endswith(".jsonl"):
            found.append(info)
        else:
            raise BadArchive("Expected entry in zip file to be entities/* or files/*.")
    return found


def _lines(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Iterator[Row]:
    with archive.open(info) as file:
        while line := file.readline(MAX_LINE_BYTES + 1):
            if len(line) > MAX_LINE_BYTES:
                raise BadArchive(f"A line of {info.filename} is too long.")
            if line.strip():
                yield _row(line, info.filename)


def _row(line: bytes, name: str) -> Row:
    try:
        row = json.loads(line)
    except ValueError as error:
        raise BadArchive(f"A line of {name} is not JSON.") from error
    entity = row.get("entity") if isinstance(row, dict) else None
    created_at = row.get("createdAt") if isinstance(row, dict) else None
    if not isinstance(entity, dict) or as_uuid(entity.get("id")) is None or not isinstance(created_at, int):
        raise BadArchive(f"A line of {name} is no entity.")
    return {"entity": entity, "createdAt": created_at}


_INSERT = "INSERT INTO triples (app_id, entity_id, attr_id, key, value, is_id, created_at) VALUES (?, ?, ?, ?, ?, ?, ?)"


def _insert_entities(
    conn: sqlite3.Connection,
    app_id: str,
    attrs: AttrSet,
    etype: str,
    rows: Iterator[Row],
    locations: set[str],
    seen: dict[str, set[str]],
) -> None:
    for row in rows:
        entity = row["entity"]
        if etype == "$files":
            locations.add(_location(entity))
        facts = [
            (
                app_id,
                as_uuid(entity["id"]),
                attr.id,
                _key(attr, value),
                dumps(value),
                attr.label == "id",
                row["createdAt"],
            )
            for attr, value in _facts(attrs, etype, entity)
        ]
        conn.executemany(_INSERT, facts)
        for attr, value in _facts(attrs, etype, entity):
            if value is not None:
                seen.setdefault(attr.id, set()).add(inferred_type(value))


def _facts(attrs: AttrSet, etype: str, entity: Row) -> Iterator[tuple[Attr, Json]]:
    for label, value in entity.items():
        attr = attrs.find(etype, label)
        if attr is None:
            raise BadArchive(f"Missing attr for {etype}.{label}")
        if attr.is_one:
            yield attr, value
        elif isinstance(value, list):
            yield from ((attr, each) for each in value)
        else:
            raise BadArchive(f"Expected a list for {etype}.{label}")


def _key(attr: Attr, value: Json) -> Json:
    if attr.is_ref and as_uuid(value) is None:
        raise BadArchive(f"A link of {attr.etype}.{attr.label} does not lead to an entity.")
    try:
        return key_of(value, attr.checked_data_type)
    except ValueError as error:
        raise BadArchive(f"A value of {attr.etype}.{attr.label} is no {attr.checked_data_type}.") from error


def _location(entity: Row) -> str:
    location = entity.get("location-id")
    if not isinstance(location, str) or not _LOCATION.fullmatch(location):
        raise BadArchive("Backup is missing the location-id for a $files entity")
    return location


def _store_files(store: Store, app_id: str, archive: zipfile.ZipFile, locations: set[str]) -> None:
    names = {info.filename.removeprefix("files/"): info for info in archive.infolist() if info.filename[:6] == "files/"}
    if locations - set(names):
        raise BadArchive("Backup is missing the file blob for a $files entity")
    if set(names) - locations:
        raise BadArchive("Files in the zip are missing in the $files entities")
    shelf = FileShelf(store.data_dir)
    for location, info in names.items():
        if info.file_size > MAX_FILE_BYTES:
            raise BadArchive("A file in the zip is too large.")
        target = shelf.path_of(app_id, location)
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with archive.open(info) as source, target.open("wb") as file:
            shutil.copyfileobj(source, file)

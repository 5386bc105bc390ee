"""Files of apps: bytes on disk beside the database, ``$files`` entities in it, and signed URLs to fetch them.

The hosted platform keeps the bytes in S3 and hands out S3's signed URLs; here the local platform serves them
itself, under URLs that carry an expiry time and an HMAC.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import hmac
import mimetypes
import os
import secrets
import shutil
import sqlite3
import tempfile
import time
import urllib.parse
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.localplatform import apps, errors
from app.localplatform.actor import Actor
from app.localplatform.attr_set import AttrSet
from app.localplatform.attrs import load_attrs
from app.localplatform.entity_reader import EntityReader
from app.localplatform.rules import Judge, RuleBook, passes
from app.localplatform.store import Store
from app.localplatform.users import write_system
from app.localplatform.web import new_id, to_uuid

FILES = "$files"
DEFAULT_TYPE = "application/octet-stream"
MAX_FILE_BYTES = 512 * 2**20
URL_LIFETIME_S = 7 * 24 * 3600
UPLOAD_URL_LIFETIME_S = 15 * 60
SWEEP_AGE_S = 3600
_SWEEP_MARK = "swept"
_STREAM_PREFIX = "$stream/"


@dataclass(frozen=True)
class StoredFile:
    """``location_id`` names the bytes; a new upload to the same path gets a new one."""

    id: str
    path: str
    location_id: str
    size: int
    content_type: str
    content_disposition: str | None


class FileShelf:
    """The bytes of all files of one store: ``<data>/files/<app>/<location>``."""

    def __init__(self, data_dir: Path) -> None:
        self._root = data_dir / "files"
        self._key_path = self._root / "signing.key"

    @contextlib.contextmanager
    def incoming(self, app_id: str) -> Iterator[Incoming]:
        """A file being received; it disappears unless it is kept."""
        folder = self._folder(app_id)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix="incoming-", dir=folder)
        incoming = Incoming(handle, Path(name), folder)
        try:
            yield incoming
        finally:
            incoming.discard()

    def path_of(self, app_id: str, location_id: str) -> Path:
        if to_uuid(location_id) is None:
            raise errors.record_not_found("app-file", [{"app-id": app_id, "location-id": location_id}])
        return self._folder(app_id) / location_id

    def remove_app(self, app_id: str) -> None:
        """All bytes of an app that is gone for good."""
        shutil.rmtree(self._folder(app_id), ignore_errors=True)

    def is_sweep_due(self, app_id: str) -> bool:
        """True once an hour; the answer counts as a sweep."""
        mark = self._folder(app_id) / _SWEEP_MARK
        if mark.exists() and mark.stat().st_mtime > time.time() - SWEEP_AGE_S:
            return False
        mark.touch()
        return True

    def remove(self, app_id: str, location_ids: Sequence[str]) -> None:
        for location_id in location_ids:
            self.path_of(app_id, location_id).unlink(missing_ok=True)

    def sweep(self, app_id: str, used: Collection[str], now_s: float | None = None) -> int:
        """Remove bytes that no file refers to any more; returns how many. What is younger than an hour stays.

        Files go by transactions and by a server that was killed between two steps; this cleans up behind both.
        """
        oldest = (time.time() if now_s is None else now_s) - SWEEP_AGE_S
        folder = self._folder(app_id)
        unused = [path for path in folder.iterdir() if path.name not in {*used, _SWEEP_MARK}] if folder.is_dir() else []
        old = [path for path in unused if path.stat().st_mtime < oldest]
        for path in old:
            path.unlink(missing_ok=True)
        return len(old)

    def _folder(self, app_id: str) -> Path:
        return self._root / app_id

    def sign(self, *parts: str) -> str:
        return hmac.new(self._key, "\n".join(parts).encode(), hashlib.sha256).hexdigest()

    def is_signed(self, signature: str, *parts: str) -> bool:
        return hmac.compare_digest(signature, self.sign(*parts))

    @functools.cached_property
    def _key(self) -> bytes:
        if not self._key_path.exists():
            self._root.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._make_key()
        return self._key_path.read_bytes()

    def _make_key(self) -> None:
        # Written aside and linked into place: two first requests at once must end up with one key.
        handle, name = tempfile.mkstemp(prefix="key-", dir=self._root)
        with os.fdopen(handle, "wb") as file:
            file.write(secrets.token_bytes(32))
        with contextlib.suppress(FileExistsError):
            os.link(name, self._key_path)
        os.unlink(name)


class Incoming:
    """Bytes that arrive in pieces; ``keep`` makes them durable."""

    def __init__(self, handle: int, path: Path, folder: Path) -> None:
        self._file = os.fdopen(handle, "wb")
        self._path = path
        self._folder = folder
        self.size = 0

    def write(self, part: bytes) -> None:
        self.size += len(part)
        if self.size > MAX_FILE_BYTES:
            message = f"The file is larger than {MAX_FILE_BYTES // 2**20} MB, which is all the local platform takes."
            raise errors.unsupported(message)
        self._file.write(part)

    def keep(self) -> str:
        """The location ID under which the bytes can be read from now on."""
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        location_id = new_id()
        os.replace(self._path, self._folder / location_id)
        self._sync_folder()
        return location_id

    def _sync_folder(self) -> None:
        # The name must be on disk before the database refers to it.
        handle = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)

    def discard(self) -> None:
        self._file.close()
        self._path.unlink(missing_ok=True)


# --- entities ---


def require_allowed(conn: sqlite3.Connection, actor: Actor, action: str, path: str) -> None:
    """Admins may; others where the ``$files`` rule for this action says so (and nobody where there is none)."""
    if actor.is_admin:
        return
    attrs = load_attrs(conn, actor.app_id)
    program = RuleBook(apps.current_rules(conn, actor.app_id)).program(FILES, action)
    judge = Judge(actor.requester, EntityReader(conn, actor.app_id, attrs).follow)
    if program is None or not passes(judge.value(program, {"path": path})):
        raise errors.permission_denied("has-storage-permission?", [FILES, action])


def file_at(conn: sqlite3.Connection, app_id: str, path: str) -> StoredFile | None:
    reader = EntityReader(conn, app_id, load_attrs(conn, app_id))
    for file_id in reader.ids_with(FILES, "path", path):
        return _stored(reader.entity(FILES, file_id))
    return None


def file_of_location(conn: sqlite3.Connection, app_id: str, location_id: str) -> StoredFile | None:
    reader = EntityReader(conn, app_id, load_attrs(conn, app_id))
    for file_id in reader.ids_with(FILES, "location-id", location_id):
        return _stored(reader.entity(FILES, file_id))
    return None


def all_files(conn: sqlite3.Connection, app_id: str) -> list[StoredFile]:
    """Ordered by path."""
    attrs = load_attrs(conn, app_id)
    reader = EntityReader(conn, app_id, attrs)
    found = [_stored(reader.entity(FILES, file_id)) for file_id in reader.members(FILES)]
    return sorted((file for file in found if file is not None), key=lambda file: file.path)


def location_of(conn: sqlite3.Connection, app_id: str, attrs: AttrSet, file_id: str) -> str | None:
    found = EntityReader(conn, app_id, attrs).follow(FILES, file_id, "location-id")
    return str(found[0]) if found else None


def _stored(values: dict[str, Any] | None) -> StoredFile | None:
    if values is None or "location-id" not in values:
        return None
    return StoredFile(
        id=values["id"],
        path=str(values.get("path", "")),
        location_id=values["location-id"],
        size=int(values.get("size") or 0),
        content_type=values.get("content-type") or DEFAULT_TYPE,
        content_disposition=values.get("content-disposition"),
    )


def guess_type(path: str, given: str | None) -> str:
    """The content type that was given, or the one that the name suggests."""
    if given and given not in ("null", "undefined"):
        return given
    return mimetypes.guess_type(path)[0] or DEFAULT_TYPE


def save_file(
    store: Store,
    shelf: FileShelf,
    actor: Actor,
    incoming: Incoming,
    *,
    path: str,
    content_type: str | None,
    content_disposition: str | None,
) -> dict[str, Any]:
    """Keep what was received under ``path``, replacing an earlier file there; the wire answer."""
    if path.startswith(_STREAM_PREFIX):
        raise errors.validation_failed("path", path, [{"message": "The path for stream files can't be edited."}])
    location_id = incoming.keep()
    try:
        with store.write() as conn:
            apps.require_writable(conn, actor.app_id)
            require_allowed(conn, actor, "create", path)
            before = file_at(conn, actor.app_id, path)
            file_id = before.id if before else new_id()
            values = {
                "path": path,
                "size": incoming.size,
                "content-type": guess_type(path, content_type),
                "content-disposition": content_disposition or "inline",
                "location-id": location_id,
                "key-version": 1,
            }
            write_system(store, conn, actor.app_id, [["update", FILES, file_id, values]])
    except BaseException:
        shelf.remove(actor.app_id, [location_id])
        raise
    if before is not None:
        shelf.remove(actor.app_id, [before.location_id])
    _sweep(store, shelf, actor.app_id)
    return {"id": file_id, "location-id": location_id, "size": incoming.size}


def _sweep(store: Store, shelf: FileShelf, app_id: str) -> None:
    if not shelf.is_sweep_due(app_id):
        return
    with store.read() as conn:
        used = {file.location_id for file in all_files(conn, app_id)}
    shelf.sweep(app_id, used)


def delete_files(store: Store, shelf: FileShelf, actor: Actor, paths: Sequence[str]) -> list[str]:
    """The IDs of the files that were there; paths without a file are no error."""
    with store.write() as conn:
        apps.require_writable(conn, actor.app_id)
        for path in paths:
            require_allowed(conn, actor, "delete", path)
        found = [file for path in dict.fromkeys(paths) if (file := file_at(conn, actor.app_id, path))]
        if found:
            write_system(store, conn, actor.app_id, [["delete", FILES, file.id] for file in found])
    shelf.remove(actor.app_id, [file.location_id for file in found])
    return [file.id for file in found]


# --- URLs ---


def download_url(shelf: FileShelf, base_url: str, app_id: str, location_id: str, now_s: float | None = None) -> str:
    """Valid for at least :data:`URL_LIFETIME_S`; the same URL for a whole day, so that clients can cache."""
    day = 24 * 3600
    expires = str((int(now_s if now_s is not None else time.time()) // day + 1) * day + URL_LIFETIME_S)
    query = urllib.parse.urlencode({"expires": expires, "signature": shelf.sign("get", app_id, location_id, expires)})
    return f"{base_url}/storage/{app_id}/{location_id}?{query}"


def upload_url(shelf: FileShelf, base_url: str, app_id: str, path: str) -> str:
    """For one upload to ``path`` by whoever holds the URL (a legacy way, valid for 15 minutes)."""
    expires = str(int(time.time()) + UPLOAD_URL_LIFETIME_S)
    parts = {"path": path, "expires": expires, "signature": shelf.sign("put", app_id, path, expires)}
    return f"{base_url}/storage/{app_id}/consume-upload-url?{urllib.parse.urlencode(parts)}"


def require_signature(shelf: FileShelf, method: str, app_id: str, name: str, expires: str, signature: str) -> None:
    """Raises permission-denied for a URL that is forged or too old."""
    is_good = shelf.is_signed(signature, method, app_id, name, expires)
    if not is_good or not expires.isdecimal() or int(expires) < time.time():
        raise errors.permission_denied("signed-url-valid?", None)


def add_urls(tree: Any, q: dict[str, Any], attrs: AttrSet, url_of: Callable[[str], str | None]) -> None:
    """Put ``url`` into every file of a query's answer that was asked for it; ``url_of`` maps a file's ID to its URL."""
    for etype, form in q.items():
        _add_urls(tree.get(etype), form, etype, attrs, url_of)


def _add_urls(rows: Any, form: Any, etype: str, attrs: AttrSet, url_of: Callable[[str], str | None]) -> None:
    """``rows`` is one entity, several, or nothing."""
    if not isinstance(form, dict):
        return
    children = {label: _link_target(attrs, etype, label) for label in form if label != "$"}
    is_file = etype == FILES and "url" in _fields(form)
    if not is_file and not any(children.values()):
        return
    for row in rows if isinstance(rows, list) else [rows]:
        if not isinstance(row, dict):
            continue
        if is_file and "id" in row:
            row["url"] = url_of(str(row["id"]))
        for label, target in children.items():
            if target is not None:
                _add_urls(row.get(label), form[label], target, attrs, url_of)


def _fields(form: dict[str, Any]) -> Collection[str]:
    options = form.get("$")
    fields = options.get("fields") if isinstance(options, dict) else None
    return fields if isinstance(fields, list) else ("url",)


def _link_target(attrs: AttrSet, etype: str, label: str) -> str | None:
    forward = attrs.find(etype, label)
    if forward is not None:
        return forward.reverse_etype if forward.is_ref else None
    reverse = attrs.find_reverse(etype, label)
    return reverse.etype if reverse is not None else None

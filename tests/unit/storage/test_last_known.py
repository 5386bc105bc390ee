"""The fast path for the first paint."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing

import pytest

from app.core.status import ConnectionStatus, Health
from app.storage.database import Database
from app.storage.last_known import LastKnown, LastKnownReader, read_last_known
from app.storage.stores import ConnectionStore, InventoryStore, StatusStore

from .conftest import make_app, make_connection


@pytest.fixture
def filled(database: Database, cloud) -> LastKnown:
    ConnectionStore(database).add(make_connection("local", is_builtin=True))
    status = ConnectionStatus("cloud", Health.DEGRADED, 12.5, 1_800_000_000.5, 3, 40, "Slow.", "Wait.")
    StatusStore(database).put(status)
    apps = tuple(make_app(number) for number in range(3))
    InventoryStore(database).replace("cloud", apps)
    return LastKnown((make_connection("local", is_builtin=True), cloud), apps, (status,))


def test_last_known_of_a_database_in_use_is_what_was_stored(filled, database):
    assert read_last_known(database.path) == filled


def test_last_known_of_a_closed_database_is_what_was_stored(filled, database):
    database.close()
    assert read_last_known(database.path) == filled


def test_last_known_read_leaves_the_file_as_it_is(filled, database):
    database.close()
    before = database.path.read_bytes()
    read_last_known(database.path)
    assert database.path.read_bytes() == before


def test_last_known_without_a_database_is_empty_and_makes_none(database_path):
    assert read_last_known(database_path) == LastKnown()
    assert not database_path.exists()


@pytest.mark.parametrize("revision", ["0000", "9999"])
def test_last_known_of_another_version_is_empty(filled, database, revision):
    with closing(sqlite3.connect(database.path)) as raw:
        raw.execute("UPDATE alembic_version SET version_num = ?", (revision,))
        raw.commit()
    assert read_last_known(database.path) == LastKnown()


@pytest.mark.parametrize("content", [b"", b"not a database" * 99, b"SQLite format 3\0" + b"\xff" * 9000])
def test_last_known_of_a_damaged_database_is_empty_and_keeps_it(database_path, content):
    database_path.write_bytes(content)
    assert read_last_known(database_path) == LastKnown()
    assert database_path.read_bytes() == content


def test_last_known_with_a_value_that_nobody_knows_is_empty(filled, database):
    with closing(sqlite3.connect(database.path)) as raw:
        raw.execute("UPDATE connections SET platform = 'oracle'")
        raw.commit()
    assert read_last_known(database.path) == LastKnown()


def test_reader_started_gives_its_result_and_calls_back_from_its_thread(filled, database):
    reader = LastKnownReader(database.path)
    called = threading.Event()
    seen = []

    def note(result):
        seen.append((result, threading.current_thread().name))
        called.set()

    reader.add_done_callback(note)
    reader.start()
    assert reader.result(30) == filled
    assert called.wait(30)
    assert seen == [(filled, "last-known")]
    assert reader.is_done()


def test_reader_that_is_done_calls_back_at_once(filled, database):
    reader = LastKnownReader(database.path)
    reader.start()
    reader.result(30)
    seen = []
    reader.add_done_callback(seen.append)
    assert seen == [filled]


def test_reader_that_is_not_done_raises_instead_of_answering_empty(database_path):
    reader = LastKnownReader(database_path)
    with pytest.raises(TimeoutError):
        reader.result(0)
    assert not reader.is_done()


def test_last_known_module_imported_stays_in_the_standard_library():
    code = (
        "import json, sys; before = set(sys.modules); import app.storage.last_known, app.storage.paths; "
        "print(json.dumps(sorted(set(sys.modules) - before)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    loaded = {name.split(".")[0] for name in json.loads(done.stdout)}
    assert loaded - sys.stdlib_module_names == {"app"}
    assert not loaded & {"asyncio", "logging", "concurrent", "platformdirs"}


def test_last_known_of_many_apps_is_read_in_a_few_steps_of_sqlite(database, cloud):
    """Each step gives up the interpreter lock, and can wait 5 ms for it while the window is imported."""
    InventoryStore(database).replace("cloud", [make_app(number) for number in range(5_000)])
    from app.storage import last_known, rows

    fetched = 0

    class Counting(sqlite3.Cursor):
        def fetchone(self):
            nonlocal fetched
            fetched += 1
            return super().fetchone()

        def __next__(self):
            nonlocal fetched
            fetched += 1
            return super().__next__()

    class Connection(sqlite3.Connection):
        def execute(self, *arguments):
            return self.cursor(Counting).execute(*arguments)

    with closing(sqlite3.connect(database.path, factory=Connection)) as raw:
        assert len(last_known._read(raw).apps) == 5_000
    assert 0 < fetched < 20
    assert rows.APP_COLUMNS[0] == "connection_id"

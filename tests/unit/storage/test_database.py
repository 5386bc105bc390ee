"""Opening, migrating, refusing and setting aside; transactions; errors."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing

import pytest
import sqlalchemy
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import insert

from app.core.errors import Conflict, KnownError, NotFound, Unsupported
from app.storage import database as database_module
from app.storage import rows, tables
from app.storage.database import Database
from app.storage.stores import AuditStore, ConnectionStore

from .conftest import make_connection


def test_database_opened_first_time_is_private_and_at_the_newest_revision(database_path):
    Database.open(database_path).close()
    assert database_path.stat().st_mode & 0o777 == 0o600
    with closing(sqlite3.connect(database_path)) as raw:
        assert raw.execute("SELECT version_num FROM alembic_version").fetchall() == [(rows.REVISION,)]
        assert raw.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_database_in_use_keeps_its_companion_files_private(database, cloud, database_path):
    modes = {each.name: each.stat().st_mode & 0o777 for each in database_path.parent.glob("tenantry.db*")}
    assert modes == {"tenantry.db": 0o600, "tenantry.db-wal": 0o600, "tenantry.db-shm": 0o600}


def test_database_readable_by_others_is_closed_to_them(database_path):
    Database.open(database_path).close()
    database_path.chmod(0o644)
    Database.open(database_path).close()
    assert database_path.stat().st_mode & 0o777 == 0o600


def test_revision_constant_is_the_head_of_the_migrations():
    config = Config()
    config.set_main_option("script_location", str(database_module.Path(database_module.__file__).parent / "migrations"))
    assert ScriptDirectory.from_config(config).get_current_head() == rows.REVISION


def test_migrations_make_exactly_the_tables_of_the_metadata(database):
    with database.read() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, tables.metadata) == []


def test_acts_of_an_older_version_have_no_fingerprints(database_path):
    engine = sqlalchemy.create_engine(f"sqlite:///{database_path}")
    with engine.begin() as connection:
        config = Config()
        folder = database_module.Path(database_module.__file__).parent / "migrations"
        config.set_main_option("script_location", str(folder))
        config.attributes["connection"] = connection
        command.upgrade(config, "0005")
        columns = "at, who, connection_id, app_id, action, outcome, detail"
        values = "1.0, 'ada', 'c1', 'a1', 'clone', 'done', 'x'"
        connection.exec_driver_sql(f"INSERT INTO audit ({columns}) VALUES ({values})")
    engine.dispose()
    database = Database.open(database_path)
    (kept,) = AuditStore(database).recent(5)
    assert (kept.action, kept.before, kept.after) == ("clone", "", "")
    database.close()


def test_columns_read_by_position_are_the_columns_of_the_tables():
    assert tuple(tables.apps.columns.keys()) == rows.APP_COLUMNS
    assert tuple(tables.statuses.columns.keys()) == rows.STATUS_COLUMNS
    assert (*rows.CONNECTION_COLUMNS, "position") == tuple(tables.connections.columns.keys())


def test_database_opened_again_finds_what_was_written(database_path):
    first = Database.open(database_path)
    ConnectionStore(first).add(make_connection("cloud"))
    first.close()
    second = Database.open(str(database_path))
    assert ConnectionStore(second).all() == (make_connection("cloud"),)
    second.close()


def test_database_opened_at_head_does_not_need_alembic(database_path, monkeypatch):
    Database.open(database_path).close()
    monkeypatch.setattr(database_module, "_upgrade", lambda *_: pytest.fail("migrated again"))
    Database.open(database_path).close()


def test_migration_that_fails_leaves_no_half_of_it_behind(database_path, monkeypatch):
    from alembic import op

    with monkeypatch.context() as patch:
        patch.setattr(op, "create_index", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            Database.open(database_path)
    with closing(sqlite3.connect(database_path)) as raw:
        assert raw.execute("SELECT name FROM sqlite_master").fetchall() == []
    Database.open(database_path).close()


def test_database_opened_for_the_first_time_by_several_windows_at_once_serves_all(database_path, monkeypatch):
    monkeypatch.setattr(database_module, "_BUSY_TIMEOUT_S", 60.0)
    opened, failed = [], []
    gate = threading.Barrier(4)

    def open_it():
        gate.wait(30)
        try:
            opened.append(Database.open(database_path))
        except KnownError as error:
            failed.append(error)

    threads = [threading.Thread(target=open_it) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    for database in opened:
        database.close()
    assert failed == []
    assert len(opened) == 4


def test_database_of_an_sqlite_url_opens_that_file(database_path):
    Database.open(f"sqlite:///{database_path}").close()
    assert database_path.is_file()


@pytest.mark.parametrize("url", ["postgresql://ann:hunter2@db.example/tenantry", "sqlite://", "nonsense://%%"])
def test_database_of_another_url_is_refused_without_repeating_it(url):
    with pytest.raises(Unsupported) as caught:
        Database.open(url)
    assert "hunter2" not in f"{caught.value.sentence}{caught.value.remedy}{caught.value.details}"


def test_database_of_a_newer_version_is_refused_and_kept_as_it_is(database_path):
    Database.open(database_path).close()
    with closing(sqlite3.connect(database_path)) as raw:
        raw.execute("UPDATE alembic_version SET version_num = '9999'")
        raw.commit()
    before = database_path.read_bytes()
    with pytest.raises(Unsupported, match="newer version of Tenantry") as caught:
        Database.open(database_path)
    assert "newer version" in caught.value.remedy
    assert database_path.read_bytes() == before


def test_database_of_another_program_is_refused_and_kept(database_path):
    with closing(sqlite3.connect(database_path)) as raw:
        raw.execute("CREATE TABLE bookmarks (url)")
        raw.execute("INSERT INTO bookmarks VALUES ('x')")
        raw.commit()
    with pytest.raises(Unsupported, match="another program"):
        Database.open(database_path)
    with closing(sqlite3.connect(database_path)) as raw:
        assert raw.execute("SELECT * FROM bookmarks").fetchall() == [("x",)]
        assert len(raw.execute("SELECT * FROM sqlite_master").fetchall()) == 1


@pytest.mark.expects_log("WARNING")
def test_database_that_is_no_database_is_set_aside_whole(database_path, caplog):
    database_path.write_bytes(b"not a database, but somebody may want it back" * 50)
    kept = database_path.read_bytes()
    database = Database.open(database_path)
    assert database.set_aside is not None
    assert database.set_aside.kept_at.read_bytes() == kept
    assert database.set_aside.kept_at.name in database.set_aside.sentence
    assert "damaged" in caplog.text
    assert ConnectionStore(database).all() == ()
    database.close()


@pytest.mark.expects_log("WARNING")
def test_database_with_torn_pages_is_set_aside_with_its_journal(database, tmp_path):
    store = ConnectionStore(database)
    for number in range(100):
        store.add(make_connection(f"connection-{number:04d}", label="x" * 400))
    with closing(sqlite3.connect(database.path)) as raw:
        raw.execute("PRAGMA wal_checkpoint(RESTART)")
    store.add(make_connection("last"))
    crashed = tmp_path / "crashed"
    crashed.mkdir()
    journal = database.path.with_name("tenantry.db-wal").read_bytes()
    content = database.path.read_bytes()
    torn = content[: 4096 * 2] + b"\xff" * (len(content) - 4096 * 2)
    (crashed / "tenantry.db").write_bytes(torn)
    (crashed / "tenantry.db-wal").write_bytes(journal)
    second = Database.open(crashed / "tenantry.db")
    assert second.set_aside is not None
    kept_at = second.set_aside.kept_at
    assert kept_at.read_bytes() == torn
    assert kept_at.with_name(kept_at.name + "-wal").read_bytes() == journal
    second.close()


def test_database_left_by_a_crash_comes_back_with_its_journal(database, tmp_path):
    ConnectionStore(database).add(make_connection("cloud"))
    crashed = tmp_path / "crashed"
    crashed.mkdir()
    for suffix in ("", "-wal"):
        source = database.path.with_name("tenantry.db" + suffix)
        (crashed / source.name).write_bytes(source.read_bytes())
    second = Database.open(crashed / "tenantry.db")
    assert second.set_aside is None
    assert [each.id for each in ConnectionStore(second).all()] == ["cloud"]
    second.close()


@pytest.mark.expects_log("WARNING")
def test_database_damaged_twice_in_a_second_keeps_both_files(database_path):
    kept = set()
    for content in (b"first " * 300, b"second " * 300):
        database_path.write_bytes(content)
        database = Database.open(database_path)
        assert database.set_aside is not None
        kept.add(database.set_aside.kept_at.read_bytes())
        database.close()
    assert kept == {b"first " * 300, b"second " * 300}


def test_database_undamaged_reports_nothing(database):
    assert database.set_aside is None


def test_database_in_a_missing_folder_raises_a_sentence(tmp_path):
    with pytest.raises(KnownError, match="cannot be used") as caught:
        Database.open(tmp_path / "missing" / "tenantry.db")
    assert "folder" in caught.value.remedy


def test_write_that_raises_leaves_nothing_behind(database):
    with pytest.raises(ZeroDivisionError), database.write() as connection:
        values = ConnectionStore, make_connection("half")
        connection.exec_driver_sql(
            "INSERT INTO connections VALUES ('half', 'l', 'instant', 'u', 'local', 0, NULL, 0, 1, 0)"
        )
        raise ZeroDivisionError(values)
    assert ConnectionStore(database).all() == ()


def test_writes_of_many_threads_are_all_kept(database):
    store = ConnectionStore(database)
    threads = [threading.Thread(target=store.add, args=(make_connection(f"c{n}"),)) for n in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert {each.id for each in store.all()} == {f"c{n}" for n in range(16)}
    with database.read() as connection:
        positions = connection.exec_driver_sql("SELECT position FROM connections ORDER BY position").scalars().all()
    assert positions == list(range(1, 17))


def test_read_sees_one_snapshot_while_another_thread_writes(database):
    with database.read() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM connections").scalar() == 0
        writer = threading.Thread(target=ConnectionStore(database).add, args=(make_connection("new"),))
        writer.start()
        writer.join(30)
        assert connection.exec_driver_sql("SELECT count(*) FROM connections").scalar() == 0
    assert len(ConnectionStore(database).all()) == 1


def test_write_while_another_program_holds_the_file_raises_a_sentence(database_path, monkeypatch):
    monkeypatch.setattr(database_module, "_BUSY_TIMEOUT_S", 0.01)
    database = Database.open(database_path)
    with closing(sqlite3.connect(database_path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(Conflict, match="another window"):
            ConnectionStore(database).add(make_connection("late"))
        other.execute("ROLLBACK")
    database.close()


def test_constraint_that_is_broken_raises_known_errors_without_values(database):
    ConnectionStore(database).add(make_connection("cloud"))
    values = {"connection_id": "gone", "app_id": "a", "text": "hunter2", "fingerprint": "f", "read_at": 1.0}
    with pytest.raises(NotFound) as caught, database.write() as connection:
        connection.execute(insert(tables.schemas).values(**values))
    cause = caught.value.__cause__
    assert "hunter2" not in f"{caught.value.details}{cause}"
    with pytest.raises(Conflict), database.write() as connection:
        connection.exec_driver_sql("INSERT INTO connections SELECT * FROM connections")


@pytest.mark.parametrize(
    ("code", "expected"),
    [(sqlite3.SQLITE_FULL, "disk is full"), (sqlite3.SQLITE_CORRUPT, "is damaged"), (sqlite3.SQLITE_IOERR, "cannot")],
)
def test_failure_of_the_disk_raises_a_sentence(database, code, expected):
    from sqlalchemy import exc

    failure = sqlite3.OperationalError("driver's words")
    failure.sqlite_errorcode = code
    with pytest.raises(KnownError, match=expected) as caught, database.read():
        raise exc.OperationalError("SELECT", None, failure)
    assert caught.value.details == "driver's words"

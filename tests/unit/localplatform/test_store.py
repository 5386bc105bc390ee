from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from app.localplatform.store import Commit, Store
from tests.unit.localplatform.engine import Engine, new_id

WRITER = """
import sys
from pathlib import Path
from app.localplatform.store import Store
from app.localplatform.transact import transact
store = Store(Path(sys.argv[1]))
for number in range(10_000):
    with store.write() as conn:
        ids = ["%08d-0000-4000-8000-%012d" % (number, part) for part in range(5)]
        transact(conn, sys.argv[2], [["update", "notes", one, {"batch": number}] for one in ids])
    print(number, flush=True)
"""


def test_write_that_raises_leaves_nothing_behind(engine: Engine) -> None:
    with pytest.raises(RuntimeError), engine.store.write() as conn:
        conn.execute("INSERT INTO transactions (app_id, created_at) VALUES ('a', 1)")
        raise RuntimeError
    with engine.store.read() as conn:
        assert conn.execute("SELECT count(*) FROM transactions").fetchone() == (0,)


def test_write_inside_write_is_a_bug_and_keeps_the_outer_transaction(engine: Engine) -> None:
    with engine.store.write() as conn:
        conn.execute("INSERT INTO transactions (app_id, created_at) VALUES ('a', 1)")
        with pytest.raises(RuntimeError), engine.store.write():
            pass
    with engine.store.read() as conn:
        assert conn.execute("SELECT count(*) FROM transactions").fetchone() == (1,)


def test_reader_sees_one_snapshot_while_another_thread_writes(engine: Engine) -> None:
    def add() -> None:
        engine.write(["update", "notes", new_id(), {"text": "x"}])

    with engine.store.read() as conn:
        before = conn.execute("SELECT count(*) FROM triples").fetchone()
        thread = threading.Thread(target=add)
        thread.start()
        thread.join(timeout=30)
        assert not thread.is_alive()
        assert conn.execute("SELECT count(*) FROM triples").fetchone() == before
    with engine.store.read() as conn:
        assert conn.execute("SELECT count(*) FROM triples").fetchone() > before


def test_readers_of_many_short_threads_share_few_connections(engine: Engine) -> None:
    def look() -> None:
        with engine.store.read() as conn:
            used.add(id(conn))

    used: set[int] = set()
    for _ in range(20):
        thread = threading.Thread(target=look)
        thread.start()
        thread.join(timeout=30)
    assert len(used) == 1


def test_on_commit_tells_what_changed_once_it_is_committed(engine: Engine) -> None:
    seen: list[tuple[Commit, list[str]]] = []
    stop = engine.store.on_commit(lambda commit: seen.append((commit, engine.values("notes", "text"))))
    result = engine.write(["update", "notes", new_id(), {"text": "x"}])
    stop()
    engine.write(["update", "notes", new_id(), {"text": "y"}])
    assert seen == [(Commit(engine.app_id, result.tx_id, frozenset({"notes"})), ["x"])]


def test_on_commit_after_a_rollback_is_silent(engine: Engine) -> None:
    seen: list[Commit] = []
    engine.store.on_commit(seen.append)
    with pytest.raises(RuntimeError), engine.store.write() as conn:
        engine.store.note_commit(conn, engine.app_id, {"notes"})
        raise RuntimeError
    with engine.store.write():
        pass
    assert seen == []


def test_store_file_is_private_and_durable(engine: Engine) -> None:
    assert engine.store.path.stat().st_mode & 0o777 == 0o600
    with engine.store.read() as conn:
        assert conn.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert conn.execute("PRAGMA synchronous").fetchone() == (2,)


def test_temporary_store_removes_its_folder_when_closed() -> None:
    store = Store(None)
    folder = store.data_dir
    assert folder.exists()
    store.close()
    store.close()
    assert not folder.exists()


def test_store_of_a_killed_process_holds_every_acknowledged_transaction_whole(tmp_path: Path) -> None:
    app_id = new_id()
    command = [sys.executable, "-c", WRITER, str(tmp_path), app_id]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=env) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if int(line) >= 20:
                break
        process.send_signal(signal.SIGKILL)
        acknowledged = max([20, *(int(line) for line in process.stdout)])
    store = Store(tmp_path)
    engine = Engine(store)
    engine.app_id = app_id
    batches = engine.values("notes", "batch")
    store.close()
    counts = {number: batches.count(number) for number in set(batches)}
    assert set(counts.values()) == {5}
    assert set(counts) >= set(range(acknowledged + 1))

"""Rules for all tests: no real profile, no real keyring, no unexpected warnings in the log."""

from __future__ import annotations

import gc
import itertools
import logging
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.postgres_server import PostgresServer, postgres_server

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
pytest_plugins = ["tests.support.crash_traces"]
_MANY_OBJECTS = 50_000
_NUMBERS = itertools.count(1)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--monkey-seconds", type=float, default=20.0, help="how long the monkey is at the window")
    parser.addoption("--monkey-seed", type=int, default=1, help="what it does there")


@pytest.fixture(autouse=True)
def _no_unexpected_log_records(request: pytest.FixtureRequest, caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Fail a test in which anything logged at WARNING or above, unless it is marked with ``expects_log``."""
    yield
    marker = request.node.get_closest_marker("expects_log")
    allowed = logging.getLevelName(str(marker.args[0])) if marker else logging.NOTSET
    records = [record for phase in ("setup", "call") for record in caplog.get_records(phase)]
    unexpected = [
        f"{record.levelname} {record.name}: {record.getMessage()}"
        for record in records
        if record.levelno >= logging.WARNING and record.levelno > allowed
    ]
    if unexpected:
        pytest.fail("unexpected log records:\n" + "\n".join(unexpected), pytrace=False)


@pytest.fixture(autouse=True, scope="session")
def _no_collection_on_other_threads() -> Iterator[None]:
    """As in the program (``ui/program/collector.py``): no thread of the engine may find widgets and destroy them."""
    gc.disable()
    yield
    gc.enable()


@pytest.fixture(autouse=True)
def _collection_between_tests() -> Iterator[None]:
    yield
    if gc.get_count()[0] > _MANY_OBJECTS:
        gc.collect()


@pytest.fixture(autouse=True)
def _throwaway_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Nothing that a test starts may read or write the folders of whoever runs it."""
    home = tmp_path_factory.mktemp("home")
    for name, folder in {
        "HOME": home,
        "XDG_CONFIG_HOME": home / "config",
        "XDG_DATA_HOME": home / "data",
        "XDG_CACHE_HOME": home / "cache",
        "XDG_STATE_HOME": home / "state",
    }.items():
        monkeypatch.setenv(name, str(folder))
    monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS", raising=False)
    return home


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A real PostgreSQL of this test process; each test makes databases of its own in it."""
    with postgres_server() as server:
        yield server


@pytest.fixture
def database(postgres: PostgresServer) -> Iterator[str]:
    """The name of an empty database."""
    name = f"test_{next(_NUMBERS)}"
    postgres.create_database(name)
    yield name
    postgres.drop_database(name)

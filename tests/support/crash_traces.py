"""A test process that dies tells what it did: Python's trace is kept in a file and shown with the results.

pytest writes such a trace to a standard error that nobody may see, and tests of the program's own crash reports take
it for themselves.
"""

from __future__ import annotations

import faulthandler
import os
import shutil
import signal
import tempfile
from pathlib import Path
from typing import IO

import pytest

_FOLDER = "TENANTRY_TEST_TRACES"  # where processes of one run put theirs; they inherit it
_TRACE = pytest.StashKey[IO[bytes]]()
_ENDS = pytest.StashKey[list[str]]()


def pytest_configure(config: pytest.Config) -> None:
    if not is_worker(config):
        os.environ[_FOLDER] = tempfile.mkdtemp(prefix="tenantry-traces-")
        config.stash[_ENDS] = []
    config.stash[_TRACE] = (Path(os.environ[_FOLDER]) / f"{os.getpid()}.txt").open("wb", buffering=0)


def pytest_unconfigure(config: pytest.Config) -> None:
    faulthandler.disable()
    config.stash[_TRACE].close()
    if not is_worker(config):
        shutil.rmtree(os.environ.pop(_FOLDER), ignore_errors=True)


@pytest.fixture(autouse=True)
def _trace_of_a_crash(pytestconfig: pytest.Config) -> None:
    """Before each test: the one before may have taken it for itself."""
    faulthandler.enable(pytestconfig.stash[_TRACE])


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: object, error: object) -> None:
    """pytest-xdist says only that a process is gone, not how it ended."""
    process = getattr(getattr(getattr(node, "gateway", None), "_io", None), "popen", None)
    if error and process is not None:
        end = f"process {process.pid} ended by {_named(process.wait(30))}"
        node.config.stash[_ENDS].append(end)  # type: ignore[attr-defined]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    for end in config.stash[_ENDS]:
        terminalreporter.section(end)
    for trace in sorted(Path(os.environ[_FOLDER]).iterdir()):
        if text := trace.read_text(errors="replace"):
            terminalreporter.section(f"trace of process {trace.stem}")
            terminalreporter.write_line(text)


def is_worker(config: pytest.Config) -> bool:
    return hasattr(config, "workerinput")


def _named(code: int) -> str:
    """Of an exit code as ``subprocess`` gives it: a signal has its number below zero."""
    return signal.Signals(-code).name if code < 0 else f"exit code {code}"

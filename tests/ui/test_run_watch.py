"""Whatever escapes in this run leaves a report: slots, threads, both loops, Qt's last words."""

from __future__ import annotations

import asyncio
import logging
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.storage.paths import Profile
from app.ui.program.run_watch import RunWatch
from app.ui.work.runner import Runner
from tests.ui.shell_fakes import FakeServices, engine_with


@pytest.fixture
def runner(qapp: QApplication) -> Iterator[Runner]:
    runner = Runner(engine_with(FakeServices()))
    runner.open()
    yield runner
    runner.close()
    runner.engine.stop()


@pytest.fixture
def watch(tmp_path: Path, runner: Runner) -> Iterator[RunWatch]:
    profile = Profile.at(tmp_path / "profile")
    profile.make()
    watch = RunWatch(profile, str)
    watch.join(runner)
    yield watch
    watch.end()


def texts(watch: RunWatch) -> str:
    return "\n".join(each.text for each in watch.reports.all())


@pytest.mark.expects_log("ERROR")
def test_error_that_escapes_a_thread_is_reported_and_shown(qtbot: QtBot, watch: RunWatch, runner: Runner) -> None:
    def fail() -> None:
        raise ValueError("in a thread")

    thread = threading.Thread(target=fail, name="helper")
    with qtbot.waitSignal(runner.bug_found) as shown:
        thread.start()
        thread.join()
    assert str(shown.args[0]) == "in a thread"
    assert "in a thread" in texts(watch)
    assert "Where: Thread helper" in texts(watch)
    assert len(watch.reports.all()) == 1


@pytest.mark.expects_log("ERROR")
def test_error_of_work_on_the_engine_is_reported(qtbot: QtBot, watch: RunWatch, runner: Runner) -> None:
    async def fail(_services: object) -> None:
        raise ValueError("on the engine")

    with qtbot.waitSignal(runner.bug_found):
        runner.start(fail, owner=runner, title="Try it")
    assert "on the engine" in texts(watch)
    assert "Where: Try it" in texts(watch)


@pytest.mark.expects_log("ERROR")
def test_error_of_a_task_that_nobody_waits_for_is_reported(watch: RunWatch) -> None:
    async def fail() -> None:
        raise ValueError("in a task")

    async def main() -> None:
        task = asyncio.create_task(fail())
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        del task

    asyncio.run(main())
    assert "in a task" in texts(watch)


def test_watch_ended_gives_the_hooks_back_and_leaves_no_marker(tmp_path: Path, runner: Runner) -> None:
    profile = Profile.at(tmp_path / "other")
    profile.make()
    before = threading.excepthook, sys.unraisablehook, len(logging.getLogger("asyncio").handlers)
    watch = RunWatch(profile, str)
    watch.join(runner)
    watch.end()
    assert (threading.excepthook, sys.unraisablehook, len(logging.getLogger("asyncio").handlers)) == before
    assert list(watch.reports.folder.iterdir()) == []


FATAL = """
import sys
from pathlib import Path
from PySide6.QtCore import QCoreApplication, qFatal, qInstallMessageHandler
from app.storage.paths import Profile
from app.ui.program.run_watch import RunWatch
application = QCoreApplication([])
profile = Profile.at(Path(sys.argv[1]))
profile.make()
watch = RunWatch(profile, str)
qInstallMessageHandler(watch.log_qt)
qFatal("the display went away")
"""


def test_fatal_message_of_qt_is_in_the_report_with_the_trace(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FATAL, str(tmp_path)],
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert done.returncode < 0
    watch = RunWatch(Profile.at(tmp_path), str)
    (report,) = watch.reports.settle()
    watch.end()
    assert report.kind == "crash"
    # As PySide words it where Python asks for it.
    assert "Qt: [A qFatal() call was made" in report.text
    assert "Fatal Python error: Aborted" in report.text

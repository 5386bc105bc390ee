"""The runner: results, errors and cancellation cross from the engine to the UI thread."""

from __future__ import annotations

import asyncio
import threading
import weakref
from collections.abc import Iterator

import pytest
import shiboken6
from PySide6.QtCore import QObject
from pytestqt.qtbot import QtBot

from app.core.activity import ActivityEntry
from app.core.changes import Changes
from app.core.errors import NotFound
from app.ui.work.runner import JobState, ProgressReporter, Runner
from tests.ui.shell_fakes import FakeServices, engine_with


@pytest.fixture
def services() -> FakeServices:
    return FakeServices()


@pytest.fixture
def runner(qtbot: QtBot, services: FakeServices) -> Iterator[Runner]:
    made = Runner(engine_with(services))
    with qtbot.waitSignal(made.ready):
        made.open()
    yield made
    made.close()
    assert made.engine.stop(5)


async def _for_ever(_services: object) -> None:
    await asyncio.Event().wait()


def test_start_with_result_calls_done_on_the_ui_thread(qtbot: QtBot, runner: Runner) -> None:
    seen: list[tuple[int, bool]] = []

    async def work(_: object) -> int:
        assert threading.current_thread() is not threading.main_thread()
        return 7

    is_main = threading.main_thread
    runner.start(
        work,
        owner=runner,
        title="Count",
        done=lambda value: seen.append((value, threading.current_thread() is is_main())),
    )
    qtbot.waitUntil(lambda: bool(seen))
    assert seen == [(7, True)]


def test_start_before_the_engine_runs_waits_for_it(qtbot: QtBot) -> None:
    runner = Runner(engine_with(FakeServices()))
    seen: list[str] = []

    async def work(_: object) -> str:
        return "done"

    runner.start(work, owner=runner, title="Early", done=seen.append)
    runner.open()
    qtbot.waitUntil(lambda: seen == ["done"])
    runner.close()
    assert runner.engine.stop(5)


def test_start_with_known_error_nobody_showed_emits_it(qtbot: QtBot, runner: Runner) -> None:
    async def work(_: object) -> None:
        raise NotFound("It is gone.")

    with qtbot.waitSignal(runner.known_error) as told:
        runner.start(work, owner=runner, title="Look", failed=lambda _: False)
    assert (told.args[0].sentence, told.args[1]) == ("It is gone.", "Look")
    assert runner.jobs()[0].state is JobState.FAILED


def test_start_with_known_error_that_was_shown_stays_silent(qtbot: QtBot, runner: Runner) -> None:
    shown: list[str] = []

    def show(error: object) -> bool:
        shown.append(str(error))
        return True

    async def work(_: object) -> None:
        raise NotFound("It is gone.")

    with qtbot.assertNotEmitted(runner.known_error):
        runner.start(work, owner=runner, title="Look", failed=show)
        qtbot.waitUntil(lambda: shown == ["It is gone."])


@pytest.mark.expects_log("ERROR")
def test_start_with_unexpected_error_logs_and_emits_bug(qtbot: QtBot, runner: Runner) -> None:
    async def work(_: object) -> None:
        raise ZeroDivisionError

    with qtbot.waitSignal(runner.bug_found) as told:
        runner.start(work, owner=runner, title="Divide")
    assert isinstance(told.args[0], ZeroDivisionError)


def test_owner_destroyed_cancels_its_work(qtbot: QtBot, runner: Runner) -> None:
    owner = QObject()
    seen: list[object] = []
    ticket = runner.start(_for_ever, owner=owner, title="Wait", done=seen.append, cancelled=lambda: seen.append("late"))
    owner.deleteLater()
    qtbot.waitUntil(lambda: not ticket.is_running)
    assert seen == []


def test_replaces_cancels_the_older_request_only(qtbot: QtBot, runner: Runner) -> None:
    seen: list[int] = []

    async def quick(_: object) -> int:
        return 2

    older = runner.start(_for_ever, owner=runner, title="Old", replaces="list")
    other = runner.start(_for_ever, owner=runner, title="Other", replaces="tree")
    runner.start(quick, owner=runner, title="New", replaces="list", done=seen.append)
    assert not older.is_running
    qtbot.waitUntil(lambda: seen == [2])
    assert other.is_running


def test_cancel_calls_neither_done_nor_failed(qtbot: QtBot, runner: Runner) -> None:
    seen: list[object] = []
    ticket = runner.start(
        _for_ever, owner=runner, title="Wait", done=seen.append, cancelled=lambda: seen.append("cancelled")
    )
    ticket.cancel()
    assert seen == ["cancelled"]
    assert not ticket.is_running


def test_changes_in_a_burst_arrive_merged(qtbot: QtBot, runner: Runner, services: FakeServices) -> None:
    with qtbot.waitSignal(runner.changed) as told:
        for key in ("c1", "c2"):
            services.hub.publish(Changes(apps=frozenset({key})))
    assert told.args[0].apps == {"c1", "c2"}


def test_activity_arrives_in_order(qtbot: QtBot, runner: Runner, services: FakeServices) -> None:
    entries = tuple(ActivityEntry(float(at), "c1", "GET", "/x", 200, 1.0) for at in range(3))
    with qtbot.waitSignal(runner.activity) as told:
        for entry in entries:
            services.activity.record(entry)
    assert told.args[0] == entries


def test_jobs_after_a_moment_tells_progress(qtbot: QtBot, runner: Runner) -> None:
    reporter = ProgressReporter()
    reporter(type("P", (), {"done": 3, "total": 4, "text": "reading"}))
    runner.start(_for_ever, owner=runner, title="Slow", reporter=reporter)
    assert runner.jobs() == ()
    qtbot.waitUntil(lambda: len(runner.jobs()) == 1, timeout=3000)
    job = runner.jobs()[0]
    assert (job.title, job.done, job.total, job.note) == ("Slow", 3, 4, "reading")


def test_scope_of_a_new_object_at_an_old_address_is_its_own(qtbot: QtBot, runner: Runner) -> None:
    for _ in range(20):
        owner = QObject()
        ticket = runner.start(_for_ever, owner=owner, title="Wait", replaces="same")
        assert ticket.is_running
        shiboken6.delete(owner)
        qtbot.waitUntil(lambda ticket=ticket: not ticket.is_running)


def test_answer_is_let_go_as_soon_as_it_was_handed_over(qtbot: QtBot, runner: Runner) -> None:
    """A table of 100,000 apps must not stay until somebody collects garbage."""

    class Answer:
        pass

    async def work(_: object) -> Answer:
        return Answer()

    seen: list[weakref.ref[Answer]] = []
    runner.start(work, owner=runner, title="Work", done=lambda answer: seen.append(weakref.ref(answer)))
    qtbot.waitUntil(lambda: bool(seen))
    qtbot.waitUntil(lambda: seen[0]() is None)


def test_owner_is_never_held_by_the_engine(qtbot: QtBot, runner: Runner) -> None:
    """Let go of there last, it would be destroyed on the engine's thread."""
    goes_on, is_running = threading.Event(), threading.Event()

    async def work(_: object) -> None:
        is_running.set()
        goes_on.wait(20)

    owner = QObject()
    gone = weakref.ref(owner)
    ticket = runner.start(work, owner=owner, title="Work", done=lambda _none, _owner=owner: None)
    assert is_running.wait(20)
    ticket.cancel()
    try:
        del owner
        assert gone() is None
    finally:
        goes_on.set()


@pytest.mark.expects_log("WARNING")
def test_work_that_holds_a_part_of_the_window_is_told_of(
    qtbot: QtBot, runner: Runner, caplog: pytest.LogCaptureFixture
) -> None:
    async def work(_: object) -> bool:
        return runner.isWidgetType()

    seen: list[bool] = []
    runner.start(work, owner=runner, title="Ask", done=seen.append)
    qtbot.waitUntil(lambda: seen == [False])
    assert "“Ask” takes a Runner to the engine's thread" in caplog.text

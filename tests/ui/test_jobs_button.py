"""The jobs in the toolbar: count, progress, and the menu that stops them."""

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from app.ui.window.jobs_button import JobsButton
from app.ui.work.runner import Job, JobState


def _job(key: int, title: str, done: int = 0, total: int = 0, state: JobState = JobState.RUNNING) -> Job:
    return Job(key, title, state, 1.0, done=done, total=total)


@pytest.fixture
def button(qtbot: QtBot) -> JobsButton:
    made = JobsButton()
    qtbot.addWidget(made)
    made.show()
    return made


def test_nothing_runs_a_click_shows_the_jobs(qtbot: QtBot, button: JobsButton) -> None:
    button.tell((_job(1, "Over", state=JobState.DONE),))
    assert button.text() == "Jobs"
    assert button.share is None
    with qtbot.waitSignal(button.show_requested):
        qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def test_running_jobs_are_counted_with_their_progress_together(button: JobsButton) -> None:
    button.tell((_job(1, "A", 10, 100), _job(2, "B", 50, 100)))
    assert button.text() == "Jobs · 2 running 30 %"
    assert button.accessibleName() == "Jobs: 2 jobs running, 30 %"
    assert button.share == 0.3
    button.tell((_job(1, "A", 10, 100), _job(2, "B")))
    assert button.text() == "Jobs · 2 running"
    assert button.share is None


def test_menu_names_each_running_job_and_cancels_it(qtbot: QtBot, button: JobsButton) -> None:
    button.tell((_job(7, "Push to A & B", 1, 2), _job(8, "Refresh"), _job(9, "Over", state=JobState.FAILED)))
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    menu = button.menu_of_jobs()
    entries = [each for each in menu.actions() if not each.isSeparator()]
    assert [each.text() for each in entries] == ["Show all jobs", "Cancel: Push to A && B   50 %", "Cancel: Refresh"]
    with qtbot.waitSignal(button.cancel_requested) as asked:
        entries[1].trigger()
    assert asked.args == [7]
    menu.close()


def test_painting_shows_the_share(button: JobsButton) -> None:
    button.resize(200, 40)
    button.tell(())
    before = button.grab().toImage()
    button.tell((_job(1, "A", 1, 2),))
    assert button.grab().toImage() != before

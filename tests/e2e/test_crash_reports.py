"""Runs of the real program that do not end as they should, and what the next start makes of them."""

from __future__ import annotations

import asyncio
import os
import signal
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from app.bootstrap import build_services
from app.core.refs import AppRef
from app.schema.draft import Draft
from app.storage.paths import Profile
from tests.support.program import WINDOW_TITLE, Desktop, Program, StartOn, eventually, wait_for_rest, wait_for_samples

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180), pytest.mark.xdist_group("window")]


@pytest.fixture
def start(start_on: StartOn, profile: Profile) -> Callable[[], Program]:
    return lambda: start_on(profile.data_dir.parent)


def close(place: Desktop, program: Program, window: str) -> None:
    place.close_window(window)
    assert program.wait() == 0


def crashes(profile: Profile) -> Path:
    return profile.data_dir / "crashes"


def reports(profile: Profile) -> list[str]:
    return sorted(each.name for each in crashes(profile).glob("*.txt"))


def marker(profile: Profile) -> str:
    path = crashes(profile) / "running.json"
    return path.read_text() if path.exists() else ""


def opened_report(place: Desktop) -> bool:
    """Press the letter of the bar's button once; a button that is pressed again before it was let go waits anew."""
    place.keys("alt+w")
    try:
        eventually(lambda: place.windows("^Crash report$"), "the report", 3)
    except AssertionError:
        return False
    return True


def shown(place: Desktop) -> str:
    """Start to end of the report that is open, as the operator copies it by keyboard."""
    dialog = place.wait_for_window("^Crash report$")
    place.focus(dialog)
    place.clear_clipboard()
    place.keys("alt+c")
    text = eventually(place.clipboard, "the report on the clipboard")
    place.keys("Escape")
    eventually(lambda: not place.windows("^Crash report$"), "the report closed")
    return text


def staged(profile: Profile) -> AppRef:
    """Edits of one of the sample apps, as an earlier run left them."""

    async def stage() -> AppRef:
        services = await build_services(profile)
        try:
            await services.local_platform.start()
            await services.directory.refresh()
            app = next(each for each in services.directory.inventory() if "ada@example" in each.owner)
            ref = AppRef(app.connection_id, app.app_id)
            base = (await services.workshop.open(ref)).base.schema
            draft = Draft(base, base).add_entity("kept_notes")
            await services.workshop.save_draft(ref, draft)
            return ref
        finally:
            await services.aclose()

    return asyncio.run(stage())


def test_start_after_a_proper_end_has_nothing_to_report(place, profile, start):
    first = start()
    window = place.wait_for_window(f"^{WINDOW_TITLE}$")
    eventually(lambda: marker(profile), "the marker of a run")
    close(place, first, window)
    assert list(crashes(profile).iterdir()) == []


@pytest.mark.parametrize(("number", "words"), [(signal.SIGSEGV, "Segmentation fault"), (signal.SIGABRT, "Aborted")])
def test_start_after_a_crash_offers_a_report_with_the_trace(place, profile, start, number, words):
    first = start()
    place.wait_for_window(f"^{WINDOW_TITLE}$")
    eventually(lambda: "OverviewPanel" in marker(profile), "the open tabs noted")
    # The trace of a thread that runs may fail: Python reads what that thread writes at the same time.
    wait_for_samples(profile.data_dir.parent)
    wait_for_rest(first)
    os.kill(first.process.pid, number)
    assert first.wait() == -number
    second = start()
    window = place.wait_for_window(f"^{WINDOW_TITLE}$")
    eventually(lambda: len(reports(profile)) == 1, "the report of the crash")
    (report,) = crashes(profile).glob("*.txt")
    assert stat.S_IMODE(report.stat().st_mode) == 0o600
    place.focus(window)
    eventually(lambda: opened_report(place), "the report from the bar")
    text = shown(place)
    assert f"Fatal Python error: {words}" in text
    assert "Current thread 0x" in text
    assert "Tab 1: OverviewPanel" in text
    close(place, second, window)


def test_start_after_a_kill_offers_the_report_and_the_edits(place, profile, start):
    ref = staged(profile)
    first = start()
    place.wait_for_window(f"^{WINDOW_TITLE}$")
    os.kill(first.process.pid, signal.SIGKILL)
    first.wait()
    second = start()
    window = place.wait_for_window(f"^{WINDOW_TITLE}$")
    eventually(lambda: reports(profile), "the report")

    def open_from_the_bar() -> bool:
        """By keyboard: to the edits, open them; the tab is theirs if it copies the ID of their app."""
        place.focus(window)
        place.clear_clipboard()
        place.keys("alt+k", "space", "ctrl+shift+c")
        return place.clipboard() == ref.app_id

    eventually(open_from_the_bar, "the edits opened from the bar")
    close(place, second, window)

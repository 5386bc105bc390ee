"""A second launch on the same profile: the real program, started twice."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from app.bootstrap import build_services
from app.services.connections import BUILTIN_ID
from app.storage.paths import Profile
from tests.support.program import WINDOW_TITLE, Desktop, Program, StartOn, close, eventually

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180), pytest.mark.xdist_group("window")]

UNKNOWN = "00000000-0000-4000-8000-000000000000"
SCHEMA = """
import { i } from "@instantdb/core";
const _schema = i.schema({ entities: { notes: i.entity({ text: i.string() }) }, links: {}, rooms: {} });
export default _schema;
"""


@pytest.fixture
def profile(tmp_path: Path) -> Path:
    return tmp_path / "profile"


@pytest.fixture
def start(start_on: StartOn, profile: Path) -> Callable[[], Program]:
    return lambda: start_on(profile)


def launch(place: Desktop, profile: Path, *targets: str, env: dict[str, str] | None = None):
    """A second launch, to its end: exit status, what it printed, seconds that it took."""
    started = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "app", "--profile", str(profile), *targets],
        env={**place.env, **(env or {})},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    return done.returncode, done.stdout + done.stderr, time.monotonic() - started


def active(place: Desktop) -> str:
    return place.run("xdotool", "getactivewindow", check=False)


def test_second_launch_raises_the_first_window_and_ends(place, profile, start):
    program = start()
    window = place.wait_for_window(f"^{WINDOW_TITLE}$")
    place.run("xdotool", "windowminimize", "--sync", window)
    status, output, _ = launch(place, profile)
    assert (status, output) == (0, "")
    eventually(lambda: active(place) == window, "the first window in front")
    assert place.windows(f"^{WINDOW_TITLE}$") == [window]
    close(place, program, window)


def test_second_launch_hands_a_schema_file_over(place, profile, start, tmp_path):
    (tmp_path / "my shop.schema.ts").write_text(SCHEMA)
    program = start()
    window = place.wait_for_window(f"^{WINDOW_TITLE}$")
    assert launch(place, profile, (tmp_path / "my shop.schema.ts").as_uri())[:2] == (0, "")
    dialog = place.wait_for_window("^Open my shop.schema.ts$")
    place.focus(dialog)
    place.keys("Escape")
    eventually(lambda: not place.windows("^Open my shop"), "the dialog gone")
    close(place, program, window)


def test_second_launch_for_an_app_that_nobody_knows_leaves_the_window_whole(place, profile, start):
    program = start()
    window = place.wait_for_window(f"^{WINDOW_TITLE}$")
    assert launch(place, profile, f"tenantry://app/{UNKNOWN}")[:2] == (0, "")
    close(place, program, window)


def test_launch_of_what_cannot_be_opened_says_so_and_opens_no_window(place, profile, tmp_path):
    status, output, _ = launch(place, profile, "tenantry://push/everything")
    assert status == 2
    assert "tenantry://app/<app ID>" in output
    status, output, _ = launch(place, profile, str(tmp_path / "gone.sql"))
    assert status == 2
    assert "There is no file" in output
    assert not profile.exists()


def test_launches_at_the_same_moment_leave_exactly_one_window(place, profile, start):
    programs = [start() for _ in range(3)]
    window = place.wait_for_window(f"^{WINDOW_TITLE}$")
    eventually(lambda: sum(each.process.poll() is None for each in programs) == 1, "all but one to end")
    assert place.windows(f"^{WINDOW_TITLE}$") == [window]
    (first,) = [each for each in programs if each.process.poll() is None]
    assert [each.process.returncode for each in programs if each is not first] == [0, 0]
    close(place, first, window)


def test_launch_after_the_first_one_was_killed_opens_a_window(place, profile, start):
    first = start()
    place.wait_for_window(f"^{WINDOW_TITLE}$")
    os.kill(first.process.pid, signal.SIGKILL)
    first.wait()
    second = start()
    window = place.wait_for_window(f"^{WINDOW_TITLE}$")
    close(place, second, window)


def test_launch_while_the_first_one_is_ending_opens_a_window_of_its_own(place, profile, start):
    first = start()
    window = place.wait_for_window(f"^{WINDOW_TITLE}$")
    place.ask_to_close(window)
    second = start()
    assert first.wait() == 0
    again = place.wait_for_window(f"^{WINDOW_TITLE}$")
    assert second.process.poll() is None
    close(place, second, again)


def test_launch_with_an_app_opens_its_tab_and_so_does_a_second_one(place, seeded, start_on, tmp_path):
    """The first with the window's own start, the second handed over; each tab copies the ID of its app."""
    shutil.copytree(seeded, tmp_path / "profile", ignore=shutil.ignore_patterns("port"))
    first, second = app_ids(tmp_path / "profile")[:2]
    program = start_on(tmp_path / "profile", targets=(f"tenantry://app/{first}",))
    window = place.wait_for_window(f"^{WINDOW_TITLE}$")
    eventually(lambda: copied_id(place, window) == first, "the tab of the app")
    assert launch(place, tmp_path / "profile", f"tenantry://app/{second}")[:2] == (0, "")
    eventually(lambda: copied_id(place, window) == second, "the tab of the other app")
    close(place, program, window)


def copied_id(place: Desktop, window: str) -> str:
    place.focus(window)
    place.clear_clipboard()
    place.keys("ctrl+shift+c")
    return place.clipboard()


def app_ids(profile: Path) -> list[str]:
    """Of the sample apps, asked of the platform; the profile's own list stays as empty as it was."""

    async def ask() -> list[str]:
        services = await build_services(Profile.at(profile), opens=False)
        try:
            await services.local_platform.start()
            client = await services.lifecycle._clients.get(BUILTIN_ID)
            return [each.app_id for each in await client.list_apps()]
        finally:
            await services.aclose()

    return asyncio.run(ask())

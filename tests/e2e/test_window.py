"""The real program in a real window under Xvfb, driven by keys and mouse, with a throwaway profile."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.local_platform import call_platform
from tests.support.program import WINDOW_TITLE, Desktop, Program, StartOn, close, eventually, wait_for_samples

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180), pytest.mark.xdist_group("window")]

TOKEN = "per_" + "5e" * 32
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@pytest.fixture
def profile(tmp_path: Path) -> Path:
    return tmp_path / "profile"


@pytest.fixture
def start(start_on: StartOn, profile: Path) -> Callable[[], Program]:
    return lambda: start_on(profile, TOKEN)


def platform_apps(profile: Path) -> dict[str, str]:
    """Titles by app ID, asked of the local platform itself; empty while it is not there yet."""
    try:
        return {each["id"]: each["title"] for each in call_platform(profile, TOKEN, "/superadmin/apps")["apps"]}
    except (OSError, ValueError):
        return {}


def open_on_samples(place: Desktop, profile: Path, start) -> tuple[Program, str]:
    program = start()
    window = place.wait_for_window(f"^{WINDOW_TITLE}$")
    wait_for_samples(profile)
    place.focus(window)
    return program, window


def copied_app_id(place: Desktop, query: str) -> str:
    """Filter the list by keyboard, go to its first row, copy: an app ID, or "" where nothing was copied."""
    # What an earlier copy left would pass for this one, with the focus still in the filter.
    place.clear_clipboard()
    place.keys("ctrl+f", "ctrl+a")
    place.type(query)
    place.keys("Down", "ctrl+c")
    text = place.clipboard()
    return text if UUID.fullmatch(text) else ""


def opened_dialog(place: Desktop, key: str, title: str) -> str:
    place.keys(key)
    dialog = place.wait_for_window(title)
    place.focus(dialog)
    return dialog


def test_window_on_a_fresh_profile_lists_sample_apps_and_copies_an_id_by_keyboard(place, profile, start):
    program, window = open_on_samples(place, profile, start)
    app_id = eventually(lambda: copied_app_id(place, "ada@example"), "an app ID on the clipboard")
    assert app_id in platform_apps(profile)
    close(place, program, window)


def test_window_clicked_on_an_app_id_copies_it(place, profile, start):
    program, window = open_on_samples(place, profile, start)
    wanted = eventually(lambda: copied_app_id(place, "ada@example"), "an app ID on the clipboard")
    place.clear_clipboard()
    left, top, _, _ = place.geometry(window)

    def click_downwards() -> bool:
        """The list has one row; where exactly it starts is the style's business."""
        for y in range(330, 640, 12):
            place.click(left + 620, top + y)
            if place.clipboard() == wanted:
                return True
        return False

    eventually(click_downwards, "the click to copy the app ID", 60)
    close(place, program, window)


def test_window_creates_renames_and_deletes_an_app_by_keyboard(place, profile, start):
    program, window = open_on_samples(place, profile, start)
    title, new_title = "Made by hand", "Renamed by hand"
    place.keys("ctrl+n")
    dialog = place.wait_for_window("^New app")
    place.focus(dialog)
    place.type(title)
    place.keys("Return")
    eventually(lambda: title in platform_apps(profile).values(), "the new app on the platform")
    eventually(lambda: not place.windows("^New app"), "the dialog to close")
    place.focus(window)
    app_id = eventually(lambda: copied_app_id(place, title), "the new app in the list")
    assert platform_apps(profile)[app_id] == title

    opened_dialog(place, "F2", "^Rename")
    place.keys("ctrl+a")
    place.type(new_title)
    place.keys("Return")
    eventually(lambda: platform_apps(profile).get(app_id) == new_title, "the new title on the platform")
    eventually(lambda: not place.windows("^Rename"), "the dialog to close")

    place.focus(window)
    eventually(lambda: copied_app_id(place, new_title) == app_id, "the renamed app in the list")
    opened_dialog(place, "Delete", "^Delete")
    place.keys("alt+d")
    eventually(lambda: app_id not in platform_apps(profile), "the app to be gone")
    close(place, program, window)


def test_window_closed_and_opened_again_keeps_its_place_and_ends_its_platform(place, profile, start):
    program, window = open_on_samples(place, profile, start)
    place.run("xdotool", "windowsize", "--sync", window, "1111", "777")
    eventually(lambda: place.geometry(window)[2:] == (1111, 777), "the new size")
    close(place, program, window)
    eventually(lambda: not platform_apps(profile), "the local platform to end", 10)

    again = start()
    window = place.wait_for_window(f"^{WINDOW_TITLE}$")
    eventually(lambda: place.geometry(window)[2:] == (1111, 777), "the size of the last time")
    close(place, again, window)


def test_window_closed_at_once_ends_cleanly(place, profile, start):
    program = start()
    window = place.wait_for_window(f"^{WINDOW_TITLE}$")
    close(place, program, window)


def test_window_asked_by_signal_to_end_ends_cleanly(place, profile, start):
    program, _ = open_on_samples(place, profile, start)
    program.process.terminate()
    assert program.wait() == 0

"""The real program in a real window under Xvfb, driven by keys and mouse, with a throwaway profile."""

from __future__ import annotations

import json
import re
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.program import WINDOW_TITLE, Desktop, Program, desktop, eventually

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180), pytest.mark.xdist_group("window")]

TOKEN = "per_" + "5e" * 32
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@pytest.fixture(scope="module")
def place() -> Iterator[Desktop]:
    with desktop() as shown:
        yield shown


@pytest.fixture
def profile(tmp_path: Path) -> Path:
    return tmp_path / "profile"


@pytest.fixture
def start(place: Desktop, profile: Path) -> Iterator[object]:
    """Starts the program on the profile; what is left running at the end is killed."""
    running: list[Program] = []

    def start_program() -> Program:
        running.append(Program(place, profile, {"TENANTRY_LOCAL_PLATFORM_TOKEN": TOKEN}))
        return running[-1]

    yield start_program
    for program in running:
        program.kill()


def platform_apps(profile: Path) -> dict[str, str]:
    """Titles by app ID, asked of the local platform itself; empty while it is not there yet."""
    port = profile / "data" / "local-platform" / "port"
    try:
        address = f"http://127.0.0.1:{port.read_text().strip()}/superadmin/apps"
        request = urllib.request.Request(address, headers={"Authorization": f"Bearer {TOKEN}"})
        with urllib.request.urlopen(request, timeout=5) as answer:
            return {each["id"]: each["title"] for each in json.load(answer)["apps"]}
    except (OSError, ValueError):
        return {}


def samples_are_there(profile: Path) -> bool:
    return (profile / "data" / "local-platform" / "sample-data.json").exists()


def open_on_samples(place: Desktop, profile: Path, start) -> tuple[Program, str]:
    program = start()
    window = place.wait_for_window(f"^{WINDOW_TITLE}$")
    eventually(lambda: samples_are_there(profile), "the sample data")
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


def close(place: Desktop, program: Program, window: str) -> None:
    place.close_window(window)
    assert program.wait() == 0
    assert program.output == ""


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

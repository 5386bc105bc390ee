"""Jumping to an entity, and the tabs of the last time, in the real window over the real local platform."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.support.program import WINDOW_TITLE, Desktop, Program, desktop, eventually

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240), pytest.mark.xdist_group("window")]

TOKEN = "per_" + "7a" * 32
OWNER = "bela@example"


@pytest.fixture(scope="module")
def place() -> Iterator[Desktop]:
    with desktop() as shown:
        yield shown


@pytest.fixture
def start(place: Desktop, tmp_path: Path) -> Iterator[object]:
    """Starts the program on a profile of its own; what is left running at the end is killed."""
    running: list[Program] = []

    def start_program() -> Program:
        running.append(Program(place, tmp_path / "profile", {"TENANTRY_LOCAL_PLATFORM_TOKEN": TOKEN}))
        return running[-1]

    yield start_program
    for program in running:
        program.kill()


def asked(profile: Path, query: str) -> list[tuple[str, ...]]:
    """Of the local database; nothing while that is not there yet."""
    try:
        with closing(sqlite3.connect(f"{(profile / 'data' / 'tenantry.db').as_uri()}?mode=ro", uri=True)) as database:
            return database.execute(query).fetchall()
    except sqlite3.OperationalError:
        return []


def copied(place: Desktop, keys: str = "ctrl+shift+c") -> str:
    """The ID of the app that commands are about: that of the tab in front; or what other keys copy."""
    place.clear_clipboard()
    place.keys(keys)
    return place.clipboard()


def test_owner_and_a_dot_open_an_entity_and_its_tab_comes_back_at_the_next_start(place, start, tmp_path):
    profile = tmp_path / "profile"
    program = start()
    window = place.wait_for_window(f"^{WINDOW_TITLE}$")
    # Nobody opened an app: the first look at the platform has told what is in each.
    named = "SELECT apps.app_id FROM apps JOIN app_names USING (connection_id, app_id) WHERE owner LIKE 'bela@%'"
    app_id = eventually(lambda: asked(profile, named), "the names of the sample apps")[0][0]
    place.focus(window)
    palette = place.open_by(lambda: place.keys("ctrl+k"), "^Jump to")
    place.focus(palette)
    place.type(f"{OWNER}.messages.sent")
    place.keys("Return")
    eventually(lambda: not place.windows("^Jump to"), "the palette to close")
    place.focus(window)
    eventually(lambda: copied(place, "ctrl+c").startswith("sentAt\t"), "the attribute, with the keyboard on it")
    eventually(lambda: copied(place) == app_id, "the tab of the app")
    place.keys("alt+Left")
    eventually(lambda: copied(place) != app_id, "the overview")
    place.keys("alt+Right")
    eventually(lambda: copied(place) == app_id, "the tab of the app again")
    place.close_window(window)
    assert program.wait() == 0
    assert program.output == ""

    again = start()
    window = place.wait_for_window(f"^{WINDOW_TITLE}$")
    place.focus(window)
    eventually(lambda: copied(place) == app_id, "the tab of the last time")
    place.keys("ctrl+w")
    eventually(lambda: copied(place) != app_id, "the tab to be closed")
    place.keys("ctrl+shift+y")
    eventually(lambda: copied(place) == app_id, "the tab to be opened again")
    place.close_window(window)
    assert again.wait() == 0
    assert again.output == ""

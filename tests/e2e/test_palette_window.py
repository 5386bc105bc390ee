"""Jumping to an entity, and the tabs of the last time, in the real window over the real local platform."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.support.program import WINDOW_TITLE, Desktop, Program, StartOn, close, eventually

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240), pytest.mark.xdist_group("window")]

TOKEN = "per_" + "7a" * 32
OWNER = "bela@example"


@pytest.fixture
def start(start_on: StartOn, tmp_path: Path) -> Callable[[], Program]:
    return lambda: start_on(tmp_path / "profile", TOKEN)


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
    close(place, program, window)

    again = start()
    window = place.wait_for_window(f"^{WINDOW_TITLE}$")
    place.focus(window)
    eventually(lambda: copied(place) == app_id, "the tab of the last time")
    place.keys("ctrl+w")
    eventually(lambda: copied(place) != app_id, "the tab to be closed")
    place.keys("ctrl+shift+y")
    eventually(lambda: copied(place) == app_id, "the tab to be opened again")
    close(place, again, window)

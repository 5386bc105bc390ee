"""Users, agents, templates, tasks and reconciliation in the real window, by keyboard alone."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app.bootstrap import build_services
from app.services.connections import BUILTIN_ID
from app.services.sample_data import FOUNDATION_APP_ID
from app.storage.paths import Profile
from tests.support.local_platform import call_platform
from tests.support.program import WINDOW_TITLE, Desktop, StartOn, close, eventually, wait_for_samples

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240), pytest.mark.xdist_group("window")]

TOKEN = "per_" + "7a" * 32
USERS, TASKS, RECONCILE = "ctrl+shift+u", "ctrl+shift+k", "ctrl+shift+r"


class Shown:
    """The program's window, and its local platform asked behind its back."""

    def __init__(self, place: Desktop, start_on: StartOn, profile: Path) -> None:
        self.place, self.profile = place, profile
        self.program = start_on(profile, TOKEN)
        self.window = ""

    def wait(self) -> None:
        self.window = self.place.wait_for_window(f"^{WINDOW_TITLE}$")
        wait_for_samples(self.profile)
        self.place.focus(self.window)

    def close(self) -> None:
        close(self.place, self.program, self.window)

    # What the platform has

    def _call(self, path: str, app_id: str, body: object = None) -> Any:
        return call_platform(self.profile, TOKEN, path, app_id, body)

    def entities(self, app_id: str) -> dict[str, set[str]]:
        blobs = self._call(f"/superadmin/apps/{app_id}/schema", app_id)["schema"]["blobs"]
        return {name: set(attributes) for name, attributes in blobs.items() if not name.startswith("$")}

    def linked(self, entity: str, where: dict[str, str], label: str, name: str) -> list[str]:
        """What the registry has at the end of a link."""
        query = {entity: {"$": {"where": where}, label: {}}}
        (row,) = self._call("/admin/query", FOUNDATION_APP_ID, {"query": query})[entity]
        return [each[name] for each in row[label]]

    def apps_of(self, email: str) -> list[str]:
        return self.linked("$users", {"email": email}, "app", "appid")

    def databases_of(self, title: str) -> list[str]:
        return self.linked("tasks", {"title": title}, "mainDatabase", "instantAppId")

    # What a person does

    def copied(self, *keys: str) -> str:
        self.place.clear_clipboard()
        self.place.keys(*keys, "ctrl+c")
        return self.place.clipboard()

    def go_to_row(self, page: str, query: str) -> None:
        """The page's search box has the keyboard at first."""
        self.place.focus(self.window)
        self.place.keys(page, "ctrl+a")
        self.place.type(query)
        self.place.keys("Down")

    def wait_for_rows(self, page: str, query: str) -> None:
        """A row that has an app ID says that the page has been read."""

        def look() -> bool:
            self.go_to_row(page, query)
            return self.copied().count("-") == 4

        eventually(look, f"the row of {query}")

    def open_with(self, press: Callable[[], None], title: str) -> None:
        def look() -> bool:
            press()
            try:
                eventually(lambda: self.place.windows(title), title, 4)
            except AssertionError:
                # A menu may be in the way.
                self.place.keys("Escape")
                return False
            return True

        eventually(look, f"a window named {title}", 40)
        self.place.focus(self.place.wait_for_window(title))

    def open_first_entry(self, page: str, query: str, title: str) -> None:
        """The first that the row's menu allows."""

        def press() -> None:
            self.go_to_row(page, query)
            self.place.keys("Menu", "Down", "Return")

        self.open_with(press, title)

    def answer(self, title: str, *keys: str) -> None:
        """Once: after the dialog is gone the keys would be the window's."""
        self.place.keys(*keys)
        eventually(lambda: not self.place.windows(title), f"{title} to close")
        self.place.focus(self.window)

    def act_until(self, title: str, keys: tuple[str, ...], then: str) -> None:
        def look() -> bool:
            if self.place.windows(then):
                return True
            if found := self.place.windows(title):
                self.place.run("xdotool", "windowactivate", "--sync", found[-1], check=False)
                self.place.keys(*keys)
            return False

        eventually(look, f"{then} after {title}", 60)
        self.place.focus(self.place.wait_for_window(then))


@pytest.fixture
def shown(place: Desktop, start_on: StartOn, tmp_path: Path) -> Shown:
    made = Shown(place, start_on, tmp_path / "profile")
    made.wait()
    return made


def test_user_gets_an_app_with_an_agent_of_its_own_that_another_user_gets_as_a_template(place, shown):
    title = "Lists and todos"
    shown.wait_for_rows(USERS, "ada@example.com")
    shown.open_first_entry(USERS, "kaito@example.com", "^Create app for a user")
    eventually(lambda: shown.copied() == "Todo", "the template Todo")
    shown.answer("^Create app for a user", "Return")
    (app_id,) = eventually(lambda: shown.apps_of("kaito@example.com"), "the app of the user")
    todo = shown.entities(app_id)
    assert "todos" in todo

    eventually(lambda: shown.copied() == app_id, "the app in the list")

    def open_and_add() -> None:
        # The list may know the app's ID a moment before it knows the app.
        shown.go_to_row(USERS, "kaito@example.com")
        place.keys("Return", "ctrl+shift+g")

    shown.open_with(open_and_add, "^Add agent to")
    place.type("lists")
    eventually(lambda: shown.copied("ctrl+a") == "lists", "the name of the agent")
    place.keys("alt+f")
    eventually(lambda: not shown.copied("ctrl+a"), "a field without a name yet")
    place.type("caption")
    shown.act_until("^Add agent to", ("ctrl+Return",), "^Review changes")
    shown.act_until("^Review changes", ("ctrl+Return",), "^Pushed")
    shown.answer("^Pushed", "Return")
    wanted = shown.entities(app_id)
    assert set(wanted) == {*todo, "lists"}
    assert "caption" in wanted["lists"]

    def find_action() -> None:
        place.keys("ctrl+k", "ctrl+a")
        place.type("save app as")
        place.keys("Return")

    shown.open_with(find_action, "^Save as template")
    place.type(title)
    kept = shown.profile / "data" / "templates" / "lists-and-todos.json"

    def save() -> bool:
        # Nothing happens before the schema is there.
        if not kept.exists() and place.windows("^Save as template"):
            place.keys("Return")
        return kept.exists()

    eventually(save, "the template")
    eventually(lambda: not place.windows("^Save as template"), "the dialog to close")

    shown.open_first_entry(USERS, "lena@example.com", "^Create app for a user")
    eventually(lambda: shown.copied("End") == title, "the new template")
    shown.answer("^Create app for a user", "Return")
    (other_id,) = eventually(lambda: shown.apps_of("lena@example.com"), "the app of the other user")
    assert other_id != app_id
    assert shown.entities(other_id) == wanted
    shown.close()


def test_task_gets_a_database_whose_app_id_is_copied(place, shown):
    task = "Read in the old archive"
    shown.wait_for_rows(TASKS, "survey answers")
    assert shown.databases_of(task) == []
    shown.open_first_entry(TASKS, task, "^Create a database")
    shown.answer("^Create a database", "Return")
    app_id = eventually(shown.copied, "the app ID of the database")
    assert shown.databases_of(task) == [app_id]
    assert shown.entities(app_id) == {}
    shown.close()


def test_every_finding_is_mended(place, shown):
    place.keys(RECONCILE)
    eventually(lambda: shown.copied(RECONCILE, "Home").startswith("Entries whose app"), "the findings")
    # Whom the app belongs to has to be said first.
    eventually(lambda: _found(shown, "Spring").startswith("Spring demo"), "the app that nobody owns")
    place.keys("Tab", "Tab", "Tab", "Tab", "Down")
    # Back to the findings, and from there to all of them and to the preview.
    place.keys(RECONCILE, "shift+Tab", "space")
    shown.open_with(lambda: place.keys(RECONCILE, "shift+Tab", "space"), "^Mend")
    place.keys("alt+i")
    shown.act_until("^Mend", ("alt+m", "alt+r"), "^Review changes")
    place.keys("alt+i")
    shown.act_until("^Review changes", ("ctrl+Return",), "^Pushed")
    shown.answer("^Pushed", "Return")
    if dialog := place.windows("^Mend"):
        place.focus(dialog[-1])
        shown.answer("^Mend", "Escape")
    shown.close()
    found = asyncio.run(_checked(shown.profile))
    assert found.is_well, found.findings


def _found(shown: Shown, text: str) -> str:
    shown.place.keys(RECONCILE)
    shown.place.type(text)
    return shown.copied()


async def _checked(profile: Path) -> Any:
    services = await build_services(Profile.at(profile), opens=False)
    try:
        await services.local_platform.start()
        await services.directory.refresh([BUILTIN_ID])
        return await services.reconciler.check(BUILTIN_ID, tokens=True)
    finally:
        await services.aclose()

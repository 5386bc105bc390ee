"""A schema edited, pushed and taken back in the real window, by keyboard alone; the platform's rows are intact."""

from __future__ import annotations

import sqlite3
import uuid
from pathlib import Path
from typing import Any

import pytest

from app.core.refs import AppRef
from app.schema.draft import Draft
from app.services.connections import BUILTIN_ID
from app.services.workshop_json import draft_from_texts
from app.storage.workshop_stores import unpack
from tests.support.local_platform import call_platform
from tests.support.program import WINDOW_TITLE, Desktop, Program, StartOn, eventually, wait_for_samples

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240), pytest.mark.xdist_group("window")]

TOKEN = "per_" + "6f" * 32
OWNER = "bela@example"


class Tenant:
    """One app of the local platform, asked behind the program's back."""

    def __init__(self, profile: Path, app_id: str) -> None:
        self.profile, self.app_id = profile, app_id

    def _call(self, path: str, body: object = None) -> Any:
        return call_platform(self.profile, TOKEN, path, self.app_id, body)

    def entities(self) -> dict[str, set[str]]:
        blobs = self._call(f"/superadmin/apps/{self.app_id}/schema")["schema"]["blobs"]
        return {name: set(attributes) - {"id"} for name, attributes in blobs.items()}

    def links(self) -> set[tuple[str, str]]:
        refs = self._call(f"/superadmin/apps/{self.app_id}/schema")["schema"]["refs"].values()
        return {tuple(each["forward-identity"][1:]) for each in refs}

    def write(self, entity: str, rows: list[dict[str, object]]) -> None:
        steps = [["create", entity, str(uuid.uuid4()), row] for row in rows]
        self._call("/admin/transact", {"steps": steps})

    def rows(self, entity: str) -> list[dict[str, Any]]:
        return self._call("/admin/query", {"query": {entity: {}}})[entity]

    def draft(self) -> Draft | None:
        """What the program has kept of the staged edits."""
        database = sqlite3.connect(self.profile / "data" / "tenantry.db")
        try:
            found = database.execute("SELECT base, edits FROM drafts WHERE app_id = ?", (self.app_id,)).fetchone()
        except sqlite3.OperationalError:
            return None
        finally:
            database.close()
        return None if found is None else draft_from_texts(unpack(found[0]), unpack(found[1]))

    def staged(self) -> set[str]:
        draft = self.draft()
        return {step.describe() for step in draft.plan().steps} if draft is not None else set()


@pytest.fixture
def opened(place: Desktop, start_on: StartOn, tmp_path: Path) -> tuple[Program, str, Tenant]:
    """The program with a tenant's tab in front."""
    profile = tmp_path / "profile"
    program = start_on(profile, TOKEN)
    window = place.wait_for_window(f"^{WINDOW_TITLE}$")
    wait_for_samples(profile)
    place.focus(window)
    app_id = eventually(lambda: _copied(place), "the tenant in the list")
    place.keys("Return")
    return program, window, Tenant(profile, app_id)


def _copied(place: Desktop) -> str:
    place.clear_clipboard()
    place.keys("ctrl+f", "ctrl+a")
    place.type(OWNER)
    place.keys("Down", "ctrl+c")
    text = place.clipboard()
    return text if AppRef(BUILTIN_ID, text) and text.count("-") == 4 else ""


def _stage(place: Desktop, tenant: Tenant, keys: tuple[str, ...], text: str, wanted: str) -> None:
    """Press, type, Enter, until the edit is among those that were kept."""
    place.keys(*keys)
    if text:
        place.keys("ctrl+a")
        place.type(text)
        place.keys("Return")
    eventually(lambda: any(wanted in each for each in tenant.staged()), f"{wanted!r} among {tenant.staged()}")


def _first_entity(place: Desktop, tenant: Tenant) -> None:
    """The key does nothing until the schema is there."""

    def press() -> bool:
        if any("Add the entity" in each for each in tenant.staged()):
            return True
        place.keys("ctrl+shift+t")
        try:
            eventually(lambda: any("Add the entity" in each for each in tenant.staged()), "the entity", 3)
        except AssertionError:
            return False
        return True

    eventually(press, "a new entity", 60)


def test_schema_is_edited_pushed_and_taken_back_by_keyboard(place, opened):
    program, window, tenant = opened
    before = tenant.entities()
    links_before = tenant.links()
    tenant.write("users", [{"handle": f"person-{number}", "name": f"Name {number}"} for number in range(3)])
    names = sorted(row["name"] for row in tenant.rows("users"))

    _first_entity(place, tenant)
    place.keys("ctrl+a")
    place.type("invoices")
    place.keys("Return")
    eventually(lambda: any("entity invoices" in each for each in tenant.staged()), "the entity's name")
    for name in ("number", "total", "due"):
        place.keys("ctrl+shift+a", "ctrl+a")
        place.type(name)
        place.keys("Return")
        eventually(lambda name=name: _has_attribute(tenant, "invoices", name), f"the attribute {name}")
    _stage(place, tenant, ("ctrl+l",), "payer", "invoices.payer")
    # Find-in-schema goes to the attribute; F2 renames it.
    place.keys("ctrl+shift+f")
    place.type("users.name")
    place.keys("Return")
    eventually(lambda: _copied_part(place).startswith("name"), "the attribute in the grid")
    place.keys("F2", "ctrl+a")
    place.type("fullName")
    place.keys("Return")
    eventually(lambda: any("users.name to fullName" in each for each in tenant.staged()), "the rename")

    place.keys("ctrl+Return")
    place.act_until("^Review changes", ("ctrl+Return",), "^Pushed$")
    assert tenant.entities()["invoices"] == {"number", "total", "due"}
    assert ("invoices", "payer") in tenant.links()
    assert tenant.entities()["users"] == before["users"] - {"name"} | {"fullName"}
    assert sorted(row["fullName"] for row in tenant.rows("users")) == names
    assert tenant.draft() is None
    place.act_until("^Pushed$", ("Return",), "")

    place.focus(window)
    place.keys("ctrl+h")
    place.act_until("^History", ("alt+u",), "^Undo push")
    # It removes what was added: that is looked at first.
    place.focus(place.wait_for_window("^Undo push"))
    place.act_until("^Undo push", ("ctrl+Return", "alt+i"), "^Undone$")
    assert tenant.entities() == before
    assert tenant.links() == links_before
    assert sorted(row["name"] for row in tenant.rows("users")) == names
    assert program.process.poll() is None


def _copied_part(place: Desktop) -> str:
    place.clear_clipboard()
    place.keys("ctrl+c")
    return place.clipboard()


def _has_attribute(tenant: Tenant, entity: str, name: str) -> bool:
    draft = tenant.draft()
    found = draft.wanted.entity(entity) if draft is not None else None
    return found is not None and found.attribute(name) is not None

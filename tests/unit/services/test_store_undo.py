"""Putting pointers back as they were, on SQLite files with the real client; passwords with stores that only listen."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from app.core.errors import Conflict, NotFound, ReadOnly
from app.core.secret import Secret
from app.services.store_undo import StoreUndo
from app.services.store_words import StoreRow, Workspace
from tests.support.store_services import MAIN, opened_stores
from tests.support.store_world import hosted_files, insert, uid


def rows(dsn: str, columns: str = "*") -> list[Any]:
    connection = sqlite3.connect(dsn.removeprefix("sqlite:///"))
    try:
        return connection.execute(f"SELECT {columns} FROM workspace_apps ORDER BY id").fetchall()  # noqa: S608
    finally:
        connection.close()


def execute(dsn: str, script: str) -> None:
    connection = sqlite3.connect(dsn.removeprefix("sqlite:///"))
    connection.executescript(script)
    connection.close()


async def test_replaced_pointer_is_put_back(tmp_path: Path) -> None:
    world = hosted_files(tmp_path)
    first, second = world.workspace_ids[:2]
    before = rows(world.main_dsn, "id, workspace_id, database_url, status")
    async with opened_stores(world) as opened:
        undo = opened.stores.undo
        assert not undo.is_possible(MAIN, first)
        await opened.stores.set_store(MAIN, first, world.stores[second], None, "none")
        assert undo.is_possible(MAIN, first)
        change = await undo.describe(MAIN, first)
        assert "in place of" in change.sentences[0]
        assert rows(world.main_dsn, "id, workspace_id, database_url, status") != before
        found = await undo.put_back(MAIN, first)
        assert found is not None
        assert found.app_id == world.stores[first].removeprefix("sqlite:///")
        assert [each[4] for each in opened.audit[-2:]] == ["set store", "set store"]
    assert rows(world.main_dsn, "id, workspace_id, database_url, status") == before


async def test_pointer_that_was_none_is_none_again(tmp_path: Path) -> None:
    world = hosted_files(tmp_path, has_findings=True)
    before = rows(world.main_dsn)
    async with opened_stores(world) as opened:
        await opened.stores.set_store(MAIN, world.homeless, world.orphan_store, None, "none")
        assert await opened.stores.undo.put_back(MAIN, world.homeless) is None
    assert rows(world.main_dsn) == before


async def test_removed_pointer_of_a_row_that_says_nothing_else_is_put_back(tmp_path: Path) -> None:
    world = hosted_files(tmp_path)
    key = world.workspace_ids[0]
    execute(world.main_dsn, "UPDATE workspace_apps SET status = '', updated_at = ''")
    async with opened_stores(world) as opened:
        await opened.stores.clear_store(MAIN, key)
        found = await opened.stores.undo.put_back(MAIN, key)
    assert found is not None
    assert found.dsn_text == world.stores[key]


async def test_what_cannot_be_put_back_as_it_was_is_not_offered(tmp_path: Path) -> None:
    world = hosted_files(tmp_path, has_findings=True)
    first, second = world.workspace_ids[:2]
    columns = "id, workspace_id, database_url"
    execute(world.main_dsn, insert("workspace_apps", uid("empty"), world.homeless, "", columns=columns))
    async with opened_stores(world) as opened:
        # Other values of the row went with it.
        await opened.stores.set_store(MAIN, first, world.stores[second], None, "none")
        await opened.stores.clear_store(MAIN, first)
        assert not opened.stores.undo.is_possible(MAIN, first)
        # A row that was there already would be deleted.
        await opened.stores.set_store(MAIN, world.homeless, world.orphan_store, None, "none")
        assert not opened.stores.undo.is_possible(MAIN, world.homeless)
        with pytest.raises(NotFound):
            await opened.stores.undo.put_back(MAIN, world.homeless)


async def test_pointer_that_somebody_changed_since_stays(tmp_path: Path) -> None:
    world = hosted_files(tmp_path)
    first, second, third = world.workspace_ids[:3]
    async with opened_stores(world) as opened:
        await opened.stores.set_store(MAIN, first, world.stores[second], None, "none")
        script = f"UPDATE workspace_apps SET database_url = '{world.stores[third]}' WHERE workspace_id = '{first}'"
        execute(world.main_dsn, script)
        kept = rows(world.main_dsn)
        with pytest.raises(Conflict, match="points elsewhere by now"):
            await opened.stores.undo.put_back(MAIN, first)
    assert rows(world.main_dsn) == kept


async def test_store_that_tenantry_alone_keeps_is_put_back(tmp_path: Path) -> None:
    world = hosted_files(tmp_path)
    first, second = world.workspace_ids[:2]
    execute(world.main_dsn, f"UPDATE workspace_apps SET database_url = '{'deadbeef' * 8}'")
    kept = rows(world.main_dsn)
    async with opened_stores(world) as opened:
        await opened.stores.set_store(MAIN, first, world.stores[first], None, "none")
        assert not opened.stores.undo.is_possible(MAIN, first)
        own = await opened.stores.set_store(MAIN, first, world.stores[second], None, "none")
        assert own.is_own
        found = await opened.stores.undo.put_back(MAIN, first)
        assert found is not None
        assert found.dsn_text == world.stores[first]
        await opened.stores.clear_store(MAIN, first)
        again = await opened.stores.undo.put_back(MAIN, first)
        assert again == found
    assert rows(world.main_dsn) == kept


async def test_locked_connection_puts_nothing_back_and_a_removed_one_knows_nothing(tmp_path: Path) -> None:
    world = hosted_files(tmp_path)
    first, second = world.workspace_ids[:2]
    async with opened_stores(world) as opened:
        await opened.stores.set_store(MAIN, first, world.stores[second], None, "none")
        kept = rows(world.main_dsn)
        opened.connections.show_as(_read_only)
        with pytest.raises(ReadOnly):
            await opened.stores.undo.put_back(MAIN, first)
        assert rows(world.main_dsn) == kept
        await opened.stores.forget(MAIN)
        assert not opened.stores.undo.is_possible(MAIN, first)


def _read_only(connection: Any) -> Any:
    from dataclasses import replace

    return replace(connection, is_read_only=True)


# Passwords


class Listening:
    """Stores that note what they are to write; the workspace points to where it was last told."""

    def __init__(self, store: StoreRow | None) -> None:
        self.store = store
        self.written: list[tuple[Any, ...]] = []

    async def workspaces(self, _connection_id: str) -> tuple[Workspace, ...]:
        return (Workspace("w1", "One", store=self.store),)

    async def set_store(self, *given: Any) -> StoreRow:
        self.written.append(given)
        return StoreRow("there", given[2], given[4])


def _present(store: StoreRow | None, password: Secret | None) -> Any:
    return SimpleNamespace(
        connection=SimpleNamespace(id=MAIN), workspace=Workspace("w1", "One", store=store), password=password
    )


def _intent(after: StoreRow) -> Any:
    return SimpleNamespace(change=SimpleNamespace(after=after), row=SimpleNamespace(losses=(), is_new=False))


@pytest.mark.parametrize("place", ["vault", "row"])
async def test_former_password_goes_back_to_where_it_was(place: Any) -> None:
    before, after = StoreRow("a", "postgresql://app@h/a", place), StoreRow("b", "postgresql://app@g/b", "vault")
    stores: Any = Listening(after)
    undo = StoreUndo(stores)
    undo.remember(_present(before, Secret("older")), _intent(after))
    assert "older" not in repr(undo._former)
    await undo.put_back(MAIN, "w1")
    assert stores.written == [(MAIN, "w1", "postgresql://app@h/a", Secret("older"), place)]


async def test_pointer_whose_password_is_not_known_is_not_put_back_without_it() -> None:
    before, after = StoreRow("a", "postgresql://app@h/a", "vault"), StoreRow("b", "postgresql://app@g/b", "none")
    stores: Any = Listening(after)
    undo = StoreUndo(stores)
    undo.remember(_present(before, None), _intent(after))
    assert not undo.is_possible(MAIN, "w1")


async def test_only_the_last_few_changes_are_kept() -> None:
    stores: Any = Listening(None)
    undo = StoreUndo(stores)
    after = StoreRow("b", "postgresql://app@g/b")
    for number in range(12):
        present = _present(StoreRow("a", "postgresql://app@h/a"), None)
        present.workspace = Workspace(f"w{number}", "", store=present.workspace.store)
        undo.remember(present, _intent(after))
    assert not undo.is_possible(MAIN, "w3")
    assert undo.is_possible(MAIN, "w4")
    assert undo.is_possible(MAIN, "w11")

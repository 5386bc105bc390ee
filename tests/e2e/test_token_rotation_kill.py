"""Replacing an admin token, killed after every single step: no database is ever without a token that opens it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from app.core.secret import Secret
from app.services.admin_tokens import AdminTokens
from app.services.audit import AuditTrail
from tests.support.foundation_platform import FoundationPlatform, foundation_platform
from tests.support.killed import Teller, run_until_killed
from tests.support.provisioning import CONNECTION_ID, Target, provisioning_on

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(110), pytest.mark.xdist_group("token-rotation-kill")]


class FileVault:
    """Stands for a keyring: what it keeps is there for the next process."""

    def __init__(self, path: Path, tell: Callable[[str], None]) -> None:
        self._path = path
        self._tell = tell

    async def get(self, connection_id: str, _kind: object) -> Secret | None:
        token = self._all().get(connection_id)
        return Secret(token) if token else None

    async def set(self, connection_id: str, _kind: object, secret: Secret) -> bool:
        self._write(self._all() | {connection_id: secret.reveal()})
        self._tell("vault: set")
        return True

    async def forget(self, connection_id: str) -> None:
        self._write({name: token for name, token in self._all().items() if name != connection_id})
        self._tell("vault: forgotten")

    def _all(self) -> dict[str, str]:
        return json.loads(self._path.read_text()) if self._path.exists() else {}

    def _write(self, kept: dict[str, str]) -> None:
        self._path.write_text(json.dumps(kept))


@asynccontextmanager
async def tokens_on(
    target: Target, vault: Path, tell: Callable[[str], None] = lambda _what: None
) -> AsyncIterator[tuple[AdminTokens, Any]]:
    async with provisioning_on(target, tell) as provisioning:
        made = AdminTokens(
            provisioning._connections,
            provisioning._clients,
            provisioning._maps,
            FileVault(vault, tell),  # type: ignore[arg-type]
            provisioning._journal._store,
            AuditTrail(provisioning._audit),  # type: ignore[arg-type]
        )
        try:
            yield made, provisioning
        finally:
            await made.aclose()


def _rotate(target: Target, vault: Path, record_id: str, tell: Teller) -> None:
    async def run() -> None:
        async with tokens_on(target, vault, tell) as (tokens, _provisioning):
            (outcome,) = await tokens.rotate(CONNECTION_ID, [record_id])
            assert outcome.ok, outcome.sentence

    asyncio.run(run())


@pytest.fixture
def platform(tmp_path):
    with foundation_platform(tmp_path) as made:
        yield made


def registered(platform: FoundationPlatform) -> dict[str, str]:
    return {each["id"]: each["adminToken"] for each in platform.query({"databases": {}})["databases"]}


async def new_database(platform: FoundationPlatform, vault: Path) -> None:
    task_id = platform.new_owner("task")
    async with tokens_on(platform.target, vault) as (_tokens, provisioning):
        await provisioning.create_for_task(CONNECTION_ID, task_id, f"calm-blue-{task_id[:8]}", "todo")


@pytest.mark.parametrize("is_vault_lost", [False, True], ids=["keyring", "session only"])
def test_rotation_killed_after_every_single_step_is_finished_by_the_next_process(platform, tmp_path, is_vault_lost):
    vault, done, is_killed = tmp_path / "vault.json", [], True
    old: dict[str, str] = {}
    while is_killed:
        asyncio.run(new_database(platform, vault))
        ((record_id, token),) = _new(platform, old)
        old[record_id] = token
        steps, is_killed = run_until_killed(_rotate, platform.target, vault, record_id, after=len(old))
        done.append(steps)
        if is_vault_lost:
            vault.unlink(missing_ok=True)
    wanted = {"journal: begun", "vault: set", "POST tokens", "POST transact", "vault: forgotten", "journal: removed"}
    assert wanted <= set(done[-1])
    assert len(old) == len(done[-1]) + 1

    async def finish() -> None:
        async with tokens_on(platform.target, vault) as (tokens, _provisioning):
            assert all(each.ok for each in await tokens.resume(CONNECTION_ID))
            assert await tokens.open(CONNECTION_ID) == ()

    asyncio.run(finish())
    platform.check_tokens()
    # Where nothing was begun yet, the old token is the one that works.
    kept = [record_id for record_id, token in registered(platform).items() if token == old[record_id]]
    assert set(kept) <= {record_id for record_id, steps in zip(old, done, strict=True) if "journal: begun" not in steps}


def _new(platform: FoundationPlatform, old: dict[str, str]) -> list[tuple[str, str]]:
    return [(record_id, token) for record_id, token in registered(platform).items() if record_id not in old]

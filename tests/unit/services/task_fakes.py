"""A foundation with tasks, and the services for their databases over it."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from contextlib import suppress
from types import SimpleNamespace
from typing import Any

from app.core.apps import AppSummary
from app.core.errors import KnownError, NotFound, Unauthorised
from app.core.secret import Secret
from app.platforms.contract import RemoteApp
from app.services.admin_tokens import AdminTokens
from app.services.audit import AuditTrail
from app.services.cloning import Cloning
from app.services.task_cleanup import TaskCleanup
from app.services.task_databases import TaskDatabases
from app.services.tokens import TokenKeeper
from app.storage.foundation_stores import KeptEntry
from tests.unit.services.fakes import FOUNDATION, FakeVault, heard_by, ticking, uid
from tests.unit.services.foundation_fakes import FakeFoundation, House


class Killed(Exception):
    """The program ends here: no error of ours, so nothing may be done about it."""


class Steps:
    """Counts what is done; the program is killed after the step number ``last``."""

    def __init__(self, last: int | None = None) -> None:
        self.last = last
        self.done: list[str] = []

    def passed(self, name: str) -> None:
        self.done.append(name)
        if self.last is not None and len(self.done) >= self.last:
            raise Killed(name)


class FakeJournal:
    """The journal's store, with its own rules: what is begun already stays as it is."""

    def __init__(self, steps: Steps | None = None) -> None:
        self.entries: dict[str, KeptEntry] = {}
        self.steps = steps or Steps()

    def write(self, begun: Sequence[KeptEntry] = (), changed: Any = (), removed: Sequence[str] = ()) -> Any:
        for entry_id, values in changed:
            if entry_id in self.entries:
                self.entries[entry_id] = self.entries[entry_id]._replace(**values)
        for each in removed:
            self.entries.pop(each, None)
        for entry in begun:
            self.entries.setdefault(entry.id, entry)
        self.steps.passed("journal")
        return {each.id: self.entries[each.id] for each in begun}

    def of(self, connection_id: str, kind: str | None = None) -> tuple[KeptEntry, ...]:
        found = (each for each in self.entries.values() if each.connection_id == connection_id)
        return tuple(each for each in found if kind in (None, each.kind))


class StepVault(FakeVault):
    def __init__(self, steps: Steps) -> None:
        super().__init__()
        self.steps = steps

    async def set(self, connection_id: str, kind: Any, secret: Secret) -> bool:
        is_kept = await super().set(connection_id, kind, secret)
        self.steps.passed("vault set")
        return is_kept

    async def forget(self, connection_id: str) -> None:
        await super().forget(connection_id)
        self.steps.passed("vault forget")


class TaskPlatform(FakeFoundation):
    """``gate`` also holds the question for a task; ``lost`` are methods whose answer is lost after they took effect.

    ``schemas`` and ``perms`` are by app ID, and so are ``data``: rows of other apps, by entity, each with its links.
    """

    def __init__(self, *apps: RemoteApp) -> None:
        super().__init__(*apps)
        self.steps = Steps()
        self.lost: dict[str, KnownError] = {}
        self.remembered: dict[str, Secret] = {}
        self.status: dict[str, str] = {}
        self.data: dict[str, dict[str, list[dict[str, Any]]]] = {}
        self.sent: dict[str, list[list[Any]]] = {}

    def task(self, number: int, title: str = "A task") -> str:
        return self.row("tasks", uid(number), title=title, createdAt=1_700_000_000_000)

    def _answered(self, name: str) -> None:
        error = self.lost.pop(name, None)
        if error is not None:
            raise error

    async def query(self, app_id: str, query: dict[str, Any], *, admin_token: Secret | None = None) -> dict[str, Any]:
        if "tasks" in query:
            await self.gate.wait()
        if app_id == FOUNDATION or app_id not in self.data:
            return await super().query(app_id, query, admin_token=admin_token)
        self._called("query", app_id)
        ((entity, body),) = query.items()
        options, rows = body["$"], self.data[app_id].get(entity, [])
        return {entity: rows[options["offset"] : options["offset"] + options["limit"]]}

    async def transact(self, app_id: str, steps: list[Any], *, is_repeatable: bool = False) -> int:
        if app_id != FOUNDATION:
            self._called("transact", app_id)
            assert is_repeatable
            self.sent.setdefault(app_id, []).append(steps)
            return 1
        number = await super().transact(app_id, steps, is_repeatable=is_repeatable)
        self.steps.passed("registry")
        self._answered("transact")
        return number

    async def get_app(self, app_id: str, *, token: Secret | None = None) -> RemoteApp:
        if token is not None and self.admin.get(app_id) != token.reveal():
            raise Unauthorised("The platform does not accept the token.")
        return await super().get_app(app_id)

    async def create_app(self, title: str, *, app_id: str, schema=None, rules=None, org_id=None) -> RemoteApp:
        made = await super().create_app(title, app_id=app_id, schema=schema, rules=rules, org_id=org_id)
        self.admin[app_id] = uid(777)
        self._answered("create_app")
        return made

    async def delete_app(self, app_id: str) -> None:
        self._called("delete_app", app_id)
        if self.apps.pop(app_id, None) is None:
            raise NotFound("There is no such app.")
        self.steps.passed("delete")

    async def rotate_admin_token(self, app_id: str, new: Secret | None = None) -> Secret:
        token = await super().rotate_admin_token(app_id, new)
        self.steps.passed("rotate")
        self._answered("rotate_admin_token")
        return token

    def remember_admin_token(self, app_id: str, token: Secret) -> None:
        self.remembered[app_id] = token

    def admin_token_of(self, app_id: str) -> Secret | None:
        token = self.admin.get(app_id)
        return Secret(token) if token else None

    async def get_perms(self, app_id: str) -> dict[str, Any] | None:
        return {"of": {"allow": {"view": "true"}}}

    async def set_status(self, app_id: str, status: str) -> str:
        self._called("set_status", app_id)
        self.status[app_id] = status
        return status


class FakeProvisioning:
    """Makes databases in the platform's registry, or fails as ``errors`` say, one after the other."""

    def __init__(self, client: TaskPlatform) -> None:
        self.client = client
        self.errors: list[Exception] = []
        self.asked: list[tuple[str, str, str | None]] = []
        self.taken_back: list[str] = []
        self.open: list[Any] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.turned = asyncio.Event()

    async def create_for_task(
        self, connection_id: str, task_id: str, title: str, template_name: str | None = None
    ) -> AppSummary:
        self.asked.append((task_id, title, template_name))
        self.turned.set()
        await self.gate.wait()
        if self.errors:
            raise self.errors.pop(0)
        app_id = uid(500 + len(self.client.apps))
        self.client.apps[app_id] = RemoteApp(app_id, title)
        self.client.database(f"record-{app_id}", app_id, "token", task_id)
        return AppSummary(connection_id, app_id, title, kind="task")

    async def open_journal(self, _connection_id: str) -> tuple[Any, ...]:
        return tuple(self.open)

    async def take_back(self, key: str) -> None:
        self.taken_back.append(key)


class TaskHouse(House):
    """``pauses`` are those that the work asked for; none is waited for. ``again`` is the program after a restart."""

    def __init__(self, client: TaskPlatform, *, journal: FakeJournal | None = None, vault: Any = None, **changes: Any):
        super().__init__(client, **changes)
        self.journal = journal or FakeJournal()
        self.vault = vault or FakeVault()
        self.provisioning = FakeProvisioning(client)
        self.pauses: list[float] = []
        self.heard = heard_by(self.hub)
        self.secrets: list[Secret] = []
        self.deleted: list[Any] = []
        clock = ticking()
        trail = AuditTrail(self.stores, clock=clock)
        tokens = TokenKeeper(self.vault, self.hub)
        lifecycle: Any = SimpleNamespace(delete=self._delete)
        of_registry = (self.directory, self.foundation)
        self.cleanup = TaskCleanup(
            self.connections, self.pool, tokens, *of_registry, lifecycle, self.journal, trail, clock=clock
        )
        self.admin_tokens = AdminTokens(
            self.connections,
            self.pool,
            self.maps,
            self.vault,
            self.journal,
            trail,
            on_secret=self.secrets.append,
            clock=clock,
        )
        self.cloning = Cloning(self.connections, self.pool, *of_registry, trail, clock=clock)
        provisioning: Any = self.provisioning
        self.databases = TaskDatabases(
            self.connections,
            self.pool,
            *of_registry,
            provisioning,
            self.journal,
            self.hub,
            self.cleanup,
            self.admin_tokens,
            self.cloning,
            rng=random.Random(5),
            clock=clock,
            sleep=self._sleep,
        )

    def again(self) -> TaskHouse:
        client: Any = self.client
        return TaskHouse(client, journal=self.journal, vault=self.vault)

    async def _sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)

    async def _delete(self, ref: Any) -> None:
        self.deleted.append(ref.app_id)
        with suppress(NotFound):
            await self.client.delete_app(ref.app_id)
        await self.directory.drop(ref)

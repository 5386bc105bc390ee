"""A platform in memory that can be pushed to, and a workshop on it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from app.core.errors import KnownError, NotFound
from app.core.refs import AppRef
from app.platforms.contract import LiveSchema, PushJob, PushProgress, RemoteApp, RenderedStep, RowCount
from app.platforms.instant.schema_rules import RULES
from app.schema.compare import Plan
from app.schema.formats.instant_form import canonical
from app.schema.model import Attribute, Entity, Link, LinkEnd, Schema
from app.schema.types import NumberType, StringType
from app.services.catalog import Catalog
from app.services.comparing import Cohorts, Comparing
from app.services.connections import ConnectionBook
from app.services.directory import Directory
from app.services.drafts import DraftShelf
from app.services.following import Following
from app.services.hub import ChangeHub
from app.services.platform_side import PlatformSide
from app.services.push_history import PushHistory
from app.services.pushing import Pusher
from app.services.tokens import TokenKeeper
from app.services.undoing import Undoing
from app.services.versions import SchemaVersions
from app.services.workshop import SchemaWorkshop
from tests.unit.services.fakes import (
    FakeClient,
    FakePool,
    FakeStores,
    FakeVault,
    connection,
    heard_by,
    shelf,
    ticking,
    uid,
)

REF = AppRef("c1", uid(1))
TODO = canonical(
    Schema(
        (
            Entity("todos", (Attribute("title", StringType()), Attribute("rank", NumberType(), is_indexed=True))),
            Entity("people", (Attribute("email", StringType()), Attribute("name", StringType()))),
        ),
        (Link("", LinkEnd("todos", "owner", "one"), LinkEnd("people", "todos", "many")),),
    )
)


class FakePlatform(FakeClient):
    """``send`` is asked before a plan is applied: it may raise, and returns what of the plan is applied, and an error
    or jobs that are given afterwards. ``read_errors`` are raised by the next reads, one each."""

    schema_rules = RULES

    def __init__(self, *apps: RemoteApp) -> None:
        super().__init__(*apps)
        self.read_errors: list[KnownError] = []
        self.sent: list[Plan] = []
        self.restores: list[bool] = []
        self.send: Callable[[Plan], tuple[Plan, KnownError | tuple[PushJob, ...]]] = lambda plan: (plan, ())
        self.before_send: Callable[[], None] = lambda: None

    def renames_between(self, before: LiveSchema, after: LiveSchema) -> None:
        """Knows parts by their names only."""

    async def read_live(self, app_id: str) -> LiveSchema:
        self._called("read_live", app_id)
        await asyncio.sleep(0)
        if self.read_errors:
            raise self.read_errors.pop(0)
        if app_id not in self.schemas:
            raise NotFound(f"There is no app {app_id}.")
        schema = canonical(self.schemas[app_id])
        return LiveSchema(schema, schema.fingerprint())

    async def read_schema(self, app_id: str) -> Schema:
        schema = await super().read_schema(app_id)
        if app_id not in self.schemas:
            raise NotFound(f"There is no app {app_id}.")
        return canonical(schema)

    def render(self, live: LiveSchema, plan: Plan, *, restores: bool = False) -> tuple[RenderedStep, ...]:
        return tuple(RenderedStep(number, each.describe()) for number, each in enumerate(plan.steps))

    async def count_rows(self, app_id: str, plan: Plan, on_count: Callable[[RowCount], None]) -> tuple[RowCount, ...]:
        found = tuple(RowCount(number, 0, "no rows") for number in range(len(plan.steps)))
        for each in found:
            on_count(each)
        return found

    async def send_plan(
        self,
        app_id: str,
        live: LiveSchema,
        plan: Plan,
        on_progress: Callable[[PushProgress], None],
        *,
        restores: bool = False,
    ) -> tuple[PushJob, ...]:
        self._called("send_plan", app_id)
        await asyncio.sleep(0)
        self.before_send()
        await self.gate.wait()
        self.restores.append(restores)
        done, ended = self.send(plan)
        self.sent.append(plan)
        self.schemas[app_id] = canonical(done.apply(self.schemas[app_id]))
        on_progress(PushProgress("jobs"))
        if isinstance(ended, KnownError):
            raise ended
        return ended


class FakeWorkshopStores:
    """Drafts, versions and pushes in memory, as the local database has them."""

    def __init__(self) -> None:
        self.kept_drafts: dict[AppRef, Any] = {}
        self.kept_versions: dict[AppRef, list[Any]] = {}
        self.kept_pushes: list[Any] = []
        self.drafts = SimpleNamespace(put=self._put, get=self.kept_drafts.get, remove=self._remove, notes=self._notes)
        self.versions = SimpleNamespace(add=self._add_version, all=self._versions, text=self._version_text)
        self.pushes = SimpleNamespace(add=self._add, change=self._change, get=self._get, recent=self._recent)
        self.writes = 0
        self.error: KnownError | None = None

    def _put(self, ref, base_fingerprint, base, edits, changes, at) -> None:
        self.writes += 1
        self.kept_drafts[ref] = SimpleNamespace(
            base_fingerprint=base_fingerprint, base=base(), edits=edits, changes=changes, saved_at=at
        )

    def _remove(self, ref) -> bool:
        return self.kept_drafts.pop(ref, None) is not None

    def _notes(self):
        return tuple(
            SimpleNamespace(ref=ref, saved_at=each.saved_at, changes=each.changes)
            for ref, each in self.kept_drafts.items()
        )

    def _versions(self, ref):
        return tuple(reversed(self.kept_versions.get(ref, [])))

    def _add_version(self, ref, fingerprint, at, origin, note, schema) -> bool:
        kept = self.kept_versions.setdefault(ref, [])
        if kept and kept[-1].fingerprint == fingerprint:
            return False
        kept.append(SimpleNamespace(fingerprint=fingerprint, at=at, origin=origin, note=note, text=schema()))
        return True

    def _version_text(self, ref, fingerprint):
        return next((each.text for each in self._versions(ref) if each.fingerprint == fingerprint), None)

    def _add(self, **values) -> int:
        if self.error is not None:
            raise self.error
        self.kept_pushes.append(SimpleNamespace(id=len(self.kept_pushes) + 1, undone_by=None, **values))
        return len(self.kept_pushes)

    def _change(self, push_id, **values) -> None:
        if self.error is not None:
            raise self.error
        vars(self.kept_pushes[push_id - 1]).update(values)

    def _get(self, push_id):
        return self.kept_pushes[push_id - 1] if push_id <= len(self.kept_pushes) else None

    def _recent(self, ref, limit):
        found = [each for each in self.kept_pushes if ref in (None, AppRef(each.connection_id, each.app_id))]
        return tuple(reversed(found))[:limit]


class FakeFollowed:
    """Followed templates in memory, as the local database has them."""

    def __init__(self) -> None:
        self.kept: dict[AppRef, tuple[str, int]] = {}

    def put_many(self, followed) -> None:
        self.kept |= {ref: (template, version) for ref, template, version in followed}

    def of(self, connection_id: str) -> dict[str, tuple[str, int]]:
        return {ref.app_id: each for ref, each in self.kept.items() if ref.connection_id == connection_id}

    def remove(self, ref: AppRef) -> None:
        self.kept.pop(ref, None)


class World:
    """One operator's workshop; ``platform`` and ``stores`` may be shared with another one's."""

    def __init__(
        self, platform: FakePlatform | None = None, stores: FakeWorkshopStores | None = None, **changes: Any
    ) -> None:
        self.hub = ChangeHub()
        self.heard = heard_by(self.hub)
        self.platform = platform or FakePlatform(RemoteApp(uid(1), "Ada's todos"))
        if platform is None:
            self.platform.schemas[uid(1)] = TODO
        self.stores = stores or FakeWorkshopStores()
        self.connections = FakeStores(connection(**changes))
        self.pool = FakePool(self.platform)
        book = ConnectionBook(self.connections, TokenKeeper(FakeVault(), self.hub), self.hub, self.connections.all())
        self.shelf = shelf()
        self.followed = FakeFollowed()
        self.following = Following(self.followed)
        self.directory = Directory(
            book, self.pool, self.shelf, self.connections, self.hub, following=self.following, clock=ticking()
        )
        self.versions = SchemaVersions(self.stores.versions)
        self.catalog = Catalog(
            self.pool, self.directory, self.connections, self.hub, versions=self.versions, clock=ticking(9.0)
        )
        self.directory.on_schema(self.catalog.saw)
        self.platforms = PlatformSide(book, self.pool, self.directory, self.catalog)
        self.drafts = DraftShelf(self.stores.drafts, self.hub, clock=ticking(5.0))
        self.history = PushHistory(self.stores.pushes, self.connections, self.hub, clock=ticking(7.0))
        self.pusher = Pusher(self.platforms, self.drafts, self.history, pauses_s=(0.0,) * 4)
        self.workshop = SchemaWorkshop(
            self.platforms,
            self.catalog,
            self.drafts,
            self.pusher,
            self.history,
            self.versions,
            Undoing(self.platforms, self.history, self.versions, self.drafts),
            Comparing(self.platforms, self.catalog, shelf(), self.versions),
            Cohorts(book, self.pool, self.directory),
        )

    @property
    def live(self) -> Schema:
        return self.platform.schemas[uid(1)]

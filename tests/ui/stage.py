"""A whole program over fakes with realistic data, on which any of its screens can be put; it needs no pytest."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TypeVar

from PySide6.QtCore import QCoreApplication, QEvent, QEventLoop, QTimer
from PySide6.QtWidgets import QApplication, QDialog, QWidget

from app.core.activity import ActivityEntry
from app.core.apps import AppSummary
from app.core.connection import Connection, Environment, Platform
from app.core.refs import AppRef
from app.core.status import ConnectionStatus, Finding, FindingAction, FindingKind, Health, Severity
from app.platforms.instant.schema_rules import RULES
from app.platforms.postgres.schema_rules import RULES_POSTGRES
from app.platforms.traits import traits_of
from app.schema.draft import Draft
from app.schema.model import Attribute, Entity, Link, LinkEnd, Schema
from app.schema.types import BooleanType, DateType, JsonType, NumberType, StringType
from app.services.agents import Agent
from app.services.doctor_report import Action, Area, Check, CheckState, Report
from app.services.engine import Engine
from app.services.search_index import KnownNames
from app.services.workshop import OpenSchema
from app.services.workshop_words import SchemaVersion
from app.ui.look.theme import Theme
from app.ui.settings.settings import WindowSettings
from app.ui.window.main_window import MainWindow
from app.ui.work.runner import Runner
from tests.ui import content_fakes, sql_fakes, workshop_fakes
from tests.ui.agents_fakes import FakeAgents, FakeLibrary
from tests.ui.content_fakes import ANA, GIL, platform_token_only
from tests.ui.foundation_fakes import CONNECTION as LOCAL
from tests.ui.foundation_fakes import FakeDirectory, foundation_services
from tests.ui.store_fakes import CONNECTION as STORES
from tests.ui.store_fakes import FakeMoving, FakeStores

D = TypeVar("D", bound=QWidget)
_PATIENCE_MS = 30_000
LOCAL = replace(LOCAL, is_builtin=True)
CLOUD = replace(content_fakes.CLOUD, foundation_app_id="found-1")
FILE = Connection("file", "Notes · file", Platform.POSTGRES, "sqlite:////srv/notes/notes.db", Environment.LOCAL)
CONNECTIONS = (LOCAL, CLOUD, STORES)
APP = AppRef(LOCAL.id, ANA)
PRODUCTION_APP = AppRef(CLOUD.id, "0b7e9a34-61cd-4a10-8d5e-3b6e9c0847f1")
TABLES = AppRef(STORES.id, "store_aurora")

_USERS = Entity("$users", (Attribute("email", StringType(), is_unique=True),), is_system=True)
CHAT = Schema(
    (
        Entity(
            "channels",
            (Attribute("name", StringType(), is_required=True, is_unique=True), Attribute("topic", StringType())),
        ),
        Entity(
            "messages",
            (
                Attribute("text", StringType(), is_required=True),
                Attribute("sentAt", DateType(), is_indexed=True),
                Attribute("deliveryAttempts", NumberType()),
                Attribute("attachments", JsonType()),
                Attribute("isPinned", BooleanType(), is_required=True),
            ),
        ),
        Entity("people", (Attribute("handle", StringType(), is_unique=True), Attribute("name", StringType()))),
        Entity("reactions", (Attribute("emoji", StringType()),)),
        _USERS,
    ),
    (
        Link("messagesChannel", LinkEnd("messages", "channel", "one"), LinkEnd("channels", "messages", "many")),
        Link("messagesAuthor", LinkEnd("messages", "author", "one"), LinkEnd("people", "messages", "many")),
        Link("reactionsMessage", LinkEnd("reactions", "message", "one"), LinkEnd("messages", "reactions", "many")),
        Link("peopleUser", LinkEnd("people", "user", "one"), LinkEnd("$users", "person", "one")),
    ),
)


def staged() -> Draft:
    """Edits of each risk, and with each kind of mark."""
    draft = Draft(CHAT, CHAT).add_attribute("messages", Attribute("priority", NumberType()))
    draft = draft.rename_attribute("messages", "text", "body")
    draft = draft.change_attribute("messages", "sentAt", is_required=True, is_indexed=False)
    draft = draft.drop_attribute("channels", "topic")
    draft = draft.change_attribute("people", "name", is_unique=True)
    invoice = (Attribute("number", StringType(), is_unique=True), Attribute("due", DateType()))
    draft = draft.add_entity("invoices", invoice)
    link = Link("messagesInvoice", LinkEnd("messages", "invoice", "one"), LinkEnd("invoices", "messages", "many"))
    return draft.add_link(link)


def apps() -> tuple[AppSummary, ...]:
    """Apps of each kind and state, on all connections."""
    made = [*content_fakes.apps(), AppSummary("cloud", PRODUCTION_APP.app_id, "Billing", "bo@example.com", "tenant")]
    made[-1] = made[-1]._replace(state="drifted", agents=5, note="drift: 3 attributes", template="todo")
    states = ("ok", "missing", "read-only", "disabled", "creating", "unknown")
    for at, name in enumerate(("amber-stone", "brisk-lake", "clear-sky", "deep-forest", "early-frost", "fair-wind")):
        app_id = f"{at}c41d8e0-22b9-4f6c-9a3d-5cf2d7e8aa1{at}"
        owner = f"{name.partition('-')[0]}@example.com"
        note = "" if at else "no owner in registry"
        made.append(AppSummary("local", app_id, name, owner, "tenant", states[at], at, 1_700_000_000 + at, note=note))
    for name in ("store_aurora", "store_blue", "store_cobalt"):
        made.append(AppSummary(STORES.id, name, name, "", "other", "ok", 8, 1_700_000_000))
    return tuple(made)


def findings() -> tuple[Finding, ...]:
    actions = (FindingAction.SHOW_APP, FindingAction.COPY_APP_ID, FindingAction.RETRY)
    return (
        Finding(
            "drift",
            FindingKind.SCHEMA_DRIFT,
            Severity.WARNING,
            "local",
            "Gil differs from its template Todo",
            "The attributes rank and due are missing from todos.",
            GIL,
            actions,
        ),
        Finding(
            "closing",
            FindingKind.PLATFORM_CLOSING,
            Severity.INFO,
            "local",
            "The platform moves to other machines on 30 November",
            "Nothing has to be done.",
        ),
    )


def statuses() -> tuple[ConnectionStatus, ...]:
    now = time.time()
    rejected = Finding(
        "token",
        FindingKind.TOKEN_REJECTED,
        Severity.ERROR,
        "cloud",
        "The token of Instant · cloud is not accepted any more",
        "Enter another one.",
        actions=(FindingAction.EDIT_CONNECTION, FindingAction.RETRY),
    )
    gone = ("The platform does not accept the token.", "Enter another token.", (rejected,))
    return (
        ConnectionStatus("local", Health.UP, 2.0, now, 12, 38, findings=findings()),
        ConnectionStatus("cloud", Health.UNAUTHORISED, None, now, 2, 6, *gone),
        ConnectionStatus(STORES.id, Health.DEGRADED, 812.0, now, 3, 24, "It answers slowly.", "Look at its load."),
    )


def calls() -> tuple[ActivityEntry, ...]:
    now = time.time()
    return (
        ActivityEntry(now - 42, "local", "GET", f"/dash/apps/{ANA}/schema", 200, 12.4, "", 0, 4_210),
        ActivityEntry(now - 30, "cloud", "POST", "/superadmin/apps", 401, 204.0, "token rejected", 120, 90),
        ActivityEntry(now - 12, STORES.id, "SQL", "select from workspaces", 200, 3.1, "", 220, 1_900),
        ActivityEntry(now - 2, "cloud", "GET", "/superadmin/apps", 0, 30_000.0, "retry in 1.2 s"),
    )


class Workshop(workshop_fakes.FakeWorkshop, content_fakes.FakeWorkshop):
    """Opens what the app's connection has, and answers all about pushes."""

    def __init__(self) -> None:
        content_fakes.FakeWorkshop.__init__(self)
        workshop_fakes.FakeWorkshop.__init__(self)
        self.can_push = self.__dict__.pop("push")  # pushing itself is what the other fake does
        self.schema_of = lambda ref: sql_fakes.SCHEMA if ref.connection_id == STORES.id else CHAT
        version = SchemaVersion(APP, "90a1b2c3d4e5f607", time.time() - 3 * 3600, "push", "Push 2 changes")
        self.known_versions = (version, replace(version, fingerprint="1f2e3d4c5b6a7980", origin="seen", note=""))
        cohort = SimpleNamespace(fingerprint="1f2e3d4c5b6a7980", refs=(APP, AppRef("local", GIL)))
        self.grouped = (cohort, SimpleNamespace(fingerprint="90a1b2c3d4e5f607", refs=(PRODUCTION_APP,)))

    def opened(self, ref: AppRef) -> OpenSchema:
        schema = self.schema_of(ref)
        base = workshop_fakes.snapshot(schema)
        rules = RULES_POSTGRES if ref.connection_id == STORES.id else RULES
        return OpenSchema(ref, base, self.kept, None, False, rules, self.can_push, False, None)

    async def save_draft(self, ref: AppRef, draft: Draft | None) -> None:
        return None

    async def text(self, schema: Schema, previous_text: str | None = None, ref: AppRef | None = None) -> str:
        made = traits_of(STORES if ref is not None and ref.connection_id == STORES.id else LOCAL).text
        assert made is not None
        return made.render(schema)


class Doctor:
    """Finds something of each state."""

    async def run(self, connection_ids: Iterable[str] | None = None, *_tell: Any, **_also: Any) -> Report:
        checks = (
            Check(Area.MACHINE, "Python", CheckState.OK, "Python 3.12.1."),
            Check(
                Area.TOKEN,
                "Valid",
                CheckState.FAILED,
                "It was revoked.",
                "Enter another one.",
                Action.EDIT_CONNECTION,
                CLOUD,
            ),
            Check(
                Area.SCHEMAS,
                "Templates",
                CheckState.WARNING,
                "Gil differs from its template Todo.",
                "Compare the two.",
                Action.OPEN_APP,
                LOCAL,
                GIL,
            ),
            Check(
                Area.CONNECTION,
                "Whole",
                CheckState.UNKNOWN,
                "Nobody answers.",
                "Wait, and look again.",
                connection=STORES,
            ),
        )
        return Report(checks, 1_795_000_000.0, "1.2")

    async def missing_parts(self, connection_id: str) -> Draft | None:
        return None


class _NoNames:
    """A local database that keeps nothing."""

    def put(self, shapes: Any, apps: Any) -> None:
        return None

    def all(self) -> tuple[Any, ...]:
        return {}, ()

    def tidy(self) -> None:
        return None


async def _nothing(*_given: Any, **_also: Any) -> tuple[Any, ...]:
    await asyncio.sleep(0)
    return ()


def services() -> Any:
    """All that any screen asks for."""
    made = foundation_services()
    made.stores, made.store_moving = FakeStores(), FakeMoving()
    made.agents, made.template_library = FakeAgents(), FakeLibrary()
    made.agents.found = tuple(
        Agent(
            each.name,
            each.attributes,
            tuple(link for link in CHAT.links if link.forward.entity == each.name),
            38 * (at + 1),
            "todo" if at == 1 else "",
        )
        for at, each in enumerate(CHAT.entities[:4])
    )
    made.workshop, made.doctor = Workshop(), Doctor()
    made.catalog.schema_of = made.workshop.schema_of
    made.directory = FakeDirectory()
    made.directory.rows, made.directory.refresh = apps(), _nothing
    made.connections.all = lambda: CONNECTIONS
    made.status = SimpleNamespace(all=statuses, check=_nothing)
    made.tokens = SimpleNamespace(
        state=lambda: SimpleNamespace(kind="keyring", sentence="Tokens: OS keyring", remedy=""), get=platform_token_only
    )
    made.notices = ()
    made.names = KnownNames(_NoNames())
    # Nothing is to be written here, and there may be no loop for it.
    made.names._writer = SimpleNamespace(done=lambda: False)
    made.names.saw(APP, CHAT)
    return made


class Stage:
    """Builds what screens stand on, and takes it away again with ``close``."""

    def __init__(self, application: QApplication, theme: Theme | None = None) -> None:
        self.application, self.theme = application, theme or Theme(application)
        self.services = services()
        self._folder = tempfile.TemporaryDirectory()
        self._window: MainWindow | None = None
        self._host: QWidget | None = None
        self._tops: list[QWidget] = []
        self.runner = Runner(Engine())
        self.is_held = False  # work goes on for as long as the screen is there

    @property
    def folder(self) -> Path:
        return Path(self._folder.name)

    def window(self) -> MainWindow:
        """The main window, with all that the services know."""
        if self._window is None:
            self._open()
            settings = WindowSettings(self.folder / "window.ini")
            made = self._window = MainWindow(self.runner, settings, self.theme, self.folder)
            made.resize(1440, 900)
            made.show()
            made.complete()
            made.data.fetch_all()
            self.until(lambda: made.data.has_apps and made.data.token_place is not None)
            self.quiet()
        return self._window

    def host(self) -> QWidget:
        """What dialogs stand above where the main window is not needed."""
        if self._host is None:
            self._open()
            self._host = QWidget()
            self._host.resize(1280, 720)
            self._host.show()
        return self._host

    def opened(self, dialog: D) -> D:
        """A dialog, or a widget by itself, as it is when it came up."""
        if isinstance(dialog, QDialog):
            dialog.open()
        else:
            dialog.show()
        self._tops.append(dialog)
        self.until(dialog.isVisible)
        return dialog

    def shown(self, kind: type[D]) -> D:
        """The dialog of this kind that somebody else opened."""
        return next(each for each in QApplication.topLevelWidgets() if isinstance(each, kind) and each.isVisible())

    def latest(self) -> QWidget:
        """The dialog that is open above the window."""
        return next(each for each in QApplication.topLevelWidgets() if isinstance(each, QDialog) and each.isVisible())

    def until(self, is_true: Callable[[], object]) -> None:
        """Run the loop until something holds."""
        if is_true():
            return
        loop, watch, limit = QEventLoop(), QTimer(), QTimer()
        watch.timeout.connect(lambda: loop.quit() if is_true() else None)
        limit.timeout.connect(lambda: loop.exit(1))
        watch.start(5)
        limit.start(_PATIENCE_MS)
        if loop.exec():
            raise TimeoutError("A screen did not come up.")

    def quiet(self) -> None:
        """Nothing runs any more, and what was delayed to the next turn of the loop has happened."""
        self.until(lambda: self.is_held or not self.runner._running)
        for _ in range(3):
            QCoreApplication.sendPostedEvents()
            loop = QEventLoop()
            QTimer.singleShot(0, loop.quit)
            loop.exec()

    def close(self) -> None:
        self.runner.close()
        assert self.runner.engine.stop(5)
        for widget in (*reversed(self._tops), self._window, self._host):
            if widget is not None:
                _destroy(widget)
        self._folder.cleanup()

    def _open(self) -> None:
        if not self.runner.engine.is_running:
            made = self.services

            async def build() -> Any:
                return made

            self.runner.open(build)


def _destroy(widget: QWidget) -> None:
    try:
        widget.hide()
        widget.deleteLater()
    except RuntimeError:  # a dialog that deleted itself
        return
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)

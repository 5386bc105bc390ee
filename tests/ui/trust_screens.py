"""Unlocking, the audit trail, and a call in full."""

from __future__ import annotations

import time
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

from PySide6.QtWidgets import QWidget

from app.core.activity import ActivityEntry
from app.core.audit import AuditFilter, AuditPage, AuditRecord
from app.core.changes import Changes
from app.core.secret import Secret
from app.platforms.recording import HttpDetails
from app.services.guards import Unlocked
from app.ui.connections.unlock_dialog import UnlockDialog
from app.ui.trail.activity_details import ActivityDetailsDialog
from app.ui.trail.audit_view import AuditView
from app.ui.window.main_window import MainWindow
from app.ui.window.window_trust import WindowTrust
from tests.ui.screen_book import screen
from tests.ui.stage import APP, CLOUD, CONNECTIONS, LOCAL, PRODUCTION_APP, STORES, Stage

_STEPS = ("Adds the entity “invoices” with 4 attributes.", "Drops the attribute “messages.deliveryAttempts”.")


def _records() -> tuple[AuditRecord, ...]:
    now = time.time()
    live = (CLOUD.id, CLOUD.label, "production", PRODUCTION_APP.app_id, "Billing")
    local = (LOCAL.id, LOCAL.label, "local", APP.app_id, "Ana’s workspace")
    main = (STORES.id, STORES.label, STORES.environment.value, "main", "main")
    return (
        AuditRecord(
            6, now - 60, "ada", *live, "push", "done", "push 12", _STEPS, "1f2e3d4c5b6a7980", "90a1b2c3d4e5f607"
        ),
        AuditRecord(5, now - 120, "ada", *live[:3], "", "", "unlock", "done", "Instant · cloud for 10 minutes"),
        AuditRecord(4, now - 3_600, "ada", *main, "set store", "done", "workspace Aurora: hosted at db.example"),
        AuditRecord(3, now - 7_200, "bo", *live, "rotate token", "failed: The platform did not answer.", "river"),
        AuditRecord(2, now - 90_000, "bo", *local, "create", "cancelled", "Ana’s workspace"),
        AuditRecord(1, now - 200_000, "ada", *local, "link", "done", "user ana@example.com"),
    )


class FakeAudit:
    async def page(self, _wanted: AuditFilter, _before: int | None = None) -> AuditPage:
        return AuditPage(_records(), 6, False)

    async def choices(self) -> tuple[tuple[str, ...], tuple[tuple[str, str], ...]]:
        return ("create", "link", "push", "unlock"), tuple((each.id, each.label) for each in CONNECTIONS)


@screen("audit")
def audit(stage: Stage) -> QWidget:
    stage.services.audit = FakeAudit()
    stage.host()
    view = stage.opened(AuditView(stage.runner))
    view.resize(1180, 720)
    stage.until(lambda: view.model.rowCount() == 6)
    return view


@screen("unlock")
def unlock(stage: Stage) -> UnlockDialog:
    guarded = replace(CLOUD, is_guarded=True)
    reason = "A write was kept back. Once it is unlocked, do it again."
    return stage.opened(UnlockDialog(stage.runner, guarded, 10, stage.host(), reason=reason))


@screen("unlocked")
def unlocked(stage: Stage) -> MainWindow:
    """The strip for as long as a connection takes writes."""
    window = stage.window()
    now = time.time()
    states = (Unlocked(CLOUD.id, now, now + 581, 581.0),)
    stage.services.guards = SimpleNamespace(all=lambda: states)
    window.choose_connection(CLOUD.id)
    stage.services.hub.publish(Changes(guards=frozenset({CLOUD.id})))
    trust: Any = window.findChild(WindowTrust)
    stage.until(lambda: trust.bar is not None and trust.bar.isVisible())
    return window


@screen("call")
def call(stage: Stage) -> ActivityDetailsDialog:
    headers = (("Content-Type", "application/json"), ("Authorization", "Bearer x"))
    details = HttpDetails(
        f"{CLOUD.base_url}/superadmin/apps/{APP.app_id}",
        headers,
        b'{"title": "Billing 2027"}',
        (Secret("never-shown"),),
    )
    details.take_headers({"content-type": "application/json", "date": "Sat, 21 Nov 2026 09:00:00 GMT"})
    details.take_answer(b'{"app": {"id": "0b7e9a34", "title": "Billing 2027", "admin-token": "never-shown"}}')
    entry = ActivityEntry(time.time(), CLOUD.id, "POST", "/superadmin/apps", 200, 204.0, "", 24, 90, details)
    return stage.opened(ActivityDetailsDialog(entry, CLOUD, "200", stage.host()))

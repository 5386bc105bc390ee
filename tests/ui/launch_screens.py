"""What is shown after a run that did not end as it should, and of what the program was asked to open."""

from __future__ import annotations

from pathlib import Path

from app.core.refs import AppRef
from app.core.targets import SchemaFileTarget
from app.services.workshop_words import DraftNote
from app.storage.crash_reports import CrashReports
from app.storage.log import Redactor
from app.ui.connections.connection_choice import Candidate, ConnectionChoice
from app.ui.help.crash_report_dialog import CrashReportDialog
from app.ui.help.diagnostics_dialog import DiagnosticsDialog
from app.ui.plans.schema_file_dialog import SchemaFileDialog
from app.ui.window.main_window import MainWindow
from tests.ui.screen_book import screen
from tests.ui.stage import APP, CLOUD, LOCAL, PRODUCTION_APP, STORES, Stage

_TRACE = """Fatal Python error: Segmentation fault

Thread 0x00007f2f0a2af6c0 (most recent call first):
  File "~/tenantry/app/services/engine.py", line 116 in _run

Current thread 0x00007f2f0b343880 (most recent call first):
  File "~/tenantry/app/ui/diagram/diagram_canvas.py", line 201 in paintEvent
  File "~/tenantry/app/ui/program/application.py", line 118 in run
"""
_LOG = """2026-11-21T08:00:00.000Z INFO app.services.local_platform [engine] The local platform listens
2026-11-21T08:12:40.120Z ERROR app.services.status [engine] The check of a connection failed
"""


def _reports(stage: Stage) -> CrashReports:
    log = stage.folder / "tenantry.log"
    log.write_text(_LOG)
    facts = {"Tenantry": "1.2.3", "Python": "3.12.1", "Qt": "6.11.3", "System": "Linux 6.1 x86_64"}
    reports = CrashReports(stage.folder, log, Redactor().clean, facts)
    reports.folder.mkdir(exist_ok=True)
    lines = f'["Tab 1: OverviewPanel", "Tab 2: app {APP.app_id} of instant, local, 3 changes staged"]'
    (reports.folder / "ended-1.json").write_text(f'{{"facts": {{"Tenantry": "1.2.3"}}, "state": {lines}}}')
    (reports.folder / "ended-1.trace").write_text(_TRACE)
    return reports


@screen("crash-bar")
def crash_bar(stage: Stage) -> MainWindow:
    """The start after a crash, with edits that survived."""

    async def drafts() -> tuple[DraftNote, ...]:
        refs = (APP, PRODUCTION_APP, *(AppRef(STORES.id, f"store_{name}") for name in ("aurora", "blue", "cobalt")))
        return tuple(DraftNote(ref, 1_795_000_000.0 - at, at + 1) for at, ref in enumerate(refs))

    stage.services.workshop.drafts = drafts
    window, reports = stage.window(), _reports(stage)
    window.launch.use(reports, stage.folder / "tenantry.log", str)
    stage.until(lambda: window.launch.bar is not None and len(window.launch.bar.draft_buttons) == 3)
    return window


@screen("crash-report")
def crash_report(stage: Stage) -> CrashReportDialog:
    reports = _reports(stage)
    return stage.opened(CrashReportDialog(reports, reports.settle(), stage.host()))


@screen("diagnostics")
def diagnostics(stage: Stage) -> DiagnosticsDialog:
    async def drafts() -> tuple[DraftNote, ...]:
        return ()

    stage.services.workshop.drafts = drafts
    host = stage.host()
    log = stage.folder / "tenantry.log"
    log.write_text(_LOG)
    dialog = stage.opened(DiagnosticsDialog(stage.runner, log, Redactor().clean, host))
    stage.until(lambda: "-- Counts --" in dialog.text.toPlainText())
    return dialog


@screen("schema-file")
def schema_file(stage: Stage) -> SchemaFileDialog:
    """A second launch handed a schema file over."""
    window = stage.window()
    window.open_target(SchemaFileTarget(Path("/home/ada/shop/instant.schema.ts")))
    dialog = stage.shown(SchemaFileDialog)
    stage.until(lambda: dialog.left.app_list.count() > 2)
    return dialog


@screen("connection-choice")
def connection_choice(stage: Stage) -> ConnectionChoice:
    """An address names an app that is on three connections."""
    candidates = [Candidate(AppRef(each.id, APP.app_id), each, "Ana’s workspace") for each in (LOCAL, STORES, CLOUD)]
    return stage.opened(ConnectionChoice(candidates, stage.host()))

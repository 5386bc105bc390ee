"""How the window was started and what is known of its last run: targets, crash reports, diagnostics.

Everything is made when it is first needed; nothing of it is painted first.
"""

from __future__ import annotations

import concurrent.futures
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, QTimer
from PySide6.QtWidgets import QVBoxLayout

from app.core.connection import Environment
from app.core.errors import NotFound
from app.core.refs import AppRef
from app.core.text import plain

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.core.targets import Target
    from app.services.workshop_words import DraftNote
    from app.storage.crash_reports import CrashReport, CrashReports
    from app.ui.help.crash_report_dialog import CrashBar, KeptDraft
    from app.ui.window.main_window import MainWindow
    from app.ui.window.opened_targets import OpenedTargets

    Reports = tuple[CrashReport, ...]

_STATE_EVERY_MS = 5_000
_LOOK_MS = 30
_NEED_REPORTS = ("help.log_folder", "help.crash_reports", "help.diagnostics")


class WindowLaunch(QObject):
    """``use`` gives it what belongs to the running program; before that its actions are grey."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._targets: OpenedTargets | None = None
        self._reports: CrashReports | None = None
        self._log_path: Path | None = None
        self._clean: Callable[[str], str] = _unknown
        self._notes: tuple[DraftNote, ...] = ()
        self._drafts: list[KeptDraft] = []
        self.bar: CrashBar | None = None

    # Targets

    def open(self, target: Target) -> None:
        self._opened().open(target)

    def open_texts(self, texts: tuple[str, ...]) -> None:
        """Untrusted: each is judged before it is opened."""
        for text in texts:
            self._opened().open_text(text)

    def _opened(self) -> OpenedTargets:
        if self._targets is None:
            from app.ui.window.opened_targets import OpenedTargets

            self._targets = OpenedTargets(self._window)
        return self._targets

    def come_to_front(self) -> None:
        """The window as the operator left it, but in sight."""
        window = self._window
        window.setWindowState(window.windowState() & ~Qt.WindowState.WindowMinimized)
        window.show()
        window.raise_()
        window.activateWindow()

    # The last run

    def use(self, reports: CrashReports, log_path: Path, clean: Callable[[str], str]) -> None:
        """After the first paint: look after this run, and for what is left of the last one."""
        self._reports, self._log_path, self._clean = reports, log_path, clean
        for name in _NEED_REPORTS:
            self._window.registry[name].setEnabled(True)
        clock = QTimer(self, interval=_STATE_EVERY_MS)
        clock.timeout.connect(self.note_state)
        clock.start()
        self.note_state()
        self._in_background(reports.settle, self._offer)

    def note_state(self) -> None:
        if self._reports is not None:
            self._reports.note_state(self.state_lines())

    def state_lines(self) -> list[str]:
        """The open tabs and how much is staged in each; apps by their IDs, never by their names."""
        tabs = self._window.tabs
        return [self._tab_line(at) for at in range(tabs.count())]

    def _tab_line(self, at: int) -> str:
        widget = self._window.tabs.widget(at)
        ref, pending = getattr(widget, "ref", None), getattr(widget, "pending", "")
        if not isinstance(ref, AppRef):
            return f"Tab {at + 1}: {type(widget).__name__}"
        connection = self._window.data.connection(ref.connection_id)
        place = f" of {connection.platform.value}, {connection.environment.value}" if connection else ""
        staged = f", {pending}" if isinstance(pending, str) and pending else ""
        return f"Tab {at + 1}: app {ref.app_id}{place}{staged}"

    def _offer(self, reports: tuple[CrashReport, ...]) -> None:
        new = [each for each in reports if each.is_new]
        if not new or self._window.closing.is_running:
            return
        from app.ui.help.crash_report_dialog import CrashBar

        self.bar = bar = CrashBar()
        bar.read_requested.connect(self.show_reports)
        bar.draft_chosen.connect(self._window.open_app)
        bar.dismissed.connect(lambda: self._window.tabs.setFocus())
        self._window.theme.changed.connect(bar.refresh_looks)
        centre = self._window.centralWidget()
        layout = centre.layout() if centre is not None else None
        assert isinstance(layout, QVBoxLayout)
        layout.insertWidget(0, bar)
        bar.tell(new)
        self._window.runner.start(
            lambda services: services.workshop.drafts(),
            owner=bar,
            title="List the staged edits that were kept",
            done=self._take_drafts,
            quiet=True,
        )
        self._window.data.apps_changed.connect(self._show_drafts)

    def _take_drafts(self, notes: tuple[DraftNote, ...]) -> None:
        self._notes = notes
        self._show_drafts()

    def _show_drafts(self) -> None:
        """Those whose app is known by now."""
        if self.bar is None or not self._notes:
            return
        from app.ui.help.crash_report_dialog import KeptDraft

        data = self._window.data
        known = [(note, app) for note in self._notes if (app := data.app(note.ref)) is not None]
        drafts = [KeptDraft(note.ref, app.title, note.changes, self._place(note.ref)) for note, app in known]
        if drafts != self._drafts:
            # Not anew each time: the keyboard may be on one of its buttons.
            self._drafts = drafts
            self.bar.show_drafts(drafts)

    def _place(self, ref: AppRef) -> str:
        from app.ui.look.theme import badge_text

        connection = self._window.data.connection(ref.connection_id)
        is_said = connection is not None and connection.environment is not Environment.LOCAL
        return badge_text(connection.environment) if connection is not None and is_said else ""

    # Help

    def show_reports(self) -> None:
        reports = self._reports
        if reports is not None:
            self._in_background(reports.all, self._show_reports)

    def _show_reports(self, found: tuple[CrashReport, ...]) -> None:
        from app.ui.help.crash_report_dialog import CrashReportDialog

        if self._reports is None:
            return
        dialog = CrashReportDialog(self._reports, found, self._window)
        dialog.copied.connect(self._window.status.confirm)
        dialog.failed.connect(self._window.runner.known_error)
        dialog.open()
        if self.bar is not None:
            self.bar.read()

    def open_log_folder(self) -> None:
        from PySide6.QtCore import QUrl
        from PySide6.QtGui import QDesktopServices

        folder = self._log_path.parent if self._log_path is not None else None
        if folder is not None and not QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder))):
            error = NotFound(
                f"No file manager opened {plain(str(folder), 200)}.", remedy="Open the folder by hand: it has the log."
            )
            self._window.runner.known_error.emit(error, "")

    def show_diagnostics(self) -> None:
        from app.ui.help.diagnostics_dialog import DiagnosticsDialog

        dialog = DiagnosticsDialog(self._window.runner, self._log_path, self._clean, self._window)
        dialog.copied.connect(self._window.status.confirm)
        dialog.failed.connect(self._window.runner.known_error)
        dialog.open()

    def _in_background(self, work: Callable[[], Reports], take: Callable[[Reports], None]) -> None:
        """Not on the engine: a report must be readable also where the services cannot be built.

        The thread knows nothing of the window, which may be gone before it.
        """
        future: concurrent.futures.Future[Reports] = concurrent.futures.Future()

        def run() -> None:
            try:
                future.set_result(work())
            except OSError as error:
                future.set_exception(error)
            finally:
                future.cancel()

        def look() -> None:
            if future.done():
                clock.stop()
                clock.deleteLater()
                if not future.cancelled():
                    take(future.result())

        clock = QTimer(self, interval=_LOOK_MS)
        clock.timeout.connect(look)
        clock.start()
        threading.Thread(target=run, name="crash-reports", daemon=True).start()


def _unknown(text: str) -> str:
    from app.ui.parts.redaction import redacted

    return redacted(text)


def add_launch_actions(window: MainWindow) -> None:
    add, launch = window.registry.add, window.launch
    add(
        "help.log_folder",
        "Open &log folder",
        launch.open_log_folder,
        menu="Help",
        starts_group=True,
        help="Shows the folder with Tenantry's log files.",
    )
    add(
        "help.crash_reports",
        "Crash &reports…",
        launch.show_reports,
        menu="Help",
        help="What is known of runs that did not end as they should.",
    )
    add(
        "help.diagnostics",
        "Copy d&iagnostics…",
        launch.show_diagnostics,
        menu="Help",
        help="What a report of a bug needs: shown to you first, without secrets.",
    )
    for name in _NEED_REPORTS:
        window.registry[name].setEnabled(False)

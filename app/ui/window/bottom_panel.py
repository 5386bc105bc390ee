"""The tabs below: activity, jobs, findings."""

from __future__ import annotations

from enum import IntEnum

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QTabWidget, QVBoxLayout, QWidget

from app.ui.overview.findings_panel import FindingsPanel
from app.ui.overview.live_data import LiveData
from app.ui.trail.activity_panel import ActivityPanel
from app.ui.window.jobs_panel import JobsPanel
from app.ui.window.window_regions import enter
from app.ui.work.runner import JobState, Runner


class BottomTab(IntEnum):
    ACTIVITY = 0
    JOBS = 1
    FINDINGS = 2


class BottomPanel(QWidget):
    """Built after the first paint."""

    finding_action_requested = Signal(object, object)  # Finding, FindingAction

    def __init__(self, runner: Runner, data: LiveData, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._runner, self._data = runner, data
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        self.tabs.setAccessibleName("Activity, jobs and findings")
        self.activity = ActivityPanel()
        self.jobs = JobsPanel(runner)
        self.findings = FindingsPanel()
        self.findings.action_requested.connect(self.finding_action_requested)
        for part, title in ((self.activity, "Activity"), (self.jobs, "Jobs"), (self.findings, "Findings")):
            self.tabs.addTab(part, title)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.addWidget(self.tabs)
        runner.activity.connect(self.activity.append)
        runner.jobs_changed.connect(self._count_jobs)
        data.statuses_changed.connect(self._show_findings)
        data.connections_changed.connect(self._show_connections)
        self._show_connections()

    def show_tab(self, tab: BottomTab) -> None:
        """Bring it to the front with the keyboard in it: in what it lists, where there is something."""
        self.tabs.setCurrentIndex(tab)
        if not enter(self.tabs.currentWidget()):
            self.tabs.tabBar().setFocus()

    def refresh_looks(self) -> None:
        self.activity.refresh_looks()

    def _show_connections(self) -> None:
        self.activity.set_connections(self._data.connections)
        self._show_findings()

    def _show_findings(self) -> None:
        findings = self._data.findings()
        self.findings.show_findings(findings, self._data.by_id())
        self._title(BottomTab.FINDINGS, "Findings", len(findings))

    def _count_jobs(self) -> None:
        running = sum(job.state is JobState.RUNNING for job in self._runner.jobs())
        self._title(BottomTab.JOBS, "Jobs", running)

    def _title(self, tab: BottomTab, word: str, count: int) -> None:
        text = f"{word} ({count:,})" if count else word
        if self.tabs.tabText(tab) != text:
            self.tabs.setTabText(tab, text)

"""What is offered after a run that did not end as it should: the bar, the report, the edits that were kept."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import QObject, Qt, QUrl, Slot
from PySide6.QtGui import QDesktopServices, QGuiApplication
from pytestqt.qtbot import QtBot

from app.core.refs import AppRef
from app.core.secret import Secret
from app.services.workshop_words import DraftNote
from app.storage.crash_reports import CrashReports
from app.storage.log import Redactor
from app.ui.help.crash_report_dialog import CrashBar, CrashReportDialog, KeptDraft
from app.ui.help.diagnostics_dialog import DiagnosticsDialog
from app.ui.window.main_window import MainWindow
from tests.ui.content_fakes import FakeWorkshop
from tests.ui.shell_fakes import APP_ID, OTHER_ID, FakeServices
from tests.ui.window_fakes import Open

SECRET = "Zq7-marked-secret"


class Workshop(FakeWorkshop):
    notes = (
        DraftNote(AppRef("c1", APP_ID), 100.0, 3),
        DraftNote(AppRef("gone", "x"), 90.0, 1),
        DraftNote(AppRef("c2", OTHER_ID), 80.0, 1),
    )


@pytest.fixture
def log_path(tmp_path: Path) -> Path:
    path = tmp_path / "log" / "tenantry.log"
    path.parent.mkdir()
    path.write_text(f"2026-11-21T08:00:00.000Z ERROR app.x [engine] it broke with {SECRET}\n")
    return path


@pytest.fixture
def clean() -> Callable[[str], str]:
    redactor = Redactor()
    redactor.add(Secret(SECRET))
    return redactor.clean


@pytest.fixture
def reports(tmp_path: Path, log_path: Path, clean: Callable[[str], str]) -> CrashReports:
    return CrashReports(tmp_path, log_path, clean, {"Tenantry": "1.2.3"})


@pytest.fixture
def open_window(open_window: Open, reports: CrashReports, log_path: Path, clean: Callable[[str], str]) -> Open:
    def open_one() -> MainWindow:
        services = FakeServices()
        services.workshop = Workshop()
        window = open_window(services)
        window.launch.use(reports, log_path, clean)
        return window

    return open_one


def cut_off(reports: CrashReports) -> None:
    """As a run leaves it that was killed."""
    reports.folder.mkdir(exist_ok=True)
    (reports.folder / "ended-1.json").write_text('{"facts": {"Tenantry": "1.2.3"}, "state": ["Tab 2: app 7f3a"]}')


def shown_bar(qtbot: QtBot, window: MainWindow) -> CrashBar:
    qtbot.waitUntil(lambda: window.launch.bar is not None and window.launch.bar.isVisible())
    assert window.launch.bar is not None
    return window.launch.bar


def shown_report(qtbot: QtBot, window: MainWindow) -> CrashReportDialog:
    def dialogs() -> list[CrashReportDialog]:
        return [each for each in window.findChildren(CrashReportDialog) if each.isVisible()]

    qtbot.waitUntil(lambda: bool(dialogs()))
    return dialogs()[0]


def read_report(qtbot: QtBot, window: MainWindow) -> CrashReportDialog:
    """As it is offered by the bar."""
    qtbot.mouseClick(shown_bar(qtbot, window).read_button, Qt.MouseButton.LeftButton)
    return shown_report(qtbot, window)


def test_window_after_a_run_that_ended_well_offers_nothing(qtbot: QtBot, open_window: Open) -> None:
    window = open_window()
    window.registry["help.crash_reports"].trigger()
    dialog = shown_report(qtbot, window)
    assert "There is no report" in dialog.sentence.text()
    assert not dialog.delete_button.isEnabled()
    assert not dialog.copy_button.isEnabled()
    assert window.launch.bar is None
    dialog.reject()


def test_window_after_a_run_that_was_cut_off_offers_the_report_and_the_edits(
    qtbot: QtBot, open_window: Open, reports: CrashReports
) -> None:
    cut_off(reports)
    window = open_window()
    bar = shown_bar(qtbot, window)
    assert "was not closed properly" in bar.accessibleName()
    qtbot.waitUntil(lambda: len(bar.draft_buttons) == 2)
    assert [each.text() for each in bar.draft_buttons] == ["Ana's workspace (3)", "Billing · PRODUCTION (1)"]
    qtbot.mouseClick(bar.draft_buttons[0], Qt.MouseButton.LeftButton)
    view = window.current_view()
    assert view is not None
    assert view.ref == AppRef("c1", APP_ID)


def test_report_is_read_whole_before_it_is_copied_saved_or_deleted(
    qtbot: QtBot, open_window: Open, reports: CrashReports, tmp_path: Path
) -> None:
    cut_off(reports)
    window = open_window()
    dialog = read_report(qtbot, window)
    text = dialog.text.toPlainText()
    assert text == reports.all()[0].text.rstrip("\n") + "\n" or text == reports.all()[0].text
    assert "Tab 2: app 7f3a" in text
    assert SECRET not in text
    qtbot.mouseClick(dialog.copy_button, Qt.MouseButton.LeftButton)
    assert QGuiApplication.clipboard().text() == text
    dialog.save(tmp_path / "report.txt")
    assert (tmp_path / "report.txt").read_text() == text
    assert (tmp_path / "report.txt").stat().st_mode & 0o777 == 0o600
    qtbot.mouseClick(dialog.delete_button, Qt.MouseButton.LeftButton)
    assert reports.all() == ()
    qtbot.waitUntil(lambda: not dialog.isVisible())


def test_report_saved_where_nothing_can_be_written_says_so(
    qtbot: QtBot, open_window: Open, reports: CrashReports, tmp_path: Path
) -> None:
    cut_off(reports)
    window = open_window()
    dialog = read_report(qtbot, window)
    dialog.save(tmp_path / "nowhere" / "report.txt")
    assert "cannot be written" in window.messages.text()
    dialog.reject()


def test_report_that_was_read_is_not_offered_again_and_stays_in_the_help(
    qtbot: QtBot, open_window: Open, reports: CrashReports, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Workshop, "notes", ())
    cut_off(reports)
    window = open_window()
    read_report(qtbot, window).reject()
    assert window.launch.bar is not None
    assert not window.launch.bar.isVisible()
    assert [each.is_new for each in reports.settle()] == [False]


def test_report_that_was_read_leaves_the_edits_on_offer(qtbot: QtBot, open_window: Open, reports: CrashReports) -> None:
    cut_off(reports)
    window = open_window()
    bar = shown_bar(qtbot, window)
    qtbot.waitUntil(lambda: bool(bar.draft_buttons))
    read_report(qtbot, window).reject()
    assert bar.draft_buttons[0].isVisible()


def test_bar_closed_by_keyboard_gives_the_focus_back_and_keeps_the_report(
    qtbot: QtBot, open_window: Open, reports: CrashReports
) -> None:
    cut_off(reports)
    window = open_window()
    bar = shown_bar(qtbot, window)
    bar.read_button.setFocus()
    qtbot.keyClick(bar.read_button, Qt.Key.Key_Escape)
    assert not bar.isVisible()
    assert [each.is_new for each in reports.all()] == [True]


def test_bar_of_many_edits_has_each_of_them_at_a_click(qtbot: QtBot) -> None:
    bar = CrashBar()
    qtbot.addWidget(bar)
    chosen: list[AppRef] = []
    bar.draft_chosen.connect(chosen.append)
    drafts = [KeptDraft(AppRef("c1", str(number)), f"R&D {number}", number) for number in range(1, 8)]
    bar.show_drafts(drafts)
    assert [each.text() for each in bar.draft_buttons] == ["R&&D 1 (1)", "R&&D 2 (2)", "R&&D 3 (3)"]
    assert bar.more_menu is not None
    for action in bar.more_menu.actions():
        action.trigger()
    for button in bar.draft_buttons:
        qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert sorted(ref.app_id for ref in chosen) == [str(number) for number in range(1, 8)]


def test_dialog_of_several_reports_shows_each(qtbot: QtBot, reports: CrashReports, tmp_path: Path) -> None:
    reports.folder.mkdir()
    (reports.folder / "20261101-080000-ended-1-new.txt").write_text("the older")
    (reports.folder / "20261102-080000-crash-1-new.txt").write_text("the newer")
    dialog = CrashReportDialog(reports, reports.all())
    qtbot.addWidget(dialog)
    assert dialog.text.toPlainText() == "the newer"
    dialog.box.setCurrentIndex(1)
    assert dialog.text.toPlainText() == "the older"
    dialog.delete()
    assert dialog.text.toPlainText() == "the newer"
    assert [each.text for each in reports.all()] == ["the newer"]


def test_state_lines_tell_apps_by_their_ids_alone(open_window: Open) -> None:
    window = open_window()
    window.open_app(AppRef("c2", OTHER_ID))
    lines = window.launch.state_lines()
    assert lines == ["Tab 1: OverviewPanel", f"Tab 2: app {OTHER_ID} of instant, production"]


def test_diagnostics_are_shown_before_they_are_copied_and_hold_no_secret(qtbot: QtBot, open_window: Open) -> None:
    window = open_window()
    QGuiApplication.clipboard().setText("before")
    window.registry["help.diagnostics"].trigger()
    (dialog,) = [each for each in window.findChildren(DiagnosticsDialog) if each.isVisible()]
    qtbot.waitUntil(lambda: "Connections: 2" in dialog.text.toPlainText())
    text = dialog.text.toPlainText()
    assert QGuiApplication.clipboard().text() == "before"
    for part in ("Tenantry: ", "Qt: ", "Screens: ", "1. instant, local", "it broke with", "5 changes"):
        assert part in text
    for left_out in (SECRET, "Billing", "cloud"):
        assert left_out not in text
    qtbot.mouseClick(dialog.copy_button, Qt.MouseButton.LeftButton)
    assert QGuiApplication.clipboard().text() == text
    dialog.reject()


class _Opener(QObject):
    def __init__(self) -> None:
        super().__init__()
        self.opened: list[str] = []

    @Slot(QUrl)
    def open(self, url: QUrl) -> None:
        self.opened.append(url.toLocalFile())


def test_log_folder_is_opened_by_the_desktop(open_window: Open, log_path: Path) -> None:
    window = open_window()
    opener = _Opener()
    QDesktopServices.setUrlHandler("file", opener, "open")
    try:
        window.registry["help.log_folder"].trigger()
    finally:
        QDesktopServices.unsetUrlHandler("file")
    assert opener.opened == [str(log_path.parent)]

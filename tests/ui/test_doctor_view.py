"""The doctor's page, and the ways to it."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot

from app.core.errors import Invalid, Unreachable
from app.core.refs import AppRef
from app.core.status import Health
from app.schema.draft import Draft
from app.schema.model import Schema
from app.services.directory import Progress
from app.services.doctor_report import Action, Area, Check, CheckState, Report
from app.ui.help.doctor_rows import CheckRow
from app.ui.help.doctor_view import DoctorView
from app.ui.look.theme import ThemeChoice
from app.ui.parts.environment_badge import EnvironmentBadge
from app.ui.window.main_window import MainWindow
from app.ui.work.runner import Runner
from tests.ui.shell_fakes import APP_ID, CLOUD, LOCAL, FakeServices, engine_with
from tests.ui.window_fakes import Open

OK, WARNING, FAILED, UNKNOWN = CheckState.OK, CheckState.WARNING, CheckState.FAILED, CheckState.UNKNOWN
PYTHON = Check(Area.MACHINE, "Python", OK, "Python 3.12.1.")
TOKEN = Check(Area.TOKEN, "Valid", FAILED, "It was revoked.", "Enter another.", Action.EDIT_CONNECTION, CLOUD)
PARTS = Check(
    Area.FOUNDATION, "Missing parts", WARNING, "No app is there.", "Stage it.", Action.STAGE_MISSING, LOCAL, APP_ID
)
GONE = Check(Area.REGISTRY, "Apps that are gone", FAILED, "1 app is gone.", "Look.", Action.SHOW_FINDINGS, LOCAL)
DRIFT = Check(Area.SCHEMAS, "Templates", WARNING, "Ana's differs.", "Compare.", Action.OPEN_APP, LOCAL, APP_ID)
SILENT = Check(Area.CONNECTION, "Whole", UNKNOWN, "Nobody answers.", "Wait.")


class FakeDoctor:
    """Answers with ``checks``; ``gate`` holds a run, ``error`` is raised instead."""

    def __init__(self) -> None:
        self.checks: tuple[Check, ...] = (PYTHON, TOKEN, PARTS, GONE, DRIFT, SILENT)
        self.asked: list[list[str] | None] = []
        self.is_held = False
        self.cancelled = 0
        self.error: Exception | None = None
        self.draft: Draft | None = Draft(Schema(), Schema())

    async def run(
        self, connection_ids: Iterable[str] | None = None, on_check: Any = None, on_progress: Any = None
    ) -> Report:
        self.asked.append(None if connection_ids is None else list(connection_ids))
        if self.is_held:
            on_progress(Progress(3, 11, "Looking at the keyring"))
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                self.cancelled += 1
                raise
        if self.error is not None:
            raise self.error
        return Report(self.checks, 1_795_000_000.0, "1.2")

    async def missing_parts(self, connection_id: str) -> Draft | None:
        return self.draft


class DoctorServices(FakeServices):
    def __init__(self) -> None:
        super().__init__()
        self.doctor = FakeDoctor()
        self.reconciler: Any = None


@pytest.fixture
def services() -> DoctorServices:
    return DoctorServices()


@pytest.fixture
def runner(services: DoctorServices, qtbot: QtBot) -> Iterator[Runner]:
    made = Runner(engine_with(services))
    made.open()
    yield made
    made.close()
    made.engine.stop()


@pytest.fixture
def view(qtbot: QtBot, runner: Runner) -> DoctorView:
    made = DoctorView(runner)
    qtbot.addWidget(made)
    made.resize(1000, 700)
    made.show()
    return made


def ran(qtbot: QtBot, view: DoctorView) -> DoctorView:
    view.run()
    qtbot.waitUntil(lambda: view.report is not None and view.list.is_full and not view.is_running)
    return view


def row(view: DoctorView, check: Check) -> CheckRow:
    return next(each for each in view.list.rows if each.check == check)


def press(qtbot: QtBot, view: DoctorView, check: Check) -> None:
    button = row(view, check).button
    assert button is not None
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def test_page_before_a_run_says_what_it_does_and_runs_on_its_button(qtbot: QtBot, view: DoctorView) -> None:
    assert view.empty.isVisible()
    assert not view.copy_button.isEnabled()
    assert not view.save_button.isEnabled()
    qtbot.mouseClick(view.empty.button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: view.report is not None and view.list.is_full)
    assert view.list.isVisible()


def test_rows_have_the_gravest_area_first_and_all_of_a_check(qtbot: QtBot, view: DoctorView) -> None:
    ran(qtbot, view)
    assert [each.check for each in view.list.rows] == [TOKEN, GONE, PARTS, DRIFT, SILENT, PYTHON]
    assert row(view, TOKEN).accessibleName() == (
        "Failed: Valid. Instant · cloud (production). It was revoked. Enter another."
    )
    assert row(view, PYTHON).accessibleName() == "OK: Python. Python 3.12.1."
    assert row(view, PYTHON).button is None
    assert view.summary.text().startswith("2 failed, 2 to look at, 1 not known; 6 checks in all · looked at ")


def test_rows_about_a_connection_carry_its_environment(qtbot: QtBot, view: DoctorView) -> None:
    ran(qtbot, view)
    (badge,) = row(view, TOKEN).findChildren(EnvironmentBadge)
    assert badge.environment is CLOUD.environment
    assert row(view, PYTHON).findChildren(EnvironmentBadge) == []


def test_edit_connection_asks_for_its_dialog(qtbot: QtBot, view: DoctorView) -> None:
    ran(qtbot, view)
    with qtbot.waitSignal(view.edit_requested) as asked:
        press(qtbot, view, TOKEN)
    assert asked.args == [CLOUD.id]


def test_open_app_and_show_findings_lead_there(qtbot: QtBot, view: DoctorView) -> None:
    ran(qtbot, view)
    with qtbot.waitSignal(view.open_requested) as opened:
        press(qtbot, view, DRIFT)
    assert opened.args == [AppRef(LOCAL.id, APP_ID)]
    with qtbot.waitSignal(view.findings_requested):
        press(qtbot, view, GONE)


def test_stage_missing_parts_hands_over_the_draft(qtbot: QtBot, view: DoctorView, services: DoctorServices) -> None:
    ran(qtbot, view)
    with qtbot.waitSignal(view.stage_requested) as staged:
        press(qtbot, view, PARTS)
    assert staged.args == [AppRef(LOCAL.id, APP_ID), services.doctor.draft]


def test_stage_missing_parts_that_came_meanwhile_looks_again(
    qtbot: QtBot, view: DoctorView, services: DoctorServices
) -> None:
    ran(qtbot, view)
    services.doctor.draft = None
    with qtbot.waitSignal(view.told) as told:
        press(qtbot, view, PARTS)
    assert told.args == ["Nothing is missing in the foundation any more"]
    qtbot.waitUntil(lambda: services.doctor.asked == [None, None])


def test_run_shows_how_far_it_is_and_can_be_stopped(qtbot: QtBot, view: DoctorView, services: DoctorServices) -> None:
    ran(qtbot, view)
    before = view.report
    services.doctor.is_held = True
    qtbot.mouseClick(view.run_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(view.stop_button.isVisible)
    qtbot.waitUntil(lambda: view.step.text() == "Looking at the keyring")
    assert (view.progress.value(), view.progress.maximum()) == (3, 11)
    qtbot.mouseClick(view.stop_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: services.doctor.cancelled == 1)
    assert not view.is_running
    assert not view.progress.isVisible()
    assert view.report is before
    assert view.list.rows


def test_run_again_while_one_is_under_way_takes_its_place(
    qtbot: QtBot, view: DoctorView, services: DoctorServices
) -> None:
    services.doctor.is_held = True
    view.run()
    qtbot.waitUntil(lambda: len(services.doctor.asked) == 1)
    services.doctor.is_held = False
    ran(qtbot, view)
    assert services.doctor.cancelled == 1


def test_connections_can_be_chosen_and_only_the_chosen_one_is_asked(
    qtbot: QtBot, view: DoctorView, services: DoctorServices
) -> None:
    ran(qtbot, view)
    box = view.connection_box
    assert [box.itemText(at) for at in range(box.count())] == [
        "All connections",
        "Instant · local (local)",
        "Instant · cloud (production)",
    ]
    box.setCurrentIndex(2)
    box.activated.emit(2)
    qtbot.waitUntil(lambda: services.doctor.asked == [None, [CLOUD.id]] and not view.is_running)
    assert box.currentData() == CLOUD.id


def test_error_before_any_report_is_shown_with_a_way_to_try_again(
    qtbot: QtBot, view: DoctorView, services: DoctorServices
) -> None:
    services.doctor.error = Unreachable("It does not answer.", remedy="Wait.")
    view.run()
    qtbot.waitUntil(lambda: view.empty.title.text() == "It does not answer.")
    services.doctor.error = None
    qtbot.mouseClick(view.empty.button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: view.report is not None)


def test_copied_report_has_every_check_and_no_secret(qtbot: QtBot, view: DoctorView, services: DoctorServices) -> None:
    services.doctor.checks += (Check(Area.TOKEN, "Odd", WARNING, "password=hunter2 in https://a:b@c.example"),)
    ran(qtbot, view)
    with qtbot.waitSignal(view.told):
        qtbot.mouseClick(view.copy_button, Qt.MouseButton.LeftButton)
    text = QGuiApplication.clipboard().text()
    assert "failed   Valid [Instant · cloud (production)]: It was revoked." in text
    assert "hunter2" not in text
    assert "a:b@" not in text


@pytest.mark.parametrize("name", ["report.txt", "report.json"])
def test_saved_report_is_text_or_json_by_its_name(qtbot: QtBot, view: DoctorView, tmp_path: Path, name: str) -> None:
    ran(qtbot, view)
    dialog = view.ask_file()
    assert isinstance(dialog, QFileDialog)
    with qtbot.waitSignal(view.told) as told:
        dialog.fileSelected.emit(str(tmp_path / name))
    assert told.args == [f"Saved {name}"]
    text = (tmp_path / name).read_text()
    if name.endswith("json"):
        assert json.loads(text)["exit_status"] == 2
    else:
        assert text.startswith("Tenantry 1.2 doctor")
    dialog.close()


def test_report_that_cannot_be_saved_says_why(qtbot: QtBot, view: DoctorView, runner: Runner, tmp_path: Path) -> None:
    ran(qtbot, view)
    with qtbot.waitSignal(runner.known_error) as shown:
        view.save(tmp_path / "no such folder" / "report.txt")
    assert isinstance(shown.args[0], Invalid)
    assert os.listdir(tmp_path) == []


# In the window


@pytest.fixture
def window(open_window: Open, services: DoctorServices) -> MainWindow:
    return open_window(services)


def doctor_of(window: MainWindow) -> DoctorView:
    view = window.tabs.currentWidget()
    assert isinstance(view, DoctorView)
    return view


def test_help_menu_opens_one_tab_and_runs(qtbot: QtBot, window: MainWindow, services: DoctorServices) -> None:
    window.registry["help.doctor"].trigger()
    view = doctor_of(window)
    qtbot.waitUntil(lambda: view.report is not None)
    window.tabs.setCurrentIndex(0)
    window.registry["help.doctor"].trigger()
    assert doctor_of(window) is view
    qtbot.waitUntil(lambda: services.doctor.asked == [None, None])
    window.close_current_tab()
    assert window.tabs.indexOf(view) == -1


def test_card_of_the_status_panel_asks_about_its_connection(
    qtbot: QtBot, window: MainWindow, services: DoctorServices
) -> None:
    card = window.overview.cards.card(CLOUD.id)
    assert card is not None
    (action,) = [each for each in card._more.menu().actions() if each.text() == "Ask the doctor"]
    action.trigger()
    qtbot.waitUntil(lambda: services.doctor.asked == [[CLOUD.id]])
    assert doctor_of(window).connection_box.currentText() == "Instant · cloud (production)"


def test_findings_of_a_check_come_into_sight(qtbot: QtBot, window: MainWindow) -> None:
    window.registry["help.doctor"].trigger()
    view = doctor_of(window)
    qtbot.waitUntil(lambda: view.report is not None and view.list.is_full)
    press(qtbot, view, GONE)
    assert window.bottom is not None
    assert window.bottom.tabs.currentWidget() is window.bottom.findings
    assert window.data.statuses[CLOUD.id].health is Health.UNREACHABLE


def test_reconcile_of_a_check_opens_its_tab(qtbot: QtBot, window: MainWindow, services: DoctorServices) -> None:
    async def refuse(*_arguments: Any, **_options: Any) -> Any:
        raise Unreachable("It does not answer.")

    services.reconciler = SimpleNamespace(check=refuse)
    check = Check(Area.REGISTRY, "Links", WARNING, "One is dead.", "Mend it.", Action.RECONCILE, LOCAL)
    services.doctor.checks = (check,)
    window.registry["help.doctor"].trigger()
    view = doctor_of(window)
    qtbot.waitUntil(lambda: view.report is not None and view.list.is_full)
    press(qtbot, view, check)
    assert window.tabs.tabText(window.tabs.currentIndex()) == "Reconcile · Instant · local"


@pytest.mark.parametrize(
    ("action", "shown"),
    [(Action.RECONCILE, "reconcile"), (Action.SHOW_USERS, "users"), (Action.NAME_PARTS, "foundation")],
)
def test_what_a_foundation_lacks_leads_to_its_page(
    qtbot: QtBot, view: DoctorView, services: DoctorServices, action: Action, shown: str
) -> None:
    check = Check(Area.REGISTRY, "Links", WARNING, "One is dead.", "Mend it.", action, CLOUD)
    services.doctor.checks = (check,)
    ran(qtbot, view)
    with qtbot.waitSignal(view.foundation_requested) as asked:
        press(qtbot, view, check)
    assert asked.args == [shown, CLOUD.id]


@pytest.mark.parametrize("choice", [ThemeChoice.LIGHT, ThemeChoice.DARK])
def test_page_draws_in_both_themes_at_twice_the_text_size(
    qtbot: QtBot, window: MainWindow, choice: ThemeChoice
) -> None:
    window.theme.set_choice(choice)
    window.theme.set_text_scale(200)
    window.registry["help.doctor"].trigger()
    view = doctor_of(window)
    qtbot.waitUntil(lambda: view.report is not None and view.list.is_full)
    assert not view.grab().isNull()
    inner = view.list.widget()
    assert inner is not None
    qtbot.waitUntil(lambda: inner.width() <= view.list.viewport().width())
    window.theme.set_text_scale(100)

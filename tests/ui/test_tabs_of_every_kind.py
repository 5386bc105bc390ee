"""Tabs about connections, the doctor, the trail, the help and the rest: restored, and visited by back and forward."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from PySide6.QtWidgets import QApplication

from app.ui.foundation.users_view import UsersView
from app.ui.help.doctor_view import DoctorView
from app.ui.stores.workspaces_view import WorkspacesView
from app.ui.trail.audit_view import AuditView
from app.ui.window.main_window import MainWindow
from app.ui.window.navigation import Place
from tests.ui.stage import LOCAL, STORES, Stage
from tests.ui.trust_screens import FakeAudit

Make = Callable[[], Stage]
_PAGES = ("help", "audit", "doctor", "welcome", "users local", "tasks local", "reconcile local")
_KEYS = (*_PAGES, f"workspaces {STORES.id}")
GREETING = ("page", "welcome")  # said once: no tab of the last time
WAY = [*(("page", key) for key in _KEYS), ("cohorts",)]


@pytest.fixture
def make(qapp: QApplication) -> Iterator[Make]:
    made: list[Stage] = []

    def make_one() -> Stage:
        stage = Stage(qapp)
        stage.services.audit = FakeAudit()
        if made:
            shutil.copy(made[-1].folder / "window.ini", stage.folder / "window.ini")
        made.append(stage)
        return stage

    yield make_one
    for stage in reversed(made):
        stage.close()


def opened(stage: Stage) -> MainWindow:
    window = stage.window()
    window.comfort.show_help("reconcile")
    window.registry["view.audit"].trigger()
    window.show_doctor()
    window.comfort.show_welcome()
    for kind in ("users", "tasks", "reconcile"):
        window.foundation.show(kind, LOCAL.id)
    window.stores.show_workspaces(STORES.id)
    window.app_tabs.show_cohorts()
    assert window.app_tabs.places() == WAY
    return window


def restored(stage: Stage) -> MainWindow:
    window = stage.window()
    stage.until(lambda: window.tab_memory is not None and not window.tab_memory.is_restoring)
    stage.quiet()
    return window


def page(window: MainWindow, key: str) -> Any:
    return window.app_tabs.widget_of(("page", key))


def test_every_kind_is_there_at_the_next_start_and_filled_when_it_is_shown(make: Make) -> None:
    window = opened(make())
    window.tabs.setCurrentWidget(window.overview)
    window.remember()
    stage = make()
    window = restored(stage)
    assert window.app_tabs.places() == [each for each in WAY if each != GREETING]
    assert window.tabs.currentWidget() is window.overview
    assert page(window, "help").shown == "reconcile"
    doctor, audit, users = page(window, "doctor"), page(window, "audit"), page(window, "users local")
    workspaces = page(window, f"workspaces {STORES.id}")
    assert isinstance(doctor, DoctorView)
    assert isinstance(audit, AuditView)
    assert isinstance(users, UsersView)
    assert isinstance(workspaces, WorkspacesView)
    is_filled: dict[str, Callable[[], bool]] = {
        "doctor": lambda: doctor.report is not None,
        "audit": lambda: audit.model.rowCount() > 0,
        "users local": lambda: users.model.rowCount() > 0,
        f"workspaces {STORES.id}": lambda: workspaces.model.rowCount() > 0,
    }
    assert [key for key, look in is_filled.items() if look()] == []
    for key, look in is_filled.items():
        window.navigation.open(Place(("page", key)))
        stage.until(look)


def test_one_that_was_in_front_is_in_front_and_filled(make: Make) -> None:
    window = opened(make())
    window.navigation.open(Place(("page", "doctor")))
    window.remember()
    stage = make()
    window = restored(stage)
    doctor = page(window, "doctor")
    assert window.tabs.currentWidget() is doctor
    stage.until(lambda: doctor.report is not None)


def test_back_and_forward_go_over_every_kind(make: Make) -> None:
    window = opened(make())
    for expected in [*reversed(WAY[:-1]), ()]:
        window.navigation.go_back()
        assert window.navigation.here().tab == expected
    for expected in WAY:
        window.navigation.go_forward()
        assert window.navigation.here().tab == expected
    assert not window.registry["view.forward"].isEnabled()


def test_back_opens_again_what_was_closed(make: Make) -> None:
    window = opened(make())
    for _ in WAY[1:]:
        window.app_tabs.close_at(1)
    assert window.app_tabs.places() == WAY[-1:]
    seen = [WAY[-1]]
    while window.registry["view.back"].isEnabled():
        window.registry["view.back"].trigger()
        seen.append(window.navigation.here().tab)
    assert seen == [*reversed(WAY), ()]


def test_page_of_the_help_comes_back_with_its_tab(make: Make) -> None:
    window = make().window()
    window.comfort.show_help("reconcile")
    window.registry["app.close_tab"].trigger()
    assert window.tabs.currentWidget() is window.overview
    window.registry["app.reopen_tab"].trigger()
    assert window.navigation.here() == Place(("page", "help"), "reconcile")


def test_one_that_is_no_more_is_left_out(make: Make) -> None:
    window = opened(make())
    window.remember()
    stage = make()
    stage.services.connections.all = lambda: (STORES,)
    window = restored(stage)
    kept = [each for each in WAY if each != GREETING and not each[-1].endswith(" local")]
    assert window.app_tabs.places() == kept

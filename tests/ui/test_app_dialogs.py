"""Creating, renaming and deleting an app, with the real widgets."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from app.core.connection import Environment
from app.core.errors import FieldError, Invalid, Unreachable
from app.core.refs import AppRef, is_uuid
from app.services.lifecycle import Organisation
from app.ui.apps.create_app_dialog import CreateAppDialog
from app.ui.apps.delete_app_dialog import DeleteAppDialog
from app.ui.apps.rename_app_dialog import RenameAppDialog
from app.ui.work.runner import Runner
from tests.ui.content_fakes import ANA, CLOUD, LOCAL, apps, runner, services, window

__all__ = ["runner", "services", "window"]
ANA_APP = apps()[1]


def _opened(dialog: Any) -> Any:
    dialog.open()
    return dialog


def _press(qtbot: QtBot, button: Any) -> None:
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


@pytest.fixture
def creating(qtbot: QtBot, window: QWidget, runner: Runner) -> CreateAppDialog:
    dialog = _opened(CreateAppDialog(runner, (LOCAL, CLOUD), parent=window))
    qtbot.waitUntil(lambda: dialog.template_list.count() == 2)
    return dialog


def _choose_todo(dialog: CreateAppDialog, qtbot: QtBot) -> None:
    dialog.template_list.setFocus()
    qtbot.keyClick(dialog.template_list, Qt.Key.Key_Down)


def test_create_dialog_creates_with_control_and_enter_from_any_of_its_parts(
    creating: CreateAppDialog, qtbot: QtBot, services: Any
) -> None:
    creating.title_edit.setText("Ana’s workspace")
    _choose_todo(creating, qtbot)
    with qtbot.waitSignal(creating.created):
        qtbot.keyClick(creating.template_list, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert [call[0] for call in services.lifecycle.calls] == ["create"]


def test_create_dialog_creates_from_a_template_under_an_id_of_its_own(
    creating: CreateAppDialog, qtbot: QtBot, services: Any
) -> None:
    creating.title_edit.setText("Ana’s workspace")
    _choose_todo(creating, qtbot)
    assert creating.about.text() == "Task management. Agents: todos."
    with qtbot.waitSignal(creating.created) as created:
        _press(qtbot, creating.action_button)
    ((act, connection, title, template, app_id),) = services.lifecycle.calls
    assert (act, connection, title, template) == ("create", "local", "Ana’s workspace", "todo")
    assert is_uuid(app_id)
    assert created.args[0].app_id == app_id


def test_create_dialog_without_organisations_does_not_ask_for_one(creating: CreateAppDialog) -> None:
    assert not creating.fields["org_id"].isVisible()


def test_create_dialog_chosen_organisation_gets_the_app(
    qtbot: QtBot, window: QWidget, runner: Runner, services: Any
) -> None:
    services.lifecycle.known_organisations = (Organisation("o1", "Guild"),)
    dialog = _opened(CreateAppDialog(runner, (LOCAL,), parent=window))
    qtbot.waitUntil(dialog.fields["org_id"].isVisible)
    assert dialog.org_box.currentData() == ""
    qtbot.keyClick(dialog.org_box, Qt.Key.Key_Down)
    qtbot.keyClicks(dialog.title_edit, "x")
    with qtbot.waitSignal(dialog.created):
        _press(qtbot, dialog.action_button)
    assert services.lifecycle.org_ids == ["o1"]


def test_create_dialog_blank_asks_for_no_template(creating: CreateAppDialog, qtbot: QtBot, services: Any) -> None:
    qtbot.keyClicks(creating.title_edit, "x")
    with qtbot.waitSignal(creating.created):
        qtbot.keyClick(creating.title_edit, Qt.Key.Key_Return)
    assert services.lifecycle.calls[0][3] is None


def test_create_dialog_wrong_title_is_said_beside_it_and_stays(
    creating: CreateAppDialog, qtbot: QtBot, services: Any
) -> None:
    services.lifecycle.error = Invalid("Not acceptable.", fields=(FieldError("title", "Enter a title."),))
    qtbot.keyClicks(creating.title_edit, "  ")
    _press(qtbot, creating.action_button)
    qtbot.waitUntil(lambda: creating.fields["title"].error == "Enter a title.")
    assert creating.title_edit.text() == "  "
    assert creating.title_edit.accessibleDescription() == "Enter a title."


def test_create_dialog_repeat_after_a_lost_answer_keeps_the_id(
    creating: CreateAppDialog, qtbot: QtBot, services: Any
) -> None:
    services.lifecycle.error = Unreachable("Instant · local does not answer.")
    qtbot.keyClicks(creating.title_edit, "Ana")
    _press(qtbot, creating.action_button)
    qtbot.waitUntil(creating.message.isVisible)
    services.lifecycle.error = None
    with qtbot.waitSignal(creating.created):
        _press(qtbot, creating.action_button)
    first, second = services.lifecycle.calls
    assert first[-1] == second[-1]


def test_create_dialog_badge_follows_the_connection(creating: CreateAppDialog, qtbot: QtBot) -> None:
    assert creating.badge.environment is Environment.LOCAL
    qtbot.keyClick(creating.connection_box, Qt.Key.Key_Down)
    assert creating.badge.environment is Environment.PRODUCTION


def test_create_dialog_read_only_connections_are_not_offered(qtbot: QtBot, window: QWidget, runner: Runner) -> None:
    dialog = _opened(CreateAppDialog(runner, (replace(LOCAL, is_read_only=True),), parent=window))
    assert dialog.connection_box.count() == 0
    assert not dialog.action_button.isEnabled()
    assert dialog.message.isVisible()


def test_create_dialog_cancel_ends_the_work_and_keeps_the_text(
    creating: CreateAppDialog, qtbot: QtBot, services: Any
) -> None:
    services.lifecycle.is_held = True
    qtbot.keyClicks(creating.title_edit, "Ana")
    _press(qtbot, creating.action_button)
    qtbot.waitUntil(lambda: bool(services.lifecycle.calls))
    assert not creating.title_edit.isEnabled()
    _press(qtbot, creating.cancel_button)
    assert creating.isVisible()
    assert creating.title_edit.isEnabled()
    assert creating.title_edit.text() == "Ana"
    assert not creating.is_working


def test_create_dialog_long_work_shows_progress(creating: CreateAppDialog, qtbot: QtBot, services: Any) -> None:
    services.lifecycle.is_held = True
    _press(qtbot, creating.action_button)
    assert not creating.progress.isVisible()
    qtbot.waitUntil(creating.progress.isVisible)
    creating.reject()
    assert not creating.progress.isVisible()


def test_rename_dialog_renames(qtbot: QtBot, window: QWidget, runner: Runner, services: Any) -> None:
    dialog = _opened(RenameAppDialog(runner, LOCAL, ANA_APP, window))
    assert not dialog.action_button.isEnabled()
    dialog.title_edit.selectAll()
    qtbot.keyClicks(dialog.title_edit, "Ana 2")
    with qtbot.waitSignal(dialog.renamed) as renamed:
        _press(qtbot, dialog.action_button)
    assert services.lifecycle.calls == [("rename", AppRef("local", ANA), "Ana 2")]
    assert renamed.args[0].title == "Ana 2"


def test_delete_dialog_says_that_it_cannot_be_undone(
    qtbot: QtBot, window: QWidget, runner: Runner, services: Any
) -> None:
    dialog = _opened(DeleteAppDialog(runner, LOCAL, ANA_APP, window))
    text = " ".join(each.text() for each in dialog.content.findChildren(type(dialog.heading)))
    assert "two days" in text
    assert "no call that brings it back" in text
    with qtbot.waitSignal(dialog.deleted) as deleted:
        _press(qtbot, dialog.action_button)
    assert deleted.args == [AppRef("local", ANA)]


def test_delete_dialog_production_wants_the_title_typed(
    qtbot: QtBot, window: QWidget, runner: Runner, services: Any
) -> None:
    dialog = _opened(DeleteAppDialog(runner, CLOUD, ANA_APP, window))
    assert dialog.title_edit is not None
    dialog.title_edit.setText("Ana’s work")
    _press(qtbot, dialog.action_button)
    qtbot.keyClick(dialog.title_edit, Qt.Key.Key_Return)
    assert services.lifecycle.calls == []
    qtbot.keyClicks(dialog.title_edit, "space")
    with qtbot.waitSignal(dialog.deleted):
        _press(qtbot, dialog.action_button)


def test_delete_dialog_alt_d_deletes(qtbot: QtBot, window: QWidget, runner: Runner) -> None:
    dialog = _opened(DeleteAppDialog(runner, LOCAL, ANA_APP, window))
    assert dialog.action_button.shortcut().toString() == "Alt+D"
    dialog.activateWindow()
    qtbot.waitUntil(dialog.isActiveWindow)
    with qtbot.waitSignal(dialog.deleted):
        qtbot.keyClick(dialog, Qt.Key.Key_D, Qt.KeyboardModifier.AltModifier)


def test_delete_dialog_enter_does_not_delete(qtbot: QtBot, window: QWidget, runner: Runner, services: Any) -> None:
    dialog = _opened(DeleteAppDialog(runner, LOCAL, ANA_APP, window))
    qtbot.keyClick(dialog, Qt.Key.Key_Return)
    assert services.lifecycle.calls == []
    assert dialog.isVisible()

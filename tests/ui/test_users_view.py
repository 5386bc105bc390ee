"""The users of a foundation with their apps."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QDialog
from pytestqt.qtbot import QtBot

from app.core.changes import Changes
from app.core.connection import Environment
from app.core.errors import Conflict, FieldError, Invalid, Unreachable
from app.core.refs import AppRef
from app.services.foundation_shape import FoundationShape
from app.services.provision_words import what_goes
from app.ui.foundation.take_back_dialog import TakeBackDialog
from app.ui.foundation.user_dialogs import CreateUserAppDialog, LinkAppDialog, NewUserDialog, UnlinkAppDialog
from app.ui.foundation.users_model import APP_ID_COLUMN
from app.ui.foundation.users_view import UsersView
from app.ui.work.runner import Runner
from tests.ui.content_fakes import ANA, TAR, runner
from tests.ui.foundation_fakes import ALI, CONNECTION, FREE, OLD, conflict, entry, foundation_services

__all__ = ["runner"]
LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def services() -> Any:
    return foundation_services()


def _shown(qtbot: QtBot, view: UsersView) -> UsersView:
    qtbot.addWidget(view)
    view.resize(1100, 600)
    view.show()
    return view


@pytest.fixture
def view(qtbot: QtBot, runner: Runner) -> UsersView:
    made = _shown(qtbot, UsersView(runner, CONNECTION))
    qtbot.waitUntil(made.table.isVisible)
    return made


def _choose(view: UsersView, *user_ids: str) -> None:
    view.table.clearSelection()
    view.table.select_keys(frozenset(user_ids))


def _texts(view: UsersView, column: int) -> list[str]:
    return [view.model.data(view.model.index(row, column)) for row in range(view.model.rowCount())]


def _dialog(view: UsersView, kind: type[QDialog]) -> Any:
    return next(each for each in view.window().findChildren(kind) if each.isVisible())


def test_view_every_user_has_state_app_and_id(view: UsersView) -> None:
    assert _texts(view, 0) == ["Several apps", "OK", "No app", "App missing", "Drifted", "No app"]
    assert _texts(view, 2)[:4] == ["Ali · Ali (old)", "Ana’s workspace", "—", "not on the platform"]
    assert _texts(view, APP_ID_COLUMN)[:3] == [f"{ALI}  +1", ANA, "—"]
    assert _texts(view, 4) == ["3", "3", "—", "—", "2", "—"]
    assert view.count_label.text() == "6 users"


def test_view_search_narrows_by_address_id_and_title(view: UsersView, qtbot: QtBot) -> None:
    for query, found in (("eva@", ["u-eva"]), (ANA[:8].upper(), ["u-ana"]), ("ali old", ["u-ali"]), ("", None)):
        view.search_box.setText(query)
        keys = [row.user_id for row in view.model.rows]
        assert keys == (found or [row.user_id for row in view.model.all_rows])
    qtbot.keyClicks(view.search_box, "nobody")
    assert "Nothing matches" in view.empty.title.text()
    qtbot.mouseClick(view.empty.button, LEFT)
    assert view.table.isVisible()
    assert len(view.model.rows) == 6


def test_view_letters_typed_into_the_list_search(view: UsersView, qtbot: QtBot) -> None:
    qtbot.keyClicks(view.table, "gil")
    assert view.search_box.text() == "gil"
    assert [row.user_id for row in view.model.rows] == ["u-gil"]


def test_view_one_click_on_the_id_copies_it(view: UsersView, qtbot: QtBot) -> None:
    place = view.table.visualRect(view.model.index(1, APP_ID_COLUMN)).center()
    with qtbot.waitSignal(view.copied) as told:
        qtbot.mouseClick(view.table.viewport(), LEFT, pos=place)
    assert QGuiApplication.clipboard().text() == ANA
    assert told.args == [f"Copied app ID of ana@example.com: {ANA}"]


def test_view_click_beside_an_id_copies_nothing(view: UsersView, qtbot: QtBot) -> None:
    QGuiApplication.clipboard().setText("before")
    for row, column in ((2, APP_ID_COLUMN), (1, 1)):
        qtbot.mouseClick(
            view.table.viewport(), LEFT, pos=QPoint(view.table.visualRect(view.model.index(row, column)).center())
        )
    assert QGuiApplication.clipboard().text() == "before"


def test_view_copy_takes_all_chosen_ids(view: UsersView) -> None:
    _choose(view, "u-ali", "u-ana", "u-bo")
    view.copy_chosen()
    assert QGuiApplication.clipboard().text().split("\n") == [ALI, OLD, ANA]


def test_view_enter_opens_the_tab_of_the_app(view: UsersView, qtbot: QtBot) -> None:
    _choose(view, "u-ana")
    with qtbot.waitSignal(view.open_requested) as opened:
        qtbot.keyClick(view.table, Qt.Key.Key_Return)
    assert opened.args == [AppRef("local", ANA)]


def test_view_user_with_an_app_gets_no_second_one(view: UsersView) -> None:
    _choose(view, "u-ana")
    assert not view.create_button.isEnabled()
    assert not view.link_button.isEnabled()
    assert "although the link itself would allow several" in view.create_button.toolTip()
    _choose(view, "u-bo")
    assert view.create_button.isEnabled()
    assert view.create_button.toolTip() == ""


def test_view_menu_offers_what_the_buttons_offer(view: UsersView) -> None:
    _choose(view, "u-bo")
    menu = view.make_menu()
    enabled = {action.text(): action.isEnabled() for action in menu.actions()}
    assert enabled == {
        "Open": False,
        "Copy app ID": False,
        "Create app…": True,
        "Link app…": True,
        "Unlink…": False,
    }


def test_view_app_is_created_from_the_chosen_template(view: UsersView, qtbot: QtBot, services: Any) -> None:
    _choose(view, "u-bo")
    qtbot.mouseClick(view.create_button, LEFT)
    dialog = _dialog(view, CreateUserAppDialog)
    qtbot.waitUntil(lambda: dialog.choice.list.count() == 2)
    assert dialog.choice.name == "todo"
    assert dialog.title_edit.text() == "bo"
    with qtbot.waitSignal(view.copied) as told:
        qtbot.mouseClick(dialog.action_button, LEFT)
    assert services.provisioning.calls == [("create", "u-bo", "todo", "bo")]
    assert "app-of-u-bo" in told.args[0]


def test_view_refusal_of_a_second_app_is_shown_in_the_dialog(view: UsersView, qtbot: QtBot, services: Any) -> None:
    services.provisioning.errors["u-bo"] = conflict()
    _choose(view, "u-bo")
    view.create_app()
    dialog = _dialog(view, CreateUserAppDialog)
    dialog.act()
    qtbot.waitUntil(dialog.message.isVisible)
    assert dialog.message.sentence.text() == "ana@example.com has an app already."


def test_view_apps_for_several_users_tell_who_failed(view: UsersView, qtbot: QtBot, services: Any) -> None:
    services.provisioning.errors["u-zoe"] = Unreachable("The platform did not answer.")
    _choose(view, "u-bo", "u-zoe")
    view.create_app()
    dialog = _dialog(view, CreateUserAppDialog)
    assert dialog.action_button.text() == "Create 2 apps"
    dialog.act()
    qtbot.waitUntil(dialog.message.isVisible)
    assert "1 app was created" in dialog.message.sentence.text()
    assert "zoe@example.com failed" in dialog.message.sentence.text()
    services.provisioning.errors.clear()
    with qtbot.waitSignal(dialog.finished):
        dialog.act()
    assert [call[1] for call in services.provisioning.calls] == ["u-bo", "u-zoe", "u-zoe"]


def test_view_link_offers_only_apps_without_an_owner(view: UsersView, qtbot: QtBot, services: Any) -> None:
    _choose(view, "u-bo")
    qtbot.mouseClick(view.link_button, LEFT)
    dialog = _dialog(view, LinkAppDialog)
    qtbot.waitUntil(lambda: dialog.app_list.count() == 1)
    with qtbot.waitSignal(view.copied):
        qtbot.mouseClick(dialog.action_button, LEFT)
    assert services.foundation.asked("link") == [("link", "u-bo", FREE)]


def test_view_unlink_asks_which_app(view: UsersView, qtbot: QtBot, services: Any) -> None:
    _choose(view, "u-ali")
    qtbot.mouseClick(view.unlink_button, LEFT)
    dialog = _dialog(view, UnlinkAppDialog)
    dialog.app_box.setCurrentIndex(1)
    with qtbot.waitSignal(view.copied):
        qtbot.mouseClick(dialog.action_button, LEFT)
    assert services.foundation.asked("unlink") == [("unlink", "u-ali", OLD)]


def test_view_new_user_is_chosen_in_the_list(view: UsersView, qtbot: QtBot, services: Any) -> None:
    qtbot.mouseClick(view.new_button, LEFT)
    dialog = _dialog(view, NewUserDialog)
    dialog.email_edit.setText("new@example.com")
    dialog.act()
    qtbot.waitUntil(lambda: [row.email for row in view.chosen()] == ["new@example.com"])


def test_view_wrong_address_is_told_beside_the_field(view: UsersView, qtbot: QtBot, services: Any) -> None:
    view.new_user()
    dialog = _dialog(view, NewUserDialog)
    services.foundation.error = Invalid("No.", fields=(FieldError("email", "This is not an e-mail address."),))
    dialog.act()
    qtbot.waitUntil(lambda: dialog.fields["email"].error != "")
    assert dialog.fields["email"].error == "This is not an e-mail address."


def test_view_unfinished_app_is_shown_and_finished(qtbot: QtBot, runner: Runner, services: Any) -> None:
    services.provisioning.journal = (entry(error="The platform did not answer."), entry("e2", "t1", kind="task"))
    view = _shown(qtbot, UsersView(runner, CONNECTION))
    qtbot.waitUntil(lambda: len(view.notes.rows) == 1)
    note = view.notes.rows[0]
    assert note.sentence.text() == "The app for bo@example.com is not finished"
    assert "The platform did not answer." in note.detail.text()
    qtbot.mouseClick(note.buttons[0], LEFT)
    qtbot.waitUntil(lambda: not view.notes.rows)
    assert services.provisioning.calls == [("finish", "e1")]


def _asked_to_take_back(qtbot: QtBot, view: UsersView) -> TakeBackDialog:
    qtbot.waitUntil(lambda: len(view.notes.rows) == 1)
    button = view.notes.rows[0].buttons[1]
    assert button.text() == "Take back…"
    qtbot.mouseClick(button, LEFT)
    return cast(TakeBackDialog, _dialog(view, TakeBackDialog))


def test_view_unfinished_app_is_taken_back_after_a_second_look(qtbot: QtBot, runner: Runner, services: Any) -> None:
    services.provisioning.journal = (entry(error="The platform did not answer."),)
    view = _shown(qtbot, UsersView(runner, CONNECTION))
    dialog = _asked_to_take_back(qtbot, view)
    said = [dialog.sentences.item(at).text() for at in range(dialog.sentences.count())]
    assert said == list(what_goes(entry()))
    assert f"“bo” ({FREE}) is deleted" in said[0]
    assert not dialog.action_button.isEnabled()
    assert dialog.check is not None
    dialog.check.click()
    with qtbot.waitSignal(view.copied) as told:
        qtbot.mouseClick(dialog.action_button, LEFT)
    assert told.args == ["Took back the unfinished app for bo@example.com"]
    assert services.provisioning.calls == [("take back", "e1")]
    qtbot.waitUntil(lambda: not view.notes.rows)


def test_view_app_that_cannot_be_taken_back_says_why_and_stays(qtbot: QtBot, runner: Runner, services: Any) -> None:
    services.provisioning.journal = (entry(),)
    services.provisioning.errors["e1"] = Conflict("The app that was begun is linked to its user.")
    production = replace(CONNECTION, environment=Environment.PRODUCTION)
    view = _shown(qtbot, UsersView(runner, production))
    dialog = _asked_to_take_back(qtbot, view)
    assert dialog.name_edit is not None
    assert not dialog.action_button.isEnabled()
    qtbot.keyClicks(dialog.name_edit, "bo")
    qtbot.mouseClick(dialog.action_button, LEFT)
    qtbot.waitUntil(dialog.message.isVisible)
    assert dialog.message.sentence.text() == "The app that was begun is linked to its user."
    assert len(view.notes.rows) == 1


def test_view_read_only_connection_takes_nothing_back(qtbot: QtBot, runner: Runner, services: Any) -> None:
    services.provisioning.journal = (entry(),)
    view = _shown(qtbot, UsersView(runner, replace(CONNECTION, is_read_only=True)))
    qtbot.waitUntil(lambda: len(view.notes.rows) == 1)
    assert view.notes.rows[0].buttons == []


def test_view_missing_registry_leads_to_the_foundation(qtbot: QtBot, runner: Runner, services: Any) -> None:
    services.foundation.found_shape = FoundationShape(False, False, missing=("The entity app is missing.",))
    view = _shown(qtbot, UsersView(runner, CONNECTION))
    qtbot.waitUntil(lambda: len(view.notes.rows) == 1)
    _choose(view, "u-bo")
    assert not view.create_button.isEnabled()
    with qtbot.waitSignal(view.foundation_requested) as asked:
        qtbot.mouseClick(view.notes.rows[0].buttons[0], LEFT)
    assert asked.args == ["local"]


def test_view_without_a_foundation_offers_to_name_one(qtbot: QtBot, runner: Runner) -> None:
    view = _shown(qtbot, UsersView(runner, replace(CONNECTION, foundation_app_id=None)))
    assert view.empty.title.text() == "No foundation"
    with qtbot.waitSignal(view.edit_connection_requested) as asked:
        qtbot.mouseClick(view.empty.button, LEFT)
    assert asked.args == ["local"]
    view.set_connection(CONNECTION)
    assert not view.new_button.isEnabled()


def test_view_read_only_connection_changes_nothing(qtbot: QtBot, runner: Runner) -> None:
    view = _shown(qtbot, UsersView(runner, replace(CONNECTION, is_read_only=True)))
    qtbot.waitUntil(view.table.isVisible)
    _choose(view, "u-bo")
    for button in (view.create_button, view.link_button, view.unlink_button, view.new_button):
        assert not button.isEnabled()
        assert "read-only" in button.toolTip()


def test_view_failure_is_told_and_tried_again(qtbot: QtBot, runner: Runner, services: Any) -> None:
    services.foundation.error = Unreachable("The platform did not answer.", remedy="Check the address.")
    view = _shown(qtbot, UsersView(runner, CONNECTION))
    qtbot.waitUntil(lambda: view.empty.title.text() == "The platform did not answer.")
    services.foundation.error = None
    qtbot.mouseClick(view.empty.button, LEFT)
    qtbot.waitUntil(view.table.isVisible)


def test_view_follows_what_changed_and_keeps_the_selection(view: UsersView, qtbot: QtBot, services: Any) -> None:
    _choose(view, "u-gil")
    services.foundation.rows = services.foundation.rows[1:]
    services.hub.publish(Changes(apps=frozenset({"local"})))
    qtbot.waitUntil(lambda: view.model.total == 5)
    assert [row.user_id for row in view.chosen()] == ["u-gil"]


def test_view_header_sorts_what_needs_an_eye_first(view: UsersView) -> None:
    view.table.sortByColumn(0, Qt.SortOrder.AscendingOrder)
    assert [row.state for row in view.model.rows][:2] == ["app missing", "several apps"]


def test_view_dates_are_asked_for_what_is_in_sight(view: UsersView, qtbot: QtBot, services: Any) -> None:
    _choose(view, "u-eva")
    qtbot.waitUntil(lambda: _texts(view, 5)[3].startswith("2023-11-1"))
    assert services.foundation.asked("created") == [("created", ("u-eva",))]
    assert [row.user_id for row in view.chosen()] == ["u-eva"]


def test_view_own_reading_does_not_make_it_read_again(view: UsersView, qtbot: QtBot, services: Any) -> None:
    """A fresh look at the foundation's schema tells of itself."""
    tar = AppRef("local", TAR)
    services.hub.publish(Changes(schemas=frozenset({tar})))
    services.hub.publish(Changes(pushes=frozenset({tar})))
    qtbot.waitUntil(lambda: len(services.foundation.asked("users")) == 2)
    services.hub.publish(Changes(schemas=frozenset({tar})))
    with qtbot.waitSignal(view._runner.changed):
        pass
    assert not view._settle.isActive()

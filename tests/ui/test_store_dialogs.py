"""The dialogs about a workspace's store and about the main database itself."""

from __future__ import annotations

from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QLineEdit, QWidget
from pytestqt.qtbot import QtBot

from app.core.errors import FieldError, Invalid
from app.services.store_words import MainOverview
from app.ui.connections.dsn_form import DsnForm
from app.ui.stores.main_database_dialog import NAMES as NAMES_PART
from app.ui.stores.main_database_dialog import TABLES as TABLES_PART
from app.ui.stores.main_database_dialog import MainDatabaseDialog
from app.ui.stores.store_dialog import StoreDialog
from app.ui.work.runner import Runner
from tests.ui.content_fakes import runner, window
from tests.ui.store_fakes import (
    CHECKED_AT,
    COLUMNS,
    CONNECTION,
    MAIN,
    NAMES,
    PRODUCTION,
    TABLES,
    store_services,
    workspaces,
)

__all__ = ["runner", "window"]
LEFT = Qt.MouseButton.LeftButton
AURORA, DUNE = workspaces()[0], workspaces()[3]
NEW = "postgresql://app@db.acme.example:5432/store_new"


@pytest.fixture
def services() -> Any:
    return store_services()


def _open(dialog: Any, qtbot: QtBot) -> Any:
    dialog.open()
    qtbot.waitUntil(dialog.isVisible)
    return dialog


def _store_dialog(qtbot: QtBot, runner: Runner, window: QWidget, workspace: Any = AURORA, at: Any = CONNECTION) -> Any:
    return _open(StoreDialog(runner, at, workspace, window), qtbot)


def _lines(dialog: StoreDialog) -> list[str]:
    return [dialog.sentences.item(at).text() for at in range(dialog.sentences.count())]


def _paste(edit: QLineEdit, text: str) -> None:
    edit.selectAll()
    edit.insert("")
    edit.setText(text)
    edit.textEdited.emit(text)


# The form


@pytest.fixture
def form(qtbot: QtBot) -> DsnForm:
    made = DsnForm()
    qtbot.addWidget(made)
    made.show()
    return made


def test_form_pasted_address_fills_the_parts_and_hides_the_password(form: DsnForm) -> None:
    _paste(form.address_edit, "postgres://ana:p%40ss@db.example:6432/notes?sslmode=require")
    assert form.address_edit.text() == "postgresql://ana@db.example:6432/notes?sslmode=require"
    assert (form.host_edit.text(), form.port_edit.text()) == ("db.example", "6432")
    assert (form.database_edit.text(), form.user_edit.text()) == ("notes", "ana")
    assert form.tls_box.currentData() == "require"
    password = form.password()
    assert password is not None
    assert password.reveal() == "p@ss"
    assert form.password_edit.edit.echoMode() == QLineEdit.EchoMode.Password


def test_form_parts_make_the_address(form: DsnForm, qtbot: QtBot) -> None:
    qtbot.keyClicks(form.host_edit, "db.example")
    _paste(form.database_edit, "my notes/ä")
    qtbot.keyClicks(form.user_edit, "a@b")
    assert form.address_edit.text() == "postgresql://a%40b@db.example:5432/my%20notes%2F%C3%A4"
    form.tls_box.setCurrentIndex(form.tls_box.findData("verify-full"))
    form.tls_box.activated.emit(form.tls_box.currentIndex())
    assert form.dsn_text().endswith("?sslmode=verify-full")


def test_form_typed_address_is_left_alone_until_it_is_whole(form: DsnForm, qtbot: QtBot) -> None:
    form.address_edit.setFocus()
    qtbot.keyClicks(form.address_edit, "postgresql://ana:pw@h/d")
    assert form.address_edit.text() == "postgresql://ana:pw@h/d"
    form.address_edit.editingFinished.emit()
    assert form.address_edit.text() == "postgresql://ana@h:5432/d"
    assert form.password() is not None


def test_form_file_needs_no_password(form: DsnForm) -> None:
    form.show_dsn("sqlite:////srv/product/store.db")
    assert form.is_file
    assert form.file_edit.text() == "/srv/product/store.db"
    assert not form.fields["password"].isVisible()
    form.kind_box.setCurrentIndex(0)
    form.kind_box.activated.emit(0)
    assert form.fields["host"].isVisible()


def test_form_address_that_is_none_says_so(form: DsnForm) -> None:
    with pytest.raises(Invalid):
        form.dsn_text()
    form.show_dsn("http://example.com")
    with pytest.raises(Invalid) as refused:
        form.dsn_text()
    assert refused.value.fields[0].field == "base_url"


# The store of a workspace


def test_store_shows_what_is_there_and_what_would_be_written(
    qtbot: QtBot, runner: Runner, window: QWidget, services: Any
) -> None:
    dialog = _store_dialog(qtbot, runner, window)
    assert dialog.form.database_edit.text() == "store_aurora"
    assert dialog.form.password_edit.edit.placeholderText() == "Stored; leave empty to keep it"
    assert dialog.place_box.currentData() == "vault"
    assert not dialog.action_button.isEnabled()
    qtbot.waitUntil(lambda: dialog.sentences.count() == 2)
    assert "store_aurora" in _lines(dialog)[0]
    assert dialog.action_button.isEnabled()
    assert not services.stores.asked("set_store")


def test_store_is_written_with_its_password_where_it_was_chosen(
    qtbot: QtBot, runner: Runner, window: QWidget, services: Any
) -> None:
    dialog = _store_dialog(qtbot, runner, window, DUNE)
    assert not dialog.clear_button.isVisible()
    _paste(dialog.form.address_edit, "postgresql://app:s3cret@db.acme.example:5432/store_new")
    dialog.place_box.setCurrentIndex(1)
    assert "Whoever can read the main database" in dialog.fields["place"].hint_label.text()
    qtbot.waitUntil(lambda: dialog.sentences.count() == 3)
    assert "the row" in _lines(dialog)[2]
    with qtbot.waitSignal(dialog.saved) as told:
        qtbot.mouseClick(dialog.action_button, LEFT)
    assert services.stores.asked("set_store") == [("w-dune", NEW, "s3cret", "row")]
    assert told.args == ["Dune Works has its store at store_new"]
    assert not any("s3cret" in str(call) for call in services.stores.asked("describe"))


def test_store_edited_again_waits_for_a_new_preview(qtbot: QtBot, runner: Runner, window: QWidget) -> None:
    dialog = _store_dialog(qtbot, runner, window)
    qtbot.waitUntil(dialog.action_button.isEnabled)
    _paste(dialog.form.address_edit, NEW)
    assert not dialog.action_button.isEnabled()
    qtbot.waitUntil(lambda: "store_new" in "".join(_lines(dialog)))
    _paste(dialog.form.address_edit, "nowhere")
    qtbot.waitUntil(lambda: not dialog.sentences.count())
    assert "no address" in dialog.about.text()


def test_store_in_production_wants_the_name_of_the_workspace(qtbot: QtBot, runner: Runner, window: QWidget) -> None:
    dialog = _store_dialog(qtbot, runner, window, at=PRODUCTION)
    qtbot.waitUntil(lambda: dialog.name_edit is not None)
    said = " ".join(each.text() for each in dialog.findChildren(QLabel))
    assert "1 workspace gets this store at once on PostgreSQL · production (production environment)." in said
    assert not dialog.action_button.isEnabled()
    qtbot.keyClicks(dialog.name_edit, "Aurora Lab")
    assert not dialog.action_button.isEnabled()
    qtbot.keyClicks(dialog.name_edit, "s")
    assert dialog.action_button.isEnabled()


def test_store_with_warnings_wants_a_second_look(qtbot: QtBot, runner: Runner, window: QWidget, services: Any) -> None:
    services.stores.warnings = ("store_blue is the store of Blue Harbor already.",)
    dialog = _store_dialog(qtbot, runner, window)
    qtbot.waitUntil(lambda: dialog.check is not None)
    assert "Blue Harbor" in _lines(dialog)[-1]
    assert not dialog.action_button.isEnabled()
    dialog.check.setChecked(True)
    assert dialog.action_button.isEnabled()


def test_store_refused_marks_the_field(qtbot: QtBot, runner: Runner, window: QWidget, services: Any) -> None:
    field = FieldError("base_url", "This server has no database of that name.")
    services.stores.refusal = Invalid("The store is not acceptable.", fields=(field,))
    dialog = _store_dialog(qtbot, runner, window)
    qtbot.waitUntil(dialog.action_button.isEnabled)
    qtbot.mouseClick(dialog.action_button, LEFT)
    qtbot.waitUntil(lambda: dialog.fields["base_url"].error == field.message)
    assert dialog.isVisible()


def test_store_pointer_can_be_removed(qtbot: QtBot, runner: Runner, window: QWidget, services: Any) -> None:
    dialog = _store_dialog(qtbot, runner, window)
    qtbot.mouseClick(dialog.clear_button, LEFT)
    assert not dialog.form.isVisible()
    qtbot.waitUntil(lambda: dialog.check is not None)
    assert _lines(dialog) == ["The row of workspace_apps is removed."]
    dialog.check.setChecked(True)
    with qtbot.waitSignal(dialog.saved) as told:
        qtbot.mouseClick(dialog.action_button, LEFT)
    assert services.stores.asked("clear_store") == [("w-aurora",)]
    assert told.args == ["Aurora Labs has no store now"]


def test_store_back_from_removing_is_the_form_again(qtbot: QtBot, runner: Runner, window: QWidget) -> None:
    dialog = _store_dialog(qtbot, runner, window)
    qtbot.mouseClick(dialog.clear_button, LEFT)
    qtbot.waitUntil(lambda: dialog.check is not None)
    qtbot.mouseClick(dialog.clear_button, LEFT)
    qtbot.waitUntil(lambda: dialog.check is None and dialog.action_button.isEnabled())
    assert dialog.form.isVisible()


# The main database


def _overview(**changes: Any) -> MainOverview:
    found: dict[str, Any] = {
        "mode": "hosted",
        "mode_source": ".env",
        "mode_note": "APP_MODE=hosted in /srv/product/.env.",
        "map": NAMES,
        "tables": TABLES,
        "workspaces": (),
        "columns": COLUMNS,
    }
    return MainOverview(connection_id="pg", app_id=MAIN, read_at=CHECKED_AT, **(found | changes))


def _main_dialog(qtbot: QtBot, runner: Runner, window: QWidget, **changes: Any) -> MainDatabaseDialog:
    return _open(MainDatabaseDialog(runner, CONNECTION, _overview(**changes), window), qtbot)


def test_main_mode_says_where_it_is_from_and_can_be_chosen(
    qtbot: QtBot, runner: Runner, window: QWidget, services: Any
) -> None:
    dialog = _main_dialog(qtbot, runner, window)
    assert dialog.radios[""].isChecked()
    assert not dialog.action_button.isEnabled()
    dialog.radios["local"].setChecked(True)
    with qtbot.waitSignal(dialog.saved):
        qtbot.mouseClick(dialog.action_button, LEFT)
    assert services.stores.asked("set_mode") == [("local",)]
    assert not services.stores.asked("set_map")


def test_main_mode_that_was_chosen_can_follow_the_environment_again(
    qtbot: QtBot, runner: Runner, window: QWidget, services: Any
) -> None:
    dialog = _main_dialog(qtbot, runner, window, mode="local", mode_source="chosen")
    assert dialog.radios["local"].isChecked()
    dialog.take_folder("/srv/product")
    assert dialog.radios[""].isChecked()
    with qtbot.waitSignal(dialog.saved):
        qtbot.mouseClick(dialog.action_button, LEFT)
    assert services.stores.asked("set_env_folder") == [("/srv/product",)]
    assert services.stores.asked("set_mode") == [(None,)]


def test_main_names_are_chosen_from_what_is_there(qtbot: QtBot, runner: Runner, window: QWidget, services: Any) -> None:
    dialog = _main_dialog(qtbot, runner, window)
    dialog.show_part(NAMES_PART)
    boxes = dialog.names.boxes
    assert [boxes["workspace_name"].itemText(at) for at in range(3)] == ["not there", "created_at", "id"]
    boxes["workspace_name"].setCurrentIndex(boxes["workspace_name"].findData("slug"))
    boxes["workspace_name"].activated.emit(0)
    boxes["teams"].setCurrentIndex(0)
    boxes["teams"].activated.emit(0)
    with qtbot.waitSignal(dialog.saved):
        qtbot.mouseClick(dialog.action_button, LEFT)
    ((saved,),) = services.stores.asked("set_map")
    assert (saved.workspace_name, saved.teams) == ("slug", "")
    assert saved.workspaces == "workspaces"


def test_main_other_table_brings_its_own_columns(qtbot: QtBot, runner: Runner, window: QWidget) -> None:
    dialog = _main_dialog(qtbot, runner, window)
    boxes = dialog.names.boxes
    boxes["roles"].setCurrentIndex(boxes["roles"].findData("users"))
    boxes["roles"].activated.emit(0)
    assert boxes["role_workspace"].currentData() == ""
    assert boxes["role_workspace"].findData("email") > 0
    boxes["roles"].setCurrentIndex(boxes["roles"].findData("audit_log"))
    boxes["roles"].activated.emit(0)
    assert "once this is saved" in dialog.names.fields["roles"].hint_label.text()


def test_main_refused_name_is_brought_into_sight(qtbot: QtBot, runner: Runner, window: QWidget, services: Any) -> None:
    services.stores.refusal = Invalid("Not acceptable.", fields=(FieldError("teams", "users is named already."),))
    dialog = _main_dialog(qtbot, runner, window)
    dialog.names.boxes["teams"].setCurrentIndex(1)
    dialog.names.boxes["teams"].activated.emit(1)
    qtbot.mouseClick(dialog.action_button, LEFT)
    qtbot.waitUntil(lambda: dialog.names.fields["teams"].error == "users is named already.")
    assert dialog.tabs.currentIndex() == NAMES_PART


def test_main_tables_are_classified(qtbot: QtBot, runner: Runner, window: QWidget, services: Any) -> None:
    dialog = _main_dialog(qtbot, runner, window)
    dialog.show_part(TABLES_PART)
    found = {dialog.list.item(at).text(): dialog.list.item(at) for at in range(dialog.list.count())}
    assert sorted(found) == ["audit_log", "chats", "messages", "pages"]
    dialog.search_box.setText("AUD")
    assert [name for name, item in found.items() if not item.isHidden()] == ["audit_log"]
    found["audit_log"].setCheckState(Qt.CheckState.Checked)
    found["pages"].setCheckState(Qt.CheckState.Unchecked)
    with qtbot.waitSignal(dialog.saved):
        qtbot.mouseClick(dialog.action_button, LEFT)
    ((saved,),) = services.stores.asked("set_map")
    assert (saved.application, saved.others) == (("audit_log",), ("pages",))

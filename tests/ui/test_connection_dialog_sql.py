"""Connections to PostgreSQL servers and SQLite files, with the real widgets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from app.core.connection import Connection, Environment, Platform
from app.core.secret import Secret
from app.core.status import Health
from app.platforms.contract import Probe
from app.ui.connections.connection_dialog import ConnectionDialog, Kind
from app.ui.work.runner import Runner
from tests.ui.content_fakes import runner, services, window

__all__ = ["runner", "services", "window"]
SERVER = Connection(
    "pg", "Shop", Platform.POSTGRES, "postgresql://ada@db.example:6432/shop?sslmode=require", Environment.PRODUCTION
)
PASSWORD = " p@ss:w/ö?r#d% \\'\" "


@pytest.fixture
def dialog(qtbot: QtBot, window: QWidget, runner: Runner) -> ConnectionDialog:
    made = ConnectionDialog(runner, None, window)
    made.open()
    return made


def _edit(window: QWidget, runner: Runner, connection: Connection) -> ConnectionDialog:
    made = ConnectionDialog(runner, connection, window)
    made.open()
    return made


def _press(qtbot: QtBot, button: Any) -> None:
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def _choose(qtbot: QtBot, dialog: ConnectionDialog, kind: Kind) -> None:
    dialog.kind_box.setFocus()
    while dialog.kind is not kind:
        qtbot.keyClick(dialog.kind_box, Qt.Key.Key_Down)


def _saved(qtbot: QtBot, dialog: ConnectionDialog, services: Any) -> Any:
    with qtbot.waitSignal(dialog.saved):
        _press(qtbot, dialog.action_button)
    ((_act, *_id, draft),) = services.connections.drafts
    return draft


def test_connection_dialog_shows_the_fields_of_the_chosen_platform(dialog: ConnectionDialog, qtbot: QtBot) -> None:
    assert (dialog.instant.isVisible(), dialog.server.isVisible()) == (True, False)
    _choose(qtbot, dialog, Kind.POSTGRES)
    assert (dialog.instant.isVisible(), dialog.server.isVisible(), dialog.file.isVisible()) == (False, True, False)
    _choose(qtbot, dialog, Kind.SQLITE)
    assert (dialog.server.isVisible(), dialog.file.isVisible()) == (False, True)
    assert dialog.label_edit.text() == ""


def test_connection_dialog_server_is_handed_over_with_its_password_as_it_is(
    dialog: ConnectionDialog, qtbot: QtBot, services: Any
) -> None:
    _choose(qtbot, dialog, Kind.POSTGRES)
    qtbot.keyClicks(dialog.label_edit, "Ours")
    qtbot.keyClicks(dialog.server.host_edit, "db.example")
    qtbot.keyClicks(dialog.server.database_edit, "my db")
    qtbot.keyClicks(dialog.server.user_edit, "ada")
    dialog.server.password.edit.insert(PASSWORD)
    dialog.server.main_box.setFocus()
    qtbot.keyClick(dialog.server.main_box, Qt.Key.Key_Space)
    draft = _saved(qtbot, dialog, services)
    assert draft.platform is Platform.POSTGRES
    assert draft.base_url == "postgresql://ada@db.example:5432/my%20db?sslmode=require"
    assert draft.platform_token == Secret(PASSWORD)
    assert draft.foundation_app_id == "my db"
    assert draft.environment is Environment.STAGING


def test_connection_dialog_pasted_address_is_split_and_gone(
    dialog: ConnectionDialog, qtbot: QtBot, services: Any
) -> None:
    _choose(qtbot, dialog, Kind.POSTGRES)
    dialog.server.paste_edit.setFocus()
    QGuiApplication.clipboard().setText("postgresql://ada:s3%20cret@127.0.0.1:6000/shop")
    qtbot.keyClick(dialog.server.paste_edit, Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)
    assert dialog.server.paste_edit.text() == ""
    assert (dialog.server.host_edit.text(), dialog.server.port_edit.text()) == ("127.0.0.1", "6000")
    assert (dialog.server.user_edit.text(), dialog.server.database_edit.text()) == ("ada", "shop")
    assert dialog.server.password.edit.text() == "s3 cret"
    assert dialog.label_edit.text() == "shop"
    draft = _saved(qtbot, dialog, services)
    assert draft.base_url == "postgresql://ada@127.0.0.1:6000/shop"
    assert draft.environment is Environment.LOCAL
    assert draft.foundation_app_id is None


def test_connection_dialog_enter_in_the_pasted_address_only_splits(
    dialog: ConnectionDialog, qtbot: QtBot, services: Any
) -> None:
    _choose(qtbot, dialog, Kind.POSTGRES)
    qtbot.keyClicks(dialog.server.paste_edit, "mysql://x")
    qtbot.keyClick(dialog.server.paste_edit, Qt.Key.Key_Return)
    assert "no address of a PostgreSQL" in dialog.fields["base_url"].error
    assert services.connections.drafts == []


def test_connection_dialog_wrong_parts_are_said_at_their_fields(
    dialog: ConnectionDialog, qtbot: QtBot, services: Any
) -> None:
    _choose(qtbot, dialog, Kind.POSTGRES)
    dialog.server.port_edit.setText("99999")
    _press(qtbot, dialog.action_button)
    assert dialog.fields["host"].error.startswith("Enter the server's name")
    assert dialog.fields["port"].error == "A port is a number from 1 to 65535."
    assert dialog.fields["database"].error == "Enter the name of a database on the server."
    assert dialog.server.host_edit.hasFocus()
    assert services.connections.drafts == []
    _press(qtbot, dialog.test_button)
    assert not dialog.test_result.isVisible()
    assert dialog.fields["port"].error != ""


def test_connection_dialog_certificate_is_asked_for_where_it_is_checked(
    dialog: ConnectionDialog, qtbot: QtBot, services: Any
) -> None:
    _choose(qtbot, dialog, Kind.POSTGRES)
    assert not dialog.fields["root_certificate"].isVisible()
    dialog.server.take_address("postgresql://db.example/shop?sslmode=verify-full&sslrootcert=/etc/ca.pem")
    assert dialog.fields["root_certificate"].isVisible()
    draft = _saved(qtbot, dialog, services)
    assert draft.base_url == "postgresql://db.example:5432/shop?sslmode=verify-full&sslrootcert=/etc/ca.pem"


def test_connection_dialog_test_asks_with_what_is_entered(
    qtbot: QtBot, window: QWidget, runner: Runner, services: Any
) -> None:
    dialog = _edit(window, runner, SERVER)
    services.connections.probe = Probe(Health.UP, 3.0)
    _press(qtbot, dialog.test_button)
    qtbot.waitUntil(lambda: dialog.test_result.headline.text() == "Up · 3 ms")
    qtbot.keyClicks(dialog.server.password.edit, "x")
    assert not dialog.test_result.isVisible()


def test_connection_dialog_edit_shows_the_parts_and_keeps_the_platform(
    qtbot: QtBot, window: QWidget, runner: Runner, services: Any
) -> None:
    dialog = _edit(window, runner, SERVER)
    assert dialog.kind is Kind.POSTGRES
    assert not dialog.kind_box.isEnabled()
    assert (dialog.server.host_edit.text(), dialog.server.port_edit.text()) == ("db.example", "6432")
    assert dialog.server.tls_box.currentData() == "require"
    draft = _saved(qtbot, dialog, services)
    assert (draft.base_url, draft.platform_token) == (SERVER.base_url, None)


def test_connection_dialog_new_sqlite_file_is_to_be_made(
    dialog: ConnectionDialog, qtbot: QtBot, services: Any, tmp_path: Path
) -> None:
    _choose(qtbot, dialog, Kind.SQLITE)
    assert dialog.environment is Environment.LOCAL
    qtbot.keyClicks(dialog.label_edit, "File")
    _press(qtbot, dialog.action_button)
    assert dialog.fields["path"].error == "Choose a file."
    dialog.file.take_path(str(tmp_path / "new one.db"), is_new=True)
    assert dialog.fields["path"].error == ""
    draft = _saved(qtbot, dialog, services)
    assert draft.base_url == f"sqlite:///{tmp_path}/new%20one.db"
    assert draft.makes_file
    assert draft.platform_token is None


def test_connection_dialog_choosing_a_file_blocks_nothing(dialog: ConnectionDialog, qtbot: QtBot) -> None:
    _choose(qtbot, dialog, Kind.SQLITE)
    _press(qtbot, dialog.file.new_button)
    chooser = dialog.file._chooser
    assert chooser is not None
    assert chooser.windowTitle() == "New SQLite file"
    chooser.reject()


def test_connection_dialog_database_url_of_an_env_text_is_taken(dialog: ConnectionDialog, qtbot: QtBot) -> None:
    _press(qtbot, dialog.imports.paste_button)
    dialog.imports.paste_edit.setPlainText("DATABASE_URL=postgres://ada:secret@localhost/shop")
    _press(qtbot, dialog.imports.read_button)
    qtbot.waitUntil(lambda: dialog.kind is Kind.POSTGRES)
    assert dialog.server.password.edit.text() == "secret"
    assert dialog.server.database_edit.text() == "shop"
    assert all("secret" not in text for _, text in dialog.imports.note.lines)

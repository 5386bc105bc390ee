"""Adding, testing, editing and removing a connection, with the real widgets."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLineEdit, QWidget
from pytestqt.qtbot import QtBot

from app.core.connection import Connection, Environment
from app.core.errors import FieldError, Invalid, Unreachable
from app.core.secret import Secret
from app.core.status import Health, Severity
from app.platforms.contract import Probe
from app.ui.connections.connection_dialog import ConnectionDialog
from app.ui.connections.remove_connection_dialog import RemoveConnectionDialog
from app.ui.work.runner import Runner
from tests.ui.content_fakes import CLOUD, LOCAL, TAR, runner, services, window

__all__ = ["runner", "services", "window"]
TOKEN = "per_0123456789"


@pytest.fixture
def dialog(qtbot: QtBot, window: QWidget, runner: Runner) -> ConnectionDialog:
    return _edit(window, runner, None)


def _edit(window: QWidget, runner: Runner, connection: Connection | None) -> ConnectionDialog:
    made = ConnectionDialog(runner, connection, window)
    made.open()
    return made


def _press(qtbot: QtBot, button: Any) -> None:
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def test_connection_dialog_save_hands_over_what_was_entered(
    dialog: ConnectionDialog, qtbot: QtBot, services: Any
) -> None:
    dialog.label_edit.clear()
    qtbot.keyClicks(dialog.label_edit, "Ours")
    qtbot.keyClicks(dialog.instant.platform_token.edit, TOKEN)
    qtbot.keyClicks(dialog.instant.foundation_edit, TAR)
    dialog.read_only_box.setFocus()
    qtbot.keyClick(dialog.read_only_box, Qt.Key.Key_Space)
    with qtbot.waitSignal(dialog.saved) as saved:
        _press(qtbot, dialog.action_button)
    ((act, draft),) = services.connections.drafts
    assert (act, draft.label, draft.base_url, draft.environment) == (
        "add",
        "Ours",
        "https://api.instantdb.com",
        Environment.PRODUCTION,
    )
    assert (draft.platform_token, draft.dash_token, draft.is_read_only) == (Secret(TOKEN), None, True)
    assert draft.foundation_app_id == TAR
    assert saved.args[0].label == "Ours"


def test_connection_dialog_wrong_fields_are_marked_and_the_text_stays(
    dialog: ConnectionDialog, qtbot: QtBot, services: Any
) -> None:
    services.connections.error = Invalid(
        "The connection is not complete.",
        fields=(FieldError("base_url", "This is not a valid address."), FieldError("label", "Enter a name.")),
    )
    qtbot.keyClicks(dialog.instant.platform_token.edit, TOKEN)
    _press(qtbot, dialog.action_button)
    qtbot.waitUntil(lambda: dialog.fields["base_url"].error == "This is not a valid address.")
    assert dialog.fields["label"].error == "Enter a name."
    assert dialog.instant.platform_token.edit.text() == TOKEN
    assert not dialog.message.isVisible()
    qtbot.keyClicks(dialog.instant.url_edit, "x")
    assert dialog.fields["base_url"].error == ""


def test_connection_dialog_address_on_this_machine_is_no_production(dialog: ConnectionDialog, qtbot: QtBot) -> None:
    assert dialog.environment is Environment.PRODUCTION
    dialog.instant.url_edit.clear()
    qtbot.keyClicks(dialog.instant.url_edit, "http://[::1]:8888")
    assert dialog.environment is Environment.LOCAL


def test_connection_dialog_environment_that_was_chosen_stays(dialog: ConnectionDialog, qtbot: QtBot) -> None:
    qtbot.keyClick(dialog.environment_box, Qt.Key.Key_Up)
    dialog.instant.url_edit.clear()
    qtbot.keyClicks(dialog.instant.url_edit, "http://localhost:8888")
    assert dialog.environment is Environment.STAGING


def test_connection_dialog_failure_says_sentence_and_remedy(
    dialog: ConnectionDialog, qtbot: QtBot, services: Any
) -> None:
    services.connections.error = Unreachable("The database is locked.", remedy="Close the other window.")
    _press(qtbot, dialog.action_button)
    qtbot.waitUntil(dialog.message.isVisible)
    assert dialog.message.sentence.text() == "The database is locked."
    assert dialog.message.remedy.text() == "Close the other window."
    assert dialog.action_button.isEnabled()


def test_connection_dialog_test_shows_state_and_latency(dialog: ConnectionDialog, qtbot: QtBot, services: Any) -> None:
    services.connections.probe = Probe(Health.UP, 84.4)
    _press(qtbot, dialog.test_button)
    qtbot.waitUntil(lambda: dialog.test_result.headline.text() == "Up · 84 ms")
    assert dialog.test_result.mark.state is Health.UP
    assert services.connections.drafts[0][0] == "test"


def test_connection_dialog_test_shows_what_is_wrong_and_what_to_do(
    dialog: ConnectionDialog, qtbot: QtBot, services: Any
) -> None:
    services.connections.probe = Probe(Health.UNAUTHORISED, 12.0, "The token is not accepted.", "Enter a valid one.")
    _press(qtbot, dialog.test_button)
    qtbot.waitUntil(lambda: dialog.test_result.sentence.text() == "The token is not accepted. Enter a valid one.")
    qtbot.keyClicks(dialog.instant.platform_token.edit, "x")
    assert not dialog.test_result.isVisible()


def test_connection_dialog_preset_sets_address_and_environment(dialog: ConnectionDialog, qtbot: QtBot) -> None:
    qtbot.keyClick(dialog.instant.preset_box, Qt.Key.Key_Down)
    assert dialog.instant.url_edit.text() == "http://localhost:8888"
    assert dialog.badge.environment is Environment.STAGING
    dialog.instant.url_edit.clear()
    qtbot.keyClicks(dialog.instant.url_edit, "https://db.example.com")
    assert dialog.instant.preset_box.currentText() == "Other address"


def test_connection_dialog_proposed_name_follows_the_address_and_an_own_one_stays(
    dialog: ConnectionDialog, qtbot: QtBot
) -> None:
    dialog.label_edit.setText("Instant Cloud")
    dialog.instant.url_edit.selectAll()
    qtbot.keyClicks(dialog.instant.url_edit, "http://127.0.0.1:9")
    assert dialog.label_edit.text() == "Self-hosted Instant"
    dialog.label_edit.setText("Mine")
    qtbot.keyClicks(dialog.instant.url_edit, "0")
    assert dialog.label_edit.text() == "Mine"


def test_connection_dialog_token_is_hidden_until_it_is_shown(dialog: ConnectionDialog, qtbot: QtBot) -> None:
    assert dialog.instant.platform_token.edit.echoMode() == QLineEdit.EchoMode.Password
    _press(qtbot, dialog.instant.platform_token.reveal)
    assert dialog.instant.platform_token.edit.echoMode() == QLineEdit.EchoMode.Normal


def test_connection_dialog_says_where_tokens_are_kept(dialog: ConnectionDialog, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: dialog.vault_label.text() == "Token: OS keyring")


def test_connection_dialog_pasted_env_is_taken_and_a_leak_is_called_out(dialog: ConnectionDialog, qtbot: QtBot) -> None:
    _press(qtbot, dialog.imports.paste_button)
    dialog.imports.paste_edit.setPlainText(f"EXPO_PUBLIC_INSTANT_PLATFORM_TOKEN={TOKEN}\nINSTANT_APP_ID={TAR}\n")
    _press(qtbot, dialog.imports.read_button)
    qtbot.waitUntil(lambda: dialog.instant.platform_token.edit.text() == TOKEN)
    assert dialog.instant.foundation_edit.text() == TAR
    assert dialog.imports.paste_edit.toPlainText() == ""
    severity, leak = dialog.imports.note.lines[0]
    assert severity is Severity.ERROR
    assert "EXPO_PUBLIC_INSTANT_PLATFORM_TOKEN" in leak
    assert all(TOKEN not in text for _, text in dialog.imports.note.lines)


def test_connection_dialog_env_file_is_read(dialog: ConnectionDialog, qtbot: QtBot, tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_text(f"PLATFORM_TOKEN={TOKEN}\n")
    dialog.imports.import_file(str(path))
    qtbot.waitUntil(lambda: dialog.instant.platform_token.edit.text() == TOKEN)


def test_connection_dialog_unreadable_file_is_said(dialog: ConnectionDialog, qtbot: QtBot, tmp_path: Path) -> None:
    path = tmp_path / "picture.env"
    path.write_bytes(b"\xff\xfe\x00\x80")
    dialog.imports.import_file(str(path))
    qtbot.waitUntil(lambda: bool(dialog.imports.note.lines))
    assert dialog.imports.note.lines == [(Severity.ERROR, "picture.env cannot be read as a text file.")]


def test_connection_dialog_environment_variables_are_taken(
    dialog: ConnectionDialog, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLATFORM_TOKEN", TOKEN)
    _press(qtbot, dialog.imports.environment_button)
    qtbot.waitUntil(lambda: dialog.instant.platform_token.edit.text() == TOKEN)


def test_connection_dialog_edit_leaves_stored_tokens_alone(
    qtbot: QtBot, window: QWidget, runner: Runner, services: Any
) -> None:
    dialog = _edit(window, runner, CLOUD)
    assert dialog.badge.environment is Environment.PRODUCTION
    with qtbot.waitSignal(dialog.saved):
        _press(qtbot, dialog.action_button)
    ((act, connection_id, draft),) = services.connections.drafts
    assert (act, connection_id, draft.platform_token) == ("update", "cloud", None)


def test_connection_dialog_says_which_tokens_are_stored(qtbot: QtBot, window: QWidget, runner: Runner) -> None:
    dialog = _edit(window, runner, CLOUD)
    qtbot.waitUntil(lambda: dialog.instant.platform_token.edit.placeholderText() == "Stored; leave empty to keep it")
    assert dialog.instant.dash_token.edit.placeholderText() == "None is stored"
    assert dialog.instant.platform_token.edit.text() == ""


def test_connection_dialog_remove_asks_once_more(qtbot: QtBot, window: QWidget, runner: Runner, services: Any) -> None:
    dialog = _edit(window, runner, CLOUD)
    _press(qtbot, dialog.remove_button)
    question = dialog.findChild(RemoveConnectionDialog)
    assert services.connections.drafts == []
    with qtbot.waitSignal(dialog.removed) as removed:
        _press(qtbot, question.remove_button)
    assert removed.args == ["cloud"]
    assert services.connections.drafts == [("remove", "cloud")]


def test_connection_dialog_local_platform_cannot_be_removed_or_moved(
    qtbot: QtBot, window: QWidget, runner: Runner
) -> None:
    dialog = _edit(window, runner, replace(LOCAL, is_builtin=True))
    assert not dialog.remove_button.isVisible()
    assert not dialog.instant.url_edit.isEnabled()
    assert not dialog.instant.platform_token.isEnabled()

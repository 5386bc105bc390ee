"""Whatever changes what is there in production asks for a name, and says how many of what, and where."""

from __future__ import annotations

import importlib
import pkgutil
import re
from typing import Any

import pytest
from PySide6.QtWidgets import QApplication, QLabel, QLineEdit
from pytestqt.qtbot import QtBot

import app.ui
from app.core.connection import Environment
from app.ui.look.theme import Theme, ThemeChoice
from app.ui.parts.action_dialog import ActionDialog
from app.ui.parts.confirmation import Confirmation
from app.ui.parts.environment_badge import EnvironmentBadge
from tests.ui.content_fakes import CLOUD
from tests.ui.screens import SCREENS
from tests.ui.stage import Stage

# Each dialog that changes what is there, shown on a production connection.
CHANGING = {
    "plan-production": "PlanDialog",
    "delete-app": "DeleteAppDialog",
    "rename-app": "RenameAppDialog",
    "link-app": "LinkAppDialog",
    "unlink-app": "UnlinkAppDialog",
    "take-back-app": "TakeBackDialog",
    "give-up-database": "GiveUpDialog",
    "clean-up": "CleanUpDialog",
    "rotate-tokens": "RotateTokensDialog",
    "put-store-back": "PutBackDialog",
}
# As those, with tests of their own.
ELSEWHERE = {"MendDialog", "MoveDialog", "StoreDialog"}
# They make something new, whose name is asked for.
NEW = {"CloneDialog", "CreateAppDialog", "CreateDatabasesDialog", "CreateUserAppDialog", "NewUserDialog"}
# They stage, choose, reveal, or change what is on this machine alone.
NO_CHANGE = {
    "AddAgentDialog",
    "ConnectionDialog",
    "EntityDialog",
    "FoundationDialog",
    "ImportSettingsDialog",
    "MainDatabaseDialog",
    "OwnerDialog",
    "PreviewDialog",
    "RevealTokenDialog",
    "SaveTemplateDialog",
    "UnlockDialog",
}
# What makes something new asks for no name besides its own; where that is, it says.
MAKING = ("create-app",)
_ASKED = re.compile(r"\d.* on .+ \(production environment\)\. &Type the .+ to go on")


def _labels(dialog: Any) -> list[str]:
    return [each.text() for each in dialog.findChildren(QLabel) if each.isVisible()]


def _dialogs(kind: type[ActionDialog]) -> set[str]:
    own = [each for each in kind.__subclasses__() if each.__module__.startswith("app.")]
    return {each.__name__ for each in own}.union(*map(_dialogs, own))


def test_every_dialog_that_acts_is_known_for_what_it_changes() -> None:
    """A new one that nobody has thought about fails here."""
    for module in pkgutil.walk_packages(app.ui.__path__, "app.ui."):
        importlib.import_module(module.name)
    assert _dialogs(ActionDialog) == {*CHANGING.values(), *ELSEWHERE, *NEW, *NO_CHANGE}


@pytest.mark.parametrize("name", CHANGING)
def test_change_in_production_is_not_done_before_a_name_was_typed(qapp: QApplication, name: str) -> None:
    stage = Stage(qapp, Theme(qapp, ThemeChoice.LIGHT))
    try:
        dialog: Any = SCREENS[name](stage)
        stage.quiet()
        assert type(dialog).__name__ == CHANGING[name]
        assert [each for each in _labels(dialog) if _ASKED.search(each)], _labels(dialog)
        assert not dialog.action_button.isEnabled()
        wrong = next(each for each in dialog.findChildren(QLineEdit) if each.isVisible() and each.placeholderText())
        wrong.setText("something else")
        assert not dialog.action_button.isEnabled()
        dialog.act()
        stage.quiet()
        assert dialog.isVisible()
        assert not getattr(dialog, "is_working", False)
    finally:
        stage.close()


@pytest.mark.parametrize("name", MAKING)
def test_what_is_made_in_production_says_where(qapp: QApplication, name: str) -> None:
    stage = Stage(qapp, Theme(qapp, ThemeChoice.LIGHT))
    try:
        dialog: Any = SCREENS[name](stage)
        stage.quiet()
        badges = [each.environment for each in dialog.findChildren(EnvironmentBadge) if each.isVisible()]
        assert badges == [Environment.PRODUCTION]
    finally:
        stage.close()


@pytest.mark.parametrize(("title", "phrase", "what"), [(" Eva ", "Eva", "title"), ("  ", "app-1", "ID")])
def test_title_with_blanks_around_it_can_be_typed(qtbot: QtBot, title: str, phrase: str, what: str) -> None:
    confirmation = Confirmation(CLOUD, title, "app-1")
    qtbot.addWidget(confirmation)
    confirmation.ask_in_production("1 app is renamed")
    assert f"&Type the app’s {what} to go on" in confirmation.findChildren(QLabel)[0].text()
    assert confirmation.edit is not None
    assert not confirmation.is_given
    qtbot.keyClicks(confirmation.edit, phrase)
    assert confirmation.is_given

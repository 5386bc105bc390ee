"""The move of a workspace to a store of its own, from the address to the old rows."""

from __future__ import annotations

from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QWidget
from pytestqt.qtbot import QtBot

from app.core.errors import Conflict, FieldError, Invalid
from app.services.store_moving import OpenMove
from app.ui.stores.move_dialog import MoveDialog
from app.ui.stores.move_stage import Stage
from app.ui.work.runner import Runner
from tests.ui.content_fakes import runner, window
from tests.ui.store_fakes import CONNECTION, PRODUCTION, lost, open_move, store_services

__all__ = ["runner", "window"]
LEFT = Qt.MouseButton.LeftButton
TARGET = "postgresql://tenantry@db.acme.example:5432/store_dune"


@pytest.fixture
def services() -> Any:
    return store_services()


def _open(
    qtbot: QtBot, runner: Runner, window: QWidget, move: OpenMove | None = None, at: Any = CONNECTION
) -> MoveDialog:
    dialog = MoveDialog(runner, at, "w-dune", "Dune Works", move, window)
    dialog.open()
    qtbot.waitUntil(dialog.isVisible)
    return dialog


def _press(qtbot: QtBot, dialog: MoveDialog, stage: Stage) -> None:
    qtbot.mouseClick(dialog.action_button, LEFT)
    qtbot.waitUntil(lambda: dialog.stage is stage and not dialog.is_working)


def _planned(qtbot: QtBot, runner: Runner, window: QWidget, at: Any = CONNECTION) -> MoveDialog:
    dialog = _open(qtbot, runner, window, at=at)
    dialog.form.show_dsn("postgresql://tenantry:pw@db.acme.example:5432/store_dune")
    _press(qtbot, dialog, Stage.PLAN)
    return dialog


def _lines(dialog: MoveDialog) -> list[str]:
    return [dialog.sentences.item(at).text() for at in range(dialog.sentences.count())]


def _rows(dialog: MoveDialog) -> list[list[str]]:
    tree = dialog.page.tree
    return [[tree.topLevelItem(at).text(column) for column in range(4)] for at in range(tree.topLevelItemCount())]


def test_move_plan_says_what_goes_where_and_how_rows_are_told(
    qtbot: QtBot, runner: Runner, window: QWidget, services: Any
) -> None:
    dialog = _open(qtbot, runner, window)
    assert not dialog.action_button.isEnabled()
    dialog.form.show_dsn("postgresql://tenantry:pw@db.acme.example:5432/store_dune")
    _press(qtbot, dialog, Stage.PLAN)
    assert services.store_moving.asked("plan") == [("w-dune", TARGET, "pw", "vault", {})]
    assert dialog.about.text() == "21,112 rows of 5 tables move to store_dune."
    assert _rows(dialog)[1] == [
        "messages",
        "18,930",
        "Rows whose chat_id leads to a chat of Dune Works.",
        "To be copied",
    ]
    assert "The database store_dune is created" in _lines(dialog)[0]
    assert not dialog.target.isVisible()
    assert not services.store_moving.asked("run")


def test_move_back_from_the_plan_keeps_what_was_entered(qtbot: QtBot, runner: Runner, window: QWidget) -> None:
    dialog = _planned(qtbot, runner, window)
    qtbot.mouseClick(dialog.back_button, LEFT)
    assert dialog.stage is Stage.TARGET
    assert dialog.form.address_edit.text() == TARGET
    assert dialog.action_button.text() == "P&lan the move"


def test_move_refused_address_marks_the_field(qtbot: QtBot, runner: Runner, window: QWidget, services: Any) -> None:
    field = FieldError("base_url", "That is the main database itself.")
    services.store_moving.plan_error = Invalid("The address cannot be a store.", fields=(field,))
    dialog = _open(qtbot, runner, window)
    dialog.form.show_dsn(TARGET)
    qtbot.mouseClick(dialog.action_button, LEFT)
    qtbot.waitUntil(lambda: dialog.form.fields["base_url"].error == field.message)
    assert dialog.stage is Stage.TARGET


def test_move_table_that_nobody_can_tell_has_to_be_chosen(
    qtbot: QtBot, runner: Runner, window: QWidget, services: Any
) -> None:
    services.store_moving.unsure = frozenset({"votes"})
    dialog = _planned(qtbot, runner, window)
    assert dialog.about.text() == "This cannot be moved yet:"
    assert not dialog.action_button.isEnabled()
    box = dialog.page.box
    assert box.accessibleName() == "How the rows of votes are told"
    assert [box.itemText(at) for at in range(3)] == ["Choose…", "All rows", "Leave the table behind"]
    box.setCurrentIndex(box.findData("leave"))
    box.activated.emit(box.currentIndex())
    qtbot.waitUntil(lambda: dialog.page.phase("votes") == "leave" and not dialog.is_working)
    assert services.store_moving.asked("plan")[-1][-1] == {"votes": "leave"}
    assert dialog.action_button.isEnabled()
    assert dialog.about.text() == "20,472 rows of 4 tables move to store_dune."


def test_move_warnings_want_a_second_look(qtbot: QtBot, runner: Runner, window: QWidget, services: Any) -> None:
    services.store_moving.warnings = ("streams is left behind.",)
    dialog = _planned(qtbot, runner, window)
    assert not dialog.action_button.isEnabled()
    assert dialog.check is not None
    dialog.check.setChecked(True)
    assert dialog.action_button.isEnabled()


def test_move_in_production_wants_the_name_of_the_workspace(qtbot: QtBot, runner: Runner, window: QWidget) -> None:
    dialog = _planned(qtbot, runner, window, at=PRODUCTION)
    assert not dialog.action_button.isEnabled()
    assert dialog.name_edit is not None
    qtbot.keyClicks(dialog.name_edit, "Dune Works")
    assert dialog.action_button.isEnabled()


def test_move_in_production_goes_on_only_after_the_name_too(
    qtbot: QtBot, runner: Runner, window: QWidget, services: Any
) -> None:
    dialog = _open(qtbot, runner, window, open_move(), at=PRODUCTION)
    assert dialog.stage is Stage.OPEN
    said = " ".join(each.text() for each in dialog.findChildren(QLabel))
    asked = "1 workspace moves to another database on PostgreSQL · production (production environment)."
    assert asked in said
    dialog.act()
    assert services.store_moving.asked("resume") == []
    assert dialog.name_edit is not None
    qtbot.keyClicks(dialog.name_edit, "Dune Works")
    _press(qtbot, dialog, Stage.SWITCHED)
    assert len(services.store_moving.asked("resume")) == 1


def test_move_runs_verifies_and_offers_the_old_rows(
    qtbot: QtBot, runner: Runner, window: QWidget, services: Any
) -> None:
    services.store_moving.late = ("messages",)
    dialog = _planned(qtbot, runner, window)
    with qtbot.waitSignal(dialog.told) as told:
        qtbot.mouseClick(dialog.action_button, LEFT)
    assert told.args == ["Dune Works uses store_dune now."]
    assert dialog.stage is Stage.SWITCHED
    assert dialog.page.phase("chats") == "switched"
    assert dialog.page.phase("messages") == "changed"
    assert "messages" in _lines(dialog)[0]
    assert "9f3c2a7e" in _rows(dialog)[0][2]
    _press(qtbot, dialog, Stage.REMOVAL)
    assert not dialog.action_button.isEnabled()
    assert _rows(dialog)[0][0] == "pages"
    assert dialog.check is not None
    dialog.check.setChecked(True)
    _press(qtbot, dialog, Stage.OVER)
    assert services.store_moving.asked("remove") == [("w-dune",)]
    assert dialog.page.phase("chats") == "removed"
    qtbot.mouseClick(dialog.action_button, LEFT)


def test_move_progress_is_told_by_table(qtbot: QtBot, runner: Runner, window: QWidget, services: Any) -> None:
    import asyncio

    from app.services.store_moving import MoveProgress

    async def run(plan: Any, on_progress: Any) -> Any:
        on_progress(MoveProgress("copying", 1_204, plan.rows, "messages"))
        await asyncio.Event().wait()

    services.store_moving.run = run
    dialog = _planned(qtbot, runner, window)
    qtbot.mouseClick(dialog.action_button, LEFT)
    qtbot.waitUntil(lambda: dialog.page.phase("messages") == "copying")
    assert dialog.page.phase("chats") == "copied"
    assert dialog.page.phase("documents") == ""
    assert dialog.about.text() == "Copying messages: 1,204 of 21,112 rows."
    assert dialog.bar.value() == 1_204
    services.store_moving.moves = (open_move(done=1_204),)
    dialog.reject()
    qtbot.waitUntil(lambda: dialog.stage is Stage.OPEN)
    assert dialog.isVisible()
    assert "1,204 of 21,112 rows are in store_dune" in dialog.about.text()
    assert "Nothing was switched" in dialog.message.remedy.text()
    dialog.reject()


def test_move_failure_goes_on_where_it_stopped(qtbot: QtBot, runner: Runner, window: QWidget, services: Any) -> None:
    services.store_moving.error = lost()
    dialog = _planned(qtbot, runner, window)
    _press(qtbot, dialog, Stage.OPEN)
    assert "4,200 of 21,112 rows" in dialog.about.text()
    qtbot.waitUntil(lambda: "broke while messages" in dialog.message.sentence.text())
    services.store_moving.error = None
    _press(qtbot, dialog, Stage.SWITCHED)
    assert services.store_moving.asked("resume") == [("w-dune", "pw")]


def test_move_failure_before_anything_was_begun_leaves_the_plan(
    qtbot: QtBot, runner: Runner, window: QWidget, services: Any
) -> None:
    async def run(plan: Any, on_progress: Any) -> Any:
        raise Conflict("Another move of Dune Works is open.")

    services.store_moving.run = run
    dialog = _planned(qtbot, runner, window)
    qtbot.mouseClick(dialog.action_button, LEFT)
    qtbot.waitUntil(lambda: "Another move" in dialog.message.sentence.text())
    assert dialog.stage is Stage.PLAN


def test_move_that_is_open_asks_for_a_password_only_where_one_is_missing(
    qtbot: QtBot, runner: Runner, window: QWidget, services: Any
) -> None:
    services.store_moving.error = Invalid("", fields=(FieldError("password", "The store asks for its password."),))
    dialog = _open(qtbot, runner, window, open_move())
    assert dialog.stage is Stage.OPEN
    qtbot.mouseClick(dialog.action_button, LEFT)
    qtbot.waitUntil(lambda: dialog.password_field.error == "The store asks for its password.")
    services.store_moving.error = None
    qtbot.keyClicks(dialog.password.edit, "s3cret")
    _press(qtbot, dialog, Stage.SWITCHED)
    assert services.store_moving.asked("resume") == [("w-dune", None), ("w-dune", "s3cret")]


def test_move_can_be_given_up_after_a_second_look(qtbot: QtBot, runner: Runner, window: QWidget, services: Any) -> None:
    dialog = _open(qtbot, runner, window, open_move())
    qtbot.mouseClick(dialog.forget_button, LEFT)
    assert not dialog.action_button.isEnabled()
    assert dialog.check is not None
    dialog.check.setChecked(True)
    with qtbot.waitSignal(dialog.told):
        qtbot.mouseClick(dialog.action_button, LEFT)
    assert services.store_moving.asked("forget") == [("w-dune",)]


def test_move_that_is_switched_begins_with_the_old_rows(
    qtbot: QtBot, runner: Runner, window: QWidget, services: Any
) -> None:
    services.store_moving.kept = {"chats": 2}
    dialog = _open(qtbot, runner, window, open_move("switched"))
    assert dialog.stage is Stage.SWITCHED
    assert not dialog.page.isVisible()
    _press(qtbot, dialog, Stage.REMOVAL)
    assert dialog.about.text() == "21,112 rows of Dune Works go from the main database."
    assert dialog.check is not None
    dialog.check.setChecked(True)
    _press(qtbot, dialog, Stage.OVER)
    assert dialog.page.phase("chats") == "kept"
    assert "2 rows stay" in _lines(dialog)[0]


def test_move_refused_removal_says_why(qtbot: QtBot, runner: Runner, window: QWidget, services: Any) -> None:
    services.store_moving.refusals = ("The store does not answer.",)
    dialog = _open(qtbot, runner, window, open_move("switched"))
    _press(qtbot, dialog, Stage.REMOVAL)
    assert _lines(dialog)[0] == "The store does not answer."
    assert not dialog.action_button.isEnabled()

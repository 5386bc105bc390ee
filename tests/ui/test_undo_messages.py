"""What was done can be taken back from the message that tells of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QWidget
from pytestqt.qtbot import QtBot

from app.core.apps import AppSummary
from app.core.connection import Environment
from app.core.errors import Conflict
from app.core.refs import AppRef
from app.schema.draft import Draft
from app.services.workshop_words import OpenSchema, Undo
from app.ui.agents.templates_dialog import TemplatesDialog
from app.ui.apps.rename_app_dialog import RenameAppDialog
from app.ui.foundation.give_up_dialog import GiveUpDialog
from app.ui.foundation.task_dialogs import CleanUpDialog
from app.ui.foundation.tasks_view import TasksView
from app.ui.foundation.user_dialogs import LinkAppDialog, UnlinkAppDialog
from app.ui.foundation.users_view import UsersView
from app.ui.parts.toast import Toast
from app.ui.plans.history_dialog import HistoryDialog
from app.ui.plans.plan_dialog import PlanDialog, Stage
from app.ui.window.main_window import MainWindow
from app.ui.work.runner import Runner
from tests.ui import content_fakes
from tests.ui.agents_fakes import FakeLibrary
from tests.ui.content_fakes import ANA, SCHEMA, runner
from tests.ui.foundation_fakes import CONNECTION, FREE, entry, foundation_services
from tests.ui.shell_fakes import APP_ID, OTHER_ID, FakeServices
from tests.ui.window_fakes import Open
from tests.ui.workshop_fakes import SAFE_PLAN, FakeWorkshop, review, snapshot

__all__ = ["runner"]
LEFT = Qt.MouseButton.LeftButton
REF, PROD_REF = AppRef("c1", APP_ID), AppRef("c2", OTHER_ID)
SMALLER = Draft(SCHEMA, SCHEMA).drop_entity(SCHEMA.entities[0].name).wanted


class Workshop(FakeWorkshop):
    """Opens a schema, too; each plan is a safe one, and each push changes what the plan says."""

    def __init__(self) -> None:
        super().__init__()
        self.opener = content_fakes.FakeWorkshop()
        self.reviewed = lambda ref, draft: review(ref, draft, SAFE_PLAN)
        self.report = replace(self.report, push_id=12, live=snapshot(SMALLER), count=2)

    async def open(self, ref: AppRef, refresh: bool = False) -> OpenSchema:
        return await self.opener.open(ref, refresh)

    async def open_last_known(self, ref: AppRef) -> OpenSchema | None:
        return None

    async def undo(self, push_id: int) -> Undo:
        self._note("undo", push_id)
        return Undo(push_id, REF, Draft(SMALLER, SCHEMA), (), self.undo_sentence)


class Lifecycle(content_fakes.FakeLifecycle):
    """Renames as the platform does; the rest of the app stays."""

    async def rename(self, ref: AppRef, title: str) -> AppSummary:
        await self._act("rename", ref, title)
        return AppSummary(ref.connection_id, ref.app_id, title)


@pytest.fixture
def services() -> Any:
    made: Any = FakeServices()
    made.workshop, made.lifecycle = Workshop(), Lifecycle()
    return made


def _toast(qtbot: QtBot, window: MainWindow) -> Toast:
    toasts = window.comfort.messages.toasts
    qtbot.waitUntil(lambda: bool(toasts.shown))
    return toasts.shown[-1]


def _pushed(qtbot: QtBot, window: MainWindow) -> Toast:
    """Stage something, review it, push it."""
    window.open_app(REF)
    qtbot.waitUntil(lambda: window.current_editor() is not None)
    editor = window.current_editor()
    assert editor is not None
    qtbot.waitUntil(lambda: editor.document.is_open)
    editor.document.edit("Remove", lambda draft: draft.drop_entity(draft.wanted.entities[0].name))
    editor.review()
    _push(qtbot, editor.findChildren(PlanDialog)[-1])
    return _toast(qtbot, window)


def _push(qtbot: QtBot, dialog: PlanDialog) -> None:
    qtbot.waitUntil(lambda: dialog.stage is Stage.REVIEW)
    with qtbot.waitSignal(dialog.pushed):
        qtbot.mouseClick(dialog.action_button, LEFT)
    qtbot.waitUntil(lambda: dialog.stage is Stage.ENDED)
    dialog.act()


def test_push_is_taken_back_by_the_plan_that_the_history_shows(qtbot: QtBot, services: Any, open_window: Open) -> None:
    window = open_window(services)
    toast = _pushed(qtbot, window)
    assert (toast.label.text(), toast.button.text()) == ("Pushed 2 changes to “Ana's workspace”.", "Undo…")
    qtbot.mouseClick(toast.button, LEFT)
    qtbot.waitUntil(lambda: bool(_undo_dialogs(window)))
    (dialog,) = _undo_dialogs(window)
    qtbot.waitUntil(lambda: dialog.stage is Stage.REVIEW)
    # Nothing is sent before the plan was seen.
    assert services.workshop.asked("undo") == [("undo", 12)]
    assert len(services.workshop.asked("push")) == 1
    assert dialog.review_page.notes.rows[0].sentence.text() == services.workshop.undo_sentence
    services.workshop.report = replace(services.workshop.report, push_id=13)
    _push(qtbot, dialog)
    assert services.workshop.asked("push")[-1][1:] == (REF, Draft(SMALLER, SCHEMA), 12)
    # Which is a push like any other.
    _toast(qtbot, window).answer()
    qtbot.waitUntil(lambda: services.workshop.asked("undo")[-1] == ("undo", 13))


def _undo_dialogs(window: MainWindow) -> list[PlanDialog]:
    return [each for each in window.findChildren(PlanDialog) if each.windowTitle().startswith("Undo")]


def test_push_that_took_effect_in_part_is_taken_back_too(qtbot: QtBot, services: Any, open_window: Open) -> None:
    window = open_window(services)
    services.workshop.report = replace(services.workshop.report, outcome="partial", count=1)
    assert _pushed(qtbot, window).label.text() == "Pushed 1 change to “Ana's workspace”."


@pytest.mark.parametrize("change", [{"outcome": "failed", "live": None}, {"push_id": None, "outcome": "nothing"}])
def test_push_that_did_nothing_offers_no_way_back(
    qtbot: QtBot, services: Any, open_window: Open, change: dict[str, Any]
) -> None:
    window = open_window(services)
    report = replace(services.workshop.report, **change)
    window.commands.pushed.emit(REF, report)
    assert window.comfort.messages.toasts.shown == ()


def test_push_that_cannot_be_taken_back_any_more_says_why(qtbot: QtBot, services: Any, open_window: Open) -> None:
    window = open_window(services)
    toast = _pushed(qtbot, window)
    services.workshop.error = Conflict("This push was taken back already.")
    toast.answer()
    qtbot.waitUntil(lambda: "taken back already" in window.messages.text())
    assert not _undo_dialogs(window)


def test_push_of_a_mend_has_a_way_back_too(qtbot: QtBot, services: Any, open_window: Open) -> None:
    window = open_window(services)
    window.foundation.show_plan(REF, Draft(SCHEMA, SMALLER))
    _push(qtbot, window.findChild(PlanDialog))
    _toast(qtbot, window).answer()
    qtbot.waitUntil(lambda: services.workshop.asked("undo") == [("undo", 12)])


def test_push_that_the_history_took_back_can_be_done_again(qtbot: QtBot, services: Any, open_window: Open) -> None:
    window = open_window(services)
    window.commands.show_history(REF)
    history = window.findChild(HistoryDialog)
    qtbot.waitUntil(history.undo_button.isEnabled)
    qtbot.mouseClick(history.undo_button, LEFT)
    qtbot.waitUntil(lambda: bool(_undo_dialogs(window)))
    _push(qtbot, _undo_dialogs(window)[0])
    assert _toast(qtbot, window).label.text() == "Pushed 2 changes to “Ana's workspace”."


# Titles


def _rename(qtbot: QtBot, window: MainWindow, ref: AppRef, title: str, typed: str = "") -> None:
    window.commands.rename_app(ref)
    dialog = _rename_dialog(window)
    dialog.title_edit.selectAll()
    qtbot.keyClicks(dialog.title_edit, title)
    if typed:
        assert not dialog.action_button.isEnabled()
        assert dialog.confirmation.edit is not None
        qtbot.keyClicks(dialog.confirmation.edit, typed)
    with qtbot.waitSignal(dialog.renamed):
        qtbot.mouseClick(dialog.action_button, LEFT)


def _rename_dialog(window: MainWindow) -> RenameAppDialog:
    return next(each for each in window.findChildren(RenameAppDialog) if each.isVisible())


def test_rename_in_production_asks_for_the_title_and_so_does_the_way_back(
    qtbot: QtBot, services: Any, open_window: Open
) -> None:
    window = open_window(services)
    _rename(qtbot, window, PROD_REF, "Invoices", typed="Billing")
    toast = _toast(qtbot, window)
    assert toast.button.text() == "Undo…"
    services.known_apps = (services.known_apps[0], services.known_apps[1]._replace(title="Invoices"))
    window.data.fetch_all()
    qtbot.waitUntil(lambda: (app := window.data.app(PROD_REF)) is not None and app.title == "Invoices")
    qtbot.mouseClick(toast.button, LEFT)
    dialog = _rename_dialog(window)
    assert dialog.title_edit.text() == "Billing"
    assert dialog.confirmation.edit is not None
    qtbot.keyClicks(dialog.confirmation.edit, "Billing")
    assert not dialog.action_button.isEnabled()
    dialog.act()
    assert len(services.lifecycle.calls) == 1
    dialog.confirmation.edit.clear()
    qtbot.keyClicks(dialog.confirmation.edit, "Invoices")
    with qtbot.waitSignal(dialog.renamed):
        qtbot.mouseClick(dialog.action_button, LEFT)
    assert services.lifecycle.calls[-1] == ("rename", PROD_REF, "Billing")


def test_rename_in_production_names_count_and_environment(qtbot: QtBot, services: Any, open_window: Open) -> None:
    window = open_window(services)
    window.commands.rename_app(PROD_REF)
    said = [each.text() for each in _rename_dialog(window).confirmation.findChildren(QLabel)]
    asked = "1 app is renamed on Instant · cloud (production environment). &Type the app’s title to go on"
    assert asked in said


def test_rename_elsewhere_asks_nothing(qtbot: QtBot, services: Any, open_window: Open) -> None:
    window = open_window(services)
    window.commands.rename_app(REF)
    dialog = _rename_dialog(window)
    assert dialog.confirmation.isHidden()
    qtbot.keyClicks(dialog.title_edit, "Other")
    assert dialog.action_button.isEnabled()


def test_rename_that_somebody_changed_since_is_not_taken_back(qtbot: QtBot, services: Any, open_window: Open) -> None:
    window = open_window(services)
    _rename(qtbot, window, REF, "Other")
    toast = _toast(qtbot, window)
    services.known_apps = (services.known_apps[0]._replace(title="Third"), services.known_apps[1])
    window.data.fetch_all()
    qtbot.waitUntil(lambda: (app := window.data.app(REF)) is not None and app.title == "Third")
    toast.answer()
    assert "renamed once more" in window.status.currentMessage()
    assert [call[2] for call in services.lifecycle.calls] == ["Other"]


# Users and their apps


class Links:
    """A view of users, and the ways back that it tells of."""

    def __init__(self, qtbot: QtBot, runner: Runner, environment: Environment) -> None:
        self.window = QWidget()
        qtbot.addWidget(self.window)
        self.window.resize(1100, 600)
        self.view = UsersView(runner, replace(CONNECTION, environment=environment), self.window)
        self.view.resize(1100, 600)
        self.window.show()
        self.told: list[tuple[str, str, Any]] = []
        self.view.undoable.connect(lambda *told: self.told.append(told))
        qtbot.waitUntil(self.view.table.isVisible)

    def choose(self, user_id: str) -> None:
        self.view.table.clearSelection()
        self.view.table.select_keys(frozenset((user_id,)))

    def dialog(self, kind: type[Any]) -> Any:
        return next(each for each in self.window.findChildren(kind) if each.isVisible())


@pytest.fixture
def links(request: pytest.FixtureRequest, qtbot: QtBot, runner: Runner) -> Links:
    return Links(qtbot, runner, getattr(request, "param", Environment.LOCAL))


@pytest.mark.usefixtures("runner")
class TestLinks:
    @pytest.fixture
    def services(self) -> Any:
        return foundation_services()

    def test_unlinked_app_is_linked_again(self, qtbot: QtBot, links: Links, services: Any) -> None:
        links.choose("u-ana")
        qtbot.mouseClick(links.view.unlink_button, LEFT)
        qtbot.mouseClick(links.dialog(UnlinkAppDialog).action_button, LEFT)
        qtbot.waitUntil(lambda: len(links.told) == 1)
        sentence, words, back = links.told[0]
        assert (sentence, words) == (f"Unlinked {ANA} from ana@example.com", "Undo")
        with qtbot.waitSignal(links.view.copied):
            back()
        assert services.foundation.asked("link") == [("link", "u-ana", ANA)]

    def test_linked_app_is_unlinked_again(self, qtbot: QtBot, links: Links, services: Any) -> None:
        links.choose("u-bo")
        qtbot.mouseClick(links.view.link_button, LEFT)
        dialog = links.dialog(LinkAppDialog)
        qtbot.waitUntil(lambda: dialog.app_list.count() == 1)
        qtbot.mouseClick(dialog.action_button, LEFT)
        qtbot.waitUntil(lambda: len(links.told) == 1)
        with qtbot.waitSignal(links.view.copied):
            links.told[0][2]()
        assert services.foundation.asked("unlink") == [("unlink", "u-bo", FREE)]

    def test_one_of_several_apps_cannot_be_given_back(self, qtbot: QtBot, links: Links, services: Any) -> None:
        links.choose("u-ali")
        qtbot.mouseClick(links.view.unlink_button, LEFT)
        with qtbot.waitSignal(links.view.copied):
            qtbot.mouseClick(links.dialog(UnlinkAppDialog).action_button, LEFT)
        assert services.foundation.asked("unlink")
        assert links.told == []

    @pytest.mark.parametrize("links", [Environment.PRODUCTION], indirect=True)
    def test_in_production_each_way_asks_for_the_name(self, qtbot: QtBot, links: Links, services: Any) -> None:
        links.choose("u-bo")
        qtbot.mouseClick(links.view.link_button, LEFT)
        dialog = links.dialog(LinkAppDialog)
        qtbot.waitUntil(lambda: dialog.app_list.count() == 1)
        assert not dialog.action_button.isEnabled()
        dialog.act()
        assert services.foundation.asked("link") == []
        assert "1 app is linked on Instant · local (production environment)" in _said(dialog.name)
        qtbot.keyClicks(dialog.name.edit, "Instant · local")
        qtbot.mouseClick(dialog.action_button, LEFT)
        qtbot.waitUntil(lambda: len(links.told) == 1)
        _sentence, words, back = links.told[0]
        assert words == "Undo…"
        back()
        undo = links.dialog(UnlinkAppDialog)
        assert FREE in undo.app_box.currentText()
        assert not undo.action_button.isEnabled()
        assert services.foundation.asked("unlink") == []


# Databases of tasks


class TestArchive:
    @pytest.fixture
    def services(self) -> Any:
        return foundation_services()

    def test_archived_database_is_brought_back_by_the_same_dialog(
        self, qtbot: QtBot, runner: Runner, services: Any
    ) -> None:
        window = QWidget()
        qtbot.addWidget(window)
        view = TasksView(runner, CONNECTION, window)
        window.show()
        told: list[tuple[str, str, Any]] = []
        view.undoable.connect(lambda *each: told.append(each))
        qtbot.waitUntil(view.table.isVisible)
        view.table.select_keys(frozenset(("t-import",)))
        view.clean_up()
        dialog = next(each for each in window.findChildren(CleanUpDialog) if each.isVisible())
        dialog.action_box.setCurrentIndex(1)
        qtbot.waitUntil(lambda: dialog.action_button.text() == "&Archive 1 database")
        with qtbot.waitSignal(dialog.cleaned):
            qtbot.mouseClick(dialog.action_button, LEFT)
        assert [each[:2] for each in told] == [("Archived 1 database", "Undo…")]
        dialog.accept()
        told[0][2]()
        again = next(each for each in window.findChildren(CleanUpDialog) if each.isVisible())
        qtbot.waitUntil(lambda: again.action_button.text() == "&Bring back 1 database")
        assert len(services.task_databases.asked("clean_up")) == 1
        with qtbot.waitSignal(again.cleaned):
            qtbot.mouseClick(again.action_button, LEFT)
        assert services.task_databases.asked("clean_up")[-1] == ("unarchive", ("r-river",))

    def test_failed_database_in_production_is_given_up_after_a_look_and_a_name(
        self, qtbot: QtBot, runner: Runner, services: Any
    ) -> None:
        services.provisioning.journal = (entry("e1", "t-sum", kind="task"), entry("e2", "t-other", kind="task"))
        window = QWidget()
        qtbot.addWidget(window)
        view = TasksView(runner, replace(CONNECTION, environment=Environment.PRODUCTION), window)
        window.show()
        qtbot.waitUntil(view.table.isVisible)
        view.table.select_keys(frozenset(("t-sum",)))
        view.give_up()
        dialog = next(each for each in window.findChildren(GiveUpDialog) if each.isVisible())
        qtbot.waitUntil(lambda: dialog.is_previewed)
        assert dialog.sentences.count() == 4
        assert FREE in dialog.sentences.item(0).text()
        assert "1 unfinished database is deleted for good on Instant · local (production environment)" in _said(dialog)
        dialog.act()
        assert services.task_databases.asked("give_up") == []
        assert dialog.name_edit is not None
        qtbot.keyClicks(dialog.name_edit, "Instant · local")
        with qtbot.waitSignal(dialog.given_up):
            qtbot.mouseClick(dialog.action_button, LEFT)
        assert services.task_databases.asked("give_up") == [("t-sum",)]

    def test_deleted_database_has_no_way_back(self, qtbot: QtBot, runner: Runner, services: Any) -> None:
        window = QWidget()
        qtbot.addWidget(window)
        view = TasksView(runner, CONNECTION, window)
        window.show()
        told: list[Any] = []
        view.undoable.connect(lambda *each: told.append(each))
        qtbot.waitUntil(view.table.isVisible)
        view.table.select_keys(frozenset(("t-import",)))
        view.clean_up()
        dialog = next(each for each in window.findChildren(CleanUpDialog) if each.isVisible())
        qtbot.waitUntil(lambda: dialog.check is not None)
        assert dialog.check is not None
        dialog.check.click()
        with qtbot.waitSignal(dialog.cleaned):
            qtbot.mouseClick(dialog.action_button, LEFT)
        assert told == []


# Templates


def test_deleted_template_is_back_as_it_was(qtbot: QtBot, services: Any, open_window: Open) -> None:
    library = services.template_library = FakeLibrary()
    before = list(library.templates)
    window = open_window(services)
    window.registry["agents.templates"].trigger()
    dialog = window.findChild(TemplatesDialog)
    qtbot.waitUntil(lambda: dialog.chosen is not None and dialog.chosen.is_own)
    deleted = dialog.chosen
    qtbot.mouseClick(dialog.delete_button, LEFT)
    (delete,) = [each for each in dialog.notes.rows[0].buttons if each.text() == "Delete"]
    qtbot.mouseClick(delete, LEFT)
    toast = _toast(qtbot, window)
    assert deleted not in library.templates
    # Behind the dialog it waits.
    assert not toast.timer.isActive()
    dialog.reject()
    assert (toast.label.text(), toast.button.text()) == (f"Deleted the template “{deleted.title}”", "Undo")
    qtbot.mouseClick(toast.button, LEFT)
    qtbot.waitUntil(lambda: deleted in library.templates)
    assert sorted(each.name for each in library.templates) == sorted(each.name for each in before)


def _said(widget: QWidget) -> str:
    return " ".join(each.text() for each in widget.findChildren(QLabel))

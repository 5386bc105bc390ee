"""The dialogs that stand by themselves."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

from PySide6.QtWidgets import QWidget

from app.core.connection import Connection, Environment
from app.core.errors import Unreachable
from app.core.refs import AppRef
from app.platforms.contract import PushProgress
from app.schema.compare import Plan
from app.schema.draft import Draft
from app.schema.model import Attribute, Schema
from app.schema.operations import AddAttribute, ChangeAttribute
from app.schema.types import NumberType, StringType
from app.services.store_words import MainOverview
from app.services.workshop_words import AppSource, PushReport
from app.ui.agents.save_template_dialog import SaveTemplateDialog
from app.ui.agents.templates_dialog import TemplatesDialog
from app.ui.apps.create_app_dialog import CreateAppDialog
from app.ui.apps.delete_app_dialog import DeleteAppDialog
from app.ui.apps.rename_app_dialog import RenameAppDialog
from app.ui.connections.connection_dialog import ConnectionDialog, Kind
from app.ui.connections.remove_connection_dialog import RemoveConnectionDialog
from app.ui.foundation.foundation_dialog import FoundationDialog
from app.ui.foundation.give_up_dialog import GiveUpDialog
from app.ui.foundation.mend_dialog import MendDialog
from app.ui.foundation.owner_dialog import OwnerDialog
from app.ui.foundation.take_back_dialog import TakeBackDialog
from app.ui.foundation.task_dialogs import (
    CleanUpDialog,
    CloneDialog,
    CreateDatabasesDialog,
    RevealTokenDialog,
    RotateTokensDialog,
)
from app.ui.foundation.tasks_model import TaskLine
from app.ui.foundation.user_dialogs import CreateUserAppDialog, LinkAppDialog, NewUserDialog, UnlinkAppDialog
from app.ui.parts.error_dialog import ErrorDialog
from app.ui.plans.compare_dialog import CompareDialog
from app.ui.plans.history_dialog import HistoryDialog
from app.ui.plans.plan_dialog import PlanDialog
from app.ui.plans.plan_words import Stage as Push
from app.ui.stores.main_database_dialog import NAMES, MainDatabaseDialog
from app.ui.stores.move_dialog import MoveDialog
from app.ui.stores.move_stage import Stage as Move
from app.ui.stores.put_back_dialog import PutBackDialog
from app.ui.stores.store_dialog import StoreDialog
from tests.ui import store_fakes, workshop_fakes
from tests.ui.foundation_fakes import RIVER, entry, users
from tests.ui.screen_book import screen
from tests.ui.stage import APP, CLOUD, CONNECTIONS, FILE, LOCAL, STORES, Stage
from tests.ui.workshop_fakes import BASE, DRAFT, DUE, FAILED_JOB, GOOD_JOB, PLAN, WANTED, FakeDocument, snapshot

_MOVED_TO = "postgresql://tenantry:pw@db.acme.example:5432/store_dune"
_AT = replace(store_fakes.PRODUCTION, id=STORES.id)


# Connections


@screen("connection")
def connection(stage: Stage) -> ConnectionDialog:
    return stage.opened(ConnectionDialog(stage.runner, None, stage.host()))


@screen("connection-edit")
def connection_edit(stage: Stage) -> ConnectionDialog:
    return stage.opened(ConnectionDialog(stage.runner, CLOUD, stage.host()))


def _of_kind(stage: Stage, kind: Kind) -> ConnectionDialog:
    dialog = stage.opened(ConnectionDialog(stage.runner, None, stage.host()))
    dialog.kind_box.setCurrentIndex(dialog.kind_box.findData(kind))
    dialog.kind_box.activated.emit(dialog.kind_box.currentIndex())
    return dialog


@screen("connection-postgres")
def connection_postgres(stage: Stage) -> ConnectionDialog:
    dialog = _of_kind(stage, Kind.POSTGRES)
    dialog.server.take_address("postgresql://ada:secret@db.example:5432/shop?sslmode=verify-full")
    dialog.server.main_box.setChecked(True)
    return dialog


@screen("connection-sqlite")
def connection_sqlite(stage: Stage) -> ConnectionDialog:
    return stage.opened(ConnectionDialog(stage.runner, FILE, stage.host()))


@screen("remove-connection")
def remove_connection(stage: Stage) -> RemoveConnectionDialog:
    return stage.opened(RemoveConnectionDialog(CLOUD, stage.host()))


# Apps


def _app(stage: Stage, connection_id: str) -> Any:
    return next(each for each in stage.services.directory.rows if each.connection_id == connection_id and each.owner)


@screen("create-app")
def create_app(stage: Stage) -> CreateAppDialog:
    return stage.opened(CreateAppDialog(stage.runner, CONNECTIONS, CLOUD.id, stage.host()))


@screen("rename-app")
def rename_app(stage: Stage) -> RenameAppDialog:
    return stage.opened(RenameAppDialog(stage.runner, CLOUD, _app(stage, CLOUD.id), stage.host()))


@screen("delete-app")
def delete_app(stage: Stage) -> DeleteAppDialog:
    return stage.opened(DeleteAppDialog(stage.runner, CLOUD, _app(stage, CLOUD.id), stage.host()))


@screen("error")
def error(stage: Stage) -> ErrorDialog:
    told = Unreachable("The platform does not answer.", remedy="Try again later.")
    return stage.opened(ErrorDialog(told, "Refresh Instant · cloud", stage.host()))


@screen("bug")
def bug(stage: Stage) -> ErrorDialog:
    return stage.opened(ErrorDialog(ValueError("no such thing"), "Refresh Instant · cloud", stage.host()))


# Schemas


def _plan(stage: Stage, at: Connection, document: FakeDocument, app: Any) -> PlanDialog:
    dialog = stage.opened(PlanDialog(stage.runner, document, at, app, stage.host()))
    stage.until(lambda: dialog.stage is not Push.WAITING)
    return dialog


@screen("plan")
def plan(stage: Stage) -> PlanDialog:
    dialog = _plan(stage, LOCAL, FakeDocument(), workshop_fakes.APP)
    stage.until(lambda: not dialog.review_page.model.is_counting)
    return dialog


@screen("plan-production")
def plan_production(stage: Stage) -> PlanDialog:
    stage.services.workshop.reviewed = lambda ref, draft: workshop_fakes.review(ref, draft, needs_typed_name=True)
    stage.services.workshop.counted = workshop_fakes.COUNTS[1:]
    dialog = _plan(stage, CLOUD, FakeDocument(workshop_fakes.PROD_REF), workshop_fakes.PROD_APP)
    stage.until(lambda: not dialog.review_page.model.is_counting)
    dialog.review_page.sent_button.setChecked(True)
    return dialog


@screen("push")
def push(stage: Stage) -> PlanDialog:
    """In the middle of it."""
    workshop = stage.services.workshop
    workshop.reviewed = lambda ref, draft: workshop_fakes.review(ref, draft, workshop_fakes.SAFE_PLAN)
    workshop.hold, workshop.progress = "sending", (PushProgress("reading"), PushProgress("sending"))
    dialog = _plan(stage, LOCAL, FakeDocument(), workshop_fakes.APP)
    dialog.act()
    stage.until(lambda: workshop.released is not None)
    stage.is_held = True
    return dialog


@screen("push-failed")
def push_failed(stage: Stage) -> PlanDialog:
    workshop = stage.services.workshop
    workshop.reviewed = lambda ref, draft: workshop_fakes.review(ref, draft, workshop_fakes.SAFE_PLAN)
    workshop.report = PushReport(
        7,
        "partial",
        "1 of 2 changes took effect in Ana’s workspace.",
        "Mend the rows below, then continue.",
        (GOOD_JOB, FAILED_JOB),
        snapshot(WANTED),
        Draft(BASE, WANTED),
    )
    dialog = _plan(stage, LOCAL, FakeDocument(), workshop_fakes.APP)
    dialog.act()
    stage.until(lambda: dialog.stage is Push.ENDED)
    return dialog


@screen("stale")
def stale(stage: Stage) -> PlanDialog:
    due = replace(DUE, type=NumberType())
    colour = Attribute("colour", StringType())
    conflict = SimpleNamespace(
        place="todos.due",
        sentence="Both changed the type of todos.due.",
        theirs="number, indexed",
        mine="date, indexed",
    )
    todos = replace(BASE.entities[0], attributes=(*BASE.entities[0].attributes, colour))
    theirs = Plan((AddAttribute("todos", colour), ChangeAttribute("todos", DUE, due)))
    merged = Draft(Schema((todos, *BASE.entities[1:])), WANTED)
    stage.services.workshop.reviewed = lambda ref, draft: workshop_fakes.review(ref, draft, is_base_old=True)
    stage.services.workshop.merged = SimpleNamespace(draft=merged, conflicts=(conflict,), theirs=theirs, mine=PLAN)
    return _plan(stage, LOCAL, FakeDocument(draft=DRAFT), workshop_fakes.APP)


@screen("compare")
def compare(stage: Stage) -> CompareDialog:
    sides = AppSource(APP), AppSource(AppRef(CLOUD.id, workshop_fakes.PROD_REF.app_id))
    dialog = stage.opened(CompareDialog(stage.runner, *sides, parent=stage.host()))
    stage.quiet()
    return dialog


@screen("history")
def history(stage: Stage) -> HistoryDialog:
    dialog = stage.opened(HistoryDialog(stage.runner, CONNECTIONS, workshop_fakes.APP, stage.host()))
    stage.quiet()
    return dialog


@screen("templates")
def templates(stage: Stage) -> TemplatesDialog:
    dialog = stage.opened(TemplatesDialog(stage.runner, stage.host(), app_title="Ana’s workspace"))
    stage.until(lambda: dialog.chosen is not None)
    return dialog


@screen("save-template")
def save_template(stage: Stage) -> SaveTemplateDialog:
    dialog = SaveTemplateDialog(stage.runner, LOCAL, _app(stage, LOCAL.id), ("messages",), stage.host())
    stage.opened(dialog)
    stage.quiet()
    return dialog


# Foundations


@screen("foundation")
def foundation(stage: Stage) -> FoundationDialog:
    dialog = stage.opened(FoundationDialog(stage.runner, LOCAL, stage.host()))
    stage.quiet()
    return dialog


@screen("new-user")
def new_user(stage: Stage) -> NewUserDialog:
    return stage.opened(NewUserDialog(stage.runner, LOCAL, stage.host()))


@screen("create-user-apps")
def create_user_apps(stage: Stage) -> CreateUserAppDialog:
    chosen = [each for each in users() if each.state == "no app"]
    dialog = stage.opened(CreateUserAppDialog(stage.runner, LOCAL, chosen, stage.host()))
    stage.quiet()
    return dialog


@screen("link-app")
def link_app(stage: Stage) -> LinkAppDialog:
    live = replace(LOCAL, environment=Environment.PRODUCTION)
    dialog = stage.opened(LinkAppDialog(stage.runner, live, users()[2], stage.host()))
    stage.quiet()
    return dialog


@screen("unlink-app")
def unlink_app(stage: Stage) -> UnlinkAppDialog:
    return stage.opened(UnlinkAppDialog(stage.runner, CLOUD, users()[0], stage.host()))


@screen("take-back-app")
def take_back_app(stage: Stage) -> TakeBackDialog:
    return stage.opened(TakeBackDialog(stage.runner, CLOUD, entry(), "bo@example.com", stage.host()))


@screen("owner")
def owner(stage: Stage) -> OwnerDialog:
    dialog = stage.opened(OwnerDialog(stage.runner, LOCAL, "user", stage.host()))
    stage.quiet()
    return dialog


@screen("mend")
def mend(stage: Stage) -> MendDialog:
    found = stage.services.reconciler.found
    choices = {found[0].key: "remove", found[1].key: found[1].mends[0].key}
    subjects = {each.key: each.sentence for each in found[:2]}
    dialog = stage.opened(MendDialog(stage.runner, LOCAL, choices, 1, stage.host(), subjects=subjects))
    stage.quiet()
    return dialog


def _lines() -> list[TaskLine]:
    return [
        TaskLine("t-import", "Import invoices", 1_700_000_000, "ready", "swift-blue-river", RIVER, "r-river", True),
        TaskLine("t-new", "Write the report", 1_700_300_000, "none"),
    ]


@screen("create-databases")
def create_databases(stage: Stage) -> CreateDatabasesDialog:
    dialog = stage.opened(CreateDatabasesDialog(stage.runner, LOCAL, _lines()[1:], stage.host()))
    stage.quiet()
    return dialog


@screen("clean-up")
def clean_up(stage: Stage) -> CleanUpDialog:
    dialog = stage.opened(CleanUpDialog(stage.runner, CLOUD, _lines()[:1], stage.host()))
    stage.quiet()
    return dialog


@screen("clone")
def clone(stage: Stage) -> CloneDialog:
    iterations = (("i-2", "Iteration 2: With totals"),)
    return stage.opened(
        CloneDialog(stage.runner, LOCAL, RIVER, "swift-blue-river", stage.host(), iterations=iterations)
    )


@screen("reveal-token")
def reveal_token(stage: Stage) -> RevealTokenDialog:
    return stage.opened(RevealTokenDialog(stage.runner, LOCAL, _lines()[0], stage.host()))


@screen("give-up-database")
def give_up_database(stage: Stage) -> GiveUpDialog:
    dialog = stage.opened(GiveUpDialog(stage.runner, CLOUD, _lines()[:1], stage.host()))
    stage.quiet()
    return dialog


@screen("rotate-tokens")
def rotate_tokens(stage: Stage) -> RotateTokensDialog:
    return stage.opened(RotateTokensDialog(stage.runner, CLOUD, _lines()[:1], stage.host()))


# Stores


@screen("store")
def store(stage: Stage) -> QWidget:
    workspace = store_fakes.workspaces()[0]
    dialog = stage.opened(StoreDialog(stage.runner, STORES, workspace, stage.host()))
    stage.quiet()
    return dialog


@screen("put-store-back")
def put_store_back(stage: Stage) -> QWidget:
    former = store_fakes.workspaces()[0]
    stage.services.stores.undo.former[former.id] = former.store
    dialog = stage.opened(PutBackDialog(stage.runner, _AT, former.id, former.name, stage.host()))
    stage.quiet()
    return dialog


def _main(stage: Stage) -> MainDatabaseDialog:
    overview = MainOverview(
        STORES.id,
        store_fakes.MAIN,
        "hosted",
        ".env",
        "APP_MODE=hosted in /srv/product/.env.",
        store_fakes.NAMES,
        store_fakes.TABLES,
        (),
        store_fakes.CHECKED_AT,
        columns=store_fakes.COLUMNS,
    )
    return stage.opened(MainDatabaseDialog(stage.runner, STORES, overview, stage.host()))


@screen("main-database")
def main_database(stage: Stage) -> MainDatabaseDialog:
    return _main(stage)


@screen("main-database-names")
def main_database_names(stage: Stage) -> MainDatabaseDialog:
    dialog = _main(stage)
    dialog.show_part(NAMES)
    return dialog


def _move(stage: Stage, at: Connection = _AT) -> MoveDialog:
    return stage.opened(MoveDialog(stage.runner, at, "w-dune", "Dune Works", None, stage.host()))


@screen("move")
def move(stage: Stage) -> MoveDialog:
    return _move(stage, STORES)


@screen("move-plan")
def move_plan(stage: Stage) -> MoveDialog:
    dialog = _move(stage)
    dialog.form.show_dsn(_MOVED_TO)
    dialog.act()
    stage.until(lambda: dialog.stage is Move.PLAN)
    return dialog


@screen("moved")
def moved(stage: Stage) -> MoveDialog:
    stage.services.store_moving.moves = (store_fakes.open_move("switched"),)
    found = stage.services.store_moving.moves[0]
    dialog = stage.opened(MoveDialog(stage.runner, STORES, "w-dune", "Dune Works", found, stage.host()))
    stage.quiet()
    return dialog


@screen("move-removal")
def move_removal(stage: Stage) -> MoveDialog:
    dialog = moved(stage)
    dialog.act()
    stage.until(lambda: dialog.stage is Move.REMOVAL)
    return dialog

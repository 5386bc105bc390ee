"""A main database on a real PostgreSQL server: its workspaces with findings, the dialogs about them, and a move."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from PySide6.QtWidgets import QApplication, QDialog, QWidget

from app.core.connection import Environment, Platform, TokenKind
from app.core.secret import Secret
from app.platforms.postgres.dsn import Dsn
from app.services.connections import ConnectionDraft
from app.ui.program.application import Start
from app.ui.stores.main_database_dialog import NAMES, MainDatabaseDialog
from app.ui.stores.move_dialog import MoveDialog
from app.ui.stores.move_stage import Stage
from app.ui.stores.store_dialog import StoreDialog
from app.ui.stores.workspaces_view import WorkspacesView
from tests.support.postgres_server import PostgresServer, postgres_server
from tests.support.store_world import hosted_world, local_world

Until = Callable[[Callable[[], object], str], None]
_WORKSPACES = 14


def screens(start: Start, until: Until) -> Iterator[tuple[str, QWidget]]:
    """The workspaces of a hosted world, then one that is moved out of a local one."""
    with postgres_server() as server:
        yield from _hosted(start, until, server)
        yield from _local(start, until, server)


def _hosted(start: Start, until: Until, server: PostgresServer) -> Iterator[tuple[str, QWidget]]:
    world = hosted_world(server, "acme", workspaces=_WORKSPACES, has_findings=True)
    with _connected(start, until, "Acme · production", world.main_dsn, Environment.PRODUCTION) as connection_id:
        view = _view(start, until, connection_id)
        until(lambda: view.findings.findings and not view.work.is_scanning, "the findings")
        view.check()
        until(lambda: not view.work.is_checking, "the checks")
        view.look_for_findings(deep=True)
        until(lambda: not view.work.is_scanning, "the scan")
        view.show_workspace(world.drifted)
        view.findings.go_to(next(each.key for each in view.findings.findings if each.kind == "drifted-store"))
        yield "workspaces", start.window
        view.edit_store()
        dialog = _dialog(StoreDialog)
        until(lambda: dialog.is_previewed, "what will be written")
        yield "store-dialog", dialog
        dialog.reject()
        view.edit_main(NAMES)
        dialog = _dialog(MainDatabaseDialog)
        yield "main-database-dialog", dialog
        dialog.reject()
        start.window.close_current_tab()


def _local(start: Start, until: Until, server: PostgresServer) -> Iterator[tuple[str, QWidget]]:
    world = local_world(server, "dune", chats=40)
    with _connected(start, until, "Dune · staging", world.main_dsn, Environment.STAGING) as connection_id:
        view = _view(start, until, connection_id)
        view.show_workspace(world.workspace_ids[1])
        view.move_chosen()
        dialog = _dialog(MoveDialog)
        dialog.form.show_dsn(server.dsn("dune_blue_harbor"))
        dialog.act()
        until(lambda: dialog.stage is Stage.PLAN or dialog.message.isVisible(), "the plan of the move")
        yield "move-dialog", dialog
        if dialog.check is not None:
            dialog.check.setChecked(True)
        dialog.act()
        until(lambda: dialog.stage is Stage.SWITCHED or dialog.message.isVisible(), "the move")
        yield "moved-dialog", dialog
        dialog.reject()
        start.window.close_current_tab()


def _view(start: Start, until: Until, connection_id: str) -> WorkspacesView:
    start.window.stores.show_workspaces(connection_id)
    view = start.window.tabs.currentWidget()
    assert isinstance(view, WorkspacesView)
    until(view.table.isVisible, "the workspaces")
    return view


def _dialog(kind: type[QDialog]) -> QDialog:
    return next(each for each in QApplication.topLevelWidgets() if isinstance(each, kind) and each.isVisible())


@contextmanager
def _connected(start: Start, until: Until, label: str, dsn_text: str, environment: Environment) -> Iterator[str]:
    """A connection for as long as its pictures are taken."""
    dsn, password = Dsn.parse(dsn_text)
    draft = ConnectionDraft(
        label, Platform.POSTGRES, dsn.to_text(), environment, foundation_app_id=dsn.database, platform_token=password
    )
    made = _asked(start, until, lambda services: services.connections.add(draft))
    _asked(start, until, lambda services: services.tokens.set(made.id, TokenKind.PLATFORM, password or Secret("")))
    until(lambda: start.window.data.connection(made.id) is not None, "the connection")
    try:
        yield made.id
    finally:
        _asked(start, until, lambda services: services.connections.remove(made.id))


def _asked(start: Start, until: Until, work):
    future = start.runner.engine.submit(work)
    until(future.done, "an answer")
    return future.result()

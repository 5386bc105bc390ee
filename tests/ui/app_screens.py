"""The tab of an app: schema as grids, diagram and text, agents, and a database of tables."""

from __future__ import annotations

from app.core.refs import AppRef
from app.schema.draft import Draft
from app.ui.agents.add_agent_dialog import AddAgentDialog
from app.ui.diagram.diagram_view import DiagramView
from app.ui.editor.entity_dialog import EntityDialog
from app.ui.editor.schema_editor import SchemaEditor
from app.ui.window.app_view import AppView
from app.ui.window.main_window import MainWindow
from tests.ui import sql_fakes
from tests.ui.screen_book import screen
from tests.ui.sql_fakes import column, open_document
from tests.ui.stage import APP, PRODUCTION_APP, TABLES, Stage, staged


def _opened(stage: Stage, ref: AppRef, draft: Draft | None, entity: str) -> tuple[MainWindow, SchemaEditor]:
    stage.services.workshop.kept = draft
    window = stage.window()
    window.open_app(ref)
    view = window.current_view()
    assert view is not None
    stage.until(lambda: view.editor is not None and view.editor.document.is_reviewed)
    assert view.editor is not None
    view.editor.document.select(entity)
    return window, view.editor


def _diagram(stage: Stage, ref: AppRef, draft: Draft) -> MainWindow:
    window, editor = _opened(stage, ref, draft, "messages")
    editor.show_side(0)
    diagram = editor.side.fill()
    assert isinstance(diagram, DiagramView)
    stage.until(lambda: diagram.scene.diagram.boxes)
    diagram.canvas.fit()
    return window


def _text(stage: Stage, ref: AppRef, draft: Draft) -> MainWindow:
    window, editor = _opened(stage, ref, draft, "messages")
    editor.show_side(1)
    return window


def _grids(stage: Stage, ref: AppRef) -> MainWindow:
    window, editor = _opened(stage, ref, None, "messages")
    editor.toggle_side()
    return window


@screen("schema-diagram")
def schema_diagram(stage: Stage) -> MainWindow:
    return _diagram(stage, APP, staged())


@screen("schema-text")
def schema_text(stage: Stage) -> MainWindow:
    return _text(stage, APP, staged())


@screen("schema-grids")
def schema_grids(stage: Stage) -> MainWindow:
    return _grids(stage, PRODUCTION_APP)


@screen("agents")
def agents(stage: Stage) -> MainWindow:
    window, _ = _opened(stage, APP, None, "messages")
    view = window.current_view()
    assert isinstance(view, AppView)
    view.show_agents()
    stage.until(lambda: view.agents is not None and any(each.rows for each in view.agents.model.rows))
    assert view.agents is not None
    stage.until(view.agents.template_note.isVisible)
    return window


@screen("add-agent")
def add_agent(stage: Stage) -> AddAgentDialog:
    agents(stage)
    stage.window().registry["agents.add"].trigger()
    dialog = stage.shown(AddAgentDialog)
    dialog.hand_page.name_edit.setText("invoices")
    dialog.hand_page.fields.rows[0].name_edit.setText("number")
    dialog.hand_page.links.add()
    stage.until(lambda: len(dialog.preview.lines) > 1)
    return dialog


@screen("add-agent-from-template")
def add_agent_from_template(stage: Stage) -> AddAgentDialog:
    agents(stage)
    stage.window().registry["agents.add"].trigger()
    dialog = stage.shown(AddAgentDialog)
    dialog.tabs.setCurrentIndex(1)
    stage.quiet()
    return dialog


def _tables() -> Draft:
    draft = Draft(sql_fakes.SCHEMA, sql_fakes.SCHEMA)
    draft = draft.add_attribute("messages", column("author", "varchar(120)"))
    return draft.drop_attribute("messages", "mood")


@screen("tables-diagram")
def tables_diagram(stage: Stage) -> MainWindow:
    return _diagram(stage, TABLES, _tables())


@screen("tables-sql")
def tables_sql(stage: Stage) -> MainWindow:
    return _text(stage, TABLES, _tables())


@screen("tables-grids")
def tables_grids(stage: Stage) -> MainWindow:
    return _grids(stage, TABLES)


@screen("table-settings")
def table_settings(stage: Stage) -> EntityDialog:
    host = stage.host()
    document = open_document(stage.runner, stage.services)
    entity = sql_fakes.MESSAGES
    return stage.opened(EntityDialog(stage.runner, document, entity.name, entity.extra, host))

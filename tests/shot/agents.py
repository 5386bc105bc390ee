"""The screens of agents and templates."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeVar

from PySide6.QtWidgets import QApplication, QWidget

from app.core.refs import AppRef
from app.schema.model import Attribute
from app.schema.types import DateType
from app.ui.agents.add_agent_dialog import AddAgentDialog
from app.ui.agents.agent_parts import FieldRow
from app.ui.agents.templates_dialog import TemplatesDialog
from app.ui.program.application import Start
from app.ui.window.agents_actions import show_templates

Until = Callable[[Callable[[], object], str], None]
D = TypeVar("D", bound=QWidget)


def screens(start: Start, until: Until) -> Iterator[tuple[str, QWidget]]:
    """Name and widget of each picture, in the order in which the screens come up."""
    window = start.window
    row = next(each for each in window.data.table.rows if each.template == "todo" and each.state == "drifted")
    window.open_app(AppRef(row.connection_id, row.app_id))
    view = window.app_tabs.current()
    view.show_agents()
    until(lambda: view.agents is not None and any(each.rows for each in view.agents.model.rows), "the agents")
    agents = view.agents
    until(agents.template_note.follow_button.isVisible, "the template")
    name = agents.model.rows[0].name
    agents.document.edit(
        "Stage edits", lambda draft: draft.add_attribute(name, Attribute("remindAt", DateType(), is_indexed=True))
    )
    until(lambda: agents.document.is_reviewed, "the plan")
    yield "agents", window
    yield "add-agent", _filled(start, until)
    _shown(AddAgentDialog).tabs.setCurrentIndex(1)
    until(lambda: len(_shown(AddAgentDialog).preview.lines) > 2, "the plan")
    yield "add-agent-from-template", _shown(AddAgentDialog)
    _shown(AddAgentDialog).reject()
    show_templates(window)
    until(lambda: _shown(TemplatesDialog).chosen is not None, "the templates")
    yield "templates", _shown(TemplatesDialog)
    _shown(TemplatesDialog).reject()
    agents.document.discard()
    window.close_current_tab()


def _filled(start: Start, until: Until) -> AddAgentDialog:
    start.window.registry["agents.add"].trigger()
    dialog = _shown(AddAgentDialog)
    page = dialog.hand_page
    page.name_edit.setText("invoices")
    for at, (name, kind) in enumerate((("number", "string"), ("total", "number"), ("due", "date"))):
        row = page.fields.rows[0] if at == 0 else page.fields.add()
        assert isinstance(row, FieldRow)
        row.name_edit.setText(name)
        row.type_box.setCurrentIndex(row.type_box.findText(kind))
        row.required.setChecked(at < 2)
        row.unique.setChecked(at == 0)
        row.indexed.setChecked(at == 2)
    page.links.add()
    until(lambda: len(dialog.preview.lines) > 1, "the plan")
    return dialog


def _shown(kind: type[D]) -> D:
    return next(each for each in QApplication.topLevelWidgets() if isinstance(each, kind) and each.isVisible())

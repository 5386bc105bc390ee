"""Keeps an app, or some of its agents, as a template of the operator's own."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QLineEdit, QPlainTextEdit, QWidget

from app.core.apps import AppSummary
from app.core.connection import Connection
from app.core.errors import KnownError
from app.core.refs import AppRef
from app.core.text import plain
from app.core.words import counted
from app.ui.parts.action_dialog import ActionDialog
from app.ui.parts.badges import text_label
from app.ui.parts.form_field import ChoiceBox, FormField
from app.ui.work.runner import Runner

from .agent_choice import AgentChoice

if TYPE_CHECKING:
    from app.schema.model import Schema
    from app.services.suite import Services
    from app.services.templates import Template

_AGENT_ROWS = 7


@dataclass(frozen=True, slots=True)
class _Found:
    schema: Schema
    own: tuple[Template, ...]


class SaveTemplateDialog(ActionDialog):
    """``saved`` carries the Template as it was kept. ``names`` are the agents chosen at first, None for all.

    It takes the live schema: staged edits are not part of it.
    """

    saved = Signal(object)
    scrolls = True

    def __init__(
        self,
        runner: Runner,
        connection: Connection,
        app: AppSummary,
        names: Collection[str] | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(runner, "Save as template", "Save template", parent)
        self._app, self._names = app, names
        self._found: _Found | None = None
        self.title_edit = QLineEdit()
        self.description_edit = QPlainTextEdit()
        self.place_box = ChoiceBox()
        self.choice = AgentChoice()
        self.note = text_label("Reading the schema…", "muted")
        self.set_place(connection)
        self._build()
        self._read()

    def _build(self) -> None:
        self.title_edit.setPlaceholderText("Invoicing")
        self.description_edit.setTabChangesFocus(True)
        line = self.fontMetrics().height()
        self.description_edit.setFixedHeight(line * 3 + 12)
        wanted = (line + 9) * _AGENT_ROWS + 10
        self.choice.setMinimumHeight(min(wanted, 150))
        self.choice.setMaximumHeight(wanted)
        self.note.setWordWrap(True)
        self.add_field("place", FormField("&Save as", self.place_box)).hide()
        self.add_field("title", FormField("&Title", self.title_edit))
        self.add_field("description", FormField("&Description", self.description_edit))
        self.add_field("agents", FormField("&Agents of the template", self.choice))
        self.body.addWidget(self.note)
        self.place_box.currentIndexChanged.connect(lambda _at: self._follow_place())
        self.title_edit.textChanged.connect(lambda _text: self._tell())
        self.choice.changed.connect(self._tell)
        self._tell()
        self.title_edit.setFocus()

    # Reading

    def _read(self) -> None:
        ref = AppRef(self._app.connection_id, self._app.app_id)

        async def read(services: Services) -> _Found:
            opened = await services.workshop.open(ref)
            own = tuple(each for each in services.template_library.all() if each.is_own)
            return _Found(opened.base.schema, own)

        self._runner.start(
            read, owner=self, title="Read the schema", done=self._take, failed=self._fail_reading, replaces="read"
        )

    def _fail_reading(self, error: KnownError) -> bool:
        self.note.setText("")
        self.message.tell(plain(error.sentence, 300), plain(error.remedy, 200))
        return True

    def _take(self, found: _Found) -> None:
        self._found = found
        own = (each for each in found.schema.entities if not each.is_system)
        self.choice.show_entities(sorted(own, key=lambda each: each.name.lower()), self._names)
        self.place_box.blockSignals(True)
        self.place_box.addItem("A new template", "")
        for each in found.own:
            self.place_box.addItem(f"{plain(each.title, 60)}, in place of version {each.version}", each.name)
        self.place_box.blockSignals(False)
        self.fields["place"].setVisible(bool(found.own))
        self._tell()

    def _follow_place(self) -> None:
        kept = self._replaced
        if kept is not None:
            self.title_edit.setText(kept.title)
            self.description_edit.setPlainText(kept.description)
        self._tell()

    @property
    def _replaced(self) -> Template | None:
        name = self.place_box.currentData() if self._found is not None else ""
        return next((each for each in self._found.own if each.name == name), None) if self._found else None

    # Telling

    def _tell(self) -> None:
        if self._found is not None:
            self.note.setText(self._note(self._found))
        self.action_button.setEnabled(self.can_act() and not self.is_working)

    def _note(self, found: _Found) -> str:
        from app.services.template_library import left_out

        chosen = self.choice.chosen
        if not chosen:
            return "Choose at least one agent." if self.choice.boxes else "This app has no agents yet."
        said = "1 agent." if len(chosen) == 1 else f"{len(chosen):,} agents, with the links between them."
        links = left_out(found.schema, None if self.choice.is_all else chosen)
        if links:
            first = f"{plain(links[0].forward.entity, 40)}.{plain(links[0].forward.label, 40)}"
            count = counted(len(links), "link")
            leads = "leads to an agent that is not chosen" if len(links) == 1 else "lead to agents that are not chosen"
            said += f" {count} {leads}, and will be left out ({first})."
        return said

    def can_act(self) -> bool:
        return self._found is not None and bool(self.choice.chosen) and bool(self.title_edit.text().strip())

    # Acting

    def act(self) -> None:
        found, kept = self._found, self._replaced
        if found is None or not self.can_act() or self.is_working:
            return
        title, description = self.title_edit.text().strip(), self.description_edit.toPlainText().strip()
        names = None if self.choice.is_all else self.choice.chosen
        name = kept.name if kept is not None else ""

        async def save(services: Services) -> Template:
            library = services.template_library
            template = library.from_app(found.schema, name, names, title, description)
            return await library.save(template, overwrite=bool(name))

        self.begin(save, f"Save the template {plain(title, 40)}", self._finish)

    def _finish(self, template: Template) -> None:
        self.saved.emit(template)
        self.accept()

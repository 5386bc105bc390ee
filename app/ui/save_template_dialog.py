"""Keeps an app, or some of its agents, as a template of the operator's own."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QLineEdit, QListWidget, QListWidgetItem, QPlainTextEdit, QWidget

from app.core.apps import AppSummary
from app.core.connection import Connection
from app.core.errors import KnownError
from app.core.refs import AppRef
from app.core.text import plain

from .action_dialog import ActionDialog
from .ages import counted
from .badges import text_label
from .form_field import ChoiceBox, FormField
from .runner import Runner
from .theme import colours

if TYPE_CHECKING:
    from app.schema.model import Schema
    from app.services.suite import Services
    from app.services.templates import Template

_NAME = Qt.ItemDataRole.UserRole
_MOST_NAMES = 5
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
        self.list = QListWidget()
        self.note = text_label("Reading the schema…", "muted")
        self.set_place(connection)
        self._build()
        self._read()

    def _build(self) -> None:
        self.title_edit.setPlaceholderText("Invoicing")
        self.description_edit.setTabChangesFocus(True)
        line = self.fontMetrics().height()
        self.description_edit.setFixedHeight(line * 3 + 12)
        self.list.setFixedHeight((line + 9) * _AGENT_ROWS + 10)
        self.list.setStyleSheet(
            f"QListWidget {{ border: 1px solid {colours().line_strong}; border-radius: 6px; padding: 3px; }}"
            "QListWidget::item { padding: 3px 6px; }"
        )
        self.note.setWordWrap(True)
        self.add_field("place", FormField("&Save as", self.place_box)).hide()
        self.add_field("title", FormField("&Title", self.title_edit))
        self.add_field("description", FormField("&Description", self.description_edit))
        self.add_field("agents", FormField("&Agents of the template", self.list))
        self.body.addWidget(self.note)
        self.place_box.currentIndexChanged.connect(lambda _at: self._follow_place())
        self.title_edit.textChanged.connect(lambda _text: self._tell())
        self.list.itemChanged.connect(lambda _item: self._tell())
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
        self.list.blockSignals(True)
        for entity in sorted(found.schema.entities, key=lambda each: each.name.lower()):
            if not entity.is_system:
                fields = [plain(each.name, 30) for each in entity.attributes if each.name != "id"]
                more = ", …" if len(fields) > _MOST_NAMES else ""
                item = QListWidgetItem(f"{plain(entity.name, 60)}   {', '.join(fields[:_MOST_NAMES])}{more}")
                item.setData(_NAME, entity.name)
                is_chosen = self._names is None or entity.name in self._names
                item.setCheckState(Qt.CheckState.Checked if is_chosen else Qt.CheckState.Unchecked)
                self.list.addItem(item)
        self.list.blockSignals(False)
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

    @property
    def chosen(self) -> tuple[str, ...]:
        items = (self.list.item(at) for at in range(self.list.count()))
        return tuple(each.data(_NAME) for each in items if each.checkState() is Qt.CheckState.Checked)

    def _tell(self) -> None:
        if self._found is not None:
            self.note.setText(self._note(self._found))
        self.action_button.setEnabled(self.can_act() and not self.is_working)

    def _note(self, found: _Found) -> str:
        from app.services.template_library import left_out

        chosen = self.chosen
        if not chosen:
            return "Choose at least one agent." if self.list.count() else "This app has no agents yet."
        said = f"{counted(len(chosen), 'agent')} with the links between them."
        links = left_out(found.schema, None if len(chosen) == self.list.count() else chosen)
        if links:
            first = f"{plain(links[0].forward.entity, 40)}.{plain(links[0].forward.label, 40)}"
            verb = "leads" if len(links) == 1 else "lead"
            said += (
                f" {counted(len(links), 'link')} {verb} to agents that are not chosen, and will be left out ({first})."
            )
        return said

    def can_act(self) -> bool:
        return self._found is not None and bool(self.chosen) and bool(self.title_edit.text().strip())

    # Acting

    def act(self) -> None:
        found, kept = self._found, self._replaced
        if found is None or not self.can_act() or self.is_working:
            return
        title, description = self.title_edit.text().strip(), self.description_edit.toPlainText().strip()
        chosen = self.chosen
        names = None if len(chosen) == self.list.count() else chosen
        name = kept.name if kept is not None else ""

        async def save(services: Services) -> Template:
            library = services.template_library
            template = library.from_app(found.schema, name, names, title, description)
            return await library.save(template, overwrite=bool(name))

        self.begin(save, f"Save the template {plain(title, 40)}", self._finish)

    def _finish(self, template: Template) -> None:
        self.saved.emit(template)
        self.accept()

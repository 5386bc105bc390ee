"""The two ways to a new agent: typed by hand, or copied from a template."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QScrollArea, QVBoxLayout, QWidget

from app.core.status import Severity
from app.core.text import plain
from app.core.words import counted
from app.schema.copying import new_names, own_names
from app.schema.model import Entity
from app.schema.types import AnyType
from app.ui.parts.badges import ElidedLabel, StateMark, text_label
from app.ui.parts.check_mark import CheckBox
from app.ui.parts.form_field import ChoiceBox, FormField

from .agent_form import AgentInput, Judged, JudgedCopies, judge, judge_copies
from .agent_parts import FIELD_COLUMNS, LINK_COLUMNS, FieldRow, LinkRow, PartList, name_edit

if TYPE_CHECKING:
    from app.schema.check import Rules
    from app.schema.draft import Draft
    from app.services.templates import Template

_MOST_NAMES = 6


class HandPage(QWidget):
    """Name, fields, links. Rows without anything in them do not count."""

    changed = Signal()

    def __init__(self, draft: Draft, rules: Rules, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._rules = rules
        ends = sorted(draft.wanted.entities, key=lambda each: (each.is_system, each.name.lower()))
        self._entities = [each.name for each in ends if _takes_links(each, rules)]
        self.name_edit = name_edit("Name", "invoices")
        self.name_field = FormField("Na&me", self.name_edit)
        hint = "An agent needs at least one field; id comes with the platform."
        self.fields = PartList("FIELDS", "Add &field", FIELD_COLUMNS, self._field, hint)
        hint = "Links lead to agents that are there already, or to $users."
        self.links = PartList("LINKS", "Add &link", LINK_COLUMNS, self._link, hint)
        content = QWidget()
        box = QVBoxLayout(content)
        box.setContentsMargins(2, 10, 10, 6)
        box.setSpacing(16)
        for part in (self.name_field, self.fields, self.links):
            box.addWidget(part)
        box.addStretch(1)
        self._scroll = _fill(self, content)
        self.name_edit.textChanged.connect(self._name_links)
        for part in (self.fields, self.links):
            # Where it stands is known a moment later.
            part.added.connect(lambda row: QTimer.singleShot(0, row, lambda: self._scroll.ensureWidgetVisible(row)))
        self.fields.add(takes_keyboard=False)
        for signal in (self.name_edit.textChanged, self.fields.changed, self.links.changed):
            signal.connect(lambda *_: self.changed.emit())
        self.setFocusProxy(self.name_edit)

    def _field(self) -> FieldRow:
        return FieldRow(self._rules.types or (AnyType(),))

    def _link(self) -> LinkRow:
        return LinkRow(self._entities, self.name_edit.text().strip())

    def _name_links(self, name: str) -> None:
        for row in self._link_rows:
            row.set_agent(name.strip())

    @property
    def _link_rows(self) -> list[LinkRow]:
        return [each for each in self.links.rows if isinstance(each, LinkRow)]

    @property
    def _field_rows(self) -> list[FieldRow]:
        return [each for each in self.fields.rows if isinstance(each, FieldRow) and not each.is_blank]

    @property
    def typed(self) -> AgentInput:
        fields = tuple(each.attribute() for each in self._field_rows)
        return AgentInput(self.name_edit.text().strip(), fields, tuple(each.link() for each in self._link_rows))

    @property
    def title(self) -> str:
        return f"Add the agent {plain(self.name_edit.text(), 60)}"

    def make(self, draft: Draft) -> tuple[Draft | None, str]:
        """The draft with the agent, or what is wrong."""
        found = judge(draft, self._rules, self.typed)
        return found.draft, found.first

    def tell(self, draft: Draft) -> tuple[Draft | None, str]:
        """The same, with each part marked that is wrong."""
        typed = self.typed
        found = judge(draft, self._rules, typed)
        for field in self.fields.rows:
            field.set_error("")
        for row, sentence in zip(self._field_rows, found.fields, strict=True):
            row.set_error(plain(sentence, 300))
        for link, sentence in zip(self._link_rows, found.links, strict=True):
            # Before there is a name, the label that follows it cannot be there either.
            link.set_error(plain(sentence, 300) if typed.name else "")
        self.name_field.set_error(plain(found.name, 300) if typed.name else "")
        return found.draft, self._missing(typed, found)

    @staticmethod
    def _missing(typed: AgentInput, found: Judged) -> str:
        """What is not there yet is asked for; what is wrong has to be corrected."""
        if not typed.name:
            return "Enter a name: what it would do is shown here."
        if not typed.fields and not found.name:
            return "Add a field: what it would do is shown here."
        return "" if found.draft is not None else f"This cannot be added so. {plain(found.first, 300)}"


class TemplatePage(QWidget):
    """A template, and which of its agents come in under which names."""

    changed = Signal()

    def __init__(self, draft: Draft, rules: Rules, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._draft, self._rules = draft, rules
        self._templates: tuple[Template, ...] = ()
        self.rows: list[CopyRow] = []
        self.template_box = ChoiceBox()
        self.template_field = FormField("&Template", self.template_box, hint="Reading the templates…")
        self._rows_box = QVBoxLayout()
        self._rows_box.setSpacing(8)
        self.titles = QWidget()
        titles = QHBoxLayout(self.titles)
        titles.setContentsMargins(0, 0, 0, 0)
        titles.addWidget(text_label("Agent", "small"), 1)
        titles.addWidget(text_label("Its name in this app", "small"), 1)
        content = QWidget()
        box = QVBoxLayout(content)
        box.setContentsMargins(2, 10, 10, 6)
        box.setSpacing(10)
        box.addWidget(self.template_field)
        box.addWidget(self.titles)
        box.addLayout(self._rows_box)
        box.addStretch(1)
        _fill(self, content)
        self.template_box.currentIndexChanged.connect(lambda _at: self._show_template())
        self.setFocusProxy(self.template_box)

    def take(self, templates: Sequence[Template], chosen: str = "") -> None:
        self._templates = tuple(each for each in templates if each.entity_names)
        self.template_box.blockSignals(True)
        self.template_box.clear()
        for each in self._templates:
            self.template_box.addItem(plain(each.title, 60), each.name)
        self.template_box.setCurrentIndex(max(0, self.template_box.findData(chosen)))
        self.template_box.blockSignals(False)
        self._show_template()

    @property
    def template(self) -> Template | None:
        at = self.template_box.currentIndex()
        return self._templates[at] if 0 <= at < len(self._templates) else None

    def _show_template(self) -> None:
        for old in self.rows:
            self._rows_box.removeWidget(old)
            old.hide()
            old.deleteLater()
        template = self.template
        self.rows = []
        if template is None:
            self.template_field.set_hint("There are no templates with agents.")
        else:
            self.template_field.set_hint(plain(template.description, 200))
            entities = {each.name: each for each in template.schema.entities}
            for new in new_names(self._draft.wanted, own_names(template.schema)):
                row = CopyRow(entities[new.name], new.proposed, new.sentence)
                row.changed.connect(self.changed)
                self.rows.append(row)
                self._rows_box.addWidget(row)
        self.titles.setVisible(bool(self.rows))
        self.changed.emit()

    @property
    def names(self) -> dict[str, str]:
        """From name in the template to name in the app."""
        return {each.name: each.new_name for each in self.rows if each.is_chosen}

    @property
    def title(self) -> str:
        title = plain(self.template.title, 60) if self.template is not None else ""
        return f"Add {counted(len(self.names), 'agent')} from {title}"

    def make(self, draft: Draft) -> tuple[Draft | None, str]:
        found = self._judged(draft)
        return found.draft, next(iter(found.wrong.values()), "")

    def tell(self, draft: Draft) -> tuple[Draft | None, str]:
        self._draft = draft
        found = self._judged(draft)
        for row in self.rows:
            row.set_error(found.wrong.get(row.name, ""))
        if not self.names:
            return None, "Choose an agent: what it would do is shown here."
        return found.draft, "" if not found.wrong else "Some of these names cannot be used here."

    def _judged(self, draft: Draft) -> JudgedCopies:
        template = self.template
        if template is None:
            return JudgedCopies(None, {})
        return judge_copies(draft, self._rules, template.schema, self.names)


class CopyRow(QWidget):
    """One agent of a template: whether it comes along, and under which name."""

    changed = Signal()

    def __init__(self, entity: Entity, proposed: str, why: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.name = entity.name
        shown = plain(entity.name, 60)
        self.check = CheckBox(shown.replace("&", "&&"))
        self.check.setChecked(True)
        self.edit: QLineEdit = name_edit(f"Name of {shown} in this app")
        self.edit.setText(proposed)
        names = [plain(each.name, 40) for each in entity.attributes]
        more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
        self.about = ElidedLabel(", ".join(names[:_MOST_NAMES]) + more, look="small")
        self._why = why
        self.note = text_label(why, "small")
        self.note.setWordWrap(True)
        self._mark = StateMark(Severity.INFO)
        row = QHBoxLayout()
        row.setSpacing(10)
        left = QVBoxLayout()
        left.setSpacing(1)
        left.addWidget(self.check)
        left.addWidget(self.about)
        left.addStretch(1)
        row.addLayout(left, 1)
        right = QVBoxLayout()
        right.setSpacing(3)
        right.addWidget(self.edit)
        said = QHBoxLayout()
        said.setSpacing(6)
        said.addWidget(self._mark, 0, Qt.AlignmentFlag.AlignTop)
        said.addWidget(self.note, 1)
        right.addLayout(said)
        row.addLayout(right, 1)
        self.setLayout(row)
        row.setContentsMargins(0, 0, 0, 0)
        self.check.toggled.connect(self.edit.setEnabled)
        self.check.toggled.connect(lambda _on: self.changed.emit())
        self.edit.textChanged.connect(lambda _text: self.changed.emit())
        self.set_error("")

    @property
    def is_chosen(self) -> bool:
        return self.check.isChecked()

    @property
    def new_name(self) -> str:
        return self.edit.text().strip()

    def set_error(self, sentence: str) -> None:
        said = sentence or (self._why if self.is_chosen and self.new_name != self.name else "")
        self.note.setText(said)
        self.note.setProperty("look", "errorText" if sentence else "small")
        self.note.setVisible(bool(said))
        self._mark.set_state(Severity.ERROR if sentence else Severity.INFO)
        self._mark.setVisible(bool(said))
        self.edit.setProperty("invalid", "true" if sentence else "false")
        self.edit.setAccessibleDescription(said)
        for each in (self.note, self.edit):
            each.style().unpolish(each)
            each.style().polish(each)


def _takes_links(entity: Entity, rules: Rules) -> bool:
    return not entity.is_system or entity.name in rules.extendable


def _fill(page: QWidget, content: QWidget) -> QScrollArea:
    scroll = QScrollArea()
    scroll.setWidgetResizable(True)
    scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    scroll.setWidget(content)
    content.setAutoFillBackground(False)
    scroll.viewport().setAutoFillBackground(False)
    box = QVBoxLayout(page)
    box.setContentsMargins(0, 0, 0, 0)
    box.addWidget(scroll)
    return scroll

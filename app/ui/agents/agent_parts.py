"""The rows of an agent that is made by hand: its fields and its links, each with what is wrong with it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QFontMetrics
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QPushButton, QToolButton, QVBoxLayout, QWidget

from app.core.status import Severity
from app.core.text import plain
from app.schema.model import Attribute, Cardinality
from app.schema.types import Type
from app.ui.look.icons import sign
from app.ui.look.theme import mono_font
from app.ui.parts.badges import StateMark, text_label
from app.ui.parts.check_mark import CheckBox
from app.ui.parts.form_field import ChoiceBox
from app.ui.schema.type_names import type_name

from .agent_form import NEW, LinkInput

if TYPE_CHECKING:
    from collections.abc import Iterable

_LETTERS = {"box": 16, "flag": 10, "has": 13, "entity": 20}
_ITSELF = "this agent"


class PartRow(QWidget):
    """Editors side by side, a button that takes the row out, and below them what is wrong."""

    changed = Signal()
    removed = Signal()

    def __init__(self, what: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.editors = QHBoxLayout()
        self.editors.setSpacing(8)
        self.remove_button = QToolButton()
        self.remove_button.setIcon(sign("close"))
        self.remove_button.setToolTip(f"Remove this {what}")
        self.remove_button.setAccessibleName(f"Remove this {what}")
        self.remove_button.clicked.connect(self.removed)
        self._wrong = QWidget()
        self._wrong_label = text_label("", "errorText")
        self._wrong_label.setWordWrap(True)
        said = QHBoxLayout(self._wrong)
        said.setContentsMargins(0, 0, 0, 2)
        said.setSpacing(6)
        said.addWidget(StateMark(Severity.ERROR), 0, Qt.AlignmentFlag.AlignTop)
        said.addWidget(self._wrong_label, 1)
        self._wrong.hide()
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(3)
        box.addLayout(self.editors)
        box.addWidget(self._wrong)

    @property
    def error(self) -> str:
        return self._wrong_label.text()

    def set_error(self, sentence: str) -> None:
        self._wrong_label.setText(sentence)
        self._wrong.setVisible(bool(sentence))
        edit = self.first
        if edit.property("invalid") != ("true" if sentence else "false"):
            edit.setProperty("invalid", "true" if sentence else "false")
            edit.style().unpolish(edit)
            edit.style().polish(edit)
        edit.setAccessibleDescription(sentence)

    @property
    def first(self) -> QLineEdit:
        """Where the keyboard goes."""
        raise NotImplementedError

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self.remove_button.setIcon(sign("close"))


def name_edit(name: str, placeholder: str = "") -> QLineEdit:
    edit = QLineEdit()
    edit.setFont(mono_font())
    edit.setMaxLength(400)
    edit.setAccessibleName(name)
    edit.setPlaceholderText(placeholder)
    return edit


class FieldRow(PartRow):
    def __init__(self, types: Sequence[Type], parent: QWidget | None = None) -> None:
        super().__init__("field", parent)
        self.name_edit = name_edit("Field name", "title")
        self.type_box = ChoiceBox()
        self.type_box.setAccessibleName("Type")
        for each in types:
            self.type_box.addItem(plain(type_name(each), 60), each)
        self.required, self.unique, self.indexed = CheckBox(), CheckBox(), CheckBox()
        self.editors.addWidget(self.name_edit, 1)
        self.editors.addWidget(_wide(self.type_box, "box"))
        for box, name in ((self.required, "Required"), (self.unique, "Unique"), (self.indexed, "Indexed")):
            box.setAccessibleName(name)
            box.toggled.connect(self.changed)
            self.editors.addWidget(_wide(box, "flag"))
        self.editors.addWidget(self.remove_button)
        self.name_edit.textChanged.connect(self.changed)
        self.type_box.currentIndexChanged.connect(self.changed)

    @property
    def first(self) -> QLineEdit:
        return self.name_edit

    @property
    def is_blank(self) -> bool:
        """Nothing was entered: the row does not count."""
        flags = (self.required, self.unique, self.indexed)
        return not self.name_edit.text().strip() and not any(each.isChecked() for each in flags)

    def attribute(self) -> Attribute:
        return Attribute(
            self.name_edit.text().strip(),
            self.type_box.currentData(),
            is_required=self.required.isChecked(),
            is_unique=self.unique.isChecked(),
            is_indexed=self.indexed.isChecked(),
        )


class LinkRow(PartRow):
    """Labels follow the names of both ends until they are typed."""

    def __init__(self, entities: Iterable[str], agent: str, parent: QWidget | None = None) -> None:
        super().__init__("link", parent)
        self.label_edit, self.reverse_edit = (
            name_edit("Label of the link", "owner"),
            name_edit("Label at the other end"),
        )
        self.has_box, self.reverse_box = _has_box("Leads to one or many"), _has_box("Leads back to one or many", "many")
        self.entity_box = ChoiceBox()
        self.entity_box.setAccessibleName("Leads to the entity")
        self.entity_box.setMaxVisibleItems(16)
        for each in entities:
            self.entity_box.addItem(plain(each, 60), each)
        self.entity_box.addItem(_ITSELF, NEW)
        self.editors.addWidget(self.label_edit, 1)
        self.editors.addWidget(_wide(self.has_box, "has"))
        self.editors.addWidget(_wide(self.entity_box, "entity"))
        self.editors.addWidget(self.reverse_edit, 1)
        self.editors.addWidget(_wide(self.reverse_box, "has"))
        self.editors.addWidget(self.remove_button)
        self._agent = agent
        self._is_typed = {self.label_edit: False, self.reverse_edit: False}
        for edit in self._is_typed:
            edit.textEdited.connect(self._note_typed)
            edit.textChanged.connect(self.changed)
        for box in (self.has_box, self.reverse_box):
            box.currentIndexChanged.connect(self.changed)
        self.entity_box.currentIndexChanged.connect(self._follow)
        self._follow()

    @property
    def first(self) -> QLineEdit:
        return self.label_edit

    def _note_typed(self) -> None:
        edit = self.sender()
        if isinstance(edit, QLineEdit):
            self._is_typed[edit] = bool(edit.text())

    def set_agent(self, name: str) -> None:
        self._agent = name
        self._follow()

    def _follow(self) -> None:
        entity: str = self.entity_box.currentData() or ""
        for edit, text in ((self.label_edit, entity.lstrip("$") or "parent"), (self.reverse_edit, self._agent)):
            if not self._is_typed[edit]:
                edit.setText(text)
        self.changed.emit()

    def link(self) -> LinkInput:
        return LinkInput(
            self.label_edit.text().strip(),
            self.has_box.currentData(),
            self.entity_box.currentData(),
            self.reverse_edit.text().strip(),
            self.reverse_box.currentData(),
        )


class PartList(QWidget):
    """A heading, column titles, rows, and the button that adds one."""

    changed = Signal()
    added = Signal(object)  # a PartRow that has the keyboard now

    def __init__(
        self, title: str, add: str, columns: Sequence[tuple[str, str]], make: Callable[[], PartRow], hint: str
    ) -> None:
        super().__init__()
        self.rows: list[PartRow] = []
        self._make = make
        self.add_button = QPushButton(add)
        self.add_button.setIcon(sign("plus"))
        self.add_button.setProperty("look", "small")
        self.add_button.setAutoDefault(False)
        self.add_button.clicked.connect(lambda: self.add())
        self._titles = QWidget()
        titles = QHBoxLayout(self._titles)
        titles.setContentsMargins(0, 0, 0, 0)
        titles.setSpacing(8)
        for text, width in columns:
            label = text_label(text, "small")
            titles.addWidget(_wide(label, width) if width else label, 0 if width else 1)
        titles.addSpacing(QToolButton().sizeHint().width() + 4)
        self.hint = text_label(hint, "muted")
        self.hint.setWordWrap(True)
        head = QHBoxLayout()
        head.addWidget(text_label(title, "sectionHead"))
        head.addStretch(1)
        head.addWidget(self.add_button)
        self._box = QVBoxLayout()
        self._box.setSpacing(6)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(6)
        box.addLayout(head)
        box.addWidget(self._titles)
        box.addLayout(self._box)
        box.addWidget(self.hint)
        self._tell()

    def add(self, *, takes_keyboard: bool = True) -> PartRow:
        row = self._make()
        self.rows.append(row)
        self._box.addWidget(row)
        row.changed.connect(self.changed)
        row.removed.connect(lambda: self.remove(row))
        if takes_keyboard:
            row.first.setFocus()
            row.first.selectAll()
            self.added.emit(row)
        self._tell()
        self.changed.emit()
        return row

    def remove(self, row: PartRow) -> None:
        at = self.rows.index(row)
        self.rows.remove(row)
        self._box.removeWidget(row)
        row.hide()
        row.deleteLater()
        if self.rows:
            self.rows[min(at, len(self.rows) - 1)].first.setFocus()
        else:
            self.add_button.setFocus()
        self._tell()
        self.changed.emit()

    def _tell(self) -> None:
        self._titles.setVisible(bool(self.rows))
        self.hint.setVisible(not self.rows)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "add_button"):
            self.add_button.setIcon(sign("plus"))


FIELD_COLUMNS = (("Name", ""), ("Type", "box"), ("Required", "flag"), ("Unique", "flag"), ("Indexed", "flag"))
LINK_COLUMNS = (("Label", ""), ("Leads to", "has"), ("Entity", "entity"), ("Label there", ""), ("Back to", "has"))


def _has_box(name: str, chosen: Cardinality = "one") -> ChoiceBox:
    box = ChoiceBox()
    box.setAccessibleName(name)
    for each in ("one", "many"):
        box.addItem(each, each)
    box.setCurrentIndex(box.findData(chosen))
    return box


def _wide(widget: QWidget | QLabel, kind: str) -> QWidget:
    widget.setFixedWidth(QFontMetrics(widget.font()).averageCharWidth() * _LETTERS[kind])
    return widget

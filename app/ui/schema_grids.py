"""The grids of one entity: its attributes and its links, each cell edited in place."""

from __future__ import annotations

from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from app.core.text import plain
from app.schema.model import Entity

from .attribute_grid_model import AttributeColumn, AttributeGridModel
from .badges import ElidedLabel, text_label
from .icons import sign
from .link_grid_model import LinkColumn, LinkGridModel
from .schema_document import SchemaDocument
from .schema_grid import SchemaGrid


class SchemaGrids(QWidget):
    """The selected entity: its name, its attributes, its links."""

    def __init__(self, document: SchemaDocument, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._document = document
        self.title = ElidedLabel("", look="heading")
        self.about = text_label("", "chip")
        self.mark = text_label("", "chip")
        self.attribute_button = QPushButton("Attribute")
        self.link_button = QPushButton("Link")
        self.attributes = SchemaGrid(AttributeGridModel(document, self), "Attributes", AttributeColumn.CHANGE)
        self.links = SchemaGrid(LinkGridModel(document, self), "Links", LinkColumn.CHANGE)
        self.links_head = text_label("LINKS", "sectionHead")
        self._tips: dict[QPushButton, str] = {}
        self._lay_out()
        self._connect()
        self._tell()

    def _lay_out(self) -> None:
        self.title.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        for chip in (self.about, self.mark):
            chip.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        head = QHBoxLayout()
        head.setContentsMargins(14, 8, 10, 8)
        head.setSpacing(8)
        head.addWidget(self.title)
        head.addWidget(self.about)
        head.addWidget(self.mark)
        head.addStretch(1)
        for button, key in ((self.attribute_button, "Ctrl+Shift+A or Insert"), (self.link_button, "Ctrl+L")):
            button.setProperty("look", "small")
            button.setIcon(sign("plus"))
            self._tips[button] = f"New {button.text().lower()} ({key})"
            button.setAccessibleName(f"Add {'an attribute' if button is self.attribute_button else 'a link'}")
            head.addWidget(button)
        self.links_head.setContentsMargins(14, 14, 8, 4)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(head)
        layout.addWidget(self.attributes)
        layout.addWidget(self.links_head)
        layout.addWidget(self.links)
        layout.addStretch(1)
        self.setMinimumWidth(260)

    def _connect(self) -> None:
        document = self._document
        self.attribute_button.clicked.connect(self.attributes.add)
        self.link_button.clicked.connect(self.links.add)
        self.attributes.add_requested.connect(self.attributes.add)
        self.links.add_requested.connect(self.links.add)
        self.attributes.left.connect(lambda way: self._enter(self.links, 0) if way > 0 else None)
        self.links.left.connect(lambda way: self._enter(self.attributes, -1) if way < 0 else None)
        for grid in (self.attributes, self.links):
            for signal in (grid.grid.modelReset, grid.grid.rowsInserted, grid.grid.rowsRemoved):
                signal.connect(self._tell)
        document.changed.connect(self._tell)
        document.base_changed.connect(self._tell)
        document.part_wanted.connect(self.show_part)

    @staticmethod
    def _enter(grid: SchemaGrid, row: int) -> None:
        count = grid.grid.rowCount()
        if count:
            grid.setFocus()
            grid.show_rows([row % count])

    def _tell(self) -> None:
        document, name = self._document, self._document.selected_entity
        entity = document.draft.wanted.entity(name)
        self.title.set_text(plain(name, 80) or "No entity")
        count = len(entity.attributes) if entity is not None else 0
        self.about.setText(f"{count} attribute{'' if count == 1 else 's'}" if entity is not None else "")
        self._tell_mark(name, entity is not None)
        self._fit_head()
        has_links = self.links.grid.rowCount() > 0
        self.links_head.setText("LINKS" if has_links else "NO LINKS")
        self.links.setVisible(has_links)
        reason = self._why_not_add(entity)
        for button, tip in self._tips.items():
            button.setEnabled(entity is not None and not reason)
            button.setToolTip(reason or tip)

    def _why_not_add(self, entity: Entity | None) -> str:
        """Why nothing can be added to this entity, "" where it can."""
        rules = self._document.rules
        if entity is not None and entity.is_system and rules is not None and entity.name not in rules.extendable:
            return f"{plain(entity.name, 60)} belongs to {rules.platform}: nothing can be added to it."
        return self._document.lock_reason

    def _tell_mark(self, name: str, is_there: bool) -> None:
        word = self._document.entity_mark(name) if name else None
        text = f"{word.kind} {plain(word.note, 60)}".strip() if word is not None else ""
        if word is None and is_there:
            entity = self._document.draft.wanted.entity(name)
            text = "comes with the platform" if entity is not None and entity.is_system else ""
        self.mark.setText(text)

    def _fit_head(self) -> None:
        """The name comes first: chips are shown where there is room beside it."""
        room = self.width() - 40 - self.title.sizeHint().width()
        room -= sum(button.sizeHint().width() + 8 for button in self._tips)
        for chip in (self.mark, self.about):
            wide = chip.sizeHint().width() + 8
            chip.setVisible(bool(chip.text()) and wide <= room)
            room -= wide if wide <= room else 0

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit_head()

    def show_part(self, entity: str, part: str) -> None:
        """Bring an attribute or a link (by its label) of the selected entity into sight."""
        if entity != self._document.selected_entity:
            return
        for grid in (self.attributes, self.links):
            row = grid.grid.row_of(part)
            if row is not None:
                grid.setFocus()
                grid.show_rows([row])
                return

    def current_grid(self) -> SchemaGrid:
        """The grid that the keyboard is in, else that of the attributes."""
        focus = self.focusWidget()
        return (
            self.links
            if focus is not None and (focus is self.links or self.links.isAncestorOf(focus))
            else self.attributes
        )

    def refresh_looks(self) -> None:
        for button in (self.attribute_button, self.link_button):
            button.setIcon(sign("plus"))

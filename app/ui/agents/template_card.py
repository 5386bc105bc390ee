"""What a template holds: its agents with their fields and links, as they would be in an app."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, Qt
from PySide6.QtWidgets import QAbstractItemView, QListView, QStackedWidget, QVBoxLayout, QWidget

from app.ui.parts.badges import text_label

from .agent_delegate import AgentDelegate
from .agent_rows import AgentModel, rows_of

if TYPE_CHECKING:
    from app.services.templates import Template


class TemplateCard(QWidget):
    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.model = AgentModel(self)
        self.list = QListView()
        self.list.setModel(self.model)
        self.delegate = AgentDelegate(self.list, self.model)
        self.list.setItemDelegate(self.delegate)
        self.list.setAccessibleName("Agents of the template")
        self.list.setUniformItemSizes(True)
        self.list.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.empty = text_label("A blank template: an app made from it starts without agents.", "muted")
        self.empty.setWordWrap(True)
        self.empty.setAlignment(Qt.AlignmentFlag.AlignTop)
        self._stack = QStackedWidget()
        self._stack.addWidget(self.list)
        self._stack.addWidget(self.empty)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(4)
        box.addWidget(text_label("AGENTS", "sectionHead"))
        box.addWidget(self._stack, 1)

    def show_template(self, template: Template | None) -> None:
        self.model.set_rows(rows_of(template.schema) if template is not None else [])
        self._stack.setCurrentWidget(self.list if self.model.rows or template is None else self.empty)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.FontChange) and hasattr(self, "delegate"):
            self.delegate.restyle()
            self.list.doItemsLayout()

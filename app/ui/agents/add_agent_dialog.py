"""Adds an agent to an app, by hand or from a template: staged, and then reviewed as a plan."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeySequence, QResizeEvent, QShortcut
from PySide6.QtWidgets import QPushButton, QSplitter, QTabWidget, QWidget

from app.core.apps import AppSummary
from app.core.connection import Connection
from app.core.errors import Invalid
from app.core.text import plain
from app.ui.parts.action_dialog import ActionDialog
from app.ui.parts.dialog_size import fit
from app.ui.plans.plan_preview import PlanPreview
from app.ui.schema.schema_document import SchemaDocument
from app.ui.work.runner import Runner

from .add_agent_pages import HandPage, TemplatePage

if TYPE_CHECKING:
    from app.schema.draft import Draft
    from app.services.suite import Services
    from app.services.templates import Template

_ROOM_FOR_BOTH = 145  # letters


class AddAgentDialog(ActionDialog):
    """``staged`` carries whether the plan is to be reviewed at once.

    What is added is one undo step of the document; nothing is sent from here.
    """

    staged = Signal(bool)

    def __init__(
        self,
        runner: Runner,
        document: SchemaDocument,
        connection: Connection,
        app: AppSummary,
        parent: QWidget | None = None,
        *,
        template: str = "",
    ) -> None:
        """``template`` is the one to begin with; "" begins by hand. The document must be open."""
        title = plain(app.title, 60) or "untitled"
        super().__init__(runner, "Add agent", "Review plan…", parent)
        assert document.rules is not None
        self._document, self._template = document, template
        self.setWindowTitle(f"Add agent to {title}")
        self.heading.setText(f"Add agent to {title}")
        self.hand_page = HandPage(document.draft, document.rules)
        self.template_page = TemplatePage(document.draft, document.rules)
        self.tabs = QTabWidget()
        self.preview = PlanPreview(runner)
        self.stage_button = QPushButton("Add, re&view later")
        self._split = QSplitter(Qt.Orientation.Horizontal)
        self._made: Draft | None = None
        self.set_place(connection)
        self._build()
        runner.start(_templates, owner=self, title="Read the templates", done=self._take_templates, quiet=True)
        self._tell()

    def _build(self) -> None:
        self.tabs.setDocumentMode(True)
        self.tabs.setAccessibleName("How to add an agent")
        self.tabs.addTab(self.hand_page, "&By hand")
        self.tabs.addTab(self.template_page, "F&rom a template")
        self.tabs.setCurrentIndex(1 if self._template else 0)
        split = self._split
        split.addWidget(self.tabs)
        split.addWidget(self.preview)
        split.setStretchFactor(0, 3)
        split.setStretchFactor(1, 2)
        split.setChildrenCollapsible(False)
        split.setHandleWidth(17)
        split.setStyleSheet("QSplitter::handle { background: transparent; }")
        self.body.addWidget(split, 1)
        self.stage_button.setAutoDefault(False)
        self.stage_button.setToolTip("Stages it with the pending changes of this app")
        self.stage_button.clicked.connect(lambda: self._stage(is_reviewed=False))
        self.buttons.insertWidget(self.buttons.count() - 1, self.stage_button)
        self.action_button.setToolTip("Stages it, and shows all that would be pushed (Ctrl+Enter)")
        # Enter in a name goes on typing; this is the way from anywhere.
        self.action_button.setAutoDefault(False)
        self.action_button.setDefault(False)
        QShortcut(QKeySequence("Ctrl+Return"), self, self.act)
        for page in (self.hand_page, self.template_page):
            page.changed.connect(self._tell)
        self.tabs.currentChanged.connect(lambda _at: self._tell())
        self._document.changed.connect(self._tell)
        self._document.base_changed.connect(self._tell)
        self.setMinimumSize(720, 440)
        fit(self, 152, 36)
        self._share_room()
        self.page.setFocus()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._share_room()

    def _share_room(self) -> None:
        """What it would do stands beside what is typed, or below where there is little room."""
        is_wide = self.width() >= self.fontMetrics().averageCharWidth() * _ROOM_FOR_BOTH
        way = Qt.Orientation.Horizontal if is_wide else Qt.Orientation.Vertical
        is_first = sum(self._split.sizes()) == 0
        if is_first or self._split.orientation() is not way:
            self._split.setOrientation(way)
            side = self.width() if is_wide else self.height()
            self._split.setSizes([side * 3 // 5, side * 2 // 5])

    def _take_templates(self, templates: tuple[Template, ...]) -> None:
        self.template_page.take(templates, self._template)

    @property
    def page(self) -> HandPage | TemplatePage:
        return self.template_page if self.tabs.currentIndex() == 1 else self.hand_page

    def _tell(self) -> None:
        """What is wrong so far, and what it would do."""
        draft = self._document.draft
        self._made, sentence = self.page.tell(draft)
        if self._made is None:
            self.preview.show_sentence(sentence)
        else:
            self.preview.show_steps(draft, self._made)
        lock = self._document.lock_reason
        if lock:
            self.message.tell("Nothing can be added here.", lock)
        else:
            self.message.clear()
        for button in (self.action_button, self.stage_button):
            button.setEnabled(self.can_act())

    def can_act(self) -> bool:
        return self._made is not None and not self._document.is_read_only

    def act(self) -> None:
        self._stage(is_reviewed=True)

    def _stage(self, *, is_reviewed: bool) -> None:
        if not self.can_act():
            return
        page = self.page

        def make(draft: Draft) -> Draft:
            made, sentence = page.make(draft)
            if made is None:
                raise Invalid(sentence)
            return made

        if self._document.edit(page.title, make, select=self._first_name()):
            self.accept()
            self.staged.emit(is_reviewed)
        else:
            self.message.tell(plain(self._document.refusal, 300), "")

    def _first_name(self) -> str:
        if self.tabs.currentIndex() == 0:
            return self.hand_page.typed.name
        return next(iter(self.template_page.names.values()), "")


async def _templates(services: Services) -> tuple[Template, ...]:
    return services.template_library.all()

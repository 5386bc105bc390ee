"""The agents of an app: what each holds, where it is from, and adding, copying and removing them as staged edits."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QPoint, Qt, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QLineEdit,
    QMenu,
    QPushButton,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from app.core.apps import AppSummary
from app.core.changes import Changes
from app.core.connection import Connection
from app.core.errors import KnownError
from app.core.status import Severity
from app.core.text import plain
from app.core.words import counted, free_name
from app.ui.actions.key_tips import KeyTip, keys_near
from app.ui.editor.entity_list import EntityView
from app.ui.editor.pending_bar import PendingBar
from app.ui.parts.badges import text_label
from app.ui.parts.empty_state import EmptyState
from app.ui.parts.note_row import NoteRow, NoteStack
from app.ui.schema.schema_document import SchemaDocument
from app.ui.work.runner import Runner

from .agent_delegate import AgentDelegate
from .agent_rows import NOTHING_KNOWN, AgentModel, AgentRow, Known, agent_rows
from .template_note import TemplateNote

if TYPE_CHECKING:
    from app.schema.draft import Draft
    from app.services.suite import Services


class AgentsView(QWidget):
    """Beside the schema editor, on the same document: what is staged in one is staged in the other.

    ``edit_requested`` carries the name of the agent to edit in the schema editor, ``save_requested`` the names to save
    as a template. ``review_requested`` asks for the plan.
    """

    edit_requested = Signal(str)
    save_requested = Signal(object)  # tuple[str, ...], the chosen ones
    templates_requested = Signal()
    review_requested = Signal()
    confirmed = Signal(str)  # a sentence for the status bar

    def __init__(
        self,
        runner: Runner,
        document: SchemaDocument,
        connection: Connection,
        app: AppSummary,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._runner, self.document, self._connection, self._app = runner, document, connection, app
        self._known = NOTHING_KNOWN
        self.count = text_label("", "title")
        self.filter_edit = QLineEdit()
        self.add_button = QPushButton("Add agent…")
        self.edit_button = QPushButton("Edit")
        self.copy_button = QPushButton("Duplicate")
        self.remove_button = QPushButton("Remove")
        self.save_button = QPushButton("Save as template…")
        self.template_note = TemplateNote(runner, document)
        self.notes = NoteStack()
        self.model = AgentModel(self)
        self.list = EntityView("Agents")
        self.empty = EmptyState()
        self.pending = PendingBar(document)
        self._stack = QStackedWidget()
        self._build()
        self._lay_out()
        self._connect()
        self._fill()

    # Building

    def _build(self) -> None:
        self.setAccessibleName("Agents")
        self.filter_edit.setProperty("look", "filter")
        self.filter_edit.setPlaceholderText("Filter agents")
        self.filter_edit.setAccessibleName("Filter agents")
        self.filter_edit.setToolTip("By name, field, link or template")
        self.filter_edit.setClearButtonEnabled(True)
        self.add_button.setProperty("look", "primary")
        KeyTip(self.add_button, "By hand or from a template", "agents.add", also="Insert")
        self.edit_button.setToolTip("Fields and links in the schema editor (Enter)")
        KeyTip(self.copy_button, "The same fields under another name", "schema.duplicate")
        self.save_button.setToolTip("Keep the chosen agents as a template of your own")
        self.list.setModel(self.model)
        self.delegate = AgentDelegate(self.list, self.model)
        self.list.setItemDelegate(self.delegate)
        self.list.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.list.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self._buttons = (self.edit_button, self.copy_button, self.remove_button, self.save_button)
        for button in self._buttons:
            button.setProperty("look", "small")

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setContentsMargins(14, 9, 14, 9)
        head.setSpacing(8)
        head.addWidget(self.count)
        head.addWidget(self.filter_edit, 1)
        for button in (*self._buttons, self.add_button):
            head.addWidget(button)
        told = QVBoxLayout()
        told.setContentsMargins(14, 0, 14, 0)
        told.addWidget(self.template_note)
        told.addWidget(self.notes)
        told.addSpacing(6)
        self._stack.addWidget(self.list)
        self._stack.addWidget(self.empty)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(0)
        box.addLayout(head)
        box.addLayout(told)
        box.addWidget(self._stack, 1)
        box.addWidget(self.pending)
        self.setFocusProxy(self.list)

    def _connect(self) -> None:
        document, view = self.document, self.list
        for signal in (document.changed, document.base_changed, document.review_changed):
            signal.connect(self._fill)
        document.base_changed.connect(self._read_if_shown)
        self._runner.changed.connect(self._follow)
        self.filter_edit.textChanged.connect(self._filter)
        view.selectionModel().selectionChanged.connect(lambda *_: self._tell_buttons())
        view.add_requested.connect(self.add)
        view.duplicate_requested.connect(self.duplicate)
        view.remove_requested.connect(self.remove_or_restore)
        view.entered.connect(self.edit)
        view.rename_requested.connect(self.edit)
        view.doubleClicked.connect(lambda _index: self.edit())
        view.customContextMenuRequested.connect(self._show_menu)
        self.add_button.clicked.connect(lambda: self.add())
        self.edit_button.clicked.connect(self.edit)
        self.copy_button.clicked.connect(self.duplicate)
        self.remove_button.clicked.connect(self.remove_or_restore)
        self.save_button.clicked.connect(self.save_as_template)
        self.empty.activated.connect(self._act_on_empty)
        self.pending.review_requested.connect(self.review_requested)
        for chosen in (self.pending.problems.itemActivated, self.pending.problems.itemClicked):
            chosen.connect(lambda _item: self.edit_requested.emit(document.selected_entity))
        self.template_note.review_requested.connect(self.review_requested)
        self.template_note.templates_requested.connect(self.templates_requested)
        self.template_note.confirmed.connect(self.confirmed)

    # What is known of the live agents

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.read()

    def _read_if_shown(self) -> None:
        if self.isVisible():
            self.read()

    def _follow(self, changes: Changes) -> None:
        if self.isVisible() and self.document.ref.connection_id in changes.apps:
            self.template_note.read()

    def read(self) -> None:
        """Rows and templates; names and fields are the document's."""
        ref = self.document.ref
        self.template_note.read()

        async def read(services: Services) -> Known:
            agents = await services.agents.of(ref)
            titles = {each.name: each.title for each in services.template_library.all()}
            return Known({each.name: each for each in agents}, titles)

        self._runner.start(
            read,
            owner=self,
            title=f"Read the agents of {plain(self._app.title, 40)}",
            done=self._take,
            failed=self._fail,
            replaces="agents",
        )

    def _take(self, known: Known) -> None:
        self._known = known
        self.notes.show_rows(())
        self._fill()

    def _fail(self, error: KnownError) -> bool:
        sentence = "Rows and templates could not be read."
        detail = plain(f"{error.sentence} {error.remedy}".strip(), 400)
        self.notes.show_rows([NoteRow(Severity.WARNING, sentence, detail, (("Try again", self.read),))])
        return True

    # Rows

    def _fill(self) -> None:
        """What was chosen stays chosen."""
        chosen, current = self.chosen, self.current_name
        self.model.set_rows(agent_rows(self.document, self._known))
        self._choose(chosen, current)
        self._tell()

    def _filter(self, text: str) -> None:
        chosen, current = self.chosen, self.current_name
        self.model.set_filter(text)
        self._choose(chosen, current)
        self._tell()

    def _choose(self, names: tuple[str, ...], current: str) -> None:
        selection = self.list.selectionModel()
        if selection.hasSelection() and self.chosen == names:
            return
        rows = [row for row in (self.model.row_of(each) for each in names) if row is not None]
        at = self.model.row_of(current) if current else None
        if at is None and self.model.rows:
            at = rows[0] if rows else 0
        if at is not None:
            self.list.setCurrentIndex(self.model.index(at))
        for row in rows:
            selection.select(self.model.index(row), selection.SelectionFlag.Select)

    @property
    def current_name(self) -> str:
        index = self.list.currentIndex()
        return self.model.rows[index.row()].name if index.isValid() and index.row() < len(self.model.rows) else ""

    @property
    def chosen_rows(self) -> tuple[AgentRow, ...]:
        rows = sorted(index.row() for index in self.list.selectionModel().selectedIndexes())
        return tuple(self.model.rows[row] for row in rows if row < len(self.model.rows))

    @property
    def chosen(self) -> tuple[str, ...]:
        return tuple(row.name for row in self.chosen_rows)

    # Telling

    def _tell(self) -> None:
        standing = sum(not row.is_removed for row in self.model.all_rows)
        text = counted(standing, "agent")
        shown = len(self.model.rows)
        self.count.setText(f"{shown:,} of {text}" if shown < len(self.model.all_rows) else text)
        if self.model.all_rows and not self.model.rows:
            self.empty.tell("No agent fits the filter", "It looks at names, fields, links and templates.", "Show all")
        elif not self.model.rows:
            lock = self.document.lock_reason
            sentence = "An agent is an entity that a tenant adds to its app, by hand or from a template."
            self.empty.tell("No agents yet", f"{sentence} {lock}".strip(), "" if lock else "Add agent…")
        self._stack.setCurrentWidget(self.list if self.model.rows else self.empty)
        self._tell_buttons()

    def _tell_buttons(self) -> None:
        rows, lock = self.chosen_rows, self.document.lock_reason
        standing = [row for row in rows if not row.is_removed]
        self.add_button.setEnabled(not lock)
        self.edit_button.setEnabled(len(rows) == 1)
        self.copy_button.setEnabled(bool(standing) and not lock)
        self.remove_button.setEnabled(bool(rows) and not lock)
        self.remove_button.setText("Restore" if rows and not standing else "Remove")
        hint = "Brings it back" if rows and not standing else "Its rows go with it, once that is pushed"
        self.remove_button.setToolTip(f"{hint} (Delete)")
        self.save_button.setEnabled(bool(self._savable))

    @property
    def _savable(self) -> tuple[str, ...]:
        """The chosen ones that are live, under the names that they have there."""
        old = {new: was for was, new in self.document.draft.renames.entities}
        return tuple(old.get(row.name, row.name) for row in self.chosen_rows if row.mark != "new")

    # Acting

    def _act_on_empty(self) -> None:
        if self.model.all_rows:
            self.filter_edit.clear()
        else:
            self.add()

    def add(self, template: str = "") -> None:
        """By hand, or beginning with a template."""
        from .add_agent_dialog import AddAgentDialog

        if self.document.is_read_only:
            self.document.refused.emit(self.document.lock_reason, "")
            return
        dialog = AddAgentDialog(
            self._runner, self.document, self._connection, self._app, self.window(), template=template
        )
        dialog.staged.connect(self._staged)
        dialog.open()

    def _staged(self, is_reviewed: bool) -> None:
        row = self.model.row_of(self.document.selected_entity)
        if row is not None:
            self.list.setCurrentIndex(self.model.index(row))
        self.list.setFocus()
        if is_reviewed:
            self.review_requested.emit()

    def edit(self) -> None:
        if self.current_name:
            self.edit_requested.emit(self.current_name)

    def duplicate(self) -> None:
        draft = self.document.draft
        taken = {each.name for each in (*draft.wanted.entities, *draft.base.entities)}
        names: dict[str, str] = {}
        for row in self.chosen_rows:
            if not row.is_removed:
                names[row.name] = free_name(f"{row.name}_copy", taken)
                taken.add(names[row.name])

        def make(draft: Draft) -> Draft:
            for old, new in names.items():
                draft = draft.duplicate_entity(old, new)
            return draft

        if names and self.document.edit(f"Duplicate {_named(names)}", make, select=next(iter(names.values()))):
            self._choose_only(tuple(names.values()))

    def _choose_only(self, names: tuple[str, ...]) -> None:
        self.filter_edit.clear()
        self.list.clearSelection()
        self._choose(names, names[0])
        self.list.scrollTo(self.list.currentIndex())

    def remove_or_restore(self) -> None:
        """Remove what is there; where all of it is removed already, bring it back. One undo step."""
        rows = self.chosen_rows
        standing = [row.name for row in rows if not row.is_removed]
        names = standing or [row.name for row in rows]

        def make(draft: Draft) -> Draft:
            for name in names:
                draft = draft.drop_entity(name) if standing else draft.restore_entity(name)
            return draft

        if names:
            self.document.edit(f"{'Remove' if standing else 'Restore'} {_named(names)}", make)

    def save_as_template(self) -> None:
        if self._savable:
            self.save_requested.emit(self._savable)

    def _show_menu(self, place: QPoint) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        entries: tuple[tuple[QPushButton, str, Callable[[], None]], ...] = (
            (self.edit_button, "Enter", self.edit),
            (self.copy_button, keys_near(self, "schema.duplicate"), self.duplicate),
            (self.remove_button, "Del", self.remove_or_restore),
            (self.save_button, "", self.save_as_template),
        )
        menu.addAction("Add agent…\tIns", self.add).setEnabled(self.add_button.isEnabled())
        menu.addSeparator()
        for button, key, act in entries:
            text = f"{button.text()}\t{key}" if key else button.text()
            menu.addAction(text, act).setEnabled(button.isEnabled())
        menu.popup(self.list.viewport().mapToGlobal(place))

    # Looks

    def set_connection(self, connection: Connection) -> None:
        self._connection = connection

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.FontChange) and hasattr(self, "delegate"):
            self.delegate.restyle()
            self.pending.refresh_looks()
            self.list.doItemsLayout()


def _named(names: list[str] | dict[str, str]) -> str:
    first = next(iter(names))
    return plain(first, 60) if len(names) == 1 else counted(len(names), "agent")

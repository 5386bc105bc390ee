"""The tab of one app: who it is, what to copy, and its schema to be edited."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QByteArray, QEvent, Qt, QTimer, Signal
from PySide6.QtGui import QGuiApplication, QKeySequence, QShortcut, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QStackedWidget, QVBoxLayout, QWidget

from app.core.apps import AppSummary
from app.core.changes import Changes
from app.core.connection import Connection
from app.core.errors import KnownError
from app.core.refs import AppRef
from app.core.text import plain
from app.core.words import counted
from app.platforms.traits import kind_words, traits_of
from app.ui.apps.app_list_model import STATE_WORDS
from app.ui.look.icons import app_state, sign
from app.ui.look.theme import mono_font
from app.ui.parts.ages import ago, moment
from app.ui.parts.badges import ElidedLabel, StateMark, rule, text_label
from app.ui.parts.copy_formats import copied_sentence
from app.ui.parts.empty_state import EmptyState
from app.ui.parts.environment_badge import EnvironmentBadge
from app.ui.work.runner import Runner

if TYPE_CHECKING:
    from app.schema.draft import Draft
    from app.services.suite import Services
    from app.services.workshop import OpenSchema
    from app.ui.agents.agents_view import AgentsView
    from app.ui.editor.schema_editor import SchemaEditor

_MARK_MS = 1400


class AppView(QWidget):
    """A tab. When it is first shown, so is the schema as last known, and behind that it is read anew.

    ``rename_requested`` and ``delete_requested`` carry the AppRef, ``copied`` a sentence for the status bar.
    """

    rename_requested = Signal(object)
    delete_requested = Signal(object)
    copied = Signal(str)
    pending_changed = Signal()  # what is staged is another now
    editor_made = Signal()
    save_requested = Signal(object, object)  # AppRef, names of the agents to save as a template
    templates_requested = Signal()

    def __init__(
        self,
        runner: Runner,
        connection: Connection,
        app: AppSummary,
        parent: QWidget | None = None,
        *,
        layout_state: QByteArray | None = None,
    ) -> None:
        super().__init__(parent)
        self._runner, self._connection = runner, connection
        self._layout_state = layout_state or QByteArray()
        self.ref = AppRef(app.connection_id, app.app_id)
        self._app = app
        self._editor: SchemaEditor | None = None
        self._agents: AgentsView | None = None
        self._is_agents_wanted = self._is_add_wanted = False
        self._to_stage: Draft | None = None
        self._to_show = ("", "")  # an entity and a part of it, once the schema is read
        self._is_asked = self._is_live = False
        self._kept_changes = 0
        self._last_known: OpenSchema | None = None
        self.badge = EnvironmentBadge(connection.environment)
        self.title = ElidedLabel("", look="heading")
        self.state_mark = StateMark(app_state(app.state))
        self.about = ElidedLabel("", look="muted")
        self.copy_button = QPushButton()
        self.empty = EmptyState()
        self.read_label = text_label("", "small")
        self._stack = QStackedWidget()
        self._build()
        self._connect()
        self.set_app(app)
        self.empty.tell("Reading the schema…", "", "")

    def _build(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(self._head())
        layout.addWidget(rule())
        self._stack.addWidget(self.empty)
        layout.addWidget(self._stack, 1)
        traits = traits_of(self._connection)
        self.schema_button.setVisible(traits.has_registry_app)
        self.agents_button.setVisible(traits.has_registry_app)
        self.rename_button.setEnabled(not traits.rename_refusal)
        self.rename_button.setToolTip(traits.rename_refusal)

    def _head(self) -> QVBoxLayout:
        self.rename_button = QPushButton("Rename…")
        self.delete_button = QPushButton("Delete…")
        self.reload_button = QPushButton("Read again")
        self.copy_button.setFont(mono_font())
        self.copy_button.setIcon(sign("copy"))
        self.copy_button.setToolTip("Click to copy · Ctrl+C copies too")
        self.schema_button, self.agents_button = QPushButton("Schema"), QPushButton("Agents")
        for button in (self.copy_button, self.rename_button, self.delete_button, self.reload_button):
            button.setProperty("look", "small")
        for button in (self.schema_button, self.agents_button):
            button.setProperty("look", "segment")
            button.setCheckable(True)
            button.setAutoExclusive(True)
        self.schema_button.setChecked(True)
        top = QHBoxLayout()
        top.setSpacing(8)
        top.addWidget(self.state_mark)
        top.addWidget(self.title, 1)
        pages = QHBoxLayout()
        pages.setSpacing(0)
        pages.addWidget(self.schema_button)
        pages.addWidget(self.agents_button)
        top.addLayout(pages)
        top.addSpacing(4)
        for part in (self.badge, self.reload_button, self.rename_button, self.delete_button):
            top.addWidget(part)
        second = QHBoxLayout()
        second.setSpacing(12)
        second.addWidget(self.copy_button)
        second.addWidget(self.about, 1)
        second.addWidget(self.read_label)
        head = QVBoxLayout()
        head.setContentsMargins(14, 12, 14, 12)
        head.setSpacing(8)
        head.addLayout(top)
        head.addLayout(second)
        return head

    def _connect(self) -> None:
        self.copy_button.clicked.connect(self.copy_id)
        self.rename_button.clicked.connect(lambda: self.rename_requested.emit(self.ref))
        self.delete_button.clicked.connect(lambda: self.delete_requested.emit(self.ref))
        self.reload_button.clicked.connect(lambda: self.load(is_fresh=True))
        self.schema_button.clicked.connect(self.show_schema)
        self.agents_button.clicked.connect(self.show_agents)
        self.empty.activated.connect(lambda: self.load(is_fresh=True))
        self._runner.changed.connect(self._follow)
        # Where a grid or a text has the keyboard, Ctrl+C is its own.
        copy = QShortcut(QKeySequence(QKeySequence.StandardKey.Copy), self)
        copy.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        copy.activated.connect(self.copy_id)
        self._mark_timer = QTimer(self, singleShot=True, interval=_MARK_MS)
        self._mark_timer.timeout.connect(lambda: self.copy_button.setText(self._app.app_id))

    # The app itself

    @property
    def app(self) -> AppSummary:
        return self._app

    def set_app(self, app: AppSummary) -> None:
        """The same app with what is known of it now."""
        self._app = app
        self.title.set_text(plain(app.title) or "untitled")
        self.state_mark.set_state(app_state(app.state))
        self.copy_button.setText(app.app_id)
        self.copy_button.setAccessibleName(f"Copy app ID {app.app_id}")
        state = plain(app.note, 120) or STATE_WORDS.get(app.state, app.state)
        parts = [plain(app.owner, 80) or self._nobody(), self._kind(), state]
        if app.template:
            parts.append(f"follows {plain(app.template, 40)}")
        self.about.set_text(" · ".join(parts))

    def _kind(self) -> str:
        return kind_words(self._connection).get(self._app.kind, self._app.kind)

    def _nobody(self) -> str:
        """A database need not be anybody's."""
        return "nobody" if traits_of(self._connection).has_registry_app else "no workspace"

    @property
    def connection(self) -> Connection:
        return self._connection

    def set_connection(self, connection: Connection) -> None:
        self.badge.set_environment(connection.environment)
        if connection != self._connection and self._editor is not None:
            self._editor.set_connection(connection)
            if self._agents is not None:
                self._agents.set_connection(connection)
        self._connection = connection

    def copy_id(self) -> None:
        QGuiApplication.clipboard().setText(self._app.app_id)
        self.copy_button.setText("✓ Copied")
        self._mark_timer.start()
        self.copied.emit(copied_sentence([self._app]))

    # Its schema

    @property
    def editor(self) -> SchemaEditor | None:
        """None until the schema was read."""
        return self._editor

    @property
    def pending(self) -> str:
        """What is staged, in words: ``5 pending changes``, "" for nothing."""
        if self._editor is None:
            return counted(self._kept_changes, "pending change") if self._kept_changes else ""
        if not self._editor.document.is_changed:
            return ""
        document = self._editor.document
        return counted(len(document.plan), "pending change") if document.is_reviewed else "pending changes"

    def tell_kept(self, changes: int) -> None:
        """So many edits of it are staged since the last time; told before its schema is read."""
        self._kept_changes = changes
        self.pending_changed.emit()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if not self._is_asked:
            self.load()

    def load(self, *, is_fresh: bool = False) -> None:
        """Read the schema; with ``is_fresh`` from the platform, even where it is known already."""
        self._is_asked = True
        ref = self.ref
        if self._editor is None:
            self.empty.tell("Reading the schema…", "", "")
            self._load_last_known()

        async def read(services: Services) -> OpenSchema:
            return await services.workshop.open(ref, refresh=is_fresh)

        self._runner.start(
            read,
            owner=self,
            title=f"Read the schema of {plain(self._app.title, 40)}",
            done=self._take,
            failed=self._fail,
            replaces="schema",
        )

    def _load_last_known(self) -> None:
        ref = self.ref

        async def look(services: Services) -> OpenSchema | None:
            return await services.workshop.open_last_known(ref)

        # Where it cannot be had, the platform's answer is on its way anyway.
        self._runner.start(
            look,
            owner=self,
            title="Look up the schema",
            done=self._take_last_known,
            failed=lambda _error: True,
            replaces="last known",
            quiet=True,
        )

    def _take_last_known(self, opened: OpenSchema | None) -> None:
        if opened is None or self._editor is not None:
            return
        self._last_known = opened
        self._show_opened(opened)
        self.read_label.setText(f"{_as_read(opened)} · reading again…")

    def _take(self, opened: OpenSchema) -> None:
        before, self._last_known = self._last_known, None
        self._is_live = True
        if before is not None and before.base.fingerprint == opened.base.fingerprint:
            # The same object, so that nobody compares thousands of equal tables.
            opened = replace(opened, base=replace(opened.base, schema=before.base.schema))
        self._show_opened(opened, before)
        if self._to_stage is not None:
            self.stage(self._to_stage)
        self.read_label.setText(f"Read {moment(opened.base.read_at)}")

    def _show_opened(self, opened: OpenSchema, before: OpenSchema | None = None) -> None:
        if self._editor is None:
            self._make_editor()
        assert self._editor is not None
        self._editor.take(opened, before)
        self._show_page()
        if self._to_show[0]:
            self.show_entity(*self._to_show)

    def show_entity(self, name: str, part: str = "") -> None:
        """Show an entity of the schema, and an attribute or link (by label) of it, as soon as that is read."""
        document = self._editor.document if self._editor is not None else None
        if document is None or not document.is_open:
            self._to_show = (name, part)
            return
        self._to_show = ("", "")
        self.show_schema()
        if document.has_entity(name):
            document.select(name, part or None)
        else:
            self.copied.emit(f"“{plain(name, 60)}” is not in this schema (any more)")

    @property
    def shown_entity(self) -> str:
        """The entity that is shown, or will be as soon as the schema is read; "" for none."""
        if self._to_show[0] or self._editor is None:
            return self._to_show[0]
        return self._editor.document.selected_entity

    def stage(self, draft: Draft) -> None:
        """Put these edits in the place of what is staged, as one undo step; as soon as the schema is read."""
        if self._editor is None or not self._is_live:
            self._to_stage = draft
            return
        self._to_stage = None
        self._editor.stage(draft)

    def _make_editor(self) -> None:
        from app.ui.editor.schema_editor import SchemaEditor
        from app.ui.schema.schema_document import SchemaDocument

        app, connection = self._app, self._connection
        document = SchemaDocument(self._runner, connection, app.app_id, plain(app.title, 60) or "untitled", self)
        editor = self._editor = SchemaEditor(self._runner, document, connection, app)
        editor.restore_layout(self._layout_state)
        editor.confirmed.connect(self.copied)
        for signal in (document.changed, document.base_changed, document.review_changed):
            signal.connect(self.pending_changed)
        self._stack.addWidget(editor)
        document.part_wanted.connect(self._show_part)
        self.setFocusProxy(editor)
        self.editor_made.emit()

    # Its two pages: both show one document

    @property
    def agents(self) -> AgentsView | None:
        """None until they were shown."""
        return self._agents

    @property
    def is_agents_shown(self) -> bool:
        return self._is_agents_wanted

    def show_schema(self) -> None:
        self._choose_page(is_agents=False)

    def _show_part(self, entity: str, part: str) -> None:
        """The grids have the keyboard on it already, unless the agents were in front of them."""
        if self._editor is not None and self._is_agents_wanted:
            self.show_schema()
            self._editor.grids.show_part(entity, part)

    def show_agents(self) -> None:
        """As soon as the schema is read; where the platform has agents."""
        self._choose_page(is_agents=traits_of(self._connection).has_registry_app)

    def add_agent(self) -> None:
        """Open the dialog that adds one, as soon as the schema is read."""
        self._is_add_wanted = traits_of(self._connection).has_registry_app
        self.show_agents()

    def _choose_page(self, *, is_agents: bool) -> None:
        self._is_agents_wanted = is_agents
        (self.agents_button if is_agents else self.schema_button).setChecked(True)
        if self._editor is not None:
            self._show_page()
            self.setFocus()

    def _show_page(self) -> None:
        page: QWidget | None = self._editor
        if self._is_agents_wanted:
            page = self._agents = self._agents or self._make_agents()
        assert page is not None
        if self._stack.currentWidget() is not page:
            self.setFocusProxy(page)
            self._stack.setCurrentWidget(page)
        if self._is_add_wanted and self._agents is not None:
            self._is_add_wanted = False
            self._agents.add()

    def _make_agents(self) -> AgentsView:
        from app.ui.agents.agents_view import AgentsView

        editor = self._editor
        assert editor is not None
        made = AgentsView(self._runner, editor.document, self._connection, self._app)
        made.edit_requested.connect(self._edit_entity)
        made.review_requested.connect(editor.review)
        made.save_requested.connect(lambda names: self.save_requested.emit(self.ref, names))
        made.templates_requested.connect(self.templates_requested)
        made.confirmed.connect(self.copied)
        self._stack.addWidget(made)
        return made

    def _edit_entity(self, name: str) -> None:
        assert self._editor is not None
        self._editor.document.select(name)
        self.show_schema()

    def _fail(self, error: KnownError) -> bool:
        known = self._last_known
        if self._editor is not None and known is not None:
            self._editor.tell_offline(error)
            self.read_label.setText(_as_read(known))
            return True
        if self._editor is not None:
            # What was read before stays in sight; the message bar says why there is nothing newer.
            return False
        self.empty.tell("The schema could not be read", f"{error.sentence} {error.remedy}".strip(), "Retry")
        return True

    def _follow(self, changes: Changes) -> None:
        if self.ref in changes.schemas and self._is_asked:
            self.load()

    def layout_state(self) -> QByteArray:
        """How the editor's room is shared out."""
        return self._editor.layout_state() if self._editor is not None else self._layout_state

    def flush(self) -> None:
        """Save staged edits that wait to be saved."""
        if self._editor is not None:
            self._editor.document.flush()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "copy_button"):
            self.copy_button.setIcon(sign("copy"))


def _as_read(opened: OpenSchema) -> str:
    return f"As read {ago(opened.base.read_at, time.time())}"

"""The schema editor: entities at the left, grids in the middle, diagram and text at the right, what is staged below."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from PySide6.QtCore import QByteArray, QEvent, QObject, Qt, Signal
from PySide6.QtGui import QHideEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QSplitter, QTabWidget, QToolButton, QVBoxLayout, QWidget

from app.core.apps import AppSummary
from app.core.connection import Connection
from app.core.errors import KnownError
from app.core.status import Severity
from app.core.text import plain
from app.core.words import counted
from app.platforms.traits import traits_of
from app.ui.actions.key_tips import KeyTip
from app.ui.look.icons import sign
from app.ui.parts.ages import ago
from app.ui.parts.badges import StateMark, text_label
from app.ui.schema.schema_document import SchemaDocument
from app.ui.work.runner import Runner
from app.ui.work.start_trace import AfterPaint

from .entity_list import EntityList
from .pending_bar import PendingBar
from .schema_grids import SchemaGrids

if TYPE_CHECKING:
    from app.schema.draft import Draft
    from app.services.workshop import OpenSchema, PushReport

# In letters. With less room than the last, diagram and text leave it to the grids until they are asked for.
_LIST_LETTERS, _SIDE_LETTERS, _ROOM_FOR_SIDE = 31, 64, 145


class SchemaEditor(QWidget):
    """All views of one document. ``confirmed`` carries a sentence for the status bar."""

    confirmed = Signal(str)
    pushed = Signal(object)  # PushReport of a push that took effect, or some of it

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
        self.notices = NoticeStack()
        self.entities = EntityList(document, runner)
        self.grids = SchemaGrids(document)
        self.side = SideTabs(runner, document)
        self.pending = PendingBar(document)
        self.splitter = QSplitter(Qt.Orientation.Horizontal)
        self._is_chosen = False  # how the room is shared out was chosen by the operator
        self._is_filling = False
        self._restored = ""  # the rest of a notice that waits for its count
        self._lay_out()
        self._connect()

    def _lay_out(self) -> None:
        for part in (self.entities, self.grids, self.side):
            self.splitter.addWidget(part)
        self.splitter.setStretchFactor(1, 3)
        self.splitter.setStretchFactor(2, 2)
        self.splitter.setCollapsible(0, False)
        self.splitter.setCollapsible(1, False)
        self.splitter.setHandleWidth(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.notices)
        layout.addWidget(self.splitter, 1)
        layout.addWidget(self.pending)
        self.setFocusProxy(self.entities.view)

    def _connect(self) -> None:
        document = self.document
        self.entities.entered.connect(self._enter_grids)
        self.grids.settings_requested.connect(self.edit_table)
        self.pending.review_requested.connect(self.review)
        self.side.close_requested.connect(self.toggle_side)
        self.splitter.splitterMoved.connect(self._note_choice)
        document.base_changed.connect(self._tell_base)
        document.review_changed.connect(self._tell_count)
        document.undo_changed.connect(self._forget_what_came)
        self.notices.acted.connect(self._act_on_notice)

    def set_connection(self, connection: Connection) -> None:
        """The same connection with other settings: what may be edited can be another."""
        self._connection = connection
        self.document.set_connection(connection)

    # Notices

    def take(self, opened: OpenSchema, last_known: OpenSchema | None = None) -> None:
        """Show what was opened, and say what is special about it. ``last_known`` is what was shown until now, before
        the platform was asked."""
        is_edited = self.document.undo_stack.count() > 0
        # What was staged may have taken effect meanwhile: then nothing is left of it.
        is_other_draft = last_known is not None and last_known.draft != opened.draft and not is_edited
        if self.document.is_open and not is_other_draft:
            self.document.take_live(opened.base)
        else:
            self.document.open(opened)
            self._tell_restored(opened)
        if opened.error is not None:
            self.tell_offline(opened.error)
        else:
            self.notices.clear("offline")

    def tell_offline(self, error: KnownError) -> None:
        """Why there is nothing newer than what is shown."""
        text = f"This is the schema as last read. {error.sentence} {error.remedy}".strip()
        self.notices.tell("offline", Severity.WARNING, plain(text, 400))

    def _tell_restored(self, opened: OpenSchema) -> None:
        if opened.draft is None or not opened.draft.is_changed:
            return
        when = f", saved {ago(opened.draft_saved_at, time.time())}" if opened.draft_saved_at else ""
        self._restored = f" restored{when}"
        self._tell_count()

    def _tell_count(self) -> None:
        """How many they are is known as soon as the plan is."""
        if self._restored and self.document.is_reviewed:
            edits = counted(len(self.document.plan), "staged edit")
            self.notices.tell("restored", Severity.INFO, f"{edits}{self._restored}")
            self._restored = ""

    def _tell_base(self) -> None:
        if self.document.is_base_old:
            sentence = "The live schema changed since these edits began. Nothing of yours is lost."
            self.notices.tell("old", Severity.WARNING, sentence, "Show the difference")
        else:
            self.notices.clear("old")
        if not self.document.is_changed:
            self.notices.clear("restored")

    def _act_on_notice(self, key: str) -> None:
        if key == "old":
            self.show_difference()
        elif key == "replaced":
            self.document.undo_stack.undo()

    def _forget_what_came(self) -> None:
        """What was restored or replaced is told until the next step: then it is no longer what is staged."""
        self._restored = ""
        for key in ("restored", "replaced"):
            self.notices.clear(key)

    def stage(self, draft: Draft) -> None:
        """Put these edits in the place of what is staged, as one undo step; says so where there was something."""
        before, had_edits = self.document.draft, self.document.is_changed
        self.document.edit("Stage the difference", lambda _now: draft)
        if had_edits and self.document.draft is not before:
            sentence = "These edits took the place of what was staged before."
            self.notices.tell("replaced", Severity.WARNING, sentence, "Bring it back")

    # Going somewhere

    def _enter_grids(self) -> None:
        grid = self.grids.attributes
        if grid.grid.rowCount():
            grid.setFocus()
            grid.show_rows([max(0, grid.currentIndex().row())])

    def find_in_schema(self) -> None:
        self.entities.focus_find()

    def add_entity(self) -> None:
        self.entities.add()

    def add_attribute(self) -> None:
        self.grids.attributes.add()

    def add_link(self) -> None:
        self.grids.links.add()

    def add_index(self) -> None:
        if self.grids.indexes is not None:
            self.grids.indexes.add()

    def edit_table(self) -> None:
        """Comment, checks and row-level security of the table that is shown."""
        from app.ui.editor.entity_dialog import EntityDialog

        entity = self.document.draft.wanted.entity(self.document.selected_entity)
        is_ours = entity is not None and not entity.is_system and self.grids.table_button is not None
        if entity is not None and is_ours and not self.document.is_read_only:
            EntityDialog(self._runner, self.document, entity.name, entity.extra, self).open()

    def duplicate(self) -> None:
        """The entity where the keyboard is in the list, else the selected rows of the grid it is in."""
        if self.entities.view.hasFocus():
            self.entities.duplicate()
        else:
            self.grids.current_grid().duplicate()

    def remove(self) -> None:
        if self.entities.view.hasFocus():
            self.entities.remove_or_restore()
        else:
            self.grids.current_grid().remove_or_restore()

    # Other windows

    def review(self) -> None:
        """Open the plan of what is staged."""
        from app.ui.plans.plan_dialog import PlanDialog

        if not self.document.is_changed or self.document.is_read_only:
            return
        dialog = PlanDialog(self._runner, self.document, self._connection, self._app, self)
        dialog.pushed.connect(self.take_report)
        dialog.copied.connect(self.confirmed)
        dialog.open()

    def take_report(self, report: PushReport) -> None:
        """A push ended; the document has what it left already."""
        if report.outcome == "done":
            self.confirmed.emit(plain(report.sentence, 200))
        if report.outcome in ("done", "partial"):
            self.pushed.emit(report)

    def show_difference(self) -> None:
        """What others did to the live schema meanwhile, and what of it clashes with what is staged."""
        self.review()

    # The side

    def toggle_side(self) -> None:
        sizes, self._is_chosen = self.splitter.sizes(), True
        if sizes[2] > 0:
            self._share([sizes[0], sizes[1] + sizes[2], 0])
            return
        side = min(self.fontMetrics().averageCharWidth() * _SIDE_LETTERS, sizes[1] // 2)
        self._share([sizes[0], max(0, sizes[1] - side), side])
        self.side.fill()

    def show_side(self, at: int) -> None:
        """Show the diagram (0) or the text (1), with the keyboard in it."""
        if self.splitter.sizes()[2] == 0:
            self.toggle_side()
        self.side.setCurrentIndex(at)
        widget = self.side.fill()
        if widget is not None:
            widget.setFocus()

    def layout_state(self) -> QByteArray:
        """Empty where the operator left it as it was."""
        return self.splitter.saveState() if self._is_chosen else QByteArray()

    def restore_layout(self, state: QByteArray) -> None:
        """Before it is shown for the first time."""
        if not state.isEmpty() and self.splitter.restoreState(state):
            self._is_chosen = True
            self._tell_side()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if not self._is_chosen:
            self._share_room()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._fill_side_later()

    def _note_choice(self) -> None:
        self._is_chosen = True
        self._tell_side()
        self._fill_side()

    def _share_room(self) -> None:
        letter = self.fontMetrics().averageCharWidth()
        names = min(letter * _LIST_LETTERS, self.width() // 4)
        has_room = self.width() >= letter * _ROOM_FOR_SIDE
        side = min(letter * _SIDE_LETTERS, self.width() * 3 // 10) if has_room else 0
        self._share([names, self.width() - names - side, side])
        self._fill_side_later()

    def _share(self, sizes: list[int]) -> None:
        self.splitter.setSizes(sizes)
        self._tell_side()

    def _tell_side(self) -> None:
        """A splitter moves what it has no room for out of sight; Tab must not come there."""
        self.side.setEnabled(self.splitter.sizes()[2] > 0)

    def _fill_side_later(self) -> None:
        """Not before the grids are on screen."""
        if not self._is_filling and self.isVisible() and self.splitter.sizes()[2] > 0:
            self._is_filling = True
            AfterPaint(self.grids.attributes.viewport(), self._fill_side)

    def _fill_side(self) -> None:
        self._is_filling = False
        if self.splitter.sizes()[2] > 0:
            self.side.fill()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self.document.flush()

    # Looks

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "pending"):
            for part in (self.entities, self.grids, self.pending, self.side):
                part.refresh_looks()


class SideTabs(QTabWidget):
    """Diagram and text, each built when it is first in sight."""

    close_requested = Signal()

    def __init__(self, runner: Runner, document: SchemaDocument, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._runner, self._document = runner, document
        self._made: dict[int, QWidget] = {}
        self._rooms: list[QVBoxLayout] = []
        self.close_button = QToolButton()
        self.close_button.setIcon(sign("close"))
        self.close_button.setAccessibleName("Hide diagram and text")
        KeyTip(self.close_button, "Hide", "schema.side")
        self.close_button.clicked.connect(self.close_requested)
        self.setCornerWidget(self.close_button)
        self.setDocumentMode(True)
        self.setAccessibleName("Diagram and text")
        self.setMinimumWidth(220)
        for title in ("Diagram", "SQL" if traits_of(document.connection).has_sql else "Text"):
            page = QWidget()
            box = QVBoxLayout(page)
            box.setContentsMargins(0, 0, 0, 0)
            self._rooms.append(box)
            self.addTab(page, title)
        self.currentChanged.connect(lambda _at: self.fill() if self.isVisible() else None)

    def fill(self) -> QWidget | None:
        """The view of the tab in front, made if it was not yet; None before the schema is read."""
        at = self.currentIndex()
        if at in self._made or not self._document.is_open:
            return self._made.get(at)
        made = self._made[at] = self._make(at)
        self._rooms[at].addWidget(made)
        return made

    def _make(self, at: int) -> QWidget:
        if at == 0:
            from app.ui.diagram.diagram_view import DiagramView

            return DiagramView(self._document, self._runner, self)
        from app.ui.editor.schema_text_view import SchemaTextView

        return SchemaTextView(self._document, self._runner, self)

    def refresh_looks(self) -> None:
        self.close_button.setIcon(sign("close"))


class NoticeStack(QWidget):
    """Sentences above the editor, each with a key, at most one button, and a way to close it."""

    acted = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shown: dict[str, QFrame] = {}
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(0)
        self.hide()

    def tell(self, key: str, severity: Severity, sentence: str, action: str = "") -> None:
        if key in self._shown and self._shown[key].accessibleName() == sentence:
            return
        self.clear(key)
        strip = self._shown[key] = QFrame()
        strip.setProperty("look", "schemaStrip")
        strip.setProperty("severity", severity.value)
        strip.setAccessibleName(sentence)
        label = text_label(sentence)
        label.setWordWrap(True)
        row = QHBoxLayout(strip)
        row.setContentsMargins(14, 6, 8, 6)
        row.setSpacing(9)
        row.addWidget(StateMark(severity))
        row.addWidget(label, 1)
        if action:
            button = QPushButton(action)
            button.setProperty("look", "small")
            button.clicked.connect(lambda: self.acted.emit(key))
            row.addWidget(button)
        row.addWidget(self._closer(key))
        self._layout.addWidget(strip)
        self.show()

    def _closer(self, key: str) -> QToolButton:
        button = QToolButton()
        button.setIcon(sign("close"))
        button.setAccessibleName("Close the notice")
        button.setToolTip("Close")
        button.clicked.connect(lambda: self.clear(key))
        return button

    def clear(self, key: str) -> None:
        strip = self._shown.pop(key, None)
        if strip is not None:
            self._layout.removeWidget(strip)
            strip.hide()
            strip.deleteLater()
        self.setVisible(bool(self._shown))

    def text(self, key: str) -> str:
        """The sentence under a key, "" where there is none."""
        strip: QObject | None = self._shown.get(key)
        return strip.accessibleName() if isinstance(strip, QFrame) else ""

"""The schema as the platform's own text, in step with the grids: what can be read becomes one undo step.

The document's undo stack is the truth. What is typed is undone in the text only until it is applied, which happens as
soon as the text can be read; from then on Ctrl+Z in the text undoes steps of the document. Text that cannot be read
stays here, and the grids stay at the last state that could.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QEvent, Qt, QTimer, Signal
from PySide6.QtGui import QGuiApplication, QShowEvent
from PySide6.QtWidgets import QFileDialog, QVBoxLayout, QWidget

from app.core.errors import KnownError
from app.core.status import Severity
from app.core.text import plain
from app.platforms.traits import traits_of
from app.schema.formats.sql_names import sql_name
from app.ui.diagram.diagram_export import file_name, write
from app.ui.parts.note_row import Answer, NoteRow
from app.ui.schema.schema_document import SchemaDocument
from app.ui.work.runner import Runner

from .schema_text_edit import SchemaTextEdit
from .schema_text_find import TextFindBar
from .schema_text_head import TextHead
from .schema_text_meaning import Meaning
from .schema_text_problems import TextProblemList

if TYPE_CHECKING:
    from app.schema.draft import Draft
    from app.schema.formats.instant_ts import TextProblem
    from app.schema.model import Schema
    from app.services.suite import Services

_PARSE_AFTER_MS: Final = 250
_SHOW_AFTER_MS: Final = 40
# Typing that goes on within this is one undo step.
_ONE_STEP_S: Final = 2.0
_KEPT_TEXTS: Final = 60


class SchemaTextView(QWidget):
    """``applied`` is the wanted schema that the text says, None before the first; ``problems`` of the text now."""

    settled = Signal()  # the text says what the draft wants, or says why it does not

    def __init__(self, document: SchemaDocument, runner: Runner, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._document, self._runner = document, runner
        self.applied: Schema | None = None
        self.problems: tuple[TextProblem, ...] = ()
        self._applied_text = ""
        self._texts: list[tuple[Schema, str]] = []
        self._ready: Schema | None = None
        self._refusal = ""
        self._is_edited = False
        self._is_behind = False
        self._is_applying = False
        self._step, self._applied_at = 0, 0.0
        self._parse_timer = QTimer(self, singleShot=True, interval=_PARSE_AFTER_MS)
        self._parse_timer.timeout.connect(self._parse)
        self._show_timer = QTimer(self, singleShot=True, interval=_SHOW_AFTER_MS)
        self._show_timer.timeout.connect(self._show_draft)
        traits = traits_of(document.connection)
        self._format, self._has_sql = traits.text, traits.has_sql
        self._why_read_only = self._format.read_only_reason if self._format and self._format.parse is None else ""
        self.head = TextHead(self._format.label if self._format else "Text", self._why_read_only)
        self.edit = SchemaTextEdit(is_sql=self._has_sql)
        self.edit.setAccessibleName("Schema as text")
        self.edit.setMinimumHeight(self.fontMetrics().height() * 3)
        self.find_bar = TextFindBar(self.edit, self)
        self.problem_list = TextProblemList()
        self.note: NoteRow | None = None
        self._box = QVBoxLayout(self)
        self._box.setContentsMargins(0, 0, 0, 0)
        self._box.setSpacing(0)
        for widget in (self.head, self.edit, self.find_bar, self.problem_list):
            self._box.addWidget(widget, 1 if widget is self.edit else 0)
        self.setFocusProxy(self.edit)
        self._connect()
        self._follow_lock()

    def _connect(self) -> None:
        self._document.changed.connect(self._document_changed)
        self._document.base_changed.connect(self._follow_lock)
        self._document.selected.connect(self._show_entity)
        self.edit.edited.connect(self._edited)
        self.edit.undo_wanted.connect(self.undo)
        self.edit.redo_wanted.connect(self.redo)
        self.edit.find_wanted.connect(self.find_bar.enter)
        self.head.find_requested.connect(self.find_bar.enter)
        self.head.copy_requested.connect(self.copy)
        self.head.save_requested.connect(self.ask_file)
        self.problem_list.wanted.connect(self._go_to)

    @property
    def is_unfinished(self) -> bool:
        """Whether there is text here that is not in the draft."""
        return self._is_edited

    # From the document to the text

    def _document_changed(self) -> None:
        if self._is_applying:
            return
        self._is_behind = self._is_edited and self._document.draft.wanted is not self.applied
        if self._is_edited:
            self._tell()
        elif self.isVisible():
            self._show_timer.start()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if not self._is_edited:
            self._show_timer.start()

    def _show_draft(self) -> None:
        """Bring the text to what the draft wants, by the smallest change."""
        wanted, before = self._document.draft.wanted, self.applied
        if wanted is before or not self._document.is_open:
            return
        known = next((text for schema, text in reversed(self._texts) if schema is wanted), None)
        if known is not None:
            self._take_text(wanted, known)
            return
        previous, ref = self._applied_text if before is not None else None, self._document.ref

        async def work(services: Services) -> str:
            return await services.workshop.text(wanted, previous, ref)

        self._runner.start(
            work,
            owner=self,
            title="Write the schema as text",
            done=lambda text: self._take_text(wanted, text),
            failed=self._cannot_write,
            replaces="text",
            quiet=True,
        )

    def _take_text(self, wanted: Schema, text: str) -> None:
        if wanted is not self._document.draft.wanted:
            self._show_timer.start()
            return
        if self._is_edited:
            self._is_behind = True
            self._tell()
            return
        is_first = self.applied is None
        self.edit.replace_text(text)
        self._settle(wanted, text)
        if is_first:
            self._go_to_entity(self._document.selected_entity)

    def _cannot_write(self, error: KnownError) -> bool:
        self._refusal = plain(error.sentence, 400)
        self._tell()
        self.settled.emit()
        return True

    def _settle(self, wanted: Schema, text: str) -> None:
        """The text in the editor says what the draft wants."""
        self.applied, self._applied_text = wanted, text
        self._is_edited = self._is_behind = False
        self._ready, self._refusal = None, ""
        self._texts.append((wanted, text))
        del self._texts[:-_KEPT_TEXTS]
        self._show_problems(())
        self.settled.emit()

    # From the text to the document

    def _edited(self) -> None:
        if not self._is_edited and self._document.draft.wanted is not self.applied:
            # The text was still on its way to the state of the grids.
            self._is_behind = self.applied is not None
        self._is_edited = True
        self._ready = None
        self._parse_timer.start()

    def _parse(self) -> None:
        text, draft, ref = self.edit.text(), self._document.draft, self._document.ref
        form = Meaning(traits_of(self._document.connection))
        if text == self._applied_text and self.applied is not None:
            self._as_before()
            return

        async def work(services: Services) -> Draft:
            parsed = await services.workshop.parse_text(text, ref)
            return await asyncio.to_thread(lambda: draft.replace(form.meant(parsed.schema, draft)))

        self._runner.start(
            work,
            owner=self,
            title="Read the text",
            done=lambda after: self._take_read(text, draft, after),
            failed=self._take_errors,
            replaces="parse",
            quiet=True,
        )

    def _as_before(self) -> None:
        """The text is again what it was when it was applied."""
        self._is_edited, self._ready, self._refusal = False, None, ""
        self._is_behind = False
        self._show_problems(())
        if self._document.draft.wanted is not self.applied:
            self._show_timer.start()
        self.settled.emit()

    def _take_errors(self, error: KnownError) -> bool:
        if self._parse_timer.isActive():
            return True
        problems: tuple[TextProblem, ...] = getattr(error, "problems", ())
        self._refusal = "" if problems else plain(error.sentence, 400)
        self._ready = None
        self._show_problems(problems)
        self.settled.emit()
        return True

    def _take_read(self, text: str, before: Draft, after: Draft) -> None:
        if self._parse_timer.isActive():
            return
        self._refusal = ""
        self._show_problems(())
        if self._is_behind:
            self._ready = after.wanted
            self._tell()
            self.settled.emit()
        else:
            self._apply(text, lambda draft: after if draft is before else draft.replace(after.wanted))

    def _apply(self, text: str, make: Callable[[Draft], Draft]) -> None:
        now = time.monotonic()
        if now - self._applied_at > _ONE_STEP_S:
            self._step += 1
        self._applied_at = now
        key = f"text {id(self)} {self._step}"
        self._is_applying = True
        try:
            is_taken = self._document.edit("Edit the text", make, key=key)
        finally:
            self._is_applying = False
        if is_taken:
            self._settle(self._document.draft.wanted, text)
            self.edit.forget_undo()
        else:
            self._refusal = self._document.refusal
            self._tell()
            self.settled.emit()

    # Undo

    def undo(self) -> None:
        """What is typed and not applied first, then the steps of the document."""
        if self._is_edited and self.edit.document().isUndoAvailable():
            self.edit.undo()
        elif not self._is_edited:
            self._step += 1
            self._document.undo_stack.undo()

    def redo(self) -> None:
        if self.edit.document().isRedoAvailable():
            self.edit.redo()
        elif not self._is_edited:
            self._document.undo_stack.redo()

    def take_grids(self) -> None:
        """Drop the unfinished text for the state of the grids."""
        self._is_edited = self._is_behind = False
        self._ready, self._refusal = None, ""
        self._parse_timer.stop()
        if self._document.draft.wanted is self.applied:
            self.edit.replace_text(self._applied_text)
            self._settle(self.applied, self._applied_text)
        else:
            self._show_problems(())
            self._show_timer.start()

    def use_text(self) -> None:
        """Let the text win over what was done in the grids meanwhile; one undo step."""
        schema = self._ready
        if schema is not None:
            self._is_behind, self._ready = False, None
            self._step += 1
            self._applied_at = 0.0
            self._apply(self.edit.text(), lambda draft: draft.replace(schema))

    # What is told

    def _show_problems(self, problems: tuple[TextProblem, ...]) -> None:
        self.problems = problems
        self.edit.show_problems(problems)
        self.problem_list.show_problems(problems)
        self._tell()

    def _tell(self) -> None:
        """One note above the text, or none."""
        said = self._words()
        if self.note is not None:
            self._box.removeWidget(self.note)
            self.note.hide()
            self.note.deleteLater()
            self.note = None
        if said is not None:
            severity, sentence, detail, answers = said
            self.note = NoteRow(severity, sentence, detail, answers, parent=self)
            self._box.insertWidget(1, self.note)

    def _words(self) -> tuple[Severity, str, str, tuple[Answer, ...]] | None:
        grids: Answer = ("Show the grids’ state", self.take_grids)
        count = len(self.problems)
        if count:
            sentence = f"The text has {count} error{'s' if count > 1 else ''}; the grids show the last state without."
            if self._is_behind:
                detail = "The grids were changed since. Mend the text, or drop what you typed for the grids’ state."
                return Severity.ERROR, sentence, detail, (grids,)
            return Severity.ERROR, sentence, "", ()
        if self._ready is not None:
            detail = "Using the text takes back what was changed in the grids since; both can be undone."
            return (
                Severity.WARNING,
                "The grids were changed while you typed.",
                detail,
                (
                    ("Use the text", self.use_text),
                    grids,
                ),
            )
        if self._refusal:
            answers = (grids,) if self._is_edited else ()
            return Severity.ERROR, self._refusal, "", answers
        return None

    def _go_to(self, at: int) -> None:
        if at < len(self.problems):
            problem = self.problems[at]
            self.edit.go_to(problem.line, problem.column)
            self.edit.setFocus()

    def _show_entity(self, name: str) -> None:
        """Bring an entity that was chosen elsewhere into sight; the keyboard's place is not touched."""
        if self.isVisible() and not self.edit.hasFocus() and self.applied is not None:
            self._go_to_entity(name)

    def _go_to_entity(self, name: str) -> None:
        if not name:
            return
        text = self.edit.text()
        if self._has_sql:
            shown = sql_name(name)
            marks: tuple[str, ...] = (f"CREATE TABLE {shown} (", f"-- view {shown}\n", f" {shown} ")
        else:
            marks = (f"{name}: i.entity", f'"{name}": i.entity', f"'{name}': i.entity")
        at = next((found for found in map(text.find, marks) if found >= 0), -1)
        if at >= 0:
            self.edit.go_to(text.count("\n", 0, at) + 1)

    def _follow_lock(self) -> None:
        reason = self._why_read_only or self._document.lock_reason
        self.edit.setReadOnly(bool(reason))
        self.edit.setAccessibleDescription(reason)

    # Out of here

    def copy(self) -> None:
        QGuiApplication.clipboard().setText(self.edit.text())

    def ask_file(self) -> QFileDialog:
        """Ask where to save the text."""
        suffix = self._format.suffix.lstrip(".") if self._format is not None else "txt"
        dialog = QFileDialog(self, "Save the schema as text")
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setNameFilter(f"{self.head_label} (*.{suffix})")
        dialog.setDefaultSuffix(suffix)
        dialog.selectFile(f"{file_name(self._document.app_title)}.{suffix}")
        dialog.fileSelected.connect(lambda path: self.save(Path(path)))
        dialog.open()
        return dialog

    @property
    def head_label(self) -> str:
        return self._format.label if self._format is not None else "Text"

    def save(self, path: Path) -> None:
        """Write what the editor shows; errors go the way of all errors."""
        data = self.edit.text().encode()

        async def work(_services: Services) -> None:
            await asyncio.to_thread(write, path, data)

        self._runner.start(work, owner=self, title="Save the schema as text", replaces="save")

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "edit"):
            self.edit.refresh_looks()

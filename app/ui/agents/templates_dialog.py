"""The shelf of templates: those that come with Tenantry, and the operator's own to edit, share and delete."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QPlainTextEdit,
    QPushButton,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from app.core.errors import Invalid, KnownError
from app.core.status import Severity
from app.core.text import plain
from app.core.words import counted
from app.ui.look.theme import scaled_font
from app.ui.parts.badges import ElidedLabel, text_label
from app.ui.parts.dialog_size import fit
from app.ui.parts.form_field import FormField, clear_errors, show_invalid
from app.ui.parts.note_row import NoteRow, NoteStack
from app.ui.work.runner import Runner

from .template_card import TemplateCard
from .template_sharing import TemplateSharing

if TYPE_CHECKING:
    from app.services.suite import Services
    from app.services.template_library import BrokenTemplate
    from app.services.templates import Template

T = TypeVar("T")
Answer = tuple[str, Callable[[], None]]
_NAME = Qt.ItemDataRole.UserRole
_MOST_PLACES = 6


@dataclass(frozen=True, slots=True)
class _Shelf:
    templates: tuple[Template, ...]
    broken: tuple[BrokenTemplate, ...]
    followers: dict[str, int]


class TemplatesDialog(QDialog):
    """``save_requested`` asks to save the app in front as a template; ``told`` is for the status bar; ``deleted``
    carries the Template, which can be saved again."""

    save_requested = Signal()
    told = Signal(str)
    deleted = Signal(object)

    def __init__(self, runner: Runner, parent: QWidget | None = None, *, app_title: str = "") -> None:
        """``app_title`` is the app that could be saved, "" for none."""
        super().__init__(parent)
        self._runner = runner
        self._shelf = _Shelf((), (), {})
        self.sharing = TemplateSharing(self)
        self._to_show = ""
        self._typed: dict[str, tuple[str, str]] = {}  # titles and descriptions that are not saved yet, by name
        self.list = QListWidget()
        self.notes = NoteStack()
        self.title_edit = QLineEdit()
        self.description_edit = QPlainTextEdit()
        self.fields = {
            "title": FormField("&Title", self.title_edit),
            "description": FormField("&Description", self.description_edit),
        }
        self.origin = ElidedLabel("", look="muted")
        self.card = TemplateCard()
        shown = plain(app_title, 30).replace("&", "&&")
        self.new_button = QPushButton(f"&Save “{shown}” as template…" if shown else "&Save app as template…")
        if not shown:
            self.new_button.hide()
        self.import_button = QPushButton("&Import…")
        self.save_button = QPushButton("Save chan&ges")
        self.export_button = QPushButton("&Export…")
        self.copy_button = QPushButton("&Copy as text")
        self.delete_button = QPushButton("De&lete")
        self.close_button = QPushButton("Close")
        self.finished.connect(self.deleteLater)
        self._build()
        self._connect()
        self.read()

    # Building

    def _build(self) -> None:
        self.setWindowTitle("Templates")
        self.list.setAccessibleName("Templates")
        self.list.setStyleSheet(
            "QListWidget { border: 1px solid palette(mid); border-radius: 6px; padding: 4px; }"
            "QListWidget::item { padding: 5px 8px; border-radius: 4px; }"
        )
        self.description_edit.setTabChangesFocus(True)
        self.description_edit.setFixedHeight(self.fontMetrics().height() * 3 + 12)
        split = QSplitter(Qt.Orientation.Horizontal)
        split.setChildrenCollapsible(False)
        split.setHandleWidth(17)
        split.setStyleSheet("QSplitter::handle { background: transparent; }")
        split.addWidget(self.list)
        split.addWidget(self._details())
        split.setStretchFactor(1, 1)
        low = QHBoxLayout()
        for button in (self.new_button, self.import_button):
            low.addWidget(button)
        low.addStretch(1)
        low.addWidget(self.close_button)
        box = QVBoxLayout(self)
        box.setContentsMargins(22, 20, 22, 18)
        box.setSpacing(12)
        box.addWidget(text_label("Templates", "heading"))
        box.addWidget(self.notes)
        box.addWidget(split, 1)
        box.addLayout(low)
        self.setMinimumSize(640, 420)
        fit(self, 136, 42)
        letters = self.fontMetrics().averageCharWidth()
        split.setSizes([letters * 36, max(letters * 40, self.width() - letters * 36)])
        for button in self.findChildren(QPushButton):
            button.setAutoDefault(False)

    def _details(self) -> QWidget:
        details = QWidget()
        acts = QHBoxLayout()
        for button in (self.delete_button, self.copy_button, self.export_button):
            acts.addWidget(button)
        acts.addStretch(1)
        acts.addWidget(self.save_button)
        box = QVBoxLayout(details)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(10)
        box.addWidget(self.origin)
        for field in self.fields.values():
            box.addWidget(field)
        box.addWidget(self.card, 1)
        box.addLayout(acts)
        return details

    def _connect(self) -> None:
        self.list.currentItemChanged.connect(lambda _now, _before: self._show_chosen())
        self.title_edit.textEdited.connect(lambda _text: self._note_typed())
        self.description_edit.textChanged.connect(self._note_typed)
        self.new_button.clicked.connect(self.save_requested)
        self.import_button.clicked.connect(self.sharing.ask_import)
        self.save_button.clicked.connect(self.save)
        self.export_button.clicked.connect(self.sharing.ask_export)
        self.copy_button.clicked.connect(self.sharing.copy)
        self.delete_button.clicked.connect(self.ask_delete)
        self.close_button.clicked.connect(self.accept)

    # Reading

    def read(self, show: str = "") -> None:
        """``show`` is the name of the template to go to."""
        self._to_show = show or self._to_show
        self.work(_read, "Read the templates", self._take, replaces="read")

    def work(
        self, work: Callable[[Services], Awaitable[T]], title: str, done: Callable[[T], None], replaces: str = "act"
    ) -> None:
        """A failure is shown here; newer work of the same kind ends the older."""
        self._runner.start(work, owner=self, title=title, done=done, failed=self._fail, replaces=replaces)

    def _fail(self, error: KnownError) -> bool:
        if isinstance(error, Invalid) and any(each.field in self.fields for each in error.fields):
            show_invalid(self.fields, error)
            return True
        detail = plain(error.remedy, 300)
        if isinstance(error, Invalid) and error.fields:
            said = "   ".join(plain(each.message, 160) for each in error.fields[:_MOST_PLACES])
            rest = len(error.fields) - _MOST_PLACES
            detail = f"{said}{f'   … and {rest:,} more.' if rest > 0 else ''}"
        self.note(Severity.ERROR, plain(error.sentence, 400), detail)
        return True

    def note(
        self, severity: Severity, sentence: str, detail: str = "", *answers: tuple[str, Callable[[], None]]
    ) -> None:
        """In the place of what was said before."""
        self.notes.show_rows([NoteRow(severity, sentence, detail, answers), *self._broken()])

    def _broken(self) -> list[NoteRow]:
        detail = "Correct the file or take it out of the folder; it is left alone."
        return [NoteRow(Severity.WARNING, plain(each.sentence, 300), detail) for each in self._shelf.broken[:3]]

    def _take(self, shelf: _Shelf) -> None:
        chosen = self.chosen
        wanted, self._to_show = self._to_show or (chosen.name if chosen else ""), ""
        self._shelf = shelf
        self.notes.show_rows(self._broken())
        self.list.blockSignals(True)
        self.list.clear()
        for is_own, head in ((True, "YOUR OWN"), (False, "WITH TENANTRY")):
            found = [each for each in shelf.templates if each.is_own is is_own]
            if found:
                self.list.addItem(_head(head))
            for each in found:
                self.list.addItem(_item(each))
        rows = [at for at in range(self.list.count()) if self.list.item(at).data(_NAME)]
        at = next((row for row in rows if self.list.item(row).data(_NAME) == wanted), rows[0] if rows else -1)
        self.list.setCurrentRow(at)
        self.list.blockSignals(False)
        self._show_chosen()

    # The chosen one

    @property
    def templates(self) -> tuple[Template, ...]:
        return self._shelf.templates

    @property
    def chosen(self) -> Template | None:
        item = self.list.currentItem()
        name = item.data(_NAME) if item is not None else None
        return next((each for each in self.templates if each.name == name), None)

    def _show_chosen(self) -> None:
        template = self.chosen
        clear_errors(self.fields)
        kept = (template.title, template.description) if template is not None else ("", "")
        title, description = self._typed.get(template.name, kept) if template is not None else kept
        self.title_edit.setText(title)
        self.description_edit.blockSignals(True)
        self.description_edit.setPlainText(description)
        self.description_edit.blockSignals(False)
        is_own = template is not None and template.is_own
        self.title_edit.setReadOnly(not is_own)
        self.description_edit.setReadOnly(not is_own)
        if template is not None:
            count = self._shelf.followers.get(template.name, 0)
            whose = "your own" if template.is_own else "comes with Tenantry, and stays as it is"
            follow = f"{counted(count, 'app')} follow{'s' if count == 1 else ''} it"
            self.origin.set_text(f"{template.name} · version {template.version} · {whose} · {follow}")
        self.card.show_template(template)
        self._tell()

    def _note_typed(self) -> None:
        """What was typed stays, whatever is chosen meanwhile."""
        template = self.chosen
        if template is None or not template.is_own:
            return
        typed = (self.title_edit.text(), self.description_edit.toPlainText())
        if (typed[0].strip(), typed[1].strip()) != (template.title, template.description):
            self._typed[template.name] = typed
        else:
            self._typed.pop(template.name, None)
        self._tell()

    def _tell(self) -> None:
        template = self.chosen
        is_own = template is not None and template.is_own
        for button in (self.export_button, self.copy_button):
            button.setEnabled(template is not None)
        self.delete_button.setVisible(is_own)
        self.save_button.setVisible(is_own)
        self.save_button.setEnabled(is_own and self._is_edited)

    @property
    def _is_edited(self) -> bool:
        template = self.chosen
        return template is not None and template.name in self._typed and bool(self.title_edit.text().strip())

    def done(self, result: int) -> None:
        """What is not saved is asked about first."""
        waiting = next((each for each in self.templates if each.name in self._typed), None)
        if waiting is None:
            super().done(result)
            return
        self._show(waiting.name)

        def discard() -> None:
            self._typed.pop(waiting.name, None)
            self._show_chosen()
            self.notes.show_rows(self._broken())
            self.done(result)

        sentence = f"The changes to “{plain(waiting.title, 60)}” are not saved."
        self.note(Severity.WARNING, sentence, "", ("Save", self.save), ("Discard", discard))
        self.notes.rows[0].buttons[0].setFocus()

    def _show(self, name: str) -> None:
        for at in range(self.list.count()):
            if self.list.item(at).data(_NAME) == name:
                self.list.setCurrentRow(at)

    # Acting

    def save(self) -> None:
        template = self.chosen
        if template is None or not template.is_own or not self._is_edited:
            return
        title, description = self.title_edit.text().strip(), self.description_edit.toPlainText().strip()
        self.keep(replace(template, title=title, description=description), overwrite=True)

    def keep(self, template: Template, *, overwrite: bool) -> None:
        """Put it on the shelf, and go to it."""

        async def save(services: Services) -> Template:
            return await services.template_library.save(template, overwrite=overwrite)

        def done(kept: Template) -> None:
            self._typed.pop(kept.name, None)
            self.told.emit(f"Saved the template “{plain(kept.title, 60)}”")
            self.read(kept.name)

        self.work(save, f"Save the template {plain(template.title, 40)}", done)

    def ask_delete(self) -> None:
        template = self.chosen
        if template is None or not template.is_own:
            return
        count = self._shelf.followers.get(template.name, 0)
        follow = "follows" if count == 1 else "follow"
        stay = f"{counted(count, 'app')} {follow} it and will stay as they are. " if count else ""
        detail = f"{stay}The message that tells of it has the way back; export it first where you may want it later."
        sentence = f"Delete the template “{plain(template.title, 60)}”?"
        answers = (("Delete", lambda: self._delete(template)), ("Keep", lambda: self.notes.show_rows(self._broken())))
        self.note(Severity.WARNING, sentence, detail, *answers)
        self.notes.rows[0].buttons[-1].setFocus()

    def _delete(self, template: Template) -> None:
        async def delete(services: Services) -> None:
            await services.template_library.delete(template.name)

        def done(_nothing: None) -> None:
            self._typed.pop(template.name, None)
            self.told.emit(f"Deleted the template “{plain(template.title, 60)}”")
            self.deleted.emit(template)
            self.read()

        self.work(delete, f"Delete the template {plain(template.title, 40)}", done)


async def _read(services: Services) -> _Shelf:
    library = services.template_library
    templates = library.all()
    return _Shelf(templates, library.broken(), {each.name: len(library.followers(each.name)) for each in templates})


def _head(text: str) -> QListWidgetItem:
    item = QListWidgetItem(text)
    item.setFlags(Qt.ItemFlag.NoItemFlags)
    item.setFont(scaled_font(0.86, is_bold=True))
    return item


def _item(template: Template) -> QListWidgetItem:
    count = len(template.entity_names)
    item = QListWidgetItem(f"{plain(template.title, 60)}   {counted(count, 'agent') if count else 'blank'}")
    item.setData(_NAME, template.name)
    item.setToolTip(f"{template.name}, version {template.version}")
    return item

"""Which template an app follows, how far it has drifted from it, and bringing it up: as staged edits."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QPoint, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QMenu, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from app.core.apps import AppState
from app.core.errors import Invalid, KnownError
from app.core.text import plain
from app.core.words import counted
from app.ui.parts.badges import StateMark, text_label
from app.ui.schema.schema_document import SchemaDocument
from app.ui.work.runner import Runner

if TYPE_CHECKING:
    from app.schema.draft import Draft
    from app.schema.model import Schema
    from app.services.suite import Services
    from app.services.template_library import Standing
    from app.services.templates import Template

_MOST_DIFFERENCES = 12


@dataclass(frozen=True, slots=True)
class Followed:
    """How the app stands (None: it follows none), and what it could follow."""

    standing: Standing | None
    templates: tuple[Template, ...]


class TemplateNote(QFrame):
    """One strip; grey until it is known how the app stands."""

    review_requested = Signal()
    templates_requested = Signal()
    confirmed = Signal(str)

    def __init__(self, runner: Runner, document: SchemaDocument, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._runner, self._document = runner, document
        self._found: Followed | None = None
        self.setProperty("look", "card")
        self.mark = StateMark(AppState.UNKNOWN)
        self.sentence = text_label("Reading which template this app follows…", "title")
        self.detail: QLabel = text_label("", "muted")
        self.bring_up_button = QPushButton("Bring up to the template…")
        self.follow_button = QPushButton("Follow")
        self._menu = QMenu(self)
        self.ways = QMenu(self)
        self.ways.addAction("Add what is missing, keep the rest", lambda: self.stage(keeps_extras=True))
        self.ways.addAction("Exactly as the template: drop the rest", lambda: self.stage(keeps_extras=False))
        self._lay_out()
        self.bring_up_button.clicked.connect(self.bring_up)
        self._menu.aboutToShow.connect(self._fill_menu)
        document.changed.connect(self._tell)
        document.base_changed.connect(self._tell)
        self._tell()

    def _lay_out(self) -> None:
        texts = QVBoxLayout()
        texts.setSpacing(1)
        for label in (self.sentence, self.detail):
            label.setWordWrap(True)
            label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
            texts.addWidget(label)
        for button in (self.bring_up_button, self.follow_button):
            button.setProperty("look", "small")
        self.follow_button.setMenu(self._menu)
        self.follow_button.setToolTip("Which template this app is held against")
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 7, 8, 7)
        row.setSpacing(9)
        row.addWidget(self.mark)
        row.addLayout(texts, 1)
        row.addWidget(self.bring_up_button)
        row.addWidget(self.follow_button)

    # Reading

    def read(self) -> None:
        ref = self._document.ref

        async def read(services: Services) -> Followed:
            library = services.template_library
            return Followed(await library.standing(ref), library.all())

        self._runner.start(
            read,
            owner=self,
            title="Compare the app with its template",
            done=self.take,
            failed=self._fail,
            replaces="standing",
            quiet=True,
        )

    def take(self, found: Followed) -> None:
        self._found = found
        self._tell()

    def _fail(self, error: KnownError) -> bool:
        """What was known stays; else it says why there is nothing."""
        if self._found is None:
            self.sentence.setText("It could not be found out which template this app follows.")
            self.detail.setText(plain(f"{error.sentence} {error.remedy}".strip(), 300))
            self.detail.show()
        return True

    # Telling

    def _tell(self) -> None:
        found = self._found
        standing = found.standing if found is not None else None
        self.follow_button.setVisible(found is not None)
        has_drift = standing is not None and bool(standing.differences)
        self.bring_up_button.setVisible(has_drift)
        self.bring_up_button.setEnabled(has_drift and not self._document.is_read_only)
        self.bring_up_button.setToolTip(self._document.lock_reason or "Stages what is missing, and shows the plan")
        if found is not None:
            state, sentence, detail = words(standing)
            self.mark.set_state(state)
            self.sentence.setText(sentence)
            self.detail.setText(detail)
            self.detail.setToolTip(_listed(standing))
        self.detail.setVisible(bool(self.detail.text()))
        self.setAccessibleName(f"{self.sentence.text()} {self.detail.text()}".strip())

    def _fill_menu(self) -> None:
        self._menu.clear()
        found = self._found
        if found is None:
            return
        standing = found.standing
        for each in (*(each for each in found.templates if each.entity_names), None):
            name = each.name if each is not None else None
            text = plain(each.title, 60).replace("&", "&&") if each is not None else "No template"
            action = self._menu.addAction(text)
            action.setCheckable(True)
            action.setChecked((standing.name if standing is not None else None) == name)
            action.triggered.connect(lambda _on, name=name: self.follow(name))
        self._menu.addSeparator()
        self._menu.addAction("Templates…", self.templates_requested.emit)

    # Acting

    def follow(self, name: str | None) -> None:
        """Remembered on this machine; nothing of the app changes."""
        ref = self._document.ref

        async def follow(services: Services) -> Followed:
            library = services.template_library
            await library.follow(ref, name)
            return Followed(await library.standing(ref), library.all())

        def done(found: Followed) -> None:
            self.take(found)
            title = _title(found.standing) if found.standing is not None else ""
            self.confirmed.emit(f"This app follows {title} now" if title else "This app follows no template now")

        self._runner.start(follow, owner=self, title="Follow a template", done=done, replaces="follow")

    def bring_up(self) -> None:
        """Asks first where there is more in the template's agents than the template has."""
        schema = self._wanted
        if schema is None:
            return
        from app.schema.bring_up import brought_up

        draft = self._document.draft
        try:
            is_one_way = brought_up(draft, schema) == brought_up(draft, schema, keeps_extras=True)
        except Invalid:
            is_one_way = True  # staging it says why
        if is_one_way:
            self.stage(keeps_extras=True)
        else:
            self.ways.popup(self.bring_up_button.mapToGlobal(QPoint(0, self.bring_up_button.height())))

    def stage(self, *, keeps_extras: bool) -> None:
        """On top of what is staged, as one undo step; then the plan."""
        schema = self._wanted
        if schema is None:
            return

        def make(draft: Draft) -> Draft:
            from app.schema.bring_up import brought_up

            return brought_up(draft, schema, keeps_extras=keeps_extras)

        title = _title(self._found.standing) if self._found is not None and self._found.standing is not None else ""
        if not self._document.edit(f"Bring up to {title}", make):
            return
        if self._document.is_changed:
            self.review_requested.emit()
        else:
            self.confirmed.emit("There is nothing to bring up")

    @property
    def _wanted(self) -> Schema | None:
        """The schema of the template, None where there is none."""
        standing = self._found.standing if self._found is not None else None
        return standing.template.schema if standing is not None and standing.template is not None else None

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self.mark.update()


def words(standing: Standing | None) -> tuple[AppState, str, str]:
    """State, sentence and detail."""
    if standing is None:
        return AppState.UNKNOWN, "This app follows no template.", ""
    title = _title(standing)
    if standing.template is None:
        detail = "It does not exist any more: import it again, or follow another one."
        return AppState.MISSING, f"This app follows the template {title}.", detail
    version = standing.template.version
    guessed = "" if standing.is_remembered else " Recognised by the names of its agents."
    if not standing.differences:
        return AppState.OK, f"As its template {title}, version {version}.", guessed.strip()
    was = f", was last brought up to version {standing.version}" if standing.is_behind else ""
    sentence = f"Differs from its template {title}, version {version}{was}."
    first = plain(standing.differences[0].sentence, 160)
    count = counted(len(standing.differences), "difference")
    return AppState.DRIFTED, sentence, f"{count}: {first}{' …' if len(standing.differences) > 1 else ''}{guessed}"


def _title(standing: Standing) -> str:
    return plain(standing.template.title if standing.template is not None else standing.name, 60)


def _listed(standing: Standing | None) -> str:
    """All of them for the tool tip; a sentence may hold what a platform said."""
    found = standing.differences if standing is not None else ()
    lines = [plain(each.sentence, 200) for each in found[:_MOST_DIFFERENCES]]
    if len(found) > _MOST_DIFFERENCES:
        lines.append(f"… and {len(found) - _MOST_DIFFERENCES:,} more")
    # As markup, so that none of it can be taken for markup.
    return f"<qt>{'<br>'.join(escape(line) for line in lines)}</qt>" if lines else ""

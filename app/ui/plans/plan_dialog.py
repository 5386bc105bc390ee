"""Reviews a draft, pushes it, and says how that ended: one dialog from the first look to the last."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QGuiApplication, QKeySequence, QShortcut
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QStackedWidget, QWidget

from app.core.apps import AppSummary
from app.core.connection import Connection
from app.core.errors import KnownError
from app.core.status import Severity
from app.core.text import plain
from app.core.words import counted
from app.platforms.traits import traits_of
from app.ui.look.theme import mono_font
from app.ui.parts.action_dialog import ActionDialog
from app.ui.parts.badges import ElidedLabel, text_label
from app.ui.parts.dialog_size import fit
from app.ui.parts.environment_badge import SPOKEN
from app.ui.work.mailbox import Mailbox
from app.ui.work.runner import Runner

from . import plan_work
from .draft_subject import DraftSubject
from .plan_text import parted, plan_markdown
from .plan_words import Stage, words
from .plan_work import Looked, Merged, Pushed, without
from .push_page import PushPage
from .push_run import PushRun
from .review_page import ReviewPage
from .stale_view import StaleView
from .three_way import PlaceLine

if TYPE_CHECKING:
    from app.platforms.contract import PushProgress, RowCount
    from app.schema.draft import Draft
    from app.schema.renames import RenameSuggestion
    from app.services.suite import Services
    from app.services.workshop_words import PushReport

T = TypeVar("T")
_CHANGED_MEANWHILE = "Somebody else changed the schema since your edits began. Nothing was sent."
_MAY_HAVE = "What had been sent may have taken effect: Review again reads the schema and shows what remains."


class PlanDialog(ActionDialog):
    """``document`` is a ``SchemaDocument``, or a ``LooseDraft`` (then ``undoes`` is the push that it takes back, and
    ``note`` what has to be said about that).

    A push that runs goes on without the dialog: closing hides it, and it comes back where the push did not succeed.
    """

    pushed = Signal(object)  # PushReport, however it ended
    copied = Signal(str)  # a sentence for the status bar

    def __init__(
        self,
        runner: Runner,
        document: DraftSubject,
        connection: Connection,
        app: AppSummary,
        parent: QWidget | None = None,
        *,
        undoes: int | None = None,
        note: str = "",
    ) -> None:
        super().__init__(runner, "Undo push" if undoes else "Review changes", "Push", parent)
        self._document, self._connection, self._app = document, connection, app
        self._title = plain(app.title, 120)
        self._undoes, self._note = undoes, note
        self._draft: Draft = document.draft
        self._run: PushRun | None = None
        self._report: PushReport | None = None
        self.stage = Stage.WAITING
        self.review_page = ReviewPage(connection, self._title, app.app_id)
        self.push_page = PushPage(runner, document.ref, traits_of(connection))
        self.stale_view = StaleView()
        self.stack = QStackedWidget()
        self.copy_button = QPushButton("Copy &plan")
        self._counts: Mailbox[RowCount] = Mailbox(self.review_page.add_counts, self)
        self._build()
        self._connect()
        self._review()

    def _build(self) -> None:
        self.set_place(self._connection)
        head = QHBoxLayout()
        head.setSpacing(10)
        title = ElidedLabel(self._title or "untitled", look="title")
        app_id = text_label(self._app.app_id, "muted")
        app_id.setFont(mono_font())
        app_id.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        app_id.setAccessibleName(f"App ID {self._app.app_id}")
        head.addWidget(title)
        head.addWidget(app_id)
        head.addStretch(1)
        self.body.addLayout(head)
        for page in (self.review_page, self.push_page, self.stale_view):
            self.stack.addWidget(page)
        self.body.addWidget(self.stack, 1)
        self.copy_button.setAutoDefault(False)
        self.buttons.insertWidget(0, self.copy_button)
        self.setMinimumSize(640, 420)
        fit(self, 128, 40)

    def _connect(self) -> None:
        page = self.review_page
        page.changed.connect(self._tell)
        page.rename_confirmed.connect(self._confirm_rename)
        page.rename_rejected.connect(self._reject_rename)
        page.go_requested.connect(self._go)
        page.copied.connect(self.copied)
        self.push_page.copied.connect(self.copied)
        self.copy_button.clicked.connect(self.copy_plan)
        # Where the plan destroys something, Enter alone does nothing; this is the way without the mouse.
        keys = QShortcut(QKeySequence("Ctrl+Return"), self, lambda: self.act() if self.stage is Stage.REVIEW else None)
        # Held down since it opened this dialog, it must not push.
        keys.setAutoRepeat(False)
        self._runner.bug_found.connect(self._look)

    # Buttons

    def _set_stage(self, stage: Stage) -> None:
        self.stage = stage
        pages = {Stage.PUSHING: self.push_page, Stage.ENDED: self.push_page, Stage.STALE: self.stale_view}
        self.stack.setCurrentWidget(pages.get(stage, self.review_page))
        self._tell()
        self._set_focus()

    def _tell(self) -> None:
        """Heading and buttons say what they do now."""
        is_review = self.stage in (Stage.WAITING, Stage.REVIEW)
        self.copy_button.setVisible(is_review)
        self.copy_button.setEnabled(self.stage is Stage.REVIEW)
        said = words(
            self.stage,
            self.push_title,
            is_undo=self._undoes is not None,
            has_sent=self._run is not None and self._run.has_sent,
            report=self._report,
        )
        self.heading.setText(said.heading)
        self.setWindowTitle(said.heading)
        for button, text in ((self.action_button, said.action), (self.cancel_button, said.cancel)):
            button.setText(text)
            button.setVisible(bool(text))
        is_danger = self.stage is Stage.REVIEW and self.review_page.destroys
        self._set_look("danger" if is_danger else "" if self.stage is Stage.PUSHING else "primary")
        self.action_button.setEnabled(self.can_act())
        self.action_button.setToolTip(self.review_page.blocker or "Ctrl+Enter" if self.stage is Stage.REVIEW else "")

    @property
    def push_title(self) -> str:
        number = len(self.review_page.model.lines)
        what = f"Push {counted(number, 'change')}" if number else "Push"
        return f"{what} to “{plain(self._title, 40) or 'untitled'}”"

    def _set_look(self, look: str) -> None:
        """Enter pushes only what destroys nothing."""
        is_default = look == "primary"
        self.action_button.setAutoDefault(is_default)
        self.action_button.setDefault(is_default)
        if self.action_button.property("look") != look:
            self.action_button.setProperty("look", look)
            self.action_button.style().unpolish(self.action_button)
            self.action_button.style().polish(self.action_button)

    def _set_focus(self) -> None:
        """Never onto a button that destroys."""
        match self.stage:
            case Stage.REVIEW:
                self.review_page.list.setFocus()
            case Stage.STALE:
                self.stale_view.table.setFocus()
            case Stage.ENDED if not self.push_page.table.hasFocus():
                self.action_button.setFocus()

    def can_act(self) -> bool:
        if self.stage is Stage.REVIEW:
            return self.review_page.can_push and not self._connection.is_read_only
        return self.stage is not Stage.WAITING

    def act(self) -> None:
        if not self.can_act():
            return
        match self.stage:
            case Stage.REVIEW:
                self._push()
            case Stage.PUSHING:
                self.hide()
            case Stage.STALE:
                self._merge()
            case Stage.FAILED:
                self._review()
            case Stage.ENDED:
                self._go_on()

    def _go_on(self) -> None:
        report = self._report
        if report is not None and report.outcome in ("done", "nothing"):
            self.accept()
        else:
            self._review()

    def reject(self) -> None:
        """Esc and Cancel: before anything is sent the push ends, afterwards it goes on in the background."""
        if self.stage is not Stage.PUSHING:
            self._ticket = None
            super().reject()
        elif self._run is not None and self._run.cancel():
            self._set_stage(Stage.REVIEW)
            self.message.tell("Cancelled before anything was sent.", "The plan is as it was.")
        else:
            self.hide()

    # Reviewing

    def _review(self) -> None:
        self.message.clear()
        ref, draft = self._document.ref, self._document.draft
        self._draft = draft
        self._set_stage(Stage.WAITING)
        self.copy_button.setText("Copy &plan")
        self.review_page.show_waiting()
        restores, keeps = self._undoes is not None, traits_of(self._connection).keeps_dropped_data
        self._start(
            lambda services: plan_work.look(services, ref, draft, restores=restores, keeps_dropped=keeps),
            "Work out the plan",
            self._take_review,
        )

    def _start(self, work: Callable[[Services], Awaitable[T]], title: str, done: Callable[[T], None]) -> None:
        def finish(found: T) -> None:
            self._settle()
            done(found)

        self._late.start()
        self._ticket = self._runner.start(
            work, owner=self, title=title, done=finish, failed=self._fail_looking, replaces="look"
        )

    def _settle(self) -> None:
        self._ticket = None
        self._late.stop()
        self.progress.hide()

    def _fail_looking(self, error: KnownError) -> bool:
        self._settle()
        self.message.tell(plain(error.sentence, 400), plain(error.remedy, 300))
        self._set_stage(Stage.STALE if self.stage is Stage.STALE else Stage.FAILED)
        return True

    def _look(self) -> None:
        """Was it the work of this dialog that failed in a way that nobody foresaw? The window shows the details."""
        if self.stage in (Stage.WAITING, Stage.STALE) and self._ticket is not None and not self._ticket.is_running:
            self._fail_looking(KnownError("The plan could not be worked out: an internal error.", remedy=""))

    def _take_review(self, found: Looked) -> None:
        if found.places is not None:
            self._show_stale(found.places, _CHANGED_MEANWHILE)
            return
        review = without(found.review, self._document.rejected)
        keeps = traits_of(self._connection).keeps_dropped_data
        is_undo = self._undoes is not None
        self.review_page.show_review(review, found.lines, keeps_dropped=keeps, is_undo=is_undo, first=self._note)
        self._set_stage(Stage.REVIEW)
        if found.lines and review.error is None:
            self._count()

    def _count(self) -> None:
        ref, draft = self._document.ref, self._draft
        self._counts.open()
        self.review_page.model.set_counting(True)
        put = self._counts.put

        async def count(services: Services) -> None:
            await services.workshop.counts(ref, draft, put)

        def ended() -> None:
            self._counts.close()
            self.review_page.model.set_counting(False)

        def failed(error: KnownError) -> bool:
            ended()
            self.review_page.show_count_error(error)
            return True

        self._runner.start(
            count,
            owner=self,
            title="Count the rows that the plan touches",
            done=lambda _nothing: ended(),
            failed=failed,
            cancelled=ended,
            replaces="counts",
        )

    def _confirm_rename(self, suggestion: RenameSuggestion) -> None:
        title = f"Rename {plain(suggestion.old, 60)} to {plain(suggestion.new, 60)}"
        if self._document.edit(title, lambda draft: draft.confirm(suggestion)):
            self._review()

    def _reject_rename(self, suggestion: RenameSuggestion) -> None:
        self._document.reject(suggestion)
        self._review()

    def _go(self, place: str) -> None:
        entity, part = parted(place, self._draft.wanted)
        super().reject()
        self._document.select(entity, part or None)

    def copy_plan(self) -> None:
        """As Markdown, with what will be sent."""
        page = self.review_page
        text = plan_markdown(
            page.model.lines,
            page.model.counts,
            app_title=self._title,
            app_id=self._app.app_id,
            place=f"{plain(self._connection.label, 60)} ({SPOKEN[self._connection.environment]})",
            is_sql=traits_of(self._connection).has_sql,
        )
        QGuiApplication.clipboard().setText(text)
        self.copy_button.setText("✓ Copied")
        self.copied.emit("Copied the plan as Markdown")

    # Pushing

    def _push(self) -> None:
        self._report = None
        self.message.clear()
        self.push_page.begin()
        run = self._run = PushRun(self._runner, self, traits_of(self._connection).jobs_label)
        run.progressed.connect(self._take_progress)
        run.ended.connect(self._take_pushed)
        run.failed.connect(self._fail_push)
        run.stopped.connect(self._push_stopped)
        run.start(self._document.ref, self._draft, self.push_title, self._undoes)
        self._set_stage(Stage.PUSHING)

    def _take_progress(self, progress: PushProgress) -> None:
        self.push_page.show_progress(progress)
        self._tell()

    def _take_pushed(self, found: Pushed) -> None:
        report = self._report = found.report
        self._hand_over(report)
        if report.outcome == "stale" and report.merge is not None:
            self._show_stale(found.places, report.sentence)
        else:
            self.push_page.show_report(report, found.remaining)
            self._set_stage(Stage.ENDED)
        self.pushed.emit(report)
        self._come_back(is_good=report.outcome in ("done", "nothing"))

    def _hand_over(self, report: PushReport) -> None:
        """The document learns what is live now, and keeps what is still to do."""
        if report.live is None or report.outcome in ("stale", "failed"):
            return
        if self._document.draft is self._draft:
            self._document.take_pushed(report.live, report.remaining)
        else:
            # Edited while the push ran in the background: those edits stay, and are merged at the next review.
            self._document.take_live(report.live)

    def _fail_push(self, error: KnownError) -> None:
        """Nothing was sent; whatever happens after that is in a report."""
        self._set_stage(Stage.REVIEW)
        self.message.tell(plain(error.sentence, 400), plain(error.remedy, 300))
        self._come_back(is_good=False)

    def _push_stopped(self, sentence: str) -> None:
        """Cancelled from the jobs panel, perhaps in the middle; or failed as nobody foresaw."""
        has_sent = self._run is not None and self._run.has_sent
        self.push_page.show_note(Severity.WARNING, sentence, _MAY_HAVE if has_sent else "Nothing was sent.")
        self._set_stage(Stage.ENDED)
        self._come_back(is_good=False)

    def _come_back(self, *, is_good: bool) -> None:
        """A dialog that was sent to the background returns without taking the keyboard, or is gone."""
        if self.isVisible():
            return
        if is_good:
            self.accept()
            return
        self.setWindowModality(Qt.WindowModality.NonModal)
        self.setAttribute(Qt.WidgetAttribute.WA_ShowWithoutActivating)
        self.show()

    # Merging

    def _show_stale(self, places: tuple[PlaceLine, ...], sentence: str) -> None:
        self.stale_view.show_lines(places, sentence)
        self._set_stage(Stage.STALE)

    def _merge(self) -> None:
        """With the schema as it is now; conflicts that came up since are asked about first."""
        ref, draft, keep_mine = self._document.ref, self._draft, self.stale_view.keep_mine
        known = {line.place for line in self.stale_view.model.conflicts}

        def done(found: Merged) -> None:
            if {line.place for line in found.places if line.conflict} - known:
                self._show_stale(found.places, "The schema was changed once more.")
            else:
                self._document.take_merged(found.draft)
                self._review()

        self._start(
            lambda services: plan_work.merge(services, ref, draft, keep_mine), "Merge with the live schema", done
        )

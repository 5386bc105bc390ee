"""Moves a workspace's application tables to a store of its own: target, plan, run, and the old rows in the end."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, cast

from PySide6.QtCore import Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QListWidgetItem, QPushButton, QSizePolicy, QSpacerItem, QWidget

from app.core.connection import Connection, Environment
from app.core.errors import Invalid, KnownError
from app.core.secret import Secret
from app.core.text import plain
from app.core.words import counted
from app.ui.look.icons import state_icon
from app.ui.parts.badges import text_label
from app.ui.parts.dialog_size import fit
from app.ui.parts.form_field import FormField, TokenEdit
from app.ui.parts.preview_dialog import PreviewDialog
from app.ui.work.runner import Runner

from . import move_words
from .move_page import MovePage
from .move_stage import Stage
from .move_target import MoveTarget
from .move_words import Line

if TYPE_CHECKING:
    from app.services.store_moving import (
        MoveOutcome,
        MovePlan,
        MoveProgress,
        OpenMove,
        RemovalOutcome,
        RemovalPlan,
        Way,
    )
    from app.services.suite import Services
    from app.ui.work.runner import ProgressReporter


class MoveDialog(PreviewDialog):
    """``move`` is one that was begun before. ``told`` carries a sentence about what was done."""

    told = Signal(str)

    def __init__(
        self,
        runner: Runner,
        connection: Connection,
        workspace_id: str,
        name: str,
        move: OpenMove | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(runner, connection, "Move to its own store", Stage.TARGET.action, parent)
        self._workspace_id = workspace_id
        self._name = plain(name, 80)
        self.phrase, self.phrase_noun = self._name, "workspace"
        self.stage = Stage.TARGET
        self._is_forgetting = False
        self.plan: MovePlan | None = None
        self._choices: dict[str, Way] = {}
        self._removal: RemovalPlan | None = None
        self.target = MoveTarget()
        self.form = self.target.form
        self.password = TokenEdit()
        self.password_field = FormField("&Password of the store", self.password, marked=self.password.edit)
        self.page = MovePage()
        self.back_button = QPushButton("&Back")
        self.forget_button = QPushButton("&Give it up…")
        self._build()
        self._begin(move)

    def _build(self) -> None:
        self.body.addWidget(text_label(self._name, "title"))
        self.add_parts()
        self.body.insertWidget(self.body.indexOf(self.about) + 1, self.target, 1)
        self.body.setStretchFactor(self.sentences, 0)
        self.body.insertWidget(self.body.indexOf(self.bar), self.page, 2)
        self.body.addWidget(self.password_field)
        # Where there are no tables to fill the room, it is below what is said.
        self.body.addItem(QSpacerItem(0, 0, QSizePolicy.Policy.Minimum, QSizePolicy.Policy.Expanding))
        for at, button in enumerate((self.back_button, self.forget_button)):
            button.setAutoDefault(False)
            self.buttons.insertWidget(at, button)
        self.back_button.clicked.connect(self.go_back)
        self.forget_button.clicked.connect(self._ask_to_forget)
        self.form.changed.connect(self.follow)
        self.page.way_chosen.connect(self._choose_way)
        fit(self, 132, 36)

    def _begin(self, move: OpenMove | None) -> None:
        if move is None:
            self._show(Stage.TARGET, move_words.WHERE_TO)
            self.form.address_edit.setFocus()
        elif move.is_switched:
            self._show_switched(move_words.switched_words(self._name, move))
        else:
            self._show_open(move)

    # Stages

    def _show(self, stage: Stage, about: str, sentences: Sequence[Line] = ()) -> None:
        self.stage = stage
        self._is_forgetting = False
        self.ask("")
        self.about.setText(about)
        self.sentences.clear()
        for severity, sentence in sentences:
            item = QListWidgetItem(plain(sentence, 500))
            if severity is not None:
                item.setIcon(state_icon(severity))
            self.sentences.addItem(item)
        self.sentences.setVisible(bool(sentences))
        self._fit_sentences()
        self.target.setVisible(stage is Stage.TARGET)
        self.page.setVisible(stage is not Stage.TARGET and not self.page.is_empty)
        self._ask_for_password(is_asked=stage is Stage.OPEN)
        self.back_button.setVisible(stage is Stage.PLAN)
        self.forget_button.setVisible(stage.can_be_given_up)
        self.forget_button.setText("&Keep the old rows…" if stage is Stage.SWITCHED else "&Give it up…")
        self.action_button.setText(stage.action)
        self.cancel_button.setVisible(stage is not Stage.OVER)
        self.cancel_button.setText(stage.way_out)
        self.is_previewed = True
        self._dress_button()
        self.follow()

    def _dress_button(self) -> None:
        """What leads to a removal is offered, not urged: Enter closes."""
        is_urged = self.stage is not Stage.SWITCHED
        self.action_button.setProperty("look", "primary" if is_urged else "")
        self.action_button.setAutoDefault(is_urged)
        (self.action_button if is_urged else self.cancel_button).setDefault(True)
        self._polish()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit_sentences()

    def _fit_sentences(self) -> None:
        """As high as what they say, so that the tables have the rest; more than a third is scrolled, and more than a
        fifth where a name is asked for below."""
        rows = (self.sentences.sizeHintForRow(at) for at in range(self.sentences.count()))
        line = self.fontMetrics().height()
        most = self.height() // (3 if self.name_edit is None else 5)
        self.sentences.setFixedHeight(max(line * 2, min(sum(rows) + line, most)))

    def ask(self, what: str) -> None:
        super().ask(what)
        self._fit_sentences()

    def _ask_for_password(self, *, is_asked: bool) -> None:
        self.fields = dict(self.form.fields) | {"place": self.target.place_field}
        if is_asked:
            self.fields["password"] = self.password_field
        self.password_field.setVisible(is_asked)
        self.password_field.set_hint("Only where the store asks for one that is not in the keyring.")

    def can_act(self) -> bool:
        if self.stage is Stage.TARGET:
            return not self.form.is_empty
        if self.stage is Stage.PLAN:
            return self.plan is not None and self.plan.can_run and self.is_confirmed
        if self.stage is Stage.REMOVAL:
            return self._removal is not None and not self._removal.refusals and self.is_confirmed
        return self.is_confirmed

    def go_back(self) -> None:
        self._show(Stage.TARGET, move_words.WHERE_TO)
        self.form.address_edit.setFocus()

    def act(self) -> None:
        if self.is_working or not self.can_act():
            return
        if self._is_forgetting:
            self._forget()
            return
        acts = {
            Stage.TARGET: self._make_plan,
            Stage.PLAN: self._move,
            Stage.OPEN: self._resume,
            Stage.SWITCHED: self._plan_removal,
            Stage.REMOVAL: self._remove,
            Stage.OVER: self.accept,
        }
        acts[self.stage]()

    # Planning

    def _make_plan(self) -> None:
        try:
            dsn_text = self.form.dsn_text()
        except Invalid as error:
            self.show_error(error)
            return
        connection_id, workspace_id, choices = self.connection.id, self._workspace_id, dict(self._choices)
        password, place = self.form.password(), self.target.secret_place

        async def plan(services: Services) -> MovePlan:
            return await services.store_moving.plan(
                connection_id, workspace_id, dsn_text, password, place=place, choices=choices
            )

        self.begin(plan, f"Plan the move of {self._name}", self._show_plan)

    def _choose_way(self, entity: str, way: str) -> None:
        self._choices[entity] = cast("Way", way)
        self._make_plan()

    def _show_plan(self, plan: MovePlan) -> None:
        self.plan = plan
        self.page.show_plan(plan.tables)
        self._show(Stage.PLAN, move_words.plan_words(plan), move_words.plan_lines(plan))
        if plan.can_run:
            self.ask(self._what_to_agree_to(plan))
        (self.check or self.name_edit or (self.action_button if plan.can_run else self.back_button)).setFocus()

    def _what_to_agree_to(self, plan: MovePlan) -> str:
        warned = counted(len(plan.warnings), "warning") if plan.warnings else ""
        return self._production_words() or warned

    def _production_words(self) -> str:
        is_production = self.connection.environment is Environment.PRODUCTION
        return "1 workspace moves to another database" if is_production else ""

    # Moving

    def _move(self) -> None:
        plan = self.plan
        if plan is None:
            return

        async def move(services: Services, tell: ProgressReporter) -> MoveOutcome:
            return await services.store_moving.run(plan, tell)

        self.run(move, f"Move {self._name}", max(plan.rows, 2), self._moved)

    def _resume(self) -> None:
        connection_id, workspace_id, password = self.connection.id, self._workspace_id, self._password()

        async def resume(services: Services, tell: ProgressReporter) -> MoveOutcome:
            return await services.store_moving.resume(connection_id, workspace_id, tell, password)

        self.run(resume, f"Go on with the move of {self._name}", 2, self._moved)

    def _password(self) -> Secret | None:
        text = self.password.edit.text()
        return Secret(text) if text else self.form.password()

    def _show_progress(self) -> None:
        latest: MoveProgress | None = self._reporter.latest
        if latest is None or not self.is_working:
            return
        self.about.setText(move_words.progress_words(latest))
        self.page.show_progress(latest.phase, latest.entity)
        self.bar.setRange(0, max(latest.total, 1))
        self.bar.setValue(latest.done)
        self.bar.show()

    def _set_working(self, is_working: bool) -> None:
        super()._set_working(is_working)
        self.content.setEnabled(True)
        for part in (self.target, self.password_field, self.page.choice):
            part.setEnabled(not is_working)
        for button in (self.back_button, self.forget_button):
            button.setEnabled(not is_working)

    def _moved(self, outcome: MoveOutcome) -> None:
        self.page.show_proofs(outcome.proofs, outcome.late)
        self.told.emit(plain(outcome.sentence, 300))
        self._show_switched(plain(outcome.sentence, 400), outcome.late)

    def _show_switched(self, about: str, late: Iterable[str] = ()) -> None:
        self._show(Stage.SWITCHED, about, move_words.switched_lines(late))
        self.cancel_button.setFocus()

    # What did not go through

    def _fail(self, error: KnownError) -> bool:
        super()._fail(error)
        self._look_where_it_stands(error)
        return True

    def reject(self) -> None:
        was_working, stage = self.is_working, self.stage
        super().reject()
        if was_working and stage in (Stage.PLAN, Stage.OPEN):
            self._look_where_it_stands(None)

    def _look_where_it_stands(self, error: KnownError | None) -> None:
        """A move that was begun goes on from where it is; the journal says where that is."""
        if self.stage not in (Stage.PLAN, Stage.OPEN):
            return
        connection_id, workspace_id = self.connection.id, self._workspace_id

        async def look(services: Services) -> OpenMove | None:
            moves = await services.store_moving.open_moves(connection_id)
            return next((each for each in moves if each.workspace_id == workspace_id), None)

        def show(move: OpenMove | None) -> None:
            if move is None or self.is_working:
                return
            if move.is_switched:
                self._show_switched(move_words.switched_words(self._name, move))
                return
            self._show_open(move)
            if error is not None:
                self.show_error(error)
            else:
                self.message.tell("Stopped.", "Nothing was switched. “Go on” continues where it stopped.")

        self._runner.start(look, owner=self, title="Look where the move stands", done=show, quiet=True)

    def _show_open(self, move: OpenMove) -> None:
        self._show(Stage.OPEN, move_words.open_words(move), move_words.open_lines(move))
        self.ask(self._production_words())
        (self.name_edit or self.action_button).setFocus()

    # Giving up

    def _ask_to_forget(self) -> None:
        is_switched = self.stage is Stage.SWITCHED
        self._is_forgetting = True
        self.action_button.setText("&Keep them" if is_switched else "&Give it up")
        self.forget_button.hide()
        if is_switched:
            self.about.setText("The old rows stay in the main database, and are not offered for removal again.")
        else:
            self.about.setText("What was copied stays in the store; the workspace stays where it is.")
        self.ask("the old rows stay" if is_switched else "the move ends here")
        (self.check or self.name_edit or self.action_button).setFocus()

    def _forget(self) -> None:
        connection_id, workspace_id = self.connection.id, self._workspace_id

        async def forget(services: Services) -> None:
            await services.store_moving.forget(connection_id, workspace_id)

        def done(_none: None) -> None:
            self.told.emit(f"The move of {self._name} is over")
            self.accept()

        self.begin(forget, f"Give up the move of {self._name}", done)

    # The old rows

    def _plan_removal(self) -> None:
        connection_id, workspace_id, password = self.connection.id, self._workspace_id, self._password()

        async def plan(services: Services) -> RemovalPlan:
            return await services.store_moving.plan_removal(connection_id, workspace_id, password)

        self.begin(plan, f"Look at the old rows of {self._name}", self._show_removal)

    def _show_removal(self, plan: RemovalPlan) -> None:
        self._removal = plan
        self.page.show_removal(plan.tables)
        self._show(Stage.REMOVAL, move_words.removal_words(self._name, plan), move_words.plan_lines(plan))
        if not plan.refusals:
            self.ask(move_words.removal_warning(plan))
            (self.check or self.name_edit or self.action_button).setFocus()

    def _remove(self) -> None:
        connection_id, workspace_id, password = self.connection.id, self._workspace_id, self._password()
        tables = self._removal.tables if self._removal is not None else ()

        async def remove(services: Services, tell: ProgressReporter) -> RemovalOutcome:
            return await services.store_moving.remove_old_rows(connection_id, workspace_id, tell, password)

        self.run(remove, f"Remove the old rows of {self._name}", max(2, sum(t.rows for t in tables)), self._removed)

    def _removed(self, outcome: RemovalOutcome) -> None:
        self.page.show_removed(outcome.removed, outcome.kept)
        self.told.emit(plain(outcome.sentence, 300))
        self._show(Stage.OVER, plain(outcome.sentence, 400), move_words.removed_lines(outcome))
        self.action_button.setFocus()

    def done(self, result: int) -> None:
        self.form.forget_password()
        self.password.edit.clear()
        super().done(result)

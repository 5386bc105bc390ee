"""Says where a workspace's store is, and where its password is kept; shows what is written before it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, cast

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QListWidget, QListWidgetItem, QPushButton, QVBoxLayout, QWidget

from app.core.connection import Connection, Environment
from app.core.errors import Invalid, KnownError
from app.core.status import Severity
from app.core.text import plain
from app.core.words import counted
from app.ui.connections.dsn_form import DsnForm
from app.ui.look.icons import state_icon
from app.ui.parts.badges import text_label
from app.ui.parts.dialog_size import fit
from app.ui.parts.form_area import FormArea
from app.ui.parts.form_field import ChoiceBox, FormField
from app.ui.parts.preview_dialog import PreviewDialog
from app.ui.work.runner import Runner

if TYPE_CHECKING:
    from app.core.secret import Secret
    from app.services.store_words import StoreChange, StoreRow, Workspace
    from app.services.suite import Services

_LOOK_MS = 300
_PLACES = (
    ("vault", "Keyring of this machine"),
    ("row", "The row in the main database"),
)
_PLACE_HINTS = {
    "vault": "Only Tenantry on this machine can open the store with it.",
    "row": "Whoever can read the main database can read it; choose this where your product reads it there.",
}


class StoreDialog(PreviewDialog):
    """``saved`` carries the sentence of what was done."""

    saved = Signal(str)

    def __init__(
        self,
        runner: Runner,
        connection: Connection,
        workspace: Workspace,
        parent: QWidget | None = None,
        *,
        dsn_text: str = "",
    ) -> None:
        """``dsn_text`` is proposed in the place of what the workspace has."""
        super().__init__(runner, connection, "Store of a workspace", "&Write", parent)
        self._workspace = workspace
        self._name = plain(workspace.name, 80) or plain(workspace.id, 60)
        self._is_clearing = False
        self._asked = ""
        self._change: StoreChange | None = None
        self.phrase, self.phrase_noun = self._name, "workspace"
        self.form = DsnForm()
        self.place_box = ChoiceBox()
        self.clear_button = QPushButton("&Remove the pointer…")
        self._later = QTimer(self, singleShot=True, interval=_LOOK_MS)
        self._build()
        self._fill(dsn_text)

    def _build(self) -> None:
        self.body.addWidget(text_label(self._name, "title"))
        for place, words in _PLACES:
            self.place_box.addItem(words, place)
        self.fields.update(self.form.fields)
        self.fields["dsn_text"] = self.form.fields["base_url"]
        page = QWidget()
        box = QVBoxLayout(page)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(12)
        self.fields["place"] = FormField("Keep the password &in", self.place_box)
        box.addWidget(self.form)
        box.addWidget(self.fields["place"])
        box.addStretch(1)
        self.form_area = FormArea(page)
        self.body.addWidget(self.form_area)
        self.add_parts()
        self.sentences.setMinimumHeight(self.fontMetrics().height() * 7)
        # No higher than it need be: the form comes first.
        self.sentences.setSizeAdjustPolicy(QListWidget.SizeAdjustPolicy.AdjustToContents)
        self.clear_button.setAutoDefault(False)
        self.clear_button.setCheckable(True)
        self.buttons.insertWidget(0, self.clear_button)
        self.clear_button.setVisible(self._workspace.store is not None)
        self.clear_button.toggled.connect(self._set_clearing)
        self.form.changed.connect(self._look_again)
        self.place_box.currentIndexChanged.connect(lambda _at: self._look_again())
        self._later.timeout.connect(self._describe)
        fit(self, 108, 34)

    def _fill(self, proposed: str) -> None:
        store = self._workspace.store
        if proposed:
            self.form.show_dsn(proposed)
        elif store is not None:
            self.form.show_dsn(store.dsn_text)
        if store is not None:
            self.place_box.setCurrentIndex(max(0, self.place_box.findData(store.secret_place)))
            if store.secret_place != "none":
                self.form.set_password_hint("Stored; leave empty to keep it")
        self._tell_place()
        self.about.setText("Enter where the store is; what will be written is shown here.")
        if not self.form.is_empty:
            self._look_again()
        self.form.address_edit.setFocus()

    # What will be written

    @property
    def secret_place(self) -> Literal["vault", "row", "none"]:
        if self.form.is_file:
            return "none"
        return cast('Literal["vault", "row", "none"]', str(self.place_box.currentData()))

    def _tell_place(self) -> None:
        field = self.fields["place"]
        field.set_hint(_PLACE_HINTS.get(self.secret_place, ""))
        field.setVisible(not self.form.is_file and not self._is_clearing)

    def _look_again(self) -> None:
        self._tell_place()
        self.is_previewed, self._change = False, None
        self.follow()
        self._later.start()

    def _set_clearing(self, is_clearing: bool) -> None:
        """The other thing that can be done with the pointer; pressed again, the form is back."""
        self._is_clearing = is_clearing
        self.form_area.setVisible(not is_clearing)
        self.clear_button.setText("&Back to the address" if is_clearing else "&Remove the pointer…")
        self.action_button.setText("&Remove the pointer" if is_clearing else "&Write")
        self._look_again()

    def _describe(self) -> None:
        dsn_text: str | None = None
        if not self._is_clearing:
            if self.form.is_empty:
                self._tell_nothing("Enter where the store is; what will be written is shown here.")
                return
            try:
                dsn_text = self.form.dsn_text()
            except Invalid as error:
                self._tell_nothing(error.sentence)
                return
        connection_id, workspace_id = self.connection.id, self._workspace.id
        password, place = self.form.password(), self.secret_place

        async def describe(services: Services) -> StoreChange:
            return await services.stores.describe_store_change(connection_id, workspace_id, dsn_text, password, place)

        self._runner.start(
            describe,
            owner=self,
            title="Work out what will be written",
            done=self._show_change,
            failed=self._not_described,
            replaces="describe",
            quiet=True,
        )

    def _tell_nothing(self, sentence: str) -> None:
        self.is_previewed = False
        self.about.setText(plain(sentence, 300))
        self.sentences.clear()
        self.follow()

    def _not_described(self, error: KnownError) -> bool:
        """While somebody types, what is wrong stands where the preview would; a field is marked once it is sent."""
        self._tell_nothing(f"{error.sentence} {error.remedy}".strip())
        return True

    def _show_change(self, change: StoreChange) -> None:
        self._change, self.is_previewed = change, True
        self.message.clear()
        self.about.setText("This will be written:" if change.sentences else "Nothing changes.")
        self.sentences.clear()
        self.sentences.addItems([plain(each, 500) for each in change.sentences])
        for each in change.warnings:
            self.sentences.addItem(QListWidgetItem(state_icon(Severity.WARNING), plain(each, 500)))
        self._ask_for(change)
        self.follow()

    def _ask_for(self, change: StoreChange) -> None:
        """Anew only where there is something else to agree to, so that a tick is not lost while a preview returns."""
        is_production = self.connection.environment is Environment.PRODUCTION
        what = ""
        if self._is_clearing:
            what = "1 workspace has no store then"
        elif is_production and change.sentences:
            what = "1 workspace gets this store at once"
        elif change.warnings:
            what = counted(len(change.warnings), "warning")
        if what != self._asked:
            self._asked = what
            self.ask(what)

    def can_act(self) -> bool:
        return self.is_over or (super().can_act() and self._change is not None and bool(self._change.sentences))

    # Writing

    def go(self) -> None:
        connection_id, workspace_id, name = self.connection.id, self._workspace.id, self._name
        if self._is_clearing:

            async def clear(services: Services) -> None:
                await services.stores.clear_store(connection_id, workspace_id)

            self.begin(clear, f"Remove the pointer of {name}", lambda _none: self._end(f"{name} has no store now"))
            return
        try:
            dsn_text = self.form.dsn_text()
        except Invalid as error:
            self.show_error(error)
            return
        password: Secret | None = self.form.password()
        place = self.secret_place

        async def write(services: Services) -> StoreRow:
            return await services.stores.set_store(connection_id, workspace_id, dsn_text, password, place)

        self.begin(write, f"Set the store of {name}", self._written)

    def _written(self, store: StoreRow) -> None:
        self._end(f"{self._name} has its store at {plain(store.app_id, 80)}")

    def _end(self, sentence: str) -> None:
        self.form.forget_password()
        self.saved.emit(sentence)
        self.accept()

    def done(self, result: int) -> None:
        self.form.forget_password()
        super().done(result)

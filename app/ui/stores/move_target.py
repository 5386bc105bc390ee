"""Where a workspace moves to: the address of the new store, and who keeps its password."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.ui.connections.dsn_form import DsnForm
from app.ui.parts.form_area import FormArea
from app.ui.parts.form_field import ChoiceBox, FormField

if TYPE_CHECKING:
    from app.services.main_map import SecretPlace

_PLACES = (("vault", "Keyring of this machine"), ("row", "The row in the main database"))


class MoveTarget(FormArea):
    def __init__(self) -> None:
        self.form = DsnForm(address_label="&Address of the new store")
        self.place_box = ChoiceBox()
        for place, words in _PLACES:
            self.place_box.addItem(words, place)
        hint = "The row is where your product reads it, if it does so there."
        self.place_field = FormField("Keep the password &in", self.place_box, hint=hint)
        page = QWidget()
        box = QVBoxLayout(page)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(12)
        box.addWidget(self.form)
        box.addWidget(self.place_field)
        box.addStretch(1)
        super().__init__(page)

    @property
    def secret_place(self) -> SecretPlace:
        return "none" if self.form.is_file else cast("SecretPlace", str(self.place_box.currentData()))

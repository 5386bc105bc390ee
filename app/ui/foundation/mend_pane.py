"""One finding, or a group of them, with the ways to mend it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QApplication,
    QButtonGroup,
    QFrame,
    QHBoxLayout,
    QPushButton,
    QRadioButton,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from app.core.status import Severity
from app.core.text import plain
from app.core.words import counted
from app.ui.look.theme import mono_font
from app.ui.parts.badges import StateMark, text_label
from app.ui.parts.check_mark import RadioButton

from .reconcile_model import Choices, kind_title

if TYPE_CHECKING:
    from app.services.reconcile_words import Mend, RegistryFinding

_MOST_REFS = 6


class MendPane(QScrollArea):
    """``mend_chosen`` carries a finding's and a mend's key, ``group_mend_chosen`` a kind and a mend's key,
    ``owner_wanted`` and ``mend_requested`` a finding's key; ``open_requested`` and ``copy_requested`` an AppRef."""

    mend_chosen = Signal(str, str)
    group_mend_chosen = Signal(str, str)
    owner_wanted = Signal(str)
    mend_requested = Signal(str)
    open_requested = Signal(object)
    copy_requested = Signal(object)

    def __init__(self, choices: Choices, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._choices = choices
        self.radios: dict[str, QRadioButton] = {}
        self.owner_button: QPushButton | None = None
        self.mend_button: QPushButton | None = None
        self.group_buttons: dict[str, QPushButton] = {}
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setAccessibleName("The finding and its mends")
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._page, self._box = QWidget(), QVBoxLayout()
        self.clear()

    def clear(self) -> None:
        self._begin()
        self._say("Choose a finding to see how it can be mended.", "muted")
        self._end()

    def _begin(self) -> None:
        self.radios, self.group_buttons, self.owner_button, self.mend_button = {}, {}, None, None
        self._page = QWidget()
        self._box = QVBoxLayout(self._page)
        self._box.setContentsMargins(14, 12, 10, 12)
        self._box.setSpacing(8)

    def _end(self) -> None:
        focus, shown = QApplication.focusWidget(), self.widget()
        had_keyboard = shown is not None and focus is not None and shown.isAncestorOf(focus)
        self._box.addStretch(1)
        self.setWidget(self._page)
        if had_keyboard:
            # What had it is gone with what was shown before.
            chosen = next((each for each in self.radios.values() if each.isChecked()), None)
            (chosen or self).setFocus()

    def _say(self, text: str, look: str = "", indent: int = 0) -> None:
        label = text_label(text, look)
        label.setWordWrap(True)
        label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.MinimumExpanding)
        label.setContentsMargins(indent, 0, 0, 0)
        label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._box.addWidget(label)

    def _button(self, row: QHBoxLayout, text: str, act: Callable[[], object], spoken: str = "") -> QPushButton:
        button = QPushButton(text)
        button.setProperty("look", "small")
        button.setAutoDefault(False)
        button.setAccessibleName(spoken or text)
        button.clicked.connect(lambda: act())
        row.addWidget(button)
        return button

    # One finding

    def show_finding(self, finding: RegistryFinding, failure: str, *, can_write: bool) -> None:
        """``failure`` is why the last try did not mend it, "" for none."""
        self._begin()
        self._say(plain(finding.sentence, 500), "title")
        if finding.detail:
            self._say(plain(finding.detail, 600), "muted")
        if failure:
            self._say(f"The last try failed: {plain(failure, 300)}", "errorText")
        self._show_refs(finding)
        self._say("How to mend it", "sectionHead")
        group = QButtonGroup(self._page)
        for mend in finding.mends:
            self._show_mend(finding, mend, group)
        self._show_act(finding, can_write=can_write)
        self._end()

    def _show_refs(self, finding: RegistryFinding) -> None:
        for ref in finding.refs[:_MOST_REFS]:
            row = QHBoxLayout()
            row.setSpacing(6)
            name = plain(ref.app_id, 60)
            button = self._button(row, name, partial(self.copy_requested.emit, ref), f"Copy app ID {name}")
            button.setProperty("look", "link")
            button.setFont(mono_font())
            button.setToolTip("Click to copy")
            row.addStretch(1)
            if finding.kind != "missing-app":
                self._button(row, "Open", partial(self.open_requested.emit, ref), f"Open {name}")
            self._box.addLayout(row)

    def _show_mend(self, finding: RegistryFinding, mend: Mend, group: QButtonGroup) -> None:
        chosen = self._choices.mend(finding.key)
        radio = RadioButton(plain(mend.label, 100).replace("&", "&&"))
        radio.setAccessibleDescription(plain(mend.sentence, 400))
        radio.setChecked(chosen is not None and chosen.key == mend.key)
        radio.setEnabled(not mend.refusal)
        radio.clicked.connect(lambda: self.mend_chosen.emit(finding.key, mend.key))
        group.addButton(radio)
        self.radios[mend.key] = radio
        row = QHBoxLayout()
        row.setSpacing(6)
        row.addWidget(radio, 1)
        if mend.is_destructive:
            mark = StateMark(Severity.WARNING)
            mark.setToolTip("This destroys something")
            mark.setAccessibleName("Destroys something")
            row.addWidget(mark)
        self._box.addLayout(row)
        self._say(plain(mend.sentence, 400) + ("…" if mend.asks else ""), "small", 22)
        if mend.refusal:
            self._say(plain(mend.refusal, 300), "errorText", 22)

    def _show_act(self, finding: RegistryFinding, *, can_write: bool) -> None:
        mend, owner = self._choices.mend(finding.key), self._choices.owner(finding.key)
        row = QHBoxLayout()
        row.setSpacing(8)
        if mend is not None and mend.asks:
            words = f"Choose another {mend.asks}…" if owner is not None else f"Choose the {mend.asks}…"
            self.owner_button = self._button(row, words, lambda: self.owner_wanted.emit(finding.key))
            if owner is not None:
                self._say(f"Chosen: {owner.name}", "title", 22)
        self.mend_button = self._button(row, "Mend this…", lambda: self.mend_requested.emit(finding.key))
        self.mend_button.setEnabled(can_write and self._choices.can_mark(finding.key))
        row.addStretch(1)
        self._box.addSpacing(4)
        self._box.addLayout(row)

    # A group

    def show_group(self, kind: str) -> None:
        rows = self._choices.groups.get(kind, ())
        self._begin()
        self._say(f"{kind_title(kind)}: {counted(len(rows), 'finding')}", "title")
        marked = sum(self._choices.is_marked(each.key) for each in rows)
        waiting = sum(not self._choices.can_mark(each.key) for each in rows)
        self._say(f"{marked:,} marked to be mended.", "muted")
        if waiting:
            self._say(f"{waiting:,} need a choice first: whom to link, or another mend.", "muted")
        common = self._choices.common(kind)
        if common:
            self._say("How to mend all of them", "sectionHead")
        for mend in common:
            row = QHBoxLayout()
            row.setSpacing(8)
            button = self._button(
                row,
                plain(mend.label, 100),
                partial(self.group_mend_chosen.emit, kind, mend.key),
                f"{mend.label}, for all",
            )
            button.setEnabled(not mend.refusal)
            self.group_buttons[mend.key] = button
            row.addStretch(1)
            self._box.addLayout(row)
            if mend.refusal:
                self._say(plain(mend.refusal, 300), "errorText")
        self._end()

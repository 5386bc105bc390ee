"""Reads reports of runs that did not end as they should; and the bar that offers them at the next start."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QAccessible, QAccessibleEvent, QKeyEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QMenu, QPushButton, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from app.core.errors import Invalid
from app.core.refs import AppRef
from app.core.status import Severity
from app.core.text import plain
from app.storage.crash_reports import CrashReport, CrashReports
from app.ui.look.icons import sign
from app.ui.parts.badges import StateMark, text_label
from app.ui.parts.flow_layout import FlowLayout
from app.ui.parts.form_field import ChoiceBox
from app.ui.parts.shared_text import SharedTextDialog

_BUTTONS = 3
_WORDS = {
    "crash": "Tenantry ended because of a fault",
    "ended": "Tenantry was not closed properly",
    "error": "Tenantry met an error that it did not expect",
}
_KEPT = "The report is on this machine only. Read it first: then it is yours to copy, save or delete."


class KeptDraft(NamedTuple):
    """Staged edits that survived; ``place`` is the word for the environment, "" for the local one."""

    ref: AppRef
    title: str
    changes: int
    place: str = ""

    @property
    def text(self) -> str:
        place = f" · {self.place}" if self.place else ""
        return f"{plain(self.title, 32) or 'untitled'}{place} ({self.changes})"


def when(at: float) -> str:
    return time.strftime("%d %b %H:%M", time.localtime(at))


class CrashBar(QFrame):
    """Quiet: one line that says what happened, one with the edits that survived. Escape or its button closes it."""

    read_requested = Signal()
    draft_chosen = Signal(object)  # AppRef
    dismissed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("look", "finding")
        self.setProperty("severity", Severity.WARNING.value)
        self.setObjectName("crashBar")
        self.sentence = text_label("", "title")
        self.detail = text_label("", "muted")
        self.read_button = QPushButton("Sho&w the report…")
        self.read_button.setProperty("look", "small")
        self.read_button.clicked.connect(self.read_requested)
        self.close_button = QToolButton()
        self.close_button.setIcon(sign("close"))
        self.close_button.setAccessibleName("Close what is said about the last run")
        self.close_button.setToolTip("Close (Esc); Help › Crash reports shows the report later")
        self.close_button.clicked.connect(self.dismiss)
        self.draft_row = QWidget()
        self._drafts = FlowLayout(self.draft_row, spacing=6)
        self.draft_buttons: list[QPushButton] = []
        self.more_menu: QMenu | None = None
        self._lay_out()
        self.hide()

    def _lay_out(self) -> None:
        texts = QVBoxLayout()
        texts.setSpacing(1)
        for label in (self.sentence, self.detail):
            label.setWordWrap(True)
            label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
            texts.addWidget(label)
        self._drafts.setContentsMargins(0, 3, 0, 0)
        self._drafts.setSpacing(6)
        self.draft_row.hide()
        texts.addWidget(self.draft_row)
        row = QHBoxLayout(self)
        row.setContentsMargins(14, 7, 8, 7)
        row.setSpacing(9)
        row.addWidget(StateMark(Severity.WARNING), 0, Qt.AlignmentFlag.AlignTop)
        row.addLayout(texts, 1)
        row.addWidget(self.read_button, 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(self.close_button, 0, Qt.AlignmentFlag.AlignTop)

    def event(self, event: QEvent) -> bool:
        is_done = bool(super().event(event))
        if event.type() in (QEvent.Type.LayoutRequest, QEvent.Type.Resize):
            # A window asks what its parts need without asking how wide they are: lines would be taken from others.
            self.setMinimumHeight(self.heightForWidth(self.width()))
        return is_done

    def tell(self, reports: Sequence[CrashReport]) -> None:
        """Say what the newest is about, and how many there are."""
        newest = reports[0]
        others = f", and {len(reports) - 1} more" if len(reports) > 1 else ""
        self.sentence.setText(f"{_WORDS[newest.kind]} ({when(newest.at)}{others})")
        self.detail.setText(_KEPT)
        self.read_button.setText("Sho&w the reports…" if others else "Sho&w the report…")
        self._speak()
        self.show()
        QAccessible.updateAccessibility(QAccessibleEvent(self, QAccessible.Event.Alert))

    def show_drafts(self, drafts: Sequence[KeptDraft]) -> None:
        """Each opened by a click: the first ones have buttons, the others an entry of a menu."""
        while (item := self._drafts.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.deleteLater()
        self.draft_buttons, self.more_menu = [], None
        self.draft_row.setVisible(bool(drafts))
        if not drafts:
            return
        head = text_label("Staged edits that were &kept:")
        self._drafts.addWidget(head)
        for each in drafts[:_BUTTONS]:
            self._drafts.addWidget(self._draft_button(each))
        head.setBuddy(self.draft_buttons[0])
        if rest := drafts[_BUTTONS:]:
            self._drafts.addWidget(self._more_button(rest))
        self._speak()

    def _draft_button(self, draft: KeptDraft) -> QPushButton:
        button = QPushButton(draft.text.replace("&", "&&"))
        button.setProperty("look", "small")
        place = f" ({draft.place})" if draft.place else ""
        button.setAccessibleName(f"Open {plain(draft.title, 80)}{place}: {_count(draft.changes)} staged")
        button.setToolTip(f"{_count(draft.changes)} staged in {plain(draft.title, 80)}{place}")
        button.clicked.connect(partial(self._choose, draft.ref))
        self.draft_buttons.append(button)
        return button

    def _more_button(self, drafts: Sequence[KeptDraft]) -> QPushButton:
        button = QPushButton(f"{len(drafts)} more")
        button.setProperty("look", "small")
        button.setAccessibleName(f"{len(drafts)} more apps with staged edits")
        self.more_menu = menu = QMenu(button)
        for each in drafts:
            menu.addAction(each.text.replace("&", "&&")).triggered.connect(partial(self._choose, each.ref))
        button.setMenu(menu)
        return button

    def _choose(self, ref: AppRef, _checked: bool = False) -> None:
        self.draft_chosen.emit(ref)

    def _speak(self) -> None:
        self.setAccessibleName(f"{self.sentence.text()}. {self.detail.text()}")

    def dismiss(self) -> None:
        self.hide()
        self.dismissed.emit()

    def read(self) -> None:
        """The reports are being read: what is left to offer are the edits."""
        if not self.draft_buttons:
            self.hide()

    def refresh_looks(self) -> None:
        self.close_button.setIcon(sign("close"))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.dismiss()
        else:
            super().keyPressEvent(event)


class CrashReportDialog(SharedTextDialog):
    """Each report whole, the newest first. One that was shown is not offered again at the next start."""

    def __init__(self, reports: CrashReports, shown: Sequence[CrashReport], parent: QWidget | None = None) -> None:
        super().__init__("Crash report", _KEPT, parent)
        self._reports, self._shown = reports, list(shown)
        self.box = ChoiceBox()
        self.box.setAccessibleName("Which report")
        self.box.currentIndexChanged.connect(self._show_current)
        self.head.addWidget(self.box, 1)
        self.delete_button = QPushButton("&Delete")
        self.delete_button.setAutoDefault(False)
        self.delete_button.setAccessibleName("Delete this report")
        self.delete_button.clicked.connect(self.delete)
        self.buttons.insertWidget(2, self.delete_button)
        QWidget.setTabOrder(self.save_button, self.delete_button)
        self._fill()
        self.text.setFocus()

    def _fill(self, at: int = 0) -> None:
        self.box.blockSignals(True)
        self.box.clear()
        for each in self._shown:
            self.box.addItem(f"{when(each.at)} · {_WORDS[each.kind]}")
        self.box.blockSignals(False)
        self.box.setVisible(len(self._shown) > 1)
        self.box.setCurrentIndex(min(at, len(self._shown) - 1))
        self._show_current()

    def _show_current(self) -> None:
        at = self.box.currentIndex()
        self.delete_button.setEnabled(at >= 0)
        if at < 0:
            self.show_text("")
            self.sentence.setText("There is no report: every run so far ended as it should, or its report was deleted.")
            return
        report = self._shown[at]
        self.file_name = f"tenantry-{report.path.stem.removesuffix('-new')}.txt"
        self.show_text(report.text)
        self._try(lambda: self._mark(at, report))

    def _mark(self, at: int, report: CrashReport) -> None:
        self._shown[at] = self._reports.mark_read(report)

    def delete(self) -> None:
        at = self.box.currentIndex()
        if at >= 0 and self._try(lambda: self._reports.delete(self._shown[at])):
            del self._shown[at]
            self.copied.emit("Deleted the report")
            if self._shown:
                self._fill(at)
            else:
                self.accept()

    def _try(self, act: Callable[[], object]) -> bool:
        try:
            act()
        except OSError as error:
            problem = Invalid(
                f"The report cannot be changed: {plain(error.strerror or '', 120)}.",
                remedy="Look into the folder of crash reports in Tenantry's data folder.",
            )
            self.failed.emit(problem, "Crash report")
            return False
        return True


def _count(changes: int) -> str:
    return "1 change" if changes == 1 else f"{changes} changes"

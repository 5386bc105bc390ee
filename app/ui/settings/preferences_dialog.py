"""All settings on one page: searched by any word, in force as soon as they are changed."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent, QWheelEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QFrame,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QScrollArea,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from app.core.status import Severity
from app.core.text import plain
from app.core.words import counted
from app.ui.parts.badges import text_label
from app.ui.parts.check_mark import CheckBox
from app.ui.parts.dialog_size import fit
from app.ui.parts.empty_state import EmptyState
from app.ui.parts.form_field import ChoiceBox
from app.ui.parts.note_row import NoteRow, NoteStack
from app.ui.parts.number_box import NumberBox

from .preferences import SETTINGS, Preferences, Setting, Value


class PreferencesDialog(QDialog):
    """Opened with ``open()``. Export and import are of the window, which knows the connections."""

    export_requested = Signal()
    import_requested = Signal()

    def __init__(self, preferences: Preferences, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Preferences")
        self._preferences = preferences
        self.search = QLineEdit()
        self.rows: dict[str, SettingRow] = {}
        self._heads: dict[str, QWidget] = {}
        self._area = QScrollArea()
        self.empty = EmptyState()
        self.notes = NoteStack()
        self.reset_all_button = _button("Reset all", self._reset_all)
        self.export_button = _button("Export…", self.export_requested.emit)
        self.import_button = _button("Import…", self.import_requested.emit)
        self.close_button = _button("Close", self.accept)
        self._lay_out()
        self._tell_resets()
        preferences.changed.connect(self._follow)
        fit(self, 92, 40)
        self.search.setFocus()

    def _lay_out(self) -> None:
        self.search.setPlaceholderText("Search settings")
        self.search.setAccessibleName("Search settings")
        self.search.setClearButtonEnabled(True)
        self.search.setProperty("look", "filter")
        self.search.textChanged.connect(self._filter)
        self.reset_all_button.setToolTip("Give every setting the value that it came with")
        self.export_button.setToolTip("Write settings and connections to a file, without any secret")
        self.import_button.setToolTip("Read settings and connections from such a file; shows first what it would do")
        self.empty.hide()
        self.empty.activated.connect(self.search.clear)
        bottom = QHBoxLayout()
        for button in (self.export_button, self.import_button, self.reset_all_button):
            bottom.addWidget(button)
        bottom.addStretch(1)
        bottom.addWidget(self.close_button)
        box = QVBoxLayout(self)
        box.setContentsMargins(18, 16, 18, 14)
        box.setSpacing(10)
        box.addWidget(self.search)
        box.addWidget(self._area, 1)
        box.addWidget(self.empty, 1)
        box.addWidget(self.notes)
        box.addLayout(bottom)
        self._area.setWidgetResizable(True)
        self._area.setFrameShape(QFrame.Shape.NoFrame)
        self._area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._area.setWidget(self._list())

    def _list(self) -> QWidget:
        inner = QWidget()
        box = QVBoxLayout(inner)
        box.setContentsMargins(2, 0, 12, 0)
        box.setSpacing(12)
        for each in SETTINGS:
            if each.group not in self._heads:
                head = self._heads[each.group] = text_label(each.group, "heading")
                head.setContentsMargins(0, 8 if self.rows else 0, 0, 0)
                box.addWidget(head)
            row = self.rows[each.key] = SettingRow(each, self._preferences)
            box.addWidget(row)
        box.addStretch(1)
        return inner

    # Searching

    def _filter(self, text: str) -> None:
        words = text.casefold().split()
        shown_groups = set()
        for row in self.rows.values():
            is_shown = all(word in row.haystack for word in words)
            row.setVisible(is_shown)
            if is_shown:
                shown_groups.add(row.setting.group)
        for group, head in self._heads.items():
            head.setVisible(group in shown_groups)
        self._area.setVisible(bool(shown_groups))
        self.empty.setVisible(not shown_groups)
        if not shown_groups:
            self.empty.tell("No such setting", f"No setting has “{plain(text, 60)}” in it.", "Show all")

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Escape first empties the search; Enter never closes what is being searched."""
        if event.key() == Qt.Key.Key_Escape and self.search.text():
            self.search.clear()
            self.search.setFocus()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.search.hasFocus():
            first = next((row for row in self.rows.values() if not row.isHidden()), None)
            if first is not None:
                first.editor.setFocus(Qt.FocusReason.TabFocusReason)
        else:
            super().keyPressEvent(event)

    # Resetting

    def _follow(self, key: str) -> None:
        self.rows[key].tell()
        self._tell_resets()

    def _tell_resets(self) -> None:
        self.reset_all_button.setEnabled(any(not self._preferences.is_default(each.key) for each in SETTINGS))

    def _reset_all(self) -> None:
        before = {
            each.key: self._preferences.get(each.key) for each in SETTINGS if not self._preferences.is_default(each.key)
        }
        self._preferences.reset_all()
        sentence = f"{counted(len(before), 'setting')} reset."
        self.notes.show_rows([NoteRow(Severity.INFO, sentence, answers=[("Undo", partial(self._restore, before))])])
        self.notes.rows[0].buttons[0].setFocus()

    def _restore(self, before: dict[str, Value]) -> None:
        for key, value in before.items():
            self._preferences.set(key, value)
        self.notes.show_rows([])
        self.reset_all_button.setFocus()


class SettingRow(QWidget):
    """One setting: its editor, what it is for, and a way back while it is another than it came with."""

    def __init__(self, setting: Setting, preferences: Preferences, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setting = setting
        self._preferences = preferences
        choices = " ".join(label for _, label in setting.choices)
        words = (setting.label, setting.help, setting.group, setting.key, choices)
        self.haystack = " ".join(words).casefold()
        self.editor, self._show = _editor(setting, self._set)
        self.editor.setAccessibleName(setting.label)
        self.editor.setAccessibleDescription(setting.help)
        self.reset_button = QPushButton("Reset")
        self.reset_button.setProperty("look", "link")
        self.reset_button.setAutoDefault(False)
        self.reset_button.setAccessibleName(f"Reset: {setting.label}")
        self.reset_button.setToolTip(f"Reset to {setting.said(setting.default)}")
        self.reset_button.clicked.connect(self._reset)
        policy = self.reset_button.sizePolicy()
        policy.setRetainSizeWhenHidden(True)
        self.reset_button.setSizePolicy(policy)
        self._lay_out()
        self.tell()

    def _lay_out(self) -> None:
        row = QHBoxLayout()
        row.setSpacing(8)
        if self.setting.type is bool:
            row.addWidget(self.editor, 1)
        else:
            label = text_label(self.setting.label, "title")
            label.setBuddy(self.editor)
            label.setWordWrap(True)
            row.addWidget(label, 1)
            row.addWidget(self.editor)
        row.addWidget(self.reset_button)
        help_label = text_label(self.setting.help, "muted")
        help_label.setWordWrap(True)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(2)
        box.addLayout(row)
        box.addWidget(help_label)

    def tell(self) -> None:
        self._show(self._preferences.get(self.setting.key))
        self.reset_button.setVisible(not self._preferences.is_default(self.setting.key))

    def _set(self, value: Value) -> None:
        self._preferences.set(self.setting.key, value)

    def _reset(self) -> None:
        self.editor.setFocus()
        self._preferences.reset(self.setting.key)


class _StillChoiceBox(ChoiceBox):
    """The wheel scrolls the page; it never makes a choice that the pointer happens to pass."""

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()


def _editor(setting: Setting, put: Callable[[Value], None]) -> tuple[QWidget, Callable[[Value], None]]:
    """The widget for a setting, and what shows a value in it without putting it."""
    if setting.type is bool:
        return _check_box(setting, put)
    return _number_box(setting, put) if setting.type is int else _choice_box(setting, put)


def _check_box(setting: Setting, put: Callable[[Value], None]) -> tuple[QCheckBox, Callable[[Value], None]]:
    box = CheckBox(setting.label)
    box.clicked.connect(lambda is_on: put(bool(is_on)))
    return box, lambda value: box.setChecked(bool(value))


def _number_box(setting: Setting, put: Callable[[Value], None]) -> tuple[QSpinBox, Callable[[Value], None]]:
    box = NumberBox()
    box.setRange(setting.low, setting.high)
    box.setSuffix(f" {setting.unit}" if setting.unit else "")
    box.setSingleStep(10 if setting.key == "look.text_scale" else 1)
    # A number is put when it is typed to its end, not for each of its digits.
    box.setKeyboardTracking(False)

    def show(value: Value) -> None:
        box.blockSignals(True)
        box.setValue(int(value))
        box.blockSignals(False)

    box.valueChanged.connect(put)
    return box, show


def _choice_box(setting: Setting, put: Callable[[Value], None]) -> tuple[QComboBox, Callable[[Value], None]]:
    box = _StillChoiceBox()
    for value, label in setting.choices:
        box.addItem(label, value)
    box.activated.connect(lambda at: put(str(box.itemData(at))))
    return box, lambda value: box.setCurrentIndex(max(0, box.findData(value)))


def _button(text: str, act: Callable[[], object]) -> QPushButton:
    button = QPushButton(text)
    button.setAutoDefault(False)
    button.clicked.connect(lambda: act())
    return button

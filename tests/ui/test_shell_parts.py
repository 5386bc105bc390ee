"""Small parts of the shell that need no window."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtGui import QKeySequence, QShortcutEvent
from PySide6.QtWidgets import QApplication

from app.core.apps import AppState
from app.core.status import Health, Severity
from app.core.words import counted
from app.ui.look.icons import _LOOKS, State, state_word
from app.ui.look.theme import ThemeChoice
from app.ui.parts.ages import ago
from app.ui.parts.check_mark import CheckBox, RadioButton
from app.ui.parts.redaction import redacted
from app.ui.settings.settings import WindowSettings


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("Authorization: Bearer abc.def-1", "abc.def-1"),
        ("token per_0123456789abcdef", "per_0123456789abcdef"),
        ("admin-token: 3f1c-22", "3f1c-22"),
        ("postgres://me:hunter2@host/db", "hunter2"),
        ('{"password": "hunter2"}', "hunter2"),
    ],
)
def test_redacted_text_with_a_secret_hides_it(text: str, secret: str) -> None:
    assert secret not in redacted(text)
    assert "••" in redacted(text)


def test_every_state_has_a_drawing_and_a_word() -> None:
    states: list[State] = [*AppState, *Health, *Severity]
    assert set(states) <= set(_LOOKS)
    assert all(state_word(each) for each in states)


def test_states_of_apps_differ_in_shape() -> None:
    drawings = [_LOOKS[each][0] for each in AppState]
    assert len(set(drawings)) == len(drawings)


@pytest.mark.parametrize(
    ("age_s", "words"),
    [(0, "just now"), (4, "4 s ago"), (125, "2 min ago"), (7300, "2 h ago"), (260_000, "3 days ago")],
)
def test_ago_speaks_in_one_unit(age_s: float, words: str) -> None:
    assert ago(1_000_000 - age_s, 1_000_000) == words


def test_counted_one_is_singular() -> None:
    assert (counted(1, "entity", "entities"), counted(1204, "entity", "entities")) == ("1 entity", "1,204 entities")


def test_settings_with_damaged_values_read_as_defaults(tmp_path: Path) -> None:
    path = tmp_path / "window.ini"
    path.write_text("[look]\ntheme=pink\ntext_scale=huge\n[tree]\nopen=[1,\n[window]\nbottom_tab=x\n")
    settings = WindowSettings(path)
    assert (settings.theme, settings.text_scale, settings.open_nodes) == (ThemeChoice.SYSTEM, 100, ())
    assert (settings.bottom_tab, settings.connection_id) == (0, None)


@pytest.mark.parametrize("kind", [CheckBox, RadioButton])
def test_box_pressed_by_its_letter_is_checked_at_once(qtbot, kind):
    box = kind("&Main database")
    qtbot.addWidget(box)
    box.show()
    qtbot.waitExposed(box)
    shortcut = QKeySequence.mnemonic(box.text())
    QApplication.sendEvent(box, QShortcutEvent(shortcut, 0))
    assert box.isChecked()
    assert not box.isDown()

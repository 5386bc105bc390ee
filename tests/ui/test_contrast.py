"""Every text of every screen stands off from what is behind it: measured in what is painted, and in the roles."""

from __future__ import annotations

from dataclasses import fields

import pytest
from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QApplication

from app.ui.look.theme import DARK, LIGHT, Colours, Theme, ThemeChoice, colours
from app.ui.look.theme_contrast import CONTRAST, contrast, contrast_colours
from tests.ui.survey import SCREENS, survey

GROUNDS = ("window", "surface", "card", "hover", "selection")
WORDS = ("text", "muted", "link", "good", "warning", "danger", "info")
PAIRS = (
    *((word, ground) for word in WORDS for ground in GROUNDS),
    *((state, f"{state}_fill") for state in ("good", "warning", "danger", "info")),
    *((word, f"{state}_fill") for word in ("text", "muted", "link") for state in ("good", "warning", "danger", "info")),
    ("on_accent", "accent"),
    ("on_accent", "accent_hover"),
    ("chip_text", "chip"),
    ("tip_text", "tip"),
    ("tip_muted", "tip"),
    ("on_local", "local"),
    ("on_staging", "staging"),
    ("on_production", "production"),
)


def palette(window: str, text: str, highlight: str, on_highlight: str) -> QPalette:
    made, role = QPalette(), QPalette.ColorRole
    for each in (role.Window, role.Base, role.Button):
        made.setColor(each, QColor(window))
    for each in (role.WindowText, role.Text, role.ButtonText):
        made.setColor(each, QColor(text))
    made.setColor(role.Highlight, QColor(highlight))
    made.setColor(role.HighlightedText, QColor(on_highlight))
    return made


LOOKS = {
    "light": (LIGHT, 4.5),
    "dark": (DARK, 4.5),
    "contrast": (CONTRAST, 7.0),
    "system, white on black": (contrast_colours(palette("#000000", "#ffffff", "#1aebff", "#000000")), 7.0),
    "system, black on white": (contrast_colours(palette("#ffffff", "#000000", "#37006e", "#ffffff")), 7.0),
    "system, dusk": (contrast_colours(palette("#2d3236", "#ffffff", "#a1bfde", "#212d3b")), 7.0),
}


@pytest.mark.parametrize("name", LOOKS)
def test_each_role_of_a_text_stands_off_from_what_it_is_painted_on(name: str) -> None:
    look, least = LOOKS[name]
    found = {
        (word, ground): contrast(QColor(getattr(look, word)), QColor(getattr(look, ground))) for word, ground in PAIRS
    }
    assert {pair: round(ratio, 2) for pair, ratio in found.items() if ratio < least} == {}


@pytest.mark.parametrize("theme", [ThemeChoice.LIGHT, ThemeChoice.DARK, ThemeChoice.CONTRAST])
@pytest.mark.parametrize("name", SCREENS)
def test_each_text_of_a_screen_stands_off(qapp: QApplication, name: str, theme: ThemeChoice) -> None:
    assert survey(name, 100).pale[theme] == []


def test_contrast_is_measured_as_it_is_defined() -> None:
    assert contrast(QColor("#000000"), QColor("#ffffff")) == pytest.approx(21.0)
    assert contrast(QColor("#767676"), QColor("#ffffff")) == pytest.approx(4.54, abs=0.01)


# The system


class Desktop(QObject):
    """A desktop whose settings a test changes."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.is_dark = self.wants_contrast = False
        self.given = palette("#000000", "#ffffff", "#1aebff", "#000000")

    def palette(self) -> QPalette:
        return self.given

    def set(self, *, is_dark: bool, wants_contrast: bool = False) -> None:
        self.is_dark, self.wants_contrast = is_dark, wants_contrast
        self.changed.emit()


@pytest.fixture
def desktop() -> Desktop:
    return Desktop()


def theme_on(qapp: QApplication, desktop: Desktop, choice: ThemeChoice) -> Theme:
    return Theme(qapp, choice, system=desktop)  # type: ignore[arg-type]


def test_system_theme_follows_the_desktop_while_it_runs(qapp: QApplication, desktop: Desktop) -> None:
    theme = theme_on(qapp, desktop, ThemeChoice.SYSTEM)
    assert colours() == LIGHT
    desktop.set(is_dark=True)
    assert colours() == DARK
    assert qapp.palette().window().color().name() == DARK.window
    assert DARK.text in qapp.styleSheet()
    desktop.set(is_dark=True, wants_contrast=True)
    assert colours().is_contrast
    assert colours().accent == "#1aebff"
    desktop.set(is_dark=False)
    assert colours() == LIGHT
    theme.deleteLater()


def test_chosen_theme_stays_whatever_the_desktop_does(qapp: QApplication, desktop: Desktop) -> None:
    theme = theme_on(qapp, desktop, ThemeChoice.LIGHT)
    desktop.set(is_dark=True, wants_contrast=True)
    assert colours() == LIGHT
    theme.deleteLater()


def test_high_contrast_without_one_of_the_desktop_is_black_white_and_yellow(
    qapp: QApplication, desktop: Desktop
) -> None:
    theme = theme_on(qapp, desktop, ThemeChoice.CONTRAST)
    assert colours() == CONTRAST
    assert theme.is_dark
    assert {CONTRAST.window, CONTRAST.text, CONTRAST.accent} == {"#000000", "#ffffff", "#ffff00"}
    theme.set_choice(ThemeChoice.LIGHT)
    theme.deleteLater()


def test_palette_of_low_contrast_is_not_followed(qapp: QApplication) -> None:
    assert contrast_colours(palette("#ffffff", "#777777", "#3468eb", "#ffffff")) == CONTRAST
    assert contrast_colours(None) == CONTRAST


def test_every_colour_is_one() -> None:
    for look, _least in LOOKS.values():
        assert isinstance(look, Colours)
        assert all(QColor(getattr(look, each.name)).isValid() for each in fields(look) if each.type == "str")

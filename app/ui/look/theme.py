"""The look of all windows: which colours are in force, the fonts, the palette and the style sheet."""

from __future__ import annotations

from enum import StrEnum

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QColor, QFont, QFontDatabase, QPalette
from PySide6.QtWidgets import QApplication

from app.core.connection import Environment
from app.ui.look.theme_colours import DARK, LIGHT, Colours
from app.ui.look.theme_sheet import style_sheet
from app.ui.look.theme_system import SystemLook

__all__ = ["DARK", "LIGHT", "Colours", "Theme", "ThemeChoice", "badge_colours", "badge_text", "colours"]


class ThemeChoice(StrEnum):
    SYSTEM = "system"
    LIGHT = "light"
    DARK = "dark"
    CONTRAST = "contrast"


# What is painted by hand (icons, badges, delegates) asks here; a Theme sets it.
_current: Colours = LIGHT


def colours() -> Colours:
    """The colours in force; ask at the time of painting, they change with the theme."""
    return _current


def badge_colours(environment: Environment) -> tuple[str, str]:
    """(background, text) of an environment's badge."""
    look = colours()
    return {
        Environment.LOCAL: (look.local, look.on_local),
        Environment.STAGING: (look.staging, look.on_staging),
        Environment.PRODUCTION: (look.production, look.on_production),
    }[environment]


def badge_text(environment: Environment) -> str:
    """Production is spelled out in capitals: colour alone does not tell."""
    return {
        Environment.LOCAL: "Local",
        Environment.STAGING: "Staging",
        Environment.PRODUCTION: "PRODUCTION",
    }[environment]


def mono_font() -> QFont:
    """The fixed-width font of the system, in the size of the window's text."""
    font = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
    font.setStyleHint(QFont.StyleHint.Monospace)
    font.setPointSizeF(QApplication.font().pointSizeF())
    return font


def scaled_font(factor: float, *, is_bold: bool = False) -> QFont:
    """The window's font, ``factor`` times as large."""
    font = QFont(QApplication.font())
    font.setPointSizeF(font.pointSizeF() * factor)
    if is_bold:
        font.setWeight(QFont.Weight.DemiBold)
    return font


class Theme(QObject):
    """Dresses the application; follows the system unless a choice was made, and is told when that changes.

    ``changed`` is sent after the palette and the style sheet are in force. ``text_scale`` is in per cent.
    """

    changed = Signal()

    def __init__(
        self,
        application: QApplication,
        choice: ThemeChoice = ThemeChoice.SYSTEM,
        text_scale: int = 100,
        *,
        is_sheet_later: bool = False,
        system: SystemLook | None = None,
    ) -> None:
        """``is_sheet_later`` leaves the style sheet to ``dress``: widgets that are put together under a sheet are
        polished anew at each step, which takes longer than all the rest of building the window."""
        super().__init__(application)
        self._is_sheet_later = is_sheet_later
        self._application = application
        self._base_size = application.font().pointSizeF()
        self.choice = choice
        self.text_scale = text_scale
        self._applied: tuple[Colours, int] | None = None
        self._system = system or SystemLook(self)
        self._system.changed.connect(self._follow)
        self._apply()

    @property
    def is_dark(self) -> bool:
        return colours().is_dark

    def set_choice(self, choice: ThemeChoice) -> None:
        self.choice = choice
        self._apply()

    def set_text_scale(self, per_cent: int) -> None:
        self.text_scale = max(70, min(200, per_cent))
        self._apply()

    def dress(self) -> None:
        """Put the style sheet in force."""
        self._is_sheet_later = False
        if self._application.styleSheet():
            # With a dozen tabs open, one sheet in place of another takes Qt 470 ms, off and on again 100 ms.
            self._application.setStyleSheet("")
        self._application.setStyleSheet(style_sheet(colours(), self._application.font().pointSizeF()))

    def _follow(self) -> None:
        if self.choice in (ThemeChoice.SYSTEM, ThemeChoice.CONTRAST):
            self._apply()

    def _wanted(self) -> Colours:
        system, choice = self._system, self.choice
        if choice is ThemeChoice.CONTRAST or (choice is ThemeChoice.SYSTEM and system.wants_contrast):
            from app.ui.look.theme_contrast import contrast_colours

            return contrast_colours(system.palette() if system.wants_contrast else None)
        is_dark = system.is_dark if choice is ThemeChoice.SYSTEM else choice is ThemeChoice.DARK
        return DARK if is_dark else LIGHT

    def _apply(self) -> None:
        global _current
        look = self._wanted()
        if self._applied == (look, self.text_scale):
            return
        is_first = self._applied is None
        self._applied = (look, self.text_scale)
        _current = look
        font = self._application.font()
        font.setPointSizeF(self._base_size * self.text_scale / 100)
        self._application.setFont(font)
        self._application.setPalette(palette(look))
        if not self._is_sheet_later:
            self.dress()
        if not is_first:
            self.changed.emit()


def palette(look: Colours) -> QPalette:
    role = QPalette.ColorRole
    made = QPalette()
    for each, colour in {
        role.Window: look.window,
        role.WindowText: look.text,
        role.Base: look.surface,
        role.AlternateBase: look.card,
        role.Text: look.text,
        role.Button: look.card,
        role.ButtonText: look.text,
        role.BrightText: look.danger,
        role.Highlight: look.selection,
        role.HighlightedText: look.text,
        role.Link: look.link,
        role.LinkVisited: look.link,
        role.ToolTipBase: look.tip,
        role.ToolTipText: look.tip_text,
        role.PlaceholderText: look.muted,
        role.Mid: look.line_strong,
        role.Dark: look.line_strong,
        role.Midlight: look.line,
        role.Light: look.surface,
        role.Accent: look.accent,
    }.items():
        made.setColor(each, QColor(colour))
    for each in (role.WindowText, role.Text, role.ButtonText):
        made.setColor(QPalette.ColorGroup.Disabled, each, QColor(look.neutral))
    return made

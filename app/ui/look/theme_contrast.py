"""Colours of high contrast: those of the system where it is set so, else white and yellow on black.

Each text reaches 7:1 on whatever it is painted on; edges are as strong as text.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from PySide6.QtGui import QColor, QPalette

from app.ui.look.theme_colours import Colours

LEAST = 7.0
_SURELY = 7.1  # names of colours are rounded
_STEPS = 40


def luminance(colour: QColor) -> float:
    """Relative luminance, 0 to 1 (WCAG 2.2)."""
    parts = (colour.redF(), colour.greenF(), colour.blueF())
    red, green, blue = (each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: QColor, other: QColor) -> float:
    """How far two colours are apart, 1 to 21 (WCAG 2.2)."""
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


CONTRAST = Colours(
    is_dark=True,
    is_contrast=True,
    window="#000000",
    surface="#000000",
    card="#000000",
    hover="#2a2a2a",
    line="#a6a6a6",
    line_strong="#ffffff",
    text="#ffffff",
    muted="#ffffff",
    accent="#ffff00",
    accent_hover="#ffff99",
    on_accent="#000000",
    link="#ffff00",
    selection="#002f75",
    chip="#2a2a2a",
    chip_text="#ffffff",
    good="#7dffb0",
    warning="#ffcf70",
    danger="#ffb3b3",
    neutral="#bdbdbd",
    info="#a6d4ff",
    warning_fill="#2b1f00",
    danger_fill="#330a0a",
    info_fill="#001f3d",
    good_fill="#002916",
    tip="#000000",
    tip_text="#ffffff",
    tip_muted="#ffffff",
    local="#000000",
    on_local="#ffffff",
    staging="#000000",
    on_staging="#ffff00",
    production="#ff7a7a",
    on_production="#000000",
)
_ON_WHITE = replace(
    CONTRAST,
    is_dark=False,
    window="#ffffff",
    surface="#ffffff",
    card="#ffffff",
    hover="#e6e6e6",
    line="#595959",
    line_strong="#000000",
    text="#000000",
    muted="#000000",
    accent="#00206b",
    accent_hover="#003399",
    on_accent="#ffffff",
    link="#00206b",
    selection="#cfe0ff",
    chip="#e6e6e6",
    chip_text="#000000",
    good="#00401f",
    warning="#5c2e00",
    danger="#7a0008",
    neutral="#4d4d4d",
    info="#00336b",
    warning_fill="#fff0d1",
    danger_fill="#ffe3e3",
    info_fill="#e0edff",
    good_fill="#dcf7e8",
    tip="#ffffff",
    tip_text="#000000",
    tip_muted="#000000",
    local="#ffffff",
    on_local="#000000",
    staging="#ffffff",
    on_staging="#5c2e00",
    production="#7a0008",
    on_production="#ffffff",
)
_ROLE = QPalette.ColorRole


def contrast_colours(system: QPalette | None) -> Colours:
    """``system`` is the palette of a desktop that is set to high contrast, None where it is not."""
    return _following(system) if system is not None and is_high(system) else CONTRAST


def is_high(palette: QPalette) -> bool:
    """Whether all texts of a palette reach 7:1."""
    pairs = (
        (_ROLE.Window, _ROLE.WindowText),
        (_ROLE.Base, _ROLE.Text),
        (_ROLE.Button, _ROLE.ButtonText),
        (_ROLE.Highlight, _ROLE.HighlightedText),
    )
    return all(contrast(palette.color(fill), palette.color(text)) >= LEAST for fill, text in pairs)


def _following(system: QPalette) -> Colours:
    window, base, text = (system.color(each) for each in (_ROLE.Window, _ROLE.Base, _ROLE.WindowText))
    look = CONTRAST if luminance(window) < luminance(text) else _ON_WHITE
    words, accent = text.name(), system.color(_ROLE.Highlight)
    fill = base if contrast(base, text) >= LEAST else window
    # Texts on what is selected keep their own colours, so that the fill gives way instead.
    selection = _apart(accent, window, (text,))
    fills: dict[str, Any] = {name: _apart(QColor(getattr(look, name)), window, (text,)).name() for name in _FILLS}
    grounds = (window, fill, selection, *(QColor(each) for each in fills.values()))
    states: dict[str, Any] = {name: _apart(QColor(getattr(look, name)), text, grounds).name() for name in _WORDS}
    link = _apart(system.color(_ROLE.Link), text, grounds)
    return replace(
        look,
        window=window.name(),
        surface=fill.name(),
        card=window.name(),
        line_strong=words,
        text=words,
        muted=words,
        chip_text=words,
        accent=accent.name(),
        accent_hover=accent.name(),
        on_accent=system.color(_ROLE.HighlightedText).name(),
        link=link.name(),
        selection=selection.name(),
        **fills,
        **states,
        tip=window.name(),
        tip_text=words,
        tip_muted=words,
        local=window.name(),
        on_local=words,
        staging=window.name(),
        on_staging=_apart(QColor(look.on_staging), text, (window,)).name(),
    )


_FILLS = ("hover", "chip", "warning_fill", "danger_fill", "info_fill", "good_fill")
_WORDS = ("good", "warning", "danger", "neutral", "info")


def _apart(colour: QColor, towards: QColor, others: tuple[QColor, ...]) -> QColor:
    """The colour, brought as near to ``towards`` as it takes to stand off from the others."""
    for step in range(_STEPS + 1):
        share = step / _STEPS
        mixed = QColor.fromRgbF(
            colour.redF() + (towards.redF() - colour.redF()) * share,
            colour.greenF() + (towards.greenF() - colour.greenF()) * share,
            colour.blueF() + (towards.blueF() - colour.blueF()) * share,
        )
        if all(contrast(mixed, each) >= _SURELY for each in others):
            return mixed
    return towards

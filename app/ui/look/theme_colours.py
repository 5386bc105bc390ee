"""Colours by role, light and dark."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Colours:
    """One colour per role, as ``#rrggbb``. Text roles reach 4.5:1 on ``window``, ``surface`` and ``card``."""

    is_dark: bool
    window: str  # behind everything
    surface: str  # lists, trees, editors
    card: str  # cards and strips that stand out a little
    hover: str
    line: str
    line_strong: str
    text: str
    muted: str
    accent: str
    accent_hover: str
    on_accent: str
    link: str
    selection: str
    chip: str
    chip_text: str
    good: str
    warning: str
    danger: str
    neutral: str
    info: str
    warning_fill: str
    danger_fill: str
    info_fill: str
    good_fill: str
    tip: str
    tip_text: str
    tip_muted: str
    local: str
    on_local: str
    staging: str
    on_staging: str
    production: str
    on_production: str
    is_contrast: bool = False  # each text reaches 7:1, edges and focus are drawn strong


LIGHT = Colours(
    is_dark=False,
    window="#ffffff",
    surface="#ffffff",
    card="#f5f6f8",
    hover="#eef1f5",
    line="#e3e6eb",
    line_strong="#cfd4dc",
    text="#1c222b",
    muted="#5b6573",
    accent="#3468eb",
    accent_hover="#2a58cc",
    on_accent="#ffffff",
    link="#2454cf",
    selection="#e2ebff",
    chip="#e9edf2",
    chip_text="#4a5463",
    good="#0f6b3f",
    warning="#955100",
    danger="#c42b31",
    neutral="#6b7480",
    info="#2560c8",
    warning_fill="#fdf3e0",
    danger_fill="#fdeaea",
    info_fill="#e9f1ff",
    good_fill="#e5f6ee",
    tip="#1d232d",
    tip_text="#f2f4f7",
    tip_muted="#a9b2bf",
    local="#dcebff",
    on_local="#17509c",
    staging="#f7e3bd",
    on_staging="#6d4700",
    production="#c9252d",
    on_production="#ffffff",
)
DARK = Colours(
    is_dark=True,
    window="#1b2027",
    surface="#1b2027",
    card="#14181d",
    hover="#262d37",
    line="#2c333d",
    line_strong="#3d4652",
    text="#e9edf2",
    muted="#9aa5b3",
    accent="#7ba0ff",
    accent_hover="#98b5ff",
    on_accent="#0d1524",
    link="#8fb0ff",
    selection="#26365f",
    chip="#2a313b",
    chip_text="#b6c0cc",
    good="#4cc38a",
    warning="#eba13c",
    danger="#ff7a7a",
    neutral="#8b96a4",
    info="#7fb0ff",
    warning_fill="#33291a",
    danger_fill="#3a2023",
    info_fill="#1c2a42",
    good_fill="#18322a",
    tip="#0f1318",
    tip_text="#e9edf2",
    tip_muted="#9aa5b3",
    local="#1d3a66",
    on_local="#b4d2ff",
    staging="#54411b",
    on_staging="#ffdf9e",
    production="#d9363e",
    on_production="#ffffff",
)

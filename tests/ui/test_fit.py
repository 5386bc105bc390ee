"""Every screen has room for its texts and controls, at 100 and 200 %, and with a font that is larger by a fifth."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication

from app.ui.theme import DARK, LIGHT, ThemeChoice
from app.ui.theme_sheet import style_sheet
from tests.ui.survey import LOOKS, SCREENS, survey

_ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("per_cent", LOOKS)
@pytest.mark.parametrize("name", SCREENS)
def test_screen_has_room_for_all_that_it_shows(qapp: QApplication, name: str, per_cent: int) -> None:
    assert {theme.value: found for theme, found in survey(name, per_cent).tight.items() if found} == {}


def test_light_and_dark_differ_in_colours_only() -> None:
    light, dark = (re.sub(r"#[0-9a-f]{6}", "#", style_sheet(look, 9.0)) for look in (LIGHT, DARK))
    assert light == dark
    assert ThemeChoice.LIGHT in LOOKS[100] and ThemeChoice.DARK in LOOKS[100]


@pytest.mark.parametrize("factor", ["1.5", "2"])
def test_screens_have_room_where_the_display_is_scaled(factor: str) -> None:
    """In a process of its own: Qt reads the factor once, when it starts."""
    environment = os.environ | {"QT_SCALE_FACTOR": factor, "QT_QPA_PLATFORM": "offscreen"}
    done = subprocess.run(
        [sys.executable, "-m", "tests.ui.scaled"],
        cwd=_ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.stdout.splitlines()[-1:] == [f"{factor}: all fits"], done.stdout + done.stderr

"""Every screen has room for its texts and controls, at 100 and 200 %, and with a font that is larger by a fifth."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication

from app.ui.look.theme import DARK, LIGHT, ThemeChoice
from app.ui.look.theme_sheet import style_sheet
from tests.ui.survey import LOOKS, SCREENS, survey

_ROOT = Path(__file__).parents[2]
_FACTORS = ("1.5", "2")


@pytest.fixture(scope="module", autouse=True)
def scaled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, tuple[subprocess.Popen[str], Path]]]:
    """In processes of their own, beside the other tests: Qt reads the factor once, when it starts."""
    folder, made = tmp_path_factory.mktemp("scaled"), {}
    for factor in _FACTORS:
        environment = os.environ | {"QT_SCALE_FACTOR": factor, "QT_QPA_PLATFORM": "offscreen"}
        output = folder / factor
        with output.open("w") as file:
            command = [sys.executable, "-m", "tests.ui.scaled"]
            process = subprocess.Popen(
                command, cwd=_ROOT, env=environment, stdout=file, stderr=subprocess.STDOUT, text=True
            )
        made[factor] = (process, output)
    yield made
    for process, _ in made.values():
        process.kill()
        process.wait()


@pytest.mark.parametrize("per_cent", LOOKS)
@pytest.mark.parametrize("name", SCREENS)
def test_screen_has_room_for_all_that_it_shows(qapp: QApplication, name: str, per_cent: int) -> None:
    assert {theme.value: found for theme, found in survey(name, per_cent).tight.items() if found} == {}


def test_light_and_dark_differ_in_colours_only() -> None:
    light, dark = (re.sub(r"#[0-9a-f]{6}", "#", style_sheet(look, 9.0)) for look in (LIGHT, DARK))
    assert light == dark
    assert {ThemeChoice.LIGHT, ThemeChoice.DARK} <= set(LOOKS[100])


@pytest.mark.parametrize("factor", _FACTORS)
def test_screens_have_room_where_the_display_is_scaled(
    scaled: dict[str, tuple[subprocess.Popen[str], Path]], factor: str
) -> None:
    process, output = scaled[factor]
    process.wait(timeout=400)
    told = output.read_text()
    assert told.splitlines()[-1:] == [f"{factor}: all fits"], told

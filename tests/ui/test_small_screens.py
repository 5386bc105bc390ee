"""The main window on a small screen: 1366 × 768, and 1920 × 1080 at 200 %, which leaves 960 × 540."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QSize
from PySide6.QtWidgets import QApplication

from app.ui.look.theme import Theme, ThemeChoice
from tests.ui.fitting import misfits
from tests.ui.painted import texts
from tests.ui.screens import SCREENS, WINDOW_PAGES
from tests.ui.stage import Stage

_SMALL, _USUAL = QSize(960, 540), QSize(1366, 768)


@pytest.fixture
def stage(qapp: QApplication) -> Iterator[Stage]:
    made = Stage(qapp, Theme(qapp, ThemeChoice.LIGHT))
    yield made
    made.close()


@pytest.mark.parametrize("name", WINDOW_PAGES)
def test_window_fits_and_all_in_it_has_room(stage: Stage, name: str) -> None:
    SCREENS[name](stage)
    window = stage.window()
    for size in (_USUAL, _SMALL):
        stage.quiet()
        window.resize(size)
        stage.quiet()
        # What has adapted itself may want less now.
        window.resize(size)
        stage.quiet()
        assert window.size() == size
        assert misfits(window, texts(window)) == []


def test_what_a_crash_left_does_not_make_the_window_wider_than_the_screen(stage: Stage) -> None:
    SCREENS["crash-bar"](stage)
    stage.quiet()
    assert stage.window().minimumSizeHint().width() <= _SMALL.width()
    assert stage.window().minimumSizeHint().height() <= _SMALL.height()


def test_parts_that_gave_way_come_back(stage: Stage) -> None:
    window = stage.window()
    assert window.bottom is not None
    window.resize(_SMALL)
    window.show_activity()
    stage.quiet()
    low = window.overview.cards.height()
    assert not window.overview.strip.rows()
    window.resize(1440, 900)
    stage.quiet()
    assert window.overview.cards.height() > low
    assert len(window.overview.strip.rows()) == 2
    assert window.bottom.activity.bar.isVisible()

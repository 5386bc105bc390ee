"""Every control of every screen can be heard of and reached without a mouse; states and environments have words."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QDialog

from app.core.connection import Environment
from app.ui.look.icons import _WORDS, state_word
from app.ui.look.theme import Theme, ThemeChoice, badge_text
from app.ui.parts.badges import StateMark
from app.ui.parts.environment_badge import SPOKEN, EnvironmentBadge
from tests.ui.screens import SCREENS
from tests.ui.stage import CLOUD, Stage
from tests.ui.survey import survey


@pytest.mark.parametrize("name", SCREENS)
def test_controls_of_a_screen_have_names_and_an_order(qapp: QApplication, name: str) -> None:
    assert survey(name, 100).access == []


# Dialogs that act on a production connection
_PRODUCTION = (
    "connection-edit",
    "remove-connection",
    "create-app",
    "delete-app",
    "plan-production",
    "rename-app",
    "link-app",
    "unlink-app",
    "put-store-back",
    "clean-up",
    "give-up-database",
    "rotate-tokens",
    "move-plan",
)


@pytest.mark.parametrize("name", _PRODUCTION)
def test_dialog_about_production_says_so_in_word_and_shape(qapp: QApplication, name: str) -> None:
    stage = Stage(qapp, Theme(qapp, ThemeChoice.LIGHT))
    try:
        dialog = SCREENS[name](stage)
        stage.quiet()
        assert isinstance(dialog, QDialog)
        badges = [each for each in dialog.findChildren(EnvironmentBadge) if each.isVisible()]
        assert Environment.PRODUCTION in {each.environment for each in badges}
        assert SPOKEN[Environment.PRODUCTION] in {each.accessibleName() for each in badges}
    finally:
        stage.close()


def test_environment_is_on_every_row_tab_and_in_the_window(qapp: QApplication) -> None:
    stage = Stage(qapp, Theme(qapp, ThemeChoice.LIGHT))
    try:
        window = stage.window()
        model = window.overview.app_list.model
        spoken = Qt.ItemDataRole.AccessibleTextRole
        for row in range(model.rowCount()):
            words = " ".join(str(model.index(row, column).data(spoken) or "") for column in range(model.columnCount()))
            assert any(each.value in words.lower() for each in Environment), words
        SCREENS["schema-grids"](stage)
        assert badge_text(Environment.PRODUCTION) in window.tabs.tabText(window.tabs.currentIndex())
        window.choose_connection(CLOUD.id)
        assert window.production_bar.isVisible()
        assert "production" in window.windowTitle()
    finally:
        stage.close()


def test_each_state_has_a_word_that_a_screen_reader_says(qapp: QApplication) -> None:
    for state in _WORDS:
        mark = StateMark(state)
        assert mark.accessibleName() == state_word(state)
        assert mark.toolTip()


def test_each_state_has_a_shape_of_its_own(qapp: QApplication) -> None:
    """Within a kind of state, no two are told apart by colour alone."""
    from PySide6.QtCore import QRect
    from PySide6.QtGui import QImage, QPainter

    from app.ui.look.icons import paint_state

    for kind in {type(each) for each in _WORDS}:
        shapes: dict[bytes, object] = {}
        for state in kind:
            image = QImage(48, 48, QImage.Format.Format_Alpha8)
            image.fill(0)
            painter = QPainter(image)
            paint_state(painter, QRect(0, 0, 48, 48), state)
            painter.end()
            ink = bytes(image.constBits())
            assert ink not in shapes, f"{state} looks like {shapes[ink]}"
            shapes[ink] = state

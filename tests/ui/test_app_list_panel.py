"""The app list as an operator uses it: clicks and keys on the real widgets."""

from __future__ import annotations

from typing import Any

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication
from pytestqt.qtbot import QtBot

from app.core.apps import AppSummary
from app.core.refs import AppRef
from app.ui.apps.app_list_panel import AppListPanel
from app.ui.apps.app_table import AppColumn
from tests.ui.content_fakes import ANA, CLOUD, GIL, LOCAL, TAR, apps


@pytest.fixture
def panel(qtbot: QtBot) -> AppListPanel:
    made = AppListPanel()
    qtbot.addWidget(made)
    made.resize(1200, 400)
    made.set_connections((LOCAL, CLOUD))
    made.set_apps(apps())
    made.show()
    QGuiApplication.clipboard().clear()
    return made


def _row(panel: AppListPanel, app_id: str) -> int:
    return next(row for row in range(panel.model.rowCount()) if panel.model.app(row).app_id == app_id)


def _place(panel: AppListPanel, app_id: str, column: int, x: int = 20) -> QPoint:
    rect = panel.view.visualRect(panel.model.index(_row(panel, app_id), column))
    return QPoint(rect.left() + x, rect.center().y())


def _click(qtbot: QtBot, panel: AppListPanel, app_id: str, column: int, **more: Any) -> None:
    modifier = more.get("modifier", Qt.KeyboardModifier.NoModifier)
    place = _place(panel, app_id, column, more.get("x", 20))
    qtbot.mouseClick(panel.view.viewport(), Qt.MouseButton.LeftButton, modifier, place)


def _clipboard() -> str:
    return QGuiApplication.clipboard().text()


def _ids(panel: AppListPanel) -> list[str]:
    return [panel.model.app(row).app_id for row in range(panel.model.rowCount())]


def test_app_list_one_click_on_the_id_copies_it_and_says_what(panel: AppListPanel, qtbot: QtBot) -> None:
    with qtbot.waitSignal(panel.copied) as said:
        _click(qtbot, panel, ANA, AppColumn.APP_ID)
    assert _clipboard() == ANA
    assert said.args == [f"Copied app ID of Ana’s workspace: {ANA}"]


def test_app_list_click_beside_the_id_or_on_the_title_copies_nothing(panel: AppListPanel, qtbot: QtBot) -> None:
    _click(qtbot, panel, "eva", AppColumn.APP_ID, x=200)
    _click(qtbot, panel, ANA, AppColumn.TITLE)
    assert _clipboard() == ""


def test_app_list_pointer_over_the_id_is_a_hand(panel: AppListPanel, qtbot: QtBot) -> None:
    qtbot.mouseMove(panel.view.viewport(), _place(panel, ANA, AppColumn.APP_ID))
    assert panel.view.viewport().cursor().shape() == Qt.CursorShape.PointingHandCursor
    qtbot.mouseMove(panel.view.viewport(), _place(panel, ANA, AppColumn.TITLE))
    assert panel.view.viewport().cursor().shape() != Qt.CursorShape.PointingHandCursor


def test_app_list_copied_id_is_marked_in_the_row(panel: AppListPanel, qtbot: QtBot) -> None:
    before = panel.view.viewport().grab().toImage()
    panel.view.mark_copied(_row(panel, ANA))
    assert panel.view.viewport().grab().toImage() != before


def test_app_list_ctrl_c_copies_ids_of_the_selection_in_order(panel: AppListPanel, qtbot: QtBot) -> None:
    _click(qtbot, panel, GIL, AppColumn.TITLE)
    _click(qtbot, panel, TAR, AppColumn.TITLE, modifier=Qt.KeyboardModifier.ControlModifier)
    qtbot.keyClick(panel.view, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert _clipboard() == f"{TAR}\n{GIL}"


def test_app_list_menu_copies_in_each_format(panel: AppListPanel, qtbot: QtBot) -> None:
    _click(qtbot, panel, ANA, AppColumn.TITLE)
    actions = {each.text(): each for each in panel.make_menu().actions()}
    actions["Copy as .env line"].trigger()
    assert _clipboard() == f"INSTANT_APP_ID={ANA}"
    actions["Copy as JSON"].trigger()
    assert f'"app_id": "{ANA}"' in _clipboard()
    actions["Copy as CSV"].trigger()
    assert _clipboard().startswith("app_id,title")


def test_app_list_menu_acts_need_exactly_one_app(panel: AppListPanel) -> None:
    panel.view.selectAll()
    actions = {each.text(): each for each in panel.make_menu().actions()}
    assert actions["Copy 5 app IDs"].isEnabled()
    assert not actions["Rename…"].isEnabled()


@pytest.mark.parametrize(
    ("key", "signal"),
    [
        (Qt.Key.Key_Return, "open_requested"),
        (Qt.Key.Key_F2, "rename_requested"),
        (Qt.Key.Key_Delete, "delete_requested"),
    ],
)
def test_app_list_keys_ask_for_what_the_menu_offers(
    panel: AppListPanel, qtbot: QtBot, key: Qt.Key, signal: str
) -> None:
    _click(qtbot, panel, GIL, AppColumn.TITLE)
    with qtbot.waitSignal(getattr(panel, signal)) as asked:
        qtbot.keyClick(panel.view, key)
    assert asked.args == [AppRef("local", GIL)]


def test_app_list_tool_tip_shows_markup_as_text(panel: AppListPanel) -> None:
    panel.set_apps([AppSummary("local", "1", "<b>big</b>", "<i>o</i>")])
    tip = panel.model.index(0, AppColumn.APP_ID).data(Qt.ItemDataRole.ToolTipRole)
    assert "&lt;b&gt;big&lt;/b&gt;" in tip
    assert "Click to copy · Ctrl+C copies the selection" in tip


def test_app_list_typing_in_the_list_filters_and_escape_clears(panel: AppListPanel, qtbot: QtBot) -> None:
    _click(qtbot, panel, GIL, AppColumn.TITLE)
    qtbot.keyClicks(panel.view, "g")
    qtbot.keyClicks(panel.filter_box, "il")
    assert (panel.filter_box.text(), _ids(panel)) == ("gil", [GIL])
    assert panel.count_label.text() == "1 of 5"
    qtbot.keyClick(panel.filter_box, Qt.Key.Key_Escape)
    assert panel.count_label.text() == "5 apps"


def test_app_list_header_click_sorts_and_shows_it(panel: AppListPanel, qtbot: QtBot) -> None:
    header = panel.view.horizontalHeader()
    x = header.sectionViewportPosition(AppColumn.TITLE) + 20
    place = QPoint(x, header.height() // 2)
    qtbot.mouseClick(header.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert header.sortIndicatorSection() == AppColumn.TITLE
    up = _ids(panel)
    qtbot.mouseClick(header.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert _ids(panel) == up[::-1]
    assert panel.model.app(0).title == "tar" or panel.model.app(4).title == "tar"


def test_app_list_refresh_keeps_selection_and_scroll_by_id(panel: AppListPanel, qtbot: QtBot) -> None:
    rows = [AppSummary("local", f"id{at:04}", f"app {at:04}", kind="tenant") for at in range(500)]
    panel.set_apps(rows)
    panel.select_app(AppRef("local", "id0300"))
    bar, height = panel.view.verticalScrollBar(), panel.view.row_height
    bar.setValue(290 * height + 5)
    panel.set_apps([AppSummary("local", f"new{at}", "aaa", kind="tenant") for at in range(10)] + rows[1:])
    assert [each.app_id for each in panel.selected_apps()] == ["id0300"]
    assert bar.value() == 299 * height + 5


def test_app_list_refresh_says_when_the_selected_app_is_gone(panel: AppListPanel, qtbot: QtBot) -> None:
    panel.select_app(AppRef("local", GIL))
    with qtbot.waitSignal(panel.selected) as chosen:
        panel.set_apps([each for each in apps() if each.app_id != GIL])
    assert chosen.args == [None]


def test_app_list_filter_keeps_the_selection_that_is_still_visible(panel: AppListPanel) -> None:
    panel.select_app(AppRef("local", GIL))
    panel.set_filter("gil")
    panel.set_filter("")
    assert panel.selected_ref() == AppRef("local", GIL)


def test_app_list_select_app_clears_a_filter_that_hides_it(panel: AppListPanel) -> None:
    panel.set_filter("eva")
    assert panel.select_app(AppRef("local", ANA))
    assert panel.selected_ref() == AppRef("local", ANA)


def test_app_list_empty_states_say_why_and_offer_a_way_out(qtbot: QtBot) -> None:
    panel = AppListPanel()
    qtbot.addWidget(panel)
    panel.show()
    assert panel.empty.title.text() == "Apps are not loaded yet"
    with qtbot.waitSignal(panel.refresh_requested):
        qtbot.mouseClick(panel.empty.button, Qt.MouseButton.LeftButton)
    panel.set_apps(())
    assert panel.empty.title.text() == "No apps yet"
    with qtbot.waitSignal(panel.create_requested):
        qtbot.mouseClick(panel.empty.button, Qt.MouseButton.LeftButton)
    panel.set_apps(apps())
    panel.set_filter("<b>none</b>")
    assert panel.empty.title.text() == "Nothing matches “<b>none</b>”"
    assert panel.empty.title.textFormat() == Qt.TextFormat.PlainText
    qtbot.mouseClick(panel.empty.button, Qt.MouseButton.LeftButton)
    assert panel.view.isVisible()
    assert panel.filter_box.text() == ""


def test_app_list_connection_filter_counts_only_its_apps(panel: AppListPanel) -> None:
    panel.set_filter_connection("cloud")
    assert (panel.count_label.text(), _ids(panel)) == ("1 app", ["eva"])


def test_app_list_model_keeps_qt_s_rules(panel: AppListPanel, qtmodeltester: Any) -> None:
    qtmodeltester.check(panel.model, force_py=True)


def test_app_list_select_app_while_a_key_is_held_down_selects_that_app_alone(panel: AppListPanel, qtbot: QtBot) -> None:
    panel.select_app(AppRef("local", GIL))
    qtbot.keyPress(panel.view, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    try:
        assert QGuiApplication.keyboardModifiers() == Qt.KeyboardModifier.ControlModifier
        panel.select_app(AppRef("local", ANA))
        assert panel.selected_ref() == AppRef("local", ANA)
    finally:
        qtbot.keyRelease(panel.view, Qt.Key.Key_A)


def test_app_list_select_all_at_100_000_rows_is_one_range(panel: AppListPanel) -> None:
    panel.set_apps([AppSummary("local", str(at), "x") for at in range(100_000)])
    panel.view.selectAll()
    assert panel.view.selected_count() == 100_000
    assert panel.view.selectionModel().selection().count() == 1


def test_app_list_state_is_told_in_words_to_screen_readers(panel: AppListPanel) -> None:
    index = panel.model.index(_row(panel, GIL), AppColumn.STATE)
    assert index.data(Qt.ItemDataRole.AccessibleTextRole) == "drifted from its template"


@pytest.mark.parametrize("width", [900, 1000, 1090, 1400])
def test_app_list_columns_shrink_before_the_list_scrolls_sideways(
    panel: AppListPanel, qtbot: QtBot, width: int
) -> None:
    panel.set_apps([AppSummary("local", f"{at:036}", "a title", "an owner") for at in range(500)])
    panel.resize(width, 400)
    qtbot.waitUntil(lambda: panel.view.viewport().width() > width - 40)
    assert panel.view.horizontalScrollBar().maximum() == 0
    assert panel.view.horizontalHeader().length() == panel.view.viewport().width()


def test_app_list_larger_font_makes_rows_higher_and_columns_wider(panel: AppListPanel, qtbot: QtBot) -> None:
    height, width = panel.view.row_height, panel.view.columnWidth(AppColumn.KIND)
    font = panel.view.font()
    font.setPointSizeF(font.pointSizeF() * 3)
    panel.view.setFont(font)
    qtbot.waitUntil(lambda: panel.view.row_height > height)
    assert panel.view.columnWidth(AppColumn.KIND) > width


def test_app_list_selection_of_many_is_kept_over_filter_and_sort(panel: AppListPanel) -> None:
    rows = [AppSummary("local", f"id{at:04}", f"app {at % 7} {at:04}") for at in range(200)]
    panel.set_apps(rows)
    panel.view.selectAll()
    panel.set_filter("app 3")
    chosen = {each.app_id for each in panel.selected_apps()}
    assert chosen == {each.app_id for each in rows if "app 3" in each.title or "3" in each.app_id}
    panel.sort_by(AppColumn.TITLE, Qt.SortOrder.DescendingOrder)
    panel.set_filter("")
    assert {each.app_id for each in panel.selected_apps()} == chosen


def test_app_list_counts_apps_that_are_missing_apart(panel: AppListPanel) -> None:
    rows = list(apps())
    panel.set_apps([rows[0]._replace(state="missing"), *rows[1:]])
    assert panel.count_label.text() == "4 apps, 1 missing"
    panel.set_filter_connection("cloud")
    assert panel.count_label.text() == "1 app"

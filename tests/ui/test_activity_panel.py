"""The activity list: filtered, paused, and each call looked at in full."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from pytestqt.qtbot import QtBot

from app.core.activity import ActivityEntry, ShownCall
from app.core.secret import Secret
from app.platforms.recording import HttpDetails, SqlDetails
from app.ui.trail.activity_details import ActivityDetailsDialog
from app.ui.trail.activity_panel import ActivityPanel, status_text
from app.ui.trail.curl_text import curl_text
from tests.ui.shell_fakes import CLOUD, LOCAL

TOKEN = "per_" + "9f8e7d6c5b4a" * 3


def _details() -> HttpDetails:
    headers = (("Content-Type", "application/json"), ("Authorization", f"Bearer {TOKEN}"))
    details = HttpDetails("https://api.example/apps", headers, b'{"title": "Ana\'s app"}', (Secret(TOKEN),))
    details.take_headers({"content-type": "application/json", "set-cookie": f"session={TOKEN}"})
    details.take_answer(f'{{"id": 1, "admin-token": "{TOKEN}"}}'.encode())
    return details


SQL = SqlDetails("INSERT INTO t VALUES (:k)", (":k",))
ENTRIES = (
    ActivityEntry(1.0, "c1", "GET", "/apps", 200, 5.0, "", 0, 90),
    ActivityEntry(2.0, "c2", "POST", "/apps", 401, 5.0, "unauthorised", 20, 90, _details()),
    ActivityEntry(3.0, "c1", "SQL", "shop: read rows", 200, 5.0, details=SQL),
    ActivityEntry(4.0, "c1", "SQL", "shop: INSERT INTO t", 400, 5.0, "23505", details=SQL),
    ActivityEntry(5.0, "c2", "GET", "/apps", 0, 5.0, "timeout"),
)


@pytest.fixture
def panel(qtbot: QtBot) -> Iterator[ActivityPanel]:
    made = ActivityPanel()
    qtbot.addWidget(made)
    made.resize(1100, 260)
    made.set_connections((LOCAL, CLOUD))
    made.append(ENTRIES)
    made.show()
    yield made
    for dialog in made.findChildren(ActivityDetailsDialog):
        dialog.close()


def _shown(panel: ActivityPanel) -> list[float]:
    return [panel.model.entry(row).at for row in range(panel.model.rowCount())]


def test_filters_show_what_fits_and_forget_nothing(qtbot: QtBot, panel: ActivityPanel) -> None:
    bar = panel.bar
    qtbot.mouseClick(bar.failures_box, Qt.MouseButton.LeftButton, pos=bar.failures_box.rect().center() * 0.2)
    assert _shown(panel) == [2.0, 4.0, 5.0]
    bar.method_box.setCurrentIndex(bar.method_box.findData("SQL"))
    assert _shown(panel) == [4.0]
    bar.method_box.setCurrentIndex(0)
    bar.connection_box.setCurrentIndex(bar.connection_box.findData("c2"))
    assert _shown(panel) == [2.0, 5.0]
    qtbot.keyClicks(bar.search, "TIMEOUT /apps")
    assert _shown(panel) == [5.0]
    panel.append((ENTRIES[4]._replace(at=6.0), ENTRIES[0]._replace(at=7.0)))
    assert _shown(panel) == [5.0, 6.0]
    bar.search.clear()
    bar.connection_box.setCurrentIndex(0)
    bar.failures_box.setChecked(False)
    assert _shown(panel) == [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]


def test_pause_lets_new_calls_wait(qtbot: QtBot, panel: ActivityPanel) -> None:
    qtbot.mouseClick(panel.bar.pause_button, Qt.MouseButton.LeftButton)
    panel.append((ENTRIES[0]._replace(at=9.0),))
    assert _shown(panel)[-1] == 5.0
    assert panel.bar.pause_button.text() == "Go on (1 new call)"
    qtbot.mouseClick(panel.bar.pause_button, Qt.MouseButton.LeftButton)
    assert _shown(panel)[-1] == 9.0
    assert panel.bar.pause_button.text() == "Pause"


def test_clear_empties_the_list(qtbot: QtBot, panel: ActivityPanel) -> None:
    qtbot.mouseClick(panel.bar.clear_button, Qt.MouseButton.LeftButton)
    assert _shown(panel) == []
    panel.append(ENTRIES[:1])
    assert _shown(panel) == [1.0]


def test_sql_says_ok_or_the_servers_code() -> None:
    assert [status_text(each) for each in ENTRIES[2:4]] == ["ok", "23505"]
    assert status_text(ENTRIES[3]._replace(status=0, note="")) == "no answer"
    assert status_text(ENTRIES[1]) == "401 → unauthorised"


def test_call_in_full_has_headers_and_bodies_and_no_secret(qtbot: QtBot, panel: ActivityPanel) -> None:
    assert not panel.bar.details_button.isEnabled()
    panel.view.selectRow(1)
    qtbot.mouseClick(panel.bar.details_button, Qt.MouseButton.LeftButton)
    dialog = panel.findChild(ActivityDetailsDialog)
    assert isinstance(dialog, ActivityDetailsDialog)
    said = dialog.text.toPlainText()
    for part in (
        "401 → unauthorised",
        "https://api.example/apps",
        "Authorization: Bearer ••••••",
        '"title": "Ana\'s app"',
    ):
        assert part in said
    assert '"admin-token": "••••••"' in said
    qtbot.mouseClick(dialog.copy_button, Qt.MouseButton.LeftButton)
    assert TOKEN not in said + QGuiApplication.clipboard().text()
    qtbot.mouseClick(dialog.curl_button, Qt.MouseButton.LeftButton)
    command = QGuiApplication.clipboard().text()
    assert TOKEN not in command
    assert '-H "Authorization: Bearer $TOKEN"' in command
    words = shlex.split(command)
    assert words[:4] == ["curl", "-X", "POST", "https://api.example/apps"]
    assert words[-2:] == ["--data-raw", '{"title": "Ana\'s app"}']


def test_enter_shows_a_statement_without_its_values(qtbot: QtBot, panel: ActivityPanel) -> None:
    panel.view.selectRow(2)
    qtbot.keyClick(panel.view, Qt.Key.Key_Return)
    dialog = panel.findChild(ActivityDetailsDialog)
    assert isinstance(dialog, ActivityDetailsDialog)
    assert ":k = ••••••" in dialog.text.toPlainText()
    assert not dialog.curl_button.isEnabled()


def test_call_that_is_kept_no_longer_says_so(qtbot: QtBot) -> None:
    details = _details()
    details.forget()
    dialog = ActivityDetailsDialog(ENTRIES[1]._replace(details=details), None, "401")
    qtbot.addWidget(dialog)
    assert "not there any more" in dialog.text.toPlainText()
    assert not dialog.curl_button.isEnabled()


def test_curl_takes_a_body_that_was_cut_from_a_file() -> None:
    call = ShownCall("https://a.example/x y", request="{", is_request_cut=True)
    assert curl_text("PUT", call).splitlines()[1] == "curl -X PUT 'https://a.example/x y' --data-binary @body.json"


def test_menu_of_a_call_copies_it_as_curl_and_as_a_row(panel: ActivityPanel) -> None:
    panel.view.selectRow(1)
    actions = {each.text().partition("\t")[0]: each for each in panel.menu().actions()}
    assert all(each.isEnabled() for each in actions.values())
    actions["Copy as curl"].trigger()
    assert QGuiApplication.clipboard().text().startswith("curl -X POST https://api.example/apps")
    actions["Copy row"].trigger()
    assert QGuiApplication.clipboard().text().split("\t")[2:4] == ["POST", "/apps"]
    panel.view.selectRow(2)
    actions = {each.text().partition("\t")[0]: each for each in panel.menu().actions()}
    assert not actions["Copy as curl"].isEnabled()


def test_empty_list_says_why(qtbot: QtBot, panel: ActivityPanel) -> None:
    view, bar = panel.view, panel.bar
    assert view.why_empty == ""
    bar.method_box.setCurrentIndex(bar.method_box.findData("DELETE"))
    assert _shown(panel) == []
    assert view.why_empty == view.accessibleDescription() == "No call fits the filter."
    bar.method_box.setCurrentIndex(0)
    assert view.why_empty == view.accessibleDescription() == ""
    panel.clear()
    before = view.viewport().grab().toImage()
    assert view.why_empty.startswith("No calls yet.")
    view.tell_why_empty("")
    assert view.viewport().grab().toImage() != before
    qtbot.mouseClick(bar.pause_button, Qt.MouseButton.LeftButton)
    panel.append(ENTRIES)
    assert view.why_empty.startswith("Paused")
    qtbot.mouseClick(bar.pause_button, Qt.MouseButton.LeftButton)
    assert view.why_empty == ""

"""The palette as an operator meets it: typed into, chosen from by keyboard, over a real window."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from pytestqt.qtbot import QtBot

from app.core.refs import AppRef
from app.schema.model import Attribute, Entity, Schema
from app.schema.types import StringType
from app.ui.actions.action_help import WORDS
from app.ui.palette.palette_dialog import PaletteDialog
from app.ui.palette.palette_hits import Hit, HitKind
from app.ui.palette.palette_model import HitsModel, spoken
from app.ui.window.main_window import MainWindow
from tests.ui.shell_fakes import ANA, APP_ID, OTHER_ID, PROD, FakeServices
from tests.ui.window_fakes import Open

TODOS = Schema((Entity("todos", (Attribute("title", StringType()), Attribute("dueAt", StringType()))), Entity("notes")))
BILLS = Schema((Entity("crm.invoices", (Attribute("amount", StringType()),)), Entity("todos")))


@pytest.fixture
def services() -> FakeServices:
    return FakeServices()


@pytest.fixture
def window(qtbot: QtBot, open_window: Open, services: FakeServices) -> MainWindow:
    made = open_window(services)

    async def hear(_services: object) -> None:
        services.names.saw(AppRef("c1", APP_ID), TODOS)
        services.names.saw(AppRef("c2", OTHER_ID), BILLS)

    heard: list[object] = []
    made.runner.start(hear, owner=made, title="Hear", done=lambda _: heard.append(1), quiet=True)
    qtbot.waitUntil(lambda: bool(heard))
    return made


def opened(qtbot: QtBot, window: MainWindow) -> PaletteDialog:
    window.registry["edit.jump"].trigger()
    dialog = next(each for each in window.findChildren(PaletteDialog) if each.isVisible())
    qtbot.waitUntil(lambda: dialog.search.index is not None)
    return dialog


def typed(qtbot: QtBot, dialog: PaletteDialog, text: str) -> list[str]:
    dialog.box.selectAll()
    qtbot.keyClicks(dialog.box, text)
    qtbot.waitUntil(lambda: dialog.is_settled)
    return [hit.title for hit in dialog.hits()]


def test_owner_and_a_dot_lead_to_an_entity(qtbot: QtBot, window: MainWindow, monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[tuple[AppRef, str, str]] = []
    monkeypatch.setattr(window.app_tabs, "show_entity", lambda *where: shown.append(where))
    dialog = opened(qtbot, window)
    assert typed(qtbot, dialog, "ana.tod")[0] == "todos"
    assert dialog.hits()[0].app == ANA
    qtbot.keyClick(dialog.box, Qt.Key.Key_Return)
    assert shown == [(AppRef("c1", APP_ID), "todos", "")]


@pytest.mark.parametrize(
    ("text", "title", "app"),
    [
        ("ana@example.com.todos", "todos", ANA),
        ("ana.todos.due", "todos.dueAt", ANA),
        ("billing.crm.inv", "crm.invoices", PROD),
        ("billing.crm.invoices.am", "crm.invoices.amount", PROD),
        ("billing.public.todos", "todos", PROD),
        (f"{OTHER_ID[:8]}.invoices", "crm.invoices", PROD),
        ("invoices", "crm.invoices", PROD),
        ("dueat", "todos.dueAt", ANA),
        ("ana notes", "notes", ANA),
        (":amount", "crm.invoices.amount", PROD),
    ],
)
def test_entities_are_found_by_their_names(
    qtbot: QtBot, window: MainWindow, text: str, title: str, app: object
) -> None:
    dialog = opened(qtbot, window)
    assert typed(qtbot, dialog, text)[0] == title
    assert dialog.hits()[0].app == app


def test_tab_goes_on_to_the_entities_of_an_app(qtbot: QtBot, window: MainWindow) -> None:
    dialog = opened(qtbot, window)
    typed(qtbot, dialog, "#ana")
    qtbot.keyClick(dialog.box, Qt.Key.Key_Tab)
    qtbot.waitUntil(lambda: dialog.is_settled)
    assert dialog.box.text() == "ana@example.com."
    assert [hit.title for hit in dialog.hits()] == ["todos", "notes"]
    assert dialog.box.hasFocus()


@pytest.mark.parametrize(
    ("text", "found"),
    [("add entity", "New entity"), ("create table", "New entity"), ("zoom in", "Larger"), ("remove app", "Delete")],
)
def test_actions_are_found_by_other_words_for_the_same(qtbot: QtBot, window: MainWindow, text: str, found: str) -> None:
    titles = typed(qtbot, opened(qtbot, window), text)
    assert [each for each in titles if found in each]


def test_other_words_belong_to_actions(window: MainWindow) -> None:
    assert [name for name in WORDS if name not in window.registry] == []


def test_letters_in_their_order_are_enough(qtbot: QtBot, window: MainWindow) -> None:
    dialog = opened(qtbot, window)
    assert "Ana's workspace" in typed(qtbot, dialog, "awsp")
    assert "View › Theme › Dark" in typed(qtbot, dialog, "vtd")


def test_prefixes_narrow_to_one_kind(qtbot: QtBot, window: MainWindow) -> None:
    dialog = opened(qtbot, window)
    for prefix, kind in ((">", HitKind.ACTION), ("@", HitKind.CONNECTION), ("#", HitKind.APP)):
        assert typed(qtbot, dialog, prefix)
        assert {hit.kind for hit in dialog.hits()} == {kind}
    assert typed(qtbot, dialog, "@cloud") == ["Instant · cloud"]
    qtbot.keyClick(dialog.box, Qt.Key.Key_Return)
    assert window.commands.chosen_id == "c2"


def test_filter_buttons_put_their_prefix_before_the_text(qtbot: QtBot, window: MainWindow) -> None:
    dialog = opened(qtbot, window)
    typed(qtbot, dialog, "@ana")
    apps = next(each for each in dialog.filters if "Apps" in each.text())
    qtbot.mouseClick(apps, Qt.MouseButton.LeftButton)
    assert dialog.box.text() == "#ana"
    assert apps.isChecked()
    qtbot.mouseClick(apps, Qt.MouseButton.LeftButton)
    assert dialog.box.text() == "ana"


def test_action_that_is_not_available_is_grey_with_its_reason(qtbot: QtBot, window: MainWindow) -> None:
    window.choose_connection("c1")
    dialog = opened(qtbot, window)
    assert typed(qtbot, dialog, ">remove connection")[0] == "Connection › Remove connection…"
    hit = dialog.hits()[0]
    assert not hit.is_enabled
    assert hit.detail == "Instant · local belongs to Tenantry and stays."
    qtbot.keyClick(dialog.box, Qt.Key.Key_Return)
    assert dialog.isVisible()
    assert dialog.hint.text() == hit.detail
    assert "not available" in spoken(hit)


def test_what_was_chosen_comes_first_next_time(qtbot: QtBot, window: MainWindow) -> None:
    dialog = opened(qtbot, window)
    typed(qtbot, dialog, "view jobs")
    qtbot.keyClick(dialog.box, Qt.Key.Key_Return)
    again = opened(qtbot, window)
    assert again.hits()[0].title == "View › Jobs"
    assert again.hits()[0].is_recent


def test_pinned_comes_before_recent_and_stays_over_a_restart(qtbot: QtBot, window: MainWindow) -> None:
    dialog = opened(qtbot, window)
    typed(qtbot, dialog, "bill")
    qtbot.keyClick(dialog.box, Qt.Key.Key_P, Qt.KeyboardModifier.ControlModifier)
    assert dialog.hits()[0].is_pinned
    typed(qtbot, dialog, "view jobs")
    qtbot.keyClick(dialog.box, Qt.Key.Key_Return)
    again = opened(qtbot, window)
    assert [hit.title for hit in again.hits()[:2]] == ["Billing", "View › Jobs"]
    qtbot.keyClick(again.box, Qt.Key.Key_P, Qt.KeyboardModifier.ControlModifier)
    assert not again.hits()[0].is_pinned
    assert window.settings.read_json("palette/pinned") == []


def test_ctrl_enter_copies_the_id_and_stays_where_one_is(qtbot: QtBot, window: MainWindow) -> None:
    dialog = opened(qtbot, window)
    typed(qtbot, dialog, "billing")
    qtbot.keyClick(dialog.box, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert QGuiApplication.clipboard().text() == OTHER_ID
    assert window.tabs.currentWidget() is window.overview


def test_enter_before_the_answer_takes_the_best(
    qtbot: QtBot, window: MainWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen: list[AppRef] = []
    monkeypatch.setattr(window, "open_app", chosen.append)
    dialog = opened(qtbot, window)
    monkeypatch.setattr("app.ui.palette.palette_dialog._FIRST_SLICE_S", -1.0)
    dialog.box.setText("billing")
    qtbot.keyClick(dialog.box, Qt.Key.Key_Return)
    assert chosen == [AppRef("c2", OTHER_ID)]


def test_nothing_found_says_so(qtbot: QtBot, window: MainWindow) -> None:
    dialog = opened(qtbot, window)
    assert typed(qtbot, dialog, "zzzqqq") == []
    assert dialog.hint.text() == "Nothing has all of these words."
    qtbot.keyClick(dialog.box, Qt.Key.Key_Return)
    assert dialog.isVisible()


def test_rows_say_what_they_are_and_where(qtbot: QtBot, window: MainWindow) -> None:
    dialog = opened(qtbot, window)
    typed(qtbot, dialog, "#billing")
    assert spoken(dialog.hits()[0]) == (
        f"App Billing, {OTHER_ID}, owner bo@example.com, Drifted, production environment"
    )
    model = dialog.list.model()
    assert isinstance(model, HitsModel)
    assert all(isinstance(hit, Hit) for hit in model.hits)
    assert not dialog.grab().toImage().isNull()

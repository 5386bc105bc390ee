"""The help: every page whole and found, every link leading somewhere, every label as it is on screen."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QImage, QTextDocument
from pytestqt.qtbot import QtBot

from app.storage.paths import resources_dir
from app.ui.help.doctor_view import DoctorView
from app.ui.help.help_pages import NAMES, OF_VIEWS, help_pages, page_of, picture_bytes
from app.ui.help.help_view import HelpView
from app.ui.look.theme import ThemeChoice
from app.ui.settings.preferences import SETTINGS
from app.ui.settings.preferences_dialog import PreferencesDialog
from app.ui.window.main_window import MainWindow
from tests.ui.window_fakes import bare_window

_FOLDER = resources_dir() / "help"
_MOST_BYTES = 1_500_000
# What is said with emphasis and is no label.
_WORDS = {"up", "drifted"}


@pytest.fixture
def window(qtbot: QtBot, tmp_path: Path) -> Iterator[MainWindow]:
    made = bare_window(tmp_path)
    qtbot.addWidget(made)
    yield made
    made.theme.set_choice(ThemeChoice.LIGHT)


@pytest.fixture
def view(window: MainWindow) -> HelpView:
    window.comfort.show_help("copy-ids")
    page = window.tabs.currentWidget()
    assert isinstance(page, HelpView)
    return page


def test_every_file_is_a_page_that_is_listed() -> None:
    assert sorted(each.stem for each in _FOLDER.glob("*.md")) == sorted(NAMES)
    for page in help_pages():
        assert re.fullmatch(r"# [A-Z].{3,50}", page.text.partition("\n")[0]), page.name
        assert len(page.text) < 4_000, f"{page.name} is too long for a page of help"


def test_every_picture_that_is_named_is_there_light_and_dark_and_no_other() -> None:
    named = {picture for page in help_pages() for picture in page.pictures}
    wanted = {f"{Path(each).stem}{end}.png" for each in named for end in ("", "-dark")}
    assert all(each.startswith("pictures/") for each in named)
    assert {each.name for each in (_FOLDER / "pictures").iterdir()} == wanted
    assert sum(len(picture_bytes(each)) for each in wanted) < _MOST_BYTES
    for each in wanted:
        assert QImage.fromData(picture_bytes(each)).width() >= 480, each


def test_every_picture_is_a_screen_that_the_build_renders() -> None:
    from tests.ui.screens import SCREENS

    named = {Path(picture).stem for page in help_pages() for picture in page.pictures}
    assert named <= set(SCREENS)


def test_every_link_and_every_key_is_of_an_action_or_a_page(window: MainWindow) -> None:
    for page in help_pages():
        for link in page.links:
            kind, _, name = link.partition(":")
            assert name in (NAMES if kind == "page" else window.registry), f"{page.name}: {link}"
        for name in page.keys:
            assert name in window.registry, f"{page.name}: {name}"
            assert window.registry.default_keys(name), f"{page.name}: {name} has no keys"


def test_labels_are_as_they_are_on_screen() -> None:
    code = "\n".join(path.read_text() for path in Path("app").rglob("*.py")).replace("&", "")
    labels = {each.label for each in SETTINGS}
    for page in help_pages():
        for label in re.findall(r"(?<![*\w])\*([^*\n]+)\*(?!\*)", page.text):
            assert label in _WORDS or label in code, f"{page.name}: “{label}” is nowhere in the program"
        for label in re.findall(r"Preferences\]\(action:edit\.preferences\)[^“\n]*“([^”]+)”", page.text):
            assert label in labels, f"{page.name}: there is no setting “{label}”"


def test_every_view_of_a_tab_has_its_page() -> None:
    code = "\n".join(path.read_text() for path in Path("app/ui").rglob("*.py"))
    for view, page in OF_VIEWS.items():
        assert f"class {view}(" in code, view
        assert page in NAMES
    for view in ("OverviewPanel", "AppView", "UsersView", "TasksView", "ReconcileView", "WorkspacesView", "DoctorView"):
        assert view in OF_VIEWS
    assert page_of("Nothing") == NAMES[0]


def test_every_setting_is_told_of() -> None:
    text = next(page.text for page in help_pages() if page.name == "settings")
    for each in SETTINGS:
        assert f"**{each.label}** — {each.said(each.default)}. {each.help}" in text


def test_page_says_the_keys_that_are_in_force(window: MainWindow, view: HelpView) -> None:
    assert "Ctrl+Shift+C" in view.browser.toPlainText()
    window.registry.set_keys({"edit.copy_ids": "Ctrl+M"})
    assert "Ctrl+Shift+C" not in view.browser.toPlainText()
    assert "Ctrl+M" in view.browser.toPlainText()
    assert "{" not in view.browser.toPlainText()


def test_search_leaves_the_pages_that_have_every_word(qtbot: QtBot, view: HelpView) -> None:
    qtbot.keyClicks(view.search, "checksums BATCHES")
    shown = [item.text() for item in view._items() if not item.isHidden()]
    assert shown == ["Move a workspace"]
    assert view.shown == "move-a-workspace"
    assert view.browser.textCursor().selectedText().casefold() == "checksums"
    view.search.clear()
    qtbot.keyClicks(view.search, "xyzzy")
    assert "xyzzy" in view.empty.sentence.text()
    qtbot.mouseClick(view.empty.button, Qt.MouseButton.LeftButton)
    assert all(not item.isHidden() for item in view._items())


def test_links_open_pages_and_do_what_they_name(window: MainWindow, view: HelpView) -> None:
    view.browser.anchorClicked.emit(QUrl("page:doctor"))
    assert view.shown == "doctor"
    view.browser.anchorClicked.emit(QUrl("action:edit.preferences"))
    dialog = window.findChild(PreferencesDialog)
    assert dialog is not None
    dialog.close()


def test_link_to_what_is_grey_says_why(window: MainWindow, view: HelpView) -> None:
    assert not window.registry["schema.review"].isEnabled()
    view.browser.anchorClicked.emit(QUrl("action:schema.review"))
    assert "Nothing is staged" in window.status.currentMessage()


def test_help_for_the_view_in_front(window: MainWindow) -> None:
    window.registry["help.help"].trigger()
    view = window.tabs.currentWidget()
    assert isinstance(view, HelpView)
    assert view.shown == "find-an-app"
    window.app_tabs.page("doctor", "Doctor", lambda: DoctorView(window.runner))
    window.registry["help.help"].trigger()
    assert window.tabs.currentWidget() is view
    assert view.shown == "doctor"


def _lightness(image: QImage) -> int:
    return image.pixelColor(5, image.height() // 2).lightness()


def test_pictures_fit_the_room_and_follow_the_theme(qtbot: QtBot, window: MainWindow, view: HelpView) -> None:
    view.show_page("find-an-app")
    kind = QTextDocument.ResourceType.ImageResource.value
    url = QUrl("pictures/overview.png")
    qtbot.waitUntil(lambda: view.browser.viewport().width() > 200)
    light = view.browser.loadResource(kind, url)
    assert light.width() / light.devicePixelRatio() <= view.browser.viewport().width()
    window.theme.set_choice(ThemeChoice.DARK)
    dark = view.browser.loadResource(kind, url)
    assert (
        dark.pixelColor(5, dark.height() // 2).lightness() < 100 < light.pixelColor(5, light.height() // 2).lightness()
    )
    window.resize(700, 600)
    qtbot.waitUntil(lambda: view.browser.loadResource(kind, url).width() <= view.browser.viewport().width())
    assert view.browser.loadResource(kind, QUrl("file:///etc/passwd")) is None
    assert view.browser.loadResource(kind, QUrl("../../../secret.png")) is None


def test_only_headings_are_large_however_often_a_page_is_filled(window: MainWindow, view: HelpView) -> None:
    view.show_page("edit-a-schema")
    window.registry.changed.emit()
    window.registry.changed.emit()
    first = view.browser.document().begin()
    second = first.next()
    assert first.blockFormat().headingLevel() == 1
    assert second.blockFormat().headingLevel() == 0
    assert second.begin().fragment().charFormat().fontWeight() < 700

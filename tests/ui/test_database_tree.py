"""The tree of databases: lazy, and steady over refreshes."""

from __future__ import annotations

from typing import Any

import pytest
from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtGui import QGuiApplication
from pytestqt.qtbot import QtBot

from app.core.apps import AppSummary
from app.core.changes import Changes
from app.core.errors import Unreachable
from app.core.refs import AppRef
from app.ui.tree.database_tree import DatabaseTree
from app.ui.tree.tree_groups import TreeGroups
from app.ui.tree.tree_model import PAGE
from app.ui.tree.tree_nodes import app_key
from app.ui.work.runner import Runner
from tests.ui.content_fakes import ANA, CLOUD, GIL, LOCAL, SCHEMA, TAR, apps, runner, services
from tests.ui.tree_fakes import opened, texts

__all__ = ["runner", "services"]
ANA_REF = AppRef("local", ANA)


@pytest.fixture
def tree(qtbot: QtBot, runner: Runner) -> DatabaseTree:
    made = DatabaseTree(runner)
    qtbot.addWidget(made)
    made.resize(300, 700)
    made.show()
    made.set_groups(TreeGroups((LOCAL, CLOUD), apps()))
    return made


def test_tree_shows_connections_groups_and_counts(tree: DatabaseTree) -> None:
    assert texts(tree, QModelIndex()) == ["Instant · local", "Instant · cloud"]
    groups = tree.model.index(0, 0)
    assert texts(tree, groups) == ["Foundation", "Tenants", "Tasks"]
    tenants = tree.model.node(tree.model.index(1, 0, groups))
    assert tenants is not None
    assert tenants.side == "2"


def test_tree_connection_without_apps_says_so(tree: DatabaseTree) -> None:
    tree.set_groups(TreeGroups((LOCAL, CLOUD), [each for each in apps() if each.connection_id == "local"]))
    assert texts(tree, tree.model.index(1, 0)) == ["No apps listed yet"]


def test_tree_nothing_is_read_before_an_app_is_opened(tree: DatabaseTree, services: Any) -> None:
    assert services.catalog.asked == []


def test_tree_opening_an_app_shows_a_placeholder_then_its_entities(
    tree: DatabaseTree, qtbot: QtBot, services: Any
) -> None:
    index = tree.model.index_of(app_key(ANA_REF))
    if not index.isValid():
        pytest.fail("the group's first page is not there")
    tree.view.expand(index.parent())
    tree.view.expand(index)
    assert texts(tree, index) == ["Loading…"]
    qtbot.waitUntil(lambda: texts(tree, index) == ["todos", "$users"])
    assert services.catalog.asked == [(ANA_REF, False)]


def test_tree_entity_shows_attributes_links_and_indexes(tree: DatabaseTree, qtbot: QtBot) -> None:
    app = opened(tree, qtbot, ANA_REF)
    assert texts(tree, tree.model.index(0, 0, app)) == ["title", "done", "owner", "by_title"]


def test_tree_failure_is_a_row_with_its_sentence_and_a_click_tries_again(
    tree: DatabaseTree, qtbot: QtBot, services: Any
) -> None:
    services.catalog.error = Unreachable("Instant · local does not answer.")
    app = opened(tree, qtbot, ANA_REF)
    assert texts(tree, app) == ["Instant · local does not answer."]
    services.catalog.error = None
    place = tree.view.visualRect(tree.model.index(0, 0, app)).center()
    qtbot.mouseClick(tree.view.viewport(), Qt.MouseButton.LeftButton, pos=place)
    qtbot.waitUntil(lambda: texts(tree, tree.model.index_of(app_key(ANA_REF))) == ["todos", "$users"])


def test_tree_refresh_keeps_what_was_open_and_selected(tree: DatabaseTree, qtbot: QtBot) -> None:
    app = opened(tree, qtbot, ANA_REF)
    entity = tree.model.index(0, 0, app)
    tree.view.expand(entity)
    tree.view.setCurrentIndex(tree.model.index(1, 0, entity))
    more = (*apps(), AppSummary("local", "aaa", "Aaa", "aaa@example.com", "tenant"))
    tree.set_groups(TreeGroups((LOCAL, CLOUD), more))
    app = tree.model.index_of(app_key(ANA_REF))
    assert tree.view.isExpanded(app)
    assert tree.view.isExpanded(tree.model.index(0, 0, app))
    assert tree.view.currentIndex().data() == "done"


def test_tree_refresh_with_the_same_apps_changes_only_texts(tree: DatabaseTree, qtbot: QtBot) -> None:
    opened(tree, qtbot, ANA_REF)
    with qtbot.assertNotEmitted(tree.model.modelReset):
        tree.set_groups(
            TreeGroups(
                (LOCAL, CLOUD), [each._replace(state="disabled") if each.app_id == ANA else each for each in apps()]
            )
        )
    node = tree.model.node(tree.model.index_of(app_key(ANA_REF)))
    assert node is not None
    assert node.side == "disabled"


def test_tree_refresh_that_tells_nothing_new_touches_no_row(tree: DatabaseTree, qtbot: QtBot) -> None:
    opened(tree, qtbot, ANA_REF)
    with qtbot.assertNotEmitted(tree.model.modelReset), qtbot.assertNotEmitted(tree.model.dataChanged):
        tree.set_groups(TreeGroups((LOCAL, CLOUD), [each._replace(seen_at=99) for each in apps()]))


def test_tree_open_nodes_are_opened_again_in_another_window(tree: DatabaseTree, qtbot: QtBot, runner: Runner) -> None:
    app = opened(tree, qtbot, ANA_REF)
    tree.view.expand(tree.model.index(0, 0, app))
    other = DatabaseTree(runner)
    qtbot.addWidget(other)
    other.restore_open(tree.open_nodes())
    other.set_groups(TreeGroups((LOCAL, CLOUD), apps()))
    qtbot.waitUntil(lambda: other.view.isExpanded(other.model.index(0, 0, other.model.index_of(app_key(ANA_REF)))))


def test_tree_large_group_comes_in_pages(tree: DatabaseTree, qtbot: QtBot) -> None:
    many = [AppSummary("local", f"id{at:05}", f"t{at:05}", kind="task") for at in range(PAGE + 20)]
    tree.set_groups(TreeGroups((LOCAL,), many))
    group = tree.model.index(0, 0, tree.model.index(0, 0))
    tree.view.expand(group)
    qtbot.waitUntil(lambda: tree.model.rowCount(group) == PAGE + 1)
    more = tree.model.index(PAGE, 0, group)
    assert more.data() == "Show 20 more of 20"
    tree.view.activated.emit(more)
    group = tree.model.index(0, 0, tree.model.index(0, 0))
    assert tree.model.rowCount(group) == PAGE + 20
    assert tree.view.currentIndex().data() == f"t{PAGE:05}"


def test_tree_select_app_on_a_later_page_brings_it_into_sight(tree: DatabaseTree) -> None:
    many = [AppSummary("local", f"id{at:05}", f"t{at:05}", kind="task") for at in range(3 * PAGE)]
    tree.set_groups(TreeGroups((LOCAL,), many))
    assert tree.select_app(AppRef("local", f"id{2 * PAGE + 5:05}"))
    assert tree.view.currentIndex().data() == f"t{2 * PAGE + 5:05}"


def test_tree_schema_change_is_read_again(tree: DatabaseTree, qtbot: QtBot, services: Any) -> None:
    app = opened(tree, qtbot, ANA_REF)
    services.catalog.schema_of = lambda ref: type(SCHEMA)(SCHEMA.entities[:1])
    services.hub.publish(Changes(schemas=frozenset((ANA_REF,))))
    qtbot.waitUntil(lambda: texts(tree, tree.model.index_of(app_key(ANA_REF))) == ["todos"])
    assert tree.view.isExpanded(app)


def test_tree_ctrl_c_copies_the_app_id(tree: DatabaseTree, qtbot: QtBot) -> None:
    tree.select_app(AppRef("local", GIL))
    qtbot.keyClick(tree.view, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert QGuiApplication.clipboard().text() == GIL


def test_tree_enter_on_an_app_opens_it(tree: DatabaseTree, qtbot: QtBot) -> None:
    tree.select_app(AppRef("local", TAR))
    with qtbot.waitSignal(tree.app_activated) as asked:
        qtbot.keyClick(tree.view, Qt.Key.Key_Return)
    assert asked.args == [AppRef("local", TAR)]


def test_tree_menu_offers_copy_open_and_refresh(tree: DatabaseTree, qtbot: QtBot) -> None:
    tree.select_app(ANA_REF)
    actions = {each.text(): each for each in tree.make_menu(tree.view.currentIndex()).actions()}
    with qtbot.waitSignal(tree.refresh_requested) as asked:
        actions["Refresh Instant · local"].trigger()
    assert asked.args == ["local"]
    actions["Copy app ID"].trigger()
    assert QGuiApplication.clipboard().text() == ANA


def test_tree_model_keeps_qt_s_rules(tree: DatabaseTree, qtbot: QtBot, qtmodeltester: Any) -> None:
    opened(tree, qtbot, ANA_REF)
    qtmodeltester.check(tree.model, force_py=True)

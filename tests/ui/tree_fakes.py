"""What tests see of the tree of databases, and how they open what stands in it."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex
from pytestqt.qtbot import QtBot

from app.core.refs import AppRef
from app.ui.tree.database_tree import DatabaseTree
from app.ui.tree.tree_nodes import app_key


def texts(tree: DatabaseTree, parent: QModelIndex) -> list[str]:
    return [tree.model.index(row, 0, parent).data() for row in range(tree.model.rowCount(parent))]


def opened(tree: DatabaseTree, qtbot: QtBot, ref: AppRef) -> QModelIndex:
    """The app, when what it has is listed below it."""
    index = tree.model.index_of(app_key(ref))
    tree.view.expand(index.parent())
    tree.view.expand(index)
    qtbot.waitUntil(lambda: texts(tree, tree.model.index_of(app_key(ref)))[:1] != ["Loading…"])
    return tree.model.index_of(app_key(ref))

"""The menu of a row of the tree of databases."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QMenu

from app.core.connection import Connection
from app.core.text import plain
from app.platforms.traits import traits_of

from .tree_nodes import Node, NodeKind, entity_above, entity_of

if TYPE_CHECKING:
    from .database_tree import DatabaseTree

# What a foundation has to show, and its name for whoever shows it.
_FOUNDATION = (
    ("Users", "users"),
    ("Tasks", "tasks"),
    ("Reconcile", "reconcile"),
    ("Registries and names…", "foundation"),
)


def tree_menu(tree: DatabaseTree, node: Node | None) -> QMenu:
    """It acts on the tree, which owns it; empty without a row."""
    menu = QMenu(tree)
    if node is None:
        return menu
    if node.ref is not None:
        entity = entity_above(node)
        if entity is not None:
            name = entity_of(entity)
            shown = plain(name, 60).replace("&", "&&")
            menu.addAction(f"Open {shown}", partial(tree.entity_activated.emit, node.ref, name))
        menu.addAction("Open" if entity is None else "Open the app", partial(tree.app_activated.emit, node.ref))
        menu.addAction("Copy app ID", tree.copy_id)
        menu.addAction("Read structure again", partial(tree.reading.schema, node.ref, refresh=True))
        menu.addSeparator()
    if node.connection is not None:
        label = plain(node.connection.label, 40).replace("&", "&&")
        menu.addAction(f"Refresh {label}", partial(tree.refresh_requested.emit, node.connection.id))
        if node.kind is NodeKind.CONNECTION:
            menu.addAction("Edit connection…", partial(tree.edit_connection_requested.emit, node.connection.id))
        is_above_apps = node.kind in (NodeKind.CONNECTION, NodeKind.GROUP)
        if is_above_apps and node.connection.foundation_app_id is not None:
            _add_foundation(menu, tree, node.connection)
    return menu


def _add_foundation(menu: QMenu, tree: DatabaseTree, connection: Connection) -> None:
    """What hangs on the app that the connection names: a registry, or a main database."""
    traits = traits_of(connection)
    menu.addSeparator()
    if traits.has_main_database:
        menu.addAction("Workspaces", partial(tree.workspaces_requested.emit, connection.id))
    if traits.has_registry_app:
        for text, kind in _FOUNDATION:
            menu.addAction(text, partial(tree.foundation_requested.emit, kind, connection.id))

"""Rows of the database tree and the Qt side of its model: each row has a key that stays over refreshes and starts."""

from __future__ import annotations

import html
import itertools
from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Any

from PySide6.QtCore import QAbstractItemModel, QModelIndex, QObject, QPersistentModelIndex

from app.core.apps import AppSummary
from app.core.connection import Connection
from app.core.refs import AppRef
from app.platforms.traits import traits_of
from app.schema.model import Attribute, Entity, Index, Link, Schema
from app.ui.apps.app_table import shown
from app.ui.schema.type_names import type_name

AnyIndex = QModelIndex | QPersistentModelIndex
_NONE = QModelIndex()
_DISPLAY, _TOOL_TIP, _ACCESSIBLE, _USER = 0, 3, 11, 256
# Key parts are joined with a character that no ID and no entity name has.
_SEP = "\x1f"


class NodeKind(StrEnum):
    CONNECTION = "connection"
    GROUP = "group"
    APP = "app"
    SCHEMA = "schema"
    ENTITY = "entity"
    ATTRIBUTE = "attribute"
    LINK = "link"
    INDEX = "index"
    KEY = "key"
    LOADING = "loading"
    FAILED = "failed"
    MORE = "more"
    EMPTY = "empty"


class Node:
    """One row. ``key`` is stable over refreshes and starts; ``side`` is the dim text at the right;
    ``pending`` holds the apps of a group, or the tables of a database or of a schema, that have no row yet;
    ``is_loaded`` is about an app's schema, and about what a table has."""

    __slots__ = (
        "app",
        "children",
        "connection",
        "id",
        "is_loaded",
        "key",
        "kind",
        "parent",
        "pending",
        "ref",
        "row",
        "side",
        "text",
        "tip",
    )

    def __init__(self, node_id: int, kind: NodeKind, key: str, text: str, parent: Node | None) -> None:
        self.id = node_id
        self.kind = kind
        self.key = key
        self.text = text
        self.parent = parent
        self.row = 0
        self.side = ""
        self.tip = ""
        self.children: list[Node] = []
        self.pending: list[Any] = []
        self.connection: Connection | None = parent.connection if parent else None
        self.app: AppSummary | None = parent.app if parent else None
        self.ref: AppRef | None = parent.ref if parent else None
        self.is_loaded = False


def key_of(*parts: str) -> str:
    return _SEP.join(parts)


def parts_of_key(key: str) -> list[str]:
    return key.split(_SEP)


def app_key(ref: AppRef) -> str:
    return key_of("app", ref.connection_id, ref.app_id)


def entity_of(node: Node) -> str:
    """The name of the entity of a row."""
    return node.key.rpartition(_SEP)[2]


def entity_above(node: Node | None) -> Node | None:
    """The row of the entity that a row is, or is below."""
    while node is not None and node.kind is not NodeKind.ENTITY:
        node = node.parent
    return node


def has_sql(node: Node) -> bool:
    return node.connection is not None and traits_of(node.connection).has_sql


def is_unopened(node: Node) -> bool:
    """Whether what is below has not been asked for yet."""
    return node.kind in (NodeKind.APP, NodeKind.ENTITY) and not node.is_loaded


class NodeModel(QAbstractItemModel):
    """Rows by ID and by key, how they come and go, and what an entity has as rows."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._ids = itertools.count(1)
        self._nodes: dict[int, Node] = {}
        self._by_key: dict[str, Node] = {}
        self._top: list[Node] = []

    # Entities

    def _entities(self, node: Node, schema: Schema) -> list[Node]:
        """The app's own entities first, then the platform's."""
        ordered = sorted(schema.entities, key=lambda each: (each.is_system, each.name.lower()))
        if not ordered:
            return [self._node(NodeKind.EMPTY, key_of("empty", node.key), "No entities yet", node)]
        return [self._entity(node, each, schema.links) for each in ordered]

    def _entity(self, node: Node, entity: Entity, links: Sequence[Link]) -> Node:
        row = self._node(NodeKind.ENTITY, key_of("entity", node.key, entity.name), shown(entity.name), node)
        row.is_loaded = True
        self._describe_entity(row, entity)
        self._hang(row, self._parts(row, entity, links))
        return row

    @staticmethod
    def _describe_entity(row: Node, entity: Entity) -> None:
        kind = dict(entity.extra).get("kind", '"system"').strip('"')
        row.side = shown(kind) if entity.is_system else str(len(entity.attributes))
        row.tip = f"{row.text}: {len(entity.attributes)} attributes"

    def _parts(self, row: Node, entity: Entity, links: Sequence[Link]) -> list[Node]:
        parts = [self._attribute(row, each) for each in entity.attributes]
        for link in links:
            parts += self._link_ends(row, entity.name, link)
        parts += [self._index_row(row, each) for each in entity.indexes]
        return parts or [self._node(NodeKind.EMPTY, key_of("empty", row.key), "No attributes", row)]

    def _attribute(self, parent: Node, attribute: Attribute) -> Node:
        row = self._node(
            NodeKind.ATTRIBUTE, key_of("attribute", parent.key, attribute.name), shown(attribute.name), parent
        )
        row.side = type_name(attribute.type)
        marks = [
            word
            for word, is_so in (
                ("required", attribute.is_required),
                ("unique", attribute.is_unique),
                ("indexed", attribute.is_indexed),
            )
            if is_so
        ]
        row.tip = f"{row.text}: {', '.join([row.side, *marks])}"
        return row

    def _link_ends(self, parent: Node, entity: str, link: Link) -> list[Node]:
        """A link shows at each entity that it leads from; one from an entity to itself shows twice. An end without a
        label is not shown."""
        rows = []
        for end, other in ((link.forward, link.reverse), (link.reverse, link.forward)):
            if end.entity == entity and end.label:
                row = self._node(NodeKind.LINK, key_of("link", parent.key, end.label), shown(end.label), parent)
                how = end.has if other.label else "to"
                row.side = f"{how} {shown(other.entity)}"
                row.tip = f"{row.text}: {'foreign key' if not other.label else 'link to'} {row.side}"
                rows.append(row)
        return rows

    def _index_row(self, parent: Node, index: Index) -> Node:
        is_key = index.kind == "primary"
        kind = NodeKind.KEY if is_key else NodeKind.INDEX
        row = self._node(kind, key_of("index", parent.key, index.name), shown(index.name), parent)
        row.side = "primary key" if is_key else "unique" if index.is_unique else index.kind
        row.tip = f"{row.text}: index over {', '.join(shown(each) for each in index.attributes)}"
        return row

    # Nodes and indexes

    def _node(self, kind: NodeKind, key: str, text: str, parent: Node | None) -> Node:
        node = Node(next(self._ids), kind, key, text, parent)
        self._nodes[node.id] = node
        self._by_key[key] = node
        return node

    @staticmethod
    def _hang(parent: Node, rows: Iterable[Node]) -> None:
        for row in rows:
            row.row = len(parent.children)
            parent.children.append(row)

    def _insert(self, parent: Node, rows: list[Node]) -> None:
        first = len(parent.children)
        self.beginInsertRows(self.index_of_node(parent), first, first + len(rows) - 1)
        self._hang(parent, rows)
        self.endInsertRows()

    def _remove(self, parent: Node, first: int, last: int) -> None:
        self.beginRemoveRows(self.index_of_node(parent), first, last)
        for node in parent.children[first : last + 1]:
            self._drop(node)
        del parent.children[first : last + 1]
        self.endRemoveRows()

    def _replace(self, parent: Node, rows: list[Node]) -> None:
        """Other children for a node; the new ones are made before, so that keys lead to them afterwards."""
        if parent.children:
            self._remove(parent, 0, len(parent.children) - 1)
        self._insert(parent, rows)

    def _drop(self, node: Node) -> None:
        for child in node.children:
            self._drop(child)
        self._nodes.pop(node.id, None)
        if self._by_key.get(node.key) is node:
            del self._by_key[node.key]

    def _changed(self, first: Node, last: Node) -> None:
        self.dataChanged.emit(self.index_of_node(first), self.index_of_node(last))

    def node(self, index: AnyIndex) -> Node | None:
        return self._nodes.get(index.internalId()) if index.isValid() else None

    def index_of_node(self, node: Node | None) -> QModelIndex:
        return self.createIndex(node.row, 0, node.id) if node else QModelIndex()

    # Qt's side

    def index(self, row: int, column: int, parent: AnyIndex = _NONE) -> QModelIndex:
        node = self.node(parent)
        rows = self._top if node is None else node.children
        if column != 0 or not 0 <= row < len(rows):
            return QModelIndex()
        return self.createIndex(row, 0, rows[row].id)

    def parent(self, index: AnyIndex = _NONE) -> Any:
        node = self.node(index)
        return self.index_of_node(node.parent if node else None)

    def rowCount(self, parent: AnyIndex = _NONE) -> int:
        if not parent.isValid():
            return len(self._top)
        node = self.node(parent)
        return len(node.children) if node and parent.column() == 0 else 0

    def columnCount(self, parent: AnyIndex = _NONE) -> int:
        return 1

    def hasChildren(self, parent: AnyIndex = _NONE) -> bool:
        node = self.node(parent)
        if node is None:
            return bool(self._top) if not parent.isValid() else False
        return bool(node.children or node.pending) or is_unopened(node)

    def data(self, index: AnyIndex, role: int = 0) -> Any:
        node = self._nodes.get(index.internalId())
        if node is None:
            return None
        if role == _DISPLAY:
            return node.text
        if role == _TOOL_TIP:
            return _as_plain_tip(node.tip) if node.tip else None
        if role == _ACCESSIBLE:
            return _spoken(node)
        if role == _USER:
            return node.key
        return None


def _as_plain_tip(text: str) -> str:
    """Escaped, because Qt takes a tool tip that looks like markup for markup."""
    return "<p style='white-space:pre'>" + html.escape(text).replace("\n", "<br>") + "</p>"


def _spoken(node: Node) -> str:
    if node.kind is NodeKind.CONNECTION and node.connection:
        return f"{node.text}, {node.connection.environment.value} connection"
    return f"{node.text}, {node.side}" if node.side else node.text

"""The Qt model of the database tree: connection, group, app, entity, and what an entity has; loaded on demand."""

from __future__ import annotations

import html
import itertools
from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Any

from PySide6.QtCore import QAbstractItemModel, QModelIndex, QObject, QPersistentModelIndex, Signal

from app.core.apps import AppKind, AppSummary
from app.core.connection import Connection
from app.core.refs import AppRef
from app.core.status import ConnectionStatus, Health
from app.platforms.traits import traits_of
from app.schema.model import Attribute, Entity, Index, Link, Schema

from .app_list_model import STATE_WORDS
from .app_table import shown
from .tree_groups import TreeGroups, app_text
from .tree_tables import TableNames, by_schema, parts_of
from .type_names import type_name

AnyIndex = QModelIndex | QPersistentModelIndex
PAGE = 500
GROUPS = (
    (AppKind.FOUNDATION.value, "Foundation"),
    (AppKind.TENANT.value, "Tenants"),
    (AppKind.TASK.value, "Tasks"),
    (AppKind.OTHER.value, "Other"),
)
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


def app_key(ref: AppRef) -> str:
    return key_of("app", ref.connection_id, ref.app_id)


def entity_of(node: Node) -> str:
    """The name of the entity of a row."""
    return node.key.rpartition(_SEP)[2]


def has_sql(node: Node) -> bool:
    return node.connection is not None and traits_of(node.connection).has_sql


def is_unopened(node: Node) -> bool:
    """Whether what is below has not been asked for yet."""
    return node.kind in (NodeKind.APP, NodeKind.ENTITY) and not node.is_loaded


class TreeModel(QAbstractItemModel):
    """Emits ``schema_wanted(AppRef)`` when an app is opened whose schema it does not have.

    A database of tables is opened in two steps: ``names_wanted(AppRef)`` for the names of its tables, which stand below
    their schemas where there are several, and ``schema_wanted`` when one of the tables is opened.
    """

    schema_wanted = Signal(object)
    names_wanted = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._ids = itertools.count(1)
        self._nodes: dict[int, Node] = {}
        self._by_key: dict[str, Node] = {}
        self._top: list[Node] = []
        self._groups: TreeGroups | None = None
        self._schemas: dict[AppRef, Schema] = {}
        self._failures: dict[AppRef, str] = {}
        self._names: dict[AppRef, tuple[str, ...]] = {}
        self.tables = TableNames()
        self._health: dict[str, ConnectionStatus] = {}

    # Filling

    def set_groups(self, found: TreeGroups) -> bool:
        """Show these connections and apps. Returns True where rows came, went or moved (the model was reset, the
        view restores what was open), False where only texts changed, or nothing."""
        before, self._groups = self._groups, found
        if before is not None and found.shape == before.shape:
            if found.look != before.look:
                self._update_texts(found)
            return False
        self.beginResetModel()
        self._nodes.clear()
        self._by_key.clear()
        self._top = []
        for connection, groups in found.groups:
            self._add_connection(connection, groups)
        self.endResetModel()
        return True

    def _add_connection(self, connection: Connection, groups: list[tuple[str, list[AppSummary]]]) -> None:
        node = self._node(NodeKind.CONNECTION, key_of("connection", connection.id), "", None)
        self._describe_connection(node, connection)
        node.row = len(self._top)
        self._top.append(node)
        names = dict(GROUPS)
        for kind, members in groups:
            group = self._node(NodeKind.GROUP, key_of("group", connection.id, kind), names[kind], node)
            group.side = f"{len(members):,}"
            group.pending = list(members)
            self._hang(node, [group])
        if not groups:
            empty = self._node(NodeKind.EMPTY, key_of("empty", connection.id), "No apps listed yet", node)
            self._hang(node, [empty])

    def _describe_connection(self, node: Node, connection: Connection) -> None:
        node.connection = connection
        node.text = shown(connection.label)
        status = self._health.get(connection.id)
        word = status.sentence or status.health.value if status else "not checked yet"
        node.tip = f"{node.text} · {connection.environment.value}\n{shown(connection.base_url)}\n{word}"

    def _update_texts(self, found: TreeGroups) -> None:
        for connection, groups in found.groups:
            top = self._by_key[key_of("connection", connection.id)]
            self._describe_connection(top, connection)
            self._changed(top, top)
            for kind, members in groups:
                self._update_group(self._by_key[key_of("group", connection.id, kind)], members)

    def _update_group(self, group: Node, members: list[AppSummary]) -> None:
        shown_nodes = [each for each in group.children if each.kind is NodeKind.APP]
        for node, app in zip(shown_nodes, members, strict=False):
            self._describe_app(node, app)
        group.pending = members[len(shown_nodes) :]
        if shown_nodes:
            self._changed(shown_nodes[0], shown_nodes[-1])

    def set_statuses(self, statuses: Iterable[ConnectionStatus]) -> None:
        self._health = {each.connection_id: each for each in statuses}
        for node in self._top:
            if node.connection:
                self._describe_connection(node, node.connection)
        if self._top:
            self._changed(self._top[0], self._top[-1])

    def health(self, connection_id: str) -> Health:
        status = self._health.get(connection_id)
        return status.health if status else Health.UNKNOWN

    # Schemas

    def set_schema(self, ref: AppRef, schema: Schema) -> None:
        self._schemas[ref] = schema
        self._failures.pop(ref, None)
        node = self._by_key.get(app_key(ref))
        if node and has_sql(node):
            self.set_names(ref, tuple(each.name for each in schema.entities))
            for table in self._opened_tables(node):
                self._fill_table(table, schema)
        elif node and node.is_loaded:
            self._replace(node, self._entities(node, schema))

    def set_names(self, ref: AppRef, names: tuple[str, ...]) -> None:
        """The tables of a database; rows stay where they are the same."""
        known = self._names.get(ref)
        self._names[ref] = names
        self._failures.pop(ref, None)
        if known is None or known != names:
            self.tables.put(ref, names)
        node = self._by_key.get(app_key(ref))
        if node is None or not node.is_loaded:
            return
        is_shown = bool(node.children) and node.children[0].kind in (NodeKind.SCHEMA, NodeKind.ENTITY, NodeKind.EMPTY)
        if not is_shown or known is None or set(known) != set(names):
            self._replace(node, self._table_rows(node, names))

    def set_failed(self, ref: AppRef, sentence: str) -> None:
        """One row that says why there is nothing, and fetches again when it is activated."""
        self._schemas.pop(ref, None)
        self._failures[ref] = sentence
        node = self._by_key.get(app_key(ref))
        if node is None or not node.is_loaded:
            return
        if has_sql(node) and ref in self._names:
            # The tables are known; only what they have is not.
            for table in self._opened_tables(node):
                self._replace(table, [self._failure_row(table, sentence)])
        else:
            self._replace(node, [self._failure_row(node, sentence)])

    def forget_schema(self, ref: AppRef) -> None:
        """The schema changed, or another try is wanted: an app on screen asks for it again, others do when opened."""
        self._schemas.pop(ref, None)
        self._failures.pop(ref, None)
        node = self._by_key.get(app_key(ref))
        if node and node.is_loaded and has_sql(node):
            self._forget_tables(node, ref)
        elif node and node.is_loaded:
            if not node.children or node.children[0].kind is not NodeKind.ENTITY:
                self._replace(node, [self._loading_row(node)])
            self.schema_wanted.emit(ref)

    def _forget_tables(self, node: Node, ref: AppRef) -> None:
        if node.children and node.children[0].kind is NodeKind.FAILED:
            self._replace(node, [self._loading_row(node)])
        opened = self._opened_tables(node)
        for table in opened:
            if table.children and table.children[0].kind is NodeKind.FAILED:
                self._replace(table, [self._loading_row(table)])
        self.names_wanted.emit(ref)
        if opened:
            self.schema_wanted.emit(ref)

    def _opened_tables(self, app: Node) -> list[Node]:
        holders = [app, *(each for each in app.children if each.kind is NodeKind.SCHEMA)]
        return [row for each in holders for row in each.children if row.kind is NodeKind.ENTITY and row.is_loaded]

    def _table_rows(self, node: Node, names: Sequence[str]) -> list[Node]:
        """Schemas where there are several, else the tables themselves."""
        groups = by_schema(names)
        if not groups:
            return [self._node(NodeKind.EMPTY, key_of("empty", node.key), "No tables yet", node)]
        if len(groups) == 1:
            node.pending = list(groups[0][1])
            return self._page(node)
        return [self._schema_row(node, schema, tables) for schema, tables in groups]

    def _schema_row(self, node: Node, schema: str, tables: list[str]) -> Node:
        text = shown(schema) if schema else "public"
        row = self._node(NodeKind.SCHEMA, key_of("schema", node.key, schema), text, node)
        row.side = f"{len(tables):,}"
        row.tip = f"{row.text}: {len(tables):,} table{'' if len(tables) == 1 else 's'}"
        row.pending = tables
        return row

    def _table_row(self, parent: Node, name: str) -> Node:
        """What the table has is asked for when it is opened."""
        schema, table = parts_of(name)
        text = shown(table) if parent.kind is NodeKind.SCHEMA or not schema else shown(name)
        app = parent.parent if parent.kind is NodeKind.SCHEMA and parent.parent is not None else parent
        row = self._node(NodeKind.ENTITY, key_of("entity", app.key, name), text, parent)
        known = self._schemas.get(row.ref) if row.ref is not None else None
        entity = known.entity(name) if known is not None else None
        if entity is not None:
            self._describe_entity(row, entity)
        return row

    def _open_table(self, node: Node) -> None:
        node.is_loaded = True
        ref = node.ref
        assert ref is not None
        if ref in self._schemas:
            self._fill_table(node, self._schemas[ref])
        else:
            self._replace(node, [self._loading_row(node)])
            self.schema_wanted.emit(ref)

    def _fill_table(self, node: Node, schema: Schema) -> None:
        entity = schema.entity(entity_of(node))
        if entity is None:
            self._replace(node, [self._node(NodeKind.EMPTY, key_of("empty", node.key), "It is not there", node)])
            return
        self._describe_entity(node, entity)
        self._replace(node, self._parts(node, entity, schema.links))
        self._changed(node, node)

    def table_index(self, ref: AppRef, name: str) -> QModelIndex:
        """The row of a table of a database that is open; pages that it is on are fetched. Invalid where it is none."""
        app, schema = self._by_key.get(app_key(ref)), parts_of(name)[0]
        if app is None:
            return QModelIndex()
        holder = self._by_key.get(key_of("schema", app.key, schema), app)
        key = key_of("entity", app.key, name)
        while key not in self._by_key and name in holder.pending:
            self._next_page(holder)
        return self.index_of_node(self._by_key.get(key))

    def _failure_row(self, node: Node, sentence: str) -> Node:
        row = self._node(NodeKind.FAILED, key_of("failed", node.key), shown(sentence), node)
        row.side = "Retry"
        row.tip = f"{sentence}\nActivate to try again"
        return row

    def _loading_row(self, node: Node) -> Node:
        return self._node(NodeKind.LOADING, key_of("loading", node.key), "Loading…", node)

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

    # Pages

    def canFetchMore(self, parent: AnyIndex) -> bool:
        node = self.node(parent)
        if node is None:
            return False
        # Only what has no row at all is fetched by opening it: views ask more than once, and each time would bring
        # another page. Further pages come from the row that offers them.
        if node.children:
            return False
        return bool(node.pending) or is_unopened(node)

    def fetchMore(self, parent: AnyIndex) -> None:
        node = self.node(parent)
        if node is None:
            return
        if node.pending:
            self._next_page(node)
        elif node.kind is NodeKind.APP and not node.is_loaded:
            self._open_app(node)
        elif node.kind is NodeKind.ENTITY and not node.is_loaded:
            self._open_table(node)

    def _open_app(self, node: Node) -> None:
        node.is_loaded = True
        ref = node.ref
        assert ref is not None
        if has_sql(node) and ref in self._names:
            self._replace(node, self._table_rows(node, self._names[ref]))
        elif ref in self._schemas and not has_sql(node):
            self._replace(node, self._entities(node, self._schemas[ref]))
        elif ref in self._failures:
            self._replace(node, [self._failure_row(node, self._failures[ref])])
        else:
            self._replace(node, [self._loading_row(node)])
            (self.names_wanted if has_sql(node) else self.schema_wanted).emit(ref)

    def _next_page(self, group: Node) -> None:
        if not group.pending:
            return
        if group.children and group.children[-1].kind is NodeKind.MORE:
            self._remove(group, len(group.children) - 1, len(group.children) - 1)
        self._insert(group, self._page(group))

    def _page(self, holder: Node) -> list[Node]:
        """Rows of what comes next, and one that offers the rest."""
        page, holder.pending = holder.pending[:PAGE], holder.pending[PAGE:]
        make = self._app_row if holder.kind is NodeKind.GROUP else self._table_row
        rows = [make(holder, each) for each in page]
        if holder.pending:
            more = self._node(NodeKind.MORE, key_of("more", holder.key), "", holder)
            more.text = f"Show {min(PAGE, len(holder.pending)):,} more of {len(holder.pending):,}"
            rows.append(more)
        return rows

    def _app_row(self, group: Node, app: AppSummary) -> Node:
        node = self._node(NodeKind.APP, app_key(AppRef(app.connection_id, app.app_id)), "", group)
        self._describe_app(node, app)
        return node

    @staticmethod
    def _describe_app(node: Node, app: AppSummary) -> None:
        node.app = app
        node.ref = AppRef(app.connection_id, app.app_id)
        node.text = app_text(app)
        node.side = _state_mark(app)
        state = shown(app.note) or STATE_WORDS.get(app.state, app.state)
        node.tip = f"{shown(app.title) or 'untitled'}\n{app.app_id}\n{shown(app.owner) or 'nobody'} · {state}"

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

    def index_of(self, key: str) -> QModelIndex:
        """The index of a row by its key, invalid where there is none; pages that it is on are fetched."""
        node = self._by_key.get(key)
        parts = key.split(_SEP)
        if node is None and parts[0] == "app" and len(parts) == 3:
            node = self._fetch_until(parts[1], parts[2])
        return self.index_of_node(node)

    def _fetch_until(self, connection_id: str, app_id: str) -> Node | None:
        for kind, _ in GROUPS:
            group = self._by_key.get(key_of("group", connection_id, kind))
            if group is not None and any(app.app_id == app_id for app in group.pending):
                key = app_key(AppRef(connection_id, app_id))
                while key not in self._by_key:
                    self._next_page(group)
                return self._by_key[key]
        return None

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


def _state_mark(app: AppSummary) -> str:
    """A word at the right of an app's row, where there is something to say."""
    return {
        "drifted": "drift",
        "unowned": "no owner",
        "missing": "missing",
        "read-only": "read-only",
        "disabled": "disabled",
        "creating": "creating…",
    }.get(app.state, "")


def _as_plain_tip(text: str) -> str:
    """Escaped, because Qt takes a tool tip that looks like markup for markup."""
    return "<p style='white-space:pre'>" + html.escape(text).replace("\n", "<br>") + "</p>"


def _spoken(node: Node) -> str:
    if node.kind is NodeKind.CONNECTION and node.connection:
        return f"{node.text}, {node.connection.environment.value} connection"
    return f"{node.text}, {node.side}" if node.side else node.text

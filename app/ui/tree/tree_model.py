"""The Qt model of the database tree: connection, group, app, entity, and what an entity has; loaded on demand."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from PySide6.QtCore import QModelIndex, QObject, Signal

from app.core.apps import AppKind, AppSummary
from app.core.connection import Connection
from app.core.refs import AppRef
from app.core.status import ConnectionStatus, Health
from app.schema.model import Schema
from app.ui.apps.app_list_model import STATE_WORDS
from app.ui.apps.app_table import shown

from .tree_groups import TreeGroups, app_text
from .tree_nodes import (
    AnyIndex,
    Node,
    NodeKind,
    NodeModel,
    app_key,
    entity_of,
    has_sql,
    is_unopened,
    key_of,
    parts_of_key,
)
from .tree_tables import TableNames, by_schema, parts_of

PAGE = 500
GROUPS = (
    (AppKind.FOUNDATION.value, "Foundation"),
    (AppKind.TENANT.value, "Tenants"),
    (AppKind.TASK.value, "Tasks"),
    (AppKind.OTHER.value, "Other"),
)


class TreeModel(NodeModel):
    """Emits ``schema_wanted(AppRef)`` when an app is opened whose schema it does not have.

    A database of tables is opened in two steps: ``names_wanted(AppRef)`` for the names of its tables, which stand below
    their schemas where there are several, and ``schema_wanted`` when one of the tables is opened.
    """

    schema_wanted = Signal(object)
    names_wanted = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
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

    def index_of(self, key: str) -> QModelIndex:
        """The index of a row by its key, invalid where there is none; pages that it is on are fetched."""
        node = self._by_key.get(key)
        parts = parts_of_key(key)
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

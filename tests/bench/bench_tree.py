"""The tree over a database of 1,000 schemas × 5 tables: its schemas, the tables of one, and finding one of all."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QModelIndex
from PySide6.QtWidgets import QApplication

from tests.bench.figures import median

SCHEMAS, TABLES, ROUNDS = 1_000, 5, 5
QUERIES = ("tenant_0777.messages", "tenant_09", "messages", "votes", "enant_0500.docu", "nothing has this")


def measure() -> dict[str, Any]:
    from app.core.apps import AppSummary
    from app.core.connection import Connection, Environment, Platform
    from app.core.refs import AppRef
    from app.services.engine import Engine
    from app.ui.tree.database_tree import DatabaseTree
    from app.ui.tree.tree_groups import TreeGroups
    from app.ui.tree.tree_nodes import app_key
    from app.ui.work.runner import Runner

    application = QApplication.instance() or QApplication([])
    connection = Connection("pg", "Stores", Platform.POSTGRES, "postgresql://u@h:5432/main", Environment.LOCAL)
    ref = AppRef(connection.id, "main")
    tables = ("chats", "documents", "messages", "streams", "votes")
    names = tuple(sorted(f"tenant_{number:04}.{table}" for number in range(SCHEMAS) for table in tables))
    assert len(names) == SCHEMAS * TABLES

    def timed(act: Callable[[], object]) -> float:
        """Milliseconds until it is on screen."""
        begin = time.perf_counter()
        act()
        application.processEvents()
        return (time.perf_counter() - begin) * 1000

    def find(tree: DatabaseTree, text: str) -> None:
        tree.field.setText(text)
        tree.field.asked.emit(text)

    # Never opened: what the tree asks for is answered here.
    runner = Runner(Engine())
    schemas, opened, search = [], [], []
    for each in range(ROUNDS):
        tree = DatabaseTree(runner)
        tree.resize(320, 900)
        tree.show()
        tree.set_groups(TreeGroups((connection,), (AppSummary("pg", "main", "main", "", "other", "ok", 5_000),)))
        app = tree.model.index_of(app_key(ref))
        tree.view.expand(app.parent())
        tree.view.expand(app)
        application.processEvents()
        schemas.append(timed(lambda tree=tree: tree.model.set_names(ref, names)))
        app = tree.model.index_of(app_key(ref))
        assert tree.model.rowCount(app) == SCHEMAS, "the schemas are not there"

        def open_schema(tree: DatabaseTree = tree, app: QModelIndex = app, row: int = each * 190) -> None:
            index = tree.model.index(row, 0, app)
            tree.view.expand(index)
            tree.view.scrollTo(index)

        opened.append(timed(open_schema))
        assert tree.model.rowCount(tree.model.index(each * 190, 0, app)) == TABLES, "the tables are not there"
        for query in QUERIES:
            search += [timed(lambda text=query[:end], tree=tree: find(tree, text)) for end in range(1, len(query) + 1)]
        tree.close()
        tree.deleteLater()
        application.processEvents()
    return {
        "schemas": SCHEMAS,
        "tables": SCHEMAS * TABLES,
        "schemas_ui_ms": median(schemas, 1),
        "tables_ui_ms": median(opened, 1),
        "search_p50_ms": median(search, 1),
        "search_max_ms": round(max(search), 1),
        "ui_ms": round(max(median(schemas, 1), median(opened, 1), median(search, 1)), 1),
    }

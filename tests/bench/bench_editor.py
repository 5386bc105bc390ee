"""The schema editor with 1,000 entities × 20 attributes and 1,500 links: opening it, and editing a cell."""

from __future__ import annotations

import time
from types import SimpleNamespace
from typing import Any

from PySide6.QtCore import QEvent, QObject
from PySide6.QtWidgets import QApplication, QMainWindow, QWidget

from tests.bench.figures import median, percentile

ENTITIES, ATTRIBUTES, LINKS = 1_000, 20, 1_500
ROUNDS = 5
EDITS = 200
SETTLE_S = 2.5


def big_schema() -> Any:
    from app.schema.model import Attribute, Entity, Link, LinkEnd, Schema
    from app.schema.types import BooleanType, DateType, NumberType, StringType

    types = (StringType(), NumberType(), BooleanType(), DateType())
    entities = tuple(
        Entity(
            f"entity{at:04}",
            tuple(Attribute(f"attribute{each:02}", types[each % 4], each % 3 == 0) for each in range(ATTRIBUTES)),
        )
        for at in range(ENTITIES)
    )
    links = tuple(
        Link(
            f"entity{at % ENTITIES:04}Link{at}",
            LinkEnd(f"entity{at % ENTITIES:04}", f"link{at}", "one"),
            LinkEnd(f"entity{(at * 7 + 1) % ENTITIES:04}", f"back{at}", "many"),
        )
        for at in range(LINKS)
    )
    return Schema(entities, links)


class _FirstPaint(QObject):
    """Notes when each of the widgets was painted for the first time."""

    def __init__(self, widgets: list[QWidget]) -> None:
        super().__init__()
        self._waiting = set(map(id, widgets))
        self.at = 0.0
        for each in widgets:
            each.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Paint and id(watched) in self._waiting:
            self._waiting.discard(id(watched))
            if not self._waiting:
                self.at = time.perf_counter()
        return False

    @property
    def is_over(self) -> bool:
        return not self._waiting


def measure() -> dict[str, float]:
    from app.services.engine import Engine
    from app.ui.work.runner import Runner

    application = QApplication.instance() or QApplication([])
    runner = Runner(Engine())
    runner.open(_services)
    schema = big_schema()
    opening: list[float] = []
    window = QMainWindow()
    window.setFixedSize(1180, 800)
    window.show()
    application.processEvents()
    for _ in range(ROUNDS):
        editor, took = _opened(application, runner, window, schema)
        opening.append(took)
    typing = _edited(application, editor)
    window.close()
    runner.close()
    runner.engine.stop(5)
    return {
        "entities": ENTITIES,
        "first_paint_ms": median(opening, 1),
        "cell_edit_p50_ms": median(typing, 2),
        "cell_edit_p95_ms": percentile(typing, 95),
        "cell_edit_max_ms": round(max(typing), 1),
    }


async def _services() -> Any:
    from app.services.activity import ActivityLog
    from app.services.hub import ChangeHub

    async def close() -> None:
        return None

    async def save_draft(_ref: Any, _draft: Any) -> None:
        return None

    workshop = SimpleNamespace(save_draft=save_draft)
    return SimpleNamespace(hub=ChangeHub(), activity=ActivityLog(), workshop=workshop, aclose=close)


def _opened(application: Any, runner: Any, window: QMainWindow, schema: Any) -> tuple[Any, float]:
    """A new editor, and the milliseconds from its making until list and grids are on screen."""
    from app.core.apps import AppSummary
    from app.core.connection import Connection, Environment, Platform
    from app.core.refs import AppRef
    from app.platforms.contract import YES
    from app.platforms.instant.schema_rules import RULES
    from app.services.catalog import SchemaSnapshot
    from app.services.workshop import OpenSchema
    from app.ui.editor.schema_editor import SchemaEditor
    from app.ui.schema.schema_document import SchemaDocument

    connection = Connection("bench", "Bench", Platform.INSTANT, "http://127.0.0.1:1", Environment.LOCAL)
    app = AppSummary("bench", "app", "Bench")
    base = SchemaSnapshot(schema, 0.0, "bench")
    opened = OpenSchema(AppRef("bench", "app"), base, None, None, False, RULES, YES)
    begin = time.perf_counter()
    document = SchemaDocument(runner, connection, "app", "Bench", window)
    editor = SchemaEditor(runner, document, connection, app)
    editor.take(opened)
    painted = _FirstPaint([editor.entities.view.viewport(), editor.grids.attributes.viewport()])
    window.setCentralWidget(editor)
    while not painted.is_over:
        application.processEvents()
    took = (painted.at - begin) * 1000
    _settle(application)
    return editor, took


def _settle(application: Any) -> None:
    """Until the diagram is laid out beside the grids: an operator looks before doing the next thing."""
    until = time.monotonic() + SETTLE_S
    while time.monotonic() < until:
        application.processEvents()
        time.sleep(0.005)


def _edited(application: Any, editor: Any) -> list[float]:
    """Milliseconds of the UI thread for one edit each, until it is on screen: names and flags by turns."""
    grid, document = editor.grids.attributes, editor.document
    model = grid.grid
    taken: list[float] = []
    for at in range(EDITS):
        if at % 20 == 0:
            document.select(f"entity{at:04}")
            application.processEvents()
        row = at % model.rowCount()
        begin = time.perf_counter()
        if at % 3 == 0:
            model.set_values([row], 0, f"renamed{at}")
        else:
            model.toggle([row], 2 + at % 3, row)
        application.processEvents()
        taken.append((time.perf_counter() - begin) * 1000)
    assert document.undo_stack.count() == EDITS
    return taken

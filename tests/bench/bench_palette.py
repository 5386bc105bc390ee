"""The palette over 100,000 apps and 50,000 entities: each keystroke with its repaint, and how long all of it takes."""

from __future__ import annotations

import asyncio
import gc
import random
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from PySide6.QtWidgets import QApplication

from app.core.apps import AppSummary
from app.core.connection import Connection, Environment, Platform
from app.core.refs import AppRef
from tests.bench.figures import median, percentile
from tests.bench.sample_apps import FIRST, SECOND, THIRD, sample_apps

APPS, SHAPES, ENTITIES, PARTS = 100_000, 2_500, 20, 6
# What an operator types: names, initials, an owner and a dot, a part of an ID, words, nothing that there is.
QUERIES = (
    "swift-blue-river",
    "cgd",
    "e5",
    "calm.meadow1207",
    "bold.delta77@example.com.canyon",
    "nothing has this",
    "harbourivory42.title",
    "refresh",
    "@prod",
    ":glacier",
    "quiet copper",
)


class NoNames:
    """Keeps nothing for the next start."""

    def put(self, shapes: object, apps: object) -> None:
        pass

    def all(self) -> tuple[dict[str, str], Sequence[object]]:
        return {}, ()

    def tidy(self) -> None:
        pass


def measure() -> dict[str, float]:
    from app.services.engine import Engine
    from app.storage.last_known import LastKnown
    from app.ui.look.theme import Theme, ThemeChoice
    from app.ui.palette.palette_dialog import PaletteDialog
    from app.ui.palette.palette_hits import PaletteMemory, PaletteSources
    from app.ui.settings.settings import WindowSettings
    from app.ui.window.main_window import MainWindow
    from app.ui.work.runner import Runner

    application = QApplication.instance() or QApplication([])
    assert isinstance(application, QApplication)
    # As in the program, where the window looks for garbage itself, between two things to do.
    gc.disable()
    with tempfile.TemporaryDirectory() as folder:
        settings = WindowSettings(Path(folder) / "window.ini")
        theme = Theme(application, ThemeChoice.LIGHT)
        window = MainWindow(Runner(Engine()), settings, theme, Path(folder))
        window.resize(1280, 800)
        window.show()
        production = Connection("bench", "Production", Platform.INSTANT, "https://x.example", Environment.PRODUCTION)
        window.show_last_known(LastKnown((production,), sample_apps("bench", APPS), ()))
        application.processEvents()
        begin = time.perf_counter()
        index = asyncio.run(_index(window.data.table.rows))
        built = time.perf_counter() - begin
        begin = time.perf_counter()
        dialog = PaletteDialog(PaletteSources(window.registry, window.data), PaletteMemory(settings), window)
        dialog.open()
        application.processEvents()
        opened = (time.perf_counter() - begin) * 1000
        dialog.set_index(index)
        keystrokes: list[float] = []
        slices: list[float] = []
        settled: list[float] = []
        for text in _typed():
            begin = time.perf_counter()
            dialog.box.setText(text)
            application.processEvents()
            keystrokes.append((time.perf_counter() - begin) * 1000)
            while not dialog.is_settled:
                # The next keystroke would have to wait for such a slice.
                last = time.perf_counter()
                application.processEvents()
                slices.append((time.perf_counter() - last) * 1000)
            settled.append((time.perf_counter() - begin) * 1000)
        dialog.reject()
        window.hide()
    return {
        "apps": APPS,
        "entities": len(index.entities.texts),
        "index_s": round(built, 2),
        "open_ms": round(opened, 1),
        "p50_ms": median(keystrokes, 2),
        "p95_ms": percentile(keystrokes, 95),
        "max_ms": round(max(keystrokes), 1),
        "slice_p95_ms": percentile(slices, 95),
        "settled_p50_ms": median(settled, 1),
        "settled_p95_ms": percentile(settled, 95),
    }


def _typed() -> Iterator[str]:
    """Letter by letter, and back."""
    for query in QUERIES * 2:
        for end in (*range(1, len(query) + 1), *range(len(query) - 1, -1, -1)):
            yield query[:end]


async def _index(rows: Sequence[AppSummary]) -> object:
    """As the engine makes it, of what it has heard of each app."""
    from app.schema.model import Attribute, Entity, Schema
    from app.schema.types import StringType
    from app.services.search_index import KnownNames

    dice, names = random.Random(20_261_121), KnownNames(NoNames())
    kinds = StringType()
    schemas = [
        Schema(
            tuple(
                Entity(
                    f"{dice.choice(THIRD)}{dice.choice(SECOND)}{shape * ENTITIES + each}",
                    tuple(Attribute(f"{dice.choice(FIRST)}{part}", kinds) for part in range(PARTS)),
                )
                for each in range(ENTITIES)
            )
        )
        for shape in range(SHAPES)
    ]
    for at, row in enumerate(rows):
        names.saw(AppRef(row.connection_id, row.app_id), schemas[at % SHAPES])
    made = await names.index(rows)
    await names.aclose()
    return made

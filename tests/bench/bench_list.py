"""The app-ID list with 100,000 apps: filling, sorting, filtering by keystroke, scrolling; each with its repaint."""

from __future__ import annotations

import time
from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QMainWindow

from tests.bench.figures import median, percentile
from tests.bench.sample_apps import sample_apps

APPS = 100_000
ROUNDS = 5
# What an operator types: letter by letter, corrected, by part of an ID, by owner.
QUERIES = ("swift-blue-river", "calm", "bold.delta4", "e5", "nothing has this", "quiet-copper", "7", "sunny ochre")


def measure() -> dict[str, float]:
    from app.ui.apps.app_list_panel import AppListPanel
    from app.ui.apps.app_table import AppColumn

    application = QApplication.instance() or QApplication([])
    rows = sample_apps("bench", APPS)
    panel = AppListPanel()
    window = QMainWindow()
    window.setCentralWidget(panel)
    window.setFixedSize(1180, 700)
    window.show()
    application.processEvents()

    def timed(act: Callable[[], object]) -> float:
        """Milliseconds until it is on screen: what the act posted, the repaint among it, is handled too."""
        begin = time.perf_counter()
        act()
        application.processEvents()
        return (time.perf_counter() - begin) * 1000

    fill = [timed(lambda: panel.set_apps(rows)) for _ in range(ROUNDS)]
    orders = (Qt.SortOrder.DescendingOrder, Qt.SortOrder.AscendingOrder)
    columns = (AppColumn.TITLE, AppColumn.OWNER, AppColumn.CREATED, AppColumn.APP_ID)
    sort = [timed(lambda c=column, o=order: panel.sort_by(c, o)) for column in columns for order in orders]
    filtering = []
    for query in QUERIES * 2:
        typed = [query[:end] for end in range(1, len(query) + 1)]
        erased = [*reversed(typed[:-1]), ""]
        filtering += [timed(lambda text=text: panel.set_filter(text)) for text in typed + erased]
    bar = panel.view.verticalScrollBar()
    scroll = [timed(lambda at=at: bar.setValue(at)) for at in range(0, bar.maximum(), max(1, bar.maximum() // 400))]
    window.close()
    return {
        "apps": APPS,
        "fill_ms": median(fill, 1),
        "sort_ms": median(sort, 1),
        "sort_max_ms": round(max(sort), 1),
        "filter_p50_ms": median(filtering, 2),
        "filter_p95_ms": percentile(filtering, 95),
        "scroll_p50_ms": median(scroll, 2),
        "scroll_p95_ms": percentile(scroll, 95),
    }

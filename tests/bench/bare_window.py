"""A bare PySide6 window: what a start is measured against.

A main window with menus, a toolbar, three docks, a tree of 220 items and a table of 200 rows by 6 columns, made of
Qt's own item widgets, with nothing behind it. Writes the monotonic time of its first paint to argv[1].
"""

import sys
import time
from pathlib import Path

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QPaintEvent
from PySide6.QtWidgets import (
    QApplication,
    QDockWidget,
    QMainWindow,
    QPlainTextEdit,
    QTableWidget,
    QTableWidgetItem,
    QTreeWidget,
    QTreeWidgetItem,
)

GROUPS, LEAVES, ROWS, COLUMNS = 20, 10, 200, 6


class Window(QMainWindow):
    painted = False

    def __init__(self) -> None:
        super().__init__()
        self.setWindowTitle("Bare")
        for title in ("File", "Edit", "View", "Help"):
            menu = self.menuBar().addMenu(title)
            for number in range(5):
                menu.addAction(f"{title} {number}")
        bar = self.addToolBar("Main")
        for number in range(4):
            bar.addAction(f"Action {number}")
        self.setCentralWidget(self._table())
        areas = Qt.DockWidgetArea
        for name, area, widget in (
            ("Tree", areas.LeftDockWidgetArea, self._tree()),
            ("Text", areas.RightDockWidgetArea, QPlainTextEdit()),
            ("Log", areas.BottomDockWidgetArea, QPlainTextEdit()),
        ):
            dock = QDockWidget(name, self)
            dock.setWidget(widget)
            self.addDockWidget(area, dock)
        self.statusBar().showMessage("Ready")
        self.resize(1440, 900)

    @staticmethod
    def _table() -> QTableWidget:
        table = QTableWidget(ROWS, COLUMNS)
        for row in range(ROWS):
            for column in range(COLUMNS):
                table.setItem(row, column, QTableWidgetItem(f"{row}:{column}"))
        return table

    @staticmethod
    def _tree() -> QTreeWidget:
        tree = QTreeWidget()
        for number in range(GROUPS):
            group = QTreeWidgetItem(tree, [f"Group {number}"])
            for leaf in range(LEAVES):
                QTreeWidgetItem(group, [f"Item {leaf}"])
        return tree

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if not self.painted:
            self.painted = True
            # The timer fires after this paint has been flushed to the screen.
            QTimer.singleShot(0, self._done)

    def _done(self) -> None:
        Path(sys.argv[1]).write_text(f"first_paint {time.monotonic()}\n")
        QApplication.quit()


application = QApplication(sys.argv[:1])
window = Window()
window.show()
application.exec()

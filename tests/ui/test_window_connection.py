"""Commands are about the connection that the operator looks at."""

from __future__ import annotations

from dataclasses import dataclass, field

from PySide6.QtWidgets import QTabWidget, QWidget

from app.core.connection import Connection, Environment, Platform
from app.ui.window.window_connection import meant_connection

A = Connection("a", "A", Platform.INSTANT, "https://a.example", Environment.STAGING)
B = Connection("b", "B", Platform.POSTGRES, "postgresql://b.example/main", Environment.LOCAL, foundation_app_id="main")


class Page(QWidget):
    connection = B


@dataclass
class Data:
    connections: tuple[Connection, ...] = (A, B)

    def connection(self, key: str | None) -> Connection | None:
        return next((each for each in self.connections if each.id == key), None)


@dataclass
class Commands:
    chosen_id: str | None = None


@dataclass
class Window:
    tabs: QTabWidget
    data: Data = field(default_factory=Data)
    commands: Commands = field(default_factory=Commands)


def test_meant_connection_is_that_of_the_tab_in_front_then_the_chosen_then_the_only_fitting(qtbot):
    tabs = QTabWidget()
    qtbot.addWidget(tabs)
    tabs.addTab(QWidget(), "Overview")
    window = Window(tabs)
    is_sql = lambda each: each.platform is Platform.POSTGRES  # noqa: E731
    assert meant_connection(window) is None
    assert meant_connection(window, is_sql) is B
    window.commands.chosen_id = "a"
    assert meant_connection(window) is A
    # Another than the one that is looked at is not meant.
    assert meant_connection(window, is_sql) is None
    tabs.setCurrentIndex(tabs.addTab(Page(), "Workspaces"))
    assert meant_connection(window) is B
    window.data.connections = (A,)
    assert meant_connection(window) is None

"""The toolbar: where one is, where to jump, what runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QMenu, QPushButton, QSizePolicy, QToolBar, QToolButton, QWidget

from app.core.connection import Connection
from app.core.status import ConnectionStatus, Health
from app.core.text import plain
from app.ui.look.icons import sign, state_icon, state_word
from app.ui.parts.badges import StateMark, text_label
from app.ui.parts.environment_badge import EnvironmentBadge
from app.ui.window.jobs_button import JobsButton

ALL_CONNECTIONS = "All connections"


class ConnectionSwitcher(QPushButton):
    """Which connection the list is narrowed to; its environment is always beside its name."""

    chosen = Signal(object)  # connection ID, None for all
    add_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._connections: Sequence[Connection] = ()
        self._statuses: Mapping[str, ConnectionStatus] = {}
        self._mark = StateMark(Health.UNKNOWN)
        self._name = text_label(ALL_CONNECTIONS, "title")
        self._badge = EnvironmentBadge()
        self._arrow = QLabel()
        self._arrow.setPixmap(sign("down").pixmap(QSize(11, 11)))
        self._row = row = QHBoxLayout(self)
        row.setContentsMargins(11, 0, 10, 0)
        row.setSpacing(8)
        for part in (self._mark, self._name, self._badge, self._arrow):
            part.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
            row.addWidget(part)
        self._menu = QMenu(self)
        self._menu.aboutToShow.connect(self._fill)
        self.clicked.connect(self._open)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.show_connection((), {}, None)

    def show_connection(
        self, connections: Sequence[Connection], statuses: Mapping[str, ConnectionStatus], chosen_id: str | None
    ) -> None:
        self._connections, self._statuses = connections, statuses
        chosen = next((each for each in connections if each.id == chosen_id), None)
        self._badge.setVisible(chosen is not None)
        self._mark.setVisible(chosen is not None)
        if chosen is None:
            self._name.setText(ALL_CONNECTIONS)
            self.setAccessibleName("Connection: all")
        else:
            health = self._health(chosen)
            self._name.setText(plain(chosen.label, 40) + (" · unlocked" if chosen.is_unlocked else ""))
            self._badge.set_environment(chosen.environment)
            self._mark.set_state(health)
            self.setAccessibleName(f"Connection: {self._name.text()}, {chosen.environment.value}, {state_word(health)}")
        self.setToolTip("Choose a connection")
        self.updateGeometry()

    def sizeHint(self) -> QSize:
        inner = self._row.sizeHint()
        return QSize(inner.width(), max(inner.height(), self.fontMetrics().height() + 13))

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def refresh_looks(self) -> None:
        self._arrow.setPixmap(sign("down").pixmap(QSize(11, 11)))

    def _health(self, connection: Connection) -> Health:
        status = self._statuses.get(connection.id)
        return status.health if status else Health.UNKNOWN

    def _open(self) -> None:
        self._menu.popup(self.mapToGlobal(self.rect().bottomLeft()))

    def _fill(self) -> None:
        self._menu.clear()
        self._menu.addAction(ALL_CONNECTIONS, lambda: self.chosen.emit(None))
        self._menu.addSeparator()
        for each in self._connections:
            health = self._health(each)
            text = f"{plain(each.label, 60).replace('&', '&&')}   [{_environment_word(each)}]   {state_word(health)}"
            action = self._menu.addAction(state_icon(health), text)
            action.triggered.connect(lambda _=False, key=each.id: self.chosen.emit(key))
        self._menu.addSeparator()
        self._menu.addAction(sign("plus"), "Add connection…", self.add_requested.emit)


def _environment_word(connection: Connection) -> str:
    word = connection.environment.value
    return word.upper() if word == "production" else word


class MainToolbar(QToolBar):
    """Fixed at the top; all of it can be reached with Tab."""

    palette_requested = Signal()
    refresh_requested = Signal()
    jobs_requested = Signal()
    create_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Toolbar", parent)
        self.setObjectName("toolbar")
        self.setMovable(False)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)
        self.switcher = ConnectionSwitcher()
        self.refresh_button = QToolButton()
        self.refresh_button.setProperty("look", "button")
        self.refresh_button.setIcon(sign("refresh", "text"))
        self.refresh_button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.refresh_button.setAccessibleName("Refresh")
        self.refresh_button.setToolTip("Refresh (F5)")
        self.refresh_button.clicked.connect(self.refresh_requested)
        self.search = QPushButton("Jump to anything")
        self.search.setProperty("look", "search")
        self.search.setAccessibleName("Jump to anything")
        self.search.setToolTip("Jump to any action, app or entity (Ctrl+K)")
        self.search.clicked.connect(self.palette_requested)
        self._lay_out_search()
        self._fit_text()
        self.jobs_button = JobsButton()
        self.jobs_button.show_requested.connect(self.jobs_requested)
        self.create_button = QPushButton("New app")
        self.create_button.setProperty("look", "primary")
        self.create_button.setToolTip("Create an app (Ctrl+N)")
        self.create_button.setAccessibleName("New app")
        self.create_button.clicked.connect(self.create_requested)
        self.addWidget(self.switcher)
        self.addWidget(self.refresh_button)
        self.addWidget(_stretch())
        self.addWidget(self.search)
        self.addWidget(_stretch())
        self.addWidget(self.jobs_button)
        self.addWidget(self.create_button)

    def _lay_out_search(self) -> None:
        keys = self._search_keys = text_label("Ctrl K", "chip")
        keys.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        row = QHBoxLayout(self.search)
        row.setContentsMargins(8, 0, 8, 0)
        row.addStretch(1)
        row.addWidget(keys)
        self.search.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)

    def tell_keys(self, refresh: str, jump: str, create: str) -> None:
        """The keys of the three, as they are shown; "" for none."""
        self.refresh_button.setToolTip(_with_keys("Refresh", refresh))
        self.search.setToolTip(_with_keys("Jump to any action, app or entity", jump))
        self.create_button.setToolTip(_with_keys("Create an app", create))
        first = jump.partition(", ")[0]
        self._search_keys.setText(first.replace("+", " "))
        self._search_keys.setVisible(bool(first))

    def _fit_text(self) -> None:
        """Sizes that follow the size of the text, which can be changed while the window is open."""
        metrics = self.search.fontMetrics()
        side = metrics.height() + 13
        self.refresh_button.setFixedSize(side, side)
        self.search.setMinimumWidth(metrics.averageCharWidth() * 34)
        self.search.setMaximumWidth(metrics.averageCharWidth() * 78)
        self.search.setMinimumHeight(side)

    def refresh_looks(self) -> None:
        self.switcher.refresh_looks()
        self._fit_text()
        self.refresh_button.setIcon(sign("refresh", "text"))


def _with_keys(text: str, keys: str) -> str:
    return f"{text} ({keys})" if keys else text


def _stretch() -> QWidget:
    spacer = QWidget()
    spacer.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
    return spacer

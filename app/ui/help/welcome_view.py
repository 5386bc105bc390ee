"""How to begin: look around, connect to what there is, or bring along what was written down."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QScrollArea, QVBoxLayout, QWidget

from app.core.text import plain
from app.ui.connections.connection_dialog import Kind
from app.ui.overview.live_data import LiveData
from app.ui.parts.badges import text_label
from app.ui.parts.flow_layout import FlowLayout

_LETTERS = 92
_WHAT = "The databases of all your tenants in one window. Begin with one of these; the others are there later."
_LOOK = "A platform on this machine with sample tenants. Nothing there is real: edit, push and delete as you like."
_CONNECT = "A connection can be tested before it is saved. A read-only one changes nothing, whatever is pressed."
_BRING = (
    "Addresses and tokens of a project, or settings that were exported on another machine. "
    "You see what would be taken before anything is."
)
_TOKENS = (
    "Tokens and passwords are kept in the keyring of this system; where there is none, in memory until the window is "
    "closed. They are in no file, no log and no export, and are sent only to the platform that they are for."
)


class WelcomeView(QWidget):
    """Signals say what was chosen; the page itself does nothing."""

    look_around_requested = Signal()
    connect_requested = Signal(object)  # Kind
    env_requested = Signal()
    import_requested = Signal()
    help_requested = Signal()

    def __init__(self, data: LiveData, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._data = data
        self.look_button = _button("&Look around", self.look_around_requested.emit, "primary")
        self.instant_button = _button("&Instant…", lambda: self.connect_requested.emit(Kind.INSTANT))
        self.postgres_button = _button("&PostgreSQL…", lambda: self.connect_requested.emit(Kind.POSTGRES))
        self.sqlite_button = _button("S&QLite file…", lambda: self.connect_requested.emit(Kind.SQLITE))
        self.env_button = _button("&Read an .env file…", self.env_requested.emit)
        self.import_button = _button("I&mport settings…", self.import_requested.emit)
        self.help_button = _button("Firs&t steps", self.help_requested.emit, "link")
        self.tokens = _wrapped("", "muted")
        self._lay_out()
        self.setFocusProxy(self.look_button)
        data.token_place_changed.connect(self._tell_tokens)
        self._tell_tokens()

    def _lay_out(self) -> None:
        page = QWidget()
        page.setMaximumWidth(self.fontMetrics().averageCharWidth() * _LETTERS)
        box = QVBoxLayout(page)
        box.setContentsMargins(28, 28, 28, 28)
        box.setSpacing(14)
        box.addWidget(text_label("Welcome to Tenantry", "heading"))
        box.addWidget(_wrapped(_WHAT))
        box.addWidget(
            _part(
                "Look around",
                _LOOK,
                self.look_button,
            )
        )
        box.addWidget(
            _part(
                "Connect to what you have",
                _CONNECT,
                self.instant_button,
                self.postgres_button,
                self.sqlite_button,
            )
        )
        box.addWidget(
            _part(
                "Bring along",
                _BRING,
                self.env_button,
                self.import_button,
            )
        )
        box.addWidget(text_label("WHERE TOKENS GO", "sectionHead"))
        box.addWidget(self.tokens)
        box.addWidget(self.help_button, 0, Qt.AlignmentFlag.AlignLeft)
        box.addStretch(1)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        inner = QWidget()
        row = QHBoxLayout(inner)
        row.setContentsMargins(0, 0, 0, 0)
        row.addStretch(1)
        row.addWidget(page, 100)
        row.addStretch(1)
        area.setWidget(inner)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(area)

    def _tell_tokens(self) -> None:
        place = self._data.token_place
        now = f"{plain(place.sentence, 160)}. " if place is not None else ""
        self.tokens.setText(f"{now}{_TOKENS}")


def _part(title: str, sentence: str, *buttons: QPushButton) -> QFrame:
    frame = QFrame()
    frame.setProperty("look", "card")
    frame.setAccessibleName(title)
    frame.setAccessibleDescription(sentence)
    box = QVBoxLayout(frame)
    box.setContentsMargins(16, 14, 16, 14)
    box.setSpacing(8)
    box.addWidget(text_label(title, "title"))
    box.addWidget(_wrapped(sentence, "muted"))
    choices = QWidget()
    row = FlowLayout(choices)
    for each in buttons:
        each.setAccessibleDescription(sentence)
        row.addWidget(each)
    box.addWidget(choices)
    return frame


def _wrapped(text: str, look: str = "") -> QLabel:
    label = text_label(text, look)
    label.setWordWrap(True)
    return label


def _button(text: str, act: Callable[[], object], look: str = "") -> QPushButton:
    button = QPushButton(text)
    if look:
        button.setProperty("look", look)
    button.clicked.connect(lambda: act())
    return button

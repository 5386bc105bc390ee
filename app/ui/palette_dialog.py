"""Ctrl+K: jump to any app or action by typing a part of its name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import (
    QAbstractListModel,
    QEvent,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QRect,
    QRectF,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QAction, QColor, QGuiApplication, QKeyEvent, QKeySequence, QPainter
from PySide6.QtWidgets import (
    QDialog,
    QLineEdit,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from app.core.apps import AppSummary
from app.core.connection import Connection
from app.core.refs import AppRef
from app.core.text import plain
from app.ui.badges import text_label
from app.ui.environment_badge import badge_size, paint_badge
from app.ui.icons import app_state, paint_state, state_word
from app.ui.theme import colours, mono_font, scaled_font

_MOST_SHOWN = 60
_MOST_RANKED = 400
Index = QModelIndex | QPersistentModelIndex
_NONE = QModelIndex()
_DISPLAY, _ACCESSIBLE, _USER = 0, 11, 256


@dataclass(frozen=True, slots=True)
class Hit:
    """A row: an app, or an action with the menu it is in."""

    app: AppSummary | None = None
    action: QAction | None = None
    place: str = ""

    @property
    def text(self) -> str:
        if self.app is not None:
            return plain(self.app.title, 120) or "untitled"
        assert self.action is not None
        return self.action.text().replace("&", "")


def find_apps(rows: Sequence[AppSummary], haystack: Sequence[str], query: str) -> list[AppSummary]:
    """Apps in whose ID, title or owner every word occurs; whole IDs and starts of titles first.

    ``haystack`` holds the lower-cased "ID, title, owner" of each row.
    """
    terms = query.lower().split()
    if not terms:
        return []
    first = terms[0]
    at = [row for row, text in enumerate(haystack) if first in text]
    for term in terms[1:]:
        at = [row for row in at if term in haystack[row]]
    whole = " ".join(terms)
    found = [rows[row] for row in at[:_MOST_RANKED]]
    return sorted(found, key=lambda app: _rank(app, whole))[:_MOST_SHOWN]


def _rank(app: AppSummary, query: str) -> int:
    title = app.title.lower()
    if app.app_id == query or title == query:
        return 0
    if title.startswith(query) or app.app_id.startswith(query):
        return 1
    return 2 if app.owner.lower().startswith(query) else 3


def find_actions(actions: Iterable[tuple[QAction, str]], query: str) -> list[Hit]:
    """Enabled actions whose menu and text have every word."""
    terms = query.lower().split()
    hits = []
    for action, place in actions:
        hay = f"{place} {action.text().replace('&', '')}".lower()
        if action.isEnabled() and all(term in hay for term in terms):
            hits.append(Hit(action=action, place=place))
    return hits


class _HitsModel(QAbstractListModel):
    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.hits: list[Hit] = []
        self.connections: Mapping[str, Connection] = {}

    def set_hits(self, hits: list[Hit]) -> None:
        self.beginResetModel()
        self.hits = hits
        self.endResetModel()

    def rowCount(self, parent: Index = _NONE) -> int:
        return 0 if parent.isValid() else len(self.hits)

    def data(self, index: Index, role: int = 0) -> Any:
        hit = self.hits[index.row()]
        if role == _DISPLAY:
            return hit.text
        if role == _USER:
            return hit
        if role == _ACCESSIBLE:
            return self._spoken(hit)
        return None

    def _spoken(self, hit: Hit) -> str:
        if hit.app is None:
            return f"Action {hit.text}"
        connection = self.connections.get(hit.app.connection_id)
        where = f", {connection.environment.value}" if connection else ""
        owner = f", owner {plain(hit.app.owner, 80)}" if hit.app.owner else ""
        return f"App {hit.text}, {hit.app.app_id}{owner}{where}, {state_word(app_state(hit.app.state))}"


class _HitDelegate(QStyledItemDelegate):
    """Paints a hit in one line: state, name, ID, owner and environment; or an action with its keys."""

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(100, option.fontMetrics.height() + 14)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        hit: Hit = index.data(_USER)
        look = colours()
        painter.save()
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(option.rect, QColor(look.selection))
        place = option.rect.adjusted(14, 0, -14, 0)
        if hit.app is not None:
            self._paint_app(painter, place, hit.app, index.model())
        else:
            self._paint_action(painter, place, hit)
        painter.restore()

    def _paint_app(self, painter: QPainter, place: QRect, app: AppSummary, model: Any) -> None:
        look = colours()
        side = painter.fontMetrics().ascent()
        paint_state(painter, QRectF(place.left(), place.center().y() - side / 2, side, side), app_state(app.state))
        right = place.right()
        connection = model.connections.get(app.connection_id)
        if connection is not None:
            size = badge_size(connection.environment, painter.font())
            spot = QRect(right - size.width(), place.center().y() - size.height() // 2, size.width(), size.height())
            paint_badge(painter, spot, connection.environment, painter.font())
            right = spot.left() - 12
        left = place.left() + side + 10
        width = right - left
        font = painter.font()
        mono = mono_font()
        mono.setPointSizeF(mono.pointSizeF() * 0.88)
        painter.setFont(mono)
        # The ID is never cut while there is room; title and owner share the rest.
        ids_width = min(painter.fontMetrics().horizontalAdvance(app.app_id) + 14, width // 2)
        rest = width - ids_width
        ids = QRect(left + int(rest * 0.52), place.top(), ids_width, place.height())
        _draw(painter, ids, app.app_id, look.muted)
        painter.setFont(font)
        titles = QRect(left, place.top(), int(rest * 0.52) - 12, place.height())
        _draw(painter, titles, plain(app.title, 120) or "untitled", look.text)
        owners = QRect(ids.right() + 8, place.top(), int(rest * 0.48) - 8, place.height())
        _draw(painter, owners, plain(app.owner, 120) or "nobody", look.muted)

    @staticmethod
    def _paint_action(painter: QPainter, place: QRect, hit: Hit) -> None:
        look = colours()
        assert hit.action is not None
        keys = hit.action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
        keys_width = painter.fontMetrics().horizontalAdvance(keys) + 12
        side = painter.fontMetrics().ascent()
        left = place.adjusted(side + 10, 0, -keys_width, 0)
        text = f"{hit.place.replace('/', ' › ')} › {hit.text}" if hit.place else hit.text
        _draw(painter, left, text, look.text)
        painter.setPen(QColor(look.muted))
        painter.drawText(place, int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter), keys)
        painter.drawText(place, int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter), "›")


def _draw(painter: QPainter, place: QRect, text: str, colour: str) -> None:
    painter.setPen(QColor(colour))
    shown = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, place.width())
    painter.drawText(place, int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter), shown)


class PaletteDialog(QDialog):
    """Arrow keys choose, Enter jumps, Ctrl+Enter copies the app's ID, Escape leaves. Show it with ``open()``."""

    app_chosen = Signal(object)  # AppRef
    copied = Signal(str)

    def __init__(
        self,
        rows: Sequence[AppSummary],
        haystack: Sequence[str],
        connections: Mapping[str, Connection],
        actions: Sequence[tuple[QAction, str]],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Jump to")
        self._rows, self._haystack, self._actions = rows, haystack, actions
        self.box = QLineEdit()
        self.box.setPlaceholderText("Title, app ID, owner, or action")
        self.box.setAccessibleName("Jump to any app or action")
        self.box.setMaxLength(200)
        self.box.setFont(scaled_font(1.15))
        self._model = _HitsModel(self)
        self._model.connections = connections
        self.list = QListView()
        self.list.setModel(self._model)
        self.list.setItemDelegate(_HitDelegate(self.list))
        self.list.setUniformItemSizes(True)
        self.list.setAccessibleName("Matches")
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.list.clicked.connect(lambda _: self._act())
        self._hint = text_label("", "small")
        self._hint.setContentsMargins(14, 6, 14, 8)
        self._lay_out()
        self.box.textChanged.connect(self._search)
        self.box.installEventFilter(self)
        self._search("")

    def _lay_out(self) -> None:
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(0)
        top = QVBoxLayout()
        top.setContentsMargins(12, 12, 12, 8)
        top.addWidget(self.box)
        box.addLayout(top)
        box.addWidget(self.list, 1)
        box.addWidget(self._hint)
        metrics = self.fontMetrics()
        self.resize(max(700, metrics.averageCharWidth() * 118), metrics.height() * 24)

    def hits(self) -> tuple[Hit, ...]:
        return tuple(self._model.hits)

    def _search(self, query: str) -> None:
        apps = [Hit(app=app) for app in find_apps(self._rows, self._haystack, query)]
        hits = apps + find_actions(self._actions, query)
        self._model.set_hits(hits)
        if hits:
            self.list.setCurrentIndex(self._model.index(0))
        self._hint.setText(self._help(bool(apps), bool(hits)))

    @staticmethod
    def _help(has_apps: bool, has_hits: bool) -> str:
        if not has_hits:
            return "No app and no action has all of these words."
        return "Enter opens · Ctrl+Enter copies the app ID · Esc closes" if has_apps else "Enter does it · Esc closes"

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self.box and isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                copies = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
                self._act(copies=copies)
                return True
            step = _STEPS.get(Qt.Key(event.key()))
            if step is not None:
                self._move(step)
                return True
        return super().eventFilter(watched, event)

    def _move(self, step: int) -> None:
        count = self._model.rowCount()
        if count:
            row = max(0, min(count - 1, self.list.currentIndex().row() + step))
            self.list.setCurrentIndex(self._model.index(row))

    def _act(self, *, copies: bool = False) -> None:
        index = self.list.currentIndex()
        if not index.isValid():
            return
        hit = self._model.hits[index.row()]
        if hit.app is not None and copies:
            QGuiApplication.clipboard().setText(hit.app.app_id)
            self.copied.emit(f"Copied {hit.app.app_id} ({hit.text})")
        self.accept()
        if hit.app is not None and not copies:
            self.app_chosen.emit(AppRef(hit.app.connection_id, hit.app.app_id))
        elif hit.action is not None:
            hit.action.trigger()


_STEPS = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1, Qt.Key.Key_PageDown: 10, Qt.Key.Key_PageUp: -10}

"""Ctrl+K: jump to any action, connection, app, entity or attribute by typing a part of its name."""

from __future__ import annotations

import time
from dataclasses import replace

from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Signal
from PySide6.QtGui import QGuiApplication, QKeyEvent
from PySide6.QtWidgets import QDialog, QHBoxLayout, QLineEdit, QListView, QPushButton, QVBoxLayout, QWidget

from app.core.text import plain
from app.services.search_index import SearchIndex
from app.ui.look.theme import scaled_font
from app.ui.parts.badges import ElidedLabel
from app.ui.parts.dialog_size import fit
from app.ui.parts.fuzzy import score

from .palette_hits import Hit, HitKind, PaletteMemory, PaletteSources, weighed, without_twins
from .palette_model import HitDelegate, HitsModel
from .palette_query import Query, parsed
from .palette_search import MOST_SHOWN, PaletteSearch

# A keystroke has 16 ms, and half of them belong to the repaint.
_FIRST_SLICE_S, _SLICE_S, _SHOWN_EVERY_S = 0.0015, 0.003, 0.08
_PINNED, _RECENT, _DISABLED = 200, 120, -60
_BY_OTHER_WORDS = 380
_FILTERS = ((">", "Actions"), ("@", "Connections"), ("#", "Apps"), (":", "Entities"))
_STEPS = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1, Qt.Key.Key_PageDown: 10, Qt.Key.Key_PageUp: -10}


class PaletteDialog(QDialog):
    """Arrow keys choose, Enter goes there, Ctrl+Enter copies the app's ID, Ctrl+P pins, Tab goes on to the entities of
    an app, Escape leaves. Show it with ``open()``."""

    app_chosen = Signal(object)  # AppRef
    entity_chosen = Signal(object, str, str)  # AppRef, entity, attribute or label of a link ("" for none)
    connection_chosen = Signal(str)
    copied = Signal(str)

    def __init__(self, sources: PaletteSources, memory: PaletteMemory, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Jump to")
        self._sources, self._memory = sources, memory
        self._remembered = sources.remembered(memory)
        table = sources.data.table
        self.search = PaletteSearch(table.rows, table.haystack)
        self.box = QLineEdit()
        self.box.setPlaceholderText("Action, app, owner, app ID, entity — or owner.entity")
        self.box.setAccessibleName("Jump to anything")
        self.box.setAccessibleDescription(
            "Type a part of a name. A dot leads to an entity of an app, as in ana.todos. "
            "Begin with > for actions, @ for connections, # for apps, : for entities."
        )
        self.box.setMaxLength(200)
        self.box.setFont(scaled_font(1.15))
        self._model = HitsModel(self)
        self.list = QListView()
        self.list.setModel(self._model)
        self.list.setItemDelegate(HitDelegate(self.list))
        self.list.setUniformItemSizes(True)
        self.list.setFrameShape(QListView.Shape.NoFrame)
        self.list.setAccessibleName("Matches")
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.list.clicked.connect(lambda _: self._act())
        self.hint = ElidedLabel(look="small")
        self.filters = [self._filter(letter, word) for letter, word in _FILTERS]
        self._lay_out()
        self._has_moved = False
        self._entries: list[tuple[int, Hit]] = []
        self._shown_at = 0.0
        self._timer = QTimer(self, interval=0)
        self._timer.timeout.connect(self._go_on)
        self.box.textChanged.connect(self._search)
        self.box.installEventFilter(self)
        self._search("")

    def _lay_out(self) -> None:
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(0)
        top = QVBoxLayout()
        top.setContentsMargins(12, 12, 12, 8)
        top.setSpacing(6)
        top.addWidget(self.box)
        narrowing = QHBoxLayout()
        narrowing.setSpacing(2)
        for each in self.filters:
            narrowing.addWidget(each)
        narrowing.addStretch(1)
        top.addLayout(narrowing)
        box.addLayout(top)
        box.addWidget(self.list, 1)
        self.hint.setContentsMargins(14, 6, 10, 8)
        box.addWidget(self.hint)
        fit(self, 118, 30)

    def _filter(self, letter: str, word: str) -> QPushButton:
        button = QPushButton(f"{letter}  {word}")
        button.setProperty("look", "segment")
        button.setCheckable(True)
        button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        button.setAutoDefault(False)
        button.setAccessibleName(f"{word} only")
        button.setToolTip(f"{word} only: begin with {letter}")
        button.clicked.connect(lambda checked: self._narrow(letter if checked else ""))
        return button

    def _narrow(self, letter: str) -> None:
        """Put a prefix before what was typed, in the place of another one."""
        text = self.box.text().lstrip()
        bare = text[1:].lstrip() if text[:1] in ">@#:" else text
        self.box.setText(f"{letter}{bare}")

    def hits(self) -> tuple[Hit, ...]:
        return tuple(self._model.hits)

    @property
    def is_settled(self) -> bool:
        """Whether everything was looked at."""
        return self.search.is_done

    def set_index(self, index: SearchIndex) -> None:
        """The names of entities have arrived."""
        self.search.set_index(index)
        if self.search.query.terms:
            self._timer.start()
        self._tell()

    # Searching

    def _search(self, text: str) -> None:
        query = parsed(text)
        for button, (letter, _word) in zip(self.filters, _FILTERS, strict=True):
            button.setChecked(text.lstrip().startswith(letter))
        self._has_moved = False
        self.search.start(query)
        self._entries = self._scored(query)
        self._advance(_FIRST_SLICE_S)
        if self._entries or self.search.found() or self.search.is_done:
            self._show()
        self._timer.stop() if self.search.is_done else self._timer.start()

    def _advance(self, seconds: float) -> None:
        end = time.perf_counter() + seconds
        self.search.advance(lambda: time.perf_counter() > end)

    def _go_on(self) -> None:
        """One more slice, between what else the window has to do."""
        self._advance(_SLICE_S)
        if self.search.is_done:
            self._timer.stop()
        if self.search.is_done or time.perf_counter() - self._shown_at > _SHOWN_EVERY_S:
            self._show()

    def _finish(self) -> None:
        """Who types fast presses Enter before the answer."""
        if not self.search.is_done:
            self._timer.stop()
            self.search.advance(lambda: False)
            self._show()

    def _scored(self, query: Query) -> list[tuple[int, Hit]]:
        """What is few enough to be weighed at every keystroke."""
        if not query.terms:
            return []
        found: list[tuple[int, Hit]] = []
        for hit in weighed([*self._remembered, *self._sources.actions, *self._sources.places], query.kind):
            title = hit.title.lower()
            best = max(score(title, query.whole, query.terms), score(title.rpartition("› ")[2], *query[1:]))
            if hit.kind in (HitKind.APP, HitKind.ENTITY):
                best = max(best, score(hit.detail.lower(), query.whole, query.terms) - 40)
            elif best < _BY_OTHER_WORDS and hit.answers_to(query.terms):
                best = _BY_OTHER_WORDS
            if best > 0:
                bonus = _PINNED if hit.is_pinned else _RECENT if hit.is_recent else 0
                found.append((best + bonus + (0 if hit.is_enabled else _DISABLED), hit))
        return found

    def _unasked(self, kind: str) -> list[Hit]:
        """Without a word: what is pinned, what was chosen lately, then what there is."""
        rest = sorted([*self._sources.actions, *self._sources.places], key=lambda hit: not hit.is_enabled)
        if kind == HitKind.APP.value:
            rest = [self._sources.of_app(each) for each in self.search.rows[:MOST_SHOWN]]
        return without_twins(weighed([*self._remembered, *rest], kind), 2 * MOST_SHOWN)

    def _show(self) -> None:
        query = self.search.query
        self._shown_at = time.perf_counter()
        if not query.terms:
            hits = self._unasked(query.kind)
        else:
            found = [(each.score, self._sources.of_found(each)) for each in self.search.found()]
            best = sorted([*self._entries, *found], key=lambda pair: -pair[0])
            hits = without_twins((hit for _, hit in best), MOST_SHOWN)
        chosen = self._current()
        self._model.set_hits(hits, query.terms)
        row = 0
        if self._has_moved and chosen is not None:
            row = next((at for at, hit in enumerate(hits) if hit.key == chosen.key), 0)
        if hits:
            self.list.setCurrentIndex(self._model.index(row))
        self._tell()

    def _current(self) -> Hit | None:
        index = self.list.currentIndex()
        return self._model.hits[index.row()] if index.isValid() else None

    def _tell(self) -> None:
        hit = self._current()
        self.hint.set_text(self._hint_of(hit))

    def _hint_of(self, hit: Hit | None) -> str:
        if hit is None:
            if not self.search.is_done:
                return "Searching…"
            waits = " The names of entities are still being read." if self.search.index is None else ""
            return f"Nothing has all of these words.{waits}"
        if not hit.is_enabled:
            return plain(hit.detail, 160)
        pin = "Ctrl+P unpins" if hit.is_pinned else "Ctrl+P pins"
        if hit.kind is HitKind.APP:
            return f"Enter opens · Tab for its entities · Ctrl+Enter copies the app ID · {pin}"
        if hit.kind is HitKind.ENTITY:
            more = " · a title or owner and a dot before it finds the other apps" if hit.others else ""
            return f"Enter opens · Ctrl+Enter copies the app ID · {pin}{more}"
        return f"Enter shows it alone · {pin}" if hit.kind is HitKind.CONNECTION else f"Enter does it · {pin}"

    # Keys

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is not self.box or not isinstance(event, QKeyEvent):
            return super().eventFilter(watched, event)
        has_control = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
        if event.type() == QEvent.Type.ShortcutOverride and has_control and event.key() == Qt.Key.Key_P:
            event.accept()
            return True
        if event.type() == QEvent.Type.KeyPress and self._take_key(Qt.Key(event.key()), has_control):
            return True
        return super().eventFilter(watched, event)

    def _take_key(self, key: Qt.Key, has_control: bool) -> bool:
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._finish()
            self._act(copies=has_control)
        elif key == Qt.Key.Key_P and has_control:
            self._pin()
        elif key == Qt.Key.Key_Tab:
            self._complete()
        elif key in _STEPS:
            self._move(_STEPS[key])
        else:
            return False
        return True

    def _move(self, step: int) -> None:
        count = self._model.rowCount()
        if count:
            self._has_moved = True
            row = max(0, min(count - 1, self.list.currentIndex().row() + step))
            self.list.setCurrentIndex(self._model.index(row))
            self._tell()

    def _complete(self) -> None:
        """Go on to the entities of the app that is chosen."""
        hit = self._current()
        if hit is not None and hit.app is not None:
            name = hit.app.owner or hit.app.title or hit.app.app_id
            self.box.setText(f"{plain(name, 120)}.{hit.entity + '.' if hit.entity and not hit.part else ''}")

    def _pin(self) -> None:
        hit = self._current()
        if hit is None:
            return
        is_pinned = self._memory.toggle_pin(hit.key)
        self._remembered = self._sources.remembered(self._memory)
        self._has_moved = True
        self._model.hits = [replace(each, is_pinned=is_pinned) if each.key == hit.key else each for each in self.hits()]
        self.list.viewport().update()
        self._tell()

    def _act(self, *, copies: bool = False) -> None:
        hit = self._current()
        if hit is None:
            return
        if hit.app is not None and copies:
            QGuiApplication.clipboard().setText(hit.app.app_id)
            self.copied.emit(f"Copied {hit.app.app_id} ({plain(hit.app.title, 60) or 'untitled'})")
            self.accept()
            return
        if not hit.is_enabled:
            self._tell()
            return
        self._memory.note(hit.key)
        self.accept()
        self._go(hit)

    def _go(self, hit: Hit) -> None:
        if hit.action is not None:
            hit.action.trigger()
        elif hit.ref is not None and hit.entity:
            self.entity_chosen.emit(hit.ref, hit.entity, hit.part)
        elif hit.ref is not None:
            self.app_chosen.emit(hit.ref)
        elif hit.connection is not None:
            self.connection_chosen.emit(hit.connection.id)

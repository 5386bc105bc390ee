"""The help in a tab: pages by task, found by any word; their links open other pages and do what they name."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QEvent, QSize, Qt, QTimer, QUrl, Signal
from PySide6.QtGui import QImage, QKeyEvent, QResizeEvent, QTextBlockFormat, QTextCharFormat, QTextDocument
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QSplitter,
    QTextBrowser,
    QVBoxLayout,
    QWidget,
)

from app.core.text import plain
from app.ui.actions.actions import ActionRegistry, shown_keys
from app.ui.look.theme import colours
from app.ui.parts.empty_state import EmptyState

from .help_pages import NAMES, HelpPage, help_pages, picture_bytes

_NAME = Qt.ItemDataRole.UserRole
_LETTERS = 110  # a line that is longer is hard to read


class HelpView(QWidget):
    """``action_wanted`` carries the name of an action that a link named."""

    action_wanted = Signal(str)

    def __init__(self, registry: ActionRegistry, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._registry = registry
        self.search = QLineEdit()
        self.list = QListWidget()
        self.browser = HelpBrowser()
        self.empty = EmptyState()
        self._shown = ""
        self._again = QTimer(self, singleShot=True, interval=0)
        self._again.timeout.connect(self._show_again)
        self._lay_out()
        for each in help_pages():
            item = QListWidgetItem(each.title, self.list)
            item.setData(_NAME, each.name)
        self.search.textChanged.connect(self._filter)
        self.search.returnPressed.connect(self._enter_page)
        self.list.currentItemChanged.connect(lambda item, _before: self._show(item))
        self.list.itemActivated.connect(lambda _item: self.browser.setFocus())
        self.browser.anchorClicked.connect(self._follow)
        self.empty.activated.connect(self.search.clear)
        registry.changed.connect(self._show_again)
        self.setFocusProxy(self.list)
        self.show_page(NAMES[0])

    def _lay_out(self) -> None:
        self.search.setPlaceholderText("Search the help")
        self.search.setAccessibleName("Search the help")
        self.search.setProperty("look", "filter")
        self.search.setClearButtonEnabled(True)
        self.list.setAccessibleName("Pages of the help")
        self.list.setUniformItemSizes(True)
        self.list.setStyleSheet("QListWidget::item { padding: 4px 6px; }")
        self.browser.setAccessibleName("Page of the help")
        self.empty.hide()
        side = QWidget()
        box = QVBoxLayout(side)
        box.setContentsMargins(10, 10, 6, 10)
        box.addWidget(self.search)
        box.addWidget(self.list, 1)
        box.addWidget(self.empty, 1)
        splitter = QSplitter()
        splitter.setChildrenCollapsible(False)
        splitter.addWidget(side)
        splitter.addWidget(self.browser)
        splitter.setStretchFactor(1, 1)
        metrics = self.fontMetrics()
        side.setMinimumWidth(max(metrics.horizontalAdvance(each.title) for each in help_pages()) + 52)
        splitter.setSizes([side.minimumWidth(), metrics.averageCharWidth() * _LETTERS])
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(splitter)

    # Pages

    def show_page(self, name: str) -> None:
        """Bring a page into sight; what was searched for is left."""
        self.search.clear()
        item = next((each for each in self._items() if each.data(_NAME) == name), None)
        if item is not None:
            self.list.setCurrentItem(item)

    @property
    def shown(self) -> str:
        """The name of the page in sight."""
        return self._shown

    def _items(self) -> list[QListWidgetItem]:
        return [self.list.item(at) for at in range(self.list.count())]

    def _show(self, item: QListWidgetItem | None) -> None:
        if item is not None and item.data(_NAME) != self._shown:
            self._shown = str(item.data(_NAME))
            self._fill()
            self._go_to_word()

    def _show_again(self) -> None:
        at = self.browser.verticalScrollBar().value()
        self._fill()
        self.browser.verticalScrollBar().setValue(at)

    def _fill(self) -> None:
        page = next(each for each in help_pages() if each.name == self._shown)
        self.browser.setMarkdown(page.with_keys(self._keys_of))
        self.browser.setAccessibleName(f"Help: {page.title}")

    def _keys_of(self, action: str) -> str:
        return shown_keys(self._registry.keys_of(action)) if action in self._registry else ""

    # Searching

    def _filter(self, text: str) -> None:
        words = text.casefold().split()
        found = {each.name for each in help_pages() if _has(each, words)}
        first: QListWidgetItem | None = None
        for item in self._items():
            item.setHidden(item.data(_NAME) not in found)
            first = first or (None if item.isHidden() else item)
        self.list.setVisible(bool(found))
        self.empty.setVisible(not found)
        if not found:
            self.empty.tell("No such page", f"No page has “{plain(text, 60)}” in it.", "Show all")
        elif first is not None and (self.list.currentItem() is None or self.list.currentItem().isHidden()):
            self.list.setCurrentItem(first)
        else:
            self._go_to_word()

    def _go_to_word(self) -> None:
        words = self.search.text().split()
        if words:
            self.browser.moveCursor(self.browser.textCursor().MoveOperation.Start)
            self.browser.find(words[0])

    def _enter_page(self) -> None:
        if self.list.isVisible():
            self.browser.setFocus()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and self.search.text():
            self.search.clear()
            self.search.setFocus()
        else:
            super().keyPressEvent(event)

    # Links

    def _follow(self, url: QUrl) -> None:
        kind, _, name = url.toString().partition(":")
        if kind == "page":
            self.show_page(name)
            self.browser.setFocus()
        elif kind == "action":
            self.action_wanted.emit(name)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.FontChange) and self._shown:
            # Not within the change: a browser that is being polished must not get another document.
            self._again.start()


class HelpBrowser(QTextBrowser):
    """Shows pictures as wide as there is room, those for a dark theme where that is on; goes nowhere by itself."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setOpenLinks(False)
        self.setFrameShape(QFrame.Shape.NoFrame)
        # Always there: where it came and went with the height of a picture, the picture would not know its room.
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setStyleSheet("HelpBrowser { border: 0; border-radius: 0; padding: 0; }")
        self.document().setDocumentMargin(24)
        self._room = 0

    def loadResource(self, kind: int, url: QUrl | str) -> Any:
        if kind != QTextDocument.ResourceType.ImageResource.value:
            return None
        name = QUrl(url).fileName()
        dark = picture_bytes(name.replace(".png", "-dark.png")) if colours().is_dark else b""
        image = QImage.fromData(dark or picture_bytes(name))
        if image.isNull():
            return None
        ratio = self.devicePixelRatioF()
        width = int(min(image.width(), self._picture_room() * ratio))
        scaled = image.scaledToWidth(width, Qt.TransformationMode.SmoothTransformation)
        scaled.setDevicePixelRatio(ratio)
        return scaled

    def _picture_room(self) -> int:
        margin = int(2 * self.document().documentMargin()) + 4
        return max(120, min(self.viewport().width() - margin, self.fontMetrics().averageCharWidth() * _LETTERS))

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._limit_lines()
        super().resizeEvent(event)
        room = self._picture_room()
        if room != self._room:
            self._room = room
            self._reload()

    def _limit_lines(self) -> None:
        """Lines no longer than one can read; the rest of the room is a margin at the right."""
        longest = self.fontMetrics().averageCharWidth() * _LETTERS + int(2 * self.document().documentMargin())
        spare = max(0, self.width() - longest - self.verticalScrollBar().sizeHint().width())
        self.setViewportMargins(0, 0, spare, 0)

    def _reload(self) -> None:
        at = self.verticalScrollBar().value()
        text = self.property("page")
        if isinstance(text, str):
            self.setMarkdown(text)
            self.verticalScrollBar().setValue(at)

    def setMarkdown(self, markdown: str) -> None:
        self.setProperty("page", markdown)
        # Qt would begin with the format of where the cursor stood: mostly that of a heading.
        self.clear()
        self.setCurrentCharFormat(QTextCharFormat())
        self.textCursor().setBlockFormat(QTextBlockFormat())
        super().setMarkdown(markdown)

    def sizeHint(self) -> QSize:
        return QSize(600, 400)


def _has(page: HelpPage, words: list[str]) -> bool:
    return all(word in page.haystack for word in words)

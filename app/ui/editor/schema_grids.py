"""The grids of one entity: its attributes, links and indexes, each cell edited in place."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QModelIndex, Qt, Signal
from PySide6.QtGui import QGuiApplication, QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QScrollArea, QSizePolicy, QVBoxLayout, QWidget

from app.core.text import plain
from app.platforms.traits import traits_of
from app.schema.model import Entity
from app.ui.actions.key_tips import KeyTip
from app.ui.look.icons import sign
from app.ui.parts.badges import ElidedLabel, text_label
from app.ui.schema.schema_document import SchemaDocument

from .attribute_grid_model import AttributeColumn, AttributeGridModel
from .link_grid_model import LinkColumn, LinkGridModel
from .schema_grid import SchemaGrid

_MOST_REFERRING = 12
_FEWEST_ATTRIBUTES, _FEWEST = 10, 4


class SchemaGrids(QWidget):
    """The selected entity: its name, its attributes, its links, and where the platform has them its indexes.

    One grid at a time shows selected rows: the one that the keyboard is in, or was in last.
    """

    settings_requested = Signal()  # what the table has beside columns, keys and indexes

    def __init__(self, document: SchemaDocument, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._document = document
        self.title = ElidedLabel("", look="heading")
        self.about = text_label("", "chip")
        self.mark = text_label("", "chip")
        self.settings = text_label("", "muted")
        self.attribute_button = QPushButton("Attribute")
        self.attributes = SchemaGrid(AttributeGridModel(document, self), "Attributes", AttributeColumn.CHANGE)
        self._has_sql = traits_of(document.connection).has_sql
        self.link_button = QPushButton("Foreign key" if self._has_sql else "Link")
        self.links = self._make_links()
        self.links_head = text_label("", "sectionHead")
        self.referring = text_label("", "muted")
        self.indexes: SchemaGrid | None = self._make_indexes() if self._has_sql else None
        self.indexes_head = text_label("", "sectionHead") if self._has_sql else None
        self.index_button: QPushButton | None = QPushButton("Index") if self._has_sql else None
        self.table_button: QPushButton | None = QPushButton("Table…") if self._has_sql else None
        self._active = self.attributes
        self.area: QScrollArea | None = None
        self._tips: dict[QPushButton, KeyTip] = {}
        self._lay_out()
        self._connect()
        self._tell()

    def _make_links(self) -> SchemaGrid:
        if not self._has_sql:
            return SchemaGrid(LinkGridModel(self._document, self), "Links", LinkColumn.CHANGE)
        from .foreign_key_grid_model import ForeignKeyGridModel, KeyColumn

        return SchemaGrid(ForeignKeyGridModel(self._document, self), "Foreign keys", KeyColumn.CHANGE)

    def _make_indexes(self) -> SchemaGrid:
        from .index_grid_model import IndexColumn, IndexGridModel

        return SchemaGrid(IndexGridModel(self._document, self), "Indexes", IndexColumn.CHANGE)

    @property
    def grids(self) -> tuple[SchemaGrid, ...]:
        """From top to bottom."""
        return (self.attributes, self.links, *((self.indexes,) if self.indexes is not None else ()))

    def _lay_out(self) -> None:
        self.title.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        for chip in (self.about, self.mark):
            chip.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        head = QHBoxLayout()
        head.setContentsMargins(14, 8, 10, 8)
        head.setSpacing(8)
        head.addWidget(self.title)
        head.addWidget(self.about)
        head.addWidget(self.mark)
        head.addStretch(1)
        for button, action, also in self._buttons():
            button.setProperty("look", "small")
            button.setIcon(sign("plus"))
            word = button.text().lower()
            self._tips[button] = KeyTip(button, f"New {word}", action, also=also)
            button.setAccessibleName(f"Add {'an' if word[0] in 'ai' else 'a'} {word}")
            head.addWidget(button)
        if self.table_button is not None:
            self.table_button.setProperty("look", "small")
            self.table_button.setAccessibleName("Comment, checks and row-level security of the table")
            self.table_button.clicked.connect(self.settings_requested)
            head.addWidget(self.table_button)
        self.settings.setContentsMargins(14, 0, 8, 6)
        self.settings.setWordWrap(True)
        self.links_head.setContentsMargins(14, 14, 8, 4)
        self.referring.setContentsMargins(14, 6, 8, 0)
        self.referring.setWordWrap(True)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(0)
        outer.addLayout(head)
        outer.addWidget(self.settings)
        layout = self._room(outer)
        layout.addWidget(self.attributes)
        layout.addWidget(self.links_head)
        layout.addWidget(self.links)
        layout.addWidget(self.referring)
        if self.indexes is not None and self.indexes_head is not None:
            self.indexes_head.setContentsMargins(14, 14, 8, 4)
            layout.addWidget(self.indexes_head)
            layout.addWidget(self.indexes)
        layout.addStretch(1)
        self.setMinimumWidth(260)

    def _room(self, outer: QVBoxLayout) -> QVBoxLayout:
        """Where the grids stand. In little room they scroll together; three of them are never pressed into what there
        is."""
        self.area = QScrollArea()
        self.area.setWidgetResizable(True)
        self.area.setFrameShape(QFrame.Shape.NoFrame)
        self.area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        page = QWidget()
        layout = QVBoxLayout(page)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        self.area.setWidget(page)
        self.area.setMinimumHeight(self.fontMetrics().height() * 3)
        outer.addWidget(self.area, 1)
        if self.indexes is not None:
            for grid, rows in ((self.attributes, _FEWEST_ATTRIBUTES), (self.links, _FEWEST), (self.indexes, _FEWEST)):
                grid.fewest_rows = rows
        return layout

    def _buttons(self) -> tuple[tuple[QPushButton, str, str], ...]:
        """With their actions, and other keys that do the same."""
        usual = (
            (self.attribute_button, "schema.add_attribute", "Insert"),
            (self.link_button, "schema.add_link", ""),
        )
        return usual if self.index_button is None else (*usual, (self.index_button, "schema.add_index", ""))

    def _connect(self) -> None:
        document = self._document
        self.attribute_button.clicked.connect(self.attributes.add)
        self.link_button.clicked.connect(self.links.add)
        if self.index_button is not None and self.indexes is not None:
            self.index_button.clicked.connect(self.indexes.add)
        for at, grid in enumerate(self.grids):
            grid.add_requested.connect(grid.add)
            grid.left.connect(partial(self._leave, at))
            grid.entered.connect(partial(self._activate, grid))
            grid.selectionModel().currentChanged.connect(partial(self._scroll_to, grid))
        for grid in self.grids:
            for signal in (grid.grid.modelReset, grid.grid.rowsInserted, grid.grid.rowsRemoved):
                signal.connect(self._tell)
        document.changed.connect(self._tell)
        document.base_changed.connect(self._tell)
        document.part_wanted.connect(self.show_part)

    def _leave(self, at: int, way: int) -> None:
        """The keyboard goes on to the next grid that has rows."""
        rest = self.grids[at + 1 :] if way > 0 else self.grids[:at][::-1]
        grid = next((each for each in rest if each.grid.rowCount()), None)
        if grid is not None:
            grid.setFocus()
            grid.show_rows([0 if way > 0 else grid.grid.rowCount() - 1])

    def _scroll_to(self, grid: SchemaGrid, index: QModelIndex, _before: QModelIndex) -> None:
        """Keep the row that the keyboard is on in sight; under a mouse button nothing moves."""
        page = self.area.widget() if self.area is not None else None
        if self.area is None or page is None or not grid.hasFocus() or QGuiApplication.mouseButtons():
            return
        place = grid.visualRect(index)
        at = grid.viewport().mapTo(page, place.center())
        self.area.ensureVisible(0, at.y(), 0, place.height() + 4)

    def _activate(self, grid: SchemaGrid) -> None:
        self._active = grid
        for each in self.grids:
            if each is not grid:
                each.clearSelection()

    def _tell(self) -> None:
        document, name = self._document, self._document.selected_entity
        entity = document.draft.wanted.entity(name)
        self.title.set_text(plain(name, 80) or "No entity")
        count = len(entity.attributes) if entity is not None else 0
        self.about.setText(f"{count} attribute{'' if count == 1 else 's'}" if entity is not None else "")
        self._tell_mark(name, entity is not None)
        self._fit_head()
        self._tell_section(self.links, self.links_head, "FOREIGN KEYS" if self._has_sql else "LINKS")
        if self.indexes is not None and self.indexes_head is not None:
            self._tell_section(self.indexes, self.indexes_head, "INDEXES")
            self._tell_referring(name)
            self._tell_table(entity)
        self.settings.setVisible(bool(self.settings.text()))
        self.referring.setVisible(bool(self.referring.text()))
        reason = self._why_not_add(entity)
        for button, tip in self._tips.items():
            button.setEnabled(entity is not None and not reason)
            tip.refuse(reason)

    @staticmethod
    def _tell_section(grid: SchemaGrid, head: QLabel, title: str) -> None:
        has_rows = grid.grid.rowCount() > 0
        head.setText(title if has_rows else f"NO {title}")
        grid.setVisible(has_rows)

    def _tell_table(self, entity: Entity | None) -> None:
        """Comment, checks and the like under the name; why they cannot be changed at the button."""
        from app.ui.schema.extras import extra_of

        from .entity_settings import settings_words

        assert self.table_button is not None
        extra = entity.extra if entity is not None else ()
        words = (plain(extra_of(extra, "comment", ""), 300), settings_words(extra))
        self.settings.setText(" · ".join(filter(None, words)))
        reason = self._why_not_add(entity)
        self.table_button.setEnabled(entity is not None and not reason)
        self.table_button.setToolTip(reason or "Comment, checks and row-level security")

    def _tell_referring(self, name: str) -> None:
        """The other side of foreign keys, which has no name of its own."""
        from app.ui.schema.link_choices import referring

        found = sorted({each.forward.entity for each in referring(self._document.draft.wanted, name)}, key=str.lower)
        shown = ", ".join(plain(each, 60) for each in found[:_MOST_REFERRING])
        more = f" and {len(found) - _MOST_REFERRING:,} more" if len(found) > _MOST_REFERRING else ""
        self.referring.setText(f"Led to by {shown}{more}" if found else "")

    def _why_not_add(self, entity: Entity | None) -> str:
        """Why nothing can be added to this entity, "" where it can."""
        rules = self._document.rules
        if entity is not None and entity.is_system and rules is not None and entity.name not in rules.extendable:
            return f"{plain(entity.name, 60)} belongs to {rules.platform}: nothing can be added to it."
        return self._document.lock_reason

    def _tell_mark(self, name: str, is_there: bool) -> None:
        word = self._document.entity_mark(name) if name else None
        text = f"{word.kind} {plain(word.note, 60)}".strip() if word is not None else ""
        if word is None and is_there:
            entity = self._document.draft.wanted.entity(name)
            text = "comes with the platform" if entity is not None and entity.is_system else ""
        self.mark.setText(text)

    def _fit_head(self) -> None:
        """The name comes first: chips are shown where there is room beside it."""
        room = self.width() - 40 - self.title.sizeHint().width()
        buttons = (*self._tips, *((self.table_button,) if self.table_button is not None else ()))
        room -= sum(button.sizeHint().width() + 8 for button in buttons)
        for chip in (self.mark, self.about):
            wide = chip.sizeHint().width() + 8
            chip.setVisible(bool(chip.text()) and wide <= room)
            room -= wide if wide <= room else 0

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit_head()

    def show_part(self, entity: str, part: str) -> None:
        """Bring an attribute or a link (by its label) of the selected entity into sight."""
        if entity != self._document.selected_entity:
            return
        for grid in self.grids:
            row = grid.grid.row_of(part)
            if row is not None:
                grid.setFocus()
                grid.show_rows([row])
                return

    def current_grid(self) -> SchemaGrid:
        """The grid that the keyboard is in or was in last, else that of the attributes."""
        return self._active if self._active.isVisibleTo(self) else self.attributes

    def refresh_looks(self) -> None:
        for button in self._tips:
            button.setIcon(sign("plus"))

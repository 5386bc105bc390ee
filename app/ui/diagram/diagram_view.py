"""The diagram of a schema as it is edited: laid out beside the UI thread, in step with the grids."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QPoint, Qt, QTimer, Signal
from PySide6.QtGui import QAccessible, QAccessibleEvent, QAction, QGuiApplication, QKeySequence, QShowEvent
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QLabel, QMenu, QToolButton, QVBoxLayout, QWidget

from app.core.errors import KnownError
from app.core.text import plain
from app.ui.look.theme import colours
from app.ui.parts.badges import text_label
from app.ui.schema.schema_document import SchemaDocument
from app.ui.work.runner import Runner

from .diagram_canvas import DiagramCanvas
from .diagram_export import file_name, png_bytes, svg_text, write
from .diagram_paint import DiagramFonts, DiagramPainter
from .diagram_picture import Picture, entity_sentence, picture_of, sentence
from .diagram_scene import DiagramScene

if TYPE_CHECKING:
    from app.services.suite import Services

_AFTER_MS = 40
# Smaller than this, a diagram that is opened shows a readable part of itself instead of the whole.
_READABLE = 0.8
_HELP = (
    "Drag, arrows or the wheel move the diagram; Ctrl+wheel, + and - zoom; 0 is full size, F shows all. "
    "Tab or Ctrl+arrow goes to another entity, Enter to its attributes, Esc out of the diagram."
)


class DiagramView(QWidget):
    """Follows the document's draft and selection while it is in sight; what it missed it catches up with."""

    grid_wanted = Signal(str)  # double click or Enter on an entity: the document has it selected already
    shown = Signal()  # the diagram of the draft in force is on screen

    def __init__(self, document: SchemaDocument, runner: Runner, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._document, self._runner = document, runner
        self.picture: Picture | None = None
        self._is_stale = True
        self._timer = QTimer(self, singleShot=True, interval=_AFTER_MS)
        self._timer.timeout.connect(self._lay_out)
        self.scene = DiagramScene(DiagramFonts.of_window(), self)
        self.canvas = DiagramCanvas(self.scene, self)
        self.canvas.setAccessibleName("Diagram")
        self.canvas.setMinimumHeight(self.fontMetrics().height() * 3)
        self.canvas.setWhatsThis(_HELP)
        self._empty = text_label("There are no entities yet. Add one, and it appears here.", "muted")
        self._empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._empty.hide()
        self.zoom_label = text_label("100 %", "small")
        self._make_actions()
        self._build()
        self._connect()
        self.setFocusProxy(self.canvas)

    def _make_actions(self) -> None:
        canvas = self.canvas
        self.fit_action = self._action("Show &all", canvas.fit, "F", "Show the whole diagram (F)")
        self.in_action = self._action("Zoom &in", canvas.zoom_in, "+", "Zoom in (+ or Ctrl+wheel)")
        self.out_action = self._action("Zoom &out", canvas.zoom_out, "-", "Zoom out (- or Ctrl+wheel)")
        self.whole_action = self._action("&Full size", canvas.zoom_whole, "0", "Full size (0)")
        self.arrange_action = self._action("A&rrange anew", self.arrange, "", "Lay out the whole diagram anew")
        self.svg_action = self._action("Save as &SVG…", lambda: self.ask_file("svg"), "", "Save the diagram as SVG")
        self.png_action = self._action("Save as &PNG…", lambda: self.ask_file("png"), "", "Save the diagram as PNG")
        self.mermaid_action = self._action("&Copy as Mermaid", self.copy_mermaid, "", "Copy as a Mermaid ER diagram")

    def _action(self, text: str, act: Callable[[], object], key: str, tip: str) -> QAction:
        action = QAction(text, self)
        action.setToolTip(tip)
        if key:
            # The canvas handles these keys itself; here they are only told of.
            action.setShortcut(QKeySequence(key))
            action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        action.triggered.connect(lambda: act())
        return action

    def _build(self) -> None:
        bar = QHBoxLayout()
        bar.setContentsMargins(8, 4, 8, 4)
        bar.setSpacing(2)
        for action, text in ((self.out_action, "−"), (self.in_action, "+"), (self.fit_action, "All")):
            bar.addWidget(self._button(action, text))
        bar.addWidget(self.zoom_label)
        bar.addStretch(1)
        bar.addWidget(self._button(self.arrange_action, "Arrange"))
        self.export_button = QToolButton()
        self.export_button.setText("Export")
        self.export_button.setProperty("look", "button")
        self.export_button.setAccessibleName("Export the diagram")
        self.export_button.setToolTip("Save as SVG or PNG, or copy as Mermaid")
        self.export_button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        menu = QMenu(self.export_button)
        menu.addActions([self.svg_action, self.png_action, self.mermaid_action])
        self.export_button.setMenu(menu)
        bar.addWidget(self.export_button)
        self.note = QLabel()
        self.note.setTextFormat(Qt.TextFormat.PlainText)
        self.note.setProperty("look", "small")
        self.note.setWordWrap(True)
        self.note.setContentsMargins(8, 2, 8, 4)
        self.note.hide()
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(0)
        box.addLayout(bar)
        box.addWidget(self.canvas, 1)
        box.addWidget(self._empty, 1)
        box.addWidget(self.note)

    def _button(self, action: QAction, text: str) -> QToolButton:
        button = QToolButton()
        button.setText(text)
        button.setProperty("look", "button")
        button.setToolTip(action.toolTip())
        button.setAccessibleName(action.text().replace("&", "").rstrip("…"))
        button.clicked.connect(action.trigger)
        return button

    def _connect(self) -> None:
        self._document.changed.connect(self._changed)
        self._document.base_changed.connect(self._changed)
        self._document.selected.connect(self._select)
        self.canvas.pointed.connect(self._point)
        self.canvas.opened.connect(self._open)
        self.canvas.zoomed.connect(lambda zoom: self.zoom_label.setText(f"{zoom * 100:.0f} %"))
        self.canvas.menu_wanted.connect(self._show_menu)

    # In step with the document

    def _changed(self) -> None:
        self._is_stale = True
        if self.isVisible():
            self._timer.start()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._is_stale:
            self._timer.start()

    def arrange(self) -> None:
        """Lay everything out anew, wherever it stands now."""
        self._start(None)

    def _lay_out(self) -> None:
        self._start(self.picture)

    def _start(self, previous: Picture | None) -> None:
        draft, look, fonts = self._document.draft, colours(), self.scene.fonts

        def make() -> tuple[Picture, DiagramPainter]:
            picture = picture_of(draft, fonts.measure, previous)
            return picture, DiagramPainter(picture.diagram, look, fonts)

        async def work(_services: Services) -> tuple[Picture, DiagramPainter]:
            return await asyncio.to_thread(make)

        self._runner.start(
            work,
            owner=self,
            title="Lay out the diagram",
            done=lambda made: self._take(*made),
            replaces="layout",
            quiet=True,
        )

    def _take(self, picture: Picture, painter: DiagramPainter) -> None:
        is_first = self.picture is None or not self.picture.diagram.boxes
        is_new = self.picture is None or picture.diagram is not self.picture.diagram
        self.picture = picture
        self._is_stale = picture.draft is not self._document.draft
        if is_new:
            self.scene.show_diagram(picture.diagram, painter)
            self.canvas.minimap.show_diagram(picture.diagram)
            self.canvas.place_minimap()
        self.canvas.setVisible(bool(picture.diagram.boxes))
        self._empty.setVisible(not picture.diagram.boxes)
        self._describe()
        self._mark(self._document.selected_entity)
        if is_first:
            self.canvas.fit(at_least=_READABLE)
            self.canvas.show_box(self._document.selected_entity)
        self.shown.emit()

    def _describe(self) -> None:
        if self.picture is not None:
            self.canvas.setAccessibleName(sentence(self.picture))

    # Selecting

    def _select(self, name: str) -> None:
        self._mark(name)
        if self.isVisible():
            self.canvas.show_box(name)

    def _mark(self, name: str) -> None:
        self.scene.item.look_at(name, self.scene.item.hovered)
        self.canvas.minimap.show_selected(name)
        if self.picture is not None:
            self.canvas.setAccessibleDescription(entity_sentence(self.picture, name))
            if self.canvas.hasFocus():
                event = QAccessibleEvent(self.canvas, QAccessible.Event.DescriptionChanged)
                QAccessible.updateAccessibility(event)

    def _point(self, name: str, _part: str) -> None:
        # Only the entity: a part would take the keyboard away to the grid.
        self._document.select(name)
        self.canvas.show_box(name)

    def _open(self, name: str, part: str) -> None:
        box = self.scene.diagram.box(name)
        first = box.rows[0].name if box is not None and box.rows else ""
        self._document.select(name, part or first)
        self.grid_wanted.emit(name)

    # Exporting

    def _show_menu(self, place: QPoint) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        name = self._document.selected_entity
        if name:
            menu.addAction(
                f"Go to the attributes of {plain(name, 40)}".replace("&", "&&"), lambda: self._open(name, "")
            )
            menu.addSeparator()
        menu.addActions([self.fit_action, self.in_action, self.out_action, self.whole_action, self.arrange_action])
        menu.addSeparator()
        menu.addActions([self.svg_action, self.png_action, self.mermaid_action])
        menu.popup(place)

    def ask_file(self, kind: str) -> QFileDialog | None:
        """Ask where to save the diagram as ``svg`` or ``png``; None while there is none to save."""
        if self.picture is None:
            return None
        dialog = QFileDialog(self, f"Save the diagram as {kind.upper()}")
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setNameFilter(f"{kind.upper()} (*.{kind})")
        dialog.setDefaultSuffix(kind)
        dialog.selectFile(f"{file_name(self._document.app_title)}-diagram.{kind}")
        dialog.fileSelected.connect(lambda path: self.save(Path(path), kind))
        dialog.open()
        return dialog

    def save(self, path: Path, kind: str) -> None:
        """Write the diagram that is on screen; errors go the way of all errors."""
        picture, look, fonts = self.picture, colours(), self.scene.fonts
        if picture is None:
            return

        def make() -> None:
            write(path, svg_text(picture).encode() if kind == "svg" else png_bytes(picture, look, fonts))

        async def work(_services: Services) -> None:
            await asyncio.to_thread(make)

        title = f"Save the diagram as {kind.upper()}"
        self._runner.start(
            work, owner=self, title=title, done=lambda _: self._tell(f"Saved {plain(path.name, 80)}."), replaces="save"
        )

    def copy_mermaid(self) -> None:
        schema = self._document.draft.wanted

        async def work(_services: Services) -> str:
            from app.schema.formats.mermaid import render

            return await asyncio.to_thread(render, schema)

        def done(text: str) -> None:
            QGuiApplication.clipboard().setText(text)
            self._tell("Copied the diagram as Mermaid text.")

        self._runner.start(work, owner=self, title="Copy as Mermaid", done=done, failed=self._failed, quiet=True)

    def _failed(self, _error: KnownError) -> bool:
        self.note.hide()
        return False

    def _tell(self, text: str) -> None:
        self.note.setText(text)
        self.note.show()
        QTimer.singleShot(6000, self.note, self.note.hide)

    # Looks

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.FontChange) and hasattr(self, "canvas"):
            self.refresh_looks()

    def refresh_looks(self) -> None:
        """Colours and fonts in force; where the text has another size, the boxes get other sizes."""
        fonts = DiagramFonts.of_window()
        is_resized = fonts.measure != self.scene.fonts.measure
        self.scene.fonts = fonts
        self.scene.refresh_looks()
        self.canvas.minimap.refresh_looks()
        if is_resized and self.picture is not None:
            self.picture = None
            self._changed()

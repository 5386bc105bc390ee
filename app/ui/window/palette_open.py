"""Opens the palette over the window, and brings it the names of entities as soon as the engine has them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.ui.palette.palette_dialog import PaletteDialog
from app.ui.palette.palette_hits import PaletteMemory, PaletteSources

if TYPE_CHECKING:
    from app.services.search_index import SearchIndex
    from app.services.suite import Services

    from .main_window import MainWindow


def open_palette(window: MainWindow) -> PaletteDialog:
    dialog = PaletteDialog(PaletteSources(window.registry, window.data), PaletteMemory(window.settings), window)
    dialog.app_chosen.connect(window.open_app)
    dialog.entity_chosen.connect(window.app_tabs.show_entity)
    dialog.connection_chosen.connect(window.choose_connection)
    dialog.copied.connect(window.status.confirm)
    rows = window.data.table.rows

    async def read(services: Services) -> SearchIndex:
        return await services.names.index(rows)

    window.runner.start(read, owner=dialog, title="Read the names of entities", done=dialog.set_index, quiet=True)
    dialog.open()
    corner = window.mapToGlobal(window.rect().topLeft())
    dialog.move(corner.x() + (window.width() - dialog.width()) // 2, corner.y() + window.toolbar.height() + 40)
    return dialog

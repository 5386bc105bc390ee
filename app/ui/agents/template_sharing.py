"""Templates handed on: as a file, as text, and taken from a file of somebody else."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFileDialog

from app.core.status import Severity
from app.core.text import plain

if TYPE_CHECKING:
    from app.services.suite import Services
    from app.services.templates import Template

    from .templates_dialog import TemplatesDialog


class TemplateSharing:
    """It acts on the dialog: what is chosen there, and its notes."""

    def __init__(self, dialog: TemplatesDialog) -> None:
        self._dialog = dialog

    def copy(self) -> None:
        template = self._dialog.chosen
        if template is None:
            return
        name = template.name

        async def export(services: Services) -> str:
            return services.template_library.export_text(name)

        def done(text: str) -> None:
            QGuiApplication.clipboard().setText(text)
            self._dialog.told.emit(f"Copied the template “{plain(template.title, 60)}” as text")

        self._dialog.work(export, "Copy a template", done)

    def ask_export(self) -> QFileDialog | None:
        template = self._dialog.chosen
        if template is None:
            return None
        name = template.name
        chooser = self._chooser("Export the template", is_saving=True)
        chooser.setDefaultSuffix("json")
        chooser.selectFile(f"{name}.json")
        chooser.fileSelected.connect(lambda path: self.export(name, Path(path)))
        chooser.open()
        return chooser

    def export(self, name: str, path: Path) -> None:
        async def export(services: Services) -> None:
            await services.template_library.export_file(name, path)

        self._dialog.work(
            export, "Export a template", lambda _: self._dialog.told.emit(f"Exported to {plain(path.name, 80)}")
        )

    def ask_import(self) -> QFileDialog:
        chooser = self._chooser("Import a template", is_saving=False)
        chooser.fileSelected.connect(lambda path: self.take_file(Path(path)))
        chooser.open()
        return chooser

    def _chooser(self, title: str, *, is_saving: bool) -> QFileDialog:
        chooser = QFileDialog(self._dialog, title)
        chooser.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        chooser.setNameFilter("Templates (*.json)")
        modes = QFileDialog.AcceptMode
        chooser.setAcceptMode(modes.AcceptSave if is_saving else modes.AcceptOpen)
        if not is_saving:
            chooser.setFileMode(QFileDialog.FileMode.ExistingFile)
        return chooser

    def take_file(self, path: Path) -> None:
        """Import it; where its name is taken, ask first."""

        async def read(services: Services) -> tuple[Template, str]:
            template = await services.template_library.import_file(path)
            return template, services.template_library.free_name(template.title)

        self._dialog.work(read, f"Import {plain(path.name, 60)}", lambda found: self._import(*found))

    def _import(self, template: Template, free_name: str) -> None:
        kept = next((each for each in self._dialog.templates if each.name == template.name), None)
        if kept is None or (kept.is_own and _is_same(kept, template)):
            self._dialog.keep(template, overwrite=False)
            return
        both = ("Keep both", lambda: self._dialog.keep(replace(template, name=free_name), overwrite=False))
        over = ("Replace", lambda: self._dialog.keep(template, overwrite=True))
        sentence = f"There is a template named {template.name} already: “{plain(kept.title, 60)}”."
        detail = f"Keep both, and the new one will be called {free_name}."
        if kept.is_own:
            detail += " Or replace the one that is there; apps that follow it will be held against the new one."
        answers = (over, both) if kept.is_own else (both,)
        self._dialog.note(Severity.WARNING, sentence, detail, *answers)
        self._dialog.notes.rows[0].buttons[-1].setFocus()


def _is_same(kept: Template, template: Template) -> bool:
    return replace(kept, version=template.version) == template

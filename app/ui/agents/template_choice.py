"""A list of templates to choose one from, with what the chosen one holds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from app.core.text import plain
from app.ui.look.theme import colours
from app.ui.parts.badges import text_label

if TYPE_CHECKING:
    from app.services.suite import Services
    from app.services.templates import Template

_NAME = Qt.ItemDataRole.UserRole
_ABOUT = Qt.ItemDataRole.UserRole + 1
_BLANK = ("Blank", "No agents yet: the app starts empty.")


class TemplateChoice(QWidget):
    """Begins with the blank one; ``show_templates`` adds those of the library."""

    def __init__(self, parent: QWidget | None = None, *, preferred: str = "todo") -> None:
        super().__init__(parent)
        self._preferred = preferred
        self.list = QListWidget()
        self.list.setStyleSheet(
            f"QListWidget {{ border: 1px solid {colours().line_strong}; border-radius: 6px; padding: 3px; }}"
            "QListWidget::item { padding: 4px 8px; border-radius: 4px; }"
        )
        self.list.setFixedHeight((self.fontMetrics().height() + 10) * 5 + 12)
        self.about = text_label("", "muted")
        self.about.setWordWrap(True)
        self.about.setMinimumHeight(self.fontMetrics().height() * 2 + 6)
        self.about.setAlignment(Qt.AlignmentFlag.AlignTop)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(6)
        box.addWidget(self.list)
        box.addWidget(self.about)
        self.setFocusProxy(self.list)
        self.list.currentItemChanged.connect(self._follow)
        self._add("", *_BLANK)
        self.list.setCurrentRow(0)

    def show_templates(self, templates: Sequence[Template]) -> None:
        is_untouched = self.list.currentRow() == 0
        for each in templates:
            if each.entity_names:
                names = ", ".join(plain(name, 40) for name in sorted(each.entity_names))
                about = f"{plain(each.description, 200)} Agents: {names}.".strip()
                self._add(each.name, plain(each.title, 60), about)
        if is_untouched:
            self.choose(self._preferred)

    def choose(self, name: str) -> None:
        for at in range(self.list.count()):
            if self.list.item(at).data(_NAME) == name:
                self.list.setCurrentRow(at)

    @property
    def name(self) -> str | None:
        """None for the blank one."""
        item = self.list.currentItem()
        return (item.data(_NAME) if item else "") or None

    def _add(self, name: str, title: str, about: str) -> None:
        item = QListWidgetItem(title)
        item.setData(_NAME, name)
        item.setData(_ABOUT, about)
        item.setData(Qt.ItemDataRole.AccessibleDescriptionRole, about)
        self.list.addItem(item)

    def _follow(self, item: QListWidgetItem | None) -> None:
        self.about.setText(item.data(_ABOUT) if item else "")


async def read_templates(services: Services) -> tuple[Template, ...]:
    return tuple(services.template_library.all())

"""Which of an app's agents: a box for each, with its fields beside it."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from app.core.text import plain
from app.schema.model import Entity
from app.ui.look.theme import mono_font
from app.ui.parts.badges import ElidedLabel
from app.ui.parts.check_mark import CheckBox

_MOST_FIELDS = 8


class AgentChoice(QScrollArea):
    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.boxes: dict[str, CheckBox] = {}
        content = QWidget()
        self._rows = QVBoxLayout(content)
        self._rows.setContentsMargins(10, 8, 10, 8)
        self._rows.setSpacing(7)
        self._rows.addStretch(1)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setWidget(content)
        self.setObjectName("agentChoice")
        self.setStyleSheet("#agentChoice { border: 1px solid palette(mid); border-radius: 6px; }")

    def show_entities(self, entities: Iterable[Entity], chosen: Collection[str] | None) -> None:
        """Once; ``chosen`` None: all of them."""
        for entity in entities:
            box = CheckBox(plain(entity.name, 60).replace("&", "&&"))
            box.setFont(mono_font())
            box.setChecked(chosen is None or entity.name in chosen)
            box.toggled.connect(lambda _on: self.changed.emit())
            names = [plain(each.name, 40) for each in entity.attributes if each.name != "id"]
            more = ", …" if len(names) > _MOST_FIELDS else ""
            about = ElidedLabel(", ".join(names[:_MOST_FIELDS]) + more, look="small")
            box.setAccessibleDescription(about.text())
            row = QHBoxLayout()
            row.setSpacing(12)
            row.addWidget(box)
            row.addWidget(about, 1)
            self._rows.insertLayout(self._rows.count() - 1, row)
            self.boxes[entity.name] = box
        first = next(iter(self.boxes.values()), None)
        if first is not None:
            self.setFocusProxy(first)

    @property
    def chosen(self) -> tuple[str, ...]:
        return tuple(name for name, box in self.boxes.items() if box.isChecked())

    @property
    def is_all(self) -> bool:
        return len(self.chosen) == len(self.boxes)

"""Keys in what is read: a tooltip or a menu names those that an action has now, whichever the operator gave it."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QWidget

from .actions import ActionRegistry, shown_keys


def registry_near(part: QObject) -> ActionRegistry | None:
    """That of the window which a part is in, or above which it was opened; None while it is in none."""
    at: QObject | None = part
    while at is not None:
        registry = getattr(at, "registry", None)
        if isinstance(registry, ActionRegistry):
            return registry
        at = at.parent()
    return None


def keys_near(part: QObject, action: str, own: str = "") -> str:
    """The keys of an action as they are shown; should it have none, ``own``, those that the part itself has for it."""
    registry = registry_near(part)
    keys = shown_keys(registry.keys_of(action)) if registry is not None and action in registry else ""
    return keys or own


def is_duplicate_here(part: QObject, event: QKeyEvent) -> bool:
    """Ctrl+D for a part that is in no window with actions; in one, the action has it, or another key of one's own."""
    is_key = event.key() == Qt.Key.Key_D and event.modifiers() == Qt.KeyboardModifier.ControlModifier
    return is_key and registry_near(part) is None


class KeyTip(QObject):
    """The tooltip of a widget, with the keys behind it in brackets; they are those in force once it is in its window.

    ``also`` are keys that do the same where the widget is; ``more`` is said after the brackets.
    """

    def __init__(self, widget: QWidget, tip: str, action: str, *, also: str = "", more: str = "") -> None:
        super().__init__(widget)
        self._widget, self._tip, self._action, self._also, self._more = widget, tip, action, also, more
        self._has_keys, self._refusal = True, ""
        widget.installEventFilter(self)
        self.tell()

    def say(self, tip: str, *, has_keys: bool = True) -> None:
        """Another sentence; without keys where there is nothing to be done now."""
        self._tip, self._has_keys = tip, has_keys
        self.tell()

    def refuse(self, reason: str) -> None:
        """Why it can do nothing now, in the place of what it does; "" where it can."""
        self._refusal = reason
        self.tell()

    def tell(self) -> None:
        if self._refusal:
            self._widget.setToolTip(self._refusal)
            return
        keys = [each for each in (keys_near(self._widget, self._action), self._also) if each and self._has_keys]
        named = f" ({' or '.join(keys)})" if keys else ""
        self._widget.setToolTip(f"{self._tip}{named}{self._more}")

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Show:
            registry = registry_near(self._widget)
            if registry is not None:
                self._widget.removeEventFilter(self)
                registry.changed.connect(self.tell)
                self.tell()
        return False

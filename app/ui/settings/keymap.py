"""Which keys the operator has given to which action: kept with the settings of this profile, in force at once."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QKeyCombination, Qt
from PySide6.QtGui import QKeySequence

from app.ui.actions.actions import ActionRegistry, shown_keys, shown_text

from .settings import WindowSettings

KEY = "keymap"
_HELD = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier | Qt.KeyboardModifier.MetaModifier
_FUNCTION_KEYS = range(Qt.Key.Key_F1.value, Qt.Key.Key_F35.value + 1)
# Every field and list has these itself.
_OF_FIELDS = ("Ctrl+C", "Ctrl+V", "Ctrl+X", "Ctrl+A", "Ctrl+Left", "Ctrl+Right", "Ctrl+Backspace")


class Keymap:
    def __init__(self, registry: ActionRegistry, settings: WindowSettings) -> None:
        self.registry, self._settings = registry, settings

    def load(self) -> None:
        """Put the kept keys in force; damaged ones are left out, those of actions that there are not (yet) stay."""
        kept = self._settings.read_json(KEY)
        own = kept.items() if isinstance(kept, dict) else ()
        self.registry.use_keys({name: keys for name, keys in own if isinstance(keys, str)})

    def refusal(self, keys: str) -> str:
        """Why no action may have these keys, "" where one may."""
        # The stubs of PySide6 know no index of it.
        made: Any = QKeySequence(keys)
        if made.isEmpty() or made[0].key() == Qt.Key.Key_unknown:
            return "These keys cannot be used."
        if keys in _OF_FIELDS:
            return f"{shown_keys(keys)} belongs to every field and list. Choose other keys."
        pressed: QKeyCombination = made[0]
        is_held = bool(pressed.keyboardModifiers() & _HELD)
        if not is_held and pressed.key().value not in _FUNCTION_KEYS:
            return "A key by itself is needed for typing. Hold Ctrl or Alt with it, or choose F1 to F12."
        return ""

    def owners(self, keys: str, but: str = "") -> list[str]:
        """The actions that have these keys now."""
        return [
            name
            for each in self.registry
            if (name := each.objectName()) != but and keys in self.registry.keys_of(name).split("; ")
        ]

    def warning(self, keys: str) -> str:
        """Which parts of the window handle these keys themselves, where the keyboard is in them."""
        parts = [each.where for each in self.registry.notes if shown_keys(keys) in each.keys.split(", ")]
        return f"In “{parts[0]}” they do something else." if parts else ""

    def assign(self, name: str, keys: str) -> list[str]:
        """Give an action these keys, "" for none, and take them from whoever has them; returns who that was."""
        losers = self.owners(keys, name) if keys else []
        changes = {name: keys}
        for each in losers:
            changes[each] = "; ".join(own for own in self.registry.keys_of(each).split("; ") if own != keys)
        self._take(changes)
        return losers

    def reset(self, name: str) -> list[str]:
        """The keys that an action came with, taken from whoever has them now."""
        losers: list[str] = []
        changes = {name: self.registry.default_keys(name)}
        for keys in filter(None, changes[name].split("; ")):
            for each in self.owners(keys, name):
                rest = changes.get(each, self.registry.keys_of(each))
                changes[each] = "; ".join(own for own in rest.split("; ") if own != keys)
                losers.append(each)
        self._take(changes)
        return losers

    def reset_all(self) -> None:
        self.registry.use_keys({})
        self._save()

    def title(self, name: str) -> str:
        return shown_text(self.registry[name])

    def _take(self, changes: dict[str, str]) -> None:
        self.registry.set_keys(changes)
        self._save()

    def _save(self) -> None:
        self._settings.write_json(KEY, self.registry.own_keys)

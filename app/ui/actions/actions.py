"""One registry of actions: it feeds the menus, the palette, the shortcuts and the list of shortcuts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QAction, QIcon, QKeySequence
from PySide6.QtWidgets import QMenu, QWidget

from app.core.errors import Bug

Keys = str | QKeySequence.StandardKey | Sequence[str] | None
_PORTABLE = QKeySequence.SequenceFormat.PortableText
_NATIVE = QKeySequence.SequenceFormat.NativeText


class KeyNote(NamedTuple):
    """Keys that belong to a part of the window and are no action of it; ``keys`` as they are shown."""

    where: str
    text: str
    keys: str


class ActionRegistry(QObject):
    """Actions by name (``app.create``, ``view.theme.dark``…), in the order in which they were added.

    ``menu`` is a path such as ``View`` or ``View/&Theme``; "" keeps an action out of the menus.
    Keys can be other ones than an action came with: ``use_keys`` and ``set_keys``; keys are texts such as
    ``Ctrl+R``, several of them with "; " between.
    """

    changed = Signal()  # keys are others now, or there is another action

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self._window = window
        self._actions: dict[str, QAction] = {}
        self._menus: dict[str, list[str]] = {}
        self._helps: dict[str, str] = {}
        self._places: dict[str, str] = {}
        self._defaults: dict[str, str] = {}
        self._own_keys: dict[str, str] = {}
        self._notes: list[KeyNote] = []

    def add(
        self,
        name: str,
        text: str,
        triggered: Callable[[], object],
        *,
        menu: str = "",
        shortcut: Keys = None,
        tip: str = "",
        icon: QIcon | None = None,
        starts_group: bool = False,
        help: str = "",  # noqa: A002 - what it is called on screen
        where: str = "window",
    ) -> QAction:
        """Make an action of the window. ``text`` may have a mnemonic (&); ``starts_group`` sets a line before it.

        ``help`` is a sentence of what it does, for the palette and the status bar; ``where`` is the part of the
        window that it is about, for the list of shortcuts. The keys it comes with must be given here.
        """
        if name in self._actions:
            raise Bug(f"There are two actions named {name}.")
        action = QAction(text, self._window)
        action.setObjectName(name)
        self._helps[name], self._places[name] = help or tip, where
        self._defaults[name] = _key_text(shortcut)
        _give(action, self._own_keys.get(name, self._defaults[name]))
        if tip or help:
            action.setStatusTip(tip or help)
        if icon is not None:
            action.setIcon(icon)
        action.triggered.connect(lambda: triggered())
        # So that the shortcut also works while no menu shows the action.
        self._window.addAction(action)
        self._actions[name] = action
        if menu:
            entries = self._menus.setdefault(menu, [])
            if starts_group and entries:
                entries.append("")
            entries.append(name)
        return action

    def describe(self, where: str, text: str, keys: str) -> None:
        """Tell of keys that a part of the window handles by itself."""
        self._notes.append(KeyNote(where, text, keys))

    def __getitem__(self, name: str) -> QAction:
        return self._actions[name]

    def __contains__(self, name: object) -> bool:
        return name in self._actions

    def __iter__(self) -> Iterator[QAction]:
        return iter(self._actions.values())

    # Words

    def menu_of(self, name: str) -> str:
        """The path of the menu that an action is in, "" for none."""
        return next((path.replace("&", "") for path, names in self._menus.items() if name in names), "")

    def help_of(self, name: str) -> str:
        """What an action does, in a sentence."""
        return self._helps.get(name, "")

    def where_of(self, name: str) -> str:
        """The part of the window that an action is about: its menu, or what it was added with."""
        return self.menu_of(name).partition("/")[0] or self._places[name]

    def take_help(self, sentences: Mapping[str, str]) -> None:
        """Sentences for actions that came without one."""
        for name, sentence in sentences.items():
            if name in self._actions and not self._helps[name]:
                self._helps[name] = sentence
                self._actions[name].setStatusTip(sentence)

    @property
    def notes(self) -> tuple[KeyNote, ...]:
        return tuple(self._notes)

    # Keys

    def keys_of(self, name: str) -> str:
        """The keys in force, "" for none."""
        return _key_text([each.toString(_PORTABLE) for each in self._actions[name].shortcuts()])

    def default_keys(self, name: str) -> str:
        return self._defaults[name]

    @property
    def own_keys(self) -> dict[str, str]:
        """The operator's keys by action, where they are not those that the action came with."""
        return dict(self._own_keys)

    def use_keys(self, own: Mapping[str, str]) -> None:
        """Put these keys in force, and for all other actions those that they came with."""
        self._own_keys = dict(own)
        for name, action in self._actions.items():
            _give(action, self._own_keys.get(name, self._defaults[name]))
        self.changed.emit()

    def set_keys(self, changes: Mapping[str, str]) -> None:
        """Give actions other keys, "" for none; those that an action came with count as none of the operator's."""
        own = {**self._own_keys, **{name: _key_text(keys) for name, keys in changes.items()}}
        self.use_keys({name: keys for name, keys in own.items() if keys != self._defaults.get(name)})

    # Menus

    def fill(self, menu: QMenu, path: str) -> None:
        """Put the actions of ``path`` into a menu, sub-menus where their first entry stands."""
        for name in self._menus.get(path, []):
            if name:
                menu.addAction(self._actions[name])
            else:
                menu.addSeparator()
        for inner in self._menus:
            if inner.startswith(f"{path}/") and inner.count("/") == path.count("/") + 1:
                self.fill(menu.addMenu(inner.rsplit("/", 1)[1]), inner)


def _sequences(keys: Keys) -> list[QKeySequence]:
    if keys is None:
        return []
    if isinstance(keys, QKeySequence.StandardKey):
        return [QKeySequence(keys)]
    texts = keys.split("; ") if isinstance(keys, str) else keys
    return [made for text in texts if not (made := QKeySequence(text)).isEmpty()]


def _key_text(keys: Keys) -> str:
    return "; ".join(each.toString(_PORTABLE) for each in _sequences(keys))


def _give(action: QAction, keys: str) -> None:
    if _key_text([each.toString(_PORTABLE) for each in action.shortcuts()]) != keys:
        action.setShortcuts(_sequences(keys))
        action.setShortcutContext(Qt.ShortcutContext.WindowShortcut)


def shown_keys(keys: str) -> str:
    """As this desktop writes them, with a comma between several."""
    return ", ".join(each.toString(_NATIVE) for each in _sequences(keys))


def shown_text(action: QAction) -> str:
    """The text of an action without the sign of its mnemonic."""
    return action.text().replace("&&", "\0").replace("&", "").replace("\0", "&").rstrip("…")

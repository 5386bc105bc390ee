"""One registry of actions: it feeds the menus, the palette, the shortcuts and the list of shortcuts."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QAction, QIcon, QKeySequence
from PySide6.QtWidgets import QMenu, QWidget

from app.core.errors import Bug


class ActionRegistry(QObject):
    """Actions by name (``app.create``, ``view.theme.dark``…), in the order in which they were added.

    ``menu`` is a path such as ``View`` or ``View/&Theme``; "" keeps an action out of the menus.
    """

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self._window = window
        self._actions: dict[str, QAction] = {}
        self._menus: dict[str, list[str]] = {}

    def add(
        self,
        name: str,
        text: str,
        triggered: Callable[[], object],
        *,
        menu: str = "",
        shortcut: str | QKeySequence.StandardKey | None = None,
        tip: str = "",
        icon: QIcon | None = None,
        starts_group: bool = False,
    ) -> QAction:
        """Make an action of the window. ``text`` may have a mnemonic (&); ``starts_group`` sets a line before it."""
        if name in self._actions:
            raise Bug(f"There are two actions named {name}.")
        action = QAction(text, self._window)
        action.setObjectName(name)
        if shortcut is not None:
            action.setShortcut(QKeySequence(shortcut))
            action.setShortcutContext(Qt.ShortcutContext.WindowShortcut)
        if tip:
            action.setStatusTip(tip)
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

    def __getitem__(self, name: str) -> QAction:
        return self._actions[name]

    def __contains__(self, name: object) -> bool:
        return name in self._actions

    def __iter__(self) -> Iterator[QAction]:
        return iter(self._actions.values())

    def menu_of(self, name: str) -> str:
        """The path of the menu that an action is in, "" for none."""
        return next((path.replace("&", "") for path, names in self._menus.items() if name in names), "")

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

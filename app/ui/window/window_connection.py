"""Which connection a command is about."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import TYPE_CHECKING

from app.core.connection import Connection

if TYPE_CHECKING:
    from .main_window import MainWindow

Fits = Callable[[Connection], bool]


def meant_connection(window: MainWindow, fits: Fits = lambda _connection: True) -> Connection | None:
    """That of the tab in front, or the chosen one; or else the only one that the command ``fits``.

    None where that is no command for it, so that nothing is done to another connection than the operator looks at.
    """
    shown = getattr(window.tabs.currentWidget(), "connection", None)
    key = shown.id if isinstance(shown, Connection) else window.commands.chosen_id
    if key is not None:
        connection = window.data.connection(key)
        return connection if connection is not None and fits(connection) else None
    fitting = [each for each in window.data.connections if fits(each)]
    return fitting[0] if len(fitting) == 1 else None


def on_meant(
    window: MainWindow, act: Callable[[str], None], fits: Fits = lambda _connection: True
) -> Callable[[], None]:
    def go() -> None:
        connection = meant_connection(window, fits)
        if connection is not None:
            act(connection.id)

    return go


def follow_meant(
    window: MainWindow,
    names: Collection[str],
    fits: Fits = lambda _connection: True,
    refusal: Callable[[Connection], str] = lambda _connection: "",
) -> None:
    """Keep actions grey while there is no connection for them; their tooltip is the ``refusal``, if there is one."""

    def tell() -> None:
        is_there = meant_connection(window, fits) is not None
        looked_at = meant_connection(window)
        tip = "" if is_there or looked_at is None else refusal(looked_at)
        for name in names:
            window.registry[name].setEnabled(is_there)
            window.registry[name].setToolTip(tip)

    window.data.connections_changed.connect(tell)
    window.connection_chosen.connect(lambda _: tell())
    window.tabs.currentChanged.connect(lambda _: tell())
    tell()

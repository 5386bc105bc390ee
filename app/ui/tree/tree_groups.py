"""Apps by connection and kind, in the order of the tree: no Qt, so that the engine can make it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from app.core.apps import AppKind, AppSummary
from app.core.connection import Connection
from app.ui.apps.app_table import KIND_RANK, shown

_SEEN_AT = AppSummary._fields.index("seen_at")


class TreeGroups:
    """``groups`` pairs each connection with its kinds and their apps.

    ``shape`` is equal where the same rows stand in the same places, ``look`` where they also read the same: a
    refresh that only tells that all is as it was leaves both alone.
    """

    __slots__ = ("connections", "groups", "look", "shape")

    def __init__(self, connections: Sequence[Connection], apps: Iterable[AppSummary]) -> None:
        self.connections = tuple(connections)
        self.groups = _grouped(self.connections, apps)
        self.shape = [
            (connection.id, [(kind, [app.app_id for app in members]) for kind, members in groups])
            for connection, groups in self.groups
        ]
        self.look = hash(
            (
                self.connections,
                tuple(
                    app[:_SEEN_AT] + app[_SEEN_AT + 1 :]
                    for _, groups in self.groups
                    for _, members in groups
                    for app in members
                ),
            )
        )


def app_text(app: AppSummary) -> str:
    """What the tree calls an app: operators know tenants by their owner, everything else by its title."""
    if app.kind == AppKind.TENANT.value and app.owner:
        return shown(app.owner)
    return shown(app.title) or "untitled"


def _grouped(
    connections: Sequence[Connection], apps: Iterable[AppSummary]
) -> list[tuple[Connection, list[tuple[str, list[AppSummary]]]]]:
    members: dict[tuple[str, str], list[AppSummary]] = {}
    for app in apps:
        kind = app.kind if app.kind in KIND_RANK else AppKind.OTHER.value
        members.setdefault((app.connection_id, kind), []).append(app)
    for group in members.values():
        group.sort(key=lambda app: (app_text(app).lower(), app.app_id))
    return [
        (each, [(kind, members[(each.id, kind)]) for kind in KIND_RANK if (each.id, kind) in members])
        for each in connections
    ]

"""What a piece of work changed, so that views can refresh themselves."""

from __future__ import annotations

from dataclasses import dataclass, field

from .refs import AppRef


@dataclass(frozen=True, slots=True)
class Changes:
    """``apps`` and ``status`` hold connection IDs whose inventory or health changed; ``schemas`` the apps whose
    structure did; ``drafts`` and ``pushes`` those whose staged edits were kept or forgotten, or whose schema was
    pushed; ``connections`` and ``tokens`` say that any connection or stored token did. ``guards`` are connections that
    were unlocked or locked, ``refused`` those that a write was kept from because they are locked.
    ``source`` is whoever asked, so that a view can skip its own change.
    """

    apps: frozenset[str] = frozenset()
    status: frozenset[str] = frozenset()
    schemas: frozenset[AppRef] = frozenset()
    drafts: frozenset[AppRef] = frozenset()
    pushes: frozenset[AppRef] = frozenset()
    guards: frozenset[str] = frozenset()
    refused: frozenset[str] = frozenset()
    connections: bool = False
    tokens: bool = False
    source: object | None = field(default=None, compare=False)

    def __bool__(self) -> bool:
        named = self.apps or self.status or self.schemas or self.drafts or self.pushes or self.guards or self.refused
        return bool(named or self.connections or self.tokens)

    def merged(self, other: Changes) -> Changes:
        """Both together; ``source`` survives only where it is the same."""
        return Changes(
            apps=self.apps | other.apps,
            status=self.status | other.status,
            schemas=self.schemas | other.schemas,
            drafts=self.drafts | other.drafts,
            pushes=self.pushes | other.pushes,
            guards=self.guards | other.guards,
            refused=self.refused | other.refused,
            connections=self.connections or other.connections,
            tokens=self.tokens or other.tokens,
            source=self.source if self.source is other.source else None,
        )

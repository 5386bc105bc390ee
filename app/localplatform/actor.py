"""On whose behalf something is asked."""

from __future__ import annotations

from dataclasses import dataclass, field

from app.localplatform.rules import Requester


@dataclass(frozen=True)
class Actor:
    """On whose behalf: the app's admin, or a user or guest with the rules applied."""

    app_id: str
    is_admin: bool
    requester: Requester = field(default_factory=lambda: Requester(None))

"""A configured platform."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum


class Platform(StrEnum):
    INSTANT = "instant"
    POSTGRES = "postgres"
    APPWRITE = "appwrite"
    CONVEX = "convex"


class Environment(StrEnum):
    LOCAL = "local"
    STAGING = "staging"
    PRODUCTION = "production"


class TokenKind(StrEnum):
    """What a stored token is for; each connection has at most one of each.

    PLATFORM: a personal access token (``per_…``). DASH: a person's dashboard login, needed by the few
    calls that no personal access token may make (status, admin-token rotation, restore).
    """

    PLATFORM = "platform"
    DASH = "dash"


@dataclass(frozen=True, slots=True)
class Connection:
    """One configured platform. It never holds a token: those are in the vault under its ``id``.

    ``base_url`` has no trailing slash. ``is_read_only`` is enforced where requests are sent.
    ``foundation_app_id`` names the app that holds the registry, None where there is none.
    ``is_builtin`` marks the connection to the local platform that Tenantry itself starts.
    ``is_guarded``: writes need unlocking, although it is not read-only. ``is_opened``: it is read-only, but was
    unlocked for now: for as long, ``is_read_only`` is False. ``is_unlocked``: it needs unlocking, and was. Neither is
    ever stored.
    """

    id: str
    label: str
    platform: Platform
    base_url: str
    environment: Environment
    is_read_only: bool = False
    foundation_app_id: str | None = None
    is_builtin: bool = False
    is_guarded: bool = False
    is_opened: bool = False
    is_unlocked: bool = False

    @property
    def is_kept_read_only(self) -> bool:
        """What its settings say, whether it is unlocked or not."""
        return self.is_read_only or self.is_opened

    def as_kept(self) -> Connection:
        """What its settings say, and nothing of what is unlocked."""
        if not self.is_unlocked:
            return self
        return replace(self, is_read_only=self.is_kept_read_only, is_opened=False, is_unlocked=False)

    @property
    def needs_unlocking(self) -> bool:
        """Whether writes have to be unlocked before they are sent."""
        return self.is_kept_read_only or self.is_guarded

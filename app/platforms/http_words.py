"""What is said of calls before any is made: their kinds, the limits of a channel, and what it authenticates with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from app.core.connection import TokenKind
from app.core.errors import Bug
from app.core.secret import Secret


@dataclass(frozen=True, slots=True)
class HttpPolicy:
    """Limits of one channel; times in seconds, sizes in bytes of the decoded body.

    ``read_timeout_s`` is the longest silence, ``total_timeout_s`` the longest single try. ``retries`` are the
    tries after the first; of those at most one follows a silence. ``longest_wait_s`` bounds any single wait
    between tries: a platform that asks for more gets no second try.
    """

    connect_timeout_s: float = 10
    read_timeout_s: float = 30
    total_timeout_s: float = 90
    max_in_flight: int = 20
    max_answer_bytes: int = 32 * 2**20
    retries: int = 4
    backoff_s: float = 0.25
    longest_wait_s: float = 30


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a connection authenticates with; None where there is none."""

    platform: Secret | None = None
    dash: Secret | None = None

    def of(self, kind: TokenKind) -> Secret | None:
        return self.platform if kind is TokenKind.PLATFORM else self.dash

    def all(self) -> tuple[Secret, ...]:
        return tuple(each for each in (self.platform, self.dash) if each)


@dataclass(frozen=True, slots=True)
class Operation:
    """One kind of call. ``path`` is a template; ``title`` completes "Could not …".

    ``is_repeatable``: sending it twice has the effect of sending it once. ``tokens``: the kinds that the platform
    takes here, the best first; empty for a call without a token. ``messages``: the only kinds (``op``) that its body
    may carry, where one address takes messages that read and such that write.
    """

    name: str
    method: str
    path: str
    title: str
    is_write: bool = False
    is_repeatable: bool = True
    tokens: tuple[TokenKind, ...] = (TokenKind.PLATFORM,)
    messages: tuple[str, ...] = ()

    def check(self, body: Any) -> None:
        """Raises Bug for a body that is not this operation's."""
        sent = body.get("messages", ()) if isinstance(body, dict) else ()
        if self.messages and any(each.get("op") not in self.messages for each in sent):
            raise Bug(f"Something else than {self.name} was to be sent as it.")

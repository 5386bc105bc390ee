"""What was sent to a platform and what came back, fit to be shown."""

from __future__ import annotations

from typing import NamedTuple, Protocol


class ShownCall(NamedTuple):
    """A call in full, without a secret in it. ``url`` is "" for SQL, whose ``request`` is the statement.

    A body that was too long is cut, and says so (``is_request_cut``, ``is_answer_cut``).
    """

    url: str
    request_headers: tuple[tuple[str, str], ...] = ()
    request: str = ""
    answer_headers: tuple[tuple[str, str], ...] = ()
    answer: str = ""
    is_request_cut: bool = False
    is_answer_cut: bool = False


class CallDetails(Protocol):
    """Kept in memory only, and only for the latest calls."""

    def shown(self) -> ShownCall | None:
        """None once it was forgotten."""

    def forget(self) -> None: ...


class ActivityEntry(NamedTuple):
    """One call. ``at`` is seconds since the epoch, ``path`` has no query values and no secret in it,
    ``status`` is the HTTP status or 0 where no answer came, ``ms`` the time to the whole answer,
    ``note`` a few words ("retry in 1.2 s"), ``request_bytes``/``answer_bytes`` sizes of the bodies.

    Of SQL, ``method`` is "SQL", ``status`` 200 where it went well, and ``note`` the server's code where not."""

    at: float
    connection_id: str
    method: str
    path: str
    status: int
    ms: float
    note: str = ""
    request_bytes: int = 0
    answer_bytes: int = 0
    details: CallDetails | None = None

    @property
    def is_failure(self) -> bool:
        return not 200 <= self.status < 400

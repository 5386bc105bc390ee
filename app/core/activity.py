"""What was sent to a platform and what came back, fit to be shown."""

from __future__ import annotations

from typing import NamedTuple


class ActivityEntry(NamedTuple):
    """One call. ``at`` is seconds since the epoch, ``path`` has no query values and no secret in it,
    ``status`` is the HTTP status or 0 where no answer came, ``ms`` the time to the whole answer,
    ``note`` a few words ("retry in 1.2 s"), ``request_bytes``/``answer_bytes`` sizes of the bodies."""

    at: float
    connection_id: str
    method: str
    path: str
    status: int
    ms: float
    note: str = ""
    request_bytes: int = 0
    answer_bytes: int = 0

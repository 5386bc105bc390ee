"""What is known of an app without opening it."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class AppKind(StrEnum):
    FOUNDATION = "foundation"
    TENANT = "tenant"
    TASK = "task"
    OTHER = "other"


class AppState(StrEnum):
    """OK: nothing to say. DRIFTED: differs from its template. UNOWNED: nobody in the registry owns it.
    MISSING: the registry names it, the platform does not have it. CREATING: not ready yet."""

    OK = "ok"
    DRIFTED = "drifted"
    UNOWNED = "unowned"
    MISSING = "missing"
    READ_ONLY = "read-only"
    DISABLED = "disabled"
    CREATING = "creating"
    UNKNOWN = "unknown"


class AppSummary(NamedTuple):
    """One row of the app-ID list. A named tuple, because there may be 100,000 of them.

    ``owner`` is the user's e-mail address, ``task: <title>``, or "" for nobody. ``agents`` is the number
    of entities that the tenant has (system entities not counted), -1 while unknown. ``created_at`` and
    ``seen_at`` are seconds since the epoch, 0 while unknown; ``seen_at`` is when the platform last listed it.
    ``template`` is the name of the template that the app follows, "" for none. ``note`` is a few plain
    words about ``state`` ("drift: 2 attributes", "no owner in registry"), "" for none.
    Titles and owners are untrusted text.
    """

    connection_id: str
    app_id: str
    title: str
    owner: str = ""
    kind: str = AppKind.OTHER.value
    state: str = AppState.UNKNOWN.value
    agents: int = -1
    created_at: int = 0
    seen_at: int = 0
    org: str = ""
    template: str = ""
    note: str = ""

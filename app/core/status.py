"""How a connection is, and what was found on it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Health(StrEnum):
    """UNKNOWN: not checked yet. DEGRADED: answers, but slowly, with faults, or about to close."""

    UNKNOWN = "unknown"
    UP = "up"
    DEGRADED = "degraded"
    UNAUTHORISED = "unauthorised"
    READ_ONLY = "read-only"
    UNREACHABLE = "unreachable"


class Severity(StrEnum):
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class FindingKind(StrEnum):
    APP_GONE = "app-gone"
    APP_UNOWNED = "app-unowned"
    SCHEMA_DRIFT = "schema-drift"
    SEVERAL_APPS = "several-apps"
    APP_CLAIMED_TWICE = "app-claimed-twice"
    PLATFORM_CLOSING = "platform-closing"
    PLATFORM_READ_ONLY = "platform-read-only"
    TOKEN_REJECTED = "token-rejected"
    TOKEN_MISSING = "token-missing"
    VAULT_UNAVAILABLE = "vault-unavailable"
    REGISTRY_UNREADABLE = "registry-unreadable"
    TASK_WITHOUT_DATABASE = "task-without-database"
    DATABASE_STATE = "database-state"


class FindingAction(StrEnum):
    """What a click on a finding does; the window shows a button for each."""

    SHOW_APP = "show-app"
    EDIT_CONNECTION = "edit-connection"
    RETRY = "retry"
    COPY_APP_ID = "copy-app-id"
    RECONCILE = "reconcile"


@dataclass(frozen=True, slots=True)
class Finding:
    """Something an operator should know, in plain words, with what mends it.

    ``key`` is stable over refreshes: the same finding has the same key. ``title`` is one sentence,
    ``detail`` may be "". ``app_id`` is None where it concerns the whole connection.
    """

    key: str
    kind: FindingKind
    severity: Severity
    connection_id: str
    title: str
    detail: str = ""
    app_id: str | None = None
    actions: tuple[FindingAction, ...] = ()


@dataclass(frozen=True, slots=True)
class ConnectionStatus:
    """The latest check of a connection.

    ``latency_ms`` is None where no answer came; ``checked_at`` is seconds since the epoch (0: never);
    ``sentence`` says what is the matter ("" when up); ``remedy`` what to do. Counts are -1 while unknown.
    """

    connection_id: str
    health: Health = Health.UNKNOWN
    latency_ms: float | None = None
    checked_at: float = 0.0
    app_count: int = -1
    entity_count: int = -1
    sentence: str = ""
    remedy: str = ""
    findings: tuple[Finding, ...] = ()

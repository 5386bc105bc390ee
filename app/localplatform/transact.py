"""Transactions: the steps of the admin API and those of the realtime protocol, applied inside a caller's write."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, field
from typing import Any, Literal

Action = Literal["create", "update", "delete", "link", "unlink"]


@dataclass(frozen=True, slots=True)
class EntityChange:
    """What a transaction does to one entity, for permission rules and listeners.

    ``before`` is None for a create, ``after`` for a delete; both are flat entities (``id`` and blob attributes by
    label). ``modified`` are the labels that change. For ``link``/``unlink``: ``id`` gains or loses ``target_id``
    of ``target_etype`` under ``label``.
    """

    action: Action
    etype: str
    id: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    modified: frozenset[str] = frozenset()
    rule_params: dict[str, Any] = field(default_factory=dict)
    label: str | None = None
    target_etype: str | None = None
    target_id: str | None = None


@dataclass(frozen=True, slots=True)
class TxResult:
    """``etypes`` are the namespaces whose data changed; ``has_schema_changes`` when attributes did."""

    tx_id: int
    changes: tuple[EntityChange, ...]
    etypes: frozenset[str]
    has_schema_changes: bool = False


def transact(
    conn: sqlite3.Connection,
    app_id: str,
    steps: Any,
    *,
    throw_on_missing_attrs: bool = False,
    now: int | None = None,
    allow_system_writes: bool = False,
) -> TxResult:
    """Apply ``steps`` (decoded JSON) as one unit; ``now`` is milliseconds since the epoch.

    ``allow_system_writes`` lets our own code write system attributes ($users.email, $files.size…).
    Raises PlatformError; the caller's ``store.write()`` then rolls everything back.
    """
    raise NotImplementedError

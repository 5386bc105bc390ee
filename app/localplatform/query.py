"""InstaQL queries: decoded JSON in, a tree of entities out."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from app.localplatform.attrs import AttrSet

Entity = dict[str, Any]


@dataclass(frozen=True, slots=True)
class QueryResult:
    """``page_info`` and ``aggregate`` are by top-level namespace, in wire form (``start-cursor``…, ``count``).

    ``etypes`` are the namespaces that the answer depends on.
    """

    tree: dict[str, Any]
    page_info: dict[str, dict[str, Any]] = field(default_factory=dict)
    aggregate: dict[str, dict[str, Any]] = field(default_factory=dict)
    etypes: frozenset[str] = frozenset()


def query(
    conn: sqlite3.Connection,
    app_id: str,
    attrs: AttrSet,
    q: dict[str, Any],
    *,
    inference: bool = False,
    visible: Callable[[str, Entity], bool] | None = None,
    hidden_fields: Callable[[str, Entity], frozenset[str]] | None = None,
    is_admin: bool = True,
) -> QueryResult:
    """``visible(etype, entity)`` and ``hidden_fields(etype, entity)`` carry the permission rules of the caller.

    Raises PlatformError (validation-failed, data-type ``query``).
    """
    raise NotImplementedError

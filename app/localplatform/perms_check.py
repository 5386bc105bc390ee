"""Queries and transactions on somebody's behalf: as admin without rules, else through the app's permission rules."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import Any

from app.localplatform import apps
from app.localplatform.actor import Actor
from app.localplatform.attrs import load_attrs
from app.localplatform.entity_reader import EntityReader
from app.localplatform.perms_rows import CheckedRows, Viewer
from app.localplatform.perms_trial import Trial
from app.localplatform.query import QueryResult, query
from app.localplatform.rules import Judge, RuleBook
from app.localplatform.store import Store
from app.localplatform.transact import transact
from app.localplatform.transact_shape import Dialect

Values = dict[str, Any]

RULE_PARAMS = "$$ruleParams"


def run_query(
    conn: sqlite3.Connection,
    actor: Actor,
    q: Values,
    *,
    inference: bool = False,
    book: RuleBook | None = None,
    log: CheckedRows | None = None,
) -> QueryResult:
    """Answer ``q`` for the actor; ``book`` replaces the app's own rules, ``log`` collects what they said."""
    apps.require_readable(apps.get_app(conn, actor.app_id))
    attrs = load_attrs(conn, actor.app_id)
    plain = {key: value for key, value in q.items() if key != RULE_PARAMS}
    if actor.is_admin:
        return query(conn, actor.app_id, attrs, plain, inference=inference)
    rules = book or RuleBook(apps.current_rules(conn, actor.app_id))
    reader = EntityReader(conn, actor.app_id, attrs)
    judge = Judge(actor.requester, reader.follow)
    viewer = Viewer(judge, rules, reader, q.get(RULE_PARAMS), log or CheckedRows())
    return query(
        conn,
        actor.app_id,
        attrs,
        plain,
        inference=inference,
        visible=viewer.is_visible,
        hidden_fields=viewer.hidden_fields,
        is_admin=False,
    )


@dataclass(frozen=True)
class Outcome:
    """``checks`` is empty for an admin; ``is_committed`` False after a dry run or a failed check."""

    tx_id: int
    checks: tuple[Values, ...] = ()
    is_committed: bool = True

    @property
    def is_permitted(self) -> bool:
        return all(check["check-pass?"] for check in self.checks)


class _RolledBack(Exception):
    def __init__(self, outcome: Outcome) -> None:
        super().__init__()
        self.outcome = outcome


def run_transaction(
    store: Store, actor: Actor, steps: Any, *, throw_on_missing_attrs: bool = False, dialect: Dialect | None = None
) -> Outcome:
    """Apply and commit ``steps``; a rule that says no raises permission-denied and rolls everything back."""
    with store.write() as conn:
        apps.require_writable(conn, actor.app_id)
        before = load_attrs(conn, actor.app_id)
        result = transact(
            conn,
            actor.app_id,
            steps,
            throw_on_missing_attrs=throw_on_missing_attrs,
            is_admin=actor.is_admin,
            dialect=dialect,
        )
        if not actor.is_admin:
            Trial(store, conn, actor, before, result, steps).require_all()
        store.note_commit(conn, actor.app_id, result.etypes, result.tx_id)
    return Outcome(result.tx_id)


def try_transaction(
    store: Store,
    actor: Actor,
    steps: Any,
    *,
    throw_on_missing_attrs: bool = False,
    book: RuleBook | None = None,
    commits: bool = False,
) -> Outcome:
    """Run ``steps`` and report every check; nothing stays unless ``commits`` and all checks pass."""
    try:
        with store.write() as conn:
            apps.require_writable(conn, actor.app_id)
            before = load_attrs(conn, actor.app_id)
            result = transact(
                conn,
                actor.app_id,
                steps,
                throw_on_missing_attrs=throw_on_missing_attrs,
                is_admin=actor.is_admin,
                dialect="admin",
            )
            checks = tuple(Trial(store, conn, actor, before, result, steps, book).results())
            outcome = Outcome(result.tx_id, checks, is_committed=commits)
            if not (commits and outcome.is_permitted):
                raise _RolledBack(Outcome(result.tx_id, checks, is_committed=False))
            store.note_commit(conn, actor.app_id, result.etypes, result.tx_id)
            return outcome
    except _RolledBack as rolled_back:
        return rolled_back.outcome

"""Queries and transactions on somebody's behalf: as admin without rules, else through the app's permission rules.

The order of the checks and the shape of their results are those of ``permissioned_transaction.clj`` and
``instaql.clj`` of the reference server: updates, deletes and links are judged by the data before the transaction,
creations by the data after it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from app.localplatform import apps, errors
from app.localplatform.attr_set import AttrSet
from app.localplatform.attrs import load_attrs
from app.localplatform.cel import Program
from app.localplatform.cel_values import Entity
from app.localplatform.entity_reader import EntityReader
from app.localplatform.query import QueryResult, query
from app.localplatform.rules import Judge, Requester, RuleBook, passes
from app.localplatform.store import Store
from app.localplatform.transact import Dialect, EntityChange, TxResult, transact

Values = dict[str, Any]

_SCHEMA_STEPS = {"update-attr": "update", "delete-attr": "delete", "restore-attr": "restore"}
RULE_PARAMS = "$$ruleParams"


@dataclass(frozen=True)
class Actor:
    """On whose behalf: the app's admin, or a user or guest with the rules applied."""

    app_id: str
    is_admin: bool
    requester: Requester = field(default_factory=lambda: Requester(None))


# --- queries ---


@dataclass
class CheckedRows:
    """What the view rules said about each row (and ruled field) of one query."""

    rows: list[Values] = field(default_factory=list)

    def add(self, etype: str, entity: Values, label: str | None, program: Program | None, value: Any) -> None:
        self.rows.append(
            {
                "id": entity.get("id"),
                "entity": etype,
                "label": label,
                "record": entity,
                "program": program_wire(program),
                "check": value,
            }
        )


def program_wire(program: Program | None) -> Values:
    if program is None:
        return {}
    return {
        "etype": program.etype,
        "action": program.action,
        "code": program.code,
        "display-code": program.display_code,
    }


class _Viewer:
    """Answers which rows and fields the actor may see; each row is judged once."""

    def __init__(self, judge: Judge, book: RuleBook, reader: EntityReader, rule_params: Any, log: CheckedRows) -> None:
        self._judge = judge
        self._book = book
        self._reader = reader
        self._rule_params = rule_params if isinstance(rule_params, dict) else {}
        self._log = log
        self._visible: dict[tuple[str, str], bool] = {}
        self._hidden: dict[tuple[str, str], frozenset[str]] = {}

    def is_visible(self, etype: str, entity: Values) -> bool:
        key = (etype, str(entity.get("id")))
        if key not in self._visible:
            program = self._book.program(etype, "view")
            whole = self._whole(etype, entity)
            value = True if program is None else self._value(program, whole)
            self._log.add(etype, whole, None, program, value)
            self._visible[key] = passes(value)
        return self._visible[key]

    def hidden_fields(self, etype: str, entity: Values) -> frozenset[str]:
        key = (etype, str(entity.get("id")))
        if key not in self._hidden:
            names = [name for name in self._book.ruled_fields(etype) if name != "id"]
            self._hidden[key] = frozenset(name for name in names if not self._may_see_field(etype, entity, name))
        return self._hidden[key]

    def _may_see_field(self, etype: str, entity: Values, name: str) -> bool:
        program = self._book.field_program(etype, name)
        if program is None:
            return True
        whole = self._whole(etype, entity)
        value = self._value(program, whole)
        self._log.add(etype, whole, name, program, value)
        return passes(value)

    def _whole(self, etype: str, entity: Values) -> Values:
        # A query for some fields carries only those, but rules may look at all of them.
        return self._reader.entity(etype, str(entity.get("id"))) or entity

    def _value(self, program: Program, entity: Values) -> Any:
        return self._judge.value(program, entity, rule_params=self._rule_params)


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
    viewer = _Viewer(judge, rules, reader, q.get(RULE_PARAMS), log or CheckedRows())
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


# --- transactions ---


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
            _Trial(store, conn, actor, before, result, steps).require_all()
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
            checks = tuple(_Trial(store, conn, actor, before, result, steps, book).results())
            outcome = Outcome(result.tx_id, checks, is_committed=commits)
            if not (commits and outcome.is_permitted):
                raise _RolledBack(Outcome(result.tx_id, checks, is_committed=False))
            store.note_commit(conn, actor.app_id, result.etypes, result.tx_id)
            return outcome
    except _RolledBack as rolled_back:
        return rolled_back.outcome


@dataclass(frozen=True)
class _Check:
    """One question to a rule; ``program`` None means that there is no rule. ``forced`` is an answer without one."""

    scope: str
    action: str
    etype: str
    eid: str | None
    program: Program | None
    data: Values | None
    new_data: Values | None = None
    linked: Entity | None = None
    actions: Mapping[str, str] | None = None
    rule_params: Mapping[str, Any] = field(default_factory=dict)
    modified: tuple[str, ...] = ()
    forced: bool = True
    is_after: bool = False

    @property
    def key(self) -> tuple[Any, ...]:
        linked_id = self.linked.values.get("id") if self.linked else None
        return (self.scope, self.action, self.etype, self.eid, id(self.program), linked_id, self.is_after)


class _Trial:
    """The checks of one transaction that has been applied but not committed."""

    def __init__(
        self,
        store: Store,
        conn: sqlite3.Connection,
        actor: Actor,
        before: AttrSet,
        result: TxResult,
        steps: Any,
        book: RuleBook | None = None,
    ) -> None:
        self._store = store
        self._conn = conn
        self._actor = actor
        self._attrs_before = before
        self._attrs_after = load_attrs(conn, actor.app_id)
        self._changes = result.changes
        self._steps = steps if isinstance(steps, list) else []
        self._book = book or RuleBook(apps.current_rules(conn, actor.app_id))
        self._modified = _modified_labels(result.changes)
        self._params = _rule_params(result.changes)

    def require_all(self) -> None:
        """Raises permission-denied for the first check that fails."""
        for _ in self._run(stops_at_failure=True):
            pass

    def results(self) -> list[Values]:
        """Every check in wire form."""
        return list(self._run(stops_at_failure=False))

    def _run(self, *, stops_at_failure: bool) -> Iterator[Values]:
        after = EntityReader(self._conn, self._actor.app_id, self._attrs_after)
        # Another connection does not see what this transaction wrote: it reads the data as they were before.
        with self._store.read() as old_conn:
            old = EntityReader(old_conn, self._actor.app_id, self._attrs_before)
            judge = Judge(self._actor.requester, old.follow)
            for check in _distinct(self._checks(old, after)):
                value = self._judge(judge, check, after)
                if stops_at_failure and not passes(value):
                    raise errors.permission_denied("perms-pass?", [check.etype, check.scope])
                yield _check_wire(check, value)

    def _judge(self, judge: Judge, check: _Check, after: EntityReader) -> Any:
        if check.program is None:
            return check.forced
        return judge.value(
            check.program,
            check.data or {},
            new_data=check.new_data,
            linked=check.linked,
            actions=check.actions,
            rule_params=check.rule_params,
            modified=check.modified,
            resolve_ref=after.follow if check.is_after else None,
        )

    def _checks(self, old: EntityReader, after: EntityReader) -> Iterator[_Check]:
        """Those about existing entities first, then those about what was created."""
        yield from self._schema_step_checks()
        for change in self._changes:
            yield from self._before_checks(change, old, after)
        yield from self._new_attr_checks()
        for change in self._changes:
            yield from self._after_checks(change, old, after)

    # Schema

    def _schema_step_checks(self) -> Iterator[_Check]:
        for step in self._steps:
            action = _SCHEMA_STEPS.get(step[0]) if isinstance(step, list) and step else None
            if action is not None:
                yield _Check("attr", action, "attrs", None, None, None, forced=False)

    def _new_attr_checks(self) -> Iterator[_Check]:
        program = self._book.program("attrs", "create")
        for attr_id, attr in self._attrs_after.by_id.items():
            if attr_id not in self._attrs_before.by_id:
                yield _Check("attr", "create", "attrs", attr_id, program, attr.to_wire(), is_after=True)

    # Entities

    def _before_checks(self, change: EntityChange, old: EntityReader, after: EntityReader) -> Iterator[_Check]:
        if change.action in ("link", "unlink"):
            yield from self._link_checks(change, old, after)
            return
        data = old.entity(change.etype, change.id)
        if change.action == "delete":
            yield self._object_check("delete", change.etype, change.id, data or change.before)
        elif data is not None:
            yield self._update_check(change.etype, change.id, data, after)

    def _after_checks(self, change: EntityChange, old: EntityReader, after: EntityReader) -> Iterator[_Check]:
        if change.action == "link":
            yield from self._new_link_checks(change, old, after)
        elif change.action in ("create", "update") and old.entity(change.etype, change.id) is None:
            yield self._create_check(change.etype, change.id, after)

    def _object_check(self, action: str, etype: str, eid: str, data: Values | None, **more: Any) -> _Check:
        params = self._params.get((etype, eid), {})
        return _Check("object", action, etype, eid, self._book.program(etype, action), data, rule_params=params, **more)

    def _update_check(self, etype: str, eid: str, data: Values, after: EntityReader) -> _Check:
        new = after.entity(etype, eid)
        return self._object_check(
            "update", etype, eid, data, new_data=new, modified=self._modified.get((etype, eid), ())
        )

    def _create_check(self, etype: str, eid: str, after: EntityReader) -> _Check:
        if etype == "$users":
            message = "$users is a system entity. You aren't allowed to create this directly."
            raise errors.validation_failed("tx-step", None, [{"message": message}])
        new = after.entity(etype, eid)
        modified = self._modified.get((etype, eid), ())
        return self._object_check("create", etype, eid, new, new_data=new, modified=modified, is_after=True)

    # Links. Each side may have a rule for the label; only where neither has, update and view decide.

    def _sides(self, change: EntityChange) -> tuple[_Side, _Side]:
        label, target_etype = change.label or "", change.target_etype or ""
        attr = self._attrs_after.find(change.etype, label) or self._attrs_before.find(change.etype, label)
        reverse = attr.reverse_identity.label if attr and attr.reverse_identity else None
        here = _Side(change.etype, change.id, self._book.link_program(change.etype, change.action, label))
        there_program = self._book.link_program(target_etype, change.action, reverse) if reverse else None
        return here, _Side(target_etype, change.target_id or "", there_program)

    def _link_checks(self, change: EntityChange, old: EntityReader, after: EntityReader) -> Iterator[_Check]:
        here, there = self._sides(change)
        here_data, there_data = old.entity(here.etype, here.eid), old.entity(there.etype, there.eid)
        if here.program is None and there.program is None:
            if here_data is not None:
                yield self._update_check(here.etype, here.eid, here_data, after)
            if there_data is not None:
                new = after.entity(there.etype, there.eid)
                yield self._object_check("view", there.etype, there.eid, there_data, new_data=new)
            return
        for one, other, data, other_data in (
            (here, there, here_data, there_data),
            (there, here, there_data, here_data),
        ):
            if one.program is not None and data is not None:
                yield self._link_check(change.action, one, other, data, other_data, after, "update")

    def _new_link_checks(self, change: EntityChange, old: EntityReader, after: EntityReader) -> Iterator[_Check]:
        here, there = self._sides(change)
        has_rule = here.program is not None or there.program is not None
        here_old, there_old = old.entity(here.etype, here.eid), old.entity(there.etype, there.eid)
        if here_old is None:
            if here.program is not None:
                yield self._new_link_check(change.action, here, there, there_old, after)
            elif not has_rule:
                yield self._create_check(here.etype, here.eid, after)
        if there_old is None:
            if there.program is not None:
                yield self._new_link_check(change.action, there, here, here_old, after)
            elif not has_rule:
                new = after.entity(there.etype, there.eid)
                yield self._object_check("view", there.etype, there.eid, new, new_data=new, is_after=True)

    def _new_link_check(
        self, action: str, one: _Side, other: _Side, other_old: Values | None, after: EntityReader
    ) -> _Check:
        data = after.entity(one.etype, one.eid) or {}
        check = self._link_check(action, one, other, data, after.entity(other.etype, other.eid), after, "create")
        actions = {"data": "create", "linkedData": "update" if other_old is not None else "create"}
        return _after(check, actions)

    def _link_check(
        self,
        action: str,
        one: _Side,
        other: _Side,
        data: Values,
        other_data: Values | None,
        after: EntityReader,
        own_action: str,
    ) -> _Check:
        linked = other_data if other_data is not None else after.entity(other.etype, other.eid)
        actions = {"data": own_action, "linkedData": "update" if other_data is not None else "create"}
        return _Check(
            "object",
            action,
            one.etype,
            one.eid,
            one.program,
            data,
            new_data=after.entity(one.etype, one.eid),
            linked=Entity(other.etype, linked) if linked is not None else None,
            actions=actions if action == "link" else None,
            rule_params={
                **self._params.get((other.etype, other.eid), {}),
                **self._params.get((one.etype, one.eid), {}),
            },
        )


@dataclass(frozen=True)
class _Side:
    """One end of a link with its rule for this link, if it has one."""

    etype: str
    eid: str
    program: Program | None


def _after(check: _Check, actions: Mapping[str, str]) -> _Check:
    values = {name: getattr(check, name) for name in check.__dataclass_fields__}
    return _Check(**{**values, "actions": actions, "is_after": True})


def _distinct(checks: Iterable[_Check]) -> Iterator[_Check]:
    seen: set[tuple[Any, ...]] = set()
    for check in checks:
        if check.key not in seen:
            seen.add(check.key)
            yield check


def _modified_labels(changes: Sequence[EntityChange]) -> dict[tuple[str, str], tuple[str, ...]]:
    """What the transaction sets on each entity, links included, for ``request.modifiedFields``."""
    labels: dict[tuple[str, str], dict[str, None]] = {}
    for change in changes:
        names = labels.setdefault((change.etype, change.id), {})
        if change.action in ("create", "update"):
            names.update(dict.fromkeys(sorted(change.modified - {"id"})))
        elif change.action == "link" and change.label:
            names[change.label] = None
    return {key: tuple(names) for key, names in labels.items()}


def _rule_params(changes: Sequence[EntityChange]) -> dict[tuple[str, str], Values]:
    params: dict[tuple[str, str], Values] = {}
    for change in changes:
        if change.rule_params:
            params.setdefault((change.etype, change.id), {}).update(change.rule_params)
    return params


def _check_wire(check: _Check, value: Any) -> Values:
    bindings: dict[str, Any] = {
        "data": check.data,
        "new-data": check.new_data,
        "linked-data": check.linked.values if check.linked else None,
        "linked-etype": check.linked.etype if check.linked else None,
        "actions": check.actions,
        "rule-params": check.rule_params or None,
        "modified-fields": list(check.modified) or None,
    }
    return {
        "scope": check.scope,
        "action": check.action,
        "etype": check.etype,
        "eid": check.eid,
        "program": program_wire(check.program),
        "bindings": {name: item for name, item in bindings.items() if item is not None},
        "check-result": value,
        "check-pass?": passes(value),
    }

"""What the rules say to a transaction: each question that it puts to them, and the answers.

The order of the checks and the shape of their results are those of ``permissioned_transaction.clj`` of the reference
server: updates, deletes and links are judged by the data before the transaction, creations by the data after it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from app.localplatform import apps, errors
from app.localplatform.actor import Actor
from app.localplatform.attr_set import AttrSet
from app.localplatform.attrs import load_attrs
from app.localplatform.cel import Program
from app.localplatform.cel_values import Entity
from app.localplatform.entity_reader import EntityReader
from app.localplatform.perms_rows import program_wire
from app.localplatform.rules import Judge, RuleBook, passes
from app.localplatform.store import Store
from app.localplatform.transact import TxResult
from app.localplatform.transact_changes import EntityChange

Values = dict[str, Any]

_SCHEMA_STEPS = {"update-attr": "update", "delete-attr": "delete", "restore-attr": "restore"}


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


class Trial:
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

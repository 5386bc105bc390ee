"""Transactions: the steps of the admin API and those of the realtime protocol, applied inside a caller's write.

As on the platform, steps are grouped by operation, in the order in which the operations first appear; the whole is
one unit. Follows ``db/transaction.clj`` of the reference server.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from app.localplatform import attr_changes, attr_removal, catalog, errors, values
from app.localplatform import triples as _triples  # noqa: F401  registers the tables
from app.localplatform.attr_checks import check_required
from app.localplatform.attr_set import Attr, AttrSet
from app.localplatform.attr_wire import from_wire
from app.localplatform.attrs import load_attrs
from app.localplatform.transact_steps import (
    ATTR_ACTIONS,
    LOW_ACTIONS,
    TRIPLE_ACTIONS,
    Step,
    check_admin_steps,
    to_low_steps,
)
from app.localplatform.transact_triples import TripleWriter

Action = Literal["create", "update", "delete", "link", "unlink"]
Dialect = Literal["admin", "realtime"]
Pair = tuple[str, str]  # entity ID, etype


@dataclass(frozen=True, slots=True)
class EntityChange:
    """What a transaction does to one entity, for permission rules and listeners.

    ``before`` is None for a create, ``after`` for a delete; both are flat entities (``id``, own attributes, has-one
    links as IDs, by label). ``modified`` are the labels that change. For ``link``/``unlink``: ``id`` gains or loses
    ``target_id`` of ``target_etype`` under ``label``.
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
    is_admin: bool = True,
    dialect: Dialect | None = None,
) -> TxResult:
    """Apply ``steps`` (decoded JSON) as one unit; ``now`` is milliseconds since the epoch.

    ``dialect`` is what the endpoint takes; None finds out from the first step. ``allow_system_writes`` lets our own
    code write any system attribute ($files.size…). Raises PlatformError; the caller's ``store.write()`` then rolls
    everything back.
    """
    attrs = load_attrs(conn, app_id)
    low = _low_steps(attrs, steps, dialect, throw_on_missing_attrs)
    transaction = _Transaction(conn, app_id, attrs, low, int(time.time() * 1000) if now is None else now)
    if not allow_system_writes:
        transaction.check_system_writes(is_admin)
    try:
        return transaction.run()
    except UnicodeEncodeError:
        # Half of a surrogate pair: JSON can spell it, no text column takes it.
        message = "A value in the transaction contains characters that cannot be stored."
        raise errors.PlatformError("validation-failed", message, {"table": "triples"}) from None


def _low_steps(attrs: AttrSet, steps: Any, dialect: Dialect | None, throw_on_missing_attrs: bool) -> list[Step]:
    if _is_realtime(steps, dialect):
        return [_normal(attrs, steps, index, step) for index, step in enumerate(_checked_list(steps))]
    check_admin_steps(steps)
    admin = [_without_id(step) for step in steps]
    low = to_low_steps(attrs, admin, throw_on_missing_attrs=throw_on_missing_attrs)
    return [_normal(attrs, low, index, step) for index, step in enumerate(low)]


def _is_realtime(steps: Any, dialect: Dialect | None) -> bool:
    if dialect is not None or not isinstance(steps, list):
        return dialect == "realtime"
    low = LOW_ACTIONS | {"update-attr", "restore-attr"}
    return any(isinstance(step, list) and step and isinstance(step[0], str) and step[0] in low for step in steps)


def _without_id(step: Step) -> Step:
    if len(step) > 3 and isinstance(step[3], dict) and "id" in step[3]:
        return [*step[:3], {label: value for label, value in step[3].items() if label != "id"}, *step[4:]]
    return step


# ---- shape of low-level steps


def _checked_list(steps: Any) -> list[Any]:
    if not isinstance(steps, list):
        raise errors.validation_failed("tx-steps", steps, [{"expected": "coll?", "in": []}])
    return steps


def _shape_error(steps: Any, expected: str, *path: int) -> errors.PlatformError:
    return errors.validation_failed("tx-steps", steps, [{"expected": expected, "in": list(path)}])


def _normal(attrs: AttrSet, steps: list[Any], index: int, step: Any) -> Step:
    """A copy with canonical UUIDs, or an error that names the position."""
    if not isinstance(step, list) or len(step) < 2 or not isinstance(step[0], str):
        raise _shape_error(steps, "coll?", index)
    action = step[0]
    if action in TRIPLE_ACTIONS:
        return _normal_triple(attrs, steps, index, step)
    if action in ("delete-entity", "rule-params"):
        eid = _normal_eid(attrs, steps, index, step[1])
        if len(step) > 2 and not isinstance(step[2], str | None):
            raise _shape_error(steps, "string?", index, 2)
        return [action, eid, *step[2:]] if len(step) > 2 else [action, eid, None]
    if action in ("delete-attr", "restore-attr"):
        attr_id = values.as_uuid(step[1])
        if attr_id is None:
            raise _shape_error(steps, "uuid?", index, 1)
        return [action, attr_id]
    if action not in ATTR_ACTIONS:
        raise _shape_error(steps, "tx-step", index, 0)
    return [action, step[1]]


def _normal_triple(attrs: AttrSet, steps: list[Any], index: int, step: Step) -> Step:
    if len(step) < 4:
        raise _shape_error(steps, "triple", index)
    eid = _normal_eid(attrs, steps, index, step[1])
    attr_id = values.as_uuid(step[2])
    if attr_id is None:
        raise _shape_error(steps, "uuid?", index, 2)
    value = step[3]
    if isinstance(value, list) and len(value) == 2 and values.as_uuid(value[0]):
        value = [values.as_uuid(value[0]), value[1]]
        _check_id_lookup(attrs, steps, value, [index, 3])
    options = step[4] if len(step) > 4 and isinstance(step[4], dict) else {}
    return [step[0], eid, attr_id, value, options]


def _normal_eid(attrs: AttrSet, steps: list[Any], index: int, eid: Any) -> Any:
    plain = values.as_uuid(eid)
    if plain is not None:
        return plain
    if isinstance(eid, list) and len(eid) == 2 and values.as_uuid(eid[0]):
        lookup = [values.as_uuid(eid[0]), eid[1]]
        _check_id_lookup(attrs, steps, lookup, [index, 1])
        return lookup
    message = f"Invalid entity ID '{eid}'. Entity IDs must be UUIDs. Use id() or lookup() to generate a valid UUID."
    raise errors.validation_failed("tx-steps", steps, [{"message": message, "in": [index, 1]}])


def _check_id_lookup(attrs: AttrSet, steps: Any, lookup: list[Any], path: list[int]) -> None:
    attr = attrs.by_id.get(lookup[0])
    if attr is not None and attr.label == "id" and values.as_uuid(lookup[1]) is None:
        message = (
            f"Invalid lookup '{lookup}'. The lookup attribute is '{attr.etype}.{attr.label}', "
            "but the lookup value is not a valid UUID."
        )
        raise errors.validation_failed("tx-steps", steps, [{"message": message, "in": path}])


# ---- one transaction


class _Transaction:
    def __init__(self, conn: sqlite3.Connection, app_id: str, attrs: AttrSet, steps: list[Step], now: int) -> None:
        self._conn = conn
        self._app_id = app_id
        self._now = now
        self._steps = steps
        self._attrs = _with_new(attrs, steps)
        self._writer = TripleWriter(conn, app_id, self._attrs, now)
        self._before: dict[Pair, dict[str, Any] | None] = {}
        self._rule_params: dict[Pair, dict[str, Any]] = {}

    # -- checks before anything is written

    def check_system_writes(self, is_admin: bool) -> None:
        for step in self._steps:
            if step[0] in TRIPLE_ACTIONS:
                attr = self._attrs.by_id.get(step[2])
                if attr is not None and attr.is_system:
                    _check_system_triple(step, attr, is_admin)
            elif step[0] == "delete-entity" and not is_admin and step[2] in catalog.SYSTEM_ETYPES - {"$files"}:
                message = f"{step[2]} is a system entity. You aren't allowed to delete this directly."
                raise errors.validation_failed("tx-step", step, [{"message": message}])

    def _check_references(self) -> None:
        for step in self._steps:
            if step[0] not in TRIPLE_ACTIONS:
                continue
            attr = self._attrs.by_id.get(step[2])
            if attr is None:
                continue
            if isinstance(step[1], list):
                self._check_lookup(step, step[1], attr.etype)
            value = step[3]
            if attr.is_ref and isinstance(value, list) and len(value) == 2:
                self._check_lookup(step, value, attr.reverse_etype)
            elif attr.is_ref and values.as_uuid(value) is None:
                error = {"message": "Expected link value to be a uuid.", "hint": {"tx-step": step}}
                raise errors.validation_failed("eid", value, [error])

    def _check_lookup(self, step: Step, lookup: list[Any], etype: str | None) -> None:
        lookup_attr = self._attrs.by_id.get(lookup[0])
        if lookup_attr is None:
            message = "Invalid lookup. Could not determine namespace from lookup attribute."
            raise errors.validation_failed("lookup", lookup, [{"message": message, "tx-step": step}])
        if lookup_attr.etype != etype:
            message = (
                "Invalid transaction. The namespace in the lookup attribute is different from the namespace of the "
                "attribute that is being set"
            )
            raise errors.validation_failed("tx-step", step, [{"message": message}])

    def _check_modes(self) -> None:
        moded = [s for s in self._steps if s[0] in ("add-triple", "deep-merge-triple") and s[4].get("mode")]
        existing = [s[1] for s in moded if s[4]["mode"] == "create" and self._exists(s)]
        if existing:
            message = f"Creating entities that exist: {', '.join(map(_eid_text, existing))}"
            raise errors.validation_failed("tx-step", existing, [{"message": message}])
        missing = [s[1] for s in moded if s[4]["mode"] == "update" and not self._exists(s)]
        if missing:
            message = f"Updating entities that don't exist: {', '.join(map(_eid_text, missing))}"
            raise errors.validation_failed("tx-step", missing, [{"message": message}])

    def _exists(self, step: Step) -> bool:
        eid = step[1]
        if isinstance(eid, list):
            return self._writer.find_by_lookup(eid) is not None
        attr = self._attrs.by_id.get(step[2])
        own = self._attrs.of_etype(attr.etype) if attr else ()
        return any(self._writer.values_of(eid, other.id) for other in own)

    # -- running

    def run(self) -> TxResult:
        order = list(dict.fromkeys(step[0] for step in self._steps))
        self._check_references()
        self._writer.load(step[1] for step in self._steps if step[0] in LOW_ACTIONS and isinstance(step[1], str))
        self._expand_deletes()
        self._check_modes()
        self._remember()
        tx_id = self._new_transaction()
        for action in order:
            self._run_group(action, [step for step in self._steps if step[0] == action])
        self._writer.fill_indexed_nulls()
        self._writer.check_required()
        required = [s[1]["id"] for s in self._steps if s[0] == "update-attr" and isinstance(s[1], dict)]
        check_required(self._conn, self._app_id, required)
        attr_changes.note_inferred(self._conn, self._app_id, self._writer.attrs, self._writer.inferred)
        has_schema_changes = any(step[0] in ATTR_ACTIONS for step in self._steps)
        return TxResult(tx_id, tuple(self._changes()), self._etypes(), has_schema_changes)

    def _new_transaction(self) -> int:
        cursor = self._conn.execute(
            "INSERT INTO transactions (app_id, created_at) VALUES (?, ?)", (self._app_id, self._now)
        )
        return cursor.lastrowid or 0

    def _run_group(self, action: str, steps: list[Step]) -> None:
        run: Callable[[list[Step]], None] = {
            "add-attr": self._add_attrs,
            "update-attr": self._update_attrs,
            "delete-attr": self._delete_attrs,
            "restore-attr": self._restore_attrs,
            "add-triple": self._add_triples,
            "deep-merge-triple": self._merge_triples,
            "retract-triple": self._retract_triples,
            "delete-entity": self._delete_entities,
        }.get(action, lambda _: None)
        run(steps)

    def _reload_attrs(self) -> None:
        self._writer.attrs = load_attrs(self._conn, self._app_id)

    def _add_attrs(self, steps: list[Step]) -> None:
        attr_changes.add_attrs(self._conn, self._app_id, [step[1] for step in steps])
        self._reload_attrs()

    def _update_attrs(self, steps: list[Step]) -> None:
        attr_changes.update_attrs(self._conn, self._app_id, [step[1] for step in steps])
        self._reload_attrs()

    def _delete_attrs(self, steps: list[Step]) -> None:
        attr_removal.soft_delete_attrs(self._conn, self._app_id, [step[1] for step in steps], self._now)
        self._reload_attrs()

    def _restore_attrs(self, steps: list[Step]) -> None:
        attr_removal.restore_attrs(self._conn, self._app_id, [step[1] for step in steps])
        self._reload_attrs()

    def _add_triples(self, steps: list[Step]) -> None:
        for step in _last_of_each(steps, self._attrs):
            self._writer.add(step[1], step[2], step[3])

    def _merge_triples(self, steps: list[Step]) -> None:
        groups: dict[tuple[str, str], list[Step]] = {}
        for step in steps:
            groups.setdefault((_eid_text(step[1]), step[2]), []).append(step)
        for group in groups.values():
            self._writer.merge(group[0][1], group[0][2], [step[3] for step in group])

    def _retract_triples(self, steps: list[Step]) -> None:
        for step in steps:
            self._writer.retract(step[1], step[2], step[3])

    def _delete_entities(self, steps: list[Step]) -> None:
        for step in steps:
            self._writer.delete_entity(step[1], step[2])

    # -- deletes and their cascades

    def _expand_deletes(self) -> None:
        deletes = [step for step in self._steps if step[0] == "delete-entity"]
        if not deletes:
            return
        roots: dict[Pair, None] = {}
        for _, eid, etype in (step[:3] for step in deletes):
            plain = self._writer.find_by_lookup(eid) if isinstance(eid, list) else eid
            if plain is not None:
                roots.update(dict.fromkeys((plain, e) for e in ([etype] if etype else self._writer.etypes_of(plain))))
        everything = self._with_cascades(roots)
        steps: list[Step] = [["delete-entity", eid, etype] for eid, etype in everything]
        self._steps = [step for step in self._steps if step[0] != "delete-entity"] + steps
        self._writer.load(eid for eid, _ in everything)

    def _with_cascades(self, roots: dict[Pair, None]) -> dict[Pair, None]:
        seen = dict(roots)
        waiting = list(roots)
        while waiting:
            eid, etype = waiting.pop()
            for found in self._cascades_of(eid, etype):
                if found not in seen:
                    seen[found] = None
                    waiting.append(found)
        return seen

    def _cascades_of(self, eid: str, etype: str) -> Iterable[Pair]:
        for attr in self._attrs.cascading:
            if attr.on_delete == "cascade" and attr.reverse_etype == etype:
                sql = "SELECT entity_id FROM triples WHERE app_id = ? AND attr_id = ? AND key = ?"
                for (source,) in self._conn.execute(sql, (self._app_id, attr.id, "s" + eid)):
                    yield source, attr.etype
            if attr.on_delete_reverse == "cascade" and attr.etype == etype and attr.reverse_etype:
                for target in self._writer.values_of(eid, attr.id):
                    yield target, attr.reverse_etype

    # -- what happened

    def _remember(self) -> None:
        for step in self._steps:
            for pair in self._pairs_of(step):
                if step[0] == "rule-params":
                    self._rule_params[pair] = step[3] if len(step) > 3 and isinstance(step[3], dict) else {}
                elif pair not in self._before:
                    self._before[pair] = self._writer.flat_entity(pair[1], pair[0])

    def _pairs_of(self, step: Step) -> Iterable[Pair]:
        if step[0] not in LOW_ACTIONS:
            return
        eid = self._writer.find_by_lookup(step[1]) if isinstance(step[1], list) else step[1]
        attr = self._attrs.by_id.get(step[2]) if step[0] in TRIPLE_ACTIONS else None
        etype = attr.etype if attr else step[2]
        if eid is not None and isinstance(etype, str):
            yield eid, etype

    def _etypes(self) -> frozenset[str]:
        found = {etype for _, etype in self._writer.touched_entities()}
        for _, attr, _, _ in self._writer.links:
            if attr.reverse_etype:
                found.add(attr.reverse_etype)
        return frozenset(found)

    def _changes(self) -> Iterable[EntityChange]:
        own = {(eid, a.etype) for eid, attr_id in self._writer.touched if (a := self._own_attr(attr_id)) is not None}
        for pair in self._writer.touched_entities():
            if pair in own:
                change = self._change_of(pair)
                if change is not None:
                    yield change
        for source, attr, target, is_added in self._writer.links:
            yield self._link_change(source, attr, target, is_added)

    def _own_attr(self, attr_id: str) -> Attr | None:
        attr = self._writer.attrs.by_id.get(attr_id)
        return None if attr is None or attr.is_ref else attr

    def _change_of(self, pair: Pair) -> EntityChange | None:
        eid, etype = pair
        before, after = self._before.get(pair), self._writer.flat_entity(etype, eid)
        if before is None and after is None:
            return None
        action: Action = "create" if before is None else "delete" if after is None else "update"
        return EntityChange(
            action, etype, eid, before, after, _modified(before, after), self._rule_params.get(pair, {})
        )

    def _link_change(self, source: str, attr: Attr, target: str, is_added: bool) -> EntityChange:
        pair = (source, attr.etype)
        return EntityChange(
            "link" if is_added else "unlink",
            attr.etype,
            source,
            self._before.get(pair),
            self._writer.flat_entity(attr.etype, source),
            frozenset({attr.label}),
            self._rule_params.get(pair, {}),
            attr.label,
            attr.reverse_etype,
            target,
        )


def _modified(before: dict[str, Any] | None, after: dict[str, Any] | None) -> frozenset[str]:
    one, other = before or {}, after or {}
    return frozenset(label for label in one.keys() | other.keys() if one.get(label) != other.get(label))


def _eid_text(eid: Any) -> str:
    return eid if isinstance(eid, str) else values.dumps(eid)


def _check_system_triple(step: Step, attr: Attr, is_admin: bool) -> None:
    is_fixed = attr.etype in ("$files", "$streams")
    if not catalog.is_writable(attr.etype, attr.label) and (is_fixed or not is_admin):
        message = f"{attr.etype}.{attr.label} is a system column. You aren't allowed to change this directly."
        raise errors.validation_failed("tx-step", step, [{"message": message}])
    is_stream_path = (attr.etype, attr.label) == ("$files", "path") and str(step[3]).startswith("$stream/")
    if is_stream_path:
        message = "The path for stream files can't be edited."
        raise errors.validation_failed("tx-step", step, [{"message": message}])


_COMPLETE: Final = ("id", "forward-identity", "value-type", "cardinality")


def _with_new(attrs: AttrSet, steps: list[Step]) -> AttrSet:
    """The attributes as they will be once the attribute steps have run, as far as these are well formed."""
    added = [s[1] for s in steps if s[0] == "add-attr" and isinstance(s[1], dict) and all(n in s[1] for n in _COMPLETE)]
    if not added:
        return attrs
    try:
        return attrs.with_changes(from_wire(wire) for wire in added)
    except TypeError:
        # A malformed identity: add_attrs will say so.
        return attrs


def _last_of_each(steps: list[Step], attrs: AttrSet) -> list[Step]:
    """Of several writes to the same single-valued attribute the last one counts, at the place of the first."""
    kept: dict[tuple[str, ...], Step] = {}
    for step in steps:
        attr = attrs.by_id.get(step[2])
        many = attr is not None and not attr.is_one
        key = (_eid_text(step[1]), step[2], values.dumps(step[3])) if many else (_eid_text(step[1]), step[2])
        kept[key] = step
    return list(kept.values())


__all__ = ["EntityChange", "TxResult", "transact"]

"""Transactions: the steps of the admin API and those of the realtime protocol, applied inside a caller's write.

As on the platform, steps are grouped by operation, in the order in which the operations first appear; the whole is
one unit. Follows ``db/transaction.clj`` of the reference server.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final

from app.localplatform import attr_changes, attr_removal, errors, values
from app.localplatform import triples as _triples  # noqa: F401  registers the tables
from app.localplatform.attr_checks import check_required
from app.localplatform.attr_set import AttrSet
from app.localplatform.attr_wire import from_wire
from app.localplatform.attrs import load_attrs
from app.localplatform.transact_changes import ChangeLog, EntityChange, Pair
from app.localplatform.transact_checks import check_modes, check_references, check_system_writes
from app.localplatform.transact_shape import Dialect, low_steps
from app.localplatform.transact_steps import ATTR_ACTIONS, LOW_ACTIONS, Step, eid_text
from app.localplatform.transact_triples import TripleWriter


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
    low = low_steps(attrs, steps, dialect, throw_on_missing_attrs)
    known = _with_new(attrs, low)
    if not allow_system_writes:
        check_system_writes(low, known, is_admin=is_admin)
    try:
        return _Transaction(conn, app_id, known, low, int(time.time() * 1000) if now is None else now).run()
    except UnicodeEncodeError:
        # Half of a surrogate pair: JSON can spell it, no text column takes it.
        message = "A value in the transaction contains characters that cannot be stored."
        raise errors.PlatformError("validation-failed", message, {"table": "triples"}) from None


class _Transaction:
    """``attrs`` are those that the steps name, new ones included."""

    def __init__(self, conn: sqlite3.Connection, app_id: str, attrs: AttrSet, steps: list[Step], now: int) -> None:
        self._conn = conn
        self._app_id = app_id
        self._now = now
        self._steps = steps
        self._attrs = attrs
        self._writer = TripleWriter(conn, app_id, attrs, now)
        self._log = ChangeLog(attrs, self._writer)

    def run(self) -> TxResult:
        order = list(dict.fromkeys(step[0] for step in self._steps))
        check_references(self._steps, self._attrs)
        self._writer.load(step[1] for step in self._steps if step[0] in LOW_ACTIONS and isinstance(step[1], str))
        self._expand_deletes()
        check_modes(self._steps, self._attrs, self._writer)
        self._log.remember(self._steps)
        tx_id = self._new_transaction()
        for action in order:
            self._run_group(action, [step for step in self._steps if step[0] == action])
        self._writer.fill_indexed_nulls()
        self._writer.check_required()
        required = [s[1]["id"] for s in self._steps if s[0] == "update-attr" and isinstance(s[1], dict)]
        check_required(self._conn, self._app_id, required)
        attr_changes.note_inferred(self._conn, self._app_id, self._writer.attrs, self._writer.inferred)
        has_schema_changes = any(step[0] in ATTR_ACTIONS for step in self._steps)
        return TxResult(tx_id, tuple(self._log.changes()), self._log.etypes(), has_schema_changes)

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
            groups.setdefault((eid_text(step[1]), step[2]), []).append(step)
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
        key = (eid_text(step[1]), step[2], values.dumps(step[3])) if many else (eid_text(step[1]), step[2])
        kept[key] = step
    return list(kept.values())

"""What a transaction does to entities, for permission rules and listeners."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

from app.localplatform.attr_set import Attr, AttrSet
from app.localplatform.transact_steps import LOW_ACTIONS, TRIPLE_ACTIONS, Step
from app.localplatform.transact_triples import TripleWriter

Action = Literal["create", "update", "delete", "link", "unlink"]
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


class ChangeLog:
    """The changes of one transaction; ``attrs`` are those that its steps name, new ones included."""

    def __init__(self, attrs: AttrSet, writer: TripleWriter) -> None:
        self._attrs = attrs
        self._writer = writer
        self._before: dict[Pair, dict[str, Any] | None] = {}
        self._rule_params: dict[Pair, dict[str, Any]] = {}

    def remember(self, steps: list[Step]) -> None:
        """Before anything is written: what the entities are that these steps touch."""
        for step in steps:
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

    def etypes(self) -> frozenset[str]:
        """The namespaces whose data changed."""
        found = {etype for _, etype in self._writer.touched_entities()}
        for _, attr, _, _ in self._writer.links:
            if attr.reverse_etype:
                found.add(attr.reverse_etype)
        return frozenset(found)

    def changes(self) -> Iterable[EntityChange]:
        """When everything is written: of entities, then of links."""
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

"""Which rows and fields of a query the rules let an actor see, as in ``instaql.clj`` of the reference server."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from app.localplatform.cel import Program
from app.localplatform.entity_reader import EntityReader
from app.localplatform.rules import Judge, RuleBook, passes

Values = dict[str, Any]


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


class Viewer:
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

"""From a plan to what is sent: wire steps with the real attribute and ident IDs, in as few requests as can be.

What the reference server does with them (``db/transaction.clj``, ``db/model/attr.clj``) decides their form:

- It groups a transaction's steps by verb, in the order in which the verbs first come: deletes first free names.
- All updates are one SQL statement whose unique constraints hold row by row: a name cannot be taken over from an
  attribute that gives it up in the same statement. Such renames wait for a second request, those in a circle under a
  temporary name.
- An update without its on-delete rules removes them, and renames an ident only by its own ID.
- Flags of what has rows are background jobs. A new attribute has no values, so its type and uniqueness go along
  with it; an index (which writes to each row) and a requirement only where the entity is new too.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from app.platforms.contract import LiveSchema, RenderedStep
from app.schema.compare import Plan
from app.schema.operations import AddAttribute, AddEntity, AddLink

from .handing_on import midway_forms
from .live import Native, native_of
from .parts import FORWARD, REVERSE, Form, Origin, Part, PartTable
from .restoring import restore_parts
from .walking import Walk

JOB_VERBS = frozenset(
    {
        "index",
        "remove-index",
        "unique",
        "remove-unique",
        "required",
        "remove-required",
        "check-data-type",
        "remove-data-type",
    }
)


# One transaction is one statement of up to 26 parameters a step, and PostgreSQL takes 65,535.
MOST_STEPS = 2_000


@dataclass(frozen=True, slots=True)
class WireStep:
    """``operation`` is the plan's step that it comes from; ``place`` the attribute's name in the end."""

    operation: int
    verb: str
    body: Any
    place: str
    note: str = ""

    @property
    def is_background(self) -> bool:
        return self.verb in JOB_VERBS

    @property
    def wire(self) -> list[Any]:
        return [self.verb, self.body]


@dataclass(frozen=True, slots=True)
class WirePlan:
    """Sent in this order: the requests one by one, then ``restores`` through a live session, then ``last``.

    ``between``: how many requests it takes until nothing has a temporary name any more; 0 where nothing gets one.
    """

    requests: tuple[tuple[WireStep, ...], ...] = ()
    restores: tuple[WireStep, ...] = ()
    last: tuple[WireStep, ...] = ()
    between: int = 0

    @property
    def steps(self) -> tuple[WireStep, ...]:
        return (*(step for request in self.requests for step in request), *self.restores, *self.last)


def steps_of(live: LiveSchema, plan: Plan, restores: bool = False) -> WirePlan:
    """Raises StalePlan where the plan does not fit ``live``, Unsupported for what Instant cannot hold."""
    native = native_of(live)
    table = Walk(native).run(plan)
    if restores and not native.no_restore_reason:
        restore_parts(table, native.dropped)
    return _requests(table, _lost(native, plan) if restores else "")


def rendered(live: LiveSchema, plan: Plan, restores: bool = False) -> tuple[RenderedStep, ...]:
    """The text of each step, in the order of the plan's steps."""
    steps = sorted(steps_of(live, plan, restores).steps, key=lambda step: step.operation)
    return tuple(RenderedStep(step.operation, _text(step), step.is_background, step.note) for step in steps)


def _text(step: WireStep) -> str:
    return json.dumps(step.wire, ensure_ascii=False)


def _lost(native: Native, plan: Plan) -> str:
    """Why parts are added empty although they were to come back."""
    if not any(isinstance(step, AddEntity | AddAttribute | AddLink) for step in plan.steps):
        return ""
    return (
        native.no_restore_reason or "The platform keeps no values of it any more: what is dropped is kept for two days."
    )


def _requests(table: PartTable, lost: str) -> WirePlan:
    kept = [part for part in table.all if not part.is_dropped]
    live, new, back = ([part for part in kept if part.origin is origin] for origin in Origin)
    deletes = [_delete(part) for part in table.all if part.is_dropped and part.origin is Origin.LIVE]
    first, second = _updates(table, live)
    adds = [_add(part, table.has_no_rows(part.now.forward[0]), lost) for part in new]
    jobs = [job for part in kept for job in _jobs(table, part)]
    restores = tuple(WireStep(part.reason("add"), "restore-attr", part.id, _place(part)) for part in back)
    after = [step for part in back for step in _update(part, part.before, part.now)]
    requests = [*_cut([*deletes, *first, *adds]), *_cut(second)]
    between = len(requests) if second else 0
    if restores:
        return WirePlan(tuple(requests), restores, (*after, *jobs), between)
    if len(requests) == 1:
        return WirePlan(((*requests[0], *jobs),))
    # Without the jobs, whose repetition would start them twice, requests after the first can be repeated.
    return WirePlan((*requests, *([tuple(jobs)] if jobs else [])), between=between)


def _cut(steps: Sequence[WireStep]) -> Iterator[tuple[WireStep, ...]]:
    for start in range(0, len(steps), MOST_STEPS):
        yield tuple(steps[start : start + MOST_STEPS])


def _place(part: Part) -> str:
    return ".".join(part.now.forward)


def _delete(part: Part) -> WireStep:
    return WireStep(part.reason("drop"), "delete-attr", part.id, _place(part))


# New attributes.


def _add(part: Part, is_inline: bool, lost: str) -> WireStep:
    form = part.now
    body: dict[str, Any] = {
        "id": part.id,
        "value-type": "ref" if form.reverse else "blob",
        "cardinality": "many" if form.is_many else "one",
        FORWARD: [part.idents[0], *form.forward],
    }
    if form.reverse:
        body[REVERSE] = [part.idents[1], *form.reverse]
    body["unique?"] = form.is_unique
    body["index?"] = form.is_indexed and is_inline
    body["required?"] = form.is_required and is_inline
    optional = {
        "checked-data-type": form.type,
        "on-delete": form.on_delete,
        "on-delete-reverse": form.on_delete_reverse,
    }
    body |= {name: value for name, value in optional.items() if value is not None}
    return WireStep(part.reason("add"), "add-attr", body, _place(part), f"{lost} It is added empty." if lost else "")


# Jobs.


def _jobs(table: PartTable, part: Part) -> Iterator[WireStep]:
    before, now = _settled(table, part), part.now
    for flag, verb in (("is_indexed", "index"), ("is_unique", "unique"), ("is_required", "required")):
        if getattr(before, flag) != getattr(now, flag):
            yield _job(part, verb if getattr(now, flag) else f"remove-{verb}", flag)
    if before.type != now.type:
        yield _job(part, "check-data-type" if now.type else "remove-data-type", "type")


def _settled(table: PartTable, part: Part) -> Form:
    """What holds of the flags when the jobs are made."""
    if part.before is not None:
        return part.before
    if table.has_no_rows(part.now.forward[0]):
        return part.now
    return replace(part.now, is_indexed=False, is_required=False)


def _job(part: Part, verb: str, flag: str) -> WireStep:
    body: dict[str, Any] = {"attr-id": part.id, FORWARD: [part.idents[0], *part.now.forward]}
    if verb == "check-data-type":
        body["checked-data-type"] = part.now.type
    return WireStep(part.reason("add", flag), verb, body, _place(part))


# Updates.

_UPDATED = ("forward", "reverse", "is_many", "on_delete", "on_delete_reverse")
_NOTE = "Its new name is still in use by another part: it takes two requests."


def _update(part: Part, before: Form | None, after: Form, note: str = "") -> Iterator[WireStep]:
    if before is None or all(getattr(before, name) == getattr(after, name) for name in _UPDATED):
        return
    body: dict[str, Any] = {
        "id": part.id,
        "value-type": "ref" if after.reverse else "blob",
        "cardinality": "many" if after.is_many else "one",
        FORWARD: [part.idents[0], *after.forward],
    }
    if after.reverse:
        body[REVERSE] = [part.idents[1], *after.reverse]
    # Left out, they would be removed.
    body |= {"on-delete": after.on_delete, "on-delete-reverse": after.on_delete_reverse}
    yield WireStep(part.reason("add", *_UPDATED), "update-attr", body, _place(part), note)


def _updates(table: PartTable, parts: list[Part]) -> tuple[list[WireStep], list[WireStep]]:
    """Those of the first request and those of the second."""
    between = midway_forms(table, parts)
    first: list[WireStep] = []
    second: list[WireStep] = []
    for part in parts:
        midway = between.get(part.id, part.now)
        note = _NOTE if midway is not part.now else ""
        first += _update(part, part.before, midway, note)
        second += _update(part, midway, part.now, note)
    return first, second

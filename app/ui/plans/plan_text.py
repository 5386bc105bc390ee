"""A plan in words, for the screen and for copying; no Qt in here."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.core.text import plain
from app.core.words import counted
from app.schema.operations import (
    AddEntity,
    AddLink,
    ChangeLink,
    DropAttribute,
    DropEntity,
    DropLink,
    Operation,
    RenameEntity,
    RenameLink,
    Risk,
)

if TYPE_CHECKING:
    from app.platforms.contract import RenderedStep, RowCount
    from app.schema.compare import Plan
    from app.schema.model import Schema

_ONE = {
    Risk.SAFE: "safe",
    Risk.SLOW: "slow",
    Risk.MAY_FAIL: "may fail on existing data",
    Risk.DESTROYS: "destroys data",
}
_MANY = {**_ONE, Risk.DESTROYS: "destroy data"}
_SENTENCE_LIMIT = 600
_PRETTY_LIMIT = 20_000


@dataclass(frozen=True, slots=True)
class StepLine:
    """One step of a plan as it is shown; ``number`` counts from 0, ``requests`` is what will be sent for it.
    ``can_be_restored``: what it drops is kept for a while."""

    number: int
    risk: Risk
    sentence: str
    place: str
    requests: tuple[RenderedStep, ...] = ()
    can_be_restored: bool = False
    entity: str = ""

    @property
    def is_background(self) -> bool:
        return any(each.is_background for each in self.requests)

    @property
    def locks(self) -> tuple[str, ...]:
        """What its statements lock, each said once."""
        return tuple(dict.fromkeys(each.lock for each in self.requests if each.lock))

    @property
    def is_apart(self) -> bool:
        """Whether some of it takes effect by itself, and stays where a later step fails."""
        return any(not each.is_transactional for each in self.requests)


def step_lines(
    plan: Plan, rendered: Iterable[RenderedStep] = (), *, keeps_dropped: bool = True
) -> tuple[StepLine, ...]:
    """Takes its time with many steps: not for the UI thread. ``keeps_dropped``: the platform can restore."""
    requests: dict[int, list[RenderedStep]] = {}
    for each in rendered:
        requests.setdefault(each.operation, []).append(each)
    return tuple(_line(at, step, tuple(requests.get(at, ())), keeps_dropped) for at, step in enumerate(plan.steps))


def _line(at: int, step: Operation, requests: tuple[RenderedStep, ...], keeps_dropped: bool) -> StepLine:
    sentence = plain(step.describe(), _SENTENCE_LIMIT)
    return StepLine(
        at, step.risk, sentence, plain(step.place), requests, keeps_dropped and drops(step), _entity_of(step)
    )


def _entity_of(step: Operation) -> str:
    """The entity that a step is about, by the name before it."""
    match step:
        case AddEntity() | DropEntity():
            return step.entity.name
        case RenameEntity():
            return step.old
        case AddLink() | DropLink():
            return step.link.forward.entity
        case RenameLink() | ChangeLink():
            return step.before.forward.entity
        case _:
            return step.entity


def parted(place: str, schema: Schema) -> tuple[str, str]:
    """Entity and part of a place. Names may hold dots: the entity is the one that is there."""
    names = [each.name for each in schema.entities if place == each.name or place.startswith(f"{each.name}.")]
    if not names:
        entity, _dot, part = place.partition(".")
        return entity, part
    entity = max(names, key=len)
    return entity, place[len(entity) + 1 :]


def drops(step: Operation) -> bool:
    return isinstance(step, DropEntity | DropAttribute | DropLink)


def risk_word(risk: Risk, number: int = 1) -> str:
    return _ONE[risk] if number == 1 else _MANY[risk]


def risk_counts(lines: Iterable[StepLine]) -> dict[Risk, int]:
    """How many steps there are of each risk, the harmless first; risks without steps are left out."""
    counts = dict.fromkeys(Risk, 0)
    for line in lines:
        counts[line.risk] += 1
    return {risk: number for risk, number in counts.items() if number}


def summary(lines: Sequence[StepLine]) -> str:
    """ "7 steps: 4 safe, 1 slow, 1 may fail on existing data, 1 destroys data"."""
    if not lines:
        return "Nothing to do"
    parts = [f"{number:,} {risk_word(risk, number)}" for risk, number in risk_counts(lines).items()]
    return f"{counted(len(lines), 'step')}: {', '.join(parts)}"


def pretty(text: str) -> str:
    """A request spread over lines where it is JSON of a size that somebody reads; else as it is."""
    if len(text) > _PRETTY_LIMIT:
        return text
    try:
        return json.dumps(json.loads(text), ensure_ascii=False, indent=2)
    except ValueError:
        return text


def script_text(lines: Iterable[StepLine]) -> str:
    """The statements of steps in the order in which they are sent, as one script: phases and locks are comments."""
    steps = sorted((each for line in lines for each in line.requests), key=lambda each: each.order)
    out: list[str] = []
    phase = None
    for each in steps:
        if each.phase != phase:
            phase = each.phase
            out.append(f"-- {plain(phase, 200)}" if phase else "")
        remarks = (each.lock and f"locks: {each.lock}", each.note)
        out += [f"--   {plain(remark, 300)}" for remark in remarks if remark]
        out += [each.text, ""]
    return "\n".join(out).strip()


def sent_text(lines: Sequence[StepLine], *, is_sql: bool) -> str:
    return script_text(lines) if is_sql else requests_text(lines)


def requests_text(lines: Iterable[StepLine]) -> str:
    """What will be sent, one request after the other, each under a comment that says what is special about it."""
    parts = []
    for line in lines:
        for each in line.requests:
            note = f"// {plain(each.note, 300)}\n" if each.note else ""
            parts.append(note + pretty(each.text))
    return "\n\n".join(parts)


def plan_markdown(
    lines: Sequence[StepLine],
    counts: Mapping[int, RowCount],
    *,
    app_title: str,
    app_id: str,
    place: str,
    is_sql: bool = False,
) -> str:
    """The plan to paste into a ticket or a mail. ``place`` names the connection and its environment."""
    out = [f"# Schema changes for {app_title or 'untitled app'}", "", f"App `{app_id}` on {place}.", ""]
    out += [f"{summary(lines)}.", ""]
    for line in lines:
        count = counts.get(line.number)
        rows = f" {plain(count.sentence, _SENTENCE_LIMIT)}" if count else ""
        locks = "".join(f" Locks {plain(each, 200)}." for each in line.locks)
        out.append(f"{line.number + 1}. **{risk_word(line.risk)}**: {line.sentence}{rows}{locks}")
    sent = sent_text(lines, is_sql=is_sql)
    if sent:
        out += ["", "## What will be sent", "", "```sql" if is_sql else "```json", sent, "```"]
    return "\n".join(out) + "\n"

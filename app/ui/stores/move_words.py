"""What the dialog that moves a workspace says at each stage: a sentence, and lines with their weight."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from app.core.status import Severity
from app.core.text import plain
from app.core.words import counted

if TYPE_CHECKING:
    from app.services.store_moving import MovePlan, MoveProgress, OpenMove, RemovalOutcome, RemovalPlan

Line = tuple[Severity | None, str]
WHERE_TO = "Where is the new store? Nothing is written before you have seen the plan."
_PHASES = {
    "creating": "Creating the tables in the new store",
    "copying": "Copying",
    "verifying": "Verifying counts and checksums",
    "switching": "Pointing the workspace to its store",
    "removing": "Removing old rows",
}
_MOST_NAMED = 6


def plan_words(plan: MovePlan) -> str:
    if plan.refusals:
        return "This cannot be moved yet:"
    where = plain(plan.app_id, 80)
    return f"{counted(plan.rows, 'row')} of {counted(len(plan.order), 'table')} move to {where}."


def plan_lines(plan: MovePlan | RemovalPlan) -> list[Line]:
    """What forbids it first, then what speaks against it."""
    lines: list[Line] = [(Severity.ERROR, each) for each in plan.refusals]
    lines += [(Severity.WARNING, each) for each in plan.warnings]
    return [*lines, *((None, each) for each in plan.sentences)]


def progress_words(latest: MoveProgress) -> str:
    words = _PHASES.get(latest.phase, plain(latest.phase, 40))
    entity = f" {plain(latest.entity, 60)}" if latest.entity else ""
    return f"{words}{entity}: {latest.done:,} of {counted(latest.total, 'row')}."


def switched_words(name: str, move: OpenMove) -> str:
    return f"{name} uses its store {plain(move.app_id, 80)} now."


def switched_lines(late: Iterable[str]) -> list[Line]:
    """``late`` are tables that were written to while the workspace was switched."""
    tables = [plain(each, 60) for each in late]
    lines: list[Line] = []
    if tables:
        names = ", ".join(tables[:_MOST_NAMED])
        told = f"Written to in the main database while it was switched: {names}. Those rows are not in the store."
        lines.append((Severity.WARNING, told))
    return [*lines, (None, "The old rows are still in the main database: the way back until you remove them.")]


def open_words(move: OpenMove) -> str:
    return f"{move.done:,} of {counted(move.total, 'row')} are in {plain(move.app_id, 80)}; nothing was switched."


def open_lines(move: OpenMove) -> list[Line]:
    lines: list[Line] = [(Severity.ERROR, move.error)] if move.error else []
    return [*lines, (None, "It goes on where it stopped; no row comes twice.")]


def removal_words(name: str, plan: RemovalPlan) -> str:
    if plan.refusals:
        return "The old rows cannot be removed yet:"
    return f"{counted(old_rows(plan), 'row')} of {name} go from the main database."


def removal_warning(plan: RemovalPlan) -> str:
    total = old_rows(plan)
    return f"{counted(total, 'row')} are removed for good" if total != 1 else "1 row is removed for good"


def old_rows(plan: RemovalPlan) -> int:
    return sum(each.rows for each in plan.tables if each.rows > 0)


def removed_lines(outcome: RemovalOutcome) -> list[Line]:
    kept = sum(outcome.kept.values())
    words = f"{counted(kept, 'row')} stay: they were not found in the store, or something still leads to them."
    return [(Severity.WARNING, words)] if kept else []

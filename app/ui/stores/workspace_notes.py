"""What is said around the list of workspaces: what the main database lacks, open moves, and why none is listed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from app.core.status import Severity
from app.core.text import plain
from app.core.words import counted
from app.ui.parts.note_row import Answer, NoteRow

if TYPE_CHECKING:
    from app.services.store_moving import OpenMove
    from app.services.store_words import MainOverview

_MOST = 3


def note_rows(
    notes: Sequence[str],
    moves: Sequence[OpenMove],
    resume: Callable[[OpenMove], object],
    edit_main: Callable[[int], object],
    can_write: bool,
) -> list[NoteRow]:
    """``notes`` are sentences about names, which ``edit_main(1)`` answers."""
    rows = [_move_note(each, resume, can_write) for each in moves[:_MOST]]
    if len(moves) > _MOST:
        rest = counted(len(moves) - _MOST, "more move is", "more moves are")
        rows.append(NoteRow(Severity.WARNING, f"{rest} not over", "They are listed as these are answered."))
    names: tuple[Answer, ...] = (("Names…", lambda: edit_main(1)),)
    return rows + [NoteRow(Severity.INFO, plain(each, 300), "", names) for each in notes[:_MOST]]


def _move_note(move: OpenMove, resume: Callable[[OpenMove], object], can_write: bool) -> NoteRow:
    name = plain(move.workspace, 80) or plain(move.workspace_id, 60)
    if move.is_switched:
        sentence = f"{name} has moved; its old rows are still in the main database"
        detail = f"They are the way back until they are removed. Its store: {plain(move.app_id, 80)}."
        answers: tuple[Answer, ...] = (("Remove the old rows…", lambda: resume(move)),)
    else:
        sentence = f"The move of {name} is not finished"
        why = plain(move.error, 240) or "It was interrupted, or runs still."
        detail = f"{why} {move.done:,} of {counted(move.total, 'row')} are copied; nothing was switched."
        answers = (("Go on…", lambda: resume(move)),)
    return NoteRow(Severity.WARNING, sentence, detail, answers if can_write else ())


def nothing_words(overview: MainOverview | None, query: str, total: int) -> tuple[str, str, str]:
    """Title, text and button where no workspace is listed; of the ``total``, none fits the query."""
    if total:
        title = f"Nothing matches “{plain(query, 60)}”"
        return title, f"None of {total:,} workspaces has it.", "Clear search"
    if overview is not None and not overview.map.workspaces:
        why = "No table here looks like one of workspaces. Where it has another name, say which."
        return "No table of workspaces", why, "Names…"
    sentence = "The product makes workspaces; each is listed here with its store. "
    sentence += "If there should be some, say which table has them."
    return "No workspaces yet", sentence, "Names…"

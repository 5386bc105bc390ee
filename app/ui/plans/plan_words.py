"""What the plan dialog's heading and buttons say at each stage; no Qt in here."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from app.services.workshop_words import PushReport


class Stage(Enum):
    WAITING = "waiting"
    REVIEW = "review"
    PUSHING = "pushing"
    ENDED = "ended"
    STALE = "stale"
    FAILED = "failed"


class Words(NamedTuple):
    """ "" for a button that is not there."""

    heading: str
    action: str
    cancel: str


def words(stage: Stage, push_title: str, *, is_undo: bool, has_sent: bool, report: PushReport | None) -> Words:
    """``push_title`` names the push ("Push 7 changes to …"); ``report`` is None until a push has ended."""
    review = "Undo push" if is_undo else "Review changes"
    match stage:
        case Stage.WAITING | Stage.REVIEW:
            return Words(review, push_title.replace("&", "&&"), "Cancel")
        case Stage.PUSHING:
            return Words(push_title, "Continue in &background", "" if has_sent else "Cancel push")
        case Stage.STALE:
            return Words("The schema was changed meanwhile", "Merge and &review again", "Close")
        case Stage.FAILED:
            return Words(review, "&Try again", "Close")
        case Stage.ENDED:
            return _end(report, is_undo=is_undo)


def _end(report: PushReport | None, *, is_undo: bool) -> Words:
    if report is None:
        return Words("Push cancelled", "&Review again", "Close")
    match report.outcome:
        case "done":
            return Words("Undone" if is_undo else "Pushed", "Close", "")
        case "nothing":
            return Words("Nothing to push", "Close", "")
        case "partial":
            again = "&Continue with the rest" if report.remaining is not None else "&Review again"
            return Words("Pushed in part", again, "Close")
        case "stale":
            return Words("Nothing was sent", "&Review again", "Close")
        case _:
            return Words("Push failed", "&Review again", "Close")

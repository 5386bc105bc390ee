"""Takes a push back: the reverse of what it did, against today's schema, shown as a plan before anything is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QWidget

from app.core.apps import AppSummary
from app.core.connection import Connection
from app.core.text import plain
from app.ui.work.runner import Runner

from .draft_subject import LooseDraft
from .plan_dialog import PlanDialog

if TYPE_CHECKING:
    from app.services.workshop_words import Undo


def undo_dialog(
    runner: Runner, connection: Connection, app: AppSummary | None, undo: Undo, parent: QWidget, title: str = ""
) -> PlanDialog:
    """Not open yet. ``title`` is what an app was called that is not known (any more)."""
    subject = LooseDraft(undo.ref, undo.draft)
    known = app or AppSummary(undo.ref.connection_id, undo.ref.app_id, title)
    return PlanDialog(runner, subject, connection, known, parent, undoes=undo.push_id, note=plain(undo.sentence, 600))

"""What was done, as the audit trail shows it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Empty fields leave nothing out. ``text`` is looked for in every word of an act, ``kind`` is what was done, as in
    ``AuditRecord.action``; ``outcome`` is done, failed or cancelled; ``since`` and ``until`` are seconds since the
    epoch, 0 for none."""

    text: str = ""
    connection_id: str = ""
    kind: str = ""
    outcome: str = ""
    since: float = 0.0
    until: float = 0.0


class AuditRecord(NamedTuple):
    """One act. ``steps`` is its plan in sentences, empty for what is no push. ``before`` and ``after`` are fingerprints
    of the schema of its app.

    All that changes a schema is a push (agents, templates, mends of drift, the taking back of a push), but for three:
    a new app has none before, and one that was made from a template none after (nobody has read it yet; a clone has
    that of its source); the tables that a move makes in a store have none after, for the same reason. Empty they are,
    too, where a push could not read the schema back, and where no schema was changed.
    """

    id: int
    at: float
    who: str
    connection_id: str
    connection_label: str
    environment: str
    app_id: str
    app_title: str
    action: str
    outcome: str
    detail: str
    steps: tuple[str, ...] = ()
    before: str = ""
    after: str = ""

    @property
    def result(self) -> str:
        """done, failed or cancelled: in one word how it ended."""
        if self.outcome in ("done", "nothing"):
            return "done"
        return "cancelled" if self.outcome == "cancelled" else "failed"


class AuditPage(NamedTuple):
    """Acts, the newest first; ``total`` is how many there are in all, only counted for the first page (else -1)."""

    records: tuple[AuditRecord, ...]
    total: int
    has_more: bool

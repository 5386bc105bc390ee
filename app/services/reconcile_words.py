"""What a reconciliation finds, offers and reports."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from app.core.refs import AppRef

if TYPE_CHECKING:
    from app.schema.draft import Draft

FindingKind = Literal[
    "missing-app", "unowned-app", "several-apps", "duplicate-entry", "dead-token", "drifted", "unlinked-entry"
]
KINDS: tuple[FindingKind, ...] = (
    "missing-app",
    "duplicate-entry",
    "several-apps",
    "unlinked-entry",
    "unowned-app",
    "dead-token",
    "drifted",
)
Asks = Literal["", "user", "task"]


@dataclass(frozen=True, slots=True)
class Mend:
    """One way to mend a finding.

    ``asks``: the choice needs a user or a task; make it with ``choose``. ``refusal`` says why this mend cannot be done
    here, "" where it can. ``is_offer``: nothing is done, the outcome brings a draft for the workshop.
    """

    key: str
    label: str
    sentence: str
    is_destructive: bool = False
    asks: Asks = ""
    refusal: str = ""
    is_offer: bool = False

    def choose(self, owner_id: str = "") -> str:
        """The mend's key as a choice, with the user's or task's ID where it asks for one."""
        return f"{self.key}:{owner_id}" if self.asks else self.key


@dataclass(frozen=True, slots=True)
class RegistryFinding:
    """``key`` is the same at each check that finds the same; the first of ``mends`` is the one to propose.

    ``refs`` are the apps it is about. Sentences are safe to show as plain text.
    """

    kind: FindingKind
    key: str
    sentence: str
    refs: tuple[AppRef, ...]
    mends: tuple[Mend, ...]
    detail: str = ""

    def mend(self, choice: str) -> Mend | None:
        """The mend that a choice means; None for one that this finding does not offer."""
        return next((each for each in self.mends if choice == each.key or _is_choice(each, choice)), None)


def _is_choice(mend: Mend, choice: str) -> bool:
    return bool(mend.asks) and choice.startswith(f"{mend.key}:")


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """``counts`` say what was compared (``entries``, ``apps``, ``tokens``) and how many findings of each kind there
    are. ``notes`` say what could not be compared; with one, all is not well. ``read_at`` is seconds since the epoch."""

    connection_id: str
    findings: tuple[RegistryFinding, ...]
    counts: Mapping[str, int]
    read_at: float
    notes: tuple[str, ...] = ()

    @property
    def is_well(self) -> bool:
        return not self.findings and not self.notes


@dataclass(frozen=True, slots=True)
class MendOutcome:
    """``key`` is the finding's. An offer brings ``ref`` and the ``draft`` to review and push in the workshop."""

    key: str
    ok: bool
    sentence: str
    ref: AppRef | None = None
    draft: Draft | None = field(default=None, repr=False)

"""What was found, what is marked to be mended, and how; no Qt in here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.core.text import plain
from app.core.words import counted

if TYPE_CHECKING:
    from app.services.reconcile_words import Mend, Reconciliation, RegistryFinding

# In the order of the services; a kind from a newer version goes last, under its own name.
KIND_TITLES: Mapping[str, str] = {
    "missing-app": "Entries whose app is gone",
    "duplicate-entry": "Apps with several entries",
    "several-apps": "Users with several apps",
    "unlinked-entry": "Entries without an owner",
    "unowned-app": "Apps that nobody owns",
    "dead-token": "Dead admin tokens",
    "drifted": "Drifted schemas",
}


def kind_title(kind: str) -> str:
    return KIND_TITLES.get(kind, plain(kind, 40))


@dataclass(frozen=True, slots=True)
class Owner:
    """Whom an app is linked to; ``name`` is plain text."""

    owner_id: str
    name: str


class Choices:
    """For each finding the way to mend it, and whether it is marked.

    A mend that needs an owner can be marked once one was named; one that is refused here cannot.
    """

    def __init__(self) -> None:
        self._found: dict[str, RegistryFinding] = {}
        self._mends: dict[str, str] = {}
        self._owners: dict[tuple[str, str], Owner] = {}
        self._marked: dict[str, None] = {}
        self.groups: dict[str, tuple[RegistryFinding, ...]] = {}

    def take(self, found: Iterable[RegistryFinding]) -> None:
        """What was chosen for findings that are still there stays; marks go."""
        self._found = {each.key: each for each in found}
        kept = self._mends.items()
        self._mends = {key: mend for key, mend in kept if key in self._found and self._mend(key, mend) is not None}
        self._owners = {place: owner for place, owner in self._owners.items() if place[0] in self._found}
        self._marked = {}
        groups: dict[str, list[RegistryFinding]] = {kind: [] for kind in KIND_TITLES}
        for each in self._found.values():
            groups.setdefault(each.kind, []).append(each)
        self.groups = {kind: tuple(rows) for kind, rows in groups.items() if rows}

    def finding(self, key: str) -> RegistryFinding | None:
        return self._found.get(key)

    def mend(self, key: str) -> Mend | None:
        """The way that is chosen: the proposed one at first."""
        finding = self._found.get(key)
        if finding is None or not finding.mends:
            return None
        return self._mend(key, self._mends.get(key, "")) or finding.mends[0]

    def choose(self, key: str, mend_key: str) -> None:
        self._mends[key] = mend_key
        if not self.can_mark(key):
            self._marked.pop(key, None)

    def owner(self, key: str) -> Owner | None:
        mend = self.mend(key)
        return self._owners.get((key, mend.key)) if mend is not None else None

    def set_owner(self, key: str, owner: Owner) -> None:
        mend = self.mend(key)
        if mend is not None:
            self._owners[key, mend.key] = owner

    def can_mark(self, key: str) -> bool:
        mend = self.mend(key)
        return mend is not None and not mend.refusal and (not mend.asks or self.owner(key) is not None)

    def mark(self, keys: Iterable[str], is_marked: bool) -> None:
        for key in keys:
            if not is_marked:
                self._marked.pop(key, None)
            elif self.can_mark(key):
                self._marked[key] = None

    def is_marked(self, key: str) -> bool:
        return key in self._marked

    def marked(self) -> tuple[str, ...]:
        """In the order that they are shown in."""
        return tuple(key for rows in self.groups.values() for each in rows if (key := each.key) in self._marked)

    def as_choices(self, keys: Iterable[str]) -> dict[str, str]:
        """What the services are told: finding key → mend key."""
        made: dict[str, str] = {}
        for key in keys:
            mend, owner = self.mend(key), self.owner(key)
            if mend is not None and self.can_mark(key):
                made[key] = mend.choose(owner.owner_id) if owner is not None else mend.key
        return made

    def destroying(self, keys: Iterable[str]) -> int:
        mends = (self.mend(key) for key in keys)
        return sum(mend is not None and mend.is_destructive for mend in mends)

    def label(self, key: str) -> str:
        """The chosen mend in words."""
        mend, owner = self.mend(key), self.owner(key)
        if mend is None:
            return "Nothing can be done here"
        if owner is not None:
            return f"{mend.label.rstrip('…').replace(' a user', '').replace(' a task', '')} {owner.name}"
        return plain(mend.label, 120)

    def common(self, kind: str) -> tuple[Mend, ...]:
        """The mends that all findings of a kind share, and that need no further choice."""
        rows = self.groups.get(kind, ())
        shared = set.intersection(*({mend.key for mend in row.mends} for row in rows)) if rows else set()
        return tuple(mend for mend in (rows[0].mends if rows else ()) if mend.key in shared and not mend.asks)

    def _mend(self, key: str, mend_key: str) -> Mend | None:
        return next((each for each in self._found[key].mends if each.key == mend_key), None)


def well_sentence(found: Reconciliation) -> str:
    counts = found.counts
    tokens = f" and {counted(counts['tokens'], 'admin token')}" if counts.get("tokens") else ""
    entries = counted(counts.get("entries", 0), "registry entry", "registry entries")
    return f"{entries} and {counted(counts.get('apps', 0), 'app')}{tokens} were compared: everything fits."

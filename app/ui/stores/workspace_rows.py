"""What is known of a workspace and its store, in words; no Qt in here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.core.apps import AppState
from app.core.status import Health, Severity
from app.core.text import plain
from app.core.words import counted

if TYPE_CHECKING:
    from app.services.store_words import StoreCheck, Workspace
    from app.ui.look.icons import State

_UNITS = ("kB", "MB", "GB", "TB")


@dataclass(frozen=True, slots=True)
class WorkspaceRow:
    """A line of the table. ``check`` is None until the store was checked; ``findings`` counts what names it."""

    workspace: Workspace
    is_hosted: bool = True
    check: StoreCheck | None = None
    findings: int = 0

    @property
    def id(self) -> str:
        return self.workspace.id

    @property
    def app_id(self) -> str:
        """Of its store; "" without one."""
        return self.workspace.store.app_id if self.workspace.store is not None else ""


def name_of(row: WorkspaceRow) -> str:
    """A workspace without a name is known by its ID."""
    return plain(row.workspace.name, 120) or plain(row.id, 60)


def state_look(row: WorkspaceRow, *, is_waiting: bool = False) -> tuple[State, str]:
    """Shape and word; ``is_waiting``: its store is being asked now."""
    if is_waiting:
        return AppState.CREATING, "Checking"
    store = row.workspace.store
    if store is None:
        if row.workspace.is_in_main or not row.is_hosted:
            return (Severity.INFO if row.is_hosted else AppState.OK), "In the main database"
        return AppState.MISSING, "No store"
    if not store.is_readable:
        return Severity.ERROR, "Unreadable"
    if row.check is not None and not row.check.is_reachable:
        return Health.UNREACHABLE, "Unreachable"
    if row.findings:
        return Severity.WARNING, counted(row.findings, "finding")
    return (Health.UNKNOWN, "Not checked") if row.check is None else (Health.UP, "Up")


# What needs an eye comes first when the list is sorted by state.
_RANK = ("Unreachable", "Unreadable", "No store", "finding", "In the main database", "Checking", "Not checked")


def state_rank(row: WorkspaceRow) -> int:
    word = state_look(row)[1]
    return next((at for at, each in enumerate(_RANK) if each in word), len(_RANK))


def state_lines(row: WorkspaceRow) -> tuple[str, ...]:
    """The tool tip of the state: what is the matter, and what to do."""
    word = state_look(row)[1]
    if row.workspace.store is None:
        no_store = _IN_MAIN if row.workspace.is_in_main else _NO_STORE
        return (name_of(row), no_store if row.is_hosted else "Application tables are in the main database, too.")
    check = row.check
    if not row.workspace.store.is_readable:
        return (f"{name_of(row)}: {word}", plain(row.workspace.store.problem, 200), "“Edit store…” writes a new one.")
    if check is None:
        return (name_of(row), "Not checked yet: “Check” asks the store.")
    lines = (plain(check.sentence, 200), plain(check.remedy, 200))
    return (f"{name_of(row)}: {word}", *(line for line in lines if line))


_NO_STORE = "No store is configured: “Edit store…” names one."
_IN_MAIN = "Its rows are still in the main database: “Move to its own store…” brings them away."


def store_text(row: WorkspaceRow) -> str:
    if row.workspace.store is not None and not row.app_id:
        return "cannot be read"
    return plain(row.app_id, 80) or "—"


def store_lines(row: WorkspaceRow) -> tuple[str, ...]:
    """Name and app ID."""
    if row.workspace.store is None:
        return (name_of(row), state_look(row)[1])
    if not row.app_id:
        return (name_of(row), plain(row.workspace.store.problem, 200))
    extra = f"{row.workspace.pointers} pointers: the first counts" if row.workspace.pointers > 1 else ""
    copies = "Click to copy · Ctrl+C copies the selection"
    return (name_of(row), plain(row.app_id, 200), f"Password: {secret_words(row)}", extra, copies)


def secret_words(row: WorkspaceRow) -> str:
    """Where the password of the store is kept."""
    place = row.workspace.store.secret_place if row.workspace.store is not None else "none"
    return {"vault": "in the keyring", "row": "in the main database’s row"}.get(place, "none")


def latency_text(row: WorkspaceRow) -> str:
    latency = row.check.latency_ms if row.check is not None else None
    return "—" if latency is None else f"{latency:,.0f} ms" if latency >= 10 else f"{latency:.1f} ms"


def tables_text(row: WorkspaceRow) -> str:
    return "—" if row.check is None or row.check.tables < 0 else f"{row.check.tables:,}"


def size_text(row: WorkspaceRow) -> str:
    return "—" if row.check is None or row.check.bytes < 0 else size_words(row.check.bytes)


def size_words(size: int) -> str:
    """ "512 B", "8.4 MB"; decimal units."""
    if size < 1000:
        return f"{size} B"
    value, unit = size / 1000, 0
    while value >= 999.5 and unit < len(_UNITS) - 1:
        value, unit = value / 1000, unit + 1
    return f"{value:.1f} {_UNITS[unit]}" if value < 99.95 else f"{value:,.0f} {_UNITS[unit]}"


def checked_at(row: WorkspaceRow) -> float:
    return row.check.checked_at if row.check is not None else 0.0


def searched(row: WorkspaceRow) -> str:
    return f"{row.workspace.name} {row.id} {row.app_id} {state_look(row)[1]}"


def summary_words(rows: Sequence[WorkspaceRow]) -> str:
    """How many stores there are, and how many workspaces are in each state; "" without workspaces."""
    words = Counter(state_look(row)[1] for row in rows)
    problems = sum(count for word, count in words.items() if "finding" in word)
    parts = [counted(len({row.app_id for row in rows if row.app_id}), "store")]
    told = ("Up", "Unreachable", "No store", "In the main database")
    parts += [f"{words[word]:,} {word.lower()}" for word in told if words[word]]
    parts += [f"{problems:,} with findings"] if problems else []
    parts += [f"{words['Not checked']:,} not checked"] if words["Not checked"] else []
    return " · ".join(parts) if rows else ""


def siblings(chosen: Sequence[WorkspaceRow], every: Sequence[WorkspaceRow]) -> tuple[str, str] | None:
    """The app IDs of the chosen store and another: the second chosen one, else one that is well."""
    rows = [row for row in chosen if row.app_id]
    if not rows or len(rows) > 2:
        return None
    left = rows[0].app_id
    others = rows[1:] or [row for row in every if row.app_id not in ("", left)]
    others = sorted((row for row in others[:200] if row.app_id != left), key=lambda row: row.findings)
    return (left, others[0].app_id) if others else None


def copied_words(rows: Sequence[WorkspaceRow]) -> str:
    """What the status bar says after the app IDs of these stores were copied."""
    with_store = [row for row in rows if row.app_id]
    if len(with_store) == 1:
        return f"Copied app ID of {name_of(with_store[0])}’s store: {plain(with_store[0].app_id, 60)}"
    return f"Copied {counted(len(with_store), 'app ID')}"

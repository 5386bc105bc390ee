"""What the doctor found, as data, as text and as JSON. Pure; holds no secrets."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from app.core.connection import Connection
from app.core.text import plain
from app.platforms.redaction import scrub

_SENTENCE_LIMIT = 600
_LABEL_LIMIT = 80


class CheckState(StrEnum):
    """UNKNOWN: it could not be found out, which is not the same as being well."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"
    UNKNOWN = "unknown"


class Area(StrEnum):
    """What a check is about, in the order in which areas are shown."""

    MACHINE = "This machine"
    ENVIRONMENT = "Environment variables"
    DATABASE = "Local database"
    LOCAL_PLATFORM = "Local platform"
    CONNECTION = "Connection"
    TOKEN = "Token"
    FOUNDATION = "Foundation"
    MAIN_DATABASE = "Main database"
    STORES = "Stores"
    REGISTRY = "Registry"
    SCHEMAS = "Schemas"


class Action(StrEnum):
    """What the window offers beside a remedy."""

    NONE = ""
    EDIT_CONNECTION = "edit-connection"
    OPEN_APP = "open-app"
    STAGE_MISSING = "stage-missing"
    SHOW_FINDINGS = "show-findings"
    RECONCILE = "reconcile"
    NAME_PARTS = "name-parts"
    SHOW_USERS = "show-users"
    SHOW_WORKSPACES = "show-workspaces"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at. ``remedy`` is "" where nothing has to be done.

    ``connection`` and ``app_id`` are what it is about, where it is about one; ``action`` mends it or leads there.
    Texts may quote names from a server: they are cut, and cleaned of tokens, here.
    """

    area: Area
    name: str
    state: CheckState
    sentence: str
    remedy: str = ""
    action: Action = Action.NONE
    connection: Connection | None = None
    app_id: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "sentence", scrub(plain(self.sentence, _SENTENCE_LIMIT)))
        object.__setattr__(self, "remedy", scrub(plain(self.remedy, _SENTENCE_LIMIT)))

    @property
    def place(self) -> str:
        """The connection with its environment, "" where it is about none."""
        if self.connection is None:
            return ""
        return f"{plain(self.connection.label, _LABEL_LIMIT)} ({self.connection.environment.value})"

    def to_dict(self) -> dict[str, Any]:
        return {
            "area": self.area.value,
            "name": self.name,
            "state": self.state.value,
            "sentence": self.sentence,
            "remedy": self.remedy,
            "connection": plain(self.connection.label, _LABEL_LIMIT) if self.connection else None,
            "environment": self.connection.environment.value if self.connection else None,
            "app_id": self.app_id or None,
        }


@dataclass(frozen=True, slots=True)
class Report:
    """All checks in the order of their areas; ``checked_at`` is seconds since the epoch."""

    checks: tuple[Check, ...]
    checked_at: float
    version: str = ""

    def count(self, state: CheckState) -> int:
        return sum(each.state is state for each in self.checks)

    @property
    def exit_status(self) -> int:
        """0 all well; 1 warnings, or something could not be found out; 2 failures."""
        if self.count(CheckState.FAILED):
            return 2
        return 1 if self.count(CheckState.WARNING) or self.count(CheckState.UNKNOWN) else 0

    @property
    def sentence(self) -> str:
        """The outcome in a few words."""
        found = ((CheckState.FAILED, "failed"), (CheckState.WARNING, "to look at"), (CheckState.UNKNOWN, "not known"))
        parts = [f"{count} {word}" for state, word in found if (count := self.count(state))]
        total = f"{len(self.checks)} checks" if len(self.checks) != 1 else "1 check"
        return f"{', '.join(parts)}; {total} in all" if parts else f"All well: {total}"

    def areas(self) -> tuple[tuple[Area, tuple[Check, ...]], ...]:
        """The areas that have checks, each with its own."""
        grouped = ((area, tuple(each for each in self.checks if each.area is area)) for area in Area)
        return tuple((area, checks) for area, checks in grouped if checks)

    def to_json(self) -> str:
        return json.dumps(
            {
                "version": self.version,
                "checked_at": _moment(self.checked_at),
                "exit_status": self.exit_status,
                "summary": self.sentence,
                "checks": [each.to_dict() for each in self.checks],
            },
            indent=2,
            ensure_ascii=False,
        )

    def to_text(self) -> str:
        """For people: one line a check, its remedy below it."""
        lines = [f"Tenantry {self.version} doctor, {_moment(self.checked_at)}"]
        for area, checks in self.areas():
            lines += ["", area.value]
            for each in checks:
                lines += _lines(each)
        return "\n".join([*lines, "", self.sentence, ""])


def _lines(check: Check) -> list[str]:
    place = f" [{check.place}]" if check.place else ""
    lines = [f"  {check.state.value:<8} {check.name}{place}: {check.sentence}"]
    if check.remedy and check.state is not CheckState.OK:
        lines.append(f"           → {check.remedy}")
    return lines


def _moment(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")

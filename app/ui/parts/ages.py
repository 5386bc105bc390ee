"""How long ago, in words, and when."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache


def ago(then: float, now: float) -> str:
    """ "4 s ago", "12 min ago", "3 h ago", "5 days ago"; "never" for 0."""
    if then <= 0:
        return "never"
    seconds = max(0, int(now - then))
    if seconds < 2:
        return "just now"
    if seconds < 60:
        return f"{seconds} s ago"
    if seconds < 3600:
        return f"{seconds // 60} min ago"
    if seconds < 172_800:
        return f"{seconds // 3600} h ago"
    return f"{seconds // 86_400} days ago"


def age(then: float, now: float) -> str:
    """How long ago, in one unit: "just now", "5 min", "3 hours", "2 days"; a date after a month; "—" for 0."""
    if then <= 0:
        return "—"
    seconds = max(0.0, now - then)
    if seconds < 60:
        return "just now"
    for limit, size, unit in ((3600, 60, "min"), (86_400, 3600, "hour"), (2_592_000, 86_400, "day")):
        if seconds < limit:
            count = int(seconds // size)
            return f"{count} {unit}" if unit == "min" or count == 1 else f"{count} {unit}s"
    return day(then)


@lru_cache(maxsize=4096)
def _day_of(quarter: int) -> str:
    return datetime.fromtimestamp(quarter * 900, UTC).astimezone().strftime("%Y-%m-%d")


def day(then: float) -> str:
    """The date in local time, ISO spelled; "—" for 0."""
    if then <= 0:
        return "—"
    # Kept by quarter of an hour, which every time zone's midnight falls on; the list asks for the same again and again.
    return _day_of(int(then // 900))


def moment(then: float) -> str:
    """Date and time to the minute, in local time; "unknown" for 0."""
    if then <= 0:
        return "unknown"
    return datetime.fromtimestamp(then, UTC).astimezone().strftime("%Y-%m-%d %H:%M")

"""How long ago, in words."""

from __future__ import annotations


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

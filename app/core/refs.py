"""References to things, and the IDs that Tenantry makes."""

from __future__ import annotations

from dataclasses import dataclass


def new_id() -> str:
    """A random UUID in its canonical lower-case form."""
    import uuid  # it looks at the system for a while, before the first paint nobody makes one

    return str(uuid.uuid4())


def is_uuid(text: str) -> bool:
    """True for any spelling that :class:`uuid.UUID` reads as 36 characters with hyphens."""
    if len(text) != 36:
        return False
    import uuid

    try:
        uuid.UUID(text)
    except ValueError:
        return False
    return True


@dataclass(frozen=True, slots=True, order=True)
class AppRef:
    """One app of one connection."""

    connection_id: str
    app_id: str

"""Secrets taken out of text that is about to be shown, logged or raised."""

from __future__ import annotations

import re
from collections.abc import Iterable

from app.core.secret import Secret

MASK = "••••••"
# Personal access, platform access and platform refresh tokens; anything after "Bearer".
_TOKENS = re.compile(r"\b(?:per|pat|prt)_[0-9A-Za-z_-]{6,}|(?<=[Bb]earer )\s*[^\s\"',}\]]+")


def scrub(text: str, secrets: Iterable[Secret] = ()) -> str:
    """``text`` without anything that looks like a token, and without the given secrets (at least 6 characters)."""
    for secret in secrets:
        value = secret.reveal()
        if len(value) >= 6 and value in text:
            text = text.replace(value, MASK)
    return _TOKENS.sub(MASK, text)

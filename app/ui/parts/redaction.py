"""The last net before text can be copied out of the window."""

from __future__ import annotations

import re

_SECRETS = re.compile(
    r"(?i)(bearer\s+)[^\s\"',;]+"
    r"|\bper_[0-9a-z]+"
    r"|((?:admin[-_]?token|refresh[-_]?token|password|secret|api[-_]?key)[\"']?\s*[:=]\s*[\"']?)[^\s\"',;&]+"
    r"|(//[^/\s:@]+:)[^@\s/]+(?=@)"
)


def redacted(text: str) -> str:
    """Bearer tokens, personal access tokens, ``password=…`` and passwords in URLs become dots."""
    return _SECRETS.sub(lambda found: f"{found[1] or found[2] or found[3] or ''}••••••", text)

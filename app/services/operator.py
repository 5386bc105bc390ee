"""Who works with Tenantry, for the audit trail."""

from __future__ import annotations

import getpass


def operator_name() -> str:
    """The name of the user of this machine, "" where it has none."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return ""

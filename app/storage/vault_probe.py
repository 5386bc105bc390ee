"""Asks whether there is a usable keyring; run as a program of its own, because the question can hang for ever.

A Secret Service that cannot start blocks each call for 120 s, and has blocked even the import of its library
(keyring issue 531, secretstorage issue 33); whoever runs this ends it after a few seconds. It imports nothing of
Tenantry, asks for no password, and prints one line: ``ok``, ``locked``, or ``unavailable`` and the reason.
"""

from __future__ import annotations

import importlib
import sys
from contextlib import closing
from typing import Any

OK, LOCKED, UNAVAILABLE = "ok", "locked", "unavailable"

# Named outright: keyring's own discovery starts a compiler, and may choose a backend that stores plain text.
_BACKENDS = {
    "darwin": ("keyring.backends.macOS", "Keyring"),
    "win32": ("keyring.backends.Windows", "WinVaultKeyring"),
}
_SECRET_SERVICE = ("keyring.backends.SecretService", "Keyring")
# The path by which every Secret Service offers its default collection (Secret Service API 0.2, "Aliases").
_DEFAULT_COLLECTION = "/org/freedesktop/secrets/aliases/default"


def make_backend(platform: str = sys.platform) -> Any:
    """The one keyring backend that is used on this kind of system (a ``keyring.backend.KeyringBackend``)."""
    module, name = _BACKENDS.get(platform, _SECRET_SERVICE)
    return getattr(importlib.import_module(module), name)()


def ask(platform: str = sys.platform) -> str:
    """One of the three answers; raises whatever the keyring's library raises."""
    if platform not in _BACKENDS:
        return _ask_secret_service()
    # A priority that cannot be computed is how a backend says that it does not work here.
    return OK if make_backend(platform).priority > 0 else UNAVAILABLE


def _ask_secret_service() -> str:
    import secretstorage

    with closing(secretstorage.dbus_init()) as bus:
        if not secretstorage.check_service_availability(bus):
            return f"{UNAVAILABLE} nothing offers the Secret Service"
        try:
            default = secretstorage.Collection(bus, _DEFAULT_COLLECTION)
        except secretstorage.ItemNotFoundException:
            # It will be created at the first use, and a password asked for.
            return LOCKED
        return LOCKED if default.is_locked() else OK


def main() -> int:
    try:
        answer = ask()
    except Exception as error:  # noqa: BLE001 any failure of a foreign library is an answer here
        answer = f"{UNAVAILABLE} {type(error).__name__}"
    sys.stdout.write(answer + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())

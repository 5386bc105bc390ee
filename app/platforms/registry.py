"""Which client serves which platform."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from app.core.connection import Connection, Platform
from app.core.errors import Unsupported

from .http import HttpPolicy, OnCall, Tokens

if TYPE_CHECKING:
    from .instant.client import InstantClient

__all__ = ["Tokens", "make_client"]

# On this machine nobody else is waiting; a shared cloud is to be asked politely.
_LOCAL_POLICY = HttpPolicy(max_in_flight=20)
_CLOUD_POLICY = HttpPolicy(max_in_flight=8)


def make_client(
    connection: Connection, tokens: Tokens, on_call: OnCall, *, policy: HttpPolicy | None = None
) -> InstantClient:
    """The client for this connection; raises Unsupported for a platform that has none yet. Close it after use."""
    maker = _MAKERS.get(connection.platform)
    if maker is None:
        raise Unsupported(f"Tenantry cannot connect to {connection.platform.value} yet.")
    return maker(connection, tokens, on_call, policy or policy_for(connection))


def policy_for(connection: Connection) -> HttpPolicy:
    return _LOCAL_POLICY if connection.environment.value == "local" or connection.is_builtin else _CLOUD_POLICY


def _instant(connection: Connection, tokens: Tokens, on_call: OnCall, policy: HttpPolicy) -> InstantClient:
    from .instant.client import InstantClient

    return InstantClient(connection, tokens, on_call, policy=policy)


_MAKERS: dict[Platform, Callable[[Connection, Tokens, OnCall, HttpPolicy], InstantClient]] = {
    Platform.INSTANT: _instant,
}

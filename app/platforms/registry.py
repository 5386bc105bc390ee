"""Which client serves which platform."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.core.connection import Connection, Platform
from app.core.errors import Unsupported

from .http import OnCall
from .http_words import HttpPolicy, Tokens

if TYPE_CHECKING:
    from app.core.gate import Gate

    from .contract import PlatformClient
    from .postgres.dsn import Places

__all__ = ["Tokens", "make_client"]

# On this machine nobody else is waiting; a shared cloud is to be asked politely.
_LOCAL_POLICY = HttpPolicy(max_in_flight=20)
_CLOUD_POLICY = HttpPolicy(max_in_flight=8)


def make_client(
    connection: Connection,
    tokens: Tokens,
    on_call: OnCall,
    *,
    policy: HttpPolicy | None = None,
    places: Places | None = None,
    gate: Gate | None = None,
) -> PlatformClient:
    """The client for this connection; raises Unsupported for a platform that has none yet. Close it after use.

    ``places`` answers where the apps of a SQL connection are that its own server does not have. ``gate`` says whether
    writes may begin, at any time; without one, the connection's own mode does, for good.
    """
    if connection.platform is Platform.INSTANT:
        return _instant(connection, tokens, on_call, policy or policy_for(connection), gate)
    if connection.platform is Platform.POSTGRES:
        return _postgres(connection, tokens, on_call, policy or policy_for(connection), places, gate)
    raise Unsupported(f"Tenantry cannot connect to {connection.platform.value} yet.")


def policy_for(connection: Connection) -> HttpPolicy:
    return _LOCAL_POLICY if connection.environment.value == "local" or connection.is_builtin else _CLOUD_POLICY


def _instant(
    connection: Connection, tokens: Tokens, on_call: OnCall, policy: HttpPolicy, gate: Gate | None
) -> PlatformClient:
    from .instant.client import InstantClient

    return InstantClient(connection, tokens, on_call, policy=policy, gate=gate)


def _postgres(
    connection: Connection,
    tokens: Tokens,
    on_call: OnCall,
    policy: HttpPolicy,
    places: Places | None,
    gate: Gate | None,
) -> PlatformClient:
    from .postgres.client import PostgresClient

    return PostgresClient(connection, tokens, on_call, policy=policy, places=places, gate=gate)

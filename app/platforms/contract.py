"""What every platform client offers; buttons in the window exist because a capability does."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Protocol

from app.core.secret import Secret
from app.core.status import Finding, Health
from app.schema.model import Schema


@dataclass(frozen=True, slots=True)
class Capability:
    """Whether something can be done here, and where not, why (a sentence for the operator)."""

    is_available: bool
    reason: str = ""


YES = Capability(True)


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What this connection can do with the tokens and the mode that it has."""

    create_app: Capability = YES
    rename_app: Capability = YES
    delete_app: Capability = YES
    read_schema: Capability = YES
    push_schema: Capability = YES
    read_rows: Capability = YES
    write_rows: Capability = YES
    permissions: Capability = YES
    organisations: Capability = YES
    set_status: Capability = YES
    rotate_tokens: Capability = YES
    back_up: Capability = YES
    restore: Capability = YES


@dataclass(frozen=True, slots=True)
class Probe:
    """The answer to "how are you, and what may I do?". ``latency_ms`` is None where no answer came.

    A probe never raises a known error: it says in ``health``, ``sentence`` and ``remedy`` what is wrong.
    """

    health: Health
    latency_ms: float | None
    sentence: str = ""
    remedy: str = ""
    capabilities: Capabilities = field(default_factory=Capabilities)
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class RemoteApp:
    """An app as its platform lists it. ``created_at`` is seconds since the epoch (0 unknown), ``status`` is
    ``active``, ``read-only`` or ``disabled``. ``admin_token`` only where the platform gave it."""

    app_id: str
    title: str
    created_at: int = 0
    org_id: str | None = None
    org_title: str = ""
    status: str = "active"
    admin_token: Secret | None = None


class PlatformClient(Protocol):
    """The part that is the same on all platforms. All coroutines raise ``core.errors`` only.

    Clients live on the engine's loop and are closed by whoever made them.
    """

    async def probe(self) -> Probe: ...

    async def list_apps(self) -> tuple[RemoteApp, ...]:
        """All apps that the token can see, each once, in the platform's order."""

    async def get_app(self, app_id: str) -> RemoteApp: ...

    async def create_app(
        self,
        title: str,
        *,
        app_id: str,
        schema: Schema | None = None,
        rules: dict[str, Any] | None = None,
        org_id: str | None = None,
    ) -> RemoteApp:
        """Create an app under the caller's ID, so that a repeat finds the first instead of making a second."""

    async def rename_app(self, app_id: str, title: str) -> RemoteApp: ...

    async def delete_app(self, app_id: str) -> None: ...

    async def read_schema(self, app_id: str) -> Schema: ...

    async def aclose(self) -> None: ...

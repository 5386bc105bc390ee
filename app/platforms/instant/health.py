"""Probing an Instant platform: is it up, does it take the token, what may be done, is it closing."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from app.core.errors import (
    BadAnswer,
    Forbidden,
    KnownError,
    PlatformFault,
    RateLimited,
    ReadOnly,
    Timeout,
    Unauthorised,
    Unreachable,
)
from app.core.status import Finding, FindingAction, FindingKind, Health, Severity
from app.platforms.contract import YES, Capabilities, Capability, Probe
from app.platforms.http_words import Tokens

from . import operations
from .answers import Sunset

if TYPE_CHECKING:
    from .client import InstantClient

SLOW_MS = 3000.0
# The stage comes with the list of all the person's apps: too much to ask for at every check.
_SUNSET_EVERY_S = 600.0
_NOT_YET = Capability(False, "Tenantry cannot do this on Instant yet.")


class Prober:
    """Probes one client; ``clock`` counts seconds and never goes back."""

    def __init__(self, client: InstantClient, clock: Callable[[], float]) -> None:
        self._client = client
        self._clock = clock
        self._sunset = Sunset()
        self._sunset_at: float | None = None

    async def probe(self) -> Probe:
        able = capabilities(self._client.channel.gate.is_read_only, self._client.tokens)
        started = self._clock()
        try:
            await self._knock()
            latency_ms = (self._clock() - started) * 1000
            await self._look_for_sunset()
        except KnownError as error:
            return self._failed(error, (self._clock() - started) * 1000, able)
        findings = sunset_findings(self._client.connection.id, self._sunset)
        health, sentence, remedy = _verdict(latency_ms, findings)
        return Probe(health, latency_ms, sentence, remedy, able, findings)

    async def _knock(self) -> None:
        """The smallest call that proves the token: listing the organisations, or asking who is logged in."""
        client = self._client
        if client.tokens.platform:
            await client.channel.request(operations.LIST_ORGS, is_retried=False)
        elif client.tokens.dash:
            await client.channel.request(operations.ME, is_retried=False)
        else:
            await client.channel.request(operations.HEALTH, is_retried=False)
            raise Unauthorised(
                "No token is stored for this connection.", remedy="Open the connection and enter a platform token."
            )

    async def _look_for_sunset(self) -> None:
        now = self._clock()
        is_fresh = self._sunset_at is not None and now - self._sunset_at < _SUNSET_EVERY_S
        if is_fresh or self._client.connection.is_builtin or not self._client.tokens.dash:
            return
        try:
            self._sunset = await self._client.sunset()
        except (Unauthorised, Forbidden):
            raise
        except KnownError:
            return
        self._sunset_at = now

    def _failed(self, error: KnownError, elapsed_ms: float, able: Capabilities) -> Probe:
        has_answer = not isinstance(error, Unreachable | Timeout)
        health = next((each for kind, each in _HEALTH if isinstance(error, kind)), Health.UNREACHABLE)
        findings: tuple[Finding, ...] = ()
        if health is Health.UNAUTHORISED:
            findings = (self._token_finding(error),)
        return Probe(health, elapsed_ms if has_answer else None, error.sentence, error.remedy, able, findings)

    def _token_finding(self, error: KnownError) -> Finding:
        connection_id = self._client.connection.id
        kind = FindingKind.TOKEN_REJECTED if self._client.tokens.all() else FindingKind.TOKEN_MISSING
        actions = (FindingAction.EDIT_CONNECTION, FindingAction.RETRY)
        return Finding(
            f"{connection_id}:{kind.value}", kind, Severity.ERROR, connection_id, error.sentence, actions=actions
        )


_HEALTH: tuple[tuple[type[KnownError], Health], ...] = (
    (Unauthorised, Health.UNAUTHORISED),
    (Forbidden, Health.UNAUTHORISED),
    (ReadOnly, Health.READ_ONLY),
    (RateLimited, Health.DEGRADED),
    (PlatformFault, Health.DEGRADED),
    (BadAnswer, Health.UNREACHABLE),
)


def _verdict(latency_ms: float, findings: tuple[Finding, ...]) -> tuple[Health, str, str]:
    for finding in findings:
        if finding.kind is FindingKind.PLATFORM_READ_ONLY:
            return Health.READ_ONLY, finding.title, finding.detail
        return Health.DEGRADED, finding.title, finding.detail
    if latency_ms > SLOW_MS:
        return Health.DEGRADED, f"The platform is slow: it took {latency_ms / 1000:.1f} s to answer.", ""
    return Health.UP, "", ""


def sunset_findings(connection_id: str, sunset: Sunset) -> tuple[Finding, ...]:
    """What the platform's closing means for its operator; nothing where it is not closing."""
    if not sunset.stage:
        return ()
    is_read_only = sunset.stage in {"read-only", "disabled"}
    kind = FindingKind.PLATFORM_READ_ONLY if is_read_only else FindingKind.PLATFORM_CLOSING
    title = {
        "read-only": "The platform takes no writes any more: it is closing down.",
        "disabled": "The platform is switched off; only backups are left.",
    }.get(sunset.stage, "The platform is closing: it takes no new sign-ups.")
    detail = "" if sunset.is_app_creation_allowed else "New apps cannot be created on it. "
    return (
        Finding(
            f"{connection_id}:{kind.value}",
            kind,
            Severity.ERROR if is_read_only else Severity.WARNING,
            connection_id,
            title,
            f"{detail}Move its apps to another platform, for example a self-hosted Instant.",
            actions=(FindingAction.RETRY,),
        ),
    )


def capabilities(is_read_only: bool, tokens: Tokens) -> Capabilities:
    """What the tokens and the mode allow; the reason wherever something cannot be done."""
    read = _given(bool(tokens.all()), "No token is stored for this connection.")
    by_platform = _given(bool(tokens.platform), "This needs a platform token (a personal access token).")
    by_dash = _given(bool(tokens.dash), "This needs a dashboard token (a person's login).")
    may_write = _given(not is_read_only, "This connection is read-only.")
    return Capabilities(
        create_app=_both(may_write, read),
        rename_app=_both(may_write, read),
        delete_app=_both(may_write, by_platform),
        read_schema=read,
        push_schema=_both(may_write, read),
        read_rows=by_platform,
        write_rows=_both(may_write, by_platform),
        permissions=_both(may_write, read),
        organisations=by_platform,
        set_status=_both(may_write, by_dash),
        rotate_tokens=_both(may_write, by_dash),
        back_up=_NOT_YET,
        restore=_NOT_YET,
    )


def _given(condition: bool, reason: str) -> Capability:
    return YES if condition else Capability(False, reason)


def _both(first: Capability, second: Capability) -> Capability:
    return second if first.is_available else first

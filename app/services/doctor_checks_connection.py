"""What the doctor says of a connection, its clock and its tokens. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from urllib.parse import urlsplit

from app.core.connection import Connection, TokenKind
from app.core.errors import KnownError
from app.core.status import Health
from app.platforms.contract import Capabilities, Probe
from app.services.doctor_checks_machine import duration
from app.services.doctor_report import Action, Area, Check, CheckState

# A second or two is the network's; what is dated half a minute wrongly is sorted wrongly.
_TOLERATED_S, _WRONG_S = 30.0, 300.0
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_NO_ANSWER = frozenset({Health.UNREACHABLE, Health.UNKNOWN})
_TOKEN_WORDS = {TokenKind.PLATFORM: "the platform token", TokenKind.DASH: "the dashboard login"}
_CAN: dict[str, str] = {
    "create_app": "create apps",
    "rename_app": "rename apps",
    "delete_app": "delete apps",
    "read_schema": "read schemas",
    "push_schema": "push schemas",
    "read_rows": "read rows",
    "write_rows": "write rows",
    "permissions": "change permissions",
    "organisations": "see organisations",
    "set_status": "switch apps on and off",
    "rotate_tokens": "rotate admin tokens",
    "back_up": "back up",
    "restore": "restore",
}
# Without these the registry cannot be kept.
_NEEDED = ("create_app", "read_schema", "push_schema", "read_rows", "write_rows")


def answers(probe: Probe) -> bool:
    return probe.latency_ms is not None and probe.health not in _NO_ANSWER


def connection(found: Connection, probe: Probe) -> Iterator[Check]:
    yield reach(found, probe)
    if is_in_the_open(found):
        sentence = f"{found.base_url} is not encrypted: tokens and rows can be read on the way."
        remedy = "Use an https address, or a tunnel that ends on this machine."
        yield _check(Area.CONNECTION, "Encryption", CheckState.WARNING, sentence, remedy, found)


def reach(found: Connection, probe: Probe) -> Check:
    if not answers(probe):
        sentence = probe.sentence or "The platform does not answer."
        return _check(Area.CONNECTION, "Reachable", CheckState.FAILED, sentence, probe.remedy, found)
    words = f"It answers in {probe.latency_ms:.0f} ms."
    if probe.health in {Health.DEGRADED, Health.READ_ONLY}:
        sentence = f"{words} {probe.sentence}".strip()
        return _check(Area.CONNECTION, "Reachable", CheckState.WARNING, sentence, probe.remedy, found)
    return Check(Area.CONNECTION, "Reachable", CheckState.OK, words, connection=found)


def is_in_the_open(found: Connection) -> bool:
    parts = urlsplit(found.base_url)
    return parts.scheme == "http" and parts.hostname not in _LOOPBACK


def cannot_open(found: Connection, error: KnownError) -> Check:
    """No client could be made: the vault is locked, the local platform cannot start…"""
    return _check(Area.CONNECTION, "Reachable", CheckState.FAILED, error.sentence, error.remedy, found)


def clock(found: Connection, offset_s: float) -> Check:
    """``offset_s`` is how far this machine's clock is ahead of the platform's."""
    name, away = "Clock against the platform", abs(offset_s)
    if away <= _TOLERATED_S:
        return Check(Area.MACHINE, name, CheckState.OK, "Both clocks agree.", connection=found)
    where = "ahead of" if offset_s > 0 else "behind"
    sentence = f"This machine's clock is {duration(away)} {where} the platform's."
    remedy = "Set the clock over the network (NTP); if it is right, tell whoever runs the platform."
    state = CheckState.WARNING if away <= _WRONG_S else CheckState.FAILED
    return Check(Area.MACHINE, name, state, sentence, remedy, connection=found)


def no_token(found: Connection) -> Check:
    remedy = "Edit the connection and enter a platform token."
    return _check(Area.TOKEN, "Stored", CheckState.FAILED, "No token is stored.", remedy, found)


def unreadable_token(found: Connection, error: KnownError) -> Check:
    return _check(Area.TOKEN, "Stored", CheckState.FAILED, error.sentence, error.remedy, found)


def token(found: Connection, kinds: tuple[TokenKind, ...], probe: Probe) -> Iterator[Check]:
    """``kinds`` are those that are stored, at least one."""
    words = " and ".join(_TOKEN_WORDS[each] for each in kinds)
    if probe.health is Health.UNAUTHORISED:
        remedy = probe.remedy or "Edit the connection and enter a valid token."
        yield _check(Area.TOKEN, "Valid", CheckState.FAILED, probe.sentence, remedy, found)
    elif not answers(probe):
        sentence = f"Whether {words} is valid could not be tried: the platform does not answer."
        yield Check(Area.TOKEN, "Valid", CheckState.UNKNOWN, sentence, probe.remedy, connection=found)
    else:
        # Where both are stored, a probe tries the platform token.
        tried = _TOKEN_WORDS[TokenKind.PLATFORM if TokenKind.PLATFORM in kinds else TokenKind.DASH]
        yield Check(Area.TOKEN, "Valid", CheckState.OK, f"The platform accepts {tried}.", connection=found)
        yield _abilities(found, probe.capabilities)


def _abilities(found: Connection, able: Capabilities) -> Check:
    names = [each.name for each in fields(able)]
    can = [_CAN.get(each, each) for each in names if getattr(able, each).is_available]
    cannot = [each for each in names if not getattr(able, each).is_available]
    sentence = f"It may {', '.join(can)}." if can else "It may do nothing here."
    if cannot:
        sentence += f" It may not {', '.join(_CAN.get(each, each) for each in cannot)}."
    lacking = [each for each in _NEEDED if each in cannot]
    if not lacking or found.is_read_only:
        return Check(Area.TOKEN, "What it may do", CheckState.OK, sentence, connection=found)
    reasons = dict.fromkeys(getattr(able, each).reason for each in lacking)
    remedy = " ".join(reasons).strip()
    return _check(Area.TOKEN, "What it may do", CheckState.WARNING, sentence, remedy, found)


def _check(area: Area, name: str, state: CheckState, sentence: str, remedy: str, found: Connection) -> Check:
    """One that is mended in the connection's own dialog."""
    action = Action.NONE if found.is_builtin else Action.EDIT_CONNECTION
    return Check(area, name, state, sentence, remedy, action, found)

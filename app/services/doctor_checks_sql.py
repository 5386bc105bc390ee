"""What the doctor says of a PostgreSQL server or SQLite file, and of its main database. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from app.core.connection import Connection, Environment
from app.core.errors import KnownError
from app.core.status import Finding, Health, Severity
from app.core.text import plain
from app.core.words import counted
from app.platforms.contract import Capabilities, Probe, StoreHealth
from app.platforms.postgres.dsn import Dsn
from app.platforms.traits import traits_of
from app.services.doctor_checks_connection import answers
from app.services.doctor_report import Action, Area, Check, CheckState
from app.services.sql_address import VERIFYING, is_loopback

if TYPE_CHECKING:
    from app.services.store_findings import StoreFinding
    from app.services.store_words import MainOverview

_NAMED = 3
_OLDEST = 13
_CAN = {
    "create_app": "create databases",
    "delete_app": "delete databases",
    "push_schema": "change schemas",
    "write_rows": "write rows",
}
_STATES = {Severity.INFO: CheckState.OK, Severity.WARNING: CheckState.WARNING, Severity.ERROR: CheckState.FAILED}
_GRAVITY = (CheckState.OK, CheckState.WARNING, CheckState.FAILED)
_MODE_WORDS = {"local": "application tables are in the main database", "hosted": "each workspace has a store"}


# The connection


def version(found: Connection, health: StoreHealth) -> Check | None:
    """None where it did not say."""
    if not health.is_reachable or not health.version:
        return None
    sentence = f"{traits_of(found).platform_label} {plain(health.version, 60)}."
    major = health.version.partition(".")[0]
    if not traits_of(found).is_file and major.isdigit() and int(major) < _OLDEST:
        remedy = "Upgrade the server: its makers mend nothing in it any more."
        return Check(Area.CONNECTION, "Version", CheckState.WARNING, sentence, remedy, connection=found)
    return Check(Area.CONNECTION, "Version", CheckState.OK, sentence, connection=found)


def encryption(found: Connection, dsn: Dsn) -> Check | None:
    """Only where something goes over a wire."""
    if dsn.is_sqlite or dsn.is_socket or is_loopback(dsn.host):
        return None
    mode = dsn.option("sslmode") or "prefer"
    if mode in VERIFYING:
        return Check(
            Area.CONNECTION, "TLS", CheckState.OK, "It is required, and the certificate is checked.", connection=found
        )
    if mode == "require":
        sentence = "It is required; whose certificate it is, is not checked."
        return Check(Area.CONNECTION, "TLS", CheckState.OK, sentence, connection=found)
    is_production = found.environment is Environment.PRODUCTION
    sentence = "It is off: the password and all rows can be read on the way."
    state = CheckState.FAILED if is_production else CheckState.WARNING
    if mode != "disable":
        sentence = "It is not required: where the server does not offer it, everything can be read on the way."
        state = CheckState.WARNING
    return _edited(found, Area.CONNECTION, "TLS", state, sentence, "Edit the connection and require TLS.")


def pooler(found: Connection, dsn: Dsn) -> Check | None:
    if not dsn.is_transaction_pooler:
        return None
    sentence = "The address leads to a transaction pooler: schemas cannot be changed through it."
    return _edited(
        found, Area.CONNECTION, "Pooler", CheckState.WARNING, sentence, "Use the direct address (port 5432) for that."
    )


def read_only(found: Connection, *, is_enforced: bool) -> Check:
    if is_enforced:
        sentence = "Writes are refused before they are sent."
        return Check(Area.CONNECTION, "Read-only", CheckState.OK, sentence, connection=found)
    sentence = "This connection is read-only, but a statement went through as a write."
    return Check(Area.CONNECTION, "Read-only", CheckState.FAILED, sentence, "Report this.", connection=found)


def told(found: Connection, findings: Iterable[Finding]) -> Iterator[Check]:
    """What the server said of itself: invalid indexes, too many connections…"""
    for each in findings:
        name = "Invalid indexes" if each.key.endswith("invalid-indexes") else "Server"
        yield Check(Area.SCHEMAS, name, CheckState.WARNING, each.title, each.detail, connection=found)


def indexes(found: Connection, probe: Probe) -> Check | None:
    if traits_of(found).is_file or not answers(probe) or any(each.key.endswith("indexes") for each in probe.findings):
        return None
    return Check(Area.SCHEMAS, "Invalid indexes", CheckState.OK, "There are none.", connection=found)


# The password


def password(found: Connection, probe: Probe, *, is_stored: bool) -> Iterator[Check]:
    if traits_of(found).is_file:
        return
    if probe.health is Health.UNAUTHORISED:
        name = "Valid" if is_stored else "Stored"
        sentence = probe.sentence or "The server refuses the user or the password."
        remedy = probe.remedy or "Edit the connection and enter the password."
        yield _edited(found, Area.TOKEN, name, CheckState.FAILED, sentence, remedy)
    elif not answers(probe):
        sentence = "Whether the user may log in could not be tried: the server does not answer."
        yield Check(Area.TOKEN, "Valid", CheckState.UNKNOWN, sentence, probe.remedy, connection=found)
    else:
        sentence = "The server accepts the user and the password." if is_stored else "The server asks for no password."
        yield Check(Area.TOKEN, "Valid", CheckState.OK, sentence, connection=found)


def abilities(found: Connection, able: Capabilities) -> Check:
    lacking = [name for name in _CAN if not getattr(able, name).is_available]
    can = [words for name, words in _CAN.items() if name not in lacking]
    sentence = f"It may {', '.join(['read', *can])}."
    if lacking:
        sentence += f" It may not {', '.join(_CAN[each] for each in lacking)}."
    reasons = " ".join(dict.fromkeys(getattr(able, each).reason for each in lacking)).strip()
    if found.is_read_only or not {"push_schema", "write_rows"} & set(lacking):
        return Check(Area.TOKEN, "What it may do", CheckState.OK, sentence, connection=found)
    return _edited(found, Area.TOKEN, "What it may do", CheckState.WARNING, sentence, reasons)


# The main database


def no_main_database(found: Connection) -> Check:
    sentence = "It is no main database: there are no workspaces to look after."
    return Check(Area.MAIN_DATABASE, "Named", CheckState.OK, sentence, connection=found)


def not_looked_at(found: Connection) -> Check:
    sentence = "The main database was not looked at: the server does not answer, or refuses the login."
    return Check(
        Area.MAIN_DATABASE, "Tables", CheckState.UNKNOWN, sentence, "Mend the connection first.", connection=found
    )


def unreadable(found: Connection, error: KnownError, what: str = "The main database") -> Check:
    sentence = f"{what} cannot be read: {error.sentence}"
    return _edited(found, Area.MAIN_DATABASE, "Readable", CheckState.FAILED, sentence, error.remedy)


def main_database(found: Connection, overview: MainOverview) -> Iterator[Check]:
    system = sorted(name for name, kind in overview.tables.items() if kind == "system")
    if not system:
        sentence = "None of its tables is a system table."
        remedy = "Name its tables in the Workspaces view, or say that it is no main database."
        yield _edited(found, Area.MAIN_DATABASE, "Tables", CheckState.FAILED, sentence, remedy)
    else:
        sentence = f"{counted(len(system), 'system table')}: {_listed(system, 10)}."
        yield Check(Area.MAIN_DATABASE, "Tables", CheckState.OK, sentence, connection=found)
    for note in overview.notes:
        yield Check(Area.MAIN_DATABASE, "Tables", CheckState.WARNING, note, connection=found)
    sentence = f"Its mode is {overview.mode} ({_MODE_WORDS[overview.mode]}). {overview.mode_note}".strip()
    yield Check(Area.MAIN_DATABASE, "Mode", CheckState.OK, sentence, connection=found)


def stores(found: Connection, overview: MainOverview, findings: Sequence[StoreFinding]) -> Iterator[Check]:
    """A row for each kind of finding, as grave as the gravest; the Workspaces view has them one by one."""
    by_kind: dict[str, list[StoreFinding]] = {}
    for each in findings:
        by_kind.setdefault(each.kind, []).append(each)
    for kind, of_kind in by_kind.items():
        sentences = [each.sentence for each in of_kind]
        state = max((_STATES[each.severity] for each in of_kind), key=_GRAVITY.index)
        more = f" And {len(sentences) - _NAMED:,} more." if len(sentences) > _NAMED else ""
        name = kind.replace("-", " ").capitalize()
        remedy = "Open the workspaces: each finding is there, with what mends it."
        sentence = f"{' '.join(sentences[:_NAMED])}{more}"
        yield Check(Area.STORES, name, state, sentence, remedy, Action.SHOW_WORKSPACES, found)
    if not by_kind:
        sentence = f"Nothing is wrong with the stores of {counted(len(overview.workspaces), 'workspace')}."
        yield Check(Area.STORES, "Findings", CheckState.OK, sentence, connection=found)


def unlisted(found: Connection, error: KnownError) -> Check:
    sentence = f"Not all databases and schemas could be read: {error.sentence}"
    return Check(Area.SCHEMAS, "Databases", CheckState.UNKNOWN, sentence, error.remedy, connection=found)


def listed(found: Connection, databases: int) -> Check:
    sentence = f"The schemas of {counted(databases, 'database')} were read."
    return Check(Area.SCHEMAS, "Databases", CheckState.OK, sentence, connection=found)


def _listed(names: Sequence[str], most: int) -> str:
    shown = ", ".join(plain(each, 60) for each in names[:most])
    return f"{shown} and {len(names) - most:,} more" if len(names) > most else shown


def _edited(found: Connection, area: Area, name: str, state: CheckState, sentence: str, remedy: str) -> Check:
    """One that is mended in the connection's own dialog."""
    return Check(area, name, state, sentence, remedy, Action.EDIT_CONNECTION, found)

"""How a server is and what may be done there; how one store is."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from app.core.errors import Forbidden, KnownError, RateLimited, ReadOnly, Timeout, Unauthorised, Unreachable
from app.core.status import Finding, FindingAction, FindingKind, Health, Severity
from app.core.words import counted
from app.platforms.contract import YES, Capabilities, Capability, Probe, StoreHealth

from .apps import NO_RENAMES
from .limits import Limits
from .reading import asker

if TYPE_CHECKING:
    import sqlalchemy as sa

    from .client import PostgresClient
    from .dsn import Dsn, Place

SLOW_MS: Final = 3000.0
_CROWDED: Final = 0.9
_LOOK: Final = Limits(statement_timeout_s=15)
_CHECK: Final = Limits(statement_timeout_s=15, is_autocommit=True)
_NOT_YET: Final = Capability(False, "Tenantry cannot do this with databases yet.")
_NONE: Final = Capability(False, "PostgreSQL has no such thing.")
_POOLER: Final = Capability(
    False, "This address leads to a transaction pooler, which cannot change schemas. Use the direct one (port 5432)."
)
_PG_LOOK: Final = """/* probe */ SELECT split_part(current_setting('server_version'), ' ', 1),
  r.rolsuper, r.rolcreatedb OR r.rolsuper, pg_catalog.pg_is_in_recovery(),
  current_setting('default_transaction_read_only') = 'on',
  has_database_privilege(current_database(), 'CREATE'),
  has_schema_privilege('public', 'CREATE'),
  current_setting('max_connections')::int,
  (SELECT count(*) FROM pg_catalog.pg_stat_activity WHERE backend_type = 'client backend'),
  (SELECT array_agg(c.relname::text ORDER BY c.relname) FROM pg_catalog.pg_index i
   JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid WHERE NOT i.indisvalid
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_stat_progress_create_index p WHERE p.index_relid = i.indexrelid))
FROM pg_catalog.pg_roles r WHERE r.rolname = current_user"""
# A thousand stores are asked this: no view, no join. Below this OID are the tables of the server itself.
_PG_CHECK: Final = """/* check */ SELECT split_part(current_setting('server_version'), ' ', 1),
  (SELECT count(*) FROM pg_catalog.pg_class WHERE relkind IN ('r', 'p') AND NOT relispartition AND oid >= 16384),
  pg_catalog.pg_database_size(oid)::int8, pg_catalog.pg_stat_get_db_numbackends(oid)
FROM pg_catalog.pg_database WHERE datname = current_database()"""
_PG_REACH: Final = "/* check */ SELECT split_part(current_setting('server_version'), ' ', 1)"
_LITE_REACH: Final = "/* check */ SELECT sqlite_version()"
_LITE_CHECK: Final = """/* check */ SELECT sqlite_version(),
  (SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'),
  (SELECT page_count * page_size FROM pragma_page_count, pragma_page_size)"""


@dataclass(frozen=True, slots=True)
class Seen:
    """What a server tells of itself and of the role."""

    version: str = ""
    is_superuser: bool = True
    may_create_databases: bool = True
    is_standby: bool = False
    is_read_only: bool = False
    may_create: bool = True
    max_connections: int = 0
    connections: int = 0
    invalid_indexes: tuple[str, ...] = ()


async def probe(client: PostgresClient) -> Probe:
    started = time.perf_counter()
    try:
        seen = await client.engines.run(client.own, _look(client), doing="reach the database", limits=_LOOK)
    except KnownError as error:
        return _failed(client, error, (time.perf_counter() - started) * 1000)
    latency_ms = (time.perf_counter() - started) * 1000
    findings = _findings(client.connection.id, seen)
    health, sentence, remedy = _verdict(latency_ms, seen, findings)
    able = capabilities(client.engines.gate.is_read_only, client.dsn, seen)
    return Probe(health, latency_ms, sentence, remedy, able, findings)


async def check(
    client: PostgresClient, app_id: str, place: Place | None = None, known: StoreHealth | None = None
) -> StoreHealth:
    started = time.perf_counter()
    work = _counted if known is None or not known.is_reachable else _reached
    try:
        place = place or await client.place_of(app_id)
        row = await client.engines.run(place, work, doing="reach the store", limits=_CHECK)
    except KnownError as error:
        has_answer = not isinstance(error, Unreachable | Timeout)
        latency_ms = (time.perf_counter() - started) * 1000 if has_answer else None
        return StoreHealth(False, latency_ms, sentence=error.sentence, remedy=error.remedy)
    latency_ms = (time.perf_counter() - started) * 1000
    version, *counts = row
    if known is not None and not counts:
        return replace(known, latency_ms=latency_ms, version=version)
    tables, size, *others = counts
    # The connection that asks is one of them.
    connections = max(0, others[0] - 1) if others and others[0] is not None else None
    return StoreHealth(True, latency_ms, tables, size, version, connections, counted_at=time.time())


def _counted(connection: sa.Connection) -> tuple[Any, ...]:
    return _answer(connection, _LITE_CHECK, _PG_CHECK)


def _reached(connection: sa.Connection) -> tuple[Any, ...]:
    return _answer(connection, _LITE_REACH, _PG_REACH)


def _answer(connection: sa.Connection, lite: str, postgres: str) -> tuple[Any, ...]:
    return tuple(asker(connection)(lite if connection.dialect.name == "sqlite" else postgres)[0])


def _look(client: PostgresClient) -> Callable[[sa.Connection], Seen]:
    def work(connection: sa.Connection) -> Seen:
        ask = asker(connection)
        if client.dsn.is_sqlite:
            return Seen(str(ask("/* probe */ SELECT sqlite_version()")[0][0]))
        version, is_super, may_make, is_standby, is_off, *may_create, most, now, invalid = ask(_PG_LOOK)[0]
        # A read-only connection has switched them off itself, as it was when this was opened.
        is_read_only = is_off and not client.engines.is_switched_off
        return Seen(
            version, is_super, may_make, is_standby, is_read_only, any(may_create), most, now, tuple(invalid or ())
        )

    return work


def capabilities(is_kept_read_only: bool, dsn: Dsn, seen: Seen) -> Capabilities:
    """What the role, the server and the mode allow; the reason wherever something cannot be done."""
    takes_writes = _may_write(is_kept_read_only, seen)
    may_change = _both(takes_writes, _POOLER if dsn.is_transaction_pooler else YES)
    may_create_apps = _given(seen.may_create_databases, "This role may not create databases.")
    may_change_schema = _given(seen.may_create, "This role may not create tables.")
    return Capabilities(
        create_app=_both(may_change, may_create_apps),
        rename_app=Capability(False, NO_RENAMES),
        delete_app=_both(may_change, may_create_apps),
        push_schema=_both(may_change, may_change_schema),
        write_rows=takes_writes,
        permissions=_NONE,
        organisations=_NONE,
        set_status=_NONE,
        rotate_tokens=_NONE,
        back_up=_NOT_YET,
        restore=_NOT_YET,
    )


def _may_write(is_kept_read_only: bool, seen: Seen) -> Capability:
    if is_kept_read_only:
        return Capability(False, "This connection is read-only.")
    if seen.is_standby:
        return Capability(False, "This server is a standby, and takes no writes.")
    return _given(not seen.is_read_only, "The server takes no writes from this role.")


def _given(condition: bool, reason: str) -> Capability:
    return YES if condition else Capability(False, reason)


def _both(first: Capability, second: Capability) -> Capability:
    return second if first.is_available else first


def _failed(client: PostgresClient, error: KnownError, elapsed_ms: float) -> Probe:
    has_answer = not isinstance(error, Unreachable | Timeout)
    health = next((each for kind, each in _HEALTH if isinstance(error, kind)), Health.UNREACHABLE)
    able = capabilities(client.engines.gate.is_read_only, client.dsn, Seen())
    findings: tuple[Finding, ...] = ()
    if health is Health.UNAUTHORISED:
        findings = (_login_finding(client, error),)
    return Probe(health, elapsed_ms if has_answer else None, error.sentence, error.remedy, able, findings)


_HEALTH: Final[tuple[tuple[type[KnownError], Health], ...]] = (
    (Unauthorised, Health.UNAUTHORISED),
    (Forbidden, Health.UNAUTHORISED),
    (ReadOnly, Health.READ_ONLY),
    (RateLimited, Health.DEGRADED),
)


def _login_finding(client: PostgresClient, error: KnownError) -> Finding:
    connection_id = client.connection.id
    kind = FindingKind.TOKEN_REJECTED if client.own.password else FindingKind.TOKEN_MISSING
    actions = (FindingAction.EDIT_CONNECTION, FindingAction.RETRY)
    return Finding(
        f"{connection_id}:{kind.value}", kind, Severity.ERROR, connection_id, error.sentence, actions=actions
    )


def _findings(connection_id: str, seen: Seen) -> tuple[Finding, ...]:
    found = []
    if seen.invalid_indexes:
        names = ", ".join(seen.invalid_indexes[:5]) + (", …" if len(seen.invalid_indexes) > 5 else "")
        found.append(
            _finding(
                connection_id,
                "invalid-indexes",
                f"{counted(len(seen.invalid_indexes), 'index is', 'indexes are')} invalid, and unused by the server.",
                f"Drop and build again: {names}.",
            )
        )
    if seen.max_connections and seen.connections >= seen.max_connections * _CROWDED:
        found.append(
            _finding(
                connection_id,
                "many-connections",
                f"{seen.connections} of {seen.max_connections} connections to the server are taken.",
                "Look for programs that leave connections open.",
            )
        )
    return tuple(found)


def _finding(connection_id: str, key: str, title: str, detail: str) -> Finding:
    return Finding(
        f"{connection_id}:{key}",
        FindingKind.DATABASE_STATE,
        Severity.WARNING,
        connection_id,
        title,
        detail,
        actions=(FindingAction.RETRY,),
    )


def _verdict(latency_ms: float, seen: Seen, findings: tuple[Finding, ...]) -> tuple[Health, str, str]:
    if seen.is_standby:
        return Health.READ_ONLY, "This server is a standby, and takes no writes.", "Connect to the primary to write."
    if seen.is_read_only:
        return Health.READ_ONLY, "The server takes no writes from this role.", ""
    if findings:
        return Health.DEGRADED, findings[0].title, findings[0].detail
    if latency_ms > SLOW_MS:
        return Health.DEGRADED, f"The database is slow: it took {latency_ms / 1000:.1f} s to answer.", ""
    return Health.UP, "", ""

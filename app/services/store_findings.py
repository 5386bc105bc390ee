"""What is wrong between a main database and its stores, worked out from what was read. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from app.core.refs import AppRef
from app.core.status import Severity
from app.core.text import plain
from app.core.words import counted
from app.services.main_database import bare, documented, same_table
from app.services.main_map import SYSTEM_TABLES

if TYPE_CHECKING:
    from app.services.store_words import MainOverview, Workspace

StoreFindingKind = Literal[
    "system-in-store",
    "application-in-main",
    "orphan-store",
    "shared-store",
    "dangling-reference",
    "drifted-store",
    "open-connections",
    "store-missing",
    "unreachable",
    "incomplete",
]
_NAME = 60
_SHOWN = 5
# Rows of a table are counted up to here: more says no more.
ROWS_COUNTED = 100_000
# Connections of one application on one database from which on they are worth a word, and how long a transaction may
# stand still.
MANY_CONNECTIONS = 20
IDLE_S = 60.0
# What the window offers beside a finding; "" for nothing.
StoreAction = Literal["", "set-store", "move", "open-schema", "compare", "check", "scan"]


@dataclass(frozen=True, slots=True)
class StoreFinding:
    """``key`` is stable over refreshes. ``refs`` are the databases it is about, the one to open first;
    ``workspace_ids`` the workspaces, ``entities`` the tables. ``details`` are further sentences."""

    kind: StoreFindingKind
    key: str
    severity: Severity
    sentence: str
    remedy: str = ""
    action: StoreAction = ""
    refs: tuple[AppRef, ...] = ()
    workspace_ids: tuple[str, ...] = ()
    entities: tuple[str, ...] = ()
    details: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Dangling:
    """Rows of a store whose ``column`` holds IDs that the main database's ``target`` does not have.

    ``missing`` counts IDs, ``rows`` rows; ``samples`` are the first few IDs.
    """

    app_id: str
    entity: str
    column: str
    target: str
    rows: int
    missing: int
    samples: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class OpenConnections:
    """Of one application on one database; times are in seconds."""

    app_id: str
    application: str
    user: str
    total: int
    idle_in_transaction: int
    longest_idle_s: float


@dataclass(frozen=True, slots=True)
class Drift:
    """How a store differs from ``siblings``, which are alike."""

    siblings: tuple[str, ...]
    entities: tuple[str, ...]
    sentences: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StoreFacts:
    """All that findings follow from. ``tables`` are those of each database that answered, by app ID; ``failures`` the
    sentences of those that did not. ``main_rows`` are counts of application tables in the main database (-1: more than
    were counted). ``notes`` say what was not looked at."""

    overview: MainOverview
    tables: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    failures: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    main_rows: Mapping[str, int] = field(default_factory=dict)
    drifts: Mapping[str, Drift] = field(default_factory=dict)
    dangling: tuple[Dangling, ...] = ()
    connections: tuple[OpenConnections, ...] = ()
    notes: tuple[str, ...] = ()


def findings_of(facts: StoreFacts) -> tuple[StoreFinding, ...]:
    """Errors first, then warnings, then information; the same facts give the same findings in the same order."""
    found = [
        *_missing(facts),
        *_unreachable(facts),
        *_shared(facts),
        *_system_in_store(facts),
        *_application_in_main(facts),
        *_orphans(facts),
        *_dangling(facts),
        *_drifted(facts),
        *_open_connections(facts),
        *(_about(facts, "incomplete", note, Severity.INFO, note, "", "") for note in facts.notes),
    ]
    order = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.INFO: 2}
    return tuple(sorted(found, key=lambda each: order[each.severity]))


def system_tables(tables: Iterable[str], overview: MainOverview) -> tuple[str, ...]:
    """Those that are called as a system table of the document, or of this main database."""
    names = {*map(bare, SYSTEM_TABLES), *map(bare, overview.map.system.values())}
    return tuple(each for each in tables if any(same_table(bare(each), name) for name in names))


def application_tables(tables: Iterable[str], overview: MainOverview) -> tuple[str, ...]:
    """Those that are application tables of the document, or of this main database."""
    known = {name for name, kind in overview.tables.items() if kind == "application"}
    given = tuple(tables)
    named = {*documented(given), *(each for each in given if each in known)}
    return tuple(each for each in given if each in named)


def _missing(facts: StoreFacts) -> Iterator[StoreFinding]:
    if facts.overview.mode != "hosted":
        return
    for each in facts.overview.workspaces:
        if each.is_in_main:
            continue
        if each.store is None:
            sentence = f"{_workspace(each)} has no store: its application tables cannot be reached in hosted mode."
            remedy = "Say where its store is, or move its rows to a new one."
            yield _about(facts, "store-missing", each.id, Severity.ERROR, sentence, remedy, "set-store", spaces=(each,))
        elif not each.store.is_readable:
            sentence = f"Where the store of {_workspace(each)} is cannot be read. {each.store.problem}".strip()
            remedy = "Set its store anew, or map the columns of the pointer."
            yield _about(facts, "store-missing", each.id, Severity.ERROR, sentence, remedy, "set-store", spaces=(each,))


def _unreachable(facts: StoreFacts) -> Iterator[StoreFinding]:
    for app_id, (sentence, remedy) in sorted(facts.failures.items()):
        whose = _of_store(facts, app_id)
        told = f"The store {_name(app_id)}{_owners(whose)} cannot be read. {sentence}"
        advice = remedy or "Check that its server runs and that the connection is right."
        yield _about(facts, "unreachable", app_id, Severity.ERROR, told, advice, "check", (app_id,), whose)


def _shared(facts: StoreFacts) -> Iterator[StoreFinding]:
    for app_id, whose in _by_store(facts).items():
        if len(whose) > 1:
            names = _listed([_workspace(each) for each in whose])
            sentence = f"{counted(len(whose), 'workspace')} have the one store {_name(app_id)}: {names}."
            remedy = "Each can see the rows of the others. Give each a store of its own."
            yield _about(facts, "shared-store", app_id, Severity.ERROR, sentence, remedy, "set-store", (app_id,), whose)


def _system_in_store(facts: StoreFacts) -> Iterator[StoreFinding]:
    if facts.overview.mode != "hosted":
        return
    for app_id, whose in _by_store(facts).items():
        found = system_tables(facts.tables.get(app_id, ()), facts.overview)
        if found and app_id != facts.overview.app_id:
            tables = counted(len(found), "system table")
            sentence = f"The store {_name(app_id)}{_owners(whose)} has {tables}: {_listed(found)}."
            remedy = "In hosted mode they are read from the main database only. Remove them, or rename what is meant."
            yield _about(
                facts,
                "system-in-store",
                app_id,
                Severity.WARNING,
                sentence,
                remedy,
                "open-schema",
                (app_id,),
                whose,
                found,
            )
        elif app_id == facts.overview.app_id:
            sentence = f"The store of {_listed([_workspace(each) for each in whose])} is the main database itself."
            remedy = "In hosted mode a workspace has a store of its own. Move its rows to one."
            yield _about(facts, "system-in-store", app_id, Severity.ERROR, sentence, remedy, "move", (app_id,), whose)


def _application_in_main(facts: StoreFacts) -> Iterator[StoreFinding]:
    if facts.overview.mode != "hosted":
        return
    filled = [name for name, rows in facts.main_rows.items() if rows]
    empty = [name for name, rows in facts.main_rows.items() if not rows]
    if filled:
        counts = [f"{_name(name)} ({_rows(facts.main_rows[name])})" for name in filled]
        sentence = (
            f"{counted(len(filled), 'application table')} of the main database {_have(filled)} rows: {_listed(counts)}."
        )
        remedy = "In hosted mode nobody reads them there. Move them to the stores of their workspaces."
        every = facts.overview.workspaces
        spaces = tuple(each for each in every if each.is_in_main) or (every if len(every) == 1 else ())
        details = (f"Still there: {_listed([_workspace(each) for each in spaces])}.",) if spaces else ()
        yield _about(
            facts,
            "application-in-main",
            "rows",
            Severity.WARNING,
            sentence,
            remedy,
            "move",
            (facts.overview.app_id,),
            spaces,
            tuple(filled),
            details,
        )
    if empty:
        sentence = f"The main database has {counted(len(empty), 'empty application table')}: {_listed(empty)}."
        they = "It" if len(empty) == 1 else "They"
        remedy = f"In hosted mode application tables are in the stores. {they} can be removed here."
        yield _about(
            facts,
            "application-in-main",
            "empty",
            Severity.INFO,
            sentence,
            remedy,
            "open-schema",
            (facts.overview.app_id,),
            (),
            tuple(empty),
        )


def _orphans(facts: StoreFacts) -> Iterator[StoreFinding]:
    pointed = {*_by_store(facts), facts.overview.app_id}
    for app_id, tables in sorted(facts.tables.items()):
        found = application_tables(tables, facts.overview)
        # Another main database has system tables; a store has application tables and nobody's users.
        is_store = len(found) >= 2 and len(system_tables(tables, facts.overview)) < 3
        if app_id not in pointed and is_store:
            sentence = f"{_name(app_id)} looks like a store ({_listed(found)}), and no workspace points to it."
            remedy = "Give it to its workspace, or back it up and delete it."
            yield _about(
                facts, "orphan-store", app_id, Severity.WARNING, sentence, remedy, "set-store", (app_id,), (), found
            )


def _dangling(facts: StoreFacts) -> Iterator[StoreFinding]:
    for each in facts.dangling:
        whose = _of_store(facts, each.app_id)
        rows = counted(each.rows, "row")
        sentence = (
            f"{rows} of {_name(each.entity)} in the store {_name(each.app_id)}{_owners(whose)} "
            f"{'names' if each.rows == 1 else 'name'} "
            f"{counted(each.missing, 'ID')} in {_name(each.column)} that {_name(each.target)} does not have."
        )
        remedy = "Whoever reads them finds nobody. Restore what is gone, or remove these rows."
        details = (f"For example {', '.join(_name(sample) for sample in each.samples)}.",) if each.samples else ()
        key = f"{each.app_id}:{each.entity}.{each.column}"
        yield _about(
            facts,
            "dangling-reference",
            key,
            Severity.WARNING,
            sentence,
            remedy,
            "open-schema",
            (each.app_id, facts.overview.app_id),
            whose,
            (each.entity,),
            details,
        )


def _drifted(facts: StoreFacts) -> Iterator[StoreFinding]:
    unsound = {
        *facts.failures,
        *(ref.app_id for each in (*_shared(facts), *_system_in_store(facts)) for ref in each.refs),
    }
    for app_id, drift in sorted(facts.drifts.items()):
        whose = _of_store(facts, app_id)
        sentence = (
            f"The schema of the store {_name(app_id)}{_owners(whose)} differs from "
            f"that of {counted(len(drift.siblings), 'other store')}: {_listed(drift.entities)}."
        )
        remedy = "Compare it with one of its siblings, and bring it up to them."
        refs = (app_id, next((each for each in drift.siblings if each not in unsound), drift.siblings[0]))
        yield _about(
            facts,
            "drifted-store",
            app_id,
            Severity.WARNING,
            sentence,
            remedy,
            "compare",
            refs,
            whose,
            drift.entities,
            drift.sentences,
        )


def _open_connections(facts: StoreFacts) -> Iterator[StoreFinding]:
    for each in facts.connections:
        is_idle = each.idle_in_transaction > 0 and each.longest_idle_s >= IDLE_S
        if not is_idle and each.total < MANY_CONNECTIONS:
            continue
        whose = _of_store(facts, each.app_id)
        who = _name(each.application) or "An application without a name"
        sentence = f"{who} ({_name(each.user)}) has {counted(each.total, 'connection')} open to {_name(each.app_id)}"
        remedy = "Let it close what it opens (dispose, end), or use a pooler."
        if is_idle:
            sentence += (
                f"; {counted(each.idle_in_transaction, 'transaction')} left open, "
                f"the longest for {_duration(each.longest_idle_s)}"
            )
            remedy = "An open transaction holds locks and keeps rows from being cleaned up. End it where it was begun."
        key = f"{each.app_id}:{each.application}:{each.user}"
        severity = Severity.WARNING if is_idle else Severity.INFO
        yield _about(facts, "open-connections", key, severity, f"{sentence}.", remedy, "check", (each.app_id,), whose)


def _about(
    facts: StoreFacts,
    kind: StoreFindingKind,
    what: str,
    severity: Severity,
    sentence: str,
    remedy: str,
    action: StoreAction,
    app_ids: tuple[str, ...] = (),
    spaces: Iterable[Workspace] = (),
    entities: tuple[str, ...] = (),
    details: tuple[str, ...] = (),
) -> StoreFinding:
    connection_id = facts.overview.connection_id
    return StoreFinding(
        kind,
        f"{connection_id}:{kind}:{plain(what)}",
        severity,
        sentence,
        remedy,
        action,
        tuple(AppRef(connection_id, each) for each in app_ids),
        tuple(each.id for each in spaces),
        entities,
        details,
    )


def _by_store(facts: StoreFacts) -> dict[str, tuple[Workspace, ...]]:
    found: dict[str, tuple[Workspace, ...]] = {}
    for each in facts.overview.workspaces:
        if each.store is not None and each.store.is_readable:
            found[each.store.app_id] = (*found.get(each.store.app_id, ()), each)
    return found


def _of_store(facts: StoreFacts, app_id: str) -> tuple[Workspace, ...]:
    return tuple(each for each in facts.overview.workspaces if each.store is not None and each.store.app_id == app_id)


def _owners(whose: tuple[Workspace, ...]) -> str:
    return f" of {_listed([_workspace(each) for each in whose])}" if whose else ""


def _workspace(workspace: Workspace) -> str:
    return _name(workspace.name) or f"the workspace {_name(workspace.id)}"


def _name(text: str) -> str:
    return plain(text, _NAME)


def _listed(names: Iterable[str]) -> str:
    given = [plain(each, _NAME + 20) for each in names]
    more = f" and {counted(len(given) - _SHOWN, 'other')}" if len(given) > _SHOWN else ""
    return ", ".join(given[:_SHOWN]) + more


def _rows(count: int) -> str:
    return f"more than {ROWS_COUNTED:,} rows" if count < 0 else counted(count, "row")


def _have(names: list[str]) -> str:
    return "has" if len(names) == 1 else "have"


def _duration(seconds: float) -> str:
    minutes = int(seconds // 60)
    return counted(minutes, "minute") if minutes < 120 else counted(minutes // 60, "hour")

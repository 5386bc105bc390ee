"""Looks at everything that has to be right, and says of each thing how it is and what mends it; it mends nothing."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from app import __version__
from app.core.connection import Connection
from app.core.errors import KnownError
from app.platforms.traits import traits_of
from app.services import doctor_checks_environment as environment_checks
from app.services import doctor_checks_machine as machine_checks
from app.services.directory import Progress
from app.services.doctor_report import Action, Area, Check, CheckState, Report
from app.services.doctor_visit import Colleagues, Visit
from app.services.doctor_visit_sql import SqlVisit
from app.services.foundation_shape import shape_of
from app.services.foundations import has_foundation

if TYPE_CHECKING:
    from app.core.status import ConnectionStatus
    from app.platforms.http import OnCall
    from app.platforms.knock import Knock
    from app.schema.draft import Draft
    from app.services.local_platform import LocalPlatformSupervisor
    from app.storage.database import SetAside

__all__ = ["Action", "Area", "Check", "CheckState", "Colleagues", "Doctor", "Report", "Surroundings", "report_of"]

Step = tuple[str, Callable[[], Awaitable[Iterable[Check]]]]


class Statuses(Protocol):
    """What is needed of ``StatusMonitor``."""

    def all(self) -> tuple[ConnectionStatus, ...]: ...


class Knocking(Protocol):
    """``app.platforms.knock.knock``."""

    async def __call__(self, base_url: str, connection_id: str, on_call: OnCall) -> Knock | None: ...


@dataclass(frozen=True)
class Surroundings:
    """What is around the program. ``folder`` is where ``.env`` files are looked for; None: in the current one."""

    database_path: Path
    set_aside: SetAside | None = None
    folder: Path | None = None
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)
    python: tuple[int, ...] = tuple(sys.version_info[:3])
    pyside: Callable[[], str | None] = lambda: installed_version("PySide6-Essentials", "PySide6")
    is_bundle: bool = bool(getattr(sys, "frozen", False))
    clock: Callable[[], float] = time.time


class Doctor:
    """One run at a time asks each connection; connections are asked side by side."""

    def __init__(
        self,
        colleagues: Colleagues,
        statuses: Statuses,
        local_platform: LocalPlatformSupervisor,
        surroundings: Surroundings,
        on_call: OnCall = lambda _entry: None,
        knock: Knocking | None = None,
    ) -> None:
        self._colleagues = colleagues
        self._statuses = statuses
        self._local_platform = local_platform
        self._around = surroundings
        self._on_call = on_call
        self._knock = knock

    async def run(
        self,
        connection_ids: Iterable[str] | None = None,
        on_check: Callable[[Check], None] | None = None,
        on_progress: Callable[[Progress], None] | None = None,
    ) -> Report:
        """Look at this machine and at these connections (None: all). Known errors become checks that failed.

        ``on_check`` is told each check as soon as it is known, ``on_progress`` what is being looked at.
        """
        ids = None if connection_ids is None else set(connection_ids)
        wanted = [each for each in self._colleagues.connections.all() if ids is None or each.id in ids]
        count = _Count(on_progress)
        rounds = [self._of_machine(wanted), *(self._visit(each, count).steps() for each in wanted)]
        count.total = sum(map(len, rounds))
        first, *others = rounds
        found = await _through(first, count, on_check)
        for checks in await asyncio.gather(*(_through(each, count, on_check) for each in others)):
            found += checks
        return report_of(found, self._around.clock())

    async def missing_parts(self, connection_id: str) -> Draft | None:
        """What adds the missing parts of a foundation, to be staged; None where nothing is missing any more."""
        connection = self._colleagues.connections.get(connection_id)
        if not has_foundation(connection):
            return None
        client = await self._colleagues.clients.get(connection_id)
        schema = await client.read_schema(connection.foundation_app_id or "")
        return shape_of(schema, await self._colleagues.maps.get(connection_id)).draft

    def _visit(self, connection: Connection, count: _Count) -> Visit | SqlVisit:
        if traits_of(connection).has_sql:
            return SqlVisit(connection, self._colleagues, count.say)
        return Visit(connection, self._colleagues, self._ask_time, self._around.clock, count.say)

    async def _ask_time(self, connection: Connection) -> Knock | None:
        from app.platforms.knock import knock

        return await (self._knock or knock)(connection.base_url, connection.id, self._on_call)

    # This machine

    def _of_machine(self, wanted: list[Connection]) -> list[Step]:
        steps: list[Step] = [
            ("versions", self._versions),
            ("the clock", self._clock),
            ("the keyring", lambda: self._keyring(wanted)),
            ("environment variables", lambda: self._environment(wanted)),
            ("the local database", self._database),
        ]
        if any(each.is_builtin for each in wanted):
            steps.append(("the local platform", self._platform))
        return steps

    async def _versions(self) -> Iterable[Check]:
        around = self._around
        pyside = await asyncio.to_thread(around.pyside)
        return machine_checks.versions(around.python, pyside, is_bundle=around.is_bundle)

    async def _clock(self) -> Iterable[Check]:
        latest = max((each.checked_at for each in self._statuses.all()), default=0.0)
        return (machine_checks.clock(self._around.clock(), latest),)

    async def _keyring(self, wanted: list[Connection]) -> Iterable[Check]:
        state = await self._colleagues.tokens.probe()
        return (machine_checks.keyring(state, is_needed=any(not each.is_builtin for each in wanted)),)

    async def _environment(self, wanted: list[Connection]) -> Iterable[Check]:
        foundations = [each.foundation_app_id or "" for each in wanted if has_foundation(each) and not each.is_builtin]
        return await environment_of(self._around, foundations)

    async def _database(self) -> Iterable[Check]:
        return await database_of(self._around)

    async def _platform(self) -> Iterable[Check]:
        try:
            info = await self._local_platform.start()
        except KnownError as error:
            return (Check(Area.LOCAL_PLATFORM, "Process", CheckState.FAILED, error.sentence, error.remedy),)
        return (Check(Area.LOCAL_PLATFORM, "Process", CheckState.OK, f"It runs at {info.api_uri}."),)


class _Count:
    """Counts the steps of all rounds together."""

    def __init__(self, on_progress: Callable[[Progress], None] | None) -> None:
        self.total = 0
        self._done, self._on_progress = 0, on_progress

    def begin(self, text: str) -> None:
        self.say(f"Looking at {text}")

    def end(self) -> None:
        self._done += 1
        self.say("")

    def say(self, text: str) -> None:
        if self._on_progress is not None:
            self._on_progress(Progress(self._done, self.total, text))


async def _through(steps: list[Step], count: _Count, on_check: Callable[[Check], None] | None) -> list[Check]:
    found: list[Check] = []
    for text, look in steps:
        count.begin(text)
        for check in await look():
            found.append(check)
            if on_check is not None:
                on_check(check)
        count.end()
    return found


async def environment_of(around: Surroundings, foundations: Iterable[str]) -> tuple[Check, ...]:
    folder = around.folder or Path.cwd()
    files = await asyncio.to_thread(environment_checks.read_env_files, folder)
    return tuple(environment_checks.environment(around.environ, files, folder, foundations))


async def database_of(around: Surroundings) -> tuple[Check, ...]:
    from app.storage.examine import examine

    found = await asyncio.to_thread(examine, around.database_path)
    return tuple(machine_checks.database(found, around.set_aside))


async def without_services(around: Surroundings) -> tuple[Check, ...]:
    """What can be looked at where the local database is not there, or cannot be opened."""
    pyside = await asyncio.to_thread(around.pyside)
    return (
        *machine_checks.versions(around.python, pyside, is_bundle=around.is_bundle),
        machine_checks.clock(around.clock(), 0.0),
        *await environment_of(around, ()),
        *await database_of(around),
    )


def could_not_open(error: KnownError | OSError) -> Check:
    if isinstance(error, KnownError):
        return Check(Area.DATABASE, "Opening", CheckState.FAILED, error.sentence, error.remedy)
    sentence = f"The profile cannot be opened: {error.strerror or type(error).__name__} ({error.filename})."
    remedy = "Check that the folder is yours and can be written to, or name another with --profile."
    return Check(Area.DATABASE, "Opening", CheckState.FAILED, sentence, remedy)


def report_of(checks: Iterable[Check], at: float) -> Report:
    """By area; within one in the order in which they came."""
    order = {area: at for at, area in enumerate(Area)}
    return Report(tuple(sorted(checks, key=lambda each: order[each.area])), at, __version__)


def installed_version(*distributions: str) -> str | None:
    """The version of the first that is installed; nothing of it is imported."""
    from importlib.metadata import PackageNotFoundError, version

    for name in distributions:
        try:
            return version(name)
        except PackageNotFoundError:
            continue
    return None

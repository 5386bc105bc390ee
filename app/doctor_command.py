"""``tenantry doctor``: looks at everything without a window; nothing is changed on any platform."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import logging
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from app.services.directory import Progress
    from app.services.doctor import Report, Surroundings
    from app.services.doctor_report import Check
    from app.services.suite import Services
    from app.storage.log import Redactor
    from app.storage.paths import Profile

OnProgress = Callable[["Progress"], None]
_FAILED, _INTERRUPTED = 2, 130
_logger = logging.getLogger(__name__)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="tenantry doctor",
        description="Looks at this machine, environment variables (and .env files of the current folder), the local "
        "database, connections, tokens, foundations, registries and schemas. Nothing is changed on a platform.",
        epilog="Exit status: 0 all well; 1 warnings, or something could not be found out; 2 failures.",
    )
    parser.add_argument("--json", action="store_true", help="one JSON object instead of text")
    parser.add_argument("--profile", metavar="DIR", type=Path, help="look at what is kept in DIR")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """The answer is the exit status; the report goes to standard output, and nothing else does."""
    from app.storage.log import Redactor, open_log
    from app.storage.paths import Profile

    options = _parser().parse_args(argv)
    profile = Profile.at(options.profile.expanduser().resolve()) if options.profile else Profile.default()
    redactor = Redactor()
    close_log: Callable[[], None] = _nothing
    with contextlib.suppress(OSError):
        if profile.log_dir.is_dir():
            close_log = open_log(profile.log_path, redactor)
    try:
        report = asyncio.run(examined(profile, redactor, _teller()))
    except KeyboardInterrupt:
        return _INTERRUPTED
    except Exception as error:
        # Unhandled it would end with 1, which stands for warnings.
        _logger.exception("The doctor failed")
        sys.stderr.write(f"The doctor itself failed ({type(error).__name__}); details are in {profile.log_path}\n")
        return _FAILED
    finally:
        close_log()
    sys.stdout.write(f"{report.to_json()}\n" if options.json else report.to_text())
    return report.exit_status


async def examined(profile: Profile, redactor: Redactor, on_progress: OnProgress | None = None) -> Report:
    """The report on a profile. A database that would have to be made, mended or migrated is left as it is."""
    from app.core.errors import KnownError
    from app.services.doctor import Surroundings, could_not_open, report_of, without_services
    from app.storage.examine import examine

    around = Surroundings(profile.database_path)
    found = await asyncio.to_thread(examine, profile.database_path)
    if not found.is_usable:
        return report_of(await without_services(around), around.clock())
    from app.bootstrap import build_services

    try:
        services = await build_services(profile, redactor=redactor, opens=False)
    except (KnownError, OSError) as error:
        return report_of([*await without_services(around), could_not_open(error)], around.clock())
    try:
        return await _asked(services, profile, around, on_progress)
    finally:
        await services.aclose()


async def _asked(services: Services, profile: Profile, around: Surroundings, on_progress: OnProgress | None) -> Report:
    from app.services.doctor import report_of
    from app.services.local_platform import address_in_use

    connections = services.connections.all()
    address = await asyncio.to_thread(address_in_use, profile.local_platform_dir)
    if address is None:
        return await services.doctor.run(on_progress=on_progress)
    # A second process on the same files would be in the way of the first.
    ids = [each.id for each in connections if not each.is_builtin]
    report = await services.doctor.run(ids, on_progress=on_progress)
    return report_of([*report.checks, _in_use(address)], around.clock())


def _nothing() -> None:
    return None


def _in_use(address: str) -> Check:
    from app.services.doctor_report import Area, Check, CheckState

    sentence = f"Something listens at {address}, most likely the local platform of an open window."
    remedy = "Open Help › Doctor in that window, or close it and ask again."
    return Check(Area.LOCAL_PLATFORM, "Process", CheckState.UNKNOWN, sentence, remedy)


def _teller() -> OnProgress | None:
    """Says what is being looked at, where somebody watches."""
    if not sys.stderr.isatty() or os.environ.get("TERM") == "dumb":
        return None

    def tell(progress: Progress) -> None:
        is_over = progress.done >= progress.total
        sys.stderr.write("\r\x1b[K" if is_over else f"\r{progress.text[:78]}\x1b[K")
        sys.stderr.flush()

    return tell

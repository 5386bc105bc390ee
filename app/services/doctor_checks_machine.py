"""What the doctor says of this machine: versions, clock, keyring, the local database. Pure."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

from app.services.doctor_report import Area, Check, CheckState

if TYPE_CHECKING:
    from app.storage.database import SetAside
    from app.storage.examine import Examination
    from app.storage.vault import VaultState

Version = tuple[int, ...]

OLDEST_PYTHON: Version = (3, 11)
# PySide6 6.12.0 on Python 3.11 and older: each Qt call without a result loses a reference to None, and the
# interpreter ends after some thousand of them. Older PySide6 and newer Python are fine.
_BROKEN_PYSIDE: Version = (6, 12)
_FINE_PYTHON: Version = (3, 12)
# A clock before this program was written is wrong, whatever else.
_WRITTEN_AT = 1_767_225_600.0
_TOLERATED_S = 300.0
_LITTLE_ROOM_BYTES = 200 * 2**20
_KEYRINGS = {"darwin": "the macOS Keychain", "win32": "the Windows Credential Locker"}


def versions(python: Version, pyside: str | None, *, is_bundle: bool = False) -> Iterator[Check]:
    """``pyside`` is None where it is not installed; a bundle brings both along and does not tell."""
    words = ".".join(map(str, python[:3]))
    if python < OLDEST_PYTHON:
        remedy = f"Install Python {_words(OLDEST_PYTHON)} or newer, and set up again."
        yield _machine("Python", CheckState.FAILED, f"Python {words} is too old for Tenantry.", remedy)
    else:
        yield _machine("Python", CheckState.OK, f"Python {words}.")
    if is_bundle and pyside is None:
        yield _machine("Qt", CheckState.OK, "Qt comes with this package, and fits its Python.")
    elif pyside is None:
        remedy = "Install Tenantry with its dependencies; without Qt only the command line works."
        yield _machine("Qt", CheckState.FAILED, "PySide6 is not installed: the window cannot open.", remedy)
    elif version_of(pyside) >= _BROKEN_PYSIDE and python < _FINE_PYTHON:
        sentence = f"PySide6 {pyside} ends Python {words} after a while: it is broken with Python before 3.12."
        remedy = "Install PySide6 older than 6.12 (pip install 'PySide6-Essentials<6.12'), or Python 3.12 or newer."
        yield _machine("Qt", CheckState.FAILED, sentence, remedy)
    else:
        yield _machine("Qt", CheckState.OK, f"PySide6 {pyside}, which works with Python {words}.")


def version_of(text: str) -> Version:
    """The leading numbers: 6.11.2rc1 is (6, 11, 2)."""
    return tuple(int(each) for each in re.findall(r"\d+", re.split(r"[^\d.]", text, maxsplit=1)[0]))


def clock(now: float, latest_known: float) -> Check:
    """What can be said without anybody else's clock; ``latest_known`` is when something was last written down."""
    remedy = "Set the clock of this machine, or let it be set over the network (NTP)."
    if now < _WRITTEN_AT:
        return _machine("Clock", CheckState.FAILED, "The clock lies years in the past.", remedy)
    if latest_known > now + _TOLERATED_S:
        sentence = f"The last check was written {duration(latest_known - now)} in the future: the clock was set back."
        return _machine("Clock", CheckState.WARNING, sentence, remedy)
    return _machine("Clock", CheckState.OK, "The clock is plausible.")


def keyring(state: VaultState, *, is_needed: bool, platform: str = sys.platform) -> Check:
    """``is_needed``: there are connections whose tokens belong in a keyring."""
    name = _KEYRINGS.get(platform, "the Secret Service")
    if state.kind == "keyring" and not state.is_locked:
        return _machine("Keyring", CheckState.OK, f"Tokens are kept in the OS keyring ({name}).")
    if state.kind == "keyring":
        return _machine("Keyring", CheckState.WARNING, f"The OS keyring ({name}) is locked.", state.remedy)
    if not is_needed:
        return _machine("Keyring", CheckState.OK, f"{state.sentence}; so far no connection needs one.", state.remedy)
    return _machine("Keyring", CheckState.WARNING, f"{state.sentence}.", state.remedy)


def database(found: Examination, set_aside: SetAside | None) -> Iterator[Check]:
    if set_aside is not None:
        yield _database("Damage", CheckState.WARNING, set_aside.sentence, set_aside.remedy)
    if not found.is_there:
        sentence = f"There is no local database in {found.path.parent}."
        yield _database("File", CheckState.UNKNOWN, sentence, "Start Tenantry once, or name another --profile.")
        return
    yield _integrity(found)
    yield from _privacy(found)
    if found.free_bytes is not None and found.free_bytes < _LITTLE_ROOM_BYTES:
        sentence = f"The disk has {found.free_bytes // 2**20} MB left."
        yield _database("Room", CheckState.WARNING, sentence, "Make room: what cannot be written is not kept.")


def _integrity(found: Examination) -> Check:
    if found.problem:
        sentence = f"The local database is not sound: {found.problem}"
        remedy = "Close Tenantry and start it again: it keeps a damaged file aside and begins a new one."
        return _database("Integrity", CheckState.FAILED, sentence, remedy)
    if found.is_busy:
        sentence = "The local database is in use by another program and could not be read."
        return _database("Integrity", CheckState.UNKNOWN, sentence, "Ask again in a moment.")
    if found.is_newer:
        sentence = f"The local database was written by a newer Tenantry (revision {found.revision})."
        return _database("Integrity", CheckState.FAILED, sentence, "Install the newer version again.")
    if found.is_older:
        sentence = f"The local database was written by an older Tenantry (revision {found.revision})."
        return _database("Integrity", CheckState.WARNING, sentence, "Start Tenantry once: it brings the file up.")
    words = f"revision {found.revision}, {max(1, found.size_bytes // 1024):,} KB"
    return _database("Integrity", CheckState.OK, f"The local database is sound ({words}).")


def _privacy(found: Examination) -> Iterator[Check]:
    if found.open_to_others is None:
        return
    if not found.open_to_others:
        yield _database("Permissions", CheckState.OK, "Only you can read it.")
        return
    names = ", ".join(found.open_to_others)
    sentence = f"Other users of this machine can read {names}."
    remedy = f"chmod 700 '{found.path.parent}' and chmod 600 '{found.path}'*; starting Tenantry does it as well."
    yield _database("Permissions", CheckState.WARNING, sentence, remedy)


def duration(seconds: float) -> str:
    """ "40 s", "12 min", "3 h", "5 days"."""
    for size, word in ((172_800, "days"), (7_200, "h"), (120, "min")):
        if seconds >= size:
            return f"{seconds / {'days': 86_400, 'h': 3_600, 'min': 60}[word]:.0f} {word}"
    return f"{seconds:.0f} s"


def _words(version: Version) -> str:
    return ".".join(map(str, version))


def _machine(name: str, state: CheckState, sentence: str, remedy: str = "") -> Check:
    return Check(Area.MACHINE, name, state, sentence, remedy)


def _database(name: str, state: CheckState, sentence: str, remedy: str = "") -> Check:
    return Check(Area.DATABASE, name, state, sentence, remedy)

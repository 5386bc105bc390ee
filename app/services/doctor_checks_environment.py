"""What the doctor says of environment variables and ``.env`` files. No value is ever in a sentence."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from app.services.doctor_report import Area, Check, CheckState
from app.services.env_file import MAX_CHARACTERS, EnvImport, from_environment, read_env

FILE_NAMES = (".env", ".env.local")
_NAME = "Variables"
_FROM_ENVIRONMENT = "the environment"


@dataclass(frozen=True, slots=True)
class EnvFile:
    """``text`` is None where the file is there but cannot be read (``problem`` says why)."""

    name: str
    text: str | None
    is_open_to_others: bool = False
    problem: str = ""


def read_env_files(folder: Path) -> tuple[EnvFile, ...]:
    """Those of the documents' names that are in ``folder``; blocks on the disk."""
    return tuple(_read(folder / name) for name in FILE_NAMES if (folder / name).is_file())


def _read(path: Path) -> EnvFile:
    try:
        is_open = os.name == "posix" and bool(path.stat().st_mode & 0o077)
        with path.open(encoding="utf-8", errors="replace") as file:
            return EnvFile(path.name, file.read(MAX_CHARACTERS + 1), is_open)
    except OSError as error:
        return EnvFile(path.name, None, problem=error.strerror or type(error).__name__)


def environment(
    environ: Mapping[str, str], files: Iterable[EnvFile], folder: Path, foundations: Iterable[str]
) -> Iterator[Check]:
    """``foundations`` are the app IDs that connections name as theirs."""
    listed = tuple(files)
    sources = {_FROM_ENVIRONMENT: from_environment(environ)}
    sources |= {each.name: read_env(each.text) for each in listed if each.text is not None}
    yield from _unreadable(listed)
    for source, found in sources.items():
        yield from _leaks(source, found)
        for warning in found.warnings:
            yield _check("Values", CheckState.WARNING, f"In {source}: {warning}", "Correct or remove that line.")
    yield from _open_files(listed, sources)
    yield from _contradictions(sources)
    yield from _foundation(sources, frozenset(foundations))
    yield from _missing(sources, folder)


def _unreadable(files: tuple[EnvFile, ...]) -> Iterator[Check]:
    for each in files:
        if each.text is None:
            sentence = f"{each.name} cannot be read: {each.problem}."
            yield _check("File", CheckState.UNKNOWN, sentence, "Check whose it is, and who may read it.")


def _leaks(source: str, found: EnvImport) -> Iterator[Check]:
    for leak in found.leaks:
        sentence, _, remedy = leak.partition(". ")
        yield _check("Leaked token", CheckState.FAILED, f"In {source}: {sentence}.", remedy)


def _open_files(files: tuple[EnvFile, ...], sources: Mapping[str, EnvImport]) -> Iterator[Check]:
    for each in files:
        found = sources.get(each.name)
        if found is None or not each.is_open_to_others:
            continue
        if found.tokens or found.admin_tokens or found.databases:
            what = "a token" if found.tokens or found.admin_tokens else "the address of a database"
            sentence = f"{each.name} holds {what}, and other users of this machine may read it."
            yield _check("Permissions", CheckState.WARNING, sentence, f"chmod 600 {each.name}")


def _contradictions(sources: Mapping[str, EnvImport]) -> Iterator[Check]:
    """The same name with two values: which of them counts depends on who reads."""
    seen: dict[str, tuple[str, object]] = {}
    for source, found in sources.items():
        for name, value in _named(found):
            where, before = seen.setdefault(name, (source, value))
            if before != value:
                sentence = f"{name} is one thing in {where} and another in {source}."
                yield _check("Values", CheckState.WARNING, sentence, "Keep the one that is meant.")


def _named(found: EnvImport) -> tuple[tuple[str, object], ...]:
    return (
        *found.tokens.items(),
        *found.admin_tokens.items(),
        *found.app_ids.items(),
        *found.databases.items(),
    )


def _foundation(sources: Mapping[str, EnvImport], foundations: frozenset[str]) -> Iterator[Check]:
    if not foundations:
        return
    named = {(name, app_id) for found in sources.values() for name, app_id in found.app_ids.items()}
    for name, app_id in sorted(named):
        if app_id not in foundations:
            sentence = f"{name} names the app {app_id}, which is the foundation of no connection."
            remedy = "Enter it as the foundation of its connection, or correct the variable."
            yield _check("Foundation", CheckState.WARNING, sentence, remedy)


def _missing(sources: Mapping[str, EnvImport], folder: Path) -> Iterator[Check]:
    has = {source for source, found in sources.items() if found.tokens or found.admin_tokens or found.app_ids}
    if not has:
        sentence = f"None of the documents' variables is set, here or in an .env file of {folder}."
        remedy = "Tenantry needs none: its tokens are in its connections."
        yield _check(_NAME, CheckState.OK, f"{sentence} {remedy}")
        return
    tokens, admin_tokens, app_ids = (
        {name for found in sources.values() for name in getattr(found, part)}
        for part in ("tokens", "admin_tokens", "app_ids")
    )
    if not app_ids:
        remedy = "Set EXPO_PUBLIC_INSTANT_APP_ID (Expo) or NEXT_PUBLIC_INSTANT_APP_ID (Next.js) to the foundation's."
        yield _check("Missing", CheckState.WARNING, "A token is set, but no app ID.", remedy)
    if not tokens:
        remedy = "Set PLATFORM_TOKEN in .env.local, where only the server reads it."
        yield _check("Missing", CheckState.WARNING, "No platform token is set: apps cannot be created.", remedy)
    if "NEXT_PUBLIC_INSTANT_APP_ID" in app_ids and not admin_tokens:
        remedy = "Set INSTANT_APP_ADMIN_TOKEN in .env.local, where only the server reads it."
        yield _check("Missing", CheckState.WARNING, "No admin token of the main database is set.", remedy)
    names = ", ".join(sorted(tokens | admin_tokens | app_ids))
    yield _check(_NAME, CheckState.OK, f"Found in {', '.join(each for each in sources if each in has)}: {names}.")


def _check(name: str, state: CheckState, sentence: str, remedy: str = "") -> Check:
    return Check(Area.ENVIRONMENT, name, state, sentence, remedy)

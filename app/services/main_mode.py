"""Whether a main database is also the store of its tenants (``local``), or each has one of its own (``hosted``)."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from app.core.errors import Invalid
from app.core.text import plain
from app.platforms.postgres.dsn import Dsn
from app.services.env_file import MAX_CHARACTERS, MainEnv, main_env, main_env_of_process
from app.services.main_map import MODES, MainSettings, Mode, ModeSource

if TYPE_CHECKING:
    from app.services.store_words import TableKind

# As Next.js reads them: what is of this machine alone comes first.
_FILES = (".env.local", ".env")


@dataclass(frozen=True, slots=True)
class SaidMode:
    mode: Mode
    source: ModeSource
    note: str


async def said_mode(
    settings: MainSettings,
    main: Dsn,
    tables: Mapping[str, TableKind],
    pointers: int,
    environ: Mapping[str, str] | None = None,
) -> SaidMode:
    """Chosen here, else said by the environment, else by ``.env``, else guessed from the tables.

    A variable counts only where POSTGRES_URL beside it, if there is one, is this main database.
    """
    if settings.mode is not None:
        return SaidMode(settings.mode, "chosen", "Chosen in Tenantry.")
    remarks: list[str] = []
    found = _of(main_env_of_process(environ), main, "the environment", remarks)
    if found is not None:
        return SaidMode(found, "environment", _joined(f"APP_MODE={found} in Tenantry's environment.", remarks))
    if settings.env_folder:
        env, problem = await asyncio.to_thread(_folder_env, settings.env_folder)
        remarks += [problem] if problem else []
        found = _of(env, main, f"the .env in {plain(settings.env_folder, 120)}", remarks)
        if found is not None:
            return SaidMode(found, ".env", _joined(f"APP_MODE={found} in {plain(settings.env_folder, 120)}.", remarks))
    mode, reason = _guessed(tables, pointers)
    return SaidMode(mode, "guessed", _joined(f"Guessed: {reason}", remarks))


def _joined(note: str, remarks: list[str]) -> str:
    return " ".join((note, *remarks))


def _of(env: MainEnv, main: Dsn, where: str, remarks: list[str]) -> Mode | None:
    if not env.mode:
        return None
    if env.mode not in MODES:
        remarks.append(f"APP_MODE in {where} is neither local nor hosted, and was left out.")
        return None
    if not _is_this(env, main):
        remarks.append(f"APP_MODE in {where} belongs to another POSTGRES_URL, and was left out.")
        return None
    return env.mode


def _is_this(env: MainEnv, main: Dsn) -> bool:
    if env.postgres_url is None:
        return True
    try:
        dsn, _password = Dsn.parse(env.postgres_url.reveal())
    except Invalid:
        return False
    return (dsn.scheme, dsn.database) == (main.scheme, main.database) and _servers(dsn) == _servers(main)


def _servers(dsn: Dsn) -> str:
    """The same server through its pooler and directly, and by any name of this machine, is the same."""
    host = dsn.host.lower()
    return (
        "this machine" if host in {"localhost", "127.0.0.1", "::1"} or dsn.is_socket else dsn.server.rpartition(":")[0]
    )


def _folder_env(folder: str) -> tuple[MainEnv, str]:
    """Blocks. A sentence where nothing could be read."""
    texts = []
    for name in _FILES:
        try:
            with (Path(folder) / name).open(encoding="utf-8", errors="replace") as file:
                texts.append(file.read(MAX_CHARACTERS + 1))
        except OSError:
            continue
    return main_env(*texts), "" if texts else f"There is no .env that can be read in {plain(folder, 120)}."


def _guessed(tables: Mapping[str, TableKind], pointers: int) -> tuple[Mode, str]:
    if pointers:
        return "hosted", "workspaces point to stores of their own."
    if "application" in tables.values():
        return "local", "the tenants' tables are in the main database, and no workspace points to a store."
    return "hosted", "the main database has none of the tenants' tables."

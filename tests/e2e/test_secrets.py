"""A token is in the keyring or in memory, nowhere else: looked for everywhere after a full run of the program."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import pytest

from app.core.secret import Secret
from app.storage.log import Redactor
from tests.support.local_platform import local_platform

pytestmark = pytest.mark.e2e
ROOT = Path(__file__).resolve().parents[2]
# Marked in a way that no pattern of a redactor knows, so that each place has to leave it out by itself.
TOKENS = {
    "platform_token": "per_Zq7MarkedPlatformTokenZq7",
    "dash_token": "5a71c0de-dead-4eef-9a7b-7a1c0ffee5a7",
    "wrong_token": "Zq7-marked+wrong/token-Zq7",
    "pasted_token": "per_Zq7MarkedPastedTokenZq7",
}


def spellings(token: str) -> Iterator[bytes]:
    """The token as text, in a URL, in JSON, in UTF-16, reversed, and in base64 at each of its three offsets."""
    yield token.encode()
    yield token.encode("utf-16-le")
    yield token.encode("utf-16-be")
    yield quote(token, safe="").encode()
    yield json.dumps(token)[1:-1].replace("/", "\\/").encode()
    yield token[::-1].encode()
    for offset in range(3):
        whole = base64.b64encode(b"\0" * offset + token.encode())
        # The first and the last group depend on what stands beside the token.
        yield whole[4:-4]


def leaks_in(content: bytes, place: str) -> list[str]:
    return [f"{name} in {place}" for name, token in TOKENS.items() if any(each in content for each in spellings(token))]


def leaks_under(folder: Path) -> list[str]:
    return [
        leak
        for path in sorted(folder.rglob("*"))
        if path.is_file()
        for leak in leaks_in(path.read_bytes() + os.fsencode(path.name), str(path.relative_to(folder)))
    ]


@pytest.mark.parametrize("spell", [lambda t: t, lambda t: quote(t, safe=""), lambda t: json.dumps({"a": t})])
@pytest.mark.parametrize("name", TOKENS)
def test_search_for_leaks_finds_a_token_in_a_file(tmp_path, name, spell):
    (tmp_path / "some").mkdir()
    (tmp_path / "some" / "file.bin").write_bytes(b"\xff before" + spell(TOKENS[name]).encode() + b"after\0")
    assert leaks_under(tmp_path) == [f"{name} in some/file.bin"]


@pytest.mark.parametrize("before", [b"", b"x", b"xy", b"Authorization: Bearer "])
def test_search_for_leaks_finds_a_token_within_base64_and_utf_16(before):
    token = TOKENS["platform_token"]
    assert leaks_in(base64.b64encode(before + token.encode() + b" and more"), "x")
    assert leaks_in((before.decode() + token).encode("utf-16-le"), "x")


def command_lines() -> bytes:
    """Those of all processes of this machine, as any of its users can read them."""
    lines = []
    for process in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            lines.append(process.read_bytes())
        except OSError:
            continue
    return b"\n".join(lines)


@dataclass
class FullRun:
    """One run of the program, from its start to the closing of its window, and where it left something."""

    place: Path
    text: str = ""
    code: int | None = None
    leaks: list[str] = field(default_factory=list)

    def look(self) -> None:
        """Search everything now: also what is only there while the program runs."""
        self.leaks += leaks_under(self.place) + leaks_under(Path(os.environ["HOME"]))
        self.leaks += leaks_in(command_lines(), "a command line")

    def drive(self, program: subprocess.Popen[str], remote: subprocess.Popen[str]) -> None:
        assert program.stdout is not None
        try:
            for line in program.stdout:
                self.text += line
                if line == "step: the platform is stopped\n":
                    self.look()
                    remote.terminate()
                    remote.wait(20)
                    (self.place / "platform-stopped").touch()
            self.code = program.wait(60)
        finally:
            program.kill()
            program.wait(10)
            program.stdout.close()
        self.look()
        self.leaks += leaks_in(self.text.encode(), "the output")


def full_run(tmp_path: Path, *session: str, env: dict[str, str] | None = None) -> FullRun:
    """``session`` is the command that the program is started by, () for directly."""
    run = FullRun(tmp_path / "place")
    run.place.mkdir()
    orders = tmp_path / "orders.json"
    tokens = {
        "TENANTRY_LOCAL_PLATFORM_TOKEN": TOKENS["platform_token"],
        "TENANTRY_LOCAL_DASH_TOKEN": TOKENS["dash_token"],
    }
    with local_platform(tmp_path / "remote", env=tokens) as remote:
        orders.write_text(json.dumps({**TOKENS, "api_uri": remote.api_uri, "profile": str(run.place / "profile")}))
        program = subprocess.Popen(
            [*session, sys.executable, "-W", "error", "-m", "tests.support.token_run", str(orders)],
            cwd=ROOT,
            env={**os.environ, "QT_QPA_PLATFORM": "offscreen", "TMPDIR": str(run.place), **(env or {})},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        run.drive(program, remote.process)
    return run


def assert_whole_and_silent(run: FullRun) -> None:
    assert run.code == 0, run.text
    assert "step: the window is closed" in run.text
    assert "Traceback" not in run.text
    assert (run.place / "profile" / "data" / "tenantry.db").is_file()
    assert (run.place / "profile" / "log" / "tenantry.log").is_file()
    assert "per_" not in run.text
    assert run.leaks == []


@pytest.mark.timeout(300)
def test_tokens_kept_in_memory_are_found_nowhere_after_a_full_run(tmp_path):
    """Adds a connection, tests it, creates and renames an app, enters a wrong token, pastes one, loses the platform."""
    assert_whole_and_silent(full_run(tmp_path))


_READ_BACK = """
import asyncio, hashlib, sqlite3, sys
from app.core.connection import TokenKind
from app.storage.vault import Vault

async def main():
    rows = sqlite3.connect(sys.argv[1]).execute("SELECT id FROM connections WHERE label = 'Marked'").fetchall()
    vault = Vault(probe_limit_s=30)
    for kind in (TokenKind.PLATFORM, TokenKind.DASH):
        print(hashlib.sha256((await vault.get(rows[0][0], kind)).reveal().encode()).hexdigest())
    await vault.aclose()

asyncio.run(main())
"""


@pytest.mark.timeout(300)
@pytest.mark.skipif(sys.platform in {"win32", "darwin"}, reason="these systems have no Secret Service")
def test_tokens_kept_in_a_real_keyring_are_there_and_nowhere_else_after_a_full_run(tmp_path):
    """The same with GNOME Keyring, whose own file is searched too; the next session finds both tokens in it."""
    missing = [name for name in ("gnome-keyring-daemon", "dbus-run-session", "bash") if shutil.which(name) is None]
    if missing:
        pytest.fail(f"{', '.join(missing)} not found: install the packages gnome-keyring and dbus")
    runtime = tmp_path / "runtime"
    runtime.mkdir(mode=0o700)
    for name in ("XDG_DATA_HOME", "XDG_CACHE_HOME"):
        Path(os.environ[name]).mkdir(exist_ok=True)
    unlock = 'gnome-keyring-daemon --unlock --components=secrets >/dev/null 2>&1 <<< "the password"; exec "$@"'
    session = ("dbus-run-session", "--", "bash", "-c", unlock, "bash")
    env = {"XDG_RUNTIME_DIR": str(runtime)}
    run = full_run(tmp_path, *session, env=env)
    assert_whole_and_silent(run)
    database = run.place / "profile" / "data" / "tenantry.db"
    done = subprocess.run(
        [*session, sys.executable, "-c", _READ_BACK, str(database)],
        cwd=ROOT,
        env={**os.environ, **env},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    expected = [hashlib.sha256(TOKENS[name].encode()).hexdigest() for name in ("platform_token", "dash_token")]
    assert done.stdout.split() == expected, done.stderr


def test_redactor_of_the_log_knows_each_spelling_that_the_search_looks_for_in_text():
    redactor = Redactor()
    for token in TOKENS.values():
        redactor.add(Secret(token))
    for token in TOKENS.values():
        assert not leaks_in(redactor.clean(f"{token} {quote(token, safe='')}").encode(), "the log")

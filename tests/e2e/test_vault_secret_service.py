"""The vault against a real GNOME Keyring under a private D-Bus session, with throw-away folders.

Each test runs a script in a process of its own inside ``dbus-run-session``; nothing touches the keyring of whoever
runs the tests. Without gnome-keyring and dbus these tests fail: they are in the list of system packages.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(sys.platform in {"win32", "darwin"}, reason="these systems have no Secret Service"),
]
ROOT = Path(__file__).resolve().parents[2]
MARK = "per_marked-token-Zq7-äöü"

_PRELUDE = """
import asyncio, json, sys
from app.core.connection import TokenKind
from app.core.errors import VaultLocked, VaultUnavailable
from app.core.secret import Secret
from app.storage.vault import Vault, ask_in_subprocess
PLATFORM, DASH = TokenKind.PLATFORM, TokenKind.DASH
MARK = sys.argv[1]

async def main():
    vault = Vault(probe_limit_s=30, call_limit_s=float(sys.argv[2]))
    answer = await run(vault)
    await vault.aclose()
    state = vault.state
    return {"answer": answer, "kind": state.kind, "sentence": state.sentence, "is_locked": state.is_locked}
"""
_FINISH = "\nprint(json.dumps(asyncio.run(main())))\n"


@dataclass(frozen=True)
class Desk:
    """A home with a keyring of its own; ``password`` opens it (and makes it, the first time)."""

    home: Path
    runtime: Path

    def run(self, body: str, *, unlock: str | None, call_limit_s: float = 60) -> dict[str, Any]:
        """Run ``body``, the inside of ``async def run(vault)``, in a new session of D-Bus.

        ``unlock`` None starts no keyring; D-Bus may start one on its own, which is locked then.
        """
        script = _PRELUDE + "async def run(vault):\n" + textwrap.indent(textwrap.dedent(body), "    ") + _FINISH
        (self.home / "script.py").write_text(script, "utf-8")
        start = "" if unlock is None else 'gnome-keyring-daemon --unlock --components=secrets >/dev/null 2>&1 <<< "$4";'
        command = start + 'exec "$1" "$2" "$5" "$3"'
        arguments = [sys.executable, str(self.home / "script.py"), str(call_limit_s), unlock or "", MARK]
        done = subprocess.run(
            ["dbus-run-session", "--", "bash", "-c", command, "bash", *arguments],
            env=self._environment(),
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )
        assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
        assert MARK not in done.stderr
        answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return answer

    def _environment(self) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT),
            "HOME": str(self.home),
            "XDG_RUNTIME_DIR": str(self.runtime),
            "XDG_DATA_HOME": str(self.home / "data"),
            "XDG_CACHE_HOME": str(self.home / "cache"),
            "XDG_CONFIG_HOME": str(self.home / "config"),
            "LANG": "C.UTF-8",
        }


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    missing = [name for name in ("gnome-keyring-daemon", "dbus-run-session", "bash") if shutil.which(name) is None]
    if missing:
        pytest.fail(f"{', '.join(missing)} not found: install the packages gnome-keyring and dbus")
    home, runtime = tmp_path / "home", tmp_path / "runtime"
    for folder in (home, runtime, home / "data", home / "cache", home / "config"):
        folder.mkdir(mode=0o700)
    return Desk(home, runtime)


def test_vault_on_gnome_keyring_stores_reads_replaces_and_forgets(desk):
    done = desk.run(
        """
        seen = [await vault.get("c1", PLATFORM)]
        stored = [await vault.set("c1", PLATFORM, Secret("first")), await vault.set("c1", PLATFORM, Secret(MARK)),
                  await vault.set("c1", DASH, Secret("dash")), await vault.set("c2", PLATFORM, Secret("other"))]
        for connection, kind in (("c1", PLATFORM), ("c1", DASH), ("c2", PLATFORM)):
            seen.append((await vault.get(connection, kind)).reveal())
        await vault.forget("c1")
        await vault.forget("c1")
        seen += [await vault.get("c1", PLATFORM), await vault.get("c1", DASH)]
        seen.append((await vault.get("c2", PLATFORM)).reveal())
        return [stored, seen]
        """,
        unlock="the password",
    )
    assert done["answer"] == [[True] * 4, [None, MARK, "dash", "other", None, None, "other"]]
    assert (done["kind"], done["sentence"]) == ("keyring", "Token: OS keyring")


def test_vault_on_gnome_keyring_finds_the_token_in_the_next_session_and_no_file_shows_it(desk):
    assert desk.run('return await vault.set("c1", PLATFORM, Secret(MARK))', unlock="the password")["answer"] is True
    done = desk.run('return (await vault.get("c1", PLATFORM)).reveal()', unlock="the password")
    assert done["answer"] == MARK
    assert list((desk.home / "data" / "keyrings").glob("*.keyring"))
    files = [each for each in desk.home.rglob("*") if each.is_file()]
    assert [each for each in files if MARK.encode() in each.read_bytes()] == []


def test_vault_on_gnome_keyring_with_the_wrong_password_is_locked_and_loses_nothing(desk):
    desk.run('return await vault.set("c1", PLATFORM, Secret(MARK))', unlock="the password")
    done = desk.run(
        """
        first = await vault.probe()
        try:
            await vault.get("c1", PLATFORM)
        except VaultLocked as error:
            return [first.is_locked, error.sentence, await vault.set("c2", PLATFORM, Secret("kept")),
                    (await vault.get("c2", PLATFORM)).reveal()]
        """,
        unlock="a wrong password",
    )
    assert done["answer"][0] is True
    assert "locked" in done["answer"][1]
    assert done["answer"][2:] == [False, "kept"]
    assert done["is_locked"]
    again = desk.run('return (await vault.get("c1", PLATFORM)).reveal()', unlock="the password")
    assert again["answer"] == MARK


def test_vault_on_gnome_keyring_serves_many_callers_at_once(desk):
    done = desk.run(
        """
        await asyncio.gather(*(vault.set(f"c{n}", PLATFORM, Secret(f"{MARK}{n}")) for n in range(20)))
        found = await asyncio.gather(*(vault.get(f"c{n}", PLATFORM) for n in range(20)))
        return [each.reveal() for each in found]
        """,
        unlock="the password",
    )
    assert done["answer"] == [f"{MARK}{n}" for n in range(20)]


def test_vault_whose_daemon_dies_says_so_and_keeps_the_token_for_the_session(desk):
    """With the daemon gone, and none that could be started, the bus itself answers with an error of D-Bus."""
    done = desk.run(
        """
        import os, signal, subprocess
        assert await vault.set("c1", PLATFORM, Secret("first"))
        bus = ["dbus-send", "--session", "--print-reply=literal", "--dest=org.freedesktop.DBus", "/",
               "org.freedesktop.DBus.GetConnectionUnixProcessID", "string:org.freedesktop.secrets"]
        pid = int(subprocess.run(bus, capture_output=True, text=True, check=True).stdout.split()[-1])
        os.kill(pid, signal.SIGKILL)
        os.environ["DBUS_SESSION_BUS_ADDRESS"] = "unix:path=/nowhere"
        try:
            await vault.get("c1", PLATFORM)
        except VaultUnavailable as error:
            stored = await vault.set("c1", PLATFORM, Secret(MARK))
            return [error.sentence, stored, (await vault.get("c1", PLATFORM)).reveal()]
        """,
        unlock="the password",
    )
    assert done["answer"] == ["The keyring failed.", False, MARK]
    assert done["kind"] == "memory"


def test_vault_on_a_bus_whose_service_never_comes_up_gives_up_in_time(desk):
    """Without a limit each call would block for 120 s: the bus waits for a program that it started itself."""
    services = desk.home / "data" / "dbus-1" / "services"
    services.mkdir(parents=True)
    (services / "org.freedesktop.secrets.service").write_text(
        "[D-BUS Service]\nName=org.freedesktop.secrets\nExec=/bin/sh -c 'exec sleep 30 >/dev/null 2>&1'\n"
    )
    done = desk.run(
        """
        vault._probe_limit_s = 2
        await vault.probe()
        return [await vault.set("c1", PLATFORM, Secret(MARK)), (await vault.get("c1", PLATFORM)).reveal()]
        """,
        unlock=None,
    )
    assert done["answer"] == [False, MARK]
    assert done["sentence"] == "The keyring does not answer: tokens are kept for this session only"


def test_vault_never_runs_the_discovery_of_keyring_nor_its_compiler(desk):
    done = desk.run(
        """
        import keyring.core, subprocess
        await vault.set("c1", PLATFORM, Secret(MARK))
        loaded = sorted(name for name in sys.modules if name.startswith("keyring.backends."))
        return [loaded, keyring.core._keyring_backend is None]
        """,
        unlock="the password",
    )
    assert done["answer"] == [["keyring.backends.SecretService", "keyring.backends.fail"], True]

"""A token is in the keyring or in memory, nowhere else: looked for everywhere after a full run of the program."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from collections.abc import Iterator
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


@pytest.mark.timeout(300)
def test_tokens_after_a_full_run_are_found_nowhere(tmp_path):
    """Adds a connection, tests it, creates and renames an app, enters a wrong token, pastes one, loses the platform."""
    place = tmp_path / "place"
    place.mkdir()
    orders = tmp_path / "orders.json"
    tokens = {
        "TENANTRY_LOCAL_PLATFORM_TOKEN": TOKENS["platform_token"],
        "TENANTRY_LOCAL_DASH_TOKEN": TOKENS["dash_token"],
    }
    with local_platform(tmp_path / "remote", env=tokens) as remote:
        orders.write_text(json.dumps({**TOKENS, "api_uri": remote.api_uri, "profile": str(place / "profile")}))
        program = subprocess.Popen(
            [sys.executable, "-W", "error", "-m", "tests.support.token_run", str(orders)],
            cwd=ROOT,
            env={**os.environ, "QT_QPA_PLATFORM": "offscreen", "TMPDIR": str(place)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert program.stdout is not None
        output, seen = [], b""
        try:
            for line in program.stdout:
                output.append(line)
                seen += command_lines()
                if line == "step: the platform is stopped\n":
                    remote.process.terminate()
                    remote.process.wait(20)
                    (place / "platform-stopped").touch()
            code = program.wait(60)
        finally:
            program.kill()
            program.wait(10)
            program.stdout.close()
    text = "".join(output)
    assert code == 0, text
    assert "step: the window is closed" in text
    assert "Traceback" not in text
    assert (place / "profile" / "data" / "tenantry.db").is_file()
    assert "per_" not in text
    leaks = leaks_under(place) + leaks_under(Path(os.environ["HOME"])) + leaks_in(seen, "a command line")
    assert leaks + leaks_in(text.encode(), "the output") == []


def test_redactor_of_the_log_knows_each_spelling_that_the_search_looks_for_in_text():
    redactor = Redactor()
    for token in TOKENS.values():
        redactor.add(Secret(token))
    for token in TOKENS.values():
        assert not leaks_in(redactor.clean(f"{token} {quote(token, safe='')}").encode(), "the log")

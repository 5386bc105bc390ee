"""The vault against keyrings that work, refuse, fail and hang; all of them in memory."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from pathlib import Path

import jeepney
import keyring.errors
import pytest
import secretstorage.exceptions
from jeepney.wrappers import DBusErrorResponse

from app.core.connection import TokenKind
from app.core.errors import VaultLocked, VaultUnavailable
from app.core.secret import Secret
from app.storage import vault as vault_module
from app.storage import vault_probe
from app.storage.vault import SERVICE, SILENT, Vault, ask_in_subprocess

TOKEN = Secret("per_marked-token")
PLATFORM, DASH = TokenKind.PLATFORM, TokenKind.DASH


class MemoryKeyring:
    """Keeps its entries in a dict; ``trouble`` is raised by each call, and ``gate`` waited for."""

    def __init__(self):
        self.entries: dict[tuple[str, str], str] = {}
        self.trouble: BaseException | None = None
        self.gate: threading.Event | None = None
        self.threads: set[str] = set()
        self.calls = 0

    def _enter(self):
        self.calls += 1
        self.threads.add(threading.current_thread().name)
        if self.gate is not None:
            self.gate.wait(30)
        if self.trouble is not None:
            raise self.trouble

    def get_password(self, service, username):
        self._enter()
        return self.entries.get((service, username))

    def set_password(self, service, username, password):
        self._enter()
        self.entries[service, username] = password

    def delete_password(self, service, username):
        self._enter()
        if (service, username) not in self.entries:
            raise keyring.errors.PasswordDeleteError("No such password!")
        del self.entries[service, username]


@pytest.fixture
def ring():
    ring = MemoryKeyring()
    yield ring
    if ring.gate is not None:
        ring.gate.set()


@pytest.fixture
async def make_vault():
    """Makes vaults on a keyring; they are closed when the test ends."""
    vaults = []

    def make(ring, answer=vault_probe.OK, **options):
        vaults.append(Vault(make_backend=lambda: ring, ask=lambda _: answer, **options))
        return vaults[-1]

    yield make
    for vault in vaults:
        await vault.aclose()


def dbus_error():
    service = jeepney.DBusAddress("/", bus_name="a.b", interface="a.b")
    return DBusErrorResponse(jeepney.new_error(jeepney.new_method_call(service, "x"), "org.example.Error.Broken"))


async def test_vault_with_a_keyring_keeps_tokens_there_by_connection_and_kind(make_vault, ring):
    vault = make_vault(ring)
    assert await vault.set("c1", PLATFORM, TOKEN)
    assert await vault.set("c1", DASH, Secret("dash"))
    assert ring.entries == {(SERVICE, "c1/platform"): TOKEN.reveal(), (SERVICE, "c1/dash"): "dash"}
    assert await make_vault(ring).get("c1", PLATFORM) == TOKEN
    assert await vault.get("c2", PLATFORM) is None
    assert vault.state.kind == "keyring"
    assert vault.state.sentence == "Token: OS keyring"


async def test_vault_makes_all_calls_in_one_thread_of_its_own(make_vault, ring):
    vault = make_vault(ring)
    await asyncio.gather(*(vault.set(f"c{n}", PLATFORM, TOKEN) for n in range(8)))
    assert ring.threads == {"vault"}
    assert len(ring.entries) == 8


async def test_vault_asks_for_the_keyring_once_before_its_first_use(ring):
    asked = []
    vault = Vault(make_backend=lambda: ring, ask=lambda limit_s: asked.append(limit_s) or vault_probe.OK)
    await asyncio.gather(*(vault.get(f"c{n}", PLATFORM) for n in range(5)))
    assert asked == [3.0]
    await vault.aclose()


async def test_vault_forgets_all_tokens_of_one_connection_and_none_of_others(make_vault, ring):
    vault = make_vault(ring)
    for connection in ("c1", "c2"):
        await vault.set(connection, PLATFORM, TOKEN)
    await vault.set("c1", DASH, TOKEN)
    await vault.forget("c1")
    await vault.forget("c1")
    assert list(ring.entries) == [(SERVICE, "c2/platform")]
    assert await vault.get("c1", PLATFORM) is None


@pytest.mark.parametrize("answer", [vault_probe.UNAVAILABLE, SILENT, "", "nonsense"])
async def test_vault_without_a_keyring_keeps_tokens_in_memory_and_says_so(make_vault, ring, answer):
    vault = make_vault(ring, answer)
    assert not await vault.set("c1", PLATFORM, TOKEN)
    assert await vault.get("c1", PLATFORM) == TOKEN
    assert await vault.get("c1", DASH) is None
    assert vault.state.kind == "memory"
    assert "for this session only" in vault.state.sentence
    assert vault.state.remedy
    await vault.forget("c1")
    assert await vault.get("c1", PLATFORM) is None
    assert ring.calls == 0


async def test_vault_in_memory_never_looks_for_a_keyring(monkeypatch):
    monkeypatch.setattr(vault_probe, "make_backend", lambda *_: pytest.fail("looked for a keyring"))
    vault = Vault.in_memory()
    assert vault.state.kind == "memory"
    assert not await vault.set("c1", PLATFORM, TOKEN)
    assert await vault.get("c1", PLATFORM) == TOKEN
    assert (await vault.probe()).kind == "memory"


LOCKED_ERRORS = [
    keyring.errors.KeyringLocked("Failed to unlock the collection!"),
    secretstorage.exceptions.LockedException("locked"),
    secretstorage.exceptions.PromptDismissedException("dismissed"),
]


@pytest.mark.parametrize("error", LOCKED_ERRORS, ids=lambda error: type(error).__name__)
async def test_vault_whose_keyring_is_locked_says_so_and_works_once_it_is_open(make_vault, ring, error):
    vault = make_vault(ring)
    ring.trouble = error
    with pytest.raises(VaultLocked) as caught:
        await vault.get("c1", PLATFORM)
    assert "Unlock" in caught.value.remedy
    assert vault.state.is_locked
    assert not await vault.set("c1", PLATFORM, TOKEN)
    assert await vault.get("c1", PLATFORM) == TOKEN
    with pytest.raises(VaultLocked):
        await vault.forget("c1")
    assert await vault.get("c1", PLATFORM) == TOKEN
    ring.trouble = None
    assert await vault.set("c1", PLATFORM, TOKEN)
    assert vault.state.sentence == "Token: OS keyring"


BROKEN_ERRORS = [
    keyring.errors.NoKeyringError("none"),
    keyring.errors.InitError("init"),
    keyring.errors.PasswordSetError("set"),
    secretstorage.exceptions.SecretServiceNotAvailableException("gone"),
    secretstorage.exceptions.ItemNotFoundException("no such object"),
    dbus_error(),
    ConnectionResetError("bus closed"),
    UnicodeDecodeError("utf-8", b"\xff", 0, 1, "secret bytes"),
]


@pytest.mark.parametrize("error", BROKEN_ERRORS, ids=lambda error: type(error).__name__)
async def test_vault_whose_keyring_fails_raises_a_known_error_and_goes_on_in_memory(make_vault, ring, error):
    vault = make_vault(ring)
    ring.trouble = error
    with pytest.raises(VaultUnavailable) as caught:
        await vault.get("c1", PLATFORM)
    assert type(error).__name__ in caught.value.details
    assert str(error) not in f"{caught.value.sentence} {caught.value.details}"
    assert vault.state.kind == "memory"
    calls = ring.calls
    assert not await vault.set("c1", PLATFORM, TOKEN)
    assert await vault.get("c1", PLATFORM) == TOKEN
    with pytest.raises(VaultUnavailable):
        await vault.get("c2", PLATFORM)
    assert ring.calls == calls


async def test_vault_whose_keyring_fails_while_storing_keeps_the_token_for_the_session(make_vault, ring):
    vault = make_vault(ring)
    ring.trouble = dbus_error()
    assert not await vault.set("c1", PLATFORM, TOKEN)
    assert await vault.get("c1", PLATFORM) == TOKEN
    assert "failed" in vault.state.sentence


async def test_vault_whose_keyring_works_again_uses_it_after_a_new_probe(make_vault, ring):
    vault = make_vault(ring)
    await vault.set("c1", PLATFORM, TOKEN)
    ring.trouble = dbus_error()
    with pytest.raises(VaultUnavailable):
        await vault.get("c1", PLATFORM)
    ring.trouble = None
    assert (await vault.probe()).kind == "keyring"
    assert await vault.get("c1", PLATFORM) == TOKEN


async def test_vault_whose_keyring_hangs_gives_up_and_goes_on_in_memory(make_vault, ring):
    vault = make_vault(ring, call_limit_s=0.05)
    ring.gate = threading.Event()
    with pytest.raises(VaultUnavailable, match="did not answer"):
        await vault.get("c1", PLATFORM)
    assert "does not answer" in vault.state.sentence
    calls = ring.calls
    assert not await vault.set("c1", PLATFORM, TOKEN)
    assert await vault.get("c1", PLATFORM) == TOKEN
    assert ring.calls == calls


async def test_vault_whose_keyring_hung_is_usable_after_a_new_probe_with_a_new_thread(make_vault, ring):
    vault = make_vault(ring, call_limit_s=0.05)
    gate = ring.gate = threading.Event()
    with pytest.raises(VaultUnavailable):
        await vault.get("c1", PLATFORM)
    ring.gate = None
    await vault.probe()
    vault._call_limit_s = 30
    assert await vault.set("c1", PLATFORM, TOKEN)
    gate.set()


@pytest.mark.parametrize("trouble", [None, keyring.errors.KeyringError("late")])
async def test_vault_call_that_ends_too_late_disturbs_nobody(make_vault, ring, trouble):
    loop = asyncio.get_running_loop()
    reports = []
    loop.set_exception_handler(lambda _, context: reports.append(context))
    vault = make_vault(ring, call_limit_s=0.05)
    gate = ring.gate = threading.Event()
    others = set(threading.enumerate())
    with pytest.raises(VaultUnavailable):
        await vault.get("c1", PLATFORM)
    ring.trouble = trouble
    (thread,) = {each for each in threading.enumerate() if each.name == "vault"} - others
    gate.set()
    await asyncio.to_thread(thread.join, 30)
    assert not thread.is_alive()
    await asyncio.sleep(0)
    assert reports == []


async def test_vault_that_waits_for_a_password_queues_nothing_behind_and_goes_on_when_it_came(make_vault, ring):
    vault = make_vault(ring, vault_probe.LOCKED, call_limit_s=0.05)
    gate = ring.gate = threading.Event()
    with pytest.raises(VaultLocked, match="waits for its password"):
        await vault.get("c1", PLATFORM)
    with pytest.raises(VaultLocked):
        await vault.get("c2", PLATFORM)
    assert ring.calls == 1
    assert vault.state.is_locked
    ring.gate = None
    vault._call_limit_s = 30
    stuck = vault._worker._stuck_in
    gate.set()
    await asyncio.to_thread(stuck.exception, 30)
    assert await vault.set("c1", PLATFORM, TOKEN)
    assert not vault.state.is_locked


async def test_vault_probe_that_finds_a_locked_keyring_says_what_to_do(make_vault, ring):
    state = await make_vault(ring, vault_probe.LOCKED).probe()
    assert (state.kind, state.is_locked) == ("keyring", True)
    assert "locked" in state.sentence
    assert "Unlock" in state.remedy


async def test_vault_tells_of_every_token_that_passes_so_that_it_can_be_redacted(make_vault, ring):
    told = []
    await make_vault(ring, on_secret=told.append).set("c1", PLATFORM, TOKEN)
    await make_vault(ring, on_secret=told.append).get("c1", PLATFORM)
    await Vault.in_memory(on_secret=told.append).set("c1", PLATFORM, TOKEN)
    assert told == [TOKEN] * 3


async def test_vault_shown_or_listed_does_not_show_its_tokens(make_vault, ring):
    vault = make_vault(ring, vault_probe.UNAVAILABLE)
    await vault.set("c1", PLATFORM, TOKEN)
    assert TOKEN.reveal() not in f"{vault!r}{vars(vault)!r}{vault.state!r}"


def test_probe_on_linux_without_a_bus_answers_without_starting_anything(monkeypatch):
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: pytest.fail("started something"))
    assert ask_in_subprocess(3) == vault_probe.UNAVAILABLE


def test_probe_that_hangs_is_ended_in_time(monkeypatch):
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nowhere")
    hang = [sys.executable, "-c", "import threading; threading.Event().wait()"]
    monkeypatch.setattr(vault_module, "_probe_command", lambda: hang)
    assert ask_in_subprocess(0.2) == SILENT


@pytest.mark.skipif(sys.platform in {"win32", "darwin"}, reason="these systems have no Secret Service")
def test_probe_of_a_bus_that_is_not_there_is_unavailable(monkeypatch):
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nowhere")
    assert ask_in_subprocess(60) == vault_probe.UNAVAILABLE


def test_probe_that_cannot_be_started_is_unavailable(monkeypatch, tmp_path):
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nowhere")
    monkeypatch.setattr(vault_module, "_probe_command", lambda: [str(tmp_path / "missing")])
    assert ask_in_subprocess(3) == vault_probe.UNAVAILABLE


def test_probe_of_a_bundle_asks_the_program_itself(monkeypatch):
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    assert vault_module._probe_command() == [sys.executable, "vault-probe"]


def test_probe_program_imports_nothing_of_tenantry():
    source = Path(vault_probe.__file__).read_text("utf-8")
    assert "from app" not in source
    assert "import app" not in source


def test_backend_of_linux_is_named_and_discovery_never_runs(monkeypatch):
    import keyring.backend

    monkeypatch.setattr(keyring.backend, "get_all_keyring", lambda: pytest.fail("discovery ran"))
    backend = vault_probe.make_backend("linux")
    assert type(backend).__module__ == "keyring.backends.SecretService"


@pytest.mark.parametrize(("platform", "module"), [("darwin", "macOS"), ("win32", "Windows")])
def test_backend_of_other_systems_is_named_too(monkeypatch, platform, module):
    asked = []
    monkeypatch.setattr(vault_probe.importlib, "import_module", lambda name: asked.append(name) or vault_module)
    with pytest.raises(AttributeError):
        vault_probe.make_backend(platform)
    assert asked == [f"keyring.backends.{module}"]

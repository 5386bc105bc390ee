"""``tenantry doctor`` as a process, on a throwaway profile with the real local platform."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from app.bootstrap import build_services
from app.core.refs import AppRef, new_id
from app.core.secret import Secret
from app.platforms.http_words import Tokens
from app.platforms.registry import make_client
from app.schema.model import Attribute, Entity, Link, LinkEnd, Schema
from app.schema.types import StringType
from app.services.connections import BUILTIN_ID
from app.services.sample_data import FOUNDATION_APP_ID
from app.services.suite import Services
from app.storage.paths import Profile

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("doctor-command")]

TOKEN = "per_0123456789abcdef0123456789abcdef0123456789abcdef"
NOTES = Schema((Entity("notes", (Attribute("text", StringType()),)),))
REGISTRY = Schema(
    (Entity("app", (Attribute("appid", StringType()),)),),
    (Link("app$users", LinkEnd("app", "$users", "many"), LinkEnd("$users", "app", "many")),),
)


def with_services(root: Path, work: Callable[[Services], Awaitable[object]]) -> None:
    async def run() -> None:
        services = await build_services(Profile.at(root), opens=False)
        try:
            await work(services)
        finally:
            await services.aclose()

    asyncio.run(run())


def creates(title: str, app_id: str, schema: Schema) -> Callable[[Services], Awaitable[object]]:
    async def create(services: Services) -> None:
        info = await services.local_platform.start()
        tokens = Tokens(platform=info.platform_token, dash=info.dash_token)
        client = make_client(services.connections.get(BUILTIN_ID), tokens, lambda _call: None)
        try:
            await client.create_app(title, app_id=app_id, schema=schema)
        finally:
            await client.aclose()

    return create


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A profile whose local platform holds a foundation with its registry, and nothing else."""
    root = tmp_path_factory.mktemp("sound")
    profile = Profile.at(root)
    profile.make()
    profile.local_platform_dir.mkdir(mode=0o700)
    # As if the sample data had been there, and all of it was deleted.
    (profile.local_platform_dir / "sample-data.json").write_text('{"version": 1}')
    with_services(root, creates("tar", FOUNDATION_APP_ID, REGISTRY))
    return root


@pytest.fixture
def profile(sound: Path, tmp_path: Path) -> Path:
    shutil.copytree(sound, tmp_path / "profile", ignore=shutil.ignore_patterns("port"))
    return tmp_path / "profile"


def doctor(profile: Path, *arguments: str, env: dict[str, str] | None = None, python: Sequence[str] = ()) -> Any:
    """The finished process; it ran beside the profile, where tests put ``.env`` files."""
    root = Path(__file__).resolve().parents[2]
    command = [sys.executable, "-W", "error", *(python or ("-m", "app", "doctor")), "--profile", str(profile)]
    return subprocess.run(
        [*command, *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        cwd=profile.parent,
        env={**os.environ, "PYTHONPATH": str(root), **(env or {})},
    )


def found(done: Any) -> dict[str, dict[str, Any]]:
    """The checks by their names; nothing but the report was printed."""
    assert done.stderr == ""
    report = json.loads(done.stdout)
    assert report["exit_status"] == done.returncode
    return {each["name"]: each for each in report["checks"]}


def test_doctor_where_all_is_well_ends_with_0(profile: Path) -> None:
    done = doctor(profile, "--json")
    assert done.returncode == 0, done.stdout
    checks = found(done)
    assert {each["state"] for each in checks.values()} == {"ok"}
    areas = {each["area"] for each in checks.values()}
    assert {"Local database", "Connection", "Token", "Foundation", "Registry", "Schemas"} <= areas
    assert checks["Clock against the platform"]["sentence"] == "Both clocks agree."


def test_doctor_with_a_warning_ends_with_1_and_tells_the_remedy(profile: Path) -> None:
    with_services(profile, creates("Nobody's", new_id(), NOTES))
    done = doctor(profile)
    assert done.returncode == 1, done.stdout
    assert done.stderr == ""
    lines = done.stdout.splitlines()
    (at,) = [at for at, line in enumerate(lines) if "Apps that nobody owns" in line]
    assert "Nobody's is on the platform" in lines[at]
    assert lines[at + 1].lstrip().startswith("→ ")
    assert lines[-1].startswith("1 to look at; ")


def test_doctor_with_a_leaked_token_ends_with_2_and_never_shows_it(profile: Path) -> None:
    (profile.parent / ".env").write_text(f"EXPO_PUBLIC_INSTANT_PLATFORM_TOKEN={TOKEN}\n")
    done = doctor(profile, "--json")
    assert done.returncode == 2, done.stdout
    assert found(done)["Leaked token"]["state"] == "failed"
    assert TOKEN not in done.stdout


def test_doctor_foundation_that_is_gone_ends_with_2(profile: Path) -> None:
    async def delete(services: Services) -> None:
        info = await services.local_platform.start()
        tokens = Tokens(platform=info.platform_token, dash=info.dash_token)
        client = make_client(services.connections.get(BUILTIN_ID), tokens, lambda _call: None)
        try:
            await client.delete_app(FOUNDATION_APP_ID)
        finally:
            await client.aclose()

    with_services(profile, delete)
    done = doctor(profile, "--json")
    assert done.returncode == 2
    assert found(done)["Schema"]["sentence"] == f"The foundation app {FOUNDATION_APP_ID} is not on the platform."


def test_doctor_missing_parts_of_a_foundation_pushed_end_with_0(tmp_path: Path) -> None:
    profile = tmp_path / "profile"
    folders = Profile.at(profile)
    folders.make()
    folders.local_platform_dir.mkdir(mode=0o700)
    (folders.local_platform_dir / "sample-data.json").write_text('{"version": 1}')
    with_services(profile, creates("tar", FOUNDATION_APP_ID, NOTES))
    done = doctor(profile, "--json")
    assert done.returncode == 2
    assert "The entity app is missing." in found(done)["Missing parts"]["sentence"]

    async def mend(services: Services) -> None:
        await services.directory.refresh([BUILTIN_ID])
        draft = await services.doctor.missing_parts(BUILTIN_ID)
        assert draft is not None
        report = await services.workshop.push(AppRef(BUILTIN_ID, FOUNDATION_APP_ID), draft)
        assert report.outcome == "done", report

    with_services(profile, mend)
    assert doctor(profile).returncode == 0


def test_doctor_of_a_connection_that_nobody_answers_ends_with_2(profile: Path) -> None:
    from app.core.connection import Environment, Platform
    from app.services.connections import ConnectionDraft

    async def add(services: Services) -> None:
        draft = ConnectionDraft(
            "Elsewhere", Platform.INSTANT, "http://127.0.0.1:1", Environment.STAGING, platform_token=Secret(TOKEN)
        )
        await services.connections.add(draft)

    with_services(profile, add)
    done = doctor(profile, "--json")
    assert done.returncode == 2
    report = json.loads(done.stdout)
    (elsewhere,) = [
        each for each in report["checks"] if each["area"] == "Connection" and each["connection"] == "Elsewhere"
    ]
    assert (elsewhere["state"], elsewhere["environment"]) == ("failed", "staging")
    assert elsewhere["remedy"]
    # Without a keyring the token was gone with the process that it was entered in.
    assert {each["state"] for each in report["checks"] if each["name"] == "Keyring"} == {"warning"}
    assert TOKEN not in done.stdout + done.stderr


def test_doctor_where_nothing_was_started_yet_makes_nothing(tmp_path: Path) -> None:
    done = doctor(tmp_path / "new", "--json")
    assert done.returncode == 1
    assert found(done)["File"]["state"] == "unknown"
    assert not (tmp_path / "new").exists()


def test_doctor_leaves_a_damaged_database_as_it_is(profile: Path) -> None:
    path = Profile.at(profile).database_path
    path.write_bytes(b"This is no database. " * 500)
    done = doctor(profile, "--json")
    assert done.returncode == 2
    assert found(done)["Integrity"]["state"] == "failed"
    assert path.read_bytes() == b"This is no database. " * 500
    assert [each.name for each in path.parent.iterdir() if "damaged" in each.name] == []


def test_doctor_beside_an_open_window_leaves_its_local_platform_alone(profile: Path) -> None:
    async def beside(services: Services) -> None:
        info = await services.local_platform.start()
        done = await asyncio.to_thread(doctor, profile, "--json")
        assert done.returncode == 1, done.stdout
        process = found(done)["Process"]
        assert process["state"] == "unknown"
        assert info.api_uri in process["sentence"]
        assert services.local_platform.info == info

    with_services(profile, beside)


def test_doctor_imports_no_qt(profile: Path) -> None:
    code = (
        "import sys; from app.__main__ import main; status = main(['doctor', *sys.argv[1:]]); "
        "print([name for name in sys.modules if name.startswith(('PySide6', 'shiboken6', 'qasync'))], status)"
    )
    done = doctor(profile, python=("-c", code))
    assert done.stdout.splitlines()[-1] == "[] 0", done.stdout + done.stderr


def test_doctor_with_a_wrong_argument_says_how(profile: Path) -> None:
    done = doctor(profile, "--jason")
    assert done.returncode == 2
    assert "usage: tenantry doctor" in done.stderr

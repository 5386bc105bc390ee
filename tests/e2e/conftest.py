"""Profiles, fresh or after a first start; the services on one; a desktop, and runs of the program on it."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from app.bootstrap import build_services
from app.services.suite import Services
from app.storage.paths import Profile
from tests.support.program import Desktop, Program, StartOn, desktop


@pytest.fixture(scope="session")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A profile after its first start, with the sample data of the local platform; nobody writes to it."""
    root = tmp_path_factory.mktemp("seeded")

    async def first_start() -> None:
        services = await build_services(Profile.at(root))
        try:
            await services.local_platform.start()
        finally:
            await services.aclose()

    asyncio.run(first_start())
    return root


@pytest.fixture
def profile(seeded: Path, tmp_path: Path) -> Profile:
    """A copy of it."""
    shutil.copytree(seeded, tmp_path / "profile", ignore=shutil.ignore_patterns("port"))
    return Profile.at(tmp_path / "profile")


@pytest.fixture
async def services(tmp_path: Path) -> AsyncIterator[Services]:
    """On a fresh profile, and on nothing yet."""
    made = await build_services(Profile.at(tmp_path / "profile"), opens=False)
    yield made
    await made.aclose()


@pytest.fixture(scope="module")
def place() -> Iterator[Desktop]:
    with desktop() as shown:
        yield shown


@pytest.fixture
def start_on(place: Desktop) -> Iterator[StartOn]:
    """Starts the program on a profile; what is left running at the end is killed."""
    running: list[Program] = []

    def start(profile: Path, platform_token: str = "", targets: tuple[str, ...] = ()) -> Program:
        env = {"TENANTRY_LOCAL_PLATFORM_TOKEN": platform_token} if platform_token else {}
        running.append(Program(place, profile, env, targets))
        return running[-1]

    yield start
    for program in running:
        program.kill()

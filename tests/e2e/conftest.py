"""A profile after its first start, made once and copied for each test that wants one."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

import pytest

from app.bootstrap import build_services
from app.storage.paths import Profile


@pytest.fixture(scope="session")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """With the sample data of the local platform; nobody writes to it."""
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
    shutil.copytree(seeded, tmp_path / "profile", ignore=shutil.ignore_patterns("port"))
    return Profile.at(tmp_path / "profile")

"""All services on a profile, as the window has them, for as long as a test needs them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from app.bootstrap import build_services
from app.services.suite import Services
from app.storage.paths import Profile


@asynccontextmanager
async def opened(profile: Profile) -> AsyncIterator[Services]:
    services = await build_services(profile)
    try:
        await services.directory.refresh()
        yield services
    finally:
        await services.aclose()

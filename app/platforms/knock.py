"""What time a platform thinks it is: one call without a token, for its ``Date`` header alone."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from app.core.activity import ActivityEntry

from .base_url import checked_base_url
from .http import OnCall, make_transport
from .http_words import HttpPolicy

if TYPE_CHECKING:
    import httpx

_PATH = "/health/system"
_POLICY = HttpPolicy(connect_timeout_s=5, read_timeout_s=5, total_timeout_s=8)


@dataclass(frozen=True, slots=True)
class Knock:
    """``date`` is what the platform's header said and ``middle`` our own time halfway through the call, both in
    seconds since the epoch; ``date`` is None where no usable header came. The header counts whole seconds."""

    date: float | None
    middle: float

    @property
    def offset_s(self) -> float | None:
        """How far our clock is ahead of the platform's; 0 where whole seconds and the call's own time explain it."""
        if self.date is None:
            return None
        # The header was cut to whole seconds: the true time lies up to one second later.
        ahead = self.middle - self.date
        return ahead if ahead < 0 else max(0.0, ahead - 1.0)


async def knock(
    base_url: str,
    connection_id: str,
    on_call: OnCall,
    *,
    transport: httpx.AsyncBaseTransport | None = None,
    clock: Callable[[], float] = time.time,
) -> Knock | None:
    """None where nobody answers; what the answer says beside its date does not matter."""
    import asyncio

    import httpx

    url = checked_base_url(base_url)
    way = transport or make_transport(url, _POLICY)
    started, status, note = clock(), 0, ""
    try:
        async with asyncio.timeout(_POLICY.total_timeout_s):
            response = await way.handle_async_request(_request(url))
            status = response.status_code
            await response.aclose()
            return Knock(_date_of(response.headers.get("date", "")), (started + clock()) / 2)
    except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, OSError):
        note = "no answer"
        return None
    finally:
        on_call(ActivityEntry(started, connection_id, "GET", _PATH, status, (clock() - started) * 1000, note))
        await way.aclose()


def _request(url: str) -> httpx.Request:
    import httpx

    parts = urlsplit(url)
    headers = [(b"Host", parts.netloc.encode()), (b"Accept", b"*/*"), (b"User-Agent", b"tenantry")]
    timeouts = {
        "connect": _POLICY.connect_timeout_s,
        "read": _POLICY.read_timeout_s,
        "write": _POLICY.read_timeout_s,
        "pool": _POLICY.connect_timeout_s,
    }
    target = (parts.path + _PATH).encode()
    return httpx.Request("GET", url, headers=headers, extensions={"timeout": timeouts, "target": target})


def _date_of(text: str) -> float | None:
    try:
        return parsedate_to_datetime(text).timestamp()
    except (ValueError, TypeError, IndexError, OverflowError):
        return None

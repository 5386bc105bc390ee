"""The ASGI application: routes, guards against foreign callers, errors in the platform's own shapes."""

from __future__ import annotations

import contextlib
import importlib
import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from .auth import Accounts
from .errors import PlatformError, unknown
from .faults import FaultMiddleware, Faults
from .store import Store
from .web import MalformedJson, json_response
from .worker import JobWorker

logger = logging.getLogger(__name__)

ROUTE_MODULES = ("health", "superadmin", "dash", "archives", "cli", "admin", "admin_users", "admin_files", "admin_live")
LOOPBACK_NAMES = ("127.0.0.1", "localhost", "[::1]")


@dataclass(frozen=True, slots=True)
class Settings:
    """``port`` None: any Host port passes (in tests there is no socket). ``api_uri`` is what clients reach us at."""

    platform_token: str = field(repr=False)
    dash_token: str = field(repr=False)
    api_uri: str = "http://127.0.0.1"
    port: int | None = None


@dataclass(frozen=True, slots=True)
class Platform:
    """What handlers work with."""

    store: Store
    settings: Settings
    accounts: Accounts
    jobs: JobWorker
    faults: Faults


def build_app(store: Store, settings: Settings, faults: Faults | None = None) -> Starlette:
    """The caller keeps and closes the store; the job worker lives as long as the application's lifespan."""
    accounts = Accounts(store)
    accounts.open_for(settings.platform_token, settings.dash_token)
    platform = Platform(store, settings, accounts, JobWorker(store), faults or Faults())
    app = Starlette(
        routes=_routes(),
        middleware=[Middleware(HostGuard, port=settings.port), Middleware(FaultMiddleware, faults=platform.faults)],
        exception_handlers={
            PlatformError: _platform_error,
            MalformedJson: _malformed_json,
            ClientDisconnect: _gone,
            404: _no_route,
            405: _no_route,
            Exception: _unexpected,
        },
        lifespan=_lifespan,
    )
    app.router.redirect_slashes = False
    app.state.platform = platform
    app.state.store, app.state.settings, app.state.accounts = store, settings, accounts
    app.state.jobs, app.state.sessions = platform.jobs, {}
    return app


@contextlib.asynccontextmanager
async def _lifespan(app: Starlette) -> AsyncIterator[None]:
    jobs: JobWorker = app.state.jobs
    jobs.start()
    try:
        yield
    finally:
        jobs.stop()


def _routes() -> list[BaseRoute]:
    found: list[BaseRoute] = []
    for name in ROUTE_MODULES:
        found.extend(importlib.import_module(f"{__package__}.routes.{name}").routes)
    return found


async def _platform_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, PlatformError)
    return json_response(error.to_body(), error.http_status)


async def _malformed_json(request: Request, error: Exception) -> Response:
    return PlainTextResponse("Malformed JSON in request body.", status_code=400)


async def _gone(request: Request, error: Exception) -> Response:
    return Response(status_code=499)


async def _no_route(request: Request, error: Exception) -> Response:
    return json_response({"message": "Oops! We couldn't match this route."}, 404)


async def _unexpected(request: Request, error: Exception) -> Response:
    logger.error("%s %s failed", request.method, request.scope.get("path"), exc_info=error)
    return json_response(unknown().to_body(), 500)


class HostGuard:
    """Refuses requests that a web page made a browser send: a Host that is not ours (a name re-bound to loopback),
    or an Origin that is not on this machine."""

    def __init__(self, app: ASGIApp, port: int | None) -> None:
        self._app = app
        self._port = port

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in ("http", "websocket") and not self._is_welcome(Headers(scope=scope)):
            response = PlainTextResponse("This host name is not served here.", status_code=421)
            await response(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _is_welcome(self, headers: Headers) -> bool:
        name, port = _split_host(headers.get("host", ""))
        is_port_ok = self._port is None or port in (str(self._port), "")
        return name in LOOPBACK_NAMES and is_port_ok and _is_local_origin(headers.get("origin"))


def _split_host(host: str) -> tuple[str, str]:
    """``127.0.0.1:80`` → name and port; the port may be missing, an IPv6 name is in brackets."""
    if host.endswith("]") or ":" not in host:
        return host.lower(), ""
    name, _, port = host.rpartition(":")
    return name.lower(), port


def _is_local_origin(origin: str | None) -> bool:
    """Programs send none; browsers send the page's."""
    return origin is None or _split_host(origin.rpartition("//")[2])[0] in LOOPBACK_NAMES

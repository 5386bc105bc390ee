"""``tenantry local-platform``: the server process."""

from __future__ import annotations

import argparse
import contextlib
import json
import logging
import os
import socket
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import uvicorn

HOST = "127.0.0.1"
PLATFORM_TOKEN_VARIABLE = "TENANTRY_LOCAL_PLATFORM_TOKEN"
DASH_TOKEN_VARIABLE = "TENANTRY_LOCAL_DASH_TOKEN"

logger = logging.getLogger(__name__)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="tenantry local-platform",
        description=f"An Instant-compatible platform on {HOST}, kept in one folder.",
        epilog=f"{PLATFORM_TOKEN_VARIABLE} and {DASH_TOKEN_VARIABLE} choose the tokens; otherwise they are random.",
    )
    parser.add_argument("--port", type=int, default=0, metavar="N", help="default: any free port")
    parser.add_argument("--data", type=Path, metavar="DIR", help="default: a temporary folder, gone at the end")
    parser.add_argument("--faults", metavar="FILE|JSON", help="failures on purpose: a list, see the manual")
    parser.add_argument("--exit-with-parent", action="store_true", help="end when standard input is closed")
    return parser


def _faults(text: str | None) -> Any:
    from .faults import Faults

    if text is None:
        return Faults()
    raw = text if text.lstrip().startswith(("[", "{")) else Path(text).read_text(encoding="utf-8")
    return Faults.parse(json.loads(raw))


def _tokens() -> tuple[str, str]:
    from .auth import new_personal_token
    from .web import new_id

    platform = os.environ.get(PLATFORM_TOKEN_VARIABLE) or new_personal_token()
    dash = os.environ.get(DASH_TOKEN_VARIABLE) or new_id()
    return platform, dash


def _check_tokens(platform: str, dash: str) -> str | None:
    from .web import to_uuid

    if not (platform.startswith("per_") or to_uuid(platform)):
        return f"{PLATFORM_TOKEN_VARIABLE} must begin with per_, or be a UUID."
    if to_uuid(dash) is None:
        return f"{DASH_TOKEN_VARIABLE} must be a UUID."
    return None


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _complain(line: str) -> None:
    sys.stderr.write(line + "\n")


def main(argv: Sequence[str] | None = None) -> int:
    """Serve until interrupted; one JSON line on standard output tells when and where."""
    from .errors import PlatformError

    options = _parser().parse_args(argv)
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    platform_token, dash_token = _tokens()
    problem = _check_tokens(platform_token, dash_token)
    if problem:
        _complain(problem)
        return 2
    try:
        faults = _faults(options.faults)
        listener = _listen(options.port)
    except (OSError, ValueError, PlatformError) as error:
        _complain(f"The local platform cannot start: {error}")
        return 2
    with contextlib.closing(listener):
        return _serve(options, listener, platform_token, dash_token, faults)


def _listen(port: int) -> socket.socket:
    # With its protocol named, asyncio turns Nagle's algorithm off on each connection: it costs 40 ms an answer.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    if os.name == "posix":
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((HOST, port))
    listener.listen(512)
    return listener


def _serve(
    options: argparse.Namespace, listener: socket.socket, platform_token: str, dash_token: str, faults: Any
) -> int:
    from .app import Settings, build_app
    from .store import Store

    port = listener.getsockname()[1]
    api_uri = f"http://{HOST}:{port}"
    store = Store(options.data)
    with contextlib.closing(store):
        app = build_app(store, Settings(platform_token, dash_token, api_uri, port), faults)
        ready = {"api_uri": api_uri, "platform_token": platform_token, "dash_token": dash_token}
        server = _server(app, ready)
        if options.exit_with_parent:
            threading.Thread(target=_follow_parent, args=(server,), daemon=True).start()
        server.run(sockets=[listener])
    return 0


def _server(app: Any, ready: dict[str, str]) -> uvicorn.Server:
    import uvicorn

    from .protocol import CuttableProtocol

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            _say(json.dumps(ready))

    config = uvicorn.Config(
        app,
        http=CuttableProtocol,
        ws="none",
        log_config=None,
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=3,
        server_header=False,
    )
    return Server(config)


def _follow_parent(server: uvicorn.Server) -> None:
    """Standard input is a pipe from the parent: its end is the parent's end."""
    with contextlib.suppress(OSError, ValueError):
        while sys.stdin.buffer.read(4096):
            pass
    logger.info("The parent is gone")
    server.should_exit = True

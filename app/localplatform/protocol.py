"""uvicorn's HTTP protocol, with a way for the application to cut the connection."""

from __future__ import annotations

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from .faults import TRANSPORT


class CuttableProtocol(HttpToolsProtocol):
    """Hands each request's connection to the application, for faults on purpose."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope[TRANSPORT] = self.transport  # type: ignore[literal-required]

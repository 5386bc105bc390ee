"""A TCP proxy that can lose an answer: what was asked arrives, and nobody hears what became of it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator


@contextlib.asynccontextmanager
async def tcp_proxy(port: int, *, armed_by: bytes, cuts_after: bytes) -> AsyncIterator[int]:
    """The port to connect to. Once ``cuts_after`` was sent on after ``armed_by``, the answer is awaited and kept, and
    the line cut."""
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server_reader, server_writer = await asyncio.open_connection("127.0.0.1", port)
        is_armed = is_cut = False

        async def onward() -> None:
            nonlocal is_armed, is_cut
            while data := await reader.read(65536):
                is_cut = is_cut or (is_armed and cuts_after in data)
                is_armed = is_armed or armed_by in data
                server_writer.write(data)
                await server_writer.drain()

        async def back() -> None:
            while data := await server_reader.read(65536):
                if is_cut:
                    return
                writer.write(data)
                await writer.drain()

        both = [asyncio.ensure_future(onward()), asyncio.ensure_future(back())]
        with contextlib.suppress(ConnectionError):
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        for each in both:
            each.cancel()
        await asyncio.gather(*both, return_exceptions=True)
        for line in (writer, server_writer):
            line.close()

    def taken(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(serve(reader, writer))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    server = await asyncio.start_server(taken, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in tuple(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

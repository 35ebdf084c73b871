"""The scrape: one page of numbers for whoever collects them on this machine, and nothing else.

For processes without clients, which have no HTTP of their own.
"""

import asyncio
import contextlib
import socket
from collections.abc import Awaitable, Callable

# Whoever sends more, or takes longer, collects nothing.
_MAX_HEAD = 8 * 1024
_WITHIN_S = 5.0
_MOST = 16
_END = b"\r\n\r\n"
# A page of the web may have a name of its own lead here (DNS rebinding, CWE-350).
_HOSTS = frozenset({"127.0.0.1", "localhost", "[::1]"})


class Scrape:
    """Answers `GET /metrics`, as long as it is open.

    Args:
        listener: Where it listens; it is closed with it.
        text: Returns the numbers.
        media_type: What they are.
    """

    def __init__(
        self, listener: socket.socket, text: Callable[[], Awaitable[bytes]], media_type: str
    ) -> None:
        self._listener = listener
        self._text = text
        self._media_type = media_type
        self._open: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        """Begin to answer."""
        self._server = await asyncio.start_server(self._serve, sock=self._listener, limit=_MAX_HEAD)

    async def close(self) -> None:
        """Answer no more."""
        self._server.close()
        for task in self._open:
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None or len(self._open) >= _MOST:
            writer.close()
            return
        self._open.add(task)
        try:
            async with asyncio.timeout(_WITHIN_S):
                head = await reader.readuntil(_END)
                writer.write(await self._answer(head))
                await writer.drain()
        except (TimeoutError, OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass
        finally:
            self._open.discard(task)
            with contextlib.suppress(OSError):
                writer.close()

    async def _answer(self, head: bytes) -> bytes:
        line, *fields = head.decode("latin-1").split("\r\n")
        method, _, rest = line.partition(" ")
        path = rest.partition(" ")[0].partition("?")[0]
        if not _is_ours(fields):
            return _said("421 Misdirected Request", "text/plain", b"")
        if path != "/metrics":
            return _said("404 Not Found", "text/plain", b"expected GET /metrics\n")
        if method not in {"GET", "HEAD"}:
            return _said("405 Method Not Allowed", "text/plain", b"expected GET /metrics\n")
        body = await self._text()
        return _said("200 OK", self._media_type, body, silent=method == "HEAD")


def _is_ours(fields: list[str]) -> bool:
    """Say whether a request is to this machine, by its own name."""
    named = [one.partition(":")[2].strip() for one in fields if one.lower().startswith("host:")]
    if len(named) != 1:
        return False
    name, _, port = named[0].rpartition(":")
    return named[0] in _HOSTS or (name in _HOSTS and port.isdecimal())


def _said(status: str, media_type: str, body: bytes, *, silent: bool = False) -> bytes:
    head = (
        f"HTTP/1.1 {status}\r\ncontent-type: {media_type}\r\ncontent-length: {len(body)}\r\n"
        "connection: close\r\n\r\n"
    )
    return head.encode() + (b"" if silent else body)

"""One write an answer: uvicorn's HTTP protocol with its transport corked.

uvicorn writes the head of an answer when it starts and the body when it comes: two system
calls, two packets, two wake-ups of the client. For answers of known bytes both are there in the
same tick, so the head waits for the body, but never longer than that tick.
"""

import asyncio
from typing import cast

from uvicorn._types import ASGI3Application
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle


class CorkedProtocol(HttpToolsProtocol):
    """uvicorn's protocol on httptools; see the module."""

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        cycle.transport = cast("asyncio.Transport", Cork(cycle.transport, self.loop))
        super()._start_asgi_task(cycle, app)


class Cork:
    """The transport of one answer: its first write joins the second, or goes at the tick's end."""

    __slots__ = ("_first", "_fresh", "_loop", "_transport")

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._first = b""
        self._fresh = True

    def write(self, data: bytes) -> None:
        """Send bytes, after what waits."""
        if self._fresh:
            self._fresh = False
            self._first = data
            self._loop.call_soon(self.flush)
        elif self._first:
            first, self._first = self._first, b""
            self._transport.write(first + data)
        else:
            self._transport.write(data)

    def flush(self) -> None:
        """Send what waits."""
        if self._first:
            first, self._first = self._first, b""
            self._transport.write(first)

    def close(self) -> None:
        """Send what waits, then close."""
        self.flush()
        self._transport.close()

    def is_closing(self) -> bool:
        """Say whether the transport is closing."""
        return self._transport.is_closing()

"""uvicorn's HTTP protocol: one write an answer, and it knows who came when the hub was going.

uvicorn writes the head of an answer when it starts and the body when it comes: two system
calls, two packets, two wake-ups of the client. For answers of known bytes both are there in the
same tick, so the head waits for the body, but never longer than that tick.
"""

import asyncio
from typing import Any, cast

from uvicorn._types import ASGI3Application
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from hub.realtime.drain import Drain

# In the scope of a request: its connection was made after the drain had begun.
CAME_LATE = "hub.came_late"


class CorkedProtocol(HttpToolsProtocol):
    """uvicorn's protocol on httptools; see the module."""

    late = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Note whether the connection is new to a node that is going away already."""
        super().connection_made(transport)
        drain: Drain | None = self.app_state.get("drain")
        self.late = drain is not None and drain.begun

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        if self.late:
            cast("dict[str, Any]", cycle.scope)[CAME_LATE] = True
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

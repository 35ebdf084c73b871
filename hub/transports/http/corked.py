"""uvicorn's HTTP protocol: one write an answer, and streams that end when their client is gone.

It knows who came when the hub was going.

uvicorn writes the head of an answer when it starts and the body when it comes: two system
calls, two packets, two wake-ups of the client. For answers of known bytes both are there in the
same tick, so the head waits for the body, but never longer than that tick.
"""

import asyncio
from typing import Any, cast

from uvicorn._types import ASGI3Application
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle
from uvicorn.protocols.utils import get_remote_addr, is_ssl

from hub.realtime.drain import Drain
from hub.transports.http.bounded import BoundedProtocol

# In the scope of a request: its connection was made after the drain had begun.
CAME_LATE = "hub.came_late"
# And its transport, for answers that do not end.
TRANSPORT = "hub.transport"
# Of an answer whose length nobody knows before its end.
_ENDLESS = 2**62


class CorkedProtocol(BoundedProtocol):
    """uvicorn's protocol on httptools; see the module."""

    late = False
    answering: RequestResponseCycle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take a socket, as uvicorn does, and note whether it came when the node was leaving.

        But nobody here asks for our own address: uvloop makes a socket object to answer that,
        9 us of the 110 that a client costs.
        """
        self.connections.add(self)
        self.transport = transport
        self.flow = FlowControl(transport)
        self.client = get_remote_addr(transport)
        self.scheme = "https" if is_ssl(transport) else "http"
        self.late = self.is_leaving
        self.await_head()

    @property
    def is_leaving(self) -> bool:
        """Whether the node goes away."""
        drain: Drain | None = self.app_state.get("drain")
        return drain is not None and drain.begun

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell the request that is answered; uvicorn tells the last one that came behind it."""
        cycle = self.answering
        if cycle is not None and cycle is not self.cycle and not cycle.response_complete:
            cycle.disconnected = True
            cycle.message_event.set()
        super().connection_lost(exc)

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        self.answering = cycle
        scope = cast("dict[str, Any]", cycle.scope)
        if self.late:
            scope[CAME_LATE] = True
        scope[TRANSPORT] = self.transport
        cycle.transport = cast("asyncio.Transport", Cork(cycle.transport, self.loop))
        if scope["http_version"] == "1.0":
            app = unchunked(cycle, app)
        super()._start_asgi_task(cycle, app)


def unchunked(cycle: RequestResponseCycle, app: ASGI3Application) -> ASGI3Application:
    """Let an answer of unknown length end with its connection (RFC 9112, 6.3).

    uvicorn would send it in chunks, which a client of HTTP/1.0 takes for content.
    """

    async def answer(scope: Any, receive: Any, send: Any) -> None:
        async def plainly(message: Any) -> None:
            if message["type"] == "http.response.start":
                names = {name.lower() for name, _ in message["headers"]}
                if b"content-length" not in names:
                    cycle.chunked_encoding = False
                    cycle.expected_content_length = _ENDLESS
            elif cycle.expected_content_length > _ENDLESS // 2 and not message.get("more_body"):
                cycle.expected_content_length = len(message.get("body", b""))
            await send(message)

        await app(scope, receive, plainly)

    return answer


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

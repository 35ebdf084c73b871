"""The answer that does not end: one stream of events as an ASGI application.

ASGI has no write that returns at once, so what is to be told waits in a queue until the server
takes it; the mark at which a client becomes a cursor is that of a socket.
"""

import asyncio
import contextlib
import socket
import uuid
from collections import deque
from typing import Any

from starlette.types import Receive, Scope, Send

from hub.clock import Timer
from hub.errors import HubError, SlowConsumer
from hub.model.principal import Principal
from hub.realtime.connection import Connection
from hub.realtime.frames import Batch
from hub.transports.grace import cut, grace_s, untaken_bytes
from hub.transports.http.corked import TRANSPORT
from hub.transports.sse.asking import Asked
from hub.transports.sse.block import farewell, retry
from hub.transports.sse.reception import StreamReception, Visit

HIGH_WATER_BYTES = 64 * 1024
# What the kernel may hold unsent: without it a socket swallows megabytes and looks healthy.
NOTSENT_LOWAT_BYTES = 64 * 1024
# Nobody tells when a client has taken something; each look is one system call.
LOOK_S = 0.02
HEADERS = [
    (b"content-type", b"text/event-stream"),
    (b"cache-control", b"no-store"),
    # nginx would keep the events until its buffer is full.
    (b"x-accel-buffering", b"no"),
]
# Nothing comes behind a stream: so its socket ends with it, or is cut, and harms no other request.
_OPENED = [*HEADERS, (b"connection", b"close")]


class EventStream:
    """One stream; a `realtime.connection.Sink`.

    Args:
        reception: Welcomes the client and sees it off.
        asked: What it wants to follow.
        principal: Who it is.
        address: Where it comes from.
    """

    def __init__(
        self, reception: StreamReception, asked: Asked, principal: Principal, address: str
    ) -> None:
        self._reception = reception
        self._asked = asked
        self._address = address
        self._connection = Connection(str(uuid.uuid4()), self, principal=principal, address=address)
        self._connection.client, self._connection.is_stream = asked.client, True
        self._track = reception.track(asked)
        self._queue = deque([retry(reception.retry_ms())])
        self._queued_bytes = len(self._queue[0])
        self._work = asyncio.Event()
        self._failure: HubError | None = None
        self._close_timer: Timer | None = None
        self._transport: asyncio.Transport | None = None
        self._writing: asyncio.Task[None] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Tell events until the client or the hub ends it."""
        self._transport = scope.get(TRANSPORT)
        _limit_unsent(self._transport)
        line: dict[str, Any] = scope["hub.line"]
        visit: Visit | None = None
        try:
            visit = self._reception.welcome(self._connection, self._asked, self._address, self.end)
            await self._converse(receive, send)
        except OSError:
            pass  # some servers' way to say that the client is gone
        finally:
            if self._close_timer is not None:
                self._close_timer.cancel()
            if visit is not None:
                self._reception.see_off(visit)
            line.update(client_id=self._connection.client_id, frames_out=self._connection.written)
            if self._failure is not None:
                line["code"] = self._failure.code

    # What the connection calls.

    def write(self, batch: Batch) -> None:
        """Queue frames."""
        self._put(self._reception.press.print(batch, self._track))

    def buffered(self) -> int:
        """Return the bytes that wait here and in the server."""
        return self._queued_bytes + self._behind()

    def end(self, failure: HubError) -> None:
        """Say why, and end after what is queued or the grace; who is too slow gets no more."""
        if isinstance(failure, SlowConsumer):
            self._queued_bytes -= sum(map(len, self._queue))
            self._queue.clear()
        self._failure = failure
        self._put(farewell(failure))
        within_s = grace_s(failure.close_code)
        self._close_timer = self._reception.timers.call_later(within_s, self._give_up)

    def ping(self, batch: Batch) -> None:
        """There is none: a client that is gone is noticed when TCP gives it up."""
        self.write(batch)

    def close(self, code: int, reason: str) -> None:
        """A stream has no close codes; see `end`."""

    def pause_reading(self) -> None:
        """A stream reads nothing."""

    def resume_reading(self) -> None:
        """A stream reads nothing."""

    def _behind(self) -> int:
        """Return the bytes that wait in the server."""
        return 0 if self._transport is None else self._transport.get_write_buffer_size()

    def _put(self, text: bytes) -> None:
        self._queue.append(text)
        self._queued_bytes += len(text)
        self._work.set()
        if self._queued_bytes > HIGH_WATER_BYTES:
            self._connection.pause()

    # Between the queue and the server.

    async def _converse(self, receive: Receive, send: Send) -> None:
        """Write until there is an end, the client is gone, or it does not read the end."""
        watching = asyncio.create_task(_disconnected(receive), name="sse-watch")
        writing = self._writing = asyncio.create_task(self._write(send), name="sse-write")
        tasks = (watching, writing)
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            # Not gather: cancelled itself, it would raise a child's CancelledError as ours.
            await asyncio.wait(tasks)
        faults = [task.exception() for task in tasks if not task.cancelled()]
        for fault in filter(None, faults):
            raise fault

    async def _write(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": _OPENED})
        while True:
            self._work.clear()
            await self._flush(send)
            if self._failure is not None:
                break
            await self._work.wait()
        await self._drained()
        await send({"type": "http.response.body"})

    async def _drained(self) -> None:
        """Wait until the client has the last words, or is cut.

        Server and kernel take them for a client that reads nothing, too: a socket that is closed
        then holds them for minutes, and nobody could take them back.
        """
        while self._transport is not None and not self._transport.is_closing():
            if not (self._behind() or untaken_bytes(self._transport)):
                return
            await asyncio.sleep(LOOK_S)

    async def _flush(self, send: Send) -> None:
        while self._queue:
            text = b"".join(self._queue)
            self._queue.clear()
            await send({"type": "http.response.body", "body": text, "more_body": True})
            self._queued_bytes -= len(text)
            if self._queued_bytes < HIGH_WATER_BYTES // 4 and not self._connection.writable:
                self._connection.resume()

    def _give_up(self) -> None:
        """The end is not read: close the socket at once, for its buffer would keep it open."""
        if self._transport is not None:
            cut(self._transport)
        elif self._writing is not None:
            self._writing.cancel()


async def _disconnected(receive: Receive) -> None:
    """Wait until the client is gone; a body that it sends with its GET is passed over."""
    while (await receive())["type"] != "http.disconnect":
        pass


def _limit_unsent(transport: asyncio.Transport | None) -> None:
    if transport is None or transport.is_closing():
        return
    # Under TLS half a megabyte would wait before the server says that it is enough.
    transport.set_write_buffer_limits(high=HIGH_WATER_BYTES)
    sock = transport.get_extra_info("socket")
    if sock is not None and sock.family in {socket.AF_INET, socket.AF_INET6}:
        # A socket whose peer is gone refuses options on some systems; its end follows.
        with contextlib.suppress(OSError):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, NOTSENT_LOWAT_BYTES)

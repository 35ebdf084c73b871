"""Publishers: kept-alive HTTP/1.1 by hand; each posts the next when the last is answered."""

import asyncio
import time
from typing import cast

from hub.bench.frames import header_bytes
from hub.bench.load import EVENT_TYPE, Load, Target


class Poster(asyncio.Protocol):
    """One publisher.

    Attributes:
        answered: Posts that were answered 2xx.
        failure: Why it stopped before its time; empty when it did not.
        done: It has ended.
    """

    def __init__(self, target: Target, load: Load, number: int, begin: float) -> None:
        self._target = target
        self._number = number
        self._begin = begin
        self._end = begin + load.duration
        # Publishers take turns: the first posts events 0, 16, 32 …
        self._every = load.publishers / load.rate if load.rate else 0.0
        self._offset = number / load.rate if load.rate else 0.0
        self._room = data_bytes(target, load.size)
        self._buffer = b""
        self._sent = 0
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        # A post is under way, whose answer has not come.
        self._asked = False
        self._connecting: asyncio.Task[None] | None = None
        self.answered = 0
        self.failure = ""
        self.done: asyncio.Future[None] = self._loop.create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._transport = cast("asyncio.Transport", transport)
        self._next()

    def data_received(self, data: bytes) -> None:
        """Go on when an answer is whole."""
        self._buffer += data
        head, found, body = self._buffer.partition(b"\r\n\r\n")
        if not found or len(body) < _length(head):
            return
        self._buffer = b""
        self._asked = False
        if not head.startswith(b"HTTP/1.1 2"):
            self._stop(f"{head.splitlines()[0].decode()}: {body[:300].decode(errors='replace')}")
            return
        self.answered += 1
        self._next()

    def connection_lost(self, exc: Exception | None) -> None:
        """End, unless it was idle: servers let go of whom they have not heard for seconds."""
        self._transport = None
        if self._asked:
            self._stop(f"the connection ended before the answer: {exc or 'closed by the server'}")

    def give_up(self) -> None:
        """End without the answer."""
        self._stop("no answer came")

    async def connect(self) -> None:
        """Begin, or go on.

        Raises:
            OSError: Nobody answers.
        """
        target = self._target
        await self._loop.create_connection(lambda: self, target.host, target.port, ssl=target.tls())

    def _next(self) -> None:
        now = time.monotonic()
        due = self._begin + self._offset + self._sent * self._every
        if now >= self._end:
            self._stop("")
        elif due >= self._end:
            # What is a second is told of the whole time, not of that until the last event.
            self._loop.call_later(self._end - now, self._stop, "")
        elif due > now:
            self._loop.call_later(due - now, self._post, None)
        else:
            # Who answers late must not look early: an event that was due is late from then on.
            self._post(int(due * 1e9) if self._every else None)

    def _post(self, due_ns: int | None) -> None:
        if self.done.done():
            return
        if self._transport is None or self._transport.is_closing():
            self._connecting = self._loop.create_task(self._connect_again())
            return
        at = time.monotonic_ns() if due_ns is None else due_ns
        marks = b'{"at":%d,"n":%d,"p":%d,"pad":"' % (at, self._sent, self._number)
        pad = b"x" * (self._room - len(marks) - 2)
        self._sent += 1
        self._asked = True
        self._transport.write(
            self._target.post(b'{"type":"%b","data":%b%b"}}' % (EVENT_TYPE.encode(), marks, pad))
        )

    async def _connect_again(self) -> None:
        try:
            await self.connect()
        except OSError as error:
            self._stop(f"could not connect again: {error}")

    def _stop(self, failure: str) -> None:
        if self.done.done():
            return
        self.failure = failure
        self.done.set_result(None)
        if self._connecting is not None:
            self._connecting.cancel()
        if self._transport is not None:
            self._transport.close()


def data_bytes(target: Target, size: int) -> int:
    """Return how long an event's data is in a frame of so many bytes."""
    return size - header_bytes(size - 4) - target.envelope


def _length(head: bytes) -> int:
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    return 0

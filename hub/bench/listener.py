"""Subscribers: bare protocol objects that ask for the upgrade and count what comes."""

import asyncio
import time
from array import array
from collections.abc import Callable, Sequence
from typing import cast

import msgspec

from hub.bench.frames import CLOSE, PING, TEXT, Control, Counter, Splitter, masked
from hub.bench.load import EVENT_TYPE, Target
from hub.bench.order import Order
from hub.errors import Unavailable

_PONG = 0x8A
_END_OF_HEAD = b"\r\n\r\n"
_UPGRADED = b"HTTP/1.1 101 "


class Listener(asyncio.Protocol):
    """One subscriber that counts.

    Attributes:
        ready: Done when the subscription stands; fails when it was refused.
        counter: What has come since.
        pings: Pings that were answered.
        ended: Close code, once the server has ended it; 1006 when it said none.
    """

    def __init__(self, target: Target, counter: Counter) -> None:
        self._target = target
        # Nothing is there to be ended of those that were not even connected.
        self._abort: Callable[[], object] = bool
        self._head: bytes | None = b""
        self.counter = counter
        self.pings = 0
        self.ended: int | None = None
        self.ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the upgrade."""
        self._transport = cast("asyncio.Transport", transport)
        self._abort = self._transport.abort
        self._transport.write(self._target.upgrade())

    def data_received(self, data: bytes) -> None:
        """Count."""
        if self._head is not None:
            data = self._open(data)
        self.take(data)
        if not self.ready.done() and self.counter.texts:
            self.ready.set_result(None)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 asyncio's signature
        """Note the end."""
        if self.ended is None:
            self.ended = 1006
        if not self.ready.done():
            said = (self._head or b"").decode(errors="replace")[:500].replace("\r\n", " ").strip()
            self.ready.set_exception(
                Unavailable(f"expected a WebSocket, got {said or f'an end with {self.ended}'}")
            )

    def take(self, data: bytes) -> None:
        """Look at frames."""
        for control in self.counter.feed(data):
            self.answer(control)

    def answer(self, control: Control) -> None:
        """Do what the protocol demands of a client."""
        if control.first == PING:
            self.pings += 1
            self._transport.write(masked(_PONG, control.payload))
        elif control.first == CLOSE:
            self.ended = int.from_bytes(control.payload[:2], "big") or 1005
            self._transport.write(masked(CLOSE, control.payload[:2]))
            self._transport.close()

    def leave(self) -> None:
        """End it."""
        self._abort()

    def _open(self, data: bytes) -> bytes:
        """Read the answer to the upgrade; return what stands behind it."""
        head, found, rest = ((self._head or b"") + data).partition(_END_OF_HEAD)
        if not found or not head.startswith(_UPGRADED):
            # A refusal ends with the connection; until then its words are gathered.
            self._head = head + found + rest
            if found:
                self._transport.close()
            return b""
        self._head = None
        if not self._target.greets and not self.ready.done():
            self.ready.set_result(None)
        return rest


class Marks(msgspec.Struct):
    """What a publisher wrote into an event: when (monotonic, ns), which one, whose."""

    at: int
    n: int
    p: int


class _Event(msgspec.Struct):
    type: str
    data: msgspec.Raw = msgspec.Raw(b"{}")
    offset: int = 0


_event = msgspec.json.Decoder(_Event)
_marks = msgspec.json.Decoder(Marks)


class Sampled(Listener):
    """A subscriber that reads every event: its order, and how long it took.

    Attributes:
        took_ns: From the post to here, one an event.
        orders: By offset where the server gives offsets, else by publisher.
    """

    def __init__(
        self, target: Target, counter: Counter, clock: Callable[[], int] = time.monotonic_ns
    ) -> None:
        super().__init__(target, counter)
        self._splitter = Splitter()
        self._clock = clock
        self.took_ns = array("q")
        self.orders: dict[int, Order] = {}

    def take(self, data: bytes) -> None:
        """Read frames."""
        now = self._clock()
        super().take(data)
        for frame in self._splitter.feed(data):
            if frame.first == TEXT:
                self._read(frame.payload, now)

    def lost(self, posted: Sequence[int]) -> int:
        """Return how many of the events never came; `posted` is how many each publisher did."""
        head = self._target.head
        lasts = (
            {0: head + sum(posted)}
            if head is not None
            else {number: count - 1 for number, count in enumerate(posted)}
        )
        return sum(self._order(stream).lost(last) for stream, last in lasts.items())

    def _read(self, text: bytes, now: int) -> None:
        event = _event.decode(text)
        if event.type != EVENT_TYPE:
            return
        marks = _marks.decode(event.data)
        self.took_ns.append(now - marks.at)
        if self._target.head is None:
            self._order(marks.p).saw(marks.n)
        else:
            self._order(0).saw(event.offset)

    def _order(self, stream: int) -> Order:
        if stream not in self.orders:
            head = self._target.head
            self.orders[stream] = Order(0 if head is None else head + 1)
        return self.orders[stream]

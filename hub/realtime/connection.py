"""A connection: one socket as this node sees it, and when it can take more."""

import asyncio
from collections.abc import Callable
from random import getrandbits
from typing import Any, Protocol

from hub.errors import HubError
from hub.model import roster
from hub.model.principal import ANONYMOUS, Principal
from hub.realtime.formats import JSON, Format, to_json
from hub.realtime.frames import Batch, written
from hub.realtime.view import View


class Sink(Protocol):
    """What a transport brings: one open WebSocket."""

    def write(self, batch: Batch) -> None:
        """Send frames. The transport calls `Connection.pause` when its buffer is full."""
        ...

    def ping(self, batch: Batch) -> None:
        """Send frames and a ping; the transport calls `Session.alive` when the pong comes."""
        ...

    def close(self, code: int, reason: str) -> None:
        """Send a close frame, then close; after a grace the rest of the buffer is dropped."""
        ...

    def buffered(self) -> int:
        """Return the bytes that wait in the transport."""
        ...

    def pause_reading(self) -> None:
        """Take no more frames from the client."""
        ...

    def resume_reading(self) -> None:
        """Take frames again."""
        ...


class Followed(Protocol):
    """One channel that a client follows."""

    @property
    def offset(self) -> int:
        """Return where the client stands."""
        ...

    @property
    def behind(self) -> int:
        """Return how many events it is behind its node."""
        ...

    @property
    def mode(self) -> roster.Mode:
        """Return how it gets its events; see `model.roster.Followed`."""
        ...

    @property
    def view(self) -> View:
        """Return what it has asked for."""
        ...

    def stall(self) -> None:
        """Write nothing: the socket is full."""
        ...

    def pull(self) -> None:
        """Write what is missing, as far as the socket takes it."""
        ...

    def close(self) -> None:
        """Write nothing any more."""
        ...


class Connection:
    """One socket.

    Attributes:
        client_id: Unique on all nodes.
        form: How its frames are written.
        principal: Who it is.
        address: Where it comes from; empty: nowhere in a network.
        client: What the program calls itself.
        opened_us: When it was welcomed; 0: it was not yet.
        is_stream: It is one of Server-Sent Events.
        fd: What many sockets can be sent to by, past their transports; -1: not this one.
        writable: False while the transport's buffer is over its mark.
        subscriptions: By channel.
        touched: False when nothing was written to the transport since it was seen to be free.
        written: Frames written so far.
        on_resume: Called when the buffer has drained.
        on_give_up: Called to close it for a reason.
        on_refresh: Called to begin a fresh snapshot of a channel; says whether there is one.
    """

    __slots__ = (
        "_drained",
        "_held",
        "address",
        "client",
        "client_id",
        "closed",
        "fd",
        "form",
        "is_stream",
        "on_give_up",
        "on_refresh",
        "on_resume",
        "opened_us",
        "principal",
        "sink",
        "subscriptions",
        "touched",
        "transport",
        "writable",
        "written",
    )

    def __init__(
        self,
        client_id: str,
        sink: Sink,
        form: Format = JSON,
        principal: Principal = ANONYMOUS,
        address: str = "",
    ) -> None:
        self.client_id = client_id
        self.sink = sink
        self.form = form
        self.principal = principal
        self.address = address
        self.client = ""
        self.opened_us = 0
        self.is_stream = False
        self.fd = -1
        self.transport: asyncio.WriteTransport | None = None
        self.writable = True
        self.closed = False
        self.touched = True
        self.subscriptions: dict[str, Followed] = {}
        self.written = 0
        self.on_resume: Callable[[], None] = _nothing
        self.on_give_up: Callable[[HubError], None] = _nothing
        self.on_refresh: Callable[[str], bool] = _refuse
        self._held = False
        self._drained: asyncio.Future[None] | None = None

    @property
    def protocol(self) -> roster.Protocol:
        """Return what it speaks."""
        if self.is_stream:
            return "sse"
        return "json" if self.form is JSON else "msgpack"

    @property
    def ready(self) -> bool:
        """Say whether the socket is there and takes more."""
        return self.writable and not self.closed

    def write(self, batch: Batch) -> None:
        """Write frames, unless the socket is gone."""
        if not self.closed:
            self.written += len(batch.frames)
            self.touched = True
            self.sink.write(batch)

    def lend(self, fd: int, transport: asyncio.WriteTransport) -> None:
        """Let frames be sent past the transport, as long as the socket is there."""
        if fd >= 0 and not self.closed:
            self.fd, self.transport = fd, transport

    def is_free(self) -> bool:
        """Say whether frames may be sent past the transport: there nothing waits, nor ends."""
        lent = self.transport
        free = lent is not None and not (lent.get_write_buffer_size() or lent.is_closing())
        self.touched = not free
        return free

    def write_rest(self, data: memoryview) -> None:
        """Let the transport have what the socket did not take."""
        if self.transport is not None and not self.transport.is_closing():
            self.touched = True
            self.transport.write(data)

    def waiting(self) -> int:
        """Return the bytes that wait in the transport."""
        return 0 if self.is_free() else self.sink.buffered()

    def say(self, told: Any) -> None:
        """Write one object to this client alone."""
        self.write(Batch((written(to_json(told), self.form),)))

    def ask(self, told: Any) -> None:
        """Write one object to this client alone, and see whether it answers."""
        if not self.closed:
            self.written += 1
            self.touched = True
            self.sink.ping(Batch((written(to_json(told), self.form),)))

    def give_up(self, failure: HubError) -> None:
        """Close it for a reason."""
        self.on_give_up(failure)

    def refresh(self, channel: str) -> bool:
        """Begin a fresh snapshot of a channel; say whether there is one."""
        return self.on_refresh(channel)

    def pause(self) -> None:
        """The buffer is full: live subscriptions become cursors, commands wait."""
        self.writable = False
        self.sink.pause_reading()
        for subscription in self.subscriptions.values():
            subscription.stall()

    def resume(self) -> None:
        """The buffer has drained: the cursors go on."""
        self.writable = True
        if not self._held:
            self.sink.resume_reading()
        self._wake()
        # Before the cursors: one far behind fills the buffer again and again.
        self.on_resume()
        for subscription in tuple(self.subscriptions.values()):
            subscription.pull()

    def hold(self) -> None:
        """Enough commands wait: take no more of them."""
        self._held = True
        self.sink.pause_reading()

    def release(self) -> None:
        """Take commands again."""
        if self._held:
            self._held = False
            if self.writable:
                self.sink.resume_reading()

    async def drained(self) -> None:
        """Wait until the socket takes more, or is gone."""
        while not (self.writable or self.closed):
            if self._drained is None:
                self._drained = asyncio.get_running_loop().create_future()
            await self._drained

    def follow(self, channel: str, subscription: Followed) -> None:
        """Follow a channel; a subscription of the same channel is replaced."""
        self.leave(channel)
        self.subscriptions[channel] = subscription
        subscription.pull()

    def leave(self, channel: str) -> bool:
        """Stop following a channel; say whether it was followed."""
        before = self.subscriptions.pop(channel, None)
        if before is not None:
            before.close()
        return before is not None

    def positions(self) -> dict[str, int]:
        """Return where this client stands in each of its channels."""
        return {name: sub.offset for name, sub in self.subscriptions.items()}

    def lost(self) -> None:
        """The socket is gone."""
        self.closed = self.touched = True
        self.fd, self.transport = -1, None
        self._held = False
        self.on_resume = self.on_give_up = _nothing
        self.on_refresh = _refuse
        for subscription in self.subscriptions.values():
            subscription.close()
        self.subscriptions.clear()
        self._wake()

    def _wake(self) -> None:
        if self._drained is not None and not self._drained.done():
            self._drained.set_result(None)
        self._drained = None


def new_client_id() -> str:
    """Return a random UUID (RFC 9562, 5.4), at a tenth of the standard library's time."""
    # An id opens nothing, so it needs no call of the kernel.
    digits = f"{getrandbits(128):032x}"
    variant = "89ab"[int(digits[16], 16) & 3]
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:]}"


def _nothing(*_: object) -> None:
    pass


def _refuse(_channel: str) -> bool:
    return False

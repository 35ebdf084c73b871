"""One node of the realtime half without I/O: a log in memory, sockets that fill up, fake time."""

import asyncio
import json
from collections.abc import Awaitable, Coroutine, Mapping, Sequence
from typing import Any, cast

import msgspec

from hub.auth.authentication import Authentication
from hub.clock import Timers
from hub.errors import LogUnavailable
from hub.model.event import BUILT_IN_CHANNELS, Event
from hub.model.unit import Head
from hub.realtime.connection import Connection
from hub.realtime.fanout import Fanout
from hub.realtime.frames import Batch
from hub.realtime.heartbeat import Heartbeats
from hub.realtime.interest import Interest
from hub.realtime.ladder import Ladder
from hub.realtime.node import FindPrincipal, NoteRefusal, Page
from hub.realtime.session import Session
from support.clocks import FakeClock, FakeTimers
from support.principals import Tokens

MAX_BEHIND_S = 60.0
EPOCH = "e1"


class MemoryEvents:
    """The log, as far as readers see it: contiguous events, pruned from the front."""

    def __init__(self) -> None:
        self.heads = {name: Head() for name in BUILT_IN_CHANNELS}
        self.broken = False
        self._events: dict[str, dict[int, Event]] = {name: {} for name in BUILT_IN_CHANNELS}

    def begin(self, channel: str) -> None:
        """Make a channel, if it is not there."""
        self.heads.setdefault(channel, Head())
        self._events.setdefault(channel, {})

    def append(self, channel: str, data: bytes = b"{}") -> Event:
        """Commit one event."""
        head = self.heads[channel]
        head.offset += 1
        event = Event(channel, head.offset, f"id-{head.offset}", "job_update", 1, "me", data)
        self._events[channel][head.offset] = event
        return event

    def prune(self, channel: str, below: int) -> None:
        """Forget what is older than `below`."""
        head = self.heads[channel]
        while head.oldest < min(below, head.offset + 1):
            del self._events[channel][head.oldest]
            head.oldest += 1

    async def read(self, channel: str, after: int, limit: int) -> Sequence[Event]:
        """Return a page, oldest first."""
        if self.broken:
            raise LogUnavailable("broken by the test")
        events = self._events[channel]
        wanted = range(max(after + 1, self.heads[channel].oldest), self.heads[channel].offset + 1)
        return [events[offset] for offset in wanted[:limit]]

    async def newest(self, channel: str, limit: int, max_bytes: int) -> Sequence[Event]:
        """Return the last events, oldest first."""
        del max_bytes
        return list(self._events[channel].values())[-limit:]


class Work:
    """What was spawned, run when the test says so; see `realtime.feed.Spawn`."""

    def __init__(self) -> None:
        self._waiting: list[tuple[Coroutine[Any, Any, None], asyncio.Future[None] | None]] = []

    def __len__(self) -> int:
        return len(self._waiting)

    def spawn(self, work: Awaitable[None]) -> None:
        """Keep it for later."""
        self._waiting.append((cast("Coroutine[Any, Any, None]", work), None))

    def run(self) -> None:
        """Step everything once; what waits for a socket that is still full is kept."""
        waiting, self._waiting = self._waiting, []
        for work, future in waiting:
            if future is not None and not future.done():
                self._waiting.append((work, future))
                continue
            try:
                self._waiting.append((work, work.send(None)))
            except (StopIteration, LogUnavailable):
                continue

    def close(self) -> None:
        """Throw away what still waits."""
        for work, _ in self._waiting:
            work.close()
        self._waiting.clear()


class SlowSocket:
    """A `realtime.connection.Sink` whose buffer fills after `capacity` bytes."""

    def __init__(self, capacity: int = 1 << 30) -> None:
        self.capacity = capacity
        self.frames: list[dict[str, Any]] = []
        self.closed: tuple[int, str] | None = None
        self.pings = 0
        self.reading = True
        self.most_buffered = 0
        self.connection: Connection | None = None
        self._buffered = 0

    def write(self, batch: Batch) -> None:
        """Take frames; say so when the buffer is full."""
        assert self.closed is None, "wrote after the close frame"
        self.frames += [json.loads(frame.payload) for frame in batch.frames]
        self._buffered += len(batch.wire)
        self.most_buffered = max(self.most_buffered, self._buffered)
        if self._buffered > self.capacity and self.connection is not None:
            self.connection.pause()

    def drain(self) -> None:
        """The client has read everything."""
        self._buffered = 0
        if self.connection is not None and not self.connection.writable:
            self.connection.resume()

    def ping(self, batch: Batch) -> None:
        """Count pings."""
        self.write(batch)
        self.pings += 1

    def close(self, code: int, reason: str) -> None:
        """Note the close."""
        self.closed = (code, reason)

    def buffered(self) -> int:
        """Return the bytes that wait."""
        return self._buffered

    def pause_reading(self) -> None:
        """Note it."""
        self.reading = False

    def resume_reading(self) -> None:
        """Note it."""
        self.reading = True

    def take(self) -> list[dict[str, Any]]:
        """Return the frames since the last call."""
        frames, self.frames = self.frames, []
        return frames


class Pages:
    """A snapshot of a few items; see `realtime.node.SnapshotPages`."""

    def __init__(self, epoch: str, offset: int, left: list[msgspec.Raw]) -> None:
        self.epoch = epoch
        self.offset = offset
        self.left = left

    async def page(self, limit: int) -> tuple[Sequence[msgspec.Raw], bool]:
        """Return one item a page, whatever the limit."""
        del limit
        return [self.left.pop(0)], bool(self.left)

    async def close(self) -> None:
        """Nothing to let go."""


class MemoryQueries:
    """What clients ask besides events, from the log in memory."""

    def __init__(self, log: MemoryEvents) -> None:
        self._log = log

    async def history(
        self,
        channel: str,
        *,
        limit: int,
        since: int | None,
        before: int | None,
        owner: str | None = None,
    ) -> Page:
        """Return ids of a page, as JSON."""
        del before
        found = await self._log.read(channel, since or 0, limit)
        shown = [event for event in found if owner in {None, event.owner}]
        events = [json.dumps({"offset": event.offset}).encode() for event in shown]
        return Page(self._log.heads[channel].offset, events)

    async def head(self, channel: str) -> Head | None:
        """Return what the log holds of a channel."""
        return self._log.heads.get(channel)

    async def snapshot(self, channel: str, owner: str | None = None) -> Pages:
        """Return two items at the head; of one owner, one that names it."""
        if owner is not None:
            own = [msgspec.Raw(b'{"item":"%b"}' % owner.encode())]
            return Pages(EPOCH, self._log.heads[channel].offset, own)
        items = [msgspec.Raw(b'{"item":1}'), msgspec.Raw(b'{"item":2}')]
        return Pages(EPOCH, self._log.heads[channel].offset, items)

    async def status(self) -> Mapping[str, Any]:
        """Return an empty hub."""
        return {
            "node": "n1",
            "epoch": EPOCH,
            "positions": {},
            "uptime_s": 0,
            "connections": 0,
            "subscriptions": {},
            "queued_bytes": 0,
        }


class FakeNode:
    """One node; see `realtime.node.Realtime`. `restart` makes a new one on the same log."""

    def __init__(self, log: MemoryEvents, *, epoch: str = EPOCH, ring_frames: int = 8) -> None:
        self.log = log
        self.clock = FakeClock()
        self.fake_timers = FakeTimers()
        self.timers: Timers = self.fake_timers
        self.work = Work()
        self.spawn = self.work.spawn
        self.queries = MemoryQueries(log)
        self.ladder = Ladder(self.timers, MAX_BEHIND_S)
        self.heartbeats = Heartbeats(self.timers, 25.0, 10.0)
        self.tokens = Tokens()
        self.find: FindPrincipal = Authentication((self.tokens,), self.clock, required=True).find
        self.refused: NoteRefusal = lambda _failure, _principal, _address: None
        self.followed: list[str] = []
        interest = Interest(self.followed.append, self.followed.remove)
        for channel in log.heads:
            interest.hear(channel)
        self.fanout = Fanout(
            node="n1",
            epoch=epoch,
            interest=interest,
            timers=self.timers,
            read_log=log.read,
            spawn=self.spawn,
            ring_frames=ring_frames,
        )
        opening = self.fanout.open(log.heads, log.newest)
        try:
            opening.send(None)
        except StopIteration:
            return
        raise AssertionError("opening the feeds waits for nothing here")

    def publish(self, channel: str = "jobs", data: bytes = b"{}") -> Event:
        """Commit an event and tell this node's clients."""
        event = self.log.append(channel, data)
        self.fanout.deliver([event])
        return event

    def settle(self) -> None:
        """Run ticks and reads until nothing is due now."""
        for _ in range(100):
            self.work.run()
            self.fake_timers.advance(0.001)

    def connect(
        self, socket: SlowSocket, channels: Sequence[str] | None = None
    ) -> tuple[Connection, Session]:
        """Let a client in."""
        connection = Connection("c1", socket)
        socket.connection = connection
        return connection, Session(connection, self, channels)


def command(**fields: Any) -> bytes:
    """Return a command's text."""
    return json.dumps(fields).encode()

"""The pipe: one socket between a node and a client, with a buffer that fills up."""

from collections import deque
from collections.abc import Callable, Mapping
from typing import NamedTuple

import msgspec

from hub.realtime.connection import Connection
from hub.realtime.frames import Batch, Frame
from simulator.store import Store
from simulator.violation import demand
from support.clocks import FakeTimers

# What a ping is among the frames.
PING = None


class Came(NamedTuple):
    """A frame or a ping, and what the node knew when it was written: the heads of its channels."""

    frame: Frame | None
    heads: Mapping[str, int]


class Pipe:
    """A `realtime.connection.Sink`.

    Args:
        capacity: Bytes above which the node is told to pause.
        timers: The node's.
        store: Tells what is gone.
        pruned: By channel, below which offset this node itself has pruned.
        heads: Returns what the node knows of each channel.

    Attributes:
        reading: The node takes commands.
        closed: The close code, once the node has said one.
        gone: Nothing more is written: the process or the network is gone.
    """

    def __init__(
        self,
        capacity: int,
        timers: FakeTimers,
        store: Store,
        pruned: Mapping[str, int],
        heads: Callable[[], Mapping[str, int]],
    ) -> None:
        self.reading = True
        self.closed: int | None = None
        self.gone = False
        self.connection: Connection | None = None
        self._capacity = capacity
        self._timers = timers
        self._store = store
        self._pruned = pruned
        self._heads = heads
        self._items: deque[Came] = deque()
        self._buffered = 0
        self._paused = False

    def __len__(self) -> int:
        return len(self._items)

    @property
    def ended(self) -> bool:
        """Whether the client has read everything that will ever come."""
        return not self._items and (self.gone or self.closed is not None)

    def write(self, batch: Batch) -> None:
        """Take frames; say so when the buffer is full."""
        demand(self.closed is None, "expected nothing after the close frame, got frames")
        if self.gone:
            return
        for frame in batch.frames:
            if frame.payload.startswith(b'{"type":"gap"'):
                self._check_gap(frame.payload)
            elif frame.payload.startswith(b'{"type":"subscribed"'):
                self._check_recovery(frame.payload)
        self._check_prevs(batch)
        heads = self._heads()
        self._items += [Came(frame, heads) for frame in batch.frames]
        self._buffered += len(batch.wire)
        if self._buffered > self._capacity and not self._paused and self.connection is not None:
            self._paused = True
            self.connection.pause()

    def take(self) -> Came:
        """Read the next item; the buffer drains, of which the node learns in its next tick."""
        item = self._items.popleft()
        if item.frame is not None:
            self._buffered -= len(item.frame.wire)
        if self._paused and self._buffered <= self._capacity // 4 and not self.gone:
            self._paused = False
            assert self.connection is not None
            self._timers.call_soon(self.connection.resume)
        return item

    def cut(self, keep: int) -> None:
        """Break it: the client reads so many items yet, and then the end."""
        while len(self._items) > keep:
            self._items.pop()
        self.gone = True

    def ping(self, batch: Batch) -> None:
        """Send frames, and a ping behind them."""
        self.write(batch)
        self._items.append(Came(PING, {}))

    def close(self, code: int, reason: str) -> None:
        """Note the close."""
        del reason
        self.closed = code

    def buffered(self) -> int:
        """Return the bytes that wait."""
        return self._buffered

    def pause_reading(self) -> None:
        """Note it."""
        self.reading = False

    def resume_reading(self) -> None:
        """Note it."""
        self.reading = True

    def _check_prevs(self, batch: Batch) -> None:
        """Of frames that are written together, each names the one before it: that hides no loss."""
        newest: dict[str, int] = {}
        for frame in batch.frames:
            if frame.offset and b'"prev":' in frame.payload:
                event = msgspec.json.decode(frame.payload)
                prev, before = event["prev"], newest.get(event["channel"], event["prev"])
                demand(prev == before, f"expected a prev of {before}, got {event}")
                newest[event["channel"]] = event["offset"]

    def _check_gap(self, payload: bytes) -> None:
        """Look at once: what is gone later was perhaps not gone when the gap was said."""
        gap = msgspec.json.decode(payload)
        oldest = self._store.history(gap["epoch"], gap["channel"]).oldest
        demand(gap["to"] < oldest, f"expected a gap of what is gone (below {oldest}), got {gap}")

    def _check_recovery(self, payload: bytes) -> None:
        """What a node has pruned itself it must not promise."""
        reply = msgspec.json.decode(payload)
        oldest = self._pruned.get(reply["channel"], 1)
        fair = not reply["recovered"] or reply["offset"] >= oldest - 1
        demand(fair, f"expected a refusal of what is below {oldest}, got {reply}")

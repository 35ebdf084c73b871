"""The feed: one channel on this node. Its head, its ring, and who listens live.

Two kinds of listeners. *Live* ones stand at `flushed` and get every new frame at the end of
the tick. All others are cursors: they stand at an offset of their own and pull pages, from the
ring or from the log, as their socket drains. A cursor that reaches `flushed` becomes live in
the same tick, so no event can fall between the two.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from hub.model.event import Event, encode
from hub.model.unit import Head
from hub.realtime.early import Early
from hub.realtime.frames import Batch, Frame
from hub.realtime.interest import Interest
from hub.realtime.ring import Ring

# One page of a catch-up: about what a socket's buffer takes.
PAGE_BYTES = 64 * 1024
PAGE_EVENTS = 128

ReadLog = Callable[[str, int, int], Awaitable[Sequence[Event]]]
Spawn = Callable[[Awaitable[None]], None]


class Listener(Protocol):
    """Who a feed writes to."""

    def deliver(self, batch: Batch) -> None:
        """Write new frames now."""
        ...

    def fall_behind(self) -> None:
        """Leave the live ones and become a cursor at `flushed`."""
        ...

    def pull(self) -> None:
        """As a cursor, fetch what is missing."""
        ...


# Called with the offset of the first frame and the frames that follow an offset; with None
# when the log could not be read.
TakePage = Callable[[int | None, Sequence[Frame]], None]


class Feed:
    """One channel on this node.

    Attributes:
        head: Newest offset that this node knows.
        flushed: Newest offset that has been written to the live listeners.
        oldest: Oldest offset that the log still holds.
        early: Events that came before their turn.
    """

    def __init__(
        self,
        channel: str,
        head: Head,
        ring: Ring,
        early: Early,
        interest: Interest,
        *,
        read_log: ReadLog,
        spawn: Spawn,
    ) -> None:
        self.channel = channel
        self.head = head.offset
        self.flushed = head.offset
        self.oldest = head.oldest
        self.live: set[Listener] = set()
        self.early = early
        self._ring = ring
        self._interest = interest
        self._pending: list[Frame] = []
        self._read_log = read_log
        self._spawn = spawn
        self._reading: dict[int, list[TakePage]] = {}

    @property
    def is_heard(self) -> bool:
        """Say whether the news of this channel come here; else its head may be an old one."""
        return self._interest.hears(self.channel)

    def join(self) -> None:
        """Somebody follows the channel."""
        self._interest.begin(self.channel)

    def part(self) -> None:
        """Somebody does not any more."""
        self._interest.end(self.channel)

    def warm(self, events: Sequence[Event]) -> None:
        """Fill the ring with the newest events, oldest first; before anybody listens."""
        for event in events:
            self._ring.append(event.offset, Frame(encode(event)))

    def append(self, event: Event) -> bool:
        """Take the next event; it is written at the next `flush`.

        Returns:
            False when it is not the next one: seen already, or one before it is still missing.
        """
        if event.offset == 0:
            self._pending.append(Frame(encode(event)))
            return True
        if event.offset != self.head + 1:
            return False
        self._add(event)
        self._take_early()
        return True

    def jump(self, offset: int) -> bool:
        """Go on at `offset`, although events before it have not come: the log has them.

        The live listeners become cursors, which read the missing ones in order.

        Returns:
            True when early events are to be written at the next `flush`.
        """
        self.flush()
        listeners = tuple(self.live)
        for listener in listeners:
            listener.fall_behind()
        self.head = self.flushed = offset - 1
        for listener in listeners:
            listener.pull()
        self.early.forget(self.head)
        return self._take_early()

    def flush(self) -> None:
        """Write what is new to every live listener, as one buffer."""
        if not self._pending:
            return
        batch, self._pending = Batch(self._pending), []
        # Before the writes: a socket that fills up meanwhile leaves the live ones at the new head.
        self.flushed = self.head
        for listener in tuple(self.live):
            listener.deliver(batch)

    def after(self, offset: int) -> list[Frame] | None:
        """Return the next page of frames from the ring; empty at `flushed`, None if not there."""
        if offset >= self.flushed:
            return []
        return self._ring.after(offset, self.flushed, PAGE_BYTES)

    def read(self, offset: int, take: TakePage) -> None:
        """Read the page after `offset` from the log; cursors at one place share the reading."""
        waiting = self._reading.setdefault(offset, [])
        waiting.append(take)
        if len(waiting) == 1:
            self._spawn(self._read(offset))

    def _add(self, event: Event) -> None:
        frame = Frame(encode(event))
        self.head = event.offset
        self._ring.append(event.offset, frame)
        self._pending.append(frame)

    def _take_early(self) -> bool:
        while self.early and (event := self.early.next(self.head + 1)) is not None:
            self._add(event)
        return bool(self._pending)

    async def _read(self, offset: int) -> None:
        first: int | None = None
        frames: list[Frame] = []
        # What is flushed while the log answers is not in the answer, and not gone either.
        upto = self.flushed
        try:
            events = await self._read_log(self.channel, offset, PAGE_EVENTS)
            frames = [Frame(encode(event)) for event in events if event.offset <= self.flushed]
            first = events[0].offset if frames else upto + 1
        finally:
            # Whatever happened, the cursors must be told: each would wait for ever.
            for take in self._reading.pop(offset):
                take(first, frames)

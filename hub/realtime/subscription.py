"""A subscription: one client's standing in one channel, live or as a cursor."""

from collections.abc import Sequence
from typing import Protocol

from hub.clock import Timers
from hub.realtime import replies
from hub.realtime.feed import Feed
from hub.realtime.frames import Batch, Frame

# How long a cursor waits before it asks a log again that could not be read.
RETRY_S = 1.0
# How long a client that has seen more than this node waits for the node's news.
AHEAD_S = 0.005


class Outlet(Protocol):
    """The socket of a subscription, as far as it writes."""

    writable: bool

    def write(self, batch: Batch) -> None:
        """Write frames; `writable` may be False afterwards."""
        ...


class Subscription:
    """Brings a channel's events to one client, each once and in order, from `offset` on.

    Holds no frames: a client that is behind is an offset, and pulls the next page when its
    socket has drained.
    """

    __slots__ = ("_closed", "_epoch", "_feed", "_offset", "_outlet", "_pulling", "_timers", "live")

    def __init__(
        self, feed: Feed, outlet: Outlet, timers: Timers, *, epoch: str, offset: int
    ) -> None:
        self.live = False
        self._feed = feed
        self._outlet = outlet
        self._timers = timers
        self._epoch = epoch
        self._offset = offset
        self._pulling = False
        self._closed = False
        feed.join()

    @property
    def offset(self) -> int:
        """Return the newest offset that was written to this client."""
        return self._feed.flushed if self.live else self._offset

    @property
    def lag(self) -> int:
        """Return how many events this client is behind the node."""
        return self._feed.head - self.offset

    def deliver(self, batch: Batch) -> None:
        """Write new frames to a live client."""
        self._outlet.write(batch)

    def fall_behind(self) -> None:
        """Become a cursor: the socket is full, or the node itself misses events."""
        if self.live:
            self._offset = self._feed.flushed
            self.live = False
            self._feed.live.discard(self)

    def pull(self) -> None:
        """Write the next page, if the socket takes one; go live when there is none left."""
        if self.live or self._pulling or self._closed or not self._outlet.writable:
            return
        if self._offset > self._feed.flushed and not self._reached():
            self._timers.call_later(AHEAD_S, self.pull)
            return
        frames = self._feed.after(self._offset)
        if frames is None:
            self._pulling = True
            self._feed.read(self._offset, self._take)
        elif frames:
            self._write(frames)
        else:
            self.live = True
            self._feed.live.add(self)

    def close(self) -> None:
        """Write nothing any more."""
        if not self._closed:
            self._feed.part()
        self._closed = True
        self.live = False
        self._feed.live.discard(self)

    def _reached(self) -> bool:
        """Let the node catch up with a client that read a commit from the log before its news.

        Going live before that would write the client's last events to it again.
        """
        if self._offset <= self._feed.head:
            self._feed.flush()
        return self._offset <= self._feed.flushed

    def _take(self, first: int | None, frames: Sequence[Frame]) -> None:
        self._pulling = False
        if self._closed:
            return
        if first is None:
            self._timers.call_later(RETRY_S, self.pull)
            return
        if first > self._offset + 1:
            self._say_gap(first - 1)
        if frames:
            self._write(frames)
        else:
            self.pull()

    def _write(self, frames: Sequence[Frame]) -> None:
        self._offset += len(frames)
        self._outlet.write(Batch(frames))
        # The rest in the next tick: one client far behind must not hold up the others.
        self._timers.call_soon(self.pull)

    def _say_gap(self, end: int) -> None:
        said = replies.Gap(
            channel=self._feed.channel,
            epoch=self._epoch,
            start=self._offset + 1,
            end=end,
            reason="expired",
        )
        self._offset = end
        self._outlet.write(Batch((Frame(replies.encode(said)),)))

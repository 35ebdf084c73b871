"""A subscription: one client's standing in one channel, live or as a cursor."""

from typing import Any, Literal, Protocol

from hub.errors import HubError, SlowConsumer
from hub.model import roster
from hub.realtime import listener, replies
from hub.realtime.feed import Feed
from hub.realtime.group import Group
from hub.realtime.ladder import Ladder, Lag, Mode
from hub.realtime.pages import Stretch
from hub.realtime.view import PLAIN, View
from hub.telemetry.spans import Span

# How long a cursor waits before it asks a log again that could not be read.
RETRY_S = 1.0
# How long a client that has seen more than this node waits for the node's news.
AHEAD_S = 0.005


class Outlet(listener.Outlet, Protocol):
    """The socket of a subscription, as far as it is concerned.

    Attributes:
        writable: False where it is full; a write may make it so.
    """

    writable: bool

    def say(self, told: Any) -> None:
        """Write one push to this client alone."""
        ...

    def give_up(self, failure: HubError) -> None:
        """Close it."""
        ...

    def refresh(self, channel: str) -> bool:
        """Begin a fresh snapshot in place of the subscription; False when there is none."""
        ...


class Subscription:
    """Brings a channel's events to one client, each once and in order, from `offset` on.

    Holds no frames: a client that is behind is an offset, and pulls the next page when its
    socket has drained.

    Args:
        late: Its client was told that it is behind, in the place of another subscription.

    Attributes:
        recovery: The span of its catch-up, which ends when it is live; None: nobody wants one.
    """

    __slots__ = (
        "_closed",
        "_epoch",
        "_feed",
        "_group",
        "_ladder",
        "_lag",
        "_late",
        "_offset",
        "_pulling",
        "_seen",
        "_waits",
        "outlet",
        "recovery",
        "view",
    )

    def __init__(
        self,
        feed: Feed,
        outlet: Outlet,
        ladder: Ladder,
        *,
        epoch: str,
        offset: int,
        view: View = PLAIN,
        late: bool = False,
    ) -> None:
        self.outlet = outlet
        self.view = view
        self._feed = feed
        self._ladder = ladder
        self._epoch = epoch
        self._offset = self._seen = offset
        self._group: Group | None = None
        self._lag: Lag | None = None
        self._late = late
        self._pulling = False
        self._waits = False
        self._closed = False
        self.recovery: Span | None = None
        feed.begin()

    @property
    def channel(self) -> str:
        """Return what it follows."""
        return self._feed.channel

    @property
    def live(self) -> bool:
        """Say whether new events are written at once."""
        return self._group is not None

    @property
    def offset(self) -> int:
        """Return up to which offset this client has everything that its view shows."""
        group = self._group
        return self._offset if group is None else group.position(self._feed.flushed)

    @property
    def behind(self) -> int:
        """Return how many events this client is behind the node, by its own fault."""
        return 0 if self._waits else self._feed.head - self.offset

    @property
    def mode(self) -> roster.Mode:
        """Return how it gets its events; see `model.roster.Followed`."""
        if self._group is not None or self._waits:
            return "live"
        return "replay" if self._lag is None else self._mode

    def fall_behind(self) -> None:
        """Become a cursor: the node itself misses events, or has too many for one write."""
        if self._group is not None:
            self._offset = self.offset
            self._group = None
            # A frame names the event before it; this client has had this one for certain.
            self._seen = max(self._seen, self._feed.leave(self, self.view))

    def stall(self) -> None:
        """Become a cursor because the client does not keep up."""
        if self._closed:
            return
        replays = self._group is None
        self.fall_behind()
        if self._lag is None:
            self._lag = Lag(self._ladder, lambda: self.behind, self._give_up, replays=replays)

    def pull(self) -> None:
        """Write the next page, if the socket takes one; go live when there is none left."""
        if self._group is not None or self._pulling or self._closed:
            return
        self._waits = False
        if self._lag is not None and self._lag.is_due and self.outlet.writable:
            self._tell(self._lag, self._mode)
        if not self.outlet.writable:
            return
        if self._offset > self._feed.flushed and not self._reached():
            self._ladder.timers.call_later(AHEAD_S, self.pull)
            return
        stretch = self._feed.after(self._offset, self.view)
        if stretch is None:
            self._look_further()
        elif stretch.frames:
            self._write(stretch)
        else:
            self._join()

    def pull_later(self) -> None:
        """Try again after a while: the log could not be read, or has no snapshot to give now."""
        self._pulling = False
        self._ladder.timers.call_later(RETRY_S, self.pull)

    def close(self) -> None:
        """Write nothing any more."""
        if self._closed:
            return
        self._closed = True
        self._group = None
        self._feed.leave(self, self.view)
        self._feed.end()
        if self.recovery is not None:
            self.recovery.end(failure="closed")
        if self._lag is not None:
            self._lag.end()
            # It holds this subscription, which would wait for the collector.
            self._lag = None

    @property
    def _mode(self) -> Literal["lossless", "conflated"]:
        return "lossless" if self.view.conflate is None else "conflated"

    def _reached(self) -> bool:
        """Say whether the node has caught up with a client that read the log before its news.

        Going live before that would write the client's last events to it again.
        """
        return self._offset <= self._feed.flushed

    def _join(self) -> None:
        self._group = self._feed.join(self, self.view, self._seen)
        if self.recovery is not None and self._group is not None:
            self.recovery.end()
            self.recovery = None
        # Until its group has had its next delivery, which may be long.
        self._waits = self._group is None
        if self._group is not None and (self._late or self._lag is not None):
            self._end_lag()

    def _end_lag(self) -> None:
        lag, late = self._lag, self._late
        # Before it is told: that may fill the socket, and another lag begins.
        self._lag, self._late = None, False
        if lag is not None:
            lag.end()
            late = late or lag.is_told
        if late:
            self.outlet.say(self._said(0, self._mode))

    def _look_further(self) -> None:
        """Memory does not hold the next event any more."""
        self._pulling = True
        lag = self._lag
        conflated = self.view.conflate is not None
        if conflated and lag is not None and self.outlet.refresh(self._feed.channel):
            self._tell(lag, "snapshot")
            return
        self._feed.read(self._offset, self._take)

    def _take(self, first: int | None, stretch: Stretch) -> None:
        self._pulling = False
        if self._closed:
            return
        if first is None:
            self.pull_later()
            return
        if first > self._offset + 1 and not self._pass_over(first - 1):
            return
        if stretch.frames:
            self._write(stretch)
        else:
            self.pull()

    def _write(self, stretch: Stretch) -> None:
        batch, self._offset, self._seen = stretch.page(self.view, self._seen)
        if batch is not None:
            self._feed.written += len(batch.frames)
            self.outlet.write(batch)
        if self._offset == self._feed.flushed and self.outlet.writable:
            self._join()
        else:
            # The rest in the next tick: one client far behind must not hold up the others.
            self._ladder.timers.call_soon(self.pull)

    def _pass_over(self, end: int) -> bool:
        """Retention has overtaken the client: say so, or close it if it is its own fault."""
        if self._lag is not None and not self._lag.replays:
            self._give_up()
            return False
        gap = replies.Gap(
            channel=self._feed.channel,
            epoch=self._epoch,
            start=self._offset + 1,
            end=end,
            reason="expired",
        )
        self._offset = self._seen = end
        self.outlet.say(gap)
        return True

    def _tell(self, lag: Lag, mode: Mode) -> None:
        lag.is_due, lag.is_told = False, True
        self._ladder.steps[mode] += 1
        self.outlet.say(self._said(self.behind, mode))

    def _said(self, behind: int, mode: Mode) -> replies.Lag:
        return replies.Lag(channel=self._feed.channel, behind=behind, mode=mode)

    def _give_up(self) -> None:
        self._ladder.steps["closed"] += 1
        self.outlet.give_up(
            SlowConsumer(
                f"expected a client that keeps up in {self._feed.channel}, got one that is "
                f"{self.behind} events behind"
            )
        )

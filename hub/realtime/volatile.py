"""Volatile channels on this node: what is told and not kept, but for the latest a key.

A client that reads as fast as events come gets each of them. One that does not gets nothing
while its socket is full, and when it has drained the latest of each key that changed meanwhile:
nothing waits for it but one number (docs/decisions/0011-volatile-channels.md).
"""

from collections.abc import Callable, Sequence

import msgspec

from hub.clock import Timers
from hub.model import roster
from hub.model.event import Event
from hub.realtime import replies
from hub.realtime.audience import Audience, Delivery, written_by
from hub.realtime.connection import Connection
from hub.realtime.feed import MAX_BATCH_BYTES
from hub.realtime.filters import Filter, read_facts
from hub.realtime.group import Group
from hub.realtime.interest import Interest
from hub.realtime.latest import Entry, Latest
from hub.realtime.listener import Listener
from hub.realtime.pages import PAGE_BYTES, Stretch
from hub.realtime.standing import Standing
from hub.realtime.subscription import Outlet
from hub.realtime.view import View

# Places that are remembered until the next event, for others who stand there.
_MAX_PLACES = 16


class VolatileFeed:
    """One volatile channel on this node.

    Args:
        channel: Its name.
        interest: Who follows it here.
        timers: The loop's.
        wake: Called when something is to be flushed that no event brought.

    Attributes:
        channel: Its name.
        at_us: The newest time of an event here; a later event has a later one.
        flushed: Number of the newest change that was written to the live listeners.
        latest: What is remembered.
        written: Events that clients were written, once for each client.
        fresh: Events of the last flush that somebody follows.
        since_us: Time of the oldest of them.
    """

    def __init__(
        self, channel: str, interest: Interest, timers: Timers, *, wake: Callable[[], None]
    ) -> None:
        self.channel = channel
        self.at_us = 0
        self.flushed = 0
        self.latest = Latest()
        self.written = self.fresh = self.since_us = 0
        self._interest = interest
        self._audience = Audience(timers, wake)
        self._pending: list[Entry] = []
        self._set_back: Sequence[Listener] = ()
        self._places: dict[int, Stretch] = {}
        # The state is nowhere else: a node that heard nothing would have nothing to show.
        interest.keep(channel)

    @property
    def live(self) -> Sequence[Listener]:
        """Return who gets what comes."""
        return self._audience.listeners()

    def begin(self) -> None:
        """Somebody follows the channel."""
        self._interest.begin(self.channel)

    def end(self) -> None:
        """Somebody does not any more."""
        self._interest.end(self.channel)

    def join(self, listener: Listener, view: View) -> Group | None:
        """Let a listener at `flushed` be live; None when it is told to pull again."""
        return self._audience.join(listener, view, 0)

    def leave(self, listener: Listener, view: View) -> None:
        """Let one be live no more."""
        self._audience.leave(listener, view)

    def append(self, event: Event) -> bool:
        """Take an event; it is written at the next `flush`.

        Returns:
            False when a later one of its key is there already.
        """
        entry = self.latest.put(event)
        if entry is None:
            return False
        self.at_us = max(self.at_us, event.at_us)
        self._pending.append(entry)
        return True

    def flush(self) -> Sequence[Delivery]:
        """Return what the live listeners are to be written now; see `Feed.flush`."""
        pending, self._pending = self._pending, []
        # Frames are built for somebody: most nodes only remember the events of most channels.
        frames = [entry.frame for entry in pending] if self._audience else []
        if sum(len(frame.wire) for frame in frames) > MAX_BATCH_BYTES:
            self._set_back = self._audience.listeners()
            for listener in self._set_back:
                listener.fall_behind()
        due = self._audience.share(frames)
        self.fresh = len(frames) if due else 0
        self.since_us = pending[0].event.at_us if pending else 0
        self.written += written_by(due)
        # Before the writes: a socket that fills up meanwhile misses what comes after this.
        self.flushed = self.latest.newest
        self._places.clear()
        return due

    def finish(self) -> None:
        """Let those pull who could not be written to with the others."""
        set_back, self._set_back = self._set_back, ()
        for listener in (*set_back, *self._audience.joining()):
            listener.pull()

    def after(self, number: int) -> Stretch:
        """Return the latest of what changed after a number, a page of it; empty when nothing did.

        Clients at one place, after a storm say, share what is made of it.
        """
        found = self._places.get(number)
        if found is None:
            entries = self.latest.after(number, self.flushed, PAGE_BYTES)
            found = Stretch([entry.frame for entry in entries])
            if len(self._places) >= _MAX_PLACES:
                self._places.clear()
            self._places[number] = found
        return found


class VolatileSubscription:
    """Brings a volatile channel to one client: what comes, or the latest of what it missed."""

    __slots__ = ("_closed", "_feed", "_group", "_missed", "_timers", "outlet", "view")

    def __init__(
        self, feed: VolatileFeed, outlet: Outlet, timers: Timers, *, after: int, view: View
    ) -> None:
        self.outlet = outlet
        self.view = view
        self._feed = feed
        self._timers = timers
        self._group: Group | None = None
        self._missed = after
        self._closed = False
        feed.begin()

    @property
    def channel(self) -> str:
        """Return what it follows."""
        return self._feed.channel

    @property
    def offset(self) -> int:
        """Return 0: nobody stands anywhere in a channel without offsets."""
        return 0

    @property
    def behind(self) -> int:
        """Return 0: what is missed is not counted."""
        return 0

    @property
    def mode(self) -> roster.Mode:
        """Return how it gets its events; see `model.roster.Followed`."""
        return "latest" if self._group is None else "live"

    def fall_behind(self) -> None:
        """Get nothing, but for the latest of what is missed, when it is pulled."""
        if self._group is not None:
            self._missed = self._group.position(self._feed.flushed)
            self._group = None
            self._feed.leave(self, self.view)

    def stall(self) -> None:
        """Get nothing: the socket is full. It may stay so for long: nothing waits for it."""
        self.fall_behind()

    def pull(self) -> None:
        """Write the latest of what was missed, if the socket takes it; then go live."""
        if self._group is not None or self._closed or not self.outlet.writable:
            return
        stretch = self._feed.after(self._missed)
        if not stretch.frames:
            self._group = self._feed.join(self, self.view)
            return
        batch, self._missed, _ = stretch.page(self.view, 0)
        if batch is not None:
            self._feed.written += len(batch.frames)
            self.outlet.write(batch)
        # The rest in the next tick: one client far behind must not hold up the others.
        self._timers.call_soon(self.pull)

    def close(self) -> None:
        """Write nothing any more."""
        if self._closed:
            return
        self._closed = True
        self._group = None
        self._feed.leave(self, self.view)
        self._feed.end()


def standing(epoch: str, *, refused: bool) -> Standing:
    """Return where a client begins: nowhere, and with a reason if it asked for what was."""
    return Standing(epoch, 0, 0, recovered=False, reason="volatile" if refused else None)


async def show(
    feed: VolatileFeed, connection: Connection, where: Filter | None, check: Callable[[], None]
) -> int:
    """Say the latest of every key, in pages, as the socket drains.

    Args:
        feed: Of the channel.
        connection: Who is told.
        where: What of it is shown.
        check: Raises where the client may not read the channel any more: pages take time.

    Returns:
        The change that it began with. What changed meanwhile is in no page, or in an old form:
        who goes on from there gets it.
    """
    after, upto, more = 0, feed.flushed, True
    while more and not connection.closed:
        check()
        entries = feed.latest.after(after, upto, PAGE_BYTES)
        after = entries[-1].number if entries else upto
        more = bool(feed.latest.after(after, upto, 1))
        items = [msgspec.Raw(entry.event.data) for entry in entries if _is_shown(entry, where)]
        connection.say(replies.Snapshot(channel=feed.channel, items=items, more=more))
        await connection.drained()
    check()
    return upto


def _is_shown(entry: Entry, where: Filter | None) -> bool:
    """Judge as its event was judged, by the same words."""
    return where is None or where.matches(read_facts(entry.frame.payload))

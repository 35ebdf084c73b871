"""The feed: one channel on this node. Its head, its newest events, and who listens live.

Two kinds of listeners. *Live* ones stand at `flushed` and get every new frame at the end of
the tick. All others are cursors: they stand at an offset of their own and pull pages, from the
ring or from the log, as their socket drains. A cursor that reaches `flushed` becomes live in
the same tick, so no event can fall between the two.
"""

from collections.abc import Callable, Sequence

from hub.clock import Timers
from hub.model.event import Event
from hub.model.unit import Head
from hub.realtime.audience import Audience, Delivery, written_by
from hub.realtime.early import Early
from hub.realtime.frames import Frame
from hub.realtime.group import Group
from hub.realtime.interest import Interest
from hub.realtime.listener import Listener
from hub.realtime.pages import Pages, Stretch, TakeStretch, event_frame
from hub.realtime.view import View

# More at once is not written to anybody: everybody pulls it in pages.
MAX_BATCH_BYTES = 256 * 1024


class Feed:
    """One channel on this node.

    Args:
        channel: Its name.
        head: As the log has it.
        pages: What cursors pull.
        interest: Who follows it here.
        timers: The loop's.
        wake: Called when something is to be flushed that no event brought.
        give_up: Called when events before an early one have not come in time.

    Attributes:
        channel: Its name.
        head: Newest offset that this node knows.
        flushed: Newest offset that has been written to the live listeners.
        oldest: Oldest offset that the log still holds.
        early: Events that came before their turn.
        set_back: Until `finish`: behind which offset, and how many, will pull what `flush` has not
            returned.
        written: Events that clients were written, once for each client.
        fresh: Events of the last flush that somebody follows.
        since_us: Time of the oldest of them.
        filled: Holes that news filled which came late.
        reread: Holes that this node's clients read the log for.
    """

    def __init__(
        self,
        channel: str,
        head: Head,
        pages: Pages,
        interest: Interest,
        timers: Timers,
        *,
        wake: Callable[[], None],
        give_up: Callable[[], None],
    ) -> None:
        self.channel = channel
        self.head = head.offset
        self.flushed = head.offset
        self.oldest = head.oldest
        self.early = Early(timers, give_up)
        self.written = self.fresh = self.since_us = self.filled = self.reread = 0
        self._pages = pages
        self._interest = interest
        self._audience = Audience(timers, wake)
        self._pending: list[Frame] = []
        self._set_back: Sequence[Listener] = ()
        self.set_back: tuple[int, int] | None = None

    @property
    def is_heard(self) -> bool:
        """Say whether the news of this channel come here; else its head may be an old one."""
        return self._interest.hears(self.channel)

    @property
    def live(self) -> Sequence[Listener]:
        """Return who stands at `flushed`."""
        return self._audience.listeners()

    def begin(self) -> None:
        """Somebody follows the channel."""
        self._interest.begin(self.channel)

    def end(self) -> None:
        """Somebody does not any more."""
        self._interest.end(self.channel)

    def join(self, listener: Listener, view: View, seen: int) -> Group | None:
        """Let a listener at `flushed` be live; None when it is told to pull again."""
        return self._audience.join(listener, view, seen)

    def leave(self, listener: Listener, view: View) -> int:
        """Let one be live no more; return the offset of an event that it has had for certain."""
        return self._audience.leave(listener, view)

    def warm(self, events: Sequence[Event]) -> None:
        """Fill the ring with the newest events, oldest first; before anybody listens."""
        for event in events:
            self._pages.add(event_frame(event))

    def append(self, event: Event) -> bool:
        """Take the next event; it is written at the next `flush`.

        Returns:
            False when it is not the next one: seen already, or one before it is still missing.
        """
        if not self._pending:
            self.since_us = event.at_us
        if event.offset == 0:
            self._pending.append(event_frame(event))
            return True
        if event.offset != self.head + 1:
            return False
        self._add(event)
        if held := len(self.early):
            self._take_early()
            self.filled += len(self.early) < held
        return True

    def jump(self, offset: int) -> bool:
        """Go on at `offset`, although events before it have not come: the log has them.

        The live listeners become cursors, which read the missing ones in order.

        Returns:
            True when early events are to be written at the next `flush`.
        """
        for delivery in self.flush():
            for outlet in delivery.outlets:
                outlet.write(delivery.batch)
        self.finish()
        listeners = self._audience.listeners()
        self.reread += bool(listeners)
        for listener in listeners:
            listener.fall_behind()
        self.head = self.flushed = offset - 1
        self._pages.moved()
        for listener in listeners:
            listener.pull()
        self.early.forget(self.head)
        return self._take_early()

    def flush(self) -> Sequence[Delivery]:
        """Return what the live listeners are to be written now, each of them once.

        Until all of it is written, nothing else may be: a socket that fills up meanwhile leaves the
        live ones at the new head. Then call `finish`.
        """
        frames, self._pending = self._pending, []
        if sum(len(frame.wire) for frame in frames) > MAX_BATCH_BYTES:
            self._set_back = self._audience.listeners()
            self.set_back = (self.flushed, len(self._set_back))
            for listener in self._set_back:
                listener.fall_behind()
        due = self._audience.share(frames)
        self.flushed = self.head
        self.fresh = len(frames) if due else 0
        if frames:
            self._pages.moved()
        self.written += written_by(due)
        return due

    def finish(self) -> None:
        """Let those pull who could not be written to with the others."""
        set_back, self._set_back, self.set_back = self._set_back, (), None
        for listener in (*set_back, *self._audience.joining()):
            listener.pull()

    def after(self, offset: int, view: View) -> Stretch | None:
        """Return what follows an offset, from memory; None if it is not there."""
        return self._pages.after(offset, self.flushed, wide=not view.is_whole)

    def read(self, offset: int, take: TakeStretch) -> None:
        """Read what follows an offset from the log."""
        self._pages.read(offset, lambda: self.flushed, take)

    def _add(self, event: Event) -> None:
        frame = event_frame(event)
        self.head = event.offset
        self._pages.add(frame)
        self._pending.append(frame)

    def _take_early(self) -> bool:
        """Take what waits for its turn no longer; say whether something is to be written."""
        while self.early and (event := self.early.next(self.head + 1)) is not None:
            self._add(event)
        return bool(self._pending)

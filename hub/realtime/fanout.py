"""Fan-out: every event that this node learns of goes through here to its clients.

Events are taken at any time and written once a tick: the events of one loop tick become one
buffer and one write a connection. An idle node writes a single event in the next tick.
"""

from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from functools import partial

from hub.brokers.base import News
from hub.clock import Timers
from hub.model.channel import Definition
from hub.model.event import Event
from hub.model.unit import Head
from hub.realtime.audience import Delivery
from hub.realtime.delays import Delays
from hub.realtime.feed import Feed
from hub.realtime.frames import Batch, together
from hub.realtime.inquiry import QUESTION, Inquiry
from hub.realtime.interest import Interest
from hub.realtime.listener import Outlet
from hub.realtime.pace import Pace
from hub.realtime.pages import Pages, ReadLog, Spawn
from hub.realtime.ring import Ring
from hub.realtime.spread import Spread, one_by_one
from hub.realtime.volatile import VolatileFeed
from hub.realtime.watch import Watch

RING_FRAMES = 8_192
RING_BYTES = 8 * 1024 * 1024
WARM_EVENTS = 1_000

# Reads the newest events of a channel, oldest first: so many, and so many bytes, at most.
ReadNewest = Callable[[str, int, int], Awaitable[Sequence[Event]]]


class Fanout:
    """The feeds of all channels on this node.

    Attributes:
        node: Name of this node; news that carry it are its own and were delivered already.
        epoch: The log's epoch.
        feeds: By channel, the durable ones.
        volatile: By channel, the others.
        known: Names of both.
        on_rights: Called when other roles may read a channel.
        interest: Of which channels the other nodes' news come here.
        watch: Notes what is delivered.
        recoveries: How many clients came back with a position, by what became of it.
    """

    def __init__(
        self,
        *,
        node: str,
        epoch: str,
        interest: Interest,
        timers: Timers,
        read_log: ReadLog,
        spawn: Spawn,
        ring_frames: int = RING_FRAMES,
        inquiry: Inquiry | None = None,
        watch: Watch | None = None,
        delays: Delays | None = None,
        spread: Spread = one_by_one,
    ) -> None:
        self.node = node
        self.epoch = epoch
        self.feeds: dict[str, Feed] = {}
        self.volatile: dict[str, VolatileFeed] = {}
        self.known: set[str] = set()
        self._defined: dict[str, Definition] = {}
        self.on_rights: Callable[[], None] = _nobody_follows
        self.interest = interest
        self.watch = watch or Watch()
        self.recoveries: Counter[str] = Counter()
        self._timers = timers
        self._read_log = read_log
        self._spawn = spawn
        self._ring_frames = ring_frames
        self._inquiry = inquiry
        self._delays = delays
        self._spread = spread
        self._dirty: dict[str, Feed | VolatileFeed] = {}
        self._pace = Pace(timers, self._flush)

    async def open(self, heads: Mapping[str, Head], read_newest: ReadNewest) -> None:
        """Make a feed a channel and warm its ring from the log; before clients are let in."""
        self.learn(heads)
        for channel, head in _durable(heads):
            feed = self._open(channel, head)
            if head.offset >= head.oldest:
                feed.warm(await read_newest(channel, WARM_EVENTS, RING_BYTES))

    def hear(self, news: News) -> None:
        """Take what another node committed."""
        if news.node != self.node:
            self.deliver(news.events)

    def deliver(self, events: Sequence[Event]) -> None:
        """Take events in the order of their commit; each is written once, at the next flush.

        Seen ones are passed over. Those behind a hole wait for it to be filled, 20 ms at most;
        then the clients read the missing ones from the log.
        """
        for event in events:
            if event.volatile:
                self._pass_on(event)
                continue
            feed = self.feeds.get(event.channel) or self._open(event.channel, Head())
            if event.offset > feed.head + 1:
                feed.early.hold(event)
            elif feed.append(event):
                self._mark(feed, len(event.data))

    def push(self, event: Event) -> None:
        """Write an event that the log does not have to who follows its channel on this node."""
        feed = self.feeds.get(event.channel) or self._open(event.channel, Head())
        if feed.append(event):
            self._mark(feed, len(event.data))

    def catch_up(self, heads: Mapping[str, Head]) -> None:
        """Reach these heads: what of them this node has not heard, its clients read in the log."""
        self.learn(heads)
        for channel, head in _durable(heads):
            feed = self.feeds.get(channel) or self._open(channel, Head())
            feed.oldest = max(feed.oldest, head.oldest)
            if head.offset > feed.head and feed.jump(head.offset + 1):
                self._mark(feed)

    def learn(self, heads: Mapping[str, Head]) -> None:
        """Let channels that somebody has defined be here, before their first event."""
        for channel, head in heads.items():
            if head.definition is None:
                continue
            self._define(channel, head.definition)
            if channel in self.known:
                continue
            if head.is_durable:
                # At its start: what its log holds already, the next `catch_up` brings.
                self._open(channel, Head())
            else:
                self._open_volatile(channel)

    def readers(self, channel: str) -> Sequence[str] | None:
        """Return the roles that alone may read a channel; None: whoever may read events."""
        definition = self._defined.get(channel)
        return None if definition is None else definition.readers

    def _define(self, channel: str, definition: Definition) -> None:
        before = self._defined.get(channel)
        # Heads that were read before a change may come after it: they must not open a channel.
        if before is not None and definition.revision < before.revision:
            return
        self._defined[channel] = definition
        if definition.readers != (None if before is None else before.readers):
            self.on_rights()

    def pruned(self, channel: str, oldest: int) -> None:
        """Note that retention has forgotten what is older."""
        feed = self.feeds.get(channel) or self._open(channel, Head())
        feed.oldest = oldest

    def positions(self) -> dict[str, int]:
        """Return the head of every channel."""
        return {channel: feed.head for channel, feed in self.feeds.items()}

    def _pass_on(self, event: Event) -> None:
        """Take an event of a volatile channel, perhaps before the log has told of the channel."""
        feed = self.volatile.get(event.channel) or self._open_volatile(event.channel)
        if event.type == QUESTION:
            if self._inquiry is not None:
                self._inquiry.answer(feed.channel, feed.latest)
        elif feed.append(event):
            self._mark(feed, len(event.data))

    def _mark(self, feed: Feed | VolatileFeed, size: int = 0) -> None:
        self._dirty[feed.channel] = feed
        self._pace.ask(size)

    def _give_up(self, channel: str) -> None:
        """What is missing has not come: it is in the log."""
        feed = self.feeds[channel]
        while feed.early:
            feed.jump(feed.early.first())
        self._mark(feed)

    def _flush(self) -> int:
        """Write what is new; return to how many sockets."""
        dirty, self._dirty = self._dirty, {}
        flushed = [(feed, feed.flush()) for feed in dirty.values()]
        due: Sequence[Delivery] = [one for _, some in flushed for one in some]
        if len(dirty) > 1:
            due = _joined(due)
        for batch, outlets in due:
            self._spread(batch, outlets)
        self.watch.wrote(flushed)
        for feed in dirty.values():
            feed.finish()
        if self._delays is not None:
            self._delays.note(dirty.values())
        return sum(len(outlets) for _, outlets in due)

    def _open(self, channel: str, head: Head) -> Feed:
        ring = Ring(self._ring_frames, RING_BYTES)
        feed = self.feeds[channel] = Feed(
            channel,
            head,
            Pages(channel, ring, read_log=self._read_log, spawn=self._spawn),
            self.interest,
            self._timers,
            wake=partial(self._wake, channel),
            give_up=partial(self._give_up, channel),
        )
        self.known.add(channel)
        return feed

    def _open_volatile(self, channel: str) -> VolatileFeed:
        feed = self.volatile[channel] = VolatileFeed(
            channel, self.interest, self._timers, wake=partial(self._wake, channel)
        )
        self.known.add(channel)
        if self._inquiry is not None:
            self._inquiry.ask(channel)
        return feed

    def _wake(self, channel: str) -> None:
        self._mark(self.feeds.get(channel) or self.volatile[channel])


def _nobody_follows() -> None:
    pass


def _joined(due: Sequence[Delivery]) -> Sequence[Delivery]:
    """Return one delivery a socket: who follows several channels is written to once a tick."""
    batches: dict[Outlet, list[Batch]] = {}
    for batch, outlets in due:
        for outlet in outlets:
            batches.setdefault(outlet, []).append(batch)
    equal: dict[tuple[int, ...], tuple[list[Batch], list[Outlet]]] = {}
    for outlet, some in batches.items():
        equal.setdefault(tuple(map(id, some)), (some, []))[1].append(outlet)
    return [
        Delivery(some[0] if len(some) == 1 else together(some), outlets)
        for some, outlets in equal.values()
    ]


def _durable(heads: Mapping[str, Head]) -> Iterable[tuple[str, Head]]:
    return ((channel, head) for channel, head in heads.items() if head.is_durable)

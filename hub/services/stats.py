"""Stats: how much goes through the hub now and went lately, of all nodes together and of each."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import msgspec

from hub.clock import SECOND_US, Clock
from hub.services.polls import STATS, UNREADABLE, Polls
from hub.telemetry.meter import Meter, Point

# What several screens ask for in one second is asked of the nodes once.
FRESH_US = SECOND_US
# Of one node's answer: it goes through the broker. Those with the most events, then followers.
MAX_CHANNELS = 500


class ChannelNow(msgspec.Struct, frozen=True, array_like=True):
    """One channel of one node, or of all. Nodes send it to each other: added to at the end only.

    Attributes:
        channel: Its name.
        head: Its newest offset; None where it is volatile.
        events_in: A second.
        events_out: Written to clients, a second.
        followers: Clients that follow it.
        late: Those of them that miss something.
        behind: Events that the last of them is behind.
    """

    channel: str
    head: int | None
    events_in: float
    events_out: float
    followers: int
    late: int
    behind: int


class NodeNow(msgspec.Struct, frozen=True, array_like=True):
    """One node. Nodes send it to each other: added to at the end only.

    Attributes:
        since_us: When it began to measure.
        points: Lately, the oldest first.
        channels: Those with something to tell.
    """

    since_us: int
    points: Sequence[Point]
    channels: Sequence[ChannelNow]


class Measured(NamedTuple):
    """What the nodes told, by name, and who of them said nothing."""

    nodes: Mapping[str, NodeNow]
    silent: Sequence[str]

    def points(self) -> Sequence[Point]:
        """Return the points of all nodes, those of one moment as one."""
        found: dict[int, Point] = {}
        for node in self.nodes.values():
            for point in node.points:
                before = found.get(point.at_s)
                found[point.at_s] = point if before is None else _sum(before, point)
        return [found[at_s] for at_s in sorted(found)]

    def channels(self) -> Sequence[ChannelNow]:
        """Return the channels of all nodes, each once, by name."""
        found: dict[str, ChannelNow] = {}
        for node in self.nodes.values():
            for one in node.channels:
                before = found.get(one.channel)
                found[one.channel] = one if before is None else _join(before, one)
        return [found[name] for name in sorted(found)]


_encode = msgspec.msgpack.Encoder().encode
_read_node = msgspec.msgpack.Decoder(NodeNow).decode


class Stats:
    """The numbers of all nodes.

    Args:
        meter: This node's latest.
        channels: Tells of this node's channels; of their rates the meter does.
        polls: Asks the others.
        clock: Says what is fresh.
    """

    def __init__(
        self,
        meter: Meter,
        channels: Callable[[], Sequence[ChannelNow]],
        polls: Polls,
        clock: Clock,
    ) -> None:
        self._meter = meter
        self._channels = channels
        self._polls = polls
        self._clock = clock
        self._asking: asyncio.Task[Measured] | None = None
        self._asked_us = 0
        polls.answer(STATS, lambda _question: _encode(self._own()))

    async def now(self) -> Measured:
        """Return what the nodes tell, of this second.

        Raises:
            Overloaded: See `Polls.ask`.
        """
        now_us, asking = self._clock.now_us(), self._asking
        if asking is None or (asking.done() and abs(now_us - self._asked_us) >= FRESH_US):
            asking = self._asking = asyncio.create_task(self._ask(), name="stats")
            # Its failure may come when nobody waits any more; the next who asks is told of it.
            asking.add_done_callback(lambda done: done.cancelled() or done.exception())
            self._asked_us = now_us
        # Who goes away while it waits must not take the answer from the others.
        return await asyncio.shield(asking)

    async def _ask(self) -> Measured:
        polled = await self._polls.ask(STATS, b"")
        nodes, unread = {self._polls.node: self._own()}, []
        for name, answer in polled.answers.items():
            try:
                nodes[name] = _read_node(answer)
            except UNREADABLE:
                unread.append(name)  # of a version that nobody here knows
        return Measured(nodes, (*unread, *polled.silent))

    def _own(self) -> NodeNow:
        busiest = sorted(self._channels(), key=_weight, reverse=True)[:MAX_CHANNELS]
        return NodeNow(self._meter.since_us, tuple(self._meter.points), busiest)


def _weight(one: ChannelNow) -> tuple[float, int]:
    return one.events_in + one.events_out, one.followers


def _sum(one: Point, other: Point) -> Point:
    return Point(
        one.at_s,
        one.events_in + other.events_in,
        one.events_out + other.events_out,
        [mine + yours for mine, yours in zip(one.delivery, other.delivery, strict=True)],
        one.connections + other.connections,
        one.queued_bytes + other.queued_bytes,
    )


def _join(one: ChannelNow, other: ChannelNow) -> ChannelNow:
    heads = [head for head in (one.head, other.head) if head is not None]
    return ChannelNow(
        one.channel,
        max(heads, default=None),
        one.events_in + other.events_in,
        one.events_out + other.events_out,
        one.followers + other.followers,
        one.late + other.late,
        max(one.behind, other.behind),
    )

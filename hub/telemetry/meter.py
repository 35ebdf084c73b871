"""The meter: how much went through a node lately, in memory, for screens.

Every two seconds it takes what the counters have grown by; the counters are there anyway, so
nothing is paid for it on the way of the events. What was before this process began is nowhere:
who wants history has Prometheus ask `/metrics`, or reads the log.
"""

import asyncio
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import msgspec

from hub.clock import SECOND_US, Clock
from hub.telemetry.histogram import QUICK_S

EVERY_S = 2
# Ten minutes.
KEPT = 300
# Rates of channels are those of so many points: one alone would jump.
_RECENT = 3


class Counts(NamedTuple):
    """What a node's counters say, since its start, and how it is at this moment.

    Attributes:
        taken: Events that it has taken, by channel.
        written: Events that clients were written, by channel.
        delivery: Events by how long they took to the sockets, in the buckets of `QUICK_S`.
        connections: Open.
        queued_bytes: That wait in send queues.
    """

    taken: Mapping[str, int]
    written: Mapping[str, int]
    delivery: Sequence[int]
    connections: int
    queued_bytes: int


class Point(msgspec.Struct, frozen=True, array_like=True):
    """Two seconds of one node. Nodes send it to each other: added to at the end only.

    Attributes:
        at_s: Their end, in seconds since 1970; a multiple of `EVERY_S`.
        events_in: Events that it took.
        events_out: Events that clients were written.
        delivery: As in `Counts`.
        connections: Open at the end.
        queued_bytes: At the end.
    """

    at_s: int
    events_in: int
    events_out: int
    delivery: Sequence[int]
    connections: int
    queued_bytes: int


class Meter:
    """The latest points of one node.

    Args:
        read: Tells what the counters say.
        clock: The wall time: points of several nodes lie on each other.

    Attributes:
        points: The oldest first.
        since_us: When it began.
    """

    def __init__(self, read: Callable[[], Counts], clock: Clock) -> None:
        self.points: deque[Point] = deque(maxlen=KEPT)
        self.since_us = clock.now_us()
        self._read = read
        self._clock = clock
        self._before = read()
        # By channel, at the ends of the newest points; one more than points.
        self._recent = deque([(self.since_us, self._before)], maxlen=_RECENT + 1)

    async def run(self) -> None:
        """Take a point at every multiple of two seconds, for ever."""
        while True:
            await asyncio.sleep(wait_s(self._clock.now_us()))
            self.take()

    def take(self) -> None:
        """Take what came since the point before."""
        now, before = self._read(), self._before
        at_us = self._clock.now_us()
        self._before = now
        self._recent.append((at_us, now))
        self.points.append(
            Point(
                round(at_us / SECOND_US / EVERY_S) * EVERY_S,
                sum(now.taken.values()) - sum(before.taken.values()),
                sum(now.written.values()) - sum(before.written.values()),
                [new - old for new, old in zip(now.delivery, before.delivery, strict=True)],
                now.connections,
                now.queued_bytes,
            )
        )

    def rates(self) -> Mapping[str, tuple[float, float]]:
        """Return events in and out a second of each channel where there are any, lately."""
        (began_us, old), (ended_us, new) = self._recent[0], self._recent[-1]
        seconds = max(1, ended_us - began_us) / SECOND_US
        into = Counter(new.taken)
        into.subtract(old.taken)
        out = Counter(new.written)
        out.subtract(old.written)
        return {
            name: (max(0, into[name]) / seconds, max(0, out[name]) / seconds)
            for name in into.keys() | out.keys()
            if into[name] or out[name]
        }


def wait_s(now_us: int) -> float:
    """Return the seconds until the next point is taken, one to three.

    A timer may wake a moment early; from there the multiple that it was for is near, and would be
    taken twice: points of no time at all, by which rates are divided.
    """
    left_s = EVERY_S - now_us / SECOND_US % EVERY_S
    return left_s if left_s >= EVERY_S / 2 else left_s + EVERY_S


def percentile_s(counts: Sequence[int], share: float) -> float | None:
    """Return below how many seconds a share of the values lies, as Prometheus reckons it.

    Within a bucket they are taken to lie evenly; above the last bound it is that bound. None:
    there are no values.
    """
    total = sum(counts)
    if not total:
        return None
    wanted, low_s = share * total, 0.0
    for bound_s, count in zip(QUICK_S, counts, strict=False):
        if count and wanted <= count:
            return low_s + (bound_s - low_s) * wanted / count
        wanted -= count
        low_s = bound_s
    return QUICK_S[-1]

"""Delays: how long events take from their commit to the sockets of this node."""

from collections.abc import Iterable
from typing import Protocol

from hub.clock import SECOND_US, Clock
from hub.telemetry.histogram import QUICK_S, Histogram


class Written(Protocol):
    """A feed after a flush.

    Attributes:
        fresh: Events that were new in it, and that somebody follows.
        since_us: Time of the oldest of them.
    """

    fresh: int
    since_us: int


class Delays:
    """Measures once a flush and feed, whatever the number of sockets and events.

    Each event counts as late as the oldest of its flush, so what is told is never too good. Of an
    event of another node the time is by that node's clock; one that is ahead counts as no delay.

    Attributes:
        seconds: What was measured.
    """

    def __init__(self, clock: Clock) -> None:
        self.seconds = Histogram(QUICK_S)
        self._clock = clock

    def note(self, feeds: Iterable[Written]) -> None:
        """Take what was just written."""
        now_us = self._clock.now_us()
        for feed in feeds:
            if feed.fresh:
                late_us = max(0, now_us - feed.since_us)
                self.seconds.observe(late_us / SECOND_US, feed.fresh)

"""The places: how many connections each principal may have, and open a second."""

from collections import Counter

from hub.clock import Clock
from hub.errors import ConnectionLimit
from hub.limits.limit import Limit
from hub.limits.steady import Steady

KIND = "principal_connections"


class Places:
    """Counts the connections of principals, sockets and streams together.

    Args:
        clock: The wall time.
        hits: Counts refusals by limit.

    Attributes:
        connects: How many they open a second.
    """

    def __init__(self, clock: Clock, hits: "Counter[str]") -> None:
        self._now_us = Steady(clock).now_us
        self._most = 0
        self.connects = Limit("principal_connects", "new connections of one principal", hits)
        self._taken: Counter[str] = Counter()
        self._hits = hits
        hits[KIND] += 0

    def set(self, most: int, rate: float) -> None:
        """Take new numbers, 0 for any; who is in stays in."""
        self._most = most
        self.connects.set(rate)

    def check(self, principal: str) -> None:
        """Let a principal open one more; `entered` must follow when it is open.

        Raises:
            ConnectionLimit: It has as many as it may.
            RateLimited: It opens too many in this moment.
        """
        if self._most and self._taken[principal] >= self._most:
            self._hits[KIND] += 1
            raise ConnectionLimit(
                f"expected fewer than {self._most} open connections of one principal, got as many"
            )
        self.connects.take(principal, self._now_us())

    def entered(self, principal: str) -> None:
        """A connection is open."""
        self._taken[principal] += 1

    def left(self, principal: str) -> None:
        """A connection that had entered is gone."""
        self._taken[principal] -= 1
        if not self._taken[principal]:
            del self._taken[principal]

"""Sharing: every node decides by itself at once, and a moment later knows what all have spent.

Ten times a second a node says what it let pass and hears how empty the common buckets are. No
request ever waits for that. N nodes let pass N times a burst at first, at the worst; all of it
stands in the common bucket and is waited for, so on average they let pass what one would
(docs/decisions/0014-limits.md). While the common buckets are away, each node is its own.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import islice

from hub.errors import Unavailable
from hub.limits.base import Buckets, Charge
from hub.limits.limit import Limit

EVERY_S = 0.1
# In one question: what takes the common place a millisecond.
MAX_CHARGES = 256


class Sharing:
    """Carries what is spent between a node's limits and the common buckets.

    Args:
        limits: Those that hold for all nodes together.
        buckets: The common ones.
        now_us: The time of the node's own buckets.

    Attributes:
        failures: Rounds that were not answered; what they told is forgotten.
    """

    def __init__(
        self, limits: Sequence[Limit], buckets: Buckets, now_us: Callable[[], int]
    ) -> None:
        self.failures = 0
        self._limits = limits
        self._buckets = buckets
        self._now_us = now_us
        for limit in limits:
            limit.shares = True

    async def round(self) -> bool:
        """Tell what was spent since the last round, and learn what all have; False: nothing was.

        Raises:
            Unavailable: The common buckets are away.
        """
        told = [*self._spent()]
        spent = iter(told)
        while some := [*islice(spent, MAX_CHARGES)]:
            try:
                verdicts = await self._buckets.spend([charge for _, charge in some])
            except Unavailable:
                self.failures += 1
                raise
            now_us = self._now_us()
            for (limit, charge), verdict in zip(some, verdicts, strict=True):
                limit.learn(charge.party, verdict.lead_us, now_us)
        return bool(told)

    def _spent(self) -> Iterator[tuple[Limit, Charge]]:
        for limit in self._limits:
            for party, cost in limit.said().items():
                if limit.pace is not None:
                    yield limit, Charge(limit.name, party, limit.pace, cost, owed=True)

"""The histogram: how often something took how long, in buckets that are known beforehand.

Our own, because it is fed once a request, a commit and a flush: an `observe` is a bisection and
two additions (0.2 us), where prometheus-client's takes a lock a bucket (docs/performance.md).
"""

from bisect import bisect_left
from collections.abc import Sequence

# Seconds: from half a millisecond, which one machine takes, to what nobody waits for.
QUICK_S = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
# Seconds to a day: work that people and agents do.
LONG_S = (1.0, 5.0, 15.0, 30.0, 60.0, 300.0, 900.0, 1800.0, 3600.0, 7200.0, 21600.0, 86400.0)
# Seconds: a request of a webhook may take fifteen.
WEBHOOK_S = (*QUICK_S, 15.0)
# Things that go together.
SIZES = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0)


class Histogram:
    """Counts by bucket, and the sum of all values.

    Args:
        bounds: The highest value of each bucket, ascending; one more takes what is above.

    Attributes:
        bounds: The same.
        counts: Values a bucket.
        total: Their sum.
    """

    __slots__ = ("bounds", "counts", "total")

    def __init__(self, bounds: Sequence[float]) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.total = 0.0

    def observe(self, value: float, times: int = 1) -> None:
        """Count a value, or several that are the same."""
        self.counts[bisect_left(self.bounds, value)] += times
        self.total += value * times

    @property
    def count(self) -> int:
        """How many values there were."""
        return sum(self.counts)

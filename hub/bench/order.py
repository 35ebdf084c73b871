"""What numbers say about a stream that should hold each once, in order. Pure."""

from collections.abc import Sequence

import msgspec


class Order:
    """Judges one stream of numbers that should grow by one.

    Attributes:
        duplicated: Numbers that came before.
        reordered: Numbers that came after a later one.
    """

    def __init__(self, first: int) -> None:
        self._next = first
        self._missing: set[int] = set()
        self.duplicated = 0
        self.reordered = 0

    def saw(self, number: int) -> None:
        """Take the next number of the stream."""
        if number == self._next:
            self._next += 1
        elif number > self._next:
            self._missing.update(range(self._next, number))
            self._next = number + 1
        elif number in self._missing:
            self._missing.remove(number)
            self.reordered += 1
        else:
            self.duplicated += 1

    def lost(self, last: int) -> int:
        """Return how many numbers up to `last` never came."""
        return len(self._missing) + max(0, last + 1 - self._next)


class Latency(msgspec.Struct, frozen=True):
    """How long deliveries took, in milliseconds."""

    p50: float
    p90: float
    p99: float
    max: float


def latency(nanoseconds: Sequence[int]) -> Latency | None:
    """Return the percentiles; None when nothing was delivered."""
    if not nanoseconds:
        return None
    ordered = sorted(nanoseconds)
    values = (percentile(ordered, share) for share in (50, 90, 99, 100))
    return Latency(*(round(value / 1e6, 3) for value in values))


def percentile(ordered: Sequence[int], share: int) -> int:
    """Return the smallest value that `share` per cent of all do not exceed (nearest rank)."""
    return ordered[max(0, -(-len(ordered) * share // 100) - 1)]

"""Requests: how many came to each route, how they ended, and how long they took.

Bounded by the table of routes: whatever address is asked for that is not in it counts as `other`.
"""

from collections.abc import Mapping
from typing import Literal

from hub.telemetry.histogram import QUICK_S, Histogram

# An answer is the hub's own doing; how long a transfer takes is up to the network too, and a
# stream lasts as long as its reader likes.
Kind = Literal["answer", "transfer", "stream"]
OTHER: tuple[str, Kind] = ("other", "answer")
# By the first digit of the status; the first one: the caller went away before there was any.
CLASSES = ("none", "1xx", "2xx", "3xx", "4xx", "5xx")
_SHOWN = (0, 2, 3, 4, 5)


class _Counted:
    """The requests of one route."""

    __slots__ = ("by_class", "kind", "seconds")

    def __init__(self, kind: Kind) -> None:
        self.kind = kind
        self.by_class = [0] * len(CLASSES)
        self.seconds = Histogram(QUICK_S)


class Requests:
    """The requests that a node has answered."""

    def __init__(self) -> None:
        self._routes: dict[str, _Counted] = {}

    def note(self, route: tuple[str, Kind], status: int, seconds: float) -> None:
        """Count a request that is over.

        Args:
            route: Its name, and what its answer is.
            status: What it was answered; 0: nothing.
            seconds: How long it took.
        """
        name, kind = route
        counted = self._routes.get(name) or self._routes.setdefault(name, _Counted(kind))
        counted.by_class[status // 100] += 1
        if kind != "stream":
            counted.seconds.observe(seconds)

    def by_class(self) -> Mapping[tuple[str, ...], int]:
        """Return how many ended how; of a route that was asked for, the classes at zero too."""
        return {
            (name, CLASSES[at]): counted.by_class[at]
            for name, counted in sorted(self._routes.items())
            for at in _SHOWN
        }

    def seconds(self) -> Mapping[str, Histogram]:
        """Return how long they took, by route, but for streams."""
        return {
            name: counted.seconds
            for name, counted in sorted(self._routes.items())
            if counted.kind != "stream"
        }

    def answers(self) -> tuple[int, float]:
        """Return how many answers the hub has given, and how many seconds they took together."""
        timed = [one.seconds for one in self._routes.values() if one.kind == "answer"]
        return sum(one.count for one in timed), sum(one.total for one in timed)

"""The commands of one connection: who sends too many is told so, who goes on is sent away."""

from collections import Counter
from collections.abc import Callable

from hub.limits.bucket import spend
from hub.limits.limit import Limit


class Allowance:
    """What one connection may command.

    A refusal costs nearly as much as an answer, so as many are given as answers: who is refused
    oftener than that for longer than a burst is over.

    Args:
        limit: How many; may change at any time.
        now_us: Tells the time.

    Attributes:
        is_over: It went on for too long; the connection is to be closed.
    """

    __slots__ = ("_due_us", "_limit", "_now_us", "_refused_us", "is_over")

    def __init__(self, limit: Limit, now_us: Callable[[], int]) -> None:
        self._limit = limit
        self._now_us = now_us
        self._due_us = 0
        self._refused_us = 0
        self.is_over = False

    def take(self) -> None:
        """Let one command pass.

        Raises:
            RateLimited: Too many came.
        """
        pace = self._limit.pace
        if pace is None:
            return
        now_us = self._now_us()
        self._due_us, verdict = spend(self._due_us, pace, now_us)
        if verdict.wait_us:
            self._refused_us, patience = spend(self._refused_us, pace, now_us)
            self.is_over = patience.wait_us > 0
            raise self._limit.refusal(verdict.wait_us)


ANY_NUMBER = Allowance(Limit("commands", "commands", Counter()), lambda: 0)

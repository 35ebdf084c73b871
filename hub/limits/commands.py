"""The commands of one connection: who sends too many is told so, who goes on is sent away.

Beside its own it spends those of its principal, whose connections may be many, on many nodes.
"""

from collections import Counter
from collections.abc import Callable

from hub.limits.bucket import Pace, spend
from hub.limits.limit import Limit


class Allowance:
    """What one connection may command.

    A refusal costs nearly as much as an answer, so as many are given as answers: who is refused
    oftener than that for longer than a burst is over.

    Args:
        limit: How many; may change at any time.
        now_us: Tells the time.
        common: How many of its principal, over all its connections; None: any number.
        principal: Whose connection it is.

    Attributes:
        is_over: It went on for too long; the connection is to be closed.
    """

    __slots__ = (
        "_common", "_due_us", "_limit", "_now_us", "_principal", "_refused_us", "is_over",
    )  # fmt: skip

    def __init__(
        self,
        limit: Limit,
        now_us: Callable[[], int],
        common: Limit | None = None,
        principal: str = "",
    ) -> None:
        self._limit = limit
        self._common = common
        self._principal = principal
        self._now_us = now_us
        self._due_us = 0
        self._refused_us = 0
        self.is_over = False

    def take(self) -> None:
        """Let one command pass.

        Raises:
            RateLimited: Too many came.
        """
        pace, common = self._limit.pace, self._common
        if pace is not None:
            self._take(pace, self._now_us())
        if common is not None and common.pace is not None:
            common.take(self._principal, self._now_us())

    def _take(self, pace: Pace, now_us: int) -> None:
        self._due_us, verdict = spend(self._due_us, pace, now_us)
        if verdict.wait_us:
            self._refused_us, patience = spend(self._refused_us, pace, now_us)
            self.is_over = patience.wait_us > 0
            raise self._limit.refusal(verdict.wait_us)


ANY_NUMBER = Allowance(Limit("commands", "commands", Counter()), lambda: 0)

"""When to try again, and how long to wait before it."""

from collections.abc import Callable

import msgspec

from hub_client.clock import Clock
from hub_client.errors import HubError, TimedOut

JITTER = 0.25
"""A wait is up to a quarter longer than the schedule, never shorter."""


class RetryPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """How often, how long. A 0 is a 0, never 'not set'.

    Attributes:
        max_retries: Tries after the first; 0 tries once.
        backoff_factor: The n-th wait is this to the power n seconds: 1, 2, 4;
            0 does not wait.
        timeout: Seconds one try may take; 0 raises `TimedOut` without trying.
        deadline: Seconds all tries and waits may take together; None: no bound.
    """

    max_retries: int = 3
    backoff_factor: float = 2.0
    timeout: float = 30.0
    deadline: float | None = None

    def __post_init__(self) -> None:
        for name in self.__struct_fields__:
            value = getattr(self, name)
            if value is not None and value < 0:
                raise ValueError(f"expected {name} of 0 or more, got {value}")

    def next_delay(
        self, error: HubError, *, failures: int, elapsed: float, jitter: float
    ) -> float | None:
        """Return the seconds to wait before another try, or None to give up.

        Args:
            error: What the last try brought.
            failures: Tries so far, all failed; at least 1.
            elapsed: Seconds since the first try began.
            jitter: Random, from 0 up to 1.
        """
        if not error.retryable or failures > self.max_retries or self.timeout == 0:
            return None
        delay = error.retry_after_s
        if delay is None:
            delay = self._backoff(failures - 1) * (1 + JITTER * jitter)
        if self.deadline is not None and elapsed + delay >= self.deadline:
            return None
        return delay

    def _backoff(self, retry: int) -> float:
        # 0 ** 0 is 1, but a factor of 0 asks not to wait.
        return float(self.backoff_factor**retry) if self.backoff_factor else 0.0


class Tries:
    """The tries of one logical call."""

    def __init__(self, policy: RetryPolicy, clock: Clock) -> None:
        self._policy = policy
        self._now: Callable[[], float] = clock.now
        self._random: Callable[[], float] = clock.random
        self._started = clock.now()
        self._failures = 0

    def timeout(self) -> float:
        """Return the seconds the next try may take.

        Raises:
            TimedOut: There are none.
        """
        seconds = self._policy.timeout
        if self._policy.deadline is not None:
            seconds = min(seconds, self._policy.deadline - self._elapsed())
        if seconds <= 0:
            raise TimedOut("no time left to try")
        return seconds

    def wait_after(self, error: HubError) -> float:
        """Return the seconds to wait before the next try.

        Raises:
            HubError: `error` itself, when there is to be no other try.
        """
        self._failures += 1
        delay = self._policy.next_delay(
            error, failures=self._failures, elapsed=self._elapsed(), jitter=self._random()
        )
        if delay is None:
            raise error
        return delay

    def _elapsed(self) -> float:
        return self._now() - self._started

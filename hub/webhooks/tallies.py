"""Tallies: what a process that sends webhooks has counted since its start."""

from collections import Counter
from typing import get_args

from hub.clock import SECOND_US
from hub.model.delivery import Attempt, Delivery, Failure
from hub.telemetry.histogram import WEBHOOK_S, Histogram

OK = "ok"
OUTCOMES = ("delivered", "dead", "retried", "lost")
FAILURES: tuple[str, ...] = (OK, *get_args(Failure))


class Tallies:
    """Counts attempts and what they come to.

    Attributes:
        attempts: By failure; `ok` are those that succeeded.
        outcomes: What became of deliveries: delivered, dead, tried again later; lost: another
            worker had taken it over.
        seconds: How long exchanges took.
        failed: Attempts that failed.
    """

    def __init__(self) -> None:
        self.attempts: Counter[str] = Counter(dict.fromkeys(FAILURES, 0))
        self.outcomes: Counter[str] = Counter(dict.fromkeys(OUTCOMES, 0))
        self.seconds = Histogram(WEBHOOK_S)
        self.failed = 0

    def note(self, attempt: Attempt, delivery: Delivery | None) -> None:
        """Count an attempt, and the delivery as it is then; None: nothing was kept of it."""
        self.attempts[attempt.failure or OK] += 1
        self.seconds.observe(attempt.total_us / SECOND_US)
        if attempt.failure is not None:
            self.failed += 1
        if delivery is None:
            self.outcomes["lost"] += 1
        elif delivery.state in {"delivered", "dead"}:
            self.outcomes[delivery.state] += 1
        else:
            self.outcomes["retried"] += 1

    @property
    def made(self) -> int:
        """How many attempts there were."""
        return self.seconds.count

"""The bucket: one rule of what may come, on average and at once (GCRA, ITU-T I.371).

A token bucket as one time: when the next would be due if all came in even steps. The further it
lies ahead, the emptier the bucket; once it has passed, the bucket is full and need not be kept.
Times are whole microseconds and stay below 2**53, so that Lua counts as Python does.
"""

import math
from typing import NamedTuple

from hub.clock import SECOND_US

# Seconds whose worth may come at once: a page with many frames, an office after a power cut.
BURST_S = 2
# What was taken without asking is paid back for no longer than this: a clock that was put back
# would shut the door for as long.
MAX_DEBT_US = 60 * SECOND_US
# Nobody is told to wait longer; who comes back then may be told again.
LONGEST_WAIT_US = 30 * SECOND_US
_DAY_US = 86_400 * SECOND_US


class Pace(NamedTuple):
    """One every `interval_us`, and `burst` at once."""

    interval_us: int
    burst: int

    @property
    def full_us(self) -> int:
        """How long an empty bucket takes to be full."""
        return self.burst * self.interval_us


class Verdict(NamedTuple):
    """What the rule says; in stretches of time, so that two clocks need not agree.

    Attributes:
        wait_us: 0: it may pass. Else how long until it could.
        lead_us: How far the due time lies ahead now; 0: the bucket is full.
    """

    wait_us: int
    lead_us: int

    def remaining(self, pace: Pace) -> int:
        """Return how many may come at once now."""
        return max(0, (pace.full_us - self.lead_us) // pace.interval_us)


def spend(
    due_us: int, pace: Pace, now_us: int, cost: int = 1, *, owed: bool = False
) -> tuple[int, Verdict]:
    """Take `cost` tokens from a bucket; return its next due time and what is to be said.

    What costs more than a full bucket holds passes when it is full, and is paid in full: all of a
    list of events or nothing of it, and never at once what a second list would have to wait for.

    Args:
        due_us: The bucket; 0 is a new one.
        pace: How it fills.
        now_us: The time, on the clock that `due_us` is from.
        cost: How many.
        owed: They are gone already; what is there or not, they are taken.
    """
    full_us = pace.full_us
    latest_us = now_us + full_us + MAX_DEBT_US
    due_us = min(max(due_us, now_us), latest_us)
    wait_us = due_us + min(cost, pace.burst) * pace.interval_us - full_us - now_us
    if wait_us <= 0 or owed:
        due_us = min(due_us + cost * pace.interval_us, latest_us)
    return due_us, Verdict(max(0, wait_us), due_us - now_us)


class Bucket:
    """One bucket, and the places of those who wait at it.

    Attributes:
        due_us: See `spend`.
    """

    __slots__ = ("_told_us", "due_us")

    def __init__(self) -> None:
        self.due_us = 0
        self._told_us = 0

    def place_us(self, pace: Pace, wait_us: int, now_us: int) -> int:
        """Return how long somebody should wait who is refused; each longer than the last."""
        self._told_us = max(self._told_us + pace.interval_us, now_us + wait_us)
        self._told_us = min(self._told_us, now_us + LONGEST_WAIT_US)
        return self._told_us - now_us


def pace_of(rate: float) -> Pace | None:
    """Return the pace of so many a second; None of 0, which is any number."""
    if not rate:
        return None
    interval_us = min(_DAY_US, max(1, round(SECOND_US / rate)))
    return Pace(interval_us, max(1, math.ceil(BURST_S * rate)))

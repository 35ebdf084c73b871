"""Retention: history is bounded by count and by age, forgotten in small steps from the front."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import NamedTuple

from hub.clock import SECOND_US, Clock
from hub.model.channel import Definition
from hub.model.unit import Head
from hub.stores.base import Log
from hub.telemetry.logging import logger

# One step is one transaction between two groups of updates: a millisecond, not a second.
STEP = 500
ANSWERS_KEPT_US = 24 * 3600 * SECOND_US
ROUND_S = 15.0


class Limits(NamedTuple):
    """How much history a channel keeps.

    Attributes:
        max_events: Events a channel keeps at most.
        max_age_us: How old they may get, in microseconds.
    """

    max_events: int
    max_age_us: int


def cut(head: Head, limits: Limits, newest_too_old: int) -> int:
    """Return the offset below which events go.

    Args:
        head: The end of the channel.
        limits: What it keeps.
        newest_too_old: Newest offset that is past the age; 0 when none is.
    """
    return max(head.oldest, head.offset - limits.max_events + 1, newest_too_old + 1)


def narrowed(limits: Limits, definition: Definition | None) -> Limits:
    """Return what one channel keeps: its own limits, where it has some, in place of the hub's."""
    if definition is None:
        return limits
    return Limits(
        definition.max_events or limits.max_events, definition.max_age_us or limits.max_age_us
    )


# Returns by channel the offset from which on somebody still needs the events.
Needed = Callable[[Mapping[str, Head]], Awaitable[Mapping[str, int]]]


async def nothing(_heads: Mapping[str, Head]) -> Mapping[str, int]:
    """Say that nobody needs any."""
    return {}


class Retention:
    """Forgets what the limits do not keep, as long as the hub runs.

    Args:
        log: What of.
        clock: The wall time.
        limits: What each channel keeps.
        pruned: Tells readers what is about to go.
        needed: Says what must stay all the same.
    """

    def __init__(
        self,
        log: Log,
        clock: Clock,
        limits: Limits,
        pruned: Callable[[str, int], None],
        needed: Needed = nothing,
    ) -> None:
        self._failures = logger("retention")
        self._log = log
        self._clock = clock
        self._limits = limits
        self._pruned = pruned
        self._needed = needed

    async def run(self) -> None:
        """Go round every channel, now and then, for ever."""
        while True:
            try:
                await self.round()
            except Exception:  # noqa: BLE001 logged with its traceback
                # It must not end: a disk that is full for a minute would then fill up for good.
                self._failures.exception("retention failed")
            await asyncio.sleep(ROUND_S)

    async def round(self) -> None:
        """Forget everything that is due."""
        now_us = self._clock.now_us()
        heads = (await self._log.state()).heads
        needed = await self._needed(heads)
        for channel, head in heads.items():
            if head.is_durable:
                await self._forget(channel, head, now_us, needed.get(channel))
        forgotten = STEP
        while forgotten == STEP:
            forgotten = await self._log.forget_answers(now_us - ANSWERS_KEPT_US, STEP)

    async def _forget(self, channel: str, head: Head, now_us: int, needed: int | None) -> None:
        limits = narrowed(self._limits, head.definition)
        too_old = await self._log.offset_before(channel, now_us - limits.max_age_us)
        below = cut(head, limits, too_old)
        if needed is not None:
            below = min(below, needed)
        while head.oldest < below:
            # Readers are told first: from here on they refuse what is about to go.
            self._pruned(channel, min(below, head.oldest + STEP))
            head = await self._log.prune(channel, below=below, limit=STEP)

"""The pace: webhooks may wait, updates may not.

While this process takes many updates, sending gets a share of its time, as a bucket of seconds that
work takes out of and time flows into. The share is small while updates keep the process busy, and
up to half of the time while they leave room. At rest there is no limit.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine, Generator
from typing import Any, TypeVar

T = TypeVar("T")

# Of the time of a process that updates keep busy.
SHARE = 0.08
# Of one that has time left, of which so much is kept for updates that may yet come.
MOST = 0.5
SPARE = 0.3
# Seconds that may be taken at once.
BURST_S = 0.01
# Seconds that may be owed at most: what a database that hung for a minute has cost is no debt of
# webhooks, which would else rest for an hour of updates.
MOST_OWED_S = 1.0
# Nobody waits longer without looking whether updates still come.
LOOK_S = 0.05


def never() -> bool:
    """Say that this process takes no updates."""
    return False


class Pace:
    """Tells work when it may go on.

    Args:
        is_busy: Tells whether updates are being taken just now.
        now_s: A clock that never steps back.
        cpu_s: Tells how much processor time this process has used.
        sleep: Waits so many seconds.
    """

    def __init__(
        self,
        is_busy: Callable[[], bool] = never,
        *,
        now_s: Callable[[], float] = time.monotonic,
        cpu_s: Callable[[], float] = time.process_time,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self._is_busy = is_busy
        self._share = SHARE
        self._now_s = now_s
        self._cpu_s = cpu_s
        self._sleep = sleep
        self._left_s = BURST_S
        self._at_s = self._judged_s = now_s()
        self._own_s = self._own_before_s = 0.0
        self._cpu_before_s = cpu_s()

    @property
    def is_slow(self) -> bool:
        """Say whether there is a limit just now."""
        return self._is_busy()

    def spend(self, seconds: float) -> None:
        """Note that work has taken so much time."""
        self._left_s = max(self._left_s - seconds, -MOST_OWED_S)

    async def turn(self) -> None:
        """Return when there is time for more work."""
        while self._is_busy():
            self._flow()
            if self._left_s > 0:
                return
            await self._sleep(min(-self._left_s / self._share + 0.001, LOOK_S))
        self._left_s, self._at_s = BURST_S, self._now_s()

    async def metered(self, work: Coroutine[Any, Any, T]) -> T:
        """Do some work; what the event loop spends in it is taken out of the bucket."""
        return await _Metered(work, self._meter)

    async def timed(self, work: Coroutine[Any, Any, T]) -> T:
        """Do some work of which the disk has the most; all its time is taken out."""
        began_s = self._now_s()
        try:
            return await work
        finally:
            self.spend(self._now_s() - began_s)

    def _flow(self) -> None:
        now_s = self._now_s()
        self._left_s = min(BURST_S, self._left_s + (now_s - self._at_s) * self._share)
        self._at_s = now_s
        if now_s - self._judged_s >= LOOK_S:
            self._judge(now_s)

    def _judge(self, now_s: float) -> None:
        """Work out the share anew, by what all but webhooks have used of late."""
        cpu_s = self._cpu_s()
        others_s = cpu_s - self._cpu_before_s - (self._own_s - self._own_before_s)
        free = 1 - others_s / (now_s - self._judged_s)
        self._share = max(SHARE, min(MOST, free - SPARE))
        self._judged_s, self._cpu_before_s, self._own_before_s = now_s, cpu_s, self._own_s

    def _meter(self, seconds: float) -> None:
        self._own_s += seconds
        self.spend(seconds)


class _Metered(Awaitable[T]):
    """Work of which each step is timed: what lies between them is others' time."""

    def __init__(self, work: Coroutine[Any, Any, T], spend: Callable[[float], None]) -> None:
        self._work = work
        self._spend = spend

    def __await__(self) -> Generator[Any, None, T]:
        failure: BaseException | None = None
        while True:
            began_s = time.perf_counter()
            try:
                wanted = self._work.send(None) if failure is None else self._work.throw(failure)
            except StopIteration as end:
                result: T = end.value
                return result
            finally:
                self._spend(time.perf_counter() - began_s)
            try:
                yield wanted
                failure = None
            except BaseException as error:  # noqa: BLE001 handed to the work itself
                failure = error

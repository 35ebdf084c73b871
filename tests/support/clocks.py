"""Time that a test turns by hand."""

import heapq
import itertools
from collections.abc import Callable

START_US = 1_700_000_000_000_000


class FakeClock:
    """A wall clock; see `hub.clock.Clock`."""

    def __init__(self, now_us: int = START_US) -> None:
        self.now = now_us

    def now_us(self) -> int:
        """Return the time that was set."""
        return self.now

    def advance(self, seconds: float) -> None:
        """Move on."""
        self.now += int(seconds * 1_000_000)


class FakeTimer:
    """A call that is due later."""

    def __init__(self, callback: Callable[[], object]) -> None:
        self.callback = callback
        self.cancelled = False

    def cancel(self) -> None:
        """Do not make the call, and hold nothing that it needs, like asyncio's."""
        self.cancelled = True
        self.callback = _nothing


class FakeTimers:
    """An event loop's timers, run by `tick` and `advance`; see `hub.clock.Timers`."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self._order = itertools.count()
        self._due: list[tuple[float, int, FakeTimer]] = []

    def time(self) -> float:
        """Return the seconds that were turned."""
        return self.now_s

    def call_soon(self, callback: Callable[..., object], *args: object) -> FakeTimer:
        """Run the callback at the next tick."""
        return self.call_later(0, callback, *args)

    def call_later(self, delay: float, callback: Callable[..., object], *args: object) -> FakeTimer:
        """Run the callback when `delay` seconds have been turned."""
        timer = FakeTimer(lambda: callback(*args))
        heapq.heappush(self._due, (self.now_s + delay, next(self._order), timer))
        return timer

    @property
    def pending(self) -> int:
        """Return how many calls are due some time."""
        return sum(not timer.cancelled for _, _, timer in self._due)

    def tick(self) -> None:
        """Run what is due now and was due before this call."""
        self.advance(0)

    def advance(self, seconds: float) -> None:
        """Turn the hands, and run what becomes due, in order."""
        end = self.now_s + seconds
        last = next(self._order)
        while self._due and self._due[0][0] <= end:
            due, order, timer = heapq.heappop(self._due)
            if seconds == 0 and order > last:
                heapq.heappush(self._due, (due, order, timer))
                break
            self.now_s = max(self.now_s, due)
            if not timer.cancelled:
                timer.callback()
        self.now_s = end


def _nothing() -> None:
    pass

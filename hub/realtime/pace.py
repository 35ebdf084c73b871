"""The pace: how soon after one write to many sockets the next one begins.

Each write to a thousand sockets costs some milliseconds, whatever it carries. A node that is asked
for the next one when the last has hardly ended, again and again, rests as long as that took, and
what comes meanwhile goes in one buffer: a burst costs half. Where there is a pause between two
writes, each begins in the next tick: then a rest would make nothing cheaper, only later.
"""

from collections.abc import Callable

from hub.clock import Timer, Timers

# Fewer sockets are written to in less than the loop's clock shows.
MANY = 64
# So much of a write's time is no pause.
PAUSE_SHARE = 0.25
# Writes without a pause until it rests: two events may meet by chance.
IN_A_ROW = 3
LONGEST_S = 0.01
# So much does not wait.
FULL_BYTES = 64 * 1024


class Pace:
    """When a node writes.

    Args:
        timers: The loop's.
        write: Writes what waits; returns to how many sockets.
    """

    def __init__(self, timers: Timers, write: Callable[[], int]) -> None:
        self._timers = timers
        self._write = write
        self._next: Timer | None = None
        self._resting = False
        self._bytes = 0
        # Of the last write to many.
        self._took_s = 0.0
        self._ended_s = 0.0
        self._in_a_row = 0
        self._is_measuring = self._is_asked = False

    def ask(self, size: int) -> None:
        """Have so many more bytes written, soon."""
        self._bytes += size
        if self._is_measuring:
            self._is_asked = True
            return
        if self._next is None:
            self._schedule()
        elif self._resting and self._bytes > FULL_BYTES:
            self._next.cancel()
            self._begin(0.0)

    def _schedule(self) -> None:
        since_s = self._timers.time() - self._ended_s
        paused = since_s >= PAUSE_SHARE * self._took_s
        self._in_a_row = 0 if paused else self._in_a_row + 1
        rests = self._in_a_row >= IN_A_ROW and self._bytes <= FULL_BYTES
        self._begin(min(self._took_s, LONGEST_S) - since_s if rests else 0.0)

    def _begin(self, rest_s: float) -> None:
        self._resting = rest_s > 0
        if self._resting:
            self._next = self._timers.call_later(rest_s, self._go)
        else:
            self._next = self._timers.call_soon(self._go)

    def _go(self) -> None:
        self._next, self._bytes = None, 0
        began_s = self._timers.time()
        if self._write() >= MANY:
            # In the next tick: the loop itself writes after this one.
            self._is_measuring = True
            self._timers.call_soon(self._measure, began_s)

    def _measure(self, began_s: float) -> None:
        self._ended_s = self._timers.time()
        self._took_s = self._ended_s - began_s
        asked = self._is_asked
        self._is_measuring = self._is_asked = False
        if asked:
            self._schedule()

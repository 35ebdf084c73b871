"""The pace: how soon after one write to many sockets the next one begins.

An idle node writes an event in the next tick. Under load each write to a thousand sockets costs
some milliseconds, whatever it carries; so a node that has just written rests for twice as long as
that took, and what comes meanwhile goes in one buffer. Writing takes a third of its time at most.
"""

from collections.abc import Callable

from hub.clock import Timer, Timers

# Fewer sockets are written to in less than the loop's clock shows.
MANY = 64
REST = 2.0
LONGEST_S = 0.02
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
        self._free_s = 0.0
        self._next: Timer | None = None
        self._resting = False
        self._bytes = 0

    def ask(self, size: int) -> None:
        """Have so many more bytes written, soon."""
        self._bytes += size
        if self._next is None:
            rest_s = self._free_s - self._timers.time()
            self._resting = rest_s > 0 and self._bytes <= FULL_BYTES
            call_later, call_soon = self._timers.call_later, self._timers.call_soon
            self._next = call_later(rest_s, self._go) if self._resting else call_soon(self._go)
        elif self._resting and self._bytes > FULL_BYTES:
            self._next.cancel()
            self._resting = False
            self._next = self._timers.call_soon(self._go)

    def _go(self) -> None:
        self._next, self._bytes = None, 0
        began_s = self._timers.time()
        if self._write() >= MANY:
            # In the next tick: the loop itself writes after this one.
            self._timers.call_soon(self._measure, began_s)

    def _measure(self, began_s: float) -> None:
        now_s = self._timers.time()
        self._free_s = now_s + min(REST * (now_s - began_s), LONGEST_S)

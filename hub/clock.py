"""Time as a port: what the hub asks of a clock and of the event loop's timers.

Everything that needs the time takes a `Clock` or the value itself, so tests turn the
hands instead of sleeping. Wall time is integer microseconds since 1970 in UTC: the unit
of the store.
"""

import time
from collections.abc import Callable
from typing import Protocol

SECOND_US = 1_000_000


class Clock(Protocol):
    """Tells the wall time."""

    def now_us(self) -> int:
        """Return microseconds since 1970-01-01 UTC; may step back when the host's clock does."""
        ...


class Timer(Protocol):
    """A call that is due later."""

    def cancel(self) -> None:
        """Do not make the call. Harmless after it was made."""
        ...


class Timers(Protocol):
    """The part of an event loop that runs calls later; asyncio's loop is one."""

    def time(self) -> float:
        """Return the seconds of a clock that never steps back."""
        ...

    def call_soon(self, callback: Callable[..., object], *args: object) -> Timer:
        """Run the callback after the current tick."""
        ...

    def call_later(self, delay: float, callback: Callable[..., object], *args: object) -> Timer:
        """Run the callback in `delay` seconds."""
        ...


class SystemClock:
    """The host's clock."""

    def now_us(self) -> int:
        """Return microseconds since 1970-01-01 UTC."""
        return time.time_ns() // 1000

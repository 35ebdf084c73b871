"""A steady time: it never falls, and goes on where the wall clock was put back."""

from hub.clock import Clock


class Steady:
    """A wall clock without its steps back; a step forward fills the buckets, and harms nobody."""

    __slots__ = ("_behind_us", "_last_us", "_wall")

    def __init__(self, clock: Clock) -> None:
        self._wall = clock.now_us
        self._last_us = 0
        self._behind_us = 0

    def now_us(self) -> int:
        """Return microseconds."""
        now_us = self._wall() + self._behind_us
        if now_us < self._last_us:
            self._behind_us += self._last_us - now_us
            return self._last_us
        self._last_us = now_us
        return now_us

"""Expiry: a client is here as long as its credential is good, and no longer."""

from collections.abc import Callable

from hub.clock import SECOND_US, Clock, Timer, Timers
from hub.errors import HubError, TokenExpired
from hub.model.principal import Principal

# The wall clock may be set meanwhile, so nobody sleeps longer than that before a look at it.
LOOK_S = 60.0


class Expiry:
    """Ends one client at the time when its principal's credential does.

    Args:
        clock: Tells whether it is over.
        timers: The loop's.
        end: Ends the client, for a reason.
    """

    __slots__ = ("_clock", "_end", "_expires_us", "_timer", "_timers")

    def __init__(self, clock: Clock, timers: Timers, end: Callable[[HubError], None]) -> None:
        self._clock = clock
        self._timers = timers
        self._end = end
        self._expires_us = 0
        self._timer: Timer | None = None

    def set(self, principal: Principal) -> None:
        """Hold this principal's time, in place of an earlier one's."""
        self.cancel()
        if principal.expires_us is not None:
            self._expires_us = principal.expires_us
            self._look()

    def cancel(self) -> None:
        """The client is gone, or has no end."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look(self) -> None:
        left_s = (self._expires_us - self._clock.now_us()) / SECOND_US
        if left_s > 0:
            self._timer = self._timers.call_later(min(left_s, LOOK_S), self._look)
        else:
            self._timer = None
            self._end(TokenExpired("expected a newer token in time, got none"))

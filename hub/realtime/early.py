"""Early events: news that came before their turn.

Two nodes commit one after the other, and their news cross: what is missing is on its way most of
the time, and reading the log for it would cost every client of the channel a page.
"""

from collections.abc import Callable

from hub.clock import Timer, Timers
from hub.model.event import Event

HOLD_S = 0.02
MAX_HELD = 1_024


class Early:
    """Events that wait for those before them, of one channel, but not for long.

    Args:
        timers: Measure the waiting.
        give_up: Called when what is missing has not come in time, or too much waits.
    """

    def __init__(self, timers: Timers, give_up: Callable[[], None]) -> None:
        self._timers = timers
        self._give_up = give_up
        self._held: dict[int, Event] = {}
        self._timer: Timer | None = None

    def __len__(self) -> int:
        return len(self._held)

    def hold(self, event: Event) -> None:
        """Let an event wait."""
        self._held[event.offset] = event
        if len(self._held) > MAX_HELD:
            self._give_up()
        elif self._timer is None:
            self._timer = self._timers.call_later(HOLD_S, self._give_up)

    def first(self) -> int:
        """Return the lowest offset that waits; there is one."""
        return min(self._held)

    def next(self, offset: int) -> Event | None:
        """Return the event of this offset, and let it wait no more."""
        event = self._held.pop(offset, None)
        if event is not None and not self._held:
            self._stop()
        return event

    def forget(self, upto: int) -> None:
        """Let those wait no more that came with what was read elsewhere."""
        self._held = {offset: event for offset, event in self._held.items() if offset > upto}
        if not self._held:
            self._stop()

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

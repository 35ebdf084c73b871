"""Early events: news that came before their turn.

Two nodes commit one after the other, and their news cross: what is missing is on its way most of
the time, and reading the log for it would cost every client of the channel a page.
"""

from collections.abc import Callable

from hub.clock import Timer, Timers
from hub.model.event import Event

HOLD_S = 0.02
MAX_HELD = 1_024
# Of data: an event may be as large as a request, and each channel holds its own.
MAX_HELD_BYTES = 1024 * 1024


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
        self._bytes = 0
        self._timer: Timer | None = None

    def __len__(self) -> int:
        return len(self._held)

    def hold(self, event: Event) -> None:
        """Let an event wait; one that waits already is not kept twice."""
        if event.offset not in self._held:
            self._held[event.offset] = event
            self._bytes += len(event.data)
        if len(self._held) > MAX_HELD or self._bytes > MAX_HELD_BYTES:
            self._give_up()
        elif self._timer is None:
            self._timer = self._timers.call_later(HOLD_S, self._give_up)

    def first(self) -> int:
        """Return the lowest offset that waits; there is one."""
        return min(self._held)

    def next(self, offset: int) -> Event | None:
        """Return the event of this offset, and let it wait no more."""
        event = self._held.pop(offset, None)
        if event is not None:
            self._bytes -= len(event.data)
            self._rest()
        return event

    def forget(self, upto: int) -> None:
        """Let those wait no more that came with what was read elsewhere."""
        self._held = {offset: event for offset, event in self._held.items() if offset > upto}
        self._bytes = sum(len(event.data) for event in self._held.values())
        self._rest()

    def _rest(self) -> None:
        """Measure no time while nothing waits."""
        if not self._held and self._timer is not None:
            self._timer.cancel()
            self._timer = None

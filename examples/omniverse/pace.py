"""When an event is shown: what waits for its time, and what the hub's clock says now.

Two viewers that show everything up to one time of the hub show the same, whatever their networks
do; a tenth of a second behind it, an event that comes late is shown in its time all the same.
"""

from collections import deque
from datetime import UTC, datetime, timedelta

from hub_client import Event, Snapshot

REMEMBERED = 256
"""Events by which the hub's clock is estimated: enough to hold a quick one, few enough to forget
how the clocks have drifted apart since yesterday."""


class Pending:
    """Events of one channel that have come and are not shown yet, in their order."""

    def __init__(self) -> None:
        self._events: deque[Event] = deque()

    def __len__(self) -> int:
        return len(self._events)

    def add(self, event: Event) -> None:
        """Take the next one. A snapshot holds all that was before it, so that need not wait."""
        if isinstance(event, Snapshot):
            self._events.clear()
        self._events.append(event)

    def due(self, server_time: datetime | None) -> list[Event]:
        """Return the events whose timestamp is not later, each once; with None all.

        Timestamps never fall within a channel, so nothing overtakes. A snapshot has none: it
        is due at once.
        """
        due = []
        while self._events and _is_due(self._events[0], server_time):
            due.append(self._events.popleft())
        return due


class ServerClock:
    """The hub's clock, by the events that come: an event is never older than it says."""

    def __init__(self) -> None:
        self._ages: deque[float] = deque(maxlen=REMEMBERED)

    def note(self, event: Event, arrived_s: float) -> None:
        """Take an event's timestamp, and when it came by a clock that never runs back."""
        if event.timestamp is not None:
            self._ages.append(arrived_s - moment(event.timestamp).timestamp())

    def now(self, at_s: float) -> datetime | None:
        """Return what the hub's clock shows, or showed up to a network's delay ago.

        The quickest of the newest events tells the difference of the clocks. It is never ahead
        of the hub, and never behind the timestamp of an event that has come. None: none has.
        """
        if not self._ages:
            return None
        return datetime.fromtimestamp(at_s - min(self._ages), UTC)


def behind(now: datetime | None, seconds: float) -> datetime | None:
    """Return the time that is shown: so many seconds before now; None: everything is shown."""
    return None if now is None or seconds <= 0 else now - timedelta(seconds=seconds)


def moment(timestamp: str) -> datetime:
    """Return a time of the wire (RFC 3339)."""
    return datetime.fromisoformat(timestamp)


def _is_due(event: Event, server_time: datetime | None) -> bool:
    if server_time is None or event.timestamp is None:
        return True
    return moment(event.timestamp) <= server_time

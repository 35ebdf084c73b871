"""The board: which alerts are raised in the hub, as the log tells it."""

import asyncio
from collections import deque
from collections.abc import Iterable, Mapping, Sequence

from hub.model.alert import ALERTS, Alert, read_alert
from hub.stores.base import EventQuery, Log

# What a node reads of the past when it starts. Who was raised before and is still so, is forgotten:
# so many alerts later nobody had looked.
PAST = 1_000
RECENT = 100
_PAGE = 500
_PAGES = 10


class Board:
    """What was raised and cleared, on all nodes.

    Args:
        log: Tells it.

    Attributes:
        raised: By key.
    """

    def __init__(self, log: Log) -> None:
        self.raised: dict[str, Alert] = {}
        self._log = log
        self._recent: deque[Alert] = deque(maxlen=RECENT)
        self._offset = -1
        self._reading = asyncio.Lock()

    @property
    def recent(self) -> Sequence[Alert]:
        """Return what was raised and cleared lately, the newest first."""
        return [*reversed(self._recent)]

    async def refresh(self) -> None:
        """Read what is new in the log.

        Raises:
            LogUnavailable: It cannot be read; what was known stays.
        """
        # One at a time: each event counts once, in its order.
        async with self._reading:
            if self._offset < 0:
                await self._read(EventQuery(ALERTS, PAST))
                self._offset = max(0, self._offset)
            for _ in range(_PAGES):
                if await self._read(EventQuery(ALERTS, _PAGE, after=self._offset)) < _PAGE:
                    break

    async def _read(self, query: EventQuery) -> int:
        events = await self._log.events(query)
        for event in events:
            self._offset = event.offset
            alert = read_alert(event.data)
            if alert is not None:
                apply(self.raised, alert)
                self._recent.append(alert)
        return len(events)


def apply(raised: dict[str, Alert], alert: Alert) -> None:
    """Let one more event count: the newest of a key says whether it is raised."""
    if alert.until is None:
        raised[alert.key] = alert
    else:
        raised.pop(alert.key, None)


def with_waiting(raised: Mapping[str, Alert], waiting: Iterable[Alert]) -> dict[str, Alert]:
    """Return what is raised when also counts what the log has not taken yet."""
    now = dict(raised)
    for alert in waiting:
        apply(now, alert)
    return now

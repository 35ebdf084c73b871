"""Reading: how the node's feeds read the log."""

from collections.abc import Sequence

from hub.model.event import Event
from hub.realtime.pages import PAGE_BYTES
from hub.stores.base import EventQuery, Log


async def read_page(log: Log, channel: str, after: int, limit: int) -> Sequence[Event]:
    """Return the events behind an offset, as many as a page holds."""
    return await log.events(EventQuery(channel, limit, after=after, max_bytes=PAGE_BYTES))


async def read_newest(log: Log, channel: str, limit: int, max_bytes: int) -> Sequence[Event]:
    """Return the newest events, oldest first."""
    return await log.events(EventQuery(channel, limit, max_bytes=max_bytes))

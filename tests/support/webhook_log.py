"""A log that a test writes by hand, for those that only read one."""

from collections.abc import Mapping, Sequence

from hub.model.event import Event
from hub.model.unit import Head
from hub.stores.base import EventQuery, LogState
from support.webhooks import told


class HandLog:
    """The part of a log that webhooks read.

    Attributes:
        kept: Events by channel.
        asked: How often it was read.
    """

    def __init__(self) -> None:
        self.kept: dict[str, list[Event]] = {}
        self.heads: dict[str, Head] = {}
        self.asked = 0

    def append(self, count: int = 1, channel: str = "orders", **fields: object) -> list[Event]:
        """Commit events."""
        head = self.heads.setdefault(channel, Head())
        made = [
            told(head.offset + n, channel=channel, id=f"{channel}-{head.offset + n}", **fields)
            for n in range(1, count + 1)
        ]
        self.kept.setdefault(channel, []).extend(made)
        head.offset += count
        return made

    def prune(self, below: int, channel: str = "orders") -> None:
        """Forget."""
        self.kept[channel] = [each for each in self.kept[channel] if each.offset >= below]
        self.heads[channel].oldest = below

    async def state(self) -> LogState:
        """Return the heads."""
        self.asked += 1
        heads: Mapping[str, Head] = dict(self.heads)
        return LogState("log", "epoch", heads)

    async def events(self, query: EventQuery) -> Sequence[Event]:
        """Return a page."""
        self.asked += 1
        after = query.after or 0
        return [e for e in self.kept.get(query.channel, ()) if e.offset > after][: query.limit]

"""History: pages of the log, for whoever asks over HTTP or a socket."""

from collections.abc import Sequence
from typing import NamedTuple

from hub.model.event import Event, encode
from hub.model.unit import Head
from hub.stores.base import EventQuery, Log


class HistoryQuery(NamedTuple):
    """What a caller asks for; see docs/protocol.md.

    Attributes:
        since: Events that follow this offset, oldest first.
        since_us: Events that are not older than this time; used when `since` is None.
        before: Events that precede this offset.
        epoch: The epoch that the offsets are of; None means the current one.
    """

    channel: str
    limit: int
    since: int | None = None
    since_us: int | None = None
    before: int | None = None
    epoch: str | None = None
    key: str | None = None
    tag: str | None = None


class HistoryPage(NamedTuple):
    """A page, oldest first, and whether it holds all that was asked for.

    Attributes:
        head: Newest offset of the channel.
        oldest: Oldest offset that is kept.
        complete: False when events of the asked range are gone (`reason` says why).
        next: Value of `since` (going up) or `before` (going down) for the next page; None at the
            end.
    """

    channel: str
    epoch: str
    head: int
    oldest: int
    complete: bool
    reason: str | None
    events: Sequence[bytes]
    next: int | None


class History:
    """Reads the log in pages.

    Args:
        log: The log.
        epoch: Its epoch.
    """

    def __init__(self, log: Log, epoch: str) -> None:
        self._log = log
        self.epoch = epoch

    async def page(self, query: HistoryQuery) -> HistoryPage:
        """Return one page; costs by its length, not by the log's."""
        head = (await self._log.state()).heads.get(query.channel, Head())
        if query.epoch is not None and query.epoch != self.epoch:
            return self._page(query, head, (), "epoch_changed", None)
        since = query.since
        if since is None and query.since_us is not None:
            since = await self._log.offset_before(query.channel, query.since_us)
        found = await self._log.events(
            EventQuery(query.channel, query.limit + 1, since, query.before, query.key, query.tag)
        )
        if since is not None:
            events, more = found[: query.limit], len(found) > query.limit
            expired = since < head.oldest - 1
            next_ = events[-1].offset if more else None
        else:
            events, more = found[-query.limit :], len(found) > query.limit
            # Going down there is always an end; it is the beginning only when nothing was pruned.
            expired = not more and head.oldest > 1 and len(events) < query.limit
            next_ = events[0].offset if more else None
        return self._page(query, head, events, "expired" if expired else None, next_)

    def _page(
        self,
        query: HistoryQuery,
        head: Head,
        events: Sequence[Event],
        reason: str | None,
        next_: int | None,
    ) -> HistoryPage:
        return HistoryPage(
            channel=query.channel,
            epoch=self.epoch,
            head=head.offset,
            oldest=head.oldest,
            complete=reason is None,
            reason=reason,
            events=[encode(event) for event in events],
            next=next_,
        )

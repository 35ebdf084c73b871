"""History: pages of the log, for whoever asks over HTTP or a socket."""

from collections.abc import Sequence
from typing import Literal, NamedTuple

from hub.model.event import Event, encode
from hub.model.unit import Head
from hub.stores.base import EventQuery, Log

# Why events of an asked range are not there; `volatile`: the channel keeps none.
Reason = Literal["expired", "epoch_changed", "volatile"]


class HistoryQuery(NamedTuple):
    """What a caller asks for; see docs/protocol.md.

    Attributes:
        since: Events that follow this offset, oldest first.
        since_us: Events that are not older than this time; used when `since` is None.
        before: Events that precede this offset.
        epoch: The epoch that the offsets are of; None means the current one.
        owner: Only what belongs to this principal; None: everything.
    """

    channel: str
    limit: int
    since: int | None = None
    since_us: int | None = None
    before: int | None = None
    epoch: str | None = None
    key: str | None = None
    tag: str | None = None
    owner: str | None = None


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
    reason: Reason | None
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
        head = await self._head(query.channel)
        if not head.is_durable:
            return self._page(query, head, _Found((), "volatile"))
        foreign = query.epoch is not None and query.epoch != self.epoch
        # An offset that does not exist yet is of another log: a backup was restored.
        if foreign or (query.since is not None and query.since > head.offset):
            return self._page(query, head, _Found((), "epoch_changed"))
        since = query.since
        if since is None and query.since_us is not None:
            since = await self._log.offset_before(query.channel, query.since_us)
        # Nothing above the head that the page tells: who goes on from there misses nothing.
        before = head.offset + 1 if query.before is None else min(query.before, head.offset + 1)
        wanted = EventQuery(
            query.channel, query.limit + 1, since, before, query.key, query.tag, owner=query.owner
        )
        events = await self._log.events(wanted)
        full = sum(len(event.data) for event in events) >= wanted.max_bytes
        # Retention may have cut meanwhile: what the page lacks is judged by where it is now.
        head.oldest = (await self._head(query.channel)).oldest
        if since is None:
            return self._page(query, head, _down(events, query.limit, head, full=full))
        # A time before the oldest event may lie anywhere before it.
        from_time = query.since is None
        gone = since < head.oldest - 1 or (from_time and 1 < head.oldest == since + 1)
        return self._page(query, head, _up(events, query.limit, gone=gone, full=full))

    async def readers(self, channel: str) -> Sequence[str] | None:
        """Return the roles that alone may read a channel; None: whoever may read events."""
        definition = (await self._head(channel)).definition
        return None if definition is None else definition.readers

    async def _head(self, channel: str) -> Head:
        return (await self._log.state()).heads.get(channel) or Head()

    def _page(self, query: HistoryQuery, head: Head, found: "_Found") -> HistoryPage:
        return HistoryPage(
            channel=query.channel,
            epoch=self.epoch,
            head=head.offset,
            oldest=head.oldest,
            complete=found.reason is None,
            reason=found.reason,
            events=[encode(event) for event in found.events],
            next=found.next,
        )


class _Found(NamedTuple):
    """The events of a page, why it is not complete, and where the next one begins."""

    events: Sequence[Event]
    reason: Reason | None = None
    next: int | None = None


def _up(events: Sequence[Event], limit: int, *, gone: bool, full: bool) -> _Found:
    """Return the first `limit` of what follows an offset; one more means that there is more.

    A page that is full by its bytes ends before that, and has a next one, perhaps an empty one.
    """
    more = len(events) > limit or full
    page = events[:limit]
    return _Found(page, "expired" if gone else None, page[-1].offset if more else None)


def _down(events: Sequence[Event], limit: int, head: Head, *, full: bool) -> _Found:
    """Return the last `limit` of what precedes an offset.

    The way down ends at offset 1; where retention has cut, the last page says that more was
    there. A full page that happens to end at the cut still has a next one, an empty one.
    """
    cut = head.oldest > 1
    page = events[-limit:]
    if len(events) > limit or full or (cut and len(page) == limit):
        return _Found(page, None, page[0].offset)
    return _Found(page, "expired" if cut else None)

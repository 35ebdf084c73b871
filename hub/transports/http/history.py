"""Pages of a channel's events."""

from typing import Annotated

import msgspec
from starlette.types import ASGIApp

from hub.auth.policy import Deed, demand, owner_shown
from hub.errors import ChannelNotFound, FieldError, InvalidFields
from hub.model.contract import shown
from hub.model.event import is_channel_name
from hub.model.principal import Principal
from hub.model.scope import EVENTS_READ
from hub.model.timestamp import from_iso8601
from hub.services.history import History, HistoryQuery
from hub.transports.http.answer import json
from hub.transports.http.call import Call

Offset = Annotated[int, msgspec.Meta(ge=0, le=2**62)]


class HistoryParams(msgspec.Struct, forbid_unknown_fields=True):
    """Query of a history: `since` going up, `before` going down, else the last ones."""

    limit: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 100
    since: Offset | None = None
    since_time: str | None = None
    before: Offset | None = None
    epoch: str | None = None


class HistoryAnswer(msgspec.Struct, kw_only=True):
    """A page, oldest first. `offset` is the newest of the channel, `oldest` the oldest kept.

    `complete` is false when events of the asked range are gone; `reason` then says why. `next`
    is the value of `since` or `before` for the next page.
    """

    channel: str
    epoch: str
    offset: int
    oldest: int
    complete: bool
    events: list[msgspec.Raw]
    next: int | None
    reason: str | msgspec.UnsetType = msgspec.UNSET


class HistoryResource:
    """Reads channels in pages."""

    def __init__(self, history: History) -> None:
        self._history = history

    async def channel(self, call: Call) -> ASGIApp:
        """Return a page of any channel."""
        name = call.params["channel"]
        if not is_channel_name(name):
            raise ChannelNotFound(f"expected the name of a channel, got {name[:80]!r}")
        params = call.query(HistoryParams)
        since, since_us = since_of(params)
        return await self.page(
            call.principal,
            HistoryQuery(name, params.limit, since, since_us, params.before, params.epoch),
        )

    async def page(self, principal: Principal, query: HistoryQuery) -> ASGIApp:
        """Return a page, of what a principal is shown.

        Raises:
            Forbidden: It may not read that channel.
        """
        readers = await self._history.readers(query.channel)
        demand(principal, Deed(EVENTS_READ, query.channel, readers))
        owner = owner_shown(principal, query.channel)
        page = await self._history.page(query._replace(owner=owner))
        return json(
            HistoryAnswer(
                channel=page.channel,
                epoch=page.epoch,
                offset=page.head,
                oldest=page.oldest,
                complete=page.complete,
                events=[msgspec.Raw(event) for event in page.events],
                next=page.next,
                reason=page.reason or msgspec.UNSET,
            )
        )


def since_of(params: HistoryParams) -> tuple[int | None, int | None]:
    """Return `since` as an offset, or as a time in microseconds.

    Raises:
        InvalidFields: `since_time` is no time.
    """
    if params.since_time is None:
        return params.since, None
    try:
        return params.since, from_iso8601(params.since_time)
    except (ValueError, OverflowError):
        fault = FieldError("since_time", "an ISO 8601 time", shown(params.since_time))
        raise InvalidFields([fault]) from None

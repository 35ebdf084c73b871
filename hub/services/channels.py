"""Custom channels: whoever needs one posts to it. Volatile ones are defined before."""

from collections.abc import Awaitable, Callable, Collection, Sequence
from functools import partial
from typing import Any

import msgspec

from hub.errors import Conflict, FieldError, InvalidFields
from hub.model.contract import shown
from hub.model.event import Draft, Event, is_event_type
from hub.model.principal import Principal
from hub.model.unit import Answered, Decision, IdempotencyKey, Rows, Unit
from hub.services.definitions import check_custom, check_room
from hub.services.publisher import Publisher
from hub.services.volatile import Volatile

MAX_EVENTS = 100
MAX_KEY = 256
_encode = msgspec.json.Encoder().encode


class NewEvent(msgspec.Struct, forbid_unknown_fields=True):
    """One event of `POST /api/channels/{channel}/events`."""

    type: str
    data: dict[str, Any]
    key: str = ""


class PublishAnswer(msgspec.Struct):
    """Answer of `POST /api/channels/{channel}/events`; `offset` is that of the last event."""

    status: str
    channel: str
    epoch: str
    offset: int
    ids: list[str]


class Channels:
    """Takes events for channels that are not built in; the first event makes the channel.

    Args:
        publisher: Commits events of durable channels.
        volatile: Tells events of the others.
        epoch: The log's.
        known: Names of the channels that this node knows.
        look: Has this node learn what the log says of the channels.
    """

    def __init__(
        self,
        publisher: Publisher,
        volatile: Volatile,
        epoch: str,
        known: Collection[str],
        look: Callable[[], Awaitable[None]],
    ) -> None:
        self._publisher = publisher
        self._volatile = volatile
        self._epoch = epoch
        self._known = known
        self._look = look

    async def publish(
        self,
        principal: Principal,
        channel: str,
        new: Sequence[NewEvent],
        key: IdempotencyKey | None,
    ) -> Answered:
        """Commit one event or several, all or none, at consecutive offsets.

        Those of a volatile channel are told instead, and the key means nothing.

        Raises:
            ChannelNotFound: The name is of no form that a channel may have.
            ReservedChannel: The channel is built in.
            InvalidFields: No events, too many, or a type that is none.
            BodyTooLarge, RateLimited: See `Volatile.publish`.
        """
        check_custom(channel)
        check_room(channel, self._known)
        drafts = [_draft(channel, event, index) for index, event in enumerate(new)]
        if not 0 < len(drafts) <= MAX_EVENTS:
            raise InvalidFields([FieldError("$", f"1 to {MAX_EVENTS} events", str(len(drafts)))])
        if channel not in self._volatile:
            decision = Decision((), drafts, partial(_answer, epoch=self._epoch), status=201)
            decide = partial(_decide, channel=channel, decision=decision)
            unit = Unit(principal.name, (), (channel,), decide, key)
            try:
                return await self._publisher.submit(unit)
            except Conflict:
                # Another node has made it volatile since this one looked.
                await self._look()
        return self._volatile.publish(principal.name, channel, drafts)


def _draft(channel: str, event: NewEvent, index: int) -> Draft:
    if not is_event_type(event.type):
        expected = "a-z, then a-z 0-9 _ . - (64 at most), no word of the protocol"
        raise InvalidFields([FieldError(f"$[{index}].type", expected, shown(event.type))])
    if len(event.key) > MAX_KEY:
        raise InvalidFields(
            [FieldError(f"$[{index}].key", f"at most {MAX_KEY} characters", shown(event.key))]
        )
    return Draft(channel=channel, type=event.type, data=_encode(event.data), key=event.key)


def _decide(rows: Rows, *, channel: str, decision: Decision) -> Decision:
    if not rows.heads[channel].is_durable:
        raise Conflict(f"expected a durable channel, got {channel}, which is volatile")
    return decision


def _answer(events: Sequence[Event], *, epoch: str) -> bytes:
    ids = [event.id for event in events]
    return _encode(PublishAnswer("ok", events[0].channel, epoch, events[-1].offset, ids))

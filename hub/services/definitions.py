"""Definitions: what custom channels keep, and the list of all channels.

Whether a channel is durable is decided once, when it is made: readers of a log hold positions,
readers of a volatile channel hold none, and neither could make sense of the other.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Annotated, Literal, NamedTuple, get_args

import msgspec

from hub.auth.policy import Deed, demand
from hub.errors import ChannelNotFound, Conflict, FieldError, InvalidFields, ReservedChannel
from hub.model.channel import Defined, Definition
from hub.model.contract import shown
from hub.model.event import BUILT_IN_CHANNELS, is_channel_name
from hub.model.principal import Principal
from hub.model.scope import PUBLIC
from hub.model.unit import Decision, Head, Rows, Unit
from hub.services.publisher import Publisher
from hub.stores.base import Log

# Each has a feed in memory.
MAX_CHANNELS = 1_000
HOUR_US = 3600 * 1_000_000
MADE = 201

Heads = Mapping[str, Head]


# See `model.scope.ROLES`; a test compares.
Role = Literal["admin", "operator", "publisher", "agent", "service", "user", "viewer"]

Readers = Annotated[list[Role], msgspec.Meta(min_length=1, max_length=16)]


class HistoryLimits(msgspec.Struct, forbid_unknown_fields=True):
    """How much history a channel keeps; what is null is as the hub's settings say."""

    max_events: Annotated[int, msgspec.Meta(ge=1, le=2**53)] | None = None
    max_age_h: Annotated[float, msgspec.Meta(gt=0, le=1_000_000)] | None = None


class NewDefinition(msgspec.Struct, forbid_unknown_fields=True):
    """Body of `PUT /api/channels/{channel}`.

    `readers` are the roles that alone may read it, besides admins; null: whoever may read events.
    It and `durable` may be left out to leave them as they are.
    """

    durable: bool | msgspec.UnsetType = msgspec.UNSET
    history: HistoryLimits | None = None
    readers: Readers | msgspec.UnsetType | None = msgspec.UNSET


class ChannelView(msgspec.Struct, kw_only=True):
    """A channel. `followers` are the clients of the node that answers.

    `history` is null where the hub's settings hold. A volatile channel has no offsets: its `head`
    stays 0.
    """

    channel: str
    built_in: bool
    durable: bool
    history: HistoryLimits | None
    readers: list[Role] | None
    head: int
    oldest: int
    followers: int


class ChannelsView(msgspec.Struct):
    """Answer of `GET /api/channels`."""

    channels: list[ChannelView]


class Outcome(NamedTuple):
    """A channel as it is now, and whether it was not there before."""

    view: ChannelView
    made: bool


class Definitions:
    """Makes and changes custom channels, and tells of all.

    Args:
        publisher: Commits.
        log: Tells what there is.
        followers: Returns how many clients follow a channel here.
        learn: Called with heads that this node should know of at once.
    """

    def __init__(
        self,
        publisher: Publisher,
        log: Log,
        *,
        followers: Callable[[], Mapping[str, int]],
        learn: Callable[[Heads], None],
    ) -> None:
        self._publisher = publisher
        self._log = log
        self._followers = followers
        self._learn = learn

    async def put(self, principal: Principal, channel: str, new: NewDefinition) -> Outcome:
        """Make a channel, or change what it keeps.

        Raises:
            ChannelNotFound: The name is of no form that a channel may have.
            ReservedChannel: The channel is built in.
            InvalidFields: There are too many channels, or a volatile one is to keep history.
            Conflict: The channel is there, and as durable as it will ever be.
            Forbidden: It is for others: who may not read it would let himself in.
        """
        check_custom(channel)
        heads = (await self._log.state()).heads
        check_room(channel, heads)

        def decide(rows: Rows) -> Decision:
            head = rows.heads[channel]
            before = None if head.definition is None else head.definition.readers
            demand(principal, Deed(PUBLIC, channel, before))
            status = 200 if head.offset or head.definition else MADE
            changes = [Defined(channel, _definition(channel, head, new))]
            return Decision(changes, [], lambda _events: b"", status)

        answered = await self._publisher.submit(Unit(principal.name, (), (channel,), decide))
        heads = await self._heads()
        return Outcome(self._view(channel, heads[channel]), made=answered.status == MADE)

    async def look(self) -> None:
        """Have this node learn at once how the channels are defined."""
        await self._heads()

    async def one(self, channel: str) -> ChannelView:
        """Return one channel.

        Raises:
            ChannelNotFound: There is none of that name.
        """
        head = (await self._log.state()).heads.get(channel)
        if head is None:
            raise ChannelNotFound(f"expected the name of a channel, got {channel[:128]!r}")
        return self._view(channel, head)

    async def all(self) -> Sequence[ChannelView]:
        """Return every channel, by name."""
        heads = (await self._log.state()).heads
        return [self._view(channel, heads[channel]) for channel in sorted(heads)]

    async def _heads(self) -> Heads:
        heads = (await self._log.state()).heads
        self._learn(heads)
        return heads

    def _view(self, channel: str, head: Head) -> ChannelView:
        return ChannelView(
            channel=channel,
            built_in=channel in BUILT_IN_CHANNELS,
            durable=head.is_durable,
            history=_limits(head.definition),
            readers=_readers(head.definition),
            head=head.offset,
            oldest=head.oldest,
            followers=self._followers().get(channel, 0),
        )


def check_custom(channel: str) -> None:
    """Raise unless the name may be that of a custom channel.

    Raises:
        ChannelNotFound: It is of no form that a channel may have.
        ReservedChannel: The channel is built in.
    """
    if not is_channel_name(channel):
        raise ChannelNotFound(
            f"expected a channel name like orders.eu (a-z 0-9 . _ : -), got {channel[:80]!r}"
        )
    if channel in BUILT_IN_CHANNELS:
        raise ReservedChannel(f"expected a custom channel, got {channel}, which is built in")


def check_room(channel: str, known: Collection[str]) -> None:
    """Raise where one channel more would be too many.

    Raises:
        InvalidFields: It would.
    """
    if channel not in known and len(known) >= MAX_CHANNELS:
        expected = f"one of the {MAX_CHANNELS} channels that there are"
        raise InvalidFields([FieldError("channel", expected, shown(channel))])


def _definition(channel: str, head: Head, new: NewDefinition) -> Definition:
    """Return what a channel is to keep from now on."""
    is_new = not head.offset and head.definition is None
    before = True if is_new else head.is_durable
    durable = before if new.durable is msgspec.UNSET else new.durable
    if durable != before and not is_new:
        raise Conflict(_refusal(channel, head))
    limits = new.history or HistoryLimits()
    if not durable and limits != HistoryLimits():
        expected = "null: a volatile channel keeps no history"
        raise InvalidFields([FieldError("$.history", expected, shown(new.history))])
    max_age_us = None if limits.max_age_h is None else max(1, int(limits.max_age_h * HOUR_US))
    revision = 1 + (0 if head.definition is None else head.definition.revision)
    return Definition(durable, limits.max_events, max_age_us, _new_readers(head, new), revision)


def _refusal(channel: str, head: Head) -> str:
    told = f"; it has had {head.offset} events" if head.offset else ""
    kind, other = ("durable", "volatile") if head.is_durable else ("volatile", "durable")
    return (
        f"expected durable {str(head.is_durable).lower()} or nothing, because {channel} was made "
        f"{kind} and stays so{told}: take another name for a {other} channel"
    )


def _new_readers(head: Head, new: NewDefinition) -> tuple[str, ...] | None:
    if new.readers is msgspec.UNSET:
        # Left out by somebody who only means the history, it must not open the channel.
        return None if head.definition is None else head.definition.readers
    return None if new.readers is None else tuple(sorted(set(new.readers)))


def _readers(definition: Definition | None) -> list[Role] | None:
    if definition is None or definition.readers is None:
        return None
    return [role for role in get_args(Role) if role in definition.readers]


def _limits(definition: Definition | None) -> HistoryLimits | None:
    if definition is None or (definition.max_events is None and definition.max_age_us is None):
        return None
    age_us = definition.max_age_us
    return HistoryLimits(definition.max_events, None if age_us is None else age_us / HOUR_US)

"""Replays: they are asked for, watched and ended; `webhooks.replaying` does them."""

from collections.abc import Awaitable, Callable, Sequence
from secrets import token_hex

from hub.auth.policy import Deed, demand
from hub.clock import Clock
from hub.errors import Conflict, FieldError, InvalidFields, ReplayNotFound
from hub.model.contract import shown
from hub.model.endpoint import Endpoint
from hub.model.event import Position, is_channel_name
from hub.model.principal import Principal
from hub.model.replay import Replay
from hub.model.scope import EVENTS_READ
from hub.model.timestamp import from_iso8601
from hub.stores.base import Log
from hub.stores.webhooks import DeliveryQuery, Webhooks
from hub.webhooks.deliveries import check_takes
from hub.webhooks.delivery_forms import NewReplay, ReplaysView, ReplayView
from hub.webhooks.delivery_telling import replay_view
from hub.webhooks.endpoint_reading import wrong_types
from hub.webhooks.ownership import find, is_seen

# Of one endpoint at the same time: each looks at all that was delivered.
MAX_RUNNING = 3
# Newest replays that are looked through for those of one owner.
_MAX_LOOKED = 1_000
STATES = ("dead", "held")

Readers = Callable[[str], Awaitable[Sequence[str] | None]]


class Replays:
    """The replays, for the owners of their endpoints.

    Args:
        store: Where they are kept.
        log: Whose positions they begin at.
        clock: The wall time.
        readers: Returns the roles that alone may read a channel.
        changed: Called when there is one more.
    """

    def __init__(
        self,
        store: Webhooks,
        log: Log,
        clock: Clock,
        *,
        readers: Readers,
        changed: Callable[[], None],
    ) -> None:
        self._store = store
        self._log = log
        self._clock = clock
        self._readers = readers
        self._changed = changed

    async def begin(self, principal: Principal, webhook_id: str, new: NewReplay) -> ReplayView:
        """Ask for one; one that runs and is the same is not doubled.

        Raises:
            WebhookNotFound: The endpoint is not there, for this principal.
            InvalidFields: A time, a position or a pattern that is none.
            Forbidden: The endpoint may not read that channel.
            Conflict: The endpoint takes nothing, or as many replays of it run as may.
        """
        endpoint, _ = await find(self._store, principal, webhook_id)
        check_takes(endpoint)
        wanted = await self._read(endpoint, principal, new)
        running = [one for one in await self._running() if one.endpoint_id == webhook_id]
        same = next((one for one in running if _asks(one) == _asks(wanted)), None)
        if same is not None:
            return replay_view(same)
        if len(running) >= MAX_RUNNING:
            raise Conflict(
                f"expected fewer than {MAX_RUNNING} running replays of a webhook, got as many: "
                "wait for the end of one, or cancel it"
            )
        await self._store.add_replay(wanted)
        self._changed()
        return replay_view(wanted)

    async def list(self, principal: Principal, limit: int) -> ReplaysView:
        """Return the newest of those that a principal is shown."""
        found = await self._store.replays(_MAX_LOOKED)
        seen = [one for one in found if is_seen(principal, one.owner)]
        return ReplaysView([replay_view(one) for one in seen[:limit]])

    async def get(self, principal: Principal, replay_id: str) -> ReplayView:
        """Return one.

        Raises:
            ReplayNotFound: It is not there, for this principal.
        """
        return replay_view(await self._find(principal, replay_id))

    async def cancel(self, principal: Principal, replay_id: str) -> ReplayView:
        """End one; what it has sent again stays so. One that has ended stays as it is.

        Raises:
            ReplayNotFound: It is not there, for this principal.
        """
        await self._find(principal, replay_id)
        after = await self._store.cancel_replay(replay_id, self._clock.now_us())
        if after is None:
            raise _missing(replay_id)
        return replay_view(after)

    async def _running(self) -> Sequence[Replay]:
        return await self._store.replays(_MAX_LOOKED, running=True)

    async def _find(self, principal: Principal, replay_id: str) -> Replay:
        found = await self._store.replay(replay_id)
        if found is None or not is_seen(principal, found.owner):
            raise _missing(replay_id)
        return found

    async def _read(self, endpoint: Endpoint, principal: Principal, new: NewReplay) -> Replay:
        """Return the replay that is asked for."""
        now_us = self._clock.now_us()
        faults = [*wrong_types(new.event_types), *_contradictions(new)]
        if faults:
            raise InvalidFields(faults)
        after = None
        if new.channel is None:
            newest = await self._store.deliveries(DeliveryQuery(1, endpoint.id))
            to = newest[0][0].seq if newest else 0
        else:
            after, to = await self._offsets(new.channel, new.after or "")
            readers = await self._readers(new.channel)
            for one in (principal, endpoint.reader):
                demand(one, Deed(EVENTS_READ, new.channel, readers))
        return Replay(
            id=f"rp_{token_hex(12)}",
            endpoint_id=endpoint.id,
            # Of the endpoint's, whoever asks: it is shown to those who see the endpoint.
            owner=endpoint.owner,
            created_at_us=now_us,
            until_us=now_us,
            to=to,
            states=() if after is not None else tuple(dict.fromkeys(new.states or STATES)),
            event_types=tuple(dict.fromkeys(new.event_types)),
            since_us=_since(new.since, now_us),
            channel=new.channel or "",
            after=after,
            cursor=after or 0,
        )

    async def _offsets(self, channel: str, text: str) -> tuple[int, int]:
        """Return the offset of a position in a channel, and that of its newest event.

        Raises:
            InvalidFields: There is no such channel, or no such position in it; or what is behind
                it was forgotten, in part.
        """
        state = await self._log.state()
        head = state.heads.get(channel)
        if not is_channel_name(channel) or head is None or not head.is_durable:
            raise InvalidFields(
                [FieldError("$.channel", "a channel that keeps its events", shown(channel))]
            )
        try:
            epoch, offset = Position.parse(text)
        except ValueError:
            epoch, offset = "", 0
        oldest = head.oldest - 1
        if epoch != state.epoch or not oldest <= offset <= head.offset:
            expected = (
                f"a position of this log from {state.epoch}:{oldest}, what is before was "
                f"forgotten, to {state.epoch}:{head.offset}"
            )
            raise InvalidFields([FieldError("$.after", expected, shown(text))])
        return offset, head.offset


def _contradictions(new: NewReplay) -> list[FieldError]:
    if (new.channel is None) != (new.after is None):
        missing = "$.after" if new.after is None else "$.channel"
        return [FieldError(missing, "both a channel and a position in it, or neither", "one")]
    if new.channel is None:
        return []
    others = (("$.states", new.states), ("$.since", new.since))
    expected = "null beside a position: every event behind it is sent"
    return [FieldError(name, expected, shown(value)) for name, value in others if value is not None]


def _since(text: str | None, now_us: int) -> int:
    """Return the time since which deliveries were made; 0: any.

    Raises:
        InvalidFields: It is no time, or not over yet.
    """
    if text is None:
        return 0
    try:
        at_us = from_iso8601(text)
    except (ValueError, OverflowError):
        at_us = -1
    if not 0 <= at_us <= now_us:
        raise InvalidFields([FieldError("$.since", "a time gone by, ISO 8601", shown(text))])
    return at_us


def _asks(replay: Replay) -> tuple[object, ...]:
    """Return what a replay asks for."""
    return replay.states, replay.event_types, replay.since_us, replay.channel, replay.after


def _missing(replay_id: str) -> ReplayNotFound:
    return ReplayNotFound(f"expected the id of a replay, got {replay_id[:80]!r}")

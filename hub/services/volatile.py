"""Volatile events: told to every client that follows now, and kept nowhere.

No transaction, no sync, no waiting: an event is on its way when its post is answered. What bounds
it instead is a rate, a channel and node.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import msgspec

from hub.clock import SECOND_US, Clock
from hub.errors import BodyTooLarge, RateLimited
from hub.model.event import Draft, Event, new_event_id
from hub.model.unit import Answered
from hub.telemetry.traceparent import INCOMING

# A transform takes a hundred bytes; at 60 Hz a large event is a mistake that all clients pay for.
MAX_EVENT_BYTES = 64 * 1024
ACCEPTED = 202
_encode = msgspec.json.Encoder().encode


class VolatileAnswer(msgspec.Struct):
    """Answer to events of a volatile channel: they are on their way, and have no offset."""

    status: str
    channel: str
    ids: list[str]


class Moment(Protocol):
    """A volatile channel on this node."""

    at_us: int


class Rate:
    """How many events may pass, on average and at once.

    Args:
        per_s: Events a second; as many may come at once after a second of rest.
    """

    def __init__(self, per_s: int) -> None:
        self._per_s = per_s
        # In millionths of an event, so that a microsecond gives back a whole number of them.
        self._left = per_s * SECOND_US
        self._at_us = 0

    def take(self, events: int, now_us: int) -> bool:
        """Say whether events may pass. Those that are posted together pass together."""
        # A clock that steps back gives nothing and takes nothing.
        gained = self._per_s * max(0, now_us - self._at_us)
        self._at_us = now_us
        self._left = min(self._per_s * SECOND_US, self._left + gained)
        if self._left <= 0:
            return False
        self._left -= events * SECOND_US
        return True

    def wait_ms(self) -> int:
        """Return after which time events may pass again, when they were refused."""
        wait_us = (1 - self._left) / self._per_s
        return math.ceil(wait_us / 1000)


class Volatile:
    """Tells events of volatile channels.

    Args:
        channels: The volatile channels that this node knows.
        tell: Hands events to the clients of this node and to the other nodes.
        clock: The wall time.
        max_per_s: Events a second that a channel takes on this node.
    """

    def __init__(
        self,
        channels: Mapping[str, Moment],
        tell: Callable[[Sequence[Event]], None],
        clock: Clock,
        *,
        max_per_s: int,
    ) -> None:
        self._channels = channels
        self._tell = tell
        self._clock = clock
        self._max_per_s = max_per_s
        self._rates: dict[str, Rate] = {}

    def __contains__(self, channel: str) -> bool:
        return channel in self._channels

    def publish(self, owner: str, channel: str, drafts: Sequence[Draft]) -> Answered:
        """Tell events, in order.

        Raises:
            BodyTooLarge: One is larger than volatile events may be; none was told.
            RateLimited: Too many come; none was told.
        """
        for draft in drafts:
            if len(draft.data) > MAX_EVENT_BYTES:
                raise BodyTooLarge(
                    f"expected data of at most {MAX_EVENT_BYTES} bytes for a volatile channel, "
                    f"got {len(draft.data)}"
                )
        now_us = self._clock.now_us()
        rate = self._rates.get(channel) or self._rates.setdefault(channel, Rate(self._max_per_s))
        if not rate.take(len(drafts), now_us):
            raise RateLimited(
                f"expected at most {self._max_per_s} events a second for {channel} on this node, "
                "got more",
                retry_after_ms=rate.wait_ms(),
            )
        # Later than all that this node knows of, also where another node's clock is ahead: by
        # these times the nodes agree which event of a key is the latest.
        first_us = max(now_us, self._channels[channel].at_us + 1)
        trace = INCOMING.get()
        events = [
            Event(
                channel=channel,
                offset=0,
                id=new_event_id(at_us),
                type=draft.type,
                at_us=at_us,
                owner=owner,
                data=draft.data,
                key=draft.key,
                volatile=True,
                trace=trace,
            )
            for at_us, draft in enumerate(drafts, first_us)
        ]
        self._tell(events)
        answer = VolatileAnswer("ok", channel, [event.id for event in events])
        return Answered(ACCEPTED, _encode(answer), events)

"""What every broker promises; `tests/contracts/test_broker.py` holds the adapters to it."""

from collections.abc import Callable, Sequence
from typing import Annotated, NamedTuple, Protocol

import msgspec

from hub.model.event import Event

Count = Annotated[int, msgspec.Meta(ge=0)]


class News(msgspec.Struct, frozen=True, array_like=True):
    """What one commit appended, in order.

    Attributes:
        log_id: Names the log; a node of another log must not listen.
        node: Who says it; a node ignores its own news.
        events: The events, of one or several channels.
    """

    log_id: str
    node: str
    events: Sequence[Event]


class Live(msgspec.Struct, frozen=True, array_like=True):
    """What only a node itself knows, at one moment.

    Attributes:
        connections: Open WebSockets.
        subscriptions: Clients a channel.
        queued_bytes: Bytes that wait in the send buffers of all sockets.
    """

    connections: Count
    subscriptions: dict[str, Count]
    queued_bytes: Count


class Presence(msgspec.Struct, frozen=True, array_like=True):
    """A node's word of itself.

    Attributes:
        log_id: Names the log.
        node: Who says it; a node ignores its own word.
        live: How it is; None says farewell.
    """

    log_id: str
    node: str
    live: Live | None


class Health(NamedTuple):
    """How the way through the broker is.

    Attributes:
        reaches: What this node announces comes back to it, as far as it can tell.
        dropped: News that were not announced, since the start.
        round_trip_s: How long the last word to itself took; 0 where nothing lies between the nodes.
    """

    reaches: bool
    dropped: int
    round_trip_s: float = 0.0


class Listener(Protocol):
    """Who hears the news, and meets the nodes."""

    def hear(self, news: News) -> None:
        """Take news, on the event loop."""
        ...

    def meet(self, presence: Presence) -> None:
        """Take a node's word of itself, on the event loop."""
        ...

    def resumed(self) -> None:
        """Hearing begins, of all channels or of one more: what was said before may be missing."""
        ...


class Broker(Protocol):
    """Tells every node of a log what was committed: at most once, possibly late or never.

    A reader that misses news finds it in the log by offset, so nothing here may ever delay an
    acknowledgement.
    """

    def announce(self, news: News) -> None:
        """Tell the other nodes. Returns at once and never raises."""
        ...

    def greet(self, presence: Presence) -> None:
        """Tell the other nodes how this one is. Returns at once and never raises.

        It takes no room from news. Of what one node has said and nobody was told yet, only the
        newest is told.
        """
        ...

    async def listen(self, log_id: str, listener: Listener) -> Callable[[], None]:
        """Give the listener the nodes of this log and its followed news; return how to stop that.

        On return it hears, or the broker is away and it will hear as soon as that is back.
        """
        ...

    def follow(self, log_id: str, channel: str) -> None:
        """Let the listeners of this log hear the news of a channel; they are told when they do.

        Returns at once and never raises.
        """
        ...

    def leave(self, log_id: str, channel: str) -> None:
        """Let them hear no more of a channel. Returns at once and never raises."""
        ...

    def health(self) -> Health:
        """Say how the way through the broker is."""
        ...

    async def close(self) -> None:
        """Say what still waits, within a second or not at all; stop listening and announcing."""
        ...


def by_channel(news: News) -> Sequence[News]:
    """Return the same news, one a channel: a message says what happened in one."""
    events = news.events
    channels = dict.fromkeys(event.channel for event in events)
    if len(channels) == 1:
        return (news,)
    return [
        News(news.log_id, news.node, [event for event in events if event.channel == channel])
        for channel in channels
    ]

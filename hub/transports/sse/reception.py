"""The reception of streams: who is let in, counted among the connections, and seen off."""

from collections.abc import Callable, Sequence
from random import Random
from typing import NamedTuple

from hub.auth.turnstile import Turnstile
from hub.clock import Timers
from hub.errors import ChannelNotFound, HubError
from hub.model.event import DEFAULT_CHANNELS, is_channel_name
from hub.model.principal import Principal
from hub.realtime import rights
from hub.realtime.connection import Connection
from hub.realtime.connections import Connections
from hub.realtime.drain import Drain
from hub.realtime.node import Realtime
from hub.realtime.stream import Stream
from hub.transports.sse.asking import Asked
from hub.transports.sse.track import Press, Track

# EventSource has no jitter: told the same time, those that lost a hub in one moment would all
# come back in one moment, again and again.
RETRY_MS = (1_000, 4_000)


class Visit(NamedTuple):
    """One client from welcome to its leave."""

    connection: Connection
    stream: Stream
    address: str


class StreamReception:
    """The reception of one node.

    Args:
        node: What this node offers.
        connections: Streams are counted among them.
        drain: Tells when the node goes away.
        turnstile: Limits how many come in, sockets and streams together.
        chance: Deals out the times of coming back.

    Attributes:
        press: Makes text of events, once for all.
    """

    def __init__(
        self,
        node: Realtime,
        connections: Connections,
        drain: Drain,
        turnstile: Turnstile,
        *,
        chance: Random,
    ) -> None:
        self.press = Press()
        self._node = node
        self._connections = connections
        self._drain = drain
        self._turnstile = turnstile
        self._chance = chance

    @property
    def timers(self) -> Timers:
        """The loop's timers."""
        return self._node.timers

    def retry_ms(self) -> int:
        """Return how long one client should wait before it comes back."""
        return self._chance.randint(*RETRY_MS)

    def track(self, asked: Asked) -> Track:
        """Return the track of a new stream."""
        channels = [command.channel for command in asked.begin]
        return Track(self._node.fanout.epoch, channels, asked.since, snapshot=asked.snapshot)

    def default_channels(self, principal: Principal) -> Sequence[str]:
        """Return what a principal follows that asks for nothing."""
        return rights.allowed(principal, self._node.fanout, DEFAULT_CHANNELS)

    async def meet(self, principal: Principal, channels: Sequence[str]) -> None:
        """Look in the log for channels that no news told of here.

        Raises:
            ChannelNotFound: There is no such channel.
            Forbidden: There is, but the principal may not read it.
        """
        fanout = self._node.fanout
        for channel in channels:
            rights.check(principal, fanout, channel)
            if channel in fanout.known:
                continue
            head = await self._node.queries.head(channel) if is_channel_name(channel) else None
            if head is None:
                there = ", ".join(rights.allowed(principal, fanout, sorted(fanout.known)))
                raise ChannelNotFound(f"channels: expected some of {there}, got {channel[:128]!r}")
            fanout.catch_up({channel: head})
            rights.check(principal, fanout, channel)

    def admit(self, address: str, principal: str) -> None:
        """Let a client pass; `welcome` must follow.

        Raises:
            Draining: The node is going away.
            ConnectionLimit: The principal has as many connections as it may.
            RateLimited: Too many come, or are here.
        """
        if self._drain.begun:
            raise self._drain.refusal()
        self._turnstile.check(address, principal)

    def welcome(
        self,
        connection: Connection,
        asked: Asked,
        address: str,
        finish: Callable[[HubError], None],
    ) -> Visit:
        """Begin a stream; its first events are written before this returns."""
        try:
            stream = Stream(connection, self._node, asked.begin, asked.anew, finish)
        except BaseException:
            connection.lost()
            raise
        self._connections.add(connection, stream)
        self._turnstile.entered(address, connection.principal.name)
        return Visit(connection, stream, address)

    def see_off(self, visit: Visit) -> None:
        """The client is gone."""
        self._connections.discard(visit.connection)
        self._turnstile.left(visit.address, visit.connection.principal.name)
        visit.stream.lost()

"""The stream: the rules of one client that only listens (Server-Sent Events).

What it wants it has said in its address. That becomes the commands that a socket would have sent,
so everything after it is the same: what is said, in which order, and what slowness leads to.
"""

from collections.abc import Callable, Iterable, Mapping

import msgspec

from hub.errors import Forbidden, HubError, SlowConsumer
from hub.model.timestamp import to_rfc3339
from hub.realtime import replies, rights
from hub.realtime.commands import Subscribe
from hub.realtime.connection import Connection
from hub.realtime.conversation import Conversation, Work
from hub.realtime.expiry import Expiry
from hub.realtime.following import Following
from hub.realtime.formats import to_json
from hub.realtime.heartbeat import Beat
from hub.realtime.node import Realtime

_decoder = msgspec.json.Decoder(Subscribe)


class Stream:
    """The rules of one stream.

    Args:
        connection: The client.
        node: What this node offers.
        begin: What it follows and from where, a command a channel.
        anew: How a channel begins whose position could not be resumed, after that was said.
        finish: Called once, with the reason, when the stream is to end.

    Attributes:
        awaited: No ping is ever to be answered; see `heartbeat.Client`.
        beat: When it hears a heartbeat.
    """

    def __init__(
        self,
        connection: Connection,
        node: Realtime,
        begin: Iterable[Subscribe],
        anew: Mapping[str, Subscribe],
        finish: Callable[[HubError], None],
    ) -> None:
        self._connection = connection
        self._node = node
        self._anew = anew
        self._finish = finish
        self._conversation = Conversation(connection, self, node.spawn)
        self._following = Following(connection, node, self._conversation, self._begin_anew)
        self._expiry = Expiry(node.clock, node.timers, self.end)
        connection.on_give_up = self.end
        # Since when it has been full, and what had been written then.
        self._full_s = 0.0
        self._full_at = -1
        self._welcome()
        self.awaited = 0
        self.beat: Beat | None = None
        node.heartbeats.join(self)
        self._expiry.set(connection.principal)
        for command in begin:
            self._conversation.receive(to_json(command))

    @property
    def ended(self) -> bool:
        """Whether the client is gone, or was told the end."""
        return self._connection.closed

    def end(self, failure: HubError) -> None:
        """End it, and say why."""
        if not self.ended:
            self.lost()
            self._finish(failure)

    def lost(self) -> None:
        """The client is gone; nothing of the stream stays."""
        self._connection.lost()
        self._node.heartbeats.leave(self)
        self._conversation.end()
        self._expiry.cancel()

    def run(self, text: bytes) -> Work | None:
        """Follow a channel, or return the work that does."""
        return self._following.subscribe(_decoder.decode(text))

    def recheck(self) -> None:
        """End it when the client may not read one of its channels any more."""
        connection = self._connection
        if rights.lost(connection.principal, self._node.fanout, connection.subscriptions, None):
            self.end(Forbidden("expected channels that the client may read, got others"))

    def refuse(self, failure: HubError, text: bytes) -> None:  # noqa: ARG002 see `Conversation`
        """End it: a stream without one of its channels would look whole, and cannot ask again."""
        self.end(failure)

    def fail(self) -> None:
        """End it for a fault of ours."""
        self.end(HubError("the hub failed; its log says why"))

    def say_heartbeat(self) -> None:
        """Say where the client stands: what is filtered out moves its position too."""
        self.awaited = 0  # a stream has no pong
        if not self._connection.writable:
            self._see_whether_it_reads()
            return  # no pong ever tells that nobody reads: they would pile up
        self._connection.say(
            replies.Heartbeat(
                timestamp=self._time(),
                client_id=self._connection.client_id,
                epoch=self._node.fanout.epoch,
                positions=self._connection.positions(),
            )
        )

    def miss_pong(self) -> None:
        """Nobody waits for one."""

    def _see_whether_it_reads(self) -> None:
        """End it when it has been full for long, and took nothing meanwhile."""
        written, most_s = self._connection.written, self._node.ladder.max_behind_s
        now_s = self._node.timers.time()
        if written != self._full_at:
            self._full_at, self._full_s = written, now_s
        elif now_s - self._full_s >= most_s:
            self._node.ladder.steps["closed"] += 1
            text = f"expected a client that reads, got one that took nothing for {most_s:g} s"
            self.end(SlowConsumer(text))

    def _begin_anew(self, channel: str) -> None:
        if channel in self._anew:
            self._conversation.receive(to_json(self._anew[channel]))

    def _welcome(self) -> None:
        """Say who it is; where it stands, a `subscribed` says for each channel."""
        self._connection.say(
            replies.Welcome(
                protocol=replies.PROTOCOL,
                client_id=self._connection.client_id,
                node=self._node.fanout.node,
                heartbeat_s=self._node.heartbeats.every_s,
                server_time=self._time(),
                epoch=self._node.fanout.epoch,
                positions={},
            )
        )

    def _time(self) -> str:
        return to_rfc3339(self._node.clock.now_us())

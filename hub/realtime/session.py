"""The session: the rules of one connection, from welcome to close.

Callbacks only; a task runs while a command reads the log and at no other time. Commands are
answered in the order in which they came.
"""

from collections.abc import Sequence
from functools import partial

import msgspec

from hub.auth.policy import Deed, demand, owner_shown, visible
from hub.errors import BadFrame, Forbidden, HeartbeatTimeout, HubError, InvalidCommand
from hub.limits.commands import ANY_NUMBER
from hub.model.event import DEFAULT_CHANNELS
from hub.model.principal import Principal
from hub.model.scope import STATUS_READ
from hub.model.timestamp import to_rfc3339
from hub.realtime import commands, replies, rights, standing as standings
from hub.realtime.connection import Connection
from hub.realtime.conversation import Conversation, Work
from hub.realtime.expiry import Expiry
from hub.realtime.following import Following
from hub.realtime.heartbeat import Beat
from hub.realtime.node import Realtime
from hub.realtime.waiting import auth_ok


class Session:
    """The rules of one connection.

    Args:
        connection: The socket.
        node: What this node offers.
        channels: What the client asked for in the address; None means the default ones.
    """

    __slots__ = (
        "_connection",
        "_conversation",
        "_expiry",
        "_following",
        "_node",
        "allowance",
        "awaited",
        "beat",
    )

    def __init__(
        self, connection: Connection, node: Realtime, channels: Sequence[str] | None
    ) -> None:
        self._connection = connection
        self._node = node
        # How many commands it may send.
        self.allowance = ANY_NUMBER
        # What `Heartbeats` keeps of it.
        self.awaited = 0
        self.beat: Beat | None = None
        self._conversation = Conversation(connection, self, node.spawn)
        self._following = Following(connection, node, self._conversation)
        connection.on_give_up = self.end
        self._expiry: Expiry | None = None
        if connection.principal.expires_us is not None:
            self._hold(connection.principal)
        if channels is None:
            channels = rights.allowed(connection.principal, node.fanout, DEFAULT_CHANNELS)
        self._open(channels)
        node.heartbeats.join(self)

    @property
    def ended(self) -> bool:
        """Whether the connection is gone, or is being closed."""
        return self._connection.closed

    def receive(self, payload: bytes) -> None:
        """Take one frame of the client."""
        try:
            text = self._connection.form.read(payload)
        except BadFrame as failure:
            self.end(failure)
        else:
            self._conversation.receive(text)

    def alive(self) -> None:
        """The client answered a ping."""
        self.awaited = 0

    def end(self, failure: HubError) -> None:
        """Close the connection for a reason that has a close code."""
        self._connection.sink.close(failure.close_code or 1011, failure.reason)
        self.lost()

    def lost(self) -> None:
        """The socket is gone; nothing of the session stays."""
        self._connection.lost()
        self._node.heartbeats.leave(self)
        self._conversation.end()
        if self._expiry is not None:
            self._expiry.cancel()
            # It holds this session, which would wait for the collector.
            self._expiry = None

    def _open(self, channels: Sequence[str]) -> None:
        """Welcome the client and put it among the live listeners, in one tick."""
        fanout, following = self._node.fanout, self._following
        self._connection.say(
            replies.Welcome(
                protocol=replies.PROTOCOL,
                client_id=self._connection.client_id,
                node=fanout.node,
                heartbeat_s=self._node.heartbeats.every_s,
                server_time=self._time(),
                epoch=fanout.epoch,
                positions={channel: following.position(channel) for channel in channels},
            )
        )
        for channel in channels:
            following.live(channel)

    def say_heartbeat(self) -> None:
        """Tell the client where it stands, and ask whether it is there."""
        try:
            self._connection.ask(self._heartbeat(msgspec.UNSET))
        except Exception:
            self.fail()
            raise  # logged by the loop

    def miss_pong(self) -> None:
        """End it: the client has not answered."""
        within_s = self._node.heartbeats.pong_s
        self.end(HeartbeatTimeout(f"expected a pong within {within_s:g} s, got none"))

    def run(self, text: bytes) -> Work | None:
        """Answer a command, or return the work that does."""
        self.allowance.take()
        match commands.read(text):
            case commands.Subscribe() as command:
                return self._following.subscribe(command)
            case commands.Unsubscribe() as command:
                self._unsubscribe(command)
            case commands.GetHistory() as command:
                return partial(self._history, command)
            case commands.GetStatus() as command:
                return partial(self._status, command)
            case commands.Heartbeat() as command:
                self._connection.say(self._heartbeat(command.id))
            case commands.Auth() as command:
                return partial(self._renew, command)
            case commands.Ping() as command:
                self._connection.say(replies.Pong(server_time=self._time(), reply_to=command.id))
        return None

    def _unsubscribe(self, command: commands.Unsubscribe) -> None:
        channel = command.channel
        if not self._connection.leave(channel):
            raise InvalidCommand(f"channel: expected a followed channel, got {channel!r}")
        self._connection.say(replies.Unsubscribed(channel=channel, reply_to=command.id))

    def refuse(self, failure: HubError, text: bytes) -> None:
        """Say why a command is not done."""
        if self._connection.closed:
            return
        if isinstance(failure, BadFrame) or self.allowance.is_over:
            self.end(failure)
            return
        self._node.refused(failure, self._connection.principal, self._connection.address)
        reply_to = commands.read_id(text)
        self._connection.say(replies.refusal(failure, self._node.clock.now_us(), reply_to))

    def fail(self) -> None:
        """End the connection for a fault of ours."""
        self.end(HubError("the hub failed; its log says why"))

    def recheck(self, before: Principal | None = None) -> None:
        """Follow no channel any more that the client may read no longer, and say so.

        Args:
            before: Who it was until now, where a newer credential may allow less.
        """
        connection = self._connection
        for channel in rights.lost(
            connection.principal, self._node.fanout, connection.subscriptions, before
        ):
            connection.leave(channel)
            connection.say(replies.Unsubscribed(channel=channel, code=Forbidden.code))

    async def _renew(self, command: commands.Auth) -> None:
        """Take a newer credential of the same principal."""
        connection = self._connection
        before = connection.principal
        principal = await self._node.find(command.token, connection.address)
        if principal.name != before.name:
            raise Forbidden(f"expected a token of {before.name!r}, got one of somebody else")
        if connection.closed:
            return
        connection.principal = principal
        self._hold(principal)
        connection.say(auth_ok(principal, command))
        self.recheck(before)

    def _hold(self, principal: Principal) -> None:
        if self._expiry is None:
            self._expiry = Expiry(self._node.clock, self._node.timers, self.end)
        self._expiry.set(principal)

    async def _history(self, command: commands.GetHistory) -> None:
        principal = self._connection.principal
        self._following.check(command.channel)
        if command.channel not in self._node.fanout.known:
            await self._following.look_up(command.channel)
        if not 1 <= command.limit <= standings.MAX_HISTORY:
            raise InvalidCommand(f"limit: expected 1 to 1000, got {command.limit}")
        since, before = self._offset(command.since), self._offset(command.before)
        page = await self._node.queries.history(
            command.channel,
            limit=command.limit,
            since=since,
            before=before,
            owner=owner_shown(principal, command.channel),
        )
        self._connection.say(
            replies.History(
                channel=command.channel,
                epoch=self._node.fanout.epoch,
                offset=page.head,
                complete=page.reason is None,
                reason=page.reason,
                events=[msgspec.Raw(event) for event in page.events],
                reply_to=command.id,
            )
        )

    def _offset(self, place: int | str | commands.Since | None) -> int | None:
        if place is None or isinstance(place, int):
            if place is not None and not 0 <= place < 2**63:
                raise InvalidCommand(f"expected an offset of 0 or more, got {place}")
            return place
        position = commands.position_of(place)
        if position.epoch != self._node.fanout.epoch:
            raise InvalidCommand(
                f"expected a position of epoch {self._node.fanout.epoch}, got {position}"
            )
        return position.offset

    async def _status(self, command: commands.GetStatus) -> None:
        principal, readers = self._connection.principal, self._node.fanout.readers
        demand(principal, Deed(STATUS_READ))
        report = {**await self._node.queries.status()}
        for told in ("positions", "subscriptions"):
            report[told] = visible(principal, report[told], readers)
        self._connection.say(replies.status(report, command.id))

    def _heartbeat(self, reply_to: replies.CommandId | msgspec.UnsetType) -> replies.Heartbeat:
        return replies.Heartbeat(
            timestamp=self._time(),
            client_id=self._connection.client_id,
            epoch=self._node.fanout.epoch,
            positions=self._connection.positions(),
            reply_to=reply_to,
        )

    def _time(self) -> str:
        return to_rfc3339(self._node.clock.now_us())

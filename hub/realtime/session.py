"""The session: the rules of one connection, from welcome to close.

Callbacks only; a task runs while a command reads the log and at no other time. Commands are
answered in the order in which they came.
"""

from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from functools import partial

import msgspec

from hub.clock import Timer
from hub.errors import BadFrame, ChannelNotFound, HeartbeatTimeout, HubError, InvalidCommand
from hub.model.event import DEFAULT_CHANNELS, Position
from hub.model.timestamp import to_rfc3339
from hub.realtime import commands, replies
from hub.realtime.connection import Connection
from hub.realtime.feed import Feed
from hub.realtime.node import Realtime
from hub.realtime.replies import Reason, Standing
from hub.realtime.subscription import Subscription

# Commands that may wait behind one that reads the log; then the socket is not read.
MAX_WAITING = 32
SNAPSHOT_PAGE = 200


class Session:
    """The rules of one connection.

    Args:
        connection: The socket.
        node: What this node offers.
        channels: What the client asked for in the address; None means the default ones.
    """

    def __init__(
        self, connection: Connection, node: Realtime, channels: Sequence[str] | None
    ) -> None:
        self._connection = connection
        self._node = node
        self._waiting: deque[bytes] = deque()
        self._busy = False
        self._deadline: Timer | None = None
        connection.on_resume = self._go_on
        self._open(DEFAULT_CHANNELS if channels is None else channels)
        self._beat: Timer = node.timers.call_later(node.heartbeat_s, self._on_beat)

    def receive(self, text: bytes) -> None:
        """Take one text frame of the client."""
        self._waiting.append(text)
        if len(self._waiting) >= MAX_WAITING:
            self._connection.hold()
        self._go_on()

    def alive(self) -> None:
        """The client answered a ping."""
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def end(self, failure: HubError) -> None:
        """Close the connection for a reason that has a close code."""
        code = failure.close_code or 1011
        reason = msgspec.json.encode({"code": failure.code}).decode()
        self._connection.sink.close(code, reason)
        self.lost()

    def lost(self) -> None:
        """The socket is gone; nothing of the session stays."""
        self._connection.lost()
        self._beat.cancel()
        self.alive()
        self._waiting.clear()

    def _open(self, channels: Sequence[str]) -> None:
        """Welcome the client and put it among the live listeners, in one tick."""
        feeds = [self._feed(channel) for channel in channels]
        fanout = self._node.fanout
        self._say(
            replies.Welcome(
                protocol=replies.PROTOCOL,
                client_id=self._connection.client_id,
                node=fanout.node,
                heartbeat_s=self._node.heartbeat_s,
                server_time=self._time(),
                epoch=fanout.epoch,
                positions={feed.channel: feed.flushed for feed in feeds},
            )
        )
        for feed in feeds:
            self._follow(feed, feed.flushed)

    def _on_beat(self) -> None:
        self._beat = self._node.timers.call_later(self._node.heartbeat_s, self._on_beat)
        # Before the ping: a sink may count it as answered at once.
        if self._deadline is None:
            self._deadline = self._node.timers.call_later(self._node.pong_s, self._on_deadline)
        try:
            self._say_heartbeat(msgspec.UNSET)
        except Exception:
            self._break()
            raise  # logged by the loop
        self._connection.sink.ping()

    def _on_deadline(self) -> None:
        self.end(HeartbeatTimeout(f"expected a pong within {self._node.pong_s:g} s, got none"))

    def _run(self, text: bytes) -> None:
        match commands.read(text):
            case commands.Subscribe() as command:
                self._subscribe(command, text)
            case commands.Unsubscribe() as command:
                if not self._connection.leave(command.channel):
                    raise InvalidCommand(
                        f"channel: expected a followed channel, got {command.channel!r}"
                    )
                self._say(replies.Unsubscribed(channel=command.channel, reply_to=command.id))
            case commands.GetHistory() as command:
                self._start(partial(self._history, command), text)
            case commands.GetStatus() as command:
                self._start(partial(self._status, command), text)
            case commands.Heartbeat() as command:
                self._say_heartbeat(command.id)
            case commands.Ping() as command:
                self._say(replies.Pong(server_time=self._time(), reply_to=command.id))

    def _subscribe(self, command: commands.Subscribe, text: bytes) -> None:
        if sum((command.since is not None, command.history is not None, command.snapshot)) > 1:
            raise InvalidCommand("expected one of since, history and snapshot, got several")
        feed = self._feed(command.channel)
        since = None if command.since is None else commands.position_of(command.since)
        if command.snapshot:
            self._start(partial(self._snapshot, feed, command), text)
        elif since is not None and since.offset > feed.head:
            # A client may have read a commit from the log a moment before this node's news of it.
            self._start(partial(self._resume_ahead, feed, command, since), text)
        else:
            self._begin(feed, command, self._stand(feed, command, since, feed.head))

    async def _resume_ahead(self, feed: Feed, command: commands.Subscribe, since: Position) -> None:
        head = await self._node.queries.head(feed.channel)
        if not self._connection.closed:
            self._begin(feed, command, self._stand(feed, command, since, head))

    def _begin(self, feed: Feed, command: commands.Subscribe, standing: Standing) -> None:
        self._connection.leave(feed.channel)
        self._say(replies.subscribed(feed.channel, standing, command.id))
        self._follow(feed, standing.offset)

    def _stand(
        self, feed: Feed, command: commands.Subscribe, since: Position | None, head: int
    ) -> Standing:
        """Decide where the client begins; recovery is complete or refused with a reason."""
        epoch, now = self._node.fanout.epoch, feed.flushed
        if command.history is not None:
            if not 0 <= command.history <= commands.MAX_HISTORY:
                raise InvalidCommand(f"history: expected 0 to 1000, got {command.history}")
            offset = min(now, max(now - command.history, feed.oldest - 1))
            return Standing(epoch, offset, now, recovered=False, reason=None)
        if since is None:
            return Standing(epoch, now, now, recovered=False, reason=None)
        reason = _refusal(since, epoch, head, feed.oldest)
        offset = now if reason else since.offset
        return Standing(epoch, offset, max(now, offset), recovered=reason is None, reason=reason)

    def _follow(self, feed: Feed, offset: int) -> None:
        node, connection = self._node, self._connection
        subscription = Subscription(
            feed, connection, node.timers, epoch=node.fanout.epoch, offset=offset
        )
        connection.follow(feed.channel, subscription)

    def _feed(self, channel: str) -> Feed:
        feed = self._node.fanout.feeds.get(channel)
        if feed is None:
            names = ", ".join(sorted(self._node.fanout.feeds))
            raise ChannelNotFound(f"channel: expected one of {names}, got {channel[:128]!r}")
        return feed

    async def _snapshot(self, feed: Feed, command: commands.Subscribe) -> None:
        snapshot = await self._node.queries.snapshot(feed.channel)
        try:
            standing = Standing(
                snapshot.epoch, snapshot.offset, snapshot.offset, recovered=False, reason=None
            )
            self._connection.leave(feed.channel)
            self._say(replies.subscribed(feed.channel, standing, command.id))
            more = True
            while more and not self._connection.closed:
                items, more = await snapshot.page(SNAPSHOT_PAGE)
                self._say(replies.Snapshot(channel=feed.channel, items=items, more=more))
                await self._connection.drained()
        finally:
            await snapshot.close()
        if not self._connection.closed:
            self._follow(feed, standing.offset)

    async def _history(self, command: commands.GetHistory) -> None:
        feed = self._feed(command.channel)
        if not 1 <= command.limit <= commands.MAX_HISTORY:
            raise InvalidCommand(f"limit: expected 1 to 1000, got {command.limit}")
        since, before = self._offset(command.since), self._offset(command.before)
        page = await self._node.queries.history(
            feed.channel, limit=command.limit, since=since, before=before
        )
        self._say(
            replies.History(
                channel=feed.channel,
                epoch=self._node.fanout.epoch,
                offset=feed.head,
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
        self._say(replies.status(await self._node.queries.status(), command.id))

    def _say_heartbeat(self, reply_to: replies.CommandId | msgspec.UnsetType) -> None:
        self._say(
            replies.Heartbeat(
                timestamp=self._time(),
                client_id=self._connection.client_id,
                epoch=self._node.fanout.epoch,
                positions=self._connection.positions(),
                reply_to=reply_to,
            )
        )

    def _say(self, frame: replies.Push | replies.Reply) -> None:
        self._connection.send(replies.encode(frame))

    def _time(self) -> str:
        return to_rfc3339(self._node.clock.now_us())

    def _start(self, work: Callable[[], Awaitable[None]], text: bytes) -> None:
        """Run a command that reads the log; those behind it wait, so answers keep their order."""
        self._busy = True
        self._node.spawn(self._finish(work, text))

    async def _finish(self, work: Callable[[], Awaitable[None]], text: bytes) -> None:
        try:
            await work()
        except HubError as failure:
            self._refuse(failure, text)
        except Exception:
            self._break()
            raise  # logged by who runs background work
        self._busy = False
        self._go_on()

    def _go_on(self) -> None:
        """Run the commands that wait, as long as the client reads what it is answered."""
        while self._waiting and not self._busy and self._connection.ready:
            text = self._waiting.popleft()
            try:
                self._run(text)
            except HubError as failure:
                self._refuse(failure, text)
            except Exception:
                self._break()
                raise  # logged by who handed it over
        if len(self._waiting) < MAX_WAITING:
            self._connection.release()

    def _break(self) -> None:
        self.end(HubError("the hub failed; its log says why"))

    def _refuse(self, failure: HubError, text: bytes) -> None:
        if self._connection.closed:
            return
        if isinstance(failure, BadFrame):
            self.end(failure)
            return
        reply_to = commands.read_id(text)
        self._say(replies.refusal(failure, self._node.clock.now_us(), reply_to))


def _refusal(since: Position, epoch: str, head: int, oldest: int) -> Reason | None:
    """Return why a position cannot be resumed, or None when nothing after it is missing."""
    if since.epoch != epoch or since.offset > head:
        # Above the head: those offsets were of a log that is gone (docs/protocol.md, epoch).
        return "epoch_changed"
    return "expired" if since.offset < oldest - 1 else None

"""Following: which channels one client follows, from where, and with what view."""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import msgspec

from hub.auth.policy import owner_shown
from hub.errors import ChannelNotFound, HubError, InvalidCommand
from hub.model.event import WITH_STATE, Position
from hub.model.unit import Head
from hub.realtime import (
    commands,
    conflation,
    filters,
    replies,
    rights,
    standing as standings,
    volatile as volatiles,
)
from hub.realtime.conflation import Conflation
from hub.realtime.connection import Connection
from hub.realtime.conversation import Conversation, Work
from hub.realtime.feed import Feed
from hub.realtime.filters import Filter
from hub.realtime.formats import JSON
from hub.realtime.node import Realtime
from hub.realtime.standing import Place, Standing
from hub.realtime.subscription import Subscription
from hub.realtime.view import PLAIN, View
from hub.realtime.volatile import VolatileFeed, VolatileSubscription
from hub.telemetry.spans import Facts

SNAPSHOT_PAGE = 200
CommandId = replies.CommandId | msgspec.UnsetType


class Asked(NamedTuple):
    """What a client wants to follow."""

    command: commands.Subscribe
    since: Position | None
    view: View


class Following:
    """The channels of one connection.

    Args:
        connection: The socket.
        node: What this node offers.
        conversation: Takes the work of a snapshot that nobody has commanded.
        refused: Called with a channel when its `since` could not be resumed, after that was said.
    """

    __slots__ = ("_connection", "_conversation", "_node", "_refused", "_whole")

    def __init__(
        self,
        connection: Connection,
        node: Realtime,
        conversation: Conversation,
        refused: Callable[[str], None] = lambda _channel: None,
    ) -> None:
        self._connection = connection
        self._refused = refused
        self._node = node
        self._conversation = conversation
        self._whole = PLAIN if connection.form is JSON else View(connection.form)
        connection.on_refresh = self._refresh

    def feed(self, channel: str) -> Feed:
        """Return the feed of a durable channel.

        Raises:
            ChannelNotFound: This node knows no such channel.
        """
        feed = self._node.fanout.feeds.get(channel)
        if feed is None:
            fanout = self._node.fanout
            names = ", ".join(
                rights.allowed(self._connection.principal, fanout, sorted(fanout.known))
            )
            raise ChannelNotFound(f"channel: expected one of {names}, got {channel[:128]!r}")
        return feed

    def position(self, channel: str) -> int:
        """Return where somebody begins who follows a channel from now on.

        Raises:
            ChannelNotFound: This node knows no such channel.
        """
        return 0 if channel in self._node.fanout.volatile else self.feed(channel).flushed

    def live(self, channel: str) -> None:
        """Follow a channel from now on, every event of it that the client is shown.

        Raises:
            ChannelNotFound: This node knows no such channel.
        """
        volatile = self._node.fanout.volatile.get(channel)
        if volatile is not None:
            self._follow_volatile(volatile, volatile.flushed, self._whole)
        else:
            self._follow(self.feed(channel), self.position(channel), self._view(channel))

    def subscribe(self, command: commands.Subscribe) -> Work | None:
        """Follow a channel as the client asks, or return the work that does.

        Raises:
            Forbidden: The client may not read that channel.
            InvalidCommand: It asks for what cannot be.
        """
        self.check(command.channel)
        if sum((command.since is not None, command.history is not None, command.snapshot)) > 1:
            raise InvalidCommand("expected one of since, history and snapshot, got several")
        since = None if command.since is None else commands.position_of(command.since)
        asked = Asked(command, since, self._asked_view(command))
        volatile = self._node.fanout.volatile.get(command.channel)
        if volatile is not None:
            return partial(self._begin_volatile, volatile, asked)
        feed = self._node.fanout.feeds.get(command.channel)
        if feed is None or not feed.is_heard:
            return partial(self._subscribe_unheard, asked)
        if command.snapshot:
            return partial(self._snapshot, feed, asked.view, command.id)
        if since is not None and since.offset > feed.head:
            # A client may have read a commit from the log a moment before this node's news of it.
            return partial(self._resume_ahead, feed, asked)
        self._begin(feed, asked, feed.head)
        return None

    def check(self, channel: str) -> None:
        """Refuse a channel that the client may not read.

        Raises:
            Forbidden: It may not.
        """
        rights.check(self._connection.principal, self._node.fanout, channel)

    def _asked_view(self, command: commands.Subscribe) -> View:
        where, conflate = command.where, command.conflate
        return self._view(
            command.channel,
            None if where is None else filters.parse(where),
            None if conflate is None else conflation.parse(conflate.key, conflate.max_hz),
        )

    def _view(
        self, channel: str, where: Filter | None = None, conflate: Conflation | None = None
    ) -> View:
        """Return what the client gets to see: what it has asked for, of what it is shown."""
        where = rights.narrowed(self._connection.principal, channel, where)
        if where is None and conflate is None:
            return self._whole
        return View(self._connection.form, where, conflate)

    async def look_up(self, channel: str) -> None:
        """Ask the log: it may have a channel, or events, that no news has told of here.

        Raises:
            ChannelNotFound: There is no such channel.
            Forbidden: There is, but the client may not read it.
        """
        head = await self._node.queries.head(channel)
        if head is not None:
            self._node.fanout.catch_up({channel: head})
        self.check(channel)
        self.position(channel)

    async def _subscribe_unheard(self, asked: Asked) -> None:
        channel = asked.command.channel
        await self.look_up(channel)
        if self._connection.closed:
            return
        volatile = self._node.fanout.volatile.get(channel)
        if volatile is not None:
            await self._begin_volatile(volatile, asked)
            return
        feed = self.feed(channel)
        if asked.command.snapshot:
            await self._snapshot(feed, asked.view, asked.command.id)
        else:
            self._begin(feed, asked, feed.head)

    async def _resume_ahead(self, feed: Feed, asked: Asked) -> None:
        head = await self._node.queries.head(feed.channel) or Head()
        self.check(feed.channel)
        if not self._connection.closed:
            self._begin(feed, asked, head.offset)

    def _begin(self, feed: Feed, asked: Asked, head: int) -> None:
        place = Place(self._node.fanout.epoch, feed.flushed, head, feed.oldest)
        if asked.since is not None:
            standing = standings.since(place, asked.since)
            self._node.fanout.recoveries[standing.reason or "recovered"] += 1
        elif asked.command.history is not None:
            standing = standings.from_last(place, asked.command.history)
        else:
            standing = standings.from_now(place)
        self._connection.leave(feed.channel)
        self._connection.say(replies.subscribed(feed.channel, standing, asked.command.id))
        self._follow(feed, standing.offset, asked.view)
        if standing.reason is not None:
            self._refused(feed.channel)

    def _follow(self, feed: Feed, offset: int, view: View, *, late: bool = False) -> None:
        node, connection = self._node, self._connection
        subscription = Subscription(
            *(feed, connection, node.ladder),
            epoch=node.fanout.epoch,
            offset=offset,
            view=view,
            late=late,
        )
        if offset < feed.flushed:
            behind: Facts = {"hub.channel": feed.channel, "hub.behind": feed.flushed - offset}
            subscription.recovery = node.fanout.watch.recover(behind)
        connection.follow(feed.channel, subscription)

    async def _begin_volatile(self, feed: VolatileFeed, asked: Asked) -> None:
        command, connection = asked.command, self._connection
        refused = command.since is not None or bool(command.history)
        standing = volatiles.standing(self._node.fanout.epoch, refused=refused)
        connection.leave(feed.channel)
        connection.say(replies.subscribed(feed.channel, standing, command.id))
        after = feed.flushed
        if command.snapshot:
            check = partial(self.check, feed.channel)
            after = await volatiles.show(feed, connection, asked.view.where, check)
        if connection.closed:
            return
        self._follow_volatile(feed, after, asked.view)
        # Of a history, which is refused too, it would be asked for again and again.
        if command.since is not None:
            self._node.fanout.recoveries["volatile"] += 1
            self._refused(feed.channel)

    def _follow_volatile(self, feed: VolatileFeed, after: int, view: View) -> None:
        connection = self._connection
        subscription = VolatileSubscription(
            feed, connection, self._node.timers, after=after, view=view
        )
        connection.follow(feed.channel, subscription)

    async def _snapshot(
        self, feed: Feed, view: View, reply_to: CommandId, *, late: bool = False
    ) -> None:
        owner = owner_shown(self._connection.principal, feed.channel)
        snapshot = await self._node.queries.snapshot(feed.channel, owner)
        try:
            standing = Standing(
                snapshot.epoch, snapshot.offset, snapshot.offset, recovered=False, reason=None
            )
            self._connection.leave(feed.channel)
            self._connection.say(replies.subscribed(feed.channel, standing, reply_to))
            more = True
            while more and not self._connection.closed:
                items, more = await snapshot.page(SNAPSHOT_PAGE)
                shown = filters.shown(items, view.where)
                self._connection.say(replies.Snapshot(channel=feed.channel, items=shown, more=more))
                await self._connection.drained()
        finally:
            await snapshot.close()
        # Pages take time, and rights may have been taken away meanwhile.
        self.check(feed.channel)
        if not self._connection.closed:
            self._follow(feed, standing.offset, view, late=late)

    def _refresh(self, channel: str) -> bool:
        """Begin anew with a snapshot where a client has missed what memory does not hold."""
        stale = self._connection.subscriptions[channel]
        if channel not in WITH_STATE or not isinstance(stale, Subscription):
            return False
        self._conversation.put(partial(self._snapshot_again, stale))
        return True

    async def _snapshot_again(self, stale: Subscription) -> None:
        channel, followed = stale.channel, self._connection.subscriptions
        if followed.get(channel) is not stale:
            return
        try:
            await self._snapshot(self.feed(channel), stale.view, msgspec.UNSET, late=True)
        except HubError as failure:
            # Nobody has asked, so there is nobody to refuse: it would wait for ever.
            if followed.get(channel) is stale:
                stale.pull_later()
            else:
                self._connection.give_up(failure)

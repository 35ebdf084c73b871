"""The node: one hub process from start to crash, built of the hub's own parts."""

from collections.abc import Mapping, Sequence
from functools import partial
from random import Random
from typing import Any

import msgspec

from hub.auth.authentication import Authentication
from hub.brokers.base import News, Presence
from hub.clock import Timers
from hub.errors import HubError, LogUnavailable
from hub.model.event import Event
from hub.model.unit import Answered, Head, Unit
from hub.realtime.connection import Connection
from hub.realtime.fanout import Fanout
from hub.realtime.heartbeat import Heartbeats
from hub.realtime.interest import Interest
from hub.realtime.ladder import Ladder
from hub.realtime.node import FindPrincipal, NoteRefusal, Page
from hub.realtime.pages import PAGE_BYTES
from hub.realtime.session import Session
from hub.services.heads import Heads
from hub.services.history import History, HistoryQuery
from hub.stores.base import EventQuery
from simulator.broker import Broker
from simulator.content import states
from simulator.pipe import Pipe
from simulator.store import LOG_ID, Store
from simulator.tasks import Tasks
from support.clocks import FakeClock, FakeTimers

HEAD_POLL_S = 0.2
MAX_BEHIND_S = 2.0


class Node:
    """One process; see `realtime.node.Realtime`. The order of its start is that of `hub.app`.

    Attributes:
        up: Clients may come.
        pruned: By channel, below which offset this process has pruned.
        failed: The start has failed, or the process was killed.
    """

    def __init__(
        self, name: str, store: Store, broker: Broker, clock: FakeClock, random: Random
    ) -> None:
        self.name = name
        self.up = False
        self.failed = False
        self.store = store
        self.clock = clock
        self.fake_timers = FakeTimers()
        self.timers: Timers = self.fake_timers
        self.tasks = Tasks()
        self.spawn = self.tasks.spawn
        self.queries = Queries(self)
        self.ladder = Ladder(self.timers, MAX_BEHIND_S)
        # With the longer one slow clients come to the end of the ladder.
        self.heartbeats = Heartbeats(self.timers, 1.0, random.choice((0.5, 20.0)))
        self.find: FindPrincipal = Authentication((), clock, required=False).find
        self.refused: NoteRefusal = lambda _failure, _principal, _address: None
        self.sessions: dict[Pipe, Session] = {}
        self.waiting: list[Unit] = []
        self.pruned: dict[str, int] = {}
        self._broker = broker
        self._committing = False
        self._looking = False
        self._look_again = False
        self.fanout = Fanout(
            node=name,
            epoch=store.epoch,
            interest=Interest(partial(broker.follow, name), partial(broker.leave, name)),
            timers=self.timers,
            read_log=self._read,
            spawn=self.spawn,
            ring_frames=random.choice((4, 16, 64)),
        )
        self.history = History(store, store.epoch)  # type: ignore[arg-type]
        self._heads = Heads(
            store,  # type: ignore[arg-type]
            self.fanout.catch_up,
            reached=self.fanout.positions,
            every_s=HEAD_POLL_S,
        )
        self._stop_listening = broker.listen(name, self)
        self.spawn(self._start())

    def hear(self, news: News) -> None:
        """Take news of the broker."""
        self.fanout.hear(news)

    def meet(self, presence: Presence) -> None:
        """Nobody asks a simulated node for the others."""

    def resumed(self) -> None:
        """Look for what was said while nothing was heard."""
        if self._looking:
            self._look_again = True
        else:
            self._looking = True
            self.spawn(self._look(at_once=True))

    def welcome(self, pipe: Pipe, name: str, channels: Sequence[str]) -> Session:
        """Let a client in."""
        connection = pipe.connection = Connection(name, pipe)
        session = self.sessions[pipe] = Session(connection, self, channels)
        return session

    def post(self, unit: Unit) -> None:
        """Commit a unit with those that arrive meanwhile, as the publisher does."""
        self.waiting.append(unit)
        if not self._committing:
            self._committing = True
            self.spawn(self._commit())

    def prune(self, channel: str, below: int) -> None:
        """Forget what is older, as retention does: readers are told first."""
        past = self.store.history(self.store.epoch, channel)
        self.pruned[channel] = past.told = below
        self.fanout.pruned(channel, below)
        self.spawn(self.store.prune(channel, below))

    def crash(self) -> None:
        """Be killed: whatever ran, ran so far."""
        self.up, self.failed = False, True
        self._stop_listening()
        for session in self.sessions.values():
            session.lost()
        self.tasks.close()
        self.sessions.clear()

    def turn(self, now_s: float) -> None:
        """Let this node's time catch up with the world's."""
        self.fake_timers.advance(max(0.0, now_s - self.fake_timers.now_s))

    async def _start(self) -> None:
        try:
            state = await self.store.state()
            await self.fanout.open(state.heads, self._newest)
        except LogUnavailable:
            self.failed = True
            return
        self.up = True
        self._look_later()

    async def _read(self, channel: str, after: int, limit: int) -> Sequence[Event]:
        query = EventQuery(channel, limit, after=after, max_bytes=PAGE_BYTES)
        return await self.store.events(query)

    async def _newest(self, channel: str, limit: int, max_bytes: int) -> Sequence[Event]:
        return await self.store.events(EventQuery(channel, limit, max_bytes=max_bytes))

    async def _commit(self) -> None:
        while self.waiting:
            group, self.waiting = self.waiting, []
            try:
                outcomes = await self.store.commit(group)
            except HubError:
                continue
            events = [e for out in outcomes if isinstance(out, Answered) for e in out.events]
            self.fanout.deliver(events)
            self._broker.announce(News(LOG_ID, self.name, events))
        self._committing = False

    def _look_later(self) -> None:
        self.timers.call_later(HEAD_POLL_S, self._look_now)

    def _look_now(self) -> None:
        if not self._looking:
            self._looking = True
            self.spawn(self._look(at_once=False))
        self._look_later()

    async def _look(self, *, at_once: bool) -> None:
        try:
            await self._heads.look(at_once=at_once)
        finally:
            self._looking = False
        if self._look_again:
            self._look_again = False
            self.resumed()


class Items:
    """The state of a channel at its newest offset, in pages; see `node.SnapshotPages`."""

    def __init__(self, store: Store, channel: str, offset: int) -> None:
        self.epoch = store.epoch
        self.offset = offset
        self._store = store
        numbers = store.history(store.epoch, channel).numbers[:offset]
        self._left = [msgspec.json.encode(one.data()) for one in states(numbers)]

    async def page(self, limit: int) -> tuple[Sequence[msgspec.Raw], bool]:
        """Return few items a page, whatever the limit."""
        del limit
        await self._store.state()
        page, self._left = self._left[:2], self._left[2:]
        return list(map(msgspec.Raw, page)), bool(self._left)

    async def close(self) -> None:
        """Nothing to let go."""


class Queries:
    """What a client may ask besides events; see `realtime.node.Queries`."""

    def __init__(self, node: Node) -> None:
        self._node = node

    async def history(
        self,
        channel: str,
        *,
        limit: int,
        since: int | None,
        before: int | None,
        owner: str | None = None,
    ) -> Page:
        """Return a page of encoded events."""
        query = HistoryQuery(channel, limit, since=since, before=before, owner=owner)
        page = await self._node.history.page(query)
        return Page(page.head, page.events, page.reason)

    async def head(self, channel: str) -> Head | None:
        """Return what the log holds of a channel."""
        return (await self._node.store.state()).heads.get(channel)

    async def snapshot(self, channel: str, owner: str | None = None) -> Items:
        """Open the state of a channel; everybody here sees everything."""
        del owner
        head = await self.head(channel) or Head()
        return Items(self._node.store, channel, head.offset)

    async def status(self) -> Mapping[str, Any]:
        """Nobody asks."""
        raise NotImplementedError

"""The composition root: the one place that knows every concrete class, and builds in order."""

import asyncio
from collections.abc import Sequence
from functools import partial
from random import SystemRandom
from resource import RLIMIT_NOFILE, getrlimit

from starlette.types import ASGIApp

from hub import __version__
from hub.auth.admission import Rules
from hub.auth.turnstile import Limits as DoorLimits, Turnstile, room_for
from hub.brokers.base import Broker, Live, News
from hub.brokers.memory import MemoryBroker
from hub.brokers.redis import RedisBroker
from hub.clock import Clock, SystemClock, Timers
from hub.errors import Misconfigured
from hub.hearing import Ears
from hub.model.event import DEFAULT_CHANNELS, Event, new_epoch
from hub.queries import NodeQueries, NodeRealtime
from hub.readings import Readings
from hub.realtime.background import Background
from hub.realtime.connections import Connections
from hub.realtime.drain import Drain
from hub.realtime.fanout import Fanout
from hub.realtime.heartbeat import Heartbeats
from hub.realtime.inquiry import Inquiry
from hub.realtime.interest import Interest, sweeping
from hub.realtime.ladder import Ladder
from hub.realtime.pages import PAGE_BYTES
from hub.services.artifacts import Artifacts, files_in, sweep
from hub.services.channels import Channels
from hub.services.contracts import Contracts
from hub.services.definitions import Definitions
from hub.services.heads import Heads
from hub.services.history import History
from hub.services.jobs import Jobs
from hub.services.presence import Nodes
from hub.services.publisher import Publisher, Tell
from hub.services.retention import Limits, Retention
from hub.services.status import Status
from hub.services.volatile import Volatile
from hub.settings import Settings
from hub.stores.base import EventQuery, Log, LogState, Store
from hub.stores.log import SqliteLog
from hub.stores.postgres.database import Database
from hub.stores.postgres.log import PostgresLog
from hub.stores.sqlite import DataFile
from hub.telemetry.logging import logger
from hub.telemetry.metrics import Exposition
from hub.transports.http.channels import ChannelsResource
from hub.transports.http.contracts import ContractsResource
from hub.transports.http.cors import with_cors
from hub.transports.http.edge import Edge
from hub.transports.http.history import HistoryResource
from hub.transports.http.jobs import JobsResource
from hub.transports.http.operations import OperationsResource
from hub.transports.http.pages import Pages
from hub.transports.http.routes import Resources, table
from hub.transports.http.site.build import build
from hub.transports.sse.reception import StreamReception
from hub.transports.sse.resource import EventsResource
from hub.transports.websocket.reception import NodeReception

# Longer than any upload takes.
SHARED_UPLOAD_S = 6 * 3600


def open_log(settings: Settings, clock: Clock) -> Store:
    """Return the log: a data file that is open and up to date, or a database to open.

    Raises:
        Misconfigured: The file is held by another hub, cannot be written, or its schema is not
            what this hub needs.
    """
    url = settings.postgres_url
    if url is not None:
        return PostgresLog(Database(url), clock, migrate=settings.migrate_on_start)
    file = DataFile(settings.data_file, shared=settings.redis_url is not None)
    log = SqliteLog(file, clock)
    pending = log.pending()
    if pending and not settings.migrate_on_start:
        raise Misconfigured(
            f"{len(pending)} pending migrations, from {pending[0].name}: run `hub migrate`, "
            "or set HUB_MIGRATE_ON_START=1"
        )
    log.migrate()
    return log


class Node:
    """One running hub process: everything that lives from start to stop.

    Args:
        settings: How.
        log: The opened log; closed by `stop`.
        clock: The wall time.
        broker: Connects the nodes of one log.
    """

    def __init__(self, settings: Settings, log: Store, *, clock: Clock, broker: Broker) -> None:
        self._settings = settings
        self._log = log
        self._clock = clock
        self._broker = broker
        self._logger = logger("hub")
        self._background = Background(self._logger)
        self.connections = Connections()
        self.drain = Drain(self.connections.sessions, SystemRandom())

    async def start(self) -> None:
        """Listen to the broker, read the heads, warm the rings; then clients may come."""
        settings, log, clock = self._settings, self._log, self._clock
        await log.open()
        state = await log.state()
        loop = asyncio.get_running_loop()
        fanout, heads, announce = await self._join(state, loop)

        def tell(events: Sequence[Event]) -> None:
            fanout.deliver(events)
            announce(events)

        self._volatile = Volatile(
            fanout.volatile, tell, clock, max_per_s=settings.volatile_events_per_s
        )
        self._publisher = Publisher(log, tell, max_waiting=settings.max_waiting_updates)
        status = Status(log, log, self._nodes, clock, self._broker.health, heads)
        history = History(log, state.epoch)
        self._tidy(fanout)
        self._open_doors(fanout, history, status, loop)

    async def _join(self, state: LogState, timers: Timers) -> tuple[Fanout, Heads, Tell]:
        """Become one of the nodes of this log: hear the others, and reach its heads."""
        settings, log, name = self._settings, self._log, new_epoch()
        # A copy of the data file keeps its id; from its new epoch on it is another log.
        log_id = f"{state.log_id}.{state.epoch}"
        interest = Interest(
            partial(self._broker.follow, log_id), partial(self._broker.leave, log_id)
        )

        def announce(events: Sequence[Event]) -> None:
            self._broker.announce(News(log_id, name, events))

        self._fanout = fanout = Fanout(
            node=name,
            epoch=state.epoch,
            interest=interest,
            timers=timers,
            read_log=partial(_read_page, log),
            spawn=self._background.spawn,
            inquiry=Inquiry(announce, timers),
        )
        heads = Heads(
            log,
            fanout.catch_up,
            reached=fanout.positions,
            every_s=settings.head_poll_s,
            learn=fanout.learn,
        )
        self._nodes = nodes = Nodes(
            log_id, name, live=self._live, tell=self._broker.greet, clock=self._clock
        )
        # Clients that were here before come back in a moment, most of them for these.
        for channel in DEFAULT_CHANNELS:
            interest.hear(channel)
        self._stop_listening = await self._broker.listen(log_id, Ears(fanout, heads, nodes))
        await fanout.open((await log.state()).heads, partial(_read_newest, log))
        self._background.spawn(heads.run())
        if settings.redis_url is not None:
            # Without, nobody is there to be told.
            self._background.spawn(nodes.run())
            self._background.spawn(sweeping(interest))
        return fanout, heads, announce

    def _open_doors(self, fanout: Fanout, history: History, status: Status, timers: Timers) -> None:
        """Build what takes clients: sockets and HTTP, by the same rules."""
        settings = self._settings
        rules = Rules(open_mode=True, origins=settings.origins)
        ladder = Ladder(timers, settings.max_behind_s)
        realtime = NodeRealtime(
            fanout,
            NodeQueries(self._log, history, status),
            self._clock,
            timers,
            ladder,
            self._background.spawn,
            Heartbeats(timers, settings.heartbeat_s, settings.pong_s),
        )
        turnstile = self._turnstile()
        self.reception = NodeReception(
            realtime,
            self.connections,
            drain=self.drain,
            turnstile=turnstile,
            rules=rules,
            log=logger("websocket"),
            max_frame_bytes=settings.max_frame_bytes,
        )
        streams = StreamReception(
            realtime, self.connections, self.drain, turnstile, chance=SystemRandom()
        )
        readings = Readings(self._broker.health, self._nodes, fanout, ladder, self._publisher)
        operations = OperationsResource(status, self.drain, Exposition(readings.now))
        routes = table(self._resources(history, status, fanout, operations, streams))
        site = build(routes, version=__version__, locations=settings.locations)
        edge: ASGIApp = Edge(
            routes,
            rules=rules,
            drain=self.drain,
            log=logger("http"),
            max_body=settings.max_body_bytes,
            pages=Pages(site),
        )
        self.http = with_cors(edge, settings.origins)

    async def stop(self) -> None:
        """Send away who is still here, finish what was taken, close the log."""
        await self.drain.run(0)
        await self._publisher.close()
        self._nodes.leave()
        self._stop_listening()
        await self._broker.close()
        await self._background.close()
        await self._log.close()

    def _turnstile(self) -> Turnstile:
        settings = self._settings
        limits = DoorLimits(
            settings.max_connections or room_for(getrlimit(RLIMIT_NOFILE)[0]),
            settings.max_connections_per_ip,
            settings.connect_rate,
            settings.connect_rate_per_ip,
        )
        return Turnstile(limits, self._clock)

    def _tidy(self, fanout: Fanout) -> None:
        """Begin to forget what is old, and remove files that no job names."""
        settings, log = self._settings, self._log
        limits = Limits(
            settings.history_max_events, int(settings.history_max_age_h * 3600 * 1_000_000)
        )
        self._background.spawn(Retention(log, self._clock, limits, fanout.pruned).run())
        folder = settings.artifacts_folder
        # Another process of this hub may be taking an upload whose job does not name it yet.
        young_s = SHARED_UPLOAD_S if settings.redis_url is not None else 0
        self._background.spawn(sweep(log, folder, files_in(folder, older_than_s=young_s)))

    def _live(self) -> Live:
        connections, followers = self.connections, self._fanout.interest.followers
        return Live(len(connections), dict(sorted(followers.items())), connections.queued_bytes())

    def _resources(
        self,
        history: History,
        status: Status,
        fanout: Fanout,
        operations: OperationsResource,
        streams: StreamReception,
    ) -> Resources:
        settings, publisher, epoch = self._settings, self._publisher, fanout.epoch
        jobs = Jobs(publisher, self._log, epoch)
        artifacts = Artifacts(jobs, settings.artifacts_folder, settings.max_artifact_bytes)
        contracts = Contracts(publisher, self._clock, epoch, settings.locations)
        histories = HistoryResource(history)
        definitions = Definitions(
            publisher,
            self._log,
            followers=lambda: fanout.interest.followers,
            learn=fanout.learn,
        )
        channels = Channels(publisher, self._volatile, epoch, fanout.known, definitions.look)
        return Resources(
            contracts=ContractsResource(contracts, histories, status),
            jobs=JobsResource(jobs, artifacts),
            history=histories,
            channels=ChannelsResource(channels, definitions),
            operations=operations,
            events=EventsResource(streams),
        )


def create(settings: Settings) -> Node:
    """Build a node: alone on the embedded default, or one of many with REDIS_URL.

    Raises:
        Misconfigured: See `open_log` and `RedisBroker`.
    """
    clock = SystemClock()
    broker: Broker = RedisBroker(settings.redis_url) if settings.redis_url else MemoryBroker()
    return Node(settings, open_log(settings, clock), clock=clock, broker=broker)


async def _read_page(log: Log, channel: str, after: int, limit: int) -> Sequence[Event]:
    return await log.events(EventQuery(channel, limit, after=after, max_bytes=PAGE_BYTES))


async def _read_newest(log: Log, channel: str, limit: int, max_bytes: int) -> Sequence[Event]:
    return await log.events(EventQuery(channel, limit, max_bytes=max_bytes))

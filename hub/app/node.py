"""The node: one running hub process, everything that lives from start to stop."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from random import SystemRandom

from hub.app.doors import Doors, open_doors
from hub.app.identity import build_identity, watching
from hub.app.inside import Inside
from hub.app.limits import LIMIT_FIELDS, node_limits, share
from hub.app.reading import read_newest, read_page
from hub.app.reloading import Reloading
from hub.app.sending import open_spread
from hub.app.webhooks import serving
from hub.brokers.base import Broker, Live, News
from hub.clock import Clock, Timers
from hub.hearing import Ears
from hub.model.event import DEFAULT_CHANNELS, Event, new_epoch
from hub.queries import NodeQueries, NodeRealtime
from hub.readings import Sight
from hub.realtime.background import Background
from hub.realtime.connections import Connections
from hub.realtime.delays import Delays
from hub.realtime.drain import Drain
from hub.realtime.fanout import Fanout
from hub.realtime.heartbeat import Heartbeats
from hub.realtime.inquiry import Inquiry
from hub.realtime.interest import Interest, sweeping
from hub.realtime.ladder import Ladder
from hub.realtime.watch import Watch
from hub.services.artifacts import files_in, sweep
from hub.services.auditor import Auditor
from hub.services.heads import Heads
from hub.services.history import History
from hub.services.polls import Polls
from hub.services.presence import Nodes
from hub.services.publisher import Publisher, Tell
from hub.services.retention import Limits, Retention
from hub.services.sealer import Sealer
from hub.services.status import Status
from hub.services.volatile import Volatile
from hub.settings import Settings
from hub.stores.base import LogState, Store
from hub.telemetry.exporting import open_spans
from hub.telemetry.journal import Journal
from hub.telemetry.logging import adjust, logger
from hub.telemetry.siblings import ALONE, Workers

# Longer than any upload takes.
SHARED_UPLOAD_S = 6 * 3600
# For what a node has still to say of itself when it stops.
LAST_WORDS_S = 1.0


class Node:
    """One running hub process: everything that lives from start to stop.

    Args:
        settings: How.
        log: The opened log; closed by `stop`.
        clock: The wall time.
        broker: Connects the nodes of one log.
        worker_socket: Of this worker; those behind the same port lie beside it. None: it is alone.
    """

    def __init__(
        self,
        settings: Settings,
        log: Store,
        *,
        clock: Clock,
        broker: Broker,
        worker_socket: Path | None = None,
    ) -> None:
        self._settings = settings
        self._log = log
        self._clock = clock
        self._broker = broker
        self._delays = Delays(clock)
        self._workers = None if worker_socket is None else Workers(worker_socket)
        self._logger = logger("hub")
        self._background = Background(self._logger)
        self.connections = Connections(clock)
        self.drain = Drain(self.connections.sessions, SystemRandom())
        self.limits = node_limits(settings, clock)
        self.identity = build_identity(settings, log, clock, self.limits.guesses)
        self.reloading = Reloading(settings)
        self.reloading.add(lambda new: adjust(level=new.log_level), "log_level")
        self.reloading.add(self.limits.take, *LIMIT_FIELDS)

    async def start(self) -> None:
        """Listen to the broker, read the heads, warm the rings; then clients may come."""
        settings, log, clock = self._settings, self._log, self._clock
        await log.open()
        state = await log.state()
        loop = asyncio.get_running_loop()
        fanout, heads, announce = await self._join(state, loop)

        taken: Counter[str] = Counter()

        def tell(events: Sequence[Event]) -> None:
            fanout.watch.coming(events)
            fanout.deliver(events)
            announce(events)
            for event in events:
                taken[event.channel] += 1
            self._webhooks.told(len(events))

        self._volatile = Volatile(
            fanout.volatile, tell, clock, max_per_s=settings.volatile_events_per_s
        )
        self._publisher = Publisher(
            log,
            tell,
            max_waiting=settings.max_waiting_updates,
            journal=fanout.watch.journal,
            spans=self._spans,
        )
        status = Status(log, log, self._nodes, clock, self._broker.health, heads)
        history = History(log, state.epoch)
        fanout.on_rights = self.connections.recheck
        self._audit()
        self._webhooks = serving(
            settings, log, clock, self._publisher, self.auditor, self._nodes.own
        )
        self.identity.revocations.on_revoked.append(self._webhooks.lockouts.revoked)
        self._tidy(fanout)
        realtime = self._realtime(fanout, NodeQueries(log, history, status), loop)
        await self.identity.revocations.look()
        doors = open_doors(
            Inside(
                settings=settings,
                clock=clock,
                identity=self.identity,
                limits=self.limits,
                log=log,
                realtime=realtime,
                connections=self.connections,
                drain=self.drain,
                publisher=self._publisher,
                volatile=self._volatile,
                history=history,
                status=status,
                nodes=self._nodes,
                polls=self._polls,
                health=self._broker.health,
                auditor=self.auditor,
                sealer=self._sealer,
                sight=Sight(self._delays, self._ears.lag, taken),
                siblings=self._workers or ALONE,
                reloading=self.reloading,
                measures=self._webhooks.measures,
                webhooks=self._webhooks.parts,
            )
        )
        self.http, self.reception = doors.http, doors.reception
        self._alerts = doors.watch.alerts
        self._begin(doors, f"{state.log_id}.{state.epoch}")
        if self._workers is not None:
            await self._workers.open(doors.exposition.told)

    def _begin(self, doors: Doors, log_id: str) -> None:
        """Let go on beside the clients what somebody must do."""
        settings = self._settings
        for watch in watching(self.identity, self._log, self._clock, self.connections):
            self._background.spawn(watch)
        if settings.redis_url is not None and self.limits.required:
            self._background.spawn(share(self.limits.gate, settings.redis_url, log_id))
        for work in (*doors.watch.works(), *self._webhooks.works()):
            self._background.spawn(work())

    async def _join(self, state: LogState, timers: Timers) -> tuple[Fanout, Heads, Tell]:
        """Become one of the nodes of this log: hear the others, and reach its heads."""
        settings, log, name = self._settings, self._log, new_epoch()
        self._spans = open_spans(name)
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
            read_log=partial(read_page, log),
            spawn=self._background.spawn,
            inquiry=Inquiry(announce, timers),
            watch=Watch(Journal(self._clock), self._spans),
            delays=self._delays,
            spread=open_spread(settings),
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
        self._polls = Polls(
            name,
            others=nodes.serving,
            reaches=lambda: self._broker.health().reaches,
            announce=announce,
            listen=partial(self._broker.follow, log_id),
        )
        # Clients that were here before come back in a moment, most of them for these.
        for channel in DEFAULT_CHANNELS:
            interest.hear(channel)
        self._ears = Ears(fanout, heads, nodes, self._polls, self._clock)
        self._stop_listening = await self._broker.listen(log_id, self._ears)
        await fanout.open((await log.state()).heads, partial(read_newest, log))
        self._background.spawn(heads.run())
        if settings.redis_url is not None:
            # Without, nobody is there to be told.
            self._background.spawn(nodes.run())
            self._background.spawn(sweeping(interest))
        return fanout, heads, announce

    def _realtime(self, fanout: Fanout, queries: NodeQueries, timers: Timers) -> NodeRealtime:
        settings = self._settings
        return NodeRealtime(
            fanout,
            queries,
            self._clock,
            timers,
            Ladder(timers, settings.max_behind_s),
            self._background.spawn,
            Heartbeats(timers, settings.heartbeat_s, settings.pong_s),
            self.identity.authentication.find,
            self.auditor.refused_socket,
        )

    async def stop(self) -> None:
        """Send away who is still here, finish what was taken, close the log."""
        if self._workers is not None:
            await self._workers.close()
        await self.drain.run(0)
        await self._alerts.leave(LAST_WORDS_S)
        left_s = self.drain.rest_s(self._settings.drain_s) - LAST_WORDS_S
        await self._webhooks.close(max(LAST_WORDS_S, left_s))
        await self._publisher.close()
        await self.auditor.flush(at_end=True)
        await self._sealer.close()
        self._nodes.leave()
        self._stop_listening()
        await self._broker.close()
        await self._background.close()
        await self._log.close()
        if self._spans is not None:
            await self._spans.close()

    def _tidy(self, fanout: Fanout) -> None:
        """Begin to forget what is old, and remove files that no job names."""
        settings, log = self._settings, self._log
        limits = Limits(
            settings.history_max_events, int(settings.history_max_age_h * 3600 * 1_000_000)
        )
        needed = self._webhooks.behind.needed
        self._background.spawn(Retention(log, self._clock, limits, fanout.pruned, needed).run())
        folder = settings.artifacts_folder
        # Another process of this hub may be taking an upload whose job does not name it yet.
        young_s = SHARED_UPLOAD_S if settings.redis_url is not None else 0
        self._background.spawn(sweep(log, folder, files_in(folder, older_than_s=young_s)))

    def _audit(self) -> None:
        """Begin to write and to seal the audit log."""
        log, settings, name = self._log.audit, self._settings, self._nodes.own
        self.auditor = Auditor(log, self._clock, name)
        self._sealer = Sealer(
            log,
            self._clock,
            name,
            key=next(iter(settings.audit_keys), None),
            max_age_us=int(settings.audit_max_age_days * 24 * 3600 * 1_000_000),
        )
        self._background.spawn(self.auditor.run())
        self._background.spawn(self._sealer.run())

    def _live(self) -> Live:
        connections, followers = self.connections, self._fanout.interest.followers
        return Live(len(connections), dict(sorted(followers.items())), connections.queued_bytes())

"""What operators ask of all nodes: what became of an event, who is connected, what is measured."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from hub.clock import Clock
from hub.queries import NodeRealtime
from hub.readings import Sight
from hub.realtime.attendance import attendance
from hub.realtime.connections import Connections
from hub.realtime.roster import Roster
from hub.services.auditor import Auditor
from hub.services.clients import Clients
from hub.services.history import History
from hub.services.polls import Polls
from hub.services.sights import Sights
from hub.services.stats import ChannelNow, Stats
from hub.services.traces import Traces
from hub.stores.base import Store
from hub.telemetry.meter import Counts, Meter
from hub.transports.http.connections import ConnectionsResource
from hub.transports.http.stats import StatsResource
from hub.transports.http.traces import TracesResource


class Operators(NamedTuple):
    """Resources that ask the other nodes."""

    traces: TracesResource
    connections: ConnectionsResource
    stats: StatsResource


class Observed(Protocol):
    """What of this node they tell; see `inside.Inside`."""

    @property
    def polls(self) -> Polls:
        """Return what asks the other nodes."""
        ...

    @property
    def log(self) -> Store:
        """Return the log."""
        ...

    @property
    def clock(self) -> Clock:
        """Return the wall time."""
        ...

    @property
    def realtime(self) -> NodeRealtime:
        """Return its live clients, as sessions see them."""
        ...

    @property
    def connections(self) -> Connections:
        """Return everybody who is connected."""
        ...

    @property
    def history(self) -> History:
        """Return what tells who may read a channel."""
        ...

    @property
    def auditor(self) -> Auditor:
        """Return who is told of deeds."""
        ...

    @property
    def sight(self) -> Sight:
        """Return what is measured on the way of the events."""
        ...


def operators(node: Observed) -> Operators:
    """Build them; from then on this node answers the others, and measures itself."""
    log, fanout, polls = node.log, node.realtime.fanout, node.polls
    sights = Sights(fanout.watch.journal, polls)
    traces = Traces(log, log.webhooks, fanout.epoch, sights)
    clients = Clients(Roster(node.connections), polls)
    meter = Meter(lambda: _counts(node), node.clock)
    stats = Stats(meter, lambda: _channels(node, meter), polls, node.clock)
    node.realtime.spawn(meter.run())
    return Operators(
        TracesResource(traces, node.history.readers),
        ConnectionsResource(clients, fanout.readers, fanout.epoch, node.auditor),
        StatsResource(stats, fanout.readers),
    )


def _counts(node: Observed) -> Counts:
    fanout, connections = node.realtime.fanout, node.connections
    written = {name: feed.written for name, feed in fanout.feeds.items()}
    return Counts(
        dict(node.sight.taken),
        written | {name: feed.written for name, feed in fanout.volatile.items()},
        tuple(node.sight.delays.seconds.counts),
        len(connections),
        connections.queued_bytes(),
    )


def _channels(node: Observed, meter: Meter) -> Sequence[ChannelNow]:
    there, rates = attendance(node.realtime.fanout, node.connections), meter.rates()
    return [
        ChannelNow(
            name, one.head, *rates.get(name, (0.0, 0.0)), one.followers, one.late, one.behind
        )
        for name, one in there.items()
    ]

"""What operators ask of all nodes: what became of an event, and who is connected."""

from typing import NamedTuple

from hub.realtime.connections import Connections
from hub.realtime.fanout import Fanout
from hub.realtime.roster import Roster
from hub.services.auditor import Auditor
from hub.services.clients import Clients
from hub.services.history import History
from hub.services.polls import Polls
from hub.services.sights import Sights
from hub.services.traces import Traces
from hub.stores.base import Store
from hub.transports.http.connections import ConnectionsResource
from hub.transports.http.traces import TracesResource


class Operators(NamedTuple):
    """Resources that ask the other nodes."""

    traces: TracesResource
    connections: ConnectionsResource


def operators(
    polls: Polls,
    log: Store,
    fanout: Fanout,
    connections: Connections,
    history: History,
    auditor: Auditor,
) -> Operators:
    """Build them; from then on this node answers the others."""
    sights = Sights(fanout.watch.journal, polls)
    traces = Traces(log, log.webhooks, fanout.epoch, sights)
    clients = Clients(Roster(connections), polls)
    return Operators(
        TracesResource(traces, history.readers),
        ConnectionsResource(clients, fanout.readers, fanout.epoch, auditor),
    )

"""The inside: what the doors lead to."""

from collections.abc import Callable
from typing import NamedTuple

from hub.app.identity import Identity
from hub.app.limits import NodeLimits
from hub.app.reloading import Reloading
from hub.app.webhook_doors import WebhookParts
from hub.brokers.base import Health
from hub.clock import Clock
from hub.queries import NodeRealtime
from hub.readings import Sight
from hub.realtime.connections import Connections
from hub.realtime.drain import Drain
from hub.services.auditor import Auditor
from hub.services.history import History
from hub.services.polls import Polls
from hub.services.presence import Nodes
from hub.services.publisher import Publisher
from hub.services.sealer import Sealer
from hub.services.status import Status
from hub.services.volatile import Volatile
from hub.settings import Settings
from hub.stores.base import Store
from hub.telemetry.siblings import Siblings
from hub.webhooks.measures import Measures


class Inside(NamedTuple):
    """What the doors lead to; `node.Node` has built it."""

    settings: Settings
    clock: Clock
    identity: Identity
    limits: NodeLimits
    log: Store
    realtime: NodeRealtime
    connections: Connections
    drain: Drain
    publisher: Publisher
    volatile: Volatile
    history: History
    status: Status
    nodes: Nodes
    polls: Polls
    health: Callable[[], Health]
    auditor: Auditor
    sealer: Sealer
    sight: Sight
    siblings: Siblings
    reloading: Reloading
    measures: Measures
    webhooks: WebhookParts

"""Status: how the hub and its contracts stand, in numbers of the log and of the nodes."""

import asyncio
from collections.abc import Callable
from typing import Any

import msgspec
from msgspec.structs import asdict

from hub.brokers.base import Health
from hub.clock import SECOND_US, Clock
from hub.errors import LogUnavailable
from hub.model.event import CONTRACTS
from hub.model.timestamp import to_rfc3339
from hub.model.unit import Head
from hub.services.heads import Heads
from hub.services.presence import Nodes, together
from hub.stores.base import Log, Records

# How long a caller of `ready` waits for the disk: load balancers ask every few seconds.
READY_WITHIN_S = 2.0


class ContractsStatus(msgspec.Struct, kw_only=True):
    """Answer of `GET /contracts/status`; `clients` are those of all nodes of the hub."""

    status: str = "ok"
    contracts: int
    by_location: dict[str, dict[str, int]]
    by_status: dict[str, int]
    latest_update: str | None
    channel: str = CONTRACTS
    epoch: str
    offset: int
    clients: int
    uptime_s: int


class NodeStatus(msgspec.Struct, kw_only=True):
    """One node's sockets."""

    connections: int
    subscriptions: dict[str, int]
    queued_bytes: int


class WebSocketStatus(NodeStatus, kw_only=True):
    """Answer of `GET /ws/status`: all nodes of the hub together, and each by its name.

    The node that answers counts at this moment; the others count as they said within the last
    seconds. One that died is gone within 10 seconds, one that stopped at once.
    """

    status: str = "ok"
    nodes: dict[str, NodeStatus]


class Status:
    """Answers how things are.

    Args:
        log: The log.
        records: The rows.
        nodes: This node and the others.
        clock: For the uptime.
        broker: Tells of the way to the other nodes.
        heads: Tells whether the log still holds what this node knows of it.
    """

    def __init__(
        self,
        log: Log,
        records: Records,
        nodes: Nodes,
        clock: Clock,
        broker: Callable[[], Health],
        heads: Heads,
    ) -> None:
        self._log = log
        self._records = records
        self._nodes = nodes
        self._clock = clock
        self._broker = broker
        self._heads = heads
        self._started_us = clock.now_us()
        self._probed_us = 0
        self._probe: asyncio.Task[None] | None = None

    async def contracts(self) -> ContractsStatus:
        """Counts by location and status, the newest update, position, clients, uptime."""
        state = await self._log.state()
        counts = await self._records.contract_counts()
        by_location: dict[str, dict[str, int]] = {}
        by_status: dict[str, int] = {}
        for row in counts:
            by_location.setdefault(row.location, {})[row.status] = row.contracts
            by_status[row.status] = by_status.get(row.status, 0) + row.contracts
        newest_us = max((row.updated_at_us for row in counts), default=None)
        head = state.heads.get(CONTRACTS, Head())
        return ContractsStatus(
            contracts=sum(by_status.values()),
            by_location=by_location,
            by_status=by_status,
            latest_update=None if newest_us is None else to_rfc3339(newest_us),
            epoch=state.epoch,
            offset=head.offset,
            clients=together(self._nodes.present().values()).connections,
            uptime_s=self._uptime_s(),
        )

    def websocket(self) -> WebSocketStatus:
        """Connections, subscriptions a channel and send-queue bytes, per node and in all."""
        nodes = self._nodes.present()
        return WebSocketStatus(
            **asdict(together(nodes.values())),
            nodes={name: NodeStatus(**asdict(live)) for name, live in nodes.items()},
        )

    async def hub(self) -> dict[str, Any]:
        """What `get_status` answers: positions, and the sockets and uptime of this node."""
        state = await self._log.state()
        return {
            "node": self._nodes.own,
            "epoch": state.epoch,
            "positions": {channel: head.offset for channel, head in state.heads.items()},
            "uptime_s": self._uptime_s(),
            **asdict(self._nodes.live()),
        }

    async def ready(self) -> bool:
        """Return when the log can be written, and say whether news travel between the nodes.

        Without news events still reach every node, through the log and a moment later. The log is
        tried at most once a second, for all who ask.

        Raises:
            LogWentBack: It is an older one than this node has seen; until a restart.
            LogUnavailable: It cannot, or takes too long to say so.
        """
        self._heads.check()
        try:
            await asyncio.wait_for(asyncio.shield(self._probing()), READY_WITHIN_S)
        except TimeoutError:
            raise LogUnavailable(
                f"expected the log to be written within {READY_WITHIN_S:.0f} s, it was not"
            ) from None
        return self._broker().reaches

    def _probing(self) -> asyncio.Task[None]:
        """Return the try of this second; one that is not finished is waited for, not repeated."""
        now_us = self._clock.now_us()
        probe = self._probe
        if probe is None or (probe.done() and abs(now_us - self._probed_us) >= SECOND_US):
            self._probed_us = now_us
            probe = self._probe = asyncio.create_task(self._try(), name="probe")
            # Its failure may come when nobody waits any more; the next who asks is told of it.
            probe.add_done_callback(lambda done: done.cancelled() or done.exception())
        return probe

    async def _try(self) -> None:
        await self._log.probe()

    def _uptime_s(self) -> int:
        return (self._clock.now_us() - self._started_us) // SECOND_US

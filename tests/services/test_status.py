"""Status: numbers that come from the log, and readiness that is tried, not assumed."""

import asyncio
from typing import Any

import pytest

from hub.brokers.base import Live, Presence
from hub.brokers.memory import MemoryBroker
from hub.errors import LogUnavailable, LogWentBack
from hub.model.contract import ContractUpdate
from hub.model.timestamp import to_rfc3339
from hub.services import status as status_module
from hub.services.heads import Heads
from hub.services.presence import Nodes
from hub.services.status import Status
from support.use_cases import ANNA, UseCases


def live() -> Live:
    """Return what a node with two sockets knows."""
    return Live(2, {"contracts": 2, "jobs": 1}, 512)


@pytest.fixture
def nodes(hub: UseCases) -> Nodes:
    """A node that has met no other."""
    return Nodes("log", "node-1", live=live, tell=lambda _said: None, clock=hub.clock)


@pytest.fixture
def known() -> dict[str, int]:
    """How far a node has seen the channels."""
    return {}


@pytest.fixture
def heads(hub: UseCases, known: dict[str, int]) -> Heads:
    """Its looks into the log."""
    return Heads(hub.log, lambda _heads: None, reached=lambda: known, every_s=1)


@pytest.fixture
def status(hub: UseCases, nodes: Nodes, heads: Heads) -> Status:
    """The status of a node that has just started."""
    return Status(hub.log, hub.log, nodes, hub.clock, MemoryBroker().health, heads)


async def test_an_empty_hub_counts_nothing(status: Status, hub: UseCases) -> None:
    """Before the first update all numbers are zero, and nothing is latest."""
    told = await status.contracts()

    assert (told.contracts, told.by_location, told.by_status) == (0, {}, {})
    assert (told.latest_update, told.offset, told.epoch) == (None, 0, hub.epoch)


async def test_contracts_are_counted_by_location_and_status(status: Status, hub: UseCases) -> None:
    """Each contract counts once, as it now is; the newest change is told."""
    for contract_id, city, word in [
        ("a", "Mumbai", "active"), ("b", "Mumbai", "active"),
        ("b", "Chennai", "inactive"), ("c", "Mumbai", "inactive"),
    ]:  # fmt: skip
        hub.clock.advance(1)
        update = ContractUpdate(contract_id, city, word, "2023-01-01T12:00:00")
        await hub.contracts.update(ANNA, update, None)

    told = await status.contracts()

    assert told.contracts == 3
    assert told.by_location == {"Mumbai": {"active": 1, "inactive": 1}, "Chennai": {"inactive": 1}}
    assert told.by_status == {"active": 1, "inactive": 2}
    assert told.latest_update == to_rfc3339(hub.clock.now_us())
    assert (told.offset, told.clients, told.uptime_s) == (4, 2, 4)


async def test_sockets_are_told_per_node_and_in_all(status: Status, nodes: Nodes) -> None:
    """The sums are over every node, and each node's own numbers stand beside them."""
    nodes.meet(Presence("log", "node-2", Live(5, {"alerts": 4, "jobs": 5}, 30)))

    told = status.websocket()

    assert (told.connections, told.queued_bytes) == (7, 542)
    assert told.subscriptions == {"alerts": 4, "contracts": 2, "jobs": 6}
    assert told.nodes["node-1"].subscriptions == {"contracts": 2, "jobs": 1}
    assert (told.nodes["node-2"].connections, told.nodes["node-2"].queued_bytes) == (5, 30)


async def test_clients_of_all_nodes_are_counted(status: Status, nodes: Nodes) -> None:
    """Whichever node is asked how the contracts are, it tells how many watch them."""
    nodes.meet(Presence("log", "node-2", Live(5, {}, 0)))

    told = await status.contracts()

    assert told.clients == 7


async def test_a_socket_may_ask_how_the_hub_is(status: Status, hub: UseCases) -> None:
    """Positions of every channel, sockets and uptime."""
    hub.clock.advance(3)

    told = await status.hub()

    assert told["positions"]["contracts"] == 0
    assert (told["node"], told["epoch"], told["uptime_s"]) == ("node-1", hub.epoch, 3)
    assert told["connections"] == 2


class Disk:
    """A log that answers a probe when and as it is told to."""

    def __init__(self) -> None:
        self.probes = 0
        self.failure: Exception | None = None
        self.answers = asyncio.Event()
        self.answers.set()

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(name)

    async def probe(self) -> None:
        """Answer."""
        self.probes += 1
        await self.answers.wait()
        if self.failure is not None:
            raise self.failure


@pytest.fixture
def disk() -> Disk:
    """A disk that works."""
    return Disk()


@pytest.fixture
def readiness(disk: Disk, hub: UseCases, nodes: Nodes, heads: Heads) -> Status:
    """The status of a node on that disk."""
    return Status(disk, hub.log, nodes, hub.clock, MemoryBroker().health, heads)


async def test_the_log_is_tried_at_most_once_a_second(
    disk: Disk, readiness: Status, hub: UseCases
) -> None:
    """However many load balancers ask, the disk is written once a second."""
    for _ in range(5):
        await readiness.ready()
    before = disk.probes
    hub.clock.advance(1)
    await readiness.ready()

    assert (before, disk.probes) == (1, 2)


@pytest.mark.parametrize(
    "failure",
    [
        pytest.param(LogUnavailable("the disk is full"), id="a refusal"),
        pytest.param(RuntimeError("a bug"), id="a fault nobody thought of"),
    ],
)
async def test_a_failure_is_told_to_all_and_recovered_from(
    disk: Disk, readiness: Status, hub: UseCases, failure: Exception
) -> None:
    """Within the second everybody is told the same; then it is tried again."""
    disk.failure = failure
    for _ in range(2):
        with pytest.raises(type(failure)):
            await readiness.ready()
    disk.failure = None
    hub.clock.advance(1)

    await readiness.ready()

    assert disk.probes == 2


async def test_nobody_is_told_ready_while_the_first_try_is_out(
    disk: Disk, readiness: Status
) -> None:
    """Two who ask at once wait for the same try and hear its result."""
    disk.answers.clear()
    disk.failure = LogUnavailable("the disk is full")
    asked = [asyncio.create_task(readiness.ready()) for _ in range(2)]
    await asyncio.sleep(0)
    disk.answers.set()

    results = await asyncio.gather(*asked, return_exceptions=True)

    assert [type(result) for result in results] == [LogUnavailable, LogUnavailable]
    assert disk.probes == 1


async def test_a_disk_that_hangs_is_not_ready(
    disk: Disk, readiness: Status, hub: UseCases, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer comes in time, and no second try is piled on the first."""
    monkeypatch.setattr(status_module, "READY_WITHIN_S", 0.001)
    disk.answers.clear()
    for _ in range(3):
        with pytest.raises(LogUnavailable, match="within"):
            await readiness.ready()
        hub.clock.advance(5)
    tried = disk.probes
    disk.answers.set()
    monkeypatch.setattr(status_module, "READY_WITHIN_S", 2.0)

    await readiness.ready()

    assert tried == 1


async def test_a_node_whose_log_went_back_is_not_ready(
    readiness: Status, heads: Heads, known: dict[str, int]
) -> None:
    """Nor is it when the log has grown again: the events behind those offsets are others."""
    known["jobs"] = 7
    await heads.look(at_once=False)
    known["jobs"] = 0
    await heads.look(at_once=False)

    with pytest.raises(LogWentBack, match="expected jobs to reach 7, got 0: stop all nodes"):
        await readiness.ready()

"""Readings: each number comes from where it is, and labels do not grow with what clients make."""

import asyncio
from typing import Any

import pytest

from hub import __version__
from hub.brokers.base import Health, Live, Presence
from hub.errors import LogUnavailable
from hub.model.event import BUILT_IN_CHANNELS
from hub.model.unit import Head
from hub.readings import Readings, bounded
from hub.services.presence import Nodes
from hub.services.publisher import Publisher
from support.clocks import FakeClock
from support.realtime import FakeNode, MemoryEvents


class BrokenLog:
    """A log that takes nothing."""

    async def commit(self, _units: object) -> Any:
        """Refuse."""
        raise LogUnavailable("broken by the test")


@pytest.fixture
def readings() -> Readings:
    """A node with two sockets, whose broker has dropped three messages."""
    node = FakeNode(MemoryEvents())
    live = Live(2, {"orders": 1, "bills": 1, "jobs": 2}, 512)
    nodes = Nodes("log", "one", live=lambda: live, tell=lambda _said: None, clock=FakeClock())
    broken: Any = BrokenLog()
    return Readings(
        broker=lambda: Health(reaches=False, dropped=3),
        nodes=nodes,
        fanout=node.fanout,
        ladder=node.ladder,
        publisher=Publisher(broken, lambda _events: None, max_waiting=10),
    )


def test_the_way_between_nodes_is_told(readings: Readings) -> None:
    """A node that does not reach the others says so, and what it could not say to them."""
    readings.nodes.meet(Presence("log", "two", Live(9, {}, 9)))

    now = readings.now()

    assert (now.broker_up, now.broker_dropped, now.nodes) == (0, 3, 2)
    assert now.info == {__version__: 1}


def test_sockets_are_this_nodes_own(readings: Readings) -> None:
    """What other nodes say of theirs is theirs to tell."""
    readings.nodes.meet(Presence("log", "two", Live(9, {"jobs": 9}, 9)))

    now = readings.now()

    assert (now.connections, now.send_queue_bytes) == (2, 512)
    assert (now.subscriptions["jobs"], now.subscriptions["custom"]) == (2, 2)


def test_every_step_of_the_ladder_is_told(readings: Readings) -> None:
    """Those that nobody took too: a series that begins at its first count hides it."""
    readings.ladder.steps["closed"] += 2

    now = readings.now()

    assert now.slow_clients == {"lossless": 0, "conflated": 0, "snapshot": 0, "closed": 2}


def test_heads_are_as_far_as_this_node_knows(readings: Readings) -> None:
    """A node that stays behind the others is seen by it."""
    readings.fanout.catch_up({"jobs": Head(7), "orders": Head(5), "bills": Head(1)})

    now = readings.now()

    assert (now.channel_heads["jobs"], now.channel_heads["custom"]) == (7, 6)


async def test_waiting_updates_are_counted(readings: Readings) -> None:
    """As long as they wait."""
    unit: Any = object()
    answers = [readings.publisher.submit(unit) for _ in range(3)]

    waiting = readings.now().waiting_updates
    await asyncio.gather(*answers, return_exceptions=True)

    assert (waiting, readings.now().waiting_updates) == (3, 0)


def test_labels_do_not_grow_with_channels() -> None:
    """A thousand custom channels are one series, also one that is called custom."""
    told = bounded({**{f"orders.{n}": 1 for n in range(1_000)}, "custom": 1, "alerts": 4})

    assert set(told) == {*BUILT_IN_CHANNELS, "custom"}
    assert (told["custom"], told["alerts"], told["jobs"]) == (1_001, 4, 0)

"""Screens are told how much goes through the hub: of all nodes together, and of each."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from websockets.asyncio.client import connect

from hub.services import polls, stats as module
from hub.telemetry import meter
from support.principals import Tokens, principal
from support.redis_server import RedisServer
from support.running import CONTRACT, RunningHub, running_hub

PATIENCE_S = 30.0


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Measure every second, and remember no answer."""
    monkeypatch.setattr(meter, "EVERY_S", 1)
    monkeypatch.setattr(module, "FRESH_US", 0)


@pytest_asyncio.fixture
async def pair(tmp_path: Path, redis: RedisServer) -> AsyncIterator[tuple[RunningHub, RunningHub]]:
    """Two nodes of one hub that know each other."""
    async with (
        running_hub(tmp_path, redis_url=redis.url) as one,
        running_hub(tmp_path, redis_url=redis.url) as two,
    ):
        await becomes(one, lambda told: len(told["nodes"]) == 2)
        await becomes(two, lambda told: len(told["nodes"]) == 2)
        yield one, two


async def told(hub: RunningHub, points: int = 300) -> Any:
    """Ask a node."""
    async with httpx.AsyncClient(base_url=hub.url) as http:
        answer = await http.get("/api/stats", params={"points": points})
    assert answer.status_code == 200, answer.text
    return answer.json()


async def becomes(hub: RunningHub, holds: Any) -> Any:
    """Wait until what a node tells is so, and return it."""
    async with asyncio.timeout(PATIENCE_S):
        while not holds(stats := await told(hub)):  # noqa: ASYNC110 the nodes decide
            await asyncio.sleep(0.05)
    return stats


def all_are_measured(stats: Any) -> bool:
    """Say whether all five events are in the points: as come, as gone out, and as timed."""
    points = stats["points"]
    came, went = (sum(p[name] for p in points) for name in ("events_in", "events_out"))
    timed = sum(p["latency"]["events"] for p in points)
    return bool(came == went > 0 and timed == 5)


def channel(stats: Any, name: str) -> Any:
    """Return what is told of a channel."""
    return next(one for one in stats["channels"] if one["channel"] == name)


async def test_the_nodes_add_up(pair: tuple[RunningHub, RunningHub]) -> None:
    """One takes the events, the other writes them to its client: whoever is asked tells of both."""
    one, two = pair
    async with (
        connect(f"{two.ws}?channels=contracts", proxy=None),
        httpx.AsyncClient(base_url=one.url) as http,
    ):
        for _ in range(5):
            await http.post("/update", json=CONTRACT)
        for hub in pair:
            # Each node measures at moments of its own: the five may lie in two points of either.
            stats = await becomes(hub, all_are_measured)

            contracts = channel(stats, "contracts")
            assert (contracts["head"], contracts["followers"]) == (5, 1)
            assert (contracts["late"], contracts["behind"]) == (0, 0)
            assert stats["now"]["connections"] == 1
            assert stats["now"]["events_in"] == stats["now"]["events_out"] > 0
            assert {n["connections"] for n in stats["nodes"].values()} == {0, 1}
            assert 0 < stats["now"]["latency"]["p50_ms"] <= stats["now"]["latency"]["p99_ms"]
            assert stats["incomplete"] == []


async def test_a_silent_node_is_named(
    pair: tuple[RunningHub, RunningHub], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sums are of who answered."""
    monkeypatch.setattr(polls, "ANSWER_WITHIN_S", 0.05)
    one, two = pair
    monkeypatch.setattr(two.node._polls, "hear", lambda _said: None)

    stats = await told(one)

    assert list(stats["nodes"]) == [one.node._nodes.own]
    assert stats["incomplete"] == [two.node._nodes.own]


async def test_who_does_not_read_is_counted(tmp_path: Path) -> None:
    """With how far the last of them is behind."""
    large = [{"type": "placed", "data": {"text": "x" * 9_000}}] * 100
    async with running_hub(tmp_path) as hub, httpx.AsyncClient(base_url=hub.url) as http:
        await http.post("/api/channels/orders/events", json=large[:1])
        async with connect(f"{hub.ws}?channels=orders", proxy=None, max_queue=1) as slow:
            async with asyncio.timeout(PATIENCE_S):
                while not channel(stats := await told(hub), "orders")["behind"]:
                    await http.post("/api/channels/orders/events", json=large)
            # Its closing frame would lie behind what it does not read.
            slow.transport.abort()

    orders = channel(stats, "orders")
    assert (orders["followers"], orders["late"]) == (1, 1)
    assert orders["behind"] <= orders["head"]


async def test_points_are_as_many_as_asked_for(tmp_path: Path) -> None:
    """The newest ones, in the order of their time."""
    async with running_hub(tmp_path) as hub:
        many = await becomes(hub, lambda told: len(told["points"]) > 1)
        few, none = await told(hub, 1), await told(hub, 0)

    assert [p["at"] for p in many["points"]] == sorted(p["at"] for p in many["points"])
    assert len(few["points"]) == 1
    assert few["points"][0]["at"] >= many["points"][-1]["at"]
    assert none["points"] == []


async def test_channels_are_told_to_who_may_read_them(tmp_path: Path) -> None:
    """As everywhere else where channels are named."""
    who = {"root": principal("root", "admin"), "vera": principal("vera", "viewer")}
    async with running_hub(tmp_path) as hub, httpx.AsyncClient(base_url=hub.url) as http:
        authentication: Any = hub.node.identity.authentication
        authentication.required = True
        authentication._sources = (Tokens(**who),)
        root, vera = ({"Authorization": f"Bearer {name}"} for name in who)
        await http.put("/api/channels/board", json={"readers": ["admin"]}, headers=root)

        shown = [
            {
                one["channel"]
                for one in (await http.get("/api/stats", headers=as_)).json()["channels"]
            }
            for as_ in (root, vera)
        ]

    assert shown[0] - shown[1] == {"board"}

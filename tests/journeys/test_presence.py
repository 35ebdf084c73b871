"""Whichever node is asked, it tells of all: who is there, and the sums over them."""

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import connect

from hub.services import presence
from support.redis_server import RedisServer
from support.running import RunningHub, hub_process, running_hub

PATIENCE_S = 30.0


@contextlib.asynccontextmanager
async def watching(ws: str, count: int) -> AsyncIterator[None]:
    """Connect clients to a node; each follows the default channels."""
    async with contextlib.AsyncExitStack() as stack:
        for _ in range(count):
            socket = await stack.enter_async_context(connect(ws, proxy=None))
            await socket.recv()  # welcome
        yield


async def told(url: str) -> Any:
    """Ask a node how the sockets are."""
    async with httpx.AsyncClient(base_url=url) as http:
        return (await http.get("/ws/status")).json()


async def becomes(url: str, holds: Callable[[Any], bool]) -> Any:
    """Wait until what a node tells is so, and return it."""
    async with asyncio.timeout(PATIENCE_S):
        while not holds(status := await told(url)):  # noqa: ASYNC110 the nodes decide
            await asyncio.sleep(0.05)
    return status


def connections(status: Any) -> list[int]:
    """Return the connections of each node, fewest first."""
    return sorted(node["connections"] for node in status["nodes"].values())


def name(hub: RunningHub) -> str:
    """Return the name of a node."""
    return hub.node._nodes.own


async def test_every_node_tells_the_sums(tmp_path: Path, redis: RedisServer) -> None:
    """Two nodes with one and two clients are a hub with three, whoever is asked."""
    async with (
        running_hub(tmp_path, redis_url=redis.url) as one,
        running_hub(tmp_path, redis_url=redis.url) as two,
        watching(one.ws, 1),
        watching(two.ws, 2),
    ):
        for hub in (one, two):
            status = await becomes(hub.url, lambda status: connections(status) == [1, 2])

            assert (status["connections"], status["subscriptions"]["contracts"]) == (3, 3)
            assert status["queued_bytes"] == sum(
                node["queued_bytes"] for node in status["nodes"].values()
            )
            assert status["nodes"][name(two)]["subscriptions"]["jobs"] == 2


async def test_a_node_that_starts_is_known_at_once(
    tmp_path: Path, redis: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And knows the others: nobody waits until they say again how they are."""
    monkeypatch.setattr(presence, "SAY_EVERY_S", 3600.0)
    async with (
        running_hub(tmp_path, redis_url=redis.url) as one,
        running_hub(tmp_path, redis_url=redis.url) as two,
    ):
        for hub in (one, two):
            status = await becomes(hub.url, lambda status: len(status["nodes"]) == 2)

            assert set(status["nodes"]) == {name(one), name(two)}


async def test_a_killed_node_disappears(tmp_path: Path, redis: RedisServer) -> None:
    """Its clients are gone with it, out of every sum; who is left goes on."""
    async with running_hub(tmp_path, redis_url=redis.url) as stays, watching(stays.ws, 1):
        with hub_process(tmp_path, REDIS_URL=redis.url) as dies:
            async with watching(dies.ws, 2):
                before = await becomes(stays.url, lambda status: connections(status) == [1, 2])
                dies.kill()
                after = await becomes(stays.url, lambda status: len(status["nodes"]) == 1)

    assert (before["connections"], after["connections"]) == (3, 1)
    assert after["subscriptions"]["contracts"] == 1
    assert list(after["nodes"]) == [name(stays)]


async def test_a_node_that_stops_says_farewell(
    tmp_path: Path, redis: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It disappears although nobody would miss its words for an hour."""
    monkeypatch.setattr(presence, "FORGET_AFTER_S", 3600.0)
    async with running_hub(tmp_path, redis_url=redis.url) as stays:
        async with running_hub(tmp_path, redis_url=redis.url):
            await becomes(stays.url, lambda status: len(status["nodes"]) == 2)

        status = await becomes(stays.url, lambda status: len(status["nodes"]) == 1)

        assert list(status["nodes"]) == [name(stays)]


async def test_while_redis_hangs_a_node_tells_of_itself(
    tmp_path: Path, redis: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The others cannot be known then; they are again when it is back."""
    monkeypatch.setattr(presence, "SAY_EVERY_S", 0.1)
    monkeypatch.setattr(presence, "FORGET_AFTER_S", 1.0)
    async with (
        running_hub(tmp_path, redis_url=redis.url) as one,
        running_hub(tmp_path, redis_url=redis.url) as two,
        watching(one.ws, 1),
        watching(two.ws, 2),
    ):
        await becomes(one.url, lambda status: connections(status) == [1, 2])

        redis.send(signal.SIGSTOP)
        alone = await becomes(one.url, lambda status: len(status["nodes"]) == 1)
        redis.send(signal.SIGCONT)
        again = await becomes(one.url, lambda status: len(status["nodes"]) == 2)

    assert (alone["connections"], again["connections"]) == (1, 3)


async def test_two_hubs_on_one_redis_do_not_see_each_other(
    tmp_path: Path, redis: RedisServer
) -> None:
    """Nodes of one log are one hub; a node of another log is a stranger."""
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    async with (
        running_hub(tmp_path / "a", redis_url=redis.url) as one,
        running_hub(tmp_path / "b", redis_url=redis.url) as stranger,
        running_hub(tmp_path / "a", redis_url=redis.url) as mate,
        watching(stranger.ws, 1),
    ):
        status = await becomes(mate.url, lambda status: len(status["nodes"]) > 1)

        assert set(status["nodes"]) == {name(one), name(mate)}
        assert list((await told(stranger.url))["nodes"]) == [name(stranger)]

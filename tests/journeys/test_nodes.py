"""Several nodes are one hub: an event that one accepts reaches the clients of all."""

import asyncio
import contextlib
import json
import shutil
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import websockets

from hub.app import open_log
from hub.clock import SystemClock
from hub.settings import Settings
from hub_client import AsyncMCPClient, State
from support.metrics import numbers
from support.posting import Wire
from support.proxy import proxy_to
from support.redis_server import RedisServer
from support.running import CONTRACT, RunningHub, running_hub

AN_HOUR_S = 3600.0
POSTS = 500
AT_ONCE = 5


@contextlib.asynccontextmanager
async def nodes(
    folder: Path, redis: RedisServer, count: int = 2, *, head_poll_s: float = 0.1
) -> AsyncIterator[list[RunningHub]]:
    """Run nodes of one hub on one data file."""
    async with contextlib.AsyncExitStack() as stack:
        yield [
            await stack.enter_async_context(
                running_hub(folder, redis_url=redis.url, head_poll_s=head_poll_s)
            )
            for _ in range(count)
        ]


class Client:
    """A client of one node that remembers the offsets it saw."""

    def __init__(self, hub: RunningHub) -> None:
        self.offsets: list[int | None] = []
        self._url = hub.url
        self._live = asyncio.Event()
        self._changed = asyncio.Event()

    async def run(self) -> None:
        """Follow contracts from now on."""
        async with (
            AsyncMCPClient(self._url) as client,
            client.listen("contracts", history=0, on_state=self._note) as events,
        ):
            async for event in events:
                self.offsets.append(event.offset)
                self._changed.set()

    async def live(self) -> None:
        """Wait until it stands at the head."""
        await self._live.wait()

    async def saw(self, count: int) -> list[int | None]:
        """Wait until it has seen so many events."""
        async with asyncio.timeout(30):
            while len(self.offsets) < count:
                self._changed.clear()
                await self._changed.wait()
        return self.offsets

    def _note(self, state: State) -> None:
        if state.state == "connected":
            self._live.set()


@contextlib.asynccontextmanager
async def clients(*hubs: RunningHub) -> AsyncIterator[list[Client]]:
    """Connect a client to each hub."""
    made = [Client(hub) for hub in hubs]
    tasks = [asyncio.create_task(client.run()) for client in made]
    for client in made:
        await client.live()
    yield made
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def post(hub: RunningHub, number: int, path: str = "/update") -> None:
    """Post an update and have it acknowledged."""
    async with httpx.AsyncClient(base_url=hub.url) as http:
        answer = await http.post(path, json={**CONTRACT, "contract_id": f"c-{number}"})
    assert answer.status_code == 200, answer.text


async def ready(hub: RunningHub, query: str = "") -> tuple[int, str]:
    """Ask a node whether it is ready."""
    async with httpx.AsyncClient(base_url=hub.url) as http:
        answer = await http.get(f"/ready{query}")
    return answer.status_code, answer.json()["status"]


async def metrics(hub: RunningHub) -> dict[str, float]:
    """Ask a node for its numbers."""
    async with httpx.AsyncClient(base_url=hub.url) as http:
        return numbers((await http.get("/metrics")).text)


async def becomes(hub: RunningHub, wanted: tuple[int, str]) -> None:
    """Wait until a node says so."""
    async with asyncio.timeout(15):
        while await ready(hub) != wanted:  # noqa: ASYNC110 the node decides
            await asyncio.sleep(0.02)


async def test_every_client_of_every_node_sees_every_event_once_in_order(
    tmp_path: Path, redis: RedisServer
) -> None:
    """Three nodes take updates at the same time; the log's order is everybody's order."""
    async with nodes(tmp_path, redis, 3) as hubs, clients(*hubs) as watching:

        async def some(hub: RunningHub, first: int) -> None:
            wire = Wire(int(hub.url.rpartition(":")[2]))
            for number in range(first, first + POSTS // AT_ONCE):
                body = {**CONTRACT, "contract_id": f"c-{number}"}
                assert (await wire.post("/update", body)).status == 200
            wire.close()

        await asyncio.gather(*(some(hub, n) for n in range(AT_ONCE) for hub in hubs))

        expected = list(range(1, len(hubs) * POSTS + 1))
        for client in watching:
            assert await client.saw(len(expected)) == expected


async def test_news_are_pushed(tmp_path: Path, redis: RedisServer) -> None:
    """Nobody looks into the log for an hour, and the event is there all the same."""
    async with nodes(tmp_path, redis, head_poll_s=AN_HOUR_S) as (one, two), clients(two) as (seer,):
        await post(one, 1)

        assert await seer.saw(1) == [1]


@pytest.mark.parametrize("browser", [False, True], ids=["a program", "a browser"])
async def test_a_channel_is_there_for_who_connects_to_another_node(
    tmp_path: Path, redis: RedisServer, *, browser: bool
) -> None:
    """It was made a moment ago, and nobody there has heard of it: the log has."""
    async with nodes(tmp_path, redis, head_poll_s=AN_HOUR_S) as (one, two):
        async with httpx.AsyncClient(base_url=one.url) as http:
            await http.post("/api/channels/orders/events", json={"type": "placed", "data": {}})

        origin = websockets.Origin(two.url) if browser else None
        async with websockets.connect(f"{two.ws}?channels=orders", origin=origin) as socket:
            welcome = json.loads(await socket.recv())

        assert welcome["positions"] == {"orders": 1}


async def test_a_hub_goes_on_while_its_redis_hangs(tmp_path: Path, redis: RedisServer) -> None:
    """Events cross through the log; the nodes say that they are degraded, and recover."""
    async with nodes(tmp_path, redis) as (one, two), clients(one, two) as watching:
        redis.send(signal.SIGSTOP)
        await post(one, 1)
        await post(two, 2)
        for client in watching:
            assert await client.saw(2) == [1, 2]
        await becomes(one, (503, "degraded"))
        tolerant = await ready(one, "?degraded=ok")
        cut_off = await metrics(one)

        redis.send(signal.SIGCONT)
        await becomes(one, (200, "ready"))
        await post(one, 3)

        assert tolerant == (200, "degraded")
        assert (cut_off["hub_broker_up"], (await metrics(one))["hub_broker_up"]) == (0, 1)
        assert await watching[1].saw(3) == [1, 2, 3]


@pytest.mark.parametrize("again", ["restarted empty", "flushed"])
async def test_a_redis_that_forgot_everything_costs_no_event(
    tmp_path: Path, redis: RedisServer, again: str
) -> None:
    """It carries news, never truth; push comes back by itself."""
    async with nodes(tmp_path, redis) as (one, two), clients(two) as (seer,):
        await post(one, 1)
        if again == "flushed":
            redis.ask("FLUSHALL")
        else:
            redis.kill()
            await post(one, 2)
            redis.start()
            await becomes(one, (200, "ready"))
            await becomes(two, (200, "ready"))
        await post(one, 3)

        count = 2 if again == "flushed" else 3
        assert await seer.saw(count) == list(range(1, count + 1))


async def test_a_network_that_is_cut_and_restored_costs_no_event(
    tmp_path: Path, redis: RedisServer
) -> None:
    """One node alone loses its way to Redis; what is said meanwhile crosses through the log."""
    async with proxy_to(redis.port) as proxy:
        own = redis.url.replace(str(redis.port), str(proxy.port))
        async with (
            running_hub(tmp_path, redis_url=own, head_poll_s=0.1) as cut_off,
            running_hub(tmp_path, redis_url=redis.url, head_poll_s=0.1) as other,
            clients(cut_off, other) as watching,
        ):
            proxy.cut()
            await post(other, 1)
            await post(cut_off, 2)
            for client in watching:
                assert await client.saw(2) == [1, 2]
            await becomes(cut_off, (503, "degraded"))

            proxy.mend()
            await becomes(cut_off, (200, "ready"))
            await post(cut_off, 3)

            for client in watching:
                assert await client.saw(3) == [1, 2, 3]


async def test_an_event_nobody_was_told_of_is_found(
    tmp_path: Path, redis: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A node dies between commit and announcement, and nothing is published after."""
    async with nodes(tmp_path, redis) as (one, two), clients(two) as (seer,):
        monkeypatch.setattr(one.node._broker, "announce", lambda _news: None)

        await post(one, 1)

        assert await seer.saw(1) == [1]


async def test_two_hubs_on_one_redis_do_not_hear_each_other(
    tmp_path: Path, redis: RedisServer
) -> None:
    """Test updates, which only news carry, stay in the hub that took them."""
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    async with (
        nodes(tmp_path / "a", redis) as (one, mate),
        nodes(tmp_path / "b", redis, 1) as (stranger,),
        clients(mate, stranger) as (hears, hears_not),
    ):
        await post(one, 1, "/test/update")
        await hears.saw(1)
        await post(stranger, 2, "/test/update")

        assert await hears_not.saw(1) == [None]
        assert hears.offsets == [None]


async def test_a_restored_copy_on_the_same_redis_is_another_hub(
    tmp_path: Path, redis: RedisServer
) -> None:
    """Its events have the offsets that the original gives to others; the new epoch parts them."""
    (tmp_path / "original").mkdir()
    (tmp_path / "copy").mkdir()
    async with running_hub(tmp_path / "original") as one:
        await post(one, 1)
    shutil.copy(tmp_path / "original" / "hub.db", tmp_path / "copy")
    log = open_log(Settings(database_url=f"sqlite:///{tmp_path}/copy/hub.db"), SystemClock())
    await log.open()
    await log.new_epoch("restored")
    await log.close()
    async with (
        nodes(tmp_path / "original", redis) as (original, mate),
        nodes(tmp_path / "copy", redis) as (copy, copys_mate),
        clients(mate, copys_mate) as (hears, hears_not),
    ):
        await post(original, 2, "/test/update")
        await hears.saw(1)
        await post(copy, 3)

        assert await hears_not.saw(1) == [2]
        assert hears.offsets == [None]

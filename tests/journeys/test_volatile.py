"""Volatile channels end to end: told on every node, written nowhere, the latest for the slow."""

import asyncio
import contextlib
import json
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
import websockets
from websockets.typing import Subprotocol

from hub.model.event import BUILT_IN_CHANNELS
from support.redis_server import RedisServer
from support.running import RunningHub, running_hub

AN_HOUR_S = 3600.0
PATIENCE_S = 10.0


class Follower:
    """A client of one channel."""

    def __init__(self, socket: websockets.ClientConnection) -> None:
        self.socket = socket

    async def next(self) -> dict[str, Any]:
        """Return the next frame but heartbeats."""
        async with asyncio.timeout(PATIENCE_S):
            while (frame := json.loads(await self.socket.recv()))["type"] == "heartbeat":
                pass
        found: dict[str, Any] = frame
        return found

    async def places(self, count: int) -> list[tuple[str, int]]:
        """Return what the next events tell."""
        found = [(await self.next())["data"] for _ in range(count)]
        return [(data["key"], data["at"]) for data in found]


@contextlib.asynccontextmanager
async def following(hub: RunningHub, **fields: Any) -> AsyncIterator[Follower]:
    """Follow `moves`."""
    async with websockets.connect(f"{hub.ws}?channels=", max_queue=1) as socket:
        follower = Follower(socket)
        await follower.next()
        await socket.send(json.dumps({"type": "subscribe", "channel": "moves", **fields}))
        assert (await follower.next())["type"] == "subscribed"
        yield follower


async def make(hub: RunningHub) -> None:
    """Make the channel."""
    async with httpx.AsyncClient(base_url=hub.url) as http:
        made = await http.put("/api/channels/moves", json={"durable": False})
    assert made.json()["durable"] is False, made.text


async def move(hub: RunningHub, *moves: tuple[str, int], room: int = 0) -> dict[str, Any]:
    """Tell where things are, in one post; `room` makes an event so much longer."""
    events = [
        {"type": "moved", "key": key, "data": {"key": key, "at": at, "room": "x" * room}}
        for key, at in moves
    ]
    async with httpx.AsyncClient(base_url=hub.url) as http:
        answer = await http.post("/api/channels/moves/events", json=events)
    assert answer.status_code == 202, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def full(hub: RunningHub) -> None:
    """Wait until a client's socket takes no more; the kernel decides."""
    async with asyncio.timeout(PATIENCE_S):
        while all(connection.writable for connection in hub.node.connections._sessions):
            await move(hub, *((f"k{n % 5}", -n) for n in range(1, 16)), room=30_000)
            await asyncio.sleep(0)


async def test_events_reach_followers_without_an_offset(tmp_path: Path, database: str) -> None:
    """On either store: the answer has their ids, the frames too, and no history has them."""
    async with running_hub(tmp_path, database_url=database) as hub:
        await make(hub)
        async with following(hub) as follower, httpx.AsyncClient(base_url=hub.url) as http:
            answer = await move(hub, ("a", 1), ("a", 2))
            frames = [await follower.next(), await follower.next()]
            history = (await http.get("/api/channels/moves/history")).json()
            listed = (await http.get("/api/channels/moves")).json()

    assert [frame["id"] for frame in frames] == answer["ids"]
    assert [frame["data"]["at"] for frame in frames] == [1, 2]
    assert all(not {"offset", "test"} & frame.keys() for frame in frames)
    assert (history["events"], history["complete"], history["reason"]) == ([], False, "volatile")
    assert (listed["durable"], listed["head"], listed["followers"]) == (False, 0, 1)


async def test_nothing_is_written(tmp_path: Path) -> None:
    """A thousand events leave the data file as it was: no row, no commit, no page of WAL."""
    async with running_hub(tmp_path) as hub:
        await make(hub)
        wal = tmp_path / "hub.db-wal"
        with contextlib.closing(sqlite3.connect(tmp_path / "hub.db")) as reader:

            def written() -> tuple[object, ...]:
                version = reader.execute("PRAGMA data_version").fetchone()
                return (version, *reader.execute("SELECT count(*) FROM events"), wal.stat().st_size)

            before = written()
            for number in range(10):
                await move(hub, *((f"k{n}", number) for n in range(100)))
            after = written()

    assert after == before


async def test_a_channel_is_still_volatile_after_a_restart(tmp_path: Path, database: str) -> None:
    """Its definition is in the log; its state is gone."""
    async with running_hub(tmp_path, database_url=database) as hub:
        await make(hub)
        await move(hub, ("a", 1))
    async with (
        running_hub(tmp_path, database_url=database) as hub,
        following(hub, snapshot=True) as follower,
    ):
        snapshot = await follower.next()
        await move(hub, ("a", 2))
        told = await follower.places(1)

    assert snapshot["items"] == []
    assert told == [("a", 2)]


async def test_who_follows_by_default_gets_no_volatile_events(hub: RunningHub) -> None:
    """They come only when asked for, as those of every custom channel."""
    await make(hub)
    async with websockets.connect(hub.ws) as socket:
        welcome = json.loads(await socket.recv())

    assert set(welcome["positions"]) == set(BUILT_IN_CHANNELS) - {"alerts"}


async def test_a_client_that_does_not_read_gets_the_latest_of_each_key(hub: RunningHub) -> None:
    """Of a thousand changes that it missed it gets one a key; others get all meanwhile."""
    await make(hub)
    async with following(hub) as slow:
        await full(hub)
        async with following(hub) as quick:
            for number in range(1, 11):
                await move(hub, *((f"k{n % 5}", number) for n in range(100)))
            seen = await quick.places(1_000)

        told: list[tuple[str, int]] = []
        while len({key for key, at in told if at == 10}) < 5:
            told += await slow.places(1)
        await move(hub, ("k1", 11))
        told += await slow.places(1)

    missed = [place for place in told if place[1] > 0]
    assert sorted(missed[:-1]) == [(f"k{n}", 10) for n in range(5)]
    assert missed[-1] == ("k1", 11)
    assert len(set(seen)) == 50


async def test_a_client_may_ask_for_messagepack_and_a_part(hub: RunningHub) -> None:
    """Its frames are binary, and of the thing that it has named."""
    await make(hub)
    await move(hub, ("a", 1), ("b", 2))
    wanted = {"channel": "moves", "where": {"key": "b"}, "snapshot": True}
    async with websockets.connect(
        f"{hub.ws}?channels=", subprotocols=[Subprotocol("hub.v1.msgpack")]
    ) as socket:
        await socket.recv()
        await socket.send(msgspec.msgpack.encode({"type": "subscribe", **wanted}))
        subscribed = msgspec.msgpack.decode(await socket.recv(decode=False))
        snapshot = msgspec.msgpack.decode(await socket.recv(decode=False))
        await move(hub, ("a", 3), ("b", 4))
        told = msgspec.msgpack.decode(await socket.recv(decode=False))

    assert subscribed["type"] == "subscribed"
    assert [item["at"] for item in snapshot["items"]] == [2]
    assert told["data"]["at"] == 4


async def test_two_nodes_are_one_channel(tmp_path: Path, redis: RedisServer) -> None:
    """Events cross by push; a node to which nobody came yet can show the present state."""
    shared = {"redis_url": redis.url, "head_poll_s": 0.05}
    async with running_hub(tmp_path, **shared) as one, running_hub(tmp_path, **shared) as two:
        await make(one)
        async with following(two) as there:
            await move(one, ("a", 1), ("b", 2))
            told = await there.places(2)
        async with following(two, snapshot=True) as later:
            snapshot = await later.next()
        answer = await move(two, ("a", 3))

    assert told == [("a", 1), ("b", 2)]
    assert [(item["key"], item["at"]) for item in snapshot["items"]] == [("a", 1), ("b", 2)]
    assert len(answer["ids"]) == 1


async def test_a_node_that_starts_later_shows_what_the_others_remember(
    tmp_path: Path, redis: RedisServer
) -> None:
    """It asks them; nothing of the state is in the log."""
    shared = {"redis_url": redis.url, "head_poll_s": 0.05}
    async with running_hub(tmp_path, **shared) as one:
        await make(one)
        await move(one, ("a", 1), ("b", 2), ("a", 3))
        async with running_hub(tmp_path, **shared) as two:
            async with asyncio.timeout(PATIENCE_S):
                while len(two.node._fanout.volatile["moves"].latest) < 2:  # noqa: ASYNC110 it asks
                    await asyncio.sleep(0.01)
            async with following(two, snapshot=True) as later:
                snapshot = await later.next()

    assert [(item["key"], item["at"]) for item in snapshot["items"]] == [("b", 2), ("a", 3)]


async def test_a_node_that_has_not_looked_writes_no_volatile_event(
    tmp_path: Path, redis: RedisServer
) -> None:
    """It looks once an hour here; the transaction knows better, and the node learns from it."""
    shared = {"redis_url": redis.url, "head_poll_s": AN_HOUR_S}
    async with running_hub(tmp_path, **shared) as one, running_hub(tmp_path, **shared) as two:
        await make(one)

        async with following(one) as follower:
            await move(two, ("a", 1))
            told = await follower.places(1)
        heads = (await one.node._log.state()).heads

    assert told == [("a", 1)]
    assert heads["moves"].offset == 0


@pytest.mark.parametrize("text", ['"moves"', "1"], ids=["a text", "a number"])
async def test_a_wrong_event_is_refused_as_everywhere(hub: RunningHub, text: str) -> None:
    """Before anything is told."""
    await make(hub)
    async with httpx.AsyncClient(base_url=hub.url) as http:
        answer = await http.post(
            "/api/channels/moves/events", content=text, headers={"Content-Type": "application/json"}
        )

    assert answer.status_code == 422

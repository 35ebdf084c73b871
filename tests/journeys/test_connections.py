"""Operators see who is connected to any node of the hub, and send somebody away."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import msgspec
import pytest
import pytest_asyncio
import websockets
from websockets.asyncio.client import ClientConnection, connect

from hub.services import polls
from support.principals import Tokens, principal
from support.redis_server import RedisServer
from support.running import CONTRACT, RunningHub, running_hub

PATIENCE_S = 30.0


class Client(NamedTuple):
    """A client that was welcomed."""

    socket: ClientConnection
    client_id: str
    welcomed_at: str


@pytest_asyncio.fixture
async def pair(tmp_path: Path, redis: RedisServer) -> AsyncIterator[tuple[RunningHub, RunningHub]]:
    """Two nodes of one hub that know each other."""
    async with (
        running_hub(tmp_path, redis_url=redis.url) as one,
        running_hub(tmp_path, redis_url=redis.url) as two,
    ):
        for hub, other in ((one, two), (two, one)):
            async with asyncio.timeout(PATIENCE_S):
                while name(other) not in (await listed(hub))["nodes"]:  # noqa: ASYNC110 the nodes decide
                    await asyncio.sleep(0.02)
        yield one, two


def name(hub: RunningHub) -> str:
    """Return the name of a node."""
    return hub.node._nodes.own


async def ask(hub: RunningHub, method: str, path: str, **more: Any) -> httpx.Response:
    """Ask a node."""
    async with httpx.AsyncClient(base_url=hub.url) as http:
        return await http.request(method, path, **more)


async def listed(hub: RunningHub, **params: Any) -> Any:
    """Return a page of connections, as a node tells it."""
    answer = await ask(hub, "GET", "/api/connections", params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()


@contextlib.asynccontextmanager
async def client(hub: RunningHub, query: str = "", **more: Any) -> AsyncIterator[Client]:
    """Connect to a node."""
    async with connect(f"{hub.ws}{query}", proxy=None, **more) as socket:
        payload = await socket.recv()
        if isinstance(payload, bytes):
            welcome = msgspec.msgpack.decode(payload)
        else:
            welcome = json.loads(payload)
        yield Client(socket, welcome["client_id"], welcome["server_time"])


async def send(socket: ClientConnection, **command: Any) -> Any:
    """Send a command and return its reply."""
    await socket.send(json.dumps(command))
    return json.loads(await socket.recv())


async def test_a_connection_is_told_with_what_it_follows(
    hub: RunningHub, http: httpx.AsyncClient
) -> None:
    """Who, since when, with what program, and of each channel where it stands and what it sees."""
    made = (await http.post("/update", json=CONTRACT)).json()
    view = {"where": {"location": ["Mumbai", "Chennai"]}, "conflate": {"key": "contract_id"}}
    async with client(hub, "?channels=jobs&client=wall/1.2") as one:
        await send(one.socket, type="subscribe", channel="contracts", **view)

        page = await listed(hub)

    (told,) = page["connections"]
    assert told["connected_at"] >= one.welcomed_at
    assert {**told, "connected_at": ""} == {
        "client_id": one.client_id,
        "node": name(hub),
        "principal": "anonymous",
        "connected_at": "",
        "client": "wall/1.2",
        "protocol": "json",
        "queued_bytes": 0,
        "frames_out": 2,
        "channels": 2,
        "subscriptions": [
            {
                "channel": "contracts",
                "position": f"{made['epoch']}:1",
                "behind": 0,
                "mode": "live",
                "where": {"location": ["Chennai", "Mumbai"]},
                "conflate": {"key": "contract_id", "max_hz": 20.0},
            },
            {
                "channel": "jobs",
                "position": f"{made['epoch']}:0",
                "behind": 0,
                "mode": "live",
                "where": None,
                "conflate": None,
            },
        ],
        "address": "127.0.0.1",
    }
    assert (page["matching"], page["next"]) == (1, None)
    assert (page["nodes"], page["incomplete"]) == ([name(hub)], [])
    assert (await listed(hub))["connections"] == []


async def test_sockets_and_streams_say_what_they_speak(hub: RunningHub) -> None:
    """JSON, MessagePack, or Server-Sent Events; their own name, or what their library says."""
    async with (
        client(hub, "?channels="),
        client(hub, "?channels=", subprotocols=["hub.v1.msgpack"], user_agent_header="drill/3"),
        httpx.AsyncClient(base_url=hub.url, headers={"user-agent": "reader/1"}) as http,
        http.stream("GET", "/api/events?channels=jobs"),
    ):
        told = (await listed(hub))["connections"]

    assert [one["protocol"] for one in told] == ["sse", "msgpack", "json"]
    assert [one["client"] for one in told[:2]] == ["reader/1", "drill/3"]
    assert "websockets" in told[2]["client"]


async def test_a_volatile_channel_has_no_position(hub: RunningHub, http: httpx.AsyncClient) -> None:
    """Nothing to resume, and nobody is behind."""
    await http.put("/api/channels/moves", json={"durable": False})
    async with client(hub, "?channels=moves"):
        (told,) = (await listed(hub, channel="moves"))["connections"]

    (followed,) = told["subscriptions"]
    assert (followed["position"], followed["behind"], followed["mode"]) == (None, 0, "live")


async def test_who_does_not_read_is_found(hub: RunningHub, http: httpx.AsyncClient) -> None:
    """By how far it is behind, with the mode of the ladder and what waits for it."""
    large = [{"type": "placed", "data": {"text": "x" * 9_000}}] * 100
    await http.post("/api/channels/orders/events", json=large[:1])
    async with client(hub, "?channels=orders", max_queue=1) as slow, client(hub, "?channels="):
        async with asyncio.timeout(PATIENCE_S):
            while not (page := await listed(hub, behind=10))["connections"]:
                await http.post("/api/channels/orders/events", json=large)

    (told,) = page["connections"]
    (followed,) = told["subscriptions"]
    assert (told["client_id"], page["matching"]) == (slow.client_id, 1)
    assert followed["behind"] >= 10
    assert followed["mode"] == "lossless"
    assert told["queued_bytes"] > 0


async def test_connections_are_searched_and_paged(hub: RunningHub) -> None:
    """By part of a name, in small or capital letters, and by what is followed."""
    async with contextlib.AsyncExitStack() as stack:
        ids = [
            (
                await stack.enter_async_context(client(hub, f"?channels={channel}&client={word}"))
            ).client_id
            for channel, word in (("jobs", "Wall/1"), ("contracts", "wall/2"), ("jobs", "desk"))
        ]
        found = {
            word: [one["client_id"] for one in (await listed(hub, **params))["connections"]]
            for word, params in {
                "search": {"search": "WALL"},
                "id": {"search": ids[0].upper()},
                "channel": {"channel": "jobs"},
                "principal": {"principal": "anonymous"},
                "nobody": {"principal": "anonym"},
            }.items()
        }
        first = await listed(hub, limit=2)
        second = await listed(hub, limit=2, before=first["next"])
        wrong = await ask(hub, "GET", "/api/connections?before=yesterday")

    one, two, three = ids
    assert found == {
        "search": [two, one],
        "id": [one],
        "channel": [three, one],
        "principal": [three, two, one],
        "nobody": [],
    }
    pages = [[entry["client_id"] for entry in page["connections"]] for page in (first, second)]
    assert pages == [[three, two], [one]]
    assert (first["matching"], second["matching"], second["next"]) == (3, 3, None)
    assert wrong.json()["errors"][0]["field"] == "before"


async def test_any_node_tells_of_all(pair: tuple[RunningHub, RunningHub]) -> None:
    """In one order, with the node of each; and pages go on over all of them."""
    one, two = pair
    async with client(one) as first, client(two) as second, client(one) as third:
        pages = [await listed(hub) for hub in pair]
        page = await listed(two, limit=2)
        rest = await listed(one, limit=2, before=page["next"])

    here = [(third.client_id, one), (second.client_id, two), (first.client_id, one)]
    expected = [(client_id, name(hub)) for client_id, hub in here]
    for told in pages:
        assert [(c["client_id"], c["node"]) for c in told["connections"]] == expected
        assert (told["matching"], told["incomplete"]) == (3, [])
        assert told["nodes"] == sorted([name(one), name(two)])
    both = [*page["connections"], *rest["connections"]]
    assert [c["client_id"] for c in both] == [client_id for client_id, _ in expected]


@pytest.mark.parametrize(
    ("query", "code", "word"),
    [
        pytest.param("", 4509, "disconnected", id="for good"),
        pytest.param("?reconnect=true", 4414, "reconnect", id="to come back"),
    ],
)
async def test_a_client_of_another_node_is_sent_away(
    pair: tuple[RunningHub, RunningHub], query: str, code: int, word: str
) -> None:
    """It is told why, whoever was asked; the deed is in the audit log; and it is done once."""
    one, two = pair
    async with client(two) as gone, client(two) as stays:
        path = f"/api/connections/{gone.client_id}"
        answer = await ask(one, "DELETE", f"{path}{query}")
        with pytest.raises(websockets.ConnectionClosed) as closed:
            await gone.socket.recv()
        left = [c["client_id"] for c in (await listed(one))["connections"]]
        again = await ask(one, "DELETE", path)
        records = (await ask(one, "GET", "/api/audit?action=connection.close")).json()["records"]

    assert answer.json() == {
        "client_id": gone.client_id,
        "node": name(two),
        "principal": "anonymous",
        "close_code": code,
        "code": word,
    }
    assert closed.value.rcvd is not None
    assert (closed.value.rcvd.code, json.loads(closed.value.rcvd.reason)) == (code, {"code": word})
    assert left == [stays.client_id]
    assert (again.status_code, again.json()["code"]) == (404, "connection_not_found")
    (record,) = records
    assert (record["actor"], record["target"]) == ("anonymous", gone.client_id)
    assert record["details"]["node"] == name(two)


async def test_a_stream_hears_why_it_ends(hub: RunningHub) -> None:
    """In the words that a socket would be closed with."""
    async with (
        httpx.AsyncClient(base_url=hub.url) as http,
        http.stream("GET", "/api/events?channels=jobs") as stream,
    ):
        (told,) = (await listed(hub))["connections"]
        await ask(hub, "DELETE", f"/api/connections/{told['client_id']}")
        text = "".join([part async for part in stream.aiter_text()])

    assert '"code":"disconnected"' in text


async def test_a_node_that_does_not_answer_is_named(
    pair: tuple[RunningHub, RunningHub], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page tells of the others; and a client that might be there is not said to be gone."""
    monkeypatch.setattr(polls, "ANSWER_WITHIN_S", 0.05)
    one, two = pair
    monkeypatch.setattr(two.node._polls, "hear", lambda _said: None)
    async with client(one) as here, client(two) as there:
        page = await listed(one)
        answer = await ask(one, "DELETE", f"/api/connections/{there.client_id}")
        own = await ask(one, "DELETE", f"/api/connections/{here.client_id}")

    assert [c["client_id"] for c in page["connections"]] == [here.client_id]
    assert (page["nodes"], page["incomplete"]) == ([name(one)], [name(two)])
    assert (answer.status_code, answer.json()["code"]) == (503, "nodes_silent")
    assert "retry-after" in answer.headers
    assert own.status_code == 200


WHO = {
    "root": principal("root", "admin")._replace(credential="key:k1"),
    "olga": principal("olga", "operator"),
    "olaf": principal("olaf", "operator")._replace(channels=("jobs",)),
    "vera": principal("vera", "viewer"),
}


async def test_operators_see_what_their_rights_allow(tmp_path: Path) -> None:
    """Channels that they may read, addresses with the audit log, and never a credential."""
    async with running_hub(tmp_path) as hub, httpx.AsyncClient(base_url=hub.url) as http:
        authentication: Any = hub.node.identity.authentication
        authentication.required = True
        authentication._sources = (Tokens(**WHO),)

        def as_(who: str) -> dict[str, str]:
            return {"Authorization": f"Bearer {who}"}

        await http.put("/api/channels/board", json={"readers": ["admin"]}, headers=as_("root"))
        headers, unknown = as_("root"), connect(f"{hub.ws}?channels=", proxy=None)
        async with client(hub, "?channels=board,jobs", additional_headers=headers), unknown:
            answers = {who: await http.get("/api/connections", headers=as_(who)) for who in WHO}
            probe = "/api/connections?channel=board"
            probes = {who: (await http.get(probe, headers=as_(who))).status_code for who in WHO}
            gone = "/api/connections/6c1f"
            ends = {who: (await http.delete(gone, headers=as_(who))).status_code for who in WHO}

    assert {who: answer.status_code for who, answer in answers.items()} == {
        "root": 200, "olga": 200, "olaf": 200, "vera": 403,
    }  # fmt: skip
    shown = {who: answers[who].json()["connections"] for who in ("root", "olga", "olaf")}
    assert all([c["principal"] for c in some] == [None, "root"] for some in shown.values())
    seen = {who: [s["channel"] for s in some[1]["subscriptions"]] for who, some in shown.items()}
    assert seen == {"root": ["board", "jobs"], "olga": ["jobs"], "olaf": ["jobs"]}
    assert all(some[1]["channels"] == 2 for some in shown.values())
    assert {who: "address" in some[1] for who, some in shown.items()} == {
        "root": True, "olga": False, "olaf": False,
    }  # fmt: skip
    assert not any("key:k1" in answer.text for answer in answers.values())
    assert probes == {"root": 200, "olga": 403, "olaf": 403, "vera": 403}
    assert ends == {"root": 404, "olga": 404, "olaf": 404, "vera": 403}

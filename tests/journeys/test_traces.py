"""What an event says of the request behind it, and what the hub says of the event."""

import asyncio
import json
from pathlib import Path
from typing import Any

import httpx
import pytest
import websockets

from hub.model.event import new_event_id
from support.principals import Tokens, principal
from support.redis_server import RedisServer
from support.running import CONTRACT, RunningHub, running_hub

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = f"00-{TRACE}-00f067aa0ba902b7-01"


async def pushed(socket: websockets.ClientConnection) -> dict[str, Any]:
    """Return the next event."""
    async with asyncio.timeout(10):
        while "data" not in (frame := json.loads(await socket.recv())):
            continue
    event: dict[str, Any] = frame
    return event


@pytest.mark.parametrize(
    ("path", "body", "channel"),
    [
        pytest.param("/update", CONTRACT, "contracts", id="a contract"),
        pytest.param("/test/update", CONTRACT, "contracts", id="a test"),
        pytest.param("/api/jobs", {}, "jobs", id="a job"),
        pytest.param(
            "/api/channels/orders/events", {"type": "placed", "data": {}}, "orders", id="an event"
        ),
        pytest.param(
            "/api/channels/orders/events", [{"type": "placed", "data": {}}], "orders", id="a list"
        ),
        pytest.param(
            "/api/channels/moves/events", {"type": "moved", "data": {}}, "moves", id="volatile"
        ),
    ],
)
async def test_the_trace_of_a_request_stands_in_its_events(
    hub: RunningHub, http: httpx.AsyncClient, path: str, body: Any, channel: str
) -> None:
    """On the socket and in the history it is the same, whatever the route."""
    await http.put("/api/channels/orders", json={})
    await http.put("/api/channels/moves", json={"durable": False})
    async with websockets.connect(f"{hub.ws}?channels={channel}") as socket:
        await http.post(path, json=body, headers={"traceparent": PARENT})
        event = await pushed(socket)
    history = (await http.get(f"/api/channels/{channel}/history")).json()["events"]

    assert event["trace"] == PARENT
    assert [kept["trace"] for kept in history] == ([PARENT] if "offset" in event else [])


async def test_every_step_of_a_job_has_its_own_trace(http: httpx.AsyncClient) -> None:
    """It is of the request that made the step, also where that is an upload."""
    job_id = (await http.post("/api/jobs", json={})).json()["job_id"]
    one = f"/api/jobs/{job_id}"
    traced = {"traceparent": PARENT}
    running = {"status": "RUNNING"}
    await http.post(f"{one}/status", json=running, headers=traced)
    await http.put(f"{one}/artifacts/a.txt", content=b"text", headers=traced)
    await http.post(f"{one}/complete", json={"final_status": "DONE"}, headers=traced)

    history = (await http.get("/api/channels/jobs/history")).json()["events"]

    assert [event.get("trace") for event in history] == [None, PARENT, PARENT, PARENT]


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param([], id="none"),
        pytest.param([("traceparent", "00-nonsense")], id="a wrong one"),
        pytest.param([("traceparent", PARENT), ("traceparent", PARENT)], id="two"),
        pytest.param([("traceparent", f"00-{'0' * 32}-00f067aa0ba902b7-01")], id="zeros"),
    ],
)
async def test_an_event_without_a_trace_says_nothing_of_one(
    http: httpx.AsyncClient, headers: list[tuple[str, str]]
) -> None:
    """A wrong header refuses nobody, and its event has the bytes that it always had."""
    answer = await http.post("/update", json=CONTRACT, headers=httpx.Headers(headers))

    (event,) = (await http.get("/contracts/history")).json()["events"]

    assert answer.status_code == 200
    assert [*event] == ["type", "channel", "offset", "id", "timestamp", "data"]


async def test_a_trace_does_not_leak_into_the_next_request(
    hub: RunningHub, http: httpx.AsyncClient
) -> None:
    """Not even where both came in one packet, and the server begins one within the other."""
    port = int(hub.url.rpartition(":")[2])
    body = json.dumps(CONTRACT)
    head = (
        f"POST /update HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n"
    )
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"{head}traceparent: {PARENT}\r\n\r\n{body}{head}\r\n{body}".encode())
    async with asyncio.timeout(10):
        for _ in range(2):
            answered = await reader.readuntil(b"\r\n\r\n")
            length = int(answered.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
            await reader.readexactly(length)
    writer.close()

    events = (await http.get("/contracts/history")).json()["events"]

    assert [event.get("trace") for event in events] == [PARENT, None]


async def test_a_stream_says_the_trace_too(http: httpx.AsyncClient) -> None:
    """What a socket gets a stream gets, to the byte."""
    await http.post("/update", json=CONTRACT, headers={"traceparent": PARENT})

    address = "/api/events?channels=contracts&history=1"
    async with asyncio.timeout(10), http.stream("GET", address) as stream:
        async for line in stream.aiter_lines():
            if '"contract_update"' in line:
                break

    assert json.loads(line.removeprefix("data: "))["trace"] == PARENT


async def test_an_operator_sees_what_became_of_an_event(
    hub: RunningHub, http: httpx.AsyncClient
) -> None:
    """When it was taken, kept and told, in that order, and how many sockets it was written to."""
    async with (
        websockets.connect(f"{hub.ws}?channels=contracts") as one,
        websockets.connect(f"{hub.ws}?channels=contracts,jobs") as other,
        websockets.connect(f"{hub.ws}?channels=jobs"),
    ):
        headers = {"traceparent": PARENT}
        made = (await http.post("/update", json=CONTRACT, headers=headers)).json()
        await pushed(one)
        await pushed(other)

        told = (await http.get(f"/api/events/{made['id']}/trace")).json()

    node = told["nodes"][0]
    times = [told["accepted_at"], told["committed_at"], told["announced_at"], node["delivered_at"]]
    assert times == sorted(times)
    assert {name: told[name] for name in ("id", "channel", "epoch", "offset", "trace")} == {
        **{name: made[name] for name in ("id", "channel", "epoch", "offset")},
        "trace": PARENT,
    }
    assert (told["accepted_by"], node["received_at"], node["clients"]) == (node["node"], None, 2)
    assert (len(told["nodes"]), told["incomplete"], told["webhooks"]) == (1, [], [])


async def test_an_event_that_nobody_followed_has_reached_nobody(http: httpx.AsyncClient) -> None:
    """That is known, and not the same as forgotten."""
    made = (await http.post("/update", json=CONTRACT)).json()

    told = (await http.get(f"/api/events/{made['id']}/trace")).json()

    assert (told["trace"], told["nodes"][0]["clients"]) == (None, 0)
    assert told["nodes"][0]["delivered_at"] is None


@pytest.mark.parametrize(
    "event_id",
    [
        pytest.param(new_event_id(1_700_000_000_000_000), id="one that never was"),
        pytest.param("nonsense", id="no id"),
        pytest.param("' OR 1=1 --", id="no id either"),
        pytest.param("01a1fde4-66f0-4c1e-9da0-eb260ae77657", id="a random UUID"),
        pytest.param("01A1FDE4-66F0-7C1E-9DA0-EB260AE77657", id="upper case"),
    ],
)
async def test_an_event_that_is_not_there_has_no_trace(
    http: httpx.AsyncClient, event_id: str
) -> None:
    """404, with the word for it."""
    answer = await http.get(f"/api/events/{event_id}/trace")

    assert (answer.status_code, answer.json()["code"]) == (404, "event_not_found")


async def test_a_test_can_not_be_asked_for(http: httpx.AsyncClient) -> None:
    """It is told and forgotten."""
    made = (await http.post("/test/update", json=CONTRACT)).json()

    answer = await http.get(f"/api/events/{made['id']}/trace")

    assert answer.json()["code"] == "event_not_found"


async def test_all_nodes_tell_whom_an_event_has_reached(tmp_path: Path, redis: RedisServer) -> None:
    """Whichever is asked: who took the event, and how many clients each of them wrote it to."""
    async with (
        running_hub(tmp_path, redis_url=redis.url) as one,
        running_hub(tmp_path, redis_url=redis.url) as two,
        httpx.AsyncClient() as http,
        websockets.connect(f"{one.ws}?channels=contracts") as first,
        websockets.connect(f"{two.ws}?channels=contracts") as second,
        websockets.connect(f"{two.ws}?channels=contracts") as third,
    ):
        made = (await http.post(f"{one.url}/update", json=CONTRACT)).json()
        for socket in (first, second, third):
            await pushed(socket)

        told = [
            (await http.get(f"{hub.url}/api/events/{made['id']}/trace")).json()
            for hub in (one, two)
        ]

    names = [answer["nodes"][0]["node"] for answer in told]
    for answer in told:
        by_name = {node["node"]: node for node in answer["nodes"]}
        assert [by_name[name]["clients"] for name in names] == [1, 2]
        assert by_name[names[0]]["received_at"] is None
        assert by_name[names[1]]["received_at"] <= by_name[names[1]]["delivered_at"]
        assert (answer["accepted_by"], answer["incomplete"]) == (names[0], [])


async def test_without_a_broker_the_answer_says_that_it_may_lack_nodes(
    tmp_path: Path, redis: RedisServer
) -> None:
    """The asked node tells what it knows itself, in good time."""
    async with (
        running_hub(tmp_path, redis_url=redis.url) as hub,
        httpx.AsyncClient(base_url=hub.url, timeout=30) as http,
    ):
        made = (await http.post("/update", json=CONTRACT)).json()
        redis.kill()
        async with asyncio.timeout(15):
            while (await http.get("/ready")).status_code == 200:  # noqa: ASYNC110 the node decides
                await asyncio.sleep(0.02)

        told = (await http.get(f"/api/events/{made['id']}/trace")).json()

    assert (len(told["nodes"]), told["incomplete"]) == (1, ["?"])
    assert told["accepted_by"] == told["nodes"][0]["node"]


async def test_a_burst_that_is_pulled_in_pages_is_counted_too(
    hub: RunningHub, http: httpx.AsyncClient
) -> None:
    """What is too much for one write reaches the same clients."""
    large = [{"type": "placed", "data": {"text": "x" * 4_000}} for _ in range(100)]
    await http.post("/api/channels/orders/events", json=large[:1])
    async with websockets.connect(f"{hub.ws}?channels=orders") as socket:
        made = (await http.post("/api/channels/orders/events", json=large)).json()
        for _ in large:
            await pushed(socket)

        told = [
            (await http.get(f"/api/events/{event_id}/trace")).json()
            for event_id in (made["ids"][0], made["ids"][-1])
        ]

    assert [answer["nodes"][0]["clients"] for answer in told] == [1, 1]


WHO = {
    "root": principal("root", "admin"),
    "olga": principal("olga", "operator"),
    "olaf": principal("olaf", "operator")._replace(channels=("jobs",)),
    "anna": principal("anna", "service"),
    "otto": principal("otto", "service")._replace(
        scopes=frozenset({"traces:read", "jobs:create", "jobs:read"})
    ),
}


async def test_a_trace_is_for_those_who_run_the_hub(tmp_path: Path) -> None:
    """Of a channel, or a job, that they may not read they do not learn that an event is there."""
    async with running_hub(tmp_path) as hub, httpx.AsyncClient(base_url=hub.url) as http:
        authentication: Any = hub.node.identity.authentication
        authentication.required = True
        authentication._sources = (Tokens(**WHO),)

        def as_(name: str) -> dict[str, str]:
            return {"Authorization": f"Bearer {name}"}

        made = (await http.post("/update", json=CONTRACT, headers=as_("root"))).json()
        await http.put("/api/channels/board", json={"readers": ["admin"]}, headers=as_("root"))
        event = {"type": "said", "data": {}}
        board = "/api/channels/board/events"
        kept = (await http.post(board, json=event, headers=as_("root"))).json()
        open_, closed = (f"/api/events/{e}/trace" for e in (made["id"], kept["ids"][0]))

        await http.post("/api/jobs", json={}, headers=as_("anna"))
        jobs = "/api/channels/jobs/history"
        (job,) = (await http.get(jobs, headers=as_("root"))).json()["events"]
        foreign = f"/api/events/{job['id']}/trace"

        answers = {
            name: [
                (await http.get(path, headers=as_(name))).status_code
                for path in (open_, closed, foreign)
            ]
            for name in WHO
        }

    assert answers == {
        "root": [200, 200, 200],
        "olga": [200, 404, 200],
        "olaf": [404, 404, 200],
        "anna": [403, 403, 403],
        "otto": [200, 404, 404],
    }

"""Seed 3, the contract monitor: every path, field and word of the document."""

import json
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import connect

from support.running import RunningHub

pytestmark = pytest.mark.asyncio(loop_scope="module")

# As the document's MCPClient example sends it.
SENT = {
    "contract_id": "external-123",
    "location": "Mumbai",
    "status": "active",
    "timestamp": "2024-01-01T12:00:00",
}
PREFIXES = [pytest.param("", id="as the document has it"), pytest.param("/api", id="under /api")]


@pytest.mark.parametrize("prefix", PREFIXES)
async def test_update_takes_the_four_fields(fresh: httpx.AsyncClient, prefix: str) -> None:
    """`POST /update` stores and answers where the event stands."""
    answer = await fresh.post(f"{prefix}/update", json=SENT)

    told = answer.json()
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert set(told) == {"status", "id", "channel", "epoch", "offset", "applied"}
    assert (told["status"], told["channel"], told["offset"]) == ("ok", "contracts", 1)
    assert told["applied"] is True


@pytest.mark.parametrize("location", ["Chennai", "Mumbai", "Bengaluru", "Hyderabad"])
@pytest.mark.parametrize("status", ["active", "inactive"])
async def test_every_city_and_word_of_the_document_is_taken(
    http: httpx.AsyncClient, location: str, status: str
) -> None:
    """The closed enums are exactly these."""
    answer = await http.post("/update", json={**SENT, "location": location, "status": status})

    assert answer.status_code == 200


@pytest.mark.parametrize("prefix", PREFIXES)
async def test_a_client_gets_the_message_of_the_document(
    fresh_hub: RunningHub, prefix: str
) -> None:
    """`type` and `data` are the document's, letter by letter; the rest extends it."""
    address = fresh_hub.ws.removesuffix("/ws") + f"{prefix}/ws"
    async with connect(address) as socket, httpx.AsyncClient(base_url=fresh_hub.url) as fresh:
        await socket.recv()  # welcome
        await fresh.post("/update", json=SENT)
        push = json.loads(await socket.recv())

    assert push["type"] == "contract_update"
    assert push["data"] == SENT
    assert set(push) == {"type", "data", "channel", "offset", "id", "timestamp"}


async def test_get_history_is_the_documents_command(fresh_hub: RunningHub) -> None:
    """`{"type":"get_history","limit":10}` answers with the contracts' last events."""
    async with connect(fresh_hub.ws) as socket, httpx.AsyncClient(base_url=fresh_hub.url) as fresh:
        await socket.recv()  # welcome
        await fresh.post("/update", json=SENT)
        await socket.recv()  # the push
        await socket.send('{"type": "get_history", "limit": 10}')
        reply = json.loads(await socket.recv())

    assert reply["type"] == "history"
    assert [event["data"] for event in reply["events"]] == [SENT]


@pytest.mark.parametrize("prefix", PREFIXES)
async def test_a_test_update_is_seen_and_forgotten(fresh_hub: RunningHub, prefix: str) -> None:
    """`POST /test/update` fans out marked as a test; state and history do not know of it."""
    async with connect(fresh_hub.ws) as socket, httpx.AsyncClient(base_url=fresh_hub.url) as fresh:
        await socket.recv()  # welcome
        answer = await fresh.post(f"{prefix}/test/update", json=SENT)
        push = json.loads(await socket.recv())
        history = (await fresh.get(f"{prefix}/contracts/history")).json()
        status = (await fresh.get(f"{prefix}/contracts/status")).json()

    assert answer.status_code == 200
    assert answer.json() == {
        "status": "ok", "id": push["id"], "channel": "contracts", "test": True
    }  # fmt: skip
    assert (push["test"], push["data"], "offset" in push) == (True, SENT, False)
    assert (history["events"], history["offset"]) == ([], 0)
    assert (status["contracts"], status["offset"]) == (0, 0)


@pytest.mark.parametrize("prefix", PREFIXES)
async def test_history_holds_what_was_sent(fresh: httpx.AsyncClient, prefix: str) -> None:
    """`GET /contracts/history` returns the envelopes that sockets got."""
    sent = (await fresh.post("/update", json=SENT)).json()

    answer = (await fresh.get(f"{prefix}/contracts/history")).json()

    event = answer["events"][0]
    assert set(answer) == {
        "channel", "epoch", "offset", "oldest", "complete", "events", "next"
    }  # fmt: skip
    assert set(event) == {"type", "channel", "offset", "id", "timestamp", "data"}
    assert (event["id"], event["offset"], event["data"]) == (sent["id"], 1, SENT)


@pytest.mark.parametrize("prefix", PREFIXES)
async def test_status_counts(fresh: httpx.AsyncClient, prefix: str) -> None:
    """`GET /contracts/status` tells how many contracts are where, and in which state."""
    await fresh.post("/update", json=SENT)
    await fresh.post("/update", json={**SENT, "contract_id": "b", "status": "inactive"})

    told = (await fresh.get(f"{prefix}/contracts/status")).json()

    assert set(told) == {
        "status", "contracts", "by_location", "by_status", "latest_update",
        "channel", "epoch", "offset", "clients", "uptime_s",
    }  # fmt: skip
    assert told["by_location"] == {"Mumbai": {"active": 1, "inactive": 1}}
    assert (told["status"], told["contracts"], told["offset"]) == ("ok", 2, 2)


@pytest.mark.parametrize("prefix", PREFIXES)
async def test_socket_status_counts_connections(fresh_hub: RunningHub, prefix: str) -> None:
    """`GET /ws/status` tells who listens to what, on this node and in all."""
    async with connect(fresh_hub.ws) as socket, httpx.AsyncClient(base_url=fresh_hub.url) as fresh:
        await socket.recv()  # welcome
        told = (await fresh.get(f"{prefix}/ws/status")).json()

    assert (told["status"], told["connections"]) == ("ok", 1)
    assert told["subscriptions"]["contracts"] == 1
    assert [node["connections"] for node in told["nodes"].values()] == [1]


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        pytest.param({}, {"contract_id", "location", "status", "timestamp"}, id="nothing"),
        *(
            pytest.param({k: v for k, v in SENT.items() if k != name}, {name}, id=f"no {name}")
            for name in SENT
        ),
        pytest.param({**SENT, "location": "Delhi"}, {"location"}, id="another city"),
        pytest.param({**SENT, "status": "paused"}, {"status"}, id="another status"),
        pytest.param(
            {**SENT, "location": "Delhi", "status": "paused"}, {"location", "status"},
            id="both enums",
        ),
        pytest.param({**SENT, "timestamp": "today"}, {"timestamp"}, id="no time"),
        pytest.param({**SENT, "timestamp": "2999-01-01T00:00:00"}, {"timestamp"}, id="the future"),
        pytest.param({**SENT, "price": 1}, {"price"}, id="a fifth field"),
        pytest.param({**SENT, "contract_id": 7}, {"contract_id"}, id="a number as id"),
        pytest.param({**SENT, "contract_id": None}, {"contract_id"}, id="null as id"),
    ],
)  # fmt: skip
async def test_422_names_every_wrong_field(
    http: httpx.AsyncClient, body: dict[str, Any], wrong: set[str]
) -> None:
    """The document's troubleshooting: all required fields present, enums matched."""
    before = (await http.get("/contracts/history")).json()["offset"]

    answer = await http.post("/update", json=body)

    problem = answer.json()
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert {fault["field"] for fault in problem["errors"]} == {f"$.{name}" for name in wrong}
    assert all(fault["expected"] and fault["got"] for fault in problem["errors"])
    assert problem["code"] == "validation_failed"
    assert (await http.get("/contracts/history")).json()["offset"] == before


async def test_the_refused_city_is_told_which_exist(http: httpx.AsyncClient) -> None:
    """The words that are allowed stand in the answer."""
    answer = await http.post("/update", json={**SENT, "location": "Delhi"})

    assert answer.json()["errors"] == [
        {
            "field": "$.location",
            "expected": "one of Bengaluru, Chennai, Hyderabad, Mumbai",
            "got": '"Delhi"',
        }
    ]


async def test_only_seed_3_stands_under_api_too(http: httpx.AsyncClient) -> None:
    """Operations and jobs have one address each."""
    twice = [(await http.get(path)).status_code for path in ("/api/health", "/jobs", "/api/ready")]

    assert twice == [404, 404, 404]


async def test_stale_news_is_answered_as_not_applied(fresh: httpx.AsyncClient) -> None:
    """The sender of old news hears that its update is in history, but changed nothing."""
    await fresh.post("/update", json={**SENT, "timestamp": "2024-01-01T12:00:01"})

    told = (await fresh.post("/update", json=SENT)).json()

    events = (await fresh.get("/contracts/history")).json()["events"]
    assert (told["applied"], told["offset"]) == (False, 2)
    assert [event["type"] for event in events] == ["contract_update", "contract_stale"]

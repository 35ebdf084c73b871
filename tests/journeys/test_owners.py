"""Owners: a foreign job is not there, whichever way somebody looks for it."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
import websockets

from hub.model.principal import Principal
from support.principals import Tokens, principal
from support.running import CONTRACT, RunningHub, running_hub

pytestmark = pytest.mark.asyncio(loop_scope="module")

WHO: dict[str, Principal] = {
    "anna": principal("anna", "service"),
    "bert": principal("bert", "user"),
    "vera": principal("vera", "viewer"),
    "olga": principal("olga", "operator"),
    "root": principal("root", "admin"),
}


@pytest_asyncio.fixture(loop_scope="module")
async def hub(tmp_path: Path) -> AsyncIterator[RunningHub]:
    """Run a hub that wants to know who comes; a token is its owner's name."""
    async with running_hub(tmp_path) as running:
        authentication: Any = running.node.identity.authentication
        authentication.required = True
        authentication._sources = (Tokens(**WHO),)
        yield running


def client(hub: RunningHub, name: str) -> httpx.AsyncClient:
    """Return an HTTP client of somebody."""
    return httpx.AsyncClient(base_url=hub.url, headers={"Authorization": f"Bearer {name}"})


def follow(hub: RunningHub, name: str) -> Any:
    """Return a WebSocket of somebody that follows nothing yet."""
    headers = {"Authorization": f"Bearer {name}"}
    return websockets.connect(f"{hub.ws}?channels=", additional_headers=headers)


async def ask(socket: Any, **command: Any) -> dict[str, Any]:
    """Send a command; return its reply."""
    await socket.send(json.dumps({**command, "id": 1}))
    while True:
        told: dict[str, Any] = json.loads(await socket.recv())
        if told.get("reply_to") == 1:
            return told


async def until(socket: Any, job_id: str) -> list[str]:
    """Return the jobs whose events come, up to this one."""
    found = []
    async with asyncio.timeout(10):
        while True:
            told = json.loads(await socket.recv())
            if told["type"] == "job_update":
                found.append(told["data"]["job_id"])
                if told["data"]["job_id"] == job_id:
                    return found


async def create(hub: RunningHub, name: str) -> str:
    """Have somebody create a job."""
    async with client(hub, name) as http:
        answer = await http.post("/api/jobs", json={"input_data": {"of": name}})
    job_id: str = answer.json()["job_id"]
    return job_id


async def test_rest_knows_no_foreign_job(hub: RunningHub) -> None:
    """Reading, reporting, completing, answering, uploading and downloading: 404, as for none."""
    job = f"/api/jobs/{await create(hub, 'anna')}"
    async with client(hub, "anna") as anna:
        await anna.put(f"{job}/artifacts/a.txt", content=b"secret")

    # A service too, so that it may ask; and it owns another job.
    WHO["carl"] = principal("carl", "service")
    authentication: Any = hub.node.identity.authentication
    authentication._sources = (Tokens(**WHO),)
    async with client(hub, "carl") as carl:
        answers = [
            await carl.get(job),
            await carl.post(f"{job}/status", json={"status": "RUNNING"}),
            await carl.post(f"{job}/complete", json={"final_status": "DONE"}),
            await carl.post(f"{job}/input", json={"input": 1}),
            await carl.put(f"{job}/artifacts/b.txt", content=b"x"),
            await carl.get(f"{job}/artifacts/a.txt"),
        ]
        listed = (await carl.get("/api/jobs")).json()["jobs"]
    none = await _get(hub, "carl", "/api/jobs/nobody")

    assert [answer.status_code for answer in answers] == [404] * 6
    assert {answer.json()["code"] for answer in answers} == {none.json()["code"]}
    assert listed == []
    assert (await _get(hub, "anna", job)).json()["job"]["status"] == "PENDING"
    assert (await _get(hub, "olga", job)).status_code == 200


@pytest.mark.parametrize(
    ("name", "sees"),
    [
        pytest.param("bert", ["bert"], id="a user its own"),
        pytest.param("anna", ["anna"], id="a service its own"),
        pytest.param("vera", ["anna", "bert"], id="a viewer everybody's"),
    ],
)
async def test_events_go_to_who_may_see_them(hub: RunningHub, name: str, sees: list[str]) -> None:
    """Live, replayed, in a page of history, in a snapshot: the same jobs by each way."""
    before = {owner: await create(hub, owner) for owner in ("anna", "bert")}
    expected = [before[owner] for owner in sees]

    async with follow(hub, name) as socket:
        history = await ask(socket, type="get_history", channel="jobs")
        replay = await ask(socket, type="subscribe", channel="jobs", history=10)
        replayed = await until(socket, expected[-1])
        await ask(socket, type="subscribe", channel="jobs", snapshot=True)
        items = json.loads(await socket.recv())["items"]
        later = {owner: await create(hub, owner) for owner in ("anna", "bert")}
        own = await create(hub, sees[-1])
        live = await until(socket, own)

    page = (await _get(hub, name, "/api/channels/jobs/history")).json()["events"]
    assert [event["data"]["job_id"] for event in history["events"]] == expected
    assert replay["head"] == 2
    assert replayed == expected
    assert sorted(item["job_id"] for item in items) == sorted(expected)
    assert live == [*(later[owner] for owner in sees), own]
    assert [event["data"]["job_id"] for event in page[:2]][: len(expected)] == expected


async def test_a_stream_shows_no_foreign_job(hub: RunningHub) -> None:
    """Also with a resume by Last-Event-ID."""
    await create(hub, "anna")
    own = await create(hub, "bert")
    seen = []
    async with (
        asyncio.timeout(10),
        client(hub, "bert") as bert,
        bert.stream("GET", "/api/events?channels=jobs&history=10") as stream,
    ):
        async for line in stream.aiter_lines():
            if line.startswith("data:") and '"job_id"' in line:
                seen.append(json.loads(line[5:])["data"]["job_id"])
                break

    assert seen == [own]


async def test_an_event_belongs_to_the_owner_of_the_job(hub: RunningHub) -> None:
    """Also when somebody else has moved it on."""
    job_id = await create(hub, "bert")
    async with follow(hub, "bert") as socket:
        await ask(socket, type="subscribe", channel="jobs")
        async with client(hub, "olga") as olga:
            await olga.post(f"/api/jobs/{job_id}/status", json={"status": "RUNNING"})

        assert await until(socket, job_id) == [job_id]


async def test_data_cannot_pretend_to_be_somebody_elses(hub: RunningHub) -> None:
    """A job whose own fields name an owner is still its owner's alone."""
    async with follow(hub, "bert") as socket:
        await ask(socket, type="subscribe", channel="jobs")
        async with client(hub, "anna") as anna:
            await anna.post(
                "/api/jobs", json={"metadata": {"owner": "bert"}, "input_data": {"owner": "bert"}}
            )
        own = await create(hub, "bert")

        assert await until(socket, own) == [own]
        refused = await ask(socket, type="subscribe", channel="jobs", where={"\0owner": "anna"})
    assert refused["type"] == "error"


async def test_a_channel_shows_its_events_to_its_readers(hub: RunningHub) -> None:
    """And when the readers change, who may not read it any more is told and hears nothing."""
    async with client(hub, "root") as root, follow(hub, "bert") as bert:
        await root.put("/api/channels/orders", json={})
        await ask(bert, type="subscribe", channel="orders")
        changed = await root.put("/api/channels/orders", json={"readers": ["viewer"]})
        async with asyncio.timeout(10):
            told = json.loads(await bert.recv())
        again = await ask(bert, type="subscribe", channel="orders")
        kept = await root.put("/api/channels/orders", json={"history": {"max_events": 5}})

    assert changed.json()["readers"] == kept.json()["readers"] == ["viewer"]
    assert told == {"type": "unsubscribed", "channel": "orders", "code": "forbidden"}
    assert again["details"]["code"] == "forbidden"
    assert (await _get(hub, "bert", "/api/channels/orders/history")).status_code == 403
    assert (await _get(hub, "vera", "/api/channels/orders/history")).status_code == 200
    assert (await _get(hub, "bert", "/api/events?channels=orders")).status_code == 403
    listed = (await _get(hub, "bert", "/api/channels")).json()["channels"]
    assert "orders" not in {one["channel"] for one in listed}


async def test_who_may_not_read_a_channel_does_not_say_who_may(hub: RunningHub) -> None:
    """An operator defines channels; one that is for admins he would open to himself."""
    async with client(hub, "root") as root, client(hub, "olga") as olga:
        await root.put("/api/channels/board", json={"readers": ["admin"]})
        for readers in (None, ["operator"]):
            refused = await olga.put("/api/channels/board", json={"readers": readers})
            assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
        own = await olga.put("/api/channels/plans", json={"readers": ["operator"]})
        changed = await olga.put("/api/channels/plans", json={"readers": None})
        board = (await root.get("/api/channels/board")).json()

    assert board["readers"] == ["admin"]
    assert (own.status_code, changed.status_code) == (201, 200)
    assert (await _get(hub, "olga", "/api/channels/board/history")).status_code == 403


async def test_alerts_are_read_by_those_alone_who_may_list_them(hub: RunningHub) -> None:
    """By no way does the channel tell what `/api/alerts` refuses."""
    async with follow(hub, "bert") as bert, follow(hub, "vera") as vera:
        asked = [{"type": "subscribe"}, {"type": "get_history"}]
        told = [await ask(bert, channel="alerts", **one) for one in asked]
        heard = await ask(vera, channel="alerts", **asked[0])
    paths = ["/api/channels/alerts/history", "/api/events?channels=alerts", "/api/channels/alerts"]
    refused = [(await _get(hub, "bert", path)).status_code for path in paths]

    assert [one["details"]["code"] for one in told] == ["forbidden"] * 2
    assert (heard["type"], refused) == ("subscribed", [403] * 3)


async def test_numbers_tell_of_no_channel_that_one_may_not_read(hub: RunningHub) -> None:
    """Neither positions nor followers, nor the text of a refusal, name it."""
    async with client(hub, "root") as root:
        await root.put("/api/channels/board", json={"readers": ["admin"]})
        await root.post("/api/channels/board/events", json={"type": "said", "data": {}})
    async with follow(hub, "root") as root_socket, follow(hub, "bert") as bert:
        await ask(root_socket, type="subscribe", channel="board")
        status = await ask(bert, type="get_status")
        whole = await ask(root_socket, type="get_status")
        unknown = await ask(bert, type="subscribe", channel="nowhere")
        counted = (await _get(hub, "bert", "/ws/status")).json()
        all_counted = (await _get(hub, "root", "/ws/status")).json()

    assert (whole["positions"]["board"], whole["subscriptions"]["board"]) == (1, 1)
    assert all_counted["subscriptions"]["board"] == 1
    assert {"contracts", "jobs"} <= set(status["positions"])
    for told in (status, unknown, counted):
        assert "board" not in json.dumps(told)
    assert unknown["details"]["code"] == "channel_not_found"


async def test_a_viewer_changes_nothing(hub: RunningHub) -> None:
    """403 with what is missing, before the body is read."""
    async with client(hub, "vera") as vera:
        refused = await vera.post("/update", json=CONTRACT)

    assert refused.status_code == 403
    assert "contracts:write" in refused.json()["detail"]


async def _get(hub: RunningHub, name: str, path: str) -> httpx.Response:
    async with client(hub, name) as http:
        return await http.get(path)

"""Webhooks as those have them who ask for them over HTTP: from the registration to the receiver."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import connect

from hub.model.principal import Principal
from hub.model.scope import SCOPES
from hub.services.token_forms import NewKey
from hub.services.tokens import Tokens
from hub_client import verify_webhook
from support.receiver import DOWN, OK, Came, Receiver, receiver
from support.running import CONTRACT, RunningHub, running_hub

LOOPBACK = {"webhook_allow_networks": "127.0.0.0/8"}


@pytest.fixture
async def there() -> AsyncIterator[Receiver]:
    """A receiver."""
    async with receiver() as made:
        yield made


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[RunningHub]:
    """A hub that may send to this machine."""
    async with running_hub(tmp_path, **LOOPBACK) as running:
        yield running


@pytest.fixture
async def http(hub: RunningHub) -> AsyncIterator[httpx.AsyncClient]:
    """A client of it."""
    async with httpx.AsyncClient(base_url=hub.url, timeout=20) as client:
        yield client


async def make(http: httpx.AsyncClient, there: Receiver, **fields: Any) -> dict[str, Any]:
    """Return a new endpoint."""
    answer = await http.post("/api/webhooks", json={"url": there.url(), **fields})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def update(http: httpx.AsyncClient, *contract_ids: str) -> None:
    """Post updates."""
    for contract_id in contract_ids:
        answer = await http.post("/update", json={**CONTRACT, "contract_id": contract_id})
        assert answer.status_code == 200, answer.text


async def deliveries(http: httpx.AsyncClient, webhook_id: str, **params: str) -> list[Any]:
    """Return the deliveries of an endpoint."""
    answer = await http.get(f"/api/webhooks/{webhook_id}/deliveries", params=params)
    found: list[Any] = answer.json()["deliveries"]
    return found


async def become(http: httpx.AsyncClient, webhook_id: str, state: str, count: int) -> None:
    """Wait until so many deliveries are in a state."""
    async with asyncio.timeout(20):
        while len(await deliveries(http, webhook_id, state=state)) != count:  # noqa: ASYNC110 asked over HTTP
            await asyncio.sleep(0.02)


async def key_of(hub: RunningHub, name: str) -> dict[str, str]:
    """Return the header of somebody who manages webhooks of their own."""
    tokens = Tokens(hub.node._log.credentials, hub.node._clock)
    root = Principal("root", ("admin",), SCOPES)
    made = await tokens.create(root, NewKey(name=name, roles=["service"]))
    return {"Authorization": f"Bearer {made.token}"}


def is_signed(came: Came, made: Mapping[str, Any]) -> bool:
    """Say whether the receiver's own library takes it."""
    verify_webhook(came.body, came.headers, secret=made["secret"])
    return True


async def test_a_receiver_gets_what_a_socket_gets(
    hub: RunningHub, http: httpx.AsyncClient, there: Receiver
) -> None:
    """Signed, in order, byte for byte, under the same ids; and only what it asked for."""
    made = await make(http, there, event_types=["contract_*"], ordered=True)
    async with connect(f"{hub.ws}?channels=contracts") as socket:
        await socket.recv()
        await http.post("/api/jobs", json={})
        await update(http, "c-1", "c-1", "c-1")
        frames = [str(await socket.recv()).encode() for _ in range(3)]

    await there.has(3)

    assert [one.body for one in there.came] == frames
    assert [one.id for one in there.came] == [one.event["id"] for one in there.came]
    assert all(is_signed(one, made) for one in there.came)
    assert {one.headers["hub-hop"] for one in there.came} == {"1"}


async def test_what_is_paused_is_held_and_sent_first(
    http: httpx.AsyncClient, there: Receiver
) -> None:
    """Nothing comes meanwhile; with the resume it comes in its order, before what is newer."""
    made = await make(http, there, ordered=True)
    one = f"/api/webhooks/{made['id']}"
    await http.post(f"{one}/pause")
    for _ in range(3):
        await update(http, "c-1")
    await become(http, made["id"], "held", 3)

    resumed = (await http.post(f"{one}/resume", json={"held": "send"})).json()
    for _ in range(3):
        await update(http, "c-1")
    await there.has(6)

    assert (resumed["clearing"], resumed["waiting"]) == (True, {"held": 3})
    offsets = [came.event["offset"] for came in there.came]
    assert offsets == sorted(offsets)
    refused = await http.post(f"{one}/resume", json={"held": "burn"})
    assert refused.status_code == 422


async def test_what_was_held_can_be_discarded(http: httpx.AsyncClient, there: Receiver) -> None:
    """It is over, and says why; what comes from then on is sent."""
    made = await make(http, there)
    one = f"/api/webhooks/{made['id']}"
    await http.post(f"{one}/pause")
    await update(http, "c-1", "c-2")
    await become(http, made["id"], "held", 2)

    await http.post(f"{one}/resume", json={"held": "discard"})
    await become(http, made["id"], "cancelled", 2)
    await update(http, "c-3")
    await there.has(1)

    assert [came.event["data"]["contract_id"] for came in there.came] == ["c-3"]
    found = (await http.get(f"{one}/deliveries?state=cancelled")).json()
    assert {row["reason"] for row in found["deliveries"]} == {"discarded"}


async def test_what_is_paused_is_held_and_replayed(
    http: httpx.AsyncClient, there: Receiver
) -> None:
    """Nothing comes meanwhile; what comes afterwards comes at once; the rest with a replay."""
    made = await make(http, there)
    one = f"/api/webhooks/{made['id']}"
    await http.post(f"{one}/pause", json={"reason": "holidays"})
    await update(http, "c-1", "c-2")
    await become(http, made["id"], "held", 2)
    resumed = (await http.post(f"{one}/resume", json={"held": "leave"})).json()
    await update(http, "c-3")
    await there.has(1)

    replay = (await http.post(f"{one}/replay", json={"states": ["held"]})).json()
    await there.has(3)

    assert resumed["waiting"] == {"held": 2}
    first, *others = [came.event["data"]["contract_id"] for came in there.came]
    assert (first, sorted(others)) == ("c-3", ["c-1", "c-2"])
    address = f"/api/replays/{replay['id']}"
    async with asyncio.timeout(20):
        while (await http.get(address)).json()["state"] != "done":  # noqa: ASYNC110 asked over HTTP
            await asyncio.sleep(0.02)
    done = (await http.get(address)).json()
    assert (done["again"], done["webhook_id"]) == (2, made["id"])


async def test_dead_letters_are_sent_again(http: httpx.AsyncClient, there: Receiver) -> None:
    """By one, or all; each under the id that it had; with a chain of receipts."""
    there.answer = lambda _: DOWN
    made = await make(http, there, schedule=[])
    await update(http, "c-1", "c-2")
    await become(http, made["id"], "dead", 2)
    there.answer = lambda _: OK

    last, _ = await deliveries(http, made["id"])
    again = await http.post(f"/api/deliveries/{last['id']}/replay")
    await become(http, made["id"], "delivered", 1)
    rest = await http.post(f"/api/webhooks/{made['id']}/replay")
    await become(http, made["id"], "delivered", 2)

    assert (again.status_code, rest.status_code) == (200, 202)
    assert len(set(there.ids())) == 2
    detail = (await http.get(f"/api/deliveries/{last['id']}")).json()
    assert [one["status"] for one in detail["tried"]] == [200, 503]
    assert detail["tried"][0]["address"] == "127.0.0.1"
    chain = (await http.get(f"/api/webhooks/{made['id']}/receipts")).json()
    assert (chain["count"], chain["receipts"][0]["hash"]) == (4, chain["head"])


async def test_a_new_endpoint_gets_the_past_by_a_position(
    http: httpx.AsyncClient, there: Receiver
) -> None:
    """It begins at the head; behind a position it gets what it never got."""
    await update(http, "c-1", "c-2", "c-3")
    epoch = (await http.get("/contracts/history")).json()["epoch"]
    made = await make(http, there)
    await update(http, "c-4")
    await there.has(1)

    body = {"channel": "contracts", "after": f"{epoch}:1"}
    answer = await http.post(f"/api/webhooks/{made['id']}/replay", json=body)
    await there.has(3)

    assert answer.status_code == 202
    offsets = [came.event["offset"] for came in there.came]
    assert offsets[0] == 4
    assert set(offsets) == {2, 3, 4}


async def test_a_test_event_says_status_and_duration(
    http: httpx.AsyncClient, there: Receiver
) -> None:
    """It comes signed, and marked as a test."""
    made = await make(http, there)

    answer = await http.post(f"/api/webhooks/{made['id']}/test")

    (came,) = there.came
    assert (answer.json()["delivered"], answer.json()["status"]) == (True, 200)
    assert (came.event["test"], is_signed(came, made)) == (True, True)


async def test_both_secrets_are_good_while_they_overlap(
    http: httpx.AsyncClient, there: Receiver
) -> None:
    """A receiver changes to the new one when it likes."""
    made = await make(http, there)
    rotated = (await http.post(f"/api/webhooks/{made['id']}/rotate-secret", json={})).json()

    await update(http, "c-1")
    await there.has(1)

    assert is_signed(there.came[0], made)
    assert is_signed(there.came[0], rotated)
    assert made["secret"] != rotated["secret"]


async def test_seed_1s_callback_comes_to_seed_1s_receiver(
    hub: RunningHub, http: httpx.AsyncClient
) -> None:
    """Registered before and after the end; each comes once, and its signature is known."""
    job = (await http.post("/api/jobs", json={})).json()["job_id"]
    url = f"{hub.url}/webhook"

    async def register(client: str) -> dict[str, Any]:
        asked = {"kind": "job", "id": job, "client_id": client}
        body = {**asked, "callback_url": f"{url}/{client}"}
        answer: dict[str, Any] = (await http.post("/api/callbacks", json=body)).json()
        return answer

    before = await register("early")
    await http.post(f"/api/jobs/{job}/status", json={"status": "RUNNING"})
    await http.post(f"/api/jobs/{job}/complete", json={"final_status": "DONE"})
    after = await register("late")
    for made in (before, after):
        await become(http, made["callback_id"], "delivered", 1)

    for client, made in (("early", before), ("late", after)):
        text = (await http.get(f"/webhook/{client}")).text
        assert text.startswith(f"1 webhooks came for {client}")
        assert f"signed by {made['callback_id']}" in text
        assert '"status":"DONE"' in text


async def test_a_callback_of_a_foreign_path_of_the_hub_does_nothing(
    hub: RunningHub, http: httpx.AsyncClient
) -> None:
    """It would be an event that makes an event."""
    body = {"url": f"{hub.url}/update", "schedule": []}
    made = await http.post("/api/webhooks", json=body)
    if made.status_code == 201:
        await update(http, "c-1")
        await become(http, made.json()["id"], "dead", 1)

    history = (await http.get("/contracts/history")).json()
    assert len(history["events"]) <= 1


async def test_everything_is_on_record(http: httpx.AsyncClient, there: Receiver) -> None:
    """Who did what to which webhook, without a secret."""
    made = await make(http, there, url=f"{there.url()}?key=s3cret")
    one = f"/api/webhooks/{made['id']}"
    await http.patch(one, json={"description": "x"})
    for deed in ("rotate-secret", "test", "pause", "resume", "replay"):
        answer = await http.post(f"{one}/{deed}", json={} if deed == "rotate-secret" else None)
        assert answer.is_success, (deed, answer.text)
    await http.delete(one)

    records = (await http.get("/api/audit", params={"limit": 100})).json()["records"]
    told = [record["action"] for record in records if record["target"] == made["id"]]
    assert told == [
        *("webhook.create", "webhook.change", "webhook.rotate", "webhook.test"),
        *("webhook.pause", "webhook.resume", "webhook.replay", "webhook.remove"),
    ]
    assert "s3cret" not in str(records)
    assert made["secret"] not in str(records)


async def test_an_event_goes_to_those_who_may_read_it(tmp_path: Path, there: Receiver) -> None:
    """An endpoint gets what its maker gets on a socket; foreign ones are not there."""
    async with running_hub(tmp_path, auth="required", **LOOPBACK) as hub:
        keys = {name: await key_of(hub, name) for name in ("anna", "bert")}
        made = {}
        for name, key in keys.items():
            async with httpx.AsyncClient(base_url=hub.url, headers=key) as http:
                url = there.url(f"/{name}")
                answer = await http.post("/api/webhooks", json={"url": url})
                made[name] = answer.json()["id"]
        async with httpx.AsyncClient(base_url=hub.url, headers=keys["anna"]) as anna:
            job = (await anna.post("/api/jobs", json={})).json()["job_id"]
            foreign = await anna.get(f"/api/webhooks/{made['bert']}")
            received = [await anna.get("/webhook/x"), await anna.post("/webhook/x", content=b"")]

        await there.has(1)

    assert (foreign.status_code, foreign.json()["code"]) == (404, "webhook_not_found")
    assert [answer.status_code for answer in received] == [403, 404]
    assert [(came.path, came.event["data"]["job_id"]) for came in there.came] == [("/anna", job)]


async def test_the_receiver_shows_no_page(http: httpx.AsyncClient) -> None:
    """Whatever came, a browser runs nothing of it; and no more than 64 KiB come."""
    await http.post("/webhook/x", content=b"<script>alert(1)</script>")
    large = await http.post("/webhook/x", content=b"x" * 65_537)

    shown = await http.get("/webhook/x")

    assert large.status_code == 413
    assert shown.headers["content-type"] == "text/plain; charset=utf-8"
    assert shown.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in shown.headers["content-security-policy"]

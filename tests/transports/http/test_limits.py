"""Limits at the edge: who asks or writes too often is told so, and told what is left."""

from pathlib import Path
from typing import Any

import httpx

from hub.settings import Settings
from support.clocks import START_US
from support.raw_http import send
from support.required import required_hub
from support.running import CONTRACT, running_hub

FAR = "192.0.2.1"
TIGHT: dict[str, Any] = {
    "request_rate": 1.0,
    "request_rate_per_ip": 1.0,
    "publish_rate": 1.0,
    "command_rate": 1.0,
    "max_connections_per_principal": 1,
    "connect_rate_per_principal": 1.0,
}
# Nothing comes back while a test runs.
HARDLY = 0.000_01


async def statuses(client: httpx.AsyncClient, count: int, path: str = "/api/jobs") -> list[int]:
    """Ask that often."""
    return [(await client.get(path)).status_code for _ in range(count)]


async def test_an_answer_says_what_is_left(tmp_path: Path) -> None:
    """By the limit that the caller is nearest to; the quota, what remains, when it is full."""
    async with (
        required_hub(tmp_path, request_rate=50.0, publish_rate=1_000.0) as required,
        required.client("anna") as anna,
    ):
        asked = await anna.get("/api/jobs")
        posted = await anna.post("/update", json=CONTRACT)

    assert asked.headers["ratelimit"] == '"requests";r=99;t=1'
    assert asked.headers["ratelimit-policy"] == '"requests";q=100;w=2'
    assert posted.headers["ratelimit"].startswith('"requests";r=9')


async def test_a_principal_asks_so_often_and_others_have_their_own(tmp_path: Path) -> None:
    """429 as a problem document with Retry-After; from wherever it asks."""
    async with (
        required_hub(tmp_path, request_rate=HARDLY) as required,
        required.client("anna") as anna,
        required.client("anna", FAR) as elsewhere,
        required.client("ben") as ben,
    ):
        first = await anna.get("/api/jobs")
        second = await elsewhere.get("/api/jobs")
        other = await ben.get("/api/jobs")

    assert (first.status_code, second.status_code, other.status_code) == (200, 429, 200)
    assert second.headers["content-type"] == "application/problem+json"
    assert second.json()["code"] == "rate_limited"
    assert "1 requests of one principal" in second.json()["detail"]
    assert second.headers["retry-after"] == "30"
    assert second.headers["ratelimit"].startswith('"requests";r=0;t=')


async def test_an_address_is_counted_before_anybody_knows_who_asks(tmp_path: Path) -> None:
    """Bad tokens, none and pages that are not there count too; what it says of itself does not."""
    async with (
        required_hub(tmp_path, request_rate_per_ip=HARDLY) as required,
        required.client("bad-1", FAR) as bad,
        required.client("anna", FAR) as good,
        required.client("anna", "192.0.2.2") as other,
    ):
        told = [
            (await bad.get("/api/jobs")).status_code,
            (await bad.get("/api/jobs")).status_code,
            (await good.get("/nowhere", headers={"X-Forwarded-For": "203.0.113.9"})).status_code,
            (await good.get("/api/jobs", headers={"Forwarded": "for=203.0.113.9"})).status_code,
            (await other.get("/api/jobs")).status_code,
        ]

    assert told == [401, 429, 429, 429, 200]
    assert required.names.looked_up == 2


async def test_this_machine_has_no_limit_by_address(tmp_path: Path) -> None:
    """A proxy that stands on it speaks for all."""
    async with (
        required_hub(tmp_path, request_rate_per_ip=HARDLY) as required,
        required.client("anna") as anna,
    ):
        assert await statuses(anna, 20) == [200] * 20


async def test_probes_are_always_answered(tmp_path: Path) -> None:
    """Who asks whether the hub lives would end it for a 429."""
    async with (
        required_hub(tmp_path, request_rate_per_ip=HARDLY) as required,
        required.client("anna", FAR) as anna,
    ):
        found = await statuses(anna, 5, "/health") + await statuses(anna, 5, "/ready")

    assert found == [200] * 10


async def test_who_writes_too_much_can_still_read(tmp_path: Path) -> None:
    """A list passes whole or not at all; contracts, jobs and channels count together."""
    event = {"type": "order", "data": {}}
    async with (
        required_hub(tmp_path, publish_rate=HARDLY) as required,
        required.client("anna") as anna,
    ):
        told = [
            await anna.post("/api/channels/orders/events", json=[event] * 8),
            await anna.post("/api/channels/orders/events", json=event),
            await anna.post("/update", json=CONTRACT),
            await anna.post("/api/jobs", json={}),
        ]
        history = await anna.get("/api/channels/orders/history")

    assert [answer.status_code for answer in told] == [201, 429, 429, 429]
    assert "events of one principal" in told[1].json()["detail"]
    assert len(history.json()["events"]) == 8


async def test_a_refusal_comes_before_the_body(tmp_path: Path) -> None:
    """Who is over the limit need not be read."""
    async with required_hub(tmp_path, request_rate=HARDLY) as required:
        headers = ("Authorization: Bearer anna", "Content-Type: application/json")
        await send(required.hub.url, "GET /api/jobs", *headers)

        answer = await send(required.hub.url, "POST /update", *headers, "Content-Length: 1000000")

    assert answer.status == 429
    assert int(answer.headers["retry-after"]) > 0


async def test_bad_tokens_are_limited_at_the_edge(tmp_path: Path) -> None:
    """The first ten are looked up; the rest get 429 and cost nothing; who is known passes."""
    async with required_hub(tmp_path) as required, required.client("anna") as anna:
        required.hub.node.limits.guesses._now_us = lambda: START_US
        assert await statuses(anna, 1) == [200]
        told = []
        for number in range(50):
            bad = {"Authorization": f"Bearer bad-{number}"}
            told.append((await anna.get("/api/jobs", headers=bad)).status_code)

        assert told == [401] * 10 + [429] * 40
        assert required.names.looked_up == 11
        assert await statuses(anna, 1) == [200]


async def test_nothing_is_limited_on_this_machine_without_auth(tmp_path: Path) -> None:
    """Everybody is the same user there; no header says otherwise."""
    async with (
        running_hub(tmp_path, **TIGHT) as hub,
        httpx.AsyncClient(base_url=hub.url) as client,
    ):
        answers = [await client.post("/update", json=CONTRACT) for _ in range(20)]

    assert {answer.status_code for answer in answers} == {200}
    assert not any("ratelimit" in answer.headers for answer in answers)


async def test_new_numbers_hold_at_once(tmp_path: Path) -> None:
    """A reload reaches the edge; the counts of what was refused go on."""
    async with (
        required_hub(tmp_path, request_rate=HARDLY) as required,
        required.client("anna") as anna,
    ):
        assert await statuses(anna, 2) == [200, 429]
        limits = required.hub.node.limits

        limits.take(Settings(request_rate=0))

        assert await statuses(anna, 5) == [200] * 5
        assert limits.gate.hits["requests"] == 1


async def test_a_stream_is_no_request_of_many(tmp_path: Path) -> None:
    """EventSource never comes back after a 429; streams are limited by how many are opened."""
    async with (
        required_hub(tmp_path, request_rate=HARDLY) as required,
        required.client("anna") as anna,
    ):
        answers = [await anna.head("/api/events") for _ in range(3)]

    assert [answer.status_code for answer in answers] == [200] * 3

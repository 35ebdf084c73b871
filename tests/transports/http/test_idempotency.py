"""Idempotency-Key on every POST: one request, one event, one answer, however often it is sent."""

import asyncio
import uuid
from typing import Any

import httpx
import pytest
import pytest_asyncio

from support.route_table import all_routes, filled
from support.running import CONTRACT

pytestmark = pytest.mark.asyncio(loop_scope="module")

BODIES: dict[str, Any] = {
    "/update": CONTRACT,
    "/test/update": CONTRACT,
    "/api/jobs": {"input_data": {"a": 1}},
    "/api/jobs/{job_id}/status": {"status": "RUNNING", "progress": {"percentage": 5}},
    "/api/jobs/{job_id}/complete": {"final_status": "DONE"},
    "/api/jobs/{job_id}/input": {"input": "yes"},
    "/api/channels/{channel}/events": [{"type": "a", "data": {"n": 1}}],
}
BODIES |= {f"/api{path}": CONTRACT for path in ("/update", "/test/update")}
POSTS = sorted(route.path for route in all_routes() if route.method == "POST" and route.keyed)


@pytest_asyncio.fixture(loop_scope="module")
async def job_id(http: httpx.AsyncClient) -> str:
    """A job that asks."""
    created: str = (await http.post("/api/jobs", json={})).json()["job_id"]
    await http.post(f"/api/jobs/{created}/status", json={"status": "NEEDS_INPUT"})
    return created


def new_key() -> dict[str, str]:
    """Return the header with a key that nobody has used."""
    return {"Idempotency-Key": str(uuid.uuid4())}


async def count(http: httpx.AsyncClient) -> int:
    """Return how many events there are."""
    channels = ("contracts", "jobs", "orders")
    pages = [await http.get(f"/api/channels/{channel}/history") for channel in channels]
    return sum(page.json()["offset"] for page in pages)


async def test_every_post_is_tried() -> None:
    """A new route that takes a POST needs a body here, unless its answer is never kept."""
    assert set(BODIES) == set(POSTS)


@pytest.mark.parametrize("path", POSTS)
async def test_a_replay_gives_the_same_bytes_and_no_second_event(
    http: httpx.AsyncClient, job_id: str, path: str
) -> None:
    """Status and body are those of the first answer, and nothing is committed again."""
    address, headers = filled(path, job_id=job_id), new_key()

    first = await http.post(address, json=BODIES[path], headers=headers)
    between = await count(http)
    again = await http.post(address, json=BODIES[path], headers=headers)

    assert first.is_success
    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert await count(http) == between


@pytest.mark.parametrize("path", POSTS)
async def test_another_body_under_the_same_key_is_refused(
    http: httpx.AsyncClient, job_id: str, path: str
) -> None:
    """A key names one request; its body is compared byte by byte."""
    address, headers = filled(path, job_id=job_id), new_key()
    headers["Content-Type"] = "application/json"
    body = httpx.Request("POST", "http://h", json=BODIES[path]).content
    await http.post(address, content=body, headers=headers)

    other = await http.post(address, content=body + b" ", headers=headers)

    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")


async def test_twins_in_flight_are_one_request(http: httpx.AsyncClient) -> None:
    """Ten at once, over ten connections: one job, ten equal answers."""
    headers, before = new_key(), await count(http)

    answers = await asyncio.gather(
        *(http.post("/api/jobs", json={}, headers=headers) for _ in range(10))
    )

    assert {(answer.status_code, answer.content) for answer in answers} == {
        (201, answers[0].content)
    }
    assert await count(http) == before + 1


async def test_a_refusal_is_not_kept(http: httpx.AsyncClient, job_id: str) -> None:
    """What was refused may be tried again under the same key, and succeed then."""
    address, headers = f"/api/jobs/{job_id}/input", new_key()
    await http.post(f"/api/jobs/{job_id}/status", json={"status": "RUNNING"})
    refused = await http.post(address, json={"input": 1}, headers=headers)
    await http.post(f"/api/jobs/{job_id}/status", json={"status": "NEEDS_INPUT"})

    taken = await http.post(address, json={"input": 1}, headers=headers)

    assert (refused.status_code, taken.status_code) == (409, 200)


async def test_the_same_key_on_another_path_is_another_request(http: httpx.AsyncClient) -> None:
    """Scope is principal, method, path and key."""
    headers = new_key()

    one = await http.post("/update", json=CONTRACT, headers=headers)
    other = await http.post("/api/update", json=CONTRACT, headers=headers)

    assert other.json()["offset"] == one.json()["offset"] + 1


async def test_without_a_key_nothing_is_recognised(http: httpx.AsyncClient) -> None:
    """Two equal requests are two."""
    one = await http.post("/update", json=CONTRACT)
    other = await http.post("/update", json=CONTRACT)

    assert other.json()["offset"] == one.json()["offset"] + 1


async def test_a_replayed_end_is_not_judged_again(http: httpx.AsyncClient, job_id: str) -> None:
    """The retry of a report that was taken is not refused because the job has moved on since."""
    headers = new_key()
    address = f"/api/jobs/{job_id}/status"
    first = await http.post(address, json={"status": "RUNNING"}, headers=headers)
    await http.post(f"/api/jobs/{job_id}/complete", json={"final_status": "DONE"})

    again = await http.post(address, json={"status": "RUNNING"}, headers=headers)

    assert (again.status_code, again.content) == (200, first.content)

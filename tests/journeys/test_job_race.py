"""Eight writers on one job through two nodes: one legal history, whoever wins."""

import asyncio
import itertools
import random
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from hub.model.job import LEGAL_NEXT
from support.redis_server import RedisServer
from support.running import RunningHub, running_hub

WRITERS = 8
TRIES = 15
# The ends are rare, so that the race lasts.
WORDS = ("PENDING", "RUNNING") * 12 + ("DONE", "FAILED")


@pytest.fixture
async def hubs(
    tmp_path: Path, redis: RedisServer, database: str
) -> AsyncIterator[tuple[RunningHub, RunningHub]]:
    """Two nodes of one hub."""
    where = {"database_url": database, "redis_url": redis.url, "artifacts_dir": str(tmp_path)}
    async with running_hub(tmp_path, **where) as one, running_hub(tmp_path, **where) as two:
        yield one, two


async def write(hub: RunningHub, job_id: str, seed: int) -> list[int]:
    """Report whatever comes to mind; return the codes that came back."""
    chance = random.Random(seed)  # noqa: S311 no secret
    codes = []
    async with httpx.AsyncClient(base_url=hub.url, timeout=30) as http:
        for _ in range(TRIES):
            report = {"status": chance.choice(WORDS), "message": f"w{seed}"}
            answer = await http.post(f"/api/jobs/{job_id}/status", json=report)
            codes.append(answer.status_code)
    return codes


async def test_a_job_has_one_legal_history(hubs: tuple[RunningHub, RunningHub]) -> None:
    """No move that the table forbids, nothing after a final state, no deadlock reaches a caller."""
    async with httpx.AsyncClient(base_url=hubs[0].url) as http:
        job_id = (await http.post("/api/jobs", json={"input_data": {}})).json()["job_id"]

        answered = await asyncio.gather(*(write(hubs[n % 2], job_id, n) for n in range(WRITERS)))

        page = (await http.get("/api/channels/jobs/history?since=0&limit=1000")).json()
        last = (await http.get(f"/api/jobs/{job_id}")).json()
    codes = {code for codes in answered for code in codes}
    states = [event["data"]["status"] for event in page["events"]]
    assert codes == {200, 409}
    assert [event["offset"] for event in page["events"]] == list(range(1, len(states) + 1))
    assert all(
        now == before or now in LEGAL_NEXT[before] for before, now in itertools.pairwise(states)
    )
    assert all(LEGAL_NEXT[state] for state in states[:-1])
    assert last["job"]["status"] == states[-1]

"""A node dies at each step between a post and its answer; the other node and every client go on."""

import asyncio
import contextlib
import signal
from pathlib import Path

import httpx
import pytest

from hub_client import AsyncMCPClient, State
from support.crashing import STEPS
from support.posting import Wire
from support.redis_server import RedisServer
from support.running import CONTRACT, HubProcess, hub_process

BEFORE = 5
TESTS = Path(__file__).parents[1]


async def watch(url: str, seen: list[int | None], live: asyncio.Event, count: int) -> None:
    """Follow contracts until so many events have come."""

    def note(state: State) -> None:
        if state.state == "connected":
            live.set()

    async with (
        AsyncMCPClient(url) as client,
        client.listen("contracts", history=0, on_state=note) as events,
    ):
        async for event in events:
            seen.append(event.offset)
            if len(seen) == count:
                return


@pytest.mark.parametrize("step", STEPS)
async def test_a_node_that_dies_at_a_step_leaves_one_truth(
    tmp_path: Path, redis: RedisServer, database: str, step: str
) -> None:
    """The retry at the other node, with the same key, makes it exactly one event for everybody."""
    where = {
        "DATABASE_URL": database,
        "REDIS_URL": redis.url,
        "HUB_ARTIFACTS_DIR": str(tmp_path),
        "PYTHONPATH": str(TESTS),
    }
    doomed = HubProcess(
        tmp_path, {**where, "CRASH_AT": step, "CRASH_AFTER": str(BEFORE)}, module="support.crashing"
    )
    doomed.start()
    with hub_process(tmp_path, **where) as survivor:
        seen: list[int | None] = []
        live = asyncio.Event()
        watching = asyncio.create_task(watch(survivor.url, seen, live, BEFORE + 1))
        await live.wait()

        wire, answered = Wire(doomed.port), 0
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            for number in range(BEFORE + 1):
                await wire.post(
                    "/update", {**CONTRACT, "contract_id": f"c-{number}"}, f"k-{number}"
                )
                answered += 1
        died = await asyncio.to_thread(doomed.died)
        other = Wire(survivor.port)
        retried = await other.post("/update", {**CONTRACT, "contract_id": "c-5"}, f"k-{BEFORE}")
        other.close()
        await asyncio.wait_for(watching, 30)

        async with httpx.AsyncClient(base_url=survivor.url) as http:
            events = (await http.get("/contracts/history?since=0")).json()["events"]
        assert (died, answered) == (-signal.SIGKILL, BEFORE)
        assert (retried.status, retried.body["offset"]) == (200, BEFORE + 1)
        assert [event["data"]["contract_id"] for event in events] == [f"c-{n}" for n in range(6)]
        assert seen == list(range(1, BEFORE + 2))
    doomed.stop()

"""Ingest to socket, through the SDK and a real server: the main job, end to end."""

import asyncio
import json
from pathlib import Path

import websockets

from hub_client import AsyncListener, AsyncMCPClient, Event
from support.running import CONTRACT, RunningHub, hub_process, running_hub


async def take(listener: AsyncListener, count: int) -> list[Event]:
    """Return the next events."""
    return [await asyncio.wait_for(anext(listener), 10) for _ in range(count)]


async def connected(listener: AsyncListener) -> None:
    """Wait until the listener is live; the other side of a socket decides when."""
    while listener.state.state != "connected":  # noqa: ASYNC110 its state has no event of its own
        await asyncio.sleep(0.01)


async def test_an_update_posted_by_the_sdk_reaches_every_screen(hub: RunningHub) -> None:
    """Each client gets the same frame, byte for byte, whatever it subscribed by."""
    async with (
        websockets.connect(hub.ws) as first,
        websockets.connect(hub.ws.replace("/ws", "/api/ws")) as second,
        AsyncMCPClient(hub.url) as client,
    ):
        await first.recv()
        await second.recv()

        answer = await client.send_contract(CONTRACT)

        frames = [await first.recv(), await second.recv()]
    assert frames[0] == frames[1]
    frame = json.loads(frames[0])
    assert (frame["type"], frame["channel"], frame["offset"]) == ("contract_update", "contracts", 1)
    assert frame["id"] == answer["id"]
    assert frame["data"] == CONTRACT


async def test_a_client_that_was_away_gets_exactly_what_it_missed(hub: RunningHub) -> None:
    """A stored position, given back, goes on after it."""
    async with AsyncMCPClient(hub.url) as client:
        async with client.listen("contracts") as events:
            waiting = asyncio.create_task(take(events, 2))
            await connected(events)
            for number in range(2):
                await client.send_contract({**CONTRACT, "contract_id": f"c-{number}"})
            seen = await waiting
        for number in range(2, 7):
            await client.send_contract({**CONTRACT, "contract_id": f"c-{number}"})

        async with client.listen("contracts", since=seen[-1].position) as events:
            missed = await take(events, 5)

    assert [event.offset for event in [*seen, *missed]] == [1, 2, 3, 4, 5, 6, 7]


async def test_a_job_is_followed_from_creation_to_its_result(hub: RunningHub) -> None:
    """Seed 0's life of a job, as its watcher sees it."""
    async with AsyncMCPClient(hub.url) as client:
        async with client.listen("jobs", history=0) as events:
            waiting = asyncio.create_task(take(events, 6))
            await connected(events)
            job = await client.create_job({"pop_file_path": "data.xlsx"}, {"user_id": "u1"})
            job_id = job["job_id"]
            await client.push_status(job_id, "RUNNING", {"percentage": 40}, "Reading")
            question = {"prompt": "Which sheet?", "schema": {"type": "string"}}
            await client.push_status(job_id, "NEEDS_INPUT", input_request=question)
            await client.jobs.answer(job_id, "first")
            await client.jobs.upload_artifact(job_id, "report.txt", b"all is well", "text/plain")
            await client.complete_job(job_id, "DONE", {"processing_time": 1.5})
            seen = await waiting

        assert await client.jobs.download_artifact(job_id, "report.txt") == b"all is well"
    assert [event.data["status"] for event in seen] == [
        "PENDING",
        "RUNNING",
        "NEEDS_INPUT",
        "RUNNING",
        "RUNNING",
        "DONE",
    ]
    assert seen[3].data["input"] == "first"
    assert seen[5].data["metadata"]["processing_time"] == 1.5


async def test_history_outlives_a_stop(tmp_path: Path) -> None:
    """A stopped hub ends with code 0; its next start has the same epoch, offsets and state."""
    with hub_process(tmp_path) as process:
        async with AsyncMCPClient(process.url) as client:
            before = await client.send_contract(CONTRACT)
        assert await asyncio.to_thread(process.stop) == 0
        await asyncio.to_thread(process.start)
        async with AsyncMCPClient(process.url) as client:
            page = await client.history("contracts")
            after = await client.send_contract(CONTRACT)

    assert [event["id"] for event in page["events"]] == [before["id"]]
    assert (after["epoch"], after["offset"]) == (before["epoch"], 2)


async def test_an_idle_client_is_no_task(tmp_path: Path) -> None:
    """Fifty connections add neither a task nor, but for its heartbeat, a timer each."""
    async with running_hub(tmp_path) as hub:
        tasks = len(asyncio.all_tasks())
        readers = [await asyncio.open_connection("127.0.0.1", int(hub.url[-5:])) for _ in range(50)]
        for _, writer in readers:
            writer.write(
                b"GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
                b"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
            )
        for reader, _ in readers:
            await reader.readuntil(b"welcome")

        assert len(hub.node.connections) == 50
        assert len(asyncio.all_tasks()) == tasks
        for _, writer in readers:
            writer.close()

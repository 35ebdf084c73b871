"""A crowd on one node: each gets everything, and one who reads nothing delays none."""

import asyncio
import contextlib
import json
from pathlib import Path
from typing import Any

import httpx
import pytest
import websockets

from hub.realtime.spread import MANY
from support.running import RunningHub, running_hub

CROWD = 2 * MANY
EVENTS = 60
# Together more than a socket takes that nobody reads.
ROOM = "x" * 100_000
PATIENCE_S = 60.0


async def post(hub: RunningHub, count: int) -> None:
    """Publish so many large events, one after another."""
    async with httpx.AsyncClient(base_url=hub.url, timeout=30) as http:
        for number in range(count):
            event = {"type": "made", "data": {"n": number, "room": ROOM}}
            (await http.post("/api/channels/crowd/events", json=event)).raise_for_status()


async def hear(socket: websockets.ClientConnection, count: int) -> list[int]:
    """Return the offsets of the next events."""
    offsets: list[int] = []
    async with asyncio.timeout(PATIENCE_S):
        while len(offsets) < count:
            frame: dict[str, Any] = json.loads(await socket.recv())
            if frame["type"] == "made":
                offsets.append(frame["offset"])
    return offsets


@pytest.mark.parametrize("io_uring", [True, False], ids=["by io_uring", "one by one"])
async def test_a_crowd_gets_everything_in_order(tmp_path: Path, *, io_uring: bool) -> None:
    """Also who reads nothing while the others read; its socket is full, and it is caught up."""
    async with (
        running_hub(tmp_path, io_uring=io_uring) as hub,
        contextlib.AsyncExitStack() as stack,
    ):
        await post(hub, 1)
        url = f"{hub.ws}?channels=crowd"
        slow, *crowd = [
            await stack.enter_async_context(websockets.connect(url, max_queue=1, max_size=2**22))
            for _ in range(CROWD)
        ]

        posting = asyncio.create_task(post(hub, EVENTS))
        heard = await asyncio.gather(*(hear(socket, EVENTS) for socket in crowd))
        await posting
        late = await hear(slow, EVENTS)

    assert {tuple(offsets) for offsets in heard} == {tuple(range(2, EVENTS + 2))}
    assert late == list(range(2, EVENTS + 2))

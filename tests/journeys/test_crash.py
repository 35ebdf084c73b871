"""kill -9: nothing that was acknowledged is lost, doubled or reordered."""

import asyncio
import json
import uuid
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from hub_client import AsyncMCPClient, State
from support.posting import Wire
from support.running import CONTRACT, HubProcess, hub_process

POSTS = 2_000
ROUNDS = 3
AT_ONCE = 50


class Poster:
    """Posts numbered updates, each until it is acknowledged, with one key over all tries."""

    def __init__(self, port: int, done_before: int) -> None:
        self.acknowledged: dict[int, str] = {}
        self._port = port
        self._numbers = iter(range(done_before, done_before + POSTS))
        self.half = asyncio.Event()

    async def run(self) -> None:
        """Post all of them."""
        await asyncio.gather(*(self._post_some() for _ in range(AT_ONCE)))

    async def _post_some(self) -> None:
        wire = Wire(self._port)
        for number in self._numbers:
            self.acknowledged[number] = await self._post(wire, number)
            if len(self.acknowledged) >= POSTS // 2:
                self.half.set()
        wire.close()

    async def _post(self, wire: Wire, number: int) -> str:
        body = {**CONTRACT, "contract_id": f"c-{number}"}
        key = str(uuid.uuid4())
        while True:
            try:
                answer = await wire.post("/update", body, key)
            except (OSError, asyncio.IncompleteReadError):
                await asyncio.sleep(0.05)  # the hub is dead; its next start is the outside world
                continue
            if answer.status == 200:
                return str(answer.body["id"])
            assert answer.status == 503, answer
            await asyncio.sleep(0.05)


async def history(url: str) -> list[dict[str, object]]:
    """Read the whole channel, page by page."""
    events: list[dict[str, object]] = []
    since: int | None = 0
    async with httpx.AsyncClient(base_url=url) as client:
        while since is not None:
            params = {"since": since, "limit": 1000}
            page = (await client.get("/contracts/history", params=params)).json()
            assert page["complete"]
            events += page["events"]
            since = page["next"]
    return events


async def listen(url: str, seen: list[int], enough: int, live: asyncio.Event) -> None:
    """Follow contracts through every restart; `live` is set when it stands at the beginning."""

    def note(state: State) -> None:
        if state.state == "connected":
            live.set()

    async with (
        AsyncMCPClient(url) as client,
        client.listen("contracts", history=0, on_state=note) as events,
    ):
        async for event in events:
            assert event.offset is not None
            seen.append(event.offset)
            if len(seen) >= enough:
                return


@pytest.fixture
def killable(tmp_path: Path) -> Iterator[HubProcess]:
    """A hub that the test kills."""
    with hub_process(tmp_path) as process:
        yield process


async def test_kill_minus_nine_loses_nothing_that_was_acknowledged(killable: HubProcess) -> None:
    """In the middle of 2,000 concurrent posts, three times over."""
    seen: list[int] = []
    acknowledged: dict[int, str] = {}
    live = asyncio.Event()
    listener = asyncio.create_task(listen(killable.url, seen, POSTS * ROUNDS, live))
    await live.wait()

    for round_ in range(ROUNDS):
        poster = Poster(killable.port, round_ * POSTS)
        posting = asyncio.create_task(poster.run())
        await poster.half.wait()
        killable.kill()
        await asyncio.to_thread(killable.start)
        await posting
        acknowledged |= poster.acknowledged

    events = await history(killable.url)
    ids = [event["id"] for event in events]
    entities = [json.dumps(event["data"]) for event in events]
    assert [event["offset"] for event in events] == list(range(1, len(events) + 1))
    assert len(set(ids)) == len(ids)
    assert set(acknowledged.values()) <= set(ids)
    # Every try of a post carried its key, so not even an unanswered one came twice.
    assert len(set(entities)) == len(entities) == POSTS * ROUNDS
    await asyncio.wait_for(listener, 60)
    assert seen == list(range(1, POSTS * ROUNDS + 1))

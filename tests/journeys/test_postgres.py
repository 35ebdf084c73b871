"""Nodes on PostgreSQL, whose server restarts and whose connections are cut."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import httpx
import pytest

from support.postgres_server import PostgresServer, postgres_server
from support.posting import Wire
from support.redis_server import RedisServer
from support.running import CONTRACT, RunningHub, running_hub

POSTS = 400
AT_ONCE = 8
CUT = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'hub'"


@pytest.fixture
def postgres() -> Iterator[PostgresServer]:
    """A PostgreSQL that a test may stop."""
    with postgres_server() as server:
        yield server


class Poster:
    """Posts numbered updates, each until it is acknowledged, with one key over all tries."""

    def __init__(self, hubs: list[RunningHub]) -> None:
        self.ids: dict[int, str] = {}
        self.half = asyncio.Event()
        self._hubs = hubs
        self._numbers = iter(range(POSTS))

    async def run(self) -> None:
        """Post all of them, to all nodes at the same time."""
        await asyncio.gather(*(self._some(n) for n in range(AT_ONCE)))

    async def _some(self, mine: int) -> None:
        hub = self._hubs[mine % len(self._hubs)]
        wire = Wire(int(hub.url.rpartition(":")[2]))
        for number in self._numbers:
            body = {**CONTRACT, "contract_id": f"c-{number % 7}", "status": "active"}
            answer = await wire.post("/update", body, f"key-{number}")
            while answer.status != 200:
                assert answer.status == 503, answer
                answer = await wire.post("/update", body, f"key-{number}")
            self.ids[number] = answer.body["id"]
            if len(self.ids) >= POSTS // 2:
                self.half.set()
        wire.close()


async def history(hub: RunningHub) -> list[dict[str, object]]:
    """Read the whole channel."""
    async with httpx.AsyncClient(base_url=hub.url) as http:
        page = (await http.get("/contracts/history?since=0&limit=1000")).json()
    assert page["complete"]
    events: list[dict[str, object]] = page["events"]
    return events


@pytest.mark.parametrize("trouble", ["connections cut", "server restarted", "none"])
async def test_nothing_acknowledged_is_lost_doubled_or_reordered(
    tmp_path: Path, postgres: PostgresServer, redis: RedisServer, trouble: str
) -> None:
    """Two nodes take updates of the same contracts while the server goes away under them."""
    where = {"database_url": postgres.database(), "redis_url": redis.url}
    where["artifacts_dir"] = str(tmp_path)
    async with running_hub(tmp_path, **where) as one, running_hub(tmp_path, **where) as two:
        poster = Poster([one, two])
        posting = asyncio.create_task(poster.run())
        await poster.half.wait()
        if trouble == "connections cut":
            await asyncio.to_thread(postgres.run, CUT)
        elif trouble == "server restarted":
            await asyncio.to_thread(postgres.stop)
            await asyncio.to_thread(postgres.start)
        await posting

        events = await history(two)
        assert [event["offset"] for event in events] == list(range(1, POSTS + 1))
        assert {event["id"] for event in events} == set(poster.ids.values())
        assert await history(one) == events


async def fail_over(database: str) -> None:
    """Make of the database what a standby holds that lacks the last event."""
    connection = await asyncpg.connect(database)
    await connection.execute("DELETE FROM events WHERE channel = 'contracts' AND \"offset\" = 2")
    await connection.execute("UPDATE channels SET head = 1 WHERE name = 'contracts'")
    await connection.close()


async def test_a_node_whose_log_went_back_is_not_ready_until_it_is_restarted(
    tmp_path: Path, postgres: PostgresServer
) -> None:
    """An acknowledged event is gone, and its offset is given again: a balancer must know."""
    where = {"database_url": postgres.database(), "artifacts_dir": str(tmp_path)}
    async with running_hub(tmp_path, **where) as hub, httpx.AsyncClient(base_url=hub.url) as http:
        for _ in range(2):
            await http.post("/update", json=CONTRACT)
        before = await http.get("/ready")
        await fail_over(where["database_url"])
        async with asyncio.timeout(15):
            while (await http.get("/ready")).status_code == 200:  # noqa: ASYNC110 the node looks
                await asyncio.sleep(0.05)
        again = await http.post("/update", json=CONTRACT)
        after = await http.get("/ready?degraded=ok")
        alive = await http.get("/health")
    async with running_hub(tmp_path, **where) as hub, httpx.AsyncClient(base_url=hub.url) as http:
        restarted = await http.get("/ready")

    assert (before.status_code, again.json()["offset"]) == (200, 2)
    assert (after.status_code, after.json()["code"]) == (503, "log_went_back")
    assert "run `hub log new-epoch`" in after.json()["detail"]
    assert (alive.status_code, restarted.status_code) == (200, 200)


async def test_a_hub_whose_database_is_away_says_so(
    tmp_path: Path, postgres: PostgresServer
) -> None:
    """Not ready, updates are refused and may be sent again; it comes back by itself."""
    where = {"database_url": postgres.database(), "artifacts_dir": str(tmp_path)}
    async with (
        running_hub(tmp_path, **where) as hub,
        httpx.AsyncClient(base_url=hub.url, timeout=30) as http,
    ):
        postgres.stop()
        refused = await http.post("/update", json=CONTRACT)
        ready = await http.get("/ready")
        postgres.start()
        taken = await http.post("/update", json=CONTRACT)

        assert (refused.status_code, refused.json()["code"]) == (503, "log_unavailable")
        assert (ready.status_code, ready.json()["code"]) == (503, "log_unavailable")
        assert (taken.status_code, taken.json()["offset"]) == (200, 1)

"""Webhooks on PostgreSQL: who waits for whom, seen from a transaction that a test holds open."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import asyncpg
import pytest

from hub.stores.postgres.database import Connection, Database
from hub.stores.postgres.log import PostgresLog
from hub.stores.webhooks import Webhooks
from support.clocks import FakeClock
from support.postgres_server import postgres_server
from support.webhook_scene import a_new, an_endpoint, claim, dispatch, pause, states

WAITING = (
    "SELECT count(*) FROM pg_stat_activity "
    "WHERE wait_event_type = 'Lock' AND datname = current_database()"
)
LOCK = "SELECT 1 FROM webhook_health WHERE endpoint_id = 'ep_1' FOR UPDATE"


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """An empty database."""
    with postgres_server() as server:
        yield server.database()


@pytest.fixture
async def hooks(url: str) -> AsyncIterator[Webhooks]:
    """Webhooks with an endpoint and nothing else."""
    log = PostgresLog(Database(url), FakeClock())
    await log.open()
    await log.webhooks.remove_endpoint("ep_1")
    await log.webhooks.forget_deliveries(FakeClock().now_us() * 2, 1_000)
    await log.webhooks.add_endpoint(an_endpoint())
    yield log.webhooks
    await log.close()


@pytest.fixture
async def beside(url: str) -> AsyncIterator[Connection]:
    """One more connection, as another node has it."""
    connection = await asyncpg.connect(url)
    yield connection
    await connection.close()


async def waits(beside: Connection, task: "asyncio.Task[object]") -> bool:
    """Return whether the task came to wait for a lock; False: it is done without."""
    while not task.done():
        if await beside.fetchval(WAITING):
            return True
    return False


async def test_who_makes_one_of_a_lane_waits_for_who_ends_its_head(
    hooks: Webhooks, beside: Connection
) -> None:
    """Else it would be queued behind what has just ended, for ever."""
    await dispatch(hooks, a_new(lane="k"))
    await claim(hooks)

    async with beside.transaction():
        await beside.execute(LOCK)
        making = asyncio.create_task(dispatch(hooks, a_new(event="e2", lane="k")))
        waited = await waits(beside, making)
        await beside.execute("UPDATE webhook_deliveries SET state = 'dead', ended_at_us = 1")
    await making

    assert waited
    assert await states(hooks, "dl_ep_1_e2") == ["pending"]


async def test_who_makes_none_of_a_lane_waits_for_nobody(
    hooks: Webhooks, beside: Connection
) -> None:
    """Attempts of an endpoint do not hold the dispatcher up."""
    async with beside.transaction():
        await beside.execute(LOCK)
        making = asyncio.create_task(dispatch(hooks, a_new()))
        assert not await waits(beside, making)


async def test_a_step_waits_for_a_change_of_an_endpoint(
    hooks: Webhooks, beside: Connection
) -> None:
    """And is then not taken, for it was chosen without it."""
    async with beside.transaction():
        await beside.execute("UPDATE webhook_state SET revision = revision + 1")
        making = asyncio.create_task(dispatch(hooks, a_new()))
        waited = await waits(beside, making)

    assert waited
    assert not await making


async def test_a_change_of_an_endpoint_waits_for_a_step(
    hooks: Webhooks, beside: Connection
) -> None:
    """What was made by the registry before is there when it looks for what is to be held."""
    async with beside.transaction():
        await beside.execute("SELECT 1 FROM webhook_state FOR SHARE")
        pausing = asyncio.create_task(pause(hooks))
        waited = await waits(beside, pausing)
        await beside.execute(
            "INSERT INTO webhook_deliveries (id, endpoint_id, event_id, state, created_at_us, "
            "due_us, round, attempts, token, worker, lease_until_us, reason, ended_at_us, "
            "requests) VALUES ('dl_1', 'ep_1', 'e1', 'pending', 0, 0, 1, 0, 0, '', 0, '', 0, 0)"
        )
    await pausing

    assert waited
    assert await hooks.counts() == {"ep_1": {"held": 1}}


async def test_workers_take_turns_at_an_endpoint(hooks: Webhooks, beside: Connection) -> None:
    """Its bounds are for all of them, so they are counted by one at a time."""
    await dispatch(hooks, a_new())

    async with beside.transaction():
        await beside.execute(LOCK)
        claiming = asyncio.create_task(claim(hooks))
        waited = await waits(beside, claiming)
        await beside.execute("UPDATE webhook_deliveries SET state = 'held'")

    assert waited
    assert await claiming == []


async def test_what_somebody_else_is_at_work_on_is_passed_over(
    hooks: Webhooks, beside: Connection
) -> None:
    """Who cancels one, or sends one again, does not hold up the others that are due."""
    await dispatch(hooks, a_new(), a_new(event="e2"))

    async with beside.transaction():
        await beside.execute("SELECT 1 FROM webhook_deliveries WHERE event_id = 'e1' FOR UPDATE")
        claiming = asyncio.create_task(claim(hooks))
        waited = await waits(beside, claiming)
        found = [] if waited else await claiming
    await claiming

    assert not waited
    assert [one.body.event_id for one in found] == ["e2"]


async def test_who_makes_one_of_an_old_event_waits_for_who_forgets_it(
    hooks: Webhooks, beside: Connection
) -> None:
    """Else its body went with the deliveries before it, and nobody could lease anything."""
    await dispatch(hooks, a_new())

    async with beside.transaction():
        await beside.execute("SELECT 1 FROM webhook_bodies WHERE event_id = 'e1' FOR UPDATE")
        await beside.execute("DELETE FROM webhook_deliveries WHERE event_id = 'e1'")
        making = asyncio.create_task(dispatch(hooks, a_new(id="dl_anew")))
        waited = await waits(beside, making)
        await beside.execute("DELETE FROM webhook_bodies WHERE event_id = 'e1'")
    await making

    assert waited
    assert [one.body.event_id for one in await claim(hooks)] == ["e1"]

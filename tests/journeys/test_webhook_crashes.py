"""A worker dies between every two steps of a delivery: nothing is lost, little is sent twice."""

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from hub.app import open_log
from hub.clock import SystemClock
from hub.settings import Settings
from hub.stores.webhooks import AttemptQuery, Webhooks
from hub.webhooks.endpoint_secrets import EndpointSecrets
from hub.webhooks.envelope import new_line, read_ring
from hub.webhooks.receipts import Chain, verify
from support.crashing_work import HELD_STEPS, STEPS
from support.posting import Wire
from support.receiver import OK, Came, Receiver, receiver
from support.redis_server import RedisServer
from support.running import CONTRACT, hub_process
from support.waiting import until
from support.webhook_scene import pause, resume
from support.webhooks import endpoint
from support.working import WorkProcess

EVENTS = 6
RING = new_line()
TESTS = Path(__file__).parents[1]


@contextlib.asynccontextmanager
async def opened(where: dict[str, str]) -> AsyncIterator[Webhooks]:
    """Open the same database from here."""
    settings = Settings(database_url=where["DATABASE_URL"], redis_url=where["REDIS_URL"])
    log = open_log(settings, SystemClock())
    await log.open()
    try:
        yield log.webhooks
    finally:
        await log.close()


async def post(port: int, count: int, name: str = "k") -> None:
    """Post updates of one contract, one after the other."""
    wire = Wire(port)
    for number in range(count):
        answer = await wire.post("/update", {**CONTRACT, "status": "active"}, f"{name}-{number}")
        assert answer.status == 200
    wire.close()


def settings_of(folder: Path, redis: RedisServer, database: str) -> dict[str, str]:
    """Return what all processes of this hub are told."""
    return {
        "DATABASE_URL": database,
        "REDIS_URL": redis.url,
        "HUB_ARTIFACTS_DIR": str(folder),
        "HUB_WEBHOOKS": "work",
        "HUB_WEBHOOK_SECRET_KEYS": RING,
        "WEBHOOK_ALLOW_NETWORKS": "127.0.0.0/8",
        "PYTHONPATH": str(TESTS),
    }


async def add(store: Webhooks, there: Receiver, *, ordered: bool = True) -> None:
    """Make an endpoint."""
    made = endpoint(url=there.url(), ordered=ordered, schedule=(0.05,) * 50)
    key = EndpointSecrets(read_ring(RING)).new_key(made.id, "v1", made.created_at_us).key
    await store.add_endpoint(msgspec.structs.replace(made, keys=(key,)))


@pytest.mark.parametrize("step", STEPS)
async def test_a_worker_that_dies_at_a_step_loses_nothing(
    tmp_path: Path, redis: RedisServer, database: str, step: str
) -> None:
    """Every event arrives, in order; one at most is sent again, under its id."""
    where = settings_of(tmp_path, redis, database)
    async with receiver() as there:
        with hub_process(tmp_path, **where) as hub:
            async with opened(where) as store:
                await add(store, there)
                await post(hub.port, EVENTS)
                fuse = {"CRASH_AT": step, "CRASH_AFTER": "0" if "made" in step else "2"}
                doomed = await asyncio.to_thread(
                    WorkProcess, tmp_path, {**where, **fuse}, module="support.crashing_work"
                )
                died = await asyncio.to_thread(doomed.died)
                before = len(there.came)
                survivor = await asyncio.to_thread(WorkProcess, tmp_path, where)
                await until(lambda: len(set(there.ids())) == EVENTS)
                code = await asyncio.to_thread(survivor.stop)
                attempts = await store.attempts(AttemptQuery(99, "ep_1"))

    offsets = [came.event["offset"] for came in there.came]
    assert (died, code) == (-signal.SIGKILL, 0), survivor.log()
    assert before < EVENTS
    assert offsets == sorted(offsets)
    assert len(offsets) - EVENTS <= 1
    assert {came.id: came.event["id"] for came in there.came} == {i: i for i in there.ids()}
    assert verify(reversed(attempts), Chain(0, b"")) is None
    assert len(attempts) == EVENTS


@pytest.mark.parametrize("step", HELD_STEPS)
async def test_a_worker_that_dies_while_held_ones_are_sent_keeps_their_order(
    tmp_path: Path, redis: RedisServer, database: str, step: str
) -> None:
    """Nothing is lost, and what comes meanwhile does not overtake."""
    where = settings_of(tmp_path, redis, database)
    async with receiver() as there:
        with hub_process(tmp_path, **where) as hub:
            async with opened(where) as store:
                await add(store, there)
                await pause(store)
                await post(hub.port, EVENTS)
                doomed = await asyncio.to_thread(
                    WorkProcess,
                    tmp_path,
                    {**where, "CRASH_AT": step, "CRASH_AFTER": "1"},
                    module="support.crashing_work",
                )
                while (await store.counts()).get("ep_1") != {"held": EVENTS}:  # noqa: ASYNC110 asked of a database
                    await asyncio.sleep(0.02)
                await resume(store)
                await post(hub.port, EVENTS, "after")
                died = await asyncio.to_thread(doomed.died)
                survivor = await asyncio.to_thread(WorkProcess, tmp_path, where)
                await until(lambda: len(set(there.ids())) == 2 * EVENTS)
                code = await asyncio.to_thread(survivor.stop)

    offsets = list(dict.fromkeys(came.event["offset"] for came in there.came))
    assert (died, code) == (-signal.SIGKILL, 0), survivor.log()
    assert offsets == sorted(offsets)


async def test_workers_share_what_is_due(tmp_path: Path, redis: RedisServer, database: str) -> None:
    """Two at the same time send each event once, and one that stops leaves nothing undone."""
    where = settings_of(tmp_path, redis, database)
    async with receiver() as there:
        with hub_process(tmp_path, **where) as hub:
            async with opened(where) as store:
                await add(store, there, ordered=False)
                first, second = await asyncio.gather(
                    *(asyncio.to_thread(WorkProcess, tmp_path, where) for _ in range(2))
                )
                await post(hub.port, 40)
                await there.has(10)
                stopped = await asyncio.to_thread(first.stop)
                await until(lambda: len(there.came) >= 40)
                code = await asyncio.to_thread(second.stop)
                attempts = await store.attempts(AttemptQuery(99, "ep_1"))

    assert (stopped, code) == (0, 0)
    assert len(there.came) == len(set(there.ids())) == len(attempts) == 40
    assert {one.worker for one in attempts} <= {first.name, second.name}


async def test_an_ordered_lane_never_goes_backwards(
    tmp_path: Path, redis: RedisServer, database: str
) -> None:
    """Whatever fails, and whichever worker dies: what was taken is never followed by older."""
    where = settings_of(tmp_path, redis, database)
    answers = [b"HTTP/1.1 500 No\r\ncontent-length: 0\r\n\r\n", OK, OK]
    taken: list[int] = []

    def moody(came: Came) -> bytes:
        answer = answers[len(there.came) % 3]
        if answer == OK:
            taken.append(came.event["offset"])
        return answer

    async with receiver() as there:
        there.answer = moody
        with hub_process(tmp_path, **where) as hub:
            async with opened(where) as store:
                await add(store, there)
                await post(hub.port, 30)
                for life in range(2):
                    fuse = {"CRASH_AT": "when one has been answered", "CRASH_AFTER": str(6 + life)}
                    doomed = await asyncio.to_thread(
                        WorkProcess, tmp_path, {**where, **fuse}, module="support.crashing_work"
                    )
                    await asyncio.to_thread(doomed.died)
                survivor = await asyncio.to_thread(WorkProcess, tmp_path, where)
                await until(lambda: len(set(taken)) == 30)
                await asyncio.to_thread(survivor.stop)

    assert taken == sorted(taken)
    assert len(taken) <= 30 + 2

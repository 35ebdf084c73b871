"""What is over is forgotten, and what webhooks still need is not."""

import pytest

from hub.model.channel import Definition
from hub.model.delivery import NewDelivery
from hub.model.unit import Head
from hub.stores.received import ReceivedRequest
from hub.stores.webhooks import Step
from hub.webhooks.behind import Behind
from hub.webhooks.pace import Pace
from hub.webhooks.upkeep import STEP, Upkeep
from support.clocks import START_US, FakeClock
from support.memory_webhooks import MemoryWebhooks
from support.webhook_scene import a_replay
from support.webhooks import body, endpoint

DAY_S = 86_400


@pytest.fixture
def clock() -> FakeClock:
    """A clock that stands."""
    return FakeClock()


@pytest.fixture
async def store(clock: FakeClock) -> MemoryWebhooks:
    """One endpoint."""
    made = MemoryWebhooks(clock)
    await made.add_endpoint(endpoint())
    return made


async def make(store: MemoryWebhooks, count: int, *, held: bool = False) -> None:
    """Make deliveries."""
    events = [f"e{len(store.rows) + n}" for n in range(count)]
    new = [NewDelivery(f"dl_{e}", "ep_1", e, None, START_US, held=held) for e in events]
    at = store.cursor.get("orders", 0)
    step = Step("orders", at, at + 1, store.known.revision, [body(e) for e in events], new)
    assert await store.dispatch(step)


def upkeep(store: MemoryWebhooks, clock: FakeClock) -> Upkeep:
    """Return one that keeps for two days."""
    return Upkeep(store, clock, pace=Pace(), keep_days=2)


async def test_replays_that_ended_are_forgotten_as_deliveries_are(
    store: MemoryWebhooks, clock: FakeClock
) -> None:
    """After as many days; however many there are."""
    for n in range(STEP + 1):
        await store.add_replay(a_replay(f"rp_{n}", state="done", ended_at_us=clock.now))
    await store.add_replay(a_replay("rp_runs"))
    clock.advance(2 * DAY_S)
    await upkeep(store, clock).round()
    before = len(store.jobs)
    clock.advance(1)

    await upkeep(store, clock).round()

    assert (before, set(store.jobs)) == (STEP + 2, {"rp_runs"})


async def test_what_ended_is_forgotten_after_some_days(
    store: MemoryWebhooks, clock: FakeClock
) -> None:
    """With its event, however much it is; what is open stays."""
    await make(store, STEP + 5)
    for row in list(store.rows.values()):
        await store.cancel(row.id, clock.now, "r")
    await make(store, 1)
    clock.advance(DAY_S)
    await upkeep(store, clock).round()
    before = len(store.rows)
    clock.advance(DAY_S + 1)

    await upkeep(store, clock).round()

    assert (before, len(store.rows), len(store.bodies)) == (STEP + 6, 1, 1)


async def test_what_is_held_for_too_long_is_given_up(
    store: MemoryWebhooks, clock: FakeClock
) -> None:
    """An endpoint that nobody comes back to must not fill the disk; what is young is held on."""
    await make(store, STEP + 5, held=True)
    clock.advance(2 * DAY_S + 1)
    await make(store, 3, held=True)

    await upkeep(store, clock).round()

    rows = list(store.rows.values())
    assert sum(row.state == "held" for row in rows) == 3
    assert {row.reason for row in rows if row.state == "cancelled"} == {"expired"}


async def test_what_the_receiver_took_is_forgotten_after_a_day(
    store: MemoryWebhooks, clock: FakeClock
) -> None:
    """It is for trials."""
    await store.keep(ReceivedRequest("rq_1", "c", clock.now, "{}", b"", ""), 9, 9)
    clock.advance(DAY_S + 1)

    await upkeep(store, clock).round()

    assert await store.received("c", 9) == []


@pytest.mark.parametrize(
    ("cursor", "needed"),
    [
        pytest.param(100, 101, id="nothing is behind"),
        pytest.param(60, 61, id="what is behind stays"),
        pytest.param(0, 51, id="no more than the cap"),
    ],
)
async def test_retention_leaves_what_the_dispatcher_needs(
    store: MemoryWebhooks, cursor: int, needed: int
) -> None:
    """What is behind a cursor is kept, up to a hard cap."""
    store.cursor = {"orders": cursor}
    behind = Behind(store, 50)

    found = await behind.needed({"orders": Head(offset=100)})

    assert found == {"orders": needed}
    assert behind.events == 100 - cursor


async def test_without_endpoints_retention_is_free(clock: FakeClock) -> None:
    """A hub without webhooks keeps nothing for them; a volatile channel keeps nothing at all."""
    store = MemoryWebhooks(clock)
    none = await Behind(store, 50).needed({"orders": Head(offset=100)})
    await store.add_endpoint(endpoint())
    volatile = {"v": Head(definition=Definition(durable=False))}

    assert (none, await Behind(store, 50).needed(volatile)) == ({}, {})

"""Deliveries are sent again, and events after all, as a job."""

import asyncio
from typing import Any

import pytest

from hub.model.channel import Definition
from hub.model.delivery import NewDelivery
from hub.model.replay import Replay
from hub.model.unit import Head
from hub.stores.webhooks import Step
from hub.webhooks.pace import Pace
from hub.webhooks.replaying import PAGE, Replaying
from support.clocks import START_US, FakeClock
from support.memory_webhooks import MemoryWebhooks
from support.principals import principal
from support.waiting import until
from support.webhook_log import HandLog
from support.webhooks import body, endpoint


class Past:
    """A log, and deliveries that were made of it."""

    def __init__(self) -> None:
        self.log = HandLog()
        self.clock = FakeClock()
        self.store = MemoryWebhooks(self.clock)
        self.woken = 0

    @property
    def replaying(self) -> Replaying:
        """One that does replays."""
        return Replaying(self.log, self.store, self.clock, pace=Pace(), made=self.note)

    def note(self) -> None:
        """Count calls."""
        self.woken += 1

    async def make(self, count: int, state: str = "dead", lane: str | None = None) -> None:
        """Make deliveries that came to this."""
        first = len(self.store.rows)
        events = [f"e{n:04}" for n in range(first, first + count)]
        new = [NewDelivery(f"dl_{e}", "ep_1", e, lane, self.clock.now) for e in events]
        at = self.store.cursor.get("orders", 0)
        revision = (await self.store.registry()).revision
        step = Step("orders", at, at + 1, revision, [body(e) for e in events], new)
        assert await self.store.dispatch(step)
        for one in new:
            row = self.store.rows[one.id]
            self.store.put(row._replace(state=state, attempts=9))  # type: ignore[arg-type]

    async def ask(self, **fields: Any) -> Replay:
        """Ask for a replay of all that was made until now."""
        known = {"endpoint_id": "ep_1", "owner": "ann", "until_us": self.clock.now}
        wanted = Replay(id="rp_1", created_at_us=self.clock.now, **{**known, **fields})
        await self.store.add_replay(wanted)
        return wanted

    def due(self) -> list[str]:
        """Return the events that are to be sent."""
        rows = sorted(self.store.rows.values(), key=lambda row: row.seq)
        return [row.event_id for row in rows if row.state in {"pending", "queued"}]

    @property
    def replay(self) -> Replay:
        """The replay, as it is."""
        return self.store.jobs["rp_1"]


@pytest.fixture
async def past() -> Past:
    """One endpoint, and nothing that happened."""
    there = Past()
    await there.store.add_endpoint(endpoint())
    return there


async def work(past: Past) -> int:
    """Go round until nothing is left; return how often."""
    rounds = 1
    while await past.replaying.round():
        rounds += 1
    return rounds


async def test_what_may_not_be_read_any_more_is_not_sent_again(past: Past) -> None:
    """A body is kept for weeks: readers that a channel got since hold for what was made before."""
    await past.store.add_endpoint(endpoint("ep_1", reader=principal("ann", "viewer")))
    past.log.heads["orders"] = Head(definition=Definition(readers=("operator",)))
    await past.make(3)
    await past.ask()

    await work(past)

    assert (past.due(), past.replay.seen, past.replay.again) == ([], 3, 0)


async def test_what_is_dead_is_sent_again(past: Past) -> None:
    """A new round of each, page by page, with progress."""
    await past.make(250)
    await past.ask()

    rounds = await work(past)

    assert rounds == 3
    assert len(past.due()) == 250
    assert (past.replay.state, past.replay.seen, past.replay.again) == ("done", 250, 250)
    assert past.replay.ended_at_us == START_US
    assert past.woken == 3


@pytest.mark.parametrize(
    ("fields", "again"),
    [
        pytest.param({"states": ("held",)}, 0, id="another state"),
        pytest.param({"event_types": ("job_*",)}, 0, id="other types"),
        pytest.param({"event_types": ("job_*", "order_*")}, 5, id="its type"),
        pytest.param({"since_us": START_US + 1}, 0, id="made since then"),
        pytest.param({"until_us": START_US - 1}, 0, id="made until then"),
        pytest.param({"until_us": START_US - 1, "to": 9}, 5, id="the clock was put back since"),
        pytest.param({"to": 3}, 3, id="made until that one"),
        pytest.param({"endpoint_id": "ep_2"}, 0, id="another endpoint"),
    ],
)
async def test_a_replay_is_narrowed(past: Past, fields: dict[str, Any], again: int) -> None:
    """By state, type, time and endpoint."""
    await past.store.add_endpoint(endpoint("ep_2"))
    await past.make(5)
    await past.ask(**fields)

    await work(past)

    assert (len(past.due()), past.replay.again, past.replay.state) == (again, again, "done")


async def test_what_is_ordered_is_sent_again_in_order(past: Past) -> None:
    """The oldest is pending, the others wait behind it."""
    await past.make(2 * PAGE + 5, lane="a")
    await past.ask()

    await work(past)

    states = [row.state for row in sorted(past.store.rows.values(), key=lambda row: row.seq)]
    assert states == ["pending"] + ["queued"] * (2 * PAGE + 4)


async def test_what_is_made_meanwhile_is_not_its_own(past: Past) -> None:
    """It ends where it was asked for, however much comes after."""
    await past.make(3)
    await past.ask()
    past.clock.advance(1)
    await past.make(3)

    await work(past)

    assert len(past.due()) == 3


async def test_events_are_sent_after_all(past: Past) -> None:
    """Also those that came before the endpoint; those that it has are sent again."""
    past.log.append(PAGE + 20)
    past.store.heads = {"orders": PAGE + 20}
    past.store.stored.clear()
    await past.store.add_endpoint(endpoint())
    past.clock.advance(60)
    await past.ask(channel="orders", after=10, cursor=10)

    await work(past)

    assert past.due() == [f"orders-{n}" for n in range(11, PAGE + 21)]
    assert (past.replay.state, past.replay.seen, past.replay.cursor) == ("done", 110, 120)


async def test_events_are_sent_to_who_may_see_them(past: Past) -> None:
    """A replay is no way around rights, types or fields."""
    await past.store.add_endpoint(
        endpoint("ep_1", reader=principal("ann", "user"), event_types=("job_*",), where='{"n":1}')
    )
    past.log.append(1, channel="jobs", type="job_done", owner="bob")
    past.log.append(1, channel="jobs", type="job_done", owner="ann")
    past.log.append(1, channel="jobs", type="job_done", data=b'{"n":2}')
    past.log.append(1, channel="jobs", type="other")
    past.clock.advance(60)
    await past.ask(channel="jobs", after=0)

    await work(past)

    assert past.due() == ["jobs-2"]


async def test_a_crash_between_two_pages_changes_nothing(past: Past) -> None:
    """Whoever goes on does the next page; of two who do the same one does it."""
    await past.make(250)
    await past.ask()
    await past.replaying.round()

    await asyncio.gather(past.replaying.round(), past.replaying.round())
    await work(past)

    assert len(past.due()) == 250
    assert (past.replay.seen, past.replay.again) == (250, 250)


async def test_a_cancelled_replay_goes_no_further(past: Past) -> None:
    """What it has made due stays due."""
    await past.make(250)
    await past.ask()
    await past.replaying.round()
    await past.store.cancel_replay("rp_1", START_US)

    await work(past)

    assert len(past.due()) == PAGE


async def test_a_replay_of_a_removed_endpoint_ends(past: Past) -> None:
    """Nobody is there to get it."""
    await past.make(5)
    await past.ask()
    await past.store.remove_endpoint("ep_1")

    await work(past)

    assert past.replay.state == "cancelled"


async def test_it_goes_on_when_the_store_is_back(past: Past) -> None:
    """A failure delays it; a new replay wakes it."""
    await past.make(5)
    replays, fails = past.store.replays, [ValueError("a fault")]

    async def failing(limit: int, *, running: bool = False) -> Any:
        if fails:
            raise fails.pop()
        return await replays(limit, running=running)

    past.store.replays = failing  # type: ignore[method-assign]
    replaying = past.replaying
    task = asyncio.create_task(replaying.run())
    await until(lambda: not fails)
    await past.ask()
    replaying.wake()
    await until(lambda: past.replay.state == "done")
    task.cancel()

    assert len(past.due()) == 5

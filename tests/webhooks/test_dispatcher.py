"""The dispatcher makes deliveries of the log's events."""

import asyncio
import contextlib
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from hub.errors import LogUnavailable
from hub.model.channel import Definition
from hub.model.unit import Head
from hub.stores.webhooks import Step
from hub.webhooks.dispatcher import Dispatcher
from hub.webhooks.pace import Pace
from support.clocks import FakeClock
from support.memory_webhooks import MemoryWebhooks
from support.principals import principal
from support.waiting import until
from support.webhook_log import HandLog
from support.webhooks import endpoint


class Desk:
    """A log, a store, and dispatchers on them."""

    def __init__(self) -> None:
        self.log = HandLog()
        self.clock = FakeClock()
        self.store = MemoryWebhooks(self.clock)
        self.made = 0

    def dispatcher(self, store: Any = None) -> Dispatcher:
        """Return one more."""
        return Dispatcher(
            self.log, store or self.store, self.clock, pace=Pace(), poll_s=0.01, made=self.note
        )

    def note(self) -> None:
        """Count calls."""
        self.made += 1

    async def add(self, id_: str = "ep_1", **fields: Any) -> None:
        """Make an endpoint, as the store does it: what is in the log came before it."""
        self.store.heads = {name: head.offset for name, head in self.log.heads.items()}
        await self.store.add_endpoint(endpoint(id_, **fields))

    def delivered(self, endpoint_id: str = "ep_1") -> list[str]:
        """Return the events of an endpoint's deliveries, in their order."""
        rows = sorted(self.store.rows.values(), key=lambda row: row.seq)
        return [row.event_id for row in rows if row.endpoint_id == endpoint_id]


@pytest.fixture
def desk() -> Desk:
    """An empty log and store."""
    return Desk()


async def test_a_new_endpoint_starts_at_the_head(desk: Desk) -> None:
    """What came before it does not go to it, and need not be read."""
    desk.log.append(500)
    await desk.add()
    new = desk.log.append(3)
    dispatcher = desk.dispatcher()

    await dispatcher.round()

    assert desk.delivered() == [each.id for each in new]
    assert desk.store.cursor == {"orders": 503}
    assert (dispatcher.deliveries, desk.made) == (3, 1)


class Steps(MemoryWebhooks):
    """A store that notes its steps, and is gone after some."""

    def __init__(self, clock: FakeClock) -> None:
        super().__init__(clock)
        self.sizes: list[int] = []
        self.left = 1_000

    async def dispatch(self, step: Step) -> bool:
        """Take a step, as long as it is there."""
        if len(self.sizes) >= self.left:
            raise LogUnavailable("gone")
        self.sizes.append(len(step.deliveries))
        return await super().dispatch(step)


@pytest.mark.parametrize("alive", [1, 2, 3], ids=lambda steps: f"dies after {steps} steps")
async def test_an_event_for_many_is_dispatched_in_steps(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, alive: int
) -> None:
    """None is longer than updates may wait, and whoever dies between two leaves nobody out."""
    monkeypatch.setattr("hub.webhooks.dispatcher.MAX_DELIVERIES", 3)
    store = desk.store = Steps(desk.clock)
    count = 7
    for n in range(count):
        await desk.add(f"ep_{n}")
    desk.log.append(1)
    store.left = alive
    with contextlib.suppress(LogUnavailable):
        await desk.dispatcher().round()
    first, store.left = list(store.sizes), 1_000
    before = store.cursor.get("orders", 0)

    await desk.dispatcher().round()

    assert max(store.sizes) <= 3
    assert (len(first), before) == (alive, int(alive == 3))
    assert store.cursor == {"orders": 1}
    assert sorted(row.endpoint_id for row in store.rows.values()) == sorted(
        f"ep_{n}" for n in range(count)
    )


async def test_each_endpoint_starts_where_it_was_made(desk: Desk) -> None:
    """A cursor that is behind brings to nobody what came before him."""
    await desk.add("ep_1")
    first = desk.log.append(2)
    await desk.add("ep_2")
    second = desk.log.append(2)

    await desk.dispatcher().round()

    assert desk.delivered("ep_1") == [each.id for each in (*first, *second)]
    assert desk.delivered("ep_2") == [each.id for each in second]


async def test_without_endpoints_nothing_is_read(desk: Desk) -> None:
    """A hub without webhooks pays nothing for them: news do not even wake it."""
    desk.log.append(10)
    dispatcher = desk.dispatcher()

    await dispatcher.round()
    dispatcher.wake()

    assert (desk.log.asked, desk.store.cursor, dispatcher._news.is_set()) == (0, {}, False)


async def test_a_channel_that_nobody_wants_is_jumped_over(desk: Desk) -> None:
    """Its cursor moves without a look at its events, so that retention need not wait."""
    await desk.add(channels=("orders",))
    desk.log.append(700, channel="contracts")

    await desk.dispatcher().round()

    assert desk.store.cursor == {"contracts": 700}
    assert desk.log.asked == 1


async def test_a_volatile_channel_has_no_cursor(desk: Desk) -> None:
    """Nothing of it is in the log."""
    await desk.add()
    desk.log.heads["cursors"] = Head(definition=Definition(durable=False))

    await desk.dispatcher().round()

    assert desk.store.cursor == {}


async def test_a_channel_for_some_is_for_some(desk: Desk) -> None:
    """The roles that may read a channel are those of its definition now."""
    await desk.add("ep_1", reader=principal("u", "user"))
    await desk.add("ep_2", reader=principal("o", "operator"))
    desk.log.append(1)
    desk.log.heads["orders"].definition = Definition(readers=("operator",))

    await desk.dispatcher().round()

    assert (desk.delivered("ep_1"), len(desk.delivered("ep_2"))) == ([], 1)


async def test_a_long_backlog_is_worked_off_in_steps(desk: Desk) -> None:
    """However far behind, a step is bounded and the cursor stands between two of them."""
    await desk.add("ep_1")
    await desk.add("ep_2")
    desk.log.append(1_234)
    steps: list[Step] = []
    take = desk.store.dispatch

    async def noted(step: Step) -> bool:
        steps.append(step)
        return await take(step)

    desk.store.dispatch = noted  # type: ignore[method-assign]
    await desk.dispatcher().round()

    assert len(desk.delivered("ep_1")) == len(desk.delivered("ep_2")) == 1_234
    assert max(len(step.deliveries) for step in steps) <= 500
    assert [step.after for step in steps[1:]] == [step.to for step in steps[:-1]]


async def test_what_retention_took_is_told(desk: Desk) -> None:
    """Events that were forgotten before they were looked at are counted; the rest goes on."""
    await desk.add()
    desk.log.append(10)
    desk.log.prune(below=5)
    dispatcher = desk.dispatcher()

    await dispatcher.round()

    assert len(desk.delivered()) == 6
    assert dispatcher.lag.dropped == 4


async def test_a_channel_that_was_forgotten_whole_is_told(desk: Desk) -> None:
    """Also where nothing is left of it."""
    await desk.add()
    desk.log.append(10)
    desk.log.prune(below=11)
    dispatcher = desk.dispatcher()

    await dispatcher.round()

    assert (desk.store.cursor["orders"], dispatcher.lag.dropped) == (10, 10)


async def test_an_endpoint_that_is_made_meanwhile_is_seen(desk: Desk) -> None:
    """A step that was decided without it is not taken; the next one is decided with it."""
    await desk.add("ep_1")
    dispatcher = desk.dispatcher()
    await dispatcher.round()
    await desk.add("ep_2")
    desk.log.append(1)

    await dispatcher.round()
    again = dispatcher._news.is_set()
    await dispatcher.round()

    assert again
    assert len(desk.delivered("ep_1")) == len(desk.delivered("ep_2")) == 1


async def test_who_is_slower_leaves_it_to_the_other(desk: Desk) -> None:
    """Two processes do not do everything twice: one of them only looks now and then."""
    await desk.add()
    first, second = desk.dispatcher(), desk.dispatcher()
    await first.round()
    desk.log.append(1)
    take = desk.store.dispatch

    async def beaten(step: Step) -> bool:
        desk.store.dispatch = take  # type: ignore[method-assign]
        await first.round()
        return await take(step)

    desk.store.dispatch = beaten  # type: ignore[method-assign]
    await second.round()

    assert len(desk.delivered()) == 1
    assert second._left_until_s > asyncio.get_running_loop().time()
    assert not second._news.is_set()


async def test_it_goes_on_when_the_store_is_back(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A store that fails for a while delays deliveries, and loses none."""
    monkeypatch.setattr("hub.webhooks.dispatcher.RETRY_S", 0.001)
    await desk.add()
    desk.log.append(5)
    fails = [LogUnavailable("a full disk"), ValueError("a fault"), LogUnavailable("again")]
    cursors = desk.store.cursors

    async def failing() -> Any:
        if fails:
            raise fails.pop()
        return await cursors()

    desk.store.cursors = failing  # type: ignore[method-assign]
    task = asyncio.create_task(desk.dispatcher().run())
    await until(lambda: len(desk.delivered()) >= 5)
    task.cancel()

    assert desk.delivered() == [f"orders-{n}" for n in range(1, 6)]


async def test_news_wake_it(desk: Desk) -> None:
    """It does not wait for its next look."""
    await desk.add()
    dispatcher = Dispatcher(
        desk.log, desk.store, desk.clock, pace=Pace(), poll_s=3600, made=desk.note
    )
    task = asyncio.create_task(dispatcher.run())
    await until(lambda: not dispatcher._matcher.is_idle)
    desk.log.append(1)
    dispatcher.wake()
    await until(lambda: desk.made > 0)
    task.cancel()

    assert desk.delivered() == ["orders-1"]


class Dying(BaseException):
    """The process is gone."""


@settings(max_examples=60)
@given(st.data())
async def test_neither_skips_nor_doubles(data: st.DataObject) -> None:
    """Of any number of processes that die at any await, each event makes one delivery."""
    desk = Desk()
    await desk.add("ep_1")
    await desk.add("ep_2", channels=("orders",))
    deaths = iter(data.draw(st.lists(st.integers(1, 6), max_size=12)))
    for _ in range(data.draw(st.integers(1, 8))):
        desk.log.append(data.draw(st.integers(0, 300)), channel="orders")
        desk.log.append(data.draw(st.integers(0, 3)), channel="jobs")
        rounds = [desk.dispatcher(_Mortal(desk, next(deaths, None))).round() for _ in range(3)]
        await asyncio.gather(*rounds, return_exceptions=True)
    await desk.dispatcher().round()

    heads = {name: head.offset for name, head in desk.log.heads.items() if head.offset}
    everything = [each.id for some in desk.log.kept.values() for each in some]
    assert Counter(desk.delivered("ep_1")) == Counter(everything)
    assert Counter(desk.delivered("ep_2")) == Counter(e.id for e in desk.log.kept["orders"])
    assert {name: at for name, at in desk.store.cursor.items() if at} == heads


class _Mortal:
    """The store as a process sees it that dies at one of its calls, before or after it."""

    def __init__(self, desk: Desk, after: int | None) -> None:
        self._store = desk.store
        self._left = after

    def __getattr__(self, name: str) -> Callable[..., Any]:
        real = getattr(self._store, name)

        async def call(*args: Any) -> Any:
            await asyncio.sleep(0)
            self._count()
            result = await real(*args)
            self._count()
            await asyncio.sleep(0)
            return result

        return call

    def _count(self) -> None:
        if self._left is not None:
            self._left -= 1
            if self._left < 0:
                raise Dying

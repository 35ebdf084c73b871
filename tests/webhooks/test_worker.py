"""The worker sends what is due."""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from hub.errors import LogUnavailable
from hub.model.delivery import NewDelivery
from hub.model.endpoint import Endpoint, Health
from hub.stores.webhooks import Claim, Leased, Step
from hub.webhooks.pace import Pace
from hub.webhooks.receipts import Chain, verify
from hub.webhooks.recording import Kept
from hub.webhooks.sender import Answer, Request, Unsendable
from hub.webhooks.worker import POLL_S, Way, Worker
from support.clocks import START_US, FakeClock
from support.memory_webhooks import MemoryWebhooks
from support.waiting import until
from support.webhooks import DAY_US, body, endpoint

OK = Answer(status=200, total_us=5_000)
DOWN = Answer(failure="connect", detail="connection refused", total_us=1_000)


class Receivers:
    """A sender to receivers that do as they are told.

    Attributes:
        answers: What each address answers, one after the other, and then 200.
        sent: Bodies by address.
        open: While it is not set, nobody answers.
    """

    def __init__(self, **answers: Sequence[Answer]) -> None:
        self.answers = {name: [*some] for name, some in answers.items()}
        self.sent: dict[str, list[str]] = {}
        self.open = asyncio.Event()
        self.open.set()

    async def send(self, request: Request) -> Answer:
        """Send one."""
        name = request.url.rpartition("/")[2]
        self.sent.setdefault(name, []).append(request.body.decode())
        await asyncio.sleep(0)
        await self.open.wait()
        answers = self.answers.get(name)
        return answers.pop(0) if answers else OK

    async def close(self) -> None:
        """Nothing is kept."""


def build(leased: Leased, _at_us: int) -> Request:
    """Return a request that says which event it is of."""
    return Request(leased.endpoint.url, (), leased.body.event_id.encode())


class Post:
    """A store, receivers, and workers between them."""

    def __init__(self, **answers: Sequence[Answer]) -> None:
        self.clock = FakeClock()
        self.store = MemoryWebhooks(self.clock)
        self.receivers = Receivers(**answers)
        self.kept: list[Kept] = []

    def worker(self, store: Any = None, *, name: str = "w", **way: Any) -> Worker:
        """Return one more."""
        fields = {"build": build, "concurrency": 8, "disable_us": 5 * DAY_US, **way}
        return Worker(
            store or self.store,
            Way(name, self.receivers, chance=lambda: 1.0, **fields),
            self.clock,
            Pace(),
            self.kept.append,
        )

    async def add(self, name: str = "ep_1", **fields: Any) -> Endpoint:
        """Make an endpoint; its address ends with its name."""
        return await self.store.add_endpoint(
            endpoint(name, url=f"https://example.com/{name}", **fields)
        )

    async def make(self, *events: str, to: str = "ep_1", lane: str | None = None) -> None:
        """Make deliveries."""
        new = [NewDelivery(f"dl_{to}_{one}", to, one, lane, self.clock.now) for one in events]
        revision = (await self.store.registry()).revision
        at = self.store.cursor.get("orders", 0)
        bodies = [body(one) for one in events]
        assert await self.store.dispatch(Step("orders", at, at + 1, revision, bodies, new))

    def states(self) -> Mapping[str, int]:
        """Return how many deliveries are in each state."""
        return Counter(row.state for row in self.store.rows.values())


async def work(worker: Worker) -> float:
    """Send what is due, and keep what comes of it; return when to look again."""
    wait_s = await worker._fill()
    while worker._tasks or worker._recording._waiting:
        await asyncio.gather(*worker._tasks.values())
        while worker._recording._waiting:
            await worker._recording.flush()
        wait_s = await worker._fill()
    return wait_s


async def test_what_is_due_is_sent_and_recorded() -> None:
    """Once each, with an attempt that tells what happened."""
    post = Post()
    await post.add(concurrency=2)
    await post.make("e1", "e2", "e3")
    worker = post.worker()

    await work(worker)

    assert post.receivers.sent == {"ep_1": ["e1", "e2", "e3"]}
    assert post.states() == {"delivered": 3}
    assert verify(post.store.tried, Chain(0, b"")) is None
    assert {one.url for one in post.store.tried} == {"https://example.com/ep_1"}
    assert (worker.tallies.attempts["ok"], worker.tallies.outcomes["delivered"]) == (3, 3)
    assert worker.tallies.seconds.total == pytest.approx(0.015)
    assert worker.sending == 0


async def test_a_failure_is_tried_again_by_the_schedule() -> None:
    """Not a moment sooner; and in the end it is dead, with a reason."""
    post = Post(ep_1=[DOWN] * 9)
    await post.add(schedule=(5.0, 300.0))
    await post.make("e1")
    worker, waits = post.worker(), []

    while post.states() != {"dead": 1}:
        waits.append(await work(worker))
        before = len(post.receivers.sent["ep_1"])
        due_us = await post.store.next_due_us()
        if due_us is not None:
            post.clock.now = due_us - 1
            assert len(post.receivers.sent["ep_1"]) == before
            post.clock.now = due_us

    assert post.clock.now == START_US + 305_000_000
    assert post.receivers.sent["ep_1"] == ["e1"] * 3
    assert waits == [POLL_S] * 3
    assert next(iter(post.store.rows.values())).reason == "exhausted"
    assert worker.tallies.outcomes == {"delivered": 0, "dead": 1, "retried": 2, "lost": 0}


async def test_it_sleeps_until_the_next_one_is_due() -> None:
    """And no longer than a look takes that nobody told of."""
    post = Post(ep_1=[DOWN])
    await post.add(schedule=(0.25,))
    await post.make("e1")

    assert await work(post.worker()) == 0.25


async def test_an_open_circuit_parks_what_is_due() -> None:
    """What waits spends no attempt; one probe goes through when its time has come."""
    post = Post(ep_1=[DOWN] * 6)
    await post.add(schedule=(3600.0,) * 9)
    await post.make(*(f"e{n}" for n in range(20)))
    worker = post.worker()

    await work(worker)
    parked = await work(worker)
    tried = len(post.store.tried)
    post.clock.advance(10)
    await work(worker)
    probed = len(post.store.tried)
    post.clock.advance(20)
    await work(worker)

    assert (tried, probed) == (5, 6)
    assert parked == POLL_S
    assert post.states() == {"pending": 6, "delivered": 14}


async def test_an_ordered_lane_has_one_under_way() -> None:
    """The next one goes when the one before it has ended, and in their order."""
    post = Post(ep_1=[DOWN, OK])
    await post.add(ordered=True, schedule=(5.0,))
    await post.make("e1", "e2", "e3", lane="a")
    await post.make("f1", "f2", lane="b")
    worker = post.worker()

    await work(worker)
    first = list(post.receivers.sent["ep_1"])
    post.clock.advance(5)
    await work(worker)

    assert first == ["e1", "f1", "f2"]
    assert post.receivers.sent["ep_1"] == ["e1", "f1", "f2", "e1", "e2", "e3"]


async def test_one_that_does_not_answer_keeps_nobody_waiting() -> None:
    """What hangs has a part of the worker, and the others have the rest."""
    post = Post()
    await post.add("ep_dead")
    await post.add("ep_live")
    await post.make(*(f"d{n}" for n in range(50)), to="ep_dead")
    await post.make(*(f"l{n}" for n in range(50)), to="ep_live")
    worker = post.worker()
    hang = asyncio.Event()
    send = post.receivers.send

    async def hanging(request: Request) -> Answer:
        if request.url.endswith("dead"):
            await hang.wait()
        return await send(request)

    post.receivers.send = hanging  # type: ignore[method-assign]
    task = asyncio.create_task(worker.run())
    await until(lambda: post.states()["delivered"] >= 50)
    hung = worker.sending
    task.cancel()

    assert hung == 1


async def test_a_store_that_fails_loses_no_attempt(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was sent is recorded when the store is back, and is not sent again."""
    monkeypatch.setattr("hub.webhooks.recording.RETRY_S", 0.001)
    monkeypatch.setattr("hub.webhooks.worker.RETRY_S", 0.001)
    post = Post()
    await post.add()
    await post.make("e1", "e2")
    fails: list[Exception] = [LogUnavailable("a full disk")] * 3
    for name in ("record", "claim", "next_due_us"):
        setattr(post.store, name, _failing(getattr(post.store, name), list(fails)))
    task = asyncio.create_task(post.worker().run())

    await until(lambda: post.states() == {"delivered": 2})
    task.cancel()

    assert post.receivers.sent == {"ep_1": ["e1", "e2"]}


def _failing(call: Callable[..., Any], fails: list[Exception]) -> Callable[..., Any]:
    async def failing(*args: Any) -> Any:
        if fails:
            raise fails.pop()
        return await call(*args)

    return failing


async def test_an_attempt_at_fault_fails_alone() -> None:
    """What cannot be kept is logged, and its neighbours are kept."""
    post = Post()
    await post.add()
    await post.make("e1", "e2")
    record = post.store.record

    async def picky(results: Sequence[Any]) -> Any:
        if any(one.attempt.event_id == "e1" for one in results):
            raise ValueError("a fault")
        return await record(results)

    post.store.record = picky  # type: ignore[method-assign]
    post.store.health["ep_1"] = Health(receipts=1)
    worker = post.worker()
    await work(worker)

    assert post.states() == {"sending": 1, "delivered": 1}
    assert worker.tallies.outcomes["lost"] == 1


@pytest.mark.parametrize(
    ("fault", "detail"),
    [
        pytest.param(Unsendable("no such key"), "no such key", id="said why"),
        pytest.param(KeyError("whsec_x"), "a fault of the hub: KeyError", id="a fault of ours"),
    ],
)
async def test_what_cannot_be_built_is_an_attempt_that_failed(
    fault: Exception, detail: str
) -> None:
    """A key that is missing here is a reason that somebody can read, without what is secret."""
    post = Post()
    await post.add()
    await post.make("e1")

    def broken(_leased: Leased, _at_us: int) -> Request:
        raise fault

    await work(post.worker(build=broken))

    assert [(one.failure, one.detail) for one in post.store.tried] == [("encryption", detail)]
    assert post.states() == {"pending": 1}


async def test_a_lease_that_was_lost_counts_no_more() -> None:
    """Of two workers with one delivery the second one's attempt is kept."""
    post = Post()
    await post.add()
    await post.make("e1")
    first, second = post.worker(name="w1"), post.worker(name="w2")
    post.receivers.open.clear()
    await first._fill()
    await asyncio.sleep(0)
    post.clock.advance(61)
    await second._fill()
    post.receivers.open.set()

    await work(first)
    await work(second)

    assert post.receivers.sent == {"ep_1": ["e1", "e1"]}
    assert [one.worker for one in post.store.tried] == ["w2"]
    assert first.tallies.outcomes["lost"] == 1
    assert first.sending == second.sending == 0


async def test_leases_are_renewed_while_something_is_under_way() -> None:
    """Who sends for longer than a lease lasts keeps it, and hears of it when it is lost."""
    post = Post()
    await post.add()
    await post.make("e1")
    worker, other = post.worker(name="w1"), post.worker(name="w2")
    post.receivers.open.clear()
    await worker._fill()
    await asyncio.sleep(0)
    for _ in range(8):
        post.clock.advance(15)
        await worker._leases.renew()
        await other._fill()
    kept = (worker.sending, other.sending)
    post.clock.advance(61)
    await other._fill()
    await worker._leases.renew()

    assert kept == (1, 0)
    assert (worker.sending, other.sending) == (0, 1)
    for task in (*worker._tasks.values(), *other._tasks.values()):
        task.cancel()


async def test_what_waited_too_long_is_not_begun() -> None:
    """Who begins at the end of his lease would still be sending when another one begins."""
    post = Post()
    await post.add()
    await post.make("e1")
    worker = post.worker()
    await worker._fill()
    post.clock.advance(41)

    await asyncio.gather(*worker._tasks.values())

    assert post.receivers.sent == {}
    assert worker.sending == 0


async def test_a_worker_that_stops_finishes_what_is_under_way() -> None:
    """It leases nothing more, and nothing is sent twice."""
    post = Post()
    await post.add(concurrency=1)
    await post.make("e1", "e2")
    worker = post.worker()
    post.receivers.open.clear()
    task = asyncio.create_task(worker.run())
    await until(lambda: bool(post.receivers.sent))
    closing = asyncio.create_task(worker.close(60))
    await asyncio.sleep(0)
    post.receivers.open.set()
    await closing
    task.cancel()

    assert post.receivers.sent == {"ep_1": ["e1"]}
    assert post.states() == {"delivered": 1, "pending": 1}


async def test_what_is_leased_while_it_stops_is_finished_too() -> None:
    """It would be sent else, and its attempt kept by nobody: the receiver got it twice."""
    post = Post()
    await post.add()
    await post.make("e1")
    store = _Slow(post.store)
    worker = post.worker(store)
    task = asyncio.create_task(worker.run())
    await until(store.claiming.is_set)
    closing = asyncio.create_task(worker.close(60))
    await asyncio.sleep(0)
    store.go_on.set()
    await closing
    task.cancel()

    assert post.receivers.sent == {"ep_1": ["e1"]}
    assert post.states() == {"delivered": 1}


async def test_what_is_not_done_in_time_is_given_back() -> None:
    """Another worker need not wait for the lease to end."""
    post = Post()
    await post.add()
    await post.make("e1")
    worker = post.worker()
    post.receivers.open.clear()
    task = asyncio.create_task(worker.run())
    await until(lambda: bool(post.receivers.sent))

    await worker.close(0)
    task.cancel()

    assert post.states() == {"pending": 1}
    assert post.store.tried == []


class _Slow:
    """A store that takes its time over a claim."""

    def __init__(self, store: MemoryWebhooks) -> None:
        self.claiming, self.go_on = asyncio.Event(), asyncio.Event()
        self._store = store

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def claim(self, claim: Claim) -> Sequence[Leased]:
        """Lease, and say so when it is told to."""
        self.claiming.set()
        await self.go_on.wait()
        return await self._store.claim(claim)


class Dying(BaseException):
    """The process is gone."""


@settings(max_examples=60)
@given(st.data())
async def test_any_crash_loses_nothing(data: st.DataObject) -> None:
    """Each event is delivered; one that is sent again is so because a worker died.

    Two workers die at any call of the store, before or after it took place, in any order; in a lane
    nothing new is sent before what was before it.
    """
    post = Post(ep_1=data.draw(st.lists(st.sampled_from([OK, DOWN]), max_size=9)))
    await post.add(ordered=data.draw(st.booleans()), schedule=(1.0,) * 30)
    events = [f"e{n:02}" for n in range(data.draw(st.integers(1, 12)))]
    ordered = post.store.stored["ep_1"].ordered
    await post.make(*events, lane="a" if ordered else None)
    lives = data.draw(st.lists(st.integers(0, 8), max_size=5))
    for number, life in enumerate(lives):
        mortal = post.worker(_Mortal(post.store, life), name=f"w{number}", concurrency=4)
        try:
            await work(mortal)
        except Dying:
            for task in mortal._tasks.values():
                task.cancel()
        post.clock.advance(data.draw(st.integers(0, 90)))
    survivor = post.worker(name="last")
    while post.states() != {"delivered": len(events)}:
        await work(survivor)
        post.clock.advance(15)

    sent = post.receivers.sent["ep_1"]
    failed = sum(one.failure is not None for one in post.store.tried)
    assert set(sent) == set(events)
    assert len(sent) - len(events) - failed <= 4 * len(lives)
    if ordered:
        assert sent == sorted(sent)
        assert len(sent) - len(events) - failed <= len(lives)


class _Mortal:
    """The store as a process sees it that dies at one of its calls."""

    def __init__(self, store: MemoryWebhooks, calls: int) -> None:
        self._store = store
        self._left = calls

    def __getattr__(self, name: str) -> Callable[..., Any]:
        real = getattr(self._store, name)

        async def call(*args: Any) -> Any:
            self._count()
            result = await real(*args)
            self._count()
            return result

        return call

    def _count(self) -> None:
        self._left -= 1
        if self._left < 0:
            raise Dying


async def test_a_receiver_that_repeats_secrets_puts_none_on_record() -> None:
    """What it was sent is hidden in the answer that is kept, and the rest is not."""
    said = Answer(status=500, body=b"cannot POST /hook?key=secret", body_bytes=28)
    post = Post(**{"hook?key=secret": [said]})
    await post.add("hook?key=secret")
    await post.make("e1", to="hook?key=secret")

    await work(post.worker())

    assert [one.answer for one in post.store.tried] == [b"cannot POST /hook?***"]

"""Webhooks may wait, updates may not."""

import asyncio

import pytest

from hub.webhooks.pace import Pace


class Hands:
    """A clock that a test turns, and that turns when somebody sleeps."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.busy = True
        self.load = 1.0

    def cpu(self) -> float:
        """Return the processor time: others take this part of the time."""
        return self.now_s * self.load

    def now(self) -> float:
        """Return the time."""
        return self.now_s

    async def sleep(self, seconds: float) -> None:
        """Turn on."""
        self.now_s += seconds

    def pace(self) -> Pace:
        """Return a pace by this clock."""
        return Pace(lambda: self.busy, now_s=self.now, cpu_s=self.cpu, sleep=self.sleep)


@pytest.mark.parametrize(
    ("load", "share"),
    [
        pytest.param(1.0, 0.08, id="updates keep the process busy"),
        pytest.param(0.7, 0.08, id="they leave what is kept for more of them"),
        pytest.param(0.4, 0.3, id="they leave some"),
        pytest.param(0.05, 0.5, id="they leave nearly all"),
    ],
)
async def test_work_gets_its_share_and_no_more(load: float, share: float) -> None:
    """While updates are taken, work has a part of the time that they leave."""
    hands = Hands()
    hands.load = load
    pace, worked = hands.pace(), 0.0

    while hands.now_s < 60:
        await pace.turn()
        hands.now_s += 0.005
        worked += 0.005
        pace.spend(0.005)

    assert worked / hands.now_s == pytest.approx(share, abs=0.01)


async def test_at_rest_there_is_no_limit() -> None:
    """Where no updates come, nothing waits, and nothing is held against later work."""
    hands = Hands()
    hands.busy = False
    pace = hands.pace()

    for _ in range(100):
        await pace.turn()
        pace.spend(1.0)
    await pace.turn()
    hands.busy = True
    await pace.turn()

    assert hands.now_s == 0


async def test_a_rest_is_seen_while_waiting() -> None:
    """Who waits goes on as soon as the updates have ended."""
    hands = Hands()
    pace = hands.pace()
    pace.spend(1_000.0)

    async def rest(seconds: float) -> None:
        hands.now_s += seconds
        hands.busy = hands.now_s < 0.2

    pace._sleep = rest
    await pace.turn()

    assert hands.now_s == pytest.approx(0.2, abs=0.06)


async def test_what_others_do_meanwhile_is_not_counted() -> None:
    """Of work that waits for a socket only its own steps are taken out."""
    spent: list[float] = []

    class Noting(Pace):
        def spend(self, seconds: float) -> None:
            spent.append(seconds)

    pace = Noting()

    async def work() -> str:
        for _ in range(3):
            await asyncio.sleep(0)
        return "done"

    assert await pace.metered(work()) == "done"
    assert len(spent) == 4


async def test_metered_work_fails_and_ends_like_any_other() -> None:
    """Failures come out of it, a cancellation goes into it, and it can wait for a time."""
    pace, ended = Pace(), []

    async def fail() -> None:
        await asyncio.sleep(0)
        raise ValueError("a fault")

    async def stay() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("ended")

    with pytest.raises(ValueError, match="a fault"):
        await pace.metered(fail())
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0):
            await pace.metered(stay())
    task = asyncio.create_task(pace.metered(stay()))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert ended == ["ended", "ended"]


async def test_what_the_disk_does_is_counted_whole() -> None:
    """A transaction of webhooks holds up those of updates for as long as it takes."""
    hands = Hands()
    pace = hands.pace()

    await pace.timed(hands.sleep(1.0))
    await pace.turn()

    assert hands.now_s == pytest.approx(1 / 0.08, abs=0.2)


async def test_an_outage_is_no_debt() -> None:
    """A database that hung for minutes does not have webhooks rest for an hour of updates."""
    hands = Hands()
    pace = hands.pace()
    for _ in range(5):
        pace.spend(60.0)

    await pace.turn()

    assert hands.now_s < 15

"""The drain: in batches, within the time, and nobody comes back with everybody."""

import json
from bisect import bisect_left
from random import Random

import pytest
from hypothesis import given, settings, strategies as st

from hub.errors import HubError
from hub.realtime.drain import (
    BATCH,
    PACED_SHARE,
    PAUSE_S,
    RETURNS_PER_S,
    SHORTEST_WAIT_S,
    SPREAD_S,
    Drain,
    schedule,
    spread_s,
)

CLIENTS = st.integers(0, 20_000)
SECONDS = st.floats(0, 120)


class Client:
    """One who is sent away; see `hub.realtime.drain.Leaving`."""

    def __init__(self) -> None:
        self.ended = False
        self.told: list[HubError] = []

    def end(self, failure: HubError) -> None:
        """Note it."""
        self.ended = True
        self.told.append(failure)


class House:
    """Clients, and a drain whose pauses are noted; `meanwhile` happens in each of them."""

    def __init__(self, clients: int) -> None:
        self.clients = [Client() for _ in range(clients)]
        self.pauses: list[float] = []
        self.left: list[int] = []
        self.drain = Drain(lambda: self.clients, Random(7), self.pause)  # noqa: S311 no secret

    async def pause(self, seconds: float) -> None:
        """Wait."""
        self.pauses.append(seconds)
        self.left.append(sum(not client.ended for client in self.clients))


@settings(derandomize=True, deadline=None)
@given(CLIENTS, SECONDS, st.randoms(use_true_random=False))
def test_everybody_leaves_once_and_in_time(clients: int, seconds: float, chance: Random) -> None:
    """Each client is in one batch, and the last batch leaves the other half of the time."""
    batches = schedule(clients, seconds, chance)

    assert sum(len(batch.retry_after_ms) for batch in batches) == clients
    assert all(batch.retry_after_ms for batch in batches)
    assert sum(batch.after_s for batch in batches) <= seconds * PACED_SHARE + 1e-9
    assert all(batch.after_s == (PAUSE_S if number else 0) for number, batch in enumerate(batches))


@settings(derandomize=True, deadline=None)
@given(CLIENTS, SECONDS, st.randoms(use_true_random=False))
def test_batches_are_even(clients: int, seconds: float, chance: Random) -> None:
    """None is larger than it must be, and they differ by one client at most."""
    sizes = [len(batch.retry_after_ms) for batch in schedule(clients, seconds, chance)]

    most = 1 + int(seconds * PACED_SHARE / PAUSE_S)
    assert max(sizes, default=0) <= max(BATCH, -(-clients // most))
    assert max(sizes, default=0) - min(sizes, default=0) <= 1


@settings(derandomize=True, deadline=None)
@given(CLIENTS, SECONDS, st.randoms(use_true_random=False))
def test_they_come_back_spread(clients: int, seconds: float, chance: Random) -> None:
    """Not before half a second, not after the spread, and in no second more than their share."""
    batches = schedule(clients, seconds, chance)
    shortest_ms = 1000 * SHORTEST_WAIT_S
    longest_ms = shortest_ms + 1000 * spread_s(clients)

    returns = sorted(
        PAUSE_S * number + wait / 1000
        for number, batch in enumerate(batches)
        for wait in batch.retry_after_ms
    )
    busiest = max(
        (bisect_left(returns, start + 1) - at for at, start in enumerate(returns)), default=0
    )

    assert all(shortest_ms <= wait <= longest_ms for b in batches for wait in b.retry_after_ms)
    # A client more at each end of the second, in each batch; two, where milliseconds are rounded.
    assert busiest <= clients / spread_s(clients) + 4 * len(batches)


@pytest.mark.parametrize(
    ("clients", "seconds", "batches", "longest_s"),
    [
        pytest.param(0, 10, 0, 1.0, id="nobody"),
        pytest.param(3, 10, 1, 1.0, id="a few dashboards"),
        pytest.param(200, 10, 4, 1.0, id="a hall"),
        pytest.param(5_000, 10, 51, 10.0, id="a storm"),
        pytest.param(50_000, 10, 51, 30.0, id="more than can be spread"),
        pytest.param(5_000, 0, 1, 10.0, id="no time at all"),
    ],
)
def test_more_clients_take_longer(
    clients: int, seconds: float, batches: int, longest_s: float
) -> None:
    """Few are sent away in a moment; thousands take half of the time and return over more."""
    plan = schedule(clients, seconds, Random(1))  # noqa: S311 no secret

    assert len(plan) == batches
    assert spread_s(clients) == longest_s
    assert SPREAD_S[0] <= longest_s <= SPREAD_S[1]
    assert clients / longest_s <= RETURNS_PER_S or longest_s == SPREAD_S[1]


async def test_clients_are_sent_away_batch_by_batch() -> None:
    """Each is told once, why and when to come back, and no two batches in one moment."""
    house = House(120)

    await house.drain.run(10)

    assert house.pauses == [PAUSE_S, PAUSE_S]
    assert house.left == [80, 40]
    told = [json.loads(failure.reason) for client in house.clients for failure in client.told]
    assert len(told) == 120
    assert {one["code"] for one in told} == {"draining"}
    assert len({one["retry_after_ms"] for one in told}) > 60


async def test_who_has_left_is_not_told() -> None:
    """A client may go by itself while it waits for its batch."""
    house = House(60)
    gone = house.clients[55]

    async def leave(_seconds: float) -> None:
        gone.ended = True

    house.drain._pause = leave

    await house.drain.run(10)

    assert gone.told == []
    assert all(len(client.told) == 1 for client in house.clients if client is not gone)


async def test_who_comes_in_late_is_sent_away_too() -> None:
    """An upgrade that was admitted before the drain may be welcomed within it."""
    house = House(60)

    async def come(_seconds: float) -> None:
        house.clients.append(Client())

    house.drain._pause = come

    await house.drain.run(10)

    assert len(house.clients) == 61
    assert house.clients[-1].told[0].retry_after_ms is not None


async def test_a_second_drain_sends_nobody_away_twice() -> None:
    """The server drains, then the node stops and finds its work done."""
    house = House(3)

    await house.drain.run(10)
    await house.drain.run(0)

    assert [len(client.told) for client in house.clients] == [1, 1, 1]


def test_who_is_refused_meanwhile_is_spread_as_well() -> None:
    """Those who come while the hub goes are told times of the same spread."""
    house = House(5_000)

    assert house.drain.begin() == house.drain.left() == 5_000
    waits = [house.drain.refusal().retry_after_ms or 0 for _ in range(200)]

    assert min(waits) >= 500
    assert 5_000 < max(waits) <= 10_500

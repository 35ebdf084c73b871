"""How many deliveries of each endpoint may go now."""

from typing import Any

import pytest
from hypothesis import given, strategies as st

from hub.model.endpoint import Health
from hub.stores.webhooks import Lane
from hub.webhooks.allotting import allot
from support.clocks import START_US
from support.webhooks import endpoint

SECOND = 1_000_000
LEASE_US = START_US + 60 * SECOND
KNOWN = Health(receipts=1)


def lane(id_: str = "ep_1", *, due: int = 100, sending: int = 0, **fields: Any) -> Lane:
    """Return an endpoint that has much to send, and has answered before."""
    health = fields.pop("health", KNOWN)
    return Lane(endpoint(id_, **fields), health, sending, due)


def takes(*lanes: Lane, limit: int = 64) -> list[int]:
    """Return how many of each may go."""
    taken = {one.endpoint_id: one.take for one in allot(lanes, limit, START_US, LEASE_US).grants}
    return [taken.get(each.endpoint.id, 0) for each in lanes]


@pytest.mark.parametrize(
    ("one", "take"),
    [
        pytest.param(lane(), 8, id="as many as it allows"),
        pytest.param(lane(concurrency=3), 3, id="its own number"),
        pytest.param(lane(sending=5), 3, id="some are under way"),
        pytest.param(lane(sending=9), 0, id="more are under way than it allows by now"),
        pytest.param(lane(due=2), 2, id="no more than are due"),
        pytest.param(lane(health=Health()), 1, id="one until it has answered"),
        pytest.param(lane(health=Health(), sending=1), 0, id="until it has answered"),
        pytest.param(lane(health=Health(receipts=9, failures=1)), 4, id="half after a failure"),
        pytest.param(lane(health=Health(receipts=9, failures=9)), 1, id="one after many"),
        pytest.param(
            lane(health=Health(receipts=9, slow_until_us=START_US + 1)), 1, id="it asked for fewer"
        ),
        pytest.param(
            lane(health=Health(receipts=9, opened_us=1, retry_us=START_US + 1)), 0, id="parked"
        ),
        pytest.param(
            lane(health=Health(receipts=9, opened_us=1, retry_us=START_US)), 1, id="a probe"
        ),
        pytest.param(
            lane(health=Health(opened_us=1, retry_us=1, probe_us=START_US + 1)),
            0,
            id="a probe is under way",
        ),
        pytest.param(lane(rate=1.0), 1, id="one a second"),
        pytest.param(lane(rate=50.0), 6, id="fifty a second, a tenth of it at once"),
        pytest.param(
            lane(rate=1.0, health=Health(receipts=1, next_us=START_US + 1)), 0, id="not yet"
        ),
        pytest.param(
            lane(rate=1.0, health=Health(receipts=1, next_us=START_US + 61 * SECOND)),
            0,
            id="the clock of another worker goes before",
        ),
        pytest.param(
            lane(rate=1.0, health=Health(receipts=1, next_us=START_US + 3600 * SECOND)),
            1,
            id="the clock was put back, or the rate was lower",
        ),
    ],
)
def test_how_many_may_go(one: Lane, take: int) -> None:
    """Each rule of an endpoint bounds it, whatever the others allow."""
    assert takes(one) == [take]


def test_everybody_gets_a_part() -> None:
    """A backlog of one does not keep the others waiting."""
    assert takes(lane("a"), lane("b"), lane("c", due=1), limit=6) == [3, 2, 1]
    assert takes(lane("a"), lane("b"), lane("c"), limit=2) == [1, 1, 0]


@given(
    st.lists(st.tuples(st.integers(0, 12), st.integers(0, 9), st.integers(1, 9)), max_size=8),
    st.integers(0, 40),
)
def test_no_room_is_left_while_something_waits(
    wishes: list[tuple[int, int, int]], limit: int
) -> None:
    """Never more than the limit or than an endpoint allows, and never less than both allow."""
    lanes = [
        lane(str(n), due=due, sending=sending, concurrency=most)
        for n, (due, sending, most) in enumerate(wishes)
    ]
    room = [min(due, max(0, most - sending)) for due, sending, most in wishes]

    taken = takes(*lanes, limit=limit)

    assert all(count <= free for count, free in zip(taken, room, strict=True))
    assert sum(taken) == min(limit, sum(room))


def test_a_probe_is_noted() -> None:
    """Other workers see that one is under way, for as long as its lease."""
    (grant,) = allot([lane(health=Health(opened_us=1, retry_us=1))], 64, START_US, LEASE_US).grants

    assert grant.health.probe_us == LEASE_US


def test_a_rate_holds_over_time() -> None:
    """Whoever looks as often as he likes gets no more than the rate, and a burst."""
    health, sent, now_us = KNOWN, 0, START_US
    for _ in range(2_000):
        for grant in allot([lane(rate=20.0, health=health)], 64, now_us, LEASE_US).grants:
            sent, health = sent + grant.take, grant.health
        now_us += 5_000

    assert 200 <= sent <= 203


@pytest.mark.parametrize(
    ("one", "wake_us"),
    [
        pytest.param(
            lane(health=Health(opened_us=1, retry_us=START_US + 7)), START_US + 7, id="the probe"
        ),
        pytest.param(
            lane(rate=1.0, health=Health(receipts=1, next_us=START_US + 9)),
            START_US + 9,
            id="its rate",
        ),
        pytest.param(lane(sending=8), None, id="when one ends"),
        pytest.param(lane(), None, id="it goes now"),
    ],
)
def test_what_may_not_go_says_when(one: Lane, wake_us: int | None) -> None:
    """A worker sleeps until then instead of asking again and again."""
    assert allot([one], 64, START_US, LEASE_US).wake_us == wake_us

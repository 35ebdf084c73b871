"""Idle connections: kept for a while, for the same place, and not too many."""

from collections.abc import AsyncIterator

import pytest

from hub.webhooks.addresses import Reach
from hub.webhooks.idle import AGE_S, IDLE_S, MAX_ALL, MAX_PLACE, Idle
from hub.webhooks.targets import Target, parse
from hub.webhooks.wire import Wire


class Hand:
    """A monotonic clock, turned by hand."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        """Return the time that was set."""
        return self.now_s


@pytest.fixture
def hand() -> Hand:
    """A clock."""
    return Hand()


@pytest.fixture
async def idle(hand: Hand) -> AsyncIterator[Idle]:
    """No connections yet."""
    idle = Idle(hand)
    yield idle
    idle.close()


def target(url: str) -> Target:
    """Return a target."""
    return parse(url, Reach())


def wire(hand: Hand) -> Wire:
    """Return a connection that begins now."""
    made = Wire()
    made.since_s = hand.now_s
    return made


A, B = target("https://a.example/x"), target("https://b.example/x")


async def test_the_one_used_last_is_taken_first(idle: Idle, hand: Hand) -> None:
    """The others grow old and can go."""
    first, second = wire(hand), wire(hand)
    idle.keep(A, first)
    idle.keep(A, second)

    assert [idle.take(A), idle.take(A), idle.take(A)] == [second, first, None]


@pytest.mark.parametrize(
    "url",
    [
        "https://b.example/x",
        "http://a.example/x",
        "https://a.example:8443/x",
        "https://a.example/webhook/c-1",
    ],
)
async def test_it_is_for_one_place(idle: Idle, hand: Hand, url: str) -> None:
    """Scheme, host, port; and the hub's receiver is a place of its own."""
    idle.keep(A, wire(hand))

    assert idle.take(target(url)) is None
    assert idle.take(target("https://a.example/another?path")) is not None


async def test_what_is_old_or_lost_is_not_taken(idle: Idle, hand: Hand) -> None:
    """Idle for 20 s, open for five minutes, or closed by the receiver."""
    long_idle, long_open, lost = wire(hand), wire(hand), wire(hand)
    idle.keep(A, long_idle)
    hand.now_s += IDLE_S + 1
    long_open.since_s = hand.now_s - AGE_S - 1
    idle.keep(A, long_open)
    idle.keep(A, lost)
    lost.lost = True

    assert idle.take(A) is None
    assert long_idle.lost
    assert long_open.lost


async def test_the_sweep_lets_go_of_what_nobody_asks_for(idle: Idle, hand: Hand) -> None:
    """Old ones of every place; young ones stay."""
    old, young = wire(hand), wire(hand)
    idle.keep(A, old)
    hand.now_s += IDLE_S + 1
    idle.keep(B, young)

    idle.sweep()

    assert (old.lost, young.lost) == (True, False)
    assert idle.take(B) is young


async def test_so_many_are_kept_at_most(idle: Idle, hand: Hand) -> None:
    """Of one place, and of all."""
    many = [wire(hand) for _ in range(MAX_PLACE + 1)]
    for one in many:
        idle.keep(A, one)
    last = [wire(hand) for _ in range(MAX_ALL)]
    for number, one in enumerate(last):
        idle.keep(target(f"https://c{number}.example/"), one)

    assert [one.lost for one in many] == [False] * MAX_PLACE + [True]
    assert sum(one.lost for one in last) == MAX_PLACE

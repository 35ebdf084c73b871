"""Heartbeats: each client in its time, the node never all at once."""

from collections import Counter

import pytest
from hypothesis import given, settings, strategies as st

from hub.realtime.heartbeat import STEPS, Beat, Heartbeats
from support.clocks import FakeTimers

EVERY_S, PONG_S = 25.0, 10.0
STEP_S = EVERY_S / STEPS
BOUNDED = settings(derandomize=True, max_examples=100, deadline=None)


class Listener:
    """A client that notes when it hears; see `hub.realtime.heartbeat.Client`."""

    def __init__(self, heart: Heartbeats, timers: FakeTimers, *, answers: bool = True) -> None:
        self.awaited = 0
        self.beat: Beat | None = None
        self.heard: list[float] = []
        self.missed: list[float] = []
        self.answers = answers
        self.fault: Exception | None = None
        self.takes_along: list[Listener] = []
        self._heart = heart
        self._timers = timers
        self.joined = timers.now_s
        heart.join(self)

    def say_heartbeat(self) -> None:
        """Hear."""
        self.heard.append(self._timers.now_s)
        for other in self.takes_along:
            self._heart.leave(other)
        if self.fault is not None:
            self._heart.leave(self)
            raise self.fault
        if self.answers:
            self.awaited = 0

    def miss_pong(self) -> None:
        """Be sent away."""
        self.missed.append(self._timers.now_s)
        self._heart.leave(self)


@pytest.fixture
def timers() -> FakeTimers:
    """Time that stands still."""
    return FakeTimers()


@pytest.fixture
def heart(timers: FakeTimers) -> Heartbeats:
    """A node without clients."""
    return Heartbeats(timers, EVERY_S, PONG_S)


def test_a_client_hears_every_interval(timers: FakeTimers, heart: Heartbeats) -> None:
    """To the instant, when it is alone."""
    timers.advance(3)
    client = Listener(heart, timers)

    timers.advance(3 * EVERY_S)

    assert client.heard == [28.0, 53.0, 78.0]


def test_one_timer_serves_all(timers: FakeTimers, heart: Heartbeats) -> None:
    """A thousand clients that wait for their heartbeat are one timer of the loop; none is none."""
    clients = [Listener(heart, timers) for _ in range(1_000)]
    assert (timers.pending, len(heart)) == (1, 1_000)

    timers.advance(EVERY_S)
    for client in clients:
        heart.leave(client)
        heart.leave(client)

    assert (timers.pending, len(heart), heart._waits) == (0, 0, {})


def test_a_storm_is_spread_and_stays_so(timers: FakeTimers, heart: Heartbeats) -> None:
    """10,000 that come in one second never hear in one tick; no one waits longer than 25 s."""
    clients = []
    for _ in range(10_000):
        clients.append(Listener(heart, timers))
        timers.advance(0.0001)

    timers.advance(4 * EVERY_S)

    crowds = Counter(at for client in clients for at in client.heard)
    assert max(crowds.values()) <= 48
    waits = [client.heard[0] - client.joined for client in clients]
    assert min(waits) >= EVERY_S / 2 - 2 * STEP_S
    assert max(waits) <= EVERY_S
    gaps = {round(b - a, 6) for c in clients for a, b in zip(c.heard, c.heard[1:], strict=False)}
    assert all(EVERY_S - STEP_S <= gap <= EVERY_S for gap in gaps)


def test_those_that_come_one_by_one_share_beats(timers: FakeTimers, heart: Heartbeats) -> None:
    """Many that came slowly, each at an instant of its own, do not wake the hub for each."""
    clients = []
    for _ in range(5_000):
        clients.append(Listener(heart, timers))
        timers.advance(0.0313)

    woken = {at for client in clients for at in client.heard[-1:]}

    assert len(woken) <= STEPS


def test_a_client_that_does_not_answer_is_told_once(timers: FakeTimers, heart: Heartbeats) -> None:
    """10 s after the ping, not before; those who answer stay."""
    silent = Listener(heart, timers, answers=False)
    polite = Listener(heart, timers)

    timers.advance(EVERY_S + PONG_S - 0.001)
    assert silent.missed == []
    timers.advance(2 * EVERY_S)

    assert silent.missed == [EVERY_S + PONG_S]
    assert polite.missed == []
    assert len(polite.heard) == 3


def test_an_answer_in_time_is_enough(timers: FakeTimers, heart: Heartbeats) -> None:
    """Whenever within the 10 s; the next ping counts anew."""
    client = Listener(heart, timers, answers=False)

    timers.advance(EVERY_S + PONG_S - 0.001)
    client.awaited = 0
    timers.advance(EVERY_S)
    assert client.missed == []
    timers.advance(1)

    assert client.missed == [2 * EVERY_S + PONG_S]


def test_patience_longer_than_the_interval_counts_from_the_first_ping(timers: FakeTimers) -> None:
    """Pings that follow do not begin it again."""
    client = Listener(Heartbeats(timers, 1.0, 2.5), timers, answers=False)

    timers.advance(10)

    assert client.missed == [3.5]


def test_a_fault_of_one_is_not_the_others(timers: FakeTimers, heart: Heartbeats) -> None:
    """All of a beat hear theirs; the fault is raised to the loop, which logs it."""
    broken, other = Listener(heart, timers), Listener(heart, timers)
    broken.fault = ZeroDivisionError()

    with pytest.raises(ZeroDivisionError):
        timers.advance(EVERY_S)
    timers.advance(EVERY_S)

    assert (len(broken.heard), len(other.heard)) == (1, 2)


def test_who_leaves_because_of_a_beat_is_not_told_it(timers: FakeTimers, heart: Heartbeats) -> None:
    """What one client's heartbeat does may end another's connection; nothing is written to it."""
    first, second = Listener(heart, timers, answers=False), Listener(heart, timers, answers=False)
    first.takes_along = [first, second]

    timers.advance(2 * EVERY_S)

    assert (len(first.heard), second.heard) == (1, [])
    assert (first.missed, second.missed) == ([], [])
    assert timers.pending == 0


def test_a_host_that_slept_does_not_make_up_for_it(timers: FakeTimers, heart: Heartbeats) -> None:
    """After an hour each client hears once, and then in the order in which it did."""
    clients = []
    for _ in range(10):
        clients.append(Listener(heart, timers))
        timers.advance(1)

    timers.now_s += 3_600
    timers.tick()
    woke = timers.now_s
    for _ in range(20):
        timers.tick()
    assert [len(client.heard) for client in clients] == [1] * 10
    timers.advance(EVERY_S)

    assert [len(client.heard) for client in clients] == [2] * 10
    assert len({client.heard[-1] for client in clients}) == 10
    assert all(client.heard[0] == woke for client in clients)


@BOUNDED
@given(st.lists(st.tuples(st.integers(0, 3), st.floats(0, 9), st.integers(0, 60)), max_size=30))
def test_whoever_comes_and_goes_each_hears_in_time(steps: list[tuple[int, float, int]]) -> None:
    """A client waits half an interval to a whole one for its first, then one each time."""
    timers = FakeTimers()
    heart = Heartbeats(timers, EVERY_S, PONG_S)
    here: list[Listener] = []
    for kind, seconds, number in steps:
        if kind == 0:
            here += [Listener(heart, timers) for _ in range(number)]
        elif kind == 1:
            for client in here[:number]:
                heart.leave(client)
            del here[:number]
        timers.advance(seconds)

    timers.advance(2 * EVERY_S)

    for client in here:
        gaps = [b - a for a, b in zip(client.heard, client.heard[1:], strict=False)]
        wait = round(client.heard[0] - client.joined, 6)
        assert EVERY_S / 2 - 2 * STEP_S <= wait <= EVERY_S
        assert all(EVERY_S - STEP_S <= round(gap, 6) <= EVERY_S + STEP_S for gap in gaps)
    assert len(heart) == len(here)
    assert bool(timers.pending) is bool(here)

"""The meter: what counters grew by, in a bounded ring."""

from collections import Counter

import pytest
from hypothesis import given, strategies as st

from hub.telemetry.histogram import QUICK_S, Histogram
from hub.telemetry.meter import EVERY_S, KEPT, Counts, Meter, percentile_s, wait_s
from support.clocks import FakeClock


class Counters:
    """What a node counts."""

    def __init__(self) -> None:
        self.taken: Counter[str] = Counter()
        self.written: Counter[str] = Counter()
        self.delivery = Histogram(QUICK_S)

    def read(self) -> Counts:
        """Return them as they stand."""
        return Counts(dict(self.taken), dict(self.written), tuple(self.delivery.counts), 7, 4_096)


@pytest.mark.parametrize("off_us", [-900_000, -1_000, -1, 0, 1, 1_000, 900_000])
def test_a_timer_that_wakes_early_takes_no_point_twice(off_us: int) -> None:
    """Whenever it woke for a multiple of two seconds, the next is the one after it."""
    multiple_us = 1_000 * EVERY_S * 1_000_000

    wait_us = round(wait_s(multiple_us + off_us) * 1_000_000)

    assert multiple_us + off_us + wait_us == multiple_us + EVERY_S * 1_000_000


def test_a_point_is_what_came_since_the_one_before() -> None:
    """Not what has come since the start; and how things stand at its end."""
    clock, counters = FakeClock(), Counters()
    counters.taken["jobs"] = 100
    meter = Meter(counters.read, clock)
    for events in (6, 0):
        clock.now += EVERY_S * 1_000_000
        counters.taken["jobs"] += events
        counters.written["jobs"] += 3 * events
        counters.delivery.observe(0.004, events)
        meter.take()

    first, second = meter.points

    assert (first.events_in, first.events_out, sum(first.delivery)) == (6, 18, 6)
    assert (second.events_in, second.events_out, sum(second.delivery)) == (0, 0, 0)
    assert (second.connections, second.queued_bytes) == (7, 4_096)
    assert second.at_s - first.at_s == EVERY_S
    assert second.at_s % EVERY_S == 0


def test_rates_are_those_of_the_last_seconds() -> None:
    """A second, by channel; who is quiet by now has none, nor has what was before the start."""
    clock, counters = FakeClock(), Counters()
    counters.taken["orders"] = 9
    meter = Meter(counters.read, clock)
    counters.taken["quiet"] += 50
    for _ in range(5):
        clock.now += EVERY_S * 1_000_000
        counters.taken["jobs"] += 8
        counters.written["jobs"] += 16
        meter.take()

    assert meter.rates() == {"jobs": (8 / EVERY_S, 16 / EVERY_S)}


def test_it_remembers_ten_minutes_and_no_more() -> None:
    """However long the node runs."""
    clock = FakeClock()
    meter = Meter(Counters().read, clock)
    for _ in range(KEPT + 5):
        clock.now += EVERY_S * 1_000_000
        meter.take()

    assert len(meter.points) == KEPT == 600 // EVERY_S


@pytest.mark.parametrize(
    ("values", "share", "expected"),
    [
        pytest.param([], 0.5, None, id="nothing has no percentile"),
        pytest.param([0.003] * 4, 0.5, 0.00375, id="half of a bucket lies in its middle"),
        pytest.param([0.003] * 3 + [0.2], 0.99, 0.244, id="the last tells of the tail"),
        pytest.param([60.0], 0.5, 10.0, id="above the last bound it is that bound"),
    ],
)
def test_percentiles_are_reckoned_as_prometheus_does(
    values: list[float], share: float, expected: float | None
) -> None:
    """Evenly within a bucket."""
    histogram = Histogram(QUICK_S)
    for value in values:
        histogram.observe(value)

    assert percentile_s(histogram.counts, share) == pytest.approx(expected)


@given(st.lists(st.integers(0, 50), min_size=15, max_size=15), st.floats(0.01, 1))
def test_percentiles_rise_with_the_share(counts: list[int], share: float) -> None:
    """And stay within what can be told."""
    low, high = percentile_s(counts, share / 2), percentile_s(counts, share)

    if low is not None and high is not None:
        assert 0 <= low <= high <= QUICK_S[-1]
    else:
        assert not any(counts)

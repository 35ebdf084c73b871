"""Losses, repetitions and disorder are found in what came."""

import pytest
from hypothesis import given, strategies as st

from hub.bench.order import Latency, Order, latency, percentile


@pytest.mark.parametrize(
    ("numbers", "lost", "duplicated", "reordered"),
    [
        pytest.param([1, 2, 3, 4], 0, 0, 0, id="each once, in order"),
        pytest.param([], 4, 0, 0, id="nothing came"),
        pytest.param([1, 2], 2, 0, 0, id="the end is missing"),
        pytest.param([3, 4], 2, 0, 0, id="the beginning is missing"),
        pytest.param([1, 2, 2, 3, 4, 1], 0, 2, 0, id="some came twice"),
        pytest.param([1, 3, 2, 4], 0, 0, 1, id="one came late"),
        pytest.param([2, 4, 1, 1], 1, 1, 1, id="all of it"),
    ],
)
def test_stream_is_judged(numbers: list[int], lost: int, duplicated: int, reordered: int) -> None:
    """Numbers 1 to 4 should come; what is missing, double and late is counted apart."""
    order = Order(1)

    for number in numbers:
        order.saw(number)

    assert (order.lost(4), order.duplicated, order.reordered) == (lost, duplicated, reordered)


@given(st.lists(st.integers(1, 30), max_size=60))
def test_nothing_escapes_the_judge(numbers: list[int]) -> None:
    """Whatever comes, losses are the numbers that did not, and repetitions the rest."""
    order = Order(1)

    for number in numbers:
        order.saw(number)

    assert order.lost(30) == 30 - len(set(numbers))
    assert order.duplicated == len(numbers) - len(set(numbers))


@given(st.lists(st.integers(0, 1000), min_size=1), st.integers(1, 100))
def test_percentile_is_the_nearest_rank(values: list[int], share: int) -> None:
    """It is one of the values; so many per cent are not above it, and no smaller one has that."""
    found = percentile(sorted(values), share)

    assert found in values
    assert sum(value <= found for value in values) * 100 >= share * len(values)
    assert sum(value < found for value in values) * 100 < share * len(values)


def test_latencies_are_milliseconds() -> None:
    """Nanoseconds go in, milliseconds come out; nothing has no percentiles."""
    assert latency([n * 1_000_000 for n in range(100, 0, -1)]) == Latency(50, 90, 99, 100)
    assert latency([]) is None

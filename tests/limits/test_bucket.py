"""The rule: so many on average, so many at once, and nobody is told a wrong time."""

from itertools import accumulate, combinations_with_replacement

import pytest
from hypothesis import given, settings, strategies as st

from hub.limits.bucket import (
    BURST_S,
    LONGEST_WAIT_US,
    MAX_DEBT_US,
    Bucket,
    Pace,
    Verdict,
    pace_of,
    spend,
)
from support.clocks import START_US

TEN = Pace(100_000, 20)
PACES = st.builds(Pace, st.integers(1, 2_000_000), st.integers(1, 50))
VISITS = st.lists(st.tuples(st.integers(0, 3_000_000), st.integers(1, 60)), max_size=40)


@settings(derandomize=True, deadline=None)
@given(PACES, VISITS)
def test_no_stretch_of_time_has_more_than_its_share(
    pace: Pace, visits: list[tuple[int, int]]
) -> None:
    """What fits into a bucket passes: at most burst + time / interval, in any stretch."""
    due_us, now_us, passed = 0, START_US, list[tuple[int, int]]()
    for pause_us, cost in visits:
        now_us += pause_us
        due_us, verdict = spend(due_us, pace, now_us, min(cost, pace.burst))
        if not verdict.wait_us:
            passed.append((now_us, min(cost, pace.burst)))

    sums = [0, *accumulate(cost for _, cost in passed)]
    for first, last in combinations_with_replacement(range(len(passed)), 2):
        stretch_us = passed[last][0] - passed[first][0]
        assert sums[last + 1] - sums[first] <= pace.burst + stretch_us / pace.interval_us


@settings(derandomize=True, deadline=None)
@given(PACES, VISITS)
def test_the_time_that_is_told_is_right(pace: Pace, visits: list[tuple[int, int]]) -> None:
    """A moment before it would be refused again, at that time it passes; of any size."""
    due_us, now_us = 0, START_US
    for pause_us, cost in visits:
        now_us += pause_us
        due_us, verdict = spend(due_us, pace, now_us, cost)
        if verdict.wait_us:
            early = spend(due_us, pace, now_us + verdict.wait_us - 1, cost)[1]
            due_us, late = spend(due_us, pace, now_us + verdict.wait_us, cost)
            now_us += verdict.wait_us
            assert (early.wait_us, late.wait_us) == (1, 0)


def test_a_refusal_takes_nothing() -> None:
    """Who is refused is as near to the next token as before."""
    due_us = spend(0, TEN, START_US, 20)[0]

    refused = spend(due_us, TEN, START_US, 5)

    assert refused == (due_us, Verdict(500_000, 2_000_000))


def test_what_is_larger_than_a_bucket_passes_when_it_is_full_and_is_paid() -> None:
    """A list of 50 events where 20 may come at once: all of it, then nothing for as long."""
    due_us, first = spend(0, TEN, START_US, 50)

    assert first == Verdict(0, 5_000_000)
    assert spend(due_us, TEN, START_US, 1)[1].wait_us == 3_100_000
    assert spend(due_us, TEN, START_US, 50)[1].wait_us == 5_000_000


def test_what_is_owed_is_taken_and_paid_back_within_bounds() -> None:
    """What other nodes let pass counts in full, up to a minute and the bucket."""
    due_us, some = spend(0, TEN, START_US, 100, owed=True)
    much = spend(due_us, TEN, START_US, 100_000, owed=True)[1]

    assert (some.wait_us, some.lead_us) == (0, 10_000_000)
    assert much.lead_us == MAX_DEBT_US + TEN.full_us


def test_a_clock_that_was_put_back_refuses_for_a_minute_at_most() -> None:
    """A due time that lies an hour ahead is of another clock."""
    longest_us = MAX_DEBT_US + TEN.full_us

    due_us, refused = spend(START_US + 3_600_000_000, TEN, START_US)

    assert 0 < refused.wait_us <= longest_us
    assert spend(due_us, TEN, START_US + longest_us)[1].wait_us == 0


def test_the_kth_is_told_the_kth_place() -> None:
    """A crowd that is refused in one moment does not come back in one moment."""
    bucket = Bucket()

    places = [bucket.place_us(TEN, 50_000, START_US) for _ in range(400)]

    assert places[:3] == [50_000, 150_000, 250_000]
    assert places[-1] == LONGEST_WAIT_US


@pytest.mark.parametrize(
    ("rate", "pace"),
    [
        pytest.param(0, None, id="any number"),
        pytest.param(10.0, TEN, id="ten a second"),
        pytest.param(0.5, Pace(2_000_000, 1), id="one in two seconds"),
        pytest.param(0.000_000_1, Pace(86_400_000_000, 1), id="hardly ever: one a day"),
        pytest.param(1_000_000.0, Pace(1, 2_000_000), id="a million"),
    ],
)
def test_a_rate_is_a_pace(rate: float, pace: Pace | None) -> None:
    """Even steps, and two seconds' worth at once."""
    assert BURST_S == 2
    assert pace_of(rate) == pace

"""Rules of alerts: raised above the threshold, cleared after a window of calm, never both."""

from collections.abc import Iterable, Sequence

import pytest
from hypothesis import given, strategies as st

from hub.model.alert_rule import (
    CALM,
    Change,
    Count,
    Level,
    Reading,
    Rule,
    Share,
    Standing,
    step,
)

SHARE = Rule("failures", "warning", 0.05, 300.0, "{value:.1%} of {threshold:.0%}", least=20)
LEVEL = Rule("down", "critical", 10.0, 60.0, "{value:.0f} s")
Told = list[tuple[float, Change]]


def run(rule: Rule, readings: Iterable[tuple[float, Reading]]) -> Told:
    """Return what changed, and when."""
    standing, told = Standing(), []
    for now_s, reading in readings:
        standing, change = step(rule, standing, reading, now_s)
        if change is not None:
            told.append((now_s, change))
    return told


def levels(values: Sequence[float], every_s: float = 5.0) -> list[tuple[float, Reading]]:
    """Return a value every few seconds."""
    return [(at * every_s, Level(value)) for at, value in enumerate(values)]


def test_what_is_above_the_threshold_is_raised_at_once() -> None:
    """At it, it is not."""
    assert run(LEVEL, levels([10.0, 10.0, 10.1, 20.0])) == [(10.0, "raised")]


def test_what_is_calm_for_a_window_is_cleared() -> None:
    """Not before: the window begins with the last number that was not clearly below."""
    values = [11.0, *[0.0] * 11, 9.0, *[0.0] * 13]

    assert run(LEVEL, levels(values)) == [(0.0, "raised"), (120.0, "cleared")]


def test_what_stays_just_below_is_not_cleared() -> None:
    """Between calm and the threshold nothing changes."""
    values = [11.0, *[10.0 * CALM + 0.1] * 100]

    assert run(LEVEL, levels(values)) == [(0.0, "raised")]


def test_what_swings_is_raised_once() -> None:
    """However often it crosses the threshold."""
    assert run(LEVEL, levels([0.0, 20.0] * 200)) == [(5.0, "raised")]


def test_without_data_there_is_no_verdict() -> None:
    """There are no webhooks yet: nothing fails, and nothing is well."""
    assert run(SHARE, [(at * 5.0, None) for at in range(100)]) == []


def test_a_share_of_few_means_nothing() -> None:
    """One failure of one attempt is 100 %."""
    few = [(at * 5.0, Share(at, at)) for at in range(20)]
    enough = [*few, (100.0, Share(20, 20))]

    assert (run(SHARE, few), run(SHARE, enough)) == ([], [(100.0, "raised")])


def test_a_share_is_of_the_last_window() -> None:
    """A million good ones of yesterday do not hide the failures of now."""
    before = [(at * 5.0, Share(0, 1_000_000)) for at in range(200)]
    now = [(1_000.0, Share(6, 1_000_100))]

    assert run(SHARE, [*before, *now]) == [(1_000.0, "raised")]


def test_old_failures_are_forgotten_after_the_window() -> None:
    """And the alert is cleared a window later, when nobody sends any more, too."""
    begin: list[tuple[float, Reading]] = [(0.0, Share(0, 0)), (5.0, Share(50, 100))]
    quiet: list[tuple[float, Reading]] = [(at * 5.0, Share(50, 100)) for at in range(2, 200)]

    (raised, cleared) = run(SHARE, [*begin, *quiet])

    assert raised == (5.0, "raised")
    assert cleared[1] == "cleared"
    assert SHARE.window_s < cleared[0] <= 2 * SHARE.window_s + 10.0


def test_a_counter_is_looked_at_over_the_window() -> None:
    """What was counted before the first look is not of this window."""
    rule = LEVEL._replace(threshold=3.0)
    slow = [(at * 60.0, Count(1_000 + 2 * at)) for at in range(20)]
    fast = [(at * 5.0, Count(1_000 + 2 * at)) for at in range(3)]

    assert (run(rule, slow), run(rule, fast)) == ([], [(10.0, "raised")])


def test_a_threshold_of_nothing_never_raises() -> None:
    """It turns the rule off."""
    assert run(LEVEL._replace(threshold=0.0), levels([5.0, 1e9])) == []


def test_the_window_does_not_grow() -> None:
    """Samples of before it go, but for the last one."""
    standing = Standing()
    for at in range(10_000):
        standing, _ = step(SHARE, standing, Share(0, at), at * 5.0)

    assert len(standing.samples) == 300 / 5 + 1


def test_the_message_says_how_much() -> None:
    """In words that a person reads at night."""
    assert SHARE.message(0.123) == "12.3% of 5%"


Steps = st.lists(
    st.tuples(
        st.floats(0.1, 100.0),
        st.one_of(st.none(), st.floats(0.0, 30.0).map(Level)),
    ),
    max_size=80,
)


@given(Steps)
def test_raised_and_cleared_take_turns_and_never_share_a_window(
    steps: list[tuple[float, Level | None]],
) -> None:
    """Whatever is measured, and whenever."""
    readings: list[tuple[float, Reading]] = []
    now_s = 0.0
    for pause_s, reading in steps:
        now_s += pause_s
        readings.append((now_s, reading))

    told = run(LEVEL, readings)

    assert [change for _, change in told] == (["raised", "cleared"] * len(told))[: len(told)]
    for (raised_s, _), (cleared_s, _) in zip(told[::2], told[1::2], strict=False):
        assert cleared_s - raised_s >= LEVEL.window_s


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), max_size=60))
def test_a_share_is_what_a_list_of_all_events_says(growth: list[tuple[int, int]]) -> None:
    """The sliding window agrees with looking everything up."""
    standing, history, at_s = Standing(), [(0.0, 0, 0)], 0.0
    standing, _ = step(SHARE, standing, Share(0, 0), 0.0)
    for bad, good in growth:
        at_s += 30.0
        history.append((at_s, history[-1][1] + bad, history[-1][2] + bad + good))
        standing, _ = step(SHARE, standing, Share(*history[-1][1:]), at_s)

    base = max((one for one in history if one[0] <= at_s - 300.0), default=history[0])
    parts, whole = history[-1][1] - base[1], history[-1][2] - base[2]
    expected = parts / whole if whole >= SHARE.least else None
    assert standing.value == (expected if growth else None)


@pytest.mark.parametrize(
    "reading",
    [
        pytest.param(Level(20.0), id="too high"),
        pytest.param(None, id="nothing is measured"),
        pytest.param(Level(0.0), id="calm"),
    ],
)
def test_a_step_is_a_function_of_its_values(reading: Reading) -> None:
    """The same again gives the same, and changes nothing that was given."""
    before = Standing(raised=True, bad_s=5.0)

    assert step(LEVEL, before, reading, 70.0) == step(LEVEL, before, reading, 70.0)
    assert before == Standing(raised=True, bad_s=5.0)

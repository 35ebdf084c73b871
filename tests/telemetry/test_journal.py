"""What a node remembers of the events that went through it."""

from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given, strategies as st

from hub.telemetry.journal import MAX_EVENTS, Journal, Sight, runs
from support.clocks import START_US, FakeClock
from support.events import event


def test_a_sight_is_what_was_noted_of_that_event() -> None:
    """Lines of other events, and of other channels, say nothing of it."""
    clock = FakeClock()
    journal = Journal(clock)
    journal.took([event(3, channel="contracts"), event(4, channel="contracts")], [1, 7], 8)
    journal.took([event(4, channel="jobs")], [5], 6)
    journal.heard("contracts", [3, 4])
    journal.wrote(("contracts", 1, 3, START_US + 1, 50))
    journal.wrote(("contracts", 4, 9, START_US + 2, 10))
    journal.wrote(("contracts", 4, 4, START_US + 3, 2))

    seen = journal.sight("n1", ("contracts", 4), START_US)

    assert seen == Sight("n1", 7, 8, START_US, START_US, START_US + 3, 12)


def test_nobody_and_nobody_knows_are_two_things() -> None:
    """Since it began a node knows whom it wrote to; what was before it does not."""
    clock = FakeClock()
    journal = Journal(clock)

    assert journal.sight("n1", ("jobs", 1), START_US + 1).clients == 0
    assert journal.sight("n1", ("jobs", 1), START_US - 1).clients is None


def test_the_oldest_lines_are_forgotten() -> None:
    """A journal holds so many lines of each kind, and says when it does not reach back."""
    journal = Journal(FakeClock(), max_lines=2)
    for offset in range(1, 5):
        at_us = START_US + offset
        journal.took([event(offset, channel="jobs")], [at_us], at_us)
        journal.wrote(("jobs", offset, offset, at_us, 1))

    seen = [journal.sight("n1", ("jobs", n), START_US + n) for n in range(1, 5)]

    assert [one.clients for one in seen] == [None, None, 1, 1]
    assert [one.accepted_us is None for one in seen] == [True, True, False, False]


@pytest.mark.parametrize(
    ("offsets", "together"),
    [
        pytest.param([], [], id="nothing"),
        pytest.param([7], [(7, 7)], id="one"),
        pytest.param([1, 2, 3], [(1, 3)], id="all together"),
        pytest.param([1, 3, 4, 9], [(1, 1), (3, 4), (9, 9)], id="holes of a filter"),
        pytest.param([0, 1, 0, 2, 0], [(1, 2)], id="tests between them"),
    ],
)
def test_offsets_are_noted_in_runs(
    offsets: Sequence[int], together: Sequence[tuple[int, int]]
) -> None:
    """A run a line; an event without an offset is none."""
    assert runs(offsets) == together


@given(st.sets(st.integers(0, 60)))
def test_runs_hold_what_they_were_made_of(offsets: set[int]) -> None:
    """Every offset once, in order, and nothing between two runs."""
    found = runs(sorted(offsets))

    assert [n for first, last in found for n in range(first, last + 1)] == sorted(offsets - {0})
    assert all(a[1] + 1 < b[0] for a, b in pairwise(found))


@given(st.lists(st.tuples(st.sampled_from(["a", "b"]), st.booleans()), max_size=12))
def test_each_event_of_a_commit_keeps_its_own_time(units: list[tuple[str, bool]]) -> None:
    """Whatever channels a group writes, and whatever of it is a test without an offset."""
    journal, heads, events, accepted = Journal(FakeClock()), {"a": 3, "b": 3}, [], {}
    for number, (channel, is_test) in enumerate(units):
        heads[channel] += not is_test
        events.append(event(0 if is_test else heads[channel], channel=channel))
        if not is_test:
            accepted[channel, heads[channel]] = number

    journal.took(events, range(len(units)), 99)

    kept = [(name, n) for name, head in heads.items() for n in range(head + 2)]
    seen = {place: journal.sight("n1", place, START_US).accepted_us for place in kept}
    assert {place: at for place, at in seen.items() if at is not None} == accepted


def test_many_events_are_not_kept_in_few_lines() -> None:
    """Large commits do not make the journal larger."""
    journal = Journal(FakeClock())
    for first in range(1, 2 * MAX_EVENTS, 256):
        events = [event(n, channel="jobs") for n in range(first, first + 256)]
        journal.took(events, [first] * 256, first)

    assert journal.sight("n1", ("jobs", MAX_EVENTS - 256), 0).accepted_us is None
    assert journal.sight("n1", ("jobs", MAX_EVENTS + 1), 0).accepted_us is not None
    assert journal.sight("n1", ("jobs", 2 * MAX_EVENTS), 0).accepted_us is not None

"""What is due, and what the hub's clock says."""

from datetime import UTC, datetime, timedelta

from hypothesis import given, strategies as st

from examples.omniverse.pace import Pending, ServerClock, behind, moment
from support.contract_events import contract, snapshot, update

START = datetime(2026, 11, 21, 12, tzinfo=UTC)


def at(seconds: float) -> str:
    """Return a time of the wire, so long after the start."""
    return (START + timedelta(seconds=seconds)).isoformat().replace("+00:00", "Z")


def test_only_what_is_not_later_is_due() -> None:
    """Each event once, in order; the very moment counts."""
    pending = Pending()
    for number in (1, 2, 3):
        pending.add(update(number, "a", at=at(number)))

    early = pending.due(moment(at(0.5)))
    exact = pending.due(moment(at(2)))
    rest = pending.due(None)

    assert [[event.offset for event in some] for some in (early, exact, rest)] == [[], [1, 2], [3]]
    assert len(pending) == 0


def test_a_snapshot_is_due_at_once() -> None:
    """It holds what waits before it, and what follows it waits for its own time."""
    pending = Pending()
    pending.add(update(1, "a", at=at(9)))
    pending.add(snapshot(4, contract("a")))
    pending.add(update(5, "b", at=at(10)))

    due = pending.due(moment(at(1)))

    assert [event.type for event in due] == ["snapshot"]
    assert [event.offset for event in pending.due(moment(at(10)))] == [5]


def test_without_a_delay_everything_is_shown() -> None:
    """And before the first event there is no time."""
    assert behind(START, 0) is None
    assert behind(None, 0.1) is None
    assert behind(START, 0.5) == START - timedelta(seconds=0.5)
    assert ServerClock().now(5.0) is None


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 10)), min_size=1, max_size=300))
def test_the_clock_is_never_ahead_and_never_behind_what_came(
    events: list[tuple[float, float]],
) -> None:
    """Whatever the network's delays: an event is due when it comes, and no later one is."""
    clock, sent, arrived = ServerClock(), 0.0, 0.0
    for pause, delay in events:
        sent += pause
        arrived = max(arrived, sent + delay)
        clock.note(update(1, "a", at=at(sent)), 1_000 + arrived)

        now = clock.now(1_000 + arrived)

        assert now is not None
        assert (now - START).total_seconds() - sent >= -1e-4
        assert (now - START).total_seconds() <= arrived + 1e-4

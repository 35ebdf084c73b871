"""Conflation: the newest of each entity, in the order of offsets, and every end."""

import json
from collections.abc import Sequence

import pytest
from hypothesis import given, strategies as st

from hub.errors import InvalidCommand
from hub.realtime.conflation import MAX_WAITING, MAX_WAITING_BYTES, TERMINAL, Latest, parse
from hub.realtime.filters import read_facts
from hub.realtime.frames import Frame

keys = st.sampled_from(["a", "b", "c", None])
updates = st.lists(st.tuples(keys, st.sampled_from(["RUNNING", "DONE", "failed"])), max_size=30)


def frame(offset: int, key: str | None, status: str = "RUNNING") -> Frame:
    """Return an update of an entity; without a key it is of none."""
    data = {"status": status} if key is None else {"job_id": key, "status": status}
    return Frame(json.dumps({"offset": offset, "data": data}).encode(), offset)


def add(latest: Latest, *frames: Frame) -> Sequence[int]:
    """Add frames, and return the offsets that wait."""
    for each in frames:
        latest.add(each, read_facts(each.payload))
    return [each.offset for each in latest.take()]


def test_the_newest_of_each_entity_is_left() -> None:
    """In the order of the offsets, not of the entities' first ones."""
    assert add(Latest("job_id"), frame(1, "a"), frame(2, "b"), frame(3, "a")) == [2, 3]


def test_what_has_ended_is_never_left_out() -> None:
    """It sends what waits below it, and nothing takes its place."""
    latest = Latest("job_id")
    frames = [frame(1, "a"), frame(2, "b"), frame(3, "a", "DONE"), frame(4, "a"), frame(5, "a")]

    offsets = add(latest, *frames)

    assert offsets == [2, 3, 5]


def test_what_has_no_entity_is_not_conflated() -> None:
    """Nothing says that one of them stands for another."""
    assert add(Latest("job_id"), frame(1, None), frame(2, None)) == [1, 2]


def test_a_test_stands_for_no_entity() -> None:
    """It changes nothing, so it takes no update's place; and none takes its."""
    frames = [frame(1, "a"), frame(0, "a"), frame(0, None), frame(0, None), frame(2, "b")]

    assert add(Latest("job_id"), *frames) == [1, 0, 0, 0, 2]


def test_stale_news_stand_for_no_entity() -> None:
    """They change nothing: in the place of the newest state, a client would never get that."""
    stale = Frame(b'{"type":"contract_stale","offset":3,"data":{"job_id":"a"}}', 3)

    assert add(Latest("job_id"), frame(1, "a"), frame(2, "a"), stale) == [2, 3]
    assert add(Latest("job_id"), stale, frame(4, "a")) == [3, 4]


def test_too_much_does_not_wait() -> None:
    """Memory stays flat, however many entities there are and however low the rate is."""
    latest = Latest("job_id")
    for offset in range(MAX_WAITING - 1):
        latest.add(frame(offset, f"k{offset}"), {"data": {"job_id": f"k{offset}"}})

    before = latest.urgent
    latest.add(frame(9_999, "last"), {"data": {"job_id": "last"}})

    assert (before, latest.urgent) == (False, True)


def test_too_many_bytes_do_not_wait() -> None:
    """Frames that wait live on when the ring has let them go, so few large ones are enough."""
    latest = Latest("job_id")
    large = Frame(json.dumps({"offset": 1, "data": {"p": "x" * MAX_WAITING_BYTES}}).encode(), 1)
    for offset in range(20):
        latest.add(frame(offset, "a"), {"data": {"job_id": "a"}})

    before = latest.urgent
    latest.add(large, {"data": {"job_id": "a"}})
    after = latest.urgent
    latest.take()

    assert (before, after, latest.urgent) == (False, True, False)


@given(updates)
def test_the_latest_state_of_every_entity_is_reached(
    some: list[tuple[str | None, str]],
) -> None:
    """And every end, in ascending order, however the updates come."""
    frames = [frame(at, key, status) for at, (key, status) in enumerate(some, start=1)]

    offsets = add(Latest("job_id"), *frames)

    assert offsets == sorted(set(offsets))
    newest = {key: at for at, (key, _) in enumerate(some, start=1) if key is not None}
    ends = {at for at, (_, status) in enumerate(some, start=1) if status in TERMINAL}
    assert {*newest.values(), *ends} <= {*offsets}


@pytest.mark.parametrize(
    ("key", "max_hz", "said"),
    [
        pytest.param("", 1, "conflate.key", id="no key"),
        pytest.param("k", 0, "conflate.max_hz: expected 0.01 to 120, got 0", id="never"),
        pytest.param("k", 121, "got 121", id="too often"),
        pytest.param("k", float("nan"), "got nan", id="no number"),
    ],
)
def test_a_conflation_that_is_none_is_refused(key: str, max_hz: float, said: str) -> None:
    """With what was expected and what came."""
    with pytest.raises(InvalidCommand, match=said):
        parse(key, max_hz)

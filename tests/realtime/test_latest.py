"""The latest: one event a key, and what changed after a number."""

from hypothesis import example, given, strategies as st

from hub.model.event import Event
from hub.realtime.latest import Entry, Latest

MANY = 1 << 30


def event(key: str, at_us: int, data: bytes = b"{}") -> Event:
    """Return a volatile event."""
    return Event("moves", 0, f"id-{at_us}", "moved", at_us, "me", data, key, volatile=True)


def times(entries: list[Entry]) -> list[int]:
    """Return when they were."""
    return [entry.event.at_us for entry in entries]


@given(
    st.lists(st.sampled_from("abcdef"), max_size=300),
    st.integers(1, 6),
    st.integers(0, 300),
)
@example(keys=[*"abcdef" * 50], max_keys=2, number=0)
def test_what_changed_after_a_number_is_what_is_newest_of_each_key(
    keys: list[str], max_keys: int, number: int
) -> None:
    """In the order of change, the oldest keys let go, whatever came in which order."""
    latest = Latest(max_keys=max_keys)
    for at_us, key in enumerate(keys, 1):
        latest.put(event(key, at_us))

    newest = sorted({key: at_us for at_us, key in enumerate(keys, 1)}.values())
    expected = [at_us for at_us in newest[-max_keys:] if at_us > number]
    assert times([*latest.after(number, latest.newest, MANY)]) == expected
    assert len(latest) == len(newest[-max_keys:])
    assert len(latest._numbers) <= 2 * max_keys + 65


def test_an_older_event_of_a_key_is_passed_over() -> None:
    """News of two nodes cross; all nodes end with the same one, and one told twice is one."""
    here, there = Latest(), Latest()
    early, late = event("a", 1), event("a", 2)

    taken = [here.put(one) is not None for one in (early, late, late)]
    also = [there.put(one) is not None for one in (late, early)]

    assert (taken, also) == ([True, True, False], [True, False])
    assert times([*here.after(0, MANY, MANY)]) == times([*there.after(0, MANY, MANY)]) == [2]


def test_bytes_are_bounded_too() -> None:
    """The oldest change goes first; its key may come again."""
    latest = Latest(max_bytes=10_000)
    for at_us, key in enumerate("abc", 1):
        latest.put(event(key, at_us, b"x" * 1_000))

    assert times([*latest.after(0, MANY, MANY)]) == [2, 3]
    assert latest.put(event("a", 4)) is not None


def test_a_page_ends_when_it_is_full() -> None:
    """After one entry at least; the next page goes on after its last number."""
    latest = Latest()
    for at_us, key in enumerate("abc", 1):
        latest.put(event(key, at_us, b"x" * 10))

    first = latest.after(0, MANY, 211)
    rest = latest.after(first[-1].number, MANY, 211)

    assert (times([*first]), times([*rest])) == ([1, 2], [3])
    assert latest.after(1, 2, MANY)[-1].event.at_us == 2


def test_the_frame_of_an_entry_is_built_once() -> None:
    """However many clients get it, and not at all where nobody does."""
    entry = Latest().put(event("a", 1))

    assert entry is not None
    assert entry._frame is None
    assert entry.frame is entry.frame

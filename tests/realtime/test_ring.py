"""The ring holds contiguous frames and lets the oldest go."""

from hypothesis import given, strategies as st

from hub.realtime.frames import Frame
from hub.realtime.ring import Ring


def payloads(frames: list[Frame] | None) -> list[bytes] | None:
    """Return what the frames say."""
    return None if frames is None else [frame.payload for frame in frames]


@given(st.integers(0, 60), st.integers(1, 20), st.integers(0, 60), st.integers(1, 30))
def test_a_page_is_contiguous_or_not_there(
    count: int, max_frames: int, after: int, max_bytes: int
) -> None:
    """It begins right after the offset, and is never empty unless there is nothing."""
    ring = Ring(max_frames, 1_000_000)
    for offset in range(1, count + 1):
        ring.append(offset, Frame(b"%03d" % offset))

    page = payloads(ring.after(after, count, max_bytes))

    if after < count - max_frames or after > count:
        assert page is None or (after > count and page == [])
    else:
        size = min(count - after, -(-max_bytes // 3))
        assert page == [b"%03d" % (after + 1 + n) for n in range(size)]


def test_bytes_are_bounded_too() -> None:
    """A few large frames push out many small ones; the newest stays within the bound."""
    ring = Ring(100, 10)
    for offset, size in enumerate([2, 2, 2, 9], start=1):
        ring.append(offset, Frame(b"x" * size))

    assert ring.after(2, 4, 99) is None
    assert payloads(ring.after(3, 4, 99)) == [b"x" * 9]


def test_an_offset_that_does_not_follow_starts_anew() -> None:
    """The ring never pretends to hold what it has not seen."""
    ring = Ring(10, 1000)
    ring.append(1, Frame(b"a"))
    ring.append(7, Frame(b"b"))

    assert ring.after(1, 7, 99) is None
    assert payloads(ring.after(6, 7, 99)) == [b"b"]


def test_what_is_above_the_ring_is_not_there() -> None:
    """The log may know more than this node's ring."""
    ring = Ring(10, 1000)
    ring.append(1, Frame(b"a"))

    assert ring.after(0, 2, 99) is None

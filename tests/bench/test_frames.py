"""Frames are told apart by their headers, wherever the bytes are cut."""

import pytest
from hypothesis import given, strategies as st

from hub.bench.frames import CLOSE, PING, Control, Counter, Splitter, header_bytes, sharing
from hub.realtime.frames import Frame

EVENT = b'{"type":"bench","data":{}}'
OTHER = b'{"type":"heartbeat","positions":{}}'
PAYLOADS = st.one_of(
    st.integers(0, 300).map(lambda pad: EVENT + b"x" * pad),
    st.just(EVENT + b"x" * 70_000),
    st.sampled_from([OTHER, b"", b"{}"]),
)
CONTROLS = st.sampled_from([Control(PING, b""), Control(PING, b"hello"), Control(CLOSE, b"\x03")])


def wire(part: bytes | Control) -> bytes:
    """Return a frame as a server sends it."""
    if isinstance(part, Control):
        return bytes((part.first, len(part.payload))) + part.payload
    return Frame(part).wire


def pieces(data: bytes, cuts: list[int]) -> list[bytes]:
    """Cut bytes at places that are taken modulo their length."""
    places = sorted({cut % (len(data) + 1) for cut in cuts})
    return [data[a:b] for a, b in zip([0, *places], [*places, len(data)], strict=True)]


PARTS = st.lists(st.one_of(PAYLOADS, CONTROLS), max_size=12)
CUTS = st.lists(st.integers(0, 200_000), max_size=12)


@given(PARTS, CUTS)
def test_counter_counts_events_however_they_are_cut(
    parts: list[bytes | Control], cuts: list[int]
) -> None:
    """Each event is counted once, nothing else is, and every control frame is handed out."""
    counter = Counter()
    data = b"".join(wire(part) for part in parts)

    controls = [control for piece in pieces(data, cuts) for control in counter.feed(piece)]

    assert counter.whole == counter.events == sum(part[:10] == EVENT[:10] for part in parts)
    assert counter.texts == sum(not isinstance(part, Control) for part in parts)
    assert controls == [part for part in parts if isinstance(part, Control)]


@given(st.lists(PARTS, max_size=3), CUTS)
def test_counters_that_share_count_the_same(
    streams: list[list[bytes | Control]], cuts: list[int]
) -> None:
    """A chunk that was walked for another connection counts as if it had been walked here."""
    datas = [b"".join(wire(part) for part in parts) for parts in (*streams, *streams)]
    alone, seen = [Counter() for _ in datas], sharing()
    together = [Counter(seen) for _ in datas]

    for counters in (alone, together):
        cut = [pieces(data, cuts) for data in datas]
        for turn in range(max(map(len, cut), default=0)):
            for counter, chunks in zip(counters, cut, strict=True):
                for chunk in chunks[turn : turn + 1]:
                    counter.feed(chunk)

    assert [c.whole for c in together] == [c.whole for c in alone]
    assert [c.texts for c in together] == [c.texts for c in alone]


def test_equal_chunks_behind_different_beginnings_are_not_equal() -> None:
    """The same bytes are another thing when a connection holds the beginning of a frame."""
    seen, chunk = sharing(), wire(EVENT)[1:]
    one, other = Counter(seen), Counter(seen)

    one.feed(wire(EVENT)[:1])
    one.feed(chunk)
    other.feed(chunk)

    assert (one.events, other.events) == (1, 0)


@given(PARTS, CUTS)
def test_splitter_returns_whole_frames(parts: list[bytes | Control], cuts: list[int]) -> None:
    """Frames come out as they were sent, however they were cut."""
    splitter = Splitter()
    data = b"".join(wire(part) for part in parts)

    found = [frame.payload for piece in pieces(data, cuts) for frame in splitter.feed(piece)]

    assert found == [part.payload if isinstance(part, Control) else part for part in parts]


def test_event_that_is_torn_off_does_not_count() -> None:
    """An event whose end never came was not delivered."""
    counter = Counter()

    counter.feed(wire(EVENT) + wire(EVENT)[:-1])

    assert (counter.events, counter.whole) == (2, 1)


@pytest.mark.parametrize("length", [0, 125, 126, 65_535, 65_536])
def test_header_is_as_long_as_the_hub_makes_it(length: int) -> None:
    """The three forms of a length (RFC 6455, 5.2) have 2, 4 and 10 bytes."""
    assert header_bytes(length) == len(Frame(b"x" * length).wire) - length

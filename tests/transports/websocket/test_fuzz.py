"""Any bytes at all: nothing raises, nothing grows, and the rules of our own side hold."""

import asyncio
from collections.abc import Sequence

from hypothesis import given, settings, strategies as st

from support.octets import CLOSE, CONT, PING, PONG, TEXT, Received, command, frame
from support.seats import LIMIT, House, Seat

BOUNDED = settings(derandomize=True, max_examples=150, deadline=None)

COMMANDS = [
    command(type="ping", id=1),
    command(type="subscribe", channel="jobs"),
    command(type="subscribe", channel="contracts", snapshot=True),
    command(type="subscribe", channel="contracts", since="e:0"),
    command(type="unsubscribe", channel="jobs"),
    command(type="get_history"),
    command(type="get_status"),
    command(type="dance"),
]

fragmented = st.lists(st.binary(max_size=40), min_size=2, max_size=5).map(
    lambda parts: b"".join(
        frame(CONT if n else TEXT, part, fin=n == len(parts) - 1) for n, part in enumerate(parts)
    )
)
controls = st.builds(frame, st.sampled_from([PING, PONG]), st.binary(max_size=125))
wild = st.builds(
    frame,
    st.integers(0, 15),
    st.binary(max_size=200),
    fin=st.booleans(),
    rsv=st.sampled_from([0, 0, 0, 0, 1, 2, 4]),
    form=st.sampled_from([0, 16, 64]),
)
polite = st.lists(st.one_of(st.sampled_from(COMMANDS), controls), max_size=12)
streams = st.lists(
    st.one_of(st.sampled_from(COMMANDS), controls, fragmented, wild, st.binary(max_size=30)),
    max_size=12,
).map(b"".join)


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """Return a valid stream with a few bytes changed, cut out or put in."""
    stream = bytearray(b"".join(draw(polite)))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(stream)))
        stream[at : at + draw(st.integers(0, 3))] = draw(st.binary(max_size=3))
    return bytes(stream)


@st.composite
def chopped(draw: st.DrawFn, stream: st.SearchStrategy[bytes]) -> list[bytes]:
    """Return a stream in segments."""
    octets = draw(stream)
    cuts = sorted(draw(st.lists(st.integers(0, len(octets)), max_size=8)))
    return [octets[a:b] for a, b in zip([0, *cuts], [*cuts, len(octets)], strict=True)]


def after_handshake(segments: Sequence[bytes], *, stuck: bool, runner: asyncio.Runner) -> None:
    """Bring a client, hand the segments over, and hold the hub to its rules all the way."""

    async def converse() -> None:
        house = House()
        seat = house.sit()
        seat.transport.stuck = stuck
        for segment in segments:
            if seat.transport.reading:
                seat.send(segment)
            await house.settle()
            _bounded(seat, len(segment))
        seat.transport.drain()
        await house.settle()
        _held_the_rules(seat)
        _open_or_closed(seat)
        await _ends(house, seat)

    runner.run(converse())


@BOUNDED
@given(chopped(streams), st.booleans())
def test_any_stream_is_survived(segments: list[bytes], stuck: bool) -> None:  # noqa: FBT001
    """Frames of every kind, whole and broken, in any segments: the rules hold."""
    with asyncio.Runner() as runner:
        after_handshake(segments, stuck=stuck, runner=runner)


@BOUNDED
@given(chopped(mutated()), st.booleans())
def test_a_damaged_stream_is_survived(segments: list[bytes], stuck: bool) -> None:  # noqa: FBT001
    """A good stream with a few bytes wrong: the rules hold."""
    with asyncio.Runner() as runner:
        after_handshake(segments, stuck=stuck, runner=runner)


@BOUNDED
@given(st.binary(max_size=400), st.integers(0, 3))
def test_any_handshake_is_survived(junk: bytes, ends: int) -> None:
    """What uvicorn hands over as a request, whatever it is, ends in an answer or an end."""

    async def converse() -> None:
        house = House()
        seat = house.sit(b"GET /ws HTTP/1.1\r\n" + junk + b"\r\n" * ends)
        await _ends(house, seat)

    with asyncio.Runner() as runner:
        runner.run(converse())


@BOUNDED
@given(st.data())
def test_segments_do_not_change_what_is_said(data: st.DataObject) -> None:
    """One valid stream gets the same replies, and the same pongs, in whatever segments."""
    stream = b"".join(data.draw(polite))
    segments = data.draw(chopped(st.just(stream)))

    with asyncio.Runner() as runner:
        whole = runner.run(_said([stream]))
        cut = runner.run(_said(segments))

    assert cut == whole


async def _said(segments: Sequence[bytes]) -> tuple[list[Received], list[Received]]:
    house = House()
    seat = house.sit()
    for segment in segments:
        seat.send(segment)
        await house.settle()
    frames = [item for item in seat.frames[1:] if item.data != b"" or item.opcode != PING]
    return (
        [item for item in frames if item.opcode == TEXT],
        [item for item in frames if item.opcode != TEXT],
    )


def _bounded(seat: Seat, size: int) -> None:
    assert len(seat.protocol._parser or b"") <= LIMIT + 14 + size
    assert len(seat.protocol._message or b"") <= LIMIT
    assert not seat.protocol._answers
    assert len(seat.transport.buffer) < 64 * 1024 + 4_000


def _held_the_rules(seat: Seat) -> None:
    kinds = [item.opcode for item in seat.frames]
    assert set(kinds) <= {TEXT, PING, PONG, CLOSE}
    assert kinds.count(CLOSE) <= 1
    if CLOSE in kinds:
        assert TEXT not in kinds[kinds.index(CLOSE) :]


def _open_or_closed(seat: Seat) -> None:
    """An open connection still answers; any other has said so and has its timer running."""
    closing = any(item.opcode == CLOSE for item in seat.frames)
    if closing or seat.transport.is_closing():
        assert seat.protocol._close_timer is not None
        return
    visit = seat.protocol._visit
    assert visit is not None
    assert not visit.connection.closed


async def _ends(house: House, seat: Seat) -> None:
    """When the socket is gone, nothing of it is left and one line tells of it."""
    seat.protocol.eof_received()
    seat.transport.lose()
    await house.settle()
    assert len(house.connections) == 0
    assert not house.state.connections
    assert house.timers.pending == 0
    assert not house.tasks
    assert not house.faults
    assert len(house.log.named("connection")) <= 1
    assert not house.log.named("session failed")

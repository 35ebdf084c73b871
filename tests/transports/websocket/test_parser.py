"""Our frame parser against the one of `websockets`, which is the reference."""

import sys
from struct import pack

import pytest
from hypothesis import assume, given, settings, strategies as st
from websockets.exceptions import PayloadTooBig, ProtocolError
from websockets.frames import Close
from websockets.protocol import OPEN
from websockets.server import ServerProtocol

from hub.transports.websocket.message import Message, join
from hub.transports.websocket.parser import Fault, Frame, Parser
from support.octets import CLOSE, CONT, PING, PONG, TEXT, close_frame, frame, masked

LIMIT = 1_000
BOUNDED = settings(derandomize=True, max_examples=400, deadline=None)
ZEROS = bytes(LIMIT + 200)

Said = tuple[list[Frame], int | None]

frames = st.builds(
    frame,
    st.sampled_from([0, 0, 1, 1, 2, 8, 9, 10, 3, 11]),
    st.one_of(st.binary(max_size=8), st.binary(min_size=110, max_size=600)),
    fin=st.booleans(),
    rsv=st.sampled_from([0] * 4 + [1, 2, 4]),
    form=st.sampled_from([0, 16, 64]),
)
good = st.one_of(
    st.builds(frame, st.sampled_from([PING, PONG]), st.binary(max_size=125)),
    st.builds(frame, st.just(TEXT), st.binary(max_size=300), form=st.sampled_from([0, 16, 64])),
    st.lists(st.binary(max_size=90), min_size=2, max_size=6).map(
        lambda parts: b"".join(
            frame(CONT if n else TEXT, part, fin=n == len(parts) - 1)
            for n, part in enumerate(parts)
        )
    ),
)
closes = st.one_of(
    st.binary(max_size=6).map(lambda payload: frame(CLOSE, payload)),
    st.builds(close_frame, st.integers(0, 5_100), st.binary(max_size=5)),
)
streams = st.builds(
    lambda front, begun, back: b"".join([*front, begun, *back]),
    st.lists(good, max_size=3),
    st.sampled_from([b"", frame(TEXT, b"{", fin=False)]),
    st.lists(st.one_of(frames, good, closes), max_size=3),
)


def ours(*segments: bytes) -> Said:
    """Return the frames of a stream, and the code of the fault that ends it."""
    parser, found = Parser(LIMIT), []
    for segment in segments:
        found += parser.feed(segment)
        if parser.fault is not None or (found and found[-1].opcode == CLOSE):
            break
    return found, None if parser.fault is None else parser.fault.code


def theirs(stream: bytes) -> tuple[Said, ServerProtocol]:
    """Return the same of `websockets`, which judges a frame when the last byte of it is there."""
    reference = ServerProtocol(state=OPEN, max_size=LIMIT)
    found = []
    for data in (stream, ZEROS):
        reference.receive_data(data)
        found += [
            Frame(int(item.opcode), bytes(item.data), item.fin)  # type: ignore[union-attr]
            for item in reference.events_received()
        ]
        if ours(stream)[1] is None:
            break
    failed = reference.parser_exc is not None and reference.close_sent is not None
    return (found, int(reference.close_sent.code) if failed else None), reference  # type: ignore[union-attr]


@BOUNDED
@given(streams)
def test_a_stream_is_read_as_the_reference_reads_it(stream: bytes) -> None:
    """The same frames, and the same code for the same broken rule."""
    expected, reference = theirs(stream)
    # It counts control frames into the limit of the message that they come between.
    assume(not isinstance(reference.parser_exc, PayloadTooBig) or ours(stream)[1] == 1009)

    assert ours(stream) == expected


@BOUNDED
@given(streams, st.data())
def test_the_borders_of_segments_mean_nothing(stream: bytes, data: st.DataObject) -> None:
    """Whole, byte by byte or cut anywhere: the frames and the fault are the same."""
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=8)))
    parts = [stream[a:b] for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True)]

    assert ours(*parts) == ours(stream)
    assert ours(*(bytes([byte]) for byte in stream)) == ours(stream)


@BOUNDED
@given(st.binary(max_size=60))
def test_any_bytes_are_survived(stream: bytes) -> None:
    """Noise is frames, a fault, or waits for more; it never raises, and holds no more than came."""
    parser = Parser(LIMIT)

    parser.feed(stream)

    assert len(parser) <= len(stream)


def test_every_close_code_is_judged_as_the_reference_judges_it() -> None:
    """All 65,536 of them."""
    different = []
    for code in range(1 << 16):
        try:
            Close(code, "").check()
            expected = None
        except ProtocolError:
            expected = 1002
        if ours(close_frame(code))[1] != expected:
            different.append(code)

    assert different == []


@pytest.mark.parametrize(
    ("header", "code"),
    [
        pytest.param(b"\x81\xfe\x03\xe9", 1009, id="one byte too many in 16 bits"),
        pytest.param(b"\x82\xff" + pack("!Q", 1 << 63), 1009, id="the forbidden top bit"),
        pytest.param(b"\x89\xfe\x00\x7e", 1002, id="a long ping"),
        pytest.param(b"\x09\x80", 1002, id="a fragment of a ping"),
        pytest.param(b"\xc1\x85", 1002, id="a reserved bit"),
        pytest.param(b"\x80\x85", 1002, id="a continuation of nothing"),
        pytest.param(b"\x81\x05", 1002, id="no mask"),
        pytest.param(b"\x83\x80", 1002, id="a reserved opcode"),
    ],
)
def test_a_fault_is_told_by_the_header(header: bytes, code: int) -> None:
    """Nobody can make us wait for, or keep, a payload that will be refused."""
    parser = Parser(LIMIT)

    assert parser.feed(header) == []

    assert parser.fault is not None
    assert parser.fault.code == code
    assert len(parser.fault.reason.encode()) <= 123


def test_a_control_frame_does_not_count_into_a_message() -> None:
    """A ping between the fragments of a message of exactly the limit is answered (5.4)."""
    stream = frame(TEXT, b"x" * LIMIT, fin=False) + frame(PING, bytes(125)) + frame(CONT)

    found, fault = ours(stream)

    assert fault is None
    assert [item.opcode for item in found] == [TEXT, PING, CONT]


def test_nothing_is_kept_between_frames() -> None:
    """An idle client costs no buffer, however its last frames were cut."""
    stream = frame(TEXT, b"x" * 500) + frame(PING)
    parser = Parser(LIMIT)

    for at in range(0, len(stream), 7):
        parser.feed(stream[at : at + 7])

    assert parser._buffer == b""
    assert type(parser._buffer) is bytes


@pytest.mark.parametrize("size", [0, 1, 2], ids=["empty", "of one byte", "of two"])
def test_tiny_fragments_take_no_more_than_what_they_say(size: int) -> None:
    """A message in 100,000 pieces takes at most the limit, until it is refused (CWE-400)."""
    parser = Parser(LIMIT)
    message: Message | None = None
    pieces = frame(TEXT, b"", fin=False) + frame(CONT, b"x" * size, fin=False) * 100_000

    for item in parser.feed(pieces):
        message, _ = join(message, item)

    assert message is not None
    assert sys.getsizeof(message._data) <= 2 * LIMIT
    assert (parser.fault is None) is (size == 0)


@pytest.mark.parametrize("opcode", [1, 2], ids=["text", "binary"])
def test_fragments_are_joined_whatever_they_are(opcode: int) -> None:
    """A message is its fragments; only a text must be UTF-8."""
    parts = [b"\xc3", b"", b"\xa9"]
    message: Message | None = None
    done = []

    for n, part in enumerate(parts):
        message, whole = join(message, Frame(opcode if n == 0 else 0, part, n == 2))
        done.append(whole)

    assert done == [None, None, "é".encode()]
    assert message is None


def test_bad_utf8_is_told_at_the_first_impossible_byte() -> None:
    """Not when the last fragment has come (RFC 6455, 8.1)."""
    message, _ = join(None, Frame(TEXT, b"\xf4", final=False))

    with pytest.raises(Fault, match="UTF-8") as caught:
        join(message, Frame(CONT, b"\x90", final=False))

    assert caught.value.code == 1007


@BOUNDED
@given(st.binary(max_size=70), st.binary(min_size=4, max_size=4))
def test_any_mask_is_taken_off(payload: bytes, mask: bytes) -> None:
    """RFC 6455, 5.3: byte by byte, the mask again every four."""
    stream = bytes([0x82, 0x80 | len(payload)]) + mask + masked(payload, mask)

    assert ours(stream) == ([Frame(2, payload, final=True)], None)

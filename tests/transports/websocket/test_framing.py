"""RFC 6455 to the byte: frames and control frames, after Autobahn's groups 1 to 4.

The hub does not echo: a text is a command, and its reply shows that it was read as it was sent.
"""

from struct import pack

import pytest

from support.octets import (
    BINARY,
    CLOSE,
    CONT,
    PING,
    PONG,
    TEXT,
    close_frame,
    frame,
    raw,
)
from support.sockets import HubThread

PING_COMMAND = b'{"type":"ping","id":"\xc3\xa9"}'
LIMIT = 64 * 1024
BAD_UTF8 = b'{"type":"ping","id":"\xce\xba\xed\xa0\x80"}'  # a surrogate (Autobahn 6.3)


# 1 Framing.


@pytest.mark.parametrize(
    "form",
    [pytest.param(0, id="7 bits"), pytest.param(16, id="16 bits"), pytest.param(64, id="64 bits")],
)
def test_each_form_of_the_length_is_read(server: HubThread, form: int) -> None:
    """The three forms of the payload length are the same to us, the shortest or not."""
    with raw(server.port) as client:
        client.send(frame(TEXT, PING_COMMAND, form=form))

        assert client.reply_to() == "é"


@pytest.mark.parametrize("size", [125, 126, 127, 128, 65_535, LIMIT])
def test_sizes_around_the_borders_are_read(server: HubThread, size: int) -> None:
    """Payloads at the borders between the forms of the length arrive whole."""
    with raw(server.port) as client:
        client.send(frame(TEXT, PING_COMMAND.rjust(size)))

        assert client.reply_to() == "é"


@pytest.mark.parametrize("size", [0, 1, 125, 126, 65_536])
def test_binary_frames_are_refused_with_1003(server: HubThread, size: int) -> None:
    """hub.v1.json takes text only; whatever the size, the answer is 1003."""
    with raw(server.port) as client:
        client.send(frame(BINARY, bytes(size)))

        assert client.close_code() == 1003


def test_an_empty_text_frame_is_a_message(server: HubThread) -> None:
    """An empty text is read, and as it is no JSON object it closes with 4500."""
    with raw(server.port) as client:
        client.send(frame(TEXT))

        found = client.next()

        assert (found.opcode, found.code) == (CLOSE, 4500)


# 2 Pings and pongs.


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="no payload"),
        pytest.param(b"hello", id="text"),
        pytest.param(b"\x00\xff\xfe\xfd", id="bytes that are no text"),
        pytest.param(bytes(125), id="as long as allowed"),
    ],
)
def test_a_ping_is_answered_with_its_payload(server: HubThread, data: bytes) -> None:
    """The pong carries the ping's payload, up to 125 bytes."""
    with raw(server.port) as client:
        client.send(frame(PING, data))

        assert client.next() == (PONG, data)


def test_pings_are_answered_in_order(server: HubThread) -> None:
    """Ten pings in one segment get ten pongs in their order."""
    payloads = [str(n).encode() for n in range(10)]
    with raw(server.port) as client:
        client.send(b"".join(frame(PING, data) for data in payloads))

        assert [client.next() for _ in payloads] == [(PONG, data) for data in payloads]


@pytest.mark.parametrize("data", [pytest.param(b"", id="empty"), pytest.param(b"x", id="payload")])
def test_unsolicited_pongs_are_ignored(server: HubThread, data: bytes) -> None:
    """A pong that nobody asked for is not answered; what follows it is read."""
    with raw(server.port) as client:
        client.send(frame(PONG, data) * 3 + frame(PING, b"after"))

        assert client.next() == (PONG, b"after")


# 3 to 5, and the rules of control frames: what fails with 1002.


@pytest.mark.parametrize(
    "octets",
    [
        *[
            pytest.param(frame(TEXT, b"{}", rsv=rsv), id=f"reserved bits {rsv}")
            for rsv in range(1, 8)
        ],
        *[
            pytest.param(frame(PING, rsv=rsv), id=f"reserved bits {rsv} on a ping")
            for rsv in (1, 4)
        ],
        pytest.param(frame(CLOSE, rsv=4), id="reserved bits on a close"),
        *[pytest.param(frame(op), id=f"reserved opcode {op}") for op in (3, 4, 5, 6, 7)],
        *[
            pytest.param(frame(op, b"x"), id=f"reserved control opcode {op}")
            for op in range(11, 16)
        ],
        pytest.param(frame(PING, bytes(126)), id="ping of 126 bytes"),
        pytest.param(frame(PONG, bytes(126)), id="pong of 126 bytes"),
        pytest.param(frame(CLOSE, pack("!H", 1000) + bytes(124)), id="close of 126 bytes"),
        pytest.param(frame(PING, b"x", fin=False), id="fragmented ping"),
        pytest.param(frame(PONG, b"x", fin=False), id="fragmented pong"),
        pytest.param(frame(CLOSE, fin=False), id="fragmented close"),
        pytest.param(frame(CONT, b"x"), id="continuation of nothing"),
        pytest.param(frame(CONT, b"x", fin=False), id="unfinished continuation of nothing"),
        pytest.param(frame(CONT), id="empty continuation of nothing"),
        pytest.param(
            frame(TEXT, PING_COMMAND, fin=False) + frame(TEXT, b"x"), id="text inside a message"
        ),
        pytest.param(
            frame(TEXT, PING_COMMAND, fin=False) + frame(BINARY, b"x"), id="binary inside a message"
        ),
        pytest.param(b"\x81\x02{}", id="unmasked text"),
        pytest.param(b"\x89\x00", id="unmasked ping"),
        pytest.param(b"\x88\x02\x03\xe8", id="unmasked close"),
    ],
)
def test_a_fault_in_the_framing_fails_with_1002(server: HubThread, octets: bytes) -> None:
    """A broken rule of framing closes with 1002, and the close frame can be read."""
    with raw(server.port) as client:
        client.send(octets)

        assert client.close_code() == 1002


def test_what_came_before_the_fault_is_answered(server: HubThread) -> None:
    """A good command in front of a broken frame, in one segment, still gets its reply."""
    with raw(server.port) as client:
        client.send(frame(TEXT, PING_COMMAND) + frame(3))

        assert client.reply_to() == "é"
        assert client.close_code() == 1002


def test_what_comes_behind_the_fault_is_not_looked_at(server: HubThread) -> None:
    """Commands and pings behind a broken frame get no answer (7.1.7)."""
    with raw(server.port) as client:
        client.send(frame(CONT, b"x") + frame(PING, b"late") + frame(TEXT, PING_COMMAND))

        assert client.close_code() == 1002


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        pytest.param(frame(BINARY, b"x"), 1003, id="binary"),
        pytest.param(frame(TEXT, BAD_UTF8), 1007, id="bad UTF-8"),
        pytest.param(frame(TEXT, b"no JSON"), 4500, id="no JSON"),
    ],
)
def test_no_reply_follows_a_fault_in_a_message(server: HubThread, fault: bytes, code: int) -> None:
    """A command behind a refused message, in one segment, is not run."""
    with raw(server.port) as client:
        client.send(fault + frame(TEXT, PING_COMMAND) * 3)

        found = client.next()
        assert (found.opcode, found.code) == (CLOSE, code)
        client.send(close_frame(code))
        assert client.rest() == []

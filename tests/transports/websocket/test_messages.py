"""RFC 6455 to the byte: fragments, UTF-8 and limits, after Autobahn's groups 5, 6 and 9."""

import json
import socket
from struct import pack

import pytest

from support.octets import (
    CONT,
    PING,
    PONG,
    TEXT,
    close_frame,
    command,
    fragments,
    frame,
    raw,
)
from support.sockets import HubThread

PING_COMMAND = b'{"type":"ping","id":"\xc3\xa9"}'
LIMIT = 64 * 1024
BAD_UTF8 = b'{"type":"ping","id":"\xce\xba\xed\xa0\x80"}'  # a surrogate (Autobahn 6.3)


# 5 Fragmentation.


@pytest.mark.parametrize(
    "cuts",
    [
        pytest.param([10], id="in two"),
        pytest.param([1, 5, 9], id="in four"),
        pytest.param([0, 0, 5], id="with empty fragments in front"),
        pytest.param([5, 5, len(PING_COMMAND)], id="with empty fragments inside and behind"),
        pytest.param([22], id="inside a character"),
    ],
)
def test_fragments_are_joined(server: HubThread, cuts: list[int]) -> None:
    """A message in any number of fragments is the message."""
    with raw(server.port) as client:
        client.send(fragments(PING_COMMAND, cuts))

        assert client.reply_to() == "é"


def test_control_frames_between_fragments_are_answered_at_once(server: HubThread) -> None:
    """A ping inside a message gets its pong before the message is complete."""
    with raw(server.port) as client:
        client.send(frame(TEXT, PING_COMMAND[:9], fin=False) + frame(PING, b"now"))
        assert client.next() == (PONG, b"now")

        client.send(frame(PONG) + frame(CONT, PING_COMMAND[9:]))

        assert client.reply_to() == "é"


def test_one_message_after_another_may_be_fragmented(server: HubThread) -> None:
    """Nothing of one message is left over for the next."""
    with raw(server.port) as client:
        client.send(fragments(PING_COMMAND, [3]) + command(type="ping", id=1))
        client.send(fragments(PING_COMMAND, [8]))

        assert [client.reply_to() for _ in range(3)] == ["é", 1, "é"]


def test_a_close_inside_a_message_is_a_fault(server: HubThread) -> None:
    """A client that closes in the middle of a message of its own broke the rules."""
    with raw(server.port) as client:
        client.send(frame(TEXT, b"{", fin=False) + close_frame(1000))

        assert client.close_code() == 1002


# 1 and 5 again, byte by byte (Autobahn's "chops").


def test_frames_may_come_byte_by_byte(server: HubThread) -> None:
    """The borders of TCP segments mean nothing."""
    stream = fragments(PING_COMMAND, [7]) + frame(PING, b"p") + close_frame(1000, b"bye")
    with raw(server.port) as client:
        client.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for at in range(len(stream)):
            client.send(stream[at : at + 1])

        assert client.reply_to() == "é"
        assert client.next() == (PONG, b"p")
        assert client.close_code() == 1000


def test_many_frames_may_come_in_one_segment(server: HubThread) -> None:
    """A hundred commands in one write get their hundred replies, in order."""
    with raw(server.port) as client:
        client.send(b"".join(command(type="ping", id=n) for n in range(100)))

        assert [client.reply_to() for _ in range(100)] == list(range(100))


# 6 UTF-8.


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("κόσμε", id="two bytes"),
        pytest.param("\u0800\uffff", id="three bytes"),
        pytest.param("\U00010000\U0010ffff", id="four bytes"),
        pytest.param("\ud7ff\ue000\ufffd", id="around the surrogates"),
        pytest.param("\ufffe\uffff\U0001fffe", id="non-characters"),
    ],
)
def test_valid_text_is_read(server: HubThread, text: str) -> None:
    """All of Unicode comes through, whole and cut at each byte."""
    octets = json.dumps({"type": "ping", "id": text}, ensure_ascii=False).encode()
    with raw(server.port) as client:
        client.send(frame(TEXT, octets))
        client.send(fragments(octets, list(range(1, len(octets)))))

        assert [client.reply_to(), client.reply_to()] == [text, text]


@pytest.mark.parametrize(
    "octets",
    [
        pytest.param(b"\xed\xa0\x80", id="surrogate"),
        pytest.param(b"\xc0\x80", id="overlong NUL"),
        pytest.param(b"\xe0\x80\xaf", id="overlong slash"),
        pytest.param(b"\xf4\x90\x80\x80", id="above U+10FFFF"),
        pytest.param(b"\xf8\x88\x80\x80\x80", id="five bytes"),
        pytest.param(b"\x80", id="continuation byte alone"),
        pytest.param(b"\xfe\xff", id="impossible bytes"),
        pytest.param(b"\xce", id="cut off at the end"),
        pytest.param(b"\xf0\x9f\x98", id="one byte of four missing at the end"),
        pytest.param(b"\xce\xba\xe1\xbd", id="cut off behind a good one"),
    ],
)
@pytest.mark.parametrize(
    "whole", [pytest.param(True, id="whole"), pytest.param(False, id="across fragments")]
)
def test_bad_utf8_fails_with_1007(server: HubThread, octets: bytes, *, whole: bool) -> None:
    """What is not UTF-8 closes with 1007, in one frame or cut anywhere."""
    with raw(server.port) as client:
        stream = frame(TEXT, octets) if whole else fragments(octets, list(range(len(octets))))
        client.send(stream)

        assert client.close_code() == 1007


def test_bad_utf8_fails_before_the_message_is_complete(server: HubThread) -> None:
    """The first impossible byte is enough; the last fragment never comes (Autobahn 6.4.1)."""
    with raw(server.port) as client:
        client.send(frame(TEXT, b"\xce\xba\xf4", fin=False) + frame(CONT, b"\x90", fin=False))

        assert client.close_code() == 1007


# 9 Limits.


def test_a_frame_over_the_limit_is_refused_by_its_header(server: HubThread) -> None:
    """The length alone is enough for 1009; the payload is never waited for."""
    with raw(server.port) as client:
        client.send(b"\x81\xff" + pack("!Q", LIMIT + 1))

        assert client.close_code() == 1009


@pytest.mark.parametrize("size", [1 << 32, (1 << 63) - 1, 1 << 63, (1 << 64) - 1])
def test_absurd_lengths_are_refused(server: HubThread, size: int) -> None:
    """No length makes the hub reserve memory, not even one with the forbidden top bit."""
    with raw(server.port) as client:
        client.send(b"\x81\xff" + pack("!Q", size))

        assert client.close_code() == 1009


def test_fragments_count_together(server: HubThread) -> None:
    """A message is too big when its fragments are, each of them small."""
    half = frame(TEXT, b" " * (LIMIT // 2), fin=False)
    with raw(server.port) as client:
        client.send(half + frame(CONT, b" " * (LIMIT // 2), fin=False) + frame(CONT, b" "))

        assert client.close_code() == 1009


def test_fragments_up_to_the_limit_are_read(server: HubThread) -> None:
    """Exactly the limit in fragments is a message."""
    octets = PING_COMMAND.rjust(LIMIT)
    with raw(server.port) as client:
        client.send(fragments(octets, [1, LIMIT // 2, LIMIT - 1]))

        assert client.reply_to() == "é"

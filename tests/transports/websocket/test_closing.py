"""RFC 6455 to the byte: the closing handshake, after Autobahn's group 7, and the end of TCP."""

import socket
from struct import pack

import pytest

from support.octets import (
    CLOSE,
    PING,
    PONG,
    TEXT,
    close_frame,
    frame,
    raw,
)
from support.sockets import HubThread, until

PING_COMMAND = b'{"type":"ping","id":"\xc3\xa9"}'
LIMIT = 64 * 1024
BAD_UTF8 = b'{"type":"ping","id":"\xce\xba\xed\xa0\x80"}'  # a surrogate (Autobahn 6.3)


# 7 The closing handshake.


@pytest.mark.parametrize(
    "code", [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999]
)
def test_a_valid_close_is_echoed_and_the_stream_ends(server: HubThread, code: int) -> None:
    """A client's close gets the same code and reason back, then the end of the stream."""
    with raw(server.port) as client:
        client.send(close_frame(code, "adiós".encode()))

        (last,) = client.rest()
        assert last == (CLOSE, pack("!H", code) + "adiós".encode())


def test_a_close_without_a_code_is_echoed(server: HubThread) -> None:
    """An empty close is answered with an empty close."""
    with raw(server.port) as client:
        client.send(frame(CLOSE))

        assert client.rest() == [(CLOSE, b"")]


def test_a_close_with_the_longest_reason_is_echoed(server: HubThread) -> None:
    """123 bytes of reason fit."""
    with raw(server.port) as client:
        client.send(close_frame(1000, b"*" * 123))

        assert client.rest() == [(CLOSE, pack("!H", 1000) + b"*" * 123)]


@pytest.mark.parametrize(
    "code", [0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535]
)
def test_a_close_with_a_code_that_may_not_be_sent_is_a_fault(server: HubThread, code: int) -> None:
    """Codes that nobody may send are answered with 1002."""
    with raw(server.port) as client:
        client.send(close_frame(code))

        assert client.close_code() == 1002


def test_a_close_of_one_byte_is_a_fault(server: HubThread) -> None:
    """Half a code is answered with 1002."""
    with raw(server.port) as client:
        client.send(frame(CLOSE, b"\x03"))

        assert client.close_code() == 1002


def test_a_close_with_a_reason_that_is_no_text_is_a_fault(server: HubThread) -> None:
    """Bad UTF-8 in a reason is answered with 1007."""
    with raw(server.port) as client:
        client.send(close_frame(1000, b"\xce\xba\xed\xa0\x80"))

        assert client.close_code() == 1007


@pytest.mark.parametrize(
    "late",
    [
        pytest.param(frame(TEXT, PING_COMMAND), id="a command"),
        pytest.param(frame(PING, b"late"), id="a ping"),
        pytest.param(close_frame(1001), id="another close"),
        pytest.param(b"\xff\xff\xff\xff", id="garbage"),
    ],
)
def test_what_follows_a_close_is_ignored(server: HubThread, late: bytes) -> None:
    """After a client's close nothing it sends is answered, in the same segment or a later one."""
    with raw(server.port) as client:
        client.send(close_frame(1000) + late)
        client.send(late)

        assert client.rest() == [(CLOSE, pack("!H", 1000))]


def test_commands_before_a_close_are_answered_before_it(server: HubThread) -> None:
    """A client that asks and closes in one segment reads its reply, then the close."""
    with raw(server.port) as client:
        client.send(frame(TEXT, PING_COMMAND) + close_frame(1000))

        assert client.reply_to() == "é"
        assert client.close_code() == 1000


def test_the_hub_waits_for_the_answer_to_its_close(server: HubThread) -> None:
    """After our close frame the stream ends when the client's close has come, not before."""
    with raw(server.port) as client:
        client.send(frame(TEXT, b"no JSON"))
        found = client.next()
        assert (found.opcode, found.code) == (CLOSE, 4500)
        client.send(frame(PING, b"still there?"))
        assert client.next() == (PONG, b"still there?")

        client.send(close_frame(4500))

        assert client.rest() == []


def test_a_flood_behind_the_fault_does_not_reset_the_close_frame(server: HubThread) -> None:
    """The hub reads on while it waits, so that no reset overtakes its close frame."""
    with raw(server.port) as client:
        client.send(frame(3) + bytes(200_000))

        assert client.close_code() == 1002


# The end of the TCP connection.


def test_a_client_that_half_closes_gets_the_end_of_the_stream(server: HubThread) -> None:
    """An end without a close frame is an end: no close frame is owed, none is sent."""
    with raw(server.port) as client:
        client.socket.shutdown(socket.SHUT_WR)

        assert client.rest() == []


def test_a_reply_is_still_written_to_a_client_that_half_closes(server: HubThread) -> None:
    """What was answered before the end of the client's stream can be read."""
    with raw(server.port) as client:
        client.send(frame(TEXT, PING_COMMAND))
        client.socket.shutdown(socket.SHUT_WR)

        (reply,) = client.rest()

        assert reply.json["reply_to"] == "é"


def test_a_half_close_inside_a_frame_is_an_end(server: HubThread) -> None:
    """A frame that was begun and never finished does not hold the connection."""
    with raw(server.port) as client:
        client.send(frame(TEXT, PING_COMMAND)[:9])
        client.socket.shutdown(socket.SHUT_WR)

        assert client.rest() == []


def test_a_reset_is_forgotten(server: HubThread) -> None:
    """A client that resets its connection leaves nothing behind."""
    before = server.call(len, server.node.connections)
    with raw(server.port) as client:
        assert server.call(len, server.node.connections) == before + 1
        client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, pack("ii", 1, 0))

    until(lambda: server.call(len, server.node.connections) == before)

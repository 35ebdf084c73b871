"""Clients that do not read, over real sockets: the hub's memory stays bounded, others go on."""

import asyncio
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import cast

import pytest

from hub.realtime.session import Session
from support.octets import CLOSE, PING, PONG, TEXT, RawSocket, command, frame, raw, upgrade
from support.sockets import Carrier, HubThread, hub_thread

EVENTS = 10_000
AT_ONCE = 100
# The mark, and what one tick may add to it before the client has become a cursor.
BOUND = 64 * 1024 + 64 * 1024
# What one read of the loop brings at most, in commands of 500 bytes.
SEGMENT = 256 * 1024
WAITING = 2 * SEGMENT // 500


def following(client: RawSocket) -> int:
    """Let a client follow the channel `flood`; return where it stands."""
    client.send(upgrade("/ws?channels=flood"))
    assert client.answer().status == 101
    stood: int = client.next().json["positions"]["flood"]
    return stood


def test_a_client_that_does_not_read_costs_one_buffer(server: HubThread) -> None:
    """10,000 events later its buffer is bounded, others have all, and it gets each once."""
    _publish(server)
    with (
        raw(server.port, handshake=False) as slow,
        raw(server.port, handshake=False) as fast,
    ):
        stood = following(slow)
        assert following(fast) == stood
        most = 0

        for start in range(stood + 1, stood + 1 + EVENTS, AT_ONCE):
            assert _publish(server) == start + AT_ONCE - 1
            assert _offsets(fast, AT_ONCE) == list(range(start, start + AT_ONCE))
            most = max(most, server.call(_most_buffered, server))

        assert 16 * 1024 < most <= BOUND
        assert _offsets(slow, EVENTS) == list(range(stood + 1, stood + 1 + EVENTS))
        last = _publish(server)
        assert _offsets(slow, AT_ONCE)[-1] == last


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"type": "ping"}, id="commands answered at once"),
        pytest.param({"type": "get_status"}, id="commands that read the log"),
        pytest.param(
            {"type": "get_history", "channel": "flood", "limit": 50},
            id="commands with long answers",
        ),
    ],
)
def test_a_client_that_asks_without_reading_is_not_read(
    server: HubThread, fields: dict[str, object]
) -> None:
    """A flood of commands stops in the client's own socket; read, all are answered in order."""
    _publish(server)
    with raw(server.port) as client:
        client.socket.setblocking(False)  # noqa: FBT003 the standard library's signature
        commands = [command(**fields, id=f"{n:0500}") for n in range(900)]
        sent = _flood(server, client, b"".join(commands))
        count = sent // len(commands[0])

        client.socket.settimeout(5)
        replies = [int(client.next().json["reply_to"]) for _ in range(count)]

        assert replies == [n % len(commands) for n in range(count)]
        rest = len(commands[0]) - sent % len(commands[0])
        client.send(commands[count % len(commands)][-rest:])
        assert int(client.next().json["reply_to"]) == count % len(commands)


def test_pings_without_reading_are_not_answered_without_end(server: HubThread) -> None:
    """A flood of pings stops in the client's own socket."""
    with raw(server.port) as client:
        client.socket.setblocking(False)  # noqa: FBT003 the standard library's signature

        _flood(server, client, frame(PING, bytes(125)) * 100)


@pytest.fixture(scope="module")
def brisk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubThread]:
    """A hub that pings every 50 ms and waits 100 ms."""
    folder: Path = tmp_path_factory.mktemp("hub")
    with hub_thread(folder, Carrier(), heartbeat_s=0.05, pong_s=0.1) as hub:
        yield hub


@pytest.fixture(scope="module")
def patient(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubThread]:
    """A hub that pings every 50 ms and waits 2 s: a busy machine answers in time."""
    folder: Path = tmp_path_factory.mktemp("hub")
    with hub_thread(folder, Carrier(), heartbeat_s=0.05, pong_s=2.0) as hub:
        yield hub


def test_a_client_that_answers_no_ping_is_sent_away(brisk: HubThread) -> None:
    """Heartbeats and pings come, and then 4410."""
    with raw(brisk.port) as client:
        frames = [client.next()]
        while frames[-1].opcode != CLOSE:
            frames.append(client.next())

    kinds = [item.opcode for item in frames]
    assert kinds[:2] == [TEXT, PING]
    assert frames[0].json["type"] == "heartbeat"
    assert frames[-1].code == 4410


def test_a_client_that_answers_stays(patient: HubThread) -> None:
    """Fifty pings and fifty pongs: longer than the patience with the first, and still there."""
    with raw(patient.port) as client:
        for _ in range(50):
            assert client.next().opcode == TEXT
            ping = client.next()
            assert ping.opcode == PING
            client.send(frame(PONG, ping.data))
        client.send(command(type="ping"))

        replies = [client.next()]
        while replies[-1].opcode == PING or replies[-1].json["type"] != "pong":
            replies.append(client.next())
        assert CLOSE not in [item.opcode for item in replies]


def _publish(server: HubThread) -> int:
    """Publish a hundred events; return the last offset."""
    event = {"type": "drop", "data": {"text": "x" * 50}}
    last: int = server.post("/api/channels/flood/events", [event] * AT_ONCE)["offset"]
    return last


def _offsets(client: RawSocket, count: int) -> list[int]:
    offsets: list[int] = []
    while len(offsets) < count:
        told = client.next().json
        # A reader that takes more than a second for it is told so.
        if told["type"] != "lag":
            offsets.append(told["offset"])
    return offsets


def _flood(server: HubThread, client: RawSocket, octets: bytes) -> int:
    """Send until the hub takes no more; return how many bytes it took."""
    sent = 0
    full_since = 0
    while full_since < 50:
        try:
            sent += client.socket.send(octets[sent % len(octets) :])
            full_since = 0
        except BlockingIOError:
            full_since += 1
            server.call(asyncio.sleep, 0.002)
        assert server.call(_most_buffered, server) <= SEGMENT + BOUND
        assert server.call(_most_waiting, server) <= WAITING
        assert sent < 64 * 1024 * 1024, "the hub reads without end"
    return sent


def _most_buffered(server: HubThread) -> int:
    return max((c.sink.buffered() for c in server.node.connections._sessions), default=0)


def _most_waiting(server: HubThread) -> int:
    sessions = cast("Collection[Session]", server.node.connections.sessions())
    return max((len(session._conversation._waiting) for session in sessions), default=0)

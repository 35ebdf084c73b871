"""Our protocol class against a transport that a test turns by hand: pressure, pings, the log."""

from uuid import RFC_4122, UUID

import pytest

from hub.realtime.connection import new_client_id
from hub.realtime.frames import Batch, Frame
from support.octets import (
    CLOSE,
    PING,
    PONG,
    TEXT,
    close_frame,
    command,
    frame,
    parse,
    upgrade,
)
from support.seats import FakeTransport, House

SILENT = upgrade("/ws?channels=")


@pytest.fixture
def house() -> House:
    """A node without clients."""
    return House()


# Coming in.


def test_the_101_and_the_welcome_are_one_write(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Letting a client in costs one system call, and wakes it once."""
    writes: list[bytes] = []
    monkeypatch.setattr(FakeTransport, "write", lambda _, data: writes.append(data))

    house.sit(upgrade())

    (said,) = writes
    head, _, rest = said.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 101 ")
    assert [item.json["type"] for item in parse(rest)[0]] == ["welcome"]


def test_a_client_id_is_a_uuid_of_its_own() -> None:
    """RFC 9562, version 4; no two alike."""
    ids = [new_client_id() for _ in range(1_000)]

    assert {(UUID(one).version, UUID(one).variant) for one in ids} == {(4, RFC_4122)}
    assert all(str(UUID(one)) == one for one in ids)
    assert len(set(ids)) == len(ids)


# Pressure.


def test_a_full_buffer_stops_the_reading(house: House) -> None:
    """Who does not read is not read; when the buffer drains both go on."""
    seat = house.sit()
    seat.transport.stuck = True

    seat.protocol.write(Batch([Frame(bytes(64 * 1024))]))
    assert not seat.transport.reading
    seat.transport.drain()

    assert seat.transport.reading


def test_a_refused_browser_cannot_fill_the_buffer(house: House) -> None:
    """Also without a session pings are answered only as fast as the pongs are read."""
    seat = house.sit(upgrade(origin="http://evil.example"))
    seat.transport.stuck = True

    while seat.transport.reading:
        seat.send(frame(PING, bytes(125)) * 50)

    assert len(seat.transport.buffer) < 64 * 1024 + 50 * 127
    seat.transport.drain()
    assert seat.transport.reading


def test_pongs_of_one_segment_are_one_write(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """A segment full of pings costs one system call, not one a ping."""
    seat = house.sit()
    writes: list[bytes] = []
    monkeypatch.setattr(seat.transport, "write", writes.append)

    seat.send(frame(PING, b"x") * 100)

    assert len(writes) == 1


async def test_commands_that_wait_are_not_added_to(house: House) -> None:
    """A buffer that drains does not open the door while many commands wait for the log."""
    seat = house.sit()
    seat.send(b"".join(command(type="get_status", id=n) for n in range(40)))
    assert not seat.transport.reading

    seat.transport.stuck = True
    seat.protocol.write(Batch([Frame(bytes(64 * 1024))]))
    seat.transport.drain()
    paused = not seat.transport.reading
    for _ in range(40):
        await house.settle()

    assert (paused, seat.transport.reading) == (True, True)
    replies = [item.json["reply_to"] for item in seat.frames[2:]]
    assert replies == list(range(40))


# Ping and pong.


def test_a_client_that_answers_no_ping_is_sent_away(house: House) -> None:
    """25 s after the welcome a heartbeat and a ping; 10 s later 4410, to come back."""
    seat = house.sit()
    house.timers.advance(25)
    assert seat.opcodes == [TEXT, PING]
    assert seat.frames[1].json["type"] == "heartbeat"

    house.timers.advance(9.999)
    assert seat.opcodes == [TEXT, PING]
    house.timers.advance(0.001)

    assert seat.opcodes == [TEXT, PING, CLOSE]
    assert seat.frames[-1].code == 4410


def test_a_slow_client_that_reads_stays(house: House) -> None:
    """A buffer that drains is a sign of life; its pong stands behind all that it must read."""
    seat = house.sit()
    seat.transport.stuck = True
    seat.protocol.write(Batch([Frame(bytes(64 * 1024))]))
    house.timers.advance(34)

    seat.transport.drain()
    house.timers.advance(2)

    assert CLOSE not in seat.opcodes


@pytest.mark.parametrize(
    "life",
    [
        pytest.param(frame(PONG), id="a pong"),
        pytest.param(frame(PING, b"x"), id="a ping of its own"),
        pytest.param(command(type="ping"), id="a command"),
        pytest.param(frame(TEXT, b"{", fin=False), id="a part of a command"),
    ],
)
def test_any_frame_is_a_sign_of_life(house: House, life: bytes) -> None:
    """A client that sends anything is there; it stays as long as it does so."""
    seat = house.sit()

    house.timers.advance(25)
    house.timers.advance(9)
    seat.send(life)
    house.timers.advance(15.999)

    assert CLOSE not in seat.opcodes


# The line in the log.


@pytest.mark.parametrize(
    ("octets", "code"),
    [
        pytest.param(close_frame(1000), 1000, id="the client's close"),
        pytest.param(frame(CLOSE), 1005, id="the client's close without a code"),
        pytest.param(frame(TEXT, b"x") + close_frame(1000), 1000, id="both in one segment"),
        pytest.param(frame(3), 1002, id="a fault of the client"),
        pytest.param(b"", 1006, id="nobody closed"),
    ],
)
def test_each_connection_has_one_line(house: House, octets: bytes, code: int) -> None:
    """The line says who, how long, how many frames each way, why it ended, and from where."""
    seat = house.sit()
    seat.send(command(type="ping"))
    seat.send(octets)
    seat.transport.lose()

    (line,) = house.log.named("connection")

    assert line.keys() == {
        "event", "client_id", "seconds", "frames_in", "frames_out", "close_code", "peer",
    }  # fmt: skip
    assert type(line["close_code"]) is int
    assert (line["close_code"], line["peer"]) == (code, "192.0.2.1")
    assert (line["frames_in"] >= 1, line["frames_out"]) == (True, 2)
    assert line["client_id"] == seat.frames[0].json["client_id"]


def test_the_line_names_the_code_of_who_closed_first(house: House) -> None:
    """A client may answer our 4500 with 1000; the reason was ours."""
    seat = house.sit()
    seat.send(frame(TEXT, b"no JSON"))
    seat.send(close_frame(1000))
    seat.transport.lose()

    (line,) = house.log.named("connection")

    assert line["close_code"] == 4500


def test_a_refusal_has_a_line(house: House) -> None:
    """Who was not let in, and why."""
    house.sit(upgrade("/nowhere"))

    assert house.log.lines == [
        {
            "event": "connection refused",
            "code": "not_found",
            "path": "/nowhere",
            "peer": "192.0.2.1",
        }
    ]


def test_a_refused_address_cannot_write_to_the_terminal(house: House) -> None:
    """Whoever reads the log of a terminal must not have its title or its screen changed."""
    house.sit(upgrade("/%1b%5b2J%0aforged%E2%80%AE"))

    (line,) = house.log.named("connection refused")

    assert line["path"] == "/\\x1b[2J\\nforged\\u202e"

"""The entrance: what may happen between the request and its answer, while the log is asked."""

import json

import pytest

from hub.model.unit import Head
from support.octets import CLOSE, TEXT, close_frame, command, frame, upgrade
from support.seats import House, Seat

ASKS = upgrade("/ws?channels=orders")


@pytest.fixture
def house() -> House:
    """A node on which nobody has heard of `orders`, which the log holds."""
    house = House()
    house.questions.heads["orders"] = Head(3)
    return house


@pytest.mark.parametrize(
    "segments",
    [
        pytest.param([ASKS + command(type="ping", id=1)], id="with the request"),
        pytest.param([ASKS, command(type="ping", id=1)], id="on its own"),
        pytest.param(
            [ASKS + command(type="ping", id=1)[:9], command(type="ping", id=1)[9:]], id="torn"
        ),
        pytest.param([ASKS[:30], ASKS[30:] + command(type="ping", id=1)], id="request in two"),
    ],
)
async def test_what_comes_behind_the_request_waits(house: House, segments: list[bytes]) -> None:
    """A client that does not wait for the 101 loses nothing; it is answered in order."""
    seat = house.sit(segments[0])
    for segment in segments[1:]:
        seat.send(segment)
    before = seat.transport.sent
    await house.settle()

    assert before == b""
    assert [json.loads(item.data)["type"] for item in seat.frames] == ["welcome", "pong"]
    assert seat.frames[-1].json["reply_to"] == 1


async def test_a_close_behind_the_request_is_answered(house: House) -> None:
    """After the welcome; the client is counted, and seen off when its socket is gone."""
    seat = house.sit(ASKS + close_frame(1000))
    await house.settle()
    opcodes = [item.opcode for item in seat.frames]
    seat.transport.lose()

    assert opcodes == [TEXT, CLOSE]
    assert seat.transport.ended
    assert [line["close_code"] for line in house.log.named("connection")] == [1000]


async def test_a_fault_behind_the_request_is_told(house: House) -> None:
    """1002, as at any other time."""
    seat = house.sit(ASKS + frame(0x3))
    await house.settle()

    assert (seat.frames[-1].opcode, seat.frames[-1].code) == (CLOSE, 1002)


async def test_what_comes_behind_a_refused_request_is_dropped(house: House) -> None:
    """The answer is the status and no more."""
    del house.questions.heads["orders"]

    seat = house.sit(ASKS + command(type="ping"))
    await house.settle()
    seat.send(command(type="ping"))

    assert seat.head.startswith(b"HTTP/1.1 404 ")
    assert seat.transport.sent.count(b"HTTP/1.1 ") == 1
    assert seat.transport.ended
    assert len(house.connections) == 0


async def test_a_client_that_has_ended_its_stream_meanwhile_gets_nothing(house: House) -> None:
    """The transport closes behind it, if not yet in this tick."""
    seat = house.sit(ASKS)
    seat.protocol.eof_received()
    await house.settle()
    house.timers.advance(5)

    assert seat.transport.sent == b""
    assert seat.transport.aborted
    assert len(house.connections) == 0


async def test_a_hub_that_stops_meanwhile_lets_nobody_in(house: House) -> None:
    """Neither uvicorn's end nor the drain is outrun by the log."""
    seat, late = house.sit(ASKS), house.sit(ASKS)
    late.protocol.shutdown()
    house.drain.begin()
    await house.settle()

    assert seat.head.startswith(b"HTTP/1.1 503 ")
    assert late.transport.sent == b""
    assert len(house.connections) == 0


async def test_an_earlier_answer_that_drains_brings_no_more_bytes(house: House) -> None:
    """Who is asked about is not read, or it could send without end."""
    seat = house.sit(ASKS)
    seat.protocol.pause_writing()
    seat.protocol.resume_writing()
    reading = seat.transport.reading
    await house.settle()

    assert not reading
    assert seat.transport.reading


async def test_a_browser_is_told_by_a_close_frame(house: House) -> None:
    """404 after the log was asked is 1006 to a page, so the upgrade is taken."""
    del house.questions.heads["orders"]

    seat = house.sit(upgrade("/ws?channels=orders", origin="http://localhost"))
    await house.settle()

    assert _refused(seat) == (b"HTTP/1.1 101 Switching Protocols", CLOSE)
    assert len(house.connections) == 0


def _refused(seat: Seat) -> tuple[bytes, int]:
    (last,) = seat.frames
    return seat.head.partition(b"\r\n")[0], last.opcode

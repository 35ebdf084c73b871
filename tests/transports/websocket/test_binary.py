"""Binary messages: what a client sends that has agreed on MessagePack."""

import msgspec
import pytest

from support.octets import BINARY, CLOSE, CONT, PING, PONG, TEXT, frame, upgrade
from support.seats import House, Seat

# 0xFF, 0xFE and the like are no UTF-8.
PACKED = msgspec.msgpack.encode({"type": "ping", "id": -1, "note": "é" * 20})


@pytest.fixture
def seat() -> Seat:
    """A client that has agreed on MessagePack."""
    return House().sit(upgrade("/ws?channels=", sec_websocket_protocol="hub.v1.msgpack"))


@pytest.mark.parametrize("at", [0, 1, 13, len(PACKED) - 1, len(PACKED)])
def test_fragments_of_bytes_are_joined_unchecked(seat: Seat, at: int) -> None:
    """They need be no UTF-8, alone or together; a ping may come between."""
    with pytest.raises(UnicodeDecodeError):
        PACKED.decode()

    seat.send(frame(BINARY, PACKED[:at], fin=False))
    seat.send(frame(PING, b"x") + frame(CONT, PACKED[at:]))

    assert seat.opcodes == [BINARY, PONG]
    (answer,) = [item for item in seat.frames[1:] if item.opcode == BINARY]
    assert msgspec.msgpack.decode(answer.data)["reply_to"] == -1


@pytest.mark.parametrize("fin", [True, False], ids=["whole", "in fragments"])
def test_text_is_refused_at_its_first_frame(seat: Seat, *, fin: bool) -> None:
    """1003; what comes behind it is not looked at."""
    seat.send(frame(TEXT, b"{}", fin=fin) + frame(BINARY, PACKED))

    assert seat.opcodes == [CLOSE]
    assert seat.frames[-1].code == 1003
    assert seat.frames[-1].data[2:] == b"expected binary frames, got text"


def test_bytes_that_are_no_map_close(seat: Seat) -> None:
    """They are as bad as text that is no JSON."""
    seat.send(frame(BINARY, b"\xc1"))

    assert seat.opcodes == [CLOSE]
    assert seat.frames[-1].code == 4500

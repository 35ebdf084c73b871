"""Frames are built once, to the letter of RFC 6455, and shared."""

import pytest
from websockets.frames import Frame as Reference, Opcode

from hub.realtime.frames import Batch, Frame


@pytest.mark.parametrize("length", [0, 1, 125, 126, 127, 65535, 65536, 70000])
def test_the_wire_is_what_the_reference_writes(length: int) -> None:
    """In each of the three forms of a length, at their borders."""
    payload = b"x" * length

    assert Frame(payload).wire == Reference(Opcode.TEXT, payload).serialize(mask=False)


def test_a_batch_of_one_shares_the_frames_bytes() -> None:
    """An idle hub copies nothing."""
    frame = Frame(b"{}")

    assert Batch((frame,)).wire is frame.wire


def test_a_batch_is_its_frames_in_order() -> None:
    """One buffer, whoever writes it."""
    frames = [Frame(b"1"), Frame(b"22")]

    assert Batch(frames).wire == frames[0].wire + frames[1].wire

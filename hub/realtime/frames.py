"""Frames on their way out: built once, shared by every socket that gets them.

A server's frames are unmasked (RFC 6455, 5.1), so the same bytes serve all clients.
"""

from collections.abc import Sequence
from struct import pack

_TEXT_FIN = 0x81
_LENGTH_16 = 126
_LENGTH_64 = 127


class Frame:
    """One message to clients: its JSON, and the bytes on the wire."""

    __slots__ = ("payload", "wire")

    def __init__(self, payload: bytes) -> None:
        self.payload = payload
        self.wire = _header(len(payload)) + payload


class Batch:
    """Frames that are written together; `wire` is one bytes object however many write it."""

    __slots__ = ("frames", "wire")

    def __init__(self, frames: Sequence[Frame]) -> None:
        self.frames = frames
        self.wire = frames[0].wire if len(frames) == 1 else b"".join([f.wire for f in frames])


def _header(length: int) -> bytes:
    """RFC 6455, 5.2: FIN and opcode, then the length in one of its three forms."""
    if length < _LENGTH_16:
        return bytes((_TEXT_FIN, length))
    if length < 1 << 16:
        return pack("!BBH", _TEXT_FIN, _LENGTH_16, length)
    return pack("!BBQ", _TEXT_FIN, _LENGTH_64, length)

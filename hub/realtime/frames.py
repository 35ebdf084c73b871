"""Frames on their way out: built once, shared by every socket that gets them.

A server's frames are unmasked (RFC 6455, 5.1), so the same bytes serve all clients.
"""

from collections.abc import Sequence
from struct import pack

from hub.realtime.formats import JSON, Format

_TEXT_FIN = 0x81
_BINARY_FIN = 0x82
_LENGTH_16 = 126
_LENGTH_64 = 127


class Frame:
    """One message to clients.

    Attributes:
        payload: What it says.
        wire: The bytes on the wire, header and payload.
        offset: Of the event that it says; 0 when it says none, or one that has no position.
        at: Its place in its feed: the offset, or the number of the change in a volatile channel.
        binary: The payload is no text.
        owner: Whose event it says.
    """

    __slots__ = ("at", "binary", "offset", "owner", "payload", "wire")

    def __init__(
        self,
        payload: bytes,
        offset: int = 0,
        *,
        at: int = 0,
        binary: bool = False,
        owner: str = "",
    ) -> None:
        self.payload = payload
        self.wire = _header(_BINARY_FIN if binary else _TEXT_FIN, len(payload)) + payload
        self.offset = offset
        self.at = at or offset
        self.binary = binary
        self.owner = owner


class Batch:
    """Frames that are written together; `wire` is one bytes object however many write it."""

    __slots__ = ("frames", "wire")

    def __init__(self, frames: Sequence[Frame]) -> None:
        self.frames = frames
        self.wire = frames[0].wire if len(frames) == 1 else b"".join([f.wire for f in frames])


def together(batches: Sequence[Batch]) -> Batch:
    """Return what several batches say, as one."""
    return Batch([frame for batch in batches for frame in batch.frames])


def written(text: bytes, form: Format) -> Frame:
    """Return the frame that says a JSON text in a format."""
    return Frame(form.write(text), binary=form.binary)


def rewritten(frame: Frame, form: Format, prev: int | None) -> Frame:
    """Return an event's frame in another format, or with the offset that came before it.

    Args:
        frame: As JSON.
        form: What the reader asked for.
        prev: What a filter's reader has had before; None for readers that get every offset.
    """
    text = frame.payload
    if prev is not None:
        # Spliced in: encoding the event anew would cost ten times as much.
        text = b'%b,"prev":%d}' % (text[:-1], prev)
    elif form is JSON:
        return frame
    return Frame(form.write(text), frame.offset, binary=form.binary)


def _header(kind: int, length: int) -> bytes:
    """RFC 6455, 5.2: FIN and opcode, then the length in one of its three forms."""
    if length < _LENGTH_16:
        return bytes((kind, length))
    if length < 1 << 16:
        return pack("!BBH", kind, _LENGTH_16, length)
    return pack("!BBQ", kind, _LENGTH_64, length)

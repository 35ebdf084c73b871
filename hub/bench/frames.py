"""A server's WebSocket frames, found by their headers: a thousand clients must cost little.

Frames of a server are unmasked (RFC 6455, 5.1). An event is a text frame whose JSON begins with
`{"type":"b`, which no other frame of a hub does; its first bytes are all that is looked at.
"""

from collections.abc import Sequence
from typing import NamedTuple

TEXT = 0x81
PING = 0x89
CLOSE = 0x88
_LENGTH_16 = 126
_KIND_AT = len('{"type":"')
_KIND = ord("b")


class Control(NamedTuple):
    """A frame that is no text: its first byte, and what it holds."""

    first: int
    payload: bytes


class _Seen:
    """The chunk that was walked last: where it began, where it led."""

    __slots__ = ("before", "chunk", "events", "skip", "tail", "texts", "wait")

    def __init__(self) -> None:
        self.chunk = b""
        self.skip = self.wait = self.events = self.texts = 0
        self.before = self.tail = b""


class Counter:
    """Counts what one connection got.

    Every client of a hub gets the same bytes, so chunks often repeat from one connection to the
    next; counters that share a `seen` walk equal ones only once.

    Attributes:
        events: Events that began; see `whole`.
        texts: Text frames of any kind that began.
    """

    __slots__ = ("_before", "_seen", "_skip", "events", "texts")

    def __init__(self, seen: _Seen | None = None) -> None:
        self._seen = _Seen() if seen is None else seen
        self._skip = 0  # bytes of the frame that has begun
        self._before = b""  # the beginning of a frame that could not be told yet
        self.events = 0
        self.texts = 0

    @property
    def whole(self) -> int:
        """Events that came to their end."""
        return self.events - (self._skip > 0)

    def feed(self, chunk: bytes) -> Sequence[Control]:
        """Count; return the control frames, which somebody has to answer."""
        seen = self._seen
        if chunk == seen.chunk and self._skip == seen.wait and self._before == seen.before:
            self.events += seen.events
            self.texts += seen.texts
            self._skip, self._before = seen.skip, seen.tail
            return ()
        wait, before, events, texts = self._skip, self._before, self.events, self.texts
        controls = self._walk(before + chunk if before else chunk)
        if not controls:
            seen.chunk, seen.wait, seen.before = chunk, wait, before
            seen.skip, seen.tail = self._skip, self._before
            seen.events, seen.texts = self.events - events, self.texts - texts
        return controls

    def _walk(self, data: bytes) -> Sequence[Control]:
        at, size, events, texts = self._skip, len(data), 0, 0
        controls: list[Control] = []
        while at + 2 <= size:
            first, length, body = data[at], data[at + 1], at + 2
            if length >= _LENGTH_16:
                body += 2 if length == _LENGTH_16 else 8
                if body > size:
                    break
                length = int.from_bytes(data[at + 2 : body], "big")
            end = body + length
            if end > size and (first != TEXT or body + _KIND_AT >= size):
                break  # not enough to say what it is
            if first == TEXT:
                texts += 1
                events += length > _KIND_AT and data[body + _KIND_AT] == _KIND
            else:
                controls.append(Control(first, data[body:end]))
            at = end
        self._skip, self._before = max(0, at - size), data[at:]
        self.events += events
        self.texts += texts
        return controls


class Splitter:
    """Cuts one connection's bytes into whole frames."""

    __slots__ = ("_rest",)

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, chunk: bytes) -> Sequence[Control]:
        """Return the frames that are whole now, texts among them."""
        data = self._rest + chunk
        at, size = 0, len(data)
        found: list[Control] = []
        while at + 2 <= size:
            length, body = data[at + 1], at + 2
            if length >= _LENGTH_16:
                body += 2 if length == _LENGTH_16 else 8
                if body > size:
                    break
                length = int.from_bytes(data[at + 2 : body], "big")
            end = body + length
            if end > size:
                break
            found.append(Control(data[at], data[body:end]))
            at = end
        self._rest = data[at:]
        return found


def sharing() -> _Seen:
    """Return what counters share."""
    return _Seen()


def header_bytes(length: int) -> int:
    """Return how long the header of a server's frame of so many bytes is."""
    return 2 if length < _LENGTH_16 else 4 if length < 1 << 16 else 10


def masked(first: int, payload: bytes) -> bytes:
    """Return a client's control frame; the mask of zeros leaves the payload as it is."""
    return bytes((first, 0x80 | len(payload))) + bytes(4) + payload

"""The parser: a client's frames, from bytes (RFC 6455, 5). No I/O, no time, no answers.

Held to what `websockets` reads by tests/transports/websocket/test_parser.py; why it is our own:
docs/decisions/0010-own-frame-parser.md.
"""

from struct import pack
from typing import NamedTuple

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA

PROTOCOL_ERROR, INVALID_DATA, TOO_BIG = 1002, 1007, 1009
NO_CODE = 1005

_OPCODES = frozenset({CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG})
_FIN, _RESERVED, _OPCODE, _MASKED, _LENGTH = 0x80, 0x70, 0x0F, 0x80, 0x7F
_LENGTH_16, _LENGTH_64 = 126, 127
_HEADER_BYTES, _MASK_BYTES, _CODE_BYTES, _CONTROL_BYTES = 2, 4, 2, 125
# RFC 6455, 7.4, and the registry of IANA; 3000 to 4999 are free.
_CODES = frozenset({1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014})
_FREE_CODES = range(3000, 5000)


class Fault(Exception):
    """A broken rule, and the code that says so to the client."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class Frame(NamedTuple):
    """One frame of a client, unmasked."""

    opcode: int
    payload: bytes
    final: bool


class Parser:
    """Reads the frames of one client.

    Holds one frame that is not complete yet, and nothing while there is none.

    Args:
        max_bytes: See below.

    Attributes:
        max_bytes: Most that a message may have, in all its fragments; holds from the next one on.
        fault: The rule that the client broke; nothing behind it is read (RFC 6455, 7.1.7).
    """

    __slots__ = ("_buffer", "_left", "_open", "fault", "max_bytes")

    def __init__(self, max_bytes: int) -> None:
        self.fault: Fault | None = None
        self.max_bytes = max_bytes
        # What a message may still have, and whether one has begun.
        self._left = max_bytes
        self._open = False
        self._buffer: bytes | bytearray = b""

    def __len__(self) -> int:
        return len(self._buffer)

    def feed(self, data: bytes | bytearray) -> list[Frame]:
        """Return the frames that are complete now, up to a close or a fault.

        A fault is told as early as a header shows it.
        """
        if self._buffer:
            self._buffer += data
            data = self._buffer
        frames: list[Frame] = []
        at = 0
        try:
            while (found := self._next(data, at)) is not None:
                frame, at = found
                frames.append(frame)
                if frame.opcode == CLOSE:
                    break
        except Fault as fault:
            self.fault = fault
        self._keep(data, at)
        return frames

    def _keep(self, data: bytes | bytearray, at: int) -> None:
        """Keep what has come of the next frame, in what can be added to byte by byte."""
        if at == len(data):
            self._buffer = b""
        elif isinstance(data, bytearray):
            del data[:at]
        else:
            self._buffer = bytearray(data[at:])

    def _next(self, data: bytes | bytearray, at: int) -> tuple[Frame, int] | None:
        """Return the frame that begins there, and where it ends; None when it is not all there."""
        if len(data) < at + _HEADER_BYTES:
            return None
        first, start = data[at], at + _HEADER_BYTES
        length = data[at + 1] & _LENGTH
        self._check_kind(first & _OPCODE, data[at + 1])
        if length >= _LENGTH_16:
            start += 2 if length == _LENGTH_16 else 8
            if len(data) < start:
                return None
            length = int.from_bytes(data[at + _HEADER_BYTES : start])
        self._check(first, length)
        end = start + _MASK_BYTES + length
        if len(data) < end:
            return None
        payload = _unmask(bytes(data[start:end])) if length else b""
        frame = Frame(first & _OPCODE, payload, first >= _FIN)
        self._count(frame)
        return frame, end

    def _check_kind(self, opcode: int, second: int) -> None:
        if opcode not in _OPCODES:
            raise Fault(PROTOCOL_ERROR, f"expected an opcode of RFC 6455, got {opcode}")
        if second < _MASKED:
            raise Fault(PROTOCOL_ERROR, "expected a masked frame, got an unmasked one")

    def _check(self, first: int, length: int) -> None:
        """Hold the rest of a header to the rules."""
        opcode = first & _OPCODE
        if opcode < CLOSE and length > self._left:
            raise Fault(TOO_BIG, f"expected a message of at most {self.max_bytes} bytes, got more")
        if first & _RESERVED:
            raise Fault(PROTOCOL_ERROR, "expected reserved bits of 0, got others")
        if opcode >= CLOSE:
            if length > _CONTROL_BYTES:
                raise Fault(PROTOCOL_ERROR, f"expected at most 125 bytes of control, got {length}")
            if first < _FIN:
                raise Fault(PROTOCOL_ERROR, "expected a whole control frame, got a fragment")
        elif (opcode == CONTINUATION) is not self._open:
            known = "a continuation" if self._open else "a new message"
            raise Fault(PROTOCOL_ERROR, f"expected {known}, got opcode {opcode}")

    def _count(self, frame: Frame) -> None:
        """Note how much of a message has come, and that none is open at a close."""
        if frame.opcode < CLOSE:
            self._open = not frame.final
            self._left = self.max_bytes if frame.final else self._left - len(frame.payload)
        elif frame.opcode == CLOSE:
            _check_close(frame.payload)
            if self._open:
                raise Fault(PROTOCOL_ERROR, "expected the rest of a message, got a close")


def _unmask(masked: bytes) -> bytes:
    """Return what follows a mask, without it (RFC 6455, 5.3)."""
    size = len(masked) - _MASK_BYTES
    key = (masked[:_MASK_BYTES] * (size // _MASK_BYTES + 1))[:size]
    payload = int.from_bytes(masked[_MASK_BYTES:]) ^ int.from_bytes(key)
    return payload.to_bytes(size)


def _check_close(payload: bytes) -> None:
    if not payload:
        return
    code = read_code(payload)
    try:
        payload[_CODE_BYTES:].decode()
    except UnicodeDecodeError:
        raise Fault(INVALID_DATA, "expected UTF-8 in the reason of a close") from None
    if code not in _CODES and code not in _FREE_CODES:
        raise Fault(PROTOCOL_ERROR, f"expected a close code that may be sent, got {code}")


def read_code(payload: bytes) -> int:
    """Return the code of a close frame: 1005 when it has none, half of one as it is."""
    return int.from_bytes(payload[:_CODE_BYTES]) if payload else NO_CODE


def control(opcode: int, payload: bytes) -> bytes:
    """Return a control frame of ours: whole, unmasked, at most 125 bytes."""
    return bytes((_FIN | opcode, len(payload))) + payload


def close_frame(code: int, reason: str) -> bytes:
    """Return a close frame of ours; the reason has at most 123 bytes."""
    return control(CLOSE, pack("!H", code) + reason.encode())

"""A message on its way in: its fragments, joined and checked as they come."""

import codecs

from hub.transports.websocket.parser import INVALID_DATA, TEXT, Fault, Frame

_new_decoder = codecs.getincrementaldecoder("utf-8")


class Message:
    """The message that a client is sending in fragments.

    The parser has already checked that they come in order and that their sum is within the
    limit; joined as they come, they take that much memory however small each is. A byte that
    cannot be UTF-8 is told at once, not when the last fragment has come (RFC 6455, 8.1).

    Attributes:
        opcode: Of the first fragment: text or binary.
    """

    __slots__ = ("_data", "_decoder", "opcode")

    def __init__(self, opcode: int) -> None:
        self.opcode = opcode
        self._data = bytearray()
        self._decoder = _new_decoder() if opcode == TEXT else None

    def __len__(self) -> int:
        return len(self._data)

    def add(self, frame: Frame) -> bytes | None:
        """Add a fragment; return the message when it was the last one.

        Raises:
            Fault: A text is not UTF-8.
        """
        if self._decoder is not None:
            try:
                self._decoder.decode(frame.payload, frame.final)
            except UnicodeDecodeError:
                raise _no_text() from None
        self._data += frame.payload
        return bytes(self._data) if frame.final else None


def join(message: Message | None, frame: Frame) -> tuple[Message | None, bytes | None]:
    """Return what is still to be joined after a frame, and the message that it completed.

    Raises:
        Fault: A text is not UTF-8.
    """
    if message is None:
        if frame.final:
            return None, _whole(frame)
        message = Message(frame.opcode)
    done = message.add(frame)
    return (message if done is None else None), done


def expected_frames(*, binary: bool) -> str:
    """Return what a client is told that sends frames of the other kind."""
    return "expected binary frames, got text" if binary else "expected text frames, got binary"


def _whole(frame: Frame) -> bytes:
    """Return the message that is one frame.

    Raises:
        Fault: It is a text, and not UTF-8.
    """
    if frame.opcode == TEXT:
        try:
            frame.payload.decode()
        except UnicodeDecodeError:
            raise _no_text() from None
    return frame.payload


def _no_text() -> Fault:
    return Fault(INVALID_DATA, "expected UTF-8, got other bytes")

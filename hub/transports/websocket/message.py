"""A message on its way in: its fragments, joined, and checked as they come."""

import codecs

_new_decoder = codecs.getincrementaldecoder("utf-8")


class Text:
    """The message that a client is sending: text, or bytes where it has chosen a binary format.

    The parser has already checked that fragments come in order and that their sum is within
    the limit. A byte that cannot be UTF-8 is told at once, not when the last fragment has come
    (RFC 6455, 8.1).
    """

    __slots__ = ("_decoder", "_parts")

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._decoder: codecs.IncrementalDecoder | None = None

    def add(self, data: bytes, *, final: bool, binary: bool = False) -> bytes | None:
        """Add a frame; return the message when it was the last one.

        Raises:
            UnicodeDecodeError: It is text, and not UTF-8.
        """
        if not binary:
            self._check(data, final=final)
        if final and not self._parts:
            return data
        self._parts.append(data)
        if not final:
            return None
        message = b"".join(self._parts)
        self._parts, self._decoder = [], None
        return message

    def _check(self, data: bytes, *, final: bool) -> None:
        if final and self._decoder is None:
            data.decode()
            return
        if self._decoder is None:
            self._decoder = _new_decoder()
        self._decoder.decode(data, final)


def expected_frames(*, binary: bool) -> str:
    """Return what a client is told that sends frames of the other kind."""
    return "expected binary frames, got text" if binary else "expected text frames, got binary"

"""Formats: the two ways in which the same objects travel over a WebSocket (docs/protocol.md).

Everything is made as JSON first. MessagePack is made of that, once for all who read it: what one
client in a hundred asks for must not cost the others.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import msgspec

from hub.errors import BadFrame

_json = msgspec.json.Encoder()
_pack = msgspec.msgpack.Encoder()
# What a packed frame of a stranger makes the decoder, or the encoder after it, raise.
_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError, TypeError, ValueError)


class Format(NamedTuple):
    """One way to write objects down.

    Attributes:
        subprotocol: Its name in the handshake.
        binary: Its frames are binary ones.
        write: Makes a frame's payload of JSON text.
        read: Makes JSON text of a frame's payload.
    """

    subprotocol: str
    binary: bool
    write: Callable[[bytes], bytes]
    read: Callable[[bytes], bytes]


def to_json(told: Any) -> bytes:
    """Return an object as JSON text."""
    return _json.encode(told)


def _as_is(text: bytes) -> bytes:
    return text


def _to_msgpack(text: bytes) -> bytes:
    return _pack.encode(msgspec.json.decode(text))


def _from_msgpack(payload: bytes) -> bytes:
    try:
        return _json.encode(msgspec.msgpack.decode(payload))
    except _UNREADABLE:
        raise BadFrame("expected one MessagePack map a frame, got bytes that are none") from None


JSON = Format("hub.v1.json", binary=False, write=_as_is, read=_as_is)
MSGPACK = Format("hub.v1.msgpack", binary=True, write=_to_msgpack, read=_from_msgpack)
FORMATS = {each.subprotocol: each for each in (JSON, MSGPACK)}

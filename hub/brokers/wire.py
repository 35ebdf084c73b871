"""What nodes say, as bytes: MessagePack, one message a commit and one a word of presence.

Nodes of two versions may meet during an upgrade. Fields are only added at the end, so each reads
what the other says; what it cannot read it leaves to the log.
"""

import msgspec

from hub.brokers.base import News, Presence

_encode = msgspec.msgpack.Encoder().encode
_decoder = msgspec.msgpack.Decoder(News)
_presence_decoder = msgspec.msgpack.Decoder(Presence)
# What a message of a stranger makes a decoder raise.
_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


def encode(told: News | Presence) -> bytes:
    """Return the message that tells it."""
    return _encode(told)


def decode(message: bytes) -> News | None:
    """Return the news of a message; None where it is none."""
    try:
        return _decoder.decode(message)
    except _UNREADABLE:
        return None


def decode_presence(message: bytes) -> Presence | None:
    """Return a node's word of itself; None where the message is none."""
    try:
        return _presence_decoder.decode(message)
    except _UNREADABLE:
        return None

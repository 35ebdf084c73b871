"""News as bytes between nodes: MessagePack, one message a commit.

Nodes of two versions may meet during an upgrade. Fields are only added at the end, so each reads
what the other says; what it cannot read it leaves to the log.
"""

import msgspec

from hub.brokers.base import News

_encode = msgspec.msgpack.Encoder().encode
_decoder = msgspec.msgpack.Decoder(News)


def encode(news: News) -> bytes:
    """Return the message that tells the news."""
    return _encode(news)


def decode(message: bytes) -> News | None:
    """Return the news of a message; None where it is none."""
    try:
        return _decoder.decode(message)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None

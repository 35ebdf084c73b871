"""Keys that name a request, so that its retry is recognised."""

import re
import secrets
import time
import uuid

from hub_client.errors import SerializationError

_KEY = re.compile(r"[ -~]{1,255}")


def new_key() -> str:
    """Return a UUIDv7 (RFC 9562, 5.7): unique, and ordered by time.

    The hub keeps keys in an index; ordered ones lie together there and cost half of random ones.
    """
    milliseconds = time.time_ns() // 1_000_000
    value = milliseconds << 80 | 0x7 << 76 | secrets.randbits(12) << 64
    return str(uuid.UUID(int=value | 0b10 << 62 | secrets.randbits(62)))


def checked(key: str) -> str:
    """Return a key of the caller's own.

    Raises:
        SerializationError: It cannot stand in a header.
    """
    if _KEY.fullmatch(key) is None:
        raise SerializationError(
            f"idempotency_key: expected 1 to 255 printable ASCII characters, got {key[:80]!r}"
        )
    return key

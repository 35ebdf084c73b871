"""The opening handshake as bytes (RFC 6455, 4.2): what a request says, and what is answered.

uvicorn hands an upgrade over as the bytes of a request that it has parsed and written again, so
what is read here is whole and well-formed; whatever else comes is refused.
"""

import re
from base64 import b64encode
from collections.abc import Mapping, Sequence
from email.utils import formatdate
from functools import lru_cache
from hashlib import sha1
from http import HTTPStatus
from time import time
from typing import NamedTuple

from hub.errors import InvalidRequest

END = b"\r\n\r\n"
MAX_LINE_BYTES = 8_192
MAX_HEADERS = 128

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
# Sixteen bytes in base64.
_KEY = re.compile(rb"[A-Za-z0-9+/]{22}==")
_TOKEN = rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
# RFC 9110, 5.6.1: a list may have empty elements.
_LIST = re.compile(rb"(?:,[ \t]*)*%b[ \t]*(?:,[ \t]*(?:%b[ \t]*)?)*" % (_TOKEN, _TOKEN))
_LISTS = (b"connection", b"sec-websocket-protocol")
_LOOKED_AT = frozenset(
    {*_LISTS, b"upgrade", b"origin", b"sec-websocket-key", b"content-length", b"transfer-encoding"}
)
_ODD = re.compile(rb"[^\t\r\n\x20-\x7e\x80-\xff]")


class Request(NamedTuple):
    """A request: names of headers are lower-case, as ASGI has them."""

    method: str
    target: str
    headers: Sequence[tuple[bytes, bytes]]


def read(head: bytes) -> Request:
    """Return the request that these bytes are, without its last empty line.

    Raises:
        InvalidRequest: They are none, or too long a one.
    """
    line, *fields = head.split(b"\r\n")
    words = line.split(b" ")
    parts = [field.partition(b":") for field in fields]
    headers = [(name.lower(), value.strip(b" \t")) for name, _, value in parts]
    if len(words) != 3 or not line.isascii() or _ODD.search(head):  # noqa: PLR2004 RFC 9112, 3
        raise InvalidRequest("expected a request of HTTP/1.1, got other bytes")
    if len(line) > MAX_LINE_BYTES or len(headers) > MAX_HEADERS:
        raise InvalidRequest(
            f"expected an address of at most {MAX_LINE_BYTES} bytes and {MAX_HEADERS} headers, "
            f"got {len(line)} and {len(headers)}"
        )
    return Request(words[0].decode(), words[1].decode(), headers)


def find_fault(request: Request) -> str | None:
    """Return what keeps a request from opening a WebSocket, besides method and version."""
    found: dict[bytes, list[bytes]] = {}
    for name, value in request.headers:
        if name in _LOOKED_AT:
            found.setdefault(name, []).append(value)
    cause = _find_in_lists(found)
    if cause is not None:
        return cause
    if [value.lower() for value in found.get(b"upgrade", ())] != [b"websocket"]:
        return "an Upgrade to something else"
    if b"transfer-encoding" in found or {*found.get(b"content-length", ())} - {b"0"}:
        return "a body"  # where it ends, a proxy may see otherwise (CWE-444)
    return _find_in_key(found.get(b"sec-websocket-key", ()), found.get(b"origin", ()))


def _find_in_lists(found: Mapping[bytes, Sequence[bytes]]) -> str | None:
    options: Sequence[bytes] = ()
    for name in _LISTS:
        for value in found.get(name, ()):
            words = _words(value)
            if words is None:
                return f"a {name.decode()} that is no list of words"
            if name == b"connection":
                options = (*options, *words)
    return None if b"upgrade" in options else "a Connection without Upgrade"


@lru_cache(64)
def _words(value: bytes) -> Sequence[bytes] | None:
    """Return the words of a list, in lower case; None: it is none. Most clients say the same."""
    if _LIST.fullmatch(value) is None:
        return None
    return [word.strip() for word in value.lower().split(b",")]


def _find_in_key(keys: Sequence[bytes], origins: Sequence[bytes]) -> str | None:
    if len(origins) > 1:
        return "several headers Origin"
    if len(keys) != 1:
        return f"{len(keys)} headers Sec-WebSocket-Key"
    if _KEY.fullmatch(keys[0]) is None:
        return "a Sec-WebSocket-Key that is not 16 bytes in base64"
    return None


def accept(request: Request, subprotocol: str | None) -> bytes:
    """Return the 101 (RFC 6455, 4.2.2), to a request without fault."""
    proof = b64encode(sha1(dict(request.headers)[b"sec-websocket-key"] + _GUID).digest())  # noqa: S324
    chosen = b"Sec-WebSocket-Protocol: %b\r\n" % subprotocol.encode() if subprotocol else b""
    return (
        b"HTTP/1.1 101 Switching Protocols\r\nDate: %b\r\nUpgrade: websocket\r\n"
        b"Connection: Upgrade\r\nSec-WebSocket-Accept: %b\r\n%b\r\n" % (_date(), proof, chosen)
    )


def refuse(status: int, headers: Sequence[tuple[str, str]], body: bytes) -> bytes:
    """Return an HTTP answer after which the stream ends."""
    lines = [
        f"HTTP/1.1 {status} {HTTPStatus(status).phrase}",
        f"Date: {_date().decode()}",
        "Connection: close",
        f"Content-Length: {len(body)}",
        *(f"{name}: {value}" for name, value in headers),
    ]
    return "\r\n".join(lines).encode() + END + body


def _date() -> bytes:
    return _date_of(int(time()))


@lru_cache(1)
def _date_of(second: int) -> bytes:
    return formatdate(second, usegmt=True).encode()

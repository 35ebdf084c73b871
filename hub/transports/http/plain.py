"""Plain requests: a POST of known length that can be read in one way only.

Nearly every event comes as one. httptools calls back for each header, and its caller then parses
the address; here the whole head is one regular expression. Whatever is not beyond doubt takes the
long way: httptools decides what a request is.
"""

import re
from typing import NamedTuple

from hub.transports.http.bounded import MAX_HEAD_BYTES

# What is longer may be refused before it has come.
MAX_BODY_BYTES = 64 * 1024
# RFC 9112, 3 and 5, without all that is obsolete or odd: no escapes and no query in the address,
# one space at most before a value, none behind it. Each byte can match in one way only, so no
# step is ever taken back (the second `+`).
_HEAD = re.compile(
    rb"POST ((?:/[A-Za-z0-9._~:@-]++)++) HTTP/1\.1\r\n"
    rb"((?:[!#$%&'*+.^_`|~0-9A-Za-z-]++: ?+"
    rb"(?:[!-~\x80-\xff]++(?:[\t ]++[!-~\x80-\xff]++)*+)?+\r\n)++)"
    rb"\r\n"
)
_FIELD = re.compile(rb"([^:]+): ?([^\r]*)\r\n")
_LENGTH = re.compile(rb"0|[1-9][0-9]{0,5}")
# They change what a message is, or what its connection becomes.
_DOUBTFUL = frozenset(
    {b"transfer-encoding", b"expect", b"upgrade", b"proxy-connection", b"trailer", b"te"}
)
_KEPT = frozenset({b"keep-alive", b"Keep-Alive"})


class Plain(NamedTuple):
    """A request.

    Attributes:
        path: Of its address, which has nothing else.
        headers: Names in lower case, as ASGI wants them.
        body: As far as it has come.
        length: Of the body, in bytes.
    """

    path: bytes
    headers: list[tuple[bytes, bytes]]
    body: bytes
    length: int


def read_plain(data: bytes) -> Plain | None:
    """Read a request from its first byte; None: it is not plain, or its head is not all there."""
    head = _HEAD.match(data, 0, MAX_HEAD_BYTES)
    if head is None:
        return None
    headers = [(name.lower(), value) for name, value in _FIELD.findall(head[2])]
    found = dict(headers)
    length = _LENGTH.fullmatch(found.get(b"content-length", b""))
    if (
        length is None
        or len(found) < len(headers)
        or not _DOUBTFUL.isdisjoint(found)
        or found.get(b"connection", b"keep-alive") not in _KEPT
    ):
        return None
    body, size = data[head.end() :], int(length[0])
    if len(body) > size or size > MAX_BODY_BYTES:
        return None
    return Plain(head[1], headers, body, size)

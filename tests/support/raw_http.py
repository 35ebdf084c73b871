"""HTTP by hand, for requests that no proper client would send."""

import asyncio
import json
from collections.abc import Sequence
from typing import Any, NamedTuple
from urllib.parse import urlsplit


class RawAnswer(NamedTuple):
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        """Return the body, decoded."""
        return json.loads(self.body)


async def send(url: str, line: str, *headers: str, body: bytes = b"") -> RawAnswer:
    """Send one request as it is given, and return the answer.

    Args:
        url: Where the hub listens.
        line: `POST /update`, not changed in any way.
        headers: Besides Host and Connection, unless one of them is a Host.
        body: What follows the headers.
    """
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    fixed = ["Connection: close"]
    if not any(header.lower().startswith("host:") for header in headers):
        fixed.append(f"Host: {parts.netloc}")
    head = "\r\n".join([f"{line} HTTP/1.1", *fixed, *headers, "", ""])
    try:
        writer.write(head.encode("latin-1") + body)
        lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        found = _headers(lines[1:])
        answer = await reader.readexactly(int(found["content-length"]))
    finally:
        writer.close()
    return RawAnswer(int(lines[0].split(" ")[1]), found, answer)


def chunked(*pieces: bytes) -> bytes:
    """Return a body in chunks, as Transfer-Encoding: chunked has it."""
    return b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in (*pieces, b""))


def _headers(lines: Sequence[str]) -> dict[str, str]:
    pairs = (line.partition(":") for line in lines)
    return {name.lower(): value.strip() for name, _, value in pairs}

"""A poster that costs little: one kept-alive connection, HTTP/1.1 by hand."""

import asyncio
import json
from typing import Any, NamedTuple


class Reply(NamedTuple):
    """An answer."""

    status: int
    body: dict[str, Any]


class Wire:
    """One connection to a hub, opened again after it broke."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def post(self, path: str, body: dict[str, Any], key: str | None = None) -> Reply:
        """Post JSON; a connection that breaks is an OSError or an IncompleteReadError."""
        if self._writer is None or self._reader is None:
            self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)
        try:
            self._writer.write(_request(path, self._port, json.dumps(body).encode(), key))
            head = (await self._reader.readuntil(b"\r\n\r\n")).decode().lower()
            length = int(head.partition("content-length:")[2].split("\r\n")[0])
            text = await self._reader.readexactly(length)
        except BaseException:
            self.close()
            raise
        return Reply(int(head.split(" ")[1]), json.loads(text))

    def close(self) -> None:
        """Close it."""
        if self._writer is not None:
            self._writer.close()
        self._reader = self._writer = None


def _request(path: str, port: int, body: bytes, key: str | None) -> bytes:
    keyed = f"Idempotency-Key: {key}\r\n" if key else ""
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\n"
        f"{keyed}Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body

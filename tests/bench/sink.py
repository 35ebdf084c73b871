"""A receiver of webhooks that costs little: counts what comes, and how old it is.

`POST /dead` is never answered. `GET /told` tells the counts, and the ages of events, in
milliseconds by path, since the last time.
"""

import asyncio
import json
import sys
import time
from datetime import datetime
from typing import cast

import uvloop

OK = b"HTTP/1.1 204 No Content\r\n\r\n"


class Told:
    """What has come since the last time that somebody asked."""

    def __init__(self) -> None:
        self.count = 0
        self.first_s = self.last_s = 0.0
        self.ages: dict[str, list[float]] = {}

    def note(self, path: str, body: bytes) -> None:
        """Count one."""
        now_s = time.time()
        self.count += 1
        self.first_s = self.first_s or now_s
        self.last_s = now_s
        if path.startswith("/aged"):
            at = datetime.fromisoformat(json.loads(body)["timestamp"])
            self.ages.setdefault(path, []).append((now_s - at.timestamp()) * 1000)

    def take(self) -> bytes:
        """Tell it, and begin anew."""
        told = json.dumps(
            {"count": self.count, "seconds": self.last_s - self.first_s, "ages": self.ages}
        )
        self.__init__()  # type: ignore[misc]
        return told.encode()


class Sink(asyncio.Protocol):
    """One connection."""

    def __init__(self, told: Told) -> None:
        self._told = told
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Answer every request that is whole."""
        self._buffer += data
        while True:
            head, found, rest = self._buffer.partition(b"\r\n\r\n")
            if not found:
                return
            lower = head.lower()
            at = lower.find(b"content-length:")
            length = int(lower[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
            if len(rest) < length:
                return
            self._buffer = rest[length:]
            method, path, _ = head.split(b" ", 2)
            self._answer(method, path.decode(), rest[:length])

    def _answer(self, method: bytes, path: str, body: bytes) -> None:
        if method == b"GET":
            told = self._told.take() if path == "/told" else b"{}"
            head = f"HTTP/1.1 200 OK\r\ncontent-length: {len(told)}\r\n\r\n"
            self._transport.write(head.encode() + told)
        elif path != "/dead":
            self._told.note(path, body)
            self._transport.write(OK)


async def serve(port: int) -> None:
    """Receive, for ever."""
    told = Told()
    server = await asyncio.get_running_loop().create_server(lambda: Sink(told), "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1])))

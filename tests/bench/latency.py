"""From a post to a socket: the time between the request leaving and the frame arriving."""

import asyncio
import json
import time
from typing import cast

from bench.load import request

_HANDSHAKE = (
    "GET /ws?channels=contracts HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\n"
    "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
_FIELD = b'"contract_id":"'


class _Listener(asyncio.Protocol):
    """A client that reads frames without parsing their JSON: a hundred must cost little."""

    def __init__(self, host: str, sent: dict[bytes, float], took: list[float]) -> None:
        self._host = host
        self._sent = sent
        self._took = took
        self._rest = b""
        self.welcomed: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the upgrade."""
        self.transport = cast("asyncio.Transport", transport)
        self.transport.write(_HANDSHAKE.format(host=self._host).encode())

    def data_received(self, data: bytes) -> None:
        """Note when each frame came."""
        now = time.perf_counter()
        if not self.welcomed.done():
            if b'"welcome"' in data:
                self.welcomed.set_result(None)
            return
        data = self._rest + data
        start = 0
        while (end := _frame_end(data, start)) is not None:
            at = data.find(_FIELD, start, end)
            if at >= 0:
                at += len(_FIELD)
                number = data[at : data.index(b'"', at)]
                self._took.append((now - self._sent[number]) * 1000)
            start = end
        self._rest = data[start:]


def _frame_end(data: bytes, start: int) -> int | None:
    """Return where the server's frame that begins at `start` ends; None when it is not whole."""
    if len(data) < start + 4:
        return None
    length, head = data[start + 1], 2
    if length == 126:
        length, head = int.from_bytes(data[start + 2 : start + 4]), 4
    end = start + head + length
    return end if end <= len(data) else None


async def measure(
    url: str, *, clients: int, rate: int, seconds: float, post_to: str | None = None
) -> list[float]:
    """Post at a steady rate while so many clients listen; return every delivery's milliseconds.

    Args:
        url: Where the clients listen.
        clients: How many.
        rate: Posts a second.
        seconds: For how long.
        post_to: Where the posts go; the same node when not given.
    """
    sent: dict[bytes, float] = {}
    took: list[float] = []
    host = url.removeprefix("http://")
    name, port = host.split(":")
    loop = asyncio.get_running_loop()
    listeners = [
        (await loop.create_connection(lambda: _Listener(host, sent, took), name, int(port)))[1]
        for _ in range(clients)
    ]
    await asyncio.gather(*(listener.welcomed for listener in listeners))
    await _post((post_to or url).removeprefix("http://"), sent, rate, int(rate * seconds))
    for listener in listeners:
        listener.transport.close()
    expected = int(rate * seconds) * clients
    if len(took) != expected:
        raise RuntimeError(f"expected {expected} deliveries, got {len(took)}")
    return sorted(took)


async def _post(host: str, sent: dict[bytes, float], rate: int, count: int) -> None:
    name, port = host.split(":")
    reader, writer = await asyncio.open_connection(name, int(port))
    answers = asyncio.create_task(_drain(reader))
    start = time.perf_counter()
    for number in range(count):
        await asyncio.sleep(max(0.0, start + number / rate - time.perf_counter()))
        contract_id = f"n-{number}"
        body = json.dumps(
            {
                "contract_id": contract_id,
                "location": "Mumbai",
                "status": "active",
                "timestamp": "2024-01-01T12:00:00",
            }
        )
        sent[contract_id.encode()] = time.perf_counter()
        writer.write(request("/update", host, body.encode()))
    await asyncio.sleep(1)  # the last frames are on their way
    answers.cancel()
    writer.close()


async def _drain(reader: asyncio.StreamReader) -> None:
    while await reader.read(65536):
        pass

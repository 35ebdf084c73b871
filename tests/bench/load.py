"""The load: raw HTTP/1.1 over kept-alive connections, so that the client costs little."""

import asyncio
import itertools
import time
from collections.abc import Callable
from typing import NamedTuple, cast
from urllib.parse import urlsplit

from hub_client.calls.idempotency import new_key

MakeRequest = Callable[[int], bytes]


class Rate(NamedTuple):
    """What one run saw."""

    requests: int
    seconds: float
    failures: int

    @property
    def per_second(self) -> float:
        """Requests a second."""
        return self.requests / self.seconds


class _Caller(asyncio.Protocol):
    """One connection that sends the next request when the answer to the last is there."""

    def __init__(self, make: MakeRequest, numbers: "itertools.count[int]", end: float) -> None:
        self._make = make
        self._numbers = numbers
        self._end = end
        self._buffer = b""
        self.answers = 0
        self.failures = 0
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send the first request."""
        self._transport = cast("asyncio.Transport", transport)
        self._send()

    def data_received(self, data: bytes) -> None:
        """Count an answer when it is whole."""
        self._buffer += data
        head, found, body = self._buffer.partition(b"\r\n\r\n")
        if not found or len(body) < _length(head):
            return
        self._buffer = b""
        self.answers += 1
        self.failures += not head.startswith(b"HTTP/1.1 2")
        if time.perf_counter() < self._end:
            self._send()
        else:
            self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 asyncio's signature
        """End."""
        if not self.done.done():
            self.done.set_result(None)

    def _send(self) -> None:
        self._transport.write(self._make(next(self._numbers)))


def _length(head: bytes) -> int:
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    return 0


async def measure(url: str, make: MakeRequest, *, connections: int, seconds: float) -> Rate:
    """Post as fast as answers come over so many connections."""
    address = urlsplit(url)
    loop = asyncio.get_running_loop()
    numbers = itertools.count()
    started = time.perf_counter()
    callers = [
        (
            await loop.create_connection(
                lambda: _Caller(make, numbers, started + seconds),
                str(address.hostname),
                int(address.port or 80),
            )
        )[1]
        for _ in range(connections)
    ]
    await asyncio.gather(*(caller.done for caller in callers))
    return Rate(
        sum(caller.answers for caller in callers),
        time.perf_counter() - started,
        sum(caller.failures for caller in callers),
    )


def post(path: str, host: str, *, with_key: bool, token: str = "") -> MakeRequest:
    """Return a maker of contract updates, each with its own key where asked for."""

    def make(number: int) -> bytes:
        body = (
            f'{{"contract_id":"c-{number % 1000}","location":"Mumbai","status":"active",'
            '"timestamp":"2024-01-01T12:00:00"}'
        ).encode()
        return request(path, host, body, new_key() if with_key else None, token)

    return make


def request(path: str, host: str, body: bytes, key: str | None = None, token: str = "") -> bytes:
    """Return a POST of JSON."""
    keyed = f"Idempotency-Key: {key}\r\n" if key else ""
    keyed += f"Authorization: Bearer {token}\r\n" if token else ""
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n{keyed}"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body

"""A receiver of webhooks on a free port of this machine, which notes what comes."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from typing import Any, NamedTuple

from support.waiting import until

Answer = Callable[["Came"], bytes]
OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
DOWN = b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n"


class Came(NamedTuple):
    """A request as it came."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def id(self) -> str:
        """Of its event."""
        return self.headers["webhook-id"]

    @property
    def event(self) -> dict[str, Any]:
        """The event in it."""
        event: dict[str, Any] = json.loads(self.body)
        return event


class Receiver:
    """Answers what it is told to, and notes what came.

    Attributes:
        came: In the order in which it came.
        answer: Makes the answer to a request; empty: there is none, ever.
    """

    def __init__(self) -> None:
        self.came: list[Came] = []
        self.answer: Answer = lambda _: OK
        self.port = 0
        self._serving: set[asyncio.Task[None]] = set()

    def url(self, path: str = "/hook") -> str:
        """Return an address of it."""
        return f"http://127.0.0.1:{self.port}{path}"

    def ids(self, path: str = "/hook") -> list[str]:
        """Return the events that came there."""
        return [one.id for one in self.came if one.path == path]

    async def has(self, count: int) -> None:
        """Return when so many have come."""
        await until(lambda: len(self.came) >= count)

    async def _close(self) -> None:
        serving = tuple(self._serving)
        for task in serving:
            task.cancel()
        await asyncio.gather(*serving, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode().splitlines()
                pairs = (line.partition(": ") for line in head[1:] if line)
                headers = {name.lower(): value for name, _, value in pairs}
                body = await reader.readexactly(int(headers.get("content-length", "0")))
                came = Came(head[0].split()[1], headers, body)
                self.came.append(came)
                answer = self.answer(came)
                if not answer:
                    await asyncio.Event().wait()
                writer.write(answer)
                await writer.drain()
        writer.close()


@contextlib.asynccontextmanager
async def receiver() -> AsyncIterator[Receiver]:
    """Receive for the length of a test."""
    made = Receiver()
    server = await asyncio.start_server(made._serve, "127.0.0.1", 0)
    made.port = server.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        server.close()
        await made._close()

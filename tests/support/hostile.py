"""Receivers of webhooks, friendly and hostile ones: real servers on loopback, byte by byte."""

import asyncio
import contextlib
import gzip
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address

OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
CHUNK = b"x" * 65_536
Behaviour = Callable[["Talk"], Awaitable[None]]


class Talk:
    """One connection to a receiver."""

    def __init__(
        self, receiver: "Receiver", reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.receiver = receiver
        self.reader = reader
        self.writer = writer

    async def request(self) -> bytes:
        """Read a request, head and body, and note it."""
        head = await self.reader.readuntil(b"\r\n\r\n")
        length = head.lower().partition(b"content-length:")[2].split(b"\r\n")[0]
        body = await self.reader.readexactly(int(length))
        self.receiver.requests.append(head + body)
        return head + body

    async def say(self, data: bytes) -> None:
        """Send bytes as they are."""
        self.writer.write(data)
        await self.writer.drain()

    async def wait_for_the_end(self) -> None:
        """Wait until the other side has gone."""
        with contextlib.suppress(OSError):
            while await self.reader.read(65_536):
                pass
        self.receiver.ended.set()

    def reset(self) -> None:
        """Close by RST."""
        self.linger()
        self.writer.transport.abort()

    def linger(self) -> None:
        """Have the close send an RST."""
        sock = self.writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


class Receiver:
    """A server, and what has come to it.

    Attributes:
        connections: How many were opened.
        requests: As they came.
        begun: Set once a connection is there.
        ended: Set once a talk that waited for it saw the other side go.
    """

    def __init__(self, behaviour: Behaviour) -> None:
        self._behaviour = behaviour
        self.port = 0
        self.connections = 0
        self.requests: list[bytes] = []
        self.begun = asyncio.Event()
        self.ended = asyncio.Event()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Talk on one connection until the behaviour is over."""
        self.connections += 1
        self.begun.set()
        try:
            await self._behaviour(Talk(self, reader, writer))
        except (OSError, asyncio.IncompleteReadError):
            self.ended.set()
        finally:
            writer.close()


@contextlib.asynccontextmanager
async def receiving(
    behaviour: Behaviour, *, host: str = "127.0.0.1", context: ssl.SSLContext | None = None
) -> AsyncIterator[Receiver]:
    """Serve a behaviour on a free port."""
    receiver = Receiver(behaviour)
    tasks: set[asyncio.Task[None]] = set()
    writers: list[asyncio.StreamWriter] = []

    def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        task = asyncio.ensure_future(receiver.serve(reader, writer))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    server = await asyncio.start_server(connected, host, 0, ssl=context)
    receiver.port = server.sockets[0].getsockname()[1]
    try:
        yield receiver
    finally:
        server.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        # A loop that is closed before its sockets is a fault to uvloop.
        for writer in writers:
            writer.transport.abort()
        await asyncio.gather(*(one.wait_closed() for one in writers), return_exceptions=True)


def saying(*parts: bytes, close: bool = True) -> Behaviour:
    """Return a behaviour that answers one request with these bytes."""

    async def behave(talk: Talk) -> None:
        await talk.request()
        for part in parts:
            await talk.say(part)
        if not close:
            await talk.wait_for_the_end()

    return behave


async def friendly(talk: Talk) -> None:
    """Answer every request with 200."""
    while True:
        await talk.request()
        await talk.say(OK)


async def silent(talk: Talk) -> None:
    """Never answer."""
    await talk.wait_for_the_end()


async def resets(talk: Talk) -> None:
    """Read the request and reset the connection."""
    await talk.request()
    talk.reset()


async def resets_at_once(talk: Talk) -> None:
    """Reset the connection as soon as it is there."""
    talk.reset()


def dripping(first: bytes, drop: bytes) -> Behaviour:
    """Return a behaviour that sends some bytes, then others for ever, a few at a time."""

    async def behave(talk: Talk) -> None:
        await talk.request()
        await talk.say(first)
        while True:
            await talk.say(drop)
            await asyncio.sleep(0.01)

    return behave


def endless(first: bytes, more: bytes = CHUNK, most: int = 1 << 30) -> Behaviour:
    """Return a behaviour that sends without a pause, a gigabyte at most."""

    async def behave(talk: Talk) -> None:
        await talk.request()
        await talk.say(first)
        for _ in range(most // len(more)):
            await talk.say(more)
            await asyncio.sleep(0)
        raise AssertionError("a gigabyte was taken")

    return behave


def bomb() -> bytes:
    """Return an answer of some hundred KiB that would unpack to a hundred MiB."""
    packed = gzip.compress(bytes(100 << 20), 9)
    head = f"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: {len(packed)}\r\n\r\n"
    return head.encode() + packed


class StubNames:
    """A name server that says what it is told to: the next of several answers each time.

    Attributes:
        asked: The names that it was asked for.
    """

    def __init__(self, **answers: Sequence[str]) -> None:
        self._answers = {name: list(said) for name, said in answers.items()}
        self.asked: list[str] = []

    def say(self, name: str, *answers: str) -> "StubNames":
        """Answer with these from now on: each a list of addresses with spaces between."""
        self._answers[name] = list(answers)
        return self

    async def __call__(self, name: str) -> Sequence[IPv4Address | IPv6Address]:
        """Return the next answer; the last one for good."""
        self.asked.append(name)
        answers = self._answers.get(name)
        if answers is None:
            raise OSError("no such name")
        said = answers.pop(0) if len(answers) > 1 else answers[0]
        return [ip_address(word) for word in said.split()]

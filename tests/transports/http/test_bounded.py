"""How long the head of a request may be, and may take, before anybody knows who asks."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import httpx
import pytest
import websockets

from hub.transports.http import bounded
from hub.transports.http.protocol import HttpProtocol
from support.running import CONTRACT, RunningHub

pytestmark = pytest.mark.asyncio(loop_scope="module")

HEAD = b"POST /update HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"


@asynccontextmanager
async def connected(
    hub: RunningHub,
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """Open a socket, for ten seconds at most."""
    parts = urlsplit(hub.url)
    async with asyncio.timeout(10):
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        try:
            yield reader, writer
        finally:
            writer.close()


async def flood(hub: RunningHub, begin: bytes, more: bytes) -> bytes:
    """Send what does not end, until the hub ends it; return how that is answered."""
    async with connected(hub) as (reader, writer):
        writer.write(begin)
        try:
            # Far more than the kernels between may hold.
            for _ in range(64 * 2**20 // len(more)):
                writer.write(more)
                await writer.drain()
            pytest.fail("expected an end, got none")
        except ConnectionError:
            pass
        return await rest(reader)


async def rest(reader: asyncio.StreamReader) -> bytes:
    """Return what comes until the end; a hub that closes with bytes unread ends it by a reset."""
    try:
        return await reader.read()
    except ConnectionError:
        return b""


@pytest.mark.parametrize(
    ("begin", "more"),
    [
        pytest.param(b"GET /", b"a" * 65_536, id="an address"),
        pytest.param(HEAD + b"X-A: ", b"a" * 65_536, id="one header"),
        pytest.param(HEAD, b"a: b\r\n" * 10_000, id="many headers"),
        pytest.param(CHUNKED + b"1;", b"a" * 65_536, id="an extension of a chunk"),
        pytest.param(CHUNKED + b"2\r\n{}\r\n0\r\n", b"a: b\r\n" * 10_000, id="trailers"),
    ],
)
async def test_a_head_that_does_not_end_is_not_kept(
    hub: RunningHub, begin: bytes, more: bytes
) -> None:
    """It would fill the memory, and no limit of bodies, nor of who may come in, is asked."""
    answer = await flood(hub, begin, more)

    assert not answer or answer.startswith(b"HTTP/1.1 4")


async def test_a_head_that_is_too_large_is_told_so(hub: RunningHub) -> None:
    """With 431 and what was expected, and the connection ends."""
    async with connected(hub) as (reader, writer):
        writer.write(HEAD + b"X-A: " + b"a" * bounded.MAX_HEAD_BYTES)

        answer = await reader.read()

    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 431 ")
    assert b"Connection: close" in head
    assert b'"code":"head_too_large"' in body


async def test_nothing_is_said_in_the_middle_of_another_answer(hub: RunningHub) -> None:
    """A client that reads a stream and sends such a head loses the connection."""
    async with connected(hub) as (reader, writer):
        writer.write(b"GET /api/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
        await reader.readuntil(b"welcome")

        writer.write(HEAD + b"X-A: " + b"a" * 2 * bounded.MAX_HEAD_BYTES)
        behind = await rest(reader)

    assert b"HTTP/1.1 431" not in behind


@pytest.mark.parametrize("sent", [b"", HEAD], ids=["nothing", "half a head"])
async def test_who_sends_no_head_does_not_stay(
    hub: RunningHub, monkeypatch: pytest.MonkeyPatch, sent: bytes
) -> None:
    """Some thousands who only hold their sockets would keep everybody else out."""
    monkeypatch.setattr(bounded, "HEAD_S", 0.01)
    async with connected(hub) as (reader, writer):
        writer.write(sent)

        assert await rest(reader) == b""


async def test_half_a_head_behind_a_request_does_not_stay_either(
    hub: RunningHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server's own patience with a connection that is kept ends with the first byte."""
    async with connected(hub) as (reader, writer):
        writer.write(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
        await reader.readuntil(b"}")
        monkeypatch.setattr(bounded, "HEAD_S", 0.01)
        writer.write(b"GET /")

        assert await rest(reader) == b""


async def test_a_blank_line_behind_a_request_cuts_no_stream(
    hub: RunningHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Old clients send one (RFC 9112, 2.2), and wait for no other answer."""
    lost: list[HttpProtocol] = []
    lose = HttpProtocol._lose_patience

    def noted(protocol: HttpProtocol) -> None:
        lose(protocol)
        lost.append(protocol)

    monkeypatch.setattr(HttpProtocol, "_lose_patience", noted)
    async with connected(hub) as (reader, writer):
        writer.write(b"GET /api/events?channels=contracts HTTP/1.1\r\nHost: localhost\r\n\r\n")
        await reader.readuntil(b"welcome")
        monkeypatch.setattr(bounded, "HEAD_S", 0.01)
        writer.write(b"\r\n")
        while not lost:  # noqa: ASYNC110 the hub looks
            await asyncio.sleep(0.005)

        async with httpx.AsyncClient(base_url=hub.url) as http:
            await http.post("/update", json=CONTRACT)

        assert b"contract_update" in await reader.readuntil(b"contract_update")


async def test_patience_is_for_heads_alone(
    hub: RunningHub, http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stream and a body in several parts are not waited for, nor counted."""
    waited: list[bounded.BoundedProtocol] = []
    await_head = bounded.BoundedProtocol.await_head

    def noted(protocol: bounded.BoundedProtocol) -> None:
        waited.append(protocol)
        await_head(protocol)

    monkeypatch.setattr(bounded.BoundedProtocol, "await_head", noted)
    async with (
        websockets.connect(f"{hub.ws}?channels=contracts") as socket,
        http.stream("GET", "/api/events?channels=contracts") as stream,
        connected(hub) as (reader, writer),
    ):
        await socket.recv()
        assert stream.status_code == 200
        writer.write(HEAD + b"Content-Length: 300000\r\n\r\n" + b" " * 100_000)
        writer.write(b" " * 200_000)
        assert (await reader.readline()).startswith(b"HTTP/1.1 400")

        assert len(waited) == 2
        assert [protocol.patience for protocol in waited] == [None] * 2

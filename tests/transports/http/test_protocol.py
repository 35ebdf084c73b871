"""Our HTTP protocol over real sockets: whichever way a request is read, it is answered alike."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from typing import NamedTuple
from urllib.parse import urlsplit

import pytest

from hub.transports.http import bounded
from hub.transports.http.plain import Plain
from hub.transports.http.protocol import HttpProtocol
from support.running import CONTRACT, RunningHub

pytestmark = pytest.mark.asyncio(loop_scope="module")

PATIENCE_S = 10.0
BODY = json.dumps(CONTRACT).encode()


def post(
    path: str = "/update", *, add: str = "", body: bytes = BODY, length: int | None = None
) -> bytes:
    """Return the bytes of a request that is read by ourselves."""
    size = len(body) if length is None else length
    kind = "Content-Type: application/json"
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\n{kind}\r\n{add}Content-Length: {size}"
    return f"{head}\r\n\r\n".encode() + body


# A query, and httptools reads it.
LONG = post("/update?")


class Answer(NamedTuple):
    """What came back."""

    status: int
    headers: list[str]
    body: bytes


class Client:
    """One connection, by hand."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def send(self, *parts: bytes) -> None:
        """Send bytes, each part as a segment of its own."""
        for part in parts:
            self._writer.write(part)
            await self._writer.drain()
            await asyncio.sleep(0.01)

    async def answer(self) -> Answer:
        """Return the next answer."""
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = [line for line in head[1:-2] if not line.startswith("date:")]
        (size,) = (int(line[15:]) for line in headers if line.startswith("content-length:"))
        return Answer(int(head[0][9:12]), headers, await self._reader.readexactly(size))

    async def rest(self) -> bytes:
        """Return what comes until the end of the connection."""
        return await self._reader.read()


@contextlib.asynccontextmanager
async def connected(hub: RunningHub) -> AsyncIterator[Client]:
    """Open a connection, for ten seconds at most."""
    parts = urlsplit(hub.url)
    async with asyncio.timeout(PATIENCE_S):
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        try:
            yield Client(reader, writer)
        finally:
            writer.close()


@pytest.fixture
def plain(monkeypatch: pytest.MonkeyPatch) -> list[Plain]:
    """The requests that we have read ourselves."""
    found: list[Plain] = []
    begin = HttpProtocol._begin

    def noted(self: HttpProtocol, request: Plain) -> None:
        found.append(request)
        begin(self, request)

    monkeypatch.setattr(HttpProtocol, "_begin", noted)
    return found


@pytest.mark.parametrize("cut", [0, 1, 20, len(post()) - len(BODY), len(post()) - 1])
async def test_a_post_is_answered_wherever_the_network_cuts_it(hub: RunningHub, cut: int) -> None:
    """And the next one on its connection too."""
    async with connected(hub) as client:
        for _ in range(2):
            await client.send(post()[:cut], post()[cut:])

            assert (await client.answer()).status == 200


async def test_most_clients_send_head_and_body_in_two(hub: RunningHub, plain: list[Plain]) -> None:
    """Such a request goes the short way as well, and a body in many pieces."""
    cut = len(post()) - len(BODY)
    async with connected(hub) as client:
        await client.send(post()[:cut], post()[cut:])
        await client.answer()
        await client.send(post()[:cut], *(BODY[at : at + 20] for at in range(0, len(BODY), 20)))
        await client.answer()

    assert [request.body for request in plain] == [BODY] * 2


@pytest.mark.parametrize(
    ("short", "long"),
    [
        pytest.param(post(body=b"{}"), post("/update?", body=b"{}"), id="a wrong body"),
        pytest.param(post("/nowhere"), post("/nowhere?"), id="no such address"),
        pytest.param(post("/ready"), post("/ready?"), id="not by this method"),
        pytest.param(
            post(add="Origin: http://evil.test\r\n"),
            post("/update?", add="Origin: http://evil.test\r\n"),
            id="a foreign page",
        ),
    ],
)
async def test_both_ways_answer_alike(
    hub: RunningHub, plain: list[Plain], short: bytes, long: bytes
) -> None:
    """Status, headers and body."""
    async with connected(hub) as client:
        await client.send(short)
        one = await client.answer()
        assert len(plain) == 1
        await client.send(long)

        assert await client.answer() == one
        assert len(plain) == 1


async def test_pipelined_requests_are_answered_in_order(hub: RunningHub) -> None:
    """Behind a short one that still runs, and in one segment with others."""
    async with connected(hub) as client:
        posts = [
            post(body=json.dumps(CONTRACT | {"contract_id": f"p-{n}"}).encode()) for n in "abc"
        ]
        await client.send(b"".join(posts))
        told = [json.loads((await client.answer()).body) for _ in posts]
        for one in posts:
            client._writer.write(one)
            await asyncio.sleep(0)
        told += [json.loads((await client.answer()).body) for _ in posts]

    offsets = [one["offset"] for one in told]
    assert offsets == list(range(offsets[0], offsets[0] + 6))


async def test_what_follows_a_refused_body_is_no_request(hub: RunningHub) -> None:
    """Its answer is out, its body is not in: what looks like a request is a part of it."""
    long = len(post()) + 1000
    async with connected(hub) as client:
        await client.send(post("/nowhere?", length=long, body=b""))
        assert (await client.answer()).status == 404
        await client.send(post())

        assert not await client.rest()


async def test_more_than_was_said_is_the_next_request(hub: RunningHub) -> None:
    """A body that comes with the beginning of another head goes the long way."""
    cut = len(post()) - len(BODY)
    async with connected(hub) as client:
        await client.send(post()[:cut], post()[cut:] + post()[:30], post()[30:])

        assert [(await client.answer()).status for _ in range(2)] == [200, 200]


async def test_a_body_that_takes_its_time_is_waited_for(
    hub: RunningHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The patience is for its head, and that is there."""
    cut = len(post()) - len(BODY)
    async with connected(hub) as client:
        await client.send(post())
        await client.answer()
        monkeypatch.setattr(bounded, "HEAD_S", 0.01)
        await client.send(post()[:cut], BODY[:5])
        await asyncio.sleep(0.1)
        await client.send(BODY[5:])

        assert (await client.answer()).status == 200


async def test_a_client_that_goes_in_the_middle_has_sent_nothing(hub: RunningHub) -> None:
    """Half a body is no event."""
    async with connected(hub) as client:
        await client.send(post())
        before = json.loads((await client.answer()).body)["offset"]
    async with connected(hub) as client:
        await client.send(post()[:-1])
    async with connected(hub) as client:
        await client.send(post())

        assert json.loads((await client.answer()).body)["offset"] == before + 1


async def test_blank_lines_between_requests_do_no_harm(hub: RunningHub) -> None:
    """Old clients send one behind a body (RFC 9112, 2.2), and are not counted out for it."""
    async with connected(hub) as client:
        for _ in range(3):
            await client.send(post(), b"\r\n")

            assert (await client.answer()).status == 200

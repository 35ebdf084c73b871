"""Our HTTP protocol over real sockets: whichever way a request is read, it is answered alike."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import pytest
import pytest_asyncio
from uvicorn.config import Config
from uvicorn.server import ServerState

from hub.transports.http import bounded
from hub.transports.http.plain import Plain
from hub.transports.http.protocol import HttpProtocol
from support.running import CONTRACT, RunningHub
from support.seats import FakeTransport

pytestmark = pytest.mark.asyncio(loop_scope="module")

PATIENCE_S = 10.0
OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
BODY = json.dumps(CONTRACT).encode()


def post(
    path: str = "/update", *, add: str = "", body: bytes = BODY, length: int | None = None
) -> bytes:
    """Return the bytes of a request that is read by ourselves."""
    size = len(body) if length is None else length
    kind = "Content-Type: application/json"
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\n{kind}\r\n{add}Content-Length: {size}"
    return f"{head}\r\n\r\n".encode() + body


# Head and body of a request.
CUT = len(post()) - len(BODY)
HEAD = post()[:CUT].rpartition(b"Content-Length")[0]
CHUNKED = b"Transfer-Encoding: chunked\r\n\r\n"


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


@pytest.mark.parametrize("cut", [0, 1, 20, CUT, len(post()) - 1])
async def test_a_post_is_answered_wherever_the_network_cuts_it(hub: RunningHub, cut: int) -> None:
    """And the next one on its connection too."""
    async with connected(hub) as client:
        for _ in range(2):
            await client.send(post()[:cut], post()[cut:])

            assert (await client.answer()).status == 200


async def test_most_clients_send_head_and_body_in_two(hub: RunningHub, plain: list[Plain]) -> None:
    """Such a request goes the short way as well, and a body in many pieces."""
    async with connected(hub) as client:
        await client.send(post()[:CUT], BODY)
        await client.answer()
        await client.send(post()[:CUT], *(BODY[at : at + 20] for at in range(0, len(BODY), 20)))
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
    async with connected(hub) as client:
        await client.send(post()[:CUT], post()[CUT:] + post()[:30], post()[30:])

        assert [(await client.answer()).status for _ in range(2)] == [200, 200]


async def test_a_body_that_takes_its_time_is_waited_for(
    hub: RunningHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The patience is for its head, and that is there."""
    async with connected(hub) as client:
        await client.send(post())
        await client.answer()
        monkeypatch.setattr(bounded, "HEAD_S", 0.01)
        await client.send(post()[:CUT], BODY[:5])
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


class Wire:
    """A connection without sockets, and an application that answers when it may.

    Attributes:
        scopes: What it was asked.
        bodies: What came with that, where it was read.
        reads: It reads, before it answers.
        may_answer: Set, unless a test clears it.
    """

    def __init__(self) -> None:
        self.scopes: list[dict[str, Any]] = []
        self.bodies: list[bytes] = []
        self.reads = True
        self.may_answer = asyncio.Event()
        self.may_answer.set()
        self.state = ServerState()
        self.transport = FakeTransport()
        config = Config(self._answer, interface="asgi3", proxy_headers=False, log_config=None)
        self.protocol = HttpProtocol(config, self.state, {"node": "n"})
        self.protocol.connection_made(self.transport)
        self.transport.set_protocol(self.protocol)

    async def _answer(self, scope: Any, receive: Any, send: Any) -> None:
        self.scopes.append(scope)
        if self.reads:
            self.bodies.append(await self._read(receive))
        await self.may_answer.wait()
        length = (b"content-length", b"2")
        await send({"type": "http.response.start", "status": 200, "headers": [length]})
        await send({"type": "http.response.body", "body": b"ok"})

    async def _read(self, receive: Any) -> bytes:
        body, more = b"", True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        return body

    async def take(self, data: bytes) -> None:
        """Let bytes come, and everything happen that they lead to."""
        self.protocol.data_received(data)
        await self.settle()

    async def settle(self) -> None:
        """Let everything happen that can."""
        for _ in range(5):
            await asyncio.sleep(0)

    def end(self) -> None:
        """End the connection, and its timers."""
        self.transport.lose()


@pytest_asyncio.fixture(loop_scope="module")
async def wire() -> AsyncIterator[Wire]:
    """A connection that ends with the test."""
    wire = Wire()
    yield wire
    wire.end()
    wire.may_answer.set()
    await wire.settle()
    assert not wire.state.tasks


async def test_a_server_that_stops_waits_for_the_rest_of_a_body(wire: Wire) -> None:
    """Who has its head is in the middle of a request, and is answered; then it is the end."""
    await wire.take(post()[:CUT])

    wire.protocol.shutdown()
    assert not wire.transport.is_closing()
    await wire.take(BODY)

    assert wire.bodies == [BODY]
    assert b"\r\nconnection: close\r\n" in wire.transport.sent
    assert wire.transport.is_closing()


async def test_a_server_that_stops_waits_for_an_answer(wire: Wire) -> None:
    """It counts the requests that run, and ends a connection behind its last one."""
    wire.may_answer.clear()
    await wire.take(post())

    wire.protocol.shutdown()
    running = len(wire.state.tasks)
    wire.may_answer.set()
    await wire.settle()

    assert (running, len(wire.state.tasks)) == (1, 0)
    assert b"\r\nconnection: close\r\n" in wire.transport.sent
    assert wire.transport.is_closing()


async def test_a_request_waits_for_the_answer_before_it(wire: Wire) -> None:
    """Two at once would be answered in any order, and one client took the other's answer."""
    one, two = post(body=b"1"), post(body=b"2")
    wire.may_answer.clear()
    await wire.take(one)
    await wire.take(two)
    early = list(wire.bodies)
    wire.may_answer.set()
    await wire.settle()

    assert (early, wire.bodies) == ([b"1"], [b"1", b"2"])
    assert wire.transport.sent == OK * 2


async def test_the_rest_of_an_answered_body_is_no_request(wire: Wire) -> None:
    """Although it looks like one: a proxy has counted it to the request before (CWE-444)."""
    wire.reads = False
    await wire.take(post("/update?", length=len(post()), body=b""))
    await wire.take(post())

    assert wire.transport.sent == OK
    assert [scope["query_string"] for scope in wire.scopes] == [b""]
    assert [scope["path"] for scope in wire.scopes] == ["/update"]


async def test_what_came_before_a_request_is_forgotten_with_it(wire: Wire) -> None:
    """Blank lines would else add up to a head that is too long, or takes too long."""
    await wire.take(b"\r\n")
    counted = wire.protocol.unread
    await wire.take(post())

    assert (counted, wire.protocol.unread, wire.protocol.patience) == (2, 0, None)


async def test_both_ways_tell_the_application_alike(wire: Wire) -> None:
    """Whoever made the scope; its state is its own."""
    wire.protocol.client, wire.protocol.scheme = ("192.0.2.1", 5000), "https"
    wire.protocol.late = True
    await wire.take(post())
    await wire.take(post("/update?"))

    short, long = wire.scopes
    assert short == long
    assert short["state"] is not wire.protocol.app_state


async def test_a_server_counts_what_it_has_answered(wire: Wire) -> None:
    """Whichever way it was read."""
    await wire.take(post())
    await wire.take(post("/update?"))

    assert wire.transport.sent == OK * 2
    assert wire.state.total_requests == 2


async def test_an_idle_connection_is_kept_until_something_comes(wire: Wire) -> None:
    """Neither a head that waits for its body nor a request that runs is idle."""
    await wire.take(post())
    idle = wire.protocol.timeout_keep_alive_task
    assert idle is not None
    await wire.take(post()[:CUT])
    held = wire.protocol.timeout_keep_alive_task

    assert idle.cancelled()
    assert held is None


async def test_a_connection_that_ends_tells_the_request_that_runs(wire: Wire) -> None:
    """It may wait for more, and is sent nothing."""
    wire.may_answer.clear()
    await wire.take(post())

    wire.end()
    wire.may_answer.set()
    await wire.settle()

    assert wire.transport.sent == b""
    assert not wire.state.tasks


async def test_a_connection_that_ends_tells_it_although_another_is_behind_it(wire: Wire) -> None:
    """The one that runs waits for its client, not the one that waits for its turn."""
    wire.may_answer.clear()
    await wire.take(post())
    await wire.take(post())
    running = wire.protocol.answering
    assert running is not None

    wire.end()

    assert running.disconnected


async def test_a_head_that_waits_for_its_body_is_given_its_time(wire: Wire) -> None:
    """Also the second one of a connection; then it is a request like any other."""
    await wire.take(post())
    await wire.take(post()[:CUT])
    waiting = wire.protocol.patience
    assert waiting is not None
    wire.protocol._lose_patience()
    await wire.settle()

    assert (len(wire.scopes), wire.protocol.patience) == (2, None)


@pytest.mark.parametrize("before", [[], [post()], [HEAD + CHUNKED]], ids=["first", "next", "chunk"])
async def test_bytes_that_are_no_request_are_told_so(wire: Wire, before: list[bytes]) -> None:
    """At the end of the answers, or in the place of the one that they were sent for."""
    for part in before:
        await wire.take(part)

    await wire.take(b"\0")

    assert wire.transport.sent.removeprefix(OK).startswith(b"HTTP/1.1 400 ")
    assert wire.transport.is_closing()


@pytest.mark.parametrize("behind", [[], [HEAD + CHUNKED]], ids=["it", "one behind it"])
async def test_what_is_no_request_is_not_told_to_another(wire: Wire, behind: list[bytes]) -> None:
    """The client would take it for the answer to a post that the hub is about to accept."""
    wire.may_answer.clear()
    for part in [post(), *behind]:
        await wire.take(part)

    await wire.take(b"\0")

    assert wire.transport.sent == b""
    assert wire.transport.is_closing()


async def test_what_is_no_request_does_not_stand_in_an_answer(wire: Wire) -> None:
    """A refusal of the body that it broke has begun already."""
    await wire.take(HEAD + CHUNKED)
    assert wire.protocol.answering is not None
    wire.protocol.answering.response_started = True

    await wire.take(b"\0")

    assert wire.transport.sent == b""
    assert wire.transport.is_closing()


async def test_who_loses_patience_begins_nothing_on_a_connection_that_closes(wire: Wire) -> None:
    """Its body will never come."""
    await wire.take(post()[:CUT])
    wire.transport.close()

    wire.protocol._lose_patience()
    await wire.settle()

    assert not wire.state.tasks

"""The corked transport: head and body in one write, and nothing ever held back for longer."""

import asyncio
from typing import Any, cast

from uvicorn._types import ASGI3Application
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from hub.transports.http.corked import Cork, unchunked
from support.clocks import FakeTimers


class Pipe:
    """A transport that notes its writes."""

    def __init__(self) -> None:
        self.writes: list[bytes] = []
        self.closed = False

    def write(self, data: bytes) -> None:
        """Note it."""
        self.writes.append(data)

    def close(self) -> None:
        """Note it."""
        self.closed = True

    def is_closing(self) -> bool:
        """Say so."""
        return self.closed


def corked() -> tuple[Cork, Pipe, FakeTimers]:
    """Return a corked pipe and the loop whose tick ends when the test says so."""
    pipe, loop = Pipe(), FakeTimers()
    cork = Cork(cast("asyncio.Transport", pipe), cast("asyncio.AbstractEventLoop", loop))
    return cork, pipe, loop


def test_head_and_body_of_one_tick_are_one_write() -> None:
    """And what follows goes out as it comes."""
    cork, pipe, loop = corked()

    cork.write(b"head")
    cork.write(b"body")
    cork.write(b"more")
    loop.tick()

    assert pipe.writes == [b"headbody", b"more"]


def test_a_head_without_a_body_goes_at_the_end_of_its_tick() -> None:
    """A stream of events tells its head long before its first event."""
    cork, pipe, loop = corked()

    cork.write(b"head")
    assert pipe.writes == []
    loop.tick()
    cork.write(b"body")

    assert pipe.writes == [b"head", b"body"]


def test_a_close_loses_nothing() -> None:
    """What waits goes first."""
    cork, pipe, _ = corked()

    cork.write(b"head")
    cork.close()

    assert pipe.writes == [b"head"]
    assert cork.is_closing()


class Asked:
    """A request of uvicorn's, as far as its answer's form is concerned."""

    def __init__(self) -> None:
        self.chunked_encoding: bool | None = None
        self.expected_content_length = 0
        self.sent: list[dict[str, Any]] = []


async def answered(*messages: dict[str, Any]) -> Asked:
    """Answer a request of HTTP/1.0 with these messages."""
    cycle = Asked()

    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        for message in messages:
            await send(message)

    async def send(message: dict[str, Any]) -> None:
        cycle.sent.append(message)

    await unchunked(cast("RequestResponseCycle", cycle), cast("ASGI3Application", app))(
        cast("Any", {}), cast("Any", None), cast("Any", send)
    )
    return cycle


async def test_an_answer_of_unknown_length_ends_with_its_connection() -> None:
    """An old client takes chunks for content; the last piece settles the length."""
    pieces = [{"type": "http.response.body", "body": b"a", "more_body": True}] * 2
    start = {"type": "http.response.start", "headers": []}

    cycle = await answered(start, *pieces)
    unknown = cycle.expected_content_length
    ended = await answered(start, *pieces, {"type": "http.response.body", "body": b"bc"})

    assert cycle.chunked_encoding is False
    assert unknown > 2**60
    assert ended.expected_content_length == 2
    assert len(ended.sent) == 4


async def test_an_answer_of_known_length_is_left_alone() -> None:
    """It says itself how long it is, however the name is written."""
    start = {"type": "http.response.start", "headers": [(b"Content-Length", b"2")]}

    cycle = await answered(start, {"type": "http.response.body", "body": b"ab"})

    assert (cycle.chunked_encoding, cycle.expected_content_length) == (None, 0)

"""The exchange of a plain request: an answer that is whole is one write, any other is uvicorn's."""

import asyncio
import logging
from types import SimpleNamespace
from typing import Any, cast

import pytest
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from hub.transports.http.exchange import PlainExchange
from support.seats import FakeTransport

Message = dict[str, Any]
DATE = (b"date", b"Sun, 22 Nov 2026 00:00:00 GMT")


def start(*headers: tuple[bytes, bytes], status: int = 201) -> Message:
    """Return how an answer begins."""
    return {"type": "http.response.start", "status": status, "headers": list(headers)}


def body(content: bytes = b"", *, more: bool = False) -> Message:
    """Return a part of its body."""
    return {"type": "http.response.body", "body": content, "more_body": more}


def length(number: int) -> tuple[bytes, bytes]:
    """Return the header that says how long it is."""
    return b"content-length", b"%d" % number


class Connection:
    """A connection with one request, as far as the exchange knows it."""

    def __init__(self) -> None:
        self.transport = FakeTransport()
        self.flow = FlowControl(self.transport)
        self.ended = 0
        protocol = SimpleNamespace(
            transport=self.transport,
            loop=asyncio.get_running_loop(),
            flow=self.flow,
            logger=logging.getLogger("test"),
            access_logger=logging.getLogger("test"),
            access_log=False,
            server_state=SimpleNamespace(default_headers=[DATE]),
            on_response_complete=self._end,
        )
        scope: Any = {"type": "http", "method": "POST", "http_version": "1.1"}
        self.exchange = PlainExchange(cast("HttpToolsProtocol", protocol), scope, b"{}")

    def _end(self) -> None:
        self.ended += 1

    async def answer(self, *messages: Message) -> bytes:
        """Let an application answer with these; return what the client got."""

        async def app(_scope: Any, _receive: Any, send: Any) -> None:
            for message in messages:
                await send(message)

        await self.exchange.run_asgi(cast("Any", app))
        return self.transport.sent


async def test_a_whole_answer_is_one_write() -> None:
    """Status, the server's own headers, the application's, body."""
    connection = Connection()

    sent = await connection.answer(start(length(2)), body(b"ok"))

    assert sent == b"HTTP/1.1 201 Created\r\n%b: %b\r\ncontent-length: 2\r\n\r\nok" % DATE
    assert connection.transport.writes == 1
    assert (connection.ended, connection.transport.is_closing()) == (1, False)


@pytest.mark.parametrize(
    ("messages", "ends_with", "closes"),
    [
        pytest.param(
            [start(length(4)), body(b"ab", more=True), body(b"cd")], b"\r\n\r\nabcd", False,
            id="in pieces",
        ),
        pytest.param(
            [start(), body(b"ab")], b"\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n",
            False, id="of no told length",
        ),
        pytest.param(
            [start(length(0), (b"connection", b"close")), body()],
            b"content-length: 0\r\nconnection: close\r\n\r\n", True, id="the last",
        ),
    ],
)  # fmt: skip
async def test_any_other_answer_is_sent_as_uvicorn_would(
    messages: list[Message], ends_with: bytes, *, closes: bool
) -> None:
    """It is no news, only rarer; head and what there is of the body are one write."""
    connection = Connection()

    assert (await connection.answer(*messages)).endswith(ends_with)
    assert connection.transport.writes == len(messages) - 1
    assert (connection.ended, connection.transport.is_closing()) == (1, closes)


async def test_a_server_that_stops_ends_the_connection_with_the_answer() -> None:
    """Uvicorn says so by `keep_alive`."""
    connection = Connection()
    connection.exchange.keep_alive = False

    sent = await connection.answer(start(length(2)), body(b"ok"))

    assert sent.endswith(b"connection: close\r\n\r\nok")
    assert connection.transport.is_closing()


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(b"a\r\nset-cookie: b", id="lines"),
        pytest.param(b"a\nb", id="half a line"),
        pytest.param(b"a\rb", id="the other half"),
        pytest.param(b"a\x00b", id="a NUL"),
        pytest.param(b"a\x7fb", id="a delete"),
    ],
)
async def test_no_value_becomes_a_header_of_its_own(value: bytes) -> None:
    """An answer that may be read as another one is not sent (CWE-113)."""
    connection = Connection()

    assert await connection.answer(start(length(2), (b"x", value)), body(b"ok")) == b""
    assert connection.transport.is_closing()


async def test_a_client_that_does_not_read_is_sent_no_more() -> None:
    """Its answers would fill the memory (CWE-770): the request goes on when it reads again."""
    connection = Connection()
    connection.flow.pause_writing()

    answering = asyncio.ensure_future(connection.answer(start(length(2)), body(b"ok")))
    await asyncio.sleep(0)
    early = connection.transport.writes
    connection.flow.resume_writing()

    assert (await answering).endswith(b"\r\n\r\nok")
    assert (early, connection.ended) == (0, 1)


@pytest.mark.parametrize("told", [1, 3])
async def test_a_wrong_length_ends_the_connection(told: int) -> None:
    """The client would take the next answer for the rest of this one."""
    connection = Connection()

    await connection.answer(start(length(told)), body(b"ok"))

    assert connection.transport.is_closing()
    assert connection.ended == 0


async def test_an_application_that_fails_behind_its_start_ends_the_connection() -> None:
    """The client has half an answer, or none: it must not wait for the rest."""
    connection = Connection()

    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        await send(start(length(2)))
        raise RuntimeError("expected by the test")

    await connection.exchange.run_asgi(cast("Any", app))

    assert connection.transport.is_closing()


async def test_a_client_that_has_gone_is_sent_nothing() -> None:
    """And the application is not told: its commit stands."""
    connection = Connection()
    connection.exchange.disconnected = True

    assert await connection.answer(start(length(2)), body(b"ok")) == b""


async def test_the_body_comes_once_and_then_the_end() -> None:
    """Who asks again waits for the end of the connection, or of the answer."""
    exchange = Connection().exchange

    assert await exchange.receive() == {"type": "http.request", "body": b"{}", "more_body": False}
    waiting = asyncio.ensure_future(exchange.receive())
    await asyncio.sleep(0)
    assert not waiting.done()
    await exchange.send(cast("Any", start(length(0))))
    await exchange.send(cast("Any", body()))
    assert await waiting == {"type": "http.disconnect"}

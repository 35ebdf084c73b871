"""The numbers of a process without clients, for whoever collects them on this machine."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator

import pytest

from hub.transports.scrape import Scrape


class Page:
    """A page that is asked for over a real connection."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.scrape = Scrape(self._listener, self._text, "text/plain; version=0.0.4")

    async def _text(self) -> bytes:
        return b"hub_workers 1\n"

    async def ask(self, head: str) -> str:
        """Send what is asked, and return all that comes."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(head.encode())
        answer = await reader.read()
        writer.close()
        await writer.wait_closed()
        return answer.decode()

    async def get(self, line: str, host: str = "127.0.0.1:1") -> str:
        """Return the answer of a request."""
        return await self.ask(f"{line} HTTP/1.1\r\nHost: {host}\r\n\r\n")


@pytest.fixture
async def page() -> AsyncIterator[Page]:
    """One that is open."""
    made = Page()
    await made.scrape.open()
    yield made
    await made.scrape.close()


async def test_the_numbers_can_be_read(page: Page) -> None:
    """Whole, with their length, and then the connection ends."""
    answer = await page.get("GET /metrics")

    head, _, body = answer.partition("\r\n\r\n")
    assert head.startswith("HTTP/1.1 200 OK\r\n")
    assert "content-type: text/plain; version=0.0.4\r\n" in head
    assert "content-length: 14\r\n" in head
    assert body == "hub_workers 1\n"


@pytest.mark.parametrize(
    ("line", "status"),
    [
        pytest.param("HEAD /metrics", "200", id="the head alone"),
        pytest.param("GET /", "404", id="another page"),
        pytest.param("POST /metrics", "405", id="another method"),
        pytest.param("nonsense", "404", id="no request"),
    ],
)
async def test_nothing_else_is_there(page: Page, line: str, status: str) -> None:
    """No numbers come."""
    answer = await page.get(line)

    assert answer.split()[1] == status
    assert "hub_workers" not in answer


@pytest.mark.parametrize(
    ("host", "status"),
    [
        pytest.param("localhost:9100", "200", id="this machine"),
        pytest.param("127.0.0.1", "200", id="without a port"),
        pytest.param("evil.example:9100", "421", id="a name that was made to lead here"),
        pytest.param("localhost:x", "421", id="no port"),
        pytest.param("localhost\r\nHost: evil.example", "421", id="two names"),
    ],
)
async def test_it_is_asked_for_by_this_machines_name(page: Page, host: str, status: str) -> None:
    """A page of the web cannot have a browser read it."""
    answer = await page.get("GET /metrics", host)

    assert answer.split()[1] == status


async def test_who_sends_too_much_collects_nothing(page: Page) -> None:
    """The connection ends, and the next one is answered."""
    with contextlib.suppress(ConnectionError):
        assert await page.ask("GET /metrics HTTP/1.1\r\nX: " + "x" * 20_000) == ""
    assert "200 OK" in await page.get("GET /metrics")


async def test_who_says_nothing_holds_nobody_up(page: Page) -> None:
    """Not when it closes, either."""
    silent = [await asyncio.open_connection("127.0.0.1", page.port) for _ in range(3)]

    assert "200 OK" in await page.get("GET /metrics")

    for _, writer in silent:
        writer.close()

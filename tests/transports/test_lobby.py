"""The lobby: which way a socket goes by its first bytes."""

import asyncio
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import cast
from urllib.parse import urlsplit

import pytest
from hypothesis import example, given
from uvicorn.config import Config

from hub.transports.http import bounded
from hub.transports.lobby import Lobby, is_upgrade
from support.clocks import FakeTimers
from support.octets import upgrade
from support.running import RunningHub, running_hub
from support.seats import FakeTransport, House
from support.second_opinion import Read, mutated

PATIENCE_S = 10.0
PLAIN = upgrade("/ws?channels=jobs&client=a%20b")
ODD = (b"/ws", b"/api/ws", b"%77s", b"POST ", b"GET /ws HTTP/1.1\r\n", b"Upgrade: websocket\r\n")


@given(mutated(PLAIN, ODD))
@example(PLAIN)
@example(PLAIN + b"\x81\x80abcd")
def test_what_goes_the_short_way_is_what_httptools_would_have_read(data: bytes) -> None:
    """Address and headers alike: nobody gets past a proxy by a second opinion (CWE-444)."""
    if not is_upgrade(data):
        return
    head = data.partition(b"\r\n\r\n")[0]
    lines = head.split(b"\r\n")[1:]
    fields = [line.partition(b":") for line in lines]

    read = Read(head + b"\r\n\r\n")

    assert (read.whole, read.upgrades) == (True, True)
    assert (read.method, read.version) == ("GET", "1.1")
    assert read.url == head.split(b" ")[1]
    assert [(name, value.strip(b" \t")) for name, value in read.headers] == [
        (name.lower(), value.strip(b" \t")) for name, _, value in fields
    ]


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(PLAIN[:-2], id="a head that is not whole"),
        pytest.param(PLAIN.replace(b"GET", b"POST"), id="another method"),
        pytest.param(PLAIN.replace(b"1.1", b"1.0"), id="HTTP/1.0"),
        pytest.param(PLAIN.replace(b"/ws", b"/wsx"), id="another path"),
        pytest.param(PLAIN.replace(b"/ws", b"/%77s"), id="a path in escapes"),
        pytest.param(PLAIN.replace(b"websocket", b"h2c"), id="another upgrade"),
        pytest.param(upgrade(drop="Connection"), id="no word of an upgrade in Connection"),
        pytest.param(upgrade(connection="not-upgrade"), id="another word in Connection"),
        pytest.param(upgrade(content_length="0"), id="a length, though it is none"),
        pytest.param(upgrade(transfer_encoding="chunked"), id="a body in chunks"),
        pytest.param(PLAIN.replace(b"\r\n", b"\n"), id="bare newlines"),
        pytest.param(PLAIN.replace(b"Host:", b"Host :"), id="a space before a colon"),
        pytest.param(PLAIN.replace(b"Host:", b" Host:"), id="a folded line"),
        pytest.param(upgrade(add="X: \x00\r\n"), id="a NUL"),
        pytest.param(upgrade(add="X: a\rb\r\n"), id="a bare carriage return"),
        pytest.param(upgrade(add=f"X: {'a' * bounded.MAX_HEAD_BYTES}\r\n"), id="a huge head"),
    ],
)
def test_what_is_not_beyond_doubt_goes_the_long_way(data: bytes) -> None:
    """There httptools decides what it is."""
    assert not is_upgrade(data)


@pytest.mark.parametrize(
    "connection", ["Upgrade", "upgrade", "keep-alive, Upgrade", "Upgrade,keep-alive", "\tUpgrade "]
)
def test_what_clients_send_goes_the_short_way(connection: str) -> None:
    """Firefox keeps alive, others do not; names and words are of any case."""
    assert is_upgrade(upgrade("/api/ws", connection=connection, upgrade="WebSocket"))


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[RunningHub]:
    """A hub that answers."""
    async with running_hub(tmp_path) as running:
        yield running


async def exchange(hub: RunningHub, *parts: bytes) -> bytes:
    """Send bytes, each part as a segment of its own; return the head of the answer."""
    address = urlsplit(hub.url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    try:
        async with asyncio.timeout(PATIENCE_S):
            for part in parts:
                writer.write(part)
                await writer.drain()
                await asyncio.sleep(0.02)
            return await reader.readuntil(b"\r\n\r\n")
    finally:
        writer.close()


@pytest.mark.parametrize("cut", [1, 3, 10, 60, len(PLAIN) - 1])
async def test_a_handshake_in_two_parts_gets_its_101(hub: RunningHub, cut: int) -> None:
    """Wherever the network cuts it."""
    answer = await exchange(hub, PLAIN[:cut], PLAIN[cut:])

    assert answer.startswith(b"HTTP/1.1 101 ")


async def test_both_ways_answer_alike(hub: RunningHub) -> None:
    """A refusal says the same on both."""
    short = await exchange(hub, upgrade("/ws?channels=nowhere"))
    long = await exchange(hub, upgrade("/%77s?channels=nowhere"))

    assert short.startswith(b"HTTP/1.1 404 ")
    assert [line for line in short.split(b"\r\n") if not line.startswith(b"Date")] == [
        line for line in long.split(b"\r\n") if not line.startswith(b"Date")
    ]


async def test_a_request_goes_to_http_with_all_its_bytes(hub: RunningHub) -> None:
    """Also one that is pipelined behind it."""
    ask = b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"

    assert (await exchange(hub, ask + ask)).startswith(b"HTTP/1.1 200 ")


async def test_who_says_nothing_is_sent_away(
    hub: RunningHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A socket costs memory, and files are few."""
    monkeypatch.setattr(bounded, "HEAD_S", 0.01)
    address = urlsplit(hub.url)

    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    async with asyncio.timeout(PATIENCE_S):
        assert await reader.read() == b""
    writer.close()


async def test_patience_ends_with_the_first_bytes() -> None:
    """A socket that is in would else be closed by the time for its head."""
    house, timers, transport = House(), FakeTimers(), FakeTransport()
    lobby = Lobby(
        cast("Config", None),
        house.state,
        {"reception": house.reception},
        cast("asyncio.AbstractEventLoop", timers),
    )
    transport.http = lobby
    lobby.connection_made(transport)
    waiting = timers.pending

    lobby.data_received(PLAIN)

    assert (waiting, timers.pending) == (1, 0)
    assert transport.sent.startswith(b"HTTP/1.1 101 ")
    assert len(house.connections) == 1


async def test_a_hub_that_stops_waits_for_nobody_who_says_nothing(tmp_path: Path) -> None:
    """Else a stop would take its whole time."""
    async with running_hub(tmp_path) as hub:
        address = urlsplit(hub.url)
        silent = socket.create_connection((address.hostname, address.port))

    silent.settimeout(PATIENCE_S)
    assert silent.recv(1) == b""
    silent.close()


async def test_who_came_before_the_end_is_not_late(tmp_path: Path) -> None:
    """Although its first word comes behind it: a balancer's socket that was open is answered."""
    told: list[bool] = []

    async with running_hub(tmp_path) as hub:
        address = urlsplit(hub.url)
        reader, writer = await asyncio.open_connection(address.hostname, address.port)
        # Both are accepted in their order: the first is in the lobby when this is answered.
        await exchange(hub, b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
        hub.node.drain.begin()
        writer.write(b"GET /api/jobs HTTP/1.1\r\nHost: localhost\r\n\r\n")
        async with asyncio.timeout(PATIENCE_S):
            told.append((await reader.readline()).startswith(b"HTTP/1.1 200 "))
        late = await exchange(hub, b"GET /api/jobs HTTP/1.1\r\nHost: localhost\r\n\r\n")
        told.append(late.startswith(b"HTTP/1.1 503 "))
        writer.close()

    assert told == [True, True]

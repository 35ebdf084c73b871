"""The plain ASGI adapter against a server that a test plays."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from hub.model.unit import Head
from hub.realtime.frames import Batch, Frame
from hub.transports.grace import CLOSE_TIMEOUT_S, REVOKED_TIMEOUT_S
from hub.transports.websocket.asgi import HIGH_WATER_BYTES, AsgiSocket
from support.seats import House

DISCONNECT = {"type": "websocket.disconnect", "code": 1001}


class FakeServer:
    """An ASGI server with one WebSocket; `blocked` and `broken` are about its `send`."""

    def __init__(self, house: House, **scope: Any) -> None:
        self.sent: list[dict[str, Any]] = []
        self.blocked = asyncio.Event()
        self.blocked.set()
        self.broken: Exception | None = None
        self.received = 0
        self._incoming: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.say({"type": "websocket.connect"})
        found = {
            "type": "websocket",
            "path": "/ws",
            "query_string": b"channels=",
            "headers": [(b"host", b"localhost")],
            "client": ("192.0.2.1", 5000),
            **scope,
        }
        self.socket = AsgiSocket(house.reception, found, self._receive, self._send)
        self.task = asyncio.create_task(self.socket.run())

    def say(self, *messages: dict[str, Any]) -> None:
        """Hand messages of the client over."""
        for message in messages:
            self._incoming.put_nowait(message)

    def texts(self) -> list[str]:
        """Return what was sent as text."""
        return [message["text"] for message in self.sent if message["type"] == "websocket.send"]

    async def _receive(self) -> Any:
        message = await self._incoming.get()
        self.received += 1
        return message

    async def _send(self, message: Any) -> None:
        await self.blocked.wait()
        if self.broken is not None:
            raise self.broken
        self.sent.append(message)


@pytest.fixture
async def house() -> AsyncIterator[House]:
    """A node; afterwards nothing of its clients may be left."""
    found = House()
    yield found
    await found.settle()
    assert len(found.connections) == 0
    assert found.timers.pending == 0
    assert len(asyncio.all_tasks()) == 1


async def ended(house: House, server: FakeServer) -> None:
    """Expect that the adapter returns."""
    await house.settle()
    assert server.task.done()
    server.task.result()


async def test_a_client_that_leaves_is_seen_off(house: House) -> None:
    """A disconnect ends reading and writing, and the line tells its code."""
    server = FakeServer(house)
    await house.settle()

    server.say(DISCONNECT)
    await ended(house, server)

    (line,) = house.log.named("connection")
    assert (line["close_code"], line["peer"]) == (1001, "192.0.2.1")


async def test_a_client_lost_while_it_was_not_read_is_seen_off(house: House) -> None:
    """The reader waits for the writer, so a writer that fails must end both."""
    server = FakeServer(house)
    await house.settle()
    server.blocked.clear()
    server.socket.write(Batch([Frame(bytes(HIGH_WATER_BYTES + 1))]))
    server.say({"type": "websocket.receive", "text": "{}"}, DISCONNECT)
    await house.settle()
    assert server.received == 2

    server.broken = OSError("the client is gone")
    server.blocked.set()
    await ended(house, server)

    assert house.log.named("connection")[0]["close_code"] == 1006


async def test_a_full_queue_stops_the_reading(house: House) -> None:
    """Over the mark the client is a cursor and is not read; drained, both go on."""
    server = FakeServer(house)
    await house.settle()
    server.blocked.clear()
    server.socket.write(Batch([Frame(bytes(HIGH_WATER_BYTES + 1))]))
    assert server.socket.buffered() > HIGH_WATER_BYTES
    server.say(*[{"type": "websocket.receive", "text": '{"type":"ping"}'}] * 3)
    await house.settle()
    assert server.received == 2

    server.blocked.set()
    await house.settle()

    assert server.socket.buffered() == 0
    assert len([text for text in server.texts() if '"pong"' in text]) == 3
    server.say(DISCONNECT)
    await ended(house, server)


async def test_a_close_that_nobody_reads_is_given_up(house: House) -> None:
    """The close frame behind a full queue has 5 s."""
    server = FakeServer(house)
    await house.settle()
    server.blocked.clear()
    server.say({"type": "websocket.receive", "text": "no JSON"})
    await house.settle()
    house.timers.advance(CLOSE_TIMEOUT_S - 0.001)
    await house.settle()
    assert not server.task.done()

    house.timers.advance(0.001)
    await ended(house, server)

    assert house.log.named("connection")[0]["close_code"] == 4500


async def test_a_revoked_client_that_reads_nothing_is_given_up_within_a_second(
    house: House,
) -> None:
    """The rest of its queue is dropped."""
    server = FakeServer(house)
    await house.settle()
    server.blocked.clear()

    house.connections.revoke("sub:anonymous")
    await house.settle()
    house.timers.advance(REVOKED_TIMEOUT_S)
    await ended(house, server)

    assert house.log.named("connection")[0]["close_code"] == 4501


async def test_an_idle_client_stays(house: House) -> None:
    """ASGI servers ping for us: no pong of theirs may be missed here."""
    server = FakeServer(house)
    await house.settle()

    for _ in range(5):
        house.timers.advance(25)
        await house.settle()

    assert len([text for text in server.texts() if '"heartbeat"' in text]) == 5
    server.say(DISCONNECT)
    await ended(house, server)


async def test_a_fault_in_the_session_closes_with_1011(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bug ends the connection with 1011 and is logged once."""
    server = FakeServer(house)
    await house.settle()
    monkeypatch.setattr("hub.realtime.session.Session.run", _broken)

    server.say(*[{"type": "websocket.receive", "text": "{}"}] * 2)
    await ended(house, server)

    assert server.sent[-1]["code"] == 1011
    assert len(house.log.named("session failed")) == 1


async def test_a_fault_in_the_welcome_closes_with_1011(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A session that cannot begin is closed, not left open."""
    monkeypatch.setattr("hub.realtime.session.Session._open", _broken)

    server = FakeServer(house)
    await ended(house, server)

    assert [message["type"] for message in server.sent] == ["websocket.accept", "websocket.close"]
    assert server.sent[-1]["code"] == 1011
    house.timers.advance(CLOSE_TIMEOUT_S)


async def test_a_server_that_stops_ends_the_session(house: House) -> None:
    """Cancelled, as at a shutdown, the adapter sees its client off."""
    server = FakeServer(house)
    await house.settle()

    server.task.cancel()
    await house.settle()

    assert server.task.cancelled()
    assert len(house.log.named("connection")) == 1


async def test_text_that_is_no_unicode_closes_with_1007(house: House) -> None:
    """A lone surrogate cannot have come over a wire, but a TestClient can send one."""
    server = FakeServer(house)
    await house.settle()

    server.say({"type": "websocket.receive", "text": "\ud800"})
    await ended(house, server)

    assert server.sent[-1]["code"] == 1007


async def test_a_channel_that_only_the_log_knows_is_there(house: House) -> None:
    """Another node made it a moment ago."""
    house.questions.heads["orders"] = Head(3)
    server = FakeServer(house, query_string=b"channels=orders")
    await house.settle()

    server.say(DISCONNECT)
    await ended(house, server)

    assert '"positions":{"orders":3}' in server.texts()[0]


@pytest.mark.parametrize("extensions", [{"websocket.http.response": {}}, {}, None])
async def test_a_refusal_is_as_clear_as_the_server_can_say_it(
    house: House, extensions: dict[str, Any] | None
) -> None:
    """With the denial extension a problem document, else the 403 that a close means."""
    server = FakeServer(house, path="/nowhere", extensions=extensions)

    await ended(house, server)

    if extensions:
        start, body = server.sent
        assert start["status"] == 404
        assert (b"content-type", b"application/problem+json") in start["headers"]
        assert b"not_found" in body["body"]
    else:
        assert server.sent == [{"type": "websocket.close", "code": 1008, "reason": "Not Found"}]


async def test_a_refused_browser_is_told_by_close_code(house: House) -> None:
    """With an Origin the upgrade is taken, with its subprotocol, and closed."""
    headers = [
        (b"host", b"localhost"),
        (b"origin", b"null"),
        (b"sec-websocket-protocol", b"hub.v1.json"),
    ]
    server = FakeServer(house, headers=headers)

    await ended(house, server)

    assert server.sent == [
        {"type": "websocket.accept", "subprotocol": "hub.v1.json"},
        {"type": "websocket.close", "code": 4503, "reason": '{"code":"foreign_origin"}'},
    ]


def _broken(*_args: object) -> None:
    raise ZeroDivisionError("secret")

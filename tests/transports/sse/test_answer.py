"""The answer that does not end, against a server that a test plays."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from hub.auth.turnstile import Limits
from hub.errors import Draining, LogUnavailable
from hub.model.event import Event
from hub.model.principal import ANONYMOUS
from hub.realtime.commands import Subscribe
from hub.transports.grace import CLOSE_TIMEOUT_S, REVOKED_TIMEOUT_S
from hub.transports.http.corked import TRANSPORT
from hub.transports.sse import answer
from hub.transports.sse.answer import HIGH_WATER_BYTES, EventStream
from hub.transports.sse.asking import Asked
from support.seats import House
from support.sse import Told, events

DISCONNECT = {"type": "http.disconnect"}


class FakeServer:
    """An ASGI server with one stream of `jobs`; `blocked` and `broken` are about its `send`."""

    def __init__(self, house: House, *commands: Subscribe, transport: Any = None) -> None:
        self.sent: list[dict[str, Any]] = []
        self.blocked = asyncio.Event()
        self.blocked.set()
        self.broken: Exception | None = None
        self._incoming: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.say({"type": "http.request", "body": b"", "more_body": False})
        asked = Asked(commands or [Subscribe(channel="jobs")], {}, None, snapshot=False)
        self.line: dict[str, Any] = {}
        self.stream = EventStream(house.streams, asked, ANONYMOUS, "192.0.2.1")
        scope = {"type": "http", "hub.line": self.line, TRANSPORT: transport}
        self.task = asyncio.create_task(self.stream(scope, self._receive, self._send))

    def say(self, message: dict[str, Any]) -> None:
        """Hand a message of the client over."""
        self._incoming.put_nowait(message)

    @property
    def bodies(self) -> list[bytes]:
        """The bodies that were sent."""
        return [m.get("body", b"") for m in self.sent if m["type"] == "http.response.body"]

    @property
    def told(self) -> list[Told]:
        """The events that a browser has got."""
        return events(b"".join(self.bodies))

    @property
    def offsets(self) -> list[int]:
        """The offsets of the events of channels."""
        return [told.json["offset"] for told in self.told if told.type == "message"]

    @property
    def is_whole(self) -> bool:
        """Whether the end of the answer was sent."""
        return self.sent[-1]["type"] == "http.response.body" and not self.sent[-1].get("more_body")

    async def _receive(self) -> Any:
        return await self._incoming.get()

    async def _send(self, message: Any) -> None:
        await self.blocked.wait()
        if self.broken is not None:
            raise self.broken
        self.sent.append(message)


class FakeTransport:
    """A transport that can be aborted; see `asyncio.Transport`."""

    def __init__(self) -> None:
        self.server: FakeServer
        self.aborted = False
        self.waiting = 0
        self.most: int | None = None

    def is_closing(self) -> bool:
        """Say whether it is."""
        return self.aborted

    def set_write_buffer_limits(self, high: int | None = None) -> None:
        """Note how much may wait."""
        self.most = high

    def get_extra_info(self, _name: str) -> None:
        """Have no socket."""

    def get_write_buffer_size(self) -> int:
        """Return what waits."""
        return self.waiting

    def abort(self) -> None:
        """Lose the connection; the server says so."""
        self.aborted = True
        self.server.say(DISCONNECT)


@pytest.fixture
async def house() -> AsyncIterator[House]:
    """A node; afterwards nothing of its clients may be left."""
    found = House(Limits(connections=1))
    yield found
    await found.settle()
    assert len(found.connections) == 0
    assert not found.fanout.interest.followers
    assert found.timers.pending == 0
    assert len(asyncio.all_tasks()) == 1
    # Whoever left has made room.
    found.streams._turnstile.check("192.0.2.1")


def publish(house: House, first: int, last: int, size: int = 10) -> None:
    """Deliver events of a size in bytes."""
    data = b'{"text":"%b"}' % (b"x" * size)
    for offset in range(first, last + 1):
        event = Event("jobs", offset, f"id-{offset}", "job_update", 1, "me", data)
        house.fanout.deliver([event])
        house.timers.tick()


async def ended(house: House, server: FakeServer) -> None:
    """Expect that the answer has ended."""
    await house.settle()
    assert server.task.done()
    server.task.result()


async def test_a_client_that_leaves_is_seen_off(house: House) -> None:
    """Nothing is sent to it any more, and the line tells its name."""
    server = FakeServer(house)
    await house.settle()
    publish(house, 1, 1)
    await house.settle()

    server.say(DISCONNECT)
    await ended(house, server)

    assert server.offsets == [1]
    assert not server.is_whole
    assert server.line["client_id"] == server.told[0].json["client_id"]
    assert server.line["frames_out"] == 3
    assert "code" not in server.line


async def test_the_first_words_come_with_the_head(house: House) -> None:
    """In the same tick: they are one write, and nobody waits for a first event."""
    server = FakeServer(house)
    while not server.sent:  # noqa: ASYNC110 the tick is the rule
        await asyncio.sleep(0)

    assert [message["type"][14:] for message in server.sent] == ["start", "body"]
    assert [told.type for told in server.told] == ["welcome", "subscribed"]
    server.say(DISCONNECT)
    await ended(house, server)


async def test_a_body_is_passed_over(house: House) -> None:
    """Who sends one with a GET listens like others."""
    server = FakeServer(house)
    for _ in range(3):
        server.say({"type": "http.request", "body": b"x" * 1_000, "more_body": True})
    await house.settle()

    publish(house, 1, 1)
    await house.settle()

    assert server.offsets == [1]
    server.say(DISCONNECT)
    await ended(house, server)


async def test_what_waits_is_sent_together(house: House) -> None:
    """Events that come while the server is busy are one body afterwards."""
    server = FakeServer(house)
    await house.settle()
    server.blocked.clear()
    publish(house, 1, 1)
    await house.settle()
    publish(house, 2, 9)

    server.blocked.set()
    await house.settle()

    assert [len(events(body)) for body in server.bodies] == [2, 1, 8]
    server.say(DISCONNECT)
    await ended(house, server)


async def test_a_client_that_does_not_read_becomes_a_cursor(house: House) -> None:
    """Its queue stays at the mark; when it reads, it gets each event once."""
    server = FakeServer(house)
    await house.settle()
    server.blocked.clear()

    publish(house, 1, 400, size=1_000)
    await house.settle()
    stuck = server.stream.buffered()
    server.blocked.set()
    for _ in range(50):
        await house.settle()

    assert HIGH_WATER_BYTES < stuck < HIGH_WATER_BYTES + 2_000
    assert server.offsets == list(range(1, 401))
    assert server.stream.buffered() == 0
    server.say(DISCONNECT)
    await ended(house, server)


async def test_a_client_that_does_not_gain_is_sent_away(house: House) -> None:
    """What waits is dropped, and comes again by the id that it has."""
    server = FakeServer(house)
    await house.settle()
    publish(house, 1, 1)
    await house.settle()
    server.blocked.clear()
    publish(house, 2, 2)
    await house.settle()
    publish(house, 3, 200, size=1_000)

    house.timers.advance(1)
    publish(house, 201, 210)
    house.timers.advance(60)
    server.blocked.set()
    await ended(house, server)

    *_, last, farewell = server.told
    assert server.is_whole
    assert (farewell.type, farewell.json["code"]) == ("error", "slow_consumer")
    # In flight when it stopped to read was the second event; all after it were dropped.
    assert server.offsets == [1, 2]
    assert farewell.id == last.id == "e;jobs=2"
    assert server.line["code"] == "slow_consumer"


async def test_heartbeats_do_not_pile_up(house: House) -> None:
    """Nobody answers them, so a client that does not read gets no more of them."""
    server = FakeServer(house)
    await house.settle()
    server.blocked.clear()
    publish(house, 1, 80, size=1_000)
    await house.settle()
    before = server.stream.buffered()

    house.timers.advance(50)
    await house.settle()

    assert server.stream.buffered() == before
    server.say(DISCONNECT)
    await ended(house, server)


async def test_the_hub_ends_a_stream_with_a_reason(house: House) -> None:
    """When to come back, why, and the end of the answer."""
    server = FakeServer(house)
    await house.settle()

    (session,) = house.connections.sessions()
    session.end(Draining("stopping", retry_after_ms=700))
    session.end(Draining("stopping", retry_after_ms=900))
    await ended(house, server)

    *_, last, farewell = server.told
    assert session.ended
    assert (farewell.type, farewell.json["code"]) == ("error", "draining")
    assert farewell.id == last.id
    assert b"retry: 700\n" in server.bodies[-2]
    assert b"retry: 900" not in b"".join(server.bodies)
    assert server.is_whole


async def test_an_end_that_nobody_reads_is_given_up(house: House) -> None:
    """After 5 s the answer is left unfinished, for a server that cannot do more."""
    server = FakeServer(house)
    await house.settle()
    server.blocked.clear()
    publish(house, 1, 1)
    await house.settle()

    await house.drain.run(0)
    house.timers.advance(CLOSE_TIMEOUT_S - 0.001)
    await house.settle()
    assert not server.task.done()
    house.timers.advance(0.001)
    await ended(house, server)

    assert not server.is_whole


async def test_a_revoked_stream_that_nobody_reads_is_given_up_within_a_second(
    house: House,
) -> None:
    """Half a second of the two is the look of this node for revocations."""
    server = FakeServer(house)
    await house.settle()
    server.blocked.clear()

    house.connections.revoke("sub:anonymous")
    await house.settle()
    house.timers.advance(REVOKED_TIMEOUT_S)
    await ended(house, server)

    assert not server.is_whole


async def test_a_server_that_takes_nothing_at_all_is_given_up(house: House) -> None:
    """Not even the head of the answer went out."""
    server = FakeServer(house)
    server.blocked.clear()
    await house.settle()

    await house.drain.run(0)
    house.timers.advance(CLOSE_TIMEOUT_S)
    await ended(house, server)

    assert server.sent == []


async def test_under_our_server_the_socket_is_given_up(house: House) -> None:
    """A socket that is closed first writes what waits, for hours if nobody reads."""
    transport = FakeTransport()
    server = transport.server = FakeServer(house, transport=transport)
    await house.settle()
    server.blocked.clear()
    publish(house, 1, 1)
    transport.waiting = 1_000
    await house.settle()
    assert server.stream.buffered() > 1_000

    await house.drain.run(0)
    house.timers.advance(CLOSE_TIMEOUT_S)
    await ended(house, server)

    assert transport.aborted


async def test_an_end_that_waits_in_the_server_is_given_up(house: House) -> None:
    """It took the whole answer, as under TLS, and holds it for a client that reads nothing."""
    transport = FakeTransport()
    server = transport.server = FakeServer(house, transport=transport)
    await house.settle()
    transport.waiting = 1_000

    house.connections.revoke("sub:anonymous")
    await house.settle()
    house.timers.advance(REVOKED_TIMEOUT_S - 0.001)
    early = transport.aborted
    house.timers.advance(0.001)
    await ended(house, server)

    assert (early, transport.aborted, server.is_whole) == (False, True, False)


async def test_an_end_that_is_read_in_time_is_whole(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The socket is closed when the client has everything, and is not cut."""
    monkeypatch.setattr(answer, "LOOK_S", 0)
    transport = FakeTransport()
    server = transport.server = FakeServer(house, transport=transport)
    await house.settle()
    transport.waiting = 1_000

    house.connections.revoke("sub:anonymous")
    await house.settle()
    early = server.is_whole
    transport.waiting = 0
    await ended(house, server)

    assert (early, server.is_whole, transport.aborted) == (False, True, False)


async def test_no_more_waits_in_the_server_than_here(house: House) -> None:
    """Under TLS half a megabyte would, and the client would look healthy."""
    transport = FakeTransport()
    server = transport.server = FakeServer(house, transport=transport)
    await house.settle()

    assert transport.most == HIGH_WATER_BYTES
    server.say(DISCONNECT)
    await ended(house, server)


async def test_a_channel_that_cannot_begin_ends_the_stream(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without one of its channels it would look whole; who comes again may have better luck."""

    async def broken(_channel: str, _owner: str | None) -> Any:
        raise LogUnavailable("expected a disk")

    monkeypatch.setattr(house.questions, "snapshot", broken)
    commands = [Subscribe(channel="jobs", snapshot=True), Subscribe(channel="contracts")]
    server = FakeServer(house, *commands)
    await ended(house, server)

    assert [told.type for told in server.told] == ["welcome", "error"]
    assert server.told[-1].json["code"] == "log_unavailable"
    assert b"retry: 2000\n" in b"".join(server.bodies)


async def test_a_fault_at_the_beginning_leaves_nothing(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It reaches the edge, which logs it and answers 500, for nothing was sent yet."""
    monkeypatch.setattr("hub.realtime.following.Following.subscribe", _broken)

    server = FakeServer(house)
    await house.settle()

    assert isinstance(server.task.exception(), ZeroDivisionError)
    assert server.sent == []


async def test_a_client_that_is_gone_while_it_is_written_to_is_no_fault(house: House) -> None:
    """Some servers say so by an OSError."""
    server = FakeServer(house)
    await house.settle()
    server.broken = ConnectionResetError()

    publish(house, 1, 1)
    await ended(house, server)


async def test_a_fault_of_the_server_is_not_swallowed(house: House) -> None:
    """Who runs it hears of it."""
    server = FakeServer(house)
    await house.settle()
    server.broken = ValueError("a bug")

    publish(house, 1, 1)
    await house.settle()

    assert isinstance(server.task.exception(), ValueError)


async def test_a_server_that_stops_ends_the_stream(house: House) -> None:
    """Cancelled, as at a shutdown, it sees its client off."""
    server = FakeServer(house)
    await house.settle()

    server.task.cancel()
    await house.settle()

    assert server.task.cancelled()
    assert "client_id" in server.line


def _broken(*_args: object) -> None:
    raise ZeroDivisionError("secret")

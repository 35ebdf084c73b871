"""One seat at the hub without sockets: our protocol class over a transport that a test turns."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from random import Random
from types import SimpleNamespace
from typing import Any, NamedTuple, cast

from uvicorn.config import Config
from uvicorn.server import ServerState

from hub.auth.admission import Rules
from hub.auth.authentication import Authentication
from hub.auth.turnstile import Limits, Turnstile
from hub.errors import Unauthenticated
from hub.limits.gate import Gate, Rates
from hub.model.event import BUILT_IN_CHANNELS, Event
from hub.model.principal import Principal
from hub.model.unit import Head
from hub.realtime.connections import Connections
from hub.realtime.drain import Drain
from hub.realtime.fanout import Fanout
from hub.realtime.heartbeat import Heartbeats
from hub.realtime.interest import Interest
from hub.realtime.ladder import Ladder
from hub.realtime.node import FindPrincipal, NoteRefusal, Page, SnapshotPages
from hub.services.auditor import Auditor
from hub.stores.audit import AuditLog
from hub.telemetry.logging import Logger
from hub.transports.sse.reception import StreamReception
from hub.transports.websocket.doorman import Doorman
from hub.transports.websocket.protocol import HubProtocol
from hub.transports.websocket.reception import NodeReception
from support.clocks import FakeClock, FakeTimers
from support.logs import RecordingLog
from support.notes import MemoryAudit
from support.octets import Received, parse, upgrade
from support.principals import Tokens

LIMIT = 1_000


class FakeTransport(asyncio.Transport):
    """A transport as strict as the stricter of asyncio's and uvloop's.

    Attributes:
        buffer: What was written and has not drained; grows only while `stuck`.
        sent: What the peer has received.
        writes: How many it was written in.
        ended: The peer has seen the end of the stream.
    """

    def __init__(self, *, tls: bool = False) -> None:
        super().__init__()
        self.protocol: HubProtocol
        self.http: Any = SimpleNamespace(
            scope={"http_version": "1.1"}, client=("192.0.2.1", 5000), cycle=None
        )
        self.buffer = b""
        self.sent = b""
        self.writes = 0
        self.stuck = False
        self.ended = False
        self.reading = True
        self.aborted = False
        self.lost = False
        self._closing = False
        self._eof = False
        self._tls = tls
        self._high = 64 * 1024
        self._paused = False

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """Return nothing: what is asked here costs a socket object each."""
        assert name
        return default

    def get_protocol(self) -> asyncio.BaseProtocol:
        """Return the HTTP protocol that made ours."""
        return cast("asyncio.BaseProtocol", self.http)

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        """Tell another one what happens."""
        self.protocol = cast("HubProtocol", protocol)

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Set the mark."""
        assert high is not None
        assert low is None
        self._high = high

    def write(self, data: Any) -> None:
        """Take bytes; those after the end are the caller's fault."""
        if self._eof or self.lost:
            raise RuntimeError("Cannot call write() after write_eof()")
        if self._closing:
            return
        self.writes += 1
        self.buffer += bytes(data)
        if not self.stuck:
            self.drain()
        elif len(self.buffer) > self._high and not self._paused:
            self._paused = True
            self.protocol.pause_writing()

    def drain(self) -> None:
        """Let the peer read everything."""
        self.stuck = False
        self.sent += self.buffer
        self.buffer = b""
        if self._paused:
            self._paused = False
            self.protocol.resume_writing()
        self.ended = self.ended or self._eof or self._closing

    def get_write_buffer_size(self) -> int:
        """Return what waits."""
        return len(self.buffer)

    def can_write_eof(self) -> bool:
        """TLS cannot half-close."""
        return not self._tls

    def write_eof(self) -> None:
        """Half-close."""
        if self._tls:
            raise NotImplementedError
        self._eof = True
        self.ended = not self.buffer

    def pause_reading(self) -> None:
        """Hand over no more."""
        self.reading = False

    def resume_reading(self) -> None:
        """Hand over again."""
        self.reading = True

    def is_closing(self) -> bool:
        """Say whether close or abort was called."""
        return self._closing

    def close(self) -> None:
        """Close when the buffer has drained."""
        self._closing = True
        self.ended = not self.buffer

    def abort(self) -> None:
        """Close at once."""
        self.buffer = b""
        self.aborted = self._closing = self.ended = True

    def lose(self, error: Exception | None = None) -> None:
        """Tell the protocol that the socket is gone, as the loop does in a later tick."""
        if not self.lost:
            self._closing = self.ended = True
            self.protocol.connection_lost(error)
            self.lost = True


class Questions:
    """The log, empty; see `hub.realtime.node.Queries`.

    Attributes:
        heads: By channel.
        away: Raised when it is asked for a head.
    """

    def __init__(self) -> None:
        self.heads = {name: Head() for name in BUILT_IN_CHANNELS}
        self.away: Exception | None = None

    async def history(
        self,
        channel: str,
        *,
        limit: int,
        since: int | None,
        before: int | None,
        owner: str | None = None,
    ) -> Page:
        """Return no events."""
        await asyncio.sleep(0)
        assert channel
        assert limit
        assert since is None or before is None
        assert owner is None
        return Page(0, ())

    async def head(self, channel: str) -> Head | None:
        """Return the head of a channel."""
        if self.away is not None:
            raise self.away
        return self.heads.get(channel)

    async def snapshot(self, channel: str, _owner: str | None = None) -> SnapshotPages:
        """Open the state of an empty channel."""
        assert channel
        return EmptyPages()

    async def status(self) -> Mapping[str, Any]:
        """Return how the hub is."""
        await asyncio.sleep(0)
        return {
            "node": "n",
            "epoch": "e",
            "positions": {},
            "uptime_s": 0,
            "connections": 1,
            "subscriptions": {},
            "queued_bytes": 0,
        }


class EmptyPages:
    """A snapshot without entities."""

    epoch = "e"
    offset = 0

    async def page(self, limit: int) -> tuple[Sequence[Any], bool]:
        """Return no items."""
        assert limit
        return [], False

    async def close(self) -> None:
        """Let it go."""


class FakeNode(NamedTuple):
    """One node; see `hub.realtime.node.Realtime`."""

    fanout: Fanout
    queries: Any
    clock: FakeClock
    timers: FakeTimers
    ladder: Ladder
    spawn: Callable[[Awaitable[None]], None]
    heartbeats: Heartbeats
    find: FindPrincipal
    refused: NoteRefusal


class House:
    """A node with its reception; `sit` brings a client, whose address is 192.0.2.1.

    With `tokens` it is one that wants to know who comes.
    """

    def __init__(self, limits: Limits | None = None, tokens: Tokens | None = None) -> None:
        self.clock = FakeClock()
        self.tokens = tokens or Tokens()
        self.authentication = Authentication(
            (self.tokens,), self.clock, required=tokens is not None
        )
        self.timers = FakeTimers()
        self.tasks: list[asyncio.Future[None]] = []
        self.faults: list[BaseException] = []
        self.log = RecordingLog()
        self.audit = MemoryAudit()
        self.auditor = Auditor(cast("AuditLog", self.audit), self.clock, "n1")
        self.connections = Connections(self.clock)
        self.drain = Drain(self.connections.sessions, Random(1))  # noqa: S311 no secret
        self.state = ServerState()
        self.questions = Questions()
        interest = Interest(_nothing, _nothing)
        for channel in BUILT_IN_CHANNELS:
            interest.hear(channel)
        self.fanout = Fanout(
            node="n",
            epoch="e",
            interest=interest,
            timers=self.timers,
            read_log=_no_events,
            spawn=self._spawn,
        )
        opening = self.fanout.open({name: Head() for name in BUILT_IN_CHANNELS}, _no_events)
        with suppress(StopIteration):
            opening.send(None)
        self.node = FakeNode(
            self.fanout,
            self.questions,
            self.clock,
            self.timers,
            Ladder(self.timers, 60),
            self._spawn,
            Heartbeats(self.timers, 25.0, 10.0),
            self.authentication.find,
            self.auditor.refused_socket,
        )
        turnstile = Turnstile(limits or Limits(), self.clock)
        self.gate = Gate(Rates(), self.clock)
        chance = Random(1)  # noqa: S311 no secret
        self.streams = StreamReception(
            self.node, self.connections, self.drain, turnstile, chance=chance
        )
        self.reception = NodeReception(
            self.node,
            self.connections,
            doorman=Doorman(
                self.node,
                self.drain,
                rules=Rules(open_mode=tokens is None, origins=frozenset()),
                authentication=self.authentication,
                redeem=self.redeem,
                turnstile=turnstile,
                log=cast("Logger", self.log),
                auditor=self.auditor,
            ),
            gate=self.gate,
            log=cast("Logger", self.log),
            max_frame_bytes=LIMIT,
        )

    async def redeem(self, ticket: str, _origin: str | None) -> Principal:
        """Take a ticket: it names its principal, and is good once."""
        found = self.tokens.known.pop(ticket, None)
        if found is None:
            raise Unauthenticated("expected a ticket that was not used yet")
        return found

    def sit(self, request: bytes | None = None, *, tls: bool = False) -> "Seat":
        """Bring a client as far as `request` brings it."""
        transport = FakeTransport(tls=tls)
        protocol = HubProtocol(
            config=cast("Config", None),
            server_state=self.state,
            app_state={"reception": self.reception},
        )
        transport.protocol = protocol
        protocol.connection_made(transport)
        protocol.data_received(request or upgrade("/ws?channels="))
        return Seat(transport, protocol)

    async def settle(self) -> None:
        """Let background work run as far as it can."""
        for _ in range(20):
            self.timers.tick()
            await asyncio.sleep(0)
        self.faults += [
            error for task in self.tasks if task.done() and (error := task.exception()) is not None
        ]
        self.tasks = [task for task in self.tasks if not task.done()]

    def _spawn(self, work: Awaitable[None]) -> None:
        self.tasks.append(asyncio.ensure_future(work))


class Seat(NamedTuple):
    """One client of a `House`."""

    transport: FakeTransport
    protocol: HubProtocol

    def send(self, data: bytes) -> None:
        """Hand bytes over, as the loop does: not when the socket is closing."""
        if not self.transport.is_closing():
            self.protocol.data_received(data)

    @property
    def head(self) -> bytes:
        """The answer to the handshake."""
        return self.transport.sent.partition(b"\r\n\r\n")[0]

    @property
    def frames(self) -> list[Received]:
        """What the client has received, all in whole frames."""
        found, left = parse(self.transport.sent.partition(b"\r\n\r\n")[2])
        assert not left
        return found

    @property
    def opcodes(self) -> list[int]:
        """The kinds of frames that the client has received after the welcome."""
        return [item.opcode for item in self.frames[1:]]


async def _no_events(channel: str, after: int, limit: int) -> Sequence[Event]:
    assert channel
    assert after >= 0
    assert limit
    return []


def _nothing(channel: str) -> None:
    assert channel

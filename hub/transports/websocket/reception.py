"""The reception: brings a client from an admitted upgrade to a session, and sees it off.

Both adapters go through it, so a connection is the same whoever carries its bytes.
"""

import time
from collections.abc import Iterable
from functools import partial
from typing import Any, Protocol

from hub.auth.admission import Rules
from hub.auth.turnstile import Turnstile
from hub.clock import Timers
from hub.errors import HubError
from hub.realtime.connection import Connection, Sink, new_client_id
from hub.realtime.connections import Connections
from hub.realtime.drain import Drain
from hub.realtime.node import Realtime
from hub.realtime.pages import Spawn
from hub.realtime.session import Session
from hub.telemetry.logging import Logger
from hub.transports.websocket import handshake
from hub.transports.websocket.handshake import Admitted, Refused, Upgrade, Verdict, close_reason

INTERNAL_ERROR = 1011


class Visit:
    """One client from welcome to close."""

    __slots__ = ("_started", "address", "connection", "received", "session")

    def __init__(self, connection: Connection, session: Session, address: str) -> None:
        self.address = address
        self.connection = connection
        self.session = session
        self.received = 0
        self._started = time.monotonic()

    def summary(self) -> dict[str, Any]:
        """Return what the log line of this connection says."""
        return {
            "client_id": self.connection.client_id,
            "seconds": round(time.monotonic() - self._started, 3),
            "frames_out": self.connection.written,
            "frames_in": self.received,
        }


class Reception(Protocol):
    """What the adapters need of it."""

    max_frame_bytes: int

    @property
    def timers(self) -> Timers:
        """The loop's timers."""
        ...

    @property
    def spawn(self) -> Spawn:
        """Runs an awaitable in the background."""
        ...

    def judge(self, upgrade: Upgrade, address: str) -> Verdict:
        """Decide on an upgrade from this address (empty: it has none), by what this node knows."""
        ...

    async def look_up(self, upgrade: Upgrade, address: str) -> Verdict:
        """Decide where that was unsure, by what the log knows."""
        ...

    def welcome(self, sink: Sink, admitted: Admitted) -> Visit | None:
        """Begin a session; its first frames are written before this returns.

        None when that failed: the sink has been told to close.
        """
        ...

    def take(self, visit: Visit, text: bytes) -> None:
        """Hand a text of the client to its session; never raises."""
        ...

    def see_off(self, visit: Visit, *, code: int | None, peer: str) -> None:
        """End it: the socket is gone."""
        ...


class NodeReception:
    """The reception of one node."""

    def __init__(
        self,
        node: Realtime,
        connections: Connections,
        *,
        drain: Drain,
        turnstile: Turnstile,
        rules: Rules,
        log: Logger,
        max_frame_bytes: int,
    ) -> None:
        self.max_frame_bytes = max_frame_bytes
        self._node = node
        self._connections = connections
        self._drain = drain
        self._turnstile = turnstile
        self._rules = rules
        self._log = log

    @property
    def timers(self) -> Timers:
        """The loop's timers."""
        return self._node.timers

    @property
    def spawn(self) -> Spawn:
        """Runs an awaitable in the background."""
        return self._node.spawn

    def judge(self, upgrade: Upgrade, address: str) -> Verdict:
        """Decide on an upgrade, by what this node knows."""
        verdict = self._judge(upgrade, address)
        if isinstance(verdict, Refused) and not verdict.is_unsure:
            self._note(verdict, upgrade, address)
        return verdict

    async def look_up(self, upgrade: Upgrade, address: str) -> Verdict:
        """Decide where that was unsure, by what the log knows."""
        try:
            await self._meet(handshake.asked(upgrade.query) or ())
            verdict = self._judge(upgrade, address)
        except HubError as failure:
            verdict = handshake.refuse(upgrade, failure)
        if isinstance(verdict, Refused):
            self._note(verdict, upgrade, address)
        return verdict

    def welcome(self, sink: Sink, admitted: Admitted) -> Visit | None:
        """Begin a session."""
        connection = Connection(new_client_id(), sink, admitted.form)
        try:
            session = Session(connection, self._node, admitted.channels)
        except Exception:  # noqa: BLE001 logged, and this connection ends
            self._log.exception("welcome failed", client_id=connection.client_id)
            connection.lost()
            sink.close(INTERNAL_ERROR, close_reason(_internal()))
            return None
        self._connections.add(connection, session)
        self._turnstile.entered(admitted.address)
        return Visit(connection, session, admitted.address)

    def take(self, visit: Visit, text: bytes) -> None:
        """Hand a text to the session; a fault of ours ends this connection and no other."""
        visit.received += 1
        try:
            visit.session.receive(text)
        except Exception:  # noqa: BLE001 logged, and this connection ends
            self._log.exception("session failed", client_id=visit.connection.client_id)
            visit.session.end(_internal())

    def see_off(self, visit: Visit, *, code: int | None, peer: str) -> None:
        """End it and write its line in the log."""
        self._connections.discard(visit.connection)
        self._turnstile.left(visit.address)
        visit.session.lost()
        self._log.info("connection", **visit.summary(), close_code=code, peer=peer)

    def _admit(self, address: str) -> None:
        if self._drain.begun:
            raise self._drain.refusal()
        self._turnstile.check(address)

    def _judge(self, upgrade: Upgrade, address: str) -> Verdict:
        known = self._node.fanout.known
        verdict = handshake.judge(upgrade, self._rules, known, partial(self._admit, address))
        return verdict if isinstance(verdict, Refused) else verdict._replace(address=address)

    async def _meet(self, channels: Iterable[str]) -> None:
        """Look for channels that no news told of here, up to the first that there is not."""
        fanout = self._node.fanout
        for channel in channels:
            if channel not in fanout.known:
                head = await self._node.queries.head(channel)
                if head is None:
                    return
                fanout.catch_up({channel: head})

    def _note(self, verdict: Refused, upgrade: Upgrade, address: str) -> None:
        code, path = verdict.failure.code, upgrade.path[:200]
        self._log.info("connection refused", code=code, path=path, peer=address)


def _internal() -> HubError:
    return HubError("the hub failed; its log says why")

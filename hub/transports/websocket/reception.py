"""The reception: brings a client from an admitted upgrade to a session, and sees it off.

Both adapters go through it, so a connection is the same whoever carries its bytes.
"""

import time
from typing import Any, Protocol

from hub.clock import Timers
from hub.errors import HubError
from hub.limits.gate import Gate
from hub.model.principal import NOBODY, Principal
from hub.realtime.connection import Connection, Sink, new_client_id
from hub.realtime.connections import Connections
from hub.realtime.node import Realtime
from hub.realtime.pages import Spawn
from hub.realtime.session import Session
from hub.realtime.waiting import Waiting
from hub.telemetry.logging import Logger
from hub.transports.websocket.doorman import Doorman
from hub.transports.websocket.handshake import (
    Admitted,
    Unsure,
    Upgrade,
    Verdict,
    close_reason,
)

INTERNAL_ERROR = 1011


class Visit:
    """One client from welcome to close.

    Attributes:
        session: Its rules: those of who waits until it is known who it is, then a session's.
        counted: Whose connection it is counted as; empty: nobody's yet.
    """

    __slots__ = ("_started", "admitted", "connection", "counted", "received", "session")

    def __init__(
        self, connection: Connection, session: Session | Waiting, admitted: Admitted
    ) -> None:
        self.admitted = admitted
        self.connection = connection
        self.session = session
        self.counted = "" if admitted.principal is None else admitted.principal.name
        self.received = 0
        self._started = time.monotonic()

    @property
    def is_known(self) -> bool:
        """Whether the client has said who it is."""
        return not isinstance(self.session, Waiting)

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

    def judge(self, upgrade: Upgrade, address: str) -> Verdict | Unsure:
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
        doorman: Doorman,
        gate: Gate,
        log: Logger,
        max_frame_bytes: int,
    ) -> None:
        self.max_frame_bytes = max_frame_bytes
        self._node = node
        self._connections = connections
        self._doorman = doorman
        self._gate = gate
        self._log = log

    @property
    def timers(self) -> Timers:
        """The loop's timers."""
        return self._node.timers

    @property
    def spawn(self) -> Spawn:
        """Runs an awaitable in the background."""
        return self._node.spawn

    def judge(self, upgrade: Upgrade, address: str) -> Verdict | Unsure:
        """Decide on an upgrade, by what this node knows."""
        return self._doorman.judge(upgrade, address)

    async def look_up(self, upgrade: Upgrade, address: str) -> Verdict:
        """Decide where that was unsure, by what the log knows."""
        return await self._doorman.look_up(upgrade, address)

    def welcome(self, sink: Sink, admitted: Admitted) -> Visit | None:
        """Begin a session."""
        who = admitted.principal
        connection = Connection(
            new_client_id(), sink, admitted.form, who or NOBODY, admitted.address
        )
        connection.client = admitted.client
        if who is None:
            visit = self._let_wait(connection, admitted)
        else:
            session = self._begin(connection, admitted)
            if session is None:
                return None
            visit = Visit(connection, session, admitted)
        self._connections.add(connection, visit.session)
        self._doorman.turnstile.entered(admitted.address, visit.counted)
        return visit

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
        self._doorman.turnstile.left(visit.admitted.address, visit.counted)
        if isinstance(visit.session, Waiting):
            self._doorman.unknown -= 1
        visit.session.lost()
        self._log.info(
            "connection", **visit.summary(), close_code=code, peer=visit.admitted.address or peer
        )

    def _begin(self, connection: Connection, admitted: Admitted) -> Session | None:
        """Begin a session; None when that failed: the client has been told."""
        try:
            session = Session(connection, self._node, admitted.channels)
        except Exception:  # noqa: BLE001 logged, and this connection ends
            self._log.exception("welcome failed", client_id=connection.client_id)
            connection.lost()
            connection.sink.close(INTERNAL_ERROR, close_reason(_internal()))
            return None
        session.allowance = self._gate.allowance(connection.principal.name)
        return session

    def _let_wait(self, connection: Connection, admitted: Admitted) -> Visit:
        """Let a client say who it is; then its session begins, on the same connection."""
        self._doorman.unknown += 1

        def enter(principal: Principal, behind: list[bytes]) -> None:
            self._node.spawn(self._enter(visit, principal, behind))

        visit = Visit(connection, Waiting(connection, self._node, enter), admitted)
        return visit

    async def _enter(self, visit: Visit, principal: Principal, behind: list[bytes]) -> None:
        channels, places = visit.admitted.channels or (), self._doorman.turnstile.places
        try:
            await self._doorman.demand(principal, channels)
            places.check(principal.name)
        except HubError as failure:
            visit.session.end(failure)
            return
        except Exception:
            # The time to say who it is is over: nothing else would end it.
            visit.session.end(_internal())
            raise  # logged by who runs background work
        session = None if visit.session.ended else self._begin(visit.connection, visit.admitted)
        if session is None:
            return
        self._doorman.unknown -= 1
        places.entered(principal.name)
        visit.counted, visit.session = principal.name, session
        self._connections.add(visit.connection, session)
        for payload in behind:
            self.take(visit, payload)


def _internal() -> HubError:
    return HubError("the hub failed; its log says why")

"""The connections of this node, sockets and streams: counted and listed."""

from collections.abc import Collection, Sequence
from typing import Protocol

from hub.clock import Clock
from hub.errors import HubError, TokenExpired, TokenRevoked
from hub.model.api_key import concerns
from hub.realtime.connection import Connection
from hub.realtime.drain import Leaving


class Client(Leaving, Protocol):
    """The rules of a connection, as far as rights are taken from it."""

    def recheck(self) -> None:
        """Follow nothing any more that it may not read."""
        ...


class Connections:
    """Every open connection with its session."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._newest_us = 0
        self._sessions: dict[Connection, Client] = {}

    def __len__(self) -> int:
        return len(self._sessions)

    def add(self, connection: Connection, session: Client) -> None:
        """A client was welcomed, or has said who it is."""
        if not connection.opened_us:
            # Each later than the one before, whatever the clock does: so they lie in their order.
            self._newest_us = max(self._clock.now_us(), self._newest_us + 1)
            connection.opened_us = self._newest_us
        self._sessions[connection] = session

    def discard(self, connection: Connection) -> None:
        """A client is gone."""
        self._sessions.pop(connection, None)

    def open(self) -> Sequence[Connection]:
        """Return the connections, the oldest first, by `opened_us`."""
        return tuple(self._sessions)

    def end(self, connection: Connection, failure: HubError) -> None:
        """Close one for a reason."""
        session = self._sessions.get(connection)
        if session is not None and not session.ended:
            session.end(failure)

    def queued_bytes(self) -> int:
        """Return the bytes that wait in the transports of all connections."""
        return sum(each.waiting() for each in self._sessions if each.touched)

    def revoke(self, credential: str) -> None:
        """Close whoever came in by a credential, or is the principal of `sub:<name>`."""
        text = "expected a credential that is still good, got a revoked one"
        self._end(credential, TokenRevoked(text))

    def expire(self, credential: str) -> None:
        """Close them, and let them come back with a new one."""
        text = "expected the key's new secret, got the one before, which has ended"
        self._end(credential, TokenExpired(text))

    def recheck(self) -> None:
        """Look again at what everybody follows: who may read a channel has changed."""
        for session in tuple(self._sessions.values()):
            session.recheck()

    def sessions(self) -> Collection[Leaving]:
        """Return the sessions of all connections, the oldest first."""
        return self._sessions.values()

    def _end(self, credential: str, failure: HubError) -> None:
        gone = [
            session
            for connection, session in self._sessions.items()
            if concerns(credential, connection.principal)
        ]
        for session in gone:
            session.end(failure)

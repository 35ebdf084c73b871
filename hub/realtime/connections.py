"""The connections of this node: counted and listed."""

from collections.abc import Collection

from hub.realtime.connection import Connection
from hub.realtime.session import Session


class Connections:
    """Every open connection with its session."""

    def __init__(self) -> None:
        self._sessions: dict[Connection, Session] = {}

    def __len__(self) -> int:
        return len(self._sessions)

    def add(self, connection: Connection, session: Session) -> None:
        """A client was welcomed."""
        self._sessions[connection] = session

    def discard(self, connection: Connection) -> None:
        """A client is gone."""
        self._sessions.pop(connection, None)

    def queued_bytes(self) -> int:
        """Return the bytes that wait in the transports of all connections."""
        return sum(connection.sink.buffered() for connection in self._sessions)

    def sessions(self) -> Collection[Session]:
        """Return the sessions of all connections, the oldest first."""
        return self._sessions.values()

"""The connections of this node, sockets and streams: counted and listed."""

from collections.abc import Collection

from hub.realtime.connection import Connection
from hub.realtime.drain import Leaving


class Connections:
    """Every open connection with its session."""

    def __init__(self) -> None:
        self._sessions: dict[Connection, Leaving] = {}

    def __len__(self) -> int:
        return len(self._sessions)

    def add(self, connection: Connection, session: Leaving) -> None:
        """A client was welcomed."""
        self._sessions[connection] = session

    def discard(self, connection: Connection) -> None:
        """A client is gone."""
        self._sessions.pop(connection, None)

    def queued_bytes(self) -> int:
        """Return the bytes that wait in the transports of all connections."""
        return sum(connection.sink.buffered() for connection in self._sessions)

    def sessions(self) -> Collection[Leaving]:
        """Return the sessions of all connections, the oldest first."""
        return self._sessions.values()

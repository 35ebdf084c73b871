"""What came to the hub's own receiver, in the data file."""

import sqlite3
from collections.abc import Sequence
from functools import partial

from hub.stores.received import ReceivedRequest
from hub.stores.sqlite_webhooks.part import SqlitePart

_COLUMNS = "id, client_id, at_us, headers, body, verdict"
_ADD = f"INSERT INTO webhook_received ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?)"  # noqa: S608 own words
_PAGE = f"SELECT {_COLUMNS} FROM webhook_received WHERE client_id = ? ORDER BY seq DESC LIMIT ?"  # noqa: S608 own words
_KNOWN = "SELECT 1 FROM webhook_received WHERE client_id = ? LIMIT 1"
# From one client to the next: what each has is not read.
_CLIENTS = """
WITH RECURSIVE client(name) AS (
    SELECT min(client_id) FROM webhook_received
    UNION ALL
    SELECT (SELECT min(client_id) FROM webhook_received WHERE client_id > name)
    FROM client WHERE name IS NOT NULL
    LIMIT ?
)
SELECT count(name) FROM client
"""
_CUT = (
    "DELETE FROM webhook_received WHERE client_id = ?1 AND seq <= (SELECT seq "
    "FROM webhook_received WHERE client_id = ?1 ORDER BY seq DESC LIMIT 1 OFFSET ?2)"
)
_FORGET = "DELETE FROM webhook_received WHERE at_us < ?"


class SqliteReceived(SqlitePart):
    """What came; bounded a client, and in clients."""

    async def keep(self, request: ReceivedRequest, most: int, most_clients: int) -> bool:
        """Keep one, and of its client the newest `most`; False: there are too many clients."""
        has_room = partial(_has_room, client_id=request.client_id, most_clients=most_clients)
        # A crowd of strangers does not come to the writer.
        if not await self._threads.read(has_room):
            return False

        def add(db: sqlite3.Connection) -> bool:
            if not has_room(db):
                return False
            db.execute(_ADD, request)
            db.execute(_CUT, (request.client_id, most))
            return True

        return await self._write(add)

    async def received(self, client_id: str, limit: int) -> Sequence[ReceivedRequest]:
        """Return what came for a client, newest first."""
        return [ReceivedRequest(*row) for row in await self._rows(_PAGE, (client_id, limit))]

    async def forget_received(self, before_us: int) -> int:
        """Forget what is older than a time; return how many."""
        return await self._write(lambda db: db.execute(_FORGET, (before_us,)).rowcount)


def _has_room(db: sqlite3.Connection, client_id: str, most_clients: int) -> bool:
    if db.execute(_KNOWN, (client_id,)).fetchone() is not None:
        return True
    (clients,) = db.execute(_CLIENTS, (most_clients,)).fetchone()
    return bool(clients < most_clients)

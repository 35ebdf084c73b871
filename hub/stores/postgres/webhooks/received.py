"""What came to the hub's own receiver, in the database."""

from collections.abc import Sequence

from hub.stores.postgres.database import Connection
from hub.stores.postgres.webhooks.part import PostgresPart
from hub.stores.received import ReceivedRequest

# Whoever keeps one has it: so many clients, and so many of each, are counted one at a time.
_LOCK = "SELECT pg_advisory_xact_lock(7239146202)"
_COLUMNS = "id, client_id, at_us, headers, body, verdict"
_ADD = f"INSERT INTO webhook_received ({_COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6)"  # noqa: S608 own words
_PAGE = f"SELECT {_COLUMNS} FROM webhook_received WHERE client_id = $1 ORDER BY seq DESC LIMIT $2"  # noqa: S608 own words
_KNOWN = "SELECT EXISTS (SELECT 1 FROM webhook_received WHERE client_id = $1)"
# From one client to the next: what each has is not read.
_CLIENTS = """
WITH RECURSIVE client AS (
    (SELECT client_id FROM webhook_received ORDER BY client_id LIMIT 1)
    UNION ALL
    SELECT next.client_id FROM client, LATERAL (
        SELECT client_id FROM webhook_received WHERE client_id > client.client_id
        ORDER BY client_id LIMIT 1) AS next
)
SELECT count(*) FROM (SELECT 1 FROM client LIMIT $1) AS found
"""
_CUT = (
    "DELETE FROM webhook_received WHERE client_id = $1 AND seq <= (SELECT seq "
    "FROM webhook_received WHERE client_id = $1 ORDER BY seq DESC LIMIT 1 OFFSET $2)"
)
_FORGET = "DELETE FROM webhook_received WHERE at_us < $1"


class PostgresReceived(PostgresPart):
    """What came; bounded a client, and in clients."""

    async def keep(self, request: ReceivedRequest, most: int, most_clients: int) -> bool:
        """Keep one, and of its client the newest `most`; False: there are too many clients."""

        async def has_room(connection: Connection) -> bool:
            if await connection.fetchval(_KNOWN, request.client_id):
                return True
            return bool(await connection.fetchval(_CLIENTS, most_clients) < most_clients)

        async def add(connection: Connection) -> bool:
            await connection.execute(_LOCK)
            if not await has_room(connection):
                return False
            await connection.execute(_ADD, *request)
            await connection.execute(_CUT, request.client_id, most)
            return True

        # A crowd of strangers does not come to the lock.
        return await self._database.again(has_room) and await self._write(add)

    async def received(self, client_id: str, limit: int) -> Sequence[ReceivedRequest]:
        """Return what came for a client, newest first."""
        return [ReceivedRequest(*row) for row in await self._rows(_PAGE, client_id, limit)]

    async def forget_received(self, before_us: int) -> int:
        """Forget what is older than a time; return how many."""
        said: str = await self._write(lambda c: c.execute(_FORGET, before_us))
        return int(said.rpartition(" ")[2])

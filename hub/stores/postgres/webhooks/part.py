"""What every part has: the way to the database, the registry, and the lanes' own statements.

Locks are taken in one order, so that they never cross: the row of `webhook_state` (who changes an
endpoint has it alone, dispatchers share it), then the endpoints' rows of `webhook_health` by id,
then deliveries by `seq`.
"""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any, TypeVar

from hub.clock import Clock
from hub.model.endpoint import Endpoint
from hub.stores.postgres.database import Connection, Database
from hub.stores.postgres.webhooks import sweeping
from hub.stores.postgres.webhooks.registry import Book
from hub.stores.webhook_rows import endpoint_of

T = TypeVar("T")

LOCK = (
    "SELECT endpoint_id, document FROM webhook_health WHERE endpoint_id = ANY($1::text[]) "
    "ORDER BY endpoint_id FOR UPDATE"
)
_NEXT = (
    "UPDATE webhook_deliveries SET state = 'pending' WHERE seq IN (SELECT "
    "(SELECT seq FROM webhook_deliveries WHERE state = 'queued' "
    "AND endpoint_id = ended.endpoint_id AND lane = ended.lane ORDER BY seq LIMIT 1) "
    "FROM unnest($1::text[], $2::text[]) AS ended(endpoint_id, lane))"
)
_ENDPOINT = "SELECT document FROM webhook_endpoints WHERE id = $1 AND state <> 'removed'"


class PostgresPart:
    """Works on connections of the pool.

    Args:
        database: The way to it.
        clock: The wall time: when deliveries were made, and ended with their endpoint.
    """

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._book = Book()

    async def _write(self, work: Callable[[Connection], Awaitable[T]]) -> T:
        """Run work that may be run twice, in a transaction of its own."""

        async def transact(connection: Connection) -> T:
            async with connection.transaction():
                return await work(connection)

        return await self._database.again(transact)

    async def _rows(self, sql: str, *values: object) -> list[Any]:
        return [tuple(row) for row in await self._database.again(lambda c: c.fetch(sql, *values))]

    async def _sweep(self, endpoint_id: str) -> None:
        """Finish what is to be held or cancelled, in steps between which others write."""
        now_us = self._clock.now_us()
        while await self._database.again(lambda c: sweeping.is_unswept(c, endpoint_id)):
            await self._write(lambda c: sweeping.sweep(c, endpoint_id, now_us))


async def find(connection: Connection, book: Book, wanted: Iterable[str]) -> dict[str, Endpoint]:
    """Return endpoints as they are stored now; those that have fired are not in the registry."""
    live = await book.read(connection)
    found = {}
    for name in wanted:
        document = None if name in live else await connection.fetchval(_ENDPOINT, name)
        if name in live:
            found[name] = live[name]
        elif document is not None:
            found[name] = endpoint_of(document)
    return found


async def move_up(connection: Connection, lanes: Iterable[tuple[str, str | None]]) -> None:
    """Make the next one of each lane pending, by endpoint and lane; nobody is its head now."""
    wanted = [lane for lane in dict.fromkeys(lanes) if lane[1] is not None]
    if wanted:
        await connection.execute(_NEXT, *columns(wanted, 2))


def columns(rows: Sequence[Sequence[Any]], width: int) -> list[Sequence[Any]]:
    """Return rows as the arrays that go in as one statement."""
    return list(zip(*rows, strict=True)) if rows else [()] * width


def marks() -> tuple[list[Any], Callable[[object], str]]:
    """Return the values of a statement, and what adds one and returns its mark."""
    values: list[Any] = []

    def mark(value: object) -> str:
        values.append(value)
        return f"${len(values)}"

    return values, mark

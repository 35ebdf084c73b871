"""What every part has: the threads of the file, the registry, and the lanes' own statements."""

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any, TypeVar

from hub.clock import Clock
from hub.model.endpoint import Endpoint
from hub.stores.sqlite import Threads, transact
from hub.stores.sqlite_webhooks import sweeping
from hub.stores.sqlite_webhooks.registry import Book
from hub.stores.webhook_rows import endpoint_of, text_of

T = TypeVar("T")

_NEXT = (
    "UPDATE webhook_deliveries SET state = 'pending' WHERE seq IN (SELECT "
    "(SELECT seq FROM webhook_deliveries INDEXED BY webhook_queued WHERE state = 'queued' "
    "AND endpoint_id = json_extract(ended.value, '$[0]') "
    "AND lane = json_extract(ended.value, '$[1]') ORDER BY seq LIMIT 1) "
    "FROM (SELECT value FROM json_each(?)) AS ended)"
)
_ENDPOINT = "SELECT document FROM webhook_endpoints WHERE id = ? AND state <> 'removed'"


class SqlitePart:
    """Works on the data file's threads.

    Args:
        threads: Those of the file.
        clock: The wall time: when deliveries were made, and ended with their endpoint.
        wrote: Told how many rows were written, so that the WAL is folded in time.
    """

    def __init__(self, threads: Threads, clock: Clock, wrote: Callable[[int], None]) -> None:
        self._threads = threads
        self._clock = clock
        self._wrote = wrote
        self._book = Book()

    async def _write(self, work: Callable[[sqlite3.Connection], T], rows: int = 1) -> T:
        """Run work in one transaction."""
        result = await self._threads.write(partial(transact, work=work))
        self._wrote(rows)
        return result

    async def _rows(self, sql: str, values: Sequence[object] = ()) -> list[Any]:
        return await self._threads.read(lambda db: db.execute(sql, values).fetchall())

    async def _glance(self, sql: str, *values: object) -> list[Any]:
        """Return rows that are asked for every second, though they seldom change."""
        return await self._threads.look(
            (sql, values), lambda db: db.execute(sql, values).fetchall()
        )

    async def _sweep(self, endpoint_id: str) -> None:
        """Finish what is to be held or cancelled, in steps between which others write."""
        work = partial(sweeping.sweep, endpoint_id=endpoint_id, now_us=self._clock.now_us())
        while await self._threads.read(partial(sweeping.is_unswept, endpoint_id=endpoint_id)):
            await self._write(work, sweeping.STEP)


def find(db: sqlite3.Connection, book: Book, wanted: Iterable[str]) -> dict[str, Endpoint]:
    """Return endpoints as they are stored now; those that have fired are not in the registry."""
    live = book.read(db)
    found = {}
    for name in wanted:
        row = None if name in live else db.execute(_ENDPOINT, (name,)).fetchone()
        if name in live:
            found[name] = live[name]
        elif row is not None:
            found[name] = endpoint_of(row[0])
    return found


def move_up(db: sqlite3.Connection, lanes: Iterable[tuple[str, str | None]]) -> None:
    """Make the next one of each lane pending, by endpoint and lane; nobody is its head now."""
    wanted = [lane for lane in dict.fromkeys(lanes) if lane[1] is not None]
    if wanted:
        db.execute(_NEXT, (text_of(wanted),))


def marks() -> tuple[list[Any], Callable[[object], str]]:
    """Return the values of a statement, and what adds one and returns its mark."""
    values: list[Any] = []

    def mark(value: object) -> str:
        values.append(value)
        return "?"

    return values, mark

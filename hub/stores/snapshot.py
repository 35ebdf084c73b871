"""Snapshots on SQLite: the state of a channel at one offset, in pages of one read transaction.

Each has a connection of its own, because its transaction stays open while a client's socket
drains. An open read transaction keeps the WAL from being folded, so they are few and short.
"""

import asyncio
import sqlite3
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from hub.errors import LogUnavailable, Overloaded
from hub.model.contract import Contract
from hub.model.event import CONTRACTS, JOBS
from hub.model.job import Job
from hub.stores import contracts, jobs
from hub.stores.sqlite import DataFile

MAX_OPEN = 16
# One frame of a snapshot: what a client takes in a gulp, far below its largest frame.
PAGE_BYTES = 64 * 1024
MAX_OPEN_S = 60.0


class Snapshots:
    """Opens snapshots, at most `MAX_OPEN` at a time, and closes those nobody reads on."""

    def __init__(self, file: DataFile) -> None:
        self._file = file
        self._thread = ThreadPoolExecutor(1, "hub-snapshot")
        self._open: set[SqliteSnapshot] = set()

    async def open(self, channel: str, owner: str | None = None) -> "SqliteSnapshot":
        """Open the state of a channel.

        Raises:
            Overloaded: `MAX_OPEN` are open.
        """
        if len(self._open) >= MAX_OPEN:
            raise Overloaded(f"expected fewer than {MAX_OPEN} open snapshots, try again shortly")
        snapshot = SqliteSnapshot(channel, owner, self._file, self._thread, self._open)
        self._open.add(snapshot)
        try:
            await snapshot.start()
        except BaseException:
            await snapshot.close()
            raise
        return snapshot

    async def close(self) -> None:
        """Close all."""
        for snapshot in tuple(self._open):
            await snapshot.close()
        self._thread.shutdown()


class SqliteSnapshot:
    """One open snapshot; see `base.Snapshot`."""

    def __init__(
        self,
        channel: str,
        owner: str | None,
        file: DataFile,
        thread: ThreadPoolExecutor,
        others: "set[SqliteSnapshot]",
    ) -> None:
        self.epoch = ""
        self.offset = 0
        self._channel = channel
        self._owner = owner
        self._file = file
        self._thread = thread
        self._others = others
        self._connection: sqlite3.Connection | None = None
        self._after = ""
        self._limit: asyncio.TimerHandle | None = None

    async def start(self) -> None:
        """Begin the transaction and read where it stands."""
        loop = asyncio.get_running_loop()
        self._limit = loop.call_later(MAX_OPEN_S, self._expire)
        self.epoch, self.offset = await loop.run_in_executor(self._thread, self._begin)

    async def page(self, limit: int) -> tuple[Sequence[Contract | Job], bool]:
        """Return the next rows, and whether more follow."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, partial(self._page, limit))

    async def close(self) -> None:
        """Let the transaction go."""
        self._others.discard(self)
        if self._limit is not None:
            self._limit.cancel()
        await asyncio.get_running_loop().run_in_executor(self._thread, self._end)

    def _expire(self) -> None:
        self._others.discard(self)
        self._thread.submit(self._end)

    def _begin(self) -> tuple[str, int]:
        self._connection = self._file.connect()
        self._connection.execute("BEGIN")
        row = self._connection.execute(
            "SELECT epoch, coalesce((SELECT head FROM channels WHERE name = ?), 0) FROM log",
            (self._channel,),
        ).fetchone()
        return row[0], row[1]

    def _page(self, limit: int) -> tuple[Sequence[Contract | Job], bool]:
        if self._connection is None:
            raise LogUnavailable(f"expected the snapshot to be read within {MAX_OPEN_S:.0f} s")
        rows: list[Contract | Job] = []
        size = 0
        for row, length in self._rows(self._connection, limit):
            rows.append(row)
            size += length
            if len(rows) == limit or size >= PAGE_BYTES:
                last = rows[-1]
                self._after = last.contract_id if isinstance(last, Contract) else last.job_id
                # Perhaps an empty page follows; that costs less than reading one row ahead.
                return rows, True
        return rows, False

    def _rows(
        self, connection: sqlite3.Connection, limit: int
    ) -> Iterator[tuple[Contract | Job, int]]:
        if self._channel == CONTRACTS:
            for row in connection.execute(contracts.AFTER_ID, (self._after, limit)):
                yield contracts.from_row(row), len(row[4]) + 200
        elif self._channel == JOBS:
            for row in connection.execute(*jobs.select_after(self._after, limit, self._owner)):
                yield jobs.from_row(row), len(row[0])

    def _end(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

"""Snapshots on SQLite: the state of a channel at one offset, in pages of one read transaction.

Each has a connection of its own, because its transaction stays open while a client's socket
drains. An open read transaction keeps the WAL from being folded, so they are few and short.
"""

import asyncio
import sqlite3
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from math import inf
from typing import Protocol

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
# Who has not come for a page for so long gives his place up when others want one.
IDLE_S = 1.0
TOO_SLOW = f"expected the snapshot to be read on, and within {MAX_OPEN_S:.0f} s"


class Open(Protocol):
    """An open snapshot, on whatever store.

    Attributes:
        idle_since_s: When its last page was read; infinite while one is.
    """

    idle_since_s: float

    def expire(self) -> None:
        """Let the transaction go; the next page is refused."""
        ...


def make_room(opened: Collection[Open]) -> None:
    """End the snapshot that nobody has read on for longest, where there is no room for another.

    A client that reads nothing would hold its place for a minute, and sixteen of them all.

    Raises:
        Overloaded: `MAX_OPEN` are open, and all of them are read.
    """
    if len(opened) < MAX_OPEN:
        return
    idlest = min(opened, key=lambda one: one.idle_since_s)
    if asyncio.get_running_loop().time() - idlest.idle_since_s < IDLE_S:
        raise Overloaded(f"expected fewer than {MAX_OPEN} open snapshots, try again shortly")
    idlest.expire()


class Snapshots:
    """Opens snapshots, at most `MAX_OPEN` at a time, and closes those nobody reads on."""

    def __init__(self, file: DataFile) -> None:
        self._file = file
        self._thread = ThreadPoolExecutor(1, "hub-snapshot")
        self._open: set[SqliteSnapshot] = set()

    async def open(self, channel: str, owner: str | None = None) -> "SqliteSnapshot":
        """Open the state of a channel.

        Raises:
            Overloaded: See `make_room`.
        """
        make_room(self._open)
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
        self.idle_since_s = inf
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
        self._limit = loop.call_later(MAX_OPEN_S, self.expire)
        self.epoch, self.offset = await loop.run_in_executor(self._thread, self._begin)
        self.idle_since_s = loop.time()

    async def page(self, limit: int) -> tuple[Sequence[Contract | Job], bool]:
        """Return the next rows, and whether more follow."""
        loop = asyncio.get_running_loop()
        self.idle_since_s = inf
        try:
            return await loop.run_in_executor(self._thread, partial(self._page, limit))
        finally:
            self.idle_since_s = loop.time()

    async def close(self) -> None:
        """Let the transaction go."""
        self._others.discard(self)
        if self._limit is not None:
            self._limit.cancel()
        await asyncio.get_running_loop().run_in_executor(self._thread, self._end)

    def expire(self) -> None:
        """Let the transaction go; the next page is refused."""
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
            raise LogUnavailable(TOO_SLOW)
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

"""Snapshots on PostgreSQL: the state of a channel at one offset, in pages of one transaction."""

import asyncio
from collections.abc import Sequence
from math import inf

from hub.errors import LogUnavailable
from hub.model.contract import Contract
from hub.model.event import CONTRACTS, JOBS
from hub.model.job import Job
from hub.stores import contracts, jobs
from hub.stores.postgres import statements as sql
from hub.stores.postgres.database import LOST, Connection, Database, unavailable
from hub.stores.snapshot import MAX_OPEN_S, PAGE_BYTES, TOO_SLOW, make_room


class Snapshots:
    """Opens snapshots, at most `MAX_OPEN` at a time, and closes those nobody reads on."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._open: set[PostgresSnapshot] = set()

    async def open(self, channel: str, owner: str | None = None) -> "PostgresSnapshot":
        """Open the state of a channel.

        Raises:
            Overloaded: See `make_room`.
            LogUnavailable: The server is away.
        """
        make_room(self._open)
        snapshot = PostgresSnapshot(channel, owner, self._open)
        self._open.add(snapshot)
        try:
            await snapshot.start(self._database)
        except LOST as error:
            await snapshot.close()
            raise unavailable(error) from error
        except BaseException:
            await snapshot.close()
            raise
        return snapshot

    async def close(self) -> None:
        """Close all."""
        for snapshot in tuple(self._open):
            await snapshot.close()


class PostgresSnapshot:
    """One open snapshot; see `base.Snapshot`."""

    def __init__(self, channel: str, owner: str | None, others: "set[PostgresSnapshot]") -> None:
        self.epoch = ""
        self.offset = 0
        self.idle_since_s = inf
        self._channel = channel
        self._owner = owner
        self._others = others
        self._connection: Connection | None = None
        self._after = ""
        self._limit: asyncio.TimerHandle | None = None

    async def start(self, database: Database) -> None:
        """Begin the transaction and read where it stands."""
        loop = asyncio.get_running_loop()
        self._limit = loop.call_later(MAX_OPEN_S, self.expire)
        self._connection = connection = await database.connect()
        await connection.execute("SET idle_in_transaction_session_timeout = '70s'")
        await connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        self.epoch = (await connection.fetchrow(sql.LOG))["epoch"]
        ends = await connection.fetchrow(sql.ENDS, self._channel)
        self.offset = 0 if ends is None else ends["head"]
        self.idle_since_s = loop.time()

    async def page(self, limit: int) -> tuple[Sequence[Contract | Job], bool]:
        """Return the next rows, and whether more follow."""
        if self._connection is None:
            raise LogUnavailable(TOO_SLOW)
        self.idle_since_s = inf
        try:
            found = await self._rows(self._connection, limit)
        except LOST as error:
            raise unavailable(error) from error
        finally:
            self.idle_since_s = asyncio.get_running_loop().time()
        rows: list[Contract | Job] = []
        size = 0
        for row, length in found:
            rows.append(row)
            size += length
            if size >= PAGE_BYTES:
                break
        if rows:
            last = rows[-1]
            self._after = last.contract_id if isinstance(last, Contract) else last.job_id
        # Perhaps an empty page follows; that costs less than reading one row ahead.
        return rows, len(rows) == limit or size >= PAGE_BYTES

    async def close(self) -> None:
        """Let the transaction go."""
        self._others.discard(self)
        if self._limit is not None:
            self._limit.cancel()
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.terminate()

    async def _rows(self, connection: Connection, limit: int) -> list[tuple[Contract | Job, int]]:
        if self._channel == CONTRACTS:
            rows = await connection.fetch(sql.CONTRACTS_AFTER, self._after, limit)
            return [(contracts.from_row(tuple(row)), len(row[4]) + 200) for row in rows]
        if self._channel == JOBS:
            if self._owner is None:
                rows = await connection.fetch(sql.JOBS_AFTER, self._after, limit)
            else:
                rows = await connection.fetch(sql.JOBS_AFTER_OF, self._after, limit, self._owner)
            return [(jobs.from_row(tuple(row)), len(row[0])) for row in rows]
        return []

    def expire(self) -> None:
        """Let the transaction go; the next page is refused."""
        self._others.discard(self)
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.terminate()

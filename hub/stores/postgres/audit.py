"""The audit log on PostgreSQL; see `hub.stores.audit.AuditLog` for what it promises.

Who writes locks the one row of `audit_state` first: commit order is then the order of `seq`, and
who seals sees every record up to the last.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

from hub.model.audit import Note, Record, Seal, forgetting, placed
from hub.stores.audit import (
    FORGET_BATCHES,
    RECORD,
    SEAL,
    AuditQuery,
    AuditState,
    Make,
    due,
    select_records,
    select_seals,
)
from hub.stores.postgres.database import Connection, Database

T = TypeVar("T")

_STATE = (
    "SELECT last_seq, coalesce((SELECT max(last_seq) FROM audit_seals), 0), forgotten "
    "FROM audit_state"
)
_LOCK = "SELECT last_seq, at_us, forgotten, token FROM audit_state FOR UPDATE"
_LEASE = (
    "UPDATE audit_state SET token = token + (holder <> $1)::int, holder = $1, expires_us = $3 "
    "WHERE holder = $1 OR expires_us <= $2 RETURNING token"
)
_APPEND = (
    f"INSERT INTO audit_records ({RECORD}) "  # noqa: S608 own words
    "SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[], $5::text[], "
    "$6::text[], $7::text[], $8::text[], $9::text[], $10::text[])"
)
_ADD_SEAL = f"INSERT INTO audit_seals ({SEAL}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)"  # noqa: S608 own words
_OLDEST_SEALS = (
    "SELECT last_seq, at_us FROM audit_seals WHERE last_seq > $1 ORDER BY last_seq LIMIT $2"
)


class PostgresAudit:
    """Records and seals in the database, written by any number of nodes."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def records(self, query: AuditQuery) -> Sequence[Record]:
        """Return a page of records, oldest first."""
        return await self._database.again(lambda c: PostgresAuditReader(c).records(query))

    async def seals(
        self, limit: int, *, after: int | None = None, before: int | None = None
    ) -> Sequence[Seal]:
        """Return a page of seals, by batch."""
        return await self._database.again(
            lambda c: PostgresAuditReader(c).seals(limit, after=after, before=before)
        )

    async def audit_state(self) -> AuditState:
        """Return where the log ends."""
        return await self._database.again(lambda c: PostgresAuditReader(c).audit_state())

    async def append(self, notes: Sequence[Note]) -> int:
        """Write records, in order."""
        return await self._write(lambda c: append(c, notes))

    async def lease(self, holder: str, now_us: int, until_us: int) -> int | None:
        """Take or renew the right to seal."""
        return await self._write(lambda c: c.fetchval(_LEASE, holder, now_us, until_us))

    async def seal(self, token: int, limit: int, make: Make) -> Seal | None:
        """Seal the next records."""
        return await self._write(lambda c: _seal(c, token, limit, make))

    async def forget(self, token: int, before_us: int, note: Note, key: bytes | None = None) -> int:
        """Remove the oldest records whose seals are older than the time."""
        return await self._write(lambda c: _forget(c, token, before_us, note, key))

    async def _write(self, work: Callable[[Connection], Awaitable[T]]) -> T:
        async def transact(connection: Connection) -> T:
            async with connection.transaction():
                return await work(connection)

        return await self._database.again(transact)


class PostgresAuditReader:
    """Reads the audit log over one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def records(self, query: AuditQuery) -> Sequence[Record]:
        """Return a page of records, oldest first."""
        values, mark = _values()
        rows = await self._connection.fetch(select_records(query, mark), *values)
        return [Record(*row) for row in rows]

    async def seals(
        self, limit: int, *, after: int | None = None, before: int | None = None
    ) -> Sequence[Seal]:
        """Return a page of seals, by batch."""
        values, mark = _values()
        rows = await self._connection.fetch(select_seals(limit, after, before, mark), *values)
        return [Seal(*row) for row in rows]

    async def audit_state(self) -> AuditState:
        """Return where the log ends."""
        return AuditState(*await self._connection.fetchrow(_STATE))


async def append(connection: Connection, notes: Sequence[Note]) -> int:
    """Write records within a transaction, in order; return the `seq` of the last.

    For those who want a deed and its record to be one.
    """
    state = await connection.fetchrow(_LOCK)
    seq, at_us = state["last_seq"], state["at_us"]
    records = []
    for note in notes:
        seq, at_us = seq + 1, max(at_us, note.at_us)
        records.append(placed(note, seq, at_us))
    await connection.execute(_APPEND, *map(list, zip(*records, strict=True)))
    await connection.execute("UPDATE audit_state SET last_seq = $1, at_us = $2", seq, at_us)
    return int(seq)


async def _seal(connection: Connection, token: int, limit: int, make: Make) -> Seal | None:
    if (await connection.fetchrow(_LOCK))["token"] != token:
        return None
    reader = PostgresAuditReader(connection)
    last = next(iter(await reader.seals(1)), None)
    records = await reader.records(AuditQuery(limit, after=0 if last is None else last.last_seq))
    if not records:
        return None
    made = make(last, records)
    await connection.execute(_ADD_SEAL, *made)
    return made


async def _forget(
    connection: Connection, token: int, before_us: int, note: Note, key: bytes | None
) -> int:
    state = await connection.fetchrow(_LOCK)
    if state["token"] != token:
        return 0
    rows = await connection.fetch(_OLDEST_SEALS, state["forgotten"], FORGET_BATCHES)
    last = due([tuple(row) for row in rows], state["forgotten"], before_us)
    if last is None:
        return 0
    await connection.execute("UPDATE audit_state SET forgotten = $1", last)
    said: str = await connection.execute("DELETE FROM audit_records WHERE seq <= $1", last)
    removed = int(said.rpartition(" ")[2])
    end: str = await connection.fetchval("SELECT hash FROM audit_seals WHERE last_seq = $1", last)
    await append(connection, [forgetting(note, end, last, removed, key)])
    return removed


def _values() -> tuple[list[Any], Callable[[object], str]]:
    values: list[Any] = []

    def mark(value: object) -> str:
        values.append(value)
        return f"${len(values)}"

    return values, mark

"""The audit log on SQLite; see `audit.AuditLog` for what it promises."""

import sqlite3
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

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
from hub.stores.sqlite import Threads, insert, transact

# SQLite keeps text where numbers should be, for whoever puts it there.
_STATE = (
    "SELECT CAST(last_seq AS INTEGER), "
    "CAST(coalesce((SELECT max(last_seq) FROM audit_seals), 0) AS INTEGER), "
    "CAST(forgotten AS INTEGER) FROM audit_state"
)
_LEASE = (
    "UPDATE audit_state SET token = token + (holder <> ?1), holder = ?1, expires_us = ?3 "
    "WHERE holder = ?1 OR expires_us <= ?2"
)


class SqliteAudit:
    """Records and seals in the data file, written on its writer thread."""

    def __init__(self, threads: Threads) -> None:
        self._threads = threads

    async def records(self, query: AuditQuery) -> Sequence[Record]:
        """Return a page of records, oldest first."""
        return await self._threads.read(partial(read_records, query=query))

    async def seals(
        self, limit: int, *, after: int | None = None, before: int | None = None
    ) -> Sequence[Seal]:
        """Return a page of seals, by batch."""
        work = partial(read_seals, limit=limit, after=after, before=before)
        return await self._threads.read(work)

    async def audit_state(self) -> AuditState:
        """Return where the log ends."""
        return await self._threads.read(read_state)

    async def append(self, notes: Sequence[Note]) -> int:
        """Write records, in order."""
        return await self._threads.write(partial(transact, work=partial(append, notes=notes)))

    async def lease(self, holder: str, now_us: int, until_us: int) -> int | None:
        """Take or renew the right to seal."""

        def take(db: sqlite3.Connection) -> int | None:
            if not db.execute(_LEASE, (holder, now_us, until_us)).rowcount:
                return None
            token: int = db.execute("SELECT token FROM audit_state").fetchone()[0]
            return token

        return await self._threads.write(partial(transact, work=take))

    async def seal(self, token: int, limit: int, make: Make) -> Seal | None:
        """Seal the next records."""
        work = partial(_seal, token=token, limit=limit, make=make)
        return await self._threads.write(partial(transact, work=work))

    async def forget(self, token: int, before_us: int, note: Note, key: bytes | None = None) -> int:
        """Remove the oldest records whose seals are older than the time."""
        work = partial(_forget, token=token, before_us=before_us, note=note, key=key)
        return await self._threads.write(partial(transact, work=work))


class SqliteAuditReader:
    """Reads the audit log over a connection of its own, beside a running hub."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    async def records(self, query: AuditQuery) -> Sequence[Record]:
        """Return a page of records, oldest first."""
        return read_records(self._connection, query)

    async def seals(
        self, limit: int, *, after: int | None = None, before: int | None = None
    ) -> Sequence[Seal]:
        """Return a page of seals, by batch."""
        return read_seals(self._connection, limit, after, before)

    async def audit_state(self) -> AuditState:
        """Return where the log ends."""
        return read_state(self._connection)


def read_records(db: sqlite3.Connection, query: AuditQuery) -> list[Record]:
    """Return a page of records."""
    values, mark = _values()
    return [Record(*row) for row in db.execute(select_records(query, mark), values)]


def read_seals(
    db: sqlite3.Connection, limit: int, after: int | None, before: int | None
) -> list[Seal]:
    """Return a page of seals."""
    values, mark = _values()
    return [Seal(*row) for row in db.execute(select_seals(limit, after, before, mark), values)]


def read_state(db: sqlite3.Connection) -> AuditState:
    """Return where the log ends."""
    return AuditState(*db.execute(_STATE).fetchone())


def append(db: sqlite3.Connection, notes: Sequence[Note]) -> int:
    """Write records within a transaction, in order; return the `seq` of the last.

    For those who want a deed and its record to be one.
    """
    seq, at_us = db.execute("SELECT last_seq, at_us FROM audit_state").fetchone()
    records = []
    for note in notes:
        seq, at_us = seq + 1, max(at_us, note.at_us)
        records.append(placed(note, seq, at_us))
    insert(db, f"audit_records ({RECORD})", records)
    db.execute("UPDATE audit_state SET last_seq = ?, at_us = ?", (seq, at_us))
    return int(seq)


def _seal(db: sqlite3.Connection, token: int, limit: int, make: Make) -> Seal | None:
    if not _holds(db, token):
        return None
    last = next(iter(read_seals(db, 1, None, None)), None)
    records = read_records(db, AuditQuery(limit, after=0 if last is None else last.last_seq))
    if not records:
        return None
    made = make(last, records)
    insert(db, f"audit_seals ({SEAL})", [made])
    return made


def _forget(
    db: sqlite3.Connection, token: int, before_us: int, note: Note, key: bytes | None
) -> int:
    if not _holds(db, token):
        return 0
    forgotten = read_state(db).forgotten
    sql = "SELECT last_seq, at_us FROM audit_seals WHERE last_seq > ? ORDER BY last_seq LIMIT ?"
    last = due(db.execute(sql, (forgotten, FORGET_BATCHES)).fetchall(), forgotten, before_us)
    if last is None:
        return 0
    db.execute("UPDATE audit_state SET forgotten = ?", (last,))
    removed = db.execute("DELETE FROM audit_records WHERE seq <= ?", (last,)).rowcount
    (end,) = db.execute("SELECT hash FROM audit_seals WHERE last_seq = ?", (last,)).fetchone()
    append(db, [forgetting(note, end, last, removed, key)])
    return removed


def _holds(db: sqlite3.Connection, token: int) -> bool:
    return bool(db.execute("SELECT token FROM audit_state").fetchone()[0] == token)


def _values() -> tuple[list[Any], Callable[[object], str]]:
    values: list[Any] = []

    def mark(value: object) -> str:
        values.append(value)
        return "?"

    return values, mark

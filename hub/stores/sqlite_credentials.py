"""Credentials and tickets on SQLite; see `credentials` for what they promise.

They share the log's threads, and so its one writer: a write here waits its turn between two groups.
"""

import sqlite3
from collections.abc import Mapping, Sequence
from functools import partial

from hub.model.api_key import ApiKey, Revocation
from hub.stores.credentials import (
    PAGE,
    Change,
    Ticket,
    key_of,
    principal_of,
    principal_text,
    row_of,
)
from hub.stores.sqlite import Threads, transact

_COLUMNS = (
    "id, name, hash, roles, scopes, channels, created_at_us, created_by, expires_us, "
    "revoked_at_us, last_used_us, generation, old_hash, old_until_us"
)
_KEY = f"SELECT {_COLUMNS} FROM api_keys WHERE id = ?"  # noqa: S608 own words
_PAGE = f"SELECT {_COLUMNS} FROM api_keys ORDER BY created_at_us DESC, id DESC LIMIT ?"  # noqa: S608
_PAGE_BEFORE = (
    f"SELECT {_COLUMNS} FROM api_keys WHERE (created_at_us, id) < (?, ?) "  # noqa: S608
    "ORDER BY created_at_us DESC, id DESC LIMIT ?"
)
_ADD = f"INSERT INTO api_keys ({_COLUMNS}) VALUES ({', '.join('?' * 14)})"  # noqa: S608
_CHANGE = (
    "UPDATE api_keys SET name = ?, hash = ?, roles = ?, scopes = ?, channels = ?, "
    "created_at_us = ?, created_by = ?, expires_us = ?, revoked_at_us = ?, generation = ?, "
    "old_hash = ?, old_until_us = ? WHERE id = ?"
)
_USED = "UPDATE api_keys SET last_used_us = max(coalesce(last_used_us, 0), ?) WHERE id = ?"
_UNSAY = "DELETE FROM revocations WHERE credential = ?"
_SAY = "INSERT INTO revocations (credential, at_us, from_us, until_us) VALUES (?, ?, ?, ?)"
_SAID = (
    "SELECT credential, at_us, from_us, until_us, seq FROM revocations WHERE seq > "
    "(CASE WHEN ?1 > (SELECT coalesce(max(seq), 0) FROM revocations) THEN 0 ELSE ?1 END) "
    "ORDER BY seq LIMIT ?2"
)
_FORGET = "DELETE FROM revocations WHERE max(at_us, from_us, until_us) < ?"
_ADD_TICKET = "INSERT INTO tickets (hash, principal, origin, expires_us) VALUES (?, ?, ?, ?)"
_TAKE_TICKET = "DELETE FROM tickets WHERE hash = ? RETURNING principal, origin, expires_us"
_FORGET_TICKETS = "DELETE FROM tickets WHERE expires_us < ?"


class SqliteCredentials:
    """API keys and revocations in the data file.

    Args:
        threads: Those of the file.
    """

    def __init__(self, threads: Threads) -> None:
        self._threads = threads

    async def add_key(self, key: ApiKey) -> None:
        """Keep a key."""
        work = partial(transact, work=lambda db: db.execute(_ADD, row_of(key)))
        await self._threads.write(work)

    async def key(self, key_id: str) -> ApiKey | None:
        """Return a key."""
        return await self._threads.read(partial(_find, key_id=key_id))

    async def keys(self, limit: int, before: tuple[int, str] | None) -> Sequence[ApiKey]:
        """Return a page, newest first."""
        sql, values = (_PAGE, (limit,)) if before is None else (_PAGE_BEFORE, (*before, limit))
        rows = await self._threads.read(lambda db: db.execute(sql, values).fetchall())
        return [key_of(row) for row in rows]

    async def change_key(self, key_id: str, decide: Change) -> ApiKey | None:
        """Change a key as `decide` says."""
        work = partial(transact, work=partial(_change, key_id=key_id, decide=decide))
        return await self._threads.write(work)

    async def revoke(self, revocation: Revocation) -> None:
        """Keep a revocation."""
        work = partial(transact, work=partial(_revoke, revocation=revocation))
        await self._threads.write(work)

    async def revocations(self, after: int) -> Sequence[Revocation]:
        """Return those above `after`."""
        rows = await self._threads.look(
            ("revocations", after), lambda db: db.execute(_SAID, (after, PAGE)).fetchall()
        )
        return [Revocation(*row) for row in rows]

    async def note_used(self, used: Mapping[str, int]) -> None:
        """Note when keys were last used."""
        values = [(at_us, key_id) for key_id, at_us in used.items()]
        await self._threads.write(partial(transact, work=lambda db: db.executemany(_USED, values)))

    async def forget_revocations(self, before_us: int) -> int:
        """Forget those that were over before a time."""
        return await self._threads.write(
            partial(transact, work=lambda db: db.execute(_FORGET, (before_us,)).rowcount)
        )


class SqliteTickets:
    """Tickets in the data file.

    Args:
        threads: Those of the file.
    """

    def __init__(self, threads: Threads) -> None:
        self._threads = threads

    async def add(self, digest: bytes, ticket: Ticket) -> None:
        """Keep a ticket."""
        values = (digest, principal_text(ticket.principal), ticket.origin, ticket.expires_us)
        await self._threads.write(
            partial(transact, work=lambda db: db.execute(_ADD_TICKET, values))
        )

    async def take(self, digest: bytes) -> Ticket | None:
        """Return a ticket and forget it."""
        work = partial(transact, work=lambda db: db.execute(_TAKE_TICKET, (digest,)).fetchall())
        rows = await self._threads.write(work)
        return Ticket(principal_of(rows[0][0]), *rows[0][1:]) if rows else None

    async def forget(self, before_us: int) -> int:
        """Forget those that expired before a time."""
        return await self._threads.write(
            partial(transact, work=lambda db: db.execute(_FORGET_TICKETS, (before_us,)).rowcount)
        )


def _find(db: sqlite3.Connection, key_id: str) -> ApiKey | None:
    row = db.execute(_KEY, (key_id,)).fetchone()
    return None if row is None else key_of(row)


def _change(db: sqlite3.Connection, key_id: str, decide: Change) -> ApiKey | None:
    before = _find(db, key_id)
    if before is None:
        return None
    key, revocations = decide(before)
    row = row_of(key)
    # All but the id and last_used_us, then the id.
    db.execute(_CHANGE, (*row[1:10], *row[11:], key_id))
    for revocation in revocations:
        _revoke(db, revocation)
    return key


def _revoke(db: sqlite3.Connection, revocation: Revocation) -> None:
    db.execute(_UNSAY, (revocation.credential,))
    db.execute(_SAY, revocation[:4])

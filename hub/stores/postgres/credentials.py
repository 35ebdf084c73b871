"""Credentials and tickets on PostgreSQL; see `stores.credentials` for what they promise."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TypeVar

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
from hub.stores.postgres.database import Connection, Database

T = TypeVar("T")

_COLUMNS = (
    "id, name, hash, roles, scopes, channels, created_at_us, created_by, expires_us, "
    "revoked_at_us, last_used_us, generation, old_hash, old_until_us"
)
_KEY = f"SELECT {_COLUMNS} FROM api_keys WHERE id = $1"  # noqa: S608 own words
_PAGE = f"SELECT {_COLUMNS} FROM api_keys ORDER BY created_at_us DESC, id DESC LIMIT $1"  # noqa: S608
_PAGE_BEFORE = (
    f"SELECT {_COLUMNS} FROM api_keys WHERE (created_at_us, id) < ($2, $3) "  # noqa: S608
    "ORDER BY created_at_us DESC, id DESC LIMIT $1"
)
# It may be run again when the way broke, and then finds itself there.
_ADD = (
    f"INSERT INTO api_keys ({_COLUMNS}) "  # noqa: S608
    "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) "
    "ON CONFLICT (id) DO NOTHING"
)
_CHANGE = (
    "UPDATE api_keys SET name = $2, hash = $3, roles = $4, scopes = $5, channels = $6, "
    "created_at_us = $7, created_by = $8, expires_us = $9, revoked_at_us = $10, "
    "generation = $11, old_hash = $12, old_until_us = $13 WHERE id = $1"
)
_USED = (
    "UPDATE api_keys SET last_used_us = greatest(last_used_us, at_us) "
    "FROM unnest($1::text[], $2::bigint[]) AS used (key_id, at_us) WHERE id = key_id"
)
# Taken before the sequence gives a number: else one that is committed later could have a lower one,
# and a node that has read the higher would never see it. Who reads does not wait.
_ORDER = "LOCK TABLE revocations IN SHARE ROW EXCLUSIVE MODE"
_UNSAY = "DELETE FROM revocations WHERE credential = $1"
_SAY = "INSERT INTO revocations (credential, at_us, from_us, until_us) VALUES ($1, $2, $3, $4)"
_SAID = (
    "SELECT credential, at_us, from_us, until_us, seq FROM revocations WHERE seq > "
    "(CASE WHEN $1 > (SELECT coalesce(max(seq), 0) FROM revocations) THEN 0 ELSE $1 END) "
    "ORDER BY seq LIMIT $2"
)
_FORGET = "DELETE FROM revocations WHERE greatest(at_us, from_us, until_us) < $1"
_ADD_TICKET = (
    "INSERT INTO tickets (hash, principal, origin, expires_us) VALUES ($1, $2, $3, $4) "
    "ON CONFLICT (hash) DO NOTHING"
)
_TAKE_TICKET = "DELETE FROM tickets WHERE hash = $1 RETURNING principal, origin, expires_us"
_FORGET_TICKETS = "DELETE FROM tickets WHERE expires_us < $1"


class PostgresCredentials:
    """API keys and revocations in the database.

    Args:
        database: The way to it.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add_key(self, key: ApiKey) -> None:
        """Keep a key."""
        await self._database.again(lambda c: c.execute(_ADD, *row_of(key)))

    async def key(self, key_id: str) -> ApiKey | None:
        """Return a key."""
        row = await self._database.again(lambda c: c.fetchrow(_KEY, key_id))
        return None if row is None else key_of(tuple(row))

    async def keys(self, limit: int, before: tuple[int, str] | None) -> Sequence[ApiKey]:
        """Return a page, newest first."""
        sql, values = (_PAGE, ()) if before is None else (_PAGE_BEFORE, before)
        rows = await self._database.again(lambda c: c.fetch(sql, limit, *values))
        return [key_of(tuple(row)) for row in rows]

    async def change_key(self, key_id: str, decide: Change) -> ApiKey | None:
        """Change a key as `decide` says."""
        return await self._write(lambda c: _change(c, key_id, decide))

    async def revoke(self, revocation: Revocation) -> None:
        """Keep a revocation."""
        await self._write(lambda c: _revoke(c, [revocation]))

    async def revocations(self, after: int) -> Sequence[Revocation]:
        """Return those above `after`."""
        rows = await self._database.again(lambda c: c.fetch(_SAID, after, PAGE))
        return [Revocation(*row) for row in rows]

    async def note_used(self, used: Mapping[str, int]) -> None:
        """Note when keys were last used."""
        values = ([*used], [*used.values()])
        await self._database.again(lambda c: c.execute(_USED, *values))

    async def forget_revocations(self, before_us: int) -> int:
        """Forget those that were over before a time."""
        return _count(await self._database.again(lambda c: c.execute(_FORGET, before_us)))

    async def _write(self, work: Callable[[Connection], Awaitable[T]]) -> T:
        """Run work that may be run twice, in a transaction of its own."""

        async def transact(connection: Connection) -> T:
            async with connection.transaction():
                return await work(connection)

        return await self._database.again(transact)


class PostgresTickets:
    """Tickets in the database.

    Args:
        database: The way to it.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, digest: bytes, ticket: Ticket) -> None:
        """Keep a ticket."""
        values = (principal_text(ticket.principal), ticket.origin, ticket.expires_us)
        await self._database.again(lambda c: c.execute(_ADD_TICKET, digest, *values))

    async def take(self, digest: bytes) -> Ticket | None:
        """Return a ticket and forget it; where the way broke meanwhile, it may be lost."""
        row = await self._database.again(lambda c: c.fetchrow(_TAKE_TICKET, digest))
        return None if row is None else Ticket(principal_of(row[0]), *tuple(row)[1:])

    async def forget(self, before_us: int) -> int:
        """Forget those that expired before a time."""
        return _count(await self._database.again(lambda c: c.execute(_FORGET_TICKETS, before_us)))


async def _change(connection: Connection, key_id: str, decide: Change) -> ApiKey | None:
    found = await connection.fetchrow(f"{_KEY} FOR UPDATE", key_id)
    if found is None:
        return None
    key, revocations = decide(key_of(tuple(found)))
    row = row_of(key)
    await connection.execute(_CHANGE, key_id, *row[1:10], *row[11:])
    await _revoke(connection, revocations)
    return key


async def _revoke(connection: Connection, revocations: Sequence[Revocation]) -> None:
    if revocations:
        await connection.execute(_ORDER)
    for revocation in revocations:
        await connection.execute(_UNSAY, revocation.credential)
        await connection.execute(_SAY, *revocation[:4])


def _count(said: str) -> int:
    return int(said.rpartition(" ")[2])

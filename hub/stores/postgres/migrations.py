"""Migrations on PostgreSQL: the same numbered files and checks as on SQLite, one node at a time."""

from importlib import resources

import asyncpg

from hub.errors import Misconfigured
from hub.stores.migrations import Migration, read, todo
from hub.stores.postgres.database import Connection

# Two nodes that start together must not both make the tables; the number only has to be ours.
_LOCK = 7_239_146_201
# An index on a large log; the others wait for it. The limits of requests do not hold for that.
WITHIN_S = 3600.0
_PATIENT = "SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0"
# Behind a lock that waits for a table, running nodes would wait too: better to fail soon.
_HURRIED = "SET LOCAL lock_timeout TO DEFAULT"
_TABLE = """
CREATE TABLE IF NOT EXISTS migrations (
    number INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    checksum TEXT NOT NULL,
    applied_at_us BIGINT NOT NULL
)
"""


def known() -> list[Migration]:
    """Return the migrations that this version of the hub brings, in order."""
    return read(resources.files("hub.stores.postgres") / "schema")


async def bring(connection: Connection, now_us: int, *, apply: bool) -> list[str]:
    """Apply what is pending, all or nothing, and return the names.

    Raises:
        Misconfigured: See `migrations.todo`; or something is pending and must not be applied, or
            cannot be because somebody else holds a table.
    """
    async with connection.transaction():
        await connection.execute(_PATIENT)
        await connection.execute(f"SELECT pg_advisory_xact_lock({_LOCK})", timeout=WITHIN_S)
        await connection.execute(_HURRIED)
        await connection.execute(_TABLE)
        rows = await connection.fetch("SELECT number, checksum FROM migrations")
        pending = todo(dict(map(tuple, rows)), known())
        if pending and not apply:
            raise Misconfigured(
                f"{len(pending)} pending migrations, from {pending[0].name}: run `hub migrate`, "
                "or set HUB_MIGRATE_ON_START=1"
            )
        for migration in pending:
            await _apply(connection, migration)
            await connection.execute(
                "INSERT INTO migrations VALUES ($1, $2, $3, $4)",
                *(migration.number, migration.name, migration.checksum, now_us),
            )
    return [migration.name for migration in pending]


async def _apply(connection: Connection, migration: Migration) -> None:
    try:
        await connection.execute(migration.sql, timeout=WITHIN_S)
    except asyncpg.LockNotAvailableError:
        raise Misconfigured(
            f"migration {migration.name} needs a table that another session holds for long: "
            "wait for the end of dumps and long queries, and try again; nothing was changed"
        ) from None


async def applied_at_us(connection: Connection) -> dict[int, int]:
    """Return when each applied migration was applied.

    Raises:
        Misconfigured: See `migrations.todo`.
    """
    if await connection.fetchval("SELECT to_regclass('migrations')") is None:
        return {}
    rows = await connection.fetch("SELECT number, checksum, applied_at_us FROM migrations")
    todo({row["number"]: row["checksum"] for row in rows}, known())
    return {row["number"]: row["applied_at_us"] for row in rows}

"""Numbered SQL files, applied once each, in order, one transaction a file.

A file's checksum is kept: one that was changed after it ran is refused by name, because the
database then is not what the code believes. Everything here runs before the hub serves.
"""

import hashlib
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from importlib import resources
from importlib.resources.abc import Traversable
from typing import NamedTuple

from hub.errors import Misconfigured


class Migration(NamedTuple):
    """One numbered file."""

    number: int
    name: str
    sql: str

    @property
    def checksum(self) -> str:
        """SHA-256 of the text."""
        return hashlib.sha256(self.sql.encode()).hexdigest()


def known() -> list[Migration]:
    """Return the migrations that this version of the hub brings, in order."""
    return read(resources.files("hub.stores") / "schema")


def read(folder: Traversable) -> list[Migration]:
    """Return the migrations of a folder, in order."""
    files = sorted(
        (file for file in folder.iterdir() if file.name.endswith(".sql")), key=lambda f: f.name
    )
    return [Migration(int(f.name[:4]), f.name.removesuffix(".sql"), f.read_text()) for f in files]


def pending(connection: sqlite3.Connection, wanted: Sequence[Migration]) -> list[Migration]:
    """Return what has not been applied yet.

    Raises:
        Misconfigured: See `todo`.
    """
    return todo(dict(_applied(connection)), wanted)


def todo(applied: Mapping[int, str], wanted: Sequence[Migration]) -> list[Migration]:
    """Return what is wanted and not applied, by the checksums of what is.

    Raises:
        Misconfigured: The database is newer than this hub, or an applied file was changed.
    """
    newest = max((migration.number for migration in wanted), default=0)
    if applied and max(applied) > newest:
        raise Misconfigured(
            f"the database has migration {max(applied):04d}, this hub knows up to {newest:04d}: "
            "start the newer hub that made it, or restore a backup"
        )
    for migration in wanted:
        if applied.get(migration.number, migration.checksum) != migration.checksum:
            raise Misconfigured(
                f"migration {migration.name} was changed after it had been applied: "
                "reinstall the hub, or restore the file as it was"
            )
    return [migration for migration in wanted if migration.number not in applied]


def applied_at_us(connection: sqlite3.Connection) -> dict[int, int]:
    """Return the numbers of applied migrations with the time of each, in microseconds."""
    if not _applied(connection):
        return {}
    return dict(connection.execute("SELECT number, applied_at_us FROM migrations").fetchall())


def apply(connection: sqlite3.Connection, migration: Migration, now_us: int) -> None:
    """Run one migration and note it, in one transaction."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        connection.execute(
            "CREATE TABLE IF NOT EXISTS migrations (number INTEGER PRIMARY KEY, name TEXT NOT NULL,"
            " checksum TEXT NOT NULL, applied_at_us INTEGER NOT NULL)"
        )
        for statement in _statements(migration.sql):
            connection.execute(statement)
        connection.execute(
            "INSERT INTO migrations VALUES (?, ?, ?, ?)",
            (migration.number, migration.name, migration.checksum, now_us),
        )
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def _applied(connection: sqlite3.Connection) -> list[tuple[int, str]]:
    there = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'migrations'").fetchone()
    if not there:
        return []
    return connection.execute("SELECT number, checksum FROM migrations").fetchall()


def _statements(sql: str) -> Iterator[str]:
    """Split a file; `executescript` would commit before its first statement."""
    statement = ""
    for line in sql.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""

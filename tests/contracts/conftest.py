"""Every adapter of the log, opened on an empty database."""

import contextlib
import sqlite3
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path

import asyncpg
import pytest

from hub.stores.base import Store
from hub.stores.log import SqliteLog
from hub.stores.postgres.database import Database
from hub.stores.postgres.log import PostgresLog
from hub.stores.sqlite import DataFile
from hub.stores.webhooks import Webhooks
from support.clocks import FakeClock
from support.memory_webhooks import MemoryWebhooks
from support.postgres_server import PostgresServer, postgres_server
from support.webhook_scene import Scene


@pytest.fixture
def clock() -> FakeClock:
    """A clock that stands."""
    return FakeClock()


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A PostgreSQL that answers."""
    with postgres_server() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgres"])
async def log(
    request: pytest.FixtureRequest, tmp_path: Path, clock: FakeClock
) -> AsyncIterator[Store]:
    """An empty log."""
    opened: Store
    if request.param == "sqlite":
        opened = sqlite = SqliteLog(DataFile(tmp_path / "hub.db"), clock)
        sqlite.migrate()
    else:
        server: PostgresServer = request.getfixturevalue("postgres")
        opened = PostgresLog(Database(server.database()), clock)
        await opened.open()
    yield opened
    await opened.close()


@pytest.fixture(scope="session")
def webhook_database(postgres: PostgresServer) -> str:
    """A database that many tests use, one after the other: to make one takes a second."""
    return postgres.database()


@pytest.fixture(params=["memory", "sqlite", "postgres"])
async def scene(
    request: pytest.FixtureRequest, tmp_path: Path, clock: FakeClock
) -> AsyncIterator[Scene]:
    """An empty store of webhooks."""
    if request.param == "memory":
        yield in_memory(clock)
        return
    url = None
    if request.param == "postgres":
        url = request.getfixturevalue("webhook_database")
    async with contextlib.AsyncExitStack() as opened:
        yield await in_database(tmp_path / "hub.db", url, clock, opened)


def in_memory(clock: FakeClock) -> Scene:
    """Return the fake, which is the same for all nodes."""
    hooks = MemoryWebhooks(clock)

    async def another() -> MemoryWebhooks:
        return hooks

    async def move_heads(heads: Mapping[str, int]) -> None:
        hooks.heads.update(heads)

    return Scene(hooks, clock, another, move_heads)


async def in_database(
    path: Path, url: str | None, clock: FakeClock, opened: contextlib.AsyncExitStack
) -> Scene:
    """Return a database, with doors for more nodes; they are closed at the end."""

    async def another() -> Webhooks:
        if url is None:
            file = SqliteLog(DataFile(path, shared=True), clock)
            file.migrate()
            opened.push_async_callback(file.close)
            return file.webhooks
        log = PostgresLog(Database(url), clock)
        await log.open()
        opened.push_async_callback(log.close)
        return log.webhooks

    async def move_heads(heads: Mapping[str, int]) -> None:
        statements = [
            f"UPDATE channels SET head = {head} WHERE name = '{name}'"  # noqa: S608 own words
            for name, head in heads.items()
        ]
        if url is None:
            with contextlib.closing(sqlite3.connect(path)) as beside:
                beside.executescript(";".join(statements))
            return
        connection = await asyncpg.connect(url)
        await connection.execute(";".join(statements))
        await connection.close()

    hooks = await another()
    if url is not None:
        await empty(url)
    return Scene(hooks, clock, another, move_heads)


async def empty(url: str) -> None:
    """Forget what the test before has left."""
    connection = await asyncpg.connect(url)
    tables = ("endpoints", "health", "cursors", "bodies", "deliveries", "attempts", "replays")
    names = ", ".join(f"webhook_{name}" for name in (*tables, "received"))
    await connection.execute(
        f"TRUNCATE {names} RESTART IDENTITY; UPDATE channels SET head = 0; "  # noqa: S608 own words
        "UPDATE webhook_state SET revision = 0, removed = 0"
    )
    await connection.close()

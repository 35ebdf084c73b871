"""Every adapter of the log, opened on an empty database."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from hub.stores.base import Store
from hub.stores.log import SqliteLog
from hub.stores.postgres.database import Database
from hub.stores.postgres.log import PostgresLog
from hub.stores.sqlite import DataFile
from support.clocks import FakeClock
from support.postgres_server import PostgresServer, postgres_server


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

"""Every adapter of the log, opened on an empty database."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from hub.stores.log import SqliteLog
from hub.stores.sqlite import DataFile
from support.clocks import FakeClock


@pytest.fixture
def clock() -> FakeClock:
    """A clock that stands."""
    return FakeClock()


@pytest.fixture(params=["sqlite"])
async def log(tmp_path: Path, clock: FakeClock) -> AsyncIterator[SqliteLog]:
    """An empty log."""
    opened = SqliteLog(DataFile(tmp_path / "hub.db"), clock)
    opened.migrate()
    yield opened
    await opened.close()

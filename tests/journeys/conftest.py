"""Servers of other people that journeys need, each a test's own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.postgres_server import postgres_server
from support.redis_server import RedisServer, redis_server


@pytest.fixture
def redis() -> Iterator[RedisServer]:
    """A Redis that answers."""
    with redis_server() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty database of each kind."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/hub.db"
        return
    with postgres_server() as server:
        yield server.database()

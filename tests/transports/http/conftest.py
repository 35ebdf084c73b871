"""One hub for all tests of a module, because a start takes its time; `fresh` where a test counts.

Modules of this folder carry `pytestmark = pytest.mark.asyncio(loop_scope="module")`.
"""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import pytest_asyncio

from support.running import RunningHub, running_hub


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def hub(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[RunningHub]:
    """A hub that the tests of a module share."""
    async with running_hub(tmp_path_factory.mktemp("hub")) as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def http(hub: RunningHub) -> AsyncIterator[httpx.AsyncClient]:
    """A client of `hub`."""
    async with httpx.AsyncClient(base_url=hub.url) as client:
        yield client


@pytest_asyncio.fixture(loop_scope="module")
async def fresh_hub(tmp_path: Path) -> AsyncIterator[RunningHub]:
    """A hub with an empty log."""
    async with running_hub(tmp_path) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="module")
async def fresh(fresh_hub: RunningHub) -> AsyncIterator[httpx.AsyncClient]:
    """A client of `fresh_hub`."""
    async with httpx.AsyncClient(base_url=fresh_hub.url) as client:
        yield client

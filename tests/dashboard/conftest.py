"""One hub, one page for all tests of a file: each test uses names of its own."""

from collections.abc import AsyncIterator, Iterator

import httpx
import pytest
import pytest_asyncio

from support.running import HubProcess, hub_process


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubProcess]:
    """A hub that lets everybody in, and sends webhooks to this machine."""
    environ = {"WEBHOOK_ALLOW_NETWORKS": "127.0.0.0/8"}
    with hub_process(tmp_path_factory.mktemp("served"), **environ) as process:
        yield process


@pytest_asyncio.fixture(loop_scope="session")
async def rest(served: HubProcess) -> AsyncIterator[httpx.AsyncClient]:
    """What an external system would use."""
    async with httpx.AsyncClient(base_url=served.url) as client:
        yield client

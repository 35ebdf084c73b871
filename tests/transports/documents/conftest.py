"""A hub in a thread of its own, for all tests of a file: for those who read, or who block."""

import asyncio
import threading
from collections.abc import Iterator

import httpx
import pytest

from support.running import running_hub


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a hub that answers while a test waits without a loop."""
    addresses: list[str] = []
    started, ended = threading.Event(), threading.Event()

    async def serve() -> None:
        async with running_hub(tmp_path_factory.mktemp("hub")) as hub:
            addresses.append(hub.url)
            started.set()
            await asyncio.to_thread(ended.wait)

    thread = threading.Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    try:
        assert started.wait(20)
        yield addresses[0]
    finally:
        ended.set()
        thread.join(20)


@pytest.fixture(scope="module")
def reader(url: str) -> Iterator[httpx.Client]:
    """A client of that hub."""
    with httpx.Client(base_url=url) as client:
        yield client

"""Hubs that many tests share: each test has connections of its own and compares positions."""

import contextlib
from collections.abc import Iterator

import pytest

from support.sockets import (
    Carrier,
    Connect,
    HubThread,
    ServedHub,
    hub_in_process,
    hub_thread,
)

SERVERS = {
    "our class, httptools on uvloop": Carrier(),
    "our class, h11 on asyncio": Carrier("asyncio", "h11"),
}
ADAPTERS: dict[str, Carrier | None] = {
    **SERVERS,
    "plain ASGI under uvicorn": Carrier("asyncio", ws="websockets-sansio"),
    "plain ASGI in TestClient": None,
}


@pytest.fixture(scope="session", params=[*ADAPTERS.values()], ids=[*ADAPTERS])
def served(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ServedHub]:
    """A hub behind each of the adapters."""
    folder = tmp_path_factory.mktemp("hub")
    if request.param is None:
        with hub_in_process(folder) as in_process:
            yield in_process
    else:
        with hub_thread(folder, request.param) as hub:
            yield hub


@pytest.fixture
def connect(served: ServedHub) -> Iterator[Connect]:
    """Open WebSockets to `served`; they are closed after the test."""
    with contextlib.ExitStack() as stack:
        yield lambda *args, **keys: stack.enter_context(served.connect(*args, **keys))


@pytest.fixture(scope="session", params=[*SERVERS.values()], ids=[*SERVERS])
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[HubThread]:
    """A hub behind our own class."""
    with hub_thread(tmp_path_factory.mktemp("hub"), request.param) as hub:
        yield hub

"""A connection that is cut in the middle of its handshake is one that was lost, like any other."""

from typing import Any, NoReturn

import pytest
from websockets.exceptions import ConnectionClosedError

from hub_client import AsyncMCPClient, MCPClient, State


def cut(*_: Any, **__: Any) -> NoReturn:
    """Be reset after the TCP connection, before the request is written: as `websockets` says it."""
    raise ConnectionClosedError(None, None)


class Enough(Exception):
    """The listener waits to come back."""


def tell(state: State) -> None:
    """End the test once it is so."""
    if state.retry_in_s is not None:
        raise Enough(state.reason)


def test_a_listener_comes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is no reason to end, and no error of somebody else's library."""
    monkeypatch.setattr("hub_client.sync.listener.connect", cut)

    with MCPClient("http://127.0.0.1:1") as client, pytest.raises(Enough, match="network_error"):
        next(client.listen("contracts", on_state=tell))


async def test_an_async_listener_comes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same."""
    monkeypatch.setattr("hub_client.aio.listener.connect", cut)

    async with AsyncMCPClient("http://127.0.0.1:1") as client:
        with pytest.raises(Enough, match="network_error"):
            await anext(client.listen("contracts", on_state=tell))

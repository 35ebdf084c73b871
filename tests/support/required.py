"""A hub whose callers have names: as with AUTH=required, with a source of credentials of ours."""

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx

from hub.model.principal import Principal
from hub.model.scope import SCOPES
from support.running import RunningHub, running_hub


class Names:
    """A credential source: a token of letters only is its principal's name."""

    def __init__(self) -> None:
        self.looked_up = 0

    async def find(self, token: str) -> Principal | None:
        """Return who it is."""
        self.looked_up += 1
        return Principal(token, ("admin",), SCOPES) if token.isalpha() else None


class RequiredHub:
    """A hub that asks who one is.

    Attributes:
        hub: It.
        names: Who it knows.
    """

    def __init__(self, hub: RunningHub) -> None:
        self.hub = hub
        self.names = Names()
        authentication = hub.node.identity.authentication
        assert authentication.required
        authentication._sources = (self.names,)

    @contextlib.asynccontextmanager
    async def client(self, name: str, address: str = "") -> AsyncIterator[httpx.AsyncClient]:
        """Return a client with a token; over the network, or as if from another address."""
        transport = None
        if address:
            transport = httpx.ASGITransport(self.hub.node.http, client=(address, 5_000))
        headers = {"Authorization": f"Bearer {name}"}
        async with httpx.AsyncClient(
            base_url=self.hub.url, headers=headers, transport=transport
        ) as client:
            yield client


@contextlib.asynccontextmanager
async def required_hub(folder: Path, **overrides: Any) -> AsyncIterator[RequiredHub]:
    """Serve one; `overrides` are fields of `Settings`."""
    async with running_hub(folder, auth="required", **overrides) as hub:
        yield RequiredHub(hub)

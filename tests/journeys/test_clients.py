"""The SDK at a hub that wants to know who comes: both clients, from the first post to the end."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from hub.model.principal import Principal
from hub.model.scope import SCOPES
from hub.services.token_forms import NewKey
from hub.services.tokens import Tokens
from hub_client import AsyncMCPClient, AuthenticationFailed, MCPClient
from support.principals import principal
from support.running import CONTRACT, RunningHub, running_hub

ROOT = Principal("root", ("admin",), SCOPES)
GOOD_FOR_US = 300_000
PATIENCE_S = 20.0
kinds = pytest.mark.parametrize("kind", [MCPClient, AsyncMCPClient], ids=["blocking", "asyncio"])

AnyClient = type[MCPClient] | type[AsyncMCPClient]


class Short:
    """A source whose tokens are good for a moment from when they are first shown."""

    async def find(self, token: str) -> Principal | None:
        """Return who shows it."""
        if not token.startswith("short-"):
            return None
        ends_us = time.time_ns() // 1000 + GOOD_FOR_US
        return principal("anna", "admin", expires_us=ends_us)


class Wallet:
    """A callable token.

    Attributes:
        asked: How often it was asked for one.
    """

    def __init__(self, *tokens: str) -> None:
        self.asked = 0
        self._tokens = tokens

    def __call__(self) -> str:
        """Return the next token; in the end always the last."""
        self.asked += 1
        return self._tokens[min(self.asked, len(self._tokens)) - 1]


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[RunningHub]:
    """Run a hub that also knows tokens which are good for a moment."""
    async with running_hub(tmp_path, auth="required") as running:
        authentication: Any = running.node.identity.authentication
        authentication._sources = (Short(), *authentication._sources)
        yield running


async def make(hub: RunningHub, role: str = "admin") -> tuple[str, str]:
    """Return the token and the id of a new key."""
    tokens = Tokens(hub.node._log.credentials, hub.node._clock)
    made = await tokens.create(ROOT, NewKey(name=role, roles=[role]))
    return made.token, made.key.id


async def listen(
    kind: AnyClient, hub: RunningHub, token: str | Callable[[], str], until: Callable[[int], bool]
) -> list[int]:
    """Return the offsets that a client of this kind hears, up to one that is enough."""
    heard: list[int] = []
    if kind is AsyncMCPClient:
        async with AsyncMCPClient(hub.url, token=token) as client, asyncio.timeout(PATIENCE_S):
            async for event in client.listen("contracts", history=0):
                heard.append(event.offset or 0)
                if until(heard[-1]):
                    break
        return heard
    with MCPClient(hub.url, token=token) as blocking:
        listener = blocking.listen("contracts", history=0)

        def block() -> None:
            for event in listener:
                heard.append(event.offset or 0)
                if until(heard[-1]):
                    break

        async with asyncio.timeout(PATIENCE_S):
            try:
                await asyncio.to_thread(block)
            finally:
                # Ends the thread, too, which no timeout reaches.
                await asyncio.to_thread(listener.close)
    return heard


async def send(kind: AnyClient, hub: RunningHub, token: Callable[[], str]) -> None:
    """Send one contract with a client of this kind."""
    if kind is AsyncMCPClient:
        async with AsyncMCPClient(hub.url, token=token) as client:
            await client.send_contract(CONTRACT)
    else:
        with MCPClient(hub.url, token=token) as blocking:
            await asyncio.to_thread(blocking.send_contract, CONTRACT)


def work(client: MCPClient) -> str:
    """Do what services do; return how the job ends."""
    client.send_contract(CONTRACT)
    job_id = client.create_job({"n": 1})["job_id"]
    client.push_status(job_id, "RUNNING")
    client.complete_job(job_id)
    ended: str = client.pull_job(job_id)["job"]["status"]
    return ended


async def work_async(client: AsyncMCPClient) -> str:
    """Do the same."""
    await client.send_contract(CONTRACT)
    job_id = (await client.create_job({"n": 1}))["job_id"]
    await client.push_status(job_id, "RUNNING")
    await client.complete_job(job_id)
    ended: str = (await client.pull_job(job_id))["job"]["status"]
    return ended


async def test_both_clients_do_their_work_with_a_token(hub: RunningHub) -> None:
    """Posting, reporting, completing, reading: as whoever the token is."""
    token, _ = await make(hub)

    with MCPClient(hub.url, token=token) as client:
        blocking = await asyncio.to_thread(work, client)
    async with AsyncMCPClient(hub.url, token=token) as asking:
        awaited = await work_async(asking)

    assert (blocking, awaited) == ("DONE", "DONE")


@kinds
async def test_a_listener_outlives_its_tokens(hub: RunningHub, kind: AnyClient) -> None:
    """Closed with 4401 it asks for a newer token and goes on; it hears each event, once."""
    token, _ = await make(hub)
    wallet = Wallet("short-1", "short-2", token)
    end = 0

    async def post() -> None:
        # Before, between and behind both ends, as long as it takes.
        nonlocal end
        async with httpx.AsyncClient(base_url=hub.url, headers=bearer(token)) as http:
            last = 0
            while wallet.asked < 3 or last < end:
                last = (await http.post("/update", json=CONTRACT)).json()["offset"]
                if wallet.asked == 3 and not end:
                    end = last + 20

    posting = asyncio.create_task(post())
    heard = await listen(kind, hub, wallet, lambda offset: offset == end)
    await posting

    assert heard == list(range(heard[0], end + 1))
    assert wallet.asked == 3


@kinds
async def test_a_listener_ends_with_its_key(hub: RunningHub, kind: AnyClient) -> None:
    """A key that is revoked ends it for good: 4501, and it does not come back."""
    token, key_id = await make(hub)
    root, _ = await make(hub)
    wallet = Wallet(token)

    async with httpx.AsyncClient(base_url=hub.url, headers=bearer(root)) as http:

        async def revoke() -> None:
            while len(hub.node.connections) == 0:  # noqa: ASYNC110 the node tells nobody
                await asyncio.sleep(0.01)
            (await http.delete(f"/api/tokens/{key_id}")).raise_for_status()

        revoking = asyncio.create_task(revoke())
        with pytest.raises(AuthenticationFailed) as caught:
            await listen(kind, hub, wallet, lambda _: False)
        await revoking

    assert caught.value.status == 4501
    assert not caught.value.retryable
    assert wallet.asked == 1


@kinds
async def test_a_token_that_nobody_knows_is_shown_once(hub: RunningHub, kind: AnyClient) -> None:
    """Listening and posting fail at once, with what to do about it."""
    wallet = Wallet("nobody")

    with pytest.raises(AuthenticationFailed) as listening:
        await listen(kind, hub, wallet, lambda _: False)
    asked = wallet.asked
    with pytest.raises(AuthenticationFailed) as posting:
        await send(kind, hub, wallet)

    assert (asked, wallet.asked) == (1, 2)
    for caught in (listening.value, posting.value):
        assert caught.status == 401
        assert caught.help == f"{hub.url}/docs/errors/E_AUTHENTICATION_FAILED"


def bearer(token: str) -> dict[str, str]:
    """Return the header of a token."""
    return {"Authorization": f"Bearer {token}"}

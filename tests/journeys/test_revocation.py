"""Two nodes on one PostgreSQL, and no broker: what is revoked on one is refused by the other."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import websockets

from hub.model.principal import Principal
from hub.model.scope import SCOPES
from hub.services.token_forms import NewKey
from hub.services.tokens import Tokens
from support.postgres_server import PostgresServer, postgres_server
from support.running import RunningHub, running_hub

ROOT = Principal("root", ("admin",), SCOPES)
PATIENCE_S = 10.0


@pytest.fixture(scope="module")
def postgres() -> Iterator[PostgresServer]:
    """A PostgreSQL that answers."""
    with postgres_server() as server:
        yield server


@pytest.fixture
async def nodes(
    tmp_path: Path, postgres: PostgresServer
) -> AsyncIterator[tuple[RunningHub, RunningHub]]:
    """Two nodes that ask for credentials."""
    settings: dict[str, Any] = {
        "database_url": postgres.database(), "auth": "required", "artifacts_dir": str(tmp_path)
    }  # fmt: skip
    async with running_hub(tmp_path, **settings) as one, running_hub(tmp_path, **settings) as other:
        yield one, other


async def make(node: RunningHub, name: str) -> tuple[str, str]:
    """Return the token and the id of a new key."""
    tokens = Tokens(node.node._log.credentials, node.node._clock)
    made = await tokens.create(ROOT, NewKey(name=name, roles=["admin"]))
    return made.token, made.key.id


def client(node: RunningHub, token: str) -> httpx.AsyncClient:
    """Return a client with a token."""
    return httpx.AsyncClient(base_url=node.url, headers={"Authorization": f"Bearer {token}"})


async def until_refused(asker: httpx.AsyncClient) -> httpx.Response:
    """Ask until that is refused."""
    async with asyncio.timeout(PATIENCE_S):
        while (answer := await asker.get("/api/jobs")).is_success:  # noqa: ASYNC110 the node looks
            await asyncio.sleep(0.02)
    return answer


async def test_a_key_that_one_node_revokes_is_refused_by_the_other(
    nodes: tuple[RunningHub, RunningHub],
) -> None:
    """Although it is remembered there; and whoever holds something open for it is told."""
    one, other = nodes
    (root, _), (token, key_id) = await make(one, "root"), await make(one, "billing")
    told: list[str] = []
    other.node.identity.revocations.on_revoked.append(told.append)
    async with client(one, root) as admin, client(other, token) as asker:
        before = await asker.get("/api/jobs")

        await admin.delete(f"/api/tokens/{key_id}")
        after = await until_refused(asker)

    assert (before.status_code, after.status_code) == (200, 401)
    assert {*told} == {f"key:{key_id}"}


async def test_a_principal_is_locked_out_on_every_node(
    nodes: tuple[RunningHub, RunningHub],
) -> None:
    """By name, whatever it shows."""
    one, other = nodes
    (root, _), (token, _) = await make(one, "root"), await make(one, "mallory")
    body = {"credential": "sub:mallory", "until": "2090-01-01T00:00:00Z"}
    async with client(one, root) as admin, client(other, token) as asker:
        assert (await asker.get("/api/jobs")).status_code == 200

        await admin.post("/api/revocations", json=body)

        assert (await until_refused(asker)).status_code == 401


async def test_a_ticket_of_one_node_is_good_on_the_other_once(
    nodes: tuple[RunningHub, RunningHub],
) -> None:
    """A balancer may lead the socket anywhere."""
    one, other = nodes
    token, _ = await make(one, "anna")
    async with client(one, token) as asker:
        ticket = (await asker.post("/api/ws/ticket")).json()["ticket"]

    tickets = (one.node.identity.tickets, other.node.identity.tickets, other.node.identity.tickets)
    redeemed = await asyncio.gather(
        *(one.redeem(ticket, None) for one in tickets), return_exceptions=True
    )

    assert [one.name for one in redeemed if isinstance(one, Principal)] == ["anna"]


@pytest.mark.parametrize(
    ("by", "code"), [("key", 4501), ("name", 4501), ("rotation", 4501), ("overlap", 4401)]
)
async def test_open_sockets_end_on_every_node(
    nodes: tuple[RunningHub, RunningHub], by: str, code: int
) -> None:
    """Those of the credential, in two seconds; everybody else's stay.

    Who has the new secret of a rotated key by then is told to come back with it.
    """
    one, other = nodes
    (root, _), (token, key_id) = await make(one, "root"), await make(one, "mallory")
    async with (
        client(one, root) as admin,
        websockets.connect(
            other.ws, additional_headers={"Authorization": f"Bearer {token}"}
        ) as gone,
        websockets.connect(
            other.ws, additional_headers={"Authorization": f"Bearer {root}"}
        ) as stays,
    ):
        await gone.recv()
        if by == "key":
            await admin.delete(f"/api/tokens/{key_id}")
        elif by == "name":
            body = {"credential": "sub:mallory", "until": "2090-01-01T00:00:00Z"}
            await admin.post("/api/revocations", json=body)
        else:
            await admin.post(
                f"/api/tokens/{key_id}/rotate", json={"overlap_s": int(by == "overlap")}
            )

        async with asyncio.timeout(PATIENCE_S):
            await gone.wait_closed()

        assert gone.close_code == code
        await (await stays.ping())


async def test_the_use_of_a_key_is_noted(nodes: tuple[RunningHub, RunningHub]) -> None:
    """In the background, soon after its first request."""
    token, key_id = await make(nodes[0], "root")
    async with client(nodes[1], token) as asker:
        address = f"/api/tokens/{key_id}"
        async with asyncio.timeout(PATIENCE_S):
            while (await asker.get(address)).json()["last_used_at"] is None:  # noqa: ASYNC110
                await asyncio.sleep(0.05)

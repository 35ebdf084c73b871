"""Credentials and the audit log: each change is recorded, each refusal too, no secret ever."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest

from hub.errors import LogUnavailable
from hub.model.principal import Principal
from hub.model.scope import SCOPES
from hub.services.token_forms import NewKey
from hub.services.tokens import Tokens
from support.running import RunningHub, running_hub

ROOT = Principal("setup", ("admin",), SCOPES)


class Guarded(NamedTuple):
    """A hub with AUTH=required, a client of its administrator, and that one's name of a key."""

    hub: RunningHub
    admin: httpx.AsyncClient
    credential: str

    async def records(self, **query: Any) -> list[dict[str, Any]]:
        """Return the records that there are once all that waited is written."""
        await self.hub.node.auditor.flush(at_end=True)
        answer = await self.admin.get("/api/audit", params=query)
        found: list[dict[str, Any]] = answer.json()["records"]
        return found


@pytest.fixture
async def guarded(tmp_path: Path) -> AsyncIterator[Guarded]:
    """A hub whose first key was made before it was asked for anything."""
    async with running_hub(tmp_path, auth="required") as hub:
        node = hub.node
        new = NewKey(name="root", roles=["admin"])
        made = await Tokens(node._log.credentials, node._clock).create(ROOT, new)
        headers = {"Authorization": f"Bearer {made.token}"}
        async with httpx.AsyncClient(base_url=hub.url, headers=headers) as admin:
            yield Guarded(hub, admin, f"key:{made.key.id}")


async def test_every_change_of_a_credential_is_recorded(guarded: Guarded) -> None:
    """Who did it with which key, from where, to which; what the new one may do; never a secret."""
    admin = guarded.admin
    made = (await admin.post("/api/tokens", json={"name": "billing", "roles": ["service"]})).json()
    one = f"/api/tokens/{made['key']['id']}"
    rotated = (await admin.post(f"{one}/rotate", json={})).json()
    await admin.delete(one)
    until = "2099-01-01T00:00:00Z"
    refused = await admin.post("/api/revocations", json={"credential": "sub:eve", "until": until})
    lifted = await admin.delete("/api/revocations", params={"credential": "sub:eve"})

    found = await guarded.records()
    assert refused.status_code == 201, refused.text
    assert lifted.status_code == 200, lifted.text
    key = f"key:{made['key']['id']}"
    assert [(r["action"], r["target"]) for r in found] == [
        ("key.create", key), ("key.rotate", key), ("key.revoke", key),
        ("credential.revoke", "sub:eve"), ("credential.lift", "sub:eve"),
    ]  # fmt: skip
    assert {(r["actor"], r["address"], r["outcome"]) for r in found} == {
        ("root", "127.0.0.1", "done")
    }
    assert all(r["credential"].startswith(guarded.credential) for r in found)
    assert found[0]["details"]["roles"] == ["service"]
    for token in (made["token"], rotated["token"], admin.headers["authorization"][7:]):
        assert token.rpartition("_")[2] not in str(found)


async def test_who_is_refused_is_recorded(guarded: Guarded) -> None:
    """Without a token, with a wrong one, and by name where the token does not reach."""
    body = {"name": "page", "roles": ["viewer"]}
    viewer = (await guarded.admin.post("/api/tokens", json=body)).json()["token"]
    async with httpx.AsyncClient(base_url=guarded.hub.url) as client:
        await client.get("/api/jobs")
        await client.get("/api/audit", headers={"Authorization": f"Bearer {viewer}"})
        await client.get("/api/audit", headers={"Authorization": f"Bearer {viewer}x"})

    found = await guarded.records(action="access.refused")
    assert [(r["actor"], r["outcome"], r["target"]) for r in found[:2]] == [
        ("", "E_AUTHENTICATION_FAILED", "GET /api/jobs"),
        ("page", "forbidden", "GET /api/audit"),
    ]
    assert viewer.rpartition("_")[2] not in str(found)


async def test_a_key_that_is_not_recorded_is_not_shown(
    guarded: Guarded, monkeypatch: pytest.MonkeyPatch
) -> None:
    """503: a secret that the audit log does not know of is nobody's."""

    async def full(*_: object) -> None:
        raise LogUnavailable("the disk is full")

    monkeypatch.setattr(guarded.hub.node._log.audit, "append", full)

    answer = await guarded.admin.post("/api/tokens", json={"name": "a", "roles": ["viewer"]})

    assert (answer.status_code, answer.json()["code"]) == (503, "outcome_unknown")
    assert "hub_" not in answer.text


@pytest.mark.parametrize("role", ["operator", "viewer", "user", "publisher"])
async def test_the_audit_log_is_the_administrators(guarded: Guarded, role: str) -> None:
    """It tells who is here and from where."""
    made = (await guarded.admin.post("/api/tokens", json={"name": "a", "roles": [role]})).json()
    headers = {"Authorization": f"Bearer {made['token']}"}

    for path in ("/api/audit", "/api/audit/seals"):
        assert (await guarded.admin.get(path)).status_code == 200
        assert (await guarded.admin.get(path, headers=headers)).status_code == 403

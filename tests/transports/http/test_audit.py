"""The audit log over HTTP: what is recorded of requests, and how it is read."""

import asyncio
import contextlib
from collections import Counter
from itertools import chain
from pathlib import Path
from typing import Any

import httpx
import pytest
import websockets

from hub.auth.refusals import MOST_PER_MINUTE
from hub.errors import LogUnavailable
from hub.model.audit_chain import verify
from hub.stores.audit import AuditQuery
from support.running import CONTRACT, RunningHub, running_hub

pytestmark = pytest.mark.asyncio(loop_scope="module")

FOREIGN = {"Origin": "http://evil.example"}
SECRET = "hub_0a1b2c3d4e5f_" + "S3cret" * 8


async def records(hub: RunningHub, http: httpx.AsyncClient, **query: Any) -> list[dict[str, Any]]:
    """Return the records that there are once all that waited is written."""
    await hub.node.auditor.flush()
    answer = await http.get("/api/audit", params=query)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["records"]
    return found


async def test_a_definition_is_recorded_before_it_is_answered(fresh: httpx.AsyncClient) -> None:
    """Who, what, from where, and what was asked for."""
    body = {"durable": True, "history": {"max_events": 5}}
    await fresh.put("/api/channels/orders", json=body)

    (record,) = (await fresh.get("/api/audit")).json()["records"]
    assert record.pop("timestamp").endswith("Z")
    assert len(record.pop("node")) == 8
    assert record == {
        "seq": 1, "actor": "anonymous", "credential": "", "action": "channel.define",
        "target": "orders", "outcome": "done", "address": "127.0.0.1", "sealed": False,
        "details": {"made": True, "durable": True, "history": {"max_events": 5, "max_age_h": None}},
    }  # fmt: skip


async def test_a_definition_that_cannot_be_recorded_is_not_told_as_done(
    fresh_hub: RunningHub, fresh: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """503 with the way out; the same again is a record."""

    async def full(*_: object) -> None:
        raise LogUnavailable("the disk is full")

    with monkeypatch.context() as broken:
        broken.setattr(fresh_hub.node._log.audit, "append", full)
        refused = await fresh.put("/api/channels/orders", json={})
    again = await fresh.put("/api/channels/orders", json={})

    assert (refused.status_code, refused.json()["code"]) == (503, "outcome_unknown")
    assert again.status_code == 200
    assert len(await records(fresh_hub, fresh)) == 2


async def test_refusals_are_recorded(fresh_hub: RunningHub, fresh: httpx.AsyncClient) -> None:
    """A foreign page, a foreign name and a proxy; of many alike some records tell."""
    await asyncio.gather(*(fresh.get("/api/jobs", headers=FOREIGN) for _ in range(50)))
    await fresh.get("/health", headers={"Host": "evil.example"})
    await fresh.post("/update?token=s", json=CONTRACT, headers={"X-Forwarded-For": "1.2.3.4"})

    await fresh_hub.node.auditor.flush(at_end=True)
    found = await records(fresh_hub, fresh)
    counts: Counter[tuple[str, ...]] = Counter()
    for r in found:
        kind = (r["action"], r["actor"], r["outcome"], r["target"])
        counts[kind] += r["details"].get("count", 1)
    assert counts == {
        ("access.refused", "", "foreign_origin", "GET /api/jobs"): 50,
        ("access.refused", "", "foreign_host", "GET /health"): 1,
        ("access.refused", "", "proxied_in_open_mode", "POST /update"): 1,
    }
    assert len(found) < 20


async def test_refused_upgrades_are_recorded(
    fresh_hub: RunningHub, fresh: httpx.AsyncClient
) -> None:
    """They never reach the HTTP edge."""
    address, origin = f"{fresh_hub.ws}?token=s", websockets.Origin("http://evil.example")
    with contextlib.suppress(websockets.WebSocketException):
        async with websockets.connect(address, origin=origin) as socket:
            await socket.recv()

    (record,) = await records(fresh_hub, fresh)
    assert (record["outcome"], record["target"], record["address"]) == (
        "foreign_origin", "WS /ws", "127.0.0.1"
    )  # fmt: skip


@pytest.mark.parametrize(
    "ask",
    [
        pytest.param(("GET", "/nowhere", None), id="no such address"),
        pytest.param(("POST", "/update", {}), id="a wrong body"),
        pytest.param(
            ("POST", "/api/channels/jobs/events", {"type": "a", "data": {}}), id="reserved"
        ),
        pytest.param(("POST", "/update", CONTRACT), id="an update"),
        pytest.param(("PUT", "/api/channels/NO", {}), id="a definition that is refused"),
    ],
)
async def test_everyday_traffic_is_no_matter_of_it(
    fresh_hub: RunningHub, fresh: httpx.AsyncClient, ask: tuple[str, str, Any]
) -> None:
    """What is posted stands in the log of events, what is mistyped in the lines."""
    method, path, body = ask
    await fresh.request(method, path, json=body)

    assert await records(fresh_hub, fresh) == []


async def test_an_attacker_cannot_fill_the_disk(
    fresh_hub: RunningHub, fresh: httpx.AsyncClient
) -> None:
    """Whatever he puts into paths and headers, the records are few and short."""
    for n in range(300):
        path = f"/{n}{SECRET}{'x' * 500}%1b%5b2J%E2%80%AE"
        await fresh.get(path, headers={"Origin": f"http://{n}.example"})
        await fresh.get(path, headers={"Host": f"{n}.example"})
    await fresh_hub.node.auditor.flush(at_end=True)

    found = await records(fresh_hub, fresh, limit=1000)
    assert len(found) <= MOST_PER_MINUTE
    assert all(len(record["target"]) <= 256 and record["target"].isprintable() for record in found)
    assert "S3cret" not in str(found)


async def test_pages_go_up_and_down(hub: RunningHub, http: httpx.AsyncClient) -> None:
    """By the numbers of records, like every page of the hub."""
    for name in "abcde":
        await http.put(f"/api/channels/{name}", json={})
    seqs = [record["seq"] for record in await records(hub, http, limit=1000)]

    async def walk(name: str, at: int | None) -> list[list[int]]:
        pages = []
        while True:
            query = {"limit": 2} if at is None else {"limit": 2, name: at}
            page = (await http.get("/api/audit", params=query)).json()
            pages.append([record["seq"] for record in page["records"]])
            if page["next"] is None:
                return pages
            at = page["next"]

    up, down = await walk("since", 0), await walk("before", None)
    assert [*chain(*up)] == seqs
    assert [*chain(*reversed(down))] == seqs
    assert max(map(len, up + down)) == 2


async def test_records_are_found_by_action_actor_and_time(
    hub: RunningHub, http: httpx.AsyncClient
) -> None:
    """Each alone and together; a time without an offset means UTC."""
    await http.get("/api/jobs", headers=FOREIGN)
    await http.put("/api/channels/found", json={})

    refused = await records(hub, http, action="access.refused")
    mine = await records(hub, http, actor="anonymous", action="channel.define")
    later = await records(hub, http, since_time=mine[-1]["timestamp"])
    assert {record["action"] for record in refused} == {"access.refused"}
    assert "found" in [record["target"] for record in mine]
    assert later[0]["timestamp"] >= mine[-1]["timestamp"]
    assert await records(hub, http, until_time="2020-01-01 00:00") == []
    assert await records(hub, http, actor="nobody else") == []


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"since_time": "soon"}, "since_time"),
        ({"until_time": "9" * 99}, "until_time"),
        ({"limit": 1001}, "limit"),
        ({"since": -1}, "since"),
        ({"token": "x"}, "token"),
        ({"actor": "a\0"}, "actor"),
    ],
)
async def test_a_wrong_query_is_explained(
    http: httpx.AsyncClient, query: dict[str, str], field: str
) -> None:
    """Every field of it, in the words of the API."""
    answer = await http.get("/api/audit", params=query)

    assert answer.status_code == 422
    assert [fault["field"] for fault in answer.json()["errors"]] == [field]


async def test_what_is_sealed_is_told_and_the_chain_holds(
    fresh_hub: RunningHub, fresh: httpx.AsyncClient
) -> None:
    """A page says what can be changed unseen no more; the seals have a page of their own."""
    for name in "abc":
        await fresh.put(f"/api/channels/{name}", json={})
        await fresh_hub.node._sealer.round()
    await fresh.put("/api/channels/d", json={})

    page = (await fresh.get("/api/audit")).json()
    up = (await fresh.get("/api/audit/seals", params={"since": 0, "limit": 2})).json()
    down = (await fresh.get("/api/audit/seals", params={"limit": 2})).json()
    assert (page["head"], page["sealed"], page["forgotten"]) == (4, 3, 0)
    assert [record["sealed"] for record in page["records"]] == [True, True, True, False]
    assert ([s["batch"] for s in up["seals"]], up["next"]) == ([1, 2], 2)
    assert ([s["batch"] for s in down["seals"]], down["next"]) == ([2, 3], 2)
    audit = fresh_hub.node._log.audit
    kept, seals = await audit.records(AuditQuery(10)), await audit.seals(10)
    assert verify(kept, seals, last_seq=4, head=down["seals"][-1]["hash"]) == []


async def test_a_stop_writes_and_seals_what_waited(tmp_path: Path) -> None:
    """Also refusals that were only counted."""
    async with running_hub(tmp_path) as hub, httpx.AsyncClient(base_url=hub.url) as http:
        for _ in range(3):
            await http.get("/api/jobs", headers=FOREIGN)
    async with running_hub(tmp_path) as hub, httpx.AsyncClient(base_url=hub.url) as http:
        page = (await http.get("/api/audit")).json()

    assert [record["details"].get("count", 1) for record in page["records"]] == [1, 2]
    assert page["sealed"] == page["head"] == 2

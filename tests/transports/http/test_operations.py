"""Health, readiness and metrics: fast and truthful."""

from typing import Any

import httpx
import pytest
import websockets

from hub import __version__
from hub.errors import LogUnavailable
from support.metrics import numbers
from support.running import CONTRACT, RunningHub

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_health_says_that_the_process_answers(http: httpx.AsyncClient) -> None:
    """With its version, and without touching the disk."""
    answer = await http.get("/health")

    assert (answer.status_code, answer.json()) == (
        200, {"status": "healthy", "version": __version__}
    )  # fmt: skip


async def test_ready_says_that_the_log_was_written(
    fresh_hub: RunningHub, fresh: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Readiness is tried, not assumed."""
    log: Any = fresh_hub.node._log
    tried: list[object] = []
    probe = log.probe

    async def counted() -> None:
        tried.append(await probe())

    monkeypatch.setattr(log, "probe", counted)

    answer = await fresh.get("/ready")

    assert (answer.status_code, answer.json(), len(tried)) == (200, {"status": "ready"}, 1)


async def test_a_log_that_cannot_be_written_is_not_ready_but_healthy(
    fresh_hub: RunningHub, fresh: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """503 with Retry-After keeps traffic away; restarting the process would not help."""

    async def full() -> None:
        raise LogUnavailable("the log cannot be written: database or disk is full")

    monkeypatch.setattr(fresh_hub.node._log, "probe", full)

    ready, health = await fresh.get("/ready"), await fresh.get("/health")

    assert (ready.status_code, ready.json()["code"]) == (503, "log_unavailable")
    assert "disk is full" in ready.json()["detail"]
    assert int(ready.headers["retry-after"]) >= 1
    assert health.status_code == 200


async def test_metrics_tell_how_the_node_is(
    fresh_hub: RunningHub, fresh: httpx.AsyncClient
) -> None:
    """Sockets, subscriptions and heads of this moment, in the text format that was asked for."""
    await fresh.post("/update", json=CONTRACT)
    await fresh.post("/api/channels/orders/events", json={"type": "placed", "data": {}})
    async with websockets.connect(f"{fresh_hub.ws}?channels=contracts,orders") as socket:
        await socket.recv()
        answer = await fresh.get("/metrics")

    told = numbers(answer.text)
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert told[f"hub_info {__version__}"] == told["hub_broker_up"] == told["hub_nodes"] == 1
    assert told["hub_connections"] == 1
    assert (told["hub_subscriptions contracts"], told["hub_subscriptions custom"]) == (1, 1)
    assert (told["hub_channel_head contracts"], told["hub_channel_head custom"]) == (1, 1)


async def test_metrics_are_behind_the_same_door(http: httpx.AsyncClient) -> None:
    """They tell of traffic: a foreign page may not read them, nor may a name made to lead here."""
    page = await http.get("/metrics", headers={"Origin": "http://evil.example"})
    name = await http.get("/metrics", headers={"Host": "evil.example"})

    assert (page.status_code, name.status_code) == (403, 403)

"""Alerts as clients see them: over HTTP, on sockets, and while the log takes nothing."""

import json
from typing import Any

import httpx
import pytest
import websockets

from hub.errors import LogUnavailable
from hub.model.alert_rule import Level
from support.running import CONTRACT, RunningHub

pytestmark = pytest.mark.asyncio(loop_scope="module")


def measure(hub: RunningHub, rule: str, value: float) -> None:
    """Let a rule see a number."""
    alerts = hub.node._alerts
    sources: Any = alerts._sources
    sources[rule] = lambda _now_s: Level(value)
    alerts.judge()


async def next_alert(socket: websockets.ClientConnection) -> dict[str, Any]:
    """Return the next alert that a socket gets."""
    while True:
        frame: dict[str, Any] = json.loads(await socket.recv())
        if frame["type"].startswith("alert_"):
            return frame


async def test_nothing_is_raised_on_a_hub_that_is_well(http: httpx.AsyncClient) -> None:
    """And that is said too."""
    answer = await http.get("/api/alerts")

    assert (answer.status_code, answer.json()) == (200, {"alerts": [], "recent": []})


async def test_an_alert_reaches_who_follows_the_channel_and_who_asks(
    fresh_hub: RunningHub, fresh: httpx.AsyncClient
) -> None:
    """On request only: a dashboard of contracts is not bothered with it."""
    async with (
        websockets.connect(f"{fresh_hub.ws}?channels=alerts") as socket,
        websockets.connect(fresh_hub.ws) as other,
    ):
        measure(fresh_hub, "broker_degraded", 60.0)
        await fresh_hub.node._alerts._outbox.flush()

        frame = await next_alert(socket)
        welcome = json.loads(await other.recv())
    listed = (await fresh.get("/api/alerts")).json()
    ready = (await fresh.get("/ready")).json()
    history = (await fresh.get("/api/channels/alerts/history")).json()

    assert (frame["type"], frame["offset"]) == ("alert_raised", 1)
    assert "alerts" not in welcome["positions"]
    assert listed == {"alerts": [frame["data"]], "recent": [frame["data"]]}
    assert ready == {"status": "ready", "alerts": ["broker_degraded"]}
    assert [event["id"] for event in history["events"]] == [frame["id"]]


async def test_a_log_that_takes_nothing_is_told_at_once_and_written_when_it_is_back(
    fresh_hub: RunningHub, fresh: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without an offset first, since it has none; then with one, like any other."""
    log: Any = fresh_hub.node._log

    async def broken(*_values: object) -> Any:
        raise LogUnavailable("the log cannot be written: database or disk is full")

    async with websockets.connect(f"{fresh_hub.ws}?channels=alerts") as socket:
        with monkeypatch.context() as patch:
            patch.setattr(log, "commit", broken)
            patch.setattr(log, "probe", broken)
            refused = await fresh.post("/update", json=CONTRACT)
            measure(fresh_hub, "log_failing", 6.0)
            pushed = await next_alert(socket)
            listed = (await fresh.get("/api/alerts")).json()["alerts"]
            ready = await fresh.get("/ready")
        await fresh_hub.node._alerts._outbox.flush()
        written = await next_alert(socket)

    assert (refused.status_code, ready.status_code) == (503, 503)
    assert "offset" not in pushed
    assert "test" not in pushed
    assert listed == [pushed["data"]]
    assert pushed["data"]["severity"] == "critical"
    assert (written["offset"], written["data"]) == (1, pushed["data"])


async def test_nobody_else_writes_the_channel(http: httpx.AsyncClient) -> None:
    """A false alert would be believed."""
    answer = await http.post(
        "/api/channels/alerts/events", json={"type": "alert_raised", "data": {}}
    )

    assert (answer.status_code, answer.json()["code"]) == (403, "reserved_channel")
